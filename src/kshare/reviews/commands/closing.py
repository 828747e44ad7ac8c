"""The end of a review: what it comes to, and what follows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from kshare.content.authorship import acting_at, tell
from kshare.content.models import ContentRow
from kshare.core.writing import Work
from kshare.ideas.commands.advice import judging_ended
from kshare.ideas.models import CoauthorRow
from kshare.knowledge.commands import publish_newest
from kshare.reviews.commands.rows import assignments_of, share_with_judges
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


async def end_review(
    work: Work, review: ReviewRow, content: ContentRow, state: str, *, at: datetime | None = None
) -> None:
    """Ends a loaded review of a loaded content; who had not judged yet is released. `at` is the time to write down, if
    not that at which the caller acts (content/authorship.py)."""
    ended = at or acting_at(work, content)
    review.state, review.closed_at = state, ended
    judges = []
    for assignment in await assignments_of(work, review.id):
        assignment.open, assignment.acts_at = False, None
        if assignment.state == "asked":
            assignment.state, assignment.closed_at = "released", ended
        if assignment.state in ("given", "released"):
            judges.append(assignment.person_id)
    if content.review_id == review.id:
        content.review_id = None
    if content.kind == "idea" and not review.sample:
        await judging_ended(work, content, review.id, review.advice)
    await share_with_judges(work, [content])
    event = ReviewEnded(content_id=content.id, review_id=review.id, state=state, advice=review.advice)
    readers = sorted({content.owner_id, review.submitted_by, *judges})
    if at is None:
        tell(work, content, event, readers=readers)
    else:
        work.record(event, content.id, readers, classification=content.classification, content_id=content.id, at=at)


async def approve(work: Work, review: ReviewRow, content: ContentRow) -> None:
    """Ends a review with enough approvals: its newest text is shown, in the same transaction."""
    await end_review(work, review, content, "approved")
    await publish_newest(work, content)


async def count_scores(work: Work, review: ReviewRow, content: ContentRow) -> None:
    """Stores what the last judgements of a loaded review come to. Those of somebody who owns the idea by now do not
    count, nor those of whoever declared a conflict."""
    given = await scores_given(work, [review.id])
    if not given:
        review.judges = 0
        return
    form = await work.session.get_one(FormVersionRow, review.form_version_id)
    criteria = await criteria_of(work, form.id)
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


async def criteria_of(work: Work, form_version_id: UUID) -> list[FormCriterionRow]:
    """What a form scores, in its order."""
    query = select(FormCriterionRow).where(FormCriterionRow.form_version_id == form_version_id)
    return list((await work.session.execute(query.order_by(FormCriterionRow.position))).scalars())


async def scores_given(work: Work, review_ids: list[UUID], *, first: bool = False) -> list[dict[str, Any]]:
    """The judgements of reviews that count, each with its `review_id`, `person_id`, weighted `score` and `scores` by
    criterion: the last of each judge, or the `first`, given before they could see any other."""
    await work.flush()
    owns = select(CoauthorRow.person_id).where(
        CoauthorRow.content_id == AssignmentRow.content_id, CoauthorRow.person_id == AssignmentRow.person_id
    )
    query = (
        select(JudgementRow.id, JudgementRow.review_id, JudgementRow.person_id, JudgementRow.score)
        .join(AssignmentRow, AssignmentRow.id == JudgementRow.assignment_id)
        .where(
            JudgementRow.review_id.in_(review_ids),
            JudgementRow.number == 1 if first else JudgementRow.current,
            AssignmentRow.state == "given",
            ~owns.exists(),
        )
        .order_by(JudgementRow.id)
    )
    given = {row.id: {**row._mapping, "scores": {}} for row in await work.session.execute(query)}
    scores = select(JudgementScoreRow.judgement_id, JudgementScoreRow.criterion_id, JudgementScoreRow.score)
    scores = scores.where(JudgementScoreRow.judgement_id.in_(list(given)))
    for row in await work.session.execute(scores):
        given[row.judgement_id]["scores"][row.criterion_id] = row.score
    return list(given.values())
