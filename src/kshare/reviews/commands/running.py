"""Panels under way: opening them, closing them with their results, giving them up.

All that a panel judges is locked with it, so that no judgement is missed and nothing is worked out twice.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from kshare.content.models import ContentRow
from kshare.core.access import Permission
from kshare.core.aside import aside
from kshare.core.errors import DomainError, invalid
from kshare.core.ids import new_id
from kshare.core.writing import Work, command
from kshare.ideas.commands.advice import judging_began
from kshare.reviews.commands.assigning import ask_members, due_after, tell_as_judge
from kshare.reviews.commands.calibration import end_samples
from kshare.reviews.commands.choosing import candidates
from kshare.reviews.commands.closing import criteria_of, end_reviews, scores_given, store_results
from kshare.reviews.commands.comparing import close_pairs, open_pairs
from kshare.reviews.commands.panels import check_decidable, check_free, check_led, check_state, judges_of, members_of
from kshare.reviews.commands.rows import lock_panel, share_with_judges
from kshare.reviews.figures.agreement import Agreement, agreement
from kshare.reviews.figures.scores import deviations, far_from_the_rest
from kshare.reviews.figures.sharing import share_out
from kshare.reviews.models import (
    AgreementRow,
    AssignmentRow,
    DeviationRow,
    FormCriterionRow,
    FormVersionRow,
    PanelRow,
    ReviewRow,
)
from kshare.reviews.reads.panels import KEPT_OUT
from kshare.reviews.reads.seeing import is_owed
from kshare.reviews.shapes.events import ReviewSubmitted
from kshare.reviews.shapes.panels import (
    CancelPanel,
    ClosePanel,
    OpenPanel,
    PanelCancelled,
    PanelClosed,
    PanelMethod,
    PanelOpened,
)

MOST_NAMED = 200
"""Judgements that are missing of which a refusal tells."""
PLACES = Decimal("0.0001")

Contents = Mapping[UUID, ContentRow]

# ---- what is still awaited ------------------------------------------------------------------------------------------


async def _check_given(work: Work, panel: PanelRow, reviews: Sequence[ReviewRow], reason: str | None) -> None:
    """Raises 409 while judgements of these reviews are awaited and no reason is given to go on without.

    Who may not know how far it is must give a reason in any case, or could find out by trying: 422. A chair who has to
    judge something themselves is told of that alone.
    """
    if reason is not None:
        return
    ids, me = [review.id for review in reviews], work.principal.id
    own = (AssignmentRow.review_id.in_(ids), AssignmentRow.person_id == me)
    kept = select(AssignmentRow.id).where(*own, AssignmentRow.state.in_(KEPT_OUT)).limit(1)
    if panel.chair_id != me or await work.session.scalar(kept) is not None:
        raise invalid("/reason", "missing", "Say why: you are not to know whether anything is missing.")
    query = (
        select(AssignmentRow.id, AssignmentRow.review_id, AssignmentRow.person_id)
        .where(AssignmentRow.review_id.in_(ids), is_owed(AssignmentRow))
        .order_by(AssignmentRow.person_id, AssignmentRow.review_id)
    )
    owed = (await work.session.execute(query)).all()
    mine = [row for row in owed if row.person_id == me]
    if found := mine or owed:
        detail = "You have judgements to give yourself." if mine else "Judgements are missing; say why it goes on."
        named = [{name: str(value) for name, value in row._mapping.items()} for row in found[:MOST_NAMED]]
        told = [{"assignment_id": one.pop("id"), **one} for one in named]
        raise DomainError("conflict", detail, extra={"missing": len(found), "owed": told})


# ---- opening --------------------------------------------------------------------------------------------------------


@command(Permission.review_manage)
async def open_panel(work: Work, id: UUID, ask: OpenPanel) -> UUID:
    """Asks the members of a panel to judge its ideas, on which nobody decides meanwhile."""
    panel, contents, reviews = await lock_panel(work, id, "open")
    check_state(panel, "preparing", "calibrating")
    samples = [review for review in reviews if review.sample]
    judged = [review for review in reviews if not review.sample]
    ideas = [contents[review.content_id] for review in judged]
    fewest = 2 if panel.method == PanelMethod.pairs else 1
    if len(ideas) < fewest:
        raise DomainError("conflict", f"There must be at least {fewest} to judge.", extra={"ideas": len(ideas)})
    members = await judges_of(work, panel)
    if samples and panel.state == "preparing":
        raise DomainError("conflict", "Have its samples judged first, or take them out.")
    check_decidable(ideas)
    await check_free(work, panel, [idea.id for idea in ideas])
    await check_led(work, panel)
    due = await _due(work, panel)
    if samples:
        await _check_given(work, panel, samples, ask.reason)
    chosen = await _choose(work, panel, judged, contents, members) if panel.method == PanelMethod.scores else {}
    await end_samples(work, contents, samples, "closed")
    panel.state, panel.due_at, panel.opened_at, panel.updated_at = "open", due, work.now, work.now
    panel.opening_note = ask.reason
    await judging_began(work, *ideas)
    for review in judged:
        content = contents[review.content_id]
        review.state, review.due_at, review.revision = "open", due, content.latest_revision
        review.submitted_at = work.now
        review.required = len(chosen.get(review.id, ()))
        event = ReviewSubmitted(content_id=content.id, review_id=review.id, revision=review.revision)
        tell_as_judge(work, content, event, sorted({content.owner_id, panel.chair_id}))
    await work.flush()
    if panel.method == PanelMethod.pairs:
        await open_pairs(work, panel, judged)
    else:
        asked = [(review, contents[review.content_id], chosen[review.id]) for review in judged]
        await ask_members(work, asked, due)
        await share_with_judges(work, ideas)
    opened = PanelOpened(panel_id=id, due_at=due, ideas=len(ideas))
    work.record(opened, id, sorted({panel.chair_id, *members}))
    return id


async def _due(work: Work, panel: PanelRow) -> datetime:
    if panel.due_at is None:
        return await due_after(work, work.now, panel.working_days)
    if panel.due_at <= work.now:
        extra = {"due_at": panel.due_at.isoformat()}
        raise DomainError("conflict", "The time until when it should be judged is over; name another.", extra=extra)
    return panel.due_at


async def _choose(
    work: Work, panel: PanelRow, reviews: Sequence[ReviewRow], contents: Contents, members: Collection[UUID]
) -> dict[UUID, list[UUID]]:
    """Who judges each review: all members who may, or as many as the panel says. Raises 409 for ideas that too few
    may judge."""
    needed = panel.each or 1
    allowed, short = {}, []
    for review in reviews:
        found = await candidates(work, review, contents[review.content_id], only=members)
        allowed[review.id] = set(found)
        if len(found) < needed:
            short.append({"idea_id": str(review.content_id), "found": len(found)})
    if short:
        detail = "Too few members may judge some ideas: nobody judges what is their own, or is not cleared for."
        raise DomainError("conflict", detail, extra={"needed": needed, "ideas": short})
    if panel.each is None:
        return {id: sorted(people) for id, people in allowed.items()}
    return share_out(allowed, panel.each)


# ---- closing --------------------------------------------------------------------------------------------------------


@command(Permission.review_manage)
async def close_panel(work: Work, id: UUID, ask: ClosePanel) -> UUID:
    """Ends the judging, and works out what it came to."""
    panel, contents, reviews = await lock_panel(work, id, "close")
    check_state(panel, "open")
    judged = [review for review in reviews if not review.sample]
    await _check_given(work, panel, judged, ask.reason)
    if panel.method == PanelMethod.pairs:
        await close_pairs(work, panel, judged)
    else:
        there = [review for review in judged if contents[review.content_id].state == "published"]
        await _work_out(work, panel, there)
        states = {review.id: "closed" for review in there}
        ended = [(one, contents[one.content_id], states.get(one.id, "withdrawn")) for one in judged]
        await end_reviews(work, ended, at=work.now)
    await _end(work, panel, "closed", ask.reason)
    work.record(PanelClosed(panel_id=id), id, sorted({panel.chair_id, *await members_of(work, id)}))
    return id


async def _end(work: Work, panel: PanelRow, state: str, note: str | None) -> None:
    panel.state, panel.closing_note = state, note
    panel.closed_at = panel.updated_at = work.now
    await work.flush()


async def _work_out(work: Work, panel: PanelRow, reviews: Sequence[ReviewRow]) -> None:
    """Stores the results of these reviews, how far their judges agree, and how far each is from the others."""
    ids = [review.id for review in reviews]
    form = await work.session.get_one(FormVersionRow, panel.form_version_id)
    criteria = await criteria_of(work, form.id)
    last: dict[UUID, list[dict[str, Any]]] = {id: [] for id in ids}
    for judgement in await scores_given(work, ids):
        last[judgement["review_id"]].append(judgement)
    for review in reviews:
        store_results(work, review, last[review.id], form, criteria)
    # What somebody says again, they say after they could see the others.
    first = await scores_given(work, ids, first=True)
    await _store_agreement(work, panel, first, criteria)
    by_review: dict[UUID, dict[UUID, Decimal]] = {}
    for judgement in first:
        by_review.setdefault(judgement["review_id"], {})[judgement["person_id"]] = judgement["score"]
    far = {deviation.judge for deviation in far_from_the_rest(by_review)}
    for deviation in deviations(by_review):
        work.append(
            DeviationRow,
            panel_id=panel.id,
            person_id=deviation.judge,
            subjects=deviation.subjects,
            deviation=deviation.deviation,
            flagged=deviation.judge in far,
        )


async def _store_agreement(
    work: Work, panel: PanelRow, given: Sequence[Mapping[str, Any]], criteria: Sequence[FormCriterionRow]
) -> None:
    """The agreement on the weighted scores, which are whole hundredths, and on each criterion."""
    judges = {person: place for place, person in enumerate(sorted({judgement["person_id"] for judgement in given}))}
    seed = panel.id.int
    for position, criterion in enumerate([None, *criteria]):
        units: dict[UUID, list[int | None]] = {}
        for judgement in given:
            unit = units.setdefault(judgement["review_id"], [None] * len(judges))
            score = int(judgement["score"] * 100) if criterion is None else judgement["scores"][criterion.id]
            unit[judges[judgement["person_id"]]] = score
        rows = [units[id] for id in sorted(units)]
        found: Agreement = await aside(partial(agreement, rows, seed=seed))
        work.append(
            AgreementRow,
            id=new_id(),
            panel_id=panel.id,
            criterion_id=None if criterion is None else criterion.id,
            position=position,
            alpha=_rounded(found.alpha),
            low=_rounded(found.low),
            high=_rounded(found.high),
            units=found.units,
            raters=found.raters,
            note=found.note,
        )


def _rounded(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(value).quantize(PLACES)


# ---- giving up ------------------------------------------------------------------------------------------------------


@command(Permission.review_manage)
async def cancel_panel(work: Work, id: UUID, ask: CancelPanel) -> UUID:
    """Ends a panel that is under way, without results; what was said stays."""
    panel, contents, reviews = await lock_panel(work, id, "cancel")
    if panel.state == "preparing":
        raise DomainError("conflict", "It has not begun; delete it instead.", extra={"state": panel.state})
    check_state(panel, "calibrating", "open")
    await end_samples(work, contents, reviews, "withdrawn")
    judged = [review for review in reviews if not review.sample]
    running = [review for review in judged if review.state == "open"]
    await end_reviews(work, [(review, contents[review.content_id], "withdrawn") for review in running], at=work.now)
    for review in judged:
        if review.state == "preparing":
            await work.session.delete(review)
    seats = update(AssignmentRow).where(AssignmentRow.panel_id == id, AssignmentRow.review_id.is_(None))
    waiting = seats.where(AssignmentRow.state == "asked").values(state="released", closed_at=work.now)
    await work.session.execute(waiting.execution_options(synchronize_session=False))
    ended = seats.values(open=False, acts_at=None)
    await work.session.execute(ended.execution_options(synchronize_session=False))
    await _end(work, panel, "cancelled", ask.reason)
    work.record(PanelCancelled(panel_id=id), id, sorted({panel.chair_id, *await members_of(work, id)}))
    return id
