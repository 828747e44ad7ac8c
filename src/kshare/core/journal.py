"""The journal: what happened, written with the change, and read by everything that reacts to it.

Entries are read in the order (xid, number) and only below the oldest transaction still running: a reader that asked
for `number > last` would lose entries whose transaction commits late (docs/adr/0002-journal.md).
"""

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from time import monotonic
from typing import Any, ClassVar
from uuid import UUID

import structlog
from pydantic import BaseModel, ConfigDict
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Identity,
    Index,
    SmallInteger,
    Uuid,
    bindparam,
    func,
    literal_column,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from kshare.core.clock import now
from kshare.core.database import UNHURRIED, Database, Row, translate
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
        Index("ix_journal_content", "content_id", "at", "number", postgresql_where=text("content_id IS NOT NULL")),
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
    """How far a reactor has read. `fence` is the token of the lease under which it got there; tokens only grow."""

    __tablename__ = "reactor"

    name: Mapped[str] = mapped_column(primary_key=True)
    xid: Mapped[int] = mapped_column(Xid8, server_default=text("'0'::xid8"))
    number: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    fence: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    updated_at: Mapped[datetime] = mapped_column(default=now)


class Happened(BaseModel):
    """What the journal records, in the past tense. The fields are the payload: ids and facts, never private text."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
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
        """Handles entries in order, within the transaction that also moves this reactor's cursor.

        It should write late and briefly: from its first write to its end nothing newer settles. `fence` is higher than
        that of every lease before, for those outside of this transaction who must tell a late worker from the present;
        only after a crash of PostgreSQL the last ones may be given again.
        """

    async def catch_up(self, session: AsyncSession) -> bool:
        """Works off a bounded part of what earlier entries left to do, when there is no new entry; True if there may be
        more. For entries that concern more rows than one transaction should change."""
        return False

    async def afterwards(self, database: Database) -> bool:
        """What must not hold a transaction open, such as asking another service, when there is nothing else to do; True
        if there may be more. Not under the lease: several processes may do it at once."""
        return False


class Step(IntEnum):
    """What a reactor's step has come to; false if there was nothing to do."""

    idle = 0
    caught_up = 1
    """It has read all there was."""
    more = 2
    """There is surely more to do."""


GATHER = 0.1
"""Seconds a reactor that has caught up leaves new entries to gather: each step is a transaction, and while people write
all the time, one for each of their commits and of all reactors would cost more than what people do."""


TURN = 2.0
"""Seconds a reactor waits at most for its turn in a process, so that one that is slow does not hold up the others. They
take turns because to the event loop each is as good as another busy client: all at once would take most of its time
from those who wait for answers."""


class _Pace:
    """How long to wait before the next look: soon and then again after a wake-up, since an entry settles only when
    every older transaction has ended; otherwise the regular interval."""

    def __init__(self, poll: float) -> None:
        self._poll = poll
        self._woken = asyncio.Event()
        self._soon: list[float] = []
        self._regular = monotonic()

    def wake(self) -> None:
        self._woken.set()

    async def wait(self) -> bool:
        """True when the regular look is due, which comes however often there was a wake-up in between."""
        try:
            await asyncio.wait_for(self._woken.wait(), self._soon.pop() if self._soon else self._poll)
        except TimeoutError:
            pass
        else:
            self._woken.clear()
            self._soon = [0.5, 0.1]
            # Commits come in swarms: one look for all that arrive within this time.
            await asyncio.sleep(0.01)
        due = monotonic() - self._regular >= self._poll
        if due:
            self._regular = monotonic()
        return due


