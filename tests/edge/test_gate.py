"""What the gate promises of every request and every answer, through ASGI and through a real Uvicorn."""

import asyncio
import contextlib
import http.client
import io
import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
import structlog
import uvicorn
from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import REGISTRY
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from kshare.core.errors import DomainError
from kshare.core.settings import Settings, SettingsError
from kshare.edge.gate import Exchange, Gate, exchange_of
from kshare.edge.problems import install_problem_handlers
from kshare.edge.rates import FAILED_SIGN_IN, RateLimiter, Rates
from kshare.edge.telemetry import (
    LineWriter,
    configure_logging,
    configure_tracing,
    flush_logs,
    json_bytes,
    metrics_response,
    span,
    stop_tracing,
    tracing,
)

KEY = {"authorization": "Bearer ksk_right"}
WRONG = {"authorization": "Bearer ksk_wrong"}


def make_app() -> FastAPI:
    app = FastAPI()
    router = APIRouter()

    @router.get("/ideas/{idea_id}")
    async def read(idea_id: str) -> dict[str, str]:
        return {"id": idea_id}

    @router.get("/me")
    async def me(request: Request) -> dict[str, str | None]:
        sent = request.headers.get("authorization")
        if sent != KEY["authorization"]:
            raise DomainError("unauthenticated")
        exchange_of(request.scope).principal_label = "person:7"
        return {"name": "Li"}

    @router.post("/echo")
    async def echo(request: Request) -> int:
        return len(await request.body())

    @router.get("/kept")
    async def kept() -> Response:
        return Response("x", headers={"cache-control": "max-age=60", "etag": '"1"'})

    @router.get("/bug")
    async def bug() -> None:
        raise RuntimeError("SELECT password")

    @router.get("/late-bug")
    async def late_bug() -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            yield b"a"
            raise RuntimeError("SELECT password")

        return StreamingResponse(body())

    @router.get("/events")
    async def events() -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            while True:
                yield b"data: 1\n\n"
                await asyncio.sleep(0.01)

        return StreamingResponse(body(), media_type="text/event-stream")

    @app.get("/livez")
    async def livez() -> str:
        return "ok"

    @app.get("/metrics")
    async def metrics() -> Response:
        return metrics_response()

    app.include_router(router, prefix="/v1")
    install_problem_handlers(app)
    return app


def gated(app: Any = None, *, requests: int = 6000, failures: int = 60, **limits: Any) -> Gate:
    rates = Rates(  # in a minute that never ends
        RateLimiter("default", requests, clock=lambda: 6000.0),
        RateLimiter(FAILED_SIGN_IN, failures, clock=lambda: 6000.0),
    )
    return Gate(app or make_app(), rates, **limits)


def ask(gate: Gate, method: str, path: str, **request: Any) -> httpx.Response:
    return asyncio.run(ask_all(gate, [(method, path, request)]))[0]


async def ask_all(gate: Gate, requests: list[tuple[str, str, dict[str, Any]]]) -> list[httpx.Response]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(gate), base_url="http://kshare") as client:
        return [await client.request(method, path, **request) for method, path, request in requests]


def assert_problem(answer: httpx.Response, code: str) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    assert body["status"] == answer.status_code
    assert body["request_id"] == answer.headers["x-request-id"]
    return body


@pytest.fixture(autouse=True)
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The JSON log lines so far."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.BytesIO()
    configure_logging(Settings(_env_file=None), stream)

    def read() -> list[dict[str, Any]]:
        flush_logs()
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    yield read
    flush_logs()
    structlog.reset_defaults()
    configure_logging(Settings(_env_file=None))
    structlog.reset_defaults()
    root.handlers, root.level = handlers, level


