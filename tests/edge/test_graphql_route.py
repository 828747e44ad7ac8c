"""The GraphQL door: the rules of GraphQL over HTTP, errors, persisted documents, event streams, pages.

The first part has the rules that the audits of the npm package `graphql-http` 1.23 check (all 61 pass, without a
warning), so that they stay kept where there is no npm.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from typing import Any

import orjson
import pytest
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, build_schema, get_introspection_query, parse
from graphql.execution import Executor
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.testclient import TestClient

from kshare.core.errors import DomainError, FieldError, invalid, unavailable
from kshare.edge.graphql_limits import Limits
from kshare.edge.graphql_route import GraphQLDoor, error_payload
from kshare.edge.graphql_route.negotiation import EVENTS, JSON, RESPONSE, negotiate
from kshare.edge.graphql_route.streams import events as stream_of
from kshare.edge.pages import STATIC, Page

SDL = """
type Query {
  hello(name: String! = "world"): String!
  card: Card
  cards(first: Int): [Card!]!
  whoami: String
  refused: String
  broken: String
  conflict: String
  database: String
  must: String!
  odd: Card
}
type Card { id: ID! title: String }
input Draft { title: String! size: Int }
type Mutation { write(draft: Draft!): Card }
type Subscription { ticks(to: Int! = 3, fail: Boolean = false): Int }
"""

CARD = orjson.Fragment(b'{"id":"1",\n "title":"\xe4\xbd\xa0\xe5\xa5\xbd"}')


class FragmentExecutor(Executor[None]):
    """Lets ready JSON through, as the application's own executor does."""

    def complete_value(self, return_type: Any, details: Any, info: Any, path: Any, result: Any, position: Any) -> Any:
        if type(result) is orjson.Fragment:
            return result
        return super().complete_value(return_type, details, info, path, result, position)


class Database(Exception):
    """An error that only `translate` knows."""


def make_schema() -> GraphQLSchema:
    schema = build_schema(SDL)
    assert schema.query_type
    assert schema.mutation_type
    assert schema.subscription_type

    def raising(error: Exception) -> Callable[..., object]:
        def resolve(*_: object) -> object:
            raise error

        return resolve

    query = schema.query_type.fields
    query["hello"].resolve = lambda _, info, name: f"Hello, {name}!"
    query["card"].resolve = lambda *_: CARD
    query["cards"].resolve = lambda _, info, first=1: [CARD] * min(first, 3)
    query["whoami"].resolve = lambda _, info: info.context["name"]
    query["refused"].resolve = raising(
        DomainError("invalid", "No.", [FieldError("/title", "missing", "Field required")], extra={"hint": 1})
    )
    query["broken"].resolve = raising(RuntimeError("password=hunter2"))
    query["conflict"].resolve = raising(DomainError("version_conflict"))
    query["database"].resolve = raising(Database("relation knowledge.article"))
    query["must"].resolve = lambda *_: None
    query["odd"].resolve = lambda *_: {"id": "1", "title": object()}
    schema.mutation_type.fields["write"].resolve = lambda _, info, draft: {"id": "9", "title": draft["title"]}

    async def ticks(_: object, info: object, to: int, fail: bool) -> AsyncIterator[dict[str, int]]:
        for tick in range(to):
            await asyncio.sleep(0.01)
            yield {"ticks": tick}
        if fail:
            raise RuntimeError("password=hunter2")

    schema.subscription_type.fields["ticks"].subscribe = ticks
    return schema


Runs = list[tuple[str, bool]]


def make_door(
    runs: Runs | None = None, schema: GraphQLSchema | None = None, **options: Any
) -> GraphQLDoor[dict[str, str]]:
    async def context(request: Request) -> dict[str, str]:
        match request.headers.get("authorization"):
            case "Bearer stranger":
                raise DomainError("unauthenticated", "Unknown key.")
            case "Bearer broken":
                raise RuntimeError("password=hunter2")
            case "Bearer away":
                raise Database
        return {"name": request.headers.get("authorization", "nobody")}

    async def run(
        context: dict[str, str], execute: Callable[[], Awaitable[ExecutionResult]], mutates: bool
    ) -> ExecutionResult:
        if runs is not None:
            runs.append((context["name"], mutates))
        if context["name"] == "Bearer twice":
            await execute()
        if context["name"] == "Bearer late":
            raise DomainError("conflict", "Somebody was faster.")
        return await execute()

    def translate(error: BaseException) -> DomainError | None:
        return unavailable("The database is away.") if isinstance(error, Database) else None

    chosen: dict[str, Any] = {"context": context, "run": run, "translate": translate, **options}
    return GraphQLDoor(schema or make_schema(), FragmentExecutor, **chosen)


