"""One write path: a `Work` is one transaction for one principal; commands are the only code that changes rows.

One request, one transaction; one command, one savepoint where several commands may share the request. Only `Work`
commits. Rows are loaded for change through a `Guard`, which is also what the read path uses: what is hidden is not
found, what is visible but not allowed is forbidden, in that order.
"""

import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar
from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement, Dialect, bindparam, insert, inspect, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm.exc import StaleDataError

from kshare.core.access import Permission
from kshare.core.clock import now
from kshare.core.database import Database, Row
from kshare.core.errors import DomainError, not_found
from kshare.core.ids import new_id
from kshare.core.journal import Happened, JournalRow
from kshare.core.principal import Principal
from kshare.core.reading import Alias, Visible

R = TypeVar("R", bound=Row)
P = ParamSpec("P")
T = TypeVar("T")

Rule = Callable[[Alias], ColumnElement[bool]]

Expected = int | frozenset[int] | None
"""The version a caller would change: this one, any of these, or None for whichever there is."""


@dataclass(frozen=True, eq=False)
class Guard(Generic[R]):
    """Who sees a row, and who may do what with it; the one definition for reads, commands and `permissions`."""

    what: str
    row: type[R]
    visible: Visible
    rules: Mapping[str, Rule] = field(default_factory=dict)
    only: Callable[[Alias], ColumnElement[bool]] | None = None

    def rules_for(self, row: Alias) -> dict[str, ColumnElement[bool]]:
        """Every action and the condition under which this viewer may do it to this row."""
        return {name: rule(row) for name, rule in self.rules.items()}


class Work:
    """One transaction for one principal."""

    def __init__(self, principal: Principal, session: AsyncSession, *, shared: bool = False) -> None:
        self.principal = principal
        self.session = session
        self.shared = shared
        """Several commands may run in it, so each gets a savepoint."""
        self.now = now()
        self.after_commit: list[Callable[[], None]] = []
        self._appended: list[tuple[type[Row], dict[str, Any]]] = []

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
        for (row, columns), entries in groupby(appended, lambda entry: (entry[0], tuple(entry[1]))):
            sql, names = _insertion(row, columns)
            await driver.executemany(sql, [[values[name] for name in names] for _, values in entries])

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """All or nothing of the block, within the transaction."""
        await self.flush()
        async with self.session.begin_nested():
            try:
                yield
                await self.flush()
            except BaseException:
                self._appended.clear()
                raise

    async def load(self, guard: Guard[R], id: UUID, action: str | None = None, *, version: Expected = None) -> R:
        """A row to change, locked. Raises `not_found`, then `forbidden`, then `version_conflict`."""
        row = guard.row
        identity: ColumnElement[Any] = row.id  # type: ignore[attr-defined]
        allowed = guard.rules[action](row) if action else identity == id
        # Not FOR UPDATE: what refers to the row (a comment, a like) need not wait for an edit of it.
        query = select(row, allowed).where(*self._conditions(guard, id)).with_for_update(of=row, key_share=True)
        found = (await self.session.execute(query, self.principal.binds)).one_or_none()
        if found is None:
            raise not_found(guard.what)
        entity: Any = found[0]
        may: bool = found[1]
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
        row = guard.row
        query = select(*columns, guard.rules[action](row).label("_may")).where(*self._conditions(guard, id))
        found = (await self.session.execute(query, self.principal.binds)).one_or_none()
        if found is None:
            raise not_found(guard.what)
        if not found[-1]:
            raise DomainError("forbidden", f"You may not {action.replace('_', ' ')} this {guard.what}.")
        return found

    def _conditions(self, guard: Guard[Any], id: UUID) -> list[ColumnElement[bool]]:
        row = guard.row
        conditions = [row.id == id]
        if guard.only is not None:
            conditions.append(guard.only(row))
        if (visible := guard.visible(row)) is not None:
            conditions.append(visible)
        return conditions

    async def exists(self, guard: Guard[Any], id: UUID) -> bool:
        """Whether the principal sees such a row."""
        query = select(guard.row.id).where(*self._conditions(guard, id))
        return (await self.session.execute(query, self.principal.binds)).first() is not None

    async def lock_name(self, name: str) -> None:
        """Holds a name until the transaction ends, so that two callers who must not act at once wait for each other.

        Take it before any row is locked, or two callers may wait for each other without end.
        """
        lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
        await self.session.execute(lock, {"name": name})

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
        default now) are to be told."""
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
