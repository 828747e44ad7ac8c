"""One request, one transaction; one command, one savepoint: what fails leaves nothing, what succeeds stays."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import orjson
import pytest
from tests.access.world import fingerprint
from tests.conftest import Company, Loop, cloned_database, found_company, live_server
from tests.kernel.problems import problem

from kshare.core.errors import DomainError
from kshare.knowledge import commands

TWO = """mutation($a: CreateKnowledgeItemInput!, $b: CreateKnowledgeItemInput!) {
  a: createKnowledgeItem(input: $a) { id title } b: createKnowledgeItem(input: $b) { id title } }"""


def ask(title: str, **fields: Any) -> dict[str, Any]:
    return {"kind": "sop", "title": title} | fields


def rows(company: Company, title: str) -> int:
    """Everything that an item of this title consists of."""
    found = company.server.sql(
        "SELECT (SELECT count(*) FROM content WHERE title = $1)"
        " + (SELECT count(*) FROM content_revision WHERE title = $1)"
        " + (SELECT count(*) FROM tag WHERE name = $1) AS n", title,
    )  # fmt: skip
    count: int = found[0]["n"]
    return count


@pytest.fixture
def fails_after_flush(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A title whose creation fails when all of its rows have been sent to the database already."""
    title = f"半途 {uuid4().hex}"
    record = commands.tell

    def failing(work: Any, item: Any, *events: Any) -> None:
        record(work, item, *events)
        if item.title == title:
            raise DomainError("conflict", "On purpose.")

    monkeypatch.setattr(commands, "tell", failing)
    return title


@pytest.mark.parametrize("failing_first", [True, False])
def test_of_two_mutations_one_fails(company: Company, fails_after_flush: str, failing_first: bool) -> None:
    good, bad = f"成功 {uuid4().hex}", fails_after_flush
    asks = [ask(bad, tags=[bad], publish=True), ask(good)]
    a, b = asks if failing_first else asks[::-1]
    journal = "SELECT count(*) FROM journal WHERE actor_id = $1"
    before = company.server.sql(journal, company.employee.id)[0]["count"]
    answer = company.employee.graphql(TWO, a=a, b=b)
    failed, done = ("a", "b") if failing_first else ("b", "a")
    assert answer["data"][failed] is None
    assert answer["data"][done]["title"] == good
    assert [(e["path"], e["extensions"]["code"]) for e in answer["errors"]] == [([failed], "CONFLICT")]
    assert (rows(company, good), rows(company, bad)) == (2, 0)
    assert company.server.sql(journal, company.employee.id)[0]["count"] == before + 1
    found = company.employee.rest.get(f"/knowledge-items/{answer['data'][done]['id']}")
    assert found.json()["title"] == good


def test_a_failing_command_leaves_nothing_over_rest(company: Company, fails_after_flush: str) -> None:
    company.server.settle()
    before = fingerprint(company.server)
    body = ask(fails_after_flush, tags=[fails_after_flush], publish=True)
    problem(company.employee.rest.post("/knowledge-items", json=body), "conflict")
    assert fingerprint(company.server) == before