def client_of(door: GraphQLDoor[Any]) -> TestClient:
    return TestClient(Starlette(routes=[Route("/graphql", door.__call__, methods=["GET", "POST"])]))


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(make_door()) as client:
        yield client


def post(client: TestClient, query: object = None, accept: str | None = RESPONSE, **members: Any) -> Any:
    headers = members.pop("headers", {})
    if query is not None:
        members["query"] = query
    # httpx sends "*/*" by itself; an empty list is the nearest to sending none.
    return client.post("/graphql", json=members, headers={"accept": "*/*" if accept is None else accept, **headers})


def codes(response: Any) -> list[str]:
    return [error["extensions"]["code"] for error in response.json()["errors"]]


# --- GraphQL over HTTP ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "accept, media_type",
    [
        (RESPONSE, RESPONSE),
        (JSON, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (f"{RESPONSE}, {JSON};q=0.9", RESPONSE),
        (f"{JSON}, {RESPONSE}", JSON),
        (f"{JSON};q=0.5, {RESPONSE};charset=utf-8;q=0.8", RESPONSE),
        (f"*/*;q=0.1, {RESPONSE}", RESPONSE),
        (f"{JSON};q=0, */*", RESPONSE),
        ("text/html", None),
        ("image/png", None),
        (f"{JSON};q=0", None),
        (f"{JSON};q=much", None),
        ("", None),
    ],
)
def test_the_media_type_is_what_the_client_prefers(client: TestClient, accept: str, media_type: str | None) -> None:
    response = post(client, "{ __typename }", accept)
    if media_type is None:
        assert response.status_code == 406
        assert response.headers["content-type"] == "application/problem+json"
    else:
        assert response.status_code == 200
        assert response.headers["content-type"] == f"{media_type}; charset=utf-8"
        assert response.json()["data"] == {"__typename": "Query"}
        assert response.headers["vary"] == "Accept"


def test_no_accept_header_means_json() -> None:
    sent = asyncio.run(exchange(make_door(), b'{"query": "{ __typename }"}', []))
    assert (b"content-type", b"application/json; charset=utf-8") in sent[0]["headers"]


@pytest.mark.parametrize(
    "content_type, status",
    [
        (JSON, 200),
        ("application/json; charset=utf-8", 200),
        ('Application/JSON; charset="UTF-8"', 200),
        ("application/json; charset=latin-1", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
    ],
)
def test_bodies_are_json_in_utf_8(client: TestClient, content_type: str, status: int) -> None:
    body = '{"query": "{ __type(name: \\"Run🏃Swim🏊\\") { name } }"}'.encode()
    assert client.post("/graphql", content=body, headers={"content-type": content_type}).status_code == status


@pytest.mark.parametrize("accept", [JSON, RESPONSE])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"NONSENSE",
        b'{ "not a JSON',
        b"[]",
        b'[{"query": "{ __typename }"}]',
        b"null",
        b'"{ __typename }"',
        b"{}",
        b'{"qeury": "{ __typename }"}',
        b'{"query": null}',
        b"[" * 100_000,
        b'{"query": "{ __typename }", "variables": ' + b'{"a":' * 100_000,
        b'{"query": "\\ud800"}',
        b'{"query": "\xff"}',
        b'{"documentId": "md5:1"}',
        b'{"documentId": "sha256:ABC"}',
        b'{"extensions": {"persistedQuery": {"version": 2}}}',
        b'{"extensions": {"persistedQuery": 1}}',
        *(
            orjson.dumps({"query": "{ __typename }", **{name: value}})
            for name in ("query", "operationName", "documentId")
            for value in ({"obj": "ect"}, 1, False, ["array"])
        ),
        *(
            orjson.dumps({"query": "{ __typename }", name: value})
            for name in ("variables", "extensions")
            for value in ("string", 1, False, ["array"])
        ),
    ],
)
def test_malformed_requests_are_400_for_everybody(client: TestClient, body: bytes, accept: str) -> None:
    response = client.post("/graphql", content=body, headers={"content-type": JSON, "accept": accept})
    assert response.status_code == 400
    assert response.headers["content-type"] == f"{accept}; charset=utf-8"
    assert "data" not in response.json()
    assert codes(response)[0] in ("BAD_REQUEST", "INVALID_JSON")


