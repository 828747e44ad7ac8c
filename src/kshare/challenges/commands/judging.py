"""Judging entries, and publishing the results of a challenge."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text

from kshare.challenges.asks import PublishResults, ScoreAsk, ScoreEntry
from kshare.challenges.commands.challenge import moment_of, phase_of, times_of, wrong_phase
from kshare.challenges.commands.entries import lock_challenge
from kshare.challenges.events import ChallengeEntryScored, ChallengeResultsPublished, IdeaAwarded
from kshare.challenges.models import CriterionRow, EntryRow, ScorecardRow, ScoreRow
from kshare.challenges.reads import CHALLENGE_GUARD, ENTRY_GUARD
from kshare.content.authorship import tell
from kshare.content.models import ContentRow
from kshare.core.access import Permission
from kshare.core.errors import DomainError, invalid
from kshare.core.writing import Work, command


@command(Permission.content_read)
async def score_entry(work: Work, id: UUID, ask: ScoreEntry) -> UUID:
    """A judge's scorecard for an entry, instead of the one before. The entry itself stays as it is and unlocked: nobody
    else is to notice."""
    await work.lock_name(f"scorecard/{id}/{work.principal.id}")
    challenge, times = await lock_challenge(work, id)
    await work.facts(ENTRY_GUARD, id, "abstain", EntryRow.id)
    moment = await moment_of(work)
    phase = phase_of(challenge, times, moment)
    if phase != "judging":
        raise wrong_phase("Entries are scored between the deadline and the results.", phase, times)
    if moment >= times.judging_until:
        raise wrong_phase("The time to judge is over.", phase, times)
    withdrawn = await work.session.scalar(select(EntryRow.withdrawn_at).where(EntryRow.id == id))
    if withdrawn is not None:
        raise DomainError("conflict", "The entry was withdrawn.")
    if not ask.abstain:
        await _check_scores(work, challenge.id, ask.scores)
        may_score = select(ENTRY_GUARD.rules["score"](EntryRow)).where(EntryRow.id == id)
        if not await work.session.scalar(may_score, work.principal.binds):
            raise DomainError("conflict", "You take part in this entry and cannot score it; abstain.")
    elif ask.scores:
        raise invalid("/scores", "abstained", "Whoever abstains gives no scores.")
    held = select(ScorecardRow).where(ScorecardRow.entry_id == id, ScorecardRow.judge_id == work.principal.id)
    card = (await work.session.execute(held)).scalar_one_or_none()
    if card is None:
        card = ScorecardRow(
            challenge_id=challenge.id, entry_id=id, judge_id=work.principal.id, created_at=work.now, updated_at=work.now
        )
        work.add(card)
    card.abstained, card.comment, card.updated_at = ask.abstain, ask.comment, work.now
    await work.flush()
    await work.session.execute(delete(ScoreRow).where(ScoreRow.scorecard_id == card.id))
    for score in ask.scores:
        work.append(ScoreRow, scorecard_id=card.id, criterion_id=score.criterion_id, score=score.score)
    event = ChallengeEntryScored(content_id=challenge.id, entry_id=id)
    work.record(event, id, [work.principal.id], classification=challenge.classification, content_id=challenge.id)
    return card.id


async def _check_scores(work: Work, challenge_id: UUID, scores: Sequence[ScoreAsk]) -> None:
    """Every criterion of the challenge, each once."""
    query = select(CriterionRow.id).where(CriterionRow.challenge_id == challenge_id)
    wanted = set((await work.session.execute(query)).scalars())
    given: set[UUID] = set()
    for position, score in enumerate(scores):
        pointer = f"/scores/{position}/criterion_id"
        if score.criterion_id not in wanted:
            raise invalid(pointer, "unknown_reference", "There is no such criterion.")
        if score.criterion_id in given:
            raise invalid(pointer, "duplicate", "Every criterion is scored once.")
        given.add(score.criterion_id)
    if given < wanted:
        raise invalid("/scores", "scores_missing", "Score every criterion, or abstain.")


# ---- results --------------------------------------------------------------------------------------------------------

_MISSING = text(
    """SELECT j.person_id, count(*) AS entries FROM challenge_judge j
