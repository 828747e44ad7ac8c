"""The only code that changes knowledge items."""

from uuid import UUID

from sqlalchemy import select

from kshare.content.anonymity.sealing import check_still_anonymous, conceal
from kshare.content.authoring import TEXT, checked_changes, new_content
from kshare.content.authorship import tell, touch
from kshare.content.commands import add_content, readers_of, revise, set_state, set_tags
from kshare.content.models import ContentRow, RevisionRow
from kshare.content.naming import content_named, remember_name, remember_new
from kshare.content.reads import visible_revision
from kshare.core.access import Permission
from kshare.core.errors import DomainError, not_found
from kshare.core.text import ExternalName
from kshare.core.writing import Expected, Work, apply, command
from kshare.knowledge.reads import KNOWLEDGE_GUARD
from kshare.knowledge.shapes import (
    CreateKnowledgeItem,
    KnowledgeItemArchived,
    KnowledgeItemChanged,
    KnowledgeItemCreated,
    KnowledgeItemDeleted,
    KnowledgeItemPublished,
    KnowledgeItemRevised,
    RestoreRevision,
    UpdateKnowledgeItem,
)


@command(Permission.knowledge_write)
async def create_knowledge_item(
    work: Work, ask: CreateKnowledgeItem, *, external: tuple[str, str] | None = None
) -> UUID:
    """A new item, a draft unless it is to be published at once."""
    item = await new_content(work, ask, "knowledge_item", ask.kind, shown=ask.publish, external=external)
    if ask.anonymous:
        conceal(work, item)
    await add_content(work, item, ask.tags, forget=True)
    tell(work, item, KnowledgeItemCreated(content_id=item.id, kind=item.variety))
    if ask.publish:
        tell(work, item, KnowledgeItemPublished(content_id=item.id, kind=item.variety))
    return item.id


@command(Permission.knowledge_write)
async def update_knowledge_item(work: Work, id: UUID, ask: UpdateKnowledgeItem, version: Expected) -> UUID:
    """Changes what was sent; a change of the text becomes a revision."""
    item = await work.load(KNOWLEDGE_GUARD, id, "edit", version=version)
    changes = await checked_changes(work, ask, variety="kind")
    note, tags = (changes.pop(name, None) for name in ("note", "tags"))
    changed = apply(item, changes)
    if tags is not None and await set_tags(work, item, tags):
        changed.append("tags")
    if not changed:
        return item.id
    item.readers = readers_of(item)
    touch(work, item)
    if any(name in TEXT for name in changed):
        await revise(work, item, note)
        tell(work, item, KnowledgeItemRevised(content_id=item.id, revision=item.revision))
    if any(name not in TEXT for name in changed):
        tell(work, item, KnowledgeItemChanged(content_id=item.id, fields=changed))
    return item.id


@command(Permission.knowledge_write)
async def publish_knowledge_item(work: Work, id: UUID, version: Expected = None) -> UUID:
    """Shows a draft, or an archived item again, to its audience."""
    item = await _in_state(work, id, "publish", "published", version)
    await set_state(work, item, "published")
    tell(work, item, KnowledgeItemPublished(content_id=item.id, kind=item.variety))
    return item.id


@command(Permission.knowledge_write)
async def archive_knowledge_item(work: Work, id: UUID, version: Expected = None) -> UUID:
    """Takes a published item out of the lists; its readers still reach it by its id."""
    item = await _in_state(work, id, "archive", "archived", version)
    if item.state == "draft":
        raise DomainError("conflict", "A draft cannot be archived: publish it, or delete it.")
    await set_state(work, item, "archived")
    tell(work, item, KnowledgeItemArchived(content_id=item.id))
    return item.id


async def _in_state(work: Work, id: UUID, action: str, already: str, version: Expected) -> ContentRow:
    """An item the caller may edit, which is not in the state it is to reach."""
    item = await work.load(KNOWLEDGE_GUARD, id, "edit", version=version)
    if item.state == already:
        raise DomainError("conflict", f"It is {already} already, so there is nothing to {action}.")
    return item


@command(Permission.knowledge_write)
async def restore_knowledge_item_revision(work: Work, id: UUID, ask: RestoreRevision, version: Expected = None) -> UUID:
    """Brings an earlier text back, as a new revision."""
    item = await work.load(KNOWLEDGE_GUARD, id, "restore", version=version)
    numbered = (RevisionRow.content_id == id, RevisionRow.number == ask.revision)
    query = select(RevisionRow).where(*numbered, visible_revision(RevisionRow))
    earlier = (await work.session.execute(query, work.principal.binds)).scalar_one_or_none()
    if earlier is None:
        raise not_found("revision")
    item.title, item.summary, item.body = earlier.title, earlier.summary, earlier.body
    touch(work, item)
    await revise(work, item, ask.note or f"Restored from revision {ask.revision}.")
    tell(work, item, KnowledgeItemRevised(content_id=item.id, revision=item.revision))
    return item.id


@command(Permission.knowledge_write)
async def delete_knowledge_item(work: Work, id: UUID, version: Expected) -> None:
    """Removes a draft for good. What was published is archived instead, so that links and figures stay true."""
    item = await work.load(KNOWLEDGE_GUARD, id, "edit", version=version)
    if item.state != "draft":
        raise DomainError("conflict", "Only a draft can be deleted; archive what was published.")
    item = await work.load(KNOWLEDGE_GUARD, id, "delete")
    tell(work, item, KnowledgeItemDeleted(content_id=item.id))
    await work.session.delete(item)


@command(Permission.knowledge_write)
async def put_knowledge_item(
    work: Work, source: ExternalName, external_id: ExternalName, ask: CreateKnowledgeItem
) -> tuple[UUID, bool]:
    """Creates or updates the item of an external system, so that a nightly job is simply re-run; (id, created).

    A name belongs to whoever gave it: what others call the same is neither touched nor told of.
    """
    name = ("knowledge_item", source, external_id)
    state = "published" if ask.publish else "draft"
    existing = await content_named(work, *name)
    if existing is None:
        id = await create_knowledge_item(work, ask, external=(source, external_id))
        remember_new(work, *name, id, state, anonymous=ask.anonymous)
        return id, True
    if ask.anonymous:
        check_still_anonymous(work, existing)
    fields = {name: getattr(ask, name) for name in type(ask).model_fields if name not in ("publish", "anonymous")}
    await update_knowledge_item(work, existing.id, UpdateKnowledgeItem.model_construct(**fields), None)
    if ask.publish and existing.state == "draft":
        await publish_knowledge_item(work, existing.id)
        remember_name(work, *name, existing._replace(state=state))
    return existing.id, False
