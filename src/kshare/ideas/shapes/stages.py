"""Stages: the ways between them, questions to the author, the story of an idea."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from kshare.content.shapes import ContentHappened
from kshare.core.choices import Choice
from kshare.core.reading import Ask, Entity, Shape
from kshare.core.text import prose
from kshare.ideas.shapes.idea import IdeaStage
from kshare.people.shapes import PersonSummary


class NextStage(Choice):
    """Where an idea can be sent that is not decided on yet, or was declined or deferred."""

    screening = "screening", "It is looked at, or looked at again."
    evaluation = "evaluation", "Those who know the matter judge it."


class AdvanceIdea(Ask):
    """Where an idea goes."""

    to: NextStage
    """The stage it is to be in."""


class AskAuthor(Ask):
    """A question to whoever wrote an idea."""

    text: Annotated[str, prose(1, 10_000)]
    """The question, in Markdown (CommonMark)."""


class AnswerQuestion(Ask):
    """The author's answer."""

    text: Annotated[str, prose(1, 10_000)]
    """The answer, in Markdown (CommonMark)."""


class StageOfIdeas(Shape):
    """A stage, and where an idea in it can go."""

    stage: IdeaStage
    """The stage."""
    description: str
    """What it means."""
    next: list[IdeaStage]
    """The stages that may follow it."""
    decision_owed: bool
    """Whether a decision is owed in it."""


class StagesOfIdeas(Shape):
    """All stages of ideas."""

    items: list[StageOfIdeas]
    """The stages, in the order of the way through them."""


class TimelineEntry(Entity):
    """Something that happened to an idea."""

    type: str
    """What happened, in the past tense; `/v1/event-types` lists them all. New types may appear."""
    at: datetime
    """When it happened; of what an author did who is not shown, only the day."""
    actor: PersonSummary | None
    """Who did it."""
    object_id: UUID
    """What it happened to: the idea, or something of it such as a comment."""
    payload: dict[str, Any]
    """The facts; their schema is that of the type."""


class IdeaStageChanged(ContentHappened):
    """An idea went from one stage to another."""

    from_stage: str
    """The stage it was in."""
    to_stage: str
    """The stage it is in now."""


class IdeaQuestionAsked(ContentHappened):
    """The author of an idea was asked something, and the clock waits for the answer."""

    comment_id: UUID
    """The comment that asks."""


class IdeaQuestionAnswered(ContentHappened):
    """The author of an idea has answered, and the clock goes on."""

    comment_id: UUID
    """The comment that answers."""