@pytest.mark.parametrize("accept", [JSON, RESPONSE])
@pytest.mark.parametrize("name", ["variables", "operationName", "extensions", "documentId"])
def test_null_is_the_same_as_absent(client: TestClient, name: str, accept: str) -> None:
    response = post(client, "{ __typename }", accept, **{name: None})
    assert response.status_code == 200
    assert "errors" not in response.json()


@pytest.mark.parametrize(
    "members, code",
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": ""}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ hello\0 }"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": '{ hello(name: "\\ud800") }'}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ 8f31403dfe404bccbb0e835f2629c6a7 }"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "type Query { a: Int }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query ($id: ID!) { __typename }", "variables": {"id": None}}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query ($n: String!) { hello(name: $n) }", "variables": {"n": None}}, "BAD_USER_INPUT"),
        ({"query": "query ($n: String!) { hello(name: $n) }"}, "BAD_USER_INPUT"),
        ({"query": "query ($n: Int) { cards(first: $n) { id } }", "variables": {"n": "x"}}, "BAD_USER_INPUT"),
        ({"query": "query A { hello } query B { hello }"}, "BAD_REQUEST"),
        ({"query": "query A { hello }", "operationName": "B"}, "BAD_REQUEST"),
        ({"query": "fragment f on Query { hello }"}, "GRAPHQL_VALIDATION_FAILED"),
    ],
)
def test_what_is_not_executed_is_200_only_for_old_clients(
    client: TestClient, members: dict[str, Any], code: str
) -> None:
    for accept, status in ((RESPONSE, 400), (JSON, 200)):
        response = post(client, accept=accept, **members)
        assert response.status_code == status
        assert "data" not in response.json()
        assert codes(response)[0] == code


def test_operations_are_chosen_by_name(client: TestClient) -> None:
    query = "query A { hello } query B { b: hello }"
    assert post(client, query, operationName="B").json()["data"] == {"b": "Hello, world!"}
    assert post(client, "query A { hello }", operationName="").json()["data"] == {"hello": "Hello, world!"}


def test_get_reads(client: TestClient) -> None:
    parameters = {"query": "query ($n: String!) { hello(name: $n) }", "variables": '{"n": "世界"}', "operationName": ""}
    for accept in (JSON, RESPONSE):
        response = client.get("/graphql", params=parameters, headers={"accept": accept})
        assert response.status_code == 200
        assert response.json()["data"] == {"hello": "Hello, 世界!"}


@pytest.mark.parametrize("accept", [JSON, RESPONSE])
def test_get_never_writes(client: TestClient, accept: str) -> None:
    query = 'mutation { write(draft: {title: "x"}) { id } }'
    response = client.get("/graphql", params={"query": query}, headers={"accept": accept})
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert codes(response) == ["METHOD_NOT_ALLOWED"]


@pytest.mark.parametrize(
    "query_string",
    [
        "",
        "query=",
        "variables={}",
        "query={hello}&variables={",
        "query={hello}&variables=[]",
        "query=%ff",
        "&".join("a=1" for _ in range(30)),
    ],
)
def test_malformed_addresses_are_400(client: TestClient, query_string: str) -> None:
    response = client.get("/graphql?" + query_string, headers={"accept": RESPONSE})
    assert response.status_code == 400


def test_introspection_by_standard_tools(client: TestClient) -> None:
    response = post(client, get_introspection_query(True, True, True, True, True))
    assert response.json()["data"]["__schema"]["queryType"]["name"] == "Query"


# --- errors ---------------------------------------------------------------------------------------------------


def test_data_with_errors_is_a_partial_success(client: TestClient) -> None:
    assert post(client, "{ hello refused }").status_code == 294
    assert post(client, "{ hello refused }", JSON).status_code == 200
    response = post(client, "{ must }")
    assert response.status_code == 294
    assert response.json()["data"] is None


def test_a_refusal_tells_everything(client: TestClient) -> None:
    response = post(client, "{ x: refused }", headers={"accept-language": "zh-CN,zh;q=0.9,en;q=0.8"})
    assert response.json()["errors"] == [
        {
            "message": "输入无效",
            "locations": [{"line": 1, "column": 3}],
            "path": ["x"],
            "extensions": {
                "code": "INVALID",
                "status": 422,
                "detail": "No.",
                "errors": [{"pointer": "/title", "code": "missing", "message": "缺少必填字段"}],
                "hint": 1,
            },
        }
    ]
    assert post(client, "{ refused }").json()["errors"][0]["message"] == "Invalid input"
    assert codes(post(client, "{ conflict }")) == ["CONFLICT"]


