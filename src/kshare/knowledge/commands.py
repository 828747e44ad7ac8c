"""The only code that changes knowledge items."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from kshare.content.anonymity.sealing import check_still_anonymous, conceal
from kshare.content.authoring import TEXT, checked_changes, new_content
from kshare.content.authorship import owns, tell, touch
from kshare.content.commands import (
    add_content,
    hold_back,
    newest_text,
    readers_of,
    revise,
    seen_version,
    set_state,
    set_tags,
    show_newest,
)
from kshare.content.models import ContentRow, RevisionRow
from kshare.content.naming import content_named, remember_name, remember_new
from kshare.content.policies import policy_for, policy_of
from kshare.content.reads import visible_revision
from kshare.core.access import Permission
from kshare.core.errors import DomainError, not_found
from kshare.core.text import ExternalName
from kshare.core.writing import Expected, Work, apply, command, stale
from kshare.knowledge.reads import KNOWLEDGE_GUARD
from kshare.knowledge.shapes import (
    CreateKnowledgeItem,
    KnowledgeItemArchived,
    KnowledgeItemChanged,
    KnowledgeItemCreated,
    KnowledgeItemDeleted,
    KnowledgeItemPublished,
    KnowledgeItemRevised,
    KnowledgeItemRevisionHeld,
    RestoreRevision,
    UpdateKnowledgeItem,
)


@command(Permission.knowledge_write)
async def create_knowledge_item(
    work: Work, ask: CreateKnowledgeItem, *, external: tuple[str, str] | None = None
) -> UUID:
    """A new item, a draft unless it is to be published at once."""
    if ask.publish and (policy := await policy_for(work, "knowledge_item", ask.category_id, ask.kind.value)):
        what = "What is anonymous cannot be a draft, so it cannot be shared here." if ask.anonymous else ""
        raise _review_first(policy, what or "Create it as a draft and submit it for review.")
    item = await new_content(
        work, ask, "knowledge_item", ask.kind, shown=ask.publish, external=external, category_known=ask.publish
    )
    if ask.anonymous:
        conceal(work, item)
    await add_content(work, item, ask.tags, forget=True)
    tell(work, item, KnowledgeItemCreated(content_id=item.id, kind=item.variety))
    if ask.publish:
        tell(work, item, KnowledgeItemPublished(content_id=item.id, kind=item.variety))
    return item.id


@command(Permission.knowledge_write)
async def update_knowledge_item(work: Work, id: UUID, ask: UpdateKnowledgeItem, version: Expected) -> UUID:
    """Changes what was sent; a change of the text becomes a revision. Where a published item needs a review, readers
    keep the text they have until the new one has passed it."""
    item = await _load(work, id, "edit", version)
    changes = await checked_changes(work, ask, variety="kind")
    note, tags = (changes.pop(name, None) for name in ("note", "tags"))
    await _check_stays(work, item, changes)
    text = {name: changes.pop(name) for name in TEXT if name in changes}
    held = text if text and await _is_held(work, item) else {}
    changed = apply(item, changes if held else {**changes, **(await _continued(work, item, text))})
    if tags is not None and await set_tags(work, item, tags):
        changed.append("tags")
    if held:
        await _hold_back(work, item, held, note)
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


async def _load(work: Work, id: UUID, action: str, version: Expected) -> ContentRow:
    """An item to change, locked. Its version is that of its newest text, which whoever may change it sees."""
    item = await work.load(KNOWLEDGE_GUARD, id, action)
    seen = seen_version(item)
    if version is not None and seen not in (version if isinstance(version, frozenset) else (version,)):
        raise stale(seen)
    return item


async def _is_held(work: Work, item: ContentRow) -> bool:
    """Whether a new text waits for its review before readers see it: it was published, and a policy asks for a review,
    or one is under way, which goes on under the rule that it began with."""
    return item.published_at is not None and (item.review_id is not None or await policy_of(work, item) is not None)


async def _continued(work: Work, item: ContentRow, text: dict[str, str]) -> dict[str, str]:
    """A new text in full, where it goes on from one that readers have not seen."""
    if not text or item.latest_revision == item.revision:
        return text
    return {**await newest_text(work, item), **text}


async def _hold_back(work: Work, item: ContentRow, text: dict[str, str], note: str | None) -> None:
    """Keeps a new text of a published item for its review, unless it is the newest already."""
    newest = await newest_text(work, item)
    if newest == {**newest, **text}:
        return
    await hold_back(work, item, {**newest, **text}, note)
    event = KnowledgeItemRevisionHeld(content_id=item.id, revision=item.latest_revision)
    tell(work, item, event, readers=[item.owner_id, *item.reviewers])


async def _check_stays(work: Work, item: ContentRow, changes: dict[str, Any]) -> None:
    """Refuses to move an item to another category or kind where that would be a way around a review: while it is open,
    and, once it is published, out of a policy and into one, for everybody but those who manage what others wrote."""
    moves = [name for name in ("category_id", "variety") if name in changes and changes[name] != getattr(item, name)]
    if not moves:
        return
    manages = select(KNOWLEDGE_GUARD.rules["manage"](ContentRow)).where(ContentRow.id == item.id)
    if not owns(work, item) and await work.session.scalar(manages, work.principal.binds):
        return
    if item.review_id is not None:
        raise DomainError("conflict", "It is being reviewed: its category and its kind stay until that is over.")
    if item.published_at is None:
        return
    place = {name: changes.get(name, getattr(item, name)) for name in ("category_id", "variety")}
    if await policy_of(work, item) or await policy_for(work, item.kind, **place):
        detail = "It is published, and a review policy holds here or there: only somebody else who manages it moves it."
        raise DomainError("forbidden", detail)


def _review_first(policy: Any, what: str) -> DomainError:
    extra = {"policy": {"id": str(policy.id), "needs": policy.needs, "quorum": policy.quorum}}
    return DomainError(
        "conflict", f"Knowledge of this category and kind is reviewed before it is shown. {what}", extra=extra
    )


@command(Permission.knowledge_write)
async def publish_knowledge_item(work: Work, id: UUID, version: Expected = None) -> UUID:
    """Shows a draft, an archived item again, or a text that no longer needs the review it waited for."""
    item = await _load(work, id, "edit", version)
    waits = item.latest_revision > item.revision
    if item.state == "published" and not waits:
        raise _already("publish", "published")
    if item.review_id is not None:
        extra = {"review_id": str(item.review_id)}
        raise DomainError("conflict", "It is being reviewed, and is shown when it has passed.", extra=extra)
    if (item.published_at is None or waits) and (policy := await policy_of(work, item)):
        raise _review_first(policy, "Submit it for review.")
    await publish_newest(work, item)
    return item.id


async def publish_newest(work: Work, item: ContentRow) -> None:
    """Shows the newest text of a loaded item to its audience. Whether that may be is the caller's business."""
    revised = await show_newest(work, item)
    if item.state != "published":
        await set_state(work, item, "published")
        tell(work, item, KnowledgeItemPublished(content_id=item.id, kind=item.variety))
    if revised:
        touch(work, item)
        tell(work, item, KnowledgeItemRevised(content_id=item.id, revision=item.revision))


