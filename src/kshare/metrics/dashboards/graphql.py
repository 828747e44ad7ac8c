"""Dashboards through GraphQL. As tables and pictures they are had from REST."""

from typing import Annotated
from uuid import UUID

import strawberry

from kshare.core.access import Permission
from kshare.edge.graphql import Info, PlainRead, enum_type, field, object_type
from kshare.edge.parsing import checked_value, validated
from kshare.metrics import graphql as metrics
from kshare.metrics.dashboards import shapes
from kshare.metrics.dashboards.reads import shown, summaries
from kshare.metrics.periods import Grain

READ = Permission.metrics_read

enum_type(shapes.ChartKind)
for shape in (
    shapes.DashboardParameter,
    shapes.DashboardSummary,
    shapes.Headline,
    shapes.Point,
    shapes.Series,
    shapes.Chart,
    shapes.DashboardCategory,
    shapes.Dashboard,
):
    object_type(shape)


class Query:
    @field("The dashboards, each with the parameters that it takes.")
    def dashboards(self, info: Info) -> list[shapes.DashboardSummary]:
        info.context.demand(READ)
        return PlainRead.of(summaries())  # type: ignore[return-value]

    @field("One dashboard; what it does not take as an argument is refused, see REST.")
    def dashboard(
        self,
        info: Info,
        id: Annotated[str, strawberry.argument(description="Its name for programs.")],
        from_: metrics.From = None,
        to: metrics.To = None,
        by: Annotated[Grain | None, strawberry.argument(description="How long the periods are; months.")] = None,
        department_id: Annotated[
            UUID | None, strawberry.argument(description="Of this department with all below it.")
        ] = None,
        category_id: Annotated[
            UUID | None, strawberry.argument(description="Of this category with all below it.")
        ] = None,
    ) -> shapes.Dashboard | None:
        info.context.demand(READ)
        name = checked_value(shapes.DashboardId, id, "id")
        given = {"from": from_, "to": to, "by": by, "department": department_id, "category": category_id}
        ask = validated(shapes.DashboardAsk, given)
        return PlainRead(lambda kernel, principal: shown(kernel, principal, name, ask))  # type: ignore[return-value]