def test_the_unexpected_tells_nothing(client: TestClient, capsys: pytest.CaptureFixture[str]) -> None:
    for query in ("{ broken }", "{ must }", "{ odd { title } }"):
        response = post(client, query)
        assert codes(response) == ["INTERNAL"]
        assert "hunter2" not in response.text
        assert "object at" not in response.text
        assert response.json()["errors"][0]["extensions"]["request_id"]
    # Where it is logged to depends on whether logging has been configured in this process.
    assert "hunter2" in "".join(capsys.readouterr())


def test_database_errors_are_translated(client: TestClient) -> None:
    error = post(client, "{ hello database }").json()["errors"][0]
    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert error["path"] == ["database"]
    assert error["locations"] == [{"line": 1, "column": 9}]
    assert "relation" not in json.dumps(error)


@pytest.mark.parametrize("accept", [JSON, RESPONSE, EVENTS])
@pytest.mark.parametrize(
    "key, status, code",
    [("stranger", 401, "UNAUTHENTICATED"), ("away", 503, "UNAVAILABLE"), ("broken", 500, "INTERNAL")],
)
def test_who_may_not_ask_gets_the_status_of_it(
    client: TestClient, accept: str, key: str, status: int, code: str
) -> None:
    response = post(client, "{ nothing }", accept, headers={"authorization": f"Bearer {key}"})
    assert response.status_code == status
    assert codes(response) == [code]
    assert "data" not in response.json()
    assert "hunter2" not in response.text
    assert ("request_id" in response.json()["errors"][0]["extensions"]) == (status == 500), "what it is logged under"
    assert response.headers.get("www-authenticate", "").startswith("Bearer") == (status == 401)
    assert response.headers.get("retry-after") == ("2" if status == 503 else None)
    assert response.headers["content-type"].startswith(JSON if accept == JSON else RESPONSE)


def test_what_wraps_the_execution_can_refuse_and_repeat(client: TestClient) -> None:
    response = post(client, "{ hello }", headers={"authorization": "Bearer late"})
    assert response.status_code == 409
    assert codes(response) == ["CONFLICT"]
    response = post(client, "{ broken }", headers={"authorization": "Bearer twice"})
    assert codes(response) == ["INTERNAL"], "a repeated execution forgets the errors of the one before"


def test_run_is_told_about_mutations() -> None:
    runs: Runs = []
    with client_of(make_door(runs)) as client:
        assert post(client, "{ whoami }", headers={"authorization": "me"}).json()["data"] == {"whoami": "me"}
        query = "mutation ($d: Draft!) { write(draft: $d) { id title } }"
        assert post(client, query, variables={"d": {"title": "好"}}).json()["data"] == {
            "write": {"id": "9", "title": "好"}
        }
        assert codes(post(client, query, variables={"d": {"size": 1}})) == ["BAD_USER_INPUT"]
    assert runs == [("me", False), ("nobody", True)], "no transaction begins for input that is not coerced"


def test_errors_raised_by_the_library_keep_their_words() -> None:
    node = parse("{ a }").definitions[0]
    assert error_payload(GraphQLError("x", node), "en")["extensions"]["code"] == "INTERNAL"
    coded = GraphQLError("x" * 5_000, extensions={"code": "MINE"})
    assert error_payload(coded, "en") == {"message": "x" * 1_000, "extensions": {"code": "MINE"}}
    assert error_payload(GraphQLError("x", original_error=invalid("/a", "b", "c")), "zh")["message"] == "输入无效"


# --- documents ------------------------------------------------------------------------------------------------


