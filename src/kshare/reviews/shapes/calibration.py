"""Calibrating a panel with samples: as readers see it, and as callers ask for it."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from kshare.core.reading import Ask, Entity, Shape
from kshare.people.shapes import PersonSummary
from kshare.reviews.shapes.reviews import FormCriterion, ReviewState, ReviewSubject


class SampleReference(Shape):
    """What a sample is worth in one criterion, in the eyes of those who prepared the panel."""

    criterion: FormCriterion
    """The criterion."""
    score: int
    """1 to 5."""


class PanelSample(Entity):
    """An idea that all members of a panel judge before the others. Its id is that of its review."""

    subject: ReviewSubject
    """What is judged."""
    state: ReviewState
    """How far its review is."""
    reference: list[SampleReference]
    """What it is worth; empty for a member who has not judged it yet."""


class CalibratedScore(Shape):
    """How somebody scored a sample in one criterion, the first time."""

    review_id: UUID
    """The review of the sample."""
    title: str
    """The title of the sample."""
    score: int
    """Their score, 1 to 5."""
    reference: int
    """What the sample is worth."""


class CalibratedCriterion(Shape):
    """How somebody scored the samples in one criterion, beside the reference."""

    criterion: FormCriterion
    """The criterion."""
    difference: float
    """How far their scores are from the reference on average, up or down, in points to four places."""
    scores: list[CalibratedScore]
    """Their score of each sample."""


class PanelCalibration(Shape):
    """How a member of a panel judged its samples, shown once they have judged all of them."""

    person: PersonSummary
    """The member."""
    criteria: list[CalibratedCriterion]
    """Each criterion of the form."""


class ReferenceGiven(Ask):
    """What a sample is worth in one criterion."""

    criterion_id: UUID
    """The criterion."""
    score: Annotated[int, Field(ge=1, le=5)]
    """1 to 5; the form says what they mean."""


class AddPanelSample(Ask):
    """A sample for a panel that scores: an idea that all members judge before the others, and what it is worth."""

    idea_id: UUID
    """The idea, one that is shown; also one that was decided on long ago."""
    reference: Annotated[list[ReferenceGiven], Field(max_length=20)]
    """What it is worth in each criterion of the form."""
