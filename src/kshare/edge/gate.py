"""The gate: what every request passes on its way in and every answer on its way out.

One ASGI wrapper instead of a stack of middlewares, because each layer of a stack costs a coroutine and two closures a
request. In order: the notes on the request and its id, the caller's rate limit, the limits of size, the
limit of requests at once; behind the app, headers, metrics and the log line. Every refusal is a problem document.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Container
from time import perf_counter
from typing import Final
from urllib.parse import unquote_to_bytes

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kshare.core.errors import DomainError, unavailable
from kshare.core.ids import new_id
from kshare.edge.problems import problem_response, unexpected
from kshare.edge.rates import FAILED_SIGN_IN, WINDOW, Rates, RateState, address_of, fingerprint
from kshare.edge.telemetry import Exchange, count_request, exchange_of, route_template, tracing

__all__ = ["Exchange", "Gate", "exchange_of"]

QUIET: Final = frozenset({"/livez", "/readyz", "/metrics"})
"""For machines that watch: never refused for rate or load, and logged at "debug" only."""

MOST_URL: Final = 8 * 1024
"""Bytes of path and query."""

MOST_HEADERS: Final = 32 * 1024
"""Bytes of all header names and values."""

MOST_PATH_LOGGED: Final = 512
"""Characters."""

CLIENT_CLOSED: Final = 499
"""What the log calls a request whose client left before there was an answer (nginx's number; it is never sent)."""

BODY_WITHIN: Final = 30.0
"""Seconds a body has to arrive in. No proxy is asked for that: whoever sends slowly would else keep others out."""

MOST_HELD: Final = 64
"""Bodies of full length that a process holds at once, all requests together."""

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{8,64}")

_SAFETY: Final[list[tuple[bytes, bytes]]] = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]
_FRESHNESS: Final = (b"cache-control", b"private, no-cache")
"""No shared cache keeps an answer, and a private one asks again, by ETag; a route may say otherwise."""


_EVENT_STREAM: Final = b"text/event-stream"


class Gate:
    """Wraps `app`; everything a client can send meets this first.

    `max_body` is in bytes and `body_within` in seconds; at most `max_running` requests, not counting those whose body
    is still on its way, and `max_streams` event streams are served at once by a process. Behind a proxy the server must
    set the client's address (Uvicorn: `proxy_headers`, `forwarded_allow_ips`).
    """

    def __init__(
        self,
        app: ASGIApp,
        rates: Rates,
        *,
        max_body: int = 4 * 1024 * 1024,
        max_running: int = 400,
        max_streams: int = 1000,
        body_within: float = BODY_WITHIN,
        quiet: Container[str] = QUIET,
    ) -> None:
        self.app = app
        self.rates = rates
        self.max_body = max_body
        self.max_running = max_running
        self.max_streams = max_streams
        self.max_streams_of_one = max(max_streams // 10, 1)
        self.max_held = MOST_HELD * max_body
        self.body_within = body_within
        self.quiet = quiet
        self.running = 0
        self.streams = 0
        self.streams_of: Counter[str] = Counter()  # by caller
        self.held = 0  # bytes of bodies
        self.policies = (b"ratelimit-policy", rates.policies)
        # Bound once: structlog's lazy proxy would cost a microsecond a line.
        self.log = structlog.get_logger().bind()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            passage = _Passage(self, scope, receive, send)
            trace = tracing()
            if trace is None or passage.quiet:
                await passage.run()
            else:
                with trace.request(scope, passage.exchange):
                    await passage.run()
        elif scope["type"] == "websocket":
            # There are none here; a close before an accept is HTTP 403 to the client.
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "There are no WebSockets here."})
        else:
            await self.app(scope, receive, send)


