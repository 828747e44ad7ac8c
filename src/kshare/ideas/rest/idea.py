"""Ideas through REST."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from starlette.responses import Response

from kshare.content.naming import look_ahead
from kshare.content.reads import REVISION, REVISIONS, by_its_name
from kshare.core.access import Permission
from kshare.core.reading import Ask
from kshare.core.writing import Work
from kshare.edge.batch import Batched
from kshare.edge.door import Door
from kshare.edge.parsing import WholeNumber
from kshare.edge.rest import Call
from kshare.ideas.commands import idea as commands
from kshare.ideas.reads.idea import IDEA, IDEAS
from kshare.ideas.shapes.idea import Idea, IdeaFilter, ProposeIdea

door = Door("Ideas", "Ideas, from anyone's sentence to a decision that is answered in time.")
READ, WRITE = Permission.content_read, Permission.idea_propose
ITEMS, ITEM = "/ideas", "/ideas/{id}"


class BatchedIdea(Batched, ProposeIdea):
    """An idea of a batch: proposed, or revised when it names an external id that is known."""


class IdeaOptions(Ask):
    """What to add to an idea."""

    include: Annotated[list[Literal["body_html"]], Field(max_length=10)] = []  # noqa: RUF012
    """`body_html` adds the text as sanitised HTML."""


door.page(ITEMS, IDEAS, "listIdeas", "List ideas", READ, IdeaFilter)
door.command(
    "POST", ITEMS, commands.propose_idea, "proposeIdea", "Propose an idea",
    "A title is enough. It is submitted at once, unless it is to stay a draft.",
    view=IDEA, created_at=ITEMS,
)  # fmt: skip


async def put_batched(work: Work, ask: BatchedIdea) -> tuple[UUID, bool]:
    propose = ProposeIdea.model_construct(**{name: getattr(ask, name) for name in ProposeIdea.model_fields})
    if ask.external_source and ask.external_id:
        return await commands.put_idea(work, ask.external_source, ask.external_id, propose)
    return await commands.propose_idea(work, propose), True


async def prepare_batch(work: Work, asks: Sequence[BatchedIdea]) -> None:
    await look_ahead(work, "idea", asks)


door.batch(ITEMS, BatchedIdea, put_batched, "proposeIdeas", "Propose or revise many ideas", WRITE, prepare_batch)
door.by_external_id(
    ITEMS, by_its_name(IDEA), commands.put_idea, "an idea", READ,
    "A nightly job is simply re-run: the first time proposes, later ones revise, and what is equal stays as it is. The "
    "name is yours: what others call the same is another idea.",
)  # fmt: skip


@door.operation(
    "GET", ITEM, "getIdea", "Get an idea", READ, query=IdeaOptions, answer=Idea,
    other_statuses={304: "You have it already."},
)  # fmt: skip
async def get(call: Call) -> Response:
    options = call.query(IdeaOptions)
    return await call.one(IDEA, call.path_id(), include=frozenset(options.include))


door.command(
    "PATCH", ITEM, commands.revise_idea, "reviseIdea", "Revise an idea",
    "What is left out stays as it is. A change of title, summary or body becomes a revision.",
    view=IDEA,
)  # fmt: skip
door.command(
    "DELETE", ITEM, commands.delete_idea, "deleteIdea", "Delete a draft",
    "Only drafts can be deleted; withdraw what was submitted.",
    view=IDEA,
)  # fmt: skip
door.command(
    "POST", ITEM + "/submit", commands.submit_idea, "submitIdea", "Submit a draft",
    "Its audience reads it from now on, and an answer is owed.",
    view=IDEA,
)  # fmt: skip
door.command(
    "POST", ITEM + "/withdraw", commands.withdraw_idea, "withdrawIdea", "Withdraw an idea",
    "Only its author may. It leaves the lists and keeps its stage; those who may see it still reach it by its id.",
    view=IDEA,
)  # fmt: skip
door.command(
    "POST", ITEM + "/reinstate", commands.reinstate_idea, "reinstateIdea", "Bring a withdrawn idea back",
    "It goes on in the stage in which it was.",
    view=IDEA,
)  # fmt: skip
door.page(
    ITEM + "/revisions", REVISIONS, "listIdeaRevisions", "List the revisions of an idea", READ,
    fixed={"content": "id"},
)  # fmt: skip
door.one(
    ITEM + "/revisions/{n}", REVISION, "getIdeaRevision", "Get a revision of an idea", READ,
    {"n": Annotated[int, Field(ge=1, le=999_999_999), WholeNumber]}, by={"content_id": "id", "number": "n"},
)  # fmt: skip
