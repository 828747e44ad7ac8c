"""Metrics through GraphQL."""

from datetime import date
from typing import Annotated
from uuid import UUID

import strawberry

from kshare.core.access import Permission
from kshare.core.reading import checked_limit
from kshare.edge.graphql import Info, PlainRead, enum_type, field, object_type
from kshare.edge.parsing import checked_value
from kshare.metrics import shapes
from kshare.metrics.contracts import Behind, MetricTopic, MetricUnit, Row
from kshare.metrics.definitions import METRICS
from kshare.metrics.periods import Grain
from kshare.metrics.reads import Asked, contract, metric_of, series
from kshare.metrics.rows import AskedRows, rows_behind
from kshare.metrics.statistics import IntervalKind

READ = Permission.metrics_read

for enum in (Behind, MetricTopic, MetricUnit, Row, Grain, IntervalKind, shapes.Untold):
    enum_type(enum)
for shape in (
    shapes.MetricKind,
    shapes.MetricEdgeCase,
    shapes.MetricSummary,
    shapes.Metric,
    shapes.MetricValue,
    shapes.FigureDepartment,
    shapes.MetricSeries,
    shapes.RowPerson,
    shapes.RowContent,
    shapes.MetricRow,
    shapes.MetricRowPage,
):
    object_type(shape)

From = Annotated[
    date | None, strawberry.argument(name="from", description="A day in the first period; by default eleven before.")
]
To = Annotated[date | None, strawberry.argument(description="A day in the last period; by default today.")]
By = Annotated[Grain, strawberry.argument(description="How long the periods are.")]
OfDepartment = Annotated[
    UUID | None, strawberry.argument(description="Of this department with all below it; otherwise of the company.")
]
OfKind = Annotated[str | None, strawberry.argument(description="Of this kind; otherwise of all.")]
MetricName = Annotated[str, strawberry.argument(description="Its name for programs.")]


def checked_name(id: str) -> str:
    """The name of a metric, as REST checks it."""
    return checked_value(shapes.MetricId, id, "id")  # type: ignore[no-any-return]


class Query:
    @field("The metrics, each with its contract.")
    def metrics(self, info: Info) -> list[shapes.Metric]:
        info.context.demand(READ)
        return PlainRead.of([contract(metric) for metric in METRICS.values()])  # type: ignore[return-value]

    @field("One metric.")
    def metric(self, info: Info, id: MetricName) -> shapes.Metric | None:
        info.context.demand(READ)
        return PlainRead.of(contract(metric_of(checked_name(id))))  # type: ignore[return-value]

    @field("The values of a metric, one for each period; see REST.")
    def metric_values(
        self,
        info: Info,
        id: MetricName,
        from_: From = None,
        to: To = None,
        by: By = Grain.month,
        department_id: OfDepartment = None,
        kind: OfKind = None,
    ) -> shapes.MetricSeries | None:
        info.context.demand(READ)
        asked = Asked.of(
            info.context.kernel, metric_of(checked_name(id)), from_, to, by, department_id, checked_kind(kind)
        )
        return PlainRead(lambda kernel, principal: series(kernel, principal, asked))  # type: ignore[return-value]

    @field("The rows behind a value, as far as you may see them; see REST.")
    def metric_rows(
        self,
        info: Info,
        id: MetricName,
        period: Annotated[str, strawberry.argument(description="The period: `2026-05`, `2026-Q2`.")],
        department_id: OfDepartment = None,
        kind: OfKind = None,
        first: Annotated[int, strawberry.argument(description="Rows on the page, 1 to 100.")] = 20,
        after: Annotated[str | None, strawberry.argument(description="`nextCursor` of the page before.")] = None,
    ) -> shapes.MetricRowPage | None:
        info.context.demand(READ)
        asked = AskedRows.of(
            info.context.kernel,
            metric_of(checked_name(id)),
            checked_value(shapes.PeriodName, period, "period"),
            department_id,
            checked_kind(kind),
            checked_limit(first, "first"),
            after,
        )
        return PlainRead(lambda kernel, principal: rows_behind(kernel, principal, asked))  # type: ignore[return-value]


def checked_kind(kind: str | None) -> str | None:
    """The name of a kind, as REST checks it."""
    return None if kind is None else checked_value(shapes.KindName, kind, "kind")
