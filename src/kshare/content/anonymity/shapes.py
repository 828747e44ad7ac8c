"""Unsealing and credits: as readers see them, as callers ask for them, as the journal records them."""

from datetime import date, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from kshare.content.shapes import ContentHappened
from kshare.core.choices import Choice
from kshare.core.reading import Ask, Entity, Shape
from kshare.core.text import prose
from kshare.people.shapes import PersonSummary


class Opening(Shape):
    """One time that somebody was told who wrote something."""

    person: PersonSummary
    """Who was told."""
    at: datetime
    """When."""


class Unsealing(Entity):
    """A request to learn who wrote something anonymous, and what became of it."""

    content_id: UUID
    """The content."""
    reason: str
    """Why somebody has to know."""
    requested_by: PersonSummary
    """Who asked."""
    requested_at: datetime
    """When."""
    approved_by: PersonSummary | None
    """Who agreed, which is another person; null while nobody has."""
    approved_at: datetime | None
    """When; null while nobody has agreed."""
    open_until: datetime | None
    """Until when the two may open it; null while nobody has agreed."""
    openings: list[Opening]
    """Every time that one of them was told, oldest first; up to 50."""
    permissions: list[str]
    """What you may do with it."""


class UnsealedAuthor(Shape):
    """Who wrote something anonymous. Told once: of a repeated request with the same Idempotency-Key, all but the
    content is null, and open it again instead."""

    content_id: UUID
    """The content."""
    author_id: UUID | None
    """The person's id."""
    author_name: str | None
    """The person's name."""


class CreditReason(Choice):
    """What somebody is credited for."""

    contribution = "contribution", "They contributed something; more is not said, for it may have been anonymous."


class Credit(Entity):
    """What you are credited with. It is written in batches, on a day that says nothing, and leads to no content."""

    reason: CreditReason
    """What for."""
    amount: int
    """How much."""
    day: date
    """The day of the batch."""


class RequestUnsealing(Ask):
    """Ask to learn who wrote something anonymous."""

    reason: Annotated[str, prose(1, 1000)]
    """Why somebody has to know; whoever agrees reads it, and it stays on record."""


class UnsealingHappened(ContentHappened):
    """Something that happened to a request to learn who wrote something anonymous."""

    about: ClassVar[str] = "unsealing"
    unsealing_id: UUID
    """The request."""


class UnsealingRequested(UnsealingHappened):
    """Somebody asked to learn who wrote something anonymous. Only that person is told."""


class UnsealingApproved(UnsealingHappened):
    """Another person agreed. Only the two are told."""


class AuthorUnsealed(UnsealingHappened):
    """One of the two was told who wrote it. Only they, and the author, are told of this."""


class UnsealingFilter(Ask):
    """Which requests."""

    content: UUID | None = None
    """About this content."""
