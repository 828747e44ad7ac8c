"""Prints of ideas and counts of their words: written after the fact, as the journal tells of ideas, or all anew."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, LargeBinary, Text, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.core.database import UNHURRIED, Database
from kshare.core.journal import Entry, Reactor
from kshare.core.principal import EVERYONE
from kshare.ideas.likeness.text import MAX_BODY, VERSION, packed, print_of
from kshare.ideas.likeness.weights import COMMON, LEVELS, SAMPLE

Report = Callable[[int, int], None]
"""Is told how many prints are done, of how many."""

BATCH: Final = 500

# Withdrawn ideas keep their print: they may come back, and a merged one still leads to its target.
_IDEAS = text(
    f"""SELECT id, title, left(summary, {MAX_BODY}) AS summary, left(body, {MAX_BODY}) AS body FROM content
WHERE id = ANY(:ids) AND kind = 'idea' AND state <> 'draft'"""  # noqa: S608
).bindparams(bindparam("ids", type_=ARRAY(Uuid)))

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('kshare likeness', 0))")

# Keys are many to a row and of different number; as text they need no array of arrays.
_WRITE = text(
    """INSERT INTO likeness (content_id, keys, title, rest, version, written_at)
SELECT p.id, CAST(p.keys AS int[]), p.title, p.rest, :version, clock_timestamp()
FROM unnest(:ids, :keys, :titles, :rests) AS p (id, keys, title, rest) JOIN content c ON c.id = p.id
ON CONFLICT (content_id) DO UPDATE SET keys = excluded.keys, title = excluded.title, rest = excluded.rest,
  version = excluded.version, written_at = excluded.written_at"""
).bindparams(
    bindparam("ids", type_=ARRAY(Uuid)),
    bindparam("keys", type_=ARRAY(Text)),
    bindparam("titles", type_=ARRAY(LargeBinary)),
    bindparam("rests", type_=ARRAY(LargeBinary)),
)
_REMOVE = text("DELETE FROM likeness WHERE content_id = ANY(:ids)").bindparams(bindparam("ids", type_=ARRAY(Uuid)))


async def write_prints(session: AsyncSession, ids: Sequence[UUID]) -> int:
    """Writes the prints of these ideas as they are now; idempotent. The number of those that are submitted.

    Writers wait for each other (the advisory lock), so that an older text never overwrites a newer one. Texts are cut
    in a thread, and rows are written after that, together: the transaction is short from its first write on.
    """
    await session.execute(_LOCK)
    rows = (await session.execute(_IDEAS, {"ids": list(ids)})).all()
    made = await asyncio.to_thread(lambda: [print_of(row.title, row.summary, row.body) for row in rows])
    if gone := set(ids) - {row.id for row in rows}:
        await session.execute(_REMOVE, {"ids": list(gone)})
    if rows:
        values = {
            "ids": [row.id for row in rows],
            "keys": ["{" + ",".join(map(str, one.keys())) + "}" for one in made],
            "titles": [packed(one.title) for one in made],
            "rests": [packed(one.rest) for one in made],
            "version": VERSION,
        }
        await session.execute(_WRITE, values)
    return len(rows)


# The newest ideas that everybody may read; what has too high a classification is left out level by level.
_COUNT = text(
    f"""WITH newest AS MATERIALIZED (
  SELECT c.classification AS level, l.keys FROM content c JOIN likeness l ON l.content_id = c.id
  WHERE c.kind = 'idea' AND c.state = 'published' AND c.readers @> ARRAY['{EVERYONE}'::uuid]
  ORDER BY c.listed_at DESC, c.id DESC LIMIT {SAMPLE}),
counted AS (
  SELECT n.key, {", ".join(f"count(*) FILTER (WHERE newest.level <= {level}) AS n{level}" for level in range(LEVELS))}
  FROM newest, unnest(newest.keys) AS n (key) GROUP BY n.key HAVING count(*) >= {COMMON})
