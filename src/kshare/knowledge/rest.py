"""Knowledge items through REST."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from kshare.content.difference import difference
from kshare.content.reads import REVISION, REVISIONS
from kshare.content.shapes import Difference, Revision
from kshare.core.access import Permission
from kshare.core.reading import Ask
from kshare.core.writing import Work
from kshare.edge.batch import BatchAnswer, BatchOptions, batch_of, run_batch
from kshare.edge.rest import Call, Door, Written
from kshare.knowledge import commands
from kshare.knowledge.reads import KNOWLEDGE_ITEM, KNOWLEDGE_ITEMS
from kshare.knowledge.shapes import (
    CreateKnowledgeItem,
    ExternalName,
    KnowledgeItem,
    KnowledgeItemFilter,
    RestoreRevision,
    UpdateKnowledgeItem,
)

door = Door("Knowledge", "Knowledge items, with their revisions.")
READ, WRITE = Permission.content_read, Permission.knowledge_write


class KnowledgeItemDifference(Ask):
    """Which two revisions to compare."""

    from_: Annotated[int, Field(ge=1, le=2_147_483_647, alias="from")]
    """The earlier revision."""
    to: Annotated[int, Field(ge=1, le=2_147_483_647)]
    """The later revision."""


class BatchedKnowledgeItem(CreateKnowledgeItem):
    """An item of a batch: created, or updated when it names an external id that is known."""

    external_source: ExternalName | None = None
    """The system it comes from; together with `external_id`."""
    external_id: ExternalName | None = None
    """Its id there; a second batch with the same id updates the item."""

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.external_source is None) != (self.external_id is None):
            raise PydanticCustomError("external_pair", "external_source and external_id belong together")
        return self


class KnowledgeItemOptions(Ask):
    """What to add to an item."""

    include: Annotated[list[Literal["body_html"]], Field(max_length=10)] = []  # noqa: RUF012
    """`body_html` adds the text as sanitised HTML."""


door.page("/knowledge-items", KNOWLEDGE_ITEMS, "listKnowledgeItems", "List knowledge items", READ, KnowledgeItemFilter)


@door.operation(
    "POST",
    "/knowledge-items",
    "createKnowledgeItem",
    "Create a knowledge item",
    WRITE,
    body=CreateKnowledgeItem,
    answer=KnowledgeItem,
    status=201,
)
async def create(call: Call) -> Response:
    """It stays a draft, which only you can read, until it is published."""
    ask = await call.body(CreateKnowledgeItem)

    async def perform(work: Work) -> Written:
        return Written.created(await commands.create_knowledge_item(work, ask), "/v1/knowledge-items")

    return await call.write(perform, view=KNOWLEDGE_ITEM)


@door.operation(
    "POST",
    "/knowledge-items:batch",
    "createKnowledgeItems",
    "Create or update many knowledge items",
    WRITE,
    query=BatchOptions,
    body=batch_of(BatchedKnowledgeItem),
    answer=BatchAnswer,
    status=207,
)
async def batch(call: Call) -> Response:
    """Up to 500 items as JSON, more as NDJSON (`application/x-ndjson`, one item a line). Each item is answered for
    itself; a refused one holds up no other. With an external id an item is created or updated."""

    async def perform(work: Work, ask: BatchedKnowledgeItem) -> tuple[UUID, bool]:
        create = CreateKnowledgeItem.model_construct(**{n: getattr(ask, n) for n in CreateKnowledgeItem.model_fields})
        if ask.external_source and ask.external_id:
            return await commands.put_knowledge_item(work, ask.external_source, ask.external_id, create)
        return await commands.create_knowledge_item(work, create), True

    return await run_batch(call, BatchedKnowledgeItem, perform)


_EXTERNAL = "/knowledge-items/by-external-id/{source}/{external_id}"
_EXTERNAL_TYPES = {"source": ExternalName, "external_id": ExternalName}


@door.operation(
    "GET",
    _EXTERNAL,
    "getKnowledgeItemByExternalId",
    "Get a knowledge item by its id elsewhere",
    READ,
    path_types=_EXTERNAL_TYPES,
    answer=KnowledgeItem,
    other_statuses={304: "You have it already."},
)
async def get_external(call: Call) -> Response:
    source, external_id = call.path_text("source", ExternalName), call.path_text("external_id", ExternalName)
    return await call.one(KNOWLEDGE_ITEM, external_source=source, external_id=external_id)


@door.operation(
    "PUT",
    _EXTERNAL,
    "putKnowledgeItemByExternalId",
    "Create or update a knowledge item by its id elsewhere",
    WRITE,
    path_types=_EXTERNAL_TYPES,
    body=CreateKnowledgeItem,
    answer=KnowledgeItem,
    other_statuses={201: "It was created."},
)
async def put_external(call: Call) -> Response:
    """A nightly job is simply re-run: the first time creates, later ones update, and what is equal stays as it is."""
    source, external_id = call.path_text("source", ExternalName), call.path_text("external_id", ExternalName)
    ask = await call.body(CreateKnowledgeItem)

    async def perform(work: Work) -> Written:
        id, created = await commands.put_knowledge_item(work, source, external_id, ask)
        return Written.created(id, "/v1/knowledge-items") if created else Written(id)

    return await call.write(perform, view=KNOWLEDGE_ITEM)


@door.operation(
    "GET",
    "/knowledge-items/{id}",
    "getKnowledgeItem",
    "Get a knowledge item",
    READ,
    query=KnowledgeItemOptions,
    answer=KnowledgeItem,
    other_statuses={304: "You have it already."},
)
async def get(call: Call) -> Response:
    options = call.query(KnowledgeItemOptions)
    return await call.one(KNOWLEDGE_ITEM, call.path_id(), include=frozenset(options.include))


@door.operation(
    "PATCH",
    "/knowledge-items/{id}",
    "updateKnowledgeItem",
    "Change a knowledge item",
    WRITE,
    body=UpdateKnowledgeItem,
    answer=KnowledgeItem,
    if_match="required",
)
async def update(call: Call) -> Response:
    """What is left out stays as it is. A change of title, summary or body becomes a new revision."""
    id, version = call.path_id(), call.expected_version(required=True)
    ask = await call.body(UpdateKnowledgeItem)

    async def perform(work: Work) -> Written:
        return Written(await commands.update_knowledge_item(work, id, ask, version))

    return await call.write(perform, view=KNOWLEDGE_ITEM)


@door.operation(
    "DELETE",
    "/knowledge-items/{id}",
    "deleteKnowledgeItem",
    "Delete a draft",
    WRITE,
    status=204,
    if_match="required",
)
async def delete(call: Call) -> Response:
    """Only drafts can be deleted; what was published is archived instead."""
    id, version = call.path_id(), call.expected_version(required=True)

    async def perform(work: Work) -> Written:
        await commands.delete_knowledge_item(work, id, version)
        return Written()

    return await call.write(perform, view=KNOWLEDGE_ITEM)


@door.operation(
    "POST",
    "/knowledge-items/{id}/publish",
    "publishKnowledgeItem",
    "Publish a knowledge item",
    WRITE,
    answer=KnowledgeItem,
    if_match="optional",
)
async def publish(call: Call) -> Response:
    """Shows a draft, or an archived item again, to its audience."""
    id, version = call.path_id(), call.expected_version(required=False)

    async def perform(work: Work) -> Written:
        return Written(await commands.publish_knowledge_item(work, id, version))

    return await call.write(perform, view=KNOWLEDGE_ITEM)


@door.operation(
    "POST",
    "/knowledge-items/{id}/archive",
    "archiveKnowledgeItem",
    "Archive a knowledge item",
    WRITE,
    answer=KnowledgeItem,
    if_match="optional",
)
async def archive(call: Call) -> Response:
    """Takes it out of the lists; those who may see it still reach it by its id."""
    id, version = call.path_id(), call.expected_version(required=False)

    async def perform(work: Work) -> Written:
        return Written(await commands.archive_knowledge_item(work, id, version))

    return await call.write(perform, view=KNOWLEDGE_ITEM)


REVISIONS_PATH = "/knowledge-items/{id}/revisions"
door.page(
    REVISIONS_PATH,
    REVISIONS,
    "listKnowledgeItemRevisions",
    "List the revisions of a knowledge item",
    READ,
    fixed={"content": "id"},
)


@door.operation(
    "GET",
    REVISIONS_PATH + "/{n}",
    "getKnowledgeItemRevision",
    "Get a revision of a knowledge item",
    READ,
    path_types={"n": Annotated[int, Field(ge=1, le=999_999_999)]},
    answer=Revision,
    other_statuses={304: "You have it already."},
)
async def revision(call: Call) -> Response:
    return await call.one(REVISION, content_id=call.path_id(), number=call.path_int("n"))


@door.operation(
    "GET",
    "/knowledge-items/{id}/diff",
    "diffKnowledgeItem",
    "Compare two revisions of a knowledge item",
    READ,
    query=KnowledgeItemDifference,
    answer=Difference,
)
async def diff(call: Call) -> Response:
    asked = call.query(KnowledgeItemDifference)
    found = await difference(call.kernel, call.principal, call.path_id(), asked.from_, asked.to)
    return Response(found.model_dump_json(), media_type="application/json")


@door.operation(
    "POST",
    "/knowledge-items/{id}/restore",
    "restoreKnowledgeItemRevision",
    "Bring an earlier text back",
    WRITE,
    body=RestoreRevision,
    answer=KnowledgeItem,
    if_match="optional",
)
async def restore(call: Call) -> Response:
    """The text of the named revision becomes the newest revision; nothing is lost."""
    id, version = call.path_id(), call.expected_version(required=False)
    ask = await call.body(RestoreRevision)

    async def perform(work: Work) -> Written:
        return Written(await commands.restore_knowledge_item_revision(work, id, ask, version))

    return await call.write(perform, view=KNOWLEDGE_ITEM)
