"""One write path: a `Work` is one transaction for one principal; commands are the only code that changes rows.

One request, one transaction; one command, one savepoint where several commands may share the request. Only `Work`
commits. Rows are loaded for change through a `Guard`, which is also what the read path uses: what is hidden is not
found, what is visible but not allowed is forbidden, in that order.
"""

import functools
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Hashable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from sqlalchemy import (
    ColumnElement,
    Dialect,
    Select,
    TextClause,
    Uuid,
    and_,
    bindparam,
    event,
    insert,
    inspect,
    select,
    text,
    true,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, ORMExecuteState
from sqlalchemy.orm.exc import StaleDataError

from kshare.core.access import Permission
from kshare.core.clock import day_in, now
from kshare.core.database import Database, Row
from kshare.core.errors import DomainError, not_found
from kshare.core.ids import new_id
from kshare.core.journal import Happened, JournalRow
from kshare.core.principal import ANONYMOUS_ID, Principal
from kshare.core.reading import Alias, Visible
from kshare.core.sealing import Keyring

R = TypeVar("R", bound=Row)
P = ParamSpec("P")
T = TypeVar("T")

Rule = Callable[[Alias], ColumnElement[bool]]

Expected = int | frozenset[int] | None
"""The version a caller would change: this one, any of these, or None for whichever there is."""


@dataclass(frozen=True, eq=False)
class Guard(Generic[R]):
    """Who sees a row, and who may do what with it; the one definition for reads, commands and `permissions`.

    A rule says whose business something is. When it can be done is for `states` to say, and for the command that asks
    for the right first: only those who have it learn that the state is wrong, and get 409 for it.
    """

    what: str
    row: type[R]
    visible: Visible
    rules: Mapping[str, Rule] = field(default_factory=dict)
    only: Callable[[Alias], ColumnElement[bool]] | None = None
    states: Mapping[str, Rule] = field(default_factory=dict)
    """In which state of the row an action can be done; for `permissions`, commands look for themselves."""

    def rules_for(self, row: Alias) -> dict[str, ColumnElement[bool]]:
        """Every action and the condition under which this viewer can do it to this row as it is."""
        return {
            name: and_(self.states[name](row), rule(row)) if name in self.states else rule(row)
            for name, rule in self.rules.items()
        }


def apply(row: Any, changes: dict[str, Any]) -> list[str]:
    """Makes changes of columns in a row; the names of those that had another value, in alphabetical order."""
    changed = sorted(name for name, value in changes.items() if getattr(row, name) != value)
    for name in changed:
        setattr(row, name, changes[name])
    return changed


class Work:
    """One transaction for one principal."""

    def __init__(self, principal: Principal, session: AsyncSession, *, shared: bool = False) -> None:
        self.principal = principal
        self.session = session
        self.shared = shared
        """Several commands may run in it, so each gets a savepoint."""
        self.now = now()
        self.unnamed = False
        """The caller acts as the author, not shown, of something anonymous: nothing about the request may say who."""
        self.after_commit: list[Callable[[], None]] = []
        self.memory: dict[Hashable, Any] | None = None
        """What the commands of a bulk have looked up, for those after them; None outside of a bulk."""
        self._recorded: frozenset[bool] = frozenset()
        self._sent = 0
        self._appended: list[tuple[type[Row], dict[str, Any]]] = []

    @property
    def keyring(self) -> Keyring:
        """The keys that seal anonymous authors."""
        keyring: Keyring = self.session.info["keyring"]
        return keyring

    @property
    def zone(self) -> ZoneInfo:
        """The company's time zone."""
        return ZoneInfo(self.session.info["time_zone"])

    @property
    def today(self) -> date:
        """Which day it is in the company."""
        return day_in(self.zone, self.now)

    def add(self, *rows: Row) -> None:
        """New rows."""
        self.session.add_all(rows)

    def append(self, row: type[Row], **values: Any) -> None:
        """A new row that this transaction writes and forgets: all its values are given, and nothing loads it again.

        It is spared the bookkeeping of the session, which costs more than the insert; it is sent after new rows of
        the session, so that it may refer to them.
        """
        self._appended.append((row, values))

    async def flush(self) -> None:
        """Sends pending changes, so that statements see them."""
        await self.session.flush()
        if not self._appended:
            return
        driver = await self._driver()
        appended, self._appended = self._appended, []
        self._sent += 1
        groups: dict[tuple[type[Row], tuple[str, ...]], list[dict[str, Any]]] = {}
        for row, values in appended:
            groups.setdefault((row, tuple(values)), []).append(values)
        for (row, columns), entries in sorted(groups.items(), key=lambda group: _place(group[0][0])):
            if len(entries) >= MANY:
                records = [tuple(values.values()) for values in entries]
                await driver.copy_records_to_table(row.__tablename__, records=records, columns=_columns(row, columns))
                continue
            sql, names = _insertion(row, columns)
            await driver.executemany(sql, [[values[name] for name in names] for values in entries])

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """All or nothing of the block, within the transaction."""
        if self.memory is not None:
            async with self._part_of_bulk():
                yield
            return
        await self.flush()
        recorded = self._recorded
        async with self.session.begin_nested():
            try:
                yield
                await self.flush()
            except BaseException:
                self._appended.clear()
                self._recorded = recorded
                raise

    @asynccontextmanager
    async def bulk(self) -> AsyncIterator[None]:
        """One savepoint for many commands, whose appended rows are sent together at its end.

        A command that is refused takes back what it appended, and the others stay. If it sent something already, that
        cannot be taken back by itself: `Unsettled` says that the bulk as a whole has to be done otherwise.
        """
        session = self.session.sync_session
        async with self.savepoint():
            self.memory = {}
            event.listen(session, "do_orm_execute", self._note_statement)
            event.listen(session, "after_flush", self._note_flush)
            try:
                yield
            finally:
                event.remove(session, "do_orm_execute", self._note_statement)
                event.remove(session, "after_flush", self._note_flush)
                self.memory = None

    @asynccontextmanager
    async def _part_of_bulk(self) -> AsyncIterator[None]:
        session = self.session
        if session.new or session.dirty or session.deleted:
            await self.flush()
        appended, sent, recorded = len(self._appended), self._sent, self._recorded
        try:
            yield
        except DomainError as error:
            if self._sent != sent or session.new or session.dirty or session.deleted:
                raise Unsettled from error
            del self._appended[appended:]
            self._recorded = recorded
            raise

    def _note_statement(self, execution: ORMExecuteState) -> None:
        statement = execution.statement
        reads = isinstance(statement, TextClause) and not _CHANGES.search(statement.text)
        if not (execution.is_select or reads):
            self._sent += 1

    def _note_flush(self, *_: Any) -> None:
        self._sent += 1

    async def load(self, guard: Guard[R], id: UUID, action: str | None = None, *, version: Expected = None) -> R:
        """A row to change, locked. Raises `not_found`, then `forbidden`, then `version_conflict`; whether it is in a
        state for the action is looked at after that."""
        found = (await self.session.execute(_loading(guard, action), self._binds(id))).one_or_none()
        if found is None:
            raise not_found(guard.what)
        entity: Any = found[0]
        may: bool = found[1]
        self._notice(entity)
        if not may:
            raise DomainError("forbidden", f"You may not {(action or '').replace('_', ' ')} this {guard.what}.")
        if version is not None and entity.version not in (version if isinstance(version, frozenset) else (version,)):
            raise stale(entity.version)
        loaded: R = entity
        return loaded

    async def facts(self, guard: Guard[Any], id: UUID, action: str, *columns: InstrumentedAttribute[Any]) -> Any:
        """Some columns of a row to act upon but not to change; it stays unlocked, so that nobody waits.

        Raises `not_found`, then `forbidden`.
        """
        found = (await self.session.execute(_facts(guard, action, columns), self._binds(id))).one_or_none()
        if found is None:
            raise not_found(guard.what)
        self._notice(found)
        if not found[-1]:
            raise DomainError("forbidden", f"You may not {action.replace('_', ' ')} this {guard.what}.")
        return found

    def _notice(self, found: Any) -> None:
        """Whoever takes up what their pseudonym owns acts unnamed, whatever comes of it."""
        pseudonym = self.principal.pseudonym
        if pseudonym is not None and getattr(found, "owner_id", None) == pseudonym:
            self.unnamed = True

    def _binds(self, id: UUID) -> dict[str, Any]:
        return {_GUARDED: id, **self.principal.binds}

    async def exists(self, guard: Guard[Any], id: UUID) -> bool:
        """Whether the principal sees such a row."""
        return (await self.session.execute(_existing(guard), self._binds(id))).first() is not None

    async def lock_name(self, name: str) -> None:
        """Holds a name until the transaction ends, so that two callers who must not act at once wait for each other.

        Take it before any row is locked, or two callers may wait for each other without end.
        """
        await self.lock_names([name])

    async def lock_names(self, names: Iterable[str]) -> None:
        """Holds many names, in one order for everybody."""
        lock = text(
            "SELECT count(pg_advisory_xact_lock(hashtextextended(name, 0)))"
            " FROM (SELECT name FROM unnest(CAST(:names AS text[])) WITH ORDINALITY AS n (name, n) ORDER BY n.n) s"
        )
        await self.session.execute(lock, {"names": sorted(set(names))})

    def record(
        self,
        happened: Happened,
        object_id: UUID,
        readers: list[UUID],
        *,
        classification: int = 0,
        content_id: UUID | None = None,
        actor_id: UUID | None = None,
        at: datetime | None = None,
    ) -> None:
        """Writes to the journal, in this transaction, who may hear of it included. What happens to content is recorded
        through `kshare.content.authorship.tell`, which knows whether the actor (by default the caller) and the time (by
        default now) are to be told.

        Raises `conflict` when the caller acts both by name and unnamed: entries of one transaction stand side by side
        in the journal, and would tell of each other who made them."""
        self._recorded |= {actor_id == ANONYMOUS_ID}
        if len(self._recorded) > 1:
            raise DomainError(
                "conflict",
                "One request would act under your name and as an author who is not shown, and so tell who that is. "
                "Send the one apart from the other.",
            )
        self.append(
            JournalRow,
            id=new_id(at),
            happened=happened.event_name(),
            actor_id=actor_id or self.principal.id,
            object_kind=happened.about,
            object_id=object_id,
            content_id=content_id,
            readers=readers,
            classification=classification,
            payload=happened.model_dump_json(),
            at=at or self.now,
        )

    async def connection(self) -> "asyncpg.Connection[Any]":
        """The asyncpg connection of this transaction, for reading back what was written through core/reading.py."""
        await self.flush()
        return await self._driver()

    async def _driver(self) -> "asyncpg.Connection[Any]":
        connection = await (await self.session.connection()).get_raw_connection()
        driver: asyncpg.Connection[Any] = connection.driver_connection  # type: ignore[assignment]
        if not driver.is_in_transaction():
            # SQLAlchemy begins with its first statement; without one, what is sent here would commit by itself.
            await self.session.execute(text("SELECT 1"))
        return driver


_GUARDED = "guarded_id"

# Built once for each guard and action: making the conditions anew costs more than many a command.


@lru_cache(maxsize=1024)
def _loading(guard: Guard[Any], action: str | None) -> Select[Any]:
    allowed = guard.rules[action](guard.row) if action else true()
    # Not FOR UPDATE: what refers to the row (a comment, a like) need not wait for an edit of it.
    return select(guard.row, allowed).where(*_conditions(guard)).with_for_update(of=guard.row, key_share=True)


@lru_cache(maxsize=1024)
def _facts(guard: Guard[Any], action: str, columns: tuple[InstrumentedAttribute[Any], ...]) -> Select[Any]:
    return select(*columns, guard.rules[action](guard.row).label("_may")).where(*_conditions(guard))


@lru_cache(maxsize=256)
def _existing(guard: Guard[Any]) -> Select[Any]:
    return select(guard.row.id).where(*_conditions(guard))


def _conditions(guard: Guard[Any]) -> list[ColumnElement[bool]]:
    row = guard.row
    conditions = [row.id == bindparam(_GUARDED, type_=Uuid)]
    if guard.only is not None:
        conditions.append(guard.only(row))
    if (visible := guard.visible(row)) is not None:
        conditions.append(visible)
    return conditions


class Unsettled(Exception):
    """A command of a bulk was refused after it had sent something."""


_CHANGES = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE|COPY|TRUNCATE)\b", re.IGNORECASE)

