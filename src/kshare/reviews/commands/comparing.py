"""Panels that compare two ideas at a time: who is asked, what they say, and the ranking that comes of it.

A comparison locks the panel against being closed, and the seat of its judge against the same judge; judges never wait
for each other.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from kshare.content.models import ContentRow
from kshare.content.reads import CONTENT
from kshare.core.access import Permission
from kshare.core.aside import aside
from kshare.core.errors import DomainError, invalid, not_found
from kshare.core.ids import new_id
from kshare.core.writing import Work, command
from kshare.ideas.reads.idea import IDEA_GUARD
from kshare.reviews.commands.assigning import clock_until, excuse
from kshare.reviews.commands.choosing import candidates
from kshare.reviews.commands.closing import end_reviews
from kshare.reviews.commands.rows import lock_content, lock_review, share_with_judges
from kshare.reviews.figures.bradley_terry import components
from kshare.reviews.figures.ranking import Comparison, NotConnected, rank
from kshare.reviews.models import AssignmentRow, ComparisonRow, PanelMemberRow, PanelRow, ReviewRow
from kshare.reviews.reads.comparing import (
    COMPARISON_GUARD,
    OUTCOMES,
    PAIRS_GUARD,
    check_comparing,
    counts,
    may_compare,
    not_taking_part,
)
from kshare.reviews.shapes.asks import DeclareConflict
from kshare.reviews.shapes.comparing import (
    CompareIdeas,
    PanelComparingFinished,
    PanelComparisonWithdrawn,
    PanelIdeasCompared,
    PanelSeatGiven,
)

MILLIONTH = Decimal("0.000001")

# ---- opening and closing --------------------------------------------------------------------------------------------


async def open_pairs(work: Work, panel: PanelRow, reviews: list[ReviewRow]) -> None:
    """Asks every member of a loaded panel to compare its ideas until it is due, and lets them read those. The contents
    are locked by the caller, before the panel.

    Raises 409 for a panel that could never be closed, since nobody may compare some of the ideas with the others.
    """
    await work.flush()
    assert panel.due_at is not None
    query = select(PanelMemberRow.person_id).where(PanelMemberRow.panel_id == panel.id)
    members = (await work.session.execute(query.order_by(PanelMemberRow.person_id))).scalars().all()
    contents = await _contents_of(work, reviews)
    await _check_linkable(work, reviews, contents, members)
    acts_at, step = await clock_until(work, panel.due_at)
    for person in members:
        seat = AssignmentRow(
            id=new_id(),
            panel_id=panel.id,
            person_id=person,
            due_at=panel.due_at,
            acts_at=acts_at,
            step=step,
            created_at=work.now,
        )
        work.add(seat)
        event = PanelSeatGiven(panel_id=panel.id, assignment_id=seat.id, due_at=seat.due_at)
        work.record(event, panel.id, [person])
    await share_with_judges(work, list(contents.values()))


async def _check_linkable(
    work: Work, reviews: Sequence[ReviewRow], contents: Mapping[UUID, ContentRow], members: Sequence[UUID]
) -> None:
    ideas_of: dict[UUID, list[int]] = {}
    for place, review in enumerate(reviews):
        for person in await candidates(work, review, contents[review.content_id], only=members):
            ideas_of.setdefault(person, []).append(place)
    groups = components(len(reviews), (pair for ideas in ideas_of.values() for pair in pairwise(ideas)))
    if len(groups) > 1:
        apart = [[str(reviews[place].content_id) for place in group] for group in groups]
        detail = (
            "Between some of these ideas none of the members could compare: nobody judges what is their own, or is not "
            "cleared for."
        )
        raise DomainError("conflict", detail, extra={"groups": apart})


async def close_pairs(work: Work, panel: PanelRow, reviews: list[ReviewRow]) -> None:
    """Ranks what a loaded panel compared, and ends its reviews and what its members were asked. An idea that was
    withdrawn or merged meanwhile is left out. The contents are locked by the caller, before the panel.

    Raises 409 while comparisons do not link all ideas, with what is missing for the chair, unless they judge as well.
    """
    contents = await _contents_of(work, reviews)
    there = [review for review in reviews if contents[review.content_id].state == "published"]
    entries = sorted(there, key=lambda review: review.id)
    comparisons = await comparisons_of(work, panel.id, [review.id for review in entries])
    try:
        ranked = await aside(rank, len(entries), comparisons)
    except NotConnected as error:
        raise await _not_connected(work, panel, entries, error.components) from None
    for place in ranked:
        review = entries[place.entry]
        review.rank, review.strength = place.rank, _exact(place.strength)
        review.low, review.high = _exact(place.low), _exact(place.high)
        review.certainty = None if place.certainty is None else _exact(place.certainty)
    await _end_seats(work, panel)
    states = {review.id: "closed" for review in entries}
    ended = [(one, contents[one.content_id], states.get(one.id, "withdrawn")) for one in reviews]
    await end_reviews(work, ended, at=work.now)


async def _contents_of(work: Work, reviews: Sequence[ReviewRow]) -> dict[UUID, ContentRow]:
    """The contents of reviews, locked."""
    query = select(ContentRow).where(ContentRow.id.in_([review.content_id for review in reviews]))
    locked = await work.session.execute(query.order_by(ContentRow.id).with_for_update(key_share=True))
    return {content.id: content for content in locked.scalars()}


async def comparisons_of(work: Work, panel_id: UUID, review_ids: Sequence[UUID]) -> list[Comparison]:
    """The comparisons among these reviews of a panel that count, the reviews by their place in the list."""
    await work.flush()
    number = {id: place for place, id in enumerate(review_ids)}
    query = select(ComparisonRow.first_id, ComparisonRow.second_id, ComparisonRow.outcome)
    query = query.where(ComparisonRow.panel_id == panel_id, counts(ComparisonRow)).order_by(ComparisonRow.id)
    return [
        Comparison(number[row.first_id], number[row.second_id], OUTCOMES[row.outcome])
        for row in await work.session.execute(query)
        if row.first_id in number and row.second_id in number
    ]


def _exact(number: float) -> Decimal:
    return Decimal(number).quantize(MILLIONTH)


async def _not_connected(
    work: Work, panel: PanelRow, entries: Sequence[ReviewRow], groups: Sequence[Sequence[int]]
) -> DomainError:
    """A 409 that says what is missing to the chair, who sees how far it is anyway; to nobody else, and to no judge."""
    detail = "There is no order yet: between some of the ideas nothing was compared, not even by way of others."
    may = select(PAIRS_GUARD.rules["see_standing"](PanelRow)).where(PanelRow.id == panel.id)
    if not await work.session.scalar(may, work.principal.binds):
        return DomainError("conflict", detail)
    first = [entries[group[0]] for group in groups]
    titles = select(ContentRow.id, ContentRow.title).where(
        ContentRow.id.in_([review.content_id for review in first]), CONTENT.condition(ContentRow)
    )
    seen = {row.id: row.title for row in await work.session.execute(titles, work.principal.binds)}
    missing: list[dict[str, Any]] = [
        {
            "ideas": len(group),
            "review_id": str(review.id),
            "idea_id": str(review.content_id),
            "title": seen.get(review.content_id),
        }
        for group, review in zip(groups, first, strict=True)
    ]
    return DomainError("conflict", detail, extra={"groups": len(groups), "missing": missing})


async def _end_seats(work: Work, panel: PanelRow) -> None:
    """Whoever compared anything has judged, whether they said that it is enough or not; the others are released."""
    compared = select(ComparisonRow.person_id).where(ComparisonRow.panel_id == panel.id).distinct()
    judges = set((await work.session.execute(compared)).scalars())
    seats = select(AssignmentRow).where(AssignmentRow.panel_id == panel.id, AssignmentRow.review_id.is_(None))
    for seat in (await work.session.execute(seats.order_by(AssignmentRow.id).with_for_update())).scalars():
        seat.open, seat.acts_at = False, None
        if seat.state == "asked":
            seat.state, seat.closed_at = "given" if seat.person_id in judges else "released", work.now


# ---- comparing ------------------------------------------------------------------------------------------------------


async def _take_seat(work: Work, panel_id: UUID) -> AssignmentRow:
    """The caller's own seat in a panel that they may judge in, which stays open meanwhile; locked. Raises 404, 403, and
    409 for a panel that scores or is not open, and for whoever does not take part any more."""
    await work.facts(PAIRS_GUARD, panel_id, "compare", PanelRow.id)
    query = select(PanelRow).where(PanelRow.id == panel_id).with_for_update(read=True)
    panel = (await work.session.execute(query.execution_options(populate_existing=True))).scalar_one()
    check_comparing(panel.method, panel.state)
    own = select(AssignmentRow).where(
        AssignmentRow.panel_id == panel_id,
        AssignmentRow.review_id.is_(None),
        AssignmentRow.person_id == work.principal.id,
    )
    seat = (await work.session.execute(own.with_for_update(key_share=True))).scalar_one_or_none()
    if seat is None or seat.state not in ("asked", "given"):
        raise not_taking_part()
    return seat


@command(Permission.review)
async def compare_ideas(work: Work, id: UUID, ask: CompareIdeas) -> UUID:
    """Which of two ideas of a panel the caller prefers; answers the comparison. Nothing that others see changes."""
    await _take_seat(work, id)
    await _check_pair(work, id, ask)
    first_is, second_is = ComparisonRow.first_id, ComparisonRow.second_id
    twice = select(ComparisonRow.id).where(
        ComparisonRow.panel_id == id,
        ComparisonRow.person_id == work.principal.id,
        func.least(first_is, second_is) == min(ask.first_id, ask.second_id),
        func.greatest(first_is, second_is) == max(ask.first_id, ask.second_id),
    )
    if (before := await work.session.scalar(twice)) is not None:
        detail = "You have compared these two already; take that back first if it was a slip."
        raise DomainError("conflict", detail, extra={"comparison_id": str(before)})
    comparison = ComparisonRow(
        id=new_id(),
        panel_id=id,
        person_id=work.principal.id,
        first_id=ask.first_id,
        second_id=ask.second_id,
        outcome=ask.outcome.value,
        comment=ask.comment,
        created_at=work.now,
    )
    work.add(comparison)
    work.record(PanelIdeasCompared(panel_id=id, comparison_id=comparison.id), id, [work.principal.id])
    return comparison.id


async def _check_pair(work: Work, panel_id: UUID, ask: CompareIdeas) -> None:
    """Raises 422 for what are no two ideas of the panel, 409 for one that the caller may not judge."""
    asked = {"/first_id": ask.first_id, "/second_id": ask.second_id}
    may = may_compare(ReviewRow).label("may")
    query = select(ReviewRow.id, may).where(ReviewRow.panel_id == panel_id, ReviewRow.id.in_(asked.values()))
    found = await work.session.execute(query, {**work.principal.binds, "panel_id": panel_id})
    allowed = {row.id: row.may for row in found}
    for pointer, id in asked.items():
        if id not in allowed:
            raise invalid(pointer, "unknown_reference", "There is no such review in this panel.")
    if ask.first_id == ask.second_id:
        raise invalid("/second_id", "duplicate", "Compare two different ideas.")
    if not all(allowed.values()):
        raise DomainError(
            "conflict",
            "You cannot compare these: one of them is your own, you have a conflict of interest with it, you may not "
            "read it, or it was withdrawn.",
        )


@command(Permission.review)
async def withdraw_comparison(work: Work, id: UUID) -> None:
    """Takes back what the caller said of two ideas, while the panel is open."""
    found = await work.facts(COMPARISON_GUARD, id, "withdraw", ComparisonRow.panel_id)
    seat = await _take_seat(work, found.panel_id)
    comparison = await work.load(COMPARISON_GUARD, id, "withdraw")
    await work.session.delete(comparison)
    event = PanelComparisonWithdrawn(panel_id=found.panel_id, comparison_id=id)
    work.record(event, found.panel_id, [work.principal.id])
    await work.flush()
    if seat.state == "given" and not await _has_compared(work, found.panel_id):
        seat.state, seat.closed_at = "asked", None
        seat.acts_at, seat.step = await clock_until(work, seat.due_at)


@command(Permission.review)
async def finish_comparing(work: Work, id: UUID) -> UUID:
    """The caller has compared enough in a panel, which leaves their desk; they may still go on. Answers their
    assignment."""
    seat = await _take_seat(work, id)
    if seat.state == "given":
        raise DomainError("conflict", "You have said so already.")
    if not await _has_compared(work, id):
        raise DomainError("conflict", "Compare at least two ideas first.")
    seat.state, seat.acts_at, seat.closed_at = "given", None, work.now
    work.record(PanelComparingFinished(panel_id=id, assignment_id=seat.id), id, [work.principal.id])
    return seat.id


async def _has_compared(work: Work, panel_id: UUID) -> bool:
    """Whether something that the caller said counts."""
    own = select(ComparisonRow.id).where(
        ComparisonRow.panel_id == panel_id, ComparisonRow.person_id == work.principal.id, counts(ComparisonRow)
    )
    return (await work.session.execute(own.limit(1))).first() is not None


@command(Permission.review)
async def declare_panel_conflict(work: Work, id: UUID, idea_id: UUID, ask: DeclareConflict) -> UUID:
    """The caller has a conflict of interest with an idea of a panel: they compare it no more, and where they did that
    does not count. Answers the assignment that says so."""
    await work.facts(PAIRS_GUARD, id, "compare", PanelRow.id)
    of_idea = select(ReviewRow.id).where(
        ReviewRow.panel_id == id, ReviewRow.content_id == idea_id, ReviewRow.sample.is_(False)
    )
    review_id = await work.session.scalar(of_idea)
    if review_id is None or not await work.exists(IDEA_GUARD, idea_id):
        raise not_found("idea")
    content = await lock_content(work, idea_id)
    seat = await _take_seat(work, id)
    review = await lock_review(work, review_id)
    before = select(AssignmentRow.id).where(
        AssignmentRow.review_id == review.id, AssignmentRow.person_id == work.principal.id
    )
    if await work.session.scalar(before) is not None:
        raise DomainError("conflict", "You have declared this already.")
    assignment = AssignmentRow(
        id=new_id(),
        review_id=review.id,
        content_id=content.id,
        panel_id=id,
        person_id=work.principal.id,
        due_at=seat.due_at,
        created_at=work.now,
    )
    work.add(assignment)
    await excuse(work, review, content, assignment, "conflicted", ask.reason)
    await share_with_judges(work, [content])
    return assignment.id
