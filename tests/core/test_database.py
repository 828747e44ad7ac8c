"""The pool of reads hands nobody what somebody else left behind."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncpg
import pytest
from tests.conftest import Loop

from kshare.core.database import Database
from kshare.core.settings import Settings

TIMEOUT = 0.3
"""Seconds a statement may take."""


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """With one connection, so that everybody gets the same."""
    database = Database(url, Settings(_env_file=None, read_pool=1, statement_timeout=TIMEOUT))
    await database.open()
    try:
        yield database
    finally:
        await database.close()


def test_a_value_that_cannot_be_sent_leaves_nothing_running(postgres_url: str, loop: Loop) -> None:
    """asyncpg has the statement parsed before it looks at the values; PostgreSQL's clock runs from then on."""

    async def scenario() -> None:
        async with opened(postgres_url) as database:
            for number in range(3):
                with pytest.raises(asyncpg.DataError):
                    await database.fetch_row(f"SELECT $1::int8 AS n{number}", ("x",))
                await asyncio.sleep(TIMEOUT + 0.1)
                assert await database.fetch_row("SELECT 1", ()) is not None

    loop.run(scenario())


def test_a_read_that_is_given_up_leaves_nothing_running(postgres_url: str, loop: Loop) -> None:
    async def scenario() -> None:
        async with opened(postgres_url) as database:
            for number in range(40):
                read = asyncio.ensure_future(database.fetch_row(f"SELECT pg_sleep(0.01) AS s{number}", ()))
                for _ in range(number % 20):
                    await asyncio.sleep(0)
                if number % 2:
                    await asyncio.sleep(number / 4000)
                read.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await read
                if number % 10 == 9:
                    await asyncio.sleep(TIMEOUT + 0.1)
                assert await database.fetch_row("SELECT 1", ()) is not None

    loop.run(scenario())


def test_broken_connections_are_replaced_unnoticed(postgres_url: str, loop: Loop) -> None:
    async def scenario() -> None:
        async with opened(postgres_url) as database:
            row = await database.fetch_row("SELECT pg_backend_pid() AS pid", ())
            assert row is not None
            # By itself, in the middle of a read; then while nobody reads.
            with pytest.raises(asyncpg.PostgresError):
                await database.fetch_row("SELECT pg_terminate_backend(pg_backend_pid())", ())
            row = await database.fetch_row("SELECT pg_backend_pid() AS pid", ())
            assert row is not None
            other = await asyncpg.connect(postgres_url)
            await other.execute("SELECT pg_terminate_backend($1)", row["pid"])
            await other.close()
            await asyncio.sleep(0.1)
            again = await database.fetch_row("SELECT pg_backend_pid() AS pid", ())
            assert again is not None
            assert again["pid"] != row["pid"]

    loop.run(scenario())
