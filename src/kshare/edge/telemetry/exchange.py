"""The notes on one request, from which log line, metrics and span are made."""

from time import perf_counter
from typing import Final

from starlette.types import Scope

from kshare.core.errors import DomainError
from kshare.core.ids import new_id
from kshare.edge.rates import RateState


class Exchange:
    """The notes on one request, in `scope["kshare.exchange"]` from the gate inwards.

    Authentication sets `principal_label` ("person:<id>"), which is what the log line shows and what makes the
    rate limits trust the credential. A door that renders an error itself sets `problem` to its code.
    """

    __slots__ = (
        "address",
        "credential",
        "cut",
        "disconnected",
        "principal_label",
        "problem",
        "rate",
        "request_id",
        "sent",
        "started",
        "status",
        "streaming",
        "trace_id",
        "unnamed",
    )

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        self.started = perf_counter()
        self.address = ""
        self.credential: str | None = None
        self.principal_label: str | None = None
        self.problem: str | None = None
        self.rate: RateState | None = None
        self.status = 0  # 0 until the answer has started
        self.sent = 0  # bytes of its body
        self.streaming = False
        self.cut: DomainError | None = None  # why its body is read no further
        self.disconnected = False
        self.trace_id: str | None = None
        self.unnamed = False  # the caller acted as an author who is not shown: the log does not name them


def exchange_of(scope: Scope) -> Exchange:
    """The notes on this request; fresh ones where no gate was passed, as in a test of a bare app."""
    exchange: Exchange | None = scope.get("kshare.exchange")
    if exchange is None:
        exchange = scope["kshare.exchange"] = Exchange(str(new_id()))
    return exchange


NO_ROUTE: Final = "(none)"


def route_template(scope: Scope) -> str:
    """The template of the route that took the request, as `/v1/ideas/{id}`, or "(none)".

    FastAPI >= 0.165 keeps included routers apart: `scope["route"]` is the route without the prefix it was included
    under, and the effective route is in its own corner of the scope.
    """
    route = scope.get("route")
    if route is None:
        return NO_ROUTE
    effective = scope.get("fastapi", {}).get("effective_route_context")
    if effective is not None:
        route = effective.starlette_route or effective
    return getattr(route, "path_format", None) or getattr(route, "path", None) or NO_ROUTE