@command(Permission.knowledge_write)
async def archive_knowledge_item(work: Work, id: UUID, version: Expected = None) -> UUID:
    """Takes a published item out of the lists; its readers still reach it by its id."""
    item = await _load(work, id, "edit", version)
    if item.state == "archived":
        raise _already("archive", "archived")
    if item.review_id is not None:
        raise DomainError("conflict", "It is being reviewed; withdraw the review first.")
    if item.state == "draft":
        raise DomainError("conflict", "A draft cannot be archived: publish it, or delete it.")
    await set_state(work, item, "archived")
    tell(work, item, KnowledgeItemArchived(content_id=item.id))
    return item.id


def _already(action: str, state: str) -> DomainError:
    return DomainError("conflict", f"It is {state} already, so there is nothing to {action}.")


@command(Permission.knowledge_write)
async def restore_knowledge_item_revision(work: Work, id: UUID, ask: RestoreRevision, version: Expected = None) -> UUID:
    """Brings an earlier text back, as a new revision."""
    item = await _load(work, id, "restore", version)
    numbered = (RevisionRow.content_id == id, RevisionRow.number == ask.revision)
    query = select(RevisionRow).where(*numbered, visible_revision(RevisionRow))
    earlier = (await work.session.execute(query, work.principal.binds)).scalar_one_or_none()
    if earlier is None:
        raise not_found("revision")
    text = {name: getattr(earlier, name) for name in TEXT}
    note = ask.note or f"Restored from revision {ask.revision}."
    if await _is_held(work, item):
        await _hold_back(work, item, text, note)
        return item.id
    apply(item, text)
    touch(work, item)
    await revise(work, item, note)
    tell(work, item, KnowledgeItemRevised(content_id=item.id, revision=item.revision))
    return item.id


@command(Permission.knowledge_write)
async def delete_knowledge_item(work: Work, id: UUID, version: Expected) -> None:
    """Removes a draft for good. What was published is archived instead, so that links and figures stay true."""
    item = await _load(work, id, "edit", version)
    if item.state != "draft":
        raise DomainError("conflict", "Only a draft can be deleted; archive what was published.")
    if item.reviewed_from is not None:
        raise DomainError("conflict", "It was submitted for review, which stays on record.")
    item = await work.load(KNOWLEDGE_GUARD, id, "delete")
    tell(work, item, KnowledgeItemDeleted(content_id=item.id))
    await work.session.delete(item)


@command(Permission.knowledge_write)
async def put_knowledge_item(
    work: Work, source: ExternalName, external_id: ExternalName, ask: CreateKnowledgeItem
) -> tuple[UUID, bool]:
    """Creates or updates the item of an external system, so that a nightly job is simply re-run; (id, created).

    A name belongs to whoever gave it: what others call the same is neither touched nor told of. What was submitted for
    review stays a draft until it has passed, even if it is to be published.
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
    if ask.publish and existing.state == "draft" and not await _in_review(work, existing.id):
        await publish_knowledge_item(work, existing.id)
        remember_name(work, *name, existing._replace(state=state))
    return existing.id, False


async def _in_review(work: Work, id: UUID) -> bool:
    """Whether a loaded draft is being reviewed, or was and has not passed."""
    item = await work.session.get_one(ContentRow, id)
    return item.review_id is not None or (item.reviewed_from is not None and await policy_of(work, item) is not None)
