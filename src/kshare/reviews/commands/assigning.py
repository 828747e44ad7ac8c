"""Asking people to judge, and others in the place of those who do not."""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from uuid import UUID

from sqlalchemy import func, select, text

from kshare.content.authorship import acting_at, tell
from kshare.content.models import ContentRow
from kshare.content.shapes import ContentHappened
from kshare.core.errors import DomainError
from kshare.core.ids import new_id
from kshare.core.principal import SYSTEM_ID
from kshare.core.writing import Work
from kshare.ideas.calendar import add_working_days
from kshare.ideas.commands.terms import terms_of
from kshare.reviews.commands.choosing import MOST, candidates
from kshare.reviews.commands.rows import share_with_judges
from kshare.reviews.models import AssignmentRow, ReviewRow
from kshare.reviews.shapes.events import ReviewAssigned, ReviewAssignmentEnded, ReviewerMissing

REMINDED = Fraction(1)
"""Working days before it is due that a judge is reminded."""


async def due_after(work: Work, start: datetime, days: int) -> datetime:
    """When something is due that may take so many working days."""
    return add_working_days((await terms_of(work)).calendar, start, Fraction(days))


async def clock_until(work: Work, due: datetime) -> tuple[datetime, int]:
    """When the clock does something about what is due then, and which step that is: it reminds, or it is too late for
    that and the next thing is that it is overdue."""
    reminder = add_working_days((await terms_of(work)).calendar, due, -REMINDED)
    return (reminder, 0) if reminder > work.now else (due, 1)


async def ask_to_judge(
    work: Work,
    review: ReviewRow,
    content: ContentRow,
    person_id: UUID,
    *,
    replaces: UUID | None = None,
    by_judge: bool = False,
) -> AssignmentRow:
    """Asks a person, who may judge it, for a judgement of a loaded review; nothing is shared with them yet. `by_judge`:
    the caller acts as somebody who was asked, and not as the author, not shown, who they may be as well."""
    at = work.now if by_judge else acting_at(work, content)
    due = await due_after(work, at, review.working_days)
    if review.due_at is not None and replaces is None:
        due = review.due_at
    acts_at, step = await clock_until(work, due)
    assignment = AssignmentRow(
        id=new_id(at),
        review_id=review.id,
        content_id=content.id,
        panel_id=review.panel_id,
        person_id=person_id,
        due_at=due,
        acts_at=acts_at,
        step=step,
        replaces=replaces,
        created_at=at,
    )
    work.add(assignment)
    event = ReviewAssigned(content_id=content.id, review_id=review.id, assignment_id=assignment.id, due_at=due)
    if by_judge:
        tell_as_judge(work, content, event, [person_id])
    else:
        tell(work, content, event, readers=[person_id])
    return assignment


async def ask_members(work: Work, asked: Sequence[tuple[ReviewRow, ContentRow, Sequence[UUID]]], due: datetime) -> None:
    """Asks many people for judgements of loaded reviews of a panel at once; nothing is shared with them yet. It is the
    panel's chair who does so, whoever wrote what is judged."""
    acts_at, step = await clock_until(work, due)
    for review, content, people in asked:
        for person in people:
            id = new_id()
            work.append(
                AssignmentRow,
                id=id,
                review_id=review.id,
                content_id=content.id,
                panel_id=review.panel_id,
                person_id=person,
                state="asked",
                open=True,
                due_at=due,
                acts_at=acts_at,
                step=step,
                created_at=work.now,
            )
            event = ReviewAssigned(content_id=content.id, review_id=review.id, assignment_id=id, due_at=due)
            tell_as_judge(work, content, event, [person])


def tell_as_judge(work: Work, content: ContentRow, event: ContentHappened, readers: list[UUID]) -> None:
    """Records what somebody did who was asked to judge, under their name. An author who is not shown may have been
    asked like everybody; that this was the author must not be written anywhere."""
    work.record(event, content.id, readers, classification=content.classification, content_id=content.id)


