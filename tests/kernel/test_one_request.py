"""What a single request may cost the process that answers it: nobody else waits for it, and nothing of it stays."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
import pytest
from tests.conftest import Company, Loop, cloned_database, found_company, live_server

from kshare.core.errors import DomainError
from kshare.core.paging import CursorKey
from kshare.core.reading import MOST_RENDERED, Statement, render
from kshare.edge.batch import MOST_LINES
from kshare.edge.graphql import context, executor
from kshare.edge.graphql.context import READS_AT_ONCE
from kshare.edge.reads import read_one

NDJSON = {"Content-Type": "application/x-ndjson"}


def test_a_refused_cursor_keeps_nothing_of_earlier_ones() -> None:
    key = CursorKey(b"secret", "list", {}, "newest")

    def frames() -> int:
        with pytest.raises(DomainError) as refused:
            key.keys("AAAA")
        return len(refused.traceback)

    assert frames() == frames() == frames()


@pytest.mark.parametrize("line", [b"x\n", b"{}\n", b'{"kind":"sop","title":"t"}\n'])
def test_ndjson_has_an_end(company: Company, line: bytes) -> None:
    before = company.server.sql("SELECT count(*) AS n FROM content")
    answer = company.employee.rest.post("/knowledge-items:batch", content=line * (MOST_LINES + 1), headers=NDJSON)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "too_long"), answer.text[:300]
    assert company.server.sql("SELECT count(*) AS n FROM content") == before


def test_others_are_served_while_a_batch_of_rubbish_is_refused(company: Company) -> None:
    body = b"x\n" * MOST_LINES
    with ThreadPoolExecutor(1) as thread:
        batch = thread.submit(company.colleague.rest.post, "/knowledge-items:batch", content=body, headers=NDJSON)
        served = 0
        while not batch.done():
            served += company.employee.rest.get("/me").status_code == 200
    assert batch.result().status_code == 207
    assert len(batch.result().text.splitlines()) == MOST_LINES
    assert served > 3


def test_batches_leave_connections_to_others(postgres_url: str, loop: Loop) -> None:
    with (
        cloned_database(postgres_url, loop) as url,
        live_server(url, loop, write_pool=2, pool_timeout=8) as server,
        ThreadPoolExecutor(1) as thread,
    ):
        company = found_company(server)
        name = f"id-{uuid4().hex}"

        def batch(external_id: str) -> Any:
            item = {"kind": "sop", "title": "一", "external_source": "x", "external_id": external_id}
            return company.employee.rest.post("/knowledge-items:batch", json={"items": [item]})

        async def held() -> Any:
            connection = await asyncpg.connect(url)
            await connection.execute("SELECT pg_advisory_lock(hashtextextended($1, 0))", f"knowledge_item/x/{name}")
            return connection

        holder = loop.run(held())
        first = thread.submit(batch, name)
        while not server.sql("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
            assert not first.done(), first.result().text
        second = batch("another")
        assert (second.status_code, second.headers["retry-after"]) == (503, "2")
        assert company.colleague.item()["title"]
        loop.run(holder.close())
        assert first.result().json()["items"][0]["status"] == 201
        assert batch("another").json()["items"][0]["status"] == 201


def test_a_text_is_rendered_once_and_a_long_one_aside(loop: Loop) -> None:
    rendered: list[tuple[int, bool]] = []

    def function(text: str) -> str:
        rendered.append((len(text), threading.current_thread() is loop.thread))
        return text.upper()

    paths = (("nodes", "a"), ("nodes", "b"))
    statement = Statement("", (), {}, tuple((path, function) for path in paths))
    long, short = "x" * 100_000, "y"
    body = orjson.dumps({"nodes": [{"a": long, "b": long}, {"a": short, "b": None}]})
    answer = orjson.loads(loop.run(render(statement, body)))
    assert answer == {"nodes": [{"a": long.upper(), "b": long.upper()}, {"a": "Y", "b": None}]}
    assert sorted(rendered) == [(1, True), (100_000, False)]


def test_an_answer_is_rendered_only_so_far(company: Company) -> None:
    tag = f"长文 {uuid4().hex[:8]}"
    for number in range(MOST_RENDERED // 200_000 + 1):
        company.employee.item(body=f"{number} " + "字" * 199_990, tags=[tag])
    query = "query($n: Int!, $t: String!) { knowledgeItems(first: $n, filter: {tag: $t}) { nodes { bodyHtml } } }"
    refused = company.employee.graphql(query, n=100, t=tag)
    assert refused["errors"][0]["extensions"]["code"] == "TOO_COMPLEX"
    assert len(company.employee.data(query, n=2, t=tag)["knowledgeItems"]["nodes"]) == 2


def test_a_difference_is_the_same_through_both_doors(company: Company) -> None:
    item = company.employee.item(body="一\n二\n三", summary="前")
    path = f"/knowledge-items/{item['id']}"
    changed = {"title": "改", "body": "一\n二二\n三", "summary": "后"}
    assert company.employee.rest.patch(path, json=changed, headers={"If-Match": '"1"'}).status_code == 200
    rest = company.employee.rest.get(f"{path}/diff?from=1&to=2").json()
    query = """query($id: ID!) { d: difference(contentId: $id, before: 1, after: 2) { __typename
      from_revision: fromRevision to_revision: toRevision from_title: fromTitle to_title: toTitle
      from_summary: fromSummary to_summary: toSummary
      hunks { from_line: fromLine to_line: toLine lines { op text } } } }"""
    found = company.employee.data(query, id=item["id"])["d"]
    assert found == {"__typename": "Difference", **rest}
    assert [line["op"] for line in rest["hunks"][0]["lines"]] == ["kept", "removed", "added", "kept"]
    for actor in (company.outsider, company.employee):
        hidden = actor.graphql(query.replace("after: 2", "after: 3"), id=item["id"])
        assert (hidden["data"], hidden["errors"][0]["extensions"]["code"]) == ({"d": None}, "NOT_FOUND")


def test_a_query_reads_few_of_its_fields_at_once(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    running: list[int] = [0]

    async def slowly(*arguments: Any) -> Any:
        running.append(running[-1] + 1)
        await asyncio.sleep(0.02)
        try:
            return await read_one(*arguments)
        finally:
            running.append(running[-1] - 1)

    monkeypatch.setattr(executor, "read_one", slowly)
    fields = " ".join(f'p{n}: person(id: "{company.hr.id}") {{ id }}' for n in range(20))
    found = company.employee.data(f"{{ {fields} }}")
    assert [one["id"] for one in found.values()] == [str(company.hr.id)] * 20
    assert 1 < max(running) <= READS_AT_ONCE


def test_an_answer_has_an_end(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "MOST_ANSWERED", 1_000)
    item = company.employee.item(body="长" * 100)
    once = "query($id: ID!) { knowledgeItem(id: $id) { body } }"
    assert company.employee.data(once, id=item["id"])["knowledgeItem"]["body"] == "长" * 100
    names = " ".join(f"a{n}: body" for n in range(10))
    refused = company.employee.graphql(f"query($id: ID!) {{ knowledgeItem(id: $id) {{ {names} }} }}", id=item["id"])
    assert refused["data"] == {"knowledgeItem": None}
    assert refused["errors"][0]["extensions"]["code"] == "TOO_COMPLEX"


@pytest.mark.parametrize("types", [["x"] * 700_000, [[]] * 700_000])
def test_variables_hold_only_so_much(company: Company, types: Any) -> None:
    refused = company.employee.graphql("query($t: [String!]) { events(types: $t) { nodes { id } } }", t=types)
    assert (refused["errors"][0]["extensions"]["code"], "data" in refused) == ("TOO_COMPLEX", False)
    fair = company.employee.graphql("query($t: [String!]) { events(types: $t) { nodes { id } } }", t=["x"] * 9_000)
    assert fair["errors"][0]["extensions"]["code"] == "INVALID"
