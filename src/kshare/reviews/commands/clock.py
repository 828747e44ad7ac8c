"""What the clock does to what was asked: it reminds, has others step in, asks again, and ends what is about nothing.

Due times stay as they were told, also when the working calendar changes afterwards: nobody finds less time than was
promised. What follows from something that was proposed without showing its author is written down by the day, since the
clock does it a moment after the author did something.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.dialects.postgresql import insert

from kshare.content.authorship import tell
from kshare.content.models import ContentRow
from kshare.core.access import ROLES, Permission
from kshare.core.clock import midnight
from kshare.core.principal import ANONYMOUS_ID
from kshare.core.writing import Work
from kshare.people.models import PersonRow, RoleAssignmentRow
from kshare.reviews.commands.assigning import ask_to_judge, clock_until, due_after, excuse
from kshare.reviews.commands.choosing import candidates, unable
from kshare.reviews.commands.closing import end_review
from kshare.reviews.commands.judging import go_on_without
from kshare.reviews.commands.rows import share_with_judges
from kshare.reviews.models import AssignmentRow, PanelRow, ReviewNewsRow, ReviewRow
from kshare.reviews.reads.seeing import awaits, is_owed
from kshare.reviews.shapes.events import (
    PanelChairLeft,
    PanelDueSoon,
    PanelHappened,
    PanelMemberLeft,
    PanelOverdue,
    ReviewAskedAgain,
    ReviewDueSoon,
    ReviewOverdue,
)

DONE = 2
"""The step of an assignment with which the clock is done."""

MOST = 100
"""Assignments of which one transaction takes care."""


async def owed_among(work: Work, ids: Collection[UUID]) -> set[UUID]:
    """Those of some assignments for which a judgement is awaited."""
    await work.flush()
    query = select(AssignmentRow.id).where(AssignmentRow.id.in_(ids), is_owed(AssignmentRow))
    return set((await work.session.execute(query)).scalars())


async def active_among(work: Work, ids: Collection[UUID]) -> set[UUID]:
    """Those of some people who have not left."""
    query = select(PersonRow.id).where(PersonRow.id.in_(ids), PersonRow.active)
    return set((await work.session.execute(query)).scalars())


# ---- one review -----------------------------------------------------------------------------------------------------


async def remind(work: Work, assignment: AssignmentRow, review: ReviewRow, content: ContentRow) -> None:
    """Tells who owes a judgement of a loaded review, not of a panel, that it is due soon, or was due. Then somebody
    steps in who may and was not asked yet; where nobody does, it stays asked."""
    ids = {"content_id": content.id, "review_id": review.id, "assignment_id": assignment.id}
    if assignment.step == 0 and assignment.due_at > work.now:
        assignment.step, assignment.acts_at = 1, assignment.due_at
        tell(work, content, ReviewDueSoon(**ids, due_at=assignment.due_at), readers=[assignment.person_id])
        return
    assignment.step, assignment.acts_at = DONE, None
    stand_in = None if review.steps_in_id is None else [review.steps_in_id]
    chosen = stand_in and await candidates(work, review, content, only=stand_in)
    leader = content.owner_id if review.method == "verdict" else review.submitted_by
    event = ReviewOverdue(**ids, due_at=assignment.due_at, steps_in=bool(chosen))
    tell(work, content, event, readers=sorted({assignment.person_id, leader}))
    if chosen:
        await excuse(work, review, content, assignment, "absent", None)
        await ask_to_judge(work, review, content, chosen[0], replaces=assignment.id, by_judge=True)
        await share_with_judges(work, [content])


async def leave(work: Work, assignment: AssignmentRow, review: ReviewRow, content: ContentRow) -> None:
    """Asks somebody else in the place of a person who has left. What they said of ideas of a panel counts."""
    if review.panel_id is not None and assignment.state == "given":
        assignment.step, assignment.acts_at = DONE, None
        return
    await excuse(work, review, content, assignment, "absent", None)
    await go_on_without(work, review, content, assignment)


async def hear_of_content(work: Work, content: ContentRow) -> int:
    """Follows what has become of a locked content: its open review ends when it is gone; who judged a text before the
    newest is asked again, and who was not reminded while it was gone will be; in the place of those who may no longer
    judge it, others are asked. How many assignments it concerned."""
    of_content = (ReviewRow.content_id == content.id, ReviewRow.state == "open")
    reviews = select(ReviewRow).where(*of_content).order_by(ReviewRow.id).with_for_update(key_share=True)
    done = 0
    for review in (await work.session.execute(reviews)).scalars().all():
        if content.kind == "idea" and content.state != "published":
            if review.panel_id is None:
                await end_review(work, review, content, "withdrawn", at=_at(work, content))
                await work.flush()
                done += 1
            continue
        for assignment in await unable(work, review, content):
            if assignment.open:
                await excuse(work, review, content, assignment, "absent", None)
                await go_on_without(work, review, content, assignment)
                done += 1
        done += await _ask_again(work, review, content)
    return done


async def _ask_again(work: Work, review: ReviewRow, content: ContentRow) -> int:
    """A judge is asked again once, until the next judgement they give; a text may change many times meanwhile."""
    waits = and_(AssignmentRow.state == "asked", AssignmentRow.step < DONE)
    judged = and_(AssignmentRow.state == "given", AssignmentRow.step == 0)
    query = select(AssignmentRow).where(
        AssignmentRow.review_id == review.id,
        AssignmentRow.open,
        AssignmentRow.acts_at.is_(None),
        or_(waits, judged),
        is_owed(AssignmentRow),
    )
    found = (await work.session.execute(query.order_by(AssignmentRow.id).with_for_update())).scalars().all()
    active = await active_among(work, [assignment.person_id for assignment in found])
    for assignment in found:
        if not assignment.open:
            break
        if assignment.person_id not in active:
            await leave(work, assignment, review, content)
        elif assignment.state == "asked":
            assignment.acts_at, assignment.step = await clock_until(work, assignment.due_at)
        else:
            await _owe_again(work, assignment, review, content)
        await work.flush()
    return len(found)


async def _owe_again(work: Work, assignment: AssignmentRow, review: ReviewRow, content: ContentRow) -> None:
    at = _at(work, content)
    if review.panel_id is None:
        assignment.due_at = max(assignment.due_at, await due_after(work, at or work.now, review.working_days))
    assignment.acts_at, assignment.step = await clock_until(work, assignment.due_at)
    if assignment.due_at <= work.now:
        # A panel waits no longer for it than it does; that it is late, it is told now.
        assignment.acts_at, assignment.step = None, DONE
    event = ReviewAskedAgain(
        content_id=content.id,
        review_id=review.id,
        assignment_id=assignment.id,
        revision=content.latest_revision,
        due_at=assignment.due_at,
    )
    readers = [assignment.person_id]
    work.record(event, content.id, readers, classification=content.classification, content_id=content.id, at=at)


def _at(work: Work, content: ContentRow) -> datetime | None:
    """The time to write down for what follows from what an author did."""
    return midnight(work.now) if content.author_id == ANONYMOUS_ID else None


# ---- panels ---------------------------------------------------------------------------------------------------------


async def remind_member(work: Work, panel: PanelRow, person_id: UUID, found: Sequence[AssignmentRow]) -> None:
    """Tells a member of a panel once that what they owe there is due soon, or was due: these loaded assignments, whose
    time has come."""
    owed = await owed_among(work, [assignment.id for assignment in found])
    groups: dict[tuple[datetime, bool], list[AssignmentRow]] = {}
    for assignment in found:
        if assignment.id not in owed:
            assignment.acts_at = None
            continue
        soon = assignment.step == 0 and assignment.due_at > work.now
        groups.setdefault((assignment.due_at, soon), []).append(assignment)
    for (due, soon), group in sorted(groups.items()):
        step, acts_at = (1, due) if soon else (DONE, None)
        # What somebody was just at work on comes later; they know already.
        told = select(AssignmentRow.id).where(
            AssignmentRow.panel_id == panel.id,
            AssignmentRow.person_id == person_id,
            AssignmentRow.due_at == due,
            AssignmentRow.step >= step,
            AssignmentRow.id.not_in([assignment.id for assignment in group]),
            is_owed(AssignmentRow),
        )
        if await work.session.scalar(told.limit(1)) is None:
            about = {"panel_id": panel.id, "person_id": person_id, "due_at": due, "awaited": len(group)}
            event: PanelHappened = PanelDueSoon(**about) if soon else PanelOverdue(**about)
            work.record(event, panel.id, [person_id, *([] if soon else await _unbiased_chair(work, panel))])
        for assignment in group:
            assignment.step, assignment.acts_at = step, acts_at
        await work.flush()


async def _unbiased_chair(work: Work, panel: PanelRow) -> list[UUID]:
    """The chair, who may know who has judged unless they have still to judge something there."""
    own = (AssignmentRow.panel_id == panel.id, AssignmentRow.person_id == panel.chair_id)
    owes = select(AssignmentRow.id).where(*own, awaits(AssignmentRow)).limit(1)
    return [] if await work.session.scalar(owes) is not None else [panel.chair_id]


# ---- who left -------------------------------------------------------------------------------------------------------


async def note_news(work: Work, ids: Collection[UUID], about: str) -> None:
    """Has the clock look into what happened to contents or people, as soon as nobody else is at work on it."""
    rows = [{"id": id, "about": about} for id in ids]
    if rows:
        await work.session.execute(insert(ReviewNewsRow).values(rows).on_conflict_do_nothing())


async def hear_of_person(work: Work, person_id: UUID) -> tuple[int, bool]:
    """Hands on a part of what lies on the desk of somebody who left; how many assignments, and whether that is all."""
    if await active_among(work, [person_id]):
        return 0, True
    done, all_of_it = await hand_on(work, person_id)
    if all_of_it:
        await _leave_chairs(work, person_id)
    return done, all_of_it


async def hand_on(work: Work, person_id: UUID) -> tuple[int, bool]:
    """Asks others in the place of somebody who is no longer here; how often, and whether nothing is left."""
    own = and_(AssignmentRow.person_id == person_id, AssignmentRow.open)
    # What was said of an idea of a panel counts, and is not asked for again.
    asked = or_(AssignmentRow.state == "asked", AssignmentRow.panel_id.is_(None))
    waiting = and_(own, asked, awaits(AssignmentRow))
    query = (
        select(ContentRow, ReviewRow, AssignmentRow)
        .join(ReviewRow, ReviewRow.content_id == ContentRow.id)
        .join(AssignmentRow, AssignmentRow.review_id == ReviewRow.id)
        .where(waiting)
        .order_by(AssignmentRow.id)
        .limit(MOST)
    )
    rows = [ContentRow, ReviewRow, AssignmentRow]
    locked = await work.session.execute(query.with_for_update(of=rows, skip_locked=True, key_share=True))
    panels, done = set(), 0
    for content, review, assignment in locked.all():
        await leave(work, assignment, review, content)
        panels.add(assignment.panel_id)
        await work.flush()
        done += 1
    whole = select(AssignmentRow).where(own, AssignmentRow.review_id.is_(None), AssignmentRow.state == "asked")
    for assignment in (await work.session.execute(whole.with_for_update(skip_locked=True))).scalars().all():
        assignment.state, assignment.acts_at, assignment.closed_at = "absent", None, work.now
        panels.add(assignment.panel_id)
        done += 1
    await work.flush()
    left = select(AssignmentRow.panel_id).where(waiting)
    behind = set((await work.session.execute(left.distinct())).scalars())
    concerned = select(PanelRow.id, PanelRow.chair_id).where(PanelRow.id.in_(panels - behind - {None}))
    for panel in (await work.session.execute(concerned)).all():
        work.record(PanelMemberLeft(panel_id=panel.id, person_id=person_id), panel.id, [panel.chair_id])
    return done, not behind


async def _leave_chairs(work: Work, person_id: UUID) -> None:
    """Tells those who manage reviews which panels have nobody in the chair any more."""
    under_way = PanelRow.state.not_in(["closed", "cancelled"])
    query = select(PanelRow.id).where(PanelRow.chair_id == person_id, under_way).order_by(PanelRow.id)
    panels = (await work.session.execute(query)).scalars().all()
    if not panels:
        return
    roles = [role.value for role, permissions in ROLES.items() if Permission.review_manage in permissions]
    managers = (
        select(PersonRow.id)
        .join(RoleAssignmentRow, RoleAssignmentRow.person_id == PersonRow.id)
        .where(
            PersonRow.active,
            RoleAssignmentRow.role.in_(roles),
            RoleAssignmentRow.department_id.is_(None),
            RoleAssignmentRow.category_id.is_(None),
        )
    )
    readers = sorted(set((await work.session.execute(managers)).scalars()))
    for panel in panels:
        work.record(PanelChairLeft(panel_id=panel, person_id=person_id), panel, readers)
