"""PostgreSQL: the engine for writes, the asyncpg pool for reads, the base of all rows.

Two pools, because they want different things (docs/adr/0001-read-path.md): a read is one prepared statement in
autocommit whose result is already JSON bytes; a write is an SQLAlchemy session in one transaction. Reads may later
go to replicas; nothing else needs to change for it.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy import URL, DateTime, MetaData, Text, Uuid, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from kshare.core.errors import DomainError, invalid, unavailable
from kshare.core.sealing import Keyring
from kshare.core.settings import Settings


class Row(DeclarativeBase):
    """Base of every table. Relationships, if any, are `lazy="raise"` and stay within a slice or point down."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {str: Text, datetime: DateTime(timezone=True), UUID: Uuid}  # noqa: RUF012


class ReadConnection(asyncpg.Connection):
    """A connection that is handed back as it is: reads are single statements in autocommit and leave no state,
    so asyncpg's clean-up statement, a round trip for every read, would clean nothing.

    But for a read that failed. asyncpg has a statement parsed before it looks at the values, without ending the command
    (it sends Flush, not Sync): if nothing follows, PostgreSQL's clock for the statement runs on, and the time-out would
    be told to whoever uses the connection next.
    """

    unfinished = False

    def leave_unfinished(self) -> None:
        """To be called after a read that failed, before the connection is handed back."""
        self.unfinished = True

    def get_reset_query(self) -> str:
        """What asyncpg runs before the connection is anybody's again."""
        unfinished, self.unfinished = self.unfinished, False
        return "SELECT" if unfinished else ""


