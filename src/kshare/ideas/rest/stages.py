"""The way of an idea through REST: stages, questions, decisions, its story."""

import orjson
from starlette.responses import Response

from kshare.core.access import Permission
from kshare.core.writing import Work
from kshare.edge.door import Door
from kshare.edge.rest import Call, Written
from kshare.ideas.commands import decisions, stages
from kshare.ideas.reads.decisions import DECISION, DECISIONS
from kshare.ideas.reads.idea import IDEA
from kshare.ideas.reads.stages import TIMELINE, ways
from kshare.ideas.shapes.decisions import DecisionFilter, PublishDecisions, PublishedDecisions
from kshare.ideas.shapes.stages import StagesOfIdeas

door = Door("Decisions", "From stage to stage: questions, decisions, and the story of an idea.")
READ = Permission.content_read
ITEM = "/ideas/{id}"


@door.operation("GET", "/idea-stages", "listIdeaStages", "List the stages of ideas", READ, answer=StagesOfIdeas)
async def list_stages(call: Call) -> Response:
    """Every stage, and where an idea in it can go. What is not in this table is a `conflict`, which names what is."""
    return Response(
        orjson.dumps({"items": [way.model_dump(mode="json") for way in ways()]}), 200, None, "application/json"
    )


door.command(
    "POST", ITEM + "/advance", stages.advance_idea, "advanceIdea", "Send an idea on",
    "To the screening or the evaluation; a declined or deferred one back to the screening. For whoever has it on the "
    "desk, and for those who decide on ideas; never for its authors. A `conflict` says in `allowed` where it can go.",
    view=IDEA,
)  # fmt: skip
door.command(
    "POST", ITEM + "/questions", stages.ask_author, "askAuthor", "Ask the author of an idea",
    "The question becomes a comment, and the clock stands still until one of the authors has answered.",
    view=IDEA,
)  # fmt: skip
door.command(
    "POST", ITEM + "/answers", stages.answer_question, "answerQuestion", "Answer the question about an idea",
    "The answer becomes a comment below the question, and the clock goes on. An author who is not shown answers as the "
    "author. A `conflict` when nothing is being waited for.",
    view=IDEA,
)  # fmt: skip
door.command(
    "POST", ITEM + "/decision", decisions.decide_idea, "decideIdea", "Decide on an idea",
    "A no needs a reason and a sentence, a not now the day on which it comes back by itself. With `private`, nothing "
    "changes for anybody else until the decision is published. Of several who decide at once one does; the others get "
    "a `conflict` with the `decision`.",
    view=IDEA,
)  # fmt: skip
door.page(
    ITEM + "/timeline", TIMELINE, "getIdeaTimeline", "Tell the story of an idea", READ, fixed={"idea": "id"},
)  # fmt: skip
door.page("/idea-decisions", DECISIONS, "listDecisions", "List decisions on ideas", READ, DecisionFilter)
door.one("/idea-decisions/{id}", DECISION, "getDecision", "Get a decision on an idea", READ)
door.command(
    "DELETE", "/idea-decisions/{id}", decisions.withdraw_decision, "withdrawDecision", "Take a private decision back",
    "`conflict` once it is published.",
)  # fmt: skip


@door.operation(
    "POST", "/idea-decisions:publish", "publishDecisions", "Publish private decisions together",
    Permission.idea_propose, body=PublishDecisions, answer=PublishedDecisions,
)  # fmt: skip
async def publish(call: Call) -> Response:
    """All of them or none: a `conflict` names the decision that stands in the way, such as one on an idea that was
    withdrawn meanwhile."""
    ask = await call.body(PublishDecisions)

    async def perform(work: Work) -> Written:
        return Written(body=orjson.dumps({"published": await decisions.publish_decisions(work, ask)}))

    return await call.write(perform)
