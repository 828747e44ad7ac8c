"""Prometheus metrics: how many requests, and how long they took."""

import os
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.responses import Response

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
