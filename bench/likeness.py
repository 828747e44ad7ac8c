"""Table 4: what `ideas:similar` takes among 200,000 ideas, relative to a page of them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from random import Random
from statistics import median
from uuid import UUID

import asyncpg
import orjson
from asyncpg import InvalidCatalogNameError

from bench import schema, servers
from bench.company import FOUNDED, found, store, uuid7
from bench.latency import CHUNK, WARM
from bench.load import Load, http
from bench.progress import through
from bench.ratios import readable
from bench.report import Report
from bench.text import Pool, Writer, Zipf, pools
from kshare.console import Console
from kshare.core.database import Database
from kshare.core.principal import EVERYONE
from kshare.core.settings import Settings
from kshare.ideas.likeness import rewrite_prints

MOST = 5.0
"""The target: of looking for similar ideas to a page."""

VERSION = 1
"""Grows when what is seeded changes."""

ASKED = 300
"""Different texts that are asked about."""

_CONTENT = (
    "id kind variety state stage title summary body language author_id owner_id department_id audience readers"
    " classification revision version created_at updated_at published_at listed_at"
).split()
_IDEA = "content_id votes members stage_since escalations".split()
_COUNTER = "content_id comments likes thanks favourites followers views ratings rating_sum".split()

Connection = asyncpg.Connection


async def measure(
    directory: Path, url: str, load: Load, report: Report, console: Console, *, count: int, ideas: int
) -> None:
    """Seeds ideas unless they are there, and adds the table."""
    address, keys = await _seeded(url, ideas, console)
    async with servers.connected(address) as connection:
        ids = await readable(connection, ASKED, "idea")
    with servers.kshare(address, directory, "kshare-ideas") as server:
        console.say(f"{ideas:,} ideas")
        asked = _requests(keys, ids)
        times: dict[str, list[float]] = {name: [] for name in asked}
        for name, requests in asked.items():
            load.keep(name, requests)
            load.run(name, server.port, count=max(WARM, len(requests)))
        # In turn by small chunks, so that a disturbance meets all of them alike.
        for start in through(console, "Measuring similar ideas", list(range(0, count, CHUNK))):
            for name, found_ in times.items():
                found_ += load.run(name, server.port, count=CHUNK, start=start).times
    table = f"What it takes to find similar ideas among {ideas:,}, a page of ideas = 1"
    page = median(times.pop(PAGE))
    for name, found_ in times.items():
        took = median(found_)
        detail = f"{took * 1000:.2f} ms, a page {page * 1000:.2f} ms"
        report.add(table, f"{name}: median", took / page, most=MOST, detail=detail)


PAGE = "page of ideas"


def _requests(keys: list[str], ids: list[UUID]) -> dict[str, list[str]]:
    """Each sort of request, by many people, about texts that no idea has."""
    writer, random = Writer(77), Random(77)
    made = pools(writer, 2_000)

    def texts(pool: Pool) -> Iterable[dict[str, str]]:
        for title in pool.titles:
            yield {
                "title": title, "summary": random.choice(pool.sentences), "body": random.choice(pool.paragraphs)
            }  # fmt: skip

    by = cycle(keys)
    whole = [text for pool in made.values() for text in islice(texts(pool), ASKED // 2)]

    def post(text: dict[str, str]) -> str:
        return http("POST", "/v1/ideas:similar", next(by), orjson.dumps(text))

    return {
        PAGE: [http("GET", "/v1/ideas", key) for key in keys],
        "a title": [post({"title": text["title"]}) for text in whole],
        "half a title": [post({"title": text["title"][: len(text["title"]) // 2 + 1]}) for text in whole],
        "title, summary and text": [post(text) for text in whole],
        "an idea": [http("GET", f"/v1/ideas/{id}/similar", next(by)) for id in ids],
    }


async def _seeded(url: str, ideas: int, console: Console) -> tuple[str, list[str]]:
    """The address of the database with so many ideas, and keys of people; made unless it is there."""
    name = f"bench_ideas_{ideas // 1000}k"
    address = servers.renamed(url, name)
    try:
        async with servers.connected(address) as connection, servers.connected(
            servers.renamed(url, "bench_new")
        ) as new:  # fmt: skip
            if await schema.brought_up_to_date(connection, address, new) is None:
                rows = await connection.fetch("SELECT key FROM bench.keys WHERE version = $1", VERSION)
                if rows:
                    await _printed(address, console)
                    return address, [row["key"] for row in rows]
    except (InvalidCatalogNameError, asyncpg.UndefinedTableError):
        pass
    await servers.administer(url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
    await schema.migrated(address)
    async with servers.connected(address) as connection:
        keys = await _seed(connection, ideas, console)
    await _printed(address, console)
    async with servers.connected(address) as connection:
        with console.step("Vacuuming"):
            await connection.execute("VACUUM (FREEZE, ANALYZE)")
        await connection.execute("CREATE SCHEMA bench; CREATE TABLE bench.keys (key text, version int)")
        await connection.executemany("INSERT INTO bench.keys VALUES ($1, $2)", [(key, VERSION) for key in keys])
    return address, keys


async def _printed(address: str, console: Console) -> None:
    database = Database(address, Settings(_env_file=None))
    try:
        with console.measured("Comparing ideas") as progress:
            await rewrite_prints(database, progress)
    finally:
        await database.close()


async def _seed(connection: Connection, ideas: int, console: Console) -> list[str]:
    """Ideas of three years, by the words of bench/text.py; the keys of those who ask."""
    random, writer = Random(ideas), Writer(ideas)
    company = found(random)
    await connection.execute("SET synchronous_commit = off")
    await store(connection, company, random)
    made, people = pools(writer, 20_000), Zipf(company.people, 60)
    step = (datetime.now(UTC) - timedelta(hours=1) - FOUNDED) / ideas
    with console.counted(f"Seeding {ideas:,} ideas", -(-ideas // 5_000)) as advance:
        for start in range(0, ideas, 5_000):
            contents, rows, counters = [], [], []
            for number in range(start, min(start + 5_000, ideas)):
                at = FOUNDED + step * (number + random.random())
                id, [author] = uuid7(at, random), people.draw(random, 1)
                pool = made["zh" if random.random() < 0.9 else "en"]
                body = random.choice(pool.paragraphs) if random.random() < 0.6 else ""
                audience = [EVERYONE] if random.random() < 0.85 else [author.department]
                readers = list(dict.fromkeys((*audience, author.id)))
                secret = min(random.choices((0, 1, 2), weights=(20, 70, 10))[0], author.clearance)
                contents.append((
                    id, "idea", "small", "published", "submitted", random.choice(pool.titles),
                    random.choice(pool.sentences), body, pool.language, author.id, author.id, author.department,
                    audience, readers, secret, 1, 1, at, at, at, at,
                ))  # fmt: skip
                rows.append((id, 0, [], at, 0))
                counters.append((id, 0, 0, 0, 0, 0, 0, 0, 0))
            await connection.copy_records_to_table("content", records=contents, columns=_CONTENT)
            await connection.copy_records_to_table("idea", records=rows, columns=_IDEA)
            await connection.copy_records_to_table("content_counter", records=counters, columns=_COUNTER)
            advance()
    return [key for key, _ in company.keys]
