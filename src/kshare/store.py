"""The database: the one that is configured, else our own, started here or already run by `kshare serve`."""

import asyncio
import contextlib
import hashlib
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from alembic.util import CommandError
from sqlalchemy import make_url

from kshare import migrate
from kshare.console import Console, Refused
from kshare.core.database import Database
from kshare.core.postgres import DirectoryInUse, DirectoryLock, EmbeddedPostgres, PostgresError
from kshare.core.settings import Settings

_PATIENCE = 30.0
"""Seconds to wait for a PostgreSQL that does not answer yet: containers start in any order."""


def data_directory(settings: Settings) -> Path:
    """The data directory, made if it is missing and closed to other users."""
    directory = settings.data_dir.expanduser().resolve()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if directory.stat().st_uid == os.geteuid():
            # As root, PostgreSQL runs as a user of its own, who must get through to its directory; every file in
            # ours is closed by itself.
            directory.chmod(0o711 if os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise Refused(f"KSHARE_DATA_DIR: {directory} cannot be used: {error.strerror}") from error
    return directory


def postgres_directory(settings: Settings) -> Path:
    """Where the embedded PostgreSQL keeps its data.

    PostgreSQL refuses to run as root, and another user cannot reach a data directory below, say, /root; then it is a
    directory under /var/lib/kshare with a name that belongs to the data directory.
    """
    directory = settings.data_dir.expanduser().resolve() / "postgres"
    passable = all(parent.stat().st_mode & 0o001 for parent in directory.parents if parent.exists())
    if os.geteuid() == 0 and not passable and not directory.exists():
        name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
        return Path("/var/lib/kshare") / f"postgres-{name}"
    return directory


def embedded(settings: Settings, console: Console) -> EmbeddedPostgres:
    """The embedded PostgreSQL of a data directory, with room for the connections of all processes."""
    needed = settings.workers * (settings.read_pool + settings.write_pool + 2) + 30
    return EmbeddedPostgres(
        postgres_directory(settings), report=console.say, settings={"max_connections": str(max(200, needed))}
    )


@asynccontextmanager
async def running_postgres(settings: Settings, console: Console) -> AsyncIterator[tuple[str, EmbeddedPostgres | None]]:
    """The URL of a PostgreSQL that answers; the embedded one is started, watched, and stopped at the end.

    The caller holds the directory's lock.
    """
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        await _until_it_answers(url, console)
        yield url, None
        return
    postgres = embedded(settings, console)
    with console.step("Starting PostgreSQL"):
        await postgres.start()
    watch = asyncio.create_task(postgres.supervise())
    try:
        yield postgres.url, postgres
    finally:
        watch.cancel()
        await asyncio.wait([watch])
        with console.step("Stopping PostgreSQL"):
            await postgres.stop()


@asynccontextmanager
async def shared_postgres(settings: Settings, console: Console, *, patience: float = _PATIENCE) -> AsyncIterator[str]:
    """The URL of a PostgreSQL that answers, for a command that may run beside `kshare serve`."""
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        await _until_it_answers(url, console, patience)
        yield url
        return
    lock = DirectoryLock(data_directory(settings))
    try:
        lock.acquire()
    except DirectoryInUse:
        yield await _attached(settings, console)
        return
    try:
        async with running_postgres(settings, console) as (url, _):
            yield url
    finally:
        lock.release()


@asynccontextmanager
async def opened(settings: Settings, console: Console) -> AsyncIterator[Database]:
    """The database, migrated and with both pools open, for a command."""
    async with shared_postgres(settings, console) as url:
        database = Database(url, settings)
        try:
            await bring_up_to_date(database, console)
            await database.open()
            yield database
        finally:
            await database.close()


async def bring_up_to_date(database: Database, console: Console) -> None:
    """Applies the migrations that are missing. Raises `Refused` for a database of a newer kshare."""
    try:
        if await migrate.current(database) != migrate.newest():
            with console.step("Migrating the database"):
                await migrate.upgrade(database, console.say)
    except CommandError as error:
        raise Refused(
            f"the database is at a revision this kshare does not know ({error}): it was migrated by a newer one; "
            "install that version, or restore a backup from before"
        ) from error


async def _attached(settings: Settings, console: Console) -> str:
    """The URL of the server that another kshare runs; waits while it is starting."""
    postgres = embedded(settings, console)
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            url = postgres.attach()
            connection = await asyncpg.connect(url, timeout=5)
            await connection.close()
            return url
        except (PostgresError, OSError, asyncpg.PostgresError) as error:
            if time.monotonic() > deadline:
                raise Refused(
                    f"another kshare uses the data directory, but its PostgreSQL does not answer: {error}"
                ) from error
        await asyncio.sleep(0.3)


async def _until_it_answers(url: str, console: Console, patience: float = _PATIENCE) -> None:
    """Waits for a PostgreSQL that refuses connections; raises `Refused` for one that will not do."""
    where = _without_password(url)
    deadline = time.monotonic() + patience
    told = False
    while True:
        try:
            connection = await asyncpg.connect(
                make_url(url).set(drivername="postgresql").render_as_string(hide_password=False), timeout=5
            )
        except (OSError, TimeoutError, asyncpg.CannotConnectNowError) as error:
            if time.monotonic() > deadline:
                raise Refused(f"KSHARE_DATABASE_URL: no answer from {where}: {error or 'timed out'}") from None
            if not told:
                console.say(f"Waiting for PostgreSQL at {where} …")
                told = True
            await asyncio.sleep(1)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            raise Refused(f"KSHARE_DATABASE_URL: {where}: {error}") from None
        else:
            break
    try:
        version = connection.get_server_version()
        if version.major < 15:
            raise Refused(f"{where} is PostgreSQL {version.major}; kshare needs 15 or later")
    finally:
        with contextlib.suppress(OSError, asyncpg.PostgresError):
            await connection.close(timeout=2)


def _without_password(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)
