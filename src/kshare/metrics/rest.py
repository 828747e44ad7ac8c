"""Metrics through REST."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from kshare.core.access import Permission
from kshare.edge.door import Door
from kshare.edge.rest import Call, next_url
from kshare.metrics.definitions import METRICS
from kshare.metrics.reads import Asked, contract, metric_of, series
from kshare.metrics.rows import AskedRows, rows_behind
from kshare.metrics.shapes import (
    Metric,
    MetricId,
    MetricPage,
    MetricRowPage,
    MetricRowsQuery,
    MetricSeries,
    MetricValuesQuery,
)

door = Door("Metrics", "Figures of sharing and of ideas, each with a contract that says what exactly is counted.")
READ = Permission.metrics_read
OF_METRIC = {"id": MetricId}


def answered(body: Any, headers: Mapping[str, str] | None = None) -> Response:
    """An answer made by Python."""
    return Response(orjson.dumps(body), 200, headers, "application/json")


@door.operation("GET", "/metrics", "listMetrics", "List the metrics", READ, answer=MetricPage)
async def list_metrics(call: Call) -> Response:
    """All of them, each with its contract. They are few, and come on one page."""
    return answered({"items": [contract(metric) for metric in METRICS.values()]})


@door.operation("GET", "/metrics/{id}", "getMetric", "Get a metric", READ, path_types=OF_METRIC, answer=Metric)
async def get_metric(call: Call) -> Response:
    """Its contract: what exactly is counted, above and below the line, and how cases are decided that one could argue
    about."""
    return answered(contract(metric_of(call.path("id", MetricId))))


@door.operation(
    "GET",
    "/metrics/{id}/values",
    "getMetricValues",
    "Get the values of a metric",
    READ,
    path_types=OF_METRIC,
    query=MetricValuesQuery,
    answer=MetricSeries,
)
async def get_values(call: Call) -> Response:
    """One for each period, of the company or of a department with all below it. Where fewer than five people stand
    behind a value, or it would tell of fewer than five together with others, it is null and `reason` says so.

    Everybody sees those of the company and of their own departments, up to the root; those of others need the
    permission `metrics_read_all`."""
    query = call.query(MetricValuesQuery)
    metric = metric_of(call.path("id", MetricId))
    asked = Asked.of(call.kernel, metric, query.from_, query.to, query.by, query.department, query.kind)
    return answered(await series(call.kernel, call.principal, asked))


@door.operation(
    "GET",
    "/metrics/{id}/rows",
    "listMetricRows",
    "List the rows behind a value",
    READ,
    path_types=OF_METRIC,
    query=MetricRowsQuery,
    answer=MetricRowPage,
    problems=("invalid_cursor", "cursor_mismatch"),
)
async def list_rows(call: Call) -> Response:
    """What was counted, as far as you may see it: contents whose audience you are in; people if it is you, or with the
    permission `contributions_read`; assignments to review with it, too, and without saying whose they are. So there may
    be fewer rows than the value says. A metric whose `rows` are `none` has none to ask for (404)."""
    query = call.query(MetricRowsQuery)
    metric = metric_of(call.path("id", MetricId))
    asked = AskedRows.of(call.kernel, metric, query.period, query.department, query.kind, query.limit, query.cursor)
    page = await rows_behind(call.kernel, call.principal, asked)
    if page["next_cursor"] is None:
        return answered(page)
    return answered(page, {"Link": f'<{next_url(call.request.scope, page["next_cursor"])}>; rel="next"'})
