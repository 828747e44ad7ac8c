"""Knowledge items through GraphQL."""

from uuid import UUID

from kshare.core.access import Permission
from kshare.content.graphql import ContentFields
from kshare.edge.graphql import (
    VIEWS,
    Info,
    connection_type,
    enum_type,
    expect,
    input_type,
    list_field,
    mutation,
    object_type,
    one_field,
)
from kshare.edge.reads import OneRead
from kshare.knowledge import commands, shapes
from kshare.knowledge.reads import KNOWLEDGE_ITEM, KNOWLEDGE_ITEMS

READ = Permission.content_read

enum_type(shapes.KnowledgeKind)


@object_type
class KnowledgeItem(ContentFields, shapes.KnowledgeItem):
    __doc__ = shapes.KnowledgeItem.__doc__


VIEWS["KnowledgeItem"] = (KNOWLEDGE_ITEM, READ)
KnowledgeItemConnection = connection_type(KnowledgeItem, "KnowledgeItem")
KnowledgeItemFilter = input_type(shapes.KnowledgeItemFilter, name="KnowledgeItemFilter")
CreateKnowledgeItem = input_type(shapes.CreateKnowledgeItem)
UpdateKnowledgeItem = input_type(shapes.UpdateKnowledgeItem)
RestoreRevision = input_type(shapes.RestoreRevision)


class Query:
    knowledge_items = list_field(
        KNOWLEDGE_ITEMS, KnowledgeItemConnection, KnowledgeItemFilter, READ, "Knowledge items you may see."
    )
    knowledge_item = one_field(KNOWLEDGE_ITEM, KnowledgeItem, READ, "One knowledge item.")


class Mutation:
    @mutation("Create a knowledge item; a draft unless `publish` is true.")
    async def create_knowledge_item(self, info: Info, input: CreateKnowledgeItem) -> KnowledgeItem | None:  # type: ignore[valid-type]
        return OneRead(KNOWLEDGE_ITEM, await commands.create_knowledge_item(info.context.work, input))  # type: ignore[return-value]

    @mutation("Change a knowledge item; what is left out stays as it is.")
    async def update_knowledge_item(
        self, info: Info, id: UUID, expected_version: int, input: UpdateKnowledgeItem  # type: ignore[valid-type]
    ) -> KnowledgeItem | None:
        done = await commands.update_knowledge_item(info.context.work, id, input, expect(expected_version))
        return OneRead(KNOWLEDGE_ITEM, done)  # type: ignore[return-value]

    @mutation("Publish a draft or an archived item.")
    async def publish_knowledge_item(self, info: Info, id: UUID, expected_version: int | None = None) -> KnowledgeItem | None:
        done = await commands.publish_knowledge_item(info.context.work, id, expected_version)
        return OneRead(KNOWLEDGE_ITEM, done)  # type: ignore[return-value]
