"""Search documents for a seeded database."""

import asyncpg

from kshare.console import Console


async def seed_documents(connection: "asyncpg.Connection[asyncpg.Record]", console: Console) -> None:
    """Nothing yet."""
