"""Knowledge items through REST."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from starlette.responses import Response

from kshare.content.difference import difference
from kshare.content.naming import look_ahead
from kshare.content.reads import REVISION, REVISIONS, by_its_name
from kshare.content.shapes import Difference
from kshare.core.access import Permission
from kshare.core.reading import Ask
from kshare.core.writing import Work
from kshare.edge.batch import Batched
from kshare.edge.door import Door
from kshare.edge.parsing import WholeNumber
from kshare.edge.rest import Call
from kshare.knowledge import commands
from kshare.knowledge.reads import KNOWLEDGE_ITEM, KNOWLEDGE_ITEMS
from kshare.knowledge.shapes import CreateKnowledgeItem, KnowledgeItem, KnowledgeItemFilter

door = Door("Knowledge", "Knowledge items, with their revisions.")
READ, WRITE = Permission.content_read, Permission.knowledge_write
ITEMS, ITEM = "/knowledge-items", "/knowledge-items/{id}"


class KnowledgeItemDifference(Ask):
    """Which two revisions to compare."""

    from_: Annotated[int, Field(ge=1, le=2_147_483_647, alias="from")]
    """The earlier revision."""
    to: Annotated[int, Field(ge=1, le=2_147_483_647)]
    """The later revision."""


class BatchedKnowledgeItem(Batched, CreateKnowledgeItem):
    """An item of a batch: created, or updated when it names an external id that is known."""


class KnowledgeItemOptions(Ask):
    """What to add to an item."""

    include: Annotated[list[Literal["body_html"]], Field(max_length=10)] = []  # noqa: RUF012
    """`body_html` adds the text as sanitised HTML."""


door.page(ITEMS, KNOWLEDGE_ITEMS, "listKnowledgeItems", "List knowledge items", READ, KnowledgeItemFilter)
door.command(
    "POST", ITEMS, commands.create_knowledge_item, "createKnowledgeItem", "Create a knowledge item",
    "It stays a draft, which only you can read, until it is published.",
    view=KNOWLEDGE_ITEM, created_at=ITEMS,
)  # fmt: skip


async def put_batched(work: Work, ask: BatchedKnowledgeItem) -> tuple[UUID, bool]:
    create = CreateKnowledgeItem.model_construct(
        **{name: getattr(ask, name) for name in CreateKnowledgeItem.model_fields}
    )
    if ask.external_source and ask.external_id:
        return await commands.put_knowledge_item(work, ask.external_source, ask.external_id, create)
    return await commands.create_knowledge_item(work, create), True


async def prepare_batch(work: Work, asks: Sequence[BatchedKnowledgeItem]) -> None:
    await look_ahead(work, "knowledge_item", asks)


door.batch(
    ITEMS,
    BatchedKnowledgeItem,
    put_batched,
    "createKnowledgeItems",
    "Create or update many knowledge items",
    WRITE,
    prepare_batch,
)
door.by_external_id(
    ITEMS, by_its_name(KNOWLEDGE_ITEM), commands.put_knowledge_item, "a knowledge item", READ,
    "A nightly job is simply re-run: the first time creates, later ones update, and what is equal stays as it is. The "
    "name is yours: what others call the same is another item.",
)  # fmt: skip


@door.operation(
    "GET", ITEM, "getKnowledgeItem", "Get a knowledge item", READ,
    query=KnowledgeItemOptions, answer=KnowledgeItem, other_statuses={304: "You have it already."},
)  # fmt: skip
async def get(call: Call) -> Response:
    options = call.query(KnowledgeItemOptions)
    return await call.one(KNOWLEDGE_ITEM, call.path_id(), include=frozenset(options.include))


door.command(
    "PATCH", ITEM, commands.update_knowledge_item, "updateKnowledgeItem", "Change a knowledge item",
    "What is left out stays as it is. A change of title, summary or body becomes a new revision.",
    view=KNOWLEDGE_ITEM,
)  # fmt: skip
door.command(
    "DELETE", ITEM, commands.delete_knowledge_item, "deleteKnowledgeItem", "Delete a draft",
    "Only drafts can be deleted; what was published is archived instead.",
    view=KNOWLEDGE_ITEM,
)  # fmt: skip
door.command(
    "POST", ITEM + "/publish", commands.publish_knowledge_item, "publishKnowledgeItem", "Publish a knowledge item",
    "Shows a draft, or an archived item again, to its audience.",
    view=KNOWLEDGE_ITEM,
)  # fmt: skip
door.command(
    "POST", ITEM + "/archive", commands.archive_knowledge_item, "archiveKnowledgeItem", "Archive a knowledge item",
    "Takes it out of the lists; those who may see it still reach it by its id.",
    view=KNOWLEDGE_ITEM,
)  # fmt: skip

door.page(
    ITEM + "/revisions", REVISIONS, "listKnowledgeItemRevisions", "List the revisions of a knowledge item", READ,
    fixed={"content": "id"},
)  # fmt: skip
door.one(
    ITEM + "/revisions/{n}", REVISION, "getKnowledgeItemRevision", "Get a revision of a knowledge item", READ,
    {"n": Annotated[int, Field(ge=1, le=999_999_999), WholeNumber]}, by={"content_id": "id", "number": "n"},
)  # fmt: skip


@door.operation(
    "GET", ITEM + "/diff", "diffKnowledgeItem", "Compare two revisions of a knowledge item", READ,
    query=KnowledgeItemDifference, answer=Difference,
)  # fmt: skip
async def diff(call: Call) -> Response:
    asked = call.query(KnowledgeItemDifference)
    found = await difference(call.kernel, call.principal, call.path_id(), asked.from_, asked.to)
    return Response(found, media_type="application/json")


door.command(
    "POST", ITEM + "/restore", commands.restore_knowledge_item_revision, "restoreKnowledgeItemRevision",
    "Bring an earlier text back",
    "The text of the named revision becomes the newest revision; nothing is lost.",
    view=KNOWLEDGE_ITEM,
)  # fmt: skip