"""  # noqa: S608
    + " UNION ALL ".join(
        f"""SELECT {level} AS level, (SELECT count(*) FROM newest WHERE level <= {level}) AS ideas,
  coalesce(array_agg(key ORDER BY key) FILTER (WHERE n{level} >= {COMMON}), '{{}}') AS tokens,
  coalesce(array_agg(n{level} ORDER BY key) FILTER (WHERE n{level} >= {COMMON}), '{{}}') AS counts FROM counted"""  # noqa: S608
        for level in range(LEVELS)
    )
)
_KEEP = text(
    """INSERT INTO likeness_count (level, ideas, tokens, counts, counted_at)
VALUES (:level, :ideas, CAST(:tokens AS int[]), CAST(:counts AS int[]), :at)
ON CONFLICT (level) DO UPDATE SET ideas = excluded.ideas, tokens = excluded.tokens, counts = excluded.counts,
  counted_at = excluded.counted_at"""
)


async def count_words(session: AsyncSession) -> None:
    """Counts anew how common words are."""
    await session.execute(UNHURRIED)
    at = await session.scalar(text("SELECT clock_timestamp()"))
    rows = (await session.execute(_COUNT)).all()
    await session.execute(_KEEP, [{**row._mapping, "at": at} for row in rows])


_COUNTED = text("SELECT ideas, counted_at FROM likeness_count WHERE level = 3")
_WRITTEN_SINCE = text(
    "SELECT count(*) FROM (SELECT FROM likeness WHERE written_at > :counted_at LIMIT :most) AS written"
)


async def counting_is_due(session: AsyncSession) -> bool:
    """Whether so much has been written since words were counted that they should be counted again."""
    counted = (await session.execute(_COUNTED)).one_or_none()
    if counted is None:
        return bool(await session.scalar(text("SELECT EXISTS (SELECT FROM likeness)")))
    most = max(20, counted.ideas // 10)
    found = await session.scalar(_WRITTEN_SINCE, {"counted_at": counted.counted_at, "most": most})
    return bool(found == most)


class LikenessKeeper(Reactor):
    """Keeps prints and counts true to what ideas say."""

    name = "likeness"

    async def react(self, session: AsyncSession, entries: Sequence[Entry], fence: int) -> None:
        ideas = dict.fromkeys(
            entry.content_id
            for entry in entries
            if entry.content_id is not None and entry.happened.startswith("idea_") and entry.object_kind == "content"
        )
        if ideas:
            await write_prints(session, list(ideas))

    async def catch_up(self, session: AsyncSession) -> bool:
        if await counting_is_due(session):
            await count_words(session)
        return False


# A submitted idea without a print, with one made by other rules, or with one older than `before`.
_STALE = """FROM content c LEFT JOIN likeness l ON l.content_id = c.id WHERE c.kind = 'idea' AND c.state <> 'draft'
  AND (l.content_id IS NULL OR l.version <> :version OR l.written_at < CAST(:before AS timestamptz))"""
_REMOVE_LEFT = text("DELETE FROM likeness l USING content c WHERE c.id = l.content_id AND c.state = 'draft'")


async def rewrite_prints(database: Database, report: Report = lambda done, of: None, *, force: bool = False) -> int:
    """Writes every print that is missing or stale, or with `force` every print, and counts words; the number written.

    Runs beside a serving system, and may be stopped and started again at any time.
    """
    started: datetime | None = None
    async with database.sessions() as session, session.begin():
        await session.execute(UNHURRIED)
        if force:
            started = await session.scalar(text("SELECT clock_timestamp()"))
        values = {"version": VERSION, "before": started}
        total = int(await session.scalar(text(f"SELECT count(*) {_STALE}"), values) or 0)
        await session.execute(_REMOVE_LEFT)
    batch = text(f"SELECT c.id {_STALE} AND c.id > :after ORDER BY c.id LIMIT {BATCH}").bindparams(
        bindparam("after", type_=Uuid)
    )
    done, after = 0, UUID(int=0)
    report(0, total)
    while True:
        async with database.sessions() as session, session.begin():
            await session.execute(UNHURRIED)
            ids = list((await session.execute(batch, {**values, "after": after})).scalars())
            if not ids:
                await count_words(session)
                return done
            done += await write_prints(session, ids)
            after = ids[-1]
        report(done, max(total, done))
