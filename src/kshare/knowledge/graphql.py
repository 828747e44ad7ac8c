"""Knowledge items through GraphQL."""

from typing import Annotated
from uuid import UUID

import strawberry

from kshare.content import shapes as content_shapes
from kshare.content.difference import DifferenceRead
from kshare.content.graphql import ContentFields, RevisionConnection
from kshare.content.reads import REVISIONS
from kshare.core.access import Permission
from kshare.discussion.graphql import Comment
from kshare.edge.graphql import (
    VIEWS,
    First,
    Info,
    command_field,
    connection_type,
    enum_type,
    field,
    input_type,
    list_field,
    many_field,
    object_type,
    one_field,
)
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


class Query:
    knowledge_items = list_field(
        KNOWLEDGE_ITEMS, KnowledgeItemConnection, shapes.KnowledgeItemFilter, READ, "Knowledge items you may see."
    )
    knowledge_item = one_field(KNOWLEDGE_ITEM, KnowledgeItem, READ, "One knowledge item.")
    revisions = list_field(
        REVISIONS, RevisionConnection, None, READ, "The revisions of a content.", fixed={"content_id": "content"}
    )

    @field("What changed between two revisions of a content.")
    def difference(
        self,
        info: Info,
        content_id: Annotated[UUID, strawberry.argument(description="The content.")],
        before: Annotated[int, strawberry.argument(description="The number of the earlier revision.")],
        after: Annotated[int, strawberry.argument(description="The number of the later revision.")],
    ) -> content_shapes.Difference | None:
        info.context.demand(READ)
        return DifferenceRead(content_id, before, after)  # type: ignore[return-value]


class Mutation:
    create_knowledge_item = command_field(
        commands.create_knowledge_item,
        KnowledgeItem,
        KNOWLEDGE_ITEM,
        "Create a knowledge item; a draft unless `publish` is true.",
    )
    update_knowledge_item = command_field(
        commands.update_knowledge_item,
        KnowledgeItem,
        KNOWLEDGE_ITEM,
        "Change a knowledge item; what is left out stays as it is.",
    )
    publish_knowledge_item = command_field(
        commands.publish_knowledge_item, KnowledgeItem, KNOWLEDGE_ITEM, "Publish a draft or an archived item."
    )
    archive_knowledge_item = command_field(
        commands.archive_knowledge_item, KnowledgeItem, KNOWLEDGE_ITEM, "Take a published item out of the lists."
    )
    restore_knowledge_item_revision = command_field(
        commands.restore_knowledge_item_revision,
        KnowledgeItem,
        KNOWLEDGE_ITEM,
        "Bring an earlier text back, as a new revision.",
    )
    delete_knowledge_item = command_field(commands.delete_knowledge_item, UUID, None, "Delete a draft; answers its id.")
    put_knowledge_item = command_field(
        commands.put_knowledge_item, KnowledgeItem, KNOWLEDGE_ITEM, "Create or update the item of an external system."
    )
