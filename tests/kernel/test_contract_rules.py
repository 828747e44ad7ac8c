"""What api.md promises of every operation: versions, repeatable requests, pages, headers, limits, overload."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.access.world import World, fingerprint
from tests.conftest import CERTIFICATES, Actor, Company, Loop, cloned_database, found_company, live_server
from tests.kernel.problems import problem
from tests.sampling import operations, path_of, query_of, request_of

from kshare.edge.door import Operation

OPERATIONS = operations()
named = {"ids": lambda operation: operation.name}


@pytest.fixture(scope="module")
def world(postgres_url: str, loop: Loop) -> Iterator[World]:
    with cloned_database(postgres_url, loop) as url, live_server(url, loop) as server:
        yield World(found_company(server))


def perform(world: World, operation: Operation, ids: Callable[[str], str], **headers: str) -> httpx.Response:
    """As somebody who may: the administrator, or the owner for what only owners may do."""
    request = request_of(operation, ids)
    world.await_what(operation.name)
    request["headers"] = request.get("headers", {}) | headers
    response = world.company.admin.rest.request(**request)
    if response.status_code not in (403, 404, 409):
        return response
    owners = world.owner.rest.request(**request)
    return response if response.status_code == 409 and owners.status_code >= 400 else owners


def remembering(ids: Callable[[str], str]) -> Callable[[str], str]:
    """The same ids when a request is made again."""
    known: dict[str, str] = {}
    return lambda called: known.setdefault(called, "") or known.update({called: ids(called)}) or known[called]


# ---- versions -------------------------------------------------------------------------------------------------------

SINGLE = [o for o in OPERATIONS if o.method == "GET" and 304 in o.other_statuses]
GUARDED = [o for o in OPERATIONS if o.if_match == "required"]


@pytest.mark.parametrize("operation", SINGLE, **named)
def test_an_object_is_not_sent_twice(world: World, operation: Operation) -> None:
    first = perform(world, operation, world.one)
    assert first.status_code == 200, first.text
    tag = first.headers["etag"]
    assert tag.startswith('"')
    assert tag.endswith('"')
    for known in (tag, f'"x", {tag}', f"W/{tag}", "*"):
        again = perform(world, operation, world.one, **{"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    for unknown in ('"x"', tag[:-2] + '"', tag.strip('"')):
        assert perform(world, operation, world.one, **{"If-None-Match": unknown}).status_code == 200


@pytest.mark.parametrize("operation", GUARDED, **named)
def test_a_change_needs_the_version_it_changes(world: World, operation: Operation) -> None:
    ids = remembering(world.another)
    request_of(operation, ids)
    world.server.settle()
    before = fingerprint(world.server)
    request = request_of(operation, ids)
    request.pop("headers")
    refusals = [problem(actor.rest.request(**request)) for actor in (world.company.admin, world.owner)]
    assert "precondition_required" in [refusal["code"] for refusal in refusals]
    assert {refusal["code"] for refusal in refusals} <= {"precondition_required", "forbidden"}
    for stale in ('"999999"', '"0-abc"', '"x"', 'W/"1"', "1", '"1', ""):
        response = perform(world, operation, ids, **{"If-Match": stale})
        problem(response, "version_conflict")
        current = response.headers["etag"]
    assert fingerprint(world.server) == before
    # With what the refusal told the same request succeeds, unless the thing's state is against it.
    retried = perform(world, operation, ids, **{"If-Match": current})
    assert retried.status_code < 300 or retried.status_code in (409, 422), retried.text
    assert perform(world, operation, remembering(world.another), **{"If-Match": "*"}).status_code not in (412, 428)
    # Any tag of a list will do (RFC 9110, section 13.1.1); weak ones never do.
    another = remembering(world.another)
    current = perform(world, operation, another, **{"If-Match": '"x"'}).headers["etag"]
    for tags, enough in ((f'"x", W/{current}, "999999"', False), (f'"x","999999" , {current}', True)):
        assert (perform(world, operation, another, **{"If-Match": tags}).status_code != 412) is enough, tags


def test_the_etag_changes_with_what_is_shown(company: Company) -> None:
    item = company.employee.item()
    path = f"/knowledge-items/{item['id']}"
    first = company.colleague.rest.get(path).headers["etag"]
    assert company.colleague.rest.get(path, headers={"If-None-Match": first}).status_code == 304
    assert company.manager.rest.get(path).headers["etag"] != first  # may do other things with it
    company.colleague.rest.put(f"/content/{item['id']}/reactions/like")
    shown = company.colleague.rest.get(path, headers={"If-None-Match": first})
    assert (shown.status_code, shown.json()["counters"]["likes"]) == (200, 1)
    # A like is no edit: the older tag still names the version.
    assert company.employee.rest.patch(path, json={"title": "改"}, headers={"If-Match": first}).status_code == 200


def test_graphql_tells_a_conflict(company: Company) -> None:
    item = company.employee.item()
    change = """mutation($id: ID!, $version: Int!) { updateKnowledgeItem(id: $id, expectedVersion: $version,
      input: { title: "改" }) { version } }"""
    done = company.employee.data(change, id=item["id"], version=item["version"])["updateKnowledgeItem"]
    refused = company.employee.graphql(change, id=item["id"], version=item["version"])
    assert refused["data"] == {"updateKnowledgeItem": None}
    extensions = refused["errors"][0]["extensions"]
    assert (extensions["code"], extensions["status"]) == ("CONFLICT", 412)
    assert extensions["current_version"] == done["version"]
    assert company.employee.rest.get(f"/knowledge-items/{item['id']}").json()["version"] == done["version"]


def at_once(*tasks: Callable[[], Any]) -> list[Any]:
    """Runs the tasks as nearly at the same moment as threads can."""
    barrier = threading.Barrier(len(tasks))

    def run(task: Callable[[], Any]) -> Any:
        barrier.wait()
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def alone(company: Company, actor: Actor, method: str, path: str, **request: Any) -> httpx.Response:
    """On a connection of its own."""
    headers = {"Authorization": f"Bearer {actor.key}"} | request.pop("headers", {})
    return httpx.request(
        method, f"{company.server.url}/v1{path}", headers=headers, timeout=30, verify=CERTIFICATES, **request
    )


def test_of_two_writers_of_one_version_one_wins(company: Company) -> None:
    for _ in range(8):
        item = company.employee.item()
        path = f"/knowledge-items/{item['id']}"
        tag = company.employee.rest.get(path).headers["etag"]

        def write(title: str, path: str = path, tag: str = tag) -> Callable[[], httpx.Response]:
            actor = company.employee if title < "c" else company.manager
            return lambda: alone(company, actor, "PATCH", path, json={"title": title}, headers={"If-Match": tag})

        answers = at_once(*(write(title) for title in "abcd"))
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [200, 412, 412, 412]
        winner = next(answer for answer in answers if answer.status_code == 200).json()
        now = company.employee.rest.get(path).json()
        assert (now["title"], now["version"], now["revision"]) == (winner["title"], item["version"] + 1, 2)
        for answer in answers:
            if answer.status_code == 412:
                problem(answer, "version_conflict")
        revisions = company.server.sql("SELECT count(*) FROM content_revision WHERE content_id = $1", item["id"])
        assert revisions[0]["count"] == 2


# ---- repeatable requests --------------------------------------------------------------------------------------------

POSTS = [o for o in OPERATIONS if o.method == "POST"]


@pytest.mark.parametrize("operation", POSTS, **named)
def test_every_post_is_repeatable(world: World, operation: Operation) -> None:
    ids, key = remembering(world.another), uuid4().hex
    first = perform(world, operation, ids, **{"Idempotency-Key": key})
    if first.status_code >= 400:
        # What is refused is not kept, so that it can be corrected.
        again = perform(world, operation, ids, **{"Idempotency-Key": key})
        assert again.status_code == first.status_code
        assert "idempotent-replayed" not in again.headers
        return
    assert "idempotent-replayed" not in first.headers
    world.server.settle()
    before = fingerprint(world.server)
    again = perform(world, operation, ids, **{"Idempotency-Key": key})
    assert (again.status_code, again.headers.get("idempotent-replayed")) == (first.status_code, "true"), again.text
    for name in ("etag", "location", "content-type"):
        assert again.headers.get(name) == first.headers.get(name)
    if first.content:
        told, kept = first.json(), again.json()
        # Secrets are told once.
        assert {k: v for k, v in kept.items() if v is not None} == {k: told[k] for k in kept if kept[k] is not None}
    assert fingerprint(world.server) == before
    other = request_of(operation, ids)
    other.setdefault("headers", {})["Idempotency-Key"] = key
    if "json" in other:
        other["content"] = httpx.Request("POST", "http://x", json=other.pop("json")).content + b" "
        other["headers"]["Content-Type"] = "application/json"
        answers = [actor.rest.request(**other) for actor in (world.company.admin, world.owner)]
        assert "idempotency_mismatch" in [answer.json().get("code") for answer in answers if answer.content]


def create(company: Company, actor: Actor, key: str, **fields: Any) -> httpx.Response:
    body = {"kind": "sop", "title": "一次"} | fields
    return alone(company, actor, "POST", "/knowledge-items", json=body, headers={"Idempotency-Key": key})


def written(company: Company, title: str) -> int:
    count: int = company.server.sql("SELECT count(*) FROM content WHERE title = $1", title)[0]["count"]
    return count


def test_the_same_key_twice_at_once(company: Company) -> None:
    for _ in range(5):
        key, title = uuid4().hex, f"并发 {uuid4().hex}"
        answers = at_once(*[partial(create, company, company.employee, key, title=title)] * 6)
        assert written(company, title) == 1
        first = [a for a in answers if a.status_code == 201 and "idempotent-replayed" not in a.headers]
        assert len(first) == 1
        for answer in answers:
            if answer.status_code == 201:
                assert answer.json()["id"] == first[0].json()["id"]
            else:
                problem(answer, "idempotency_in_progress")
                assert int(answer.headers["retry-after"]) >= 1
        assert create(company, company.employee, key, title=title).headers["idempotent-replayed"] == "true"


def test_a_key_is_its_senders_own(company: Company) -> None:
    key, title = uuid4().hex, f"各自 {uuid4().hex}"
    ids = {create(company, actor, key, title=title).json()["id"] for actor in (company.employee, company.colleague)}
    assert len(ids) == written(company, title) == 2


def test_a_key_belongs_to_a_path(company: Company) -> None:
    key = uuid4().hex
    assert create(company, company.employee, key).status_code == 201
    item = company.employee.item(publish=False)
    published = company.employee.rest.post(f"/knowledge-items/{item['id']}/publish", headers={"Idempotency-Key": key})
    assert (published.status_code, "idempotent-replayed" in published.headers) == (200, False)


def test_what_was_refused_can_be_corrected_with_the_same_key(company: Company) -> None:
    key, title = uuid4().hex, f"改正 {uuid4().hex}"
    problem(create(company, company.employee, key, title=title, category_id=str(uuid4())), "invalid")
    assert written(company, title) == 0
    assert create(company, company.employee, key, title=title).status_code == 201
    problem(create(company, company.employee, key, title=title + "!"), "idempotency_mismatch")
    assert (written(company, title), written(company, title + "!")) == (1, 0)


def test_a_key_is_kept_for_a_day(company: Company) -> None:
    key, title = uuid4().hex, f"隔日 {uuid4().hex}"
    create(company, company.employee, key, title=title)
    age = "UPDATE idempotency SET created_at = created_at - $1::text::interval WHERE key = $2"
    company.server.sql(age, "23 hours", key)
    assert create(company, company.employee, key, title=title).headers["idempotent-replayed"] == "true"
    company.server.sql(age, "2 hours", key)
    assert "idempotent-replayed" not in create(company, company.employee, key, title=title).headers
    assert written(company, title) == 2


def test_keys_that_are_none(company: Company) -> None:
    for key in ("", "x" * 256):
        problem(create(company, company.employee, key), "invalid")
    assert create(company, company.employee, "x" * 255).status_code == 201


MAKE = "mutation($title: String!) { createKnowledgeItem(input: { kind: sop, title: $title }) { id title } }"


def mutate(company: Company, actor: Actor, key: str, title: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {actor.key}", "Idempotency-Key": key}
    body = {"query": MAKE, "variables": {"title": title}}
    answer: dict[str, Any] = httpx.post(f"{company.server.url}/graphql", json=body, headers=headers, timeout=30).json()
    return answer


def test_a_repeated_mutation_says_so_in_a_header_as_rest_does(company: Company) -> None:
    headers = {"Authorization": f"Bearer {company.employee.key}", "Idempotency-Key": uuid4().hex}
    body = {"query": MAKE, "variables": {"title": "一次"}}
    answers = [httpx.post(f"{company.server.url}/graphql", json=body, headers=headers, timeout=30) for _ in range(2)]
    assert [answer.headers.get("idempotent-replayed") for answer in answers] == [None, "true"]


def test_graphql_mutations_are_repeatable_too(company: Company) -> None:
    key, title = uuid4().hex, f"变更 {uuid4().hex}"
    first = mutate(company, company.employee, key, title)
    again = mutate(company, company.employee, key, title)
    assert again["data"] == first["data"]
    assert again["extensions"]["idempotentReplayed"] is True
    assert written(company, title) == 1
    other = mutate(company, company.employee, key, title + "!")
    assert "IDEMPOTENCY_MISMATCH" in str(other) or "idempotency_mismatch" in str(other)
    assert written(company, title + "!") == 0
    assert mutate(company, company.colleague, key, title)["data"] != first["data"]
    key, title = uuid4().hex, f"变更 {uuid4().hex}"
    answers = at_once(*[lambda: mutate(company, company.employee, key, title)] * 5)
    assert written(company, title) == 1
    assert len({str(answer["data"]) for answer in answers if answer.get("data")}) == 1


def test_a_repeated_mutation_tells_the_same_errors(company: Company) -> None:
    """One command of two fails on a rule that only the database keeps."""
    create = "createGroup(input: { name: $name }) { id }"
    query = f"mutation($name: String!) {{ a: {create} b: {create} }}"
    headers = {"Authorization": f"Bearer {company.admin.key}", "Idempotency-Key": uuid4().hex}
    body = {"query": query, "variables": {"name": f"小组 {uuid4().hex}"}}
    first, again = (
        httpx.post(f"{company.server.url}/graphql", json=body, headers=headers, timeout=30).json() for _ in range(2)
    )
    assert first["data"]["a"] and again["extensions"]["idempotentReplayed"] is True
    assert [error["extensions"]["code"] for error in first["errors"]] == ["ALREADY_EXISTS"]
    assert [error["extensions"] for error in again["errors"]] == [error["extensions"] for error in first["errors"]]


# ---- pages ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_a_walk_meets_everything_once_while_others_write(company: Company, limit: int) -> None:
    author = company.hire("多产", "rd")
    items = [author.item(title=f"第{n}条")["id"] for n in range(11)]
    met: list[str] = []
    url = f"/knowledge-items?author={author.id}&limit={limit}"
    for step in range(20):
        response = company.colleague.rest.get(url)
        page = response.json()
        met += [item["id"] for item in page["items"]]
        author.item(title=f"新 {step}")
        if page["next_cursor"] is None:
            assert "link" not in response.headers
            break
        assert len(page["items"]) == limit
        link = response.headers["link"]
        assert link.endswith('>; rel="next"')
        assert page["next_cursor"] in link
        url = str(httpx.URL(company.server.url).join(link[1 : link.index(">")]))
    assert met == items[::-1]


def test_a_graphql_walk_meets_everything_once(company: Company) -> None:
    author = company.hire("多产", "rd")
    items = [author.item(title=f"第{n}条")["id"] for n in range(7)]
    query = """query($author: ID!, $after: String) {
      knowledgeItems(filter: { author: $author }, first: 3, after: $after) {
      totalCount edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
    met: list[str] = []
    after = None
    for step in range(4):
        page = company.colleague.data(query, author=str(author.id), after=after)["knowledgeItems"]
        info = page["pageInfo"]
        assert page["totalCount"] == 7 + step
        assert (info["startCursor"], info["endCursor"]) == (page["edges"][0]["cursor"], page["edges"][-1]["cursor"])
        assert info["hasPreviousPage"] == (step > 0)
        met += [edge["node"]["id"] for edge in page["edges"]]
        after = info["endCursor"]
        if not info["hasNextPage"]:
            break
        author.item(title=f"新 {step}")
    assert met == items[::-1]


LISTS = [o for o in OPERATIONS if o.method == "GET" and o.query is not None and "cursor" in o.query.model_fields]


@pytest.mark.parametrize("operation", LISTS, **named)
def test_limits_of_pages(world: World, operation: Operation) -> None:
    path, required = path_of(operation, world.one), query_of(operation, world.one)
    for limit in (0, 101, -1, "x", "", "1.5"):
        errors = problem(world.company.admin.rest.get(path, params=required | {"limit": limit}), "invalid")["errors"]
        assert [error["pointer"] for error in errors] == ["?limit"]
    page = world.company.admin.rest.get(path, params=required | {"limit": 1}).json()
    assert {"items", "next_cursor"} <= set(page)
    assert len(page["items"]) <= 1


# ---- headers and methods --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.method == "GET"], **named)
def test_head_is_get_without_the_body(world: World, operation: Operation) -> None:
    request = request_of(operation, world.one)
    got = world.company.admin.rest.request(**request)
    head = world.company.admin.rest.request(**(request | {"method": "HEAD"}))
    assert (head.status_code, head.content) == (got.status_code, b"")
    same = ("content-type", "etag", "content-length", "link")
    assert {n: head.headers.get(n) for n in same} == {n: got.headers.get(n) for n in same}
    for response in (head, got):
        assert len(response.headers["x-request-id"]) >= 8
        assert "ratelimit" in response.headers
        assert "ratelimit-policy" in response.headers


def test_other_methods(world: World) -> None:
    by_path: dict[str, set[str]] = {}
    for operation in OPERATIONS:
        by_path.setdefault(operation.path, set()).add(operation.method)
    for path, methods in by_path.items():
        operation = next(o for o in OPERATIONS if o.path == path)
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} - methods:
            response = world.company.admin.rest.request(method, path_of(operation, world.one))
            allowed = {m.strip() for m in response.headers.get("allow", "").split(",")}
            # Another template may match the path, as /by-external-id does.
            if response.status_code != 405 and method == "GET":
                continue
            problem(response, "method_not_allowed")
            assert methods <= allowed, (method, path)
            assert ("HEAD" in allowed) == ("GET" in allowed), (method, path)


def test_the_callers_request_id_is_kept(company: Company) -> None:
    for path in ("/me", "/nothing"):
        response = company.employee.rest.get(path, headers={"X-Request-Id": "trace-0123456789"})
        assert response.headers["x-request-id"] == "trace-0123456789"
    problem(company.employee.rest.get("/nothing"), "not_found")
    refused = company.anonymous.get("/knowledge-items")
    problem(refused, "unauthenticated")
    assert refused.headers["www-authenticate"].startswith("Bearer")


def test_rate_limits(postgres_url: str, loop: Loop) -> None:
    with cloned_database(postgres_url, loop) as url, live_server(url, loop, rate_limit=20) as server:
        company = found_company(server)
        answers = [company.employee.rest.get("/knowledge-items") for _ in range(60)]
        refused = [answer for answer in answers if answer.status_code == 429]
        # A new minute may have begun between two of them.
        assert 18 <= len(refused) <= 41
        for answer in refused:
            problem(answer, "rate_limited")
            assert 0 < int(answer.headers["retry-after"]) <= 60
            assert ";r=0;" in answer.headers["ratelimit"]
        assert ";q=20;" in answers[0].headers["ratelimit-policy"]
        posted = company.employee.rest.post("/knowledge-items", json={"kind": "sop", "title": "限流"})
        assert posted.status_code in (429, 201)
        assert httpx.get(f"{server.url}/livez").status_code == 200
