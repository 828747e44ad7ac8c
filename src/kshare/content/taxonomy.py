"""The only code that changes categories and tags."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, delete, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from kshare.content.models import CategoryRow, ContentRow, ContentTagRow, TagNameRow, TagRow
from kshare.content.taxonomy_reads import CATEGORY_GUARD, TAG_GUARD
from kshare.content.taxonomy_shapes import (
    CategoryChanged,
    CategoryCreated,
    CategoryDeleted,
    CategoryMoved,
    CreateCategory,
    CreateTag,
    MergeTag,
    TagChanged,
    TagCreated,
    TagDeleted,
    TagMerged,
    UpdateCategory,
    UpdateTag,
    folded,
)
from kshare.core.access import Permission
from kshare.core.errors import DomainError, invalid, not_found
from kshare.core.ids import new_id
from kshare.core.principal import EVERYONE
from kshare.core.writing import Expected, Work, command
from kshare.people.models import RoleAssignmentRow
from kshare.people.signin import principals_changed

# ---- categories -----------------------------------------------------------------------------------------------------

_MOVE = text(
    """
    UPDATE category SET path =
      coalesce((SELECT p.path FROM category p WHERE p.id = CAST(:parent AS uuid)), CAST('{}' AS uuid[]))
      || path[array_position(path, CAST(:id AS uuid)):]
    WHERE path @> ARRAY[CAST(:id AS uuid)]
    """
)
"""Gives a category and everything below it their new paths, at once."""


async def _hold_tree(work: Work) -> None:
    """One change of the tree at a time: two moves that are right each by itself could make a circle together."""
    await work.lock_name("category tree")


async def _path(work: Work, id: UUID | None) -> list[UUID]:
    """The path of a category to stand under; raises 422 when there is none."""
    if id is None:
        return []
    path = (await work.session.execute(select(CategoryRow.path).where(CategoryRow.id == id))).scalar_one_or_none()
    if path is None:
        raise invalid("/parent_id", "unknown_reference", "There is no such category.")
    return path


@command(Permission.taxonomy_manage)
async def create_category(work: Work, ask: CreateCategory) -> UUID:
    """A new category."""
    await _hold_tree(work)
    id = new_id()
    path = [*await _path(work, ask.parent_id), id]
    work.add(CategoryRow(id=id, path=path, created_at=work.now, updated_at=work.now, **ask.model_dump()))
    work.record(CategoryCreated(category_id=id, parent_id=ask.parent_id), id, [EVERYONE])
    if ask.parent_id is not None:
        # A role for a category holds for what comes to stand below it.
        await principals_changed(work)
    return id


@command(Permission.taxonomy_manage)
async def update_category(work: Work, id: UUID, ask: UpdateCategory, version: Expected) -> UUID:
    """Renames a category, or moves it with everything below it; 409 for a move under itself."""
    changes = ask.changes()
    if "parent_id" in changes:
        await _hold_tree(work)
    category = await work.load(CATEGORY_GUARD, id, "edit", version=version)
    changes = {name: value for name, value in changes.items() if getattr(category, name) != value}
    if not changes:
        return id
    before = category.parent_id
    moved = "parent_id" in changes
    if moved and id in await _path(work, changes["parent_id"]):
        raise DomainError("conflict", "A category cannot stand under itself, or under one that stands under it.")
    for name, value in changes.items():
        setattr(category, name, value)
    category.updated_at = work.now
    await work.flush()
    if moved:
        await work.session.execute(_MOVE, {"id": id, "parent": category.parent_id})
        await principals_changed(work)
        event = CategoryMoved(category_id=id, from_parent_id=before, to_parent_id=category.parent_id)
        work.record(event, id, [EVERYONE])
    if fields := sorted(changes.keys() - {"parent_id"}):
        work.record(CategoryChanged(category_id=id, fields=fields), id, [EVERYONE])
    return id


@command(Permission.taxonomy_manage)
async def delete_category(work: Work, id: UUID, version: Expected) -> None:
    """Removes an empty category, the roles that were assigned for it and its review policies; 409 while anything stands
    in or under it."""
    await _hold_tree(work)
    category = await work.load(CATEGORY_GUARD, id, "delete", version=version)
    below = select(CategoryRow.id).where(CategoryRow.parent_id == id).limit(1)
    inside = select(ContentRow.id).where(ContentRow.category_id == id).limit(1)
    for query in (below, inside):
        if (await work.session.execute(query)).first() is not None:
            raise DomainError("conflict", "Only an empty category can be deleted: move what stands in it or below it.")
    await work.session.execute(delete(RoleAssignmentRow).where(RoleAssignmentRow.category_id == id))
    await principals_changed(work)
    work.record(CategoryDeleted(category_id=id), id, [EVERYONE])
    await work.session.delete(category)


# ---- tags -----------------------------------------------------------------------------------------------------------


@command(Permission.taxonomy_manage)
async def create_tag(work: Work, ask: CreateTag) -> UUID:
    """A new tag; 409 when one of its names leads to another already."""
    known = select(TagRow).join(TagNameRow, TagNameRow.tag_id == TagRow.id).where(TagNameRow.folded == folded(ask.name))
    tag = (await work.session.execute(known)).scalar_one_or_none()
    if tag is None or await work.exists(TAG_GUARD, tag.id):
        tag = TagRow(id=new_id(), name=ask.name, created_at=work.now)
        work.add(tag)
    # A tag that stands only on what the caller may not see is as good as none: it becomes the one asked for.
    tag.name, tag.curated, tag.updated_at = ask.name, True, work.now
    await work.flush()
    await _set_names(work, tag.id, ask.name, ask.synonyms)
    work.record(TagCreated(tag_id=tag.id), tag.id, [EVERYONE])
    return tag.id


@command(Permission.taxonomy_manage)
async def update_tag(work: Work, id: UUID, ask: UpdateTag, version: Expected) -> UUID:
    """Renames a tag, or changes its synonyms; 409 when a name leads to another tag already."""
    tag = await work.load(TAG_GUARD, id, "edit", version=version)
    known = select(TagNameRow.name).where(TagNameRow.tag_id == id).order_by(TagNameRow.folded)
    before = list((await work.session.execute(known)).scalars())
    name = tag.name if ask.name is None else ask.name
    names = {folded(n): n for n in (*(before if ask.synonyms is None else ask.synonyms), name)}
    fields = [
        field
        for field, changed in (("name", name != tag.name), ("synonyms", set(names) != set(map(folded, before))))
        if changed
    ]
    if not fields and set(names.values()) == set(before):
        return id
    await _set_names(work, id, name, list(names.values()))
    tag.name, tag.updated_at = name, work.now
    work.record(TagChanged(tag_id=id, fields=fields or ["synonyms"]), id, [EVERYONE])
    return id


async def _set_names(work: Work, tag_id: UUID, name: str, synonyms: Sequence[str]) -> None:
    """Makes these the names that lead to a tag, and no others."""
    preferred = folded(name)
    # The preferred name last, so that its spelling wins over a synonym's.
    names = {folded(one): one for one in (*synonyms, name)}
    await work.session.execute(delete(TagNameRow).where(TagNameRow.tag_id == tag_id, TagNameRow.folded.not_in(names)))
    # In one order for everybody, so that two tags that want the same names wait for each other instead of deadlocking.
    for key in sorted(names):
        put = pg_insert(TagNameRow).values(folded=key, tag_id=tag_id, name=names[key], preferred=key == preferred)
        put = put.on_conflict_do_update(
            index_elements=[TagNameRow.folded],
            set_={"name": put.excluded.name, "preferred": put.excluded.preferred},
            where=TagNameRow.tag_id == tag_id,
        )
        if (await work.session.execute(put.returning(TagNameRow.folded))).first() is None:
            raise DomainError("already_exists", f"The name {names[key]!r} leads to another tag already.")


@command(Permission.taxonomy_manage)
async def merge_tag(work: Work, id: UUID, ask: MergeTag) -> UUID:
    """Makes one tag of two: the contents of the first become the other's, and so do its names, as synonyms. Of two
    merges that meet, the later one finds the tag gone: 404."""
    if ask.into == id:
        raise invalid("/into", "same_object", "A tag cannot be merged into itself.")
    await work.load(TAG_GUARD, min(id, ask.into), "merge")
    await work.load(TAG_GUARD, max(id, ask.into), "merge")
    # Stronger than what `load` takes, and in the order of ids as well: who is just now giving a content one of these
    # tags must have finished, so that the statements below see it.
    both = select(TagRow).where(TagRow.id.in_((id, ask.into))).order_by(TagRow.id).with_for_update()
    tags = {tag.id: tag for tag in (await work.session.execute(both)).scalars()}
    if len(tags) != 2:
        raise not_found("tag")
    posting: Any = ContentTagRow.__table__
    moved = select(posting.c.content_id, literal(ask.into, Uuid)).where(posting.c.tag_id == id)
    put = pg_insert(posting).from_select(["content_id", "tag_id"], moved)
    await work.session.execute(put.on_conflict_do_nothing())
    await work.session.execute(delete(ContentTagRow).where(ContentTagRow.tag_id == id))
    names = update(TagNameRow).where(TagNameRow.tag_id == id).values(tag_id=ask.into, preferred=False)
    await work.session.execute(names.execution_options(synchronize_session=False))
    tags[ask.into].updated_at = work.now
    await work.session.delete(tags[id])
    work.record(TagMerged(tag_id=id, into=ask.into), id, [EVERYONE])
    return ask.into


@command(Permission.taxonomy_manage)
async def delete_tag(work: Work, id: UUID, version: Expected) -> None:
    """Removes a tag that no content has; 409 otherwise."""
    tag = await work.load(TAG_GUARD, id, "delete", version=version)
    if (await work.session.execute(select(ContentTagRow.id).where(ContentTagRow.tag_id == id).limit(1))).first():
        raise DomainError("conflict", "Some content has this tag; merge it into another instead.")
    work.record(TagDeleted(tag_id=id), id, [EVERYONE])
    await work.session.delete(tag)