# --- every answer ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "/v1/ideas/1", 200),
        ("GET", "/nowhere", 404),
        ("DELETE", "/v1/ideas/1", 405),
        ("GET", "/v1/me", 401),
        ("GET", "/v1/bug", 500),
        ("POST", "/v1/echo?" + "x" * 9000, 414),
        ("GET", "/livez", 200),
    ],
)
def test_every_answer_has_our_headers(method: str, path: str, status: int) -> None:
    answer = ask(gated(), method, path)
    assert answer.status_code == status
    assert answer.headers["ratelimit-policy"] == '"default";q=6000;w=60, "failed-sign-in";q=60;w=60'
    assert answer.headers["ratelimit"].startswith('"default";r=')
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert len(answer.headers["x-request-id"]) == 36
    if status >= 400:
        assert "SELECT" not in answer.text
        assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_a_route_may_say_how_long_its_answer_keeps() -> None:
    assert ask(gated(), "GET", "/v1/kept").headers.get_list("cache-control") == ["max-age=60"]


@pytest.mark.parametrize(
    "sent, taken",
    [
        ("job-2026.11_a", True),
        ("short", False),
        ("x" * 64, True),
        ("x" * 65, False),
        ("with space", False),
        ("<script>x", False),
        ("trailing\t", False),
    ],
)
def test_a_sane_request_id_is_taken(sent: str, taken: bool) -> None:
    answer = ask(gated(), "GET", "/v1/ideas/1", headers={"x-request-id": sent})
    assert (answer.headers["x-request-id"] == sent) is taken


# --- limits of size and form ----------------------------------------------------------------------------------


def test_a_body_over_the_limit_is_refused_by_its_length() -> None:
    gate = gated(max_body=1000)
    assert ask(gate, "POST", "/v1/echo", content=b"x" * 1000).json() == 1000
    answer = ask(gate, "POST", "/v1/echo", content=b"x" * 1001)
    assert_problem(answer, "too_large")
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("length", [b"1001", b"9" * 5000, b"-1", b"x"])
def test_a_body_over_the_limit_is_refused_unread(length: bytes) -> None:
    async def never() -> Message:
        raise AssertionError("the body was read")

    messages = asyncio.run(raw(gated(max_body=1000), receive=never, headers=[(b"content-length", length)]))
    assert messages[0]["status"] == 413


async def chunks(count: int, size: int = 600) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * size


def test_a_body_of_no_stated_length_is_counted() -> None:
    gate = gated(max_body=1000)
    assert ask(gate, "POST", "/v1/echo", content=chunks(1)).json() == 600
    assert_problem(ask(gate, "POST", "/v1/echo", content=chunks(2)), "too_large")
    assert_problem(ask(gate, "POST", "/v1/echo", content=chunks(500)), "too_large")


def test_a_body_too_large_ends_an_answer_that_has_begun() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while (message := await receive())["type"] == "http.request":
            await send({"type": "http.response.body", "body": b"%d," % len(message["body"]), "more_body": True})
        await send({"type": "http.response.body"})

    answer = ask(gated(app, max_body=1000), "POST", "/", content=chunks(50, 100))
    assert (answer.status_code, answer.text) == (200, "100," * 10)


def test_a_body_that_does_not_come_is_refused() -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.sleep(5)
        yield b"x"

    gate = gated(body_within=0.2)
    answer = ask(gate, "POST", "/v1/echo", content=slow())
    assert "0.2 seconds" in assert_problem(answer, "bad_request")["detail"]
    assert answer.headers["connection"] == "close"
    assert (gate.running, gate.held) == (0, 0)


def test_those_whose_body_is_on_its_way_take_nobodys_place() -> None:
    gate, sent = gated(max_running=2), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"x"
        await sent.wait()
        yield b"x"

    async def all_at_once() -> None:
        many = [asyncio.create_task(ask_all(gate, [("POST", "/v1/echo", {"content": slow()})])) for _ in range(20)]
        while gate.held < len(many):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert gate.running == 0
        [meanwhile] = await ask_all(gate, [("GET", "/v1/ideas/1", {})])
        assert meanwhile.status_code == 200
        sent.set()
        assert [answer.json() for [answer] in await asyncio.gather(*many)] == [2] * len(many)

    asyncio.run(all_at_once())
    assert (gate.running, gate.held) == (0, 0)


