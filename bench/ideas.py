"""Ideas: their page relative to the bare application, and a batch relative to COPY of the same rows."""

import asyncio
import time
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson

from bench import ratios, servers
from bench.load import Load
from bench.report import Report
from bench.seed import Seeded
from kshare.console import Console
from kshare.core.ids import new_id

Connection = asyncpg.Connection
BATCH, LEAST_BATCH, LEAST_PAGE = 500, 0.30, 0.45
TABLE = "A batch of 500 ideas, the same rows by COPY = 1"

_SEED = """
CREATE TEMP TABLE born AS SELECT id AS item, uuidv7() AS id, row_number() OVER (ORDER BY listed_at)::int AS n
  FROM content WHERE kind = 'knowledge_item' AND state = 'published';
CREATE UNIQUE INDEX ON born (item);
INSERT INTO content (id, kind, variety, stage, state, title, summary, body, language, author_id, owner_id,
  department_id, category_id, audience, readers, classification, revision, version, created_at, updated_at,
  published_at, listed_at)
SELECT b.id, 'idea', (ARRAY['small', 'small', 'large'])[1 + n % 3],
  (ARRAY['submitted', 'submitted', 'screening', 'evaluation', 'approved', 'declined', 'in_pilot'])[1 + n % 7], state,
  title, summary, body, language, author_id, owner_id, department_id, category_id, audience, readers, classification,
  1, 1, created_at, updated_at, published_at, listed_at FROM born b JOIN content c ON c.id = b.item;
INSERT INTO content_counter (content_id, comments, likes, thanks, favourites, followers, views, ratings, rating_sum)
SELECT b.id, comments, 0, 0, 0, 0, views, 0, 0 FROM born b JOIN content_counter c ON c.content_id = b.item;
INSERT INTO content_revision (content_id, number, id, title, summary, body, author_id, created_at)
SELECT b.id, 1, uuidv7(), title, summary, body, author_id, created_at FROM born b JOIN content c ON c.id = b.item;
INSERT INTO content_tag (content_id, tag_id)
SELECT b.id, tag_id FROM born b JOIN content_tag t ON t.content_id = b.item;
INSERT INTO comment (id, content_id, author_id, owner_id, body, mentions, deleted, version, created_at)
SELECT uuidv7(), b.id, author_id, owner_id, body, '{}', false, 1, created_at
  FROM born b JOIN comment c ON c.content_id = b.item;
INSERT INTO idea (content_id, votes, members, stage_since, due_at, desk_id, escalations)
SELECT b.id, 0, '{}', listed_at, CASE WHEN n % 7 < 4 THEN listed_at + interval '5 days' END,
  CASE WHEN n % 7 < 4 AND n % 3 < 2 THEN p.manager_id END, 0
  FROM born b JOIN content c ON c.id = b.id JOIN person p ON p.id = c.author_id;
INSERT INTO idea_vote (content_id, person_id, created_at)
SELECT b.id, p.ids[1 + (b.n * 31 + k * 17) % cardinality(p.ids)], now()
  FROM born b, generate_series(1, 8) k, (SELECT array_agg(id) AS ids FROM person WHERE kind = 'person') p
  WHERE k <= b.n % 9 ON CONFLICT DO NOTHING;
UPDATE idea i SET votes = (SELECT count(*) FROM idea_vote v WHERE v.content_id = i.content_id);
INSERT INTO idea_coauthor (content_id, person_id, share)
SELECT b.id, c.author_id, 100 FROM born b JOIN content c ON c.id = b.id WHERE b.n % 20 = 0;
INSERT INTO idea_decision (id, content_id, outcome, decided_by, decided_at, published_at, current)
SELECT uuidv7(), b.id, CASE WHEN stage = 'declined' THEN 'declined' ELSE 'approved' END, author_id, now(), now(), true
  FROM born b JOIN content c ON c.id = b.id WHERE stage IN ('approved', 'declined', 'in_pilot');
DROP TABLE born
"""

_BEHIND = """SELECT EXISTS (SELECT FROM reactor c, journal j WHERE (j.xid, j.number) > (c.xid, c.number))"""

_COLUMNS = """SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped
  AND attidentity = '' AND NOT ($1::text = 'journal' AND attname = 'xid') ORDER BY attnum"""