class Worker:
    """Runs reactors until told to stop. Any number may run side by side: each reactor has one lease.

    The lease is an advisory lock and not a locked row, because locking a row takes a transaction id: from then to its
    end a reactor would keep everybody's newer entries from settling, and looking for work would write to the log.

    A step's commit waits for the disk only if it wrote to the journal itself, or something else that is `outlasting`.
    Else its effects and the cursor are lost together or not at all, and what a crash of PostgreSQL takes away is done
    again from the journal.
    """

    def __init__(self, database: Database, reactors: Sequence[Reactor], *, poll: float = 1.0) -> None:
        self._database = database
        self._reactors = reactors
        self._paces = [_Pace(poll) for _ in reactors]
        self._retry = poll
        self._turns = asyncio.Lock()
        self.at_rest: set[str] = set()
        """Reactors whose last step found nothing to do. Where no other process runs them, whoever finds all places at
        the end of the journal, and then all reactors here, knows that nothing is left of what happened before."""

    def wake(self) -> None:
        """Something was just committed in this process: do not wait for the next poll."""
        for pace in self._paces:
            pace.wake()

    async def run(self) -> None:
        """Reacts until cancelled; a reactor that fails is logged and tried again, and holds up no other."""
        await self._mend()
        async with asyncio.TaskGroup() as group:
            for reactor, pace in zip(self._reactors, self._paces, strict=True):
                group.create_task(self._keep_running(reactor, pace))
            await asyncio.Event().wait()

    async def _mend(self) -> None:
        while True:
            try:
                await mend_restored(self._database)
                return
            except Exception as error:
                log.warning("journal_not_read", exc_info=not _away(error))
                await asyncio.sleep(self._retry)

    async def _keep_running(self, reactor: Reactor, pace: _Pace) -> None:
        failures = careful = 0
        while True:
            try:
                while (step := await self._turn(reactor, 1 if careful else reactor.batch)) or (
                    await reactor.afterwards(self._database)
                ):
                    failures, careful = 0, max(careful - 1, 0)
                    if step is Step.caught_up:
                        await asyncio.sleep(GATHER)
            except Exception as error:
                # Then one entry at a time, so that only the entry that fails, and what follows it, waits.
                failures, careful = failures + 1, reactor.batch
                retry = min(self._retry * 2**failures, 30.0)
                log.warning("reactor_failed", reactor=reactor.name, retry_in=retry, exc_info=not _away(error))
                # New commits do not shorten this wait: what fails would fail again with each of them.
                await asyncio.sleep(retry)
            else:
                failures = 0
                while not await pace.wait() and not await self._behind(reactor):
                    pass

    async def _turn(self, reactor: Reactor, most: int) -> Step:
        async with AsyncExitStack() as stack:
            with suppress(TimeoutError):
                async with asyncio.timeout(TURN):
                    await stack.enter_async_context(self._turns)
            self.at_rest.discard(reactor.name)
            step = await self.step(reactor, most=most)
            if step is Step.idle:
                self.at_rest.add(reactor.name)
            return step

    async def _behind(self, reactor: Reactor) -> bool:
        """Whether there is something to read, or to complain of; looked up without the lease and a transaction, since
        most looks after a commit find that all is done, or that nothing has settled yet."""
        try:
            return await self._database.fetch_row(_BEHIND, (reactor.name,)) is not None
        except Exception:
            return True

    async def step(self, reactor: Reactor, *, most: int | None = None) -> Step:
        """One batch under the lease. Its effects and the cursor commit together."""
        most = most or reactor.batch
        async with self._database.sessions() as session, session.begin():
            # A sequence gives no number twice after a failed transaction, and neither must a token.
            fence: int | None = await session.scalar(_LEASE, {"name": reactor.name})
            if fence is None:
                return Step.idle
            rows = (await session.execute(_UNREAD, {"name": reactor.name, "most": most})).all()
            if not rows:
                return Step.more if await reactor.catch_up(session) else Step.idle
            await reactor.react(session, [Entry(*row[2:]) for row in rows], fence)
            await session.flush()
            place = {"xid": rows[-1].xid, "number": rows[-1].number, "fence": fence, "updated_at": now()}
            if await session.scalar(_MOVE, {"name": reactor.name, **place}) is None:
                raise RuntimeError(f"another worker has taken the lease of {reactor.name}")
            return Step.more if len(rows) == most else Step.caught_up


_LEASE = text(
    """SELECT CASE WHEN pg_try_advisory_xact_lock(hashtextextended('kshare reactor ' || :name, 0))
    THEN nextval(pg_get_serial_sequence('journal', 'number')) END"""
)
_FIRST = insert(ReactorRow)
_MOVE = _FIRST.on_conflict_do_update(
    index_elements=["name"],
    set_={name: _FIRST.excluded[name] for name in ("xid", "number", "fence", "updated_at")},
    where=ReactorRow.fence < _FIRST.excluded.fence,
).returning(
    ReactorRow.fence,
    text(
        """CASE WHEN current_setting('kshare.outlasting', true) IS DISTINCT FROM 'on'
      AND NOT EXISTS (SELECT FROM journal WHERE xid = pg_current_xact_id())
    THEN set_config('synchronous_commit', 'off', true) END AS soon"""
    ),
)
"""Moves the place, unless somebody with a newer token has moved it already."""


