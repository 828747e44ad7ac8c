"""Confirming what was suggested for an idea."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from kshare.content.authorship import acting_at, acting_person, tell
from kshare.content.commands import check_category
from kshare.content.models import ContentRow
from kshare.core.access import Permission
from kshare.core.errors import DomainError, invalid
from kshare.core.writing import Expected, Work, command
from kshare.ideas.commands.clock import clock_changed
from kshare.ideas.models import CoauthorRow, TriageReviewerRow, TriageRow
from kshare.ideas.reads.triage import TRIAGE_GUARD
from kshare.ideas.shapes.idea import IdeaChanged
from kshare.ideas.shapes.triage import ConfirmTriage, IdeaTriaged
from kshare.ideas.triage.neighbours import category_words, may_read, text_of, texts_of, weights_now
from kshare.ideas.triage.storing import make, store


@command(Permission.idea_propose)
async def confirm_triage(work: Work, id: UUID, ask: ConfirmTriage, version: Expected = None) -> UUID:
    """Gives an idea the category and the size that a person decides on; the suggestion stays beside it, as it was."""
    idea = await work.load(TRIAGE_GUARD, id, "triage", version=version)
    if idea.state == "draft":
        raise DomainError("conflict", "It was not submitted yet.")
    if idea.state == "archived":
        raise DomainError("conflict", "It was withdrawn, or merged into another.")
    suggested = await _suggestion(work, idea)
    changes = ask.changes()
    category_id = changes.get("category_id", suggested.category_id or idea.category_id)
    if "category_id" in changes:
        await check_category(work, category_id)
    size = changes["size"].value if "size" in changes else suggested.size
    if "reviewers" in changes:
        await _set_reviewers(work, idea, changes["reviewers"])
    as_suggested = (category_id, size) == (suggested.category_id, suggested.size)
    await _apply(work, idea, category_id, size)
    suggested.confirmed_by, suggested.confirmed_at = acting_person(work, idea), acting_at(work, idea)
    suggested.confirmed_category_id, suggested.confirmed_size = category_id, size
    suggested.model_due_at = None
    tell(work, idea, IdeaTriaged(content_id=id, category_id=category_id, size=size, as_suggested=as_suggested))
    return id


async def _suggestion(work: Work, idea: ContentRow) -> TriageRow:
    """What is suggested for an idea, locked; made on the spot if nothing is yet."""
    query = select(TriageRow).where(TriageRow.id == idea.id).with_for_update()
    found = (await work.session.execute(query)).scalar_one_or_none()
    if found is None:
        await work.flush()
        session = work.session
        taken = text_of((await texts_of(session, [idea.id]))[0])
        made = await make(session, taken, await weights_now(session), await category_words(session))
        await store(session, [made], work.now, {})
        found = (await work.session.execute(query)).scalar_one()
    return found


async def _apply(work: Work, idea: ContentRow, category_id: UUID | None, size: str) -> None:
    changed = [name for name, new in (("category_id", category_id), ("variety", size)) if getattr(idea, name) != new]
    if not changed:
        return
    idea.category_id, idea.variety = category_id, size
    idea.updated_at = acting_at(work, idea)
    if "variety" in changed:
        await clock_changed(work, idea)
    tell(
        work, idea, IdeaChanged(content_id=idea.id, fields=["size" if name == "variety" else name for name in changed])
    )


async def _set_reviewers(work: Work, idea: ContentRow, people: Sequence[UUID]) -> None:
    """Makes these the reviewers. Raises 422 for somebody twice, for an author, and for who may not read the idea.

    Of an unnamed author nothing is checked: a refusal would tell who it is.
    """
    query = select(CoauthorRow.person_id).where(CoauthorRow.content_id == idea.id)
    authors = {idea.author_id, *(await work.session.execute(query)).scalars()}
    reading = await may_read(work.session, idea, people)
    for position, person in enumerate(people):
        place = f"/reviewers/{position}"
        if person in people[:position]:
            raise invalid(place, "duplicate", "This person is named twice.")
        if person in authors:
            raise invalid(place, "already_author", "Nobody reviews their own idea.")
        if person not in reading:
            raise invalid(place, "unknown_reference", "There is no such person who may read the idea.")
    mine = TriageReviewerRow.content_id == idea.id
    await work.session.execute(delete(TriageReviewerRow).where(mine, TriageReviewerRow.reason == "named"))
    await work.session.execute(update(TriageReviewerRow).where(mine).values(confirmed=False))
    for position, person in enumerate(people):
        row = {"content_id": idea.id, "person_id": person, "position": 100 + position, "reason": "named", "contents": 0}
        named = pg_insert(TriageReviewerRow).values(**row, confirmed=True)
        again = named.on_conflict_do_update(index_elements=["content_id", "person_id"], set_={"confirmed": True})
        await work.session.execute(again)