def sha256(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()


def test_automatic_persisted_queries(client: TestClient) -> None:
    query = "{ persisted: hello }"
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": sha256(query)}}
    unknown = post(client, extensions=extensions)
    assert unknown.status_code == 404
    assert codes(unknown) == ["PERSISTED_QUERY_NOT_FOUND"]
    assert post(client, accept=JSON, extensions=extensions).status_code == 200
    assert post(client, "{ hello }", extensions=extensions).status_code == 400
    assert post(client, query, extensions=extensions).status_code == 200
    assert post(client, extensions=extensions).json()["data"] == {"persisted": "Hello, world!"}
    response = client.get("/graphql", params={"extensions": json.dumps(extensions)})
    assert response.json()["data"] == {"persisted": "Hello, world!"}
    assert post(client, documentId=f"sha256:{sha256(query)}").status_code == 200


def test_trusted_documents() -> None:
    query, other = "{ trusted: hello }", "{ hello }"
    with client_of(make_door(trusted={sha256(query): query}, trusted_only=True)) as client:
        assert post(client, documentId=f"sha256:{sha256(query)}").json()["data"] == {"trusted": "Hello, world!"}
        assert client.get(f"/graphql?documentId=sha256:{sha256(query)}").status_code == 200
        assert post(client, query).status_code == 200
        refused = post(client, other)
        assert refused.status_code == 403
        assert codes(refused) == ["PERSISTED_QUERY_ONLY"]
        assert codes(post(client, documentId=f"sha256:{sha256(other)}")) == ["PERSISTED_QUERY_NOT_FOUND"]
    with pytest.raises(ValueError, match="SHA-256"):
        make_door(trusted={sha256(query): other})


def test_the_cost_is_in_every_answer(client: TestClient) -> None:
    query = "query ($n: Int) { cards(first: $n) { id } }"
    for size in (3, 7, 3):
        response = post(client, query, variables={"n": size})
        assert response.json()["extensions"] == {"cost": {"requested": size, "limit": 20_000, "depth": 2}}
    response = post(client, query, variables={"n": 20_001})
    assert response.status_code == 422
    assert codes(response) == ["TOO_COMPLEX"]
    assert response.json()["extensions"]["cost"]["requested"] == 20_001
    assert post(client, query, JSON, variables={"n": 20_001}).status_code == 200
    assert codes(post(client, "{" + "i " * 100 + "}")) == ["TOO_COMPLEX"]


def test_the_cache_is_bounded_in_number_and_weight() -> None:
    door = make_door(cached_documents=3)
    with client_of(door) as client:
        for number in range(10):
            post(client, f"{{ a{number}: hello }}")
            post(client, f"{{ nothing{number} }}")
        assert len(door._documents.kept) == 3
    door = make_door(cached_bytes=20_000, limits=Limits(fields=5_000))
    with client_of(door) as client:
        for number in range(10):
            post(client, f"{{ a{number}: hello cards {{ {'id ' * 50} }} }}")
        assert len(door._documents.kept) == 1
        post(client, "{ " + "cards { " + "id " * 500 + "} }")
        assert len(door._documents.kept) == 1, "one that is too heavy alone is kept until the next one comes"
        for number in range(10):
            post(client, f"{{ a{number}: hello }}")
        assert door._documents.kept.used <= 20_000
        assert door._documents.kept.used == sum(weight for _, weight in door._documents.kept._kept.values())


# --- event streams --------------------------------------------------------------------------------------------


def events_of(text: str) -> list[tuple[str, Any]]:
    events = []
    for block in text.strip().split("\n\n"):
        name, _, data = block.partition("\n")
        events.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: ")) if data[5:] else None))
    return events


@pytest.mark.parametrize("accept", [EVENTS, f"{JSON}, {EVENTS};q=0.5"])
def test_a_subscription_is_a_stream_of_events(client: TestClient, accept: str) -> None:
    response = post(client, "subscription ($to: Int!) { ticks(to: $to) }", accept, variables={"to": 2})
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    events = events_of(response.text)
    assert [name for name, _ in events] == ["next", "next", "complete"]
    assert [payload["data"] for _, payload in events[:2]] == [{"ticks": 0}, {"ticks": 1}]
    assert events[0][1]["extensions"]["cost"]["depth"] == 1


def test_any_operation_can_be_a_stream(client: TestClient) -> None:
    response = client.get("/graphql", params={"query": "{ card { id title } }"}, headers={"accept": EVENTS})
    events = events_of(response.text)
    assert events[0][1]["data"] == {"card": {"id": "1", "title": "你好"}}, "line breaks of ready JSON are no events"
    assert [name for name, _ in events] == ["next", "complete"]


@pytest.mark.parametrize(
    "query, code",
    [
        ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
        ("subscription { ticks(to: 0, fail: true) }", "INTERNAL"),
    ],
)
def test_errors_of_a_stream_are_events(client: TestClient, query: str, code: str) -> None:
    response = post(client, query, EVENTS)
    assert response.status_code == 200
    events = events_of(response.text)
    assert [name for name, _ in events] == ["next", "complete"]
    assert events[0][1]["errors"][0]["extensions"]["code"] == code
    assert "data" not in events[0][1]
    assert "hunter2" not in response.text


def test_a_subscription_needs_a_stream(client: TestClient) -> None:
    for accept in (JSON, RESPONSE):
        response = post(client, "subscription { ticks }", accept)
        assert response.status_code == 406
        assert codes(response) == ["NOT_ACCEPTABLE"]


async def exchange(
    door: GraphQLDoor[Any], body: bytes, headers: list[tuple[bytes, bytes]], leave: asyncio.Event | None = None
) -> list[MutableMapping[str, Any]]:
    """One POST over bare ASGI; the client leaves when `leave` is set."""
    received = False
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        nonlocal received
        if not received:
            received = True
            return {"type": "http.request", "body": body, "more_body": False}
        await (leave or asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), *headers],
        "asgi": {"spec_version": "2.3"},
    }
    response = await door(Request(scope, receive))
    await response(scope, receive, send)
    return sent


