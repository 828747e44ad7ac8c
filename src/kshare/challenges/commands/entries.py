"""Entering challenges."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, or_, select, text

from kshare.challenges.asks import EnterChallenge
from kshare.challenges.commands.challenge import judges_of, moment_of, phase_of, times_of, wrong_phase
from kshare.challenges.events import ChallengeEntered, ChallengeEntryWithdrawn, IdeaEntered, IdeaEntryWithdrawn
from kshare.challenges.models import ChallengeRow, EntryRow
from kshare.challenges.reads import CHALLENGE_GUARD, ENTRY_GUARD
from kshare.content.authorship import acting_at, acting_id, acting_person, owns, tell
from kshare.content.models import ContentRow
from kshare.content.shapes import ContentHappened
from kshare.core.access import Permission
from kshare.core.errors import DomainError, invalid, not_found
from kshare.core.principal import ANONYMOUS_ID, EVERYONE
from kshare.core.writing import Work, command
from kshare.ideas.models import CoauthorRow
from kshare.ideas.reads.idea import IDEA_GUARD
from kshare.teams.models import TeamMemberRow, TeamRow
from kshare.teams.reads import TEAM_GUARD


async def lock_challenge(work: Work, entry_id: UUID) -> tuple[ContentRow, ChallengeRow]:
    """The challenge of an entry that the caller sees (404 otherwise), locked against the publication of its results and
    not against others who do the same."""
    if not await work.exists(ENTRY_GUARD, entry_id):
        raise not_found(ENTRY_GUARD.what)
    id = select(EntryRow.challenge_id).where(EntryRow.id == entry_id).scalar_subquery()
    challenge = await work.session.execute(select(ContentRow).where(ContentRow.id == id).with_for_update(read=True))
    found: ContentRow = challenge.scalar_one()
    return found, await times_of(work, found.id)


@command(Permission.idea_propose)
async def enter_challenge(work: Work, id: UUID, ask: EnterChallenge) -> UUID:
    """Enters an idea. The deadline is compared with the database's clock, when nothing is to be waited for any more."""
    challenge = await work.load(CHALLENGE_GUARD, id, "enter")
    times = await times_of(work, id)
    phase = phase_of(challenge, times, await moment_of(work))
    if phase != "open":
        late = phase in ("judging", "published")
        detail = f"The deadline was {times.closes_at.isoformat()}." if late else "It does not take entries yet."
        raise wrong_phase(detail, phase, times)
    if not await work.exists(IDEA_GUARD, ask.idea_id):
        raise invalid("/idea_id", "unknown_reference", "There is no such idea, or you may not see it.")
    idea = await work.load(IDEA_GUARD, ask.idea_id)
    coauthors = select(CoauthorRow.person_id).where(CoauthorRow.content_id == idea.id)
    authors = {idea.author_id, *(await work.session.execute(coauthors)).scalars()}
    own = owns(work, idea) or work.principal.id in authors
    members: set[UUID] = set()
    if ask.team_id is not None:
        members = await _team_entering(work, idea, ask.team_id, own=own)
    elif not own:
        raise DomainError("forbidden", "Enter your own ideas, or as a team that of your team.")
    elif challenge.variety == "hackathon":
        raise invalid("/team_id", "team_missing", "A hackathon is entered as a team.")
    if idea.state != "published":
        raise DomainError("conflict", "Only an idea that is submitted and neither withdrawn nor merged can be entered.")
    if (
        times.team_min is not None
        and times.team_max is not None
        and not times.team_min <= len(members) <= times.team_max
    ):
        sizes = {"size": len(members), "team_min": times.team_min, "team_max": times.team_max}
        detail = f"A team has {times.team_min} to {times.team_max} people here; this one has {len(members)}."
        raise DomainError("conflict", detail, extra=sizes)
    judges = await judges_of(work, id)
    if conflicted := {*authors, *members} & set(judges):
        names = sorted(map(str, conflicted))
        raise DomainError("conflict", "Somebody who takes part judges this challenge.", extra={"judges": names})
    if blind := await _who_cannot_see(work, idea, [*judges, challenge.author_id]):
        raise DomainError(
            "conflict",
            "The challenge's judges and its sponsor must be able to see the idea; share it with them.",
            extra={"people": [str(person) for person in blind]},
        )
    same = [EntryRow.content_id == idea.id]
    if ask.team_id is not None:
        same.append(EntryRow.team_id == ask.team_id)
    twice = select(EntryRow.id).where(EntryRow.challenge_id == id, EntryRow.withdrawn_at.is_(None), or_(*same))
    if (await work.session.execute(twice)).first() is not None:
        raise DomainError("already_exists", "The idea, or the team, is in this challenge already.")
    entry = EntryRow(
        id=acting_id(work, idea),
        challenge_id=id,
        content_id=idea.id,
        team_id=ask.team_id,
        entered_by=acting_person(work, idea),
        created_at=acting_at(work, idea),
    )
    work.add(entry)
    await work.flush()
    tell(work, idea, IdeaEntered(content_id=idea.id, entry_id=entry.id))
    _tell_judges(work, challenge, idea, ChallengeEntered(content_id=id, entry_id=entry.id), judges)
    return entry.id


