"""The flow of knowledge through GraphQL."""

from datetime import date
from typing import Annotated
from uuid import UUID

import strawberry

from kshare.core.access import Permission
from kshare.edge.graphql import Info, PlainRead, field, object_type
from kshare.metrics.flows import shapes
from kshare.metrics.flows.reads import AskedFlow, knowledge_flow

for shape in (shapes.FlowCell, shapes.FlowMatrix, shapes.KnowledgeFlow):
    object_type(shape)


class Query:
    @field("Which departments use whose knowledge, quarter by quarter; see REST.")
    def knowledge_flow(
        self,
        info: Info,
        from_: Annotated[
            date | None,
            strawberry.argument(name="from", description="A day in the first quarter; by default three before."),
        ] = None,
        to: Annotated[
            date | None, strawberry.argument(description="A day in the last quarter; by default today.")
        ] = None,
        department_id: Annotated[
            UUID | None,
            strawberry.argument(description="Between the parts of this department; otherwise of the company."),
        ] = None,
    ) -> shapes.KnowledgeFlow | None:
        info.context.demand(Permission.metrics_read)
        asked = AskedFlow.of(info.context.kernel, from_, to, department_id)
        return PlainRead(lambda kernel, principal: knowledge_flow(kernel, principal, asked))  # type: ignore[return-value]
