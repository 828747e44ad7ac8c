"""Founding, changing and dissolving teams; their members."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from kshare.content.authorship import owns
from kshare.content.models import ContentRow
from kshare.core.access import Permission
from kshare.core.errors import DomainError, invalid, not_found
from kshare.core.principal import ANONYMOUS_ID, EVERYONE
from kshare.core.writing import Expected, Guard, Work, apply, command
from kshare.ideas.reads.idea import IDEA_GUARD
from kshare.teams.models import TeamApplicationRow, TeamCallRow, TeamInvitationRow, TeamMemberRow, TeamRow
from kshare.teams.reads import MOST_MEMBERS, TEAM_GUARD
from kshare.teams.shapes import (
    ChangeTeam,
    ChangeTeamMember,
    FoundTeam,
    TeamChanged,
    TeamDissolved,
    TeamFounded,
    TeamHappened,
    TeamJoined,
    TeamLeft,
)


async def record(work: Work, team: TeamRow, event: TeamHappened, readers: Sequence[UUID] | None = None) -> None:
    """Records what happened to a team: for whoever sees it, or only for `readers`.

    The caller is named: nobody acts in the team of their own anonymous idea (`refuse_unmasking`).
    """
    content = await work.session.get(ContentRow, team.content_id) if team.content_id else None
    everybody = [EVERYONE] if content is None else list(content.readers)
    secrecy = 0 if content is None else content.classification
    heard = everybody if readers is None else list(dict.fromkeys(readers))
    work.record(event, team.id, heard, classification=secrecy, content_id=team.content_id)


async def refuse_unmasking(work: Work, content_id: UUID | None) -> None:
    """Raises 409 where the caller would join a team for their own anonymous idea. A team shows who is in it and who led
    it from the start, which for the idea's author would tell what was to stay untold."""
    content = await work.session.get(ContentRow, content_id) if content_id else None
    if content is not None and content.author_id == ANONYMOUS_ID and owns(work, content):
        raise DomainError(
            "conflict",
            "This is your own anonymous idea: in a team for it everybody would see you. Whoever manages ideas can "
            "found one, and you can take part in the comments without being named.",
        )


def refuse_services(work: Work) -> None:
    """Raises 403 for a service account: teams are made of people."""
    if work.principal.kind != "person":
        raise DomainError("forbidden", "Only people can be in a team.")


@command(Permission.idea_propose)
async def found_team(work: Work, ask: FoundTeam) -> UUID:
    """A new team, led by the caller."""
    refuse_services(work)
    if ask.idea_id is not None:
        if not await work.exists(IDEA_GUARD, ask.idea_id):
            raise invalid("/idea_id", "unknown_reference", "There is no such idea, or you may not see it.")
        idea = await work.load(IDEA_GUARD, ask.idea_id)
        await refuse_unmasking(work, idea.id)
        await work.facts(IDEA_GUARD, idea.id, "found_team", ContentRow.id)
        if idea.state != "published":
            raise DomainError("conflict", "Teams are for ideas that are submitted and neither withdrawn nor merged.")
    team = TeamRow(
        content_id=ask.idea_id,
        name=ask.name,
        purpose=ask.purpose,
        open=ask.open,
        created_at=work.now,
        updated_at=work.now,
    )
    work.add(team)
    await work.flush()
    work.append(TeamMemberRow, id=team.id, person_id=work.principal.id, role=ask.role, lead=True, since=work.now)
    await record(work, team, TeamFounded(team_id=team.id, idea_id=ask.idea_id))
    return team.id


@command(Permission.idea_propose)
async def change_team(work: Work, id: UUID, ask: ChangeTeam, version: Expected) -> UUID:
    """Changes what was sent."""
    team = await work.load(TEAM_GUARD, id, "edit", version=version)
    refuse_dissolved(team)
    if changed := apply(team, ask.changes()):
        team.updated_at = work.now
        await record(work, team, TeamChanged(team_id=id, fields=changed))
    return id


@command(Permission.idea_propose)
async def dissolve_team(work: Work, id: UUID, version: Expected = None) -> UUID:
    """Ends a team for good; who was in it stays on record."""
    team = await work.load(TEAM_GUARD, id, "dissolve", version=version)
    refuse_dissolved(team)
    team.dissolved_at = team.updated_at = work.now
    team.open = False
    calls = update(TeamCallRow).where(TeamCallRow.team_id == id, TeamCallRow.closed_at.is_(None))
    await work.session.execute(calls.values(closed_at=work.now))
    await end_pending(work, id)
    await record(work, team, TeamDissolved(team_id=id))
    return id


def refuse_dissolved(team: TeamRow) -> None:
    """Raises 409 for a team that is no more."""
    if team.dissolved_at is not None:
        raise DomainError("conflict", "This team was dissolved.")


