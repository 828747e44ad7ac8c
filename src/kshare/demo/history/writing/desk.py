"""What all writers of the history share: the transaction, ids by key, and the journal in the order of time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from kshare.content.shapes import ContentHappened
from kshare.core.database import Row
from kshare.core.ids import new_id
from kshare.core.journal import Happened
from kshare.core.principal import EVERYONE
from kshare.core.writing import Work
from kshare.demo.history.records import Content


@dataclass(frozen=True)
class Places:
    """Ids by key or name: of the demo's own things first, and then of those of the history."""

    people: dict[str, UUID]
    departments: Mapping[str, UUID]
    categories: Mapping[str, UUID]
    tags: dict[str, UUID]
    overseers: Sequence[UUID]
    """Who reads the figures of all departments."""


@dataclass(frozen=True)
class _Told:
    happened: Happened
    object_id: UUID
    readers: Sequence[UUID]
    actor: UUID
    at: datetime
    classification: int
    content_id: UUID | None


@dataclass
class Desk:
    """Rows are appended (they are copied into their tables), and what happened is told once all is written: in the
    order of time, as if the commands had told it."""

    work: Work
    places: Places
    zone: ZoneInfo
    contents: dict[str, UUID] = field(default_factory=dict)
    audiences: dict[str, list[UUID]] = field(default_factory=dict)
    """Whom each content is for."""
    _told: list[_Told] = field(default_factory=list)

    def append(self, row: type[Row], **values: object) -> None:
        """A row, with all values that have no default in the database."""
        self.work.append(row, **values)

    def person(self, key: str) -> UUID:
        """Somebody's id."""
        return self.places.people[key]

    def take(self, content: Content) -> None:
        """Gives a content its id, by which it is known from now on."""
        audience = EVERYONE if content.audience is None else self.places.departments[content.audience]
        self.contents[content.key] = new_id(content.at)
        self.audiences[content.key] = [audience, self.person(content.author)]

    def tell(
        self,
        content: Content,
        happened: ContentHappened,
        actor: str | UUID,
        at: datetime,
        *,
        object_id: UUID | None = None,
        readers: Sequence[UUID] | None = None,
    ) -> None:
        """What somebody did to a content, or to something that belongs to it."""
        id = self.contents[content.key]
        who = self.person(actor) if isinstance(actor, str) else actor
        hear = self.audiences[content.key] if readers is None else readers
        self._told.append(_Told(happened, object_id or id, hear, who, at, CLASSIFICATION, id))

    def tell_of(self, happened: Happened, object_id: UUID, actor: str, at: datetime, readers: Sequence[UUID]) -> None:
        """What somebody did to something else than a content."""
        self._told.append(_Told(happened, object_id, readers, self.person(actor), at, 0, None))

    async def close(self) -> None:
        """Sends everything."""
        await self.work.flush()
        for one in sorted(self._told, key=lambda one: one.at):
            self.work.record(
                one.happened,
                one.object_id,
                list(one.readers),
                classification=one.classification,
                content_id=one.content_id,
                actor_id=one.actor,
                at=one.at,
            )
        await self.work.flush()


CLASSIFICATION = 1
"""Of all content of the history: internal."""
