"""Knowledge items through REST."""

from typing import Annotated, Literal

from pydantic import Field
from starlette.responses import Response

from kshare.core.access import Permission
from kshare.core.reading import Ask
from kshare.core.writing import Work
from kshare.edge.rest import Call, Door, Written
from kshare.knowledge import commands
from kshare.knowledge.reads import KNOWLEDGE_ITEM, KNOWLEDGE_ITEMS
from kshare.knowledge.shapes import (
    CreateKnowledgeItem,
    KnowledgeItem,
    KnowledgeItemFilter,
    UpdateKnowledgeItem,
)

door = Door("Knowledge")
READ, WRITE = Permission.content_read, Permission.knowledge_write


class KnowledgeItemOptions(Ask):
    """What to add to an item."""

    include: Annotated[list[Literal["body_html"]], Field(max_length=10)] = []  # noqa: RUF012
    """`body_html` adds the text as sanitised HTML."""


door.page(
    "/knowledge-items", KNOWLEDGE_ITEMS, "listKnowledgeItems", "List knowledge items", READ, KnowledgeItemFilter
)


@door.operation(
    "POST", "/knowledge-items", "createKnowledgeItem", "Create a knowledge item", WRITE,
    body=CreateKnowledgeItem, answer=KnowledgeItem, status=201,
)
async def create(call: Call) -> Response:
    """It stays a draft, which only you can read, until it is published."""
    ask = await call.body(CreateKnowledgeItem)

    async def perform(work: Work) -> Written:
        return Written.created(await commands.create_knowledge_item(work, ask), "/v1/knowledge-items")

    return await call.write(perform, view=KNOWLEDGE_ITEM)


@door.operation(
    "GET", "/knowledge-items/{id}", "getKnowledgeItem", "Get a knowledge item", READ,
    query=KnowledgeItemOptions, answer=KnowledgeItem, other_statuses={304: "You have it already."},
)
async def get(call: Call) -> Response:
    options = call.query(KnowledgeItemOptions)
    return await call.one(KNOWLEDGE_ITEM, call.path_id(), include=frozenset(options.include))


@door.operation(
    "PATCH", "/knowledge-items/{id}", "updateKnowledgeItem", "Change a knowledge item", WRITE,
    body=UpdateKnowledgeItem, answer=KnowledgeItem, if_match="required",
)
async def update(call: Call) -> Response:
    """What is left out stays as it is. A change of title, summary or body becomes a new revision."""
    id, version = call.path_id(), call.expected_version(required=True)
    ask = await call.body(UpdateKnowledgeItem)

    async def perform(work: Work) -> Written:
        return Written(await commands.update_knowledge_item(work, id, ask, version))

    return await call.write(perform, view=KNOWLEDGE_ITEM)


@door.operation(
    "DELETE", "/knowledge-items/{id}", "deleteKnowledgeItem", "Delete a draft", WRITE,
    status=204, if_match="required",
)
async def delete(call: Call) -> Response:
    """Only drafts can be deleted; what was published is archived instead."""
    id, version = call.path_id(), call.expected_version(required=True)

    async def perform(work: Work) -> Written:
        await commands.delete_knowledge_item(work, id, version)
        return Written()

    return await call.write(perform, view=KNOWLEDGE_ITEM)


@door.operation(
    "POST", "/knowledge-items/{id}/publish", "publishKnowledgeItem", "Publish a knowledge item", WRITE,
    answer=KnowledgeItem, if_match="optional",
)
async def publish(call: Call) -> Response:
    """Shows a draft, or an archived item again, to its audience."""
    id, version = call.path_id(), call.expected_version(required=False)

    async def perform(work: Work) -> Written:
        return Written(await commands.publish_knowledge_item(work, id, version))

    return await call.write(perform, view=KNOWLEDGE_ITEM)


@door.operation(
    "POST", "/knowledge-items/{id}/archive", "archiveKnowledgeItem", "Archive a knowledge item", WRITE,
    answer=KnowledgeItem, if_match="optional",
)
async def archive(call: Call) -> Response:
    """Takes it out of the lists; those who may see it still reach it by its id."""
    id, version = call.path_id(), call.expected_version(required=False)

    async def perform(work: Work) -> Written:
        return Written(await commands.archive_knowledge_item(work, id, version))

    return await call.write(perform, view=KNOWLEDGE_ITEM)
