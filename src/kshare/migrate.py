"""Brings a database to the newest schema, from a checkout or from an installed wheel."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from kshare.core.database import Database

_LOCK = 0x6B73_6861_7265
"""The advisory lock under which one process migrates while others wait ("kshare")."""


def migrations_folder() -> Path:
    """Inside the installed package, else at the top of the checkout."""
    packaged = Path(__file__).parent / "migrations"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "migrations"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    config.attributes["connection"] = connection
    return config


def newest() -> str:
    """The revision this version of kshare needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


async def current(database: Database) -> str | None:
    """The revision the database is at; None for an empty one."""
    async with database.engine.connect() as connection:
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


async def upgrade(database: Database, report: Callable[[str], None] = lambda line: None) -> None:
    """Applies what is missing; several processes may ask at once."""
    async with database.engine.connect() as connection:
        await connection.execute(text("SET statement_timeout = 0"))
        await connection.execute(text("SET lock_timeout = 0"))
        await connection.execute(text("SET idle_in_transaction_session_timeout = 0"))
        await connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
        await connection.commit()
        try:
            before = await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
            await connection.rollback()
            if before != newest():
                report(f"It is {f'at {before}' if before else 'empty'}, and will be at {newest()}")
                await connection.run_sync(lambda sync: command.upgrade(_config(sync), "head"))
                await connection.commit()
        finally:
            # Closing the session gives the lock back, and the pool must not hand on its settings.
            await connection.invalidate()
