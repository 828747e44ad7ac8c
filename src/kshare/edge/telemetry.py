"""What the operator sees: one log line a request, Prometheus metrics, OpenTelemetry traces.

All of it is about an `Exchange`, the notes kept on one request. Nothing here ever holds a body, a
credential or a query string.
"""

import asyncio
import atexit
import logging
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import orjson
import structlog
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.responses import Response
from starlette.types import Scope
from structlog.typing import EventDict, Processor

from kshare.core.ids import new_id
from kshare.core.settings import Settings, SettingsError
from kshare.edge.rates import RateState

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer


class Exchange:
    """The notes on one request, in `scope["kshare.exchange"]` from the gate inwards.

    Authentication sets `principal_label` ("person:<id>"), which is what the log line shows and what makes the
    rate limits trust the credential. A door that renders an error itself sets `problem` to its code.
    """

    __slots__ = (
        "address",
        "credential",
        "disconnected",
        "oversized",
        "principal_label",
        "problem",
        "rate",
        "request_id",
        "sent",
        "started",
        "status",
        "streaming",
        "trace_id",
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
        self.oversized = False
        self.disconnected = False
        self.trace_id: str | None = None


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


# --- JSON that always renders ---------------------------------------------------------------------------------


def encodable(text: str, most: int = 10_000) -> str:
    """`text` without lone surrogates, which no encoder accepts, and with at most `most` characters."""
    return text[:most].encode("utf-8", "replace").decode()


def json_bytes(value: object) -> bytes:
    """JSON of anything, for what must not fail: log lines and error answers.

    Values that JSON or UTF-8 cannot say are replaced: lone surrogates by "?", non-finite numbers by null, integers
    beyond 64 bits and unknown objects by their text.
    """
    try:
        return orjson.dumps(value, default=str)
    except (TypeError, ValueError):
        return orjson.dumps(_sayable(value))


def _sayable(value: object, depth: int = 8) -> object:
    match value:
        case None | bool():
            return value
        case int():
            return value if -(2**63) <= value < 2**64 else str(value) if value.bit_length() < 10_000 else "(huge)"
        case float():
            return value if math.isfinite(value) else None
        case Mapping() if depth:
            return {encodable(str(name)): _sayable(part, depth - 1) for name, part in value.items()}
        case list() | tuple() if depth:
            return [_sayable(part, depth - 1) for part in value]
        case _:
            return encodable(str(value))


# --- logging --------------------------------------------------------------------------------------------------


class LineWriter:
    """Gathers log lines and writes them together: a system call costs more than everything else about a line.

    Lines wait at most `delay` seconds, and not at all when they are urgent, when no event loop runs or when `most`
    bytes have gathered. A clean exit loses none; a killed process loses the lines of the last `delay` seconds, of which
    none is a warning.
    """

    def __init__(self, stream: BinaryIO | None = None, delay: float = 0.2, most: int = 64 * 1024) -> None:
        self.stream = stream  # None is whatever stderr is at the time of writing
        self.delay = delay
        self.most = most
        self._lock = Lock()
        self._lines: list[bytes] = []
        self._size = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    def write(self, line: bytes, *, urgent: bool = False) -> None:
        """Takes one line, without its newline."""
        with self._lock:
            self._lines.append(line)
            self._size += len(line)
        if urgent or self._size >= self.most or not self._will_flush():
            self.flush()

    def flush(self) -> None:
        """Writes what has gathered. A stream that is gone is no reason to fail a request."""
        with self._lock:
            lines, self._lines, self._size, self._loop = self._lines, [], 0, None
            if lines:
                try:
                    stream = self.stream or sys.stderr.buffer
                    stream.write(b"\n".join(lines) + b"\n")
                    stream.flush()
                except (OSError, ValueError, AttributeError):
                    return

    def _will_flush(self) -> bool:
        """Sees to a flush by the running event loop; False where there is none."""
        if not self.delay:
            return False
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        # A loop that ended with a flush outstanding is not this one, so the next loop gets its own.
        if self._loop is not loop:
            self._loop = loop
            loop.call_later(self.delay, self.flush)
        return True


class _Lines:
    """The logger under structlog: the method it is called by says how urgent a line is."""

    def debug(self, line: str | bytes) -> None:
        _writer.write(line if isinstance(line, bytes) else line.encode("utf-8", "backslashreplace"))

    def warning(self, line: str | bytes) -> None:
        _writer.write(line if isinstance(line, bytes) else line.encode("utf-8", "backslashreplace"), urgent=True)

    info = msg = log = debug
    warn = error = err = critical = fatal = failure = exception = warning


class _Handler(logging.Handler):
    """Brings the lines of libraries, which use the standard `logging`, into the same form and stream."""

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        (_Lines.warning if record.levelno >= logging.WARNING else _Lines.debug)(_lines, line)


_writer = LineWriter()
_lines = _Lines()
atexit.register(lambda: _writer.flush())
if hasattr(os, "register_at_fork"):
    # A child must not write its parent's waiting lines a second time.
    os.register_at_fork(before=lambda: _writer.flush())


def _render_json(_: object, __: str, event: EventDict) -> bytes:
    return json_bytes(event)


def configure_logging(settings: Settings, stream: BinaryIO | None = None) -> None:
    """Sets structlog and the standard `logging` to one form, on stderr (`stream` is for tests).

    stdout stays free for what a command prints. JSON lines are written in bundles (see `LineWriter`), lines for the
    console at once. Uvicorn's access log is silenced, since the gate writes a better one: run Uvicorn with
    `log_config=None`, or it sets up its own.
    """
    console = settings.log_format == "console"
    _writer.flush()
    _writer.stream = stream
    _writer.delay = 0 if console else 0.2

    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
    ]
    renderer: Processor
    if console:
        # The plain traceback: the pretty one prints local variables, and with them bodies and secrets.
        plain = structlog.dev.plain_traceback
        renderer = structlog.dev.ConsoleRenderer(timestamp_key="at", exception_formatter=plain)
        shared.pop()
    else:
        renderer = _render_json

    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        logger_factory=lambda *_: _lines,
        cache_logger_on_first_use=True,
    )
    handler = _Handler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _as_text(renderer)],
        )
    )
    # Libraries talk at "info" about every connection they open; what they warn about matters.
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.DEBUG if settings.log_level == "debug" else logging.WARNING)
    logging.getLogger("uvicorn").setLevel(settings.log_level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
    logging.getLogger("uvicorn.access").propagate = False


def _as_text(renderer: Processor) -> Processor:
    """The standard `logging` insists on text."""

    def render(logger: Any, name: str, event: EventDict) -> str:
        line = renderer(logger, name, event)
        return line.decode() if isinstance(line, bytes) else str(line)

    return render


def flush_logs() -> None:
    """Writes the log lines that wait; for the end of an orderly shutdown."""
    _writer.flush()


# --- metrics --------------------------------------------------------------------------------------------------

REQUESTS = Counter("kshare_requests", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram(
    "kshare_request_seconds",
    "Seconds until the answer was complete; streams are not among them.",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}


def count_request(method: str, route: str, status: int, seconds: float | None) -> None:
    """Counts an answer and, unless None, its duration. Labels are bounded: a method nobody knows is "(other)"."""
    # `labels()` checks and locks on every call; its result is the same object every time, so it is kept.
    children = _children.get((method, route, status))
    if children is None:
        label = method if method in METHODS else "(other)"
        children = REQUESTS.labels(label, route, str(status)), SECONDS.labels(label, route)
        if label == method:
            _children[method, route, status] = children
    children[0].inc()
    if seconds is not None:
        children[1].observe(seconds)


def metrics_response() -> Response:
    """The answer of `/metrics`, in Prometheus's text format.

    With several serving processes set `PROMETHEUS_MULTIPROC_DIR` to an empty directory before this module is imported:
    then the answer is the sum over all of them, whichever process is asked.
    """
    registry: CollectorRegistry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), headers={"content-type": CONTENT_TYPE_LATEST})