async def hold_lease(session: AsyncSession, name: str) -> None:
    """Waits until no worker runs the reactor of this name, and keeps them from it until the transaction ends: for
    what does the work of a reactor beside it."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('kshare reactor ' || :name, 0))"), {"name": name}
    )


async def outlasting(session: AsyncSession) -> None:
    """What a reactor wrote in this transaction others may have read and kept when PostgreSQL crashes: its commit waits
    for the disk, since doing it again would not give the same."""
    await session.execute(text("SELECT set_config('kshare.outlasting', 'on', true)"))


def _after_the_place() -> ColumnElement[bool]:
    """That the reactor called `name` has not read the entry."""
    place = select(ReactorRow.xid, ReactorRow.number).where(ReactorRow.name == bindparam("name")).subquery()
    xid = func.coalesce(select(place.c.xid).scalar_subquery(), literal_column("'0'::xid8"))
    number = func.coalesce(select(place.c.number).scalar_subquery(), literal_column("0"))
    return tuple_(JournalRow.xid, JournalRow.number) > tuple_(xid, number)


_UNREAD = (
    select(*(getattr(JournalRow, name) for name in ("xid", "number", *Entry.__slots__)))
    .where(_after_the_place(), settled())
    .order_by(JournalRow.xid, JournalRow.number)
    .limit(bindparam("most", type_=BigInteger))
)


def _away(error: Exception) -> bool:
    """Whether the database is away or overloaded, which explains itself; anything else is a fault to look into."""
    refusal = translate(error)
    return refusal is not None and refusal.code == "unavailable"


class Watch:
    """Tells any number of listeners in this process that the journal has grown, with one look a second for them all."""

    def __init__(self, database: Database, *, poll: float = 1.0, turns: int = 3) -> None:
        self.closed = False
        """The process is going down: listeners should end."""
        self.generation = 0
        """Grows when the journal has grown."""
        self.listeners = 0
        self.turns = asyncio.Semaphore(turns)
        """Listeners read in turns, so that a crowd of them leaves connections to everybody else."""
        self._database = database
        self._pace = _Pace(poll)
        self._wanted = asyncio.Event()
        self._grown = asyncio.Event()

    def wake(self) -> None:
        """Something was just committed in this process: do not wait for the next poll."""
        self._pace.wake()

    def close(self) -> None:
        """Ends every wait, now and later."""
        self.closed = True
        self._grown.set()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Only while somebody listens does the watch look."""
        self.listeners += 1
        self._wanted.set()
        try:
            yield
        finally:
            self.listeners -= 1
            if not self.listeners:
                self._wanted.clear()

    async def wait(self, seen: int, most: float) -> None:
        """Waits until the journal has grown since generation `seen`, at most `most` seconds."""
        if self.generation == seen and not self.closed:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._grown.wait(), most)

    async def run(self) -> None:
        """Looks until cancelled; while the database is away there is nothing to tell."""
        newest = None
        while True:
            await self._wanted.wait()
            try:
                found = await self._database.fetch_row(_NEWEST, ())
            except Exception as error:
                log.warning("journal_watch_failed", exc_info=not _away(error))
            else:
                if found != newest:
                    newest = found
                    self.generation += 1
                    self._grown.set()
                    if not self.closed:
                        self._grown = asyncio.Event()
            await self._pace.wait()


_NEWEST = """SELECT xid, number FROM journal WHERE xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY xid DESC, number DESC LIMIT 1"""


_BEHIND = """SELECT FROM journal WHERE (xid, number) > (
coalesce((SELECT xid FROM reactor WHERE name = $1), '0'), coalesce((SELECT number FROM reactor WHERE name = $1), 0))
AND xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xid, number LIMIT 1"""


async def mend_restored(database: Database) -> bool:
    """Makes a journal readable that came from a dump of another server; True if it was one.

    Transaction ids belong to a server. Restored into one that has not come as far, entries would seem to lie in the
    future and would not settle for months. They get the id 0, which keeps their order by number; reactors are set
    back to the first entry they had not read in the old order.
    """
    async with database.engine.begin() as connection:
        if await connection.scalar(text(_FROM_THE_FUTURE)) is None:
            return False
        await connection.execute(UNHURRIED)
        await connection.execute(text("LOCK TABLE journal IN SHARE ROW EXCLUSIVE MODE"))
        if await connection.scalar(text(_FROM_THE_FUTURE)) is None:
            return False
        await connection.execute(text(_SET_BACK))
        await connection.execute(text("UPDATE journal SET xid = '0'"))
        log.warning("journal_mended", reason="it was restored from another server")
        return True


_FROM_THE_FUTURE = """SELECT xid FROM (SELECT xid FROM journal ORDER BY xid DESC LIMIT 1) AS newest
WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())"""
_SET_BACK = """UPDATE reactor r SET xid = '0', number = coalesce(
  (SELECT min(j.number) - 1 FROM journal j WHERE (j.xid, j.number) > (r.xid, r.number)),
  (SELECT max(j.number) FROM journal j), 0)"""