class _Passage:
    """One request on its way through the gate, and the `receive` and `send` that the app is given."""

    __slots__ = (
        "_among_streams",
        "_arrived",
        "_body",
        "_caller",
        "_deadline",
        "_headers",
        "_inner",
        "_length",
        "_receive",
        "_scope",
        "_send",
        "exchange",
        "gate",
        "quiet",
    )

    def __init__(self, gate: Gate, scope: Scope, receive: Receive, send: Send) -> None:
        self.gate = gate
        self.quiet = scope["path"] in gate.quiet
        self._scope = scope
        self._receive = receive
        self._send = send
        self._arrived = True  # the whole body
        self._body = 0  # bytes received
        self._deadline = 0.0
        self._length = 0  # bytes announced
        self._headers = 0  # bytes of names and values

        self._among_streams = False  # which of the two limits it counts against
        self._caller: str | None = None  # of a stream
        request_id = credential = None
        for name, value in scope["headers"]:
            self._headers += len(name) + len(value)
            if name == b"authorization":
                credential = fingerprint(value)
            elif name == b"x-request-id":
                if _REQUEST_ID.fullmatch(value):
                    request_id = value.decode()
            elif name == b"content-length":
                self._length = int(value) if value.isdigit() and len(value) < 19 else gate.max_body + 1
                self._arrived = self._length == 0
            elif name == b"transfer-encoding":
                self._arrived = False
            elif name == b"accept":
                self._among_streams = value.startswith(_EVENT_STREAM)

        client = scope.get("client")
        self.exchange = exchange = Exchange(request_id or str(new_id()))
        exchange.address = address_of(client[0] if client else None)
        exchange.credential = credential
        exchange.rate = gate.rates.requests.untouched() if self.quiet else None
        scope["kshare.exchange"] = exchange
        # HEAD is GET without the body (RFC 9110, section 9.3.2). The server goes by its own scope, so this is a copy.
        self._inner = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope

    async def run(self) -> None:
        """Serves the request. Raises nothing but a cancellation."""
        try:
            refusal = await self._admission()
            if refusal is None:
                refusal = await self._through()
            if refusal is not None:
                await problem_response(refusal, self._scope)(self._scope, self._receive, self.send)
        except ClientDisconnect:
            pass
        finally:
            self.gate.held -= self._body
            self._note()

    async def _admission(self) -> DomainError | None:
        """Why this request may not reach the app, if so."""
        gate, exchange = self.gate, self.exchange
        if not self.quiet:
            # Counted first, so that every answer, a refusal too, can say where its caller stands.
            exchange.rate = rate = await gate.rates.admit(exchange.address, exchange.credential)
            if not rate.allowed:
                return _rate_limited(rate)
            if self._among_streams:
                if gate.streams >= gate.max_streams:
                    return unavailable("Too many event streams are open.", retry_after=5)
            elif gate.running >= gate.max_running:
                return unavailable("Too many requests at once.", retry_after=1)
        return self._fault()

    def _fault(self) -> DomainError | None:
        """What is wrong with the size or the form of the request, if anything."""
        raw = self._scope.get("raw_path") or self._scope["path"].encode("utf-8", "replace")
        if len(raw) + len(self._scope["query_string"]) > MOST_URL:
            return DomainError("uri_too_long", f"The path and the query together are over {MOST_URL} bytes.")
        if self._headers > MOST_HEADERS:
            return DomainError("headers_too_large", f"The headers together are over {MOST_HEADERS} bytes.")
        if self._length > self.gate.max_body:
            return self._too_large()
        if b"%" in raw or "\0" in self._scope["path"]:
            # The server decodes what is no UTF-8 to replacement characters, which could name something else.
            try:
                if "\0" in unquote_to_bytes(raw).decode() + self._scope["path"]:
                    return DomainError("bad_request", "The path has a NUL in it.")
            except UnicodeDecodeError:
                return DomainError("bad_request", "The path is not UTF-8.")
        return None

    def _too_large(self) -> DomainError:
        return self._closing(DomainError("too_large", f"The body is over {self.gate.max_body} bytes."))

    def _closing(self, refusal: DomainError) -> DomainError:
        # What was not read would be taken for the next request: the connection ends here (HTTP/2 has no such header).
        if self._scope.get("http_version", "1.1").startswith("1"):
            refusal.headers = {**refusal.headers, "Connection": "close"}
        return refusal

    async def _through(self) -> DomainError | None:
        """Lets the app answer; what remains to be answered, if it did not."""
        gate, exchange = self.gate, self.exchange
        self._occupy(+1)
        try:
            await gate.app(self._inner, self.receive, self.send)
            if not (exchange.status or exchange.disconnected or exchange.cut):
                raise RuntimeError("the app returned without an answer")
        except ClientDisconnect:
            exchange.disconnected = exchange.cut is None
        except Exception as error:
            refusal = self._refusal_for(error)
            if not (exchange.status or exchange.cut):
                return refusal
        finally:
            self._occupy(-1)
            self._leave_streams()
        if exchange.status:
            return None
        cut, exchange.cut = exchange.cut, None
        return cut

    def _refusal_for(self, error: Exception) -> DomainError:
        if self.exchange.problem is not None:
            # It was rendered and logged inside; Starlette raises it again for servers that would not know.
            return DomainError("internal")
        return error if isinstance(error, DomainError) else unexpected(error, self._scope)

    def _occupy(self, places: int) -> None:
        if self.quiet:
            return
        if self._among_streams:
            self.gate.streams += places
        else:
            self.gate.running += places

    async def receive(self) -> Message:
        """The server's messages, as long as the body keeps its limits; then the client seems to have left."""
        exchange = self.exchange
        if exchange.cut:
            return {"type": "http.disconnect"}
        if self._arrived:
            message = await self._receive()
        else:
            try:
                message = await self._part()
            except TimeoutError:
                late = f"The body did not arrive within {self.gate.body_within:g} seconds."
                exchange.cut = self._closing(DomainError("bad_request", late))
                return {"type": "http.disconnect"}
        if message["type"] == "http.disconnect":
            exchange.disconnected = True
            return message
        part = len(message.get("body", b""))
        self._arrived = not message.get("more_body", False)
        self._body += part
        self.gate.held += part
        if self._body > self.gate.max_body:
            exchange.cut = self._too_large()
        elif self.gate.held > self.gate.max_held:
            exchange.cut = self._closing(unavailable("Too much is being sent at once.", retry_after=1))
        return {"type": "http.disconnect"} if exchange.cut else message

    async def _part(self) -> Message:
        """The next part of the body. Whoever waits for a client does not work, and leaves the place to others."""
        if not self._deadline:
            self._deadline = asyncio.get_running_loop().time() + self.gate.body_within
        places = 0 if self.quiet or self._among_streams else 1
        self.gate.running -= places
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._receive()
        finally:
            # The same as before, even if the request has become a stream meanwhile.
            self.gate.running += places

    async def send(self, message: Message) -> None:
        """The app's messages, with our headers; nothing of an answer that nobody will read or that is to be another."""
        exchange = self.exchange
        if not exchange.status:
            if exchange.cut or exchange.disconnected:
                return
            await self._start(message)
        elif self._scope["method"] != "HEAD":
            exchange.sent += len(message.get("body", b""))
            await self._deliver(message)

    async def _start(self, message: Message) -> None:
        gate, exchange = self.gate, self.exchange
        status: int = message["status"]
        headers = [*message.get("headers", ()), *_SAFETY, gate.policies]
        keeps = False
        for name, value in headers:
            if name == b"cache-control":
                keeps = True
            elif name == b"content-type" and value.startswith(_EVENT_STREAM):
                exchange.cut = self._join_streams()
                if exchange.cut is not None:
                    raise ClientDisconnect  # to the app; the client is told why
                exchange.streaming = True
        if not keeps:
            headers.append(_FRESHNESS)
        headers.append((b"x-request-id", exchange.request_id.encode()))
        if exchange.rate is not None:
            headers.append((b"ratelimit", exchange.rate.header()))
        if exchange.credential is not None and not self.quiet:
            await self._learn(status)
        exchange.status = status
        await self._deliver({**message, "headers": headers})
        if self._scope["method"] == "HEAD":
            # At once, so that the server tells an endless answer that its client has left.
            await self._deliver({"type": "http.response.body"})

    async def _deliver(self, message: Message) -> None:
        try:
            await self._send(message)
        except OSError as gone:
            # ASGI 2.4: what a server says to those who write to a client that has left.
            self.exchange.disconnected = True
            raise ClientDisconnect from gone

    def _join_streams(self) -> DomainError | None:
        """A request that turns out to be a stream gives its place to others; why it may not be one, if so."""
        gate, caller = self.gate, self.exchange.principal_label
        if caller is not None and gate.streams_of[caller] >= gate.max_streams_of_one:
            detail = f"One caller may have {gate.max_streams_of_one} event streams open."
            return DomainError("rate_limited", detail, headers={"Retry-After": "5"})
        if not self._among_streams:
            if gate.streams >= gate.max_streams:
                return unavailable("Too many event streams are open.", retry_after=5)
            self._occupy(-1)
            self._among_streams = True
            self._occupy(+1)
        if caller is not None:
            gate.streams_of[caller] += 1
            self._caller = caller
        return None

    def _leave_streams(self) -> None:
        if self._caller is not None:
            self.gate.streams_of[self._caller] -= 1
            if not self.gate.streams_of[self._caller]:
                del self.gate.streams_of[self._caller]

    async def _learn(self, status: int) -> None:
        """Tells the rate limits whether the credential works. Nothing follows from an answer that did not ask."""
        exchange = self.exchange
        assert exchange.credential is not None
        refused = status == 401 or exchange.problem == "unauthenticated"
        if refused or exchange.principal_label is not None:
            await self.gate.rates.learn(
                exchange.address, exchange.credential, works=not refused, caller=exchange.principal_label
            )

    def _note(self) -> None:
        """The metrics and the log line."""
        gate, exchange, scope = self.gate, self.exchange, self._scope
        status = exchange.status or CLIENT_CLOSED
        seconds = perf_counter() - exchange.started
        route = route_template(self._inner)
        count_request(scope["method"], route, status, None if exchange.streaming else seconds)
        fields: dict[str, object] = {
            "method": scope["method"][:16],
            "route": route,
            "path": scope["path"][:MOST_PATH_LOGGED],
            "status": status,
            "ms": round(seconds * 1000, 2),
            "request_id": exchange.request_id,
            "principal": "unnamed" if exchange.unnamed else exchange.principal_label,
            "bytes": exchange.sent,
        }
        if exchange.problem is not None:
            fields["problem"] = exchange.problem
        if exchange.trace_id is not None:
            fields["trace_id"] = exchange.trace_id
        (gate.log.debug if self.quiet else gate.log.info)("request", **fields)


def _rate_limited(rate: RateState) -> DomainError:
    detail = f"This caller may send {rate.limit} requests in {WINDOW} seconds."
    if rate.policy == FAILED_SIGN_IN:
        detail = "Too many refused credentials came from this address."
    return DomainError("rate_limited", detail, headers={"Retry-After": str(rate.reset)})
