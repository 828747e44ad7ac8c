"""Decisions: made, published together, taken back before anybody knew."""

from uuid import UUID

from sqlalchemy import select

from kshare.content.authorship import tell
from kshare.content.models import ContentRow
from kshare.core.access import Permission
from kshare.core.errors import DomainError, invalid, not_found
from kshare.core.ids import new_id
from kshare.core.writing import Work, command
from kshare.ideas.commands.advice import check_advised
from kshare.ideas.commands.rows import idea_of
from kshare.ideas.commands.stages import check_move, move_idea
from kshare.ideas.models import DecisionRow
from kshare.ideas.reads.decision import refuse_second, standing
from kshare.ideas.reads.decisions import visible_decision
from kshare.ideas.reads.idea import ANSWERED_GUARD, IDEA_GUARD
from kshare.ideas.shapes.decisions import (
    DecideIdea,
    IdeaDecided,
    IdeaDecidedPrivately,
    IdeaDecisionWithdrawn,
    Outcome,
    PublishDecisions,
)
from kshare.ideas.stages import OPEN, TRANSITIONS


@command(Permission.idea_propose)
async def decide_idea(work: Work, id: UUID, ask: DecideIdea) -> UUID:
    """Answers an idea. Of several who decide at once one does; the others get 409 with what was decided."""
    _check(work, ask)
    idea = await work.load(ANSWERED_GUARD, id, "decide")
    if idea.state != "published" or idea.stage not in OPEN:
        raise await _too_late(work, idea)
    await work.load(IDEA_GUARD, id, "decide")
    await refuse_second(work, idea)
    row = await check_advised(work, idea, ask.outcome, ask.explanation)
    decision = DecisionRow(
        id=new_id(),
        content_id=id,
        outcome=ask.outcome.value,
        reason=None if ask.reason is None else ask.reason.value,
        explanation=ask.explanation,
        until=ask.until,
        decided_by=work.principal.id,
        decided_at=work.now,
        current=True,
        advice=row.advice,
        review_id=row.advice_id,
    )
    work.add(decision)
    await work.flush()
    if ask.private:
        event = IdeaDecidedPrivately(content_id=id, decision_id=decision.id)
        tell(work, idea, event, readers=[work.principal.id])
    else:
        await _make_known(work, idea, decision)
    return id


def _check(work: Work, ask: DecideIdea) -> None:
    """Raises 422 unless a "no" has its reason and its sentence, and a "not now" its day."""
    declined, deferred = ask.outcome is Outcome.declined, ask.outcome is Outcome.deferred
    if declined and ask.reason is None:
        raise invalid("/reason", "missing", "A no needs a reason.")
    if declined and ask.explanation is None:
        raise invalid("/explanation", "missing", "A no needs a sentence for its author.")
    if not declined and ask.reason is not None:
        raise invalid("/reason", "only_with_outcome", "Only what is declined has such a reason.")
    if deferred and ask.until is None:
        raise invalid("/until", "missing", "What is deferred needs a day on which it comes back.")
    if not deferred and ask.until is not None:
        raise invalid("/until", "only_with_outcome", "Only what is deferred comes back on a day.")
    if ask.until is not None and ask.until <= work.today:
        raise invalid("/until", "in_the_past", "The day must lie in the future.")


async def _too_late(work: Work, idea: ContentRow) -> DomainError:
    allowed = TRANSITIONS[idea.stage] if idea.state == "published" and idea.stage else ()
    here = {"archived": "withdrawn or merged", "draft": "a draft"}.get(idea.state, idea.stage)
    extra = {"stage": idea.stage, "allowed": list(allowed), "decision": await standing(work, idea.id)}
    return DomainError("conflict", f"No decision is owed: the idea is {here}.", extra=extra)


async def _make_known(work: Work, idea: ContentRow, decision: DecisionRow) -> None:
    decision.published_at = work.now
    await move_idea(work, idea, decision.outcome)
    if decision.until is not None:
        (await idea_of(work, idea)).returns_on = decision.until
    event = IdeaDecided(
        content_id=idea.id,
        decision_id=decision.id,
        outcome=decision.outcome,
        reason=decision.reason,
        until=decision.until,
    )
    tell(work, idea, event)


@command(Permission.idea_propose)
async def publish_decisions(work: Work, ask: PublishDecisions) -> int:
    """Publishes private decisions together, all or none; says how many."""
    places = await _places(work, ask.ids)
    ideas = {idea_id: await work.load(ANSWERED_GUARD, idea_id, "decide") for idea_id in sorted({*places.values()})}
    if len(ideas) < len(places):
        raise DomainError("conflict", "Two of the decisions are on the same idea, so one of them is not private.")
    for decision_id, idea in ((id, ideas[idea_id]) for id, idea_id in places.items()):
        decision = await _private(work, idea, decision_id)
        try:
            check_move(idea, decision.outcome)
            if (await idea_of(work, idea)).judged_by:
                raise DomainError("conflict", "It is being judged; publish the decision when that is over.")
        except DomainError as refusal:
            refusal.extra = {**refusal.extra, "decision_id": str(decision_id), "idea_id": str(idea.id)}
            raise
        await work.load(IDEA_GUARD, idea.id, "decide")
        await _make_known(work, idea, decision)
    return len(places)


@command(Permission.idea_propose)
async def withdraw_decision(work: Work, id: UUID) -> None:
    """Takes back a decision that is not published; another can be made."""
    place = (await _places(work, [id]))[id]
    idea = await work.load(ANSWERED_GUARD, place, "decide")
    await work.session.delete(await _private(work, idea, id))
    event = IdeaDecisionWithdrawn(content_id=idea.id, decision_id=id)
    tell(work, idea, event, readers=[work.principal.id])


async def _places(work: Work, ids: list[UUID]) -> dict[UUID, UUID]:
    """The ideas of decisions that the caller sees; raises 404. Nothing is locked: ideas come before decisions."""
    query = select(DecisionRow.id, DecisionRow.content_id).where(DecisionRow.id.in_(ids), visible_decision(DecisionRow))
    found = {row.id: row.content_id for row in await work.session.execute(query, work.principal.binds)}
    if len(found) < len(set(ids)):
        raise not_found("decision")
    return dict(sorted(found.items(), key=lambda place: place[1]))


async def _private(work: Work, idea: ContentRow, decision_id: UUID) -> DecisionRow:
    """The private decision on a loaded idea, locked; raises 409 for one that is published."""
    query = select(DecisionRow).where(DecisionRow.id == decision_id).with_for_update()
    decision = (await work.session.execute(query)).scalar_one_or_none()
    if decision is None:
        raise not_found("decision")
    if decision.published_at is not None:
        raise DomainError(
            "conflict", "It is published already.", extra={"decision_id": str(decision_id), "idea_id": str(idea.id)}
        )
    return decision
