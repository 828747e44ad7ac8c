"""Content through GraphQL: the types every kind of content shows."""

from typing import Annotated
from uuid import UUID

import strawberry

from kshare.content import shapes, taxonomy, taxonomy_shapes
from kshare.content.access import access_of
from kshare.content.reads import REVISION
from kshare.content.taxonomy_reads import CATEGORIES, CATEGORY, TAG, TAGS
from kshare.core.access import Permission
from kshare.core.reading import Shape
from kshare.edge.graphql import (
    VIEWS,
    Info,
    command_field,
    connection_type,
    enum_type,
    field,
    input_type,
    list_field,
    object_type,
    one_field,
)
from kshare.people.graphql import Department, Person

READ = Permission.content_read

enum_type(shapes.State)
enum_type(shapes.ContentType)
Counters = object_type(shapes.Counters)
AudienceMember = object_type(shapes.AudienceMember)
enum_type(shapes.DifferenceOp)
for shape in (shapes.DifferenceLine, shapes.DifferenceHunk):
    object_type(shape)
Difference = object_type(shapes.Difference)


@object_type
class Revision(shapes.Revision):
    __doc__ = shapes.Revision.__doc__
    author: Person
    """Who wrote this revision."""


@object_type
class Category(taxonomy_shapes.Category):
    __doc__ = taxonomy_shapes.Category.__doc__
    parent: "Category | None"
    """The category above it; null at the top."""


@object_type
class Tag(taxonomy_shapes.Tag):
    __doc__ = taxonomy_shapes.Tag.__doc__


@object_type
class ContentAccess(shapes.ContentAccess):
    __doc__ = shapes.ContentAccess.__doc__


@object_type
class ContentCard(shapes.ContentCard):
    __doc__ = shapes.ContentCard.__doc__
    author: Person
    """Who wrote it."""


VIEWS |= {"Revision": (REVISION, READ), "Category": (CATEGORY, READ), "Tag": (TAG, READ)}
CategoryConnection = connection_type(Category, "Category")
TagConnection = connection_type(Tag, "Tag")
CategoryFilter = input_type(taxonomy_shapes.CategoryFilter, name="CategoryFilter")
TagFilter = input_type(taxonomy_shapes.TagFilter, name="TagFilter")
RevisionConnection = connection_type(Revision, "Revision")


class ContentFields(Shape):
    """The fields of `ContentSummary` whose GraphQL types can be followed further."""

    author: Person
    """Who wrote it."""
    department: Department | None
    """The author's department when it was written."""
    category: Category | None
    """Its place in the category tree."""
    tags: list[Tag]
    """Its tags, by name."""


class Query:
    categories = list_field(CATEGORIES, CategoryConnection, CategoryFilter, READ, "Categories, by name.")
    category = one_field(CATEGORY, Category, READ, "One category.")
    tags = list_field(TAGS, TagConnection, TagFilter, READ, "Tags, by name.")
    tag = one_field(TAG, Tag, READ, "One tag.")

    @field("Why a person sees a content, or does not. Another person than you needs the permission `access_explain`.")
    async def content_access(
        self,
        info: Info,
        id: Annotated[UUID, strawberry.argument(description="The content.")],
        person: Annotated[UUID | None, strawberry.argument(description="Whose access; by default your own.")] = None,
    ) -> ContentAccess | None:
        context = info.context
        context.demand(READ)
        return await access_of(context.kernel, context.principal, id, person)  # type: ignore[return-value]


class Mutation:
    create_category = command_field(taxonomy.create_category, Category, CATEGORY, "Create a category.")
    update_category = command_field(
        taxonomy.update_category, Category, CATEGORY, "Rename a category, or move it with everything below it."
    )
    delete_category = command_field(taxonomy.delete_category, UUID, None, "Delete an empty category; answers its id.")

    create_tag = command_field(taxonomy.create_tag, Tag, TAG, "Create a tag.")
    update_tag = command_field(taxonomy.update_tag, Tag, TAG, "Rename a tag, or change its synonyms.")
    merge_tag = command_field(taxonomy.merge_tag, Tag, TAG, "Merge a tag into another; answers the one that stays.")
    delete_tag = command_field(taxonomy.delete_tag, UUID, None, "Delete an unused tag; answers its id.")
