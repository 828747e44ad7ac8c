"""The journal as readers see it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from kshare.core.reading import Ask, Shape
from kshare.people.shapes import PersonSummary


class Event(Shape):
    """Something that happened."""

    id: UUID
    """UUIDv7, the same in the feed, the streams and the webhooks; `after` takes it."""
    type: str
    """What happened, in the past tense; `/v1/event-types` lists them all. New types may appear."""
    at: datetime
    """When it happened. Events are in the order in which they became certain, which is nearly that of their times."""
    actor: PersonSummary | None
    """Who did it."""
    object_kind: str
    """The kind of object it happened to."""
    object_id: UUID
    """The object it happened to."""
    content_id: UUID | None
    """The content it concerns, if it concerns one."""
    payload: dict[str, Any]
    """The facts; their schema is that of the type."""


class EventPage(Shape):
    """A part of the feed."""

    items: list[Event]
    """What happened, oldest first. It may be empty although there is more: see `next_cursor`."""
    next_cursor: str | None
    """Send it as `after` at once: there is more. Null when you have seen everything there is."""
    latest: str
    """How far this answer reaches: send it as `after` when you come back. Never null, also when nothing is new."""


class EventType(Shape):
    """A type of event."""

    type: str
    """Its name, as in `type` of an event."""
    about: str
    """The kind of object it happens to."""
    description: str
    """What has happened, in a sentence."""
    payload: dict[str, Any]
    """JSON Schema of the payload."""


class EventTypes(Shape):
    """All types of event."""

    items: list[EventType]
    """The types, by name."""


After = Annotated[str, Field(min_length=1, max_length=200)]
Types = Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=50)]


class EventFilter(Ask):
    """Which events."""

    after: After | None = None
    """The id of the last event you have seen, or `latest` of the last answer."""
    types: Types = []  # noqa: RUF012
    """Only events of these types."""


class EventsQuery(EventFilter):
    """Which part of the feed."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    """Events at most."""
