"""What all content has, over REST: categories, tags, and why somebody sees it."""

from uuid import UUID

from starlette.responses import Response

from kshare.content import taxonomy
from kshare.content.access import access_of
from kshare.content.shapes import ContentAccess
from kshare.content.taxonomy_reads import CATEGORIES, CATEGORY, TAG, TAGS
from kshare.content.taxonomy_shapes import CategoryFilter, TagFilter
from kshare.core.access import Permission
from kshare.core.reading import Ask
from kshare.edge.door import Door
from kshare.edge.rest import Call

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
door.command(
    "POST", "/categories", taxonomy.create_category, "createCategory", "Create a category",
    "Under another category, or at the top of the tree.",
    view=CATEGORY, created_at="/categories",
)  # fmt: skip
door.command(
    "PATCH", "/categories/{id}", taxonomy.update_category, "updateCategory", "Rename or move a category",
    "It moves with everything below it. Roles assigned for a category hold for what stands below it, so a move changes "
    "who may do what. A move under itself is a `conflict`.",
    view=CATEGORY,
)  # fmt: skip
door.command(
    "DELETE", "/categories/{id}", taxonomy.delete_category, "deleteCategory", "Delete an empty category",
    "`conflict` while content or another category stands in it. Roles assigned for it end, and so do its review "
    "policies.",
    view=CATEGORY,
)  # fmt: skip

# ---- tags -----------------------------------------------------------------------------------------------------------

door.page("/tags", TAGS, "listTags", "List tags", READ, TagFilter)
door.one("/tags/{id}", TAG, "getTag", "Get a tag", READ)
door.command(
    "POST", "/tags", taxonomy.create_tag, "createTag", "Create a tag",
    "Tags also come into being by being used. Two spellings that differ only in case or width are one name.",
    view=TAG, created_at="/tags", problems=("already_exists",),
)  # fmt: skip
door.command(
    "PATCH", "/tags/{id}", taxonomy.update_tag, "updateTag", "Rename a tag or change its synonyms",
    "`already_exists` when a name leads to another tag already.",
    view=TAG, problems=("already_exists",),
)  # fmt: skip
door.command(
    "POST", "/tags/{id}/merge", taxonomy.merge_tag, "mergeTag", "Merge a tag into another",
    "Its contents and its names go to the other tag, which is the answer; the tag itself is gone.",
    view=TAG,
)  # fmt: skip
door.command(
    "DELETE", "/tags/{id}", taxonomy.delete_tag, "deleteTag", "Delete an unused tag",
    "`conflict` while a content has it.",
    view=TAG,
)  # fmt: skip