def test_a_stream_without_room_takes_no_other_place() -> None:
    async def run() -> None:
        gate = gated(max_running=2, max_streams=1)
        left, started = asyncio.Event(), asyncio.Event()
        stream = asyncio.create_task(raw(gate, path="/v1/events", left=left, started=started))
        await started.wait()
        refused = await raw(gate, path="/v1/events", left=asyncio.Event())
        assert refused[0]["status"] == 503
        assert (gate.running, gate.streams) == (0, 1)
        left.set()
        await stream
        assert (gate.running, gate.streams, gate.streams_of) == (0, 0, {})

    asyncio.run(run())


def test_one_caller_cannot_have_all_streams() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        exchange_of(scope).principal_label = f"person:{scope['path']}"
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while (await receive())["type"] != "http.disconnect":
            pass

    async def run() -> None:
        gate, left = gated(app, max_streams=20), asyncio.Event()
        mine = [asyncio.create_task(raw(gate, path="/mine", left=left)) for _ in range(3)]
        await asyncio.sleep(0.05)
        assert gate.streams_of == {"person:/mine": 2}
        others = asyncio.create_task(raw(gate, path="/others", left=left))
        await asyncio.sleep(0.05)
        assert (gate.running, gate.streams) == (0, 3)
        left.set()
        statuses = [messages[0]["status"] for messages in await asyncio.gather(*mine, others)]
        assert sorted(statuses) == [200, 200, 200, 429]
        assert (gate.streams, gate.streams_of) == (0, {})

    asyncio.run(run())


def test_a_stream_whose_request_has_an_unsent_body_is_counted_once() -> None:
    async def run() -> None:
        gate = gated(max_running=2, max_streams=2)
        left, started = asyncio.Event(), asyncio.Event()
        headers = [(b"content-length", b"100")]
        task = asyncio.create_task(raw(gate, path="/v1/events", headers=headers, left=left, started=started))
        await started.wait()
        left.set()
        await task
        assert (gate.running, gate.streams, gate.held) == (0, 0, 0)

    asyncio.run(run())


def test_only_so_many_bytes_are_held_at_once() -> None:
    gate = gated(max_body=1000)
    gate.max_held = 3000
    full = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"x" * 990
        await full.wait()
        yield b"x"

    async def all_at_once() -> None:
        three = [asyncio.create_task(ask_all(gate, [("POST", "/v1/echo", {"content": slow()})])) for _ in range(3)]
        while gate.held < 2970:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        [refused] = await ask_all(gate, [("POST", "/v1/echo", {"content": b"x" * 990})])
        assert_problem(refused, "unavailable")
        assert refused.headers["retry-after"] == "1"
        full.set()
        assert [answer.json() for [answer] in await asyncio.gather(*three)] == [991] * 3

    asyncio.run(all_at_once())
    assert gate.held == 0


@pytest.mark.parametrize(
    "path, code",
    [
        ("/v1/ideas/" + "x" * 8200, "uri_too_long"),
        ("/v1/ideas/%00", "bad_request"),
        ("/v1/ideas/a%00b", "bad_request"),
        ("/v1/ideas/%ff%fe", "bad_request"),
        ("/v1/ideas/%ED%A0%80", "bad_request"),
    ],
)
def test_addresses_that_cannot_be(path: str, code: str) -> None:
    assert_problem(ask(gated(), "GET", path), code)


@pytest.mark.parametrize("path", ["/v1/ideas/%zz", "/v1/ideas/%", "/v1/ideas/100%25", "/v1/ideas/%E4%B8%AD"])
def test_addresses_that_are_merely_odd(path: str) -> None:
    assert ask(gated(), "GET", path).status_code == 200