async def end_pending(work: Work, team_id: UUID, person_id: UUID | None = None) -> None:
    """What nobody answered and nobody needs to answer any more: of a team, or of one person who would join it."""
    declined = "withdrawn" if person_id else "declined"
    for row, state, when in (
        (TeamApplicationRow, declined, "decided_at"),
        (TeamInvitationRow, "withdrawn", "answered_at"),
    ):
        held: Any = row
        pending = update(held).where(held.team_id == team_id, held.state == "pending")
        if person_id is not None:
            pending = pending.where(held.person_id == person_id)
        await work.session.execute(pending.values({"state": state, when: work.now}))


# ---- members --------------------------------------------------------------------------------------------------------


async def lock_team(work: Work, guard: Guard[Any], id: UUID) -> TeamRow:
    """The team of a call, an application or an invitation that the caller sees (404 otherwise), locked. Always before
    the thing itself, so that two callers wait for each other in one order."""
    if not await work.exists(guard, id):
        raise not_found(guard.what)
    row: Any = guard.row
    team = select(TeamRow).where(TeamRow.id == select(row.team_id).where(row.id == id).scalar_subquery())
    return (await work.session.execute(team.with_for_update(key_share=True))).scalar_one()


async def member_of(work: Work, team_id: UUID, person_id: UUID) -> TeamMemberRow | None:
    """Somebody's place in a team."""
    return await work.session.get(TeamMemberRow, (team_id, person_id), populate_existing=True)


async def leads_of(work: Work, team_id: UUID) -> list[UUID]:
    """Who leads a team."""
    query = select(TeamMemberRow.person_id).where(TeamMemberRow.id == team_id, TeamMemberRow.lead)
    return list((await work.session.execute(query)).scalars())


async def take_in(work: Work, team: TeamRow, person_id: UUID, role: str) -> None:
    """Puts somebody into a locked team; raises 409 if they are in it, if it takes nobody in, or if it is full."""
    refuse_dissolved(team)
    if not team.open:
        raise DomainError("conflict", "This team takes nobody in at present.")
    if await member_of(work, team.id, person_id) is not None:
        raise DomainError("conflict", "This person is in the team already.")
    size = await work.session.scalar(select(func.count()).where(TeamMemberRow.id == team.id))
    if (size or 0) >= MOST_MEMBERS:
        raise DomainError("conflict", f"A team has at most {MOST_MEMBERS} people.")
    work.add(TeamMemberRow(id=team.id, person_id=person_id, role=role, lead=False, since=work.now))
    team.updated_at = work.now
    await work.flush()
    await end_pending(work, team.id, person_id)
    await record(work, team, TeamJoined(team_id=team.id, person_id=person_id))


async def _refuse_leaderless(work: Work, team_id: UUID, without: UUID) -> None:
    if not set(await leads_of(work, team_id)) - {without}:
        raise DomainError("conflict", "Somebody must lead the team: let another member lead it first, or dissolve it.")


@command(Permission.idea_propose)
async def change_team_member(work: Work, id: UUID, person_id: UUID, ask: ChangeTeamMember, version: Expected) -> UUID:
    """Says what somebody does in the team, or lets them lead it."""
    team = await work.load(TEAM_GUARD, id, "edit", version=version)
    refuse_dissolved(team)
    member = await member_of(work, id, person_id)
    if member is None:
        raise DomainError("conflict", "This person is not in the team.")
    led = member.lead
    changed = apply(member, ask.changes())
    if led and not member.lead:
        await _refuse_leaderless(work, id, person_id)
    if changed:
        team.updated_at = work.now
        await record(work, team, TeamChanged(team_id=id, fields=["members"]))
    return id


@command(Permission.idea_propose)
async def remove_team_member(work: Work, id: UUID, person_id: UUID) -> None:
    """Takes somebody out of the team; nothing happens if they are not in it."""
    team = await work.load(TEAM_GUARD, id, "edit")
    refuse_dissolved(team)
    await _take_out(work, team, person_id)


@command(Permission.idea_propose)
async def leave_team(work: Work, id: UUID) -> UUID:
    """Leaves a team; its last lead cannot before somebody else leads it."""
    team = await work.load(TEAM_GUARD, id, "leave")
    refuse_dissolved(team)
    await _take_out(work, team, work.principal.id)
    return id


async def _take_out(work: Work, team: TeamRow, person_id: UUID) -> None:
    member = await member_of(work, team.id, person_id)
    if member is None:
        return
    if member.lead:
        await _refuse_leaderless(work, team.id, person_id)
    await work.session.delete(member)
    team.updated_at = work.now
    await record(work, team, TeamLeft(team_id=team.id, person_id=person_id))
