"""What happens to reviews when nobody does anything: judges are reminded, others step in for who is late or has left,
and who judged an earlier text is asked again."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.content.models import ContentRow
from kshare.core.clock import now
from kshare.core.journal import Entry, Reactor
from kshare.core.principal import SYSTEM
from kshare.core.writing import Work
from kshare.ideas.commands.terms import terms_of
from kshare.people.events import PersonLeft
from kshare.reviews.commands.clock import (
    DONE,
    MOST,
    active_among,
    hand_on,
    hear_of_content,
    hear_of_person,
    leave,
    note_news,
    owed_among,
    remind,
    remind_member,
)
from kshare.reviews.models import AssignmentRow, PanelRow, ReviewNewsRow, ReviewRow

_TEXTS = {
    "knowledge_item_changed",
    "knowledge_item_revised",
    "knowledge_item_revision_held",
    "idea_changed",
    "idea_revised",
    "idea_withdrawn",
    "idea_reinstated",
    "idea_merged",
    "idea_unmerged",
}
"""What may change which judgements are awaited of a content, and of whom."""

MEMBERS = 20
"""Members of panels whom one transaction reminds, each of all they owe to theirs."""


class ReviewClock(Reactor):
    """Looks for what has become due whenever there is nothing else to do: one statement while nothing is.

    Its rows are locked as commands lock them, the content first, and what somebody is just changing is left for the
    next time; so it waits for nobody. What it reads in the journal it only notes down, for the same reason.
    """

    name = "review_clock"
    batch = 2_000

    async def react(self, session: AsyncSession, entries: Sequence[Entry], fence: int) -> None:
        """Notes which contents with open assignments say something else, or are gone, and who has left."""
        changed = {entry.content_id for entry in entries if entry.happened in _TEXTS and entry.content_id is not None}
        left = {entry.object_id for entry in entries if entry.happened == PersonLeft.event_name()}
        work = Work(SYSTEM, session)
        if changed:
            judged = exists().where(AssignmentRow.content_id == ContentRow.id, AssignmentRow.open)
            query = select(ContentRow.id).where(ContentRow.id.in_(changed), judged)
            await note_news(work, list((await session.execute(query)).scalars()), "content")
        await note_news(work, left, "person")

    async def catch_up(self, session: AsyncSession) -> bool:
        """Works off a part of what happened, or else of what has become due."""
        moment = now()
        news = select(ReviewNewsRow.id).exists()
        due = select(AssignmentRow.id).where(AssignmentRow.acts_at <= moment).exists()
        happened, late = (await session.execute(select(news, due))).one()
        if not (happened or late):
            return False
        work = Work(SYSTEM, session)
        # Before any row is locked, as those do who change the terms.
        await terms_of(work)
        # What happened comes first: nobody is reminded of what is not theirs any more.
        done = await _hear(work) if happened else 0
        if late and not done:
            done = await _remind_judges(work) + await _remind_members(work)
        await work.flush()
        return done > 0


async def _hear(work: Work) -> int:
    """Follows up what happened to contents and people; how much there was."""
    done = 0
    query = select(ReviewNewsRow).order_by(ReviewNewsRow.id).limit(MOST)
    for news in (await work.session.execute(query)).scalars().all():
        heard = await (_hear_of_content(work, news.id) if news.about == "content" else _hear_of_person(work, news.id))
        done += heard
        if done >= MOST:
            break
    return done


async def _hear_of_content(work: Work, id: UUID) -> int:
    query = select(ContentRow).where(ContentRow.id == id)
    found = await work.session.execute(query.with_for_update(skip_locked=True, key_share=True))
    content = found.scalar_one_or_none()
    if content is None and await work.session.scalar(select(ContentRow.id).where(ContentRow.id == id)) is not None:
        return 0
    await _forget(work, id)
    return 1 if content is None else 1 + await hear_of_content(work, content)


async def _hear_of_person(work: Work, id: UUID) -> int:
    done, all_of_it = await hear_of_person(work, id)
    if all_of_it:
        await _forget(work, id)
    return done + all_of_it


async def _forget(work: Work, id: UUID) -> None:
    await work.session.execute(delete(ReviewNewsRow).where(ReviewNewsRow.id == id))


async def _remind_judges(work: Work) -> int:
    """Acts on what has become due in reviews that belong to no panel."""
    query = (
        select(ContentRow, ReviewRow, AssignmentRow)
        .join(ReviewRow, ReviewRow.content_id == ContentRow.id)
        .join(AssignmentRow, AssignmentRow.review_id == ReviewRow.id)
        .where(AssignmentRow.acts_at <= work.now, AssignmentRow.panel_id.is_(None))
        .order_by(AssignmentRow.acts_at, AssignmentRow.id)
        .limit(MOST)
    )
    rows = [ContentRow, ReviewRow, AssignmentRow]
    locked = await work.session.execute(query.with_for_update(of=rows, skip_locked=True, key_share=True))
    found = locked.all()
    owed = await owed_among(work, [assignment.id for _, _, assignment in found])
    active = await active_among(work, [assignment.person_id for _, _, assignment in found])
    for content, review, assignment in found:
        if assignment.acts_at is None:
            continue  # ended with the review, a moment ago
        if assignment.id not in owed:
            assignment.acts_at = None
        elif assignment.person_id in active:
            await remind(work, assignment, review, content)
        else:
            await leave(work, assignment, review, content)
        await work.flush()
    return len(found)


async def _remind_members(work: Work) -> int:
    """Acts on what has become due in panels, member by member."""
    due = (AssignmentRow.acts_at <= work.now, AssignmentRow.panel_id.is_not(None))
    members = select(AssignmentRow.panel_id, AssignmentRow.person_id).where(*due).distinct().limit(MEMBERS)
    found = (await work.session.execute(members)).all()
    active = await active_among(work, [member.person_id for member in found])
    done = 0
    for member in found:
        own = (AssignmentRow.panel_id == member.panel_id, AssignmentRow.person_id == member.person_id)
        query = select(AssignmentRow).where(*due, *own).order_by(AssignmentRow.id)
        rows = (await work.session.execute(query.with_for_update(skip_locked=True))).scalars().all()
        if member.person_id in active:
            panel = await work.session.get_one(PanelRow, member.panel_id)
            await remind_member(work, panel, member.person_id, rows)
            done += len(rows)
            continue
        for assignment in rows:
            if assignment.state == "given":
                assignment.step, assignment.acts_at = DONE, None
                done += 1
        await work.flush()
        done += (await hand_on(work, member.person_id))[0]
    return done
