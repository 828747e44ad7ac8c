"""Joining a team: applications to its calls, and invitations."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update

from kshare.content.taxonomy_shapes import folded
from kshare.core.access import Permission
from kshare.core.errors import DomainError, invalid
from kshare.core.writing import Work, command
from kshare.people.models import PersonRow
from kshare.teams.commands.calls import refuse_past
from kshare.teams.commands.team import (
    leads_of,
    lock_team,
    member_of,
    record,
    refuse_dissolved,
    refuse_services,
    refuse_unmasking,
    take_in,
)
from kshare.teams.models import TeamApplicationRow, TeamCallRow, TeamInvitationRow, TeamRow
from kshare.teams.reads import APPLICATION_GUARD, CALL_GUARD, INVITATION_GUARD, TEAM_GUARD
from kshare.teams.shapes import (
    AcceptApplication,
    ApplyToTeam,
    DeclineApplication,
    InviteToTeam,
    TeamApplicationAnswered,
    TeamApplied,
    TeamInvitationAnswered,
    TeamInvited,
)

INVITED_FOR = timedelta(days=14)
"""How long an invitation can be accepted unless something else is said."""

# ---- applications ---------------------------------------------------------------------------------------------------


@command(Permission.idea_propose)
async def apply_to_team(work: Work, id: UUID, ask: ApplyToTeam) -> UUID:
    """An application for a seat of the call."""
    refuse_services(work)
    team = await lock_team(work, CALL_GUARD, id)
    call = await work.load(CALL_GUARD, id, "apply")
    await refuse_unmasking(work, team.content_id)
    if await member_of(work, team.id, work.principal.id) is not None:
        raise DomainError("conflict", "You are in the team already.")
    if call.closed_at is not None or not team.open or call.closes_at <= work.now:
        raise DomainError("conflict", "This call takes no more applications.")
    if call.taken >= call.seats:
        raise DomainError("conflict", "All seats of this call are taken.")
    mine = select(TeamApplicationRow.call_id, TeamApplicationRow.state).where(
        TeamApplicationRow.team_id == team.id, TeamApplicationRow.person_id == work.principal.id
    )
    for held in await work.session.execute(mine):
        if held.state == "pending":
            raise DomainError("already_exists", "An application of yours to this team waits for an answer.")
        if held.state == "declined" and held.call_id == id:
            raise DomainError("conflict", "Your application to this call was declined.")
    skill = next((name for name in call.skills if folded(name) == folded(ask.skill)), None)
    if skill is None:
        raise invalid("/skill", "unknown_skill", f"The call looks for: {', '.join(call.skills)}.")
    application = TeamApplicationRow(
        team_id=team.id,
        call_id=id,
        person_id=work.principal.id,
        skill=skill,
        message=ask.message,
        created_at=work.now,
    )
    work.add(application)
    await work.flush()
    event = TeamApplied(team_id=team.id, application_id=application.id)
    await record(work, team, event, [work.principal.id, *await leads_of(work, team.id)])
    return application.id


async def _unanswered(work: Work, id: UUID, action: str) -> tuple[TeamRow, TeamApplicationRow]:
    """An application with which the caller may do this, and its team, both locked; 409 if it has been answered."""
    team = await lock_team(work, APPLICATION_GUARD, id)
    application = await work.load(APPLICATION_GUARD, id, action)
    if application.state != "pending":
        state = application.state
        raise DomainError("conflict", f"This application was {state} already.", extra={"state": state})
    return team, application


async def _answer(work: Work, team: TeamRow, application: TeamApplicationRow, state: str, answer: str) -> None:
    application.state, application.answer = state, answer or None
    application.decided_at = work.now
    if state != "withdrawn":
        application.decided_by = work.principal.id
    event = TeamApplicationAnswered(team_id=team.id, application_id=application.id, state=state)
    await record(work, team, event, [application.person_id, *await leads_of(work, team.id)])
    await work.flush()


@command(Permission.idea_propose)
async def accept_application(work: Work, id: UUID, ask: AcceptApplication) -> UUID:
    """Takes the applicant in, on a seat of the call. Of two acceptances for one last seat the later is refused: both
    wait for the lock on the team."""
    team, application = await _unanswered(work, id, "answer")
    seated = (
        update(TeamCallRow)
        .where(TeamCallRow.id == application.call_id, TeamCallRow.taken < TeamCallRow.seats)
        .values(taken=TeamCallRow.taken + 1, version=TeamCallRow.version + 1)
        .returning(TeamCallRow.id)
        .execution_options(synchronize_session=False)
    )
    if (await work.session.execute(seated)).one_or_none() is None:
        raise DomainError("conflict", "All seats of this call are taken.")
    await _answer(work, team, application, "accepted", ask.answer)
    await take_in(work, team, application.person_id, ask.role or application.skill)
    return id


@command(Permission.idea_propose)
async def decline_application(work: Work, id: UUID, ask: DeclineApplication) -> UUID:
    """Says no to the applicant."""
    team, application = await _unanswered(work, id, "answer")
    await _answer(work, team, application, "declined", ask.answer)
    return id


@command(Permission.idea_propose)
async def withdraw_application(work: Work, id: UUID) -> UUID:
    """Takes one's own application back."""
    team, application = await _unanswered(work, id, "withdraw")
    await _answer(work, team, application, "withdrawn", "")
    return id


