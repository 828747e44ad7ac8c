"""The end of a review: what it comes to, and what follows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, update

from kshare.content.authorship import acting_at, tell
from kshare.content.commands import quietly
from kshare.content.models import ContentRow
from kshare.core.principal import SYSTEM
from kshare.core.writing import Work
from kshare.ideas.commands.advice import judging_ended
from kshare.ideas.models import CoauthorRow
from kshare.knowledge.commands import publish_newest
from kshare.reviews.commands.rows import share_with_judges
from kshare.reviews.figures.scores import advice, knocked_out, summary
from kshare.reviews.models import (
    AssignmentRow,
    FormCriterionRow,
    FormVersionRow,
    JudgementRow,
    JudgementScoreRow,
    ReviewResultRow,
    ReviewRow,
)
from kshare.reviews.shapes.events import ReviewEnded


async def by_itself(work: Work) -> Work:
    """The same transaction for kshare itself, which does what follows from what a judge does: nobody learns from the
    journal whose judgement was the last, nor that somebody who declined is the author, not shown. It is flushed by
    whoever asks for it."""
    await work.flush()
    itself = Work(SYSTEM, work.session, shared=work.shared)
    itself.now = work.now
    return itself


async def end_review(
    work: Work, review: ReviewRow, content: ContentRow, state: str, *, at: datetime | None = None
) -> None:
    """Ends a loaded review of a loaded content; who had not judged yet is released. `at` is the time to write down, if
    not that at which the caller acts (content/authorship.py)."""
    await end_reviews(work, [(review, content, state)], at=at)


async def end_reviews(
    work: Work, ended: Sequence[tuple[ReviewRow, ContentRow, str]], *, at: datetime | None = None
) -> None:
    """Ends many reviews, as `end_review` does one."""
    judges = await _end_assignments(
        work, [(review, _ended_at(work, review, content, at)) for review, content, _ in ended]
    )
    over = []
    for review, content, state in ended:
        review.state, review.closed_at = state, _ended_at(work, review, content, at)
        review.ended_revision = content.latest_revision
        if content.review_id == review.id:
            await quietly(work, content, review_id=None)
        if content.kind == "idea" and not review.sample:
            over.append((content, review.id, review.advice))
    await judging_ended(work, over)
    await share_with_judges(work, [content for _, content, _ in ended])
    for review, content, state in ended:
        event = ReviewEnded(content_id=content.id, review_id=review.id, state=state, advice=review.advice)
        # Whose idea is a sample of a panel has no part in that.
        owner = set() if review.sample else {content.owner_id}
        readers = sorted({review.submitted_by, *owner, *judges[review.id]})
        if at is None:
            tell(work, content, event, readers=readers)
        else:
            work.record(event, content.id, readers, classification=content.classification, content_id=content.id, at=at)


def _ended_at(work: Work, review: ReviewRow, content: ContentRow, at: datetime | None) -> datetime:
    return max(at or acting_at(work, content), review.submitted_at)


async def _end_assignments(work: Work, ended: Sequence[tuple[ReviewRow, datetime]]) -> dict[UUID, list[UUID]]:
    """Who judged or was still to judge each of these reviews, whose assignments end."""
    await work.flush()
    judges: dict[UUID, list[UUID]] = {review.id: [] for review, _ in ended}
    of_reviews = select(AssignmentRow.id, AssignmentRow.review_id, AssignmentRow.person_id, AssignmentRow.state)
    of_reviews = of_reviews.where(AssignmentRow.review_id.in_(judges)).order_by(AssignmentRow.id).with_for_update()
    found = (await work.session.execute(of_reviews)).all()
    released: dict[datetime, list[UUID]] = {}
    times = {review.id: time for review, time in ended}
    for row in found:
        if row.state in ("asked", "given"):
            judges[row.review_id].append(row.person_id)
        if row.state == "asked":
            released.setdefault(times[row.review_id], []).append(row.id)
    for time, ids in released.items():
        let_go = update(AssignmentRow).where(AssignmentRow.id.in_(ids)).values(state="released", closed_at=time)
        await work.session.execute(let_go.execution_options(synchronize_session="fetch"))
    if found:
        over = update(AssignmentRow).where(AssignmentRow.review_id.in_(judges)).values(open=False, acts_at=None)
        await work.session.execute(over.execution_options(synchronize_session="fetch"))
    return judges


async def approve(work: Work, review: ReviewRow, content: ContentRow) -> None:
    """Ends a review with enough approvals: its newest text is shown, in the same transaction."""
    await end_review(work, review, content, "approved")
    await publish_newest(work, content)
    await work.flush()


async def count_scores(work: Work, review: ReviewRow, content: ContentRow) -> None:
    """Stores what the last judgements of a loaded review come to. Those of somebody who owns the idea by now do not
    count, nor those of whoever declared a conflict."""
    form = await work.session.get_one(FormVersionRow, review.form_version_id)
    criteria = await criteria_of(work, form.id)
    store_results(work, review, await scores_given(work, [review.id]), form, criteria)


def store_results(
    work: Work,
    review: ReviewRow,
    given: Sequence[Mapping[str, Any]],
    form: FormVersionRow,
    criteria: Sequence[FormCriterionRow],
) -> None:
    """Stores what these judgements of a loaded review come to on its form."""
    if not given:
        review.judges = 0
        return
    whole = summary([judgement["score"] for judgement in given])
    limits = {one.id: one.knock_out_below for one in criteria if one.knock_out_below is not None}
    scores = {judgement["person_id"]: judgement["scores"] for judgement in given}
    out = knocked_out(scores, limits)
    review.judges, review.score, review.spread = len(given), whole.mean, whole.spread
    review.knocked_out = bool(out)
    review.advice = advice(whole.mean, bool(out), form.approve_at, form.decline_below)
    for criterion in criteria:
        of_criterion = summary([judgement["scores"][criterion.id] for judgement in given])
        work.append(
            ReviewResultRow,
            review_id=review.id,
            criterion_id=criterion.id,
            mean=of_criterion.mean,
            spread=of_criterion.spread,
            judges=len(given),
            knocked_out=criterion.id in out,
        )


def shares_idea() -> ColumnElement[bool]:
    """Who gave a judgement has a share in the idea by now, so that it does not count."""
    share = select(CoauthorRow.person_id).where(
        CoauthorRow.content_id == AssignmentRow.content_id, CoauthorRow.person_id == AssignmentRow.person_id
    )
    return share.exists()


async def criteria_of(work: Work, form_version_id: UUID) -> list[FormCriterionRow]:
    """What a form scores, in its order."""
    query = select(FormCriterionRow).where(FormCriterionRow.form_version_id == form_version_id)
    return list((await work.session.execute(query.order_by(FormCriterionRow.position))).scalars())


async def scores_given(work: Work, review_ids: list[UUID], *, first: bool = False) -> list[dict[str, Any]]:
    """The judgements of reviews that count, each with its `review_id`, `person_id`, weighted `score` and `scores` by
    criterion: the last of each judge, or the `first`, given before they could see any other."""
    await work.flush()
    query = (
        select(JudgementRow.id, JudgementRow.review_id, JudgementRow.person_id, JudgementRow.score)
        .join(AssignmentRow, AssignmentRow.id == JudgementRow.assignment_id)
        .where(
            JudgementRow.review_id.in_(review_ids),
            JudgementRow.number == 1 if first else JudgementRow.current,
            AssignmentRow.state == "given",
            ~shares_idea(),
        )
        .order_by(JudgementRow.id)
    )
    given = {row.id: {**row._mapping, "scores": {}} for row in await work.session.execute(query)}
    scores = select(JudgementScoreRow.judgement_id, JudgementScoreRow.criterion_id, JudgementScoreRow.score)
    scores = scores.where(JudgementScoreRow.judgement_id.in_(list(given)))
    for row in await work.session.execute(scores):
        given[row.judgement_id]["scores"][row.criterion_id] = row.score
    return list(given.values())
