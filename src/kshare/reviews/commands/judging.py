"""Judging, and not judging: declining, naming somebody else, declaring a conflict."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select, update

from kshare.content.commands import newest_text
from kshare.content.models import ContentRow
from kshare.core.access import Permission
from kshare.core.errors import DomainError, invalid
from kshare.core.ids import new_id
from kshare.core.principal import ANONYMOUS_ID
from kshare.core.writing import Work, command
from kshare.reviews.commands.assigning import ask_to_judge, excuse, replace, tell_as_judge, tell_missing
from kshare.reviews.commands.choosing import candidates, is_barred
from kshare.reviews.commands.closing import approve, by_itself, count_scores, criteria_of, end_review, shares_idea
from kshare.reviews.commands.rows import load_assignment, share_with_judges
from kshare.reviews.commands.submitting import CANNOT_BE_ASKED, check_open
from kshare.reviews.figures.scores import weighted
from kshare.reviews.models import AssignmentRow, JudgementRow, JudgementScoreRow, RemarkRow, ReviewRow
from kshare.reviews.reads.seeing import awaits
from kshare.reviews.shapes.asks import (
    DeclareConflict,
    DeclineAssignment,
    DelegateAssignment,
    GiveJudgement,
    RemarkGiven,
    ScoreGiven,
)
from kshare.reviews.shapes.events import ReviewJudged
from kshare.reviews.shapes.reviews import ReviewVerdict


@command(Permission.review)
async def give_judgement(work: Work, id: UUID, ask: GiveJudgement) -> UUID:
    """What the caller says of the newest text of a review; answers the judgement. Nothing that others see changes with
    it, unless the review ends by it."""
    assignment, review, content = await load_assignment(work, id, "judge")
    await _check_impartial(work, review, content)
    check_open(review)
    if assignment.state not in ("asked", "given"):
        raise DomainError("conflict", f"You {_DID[assignment.state]}.")
    if content.kind == "idea" and content.state != "published":
        raise DomainError("conflict", "The idea was withdrawn or merged meanwhile.")
    if ask.revision != content.latest_revision:
        detail = "That is not the newest text; read that first."
        raise DomainError("conflict", detail, extra={"latest_revision": content.latest_revision})
    score = await _check_said(work, review, ask)
    judgement = await _keep(work, assignment, ask, score)
    await _remark(work, content, judgement, ask.remarks)
    event = ReviewJudged(content_id=content.id, review_id=review.id, judgement_id=judgement)
    tell_as_judge(work, content, event, [work.principal.id])
    if review.method == "verdict":
        await _weigh(work, review, content, ask.verdict)
    elif review.panel_id is None:
        await conclude_if_complete(work, review, content)
    return judgement


async def _check_impartial(work: Work, review: ReviewRow, content: ContentRow) -> None:
    """Raises 403 for somebody who has become one of those who may not judge it since they were asked; and, for what is
    anonymous, for everybody who comes with a key that does not tell whether they wrote it."""
    if content.author_id == ANONYMOUS_ID and work.principal.pseudonym is None:
        detail = "Somebody else made this key for you: judge what is anonymous with one of your own."
        raise DomainError("forbidden", detail)
    if await is_barred(work, review, work.principal.id):
        detail = "You may not judge this: you have had a part in it, or those who had are below you."
        raise DomainError("forbidden", detail)


_DID = {
    "declined": "declined to judge this",
    "delegated": "named somebody else to judge this",
    "conflicted": "declared a conflict of interest",
    "absent": "were late, and somebody stepped in",
    "released": "were released from judging this",
}


async def _check_said(work: Work, review: ReviewRow, ask: GiveJudgement) -> Decimal | None:
    """The weighted score, if there are scores. Raises 422 for a judgement of another sort, and without its reasons."""
    if review.method == "verdict":
        if ask.verdict is None:
            raise invalid("/verdict", "missing", "Say whether to approve it, to request changes, or to reject it.")
        if ask.scores:
            raise invalid("/scores", "no_scores", "This review asks for a verdict, not for scores.")
        silent = not ask.comment and (ask.verdict is ReviewVerdict.reject or not ask.remarks)
        if ask.verdict is not ReviewVerdict.approve and silent:
            raise invalid("/comment", "missing", "Say what should change, or why it is rejected.")
        return None
    if ask.verdict is not None:
        raise invalid("/verdict", "no_verdict", "This review asks for scores, not for a verdict.")
    assert review.form_version_id is not None
    return await check_scores(work, review.form_version_id, ask.scores)


async def check_scores(work: Work, form_version_id: UUID, scores: Sequence[ScoreGiven]) -> Decimal:
    """The weighted score: every criterion of the form once, with a comment where one is needed; else 422."""
    criteria = {one.id: one for one in await criteria_of(work, form_version_id)}
    given: dict[UUID, int] = {}
    for position, score in enumerate(scores):
        criterion = criteria.get(score.criterion_id)
        pointer = f"/scores/{position}/criterion_id"
        if criterion is None:
            raise invalid(pointer, "unknown_reference", "There is no such criterion on this form.")
        if score.criterion_id in given:
            raise invalid(pointer, "duplicate", "Every criterion is scored once.")
        needed = criterion.comment == "always" or (criterion.comment == "extremes" and score.score in (1, 5))
        if needed and not score.comment:
            raise invalid(
                f"/scores/{position}/comment", "missing", f"Say why: “{criterion.name}” needs a comment here."
            )
        given[score.criterion_id] = score.score
    if len(given) < len(criteria):
        raise invalid("/scores", "scores_missing", "Score every criterion.")
    return weighted(given, {one.id: one.weight for one in criteria.values()})


async def _keep(work: Work, assignment: AssignmentRow, ask: GiveJudgement, score: Decimal | None) -> UUID:
    """The new judgement beside those before it."""
    of_assignment = JudgementRow.assignment_id == assignment.id
    number = await work.session.scalar(select(func.count()).select_from(JudgementRow).where(of_assignment))
    if number:
        before = update(JudgementRow).where(of_assignment, JudgementRow.current).values(current=False)
        await work.session.execute(before)
    judgement = JudgementRow(
        id=new_id(),
        review_id=assignment.review_id,
        assignment_id=assignment.id,
        person_id=work.principal.id,
        revision=ask.revision,
        number=(number or 0) + 1,
        current=True,
        verdict=None if ask.verdict is None else ask.verdict.value,
        comment=ask.comment,
        score=score,
        given_at=work.now,
    )
    work.add(judgement)
    assignment.state, assignment.acts_at, assignment.step = "given", None, 0
    await work.flush()
    for given in ask.scores:
        values = {"criterion_id": given.criterion_id, "score": given.score, "comment": given.comment}
        work.append(JudgementScoreRow, judgement_id=judgement.id, **values)
    return judgement.id


async def _remark(work: Work, content: ContentRow, judgement: UUID, remarks: Sequence[RemarkGiven]) -> None:
    if not remarks:
        return
    body = (await newest_text(work, content))["body"]
    # As core/diff.py counts them: a text that ends in a line break has an empty last line.
    lines = body.split("\n") if body else []
    for position, remark in enumerate(remarks):
        last = remark.line_from if remark.line_to is None else remark.line_to
        if last < remark.line_from:
            raise invalid(f"/remarks/{position}/line_to", "ends_before_begin", "The last line comes before the first.")
        if last > len(lines):
            pointer = f"/remarks/{position}/" + ("line_from" if remark.line_from > len(lines) else "line_to")
            raise invalid(pointer, "unknown_reference", f"The text has {len(lines)} lines.")
        quote = "\n".join(lines[remark.line_from - 1 : last])
        where = {"position": position, "line_from": remark.line_from, "line_to": last}
        work.append(RemarkRow, judgement_id=judgement, **where, quote=quote, body=remark.body)


async def _weigh(work: Work, review: ReviewRow, content: ContentRow, verdict: ReviewVerdict | None) -> None:
    """What a verdict comes to: a no ends the review, and so does the last approval that was needed."""
    if verdict is ReviewVerdict.approve:
        await conclude_if_complete(work, review, content)
        return
    itself = await by_itself(work)
    await end_review(itself, review, content, "rejected" if verdict is ReviewVerdict.reject else "changes_requested")
    await itself.flush()


async def conclude_if_complete(work: Work, review: ReviewRow, content: ContentRow) -> None:
    """Ends a loaded review, not of a panel, as soon as there are enough judgements of its newest text, at least one."""
    itself = await by_itself(work)
    counts = (
        select(func.count())
        .select_from(JudgementRow)
        .join(AssignmentRow, AssignmentRow.id == JudgementRow.assignment_id)
        .where(
            JudgementRow.review_id == review.id,
            JudgementRow.current,
            JudgementRow.revision == content.latest_revision,
            AssignmentRow.state == "given",
            ~shares_idea(),
        )
    )
    if review.method == "verdict":
        counts = counts.where(JudgementRow.verdict == ReviewVerdict.approve.value)
    if review.required < 1 or (await work.session.scalar(counts) or 0) < review.required:
        return
    if review.method == "verdict":
        await approve(itself, review, content)
    else:
        await count_scores(itself, review, content)
        await end_review(itself, review, content, "closed")
    await itself.flush()


# ---- not judging ----------------------------------------------------------------------------------------------------


@command(Permission.review)
async def decline_assignment(work: Work, id: UUID, ask: DeclineAssignment) -> UUID:
    """The caller does not judge; the next best is asked."""
    assignment, review, content = await load_assignment(work, id, "decline")
    await _check_owed(work, review, assignment)
    await excuse(work, review, content, assignment, "declined", ask.reason)
    await go_on_without(work, review, content, assignment)
    return id


@command(Permission.review)
async def declare_conflict(work: Work, id: UUID, ask: DeclareConflict) -> UUID:
    """The caller has a conflict of interest; what they said does not count, and the next best is asked."""
    assignment, review, content = await load_assignment(work, id, "declare_conflict")
    check_open(review)
    if assignment.state not in ("asked", "given"):
        raise DomainError("conflict", f"You {_DID[assignment.state]} already.")
    await excuse(work, review, content, assignment, "conflicted", ask.reason)
    await go_on_without(work, review, content, assignment)
    return id


async def go_on_without(work: Work, review: ReviewRow, content: ContentRow, assignment: AssignmentRow) -> None:
    """Asks somebody else in the place of whoever was excused; if nobody is left, those who judged may be enough, and
    otherwise who leads the review is told."""
    if not await replace(work, review, content, assignment) and review.panel_id is None:
        await conclude_if_complete(work, review, content)
        if review.state == "open":
            await tell_missing(work, review, content)


@command(Permission.review)
async def delegate_assignment(work: Work, id: UUID, ask: DelegateAssignment) -> UUID:
    """Somebody else judges in the caller's place, whom they name; answers the assignment that ends."""
    assignment, review, content = await load_assignment(work, id, "delegate")
    await _check_owed(work, review, assignment)
    if not await _may_take_over(work, review, content, ask.person_id):
        raise DomainError("conflict", CANNOT_BE_ASKED)
    await excuse(work, review, content, assignment, "delegated", ask.reason)
    await ask_to_judge(work, review, content, ask.person_id, replaces=assignment.id, by_judge=True)
    await share_with_judges(work, [content])
    return id


async def _may_take_over(work: Work, review: ReviewRow, content: ContentRow, person_id: UUID) -> bool:
    """Whether somebody could have been asked in the first place, or is who steps in; in a panel, whether they may judge
    at all."""
    chosen = review.panel_id is not None or person_id == review.steps_in_id
    return bool(await candidates(work, review, content, only=[person_id], suited=not chosen))


async def _check_owed(work: Work, review: ReviewRow, assignment: AssignmentRow) -> None:
    """Raises 409 unless a judgement is awaited of the caller: none was given, or there is a newer text."""
    check_open(review)
    if assignment.state not in ("asked", "given"):
        raise DomainError("conflict", f"You {_DID[assignment.state]} already.")
    owed = select(AssignmentRow.id).where(AssignmentRow.id == assignment.id, awaits(AssignmentRow))
    if await work.session.scalar(owed) is None:
        raise DomainError("conflict", "You have judged it already.")
