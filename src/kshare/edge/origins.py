"""Which web pages may call the API from a browser (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol).

Only credentials that a page sends itself count here, never cookies, so an origin is allowed or not and that is all.
Without `KSHARE_CORS_ORIGINS` none of this is in the way of a request.
"""

from collections.abc import Sequence
from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kshare.edge.problems import header

_METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE"
_SENT: Final = (
    "Accept, Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, "
    "X-Request-Id, traceparent, tracestate"
)
_READABLE: Final = (
    b"Content-Language, Deprecation, ETag, Idempotent-Replayed, Link, Location, RateLimit, RateLimit-Policy, "
    b"Retry-After, Sunset, WWW-Authenticate, X-Request-Id"
)
_REMEMBERED: Final = "7200"
"""Seconds a browser need not ask again; the longest that any of them honours."""


class Origins:
    """Wraps what serves everything: answers tell the browser whether the page that asked may read them."""

    def __init__(self, app: ASGIApp, allowed: Sequence[str]) -> None:
        self.app = app
        self.everybody = "*" in allowed
        self.allowed = frozenset(origin.lower().encode() for origin in allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        added = self._headers(header(scope, b"origin"))

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        await self.app(scope, receive, tell)

    def _headers(self, origin: bytes | None) -> list[tuple[bytes, bytes]]:
        if self.everybody:
            return [(b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", _READABLE)]
        vary = (b"vary", b"Origin")
        if origin is None or origin.lower() not in self.allowed:
            return [vary]
        return [vary, (b"access-control-allow-origin", origin), (b"access-control-expose-headers", _READABLE)]


class Preflights:
    """Wraps what serves behind the gate: the question that a browser asks before a page's request is answered here."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") != "OPTIONS" or header(scope, b"access-control-request-method") is None:
            await self.app(scope, receive, send)
            return
        headers = {
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _SENT,
            "Access-Control-Max-Age": _REMEMBERED,
        }
        await Response(status_code=204, headers=headers)(scope, receive, send)
