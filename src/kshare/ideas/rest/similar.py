"""Ideas that are alike, through REST."""

from starlette.responses import Response

from kshare.core.access import Permission
from kshare.core.reading import whole
from kshare.core.writing import Work
from kshare.edge.door import Door
from kshare.edge.rest import Call, Written
from kshare.ideas.reads.idea import IDEA
from kshare.ideas.reads.similar import asked_for, rest_body, similar, text_of
from kshare.ideas.shapes.idea import IdeaSummary
from kshare.ideas.shapes.similar import FindSimilarIdeas, SimilarIdeas, SimilarOptions

door = Door("Ideas")
READ = Permission.content_read

_SHOWN = (whole(IdeaSummary, IDEA),)


@door.operation(
    "POST", "/ideas:similar", "findSimilarIdeas", "Find ideas like a text", READ,
    body=FindSimilarIdeas, answer=SimilarIdeas,
)  # fmt: skip
async def find(call: Call) -> Response:
    """While somebody is typing, or before they submit: what is the same already, and who elsewhere thinks about the
    same. Word order does not matter, and Chinese and English words that mean the same count as one. Words weigh the
    more, the fewer ideas have them. Drafts and withdrawn ideas are not offered; a merged one leads to the idea it was
    merged into. An idea can be found about a second after it was submitted. It writes nothing."""
    ask = await call.body(FindSimilarIdeas)

    async def answer() -> bytes:
        text = asked_for(ask, call.principal)
        return rest_body(await similar(call.kernel, call.principal, text, ask.limit, _SHOWN))

    if "idempotency-key" not in call.request.headers:
        return Response(await answer(), 200, None, "application/json")

    # Who names a request is promised the same answer again, so that one has to be kept.
    async def perform(work: Work) -> Written:
        return Written(body=await answer())

    return await call.write(perform)


@door.operation(
    "GET", "/ideas/{id}/similar", "listSimilarIdeas", "List the ideas like an idea", READ,
    query=SimilarOptions, answer=SimilarIdeas,
)  # fmt: skip
async def of_idea(call: Call) -> Response:
    """What is the same already, and who in other departments thinks about the same."""
    options = call.query(SimilarOptions)
    text = await text_of(call.kernel, call.principal, call.path_id())
    return Response(
        rest_body(await similar(call.kernel, call.principal, text, options.limit, _SHOWN)),
        200,
        None,
        "application/json",
    )
