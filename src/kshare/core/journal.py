"""The journal: what happened, written with the change, and read by everything that reacts to it.

Entries are read in the order (xid, number) and only below the oldest transaction still running: a reader that asked
for `number > last` would lose entries whose transaction commits late (docs/adr/0002-journal.md).
"""

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import structlog
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ARRAY, BigInteger, ColumnElement, Identity, Index, SmallInteger, Uuid, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from kshare.core.clock import now
from kshare.core.database import Database, Row, translate
from kshare.core.ids import new_id

log = structlog.get_logger()


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id, which never wraps."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


class JournalRow(Row):
    """One entry. Never changed, never deleted by a command."""

    __tablename__ = "journal"
    __table_args__ = (
        Index("ix_journal_xid_number", "xid", "number"),
        Index("ix_journal_object_id", "object_id"),
    )

    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True, default=new_id)
    xid: Mapped[int] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"))
    happened: Mapped[str]
    actor_id: Mapped[UUID]
    object_kind: Mapped[str]
    object_id: Mapped[UUID]
    content_id: Mapped[UUID | None]
    readers: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    classification: Mapped[int] = mapped_column(SmallInteger, default=0)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    at: Mapped[datetime] = mapped_column(default=now)


class ReactorRow(Row):
    """How far a reactor has read. Locking this row is its lease; `fence` grows with each lease taken."""

    __tablename__ = "reactor"

    name: Mapped[str] = mapped_column(primary_key=True)
    xid: Mapped[int] = mapped_column(Xid8, server_default=text("'0'::xid8"))
    number: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    fence: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    updated_at: Mapped[datetime] = mapped_column(default=now)


class Happened(BaseModel):
    """What the journal records, in the past tense. The fields are the payload: ids and facts, never private text."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    about: ClassVar[str]
    """The kind of object it happened to."""

    @classmethod
    def event_name(cls) -> str:
        """`KnowledgeItemPublished` -> `knowledge_item_published`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


def settled() -> ColumnElement[bool]:
    """That an entry's transaction, and every older one, has ended: nothing can appear before it any more."""
    return JournalRow.xid < func.pg_snapshot_xmin(func.pg_current_snapshot())


@dataclass(frozen=True, slots=True)
class Entry:
    """A journal entry as a reactor gets it."""

    id: UUID
    happened: str
    actor_id: UUID
    object_kind: str
    object_id: UUID
    content_id: UUID | None
    payload: Mapping[str, Any]
    at: datetime


class Reactor(ABC):
    """Something that reacts to the journal. Delivery is at least once: `react` must be idempotent."""

    name: ClassVar[str]
    batch: ClassVar[int] = 200

    @abstractmethod
    async def react(self, session: AsyncSession, entries: Sequence[Entry], fence: int) -> None:
        """Handles entries in order, within the transaction that also moves this reactor's cursor."""


class Worker:
    """Runs reactors until told to stop. Any number may run side by side: each reactor has one lease."""

    def __init__(self, database: Database, reactors: Sequence[Reactor], *, poll: float = 1.0) -> None:
        self._database = database
        self._reactors = reactors
        self._poll = poll
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something was just committed in this process: do not wait for the next poll."""
        self._woken.set()

    async def run(self) -> None:
        """Reacts until cancelled; a reactor that fails is logged and tried again, and holds up no other."""
        async with asyncio.TaskGroup() as group:
            wakers = [asyncio.Event() for _ in self._reactors]
            for reactor, woken in zip(self._reactors, wakers, strict=True):
                group.create_task(self._keep_running(reactor, woken))
            while True:
                await self._woken.wait()
                self._woken.clear()
                for woken in wakers:
                    woken.set()

    async def _keep_running(self, reactor: Reactor, woken: asyncio.Event) -> None:
        pause = self._poll
        while True:
            try:
                while await self.step(reactor):
                    pass
                pause = self._poll
            except Exception as error:
                away = translate(error)
                pause = min(pause * 2, 30.0)
                log.warning("reactor_failed", reactor=reactor.name, retry_in=pause, exc_info=away is None)
            try:
                # Settling needs the snapshot to move on, so a wake-up is followed by one more look soon after.
                await asyncio.wait_for(woken.wait(), pause)
            except TimeoutError:
                continue
            woken.clear()

    async def step(self, reactor: Reactor) -> bool:
        """One batch under the lease; True if there was anything to do."""
        async with self._database.sessions() as session, session.begin():
            await session.execute(pg_insert(ReactorRow).values(name=reactor.name).on_conflict_do_nothing())
            lease = (
                await session.execute(
                    select(ReactorRow).where(ReactorRow.name == reactor.name).with_for_update(skip_locked=True)
                )
            ).scalar_one_or_none()
            if lease is None:
                return False
            after = text("(journal.xid, journal.number) > (CAST(:xid AS xid8), :number)").bindparams(
                xid=str(lease.xid), number=lease.number
            )
            query = select(JournalRow).where(after, settled()).order_by(JournalRow.xid, JournalRow.number)
            rows = (await session.execute(query.limit(reactor.batch))).scalars().all()
            if not rows:
                return False
            await session.execute(
                text(
                    "UPDATE reactor SET xid = CAST(:xid AS xid8), number = :number, fence = fence + 1, updated_at = now()"
                    " WHERE name = :name"
                ).bindparams(xid=str(rows[-1].xid), number=rows[-1].number, name=reactor.name)
            )
            entries = [
                Entry(r.id, r.happened, r.actor_id, r.object_kind, r.object_id, r.content_id, r.payload, r.at)
                for r in rows
            ]
            await reactor.react(session, entries, lease.fence + 1)
            return True


