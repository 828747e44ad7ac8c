"""Writing, publishing and extending challenges."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select

from kshare.challenges.asks import CreateChallenge, CriterionAsk, ExtendChallenge, PrizeAsk, UpdateChallenge
from kshare.challenges.events import (
    ChallengeChanged,
    ChallengeDeleted,
    ChallengeDrafted,
    ChallengeExtended,
    ChallengePublished,
)
from kshare.challenges.models import ChallengeRow, CriterionRow, ExtensionRow, JudgeRow, PrizeRow
from kshare.challenges.reads import CHALLENGE_GUARD
from kshare.content.authoring import TEXT, checked_changes, new_content
from kshare.content.authorship import tell
from kshare.content.commands import add_content, readers_of, revise, set_state, set_tags
from kshare.content.models import ContentRow
from kshare.core.access import Permission
from kshare.core.errors import DomainError, invalid
from kshare.core.writing import Expected, Work, apply, command
from kshare.people.models import PersonRow

JUDGED_FOR = timedelta(days=14)
"""How long judges have unless something else is said."""
_TIMES = ("opens_at", "closes_at", "judging_until")
_TEAM = (2, 6)
"""How many people a team of a hackathon has unless something else is said."""


async def moment_of(work: Work) -> datetime:
    """What time it is for deadlines: the database's, which all processes share, and not when the request came."""
    moment: datetime = (await work.session.execute(select(func.clock_timestamp()))).scalar_one()
    return moment


async def times_of(work: Work, challenge_id: UUID) -> ChallengeRow:
    """The times of a challenge, as they are now."""
    times = await work.session.get(ChallengeRow, challenge_id, populate_existing=True)
    assert times is not None
    return times


def phase_of(challenge: ContentRow, times: ChallengeRow, moment: datetime) -> str:
    """How far a challenge is; `reads` says the same in SQL."""
    if challenge.state == "draft":
        return "draft"
    if times.results_at is not None:
        return "published"
    if times.opens_at is not None and moment < times.opens_at:
        return "announced"
    return "open" if moment < times.closes_at else "judging"


def wrong_phase(detail: str, phase: str, times: ChallengeRow) -> DomainError:
    """A 409 that tells how far the challenge is."""
    told = {name: getattr(times, name) for name in ("opens_at", "closes_at", "judging_until", "results_at")}
    written = {name: moment.isoformat() if moment else None for name, moment in told.items()}
    return DomainError("conflict", detail, extra={"phase": phase, **written})


# ---- checks ---------------------------------------------------------------------------------------------------------


def _check_times(moment: datetime, opens_at: datetime | None, closes_at: datetime, judging_until: datetime) -> None:
    if opens_at is not None and opens_at <= moment:
        raise invalid("/opens_at", "in_the_past", "This is in the past.")
    if closes_at <= moment:
        raise invalid("/closes_at", "in_the_past", "This is in the past.")
    if opens_at is not None and closes_at <= opens_at:
        raise invalid("/closes_at", "dates_backwards", "The deadline must be later than the opening.")
    if judging_until <= closes_at:
        raise invalid("/judging_until", "dates_backwards", "Judging must end later than the deadline.")


def _later(deadline: datetime, by: timedelta) -> datetime:
    """The end of judging that follows from a deadline."""
    try:
        return deadline + by
    except OverflowError:
        raise invalid("/closes_at", "value", "No calendar reaches to the end of its judging.") from None


def _check_weights(criteria: Sequence[CriterionAsk]) -> None:
    if sum(criterion.weight for criterion in criteria) != 100:
        raise invalid("/criteria", "weights_sum", "The weights must add up to 100.")
    if len({criterion.name.casefold() for criterion in criteria}) < len(criteria):
        raise invalid("/criteria", "duplicate", "No two criteria can have one name.")


def _check_sizes(challenge: ContentRow, times: ChallengeRow, ask: CreateChallenge | UpdateChallenge) -> None:
    """The sizes of teams: of a hackathon alone, and the smallest first."""
    for name in ("team_min", "team_max"):
        asked = getattr(ask, name)
        if asked is None:
            continue
        if challenge.variety != "hackathon":
            raise invalid(f"/{name}", "hackathon_only", "Only a hackathon says how large teams are.")
        setattr(times, name, asked)
    if times.team_min is not None and times.team_max is not None and times.team_min > times.team_max:
        raise invalid("/team_max", "sizes_backwards", "The largest team cannot be smaller than the smallest.")