def test_headers_over_the_limit() -> None:
    assert_problem(ask(gated(), "GET", "/v1/ideas/1", headers={"x-much": "x" * 33_000}), "headers_too_large")


# --- rates ----------------------------------------------------------------------------------------------------


def test_the_rate_limit_counts_down_to_429() -> None:
    gate = gated(requests=3)
    answers = asyncio.run(ask_all(gate, [("GET", "/v1/ideas/1", {})] * 5))
    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers] == ["r=2", "r=1", "r=0", "r=0", "r=0"]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert_problem(answers[3], "rate_limited")
    assert 1 <= int(answers[3].headers["retry-after"]) <= 60
    assert ask(gate, "GET", "/livez").status_code == 200, "watchdogs are never refused"


def test_who_has_signed_in_is_counted_alone() -> None:
    gate = gated(requests=3)
    signed_in = ("GET", "/v1/me", {"headers": KEY})
    stranger = ("GET", "/v1/ideas/1", {})
    answers = asyncio.run(ask_all(gate, [signed_in, stranger, stranger, stranger, signed_in, signed_in]))
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 200, 200]


def test_guessing_keys_is_slow() -> None:
    gate = gated(failures=3)
    guess = ("GET", "/v1/me", {"headers": WRONG})
    signed_in = ("GET", "/v1/me", {"headers": KEY})
    answers = asyncio.run(ask_all(gate, [signed_in, *[guess] * 5, signed_in, ("GET", "/v1/me", {})]))
    assert [answer.status_code for answer in answers] == [200, 401, 401, 401, 429, 429, 200, 401]
    assert answers[4].headers["ratelimit"].startswith('"failed-sign-in";r=0;t=')
    assert "retry-after" in answers[4].headers


@pytest.mark.parametrize("problem, status", [("unauthenticated", 200), (None, 401)])
def test_a_guess_is_a_guess_through_any_door(problem: str | None, status: int) -> None:
    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        exchange_of(scope).problem = problem  # GraphQL answers 200 and says so in its errors
        await Response("no", status)(scope, receive, send)

    answers = asyncio.run(ask_all(gated(door, failures=1), [("POST", "/graphql", {"headers": WRONG})] * 2))
    assert [answer.status_code for answer in answers] == [status, 429]


def test_anonymous_401s_are_no_guesses() -> None:
    answers = asyncio.run(ask_all(gated(failures=1), [("GET", "/v1/me", {})] * 5))
    assert {answer.status_code for answer in answers} == {401}


# --- load -----------------------------------------------------------------------------------------------------


def test_overload_is_refused_at_once() -> None:
    async def run() -> None:
        released = asyncio.Event()

        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            await released.wait()
            await Response("done")(scope, receive, send)

        gate = gated(slow, max_running=2)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(gate), base_url="http://kshare") as client:
            waiting = [asyncio.create_task(client.get("/a")) for _ in range(2)]
            await asyncio.sleep(0.05)
            started = time.perf_counter()
            refused = await client.get("/a")
            assert time.perf_counter() - started < 1
            assert_problem(refused, "unavailable")
            assert refused.headers["retry-after"] == "1"
            assert gate.running == 2
            released.set()
            assert [(await answer).status_code for answer in waiting] == [200, 200]
            assert (await client.get("/a")).status_code == 200
            assert gate.running == 0

    asyncio.run(run())


@pytest.mark.parametrize("accept", [b"text/event-stream", b"*/*"])
def test_streams_have_a_limit_of_their_own(accept: bytes) -> None:
    async def run() -> None:
        gate = gated(max_running=1, max_streams=1)
        left, started = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(
            raw(gate, path="/v1/events", headers=[(b"accept", accept)], left=left, started=started)
        )
        await started.wait()
        assert (gate.running, gate.streams) == (0, 1)
        answers = await ask_all(
            gate,
            [("GET", "/v1/ideas/1", {}), ("GET", "/v1/events", {"headers": {"accept": "text/event-stream"}})],
        )
        assert answers[0].status_code == 200
        assert_problem(answers[1], "unavailable")
        left.set()
        await task
        assert (gate.running, gate.streams) == (0, 0)

    asyncio.run(run())


