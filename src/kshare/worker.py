"""A process that only runs the reactors; any number may run beside those that serve."""

from kshare import api
from kshare.core.database import Database
from kshare.core.journal import Worker
from kshare.core.settings import Settings


async def run(settings: Settings, database_url: str) -> None:
    """Reacts to the journal until cancelled."""
    database = Database(database_url, settings)
    await database.open()
    try:
        await Worker(database, api.reactors(settings)).run()
    finally:
        await database.close()
