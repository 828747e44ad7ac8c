"""What all content has, over REST: categories, tags, and why somebody sees it."""

from uuid import UUID

from starlette.responses import Response

from kshare.content import taxonomy
from kshare.content.access import access_of
from kshare.content.shapes import ContentAccess
from kshare.content.taxonomy_reads import CATEGORIES, CATEGORY, TAG, TAGS
from kshare.content.taxonomy_shapes import (
    Category,
    CategoryFilter,
    CreateCategory,
    CreateTag,
    MergeTag,
    Tag,
    TagFilter,
    UpdateCategory,
    UpdateTag,
)
from kshare.core.access import Permission
from kshare.core.reading import Ask
from kshare.core.writing import Work
from kshare.edge.rest import Call, Door, Written

door = Door("Content", "What all shared things have in common: categories, tags, and who has access.")
READ, MANAGE = Permission.content_read, Permission.taxonomy_manage


class AccessOptions(Ask):
    """Whose access to explain."""

    person: UUID | None = None
    """This person's; without it your own. Another's needs the permission `access_explain`."""


@door.operation(
    "GET", "/content/{id}/access", "explainAccess", "Explain why somebody sees a content", READ,
    query=AccessOptions, answer=ContentAccess, other_statuses={304: "You have it already."},
)  # fmt: skip
async def explain_access(call: Call) -> Response:
    """A person sees it who is among its readers (`because` says as what), is cleared for it, and may read content at
    all. Only content that you see yourself is explained."""
    read = await access_of(call.kernel, call.principal, call.path_id(), call.query(AccessOptions).person)
    return await call.read(read)


# ---- categories -----------------------------------------------------------------------------------------------------

door.page("/categories", CATEGORIES, "listCategories", "List categories", READ, CategoryFilter)
door.one("/categories/{id}", CATEGORY, "getCategory", "Get a category", READ)


@door.operation(
    "POST", "/categories", "createCategory", "Create a category", MANAGE,
    body=CreateCategory, answer=Category, status=201,
)  # fmt: skip
async def create_category(call: Call) -> Response:
    """Under another category, or at the top of the tree."""
    ask = await call.body(CreateCategory)

    async def perform(work: Work) -> Written:
        return Written.created(await taxonomy.create_category(work, ask), "/v1/categories")

    return await call.write(perform, view=CATEGORY)


@door.operation(
    "PATCH", "/categories/{id}", "updateCategory", "Rename or move a category", MANAGE,
    body=UpdateCategory, answer=Category, if_match="required",
)  # fmt: skip
async def update_category(call: Call) -> Response:
    """It moves with everything below it. Roles assigned for a category hold for what stands below it, so a move changes
    who may do what. A move under itself is a `conflict`."""
    id, version = call.path_id(), call.expected_version(required=True)
    ask = await call.body(UpdateCategory)

    async def perform(work: Work) -> Written:
        return Written(await taxonomy.update_category(work, id, ask, version))

    return await call.write(perform, view=CATEGORY)


@door.operation(
    "DELETE", "/categories/{id}", "deleteCategory", "Delete an empty category", MANAGE,
    status=204, if_match="required",
)  # fmt: skip
async def delete_category(call: Call) -> Response:
    """`conflict` while content or another category stands in it. Roles assigned for it end."""
    id, version = call.path_id(), call.expected_version(required=True)

    async def perform(work: Work) -> Written:
        await taxonomy.delete_category(work, id, version)
        return Written()

    return await call.write(perform, view=CATEGORY)


# ---- tags -----------------------------------------------------------------------------------------------------------

door.page("/tags", TAGS, "listTags", "List tags", READ, TagFilter)
door.one("/tags/{id}", TAG, "getTag", "Get a tag", READ)


@door.operation(
    "POST", "/tags", "createTag", "Create a tag", MANAGE,
    body=CreateTag, answer=Tag, status=201, problems=("already_exists",),
)  # fmt: skip
async def create_tag(call: Call) -> Response:
    """Tags also come into being by being used. Two spellings that differ only in case or width are one name."""
    ask = await call.body(CreateTag)

    async def perform(work: Work) -> Written:
        return Written.created(await taxonomy.create_tag(work, ask), "/v1/tags")

    return await call.write(perform, view=TAG)


@door.operation(
    "PATCH", "/tags/{id}", "updateTag", "Rename a tag or change its synonyms", MANAGE,
    body=UpdateTag, answer=Tag, if_match="required", problems=("already_exists",),
)  # fmt: skip
async def update_tag(call: Call) -> Response:
    """`already_exists` when a name leads to another tag already."""
    id, version = call.path_id(), call.expected_version(required=True)
    ask = await call.body(UpdateTag)

    async def perform(work: Work) -> Written:
        return Written(await taxonomy.update_tag(work, id, ask, version))

    return await call.write(perform, view=TAG)


@door.operation("POST", "/tags/{id}/merge", "mergeTag", "Merge a tag into another", MANAGE, body=MergeTag, answer=Tag)
async def merge_tag(call: Call) -> Response:
    """Its contents and its names go to the other tag, which is the answer; the tag itself is gone."""
    id, ask = call.path_id(), await call.body(MergeTag)

    async def perform(work: Work) -> Written:
        return Written(await taxonomy.merge_tag(work, id, ask))

    return await call.write(perform, view=TAG)


@door.operation("DELETE", "/tags/{id}", "deleteTag", "Delete an unused tag", MANAGE, status=204, if_match="required")
async def delete_tag(call: Call) -> Response:
    """`conflict` while a content has it."""
    id, version = call.path_id(), call.expected_version(required=True)

    async def perform(work: Work) -> Written:
        await taxonomy.delete_tag(work, id, version)
        return Written()

    return await call.write(perform, view=TAG)