def test_a_stream_ends_when_the_client_leaves() -> None:
    ended = asyncio.Event()
    waiting = asyncio.Event()

    async def endless(*_: object, **__: object) -> AsyncIterator[dict[str, int]]:
        try:
            yield {"ticks": 1}
            waiting.set()
            await asyncio.Event().wait()
        finally:
            ended.set()

    schema = make_schema()
    assert schema.subscription_type
    schema.subscription_type.fields["ticks"].subscribe = endless
    door = make_door(schema=schema, heartbeat=0.01)

    async def leaving() -> list[MutableMapping[str, Any]]:
        leave = asyncio.Event()
        body = b'{"query": "subscription { ticks }"}'
        running = asyncio.create_task(exchange(door, body, [(b"accept", EVENTS.encode())], leave))
        await asyncio.wait_for(waiting.wait(), 5)
        await asyncio.sleep(0.05)
        leave.set()
        sent = await asyncio.wait_for(running, 5)
        await asyncio.wait_for(ended.wait(), 5)
        return sent

    bodies = [message["body"] for message in asyncio.run(leaving()) if message["type"] == "http.response.body"]
    assert bodies[0].startswith(b"event: next\ndata: {")
    assert bodies.count(b":\n\n") >= 2, "silence is filled with heartbeats"


def test_a_slow_event_is_not_lost_to_a_heartbeat() -> None:
    async def slow() -> Any:
        await asyncio.sleep(0.05)
        yield b"1"

    async def collect() -> list[bytes]:
        return [part async for part in stream_of(slow(), 0.01)]

    parts = asyncio.run(collect())
    assert parts[-2:] == [b"event: next\ndata: 1\n\n", b"event: complete\ndata:\n\n"]
    assert set(parts[:-2]) == {b":\n\n"}


# --- pages ----------------------------------------------------------------------------------------------------


def test_browsers_get_a_page() -> None:
    browser = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    with client_of(make_door()) as client:
        response = client.get("/graphql", headers=browser)
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert "'unsafe-inline'" not in response.headers["content-security-policy"]
        assert client.post("/graphql", json={"query": "{ hello }"}, headers=browser).json()["data"]
    with client_of(make_door(explorer=None)) as client:
        assert client.get("/graphql?query={hello}", headers=browser).json()["data"]
        assert client.get("/graphql?query={hello}", headers={"accept": "text/html"}).status_code == 406


@pytest.mark.parametrize("name", ["graphiql.html", "docs.html"])
def test_pages_need_nothing_from_elsewhere(name: str) -> None:
    page = Page(STATIC / name)
    policy = page.headers["Content-Security-Policy"]
    assert policy.count("'sha256-") == 2
    html = page.html.decode()
    assert html.count("<script>") == html.count("<style>") == 1
    for forbidden in ("src=", "@import", "url(", "style=", "onclick=", "innerHTML", "<link", "eval("):
        assert not re.search(rf"(?<!\w){re.escape(forbidden)}", html)
    assert len(html.splitlines()) <= 400


@pytest.mark.parametrize(
    "accept, chosen",
    [
        ("text/html", "text/html"),
        ("text/html;q=0.5, application/json", JSON),
        ("text/html;q=1.5, application/json", JSON),
        ("*/*", JSON),
        (EVENTS, EVENTS),
    ],
)
def test_negotiation_with_a_page(accept: str, chosen: str) -> None:
    assert negotiate(accept, True).media_type == chosen
