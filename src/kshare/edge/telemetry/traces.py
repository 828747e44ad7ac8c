"""OpenTelemetry traces, where a collector is configured; without one they cost next to nothing."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Final

from starlette.types import Scope

from kshare.core.settings import Settings, SettingsError
from kshare.edge.telemetry.exchange import NO_ROUTE, Exchange, route_template
from kshare.edge.telemetry.metrics import METHODS

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer


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
