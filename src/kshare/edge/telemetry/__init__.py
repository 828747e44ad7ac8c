"""What the operator sees: one log line a request, Prometheus metrics, OpenTelemetry traces.

All of it is about an `Exchange`, the notes kept on one request. Nothing here ever holds a body, a
credential or a query string.
"""

from kshare.edge.telemetry.exchange import Exchange, exchange_of, route_template
from kshare.edge.telemetry.logs import LineWriter, configure_logging, flush_logs
from kshare.edge.telemetry.metrics import count_request, metrics_response
from kshare.edge.telemetry.rendering import encodable, json_bytes
from kshare.edge.telemetry.traces import configure_tracing, span, stop_tracing, tracing

__all__ = [
    "Exchange",
    "LineWriter",
    "configure_logging",
    "configure_tracing",
    "count_request",
    "encodable",
    "exchange_of",
    "flush_logs",
    "json_bytes",
    "metrics_response",
    "route_template",
    "span",
    "stop_tracing",
    "tracing",
]
