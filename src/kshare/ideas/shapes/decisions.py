"""Decisions: as they are made, shown and recorded."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StrictBool

from kshare.content.shapes import ContentCard, ContentHappened
from kshare.core.choices import Choice
from kshare.core.moments import Day
from kshare.core.reading import Ask, Entity, Shape
from kshare.core.text import prose
from kshare.people.shapes import PersonSummary


class Outcome(Choice):
    """What was decided."""

    approved = "approved", "It is to be done."
    declined = "declined", "It is not to be done."
    deferred = "deferred", "Not now: it comes back by itself on a day that is named."


class DeclineReason(Choice):
    """Why an idea is not to be done."""

    exists = "exists", "It is there already, or being done."
    not_feasible = "not_feasible", "It cannot be done with what there is."
    too_costly = "too_costly", "It costs more than it brings."
    little_benefit = "little_benefit", "It brings too little."
    against_rules = "against_rules", "Law, safety or quality speak against it."
    out_of_scope = "out_of_scope", "It is nothing that we could or should do."
    not_understood = "not_understood", "What is meant stayed unclear, after asking, too."
    other = "other", "The explanation says it."


class DecideIdea(Ask):
    """An answer to an idea."""

    outcome: Outcome
    """What is decided."""
    reason: DeclineReason | None = None
    """Why it is not to be done; needed for `declined`, and only there."""
    explanation: Annotated[str, prose(1, 2000)] | None = None
    """In a sentence, for its author; needed for `declined`."""
    until: Day | None = None
    """The day on which it comes back; needed for `deferred`, and only there."""
    private: StrictBool = False
    """Tell nobody but those who decide, until it is published."""


class PublishDecisions(Ask):
    """Private decisions to publish together, all or none."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=100)]
    """The decisions."""


class PublishedDecisions(Shape):
    """What became of private decisions."""

    published: int
    """How many were published."""


class Decision(Entity):
    """An answer to an idea."""

    idea: ContentCard
    """The idea."""
    outcome: Outcome
    """What was decided."""
    reason: DeclineReason | None
    """Why it is not to be done."""
    explanation: str | None
    """In a sentence, for its author."""
    until: date | None
    """The day on which a deferred idea comes back."""
    decided_by: PersonSummary
    """Who decided."""
    decided_at: datetime
    """When."""
    published_at: datetime | None
    """When everybody who sees the idea could read it; null while it is private."""
    current: bool
    """Whether it stands; false for the decisions of earlier rounds."""
    advice: str | None
    """What the last review before it had advised: `approve`, `decline` or `undecided`."""
    review_id: UUID | None
    """That review."""


class DecisionFilter(Ask):
    """Which decisions; all conditions must hold."""

    private: bool | None = None
    """True: only those that are not published yet; false: only those that are."""
    outcome: Outcome | None = None
    """With this outcome."""
    idea: UUID | None = None
    """On this idea."""


class IdeaDecided(ContentHappened):
    """An idea was decided on, and everybody who sees it may know."""

    decision_id: UUID
    """The decision."""
    outcome: str
    """What was decided."""
    reason: str | None
    """Why it is not to be done."""
    until: date | None
    """The day on which a deferred idea comes back."""


class IdeaDecidedPrivately(ContentHappened):
    """A decision was made that is not published yet; only who made it hears of this."""

    decision_id: UUID
    """The decision."""


class IdeaDecisionWithdrawn(ContentHappened):
    """A decision that was not published was taken back; only who did it hears of this."""

    decision_id: UUID
    """The decision."""
