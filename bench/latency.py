"""Tables 2 and 3: what one request takes in a large database, relative to a small one; and what a search takes.

One connection, one request after the other, so that nothing waits but for its own answer. People, ids and values of
filters change from request to request: it is the lists that are measured, not a cached row.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from statistics import median, quantiles
from urllib.parse import quote

import asyncpg

from bench.load import Load, http
from bench.progress import through
from bench.ratios import readable
from bench.report import Report
from bench.seed import WRITERS, Seeded
from bench.servers import SECRET, Server
from kshare.console import Console
from kshare.core.paging import CursorKey
from kshare.knowledge.shapes import KnowledgeKind

MEDIAN, P99, SEARCH = 1.3, 2.0, 5.0
"""The targets: of the large database to the small one, and of a search to a page."""

PATH = "/v1/knowledge-items"
WARM, CHUNK = 60, 50
VALUES = 100
"""Values of a filter that are asked for in turn."""

PAGE = "page"


@dataclass(frozen=True)
class Place:
    """A seeded database and the server on it."""

    facts: Seeded
    server: Server
    connection: "asyncpg.Connection[asyncpg.Record]"


async def requests_of(place: Place) -> dict[str, list[str]]:
    """Every list to be measured, each by its name with requests for it.

    Left out is what no index can serve: what was published in a certain time, ordered by another time.
    """
    keys = [key for key, _ in place.facts.keys]

    async def column(sql: str, *values: object) -> list[object]:
        return [row[0] for row in await place.connection.fetch(sql, *values)]

    def each(paths: Iterable[str]) -> list[str]:
        """The paths, asked for by all people in turn."""
        found = list(paths)
        amount = max(len(found), len(keys))
        asked = zip(islice(cycle(found), amount), cycle(keys), strict=False)
        return [http("GET", path, key) for path, key in asked]

    def filtered(name: str, values: Iterable[object], more: str = "") -> list[str]:
        return each(f"{PATH}?{name}={quote(str(value))}{more}" for value in values)

    # Only what fills a page in either database: half a page would take half the time.
    full = "HAVING count(*) >= 40"
    tags = f"SELECT t.name FROM tag t JOIN content_tag c ON c.tag_id = t.id GROUP BY t.name {full} ORDER BY count(*)"
    authors = f"SELECT author_id FROM content WHERE state = 'published' GROUP BY 1 {full} ORDER BY md5(author_id::text)"
    subtree = "SELECT id FROM {} WHERE cardinality(path) = $1 ORDER BY id"
    times = (
        f'SELECT to_char(listed_at, \'YYYY-MM-DD"T"HH24:MI:SS"Z"\') FROM content ORDER BY md5(id::text) LIMIT {VALUES}'
    )
    moments = await column(times)
    categories = await column(subtree.format("category"), 1)
    inner = await column(subtree.format("category"), 2)
    departments = await column(subtree.format("department"), 2)
    teams = await column(subtree.format("department"), 3)
    common, rare = await column(f"{tags} DESC LIMIT 10"), await column(f"{tags} LIMIT 40")
    people = await column(f"{authors} LIMIT {VALUES}")
    ids = await readable(place.connection, 500)
    writers = place.facts.keys[:WRITERS]
    drafts = [http("GET", f"{PATH}?state=draft", key) for key, _ in writers]
    own = [http("GET", f"{PATH}?state=draft&author={id}", key) for key, id in writers]
    return {
        PAGE: each([PATH]),
        "page, deep by cursor": each([f"{PATH}?cursor={cursor}" for cursor in await _cursors(place)]),
        "one item": each(f"{PATH}/{id}" for id in ids),
        "by kind": filtered("kind", [kind.value for kind in KnowledgeKind]),
        "by category, a large subtree": filtered("category", categories),
        "by category, a small subtree": filtered("category", inner),
        "by tag, common": filtered("tag", common),
        "by tag, rare": filtered("tag", rare),
        "by author": filtered("author", people),
        "by department, a large subtree": filtered("department", departments),
        "by department, a small subtree": filtered("department", teams),
        "by language": filtered("language", ["zh", "en"]),
        "by state: drafts": drafts,
        "by state: drafts, by author": own,
        "by state: archived": each([f"{PATH}?state=archived"]),
        "published from": filtered("published_from", moments),
        "published before": filtered("published_before", moments),
        "recently changed": each([f"{PATH}?order=recently_changed"]),
        "recently changed, by kind": filtered(
            "kind", [kind.value for kind in KnowledgeKind], "&order=recently_changed"
        ),
        "recently changed, by category": filtered("category", inner, "&order=recently_changed"),
        "recently changed, by tag": filtered("tag", [*common, *rare], "&order=recently_changed"),
        "recently changed, by author": filtered("author", people, "&order=recently_changed"),
        "recently changed, by department": filtered("department", teams, "&order=recently_changed"),
        "recently changed, by language": filtered("language", ["zh", "en"], "&order=recently_changed"),
    }


async def _cursors(place: Place) -> list[str]:
    """Cursors from anywhere in the list of published items, sealed as kshare seals them."""
    key = CursorKey(SECRET.encode(), "knowledge_items", {}, "newest").value
    rows = await place.connection.fetch(
        "SELECT json_build_array(listed_at, id)::text AS keys FROM content WHERE state = 'published'"
        f" ORDER BY md5(id::text) LIMIT {VALUES}"
    )
    cursors = []
    for row in rows:
        payload = row["keys"].encode()
        raw = key[:6] + hashlib.sha256(key + payload).digest()[:8] + payload
        cursors.append(base64.urlsafe_b64encode(raw).decode().rstrip("="))
    return cursors


@dataclass(frozen=True)
class Timing:
    """What a list took, in seconds."""

    times: list[float]

    @property
    def median(self) -> float:
        return median(self.times)

    @property
    def p99(self) -> float:
        return quantiles(self.times, n=100)[98]


def one_by_one(load: Load, server: Server, name: str, asked: Iterable[tuple[str, str]], count: int) -> Timing:
    """What paths take that are asked for with these keys, one request after the other, in seconds."""
    requests = list(islice((http("GET", path, key) for path, key in asked), 200))
    load.keep(name, requests)
    load.run(name, server.port, count=max(WARM, len(requests)))
    return Timing(
        [time for at in range(0, count, CHUNK) for time in load.run(name, server.port, count=CHUNK, start=at).times]
    )


def _timed(load: Load, name: str, ports: Sequence[int], count: int, amount: int) -> list[Timing]:
    """One list on several servers, in turn by small chunks, so that a disturbance meets all of them alike; `amount`
    requests are different ones."""
    times: list[list[float]] = [[] for _ in ports]
    for port in ports:
        # Every value once: a database is measured as it runs, not as it starts.
        load.run(f"{name}@{port}", port, count=max(WARM, amount))
    for start in range(0, count, CHUNK):
        for port, found in zip(ports, times, strict=True):
            found += load.run(f"{name}@{port}", port, count=CHUNK, start=start).times
    return [Timing(found) for found in times]


async def measure(small: Place, large: Place, load: Load, report: Report, console: Console, *, count: int) -> Timing:
    """Adds the table of growth; the large database's page, for comparison with searches."""
    table = f"What {large.facts.items:,} items take, {small.facts.items:,} items = 1"
    asked = {place.server.port: await requests_of(place) for place in (small, large)}
    ports = list(asked)
    names = list(asked[large.server.port])
    pages: Timing | None = None
    for name in through(console, f"Measuring {count} requests for each list", names):
        for port in ports:
            load.keep(f"{name}@{port}", asked[port][name])
        before, after = _timed(load, name, ports, count, max(len(asked[port][name]) for port in ports))
        pages = pages or after
        median_detail = f"{before.median * 1000:.2f} ms, then {after.median * 1000:.2f} ms"
        report.add(table, f"{name}: median", after.median / before.median, most=MEDIAN, detail=median_detail)
        p99_detail = f"{before.p99 * 1000:.2f} ms, then {after.p99 * 1000:.2f} ms"
        report.add(table, f"{name}: p99", after.p99 / before.p99, most=P99, detail=p99_detail)
    assert pages is not None
    return pages