MANY = 50
"""Rows of one table from which on they are copied: PostgreSQL then takes them in together, and not one by one."""


@lru_cache(maxsize=256)
def _place(row: type[Row]) -> int:
    """The place of a table among all, each after those it refers to."""
    return row.metadata.sorted_tables.index(row.__table__)  # type: ignore[arg-type]


@lru_cache(maxsize=256)
def _columns(row: type[Row], names: tuple[str, ...]) -> list[str]:
    """The columns of these attributes of a row."""
    attributes = inspect(row).column_attrs
    return [attributes[name].columns[0].name for name in names]


@lru_cache(maxsize=256)
def _insertion(row: type[Row], columns: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The INSERT of these attributes of a row, and their names in the order of its placeholders."""
    attributes = inspect(row).column_attrs
    values = {attributes[name].columns[0]: bindparam(name, type_=attributes[name].columns[0].type) for name in columns}
    dialect: Dialect = postgresql.asyncpg.dialect()  # type: ignore[no-untyped-call]
    compiled = insert(row).inline().values(values).compile(dialect=dialect)
    return str(compiled), tuple(compiled.positiontup or ())


def stale(current: int) -> DomainError:
    """A 412 that tells the version there is now."""
    return DomainError(
        "version_conflict",
        f"It has been changed since; its version is now {current}.",
        extra={"current_version": current},
    )


@asynccontextmanager
async def writing(database: Database, principal: Principal, *, shared: bool = False) -> AsyncIterator[Work]:
    """One transaction: committed when the block ends, rolled back when it raises."""
    async with database.sessions() as session:
        work = Work(principal, session, shared=shared)
        try:
            async with session.begin():
                yield work
                await work.flush()
        except StaleDataError:
            raise DomainError("version_conflict", "Somebody else changed it at the same moment.") from None
    for callback in work.after_commit:
        callback()


COMMANDS: dict[str, Permission] = {}
"""Every command and the permission it asks for, for the access matrix."""


def command(
    permission: Permission,
) -> Callable[[Callable[Concatenate[Work, P], Awaitable[T]]], Callable[Concatenate[Work, P], Coroutine[Any, Any, T]]]:
    """Makes a function a command: the permission is checked before the body runs, and its changes are all or none."""

    def decorate(
        function: Callable[Concatenate[Work, P], Awaitable[T]],
    ) -> Callable[Concatenate[Work, P], Coroutine[Any, Any, T]]:
        COMMANDS[function.__name__] = permission

        @functools.wraps(function)
        async def run(work: Work, /, *args: P.args, **kwargs: P.kwargs) -> T:
            require(work.principal, permission)
            if not work.shared:
                result = await function(work, *args, **kwargs)
                await work.flush()
                return result
            async with work.savepoint():
                return await function(work, *args, **kwargs)

        run.permission = permission  # type: ignore[attr-defined]
        return run

    return decorate


def require(principal: Principal, permission: Permission) -> None:
    """Raises `unauthenticated` or `forbidden` unless the principal holds the permission at least somewhere."""
    if principal.kind == "nobody":
        raise DomainError("unauthenticated", "Send a key or an access token.")
    if not principal.may(permission):
        raise DomainError("forbidden", f"This needs the permission {permission.value}.")