async def _prepare(connection: Any) -> None:
    """Answers arrive as `json`, whose binary form is its UTF-8 text: hand the bytes on untouched. Days are days:
    asyncpg would take the first and the last of the calendar for minus infinity and infinity."""
    await connection.set_type_codec("json", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary")
    await connection.set_type_codec("date", schema="pg_catalog", encoder=_day_number, decoder=_day, format="tuple")


_DAY_ZERO = date(2000, 1, 1).toordinal()
"""The day from which PostgreSQL counts."""


def _day_number(day: date) -> tuple[int]:
    return (day.toordinal() - _DAY_ZERO,)


def _day(number: tuple[int]) -> date:
    return date.fromordinal(number[0] + _DAY_ZERO)


class Database:
    """The two pools of a process. `open()` before use, `close()` at the end."""

    def __init__(self, url: str, settings: Settings) -> None:
        self.url: URL = make_url(url).set(drivername="postgresql+asyncpg")
        self._settings = settings
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._hand: list[Any] = []
        self._waiting = 0
        self._discarded: set[asyncio.Future[None]] = set()
        milliseconds = str(int(settings.statement_timeout * 1000))
        # Who has waited for a connection may have to wait for a lock as well, and both must fit into two seconds.
        patience = str(int(settings.pool_timeout * 1000))
        self._server_settings = {"timezone": "UTC", "jit": "off", "application_name": "kshare"}
        self._timeouts = {
            "statement_timeout": milliseconds,
            "lock_timeout": patience,
            "idle_in_transaction_session_timeout": "30000",
        }
        self.engine: AsyncEngine = create_async_engine(
            self.url,
            pool_size=settings.write_pool,
            max_overflow=0,
            pool_timeout=settings.pool_timeout,
            pool_pre_ping=False,
            hide_parameters=True,
            connect_args={"server_settings": self._server_settings | self._timeouts, "timeout": settings.pool_timeout},
        )
        event.listen(self.engine.sync_engine, "connect", lambda connection, _: connection.run_async(_prepare))
        self.keyring = Keyring.configured(settings)
        self.sessions = async_sessionmaker(
            self.engine,
            class_=AsyncSession,
            expire_on_commit=False,
            autoflush=False,
            info={"time_zone": settings.time_zone, "keyring": self.keyring},
        )

    @property
    def dsn(self) -> str:
        """The address for asyncpg itself."""
        return self.url.set(drivername="postgresql").render_as_string(hide_password=False)

    async def open(self) -> None:
        """Opens the read pool; raises DomainError `unavailable` when PostgreSQL cannot be reached."""
        reads_only = {
            "default_transaction_read_only": "on",
            # Every statement is written so that one plan is right for all values (bounded scans along an index);
            # planning it anew for each request would cost more than running it.
            "plan_cache_mode": "force_generic_plan",
            # A read touches some dozens of rows by their keys, which are in memory or on an SSD; with the default,
            # made for disks, PostgreSQL would rather scan the whole table of tags for the two of each item.
            "random_page_cost": "1.1",
        }
        self._pool = await asyncpg.create_pool(
            self.dsn,
            min_size=min(2, self._settings.read_pool),
            max_size=self._settings.read_pool,
            timeout=5,
            command_timeout=self._settings.statement_timeout + 1,
            max_cacheable_statement_size=256 * 1024,
            statement_cache_size=400,
            connection_class=ReadConnection,
            server_settings=self._server_settings | self._timeouts | reads_only,
            init=_prepare,
        )

    async def close(self) -> None:
        """Closes both pools, giving running statements five seconds."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            hand, self._hand = self._hand, []
            try:
                for connection in hand:
                    await pool.release(connection)
                await asyncio.wait_for(pool.close(), 5)
            except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                pool.terminate()
        await self.engine.dispose()

    @property
    def pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        if self._pool is None:
            raise unavailable("The database is not connected.")
        return self._pool

    async def fetch_row(self, sql: str, values: Sequence[Any]) -> asyncpg.Record | None:
        """One read: the first row of a statement, in autocommit."""
        return await self._read("fetchrow", sql, values)  # type: ignore[no-any-return]

    async def fetch(self, sql: str, values: Sequence[Any]) -> list[asyncpg.Record]:
        """One read: all rows of a statement, in autocommit."""
        return await self._read("fetch", sql, values)  # type: ignore[no-any-return]

    async def _read(self, method: str, sql: str, values: Sequence[Any]) -> Any:
        pool = self.pool
        connection = self._at_hand() or await self._acquired(pool)
        try:
            answer = await getattr(connection, method)(sql, *values)
        except BaseException:
            # The pool knows how to end what is still running, and throws away what is broken.
            with contextlib.suppress(AttributeError):  # broken: the pool has taken it out already
                connection.leave_unfinished()
            await pool.release(connection)
            raise
        if self._waiting or pool is not self._pool:
            await pool.release(connection)
        else:
            self._hand.append(connection)
        return answer

    def _at_hand(self) -> Any:
        """A connection kept ready. Taking one from the pool and giving it back costs as much as a small read; so it
        is asked for one only when none is at hand, and gets one back as soon as somebody waits for it."""
        while self._hand:
            connection = self._hand.pop()
            with contextlib.suppress(asyncpg.InterfaceError):  # broken: the pool has taken it out already
                if not connection.is_closed():
                    return connection
            self._discarded.add(task := asyncio.ensure_future(self.pool.release(connection)))
            task.add_done_callback(self._discarded.discard)
        return None

    async def _acquired(self, pool: "asyncpg.Pool[asyncpg.Record]") -> Any:
        self._waiting += 1
        try:
            return await pool.acquire(timeout=self._settings.pool_timeout)
        finally:
            self._waiting -= 1


log = structlog.get_logger()

UNHURRIED = text("SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true)")
"""Lets the transaction take its time, for work that nobody waits for."""

_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
_EXHAUSTED = (
    asyncpg.DiskFullError,
    asyncpg.OutOfMemoryError,
    asyncpg.PostgresIOError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby that took over, or will
)
_RETRY = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)


def translate(error: BaseException) -> DomainError | None:
    """What a database error means to a caller; None when it is a fault of ours."""
    if isinstance(error, DomainError):
        return error
    if isinstance(error, PoolTimeout | TimeoutError):
        return unavailable("The server is overloaded: no database connection became free in time.", 1)
    if isinstance(error, DBAPIError):
        cause: BaseException | None = error.orig
        while cause is not None:
            if isinstance(cause, asyncpg.PostgresError | asyncpg.InterfaceError | OSError):
                return translate(cause)
            cause = cause.__cause__
        return unavailable("The database is away; it should be back soon.") if error.connection_invalidated else None
    if isinstance(error, asyncpg.QueryCanceledError):
        return unavailable("The database took too long to answer.", 2)
    if isinstance(error, asyncpg.LockNotAvailableError):
        return unavailable("Somebody else is changing this right now.", 1)
    if isinstance(error, asyncpg.DataError):
        return invalid("", "value", "A value is outside of what can be stored.")
    if isinstance(error, _RETRY):
        return unavailable("Two changes met; repeat the request.", 1)
    if isinstance(error, asyncpg.UniqueViolationError):
        return DomainError("already_exists", "Something with this name or key exists already.")
    if isinstance(error, asyncpg.ForeignKeyViolationError):
        return DomainError("conflict", "Something this refers to has just been removed, or is still in use.")
    if isinstance(error, _EXHAUSTED):
        # Nobody but the operator can help: the caller is told when to come back, the log what the matter is.
        log.error("the database cannot write", reason=str(error))
        return unavailable("The database cannot store anything at the moment.", 10)
    if isinstance(error, _AWAY):
        return unavailable("The database is away; it should be back soon.")
    return None