async def ask_everybody(work: Work, review: ReviewRow, content: ContentRow) -> None:
    """Asks as many as a review that begins needs. Raises 409 when there are not enough who may judge."""
    everybody = review.needs == "all"
    chosen = await candidates(work, review, content, MOST if everybody else review.required)
    if review.steps_in_id is not None and len(chosen) < (1 if everybody else review.required):
        chosen += [
            one for one in await candidates(work, review, content, only=[review.steps_in_id]) if one not in chosen
        ]
    if everybody:
        review.required = len(chosen)
    if not chosen or len(chosen) < review.required:
        detail = "Too few people may review this: nobody reviews what is their own, or is not cleared for."
        raise DomainError("conflict", detail, extra={"needed": max(review.required, 1), "found": len(chosen)})
    for person in chosen:
        await ask_to_judge(work, review, content, person)
    await share_with_judges(work, [content])


async def excuse(
    work: Work, review: ReviewRow, content: ContentRow, assignment: AssignmentRow, state: str, reason: str | None
) -> None:
    """Ends a loaded assignment without a judgement."""
    assignment.state, assignment.reason = state, reason
    assignment.acts_at, assignment.closed_at = None, work.now
    event = ReviewAssignmentEnded(content_id=content.id, review_id=review.id, assignment_id=assignment.id, state=state)
    tell_as_judge(work, content, event, [assignment.person_id])
    await work.flush()


async def tell_missing(work: Work, review: ReviewRow, content: ContentRow) -> None:
    """Tells the owner of a knowledge item, or who submitted an idea, that nobody is left to ask: somebody who manages
    reviews has to name one, or it is taken back. kshare itself tells it, as the owner may be who declined."""
    leader = content.owner_id if review.method == "verdict" else review.submitted_by
    asked = AssignmentRow.review_id == review.id, AssignmentRow.state.in_(("asked", "given"))
    left = await work.session.scalar(select(func.count()).select_from(AssignmentRow).where(*asked)) or 0
    event = ReviewerMissing(content_id=content.id, review_id=review.id, required=max(review.required, 1), asked=left)
    work.record(
        event,
        content.id,
        [leader],
        classification=content.classification,
        content_id=content.id,
        actor_id=SYSTEM_ID,
    )


async def replace(work: Work, review: ReviewRow, content: ContentRow, assignment: AssignmentRow) -> bool:
    """Asks the next best in the place of somebody who was excused, or whoever steps in; False when nobody is left."""
    if review.panel_id is not None:
        return await _replace_member(work, review, content, assignment)
    chosen = [] if review.needs == "all" else await candidates(work, review, content, 1)
    if not chosen and review.steps_in_id is not None:
        chosen = await candidates(work, review, content, only=[review.steps_in_id])
    if chosen:
        await ask_to_judge(work, review, content, chosen[0], replaces=assignment.id, by_judge=True)
    elif review.needs == "all":
        review.required -= 1
    await share_with_judges(work, [content])
    return bool(chosen)


_LEAST_ASKED = text(
    """SELECT m.person_id FROM review_panel p JOIN review_panel_member m ON m.panel_id = p.id
WHERE p.id = :panel AND p.each IS NOT NULL AND p.state = 'open'
ORDER BY (SELECT count(*) FROM review_assignment a
  WHERE a.panel_id = p.id AND a.person_id = m.person_id AND a.state IN ('asked', 'given')),
  md5(m.person_id::text || CAST(:review AS text))"""
)
"""The members of a panel in which not all judge everything, who is asked least first."""


async def _replace_member(work: Work, review: ReviewRow, content: ContentRow, assignment: AssignmentRow) -> bool:
    """Asks another member of the panel where only some judge each idea; nobody where all are asked anyway."""
    await work.flush()
    members = await work.session.execute(_LEAST_ASKED, {"panel": review.panel_id, "review": str(review.id)})
    ranked = list(members.scalars())
    allowed = await candidates(work, review, content, only=ranked) if ranked and not review.sample else []
    chosen = next((person for person in ranked if person in allowed), None)
    if chosen is not None:
        await ask_to_judge(work, review, content, chosen, replaces=assignment.id, by_judge=True)
    await share_with_judges(work, [content])
    return chosen is not None
