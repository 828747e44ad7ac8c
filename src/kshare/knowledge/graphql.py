"""Knowledge items through GraphQL."""

from uuid import UUID

from kshare.content import shapes as content_shapes
from kshare.content.difference import difference
from kshare.content.graphql import ContentFields, RevisionConnection
from kshare.content.reads import REVISIONS
from kshare.core.access import Permission
from kshare.discussion.graphql import Comment
from kshare.edge.graphql import (
    VIEWS,
    First,
    Info,
    connection_type,
    enum_type,
    expect,
    field,
    input_type,
    list_field,
    many_field,
    mutation,
    object_type,
    one_field,
)
from kshare.edge.parsing import checked_value
from kshare.edge.reads import OneRead
from kshare.knowledge import commands, shapes
from kshare.knowledge.reads import KNOWLEDGE_ITEM, KNOWLEDGE_ITEMS

READ = Permission.content_read

enum_type(shapes.KnowledgeKind)


@object_type
class KnowledgeItem(ContentFields, shapes.KnowledgeItem):
    __doc__ = shapes.KnowledgeItem.__doc__

    @many_field("The newest comments that answer it directly; deleted ones only where they hold replies.")
    def comments(self, first: First = 3) -> list[Comment]:
        raise NotImplementedError


VIEWS["KnowledgeItem"] = (KNOWLEDGE_ITEM, READ)
KnowledgeItemConnection = connection_type(KnowledgeItem, "KnowledgeItem")
input_type(shapes.KnowledgeItemFilter, name="KnowledgeItemFilter")
input_type(shapes.CreateKnowledgeItem)
input_type(shapes.UpdateKnowledgeItem)
input_type(shapes.RestoreRevision)


class Query:
    knowledge_items = list_field(
        KNOWLEDGE_ITEMS, KnowledgeItemConnection, shapes.KnowledgeItemFilter, READ, "Knowledge items you may see."
    )
    knowledge_item = one_field(KNOWLEDGE_ITEM, KnowledgeItem, READ, "One knowledge item.")
    revisions = list_field(
        REVISIONS, RevisionConnection, None, READ, "The revisions of a content.", fixed={"content_id": "content"}
    )

    @field("What changed between two revisions of a content.")
    async def difference(
        self, info: Info, content_id: UUID, before: int, after: int
    ) -> content_shapes.Difference | None:
        context = info.context
        context.demand(READ)
        return await difference(context.kernel, context.principal, content_id, before, after)


class Mutation:
    @mutation("Create a knowledge item; a draft unless `publish` is true.")
    async def create_knowledge_item(self, info: Info, input: shapes.CreateKnowledgeItem) -> KnowledgeItem | None:
        return OneRead(KNOWLEDGE_ITEM, await commands.create_knowledge_item(info.context.work, input))  # type: ignore[return-value]

    @mutation("Change a knowledge item; what is left out stays as it is.")
    async def update_knowledge_item(
        self,
        info: Info,
        id: UUID,
        expected_version: int,
        input: shapes.UpdateKnowledgeItem,
    ) -> KnowledgeItem | None:
        done = await commands.update_knowledge_item(info.context.work, id, input, expect(expected_version))
        return OneRead(KNOWLEDGE_ITEM, done)  # type: ignore[return-value]

    @mutation("Publish a draft or an archived item.")
    async def publish_knowledge_item(
        self, info: Info, id: UUID, expected_version: int | None = None
    ) -> KnowledgeItem | None:
        done = await commands.publish_knowledge_item(info.context.work, id, expected_version)
        return OneRead(KNOWLEDGE_ITEM, done)  # type: ignore[return-value]

    @mutation("Take a published item out of the lists.")
    async def archive_knowledge_item(
        self, info: Info, id: UUID, expected_version: int | None = None
    ) -> KnowledgeItem | None:
        done = await commands.archive_knowledge_item(info.context.work, id, expected_version)
        return OneRead(KNOWLEDGE_ITEM, done)  # type: ignore[return-value]

    @mutation("Bring an earlier text back, as a new revision.")
    async def restore_knowledge_item_revision(
        self,
        info: Info,
        id: UUID,
        input: shapes.RestoreRevision,
        expected_version: int | None = None,
    ) -> KnowledgeItem | None:
        done = await commands.restore_knowledge_item_revision(info.context.work, id, input, expected_version)
        return OneRead(KNOWLEDGE_ITEM, done)  # type: ignore[return-value]

    @mutation("Delete a draft; answers its id.")
    async def delete_knowledge_item(self, info: Info, id: UUID, expected_version: int) -> UUID | None:
        await commands.delete_knowledge_item(info.context.work, id, expected_version)
        return id

    @mutation("Create or update the item of an external system.")
    async def put_knowledge_item(
        self,
        info: Info,
        source: str,
        external_id: str,
        input: shapes.CreateKnowledgeItem,
    ) -> KnowledgeItem | None:
        work = info.context.work
        source = checked_value(shapes.ExternalName, source, "/source")
        external_id = checked_value(shapes.ExternalName, external_id, "/externalId")
        id, _ = await commands.put_knowledge_item(work, source, external_id, input)
        return OneRead(KNOWLEDGE_ITEM, id)  # type: ignore[return-value]