# --- the odd ones ---------------------------------------------------------------------------------------------


async def raw(
    gate: Gate,
    *,
    path: str = "/v1/echo",
    method: str = "POST",
    headers: list[tuple[bytes, bytes]] | None = None,
    receive: Receive | None = None,
    left: asyncio.Event | None = None,
    started: asyncio.Event | None = None,
) -> list[Message]:
    """The messages of one request, bare; the client sends nothing and leaves when `left` is set."""
    method = "GET" if path == "/v1/events" else method
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers or [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    messages: list[Message] = []

    async def leave() -> Message:
        if left is not None:
            await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        messages.append(message)
        if started is not None:
            started.set()

    await gate(scope, receive or leave, send)
    return messages


@pytest.mark.parametrize("path", ["/v1/ideas/1", "/v1/events"])
def test_head_is_get_without_the_body(path: str) -> None:
    gate = gated()
    with serving(gate) as base, httpx.Client() as client:
        answer = client.head(base + path, timeout=5)
        assert eventually(lambda: (gate.running, gate.streams) == (0, 0)), "though the connection is kept"
        assert answer.status_code == 200
        assert answer.content == b""
        if path == "/v1/ideas/1":
            assert answer.headers["content-length"] == str(len(httpx.get(base + path).content))


def test_a_websocket_is_closed() -> None:
    async def run() -> None:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "websocket.connect"}

        async def send(message: Message) -> None:
            sent.append(message)

        await gated()({"type": "websocket", "path": "/", "headers": []}, receive, send)
        assert [message["type"] for message in sent] == ["websocket.close"]

    asyncio.run(run())


def test_the_lifespan_passes() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def nothing(*_: Any) -> Any:
        return None

    asyncio.run(gated(app)({"type": "lifespan"}, nothing, nothing))
    assert seen == ["lifespan"]


@pytest.mark.parametrize(
    "error, code", [(RuntimeError("SELECT"), "internal"), (DomainError("conflict"), "conflict"), (None, "internal")]
)
def test_what_a_bare_app_raises_or_forgets_is_answered(error: Exception | None, code: str) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if error is not None:
            raise error

    assert_problem(ask(gated(app), "GET", "/"), code)


# --- a real server --------------------------------------------------------------------------------------------


def eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


@contextlib.contextmanager
def serving(gate: Gate) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(gate, port=0, log_config=None, access_log=False, ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


def test_uvicorn_closes_after_a_body_over_the_limit() -> None:
    with serving(gated(max_body=1000)) as base:
        connection = http.client.HTTPConnection(base.removeprefix("http://"))
        connection.putrequest("POST", "/v1/echo")
        connection.putheader("content-length", "1000000")
        connection.endheaders()  # and no body at all: the answer must not wait for it
        answer = connection.getresponse()
        assert answer.status == 413
        assert answer.getheader("connection") == "close"
        assert json.loads(answer.read())["code"] == "too_large"

        host, port = base.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as client:
            head = b"POST /v1/echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
            client.sendall(head + b"258\r\n" + b"x" * 0x258 + b"\r\n258\r\n" + b"x" * 0x258 + b"\r\n")  # and no end
            assert client.recv(100).startswith(b"HTTP/1.1 413")


def test_an_answer_that_breaks_off_is_seen_to(lines: Callable[[], list[dict[str, Any]]]) -> None:
    with serving(gated()) as base, pytest.raises(httpx.RemoteProtocolError):
        httpx.get(base + "/v1/late-bug")
    logged = [line for line in lines() if "exception" in line]
    assert len(logged) == 1
    assert "late_bug" in logged[0]["exception"] or "body" in logged[0]["exception"]


def test_a_client_that_leaves_is_no_error(lines: Callable[[], list[dict[str, Any]]]) -> None:
    def requests() -> list[tuple[str, int]]:
        return [(line["path"], line["status"]) for line in lines() if line["event"] == "request"]

    with serving(gated()) as base:
        host, port = base.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as client:
            client.sendall(b"POST /v1/echo HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc")
            time.sleep(0.1)  # so that it has begun to read
        assert eventually(lambda: len(requests()) == 1)
        with socket.create_connection((host, int(port))) as client:
            client.sendall(b"GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n")
            client.recv(100)
        assert eventually(lambda: len(requests()) == 2)
    assert requests() == [("/v1/echo", 499), ("/v1/events", 200)]
    # A server of an earlier test that is still ending may miss its database.
    bad = {line["event"] for line in lines() if line["level"] in ("warning", "error")}
    assert bad <= {"not_listening"}


def test_a_server_may_say_by_an_error_that_the_client_left(lines: Callable[[], list[dict[str, Any]]]) -> None:
    async def gone(message: Message) -> None:
        raise BrokenPipeError

    async def empty() -> Message:
        return {"type": "http.request"}

    for path in ("/v1/ideas/1", "/v1/events", "/nowhere"):
        scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [], "http_version": "2"}
        asyncio.run(gated()({**scope, "asgi": {"spec_version": "2.4"}, "scheme": "http"}, empty, gone))
    assert [line["event"] for line in lines()] == ["request"] * 3