async def _check_judges(work: Work, challenge: ContentRow, judges: Sequence[UUID]) -> None:
    """Judges are people who work here, once each, cleared for it; not the sponsor, who sees who has not scored yet."""
    query = select(PersonRow.id, PersonRow.clearance)
    query = query.where(PersonRow.id.in_(judges), PersonRow.kind == "person", PersonRow.active)
    known = {row.id: row.clearance for row in await work.session.execute(query)}
    for position, judge in enumerate(judges):
        pointer = f"/judges/{position}"
        if judge not in known:
            raise invalid(pointer, "unknown_reference", "There is no such person.")
        if judge in judges[:position]:
            raise invalid(pointer, "duplicate", "Everybody judges once.")
        if judge == challenge.author_id:
            raise invalid(pointer, "sponsor_judges", "The sponsor publishes the results and cannot judge.")
        if known[judge] < challenge.classification:
            raise invalid(pointer, "not_cleared", "This person is not cleared for the challenge.")


async def judges_of(work: Work, challenge_id: UUID) -> list[UUID]:
    """Who judges a challenge."""
    query = select(JudgeRow.person_id).where(JudgeRow.challenge_id == challenge_id)
    return list((await work.session.execute(query)).scalars())


def _shown_to(challenge: ContentRow, judges: Sequence[UUID]) -> list[UUID]:
    """Its readers: once published, its judges as well."""
    extra = [] if challenge.state == "draft" else judges
    return list(dict.fromkeys((*readers_of(challenge), *extra)))


# ---- writing --------------------------------------------------------------------------------------------------------


@command(Permission.challenge_manage)
async def create_challenge(work: Work, ask: CreateChallenge) -> UUID:
    """A new challenge, a draft unless it is to be published at once."""
    moment = await moment_of(work)
    closes_at = ask.closes_at.replace(microsecond=0)
    judging_until = (ask.judging_until or _later(closes_at, JUDGED_FOR)).replace(microsecond=0)
    _check_times(moment, ask.opens_at, closes_at, judging_until)
    _check_weights(ask.criteria)
    challenge = await new_content(work, ask, "challenge", ask.format, shown=ask.publish)
    opens_at = ask.opens_at or (moment if ask.publish else None)
    times = ChallengeRow(opens_at=opens_at, closes_at=closes_at, judging_until=judging_until)
    if challenge.variety == "hackathon":
        times.team_min, times.team_max = _TEAM
        if ask.team_max is not None and ask.team_min is None:
            times.team_min = min(_TEAM[0], ask.team_max)
        if ask.team_min is not None and ask.team_max is None:
            times.team_max = max(_TEAM[1], ask.team_min)
    _check_sizes(challenge, times, ask)
    await _check_judges(work, challenge, ask.judges)
    await add_content(work, challenge, ask.tags)
    challenge.readers = _shown_to(challenge, ask.judges)
    await work.flush()
    times.id = challenge.id
    work.add(times)
    await work.flush()
    await _set_parts(work, challenge.id, ask.criteria, ask.prizes, ask.judges)
    tell(work, challenge, ChallengeDrafted(content_id=challenge.id))
    if ask.publish:
        tell(work, challenge, ChallengePublished(content_id=challenge.id, closes_at=closes_at))
    return challenge.id


async def _set_parts(
    work: Work,
    id: UUID,
    criteria: Sequence[CriterionAsk] | None,
    prizes: Sequence[PrizeAsk] | None,
    judges: Sequence[UUID] | None,
) -> None:
    """Makes these its criteria, prizes and judges; None leaves them as they are."""
    numbered: tuple[tuple[Any, Sequence[Any] | None], ...] = ((CriterionRow, criteria), (PrizeRow, prizes))
    for row, asks in numbered:
        if asks is not None:
            await work.session.execute(delete(row).where(row.challenge_id == id))
            work.add(*(row(challenge_id=id, position=n, **ask.model_dump()) for n, ask in enumerate(asks, 1)))
    if judges is not None:
        await work.session.execute(delete(JudgeRow).where(JudgeRow.challenge_id == id))
        work.add(*(JudgeRow(challenge_id=id, person_id=judge) for judge in judges))
    await work.flush()