# ---- invitations ----------------------------------------------------------------------------------------------------


@command(Permission.idea_propose)
async def invite_to_team(work: Work, id: UUID, ask: InviteToTeam) -> UUID:
    """Invites somebody. Whoever may not see the team's idea can be invited as well, which tells the lead nothing of
    what others may see; they will not hear of it."""
    team = await work.load(TEAM_GUARD, id, "edit")
    refuse_dissolved(team)
    if not team.open:
        raise DomainError("conflict", "This team takes nobody in at present; open it first.")
    known = select(PersonRow.id).where(PersonRow.id == ask.person_id, PersonRow.kind == "person", PersonRow.active)
    if (await work.session.execute(known)).first() is None:
        raise invalid("/person_id", "unknown_reference", "There is no such person.")
    expires_at = ask.expires_at or work.now + INVITED_FOR
    refuse_past(work, expires_at, "/expires_at")
    if await member_of(work, id, ask.person_id) is not None:
        raise DomainError("conflict", "This person is in the team already.")
    waiting = select(TeamInvitationRow.id).where(
        TeamInvitationRow.team_id == id,
        TeamInvitationRow.person_id == ask.person_id,
        TeamInvitationRow.state == "pending",
        TeamInvitationRow.expires_at > work.now,
    )
    if (await work.session.execute(waiting)).first() is not None:
        raise DomainError("already_exists", "This person is invited already.")
    invitation = TeamInvitationRow(
        team_id=id,
        person_id=ask.person_id,
        invited_by=work.principal.id,
        role=ask.role,
        message=ask.message,
        expires_at=expires_at,
        created_at=work.now,
    )
    work.add(invitation)
    await work.flush()
    event = TeamInvited(team_id=id, invitation_id=invitation.id)
    await record(work, team, event, [ask.person_id, *await leads_of(work, id)])
    return invitation.id


async def _waiting(work: Work, id: UUID, action: str) -> tuple[TeamRow, TeamInvitationRow]:
    """An invitation with which the caller may do this, and its team, both locked; 409 if it was answered or has
    expired."""
    team = await lock_team(work, INVITATION_GUARD, id)
    invitation = await work.load(INVITATION_GUARD, id, action)
    state = invitation.state
    if state == "pending" and invitation.expires_at <= work.now:
        state = "expired"
    if state != "pending":
        raise DomainError("conflict", f"This invitation is {state}.", extra={"state": state})
    return team, invitation


async def _conclude(work: Work, team: TeamRow, invitation: TeamInvitationRow, state: str) -> None:
    invitation.state, invitation.answered_at = state, work.now
    event = TeamInvitationAnswered(team_id=team.id, invitation_id=invitation.id, state=state)
    await record(work, team, event, [invitation.person_id, *await leads_of(work, team.id)])
    await work.flush()


@command(Permission.idea_propose)
async def accept_invitation(work: Work, id: UUID) -> UUID:
    """Joins the team."""
    team, invitation = await _waiting(work, id, "accept")
    await refuse_unmasking(work, team.content_id)
    await _conclude(work, team, invitation, "accepted")
    await take_in(work, team, invitation.person_id, invitation.role)
    return id


@command(Permission.idea_propose)
async def decline_invitation(work: Work, id: UUID) -> UUID:
    """Says no to the team."""
    team, invitation = await _waiting(work, id, "decline")
    await _conclude(work, team, invitation, "declined")
    return id


@command(Permission.idea_propose)
async def withdraw_invitation(work: Work, id: UUID) -> UUID:
    """Takes an invitation back."""
    team, invitation = await _waiting(work, id, "withdraw")
    await _conclude(work, team, invitation, "withdrawn")
    return id
