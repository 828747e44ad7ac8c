"""Teams through REST."""

from kshare.core.access import Permission
from kshare.edge.door import Door
from kshare.teams.commands import calls, joining, team
from kshare.teams.reads import (
    APPLICATION,
    APPLICATIONS,
    CALL,
    CALLS,
    INVITATION,
    INVITATIONS,
    MY_APPLICATIONS,
    MY_INVITATIONS,
    TEAM,
    TEAMS,
)
from kshare.teams.shapes import TeamApplicationFilter, TeamCallFilter, TeamFilter

door = Door("Teams", "Teams, their calls for skills, applications and invitations.")
READ = Permission.content_read
MANY, ONE = "/teams", "/teams/{id}"
_OF = {"team": "id"}

# ---- teams ----------------------------------------------------------------------------------------------------------

door.page(MANY, TEAMS, "listTeams", "List teams", READ, TeamFilter)
door.command(
    "POST", MANY, team.found_team, "foundTeam", "Found a team",
    "You lead it. For an idea its authors can found one, and whoever manages it; for your own anonymous idea you "
    "cannot, since everybody would see you.",
    view=TEAM, created_at=MANY,
)  # fmt: skip
door.one(ONE, TEAM, "getTeam", "Get a team", READ)
door.command(
    "PATCH", ONE, team.change_team, "changeTeam", "Change a team",
    "A lead may; what is left out stays as it is.",
    view=TEAM,
)  # fmt: skip
door.command(
    "POST", ONE + "/dissolve", team.dissolve_team, "dissolveTeam", "Dissolve a team",
    "Its calls are closed, and whoever waits for an answer is told no. It stays on record.",
    view=TEAM,
)  # fmt: skip
door.command(
    "POST", ONE + "/leave", team.leave_team, "leaveTeam", "Leave a team",
    "The last lead cannot leave before another member leads it.",
    view=TEAM,
)  # fmt: skip
door.command(
    "PATCH", ONE + "/members/{person_id}", team.change_team_member, "changeTeamMember", "Change a member's place",
    "A lead may. With `lead` the team is handed over, or shared; `If-Match` takes the ETag of the team.",
    view=TEAM,
)  # fmt: skip
door.command(
    "DELETE", ONE + "/members/{person_id}", team.remove_team_member, "removeTeamMember", "Take a member out",
    "A lead may; nothing happens if the person is not in the team.",
)  # fmt: skip

# ---- calls for skills -----------------------------------------------------------------------------------------------

CALLING, A_CALL = "/team-calls", "/team-calls/{id}"
door.page(CALLING, CALLS, "listTeamCalls", "List calls for skills", READ, TeamCallFilter)
door.command(
    "POST", ONE + "/calls", calls.call_for_skills, "callForSkills", "Call for skills",
    "A lead may, while the team takes people in.",
    view=CALL, created_at=CALLING,
)  # fmt: skip
door.one(A_CALL, CALL, "getTeamCall", "Get a call for skills", READ)
door.command(
    "PATCH", A_CALL, calls.change_team_call, "changeTeamCall", "Change a call for skills",
    "A lead may, until it is closed; what is left out stays as it is.",
    view=CALL,
)  # fmt: skip
door.command(
    "POST", A_CALL + "/close", calls.close_team_call, "closeTeamCall", "Close a call for skills",
    "It takes no more applications; those that wait can still be answered.",
    view=CALL,
)  # fmt: skip

# ---- applications ---------------------------------------------------------------------------------------------------

APPLYING, AN_APPLICATION = "/team-applications", "/team-applications/{id}"
door.command(
    "POST", A_CALL + "/applications", joining.apply_to_team, "applyToTeam", "Apply for a seat in a team",
    "With one of the skills the call looks for. Only you and the leads see it.",
    view=APPLICATION, created_at=APPLYING,
)  # fmt: skip
door.page(
    ONE + "/applications", APPLICATIONS, "listTeamApplications", "List the applications to a team", READ,
    TeamApplicationFilter, _OF,
)  # fmt: skip
door.page("/me/team-applications", MY_APPLICATIONS, "listMyTeamApplications", "List your applications", READ)
door.one(AN_APPLICATION, APPLICATION, "getTeamApplication", "Get an application", READ)
door.command(
    "POST", AN_APPLICATION + "/accept", joining.accept_application, "acceptTeamApplication", "Accept an application",
    "A lead may; it takes a seat of the call. Of two who give away the last seat at once, one gets 409.",
    view=APPLICATION,
)  # fmt: skip
door.command(
    "POST", AN_APPLICATION + "/decline", joining.decline_application, "declineTeamApplication",
    "Decline an application", "A lead may.",
    view=APPLICATION,
)  # fmt: skip
door.command(
    "POST", AN_APPLICATION + "/withdraw", joining.withdraw_application, "withdrawTeamApplication",
    "Withdraw your application", "While nobody has answered it.",
    view=APPLICATION,
)  # fmt: skip

# ---- invitations ----------------------------------------------------------------------------------------------------

INVITING, AN_INVITATION = "/team-invitations", "/team-invitations/{id}"
door.command(
    "POST", ONE + "/invitations", joining.invite_to_team, "inviteToTeam", "Invite somebody to a team",
    "A lead may. Inviting somebody who may not see the team's idea is accepted: it tells you nothing about what they "
    "may see, and they will not hear of it.",
    view=INVITATION, created_at=INVITING,
)  # fmt: skip
door.page(
    ONE + "/invitations", INVITATIONS, "listTeamInvitations", "List the invitations of a team", READ, fixed=_OF,
)  # fmt: skip
door.page("/me/team-invitations", MY_INVITATIONS, "listMyTeamInvitations", "List your invitations", READ)
door.one(AN_INVITATION, INVITATION, "getTeamInvitation", "Get an invitation", READ)
door.command(
    "POST", AN_INVITATION + "/accept", joining.accept_invitation, "acceptTeamInvitation", "Accept an invitation",
    "The invited person may, until it expires.",
    view=INVITATION,
)  # fmt: skip
door.command(
    "POST", AN_INVITATION + "/decline", joining.decline_invitation, "declineTeamInvitation", "Decline an invitation",
    "The invited person may, until it expires.",
    view=INVITATION,
)  # fmt: skip
door.command(
    "POST", AN_INVITATION + "/withdraw", joining.withdraw_invitation, "withdrawTeamInvitation",
    "Withdraw an invitation", "A lead may, while nobody has answered it.",
    view=INVITATION,
)  # fmt: skip
