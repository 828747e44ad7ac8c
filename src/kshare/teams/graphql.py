"""Teams through GraphQL."""

from uuid import UUID

from kshare.core.access import Permission
from kshare.core.reading import Entity
from kshare.edge.graphql import (
    VIEWS,
    command_field,
    connection_type,
    enum_type,
    input_type,
    list_field,
    object_type,
    one_field,
)
from kshare.ideas.graphql.idea import Idea
from kshare.people.graphql import Department, Person
from kshare.teams import shapes
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

READ = Permission.content_read

for enum in (shapes.CallState, shapes.ApplicationState, shapes.InvitationState):
    enum_type(enum)


@object_type
class TeamMember(shapes.TeamMember):
    __doc__ = shapes.TeamMember.__doc__
    person: Person
    """Who."""


@object_type
class TeamDepartment(shapes.TeamDepartment):
    __doc__ = shapes.TeamDepartment.__doc__
    department: Department
    """The department."""


@object_type
class Team(shapes.Team):
    __doc__ = shapes.Team.__doc__
    idea: Idea | None  # type: ignore[assignment]  # a field is read, never assigned
    """The idea it works on; null for a team that was formed freely."""
    departments: list[TeamDepartment]  # type: ignore[assignment]
    """The departments its members are from, the largest share first."""
    members: list[TeamMember]  # type: ignore[assignment]
    """Who is in it, leads first."""


class TeamFields(Entity):
    """The field that leads from what belongs to a team to the team."""

    team: Team
    """The team."""


@object_type
class TeamCall(TeamFields, shapes.TeamCall):
    __doc__ = shapes.TeamCall.__doc__


@object_type
class TeamApplication(TeamFields, shapes.TeamApplication):
    __doc__ = shapes.TeamApplication.__doc__
    person: Person
    """Who would like to join."""
    decided_by: Person | None
    """The lead who answered."""


@object_type
class TeamInvitation(TeamFields, shapes.TeamInvitation):
    __doc__ = shapes.TeamInvitation.__doc__
    person: Person
    """Who is invited."""
    invited_by: Person
    """The lead who invited them."""


VIEWS |= {
    "Team": (TEAM, READ),
    "TeamCall": (CALL, READ),
    "TeamApplication": (APPLICATION, READ),
    "TeamInvitation": (INVITATION, READ),
}
TeamConnection = connection_type(Team, "Team")
TeamCallConnection = connection_type(TeamCall, "TeamCall")
TeamApplicationConnection = connection_type(TeamApplication, "TeamApplication")
TeamInvitationConnection = connection_type(TeamInvitation, "TeamInvitation")
MyTeamApplicationConnection = connection_type(TeamApplication, "MyTeamApplication")
MyTeamInvitationConnection = connection_type(TeamInvitation, "MyTeamInvitation")
for filters in (shapes.TeamFilter, shapes.TeamCallFilter, shapes.TeamApplicationFilter):
    input_type(filters, name=filters.__name__)
_OF = {"team_id": "team"}


class Query:
    teams = list_field(TEAMS, TeamConnection, shapes.TeamFilter, READ, "Teams you may see.")
    team = one_field(TEAM, Team, READ, "One team.")
    team_calls = list_field(CALLS, TeamCallConnection, shapes.TeamCallFilter, READ, "Calls for skills.")
    team_call = one_field(CALL, TeamCall, READ, "One call for skills.")
    team_applications = list_field(
        APPLICATIONS, TeamApplicationConnection, shapes.TeamApplicationFilter, READ, "The applications to a team.", _OF
    )
    my_team_applications = list_field(MY_APPLICATIONS, MyTeamApplicationConnection, None, READ, "Your applications.")
    team_application = one_field(APPLICATION, TeamApplication, READ, "One application to a team.")
    team_invitations = list_field(
        INVITATIONS, TeamInvitationConnection, None, READ, "The invitations of a team.", fixed=_OF
    )
    my_team_invitations = list_field(MY_INVITATIONS, MyTeamInvitationConnection, None, READ, "Your invitations.")
    team_invitation = one_field(INVITATION, TeamInvitation, READ, "One invitation to a team.")


class Mutation:
    found_team = command_field(team.found_team, Team, TEAM, "Found a team, which you lead.")
    change_team = command_field(team.change_team, Team, TEAM, "Change a team; what is left out stays as it is.")
    dissolve_team = command_field(team.dissolve_team, Team, TEAM, "Dissolve a team.")
    leave_team = command_field(team.leave_team, Team, TEAM, "Leave a team.")
    change_team_member = command_field(
        team.change_team_member, Team, TEAM, "Say what a member does in the team, or let them lead it."
    )
    remove_team_member = command_field(
        team.remove_team_member, UUID, None, "Take a member out of a team; answers the team's id."
    )
    call_for_skills = command_field(calls.call_for_skills, TeamCall, CALL, "Call for skills for a team.")
    change_team_call = command_field(
        calls.change_team_call, TeamCall, CALL, "Change a call for skills; what is left out stays as it is."
    )
    close_team_call = command_field(calls.close_team_call, TeamCall, CALL, "Close a call for skills.")
    apply_to_team = command_field(
        joining.apply_to_team, TeamApplication, APPLICATION, "Apply for a seat of a call for skills."
    )
    accept_team_application = command_field(
        joining.accept_application, TeamApplication, APPLICATION, "Accept an application; it takes a seat of the call."
    )
    decline_team_application = command_field(
        joining.decline_application, TeamApplication, APPLICATION, "Decline an application."
    )
    withdraw_team_application = command_field(
        joining.withdraw_application, TeamApplication, APPLICATION, "Withdraw your application."
    )
    invite_to_team = command_field(joining.invite_to_team, TeamInvitation, INVITATION, "Invite somebody to a team.")
    accept_team_invitation = command_field(
        joining.accept_invitation, TeamInvitation, INVITATION, "Accept an invitation to a team."
    )
    decline_team_invitation = command_field(
        joining.decline_invitation, TeamInvitation, INVITATION, "Decline an invitation to a team."
    )
    withdraw_team_invitation = command_field(
        joining.withdraw_invitation, TeamInvitation, INVITATION, "Withdraw an invitation to a team."
    )