# --- the log --------------------------------------------------------------------------------------------------


def test_one_line_a_request(lines: Callable[[], list[dict[str, Any]]]) -> None:
    gate = gated()
    asyncio.run(
        ask_all(
            gate,
            [
                ("GET", "/v1/me?token=ksk_query", {"headers": KEY}),
                ("POST", "/v1/echo", {"content": b"ksk_body"}),
                ("GET", "/v1/ideas/ksk_no", {"headers": WRONG}),
                ("GET", "/nowhere", {}),
                ("GET", "/livez", {}),
            ],
        )
    )
    me, echo, idea, nowhere = lines()
    assert me.pop("ms") >= 0
    assert me.pop("at").endswith("Z")
    assert len(me.pop("request_id")) == 36
    assert me == {
        "event": "request",
        "level": "info",
        "method": "GET",
        "route": "/v1/me",
        "path": "/v1/me",
        "status": 200,
        "principal": "person:7",
        "bytes": 13,
    }
    assert (echo["principal"], echo["route"]) == (None, "/v1/echo")
    assert (idea["route"], idea["path"]) == ("/v1/ideas/{idea_id}", "/v1/ideas/ksk_no")
    assert (nowhere["route"], nowhere["status"], nowhere["problem"]) == ("(none)", 404, "not_found")
    assert not any(secret in json.dumps(lines()) for secret in ("ksk_query", "ksk_body", "ksk_right", "ksk_wrong"))


def test_an_unexpected_error_is_logged_once_with_its_traceback(lines: Callable[[], list[dict[str, Any]]]) -> None:
    answer = ask(gated(), "GET", "/v1/bug?secret=1")
    error, request = lines()
    assert error["level"] == "error"
    assert "RuntimeError: SELECT password" in error["exception"]
    assert error["request_id"] == request["request_id"] == answer.headers["x-request-id"]
    assert request["problem"] == "internal"
    assert "secret=1" not in json.dumps([error, request])


def test_a_library_logs_in_the_same_form(lines: Callable[[], list[dict[str, Any]]]) -> None:
    logging.getLogger("some.library").warning("the %s is odd", "disk")
    logging.getLogger("some.library").info("not of interest")
    logging.getLogger("uvicorn.error").info("Started")
    odd, started = lines()
    assert (odd["event"], odd["level"]) == ("the disk is odd", "warning")
    assert started["event"] == "Started"
    assert not logging.getLogger("uvicorn.access").propagate


