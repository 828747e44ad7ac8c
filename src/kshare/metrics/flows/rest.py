"""The flow of knowledge through REST."""

from starlette.responses import Response

from kshare.core.access import Permission
from kshare.edge.door import Door
from kshare.edge.rest import Call
from kshare.metrics.flows.reads import AskedFlow, knowledge_flow
from kshare.metrics.flows.shapes import KnowledgeFlow, KnowledgeFlowQuery
from kshare.metrics.rest import answered

door = Door("Knowledge flow", "Which departments use whose knowledge.")


@door.operation(
    "GET",
    "/knowledge-flow",
    "getKnowledgeFlow",
    "Get the flow of knowledge between departments",
    Permission.metrics_read,
    query=KnowledgeFlowQuery,
    answer=KnowledgeFlow,
)
async def get_flow(call: Call) -> Response:
    """A matrix for each quarter: from the department whose knowledge items they are (where they were written) to the
    one whose people read them, thanked for them, kept them or commented on them (where these were last in the quarter).
    It counts distinct pairs of a person and an item of another department. A cell behind which fewer than five people
    stand has no numbers; there are no totals, and no use of a department's own knowledge, which is in its own matrix.

    Everybody sees the matrix of the company: between the departments at the top or, if there is one only, between those
    below it. That of a department needs the permission `metrics_read_all` there."""
    query = call.query(KnowledgeFlowQuery)
    asked = AskedFlow.of(call.kernel, query.from_, query.to, query.department)
    return answered(await knowledge_flow(call.kernel, call.principal, asked))