JOIN challenge_entry e ON e.challenge_id = j.challenge_id AND e.withdrawn_at IS NULL
WHERE j.challenge_id = :id AND NOT EXISTS (
  SELECT FROM challenge_scorecard s WHERE s.entry_id = e.id AND s.judge_id = j.person_id)
GROUP BY j.person_id ORDER BY j.person_id"""
)

# Ranks follow from the scores as they are shown. Entries with the same score share the rank of the first of them, and
# the prize of that place; whoever follows has the rank that says how many are better.
_RANK = text(
    """WITH card AS (
  SELECT s.entry_id, sum(p.score * c.weight) AS points
  FROM challenge_scorecard s JOIN challenge_score p ON p.scorecard_id = s.id
    JOIN challenge_criterion c ON c.id = p.criterion_id
  WHERE s.challenge_id = :id AND NOT s.abstained GROUP BY s.entry_id, s.judge_id),
scored AS (
  SELECT e.id, round(avg(card.points) / 100, 4) AS score
  FROM challenge_entry e JOIN card ON card.entry_id = e.id
  WHERE e.challenge_id = :id AND e.withdrawn_at IS NULL GROUP BY e.id),
ranked AS (
  SELECT id, score, rank() OVER (ORDER BY score DESC) AS rank, count(*) OVER (PARTITION BY score) - 1 AS tied
  FROM scored),
prize AS (
  SELECT id, sum(places) OVER (ORDER BY position) - places AS before, sum(places) OVER (ORDER BY position) AS upto
  FROM challenge_prize WHERE challenge_id = :id)
UPDATE challenge_entry e SET score = r.score, rank = r.rank, tied = r.tied, prize_id = p.id, ranked_at = :at
FROM ranked r LEFT JOIN prize p ON r.rank > p.before AND r.rank <= p.upto
WHERE e.id = r.id RETURNING e.id, e.content_id, e.prize_id"""
)


@command(Permission.challenge_manage)
async def publish_results(work: Work, id: UUID, ask: PublishResults) -> UUID:
    """Gives every entry its score, its rank and its prize, in one transaction."""
    challenge = await work.load(CHALLENGE_GUARD, id, "publish_results")
    times = await times_of(work, id)
    phase = phase_of(challenge, times, await moment_of(work))
    if phase != "judging":
        detail = "The results are published already." if phase == "published" else "The deadline has not passed yet."
        raise wrong_phase(detail, phase, times)
    missing = (await work.session.execute(_MISSING, {"id": id})).all()
    if missing and not ask.force:
        who: list[dict[str, Any]] = [{"judge": str(row.person_id), "entries": row.entries} for row in missing]
        detail = "Not every judge has scored every entry; wait, or publish with `force` and a reason."
        raise DomainError("conflict", detail, extra={"missing": who})
    if ask.force and ask.reason is None:
        raise invalid("/reason", "missing", "Say why the results are published before every judge has scored.")
    times.results_at = challenge.updated_at = work.now
    times.results_note = ask.reason if missing else None
    await work.flush()
    ranked = (await work.session.execute(_RANK, {"id": id, "at": work.now})).all()
    tell(work, challenge, ChallengeResultsPublished(content_id=id, forced=bool(missing)))
    for row in ranked:
        if row.prize_id is not None:
            idea: Any = await work.session.get(ContentRow, row.content_id)
            # Not `tell`: whoever publishes is named, even if one of the ideas should be their own and anonymous.
            event = IdeaAwarded(content_id=idea.id, entry_id=row.id)
            work.record(event, idea.id, list(idea.readers), classification=idea.classification, content_id=idea.id)
    return id