def test_a_line_about_unencodable_text_is_written(lines: Callable[[], list[dict[str, Any]]]) -> None:
    structlog.get_logger().warning("odd \ud800", number=2**70)
    assert lines()[0]["event"] == "odd ?"


def test_lines_wait_for_each_other_but_not_for_long() -> None:
    async def run() -> None:
        stream = io.BytesIO()
        writer = LineWriter(stream, delay=0.05, most=1000)
        writer.write(b"one")
        writer.write(b"two")
        assert stream.getvalue() == b""
        await asyncio.sleep(0.1)
        assert stream.getvalue() == b"one\ntwo\n"
        writer.write(b"waits")
        writer.write(b"warning", urgent=True)
        assert stream.getvalue().endswith(b"waits\nwarning\n")
        writer.write(b"x" * 1000)
        assert stream.getvalue().endswith(b"x\n")

    asyncio.run(run())


def test_lines_do_not_wait_without_a_loop_nor_fail_without_a_stream() -> None:
    stream = io.BytesIO()
    writer = LineWriter(stream)
    writer.write(b"one")
    assert stream.getvalue() == b"one\n"
    stream.close()
    writer.write(b"two")


def test_an_exit_loses_no_line() -> None:
    program = (
        "import asyncio, structlog\n"
        "from kshare.core.settings import Settings\n"
        "from kshare.edge.telemetry import configure_logging\n"
        "configure_logging(Settings(_env_file=None))\n"
        "async def run():\n"
        "    for number in range(1000): structlog.get_logger().info('line', number=number)\n"
        "asyncio.run(run())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert [json.loads(line)["number"] for line in done.stderr.splitlines()] == list(range(1000))
    assert done.stdout == b""


def test_lines_for_the_console_show_no_variables() -> None:
    program = (
        "import structlog\n"
        "from kshare.core.settings import Settings\n"
        "from kshare.edge.telemetry import configure_logging\n"
        "configure_logging(Settings(_env_file=None, log_format='console'))\n"
        "def fail():\n    secret = 'hid' + 'den'\n    raise RuntimeError('odd')\n"
        "try: fail()\n"
        "except RuntimeError: structlog.get_logger().exception('failed')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert b"RuntimeError: odd" in done.stderr
    assert b"hidden" not in done.stderr


def test_json_of_anything() -> None:
    awkward = {"a": "\ud800", "b": 2**70, "c": float("nan"), "d": [object(), ("\udfff",)], "e": None, "f": 1 << 50_000}
    read = json.loads(json_bytes(awkward))
    assert (read["a"], read["b"], read["c"], read["e"]) == ("?", str(2**70), None, None)
    endless: list[Any] = []
    endless.append(endless)
    json.loads(json_bytes(endless))


# --- metrics --------------------------------------------------------------------------------------------------


def counted(**labels: str) -> float:
    return REGISTRY.get_sample_value("kshare_requests_total", labels) or 0


def test_metrics_count_by_template() -> None:
    labels = {"method": "GET", "route": "/v1/ideas/{idea_id}", "status": "200"}
    before = counted(**labels)
    gate = gated()
    asyncio.run(ask_all(gate, [("GET", f"/v1/ideas/{number}", {}) for number in range(3)]))
    assert counted(**labels) == before + 3
    text = ask(gate, "GET", "/metrics").text
    assert 'kshare_requests_total{method="GET",route="/v1/ideas/{idea_id}",status="200"}' in text
    assert 'kshare_request_seconds_bucket{le="+Inf",method="GET",route="/v1/ideas/{idea_id}"}' in text


def test_labels_are_bounded() -> None:
    gate = gated()
    asyncio.run(ask_all(gate, [(f"M{number}", f"/made-up/{number}", {}) for number in range(20)]))
    text = ask(gate, "GET", "/metrics").text
    assert "made-up" not in text
    assert "M1" not in text
    assert 'kshare_requests_total{method="(other)",route="(none)",status="404"} ' in text


def test_metrics_of_several_processes_are_summed(tmp_path: Any) -> None:
    program = (
        "from kshare.edge.telemetry import count_request, metrics_response\n"
        "count_request('GET', '/x', 200, 0.1)\n"
        "print(bytes(metrics_response().body).decode())\n"
    )
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    outputs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, env=environment, text=True)
        for _ in range(2)
    ]
    assert 'kshare_requests_total{method="GET",route="/x",status="200"} 2.0' in outputs[1].stdout