@command(Permission.challenge_manage)
async def update_challenge(work: Work, id: UUID, ask: UpdateChallenge, version: Expected) -> UUID:
    """Changes what was sent, before it opens: entrants and judges are to find what they were told."""
    challenge = await work.load(CHALLENGE_GUARD, id, "edit", version=version)
    times, moment = await times_of(work, id), await moment_of(work)
    phase = phase_of(challenge, times, moment)
    if phase not in ("draft", "announced"):
        raise wrong_phase("It has opened; only its deadlines can be put off.", phase, times)
    changes = await checked_changes(work, ask)
    tags = changes.pop("tags", None)
    parts = {name: changes.pop(name, None) for name in ("criteria", "prizes", "judges")}
    for name in ("closes_at", "judging_until"):
        if name in changes:
            changes[name] = changes[name].replace(microsecond=0)
    timed = {name: changes.pop(name) for name in _TIMES if name in changes}
    plain = {name: value for name, value in changes.items() if name not in ("team_min", "team_max")}
    moved = apply(times, timed)
    changed = sorted(apply(challenge, plain) + moved)
    if moved:
        opens_at = times.opens_at if "opens_at" in moved or phase == "announced" else None
        _check_times(moment, opens_at, times.closes_at, times.judging_until)
    sizes = (times.team_min, times.team_max)
    _check_sizes(challenge, times, ask)
    if parts["criteria"] is not None:
        _check_weights(parts["criteria"])
    judges = await judges_of(work, id) if parts["judges"] is None else parts["judges"]
    await _check_judges(work, challenge, judges)
    await _set_parts(work, id, parts["criteria"], parts["prizes"], parts["judges"])
    fields = [*changed, *(name for name, value in parts.items() if value is not None)]
    if sizes != (times.team_min, times.team_max):
        fields.append("team_sizes")
    if tags is not None and await set_tags(work, challenge, tags):
        fields.append("tags")
    if not fields:
        return id
    challenge.readers = _shown_to(challenge, judges)
    challenge.updated_at = work.now
    if any(name in TEXT for name in changed):
        await revise(work, challenge, None)
    tell(work, challenge, ChallengeChanged(content_id=id, fields=sorted(fields)))
    return id


@command(Permission.challenge_manage)
async def publish_challenge(work: Work, id: UUID, version: Expected = None) -> UUID:
    """Shows a draft to its audience and its judges."""
    challenge = await work.load(CHALLENGE_GUARD, id, "publish", version=version)
    times, moment = await times_of(work, id), await moment_of(work)
    if challenge.state != "draft":
        raise wrong_phase("It is published already.", phase_of(challenge, times, moment), times)
    if times.opens_at is None or times.opens_at < moment:
        times.opens_at = moment
    if times.closes_at <= moment:
        raise wrong_phase("Its deadline has passed; give it another.", "draft", times)
    await set_state(work, challenge, "published")
    challenge.readers = _shown_to(challenge, await judges_of(work, id))
    tell(work, challenge, ChallengePublished(content_id=id, closes_at=times.closes_at))
    return id


@command(Permission.challenge_manage)
async def delete_challenge(work: Work, id: UUID, version: Expected) -> None:
    """Removes a draft for good."""
    challenge = await work.load(CHALLENGE_GUARD, id, "delete", version=version)
    if challenge.state != "draft":
        raise DomainError("conflict", "Only a draft can be deleted.")
    tell(work, challenge, ChallengeDeleted(content_id=id))
    await work.session.delete(challenge)


@command(Permission.challenge_manage)
async def extend_challenge(work: Work, id: UUID, ask: ExtendChallenge) -> UUID:
    """Puts a deadline off, for everybody and on record. Nothing else about an open challenge can be changed."""
    challenge = await work.load(CHALLENGE_GUARD, id, "extend")
    times, moment = await times_of(work, id), await moment_of(work)
    phase = phase_of(challenge, times, moment)
    if phase not in ("open", "judging"):
        raise wrong_phase("Only what is open or being judged can be extended.", phase, times)
    if ask.closes_at is None and ask.judging_until is None:
        raise invalid("/closes_at", "missing", "Say which deadline is put off.")
    if ask.closes_at is not None and phase != "open":
        raise wrong_phase("The deadline has passed.", phase, times)
    closes_at = (ask.closes_at or times.closes_at).replace(microsecond=0)
    moved = closes_at - times.closes_at
    judging_until = (ask.judging_until or _later(times.judging_until, max(moved, timedelta()))).replace(microsecond=0)
    if ask.closes_at is not None and closes_at <= times.closes_at:
        raise invalid("/closes_at", "not_later", "A deadline can only be put off.")
    if ask.judging_until is not None and judging_until <= times.judging_until:
        raise invalid("/judging_until", "not_later", "A deadline can only be put off.")
    if judging_until <= closes_at:
        raise invalid("/judging_until", "dates_backwards", "Judging must end later than the deadline.")
    if judging_until <= moment:
        raise invalid("/judging_until", "in_the_past", "This is in the past.")
    times.closes_at, times.judging_until = closes_at, judging_until
    challenge.updated_at = work.now
    work.add(
        ExtensionRow(
            challenge_id=id,
            person_id=work.principal.id,
            closes_at=closes_at,
            judging_until=judging_until,
            reason=ask.reason,
            created_at=work.now,
        )
    )
    tell(work, challenge, ChallengeExtended(content_id=id, closes_at=closes_at, judging_until=judging_until))
    return id
