"""Building documents anew: all that is missing or was cut by another version of the cutter."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid as UuidType
from sqlalchemy import bindparam, text

from kshare.core.database import UNHURRIED, Database
from kshare.core.words import CUTTER_VERSION
from kshare.search.documents import plan_eras, write_documents

BATCH = 200

Report = Callable[[int, int], None]
"""Is told how many documents are done, of how many."""

# A content whose document is to be written: there is none, or another cutter made it, or it is older than `before`.
_STALE = """FROM content c LEFT JOIN search_document d ON d.content_id = c.id WHERE c.state = 'published'
  AND (d.content_id IS NULL OR d.cutter <> :cutter OR d.indexed_at < CAST(:before AS timestamptz))"""
# A document whose content is no longer published, which the journal would have told of.
_REMOVE_LEFT = text(
    """DELETE FROM search_document d USING content c WHERE c.id = d.content_id AND c.state <> 'published'"""
)


async def stale_documents(database: Database) -> int:
    """How many published contents are found badly or not at all until `kshare reindex` has run."""
    async with database.engine.begin() as connection:
        await connection.execute(UNHURRIED)
        count = await connection.scalar(text(f"SELECT count(*) {_STALE}"), {"cutter": CUTTER_VERSION, "before": None})
    return int(count or 0)


async def reindex(database: Database, report: Report = lambda done, of: None, *, force: bool = False) -> int:
    """Writes every document that is missing or stale, or with `force` every document; the number written.

    Runs beside a serving system: a search finds what is written so far, and the old documents until then. It may be
    stopped and started again at any time; without `force` it then goes on with what is left.
    """
    started: datetime | None = None
    async with database.sessions() as session, session.begin():
        await session.execute(UNHURRIED)
        if force:
            started = await session.scalar(text("SELECT now()"))
        values = {"cutter": CUTTER_VERSION, "before": started}
        total = int(await session.scalar(text(f"SELECT count(*) {_STALE}"), values) or 0)
        if not await session.scalar(text("SELECT EXISTS (SELECT FROM search_document)")):
            await plan_eras(session)
        await session.execute(_REMOVE_LEFT)
    done, after = 0, UUID(int=0)
    batch = text(f"SELECT c.id {_STALE} AND c.id > :after ORDER BY c.id LIMIT {BATCH}").bindparams(
        bindparam("after", type_=UuidType)
    )
    report(0, total)
    while True:
        async with database.sessions() as session, session.begin():
            await session.execute(UNHURRIED)
            ids = list((await session.execute(batch, {**values, "after": after})).scalars())
            if not ids:
                return done
            done += await write_documents(session, ids)
            after = ids[-1]
        report(done, max(total, done))