def test_an_unexpected_failure_takes_everything_back(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours is 500 without a word about it, and what was done before it is undone."""
    title = f"故障 {uuid4().hex}"

    def failing(*_: Any) -> None:
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr(commands, "tell", failing)
    company.server.settle()
    before = fingerprint(company.server)
    response = company.employee.rest.post("/knowledge-items", json=ask(title))
    assert (response.status_code, response.json()["code"]) == (500, "internal")
    assert response.json()["request_id"] == response.headers["x-request-id"]
    answer = company.employee.graphql(TWO, a=ask(title), b=ask(title))
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"INTERNAL"}
    assert "secret" not in response.text + str(answer)
    assert fingerprint(company.server) == before


def test_wrong_input_in_one_mutation_spares_its_sibling(company: Company) -> None:
    good = f"成功 {uuid4().hex}"
    answer = company.employee.graphql(TWO, a=ask(good), b=ask("x", category_id=str(uuid4())))
    # Names are camelCase in GraphQL, so this is refused as a whole, before anything happens.
    assert answer.get("data") is None
    assert rows(company, good) == 0
    answer = company.employee.graphql(TWO, a=ask(good), b=ask("x", categoryId=str(uuid4())))
    assert answer["data"]["a"]["title"] == good
    assert answer["data"]["b"] is None
    assert answer["errors"][0]["extensions"]["code"] == "INVALID"


def test_siblings_on_a_cold_pool(postgres_url: str, loop: Loop) -> None:
    """The very first requests of a process ask for several things at once, with few connections, all of them closed."""
    fields = " ".join(f"q{n}: knowledgeItems(first: 1) {{ totalCount nodes {{ id }} }}" for n in range(15))
    makes = " ".join(
        f'm{n}: createKnowledgeItem(input: {{ kind: sop, title: "{n}" }}) {{ id title }}' for n in range(15)
    )
    with cloned_database(postgres_url, loop) as url:
        for pools in ({"read_pool": 1, "write_pool": 1}, {"read_pool": 10, "write_pool": 6}):
            with live_server(url, loop, **pools) as server:
                made = found_company(server).employee.data(f"mutation {{ {makes} }}")
                assert [made[f"m{n}"]["title"] for n in range(15)] == [str(n) for n in range(15)]
            with live_server(url, loop, **pools) as server:
                read = found_company(server).employee.data(f"{{ {fields} }}")
                assert [read[f"q{n}"] for n in range(15)] == [{"totalCount": 0, "nodes": []}] * 15


# ---- batches --------------------------------------------------------------------------------------------------------


def test_a_batch_answers_item_by_item(company: Company, fails_after_flush: str) -> None:
    good = f"批量 {uuid4().hex}"
    items = [
        ask(good), ask("a\0"), ask(fails_after_flush), {"kind": "nothing", "title": "x"}, ask(good), 1, None,
        ask("x", external_source="s"), ask(good, audience=[str(uuid4())]),
    ]  # fmt: skip
    response = company.employee.rest.post("/knowledge-items:batch", json={"items": items})
    assert response.status_code == 207
    results = response.json()["items"]
    assert [r["index"] for r in results] == list(range(9))
    assert [r["status"] for r in results] == [201, 422, 409, 422, 201, 422, 422, 422, 422]
    for result in results:
        assert (result["problem"] is None) == (result["id"] is not None) == (result["status"] == 201)
        if result["problem"]:
            assert result["problem"]["status"] == result["status"]
            assert result["problem"]["code"]
    assert results[1]["problem"]["errors"][0]["pointer"] == "/title"
    assert (rows(company, good), rows(company, fails_after_flush)) == (4, 0)


def test_a_dry_run_changes_nothing(company: Company) -> None:
    company.server.settle()
    before = fingerprint(company.server)
    items = [ask(f"试 {n}", external_source="dry", external_id=str(n % 2), tags=[f"干{n}"]) for n in range(4)]
    url, key = "/knowledge-items:batch?dry_run=true", {"Idempotency-Key": uuid4().hex}
    response = company.employee.rest.post(url, json={"items": [*items, ask("")]}, headers=key)
    results = response.json()["items"]
    assert [(r["id"], r["status"]) for r in results] == [(None, s) for s in (201, 201, 200, 200, 422)]
    assert fingerprint(company.server) == before


def test_the_size_of_a_batch(company: Company) -> None:
    title = f"五百 {uuid4().hex}"
    full = company.employee.rest.post("/knowledge-items:batch", json={"items": [ask(title)] * 500}, timeout=120)
    assert full.status_code == 207
    assert {r["status"] for r in full.json()["items"]} == {201}
    assert rows(company, title) == 1000
    company.server.settle()
    before = fingerprint(company.server)
    for items in ([ask(title)] * 501, []):
        errors = problem(company.employee.rest.post("/knowledge-items:batch", json={"items": items}), "invalid")[
            "errors"
        ]
        assert errors[0]["pointer"] == "/items"
    assert fingerprint(company.server) == before


def test_a_batch_as_lines(company: Company) -> None:
    title = f"逐行 {uuid4().hex}"
    lines = [orjson.dumps(ask(title, external_source="nd", external_id=f"{title}/{n}")) for n in range(600)]
    lines[7] = b"{broken"
    send = {
        "content": b"\r\n".join(lines),
        "headers": {"Content-Type": "application/x-ndjson", "Idempotency-Key": title[-30:]},
    }
    response = company.employee.rest.post("/knowledge-items:batch", **send, timeout=120)
    assert (response.status_code, response.headers["content-type"]) == (207, "application/x-ndjson")
    results = [orjson.loads(line) for line in response.content.splitlines()]
    assert [r["status"] for r in results] == [201] * 7 + [400] + [201] * 592
    assert results[7]["problem"]["code"] == "invalid_json"
    company.server.settle()
    before = fingerprint(company.server)
    again = company.employee.rest.post("/knowledge-items:batch", **send)
    assert (again.content, again.headers["idempotent-replayed"]) == (response.content, "true")
    assert fingerprint(company.server) == before
    send["headers"] = {"Content-Type": "application/x-ndjson"}
    updated = company.employee.rest.post("/knowledge-items:batch", **send, timeout=120)
    assert [orjson.loads(line)["status"] for line in updated.content.splitlines()] == [200] * 7 + [400] + [200] * 592
    items = "SELECT count(*), max(version) FROM content WHERE title = $1"
    assert tuple(company.server.sql(items, title)[0]) == (599, 1)