# --- traces ---------------------------------------------------------------------------------------------------


class Tracing:
    """Spans for requests and for what is done in them. Only made when a collector is configured."""

    def __init__(self, tracer: "Tracer", stop: Callable[[], None]) -> None:
        from opentelemetry.trace import SpanKind, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self.stop = stop
        self._tracer = tracer
        self._server = SpanKind.SERVER
        self._error = StatusCode.ERROR
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def request(self, scope: Scope, exchange: Exchange) -> Iterator[None]:
        """The span of one request, child of the caller's `traceparent` (W3C Trace Context) if it sent one."""
        traced = {
            name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name.startswith(b"trace")
        }
        method = scope["method"] if scope["method"] in METHODS else "HTTP"
        with self._tracer.start_as_current_span(
            method,
            context=self._propagator.extract(traced),
            kind=self._server,
            attributes={"http.request.method": method, "kshare.request_id": exchange.request_id},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            exchange.trace_id = f"{span.get_span_context().trace_id:032x}"
            try:
                yield
            finally:
                route = route_template(scope)
                if route != NO_ROUTE:
                    span.update_name(f"{method} {route}")
                    span.set_attribute("http.route", route)
                span.set_attribute("http.response.status_code", exchange.status)
                if exchange.status >= 500:
                    span.set_status(self._error)

    @contextmanager
    def span(self, name: str, attributes: Mapping[str, str | int | float | bool]) -> Iterator[None]:
        """A span within the current one. Of an error only the type is kept: messages may quote what people wrote."""
        with self._tracer.start_as_current_span(
            name, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except BaseException as error:
                span.set_attribute("error.type", type(error).__qualname__)
                span.set_status(self._error)
                raise


_tracing: Tracing | None = None
_NO_SPAN: Final[AbstractContextManager[None]] = nullcontext()


def tracing() -> Tracing | None:
    """The tracing in use, or None, which is the rule."""
    return _tracing


def span(name: str, **attributes: str | int | float | bool) -> AbstractContextManager[None]:
    """`with span("select ideas"):` around a piece of work; costs next to nothing when no collector is configured."""
    return _NO_SPAN if _tracing is None else _tracing.span(name, attributes)


def configure_tracing(settings: Settings, exporter: "SpanExporter | None" = None) -> None:
    """Starts tracing if `KSHARE_OTLP_ENDPOINT` is set (or an exporter is given, in tests), and stops what ran before.

    The provider is our own and not OpenTelemetry's global one: FastAPI traces every request by itself as soon as there
    is a global one, with the query string in it. Raises SettingsError when the extra `telemetry` is not installed.
    """
    global _tracing
    stop_tracing()
    if settings.otlp_endpoint is None and exporter is None:
        return
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

        provider = TracerProvider(resource=Resource.create({"service.name": "kshare"}))
        if exporter is not None:
            provider.add_span_processor(SimpleSpanProcessor(exporter))
        else:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            endpoint = str(settings.otlp_endpoint).rstrip("/").removesuffix("/v1/traces") + "/v1/traces"
            provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    except ImportError as error:
        raise SettingsError(
            "KSHARE_OTLP_ENDPOINT is set, but OpenTelemetry is not installed: pip install 'kshare[telemetry]'"
        ) from error
    _tracing = Tracing(provider.get_tracer("kshare"), provider.shutdown)


def stop_tracing() -> None:
    """Sends the spans that wait and ends tracing. May take seconds when the collector is away."""
    global _tracing
    if _tracing is not None:
        _tracing.stop()
        _tracing = None
