"""Loads the demo company into an empty database: all of it, or nothing when it is stopped half-way."""

import asyncio
from pathlib import Path

from sqlalchemy import select, text

from kshare.console import Console
from kshare.contributions.ledger import complete
from kshare.core.database import UNHURRIED, Database
from kshare.demo.company import Company
from kshare.demo.keys import issue_keys, keep_keys, kept_keys
from kshare.demo.source import read_source
from kshare.metrics.rebuild import rebuild
from kshare.people.models import PersonRow

_LOCK = 0x6B73_6465_6D6F  # "ksdemo"


async def load_demo(database: Database, directory: Path, console: Console) -> dict[str, str]:
    """The demo keys by role; the company is loaded first if the database is empty.

    Raises `Refused` for a database that has other people in it.
    """
    founded = False
    path = directory / "demo-keys.json"
    source = await asyncio.to_thread(read_source)
    async with database.sessions() as session, session.begin():
        # Two that start at the same time on one database: the second finds it loaded.
        await session.execute(UNHURRIED)
        await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        kept = await asyncio.to_thread(kept_keys, path)
        somebody = select(PersonRow.id).where(PersonRow.kind != "system").limit(1)
        if (await session.execute(somebody)).first() is None:
            with console.step("Loading the demo company: two years of it"):
                await Company(session, source).found()
            founded = True
        demo_keys = await issue_keys(session, source, kept)
        # Before the commit: a key in the file that no database knows is replaced at the next start, but a key that only
        # the database knows would be lost.
        if demo_keys != kept:
            await asyncio.to_thread(keep_keys, path, demo_keys)
    if founded:
        # The reactors would come to it by and by: two years, a quarter a minute.
        with console.step("Working out its account of contributions and its figures"):
            await complete(database)
            await rebuild(database)
    return demo_keys