async def _team_entering(work: Work, idea: ContentRow, team_id: UUID, *, own: bool) -> set[UUID]:
    """Who is in the team that enters an idea; raises 422, 403 or 409 if it cannot."""
    if not await work.exists(TEAM_GUARD, team_id):
        raise invalid("/team_id", "unknown_reference", "There is no such team, or you may not see it.")
    team: TeamRow = await work.load(TEAM_GUARD, team_id)
    query = select(TeamMemberRow.person_id).where(TeamMemberRow.id == team_id)
    members = set((await work.session.execute(query)).scalars())
    if work.principal.id not in members:
        raise DomainError("forbidden", "You are not in this team.")
    if team.content_id != idea.id and not own:
        raise DomainError("forbidden", "The idea is neither yours nor the team's.")
    if owns(work, idea) and idea.author_id == ANONYMOUS_ID:
        raise DomainError(
            "conflict",
            "This is your own anonymous idea: entered by a team of yours it would tell that it is from one of you. "
            "Enter it without a team.",
        )
    if team.dissolved_at is not None:
        raise DomainError("conflict", "This team was dissolved.")
    return members


_SEEING = text(
    """SELECT p.id FROM person p WHERE p.id = ANY(:people) AND NOT (p.clearance >= :classification AND :readers && (
  ARRAY[p.id, :everyone]
  || coalesce((SELECT d.path FROM department d WHERE d.id = p.department_id), '{}')
  || ARRAY(SELECT m.group_id FROM group_member m WHERE m.person_id = p.id)))"""
).bindparams(
    bindparam("people", type_=ARRAY(Uuid)),
    bindparam("readers", type_=ARRAY(Uuid)),
    bindparam("everyone", type_=Uuid),
)


async def _who_cannot_see(work: Work, idea: ContentRow, people: Sequence[UUID]) -> list[UUID]:
    """Those of these people who may not see an idea; its own authors among them see it anyway."""
    values = {
        "people": list(people),
        "readers": list(idea.readers),
        "classification": idea.classification,
        "everyone": EVERYONE,
    }
    return list((await work.session.execute(_SEEING, values)).scalars())


def _tell_judges(
    work: Work, challenge: ContentRow, idea: ContentRow, event: ContentHappened, judges: Sequence[UUID]
) -> None:
    """Tells those who see both the challenge and the idea; an unnamed author of the idea stays unnamed."""
    unnamed = acting_person(work, idea) == ANONYMOUS_ID
    work.record(
        event,
        challenge.id,
        [challenge.author_id, *judges],
        classification=max(challenge.classification, idea.classification),
        content_id=challenge.id,
        actor_id=ANONYMOUS_ID if unnamed else None,
        at=acting_at(work, idea) if unnamed else None,
    )


@command(Permission.idea_propose)
async def withdraw_entry(work: Work, id: UUID) -> UUID:
    """Takes an entry back, until the results are published."""
    challenge, times = await lock_challenge(work, id)
    entry = await work.load(ENTRY_GUARD, id, "withdraw")
    if entry.withdrawn_at is not None:
        raise DomainError("conflict", "It is withdrawn already.")
    if times.results_at is not None:
        raise wrong_phase("The results are published.", "published", times)
    idea: Any = await work.session.get(ContentRow, entry.content_id)
    entry.withdrawn_at = acting_at(work, idea)
    tell(work, idea, IdeaEntryWithdrawn(content_id=idea.id, entry_id=id))
    event = ChallengeEntryWithdrawn(content_id=challenge.id, entry_id=id)
    _tell_judges(work, challenge, idea, event, await judges_of(work, challenge.id))
    return id
