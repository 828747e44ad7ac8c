"""Calls for skills."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete

from kshare.content.taxonomy_shapes import folded
from kshare.core.access import Permission
from kshare.core.errors import DomainError, invalid
from kshare.core.writing import Expected, Work, apply, command
from kshare.teams.commands.team import lock_team, record, refuse_dissolved
from kshare.teams.models import CallSkillRow, TeamCallRow
from kshare.teams.reads import CALL_GUARD, TEAM_GUARD
from kshare.teams.shapes import CallForSkills, ChangeTeamCall, TeamCallChanged, TeamCalled


def refuse_past(work: Work, moment: datetime, pointer: str) -> None:
    """Raises 422 for a deadline that has passed."""
    if moment <= work.now:
        raise invalid(pointer, "in_the_past", "This is in the past.")


def _skills(names: Sequence[str]) -> list[str]:
    """Each skill once, as it was first written."""
    return list({folded(name): name.strip() for name in reversed(names)}.values())[::-1]


async def _post(work: Work, call: TeamCallRow) -> None:
    """Makes the call be found by its skills, with its deadline."""
    await work.flush()
    await work.session.execute(delete(CallSkillRow).where(CallSkillRow.id == call.id))
    for skill in call.skills:
        work.append(CallSkillRow, id=call.id, skill=folded(skill), closes_at=call.closes_at)


@command(Permission.idea_propose)
async def call_for_skills(work: Work, id: UUID, ask: CallForSkills) -> UUID:
    """A new call of the team."""
    team = await work.load(TEAM_GUARD, id, "edit")
    refuse_dissolved(team)
    if not team.open:
        raise DomainError("conflict", "This team takes nobody in at present; open it first.")
    refuse_past(work, ask.closes_at, "/closes_at")
    call = TeamCallRow(
        team_id=id,
        skills=_skills(ask.skills),
        text=ask.text,
        seats=ask.seats,
        taken=0,
        closes_at=ask.closes_at,
        created_at=work.now,
        updated_at=work.now,
    )
    work.add(call)
    await _post(work, call)
    await record(work, team, TeamCalled(team_id=id, call_id=call.id))
    return call.id


@command(Permission.idea_propose)
async def change_team_call(work: Work, id: UUID, ask: ChangeTeamCall, version: Expected) -> UUID:
    """Changes what was sent."""
    team = await lock_team(work, CALL_GUARD, id)
    call = await work.load(CALL_GUARD, id, "edit", version=version)
    _refuse_closed(call)
    changes = ask.changes()
    if "skills" in changes:
        changes["skills"] = _skills(changes["skills"])
    if "closes_at" in changes and changes["closes_at"] != call.closes_at:
        refuse_past(work, changes["closes_at"], "/closes_at")
    if changes.get("seats", call.seats) < call.taken:
        raise invalid("/seats", "seats_taken", "More seats are taken already.")
    if apply(call, changes):
        call.updated_at = work.now
        await _post(work, call)
        await record(work, team, TeamCallChanged(team_id=team.id, call_id=id))
    return id


@command(Permission.idea_propose)
async def close_team_call(work: Work, id: UUID) -> UUID:
    """Takes no more applications; those that wait can still be answered."""
    team = await lock_team(work, CALL_GUARD, id)
    call = await work.load(CALL_GUARD, id, "edit")
    _refuse_closed(call)
    call.closed_at = call.updated_at = work.now
    await record(work, team, TeamCallChanged(team_id=team.id, call_id=id))
    return id


def _refuse_closed(call: TeamCallRow) -> None:
    if call.closed_at is not None:
        raise DomainError("conflict", "It is closed already.")
