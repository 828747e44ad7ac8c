"""Table 1: how many requests a second kshare answers, relative to the bare application on the same data."""

from dataclasses import dataclass
from statistics import median
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from bench.load import Load, http
from bench.report import Report
from bench.seed import Seeded
from bench.servers import Server
from kshare.console import Console

TABLE = "Requests a second, bare application = 1"
CONNECTIONS = 8
COMPARED = 5
"""Requests of each kind whose answers are compared before anything is measured."""

BY_AUTHOR = "{ knowledgeItems(first: 20) { nodes { id title publishedAt author { id name } } } }"
WITH_COMMENTS = "{ knowledgeItems(first: 20) { nodes { id title comments(first: 3) { body author { name } } } } }"


class Unequal(Exception):
    """kshare and the bare application answer or store different things; the message shows both."""


@dataclass(frozen=True)
class Request:
    """One request, for either server."""

    method: str
    path: str
    key: str
    body: bytes | None = None

    def text(self) -> str:
        return http(self.method, self.path, self.key, self.body)

    def sent_to(self, server: Server) -> Any:
        return server.ask(self.method, self.path, self.key, self.body)


@dataclass(frozen=True)
class Case:
    """One row of the table."""

    what: str
    least: float
    requests: list[Request]
    status: int = 200


async def readable(
    connection: "asyncpg.Connection[asyncpg.Record]", amount: int, kind: str = "knowledge_item"
) -> list[UUID]:
    """Ids of published contents of a kind that everybody may read, from all over the table."""
    rows = await connection.fetch(
        "SELECT id FROM content WHERE kind = $1 AND state = 'published' AND classification <= 1"
        " AND audience = ARRAY['00000000-0000-7000-8000-000000000001'::uuid] ORDER BY md5(id::text) LIMIT $2",
        kind,
        amount,
    )
    return [row["id"] for row in rows]


async def read_cases(connection: "asyncpg.Connection[asyncpg.Record]", facts: Seeded) -> list[Case]:
    """What is read, by many people in turn."""
    keys = [key for key, _ in facts.keys]
    ids = await readable(connection, 1_000)

    def graphql(query: str) -> list[Request]:
        return [Request("POST", "/graphql", key, orjson.dumps({"query": query})) for key in keys]

    one = [Request("GET", f"/v1/knowledge-items/{id}", keys[n % len(keys)]) for n, id in enumerate(ids)]
    return [
        Case("REST page of 20 items with author", 0.50, [Request("GET", "/v1/knowledge-items", key) for key in keys]),
        Case("REST one item", 0.45, one),
        Case("GraphQL page of 20 with author", 0.35, graphql(BY_AUTHOR)),
        Case("GraphQL 20 items, each with 3 comments and their authors", 0.35, graphql(WITH_COMMENTS)),
    ]


async def write_case(connection: "asyncpg.Connection[asyncpg.Record]", facts: Seeded) -> Case:
    """What is written: items with texts from the seeded ones, by many people in turn."""
    rows = await connection.fetch("SELECT title, body FROM content WHERE language = 'zh' ORDER BY id LIMIT 500")
    requests = []
    for number, row in enumerate(rows):
        ask = {"kind": "sop", "title": row["title"], "body": row["body"], "publish": True}
        key, _ = facts.keys[number % len(facts.keys)]
        requests.append(Request("POST", "/v1/knowledge-items", key, orjson.dumps(ask)))
    return Case("POST one item", 0.30, requests, 201)


def compare_reads(case: Case, kshare: Server, bare: Server) -> None:
    """Raises Unequal unless both answer the same, apart from the cursor, which kshare seals, and the query's cost."""
    for request in case.requests[:COMPARED]:
        ours, theirs = request.sent_to(kshare), request.sent_to(bare)
        for answer in (ours, theirs):
            answer.pop("extensions", None)
            if "next_cursor" in answer:
                answer["next_cursor"] = bool(answer["next_cursor"])
        if ours != theirs:
            raise Unequal(f"{case.what}: kshare answers\n{_first(ours)}\nand the bare application\n{_first(theirs)}")


_STORED = """SELECT to_jsonb(c) AS content,
    (SELECT json_agg(to_jsonb(n) ORDER BY n.content_id) FROM content_counter n WHERE n.content_id = c.id) AS counters,
    (SELECT json_agg(to_jsonb(r) ORDER BY r.number) FROM content_revision r WHERE r.content_id = c.id) AS revisions,
    (SELECT json_agg(to_jsonb(j) ORDER BY j.number) FROM journal j WHERE j.content_id = c.id) AS journal
  FROM content c WHERE c.id = $1"""
_OWN = {"id", "content_id", "object_id", "created_at", "updated_at", "published_at", "listed_at", "number", "xid", "at"}
"""What differs from item to item: ids, times, numbers of the journal."""


async def compare_writes(
    case: Case, kshare: Server, bare: Server, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """Raises Unequal unless both answer the same and store the same rows, apart from ids and times."""
    for request in case.requests[:COMPARED]:
        answers = [request.sent_to(server) for server in (kshare, bare)]
        rows = [await connection.fetchrow(_STORED, UUID(answer["id"])) for answer in answers]
        stored = [{name: orjson.loads(part) for name, part in row.items()} for row in rows if row is not None]
        for what, (ours, theirs) in (("answer", answers), ("store", stored)):
            ours, theirs = _without_own(ours), _without_own(theirs)
            if ours != theirs:
                raise Unequal(f"{case.what}: {what}: kshare\n{_first(ours)}\nthe bare application\n{_first(theirs)}")


def _without_own(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_own(part) for name, part in value.items() if name not in _OWN}
    return [_without_own(part) for part in value] if isinstance(value, list) else value


def _first(answer: Any) -> str:
    return orjson.dumps(answer, option=orjson.OPT_SORT_KEYS).decode()[:3000]


def measure(cases: list[Case], kshare: Server, bare: Server, load: Load, report: Report, console: Console,
            *, rounds: int, seconds: float) -> None:  # fmt: skip
    """Both in turn, round after round; the ratio of each round, and of those the median."""
    with console.counted("Measuring against the bare application", len(cases) * rounds) as advance:
        for case in cases:
            load.keep(case.what, [request.text() for request in case.requests])
            ratios, rates = [], []
            for server in (bare, kshare):
                load.run(case.what, server.port, connections=CONNECTIONS, seconds=0.7, status=case.status)
            for number in range(rounds):
                rate = {}
                # Who comes first changes, since what slows the machine down comes and goes.
                for server in (bare, kshare) if number % 2 else (kshare, bare):
                    result = load.run(
                        case.what, server.port, connections=CONNECTIONS, seconds=seconds, status=case.status
                    )
                    rate[server.name] = result.rate
                ratios.append(rate[kshare.name] / rate[bare.name])
                rates.append((rate[bare.name], rate[kshare.name]))
                advance()
            bare_rate, kshare_rate = (median(column) for column in zip(*rates, strict=True))
            spread = f"rounds {min(ratios):.2f} to {max(ratios):.2f}"
            detail = f"bare {bare_rate:,.0f}/s, kshare {kshare_rate:,.0f}/s; {spread}"
            report.add(TABLE, case.what, median(ratios), least=case.least, detail=detail)