_TABLES = ("content", "content_counter", "content_revision", "idea", "content_tag", "journal")
"""What a batch of ideas writes, each after those it refers to."""


async def measure(
    url: str, directory: Path, connection: Connection, facts: Seeded, load: Load, report: Report, console: Console,
    *, rounds: int, seconds: float,
) -> None:  # fmt: skip
    """Makes ideas of the items of a database, and measures on it."""
    with console.step("Making ideas of items"):
        for statement in _SEED.split(";\n"):
            await connection.execute(statement)
        await connection.execute("VACUUM ANALYZE")
    case = page_case(facts)
    with servers.kshare(url, directory, "kshare-ideas") as kshare:
        with servers.bare(url, directory) as bare:
            ratios.compare_reads(case, kshare, bare)
            ratios.measure([case], kshare, bare, load, report, console, rounds=rounds, seconds=seconds)
        await _batches(kshare, connection, facts.keys[0][0], report, console, rounds=rounds)


def page_case(facts: Seeded) -> ratios.Case:
    """A page of ideas, read by many people in turn."""
    requests = [ratios.Request("GET", "/v1/ideas", key) for key, _ in facts.keys]
    return ratios.Case("REST page of 20 ideas with votes, stage and permissions", LEAST_PAGE, requests)


async def _batches(
    kshare: servers.Server, connection: Connection, key: str, report: Report, console: Console, *, rounds: int
) -> None:
    """Batches and copies in turn; the ratio of the medians."""
    texts = await connection.fetch(
        "SELECT title, summary, body, ARRAY(SELECT t.name FROM content_tag p JOIN tag t ON t.id = p.tag_id"
        " WHERE p.content_id = c.id) AS tags FROM content c WHERE kind = 'idea' AND language = 'zh' LIMIT $1",
        BATCH,
    )
    batches, copies = [], []
    with console.counted("Measuring batches against COPY", rounds + 1) as advance:
        for number in range(rounds + 1):
            source = uuid4().hex
            items = [
                {**dict(text), "external_source": source, "external_id": str(place)} for place, text in enumerate(texts)
            ]
            body = orjson.dumps({"items": items})
            await _quiet(connection)
            began = time.perf_counter()
            answer = await asyncio.to_thread(kshare.ask, "POST", "/v1/ideas:batch", key, body)
            took = time.perf_counter() - began
            await _quiet(connection)
            copied = await _copy(connection, [UUID(result["id"]) for result in answer["items"]])
            if number:  # the first one warms up
                batches.append(took)
                copies.append(copied)
            advance()
    detail = f"batch {median(batches) * 1000:.0f} ms, COPY {median(copies) * 1000:.0f} ms"
    report.add(TABLE, f"POST {BATCH} ideas", median(copies) / median(batches), least=LEAST_BATCH, detail=detail)


async def _quiet(connection: Connection) -> None:
    """Waits until the reactors have done what they do with what was written."""
    for _ in range(600):
        if not await connection.fetchval(_BEHIND):
            return
        await asyncio.sleep(0.1)
    raise servers.ServerError("The reactors do not catch up with what was written.")


async def _copy(connection: Connection, ids: list[UUID]) -> float:
    """How long it takes to copy these ideas, as other ones, into the same tables; in one transaction, and kept."""
    renamed = {id: new_id() for id in ids}
    tables: list[tuple[str, list[str], list[tuple[Any, ...]]]] = []
    for table in _TABLES:
        columns = [row["attname"] for row in await connection.fetch(_COLUMNS, table)]
        place = columns.index("id" if table == "content" else "content_id")
        found = await connection.fetch(
            f"SELECT {', '.join(columns)} FROM {table} WHERE {columns[place]} = ANY($1)",
            ids,
        )
        own = [columns.index(name) for name in ("id", "content_id", "object_id") if name in columns]
        rows = []
        for row in found:
            values = list(row)
            for position in own:
                values[position] = renamed.get(values[position]) or new_id()
            if table == "content":
                values[columns.index("external_source")] = f"{values[columns.index('external_source')]}-copy"
            rows.append(tuple(values))
        tables.append((table, columns, rows))
    began = time.perf_counter()
    async with connection.transaction():
        for table, columns, rows in tables:
            await connection.copy_records_to_table(table, records=rows, columns=columns)
    return time.perf_counter() - began