# --- traces ---------------------------------------------------------------------------------------------------


def test_no_collector_no_spans() -> None:
    configure_tracing(Settings(_env_file=None))
    assert tracing() is None
    assert span("select") is span("select"), "a shared object that does nothing"


def test_a_request_is_a_span_of_the_callers_trace(lines: Callable[[], list[dict[str, Any]]]) -> None:
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    exporter = memory.InMemorySpanExporter()
    app = make_app()

    @app.get("/v1/work/{which}")
    async def work(which: str) -> int:
        with span("select ideas", rows=3):
            await asyncio.sleep(0)
        with contextlib.suppress(ValueError), span("fails"):
            raise ValueError("what somebody wrote")
        return 1

    configure_tracing(Settings(_env_file=None), exporter)
    try:
        trace_id = "0af7651916cd43dd8448eb211c80319c"
        headers = {"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}
        asyncio.run(
            ask_all(
                gated(app),
                [
                    ("GET", "/v1/work/7?secret=1", {"headers": headers}),
                    ("GET", "/v1/bug", {}),
                    ("GET", "/livez", {}),
                ],
            )
        )
    finally:
        stop_tracing()
    inner, failed, outer, bug = exporter.get_finished_spans()
    assert (outer.name, outer.attributes["http.route"]) == ("GET /v1/work/{which}", "/v1/work/{which}")
    assert outer.attributes["http.response.status_code"] == 200
    assert f"{outer.context.trace_id:032x}" == trace_id
    assert f"{outer.parent.span_id:016x}" == "b7ad6b7169203331"
    assert (inner.name, inner.parent.span_id, inner.attributes["rows"]) == ("select ideas", outer.context.span_id, 3)
    assert failed.attributes["error.type"] == "ValueError"
    assert not bug.status.is_ok
    everything = "".join(one.to_json() for one in (inner, failed, outer, bug))
    assert "secret" not in everything
    assert "somebody" not in everything
    assert "password" not in everything
    assert lines()[0]["trace_id"] == trace_id


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(SettingsError, match=r"kshare\[telemetry\]"):
        configure_tracing(Settings(_env_file=None, otlp_endpoint="http://127.0.0.1:4318"))


# --- the cost -------------------------------------------------------------------------------------------------


def test_the_gate_is_cheap(lines: Callable[[], list[dict[str, Any]]]) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
        await send({"type": "http.response.body", "body": b"1"})

    async def cost(target: Callable[[Scope, Receive, Send], Awaitable[None]], rounds: int = 2000) -> float:
        async def receive() -> Message:
            return {"type": "http.request"}

        async def send(message: Message) -> None:
            pass

        best = float("inf")
        for _ in range(5):
            started = time.perf_counter()
            for _ in range(rounds):
                headers = [(b"host", b"kshare"), (b"accept", b"*/*"), (b"authorization", b"Bearer " + b"k" * 50)]
                scope = {"type": "http", "method": "GET", "path": "/x", "raw_path": b"/x", "query_string": b""}
                await target({**scope, "headers": headers, "client": ("127.0.0.1", 1)}, receive, send)
            best = min(best, (time.perf_counter() - started) / rounds)
        return best

    async def run() -> float:
        gate = gated(app, requests=10**9)
        return await cost(gate) - await cost(app)

    # About 20 us on a quiet machine; the test only sees to it that nobody makes it wait.
    assert asyncio.run(run()) < 5e-3
    assert Exchange.__slots__
