"""Runs migrations on the connection that kshare hands over, or, for the alembic command, on KSHARE_DATABASE_URL."""

import asyncio

from alembic import context
from sqlalchemy import Connection, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from kshare.core.database import Row
from kshare.core.settings import Settings
from kshare.tables import ALL  # noqa: F401  (registers every row)


def _own(table: object, name: str | None, kind: str, *_: object) -> bool:
    """Views are made by hand in migrations and are no tables to compare."""
    return not (kind == "table" and getattr(table, "info", {}).get("is_view"))


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Row.metadata,
        include_object=_own,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def connect_and_run() -> None:
    url = Settings().database_url
    if url is None:
        raise SystemExit("Set KSHARE_DATABASE_URL, or use `kshare migrate`, which knows the embedded database.")
    engine = create_async_engine(make_url(url.get_secret_value()).set(drivername="postgresql+asyncpg"))
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    asyncio.run(connect_and_run())
