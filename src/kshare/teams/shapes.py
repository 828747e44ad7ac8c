"""Teams: as readers see them, as callers ask for them, as the journal records them."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AfterValidator, Field, StrictBool

from kshare.content.taxonomy_shapes import FoldedTagName, TagName
from kshare.core.choices import Choice
from kshare.core.journal import Happened
from kshare.core.moments import Moment
from kshare.core.reading import Ask, Entity, Patch, Shape
from kshare.core.text import line, prose
from kshare.ideas.shapes.idea import IdeaStage
from kshare.people.shapes import DepartmentSummary, PersonSummary

# ---- what readers see -----------------------------------------------------------------------------------------------


class CallState(Choice):
    """Whether a call takes applications."""

    open = "open", "It takes applications."
    filled = "filled", "All its seats are taken."
    expired = "expired", "Its deadline has passed."
    closed = "closed", "It was closed, or its team takes nobody in at present."


class ApplicationState(Choice):
    """What became of an application."""

    pending = "pending", "A lead has not answered yet."
    accepted = "accepted", "The applicant is in the team."
    declined = "declined", "A lead said no."
    withdrawn = "withdrawn", "The applicant took it back, or came into the team another way."


class InvitationState(Choice):
    """What became of an invitation."""

    pending = "pending", "The invited person has not answered yet."
    accepted = "accepted", "The invited person is in the team."
    declined = "declined", "The invited person said no."
    withdrawn = "withdrawn", "A lead took it back, or the person came into the team another way."
    expired = "expired", "Nobody answered in time."


class IdeaCard(Entity):
    """An idea, as shown beside other things."""

    title: str
    """The title."""
    stage: IdeaStage | None
    """How far it has come."""
    author: PersonSummary
    """Who wrote it."""
    anonymous: bool
    """Its author is not shown."""


class TeamCard(Entity):
    """A team, as shown beside other things."""

    name: str
    """Its name."""


class TeamMember(Shape):
    """A person in a team."""

    person: PersonSummary
    """Who."""
    role: str
    """What they do in it."""
    lead: bool
    """They lead it, perhaps with others."""
    since: datetime
    """Since when they are in it."""


class TeamDepartment(Shape):
    """A department that has members in a team."""

    department: DepartmentSummary
    """The department."""
    members: int
    """How many."""


class TeamSummary(TeamCard):
    """A team as lists show it: everything but its members."""

    purpose: str
    """What it is for."""
    idea: IdeaCard | None
    """The idea it works on; null for a team that was formed freely."""
    open: bool
    """It takes people in."""
    size: int
    """How many people are in it."""
    departments: list[TeamDepartment]
    """The departments its members are from, the largest share first."""
    dissolved_at: datetime | None
    """When it was dissolved."""
    version: int
    """Grows with every change of the team and of who is in it."""
    created_at: datetime
    """When it was founded."""
    updated_at: datetime
    """When it last changed."""
    permissions: list[str]
    """What you may do with it."""


class Team(TeamSummary):
    """People who work on something together."""

    members: list[TeamMember]
    """Who is in it, leads first."""


class TeamCall(Entity):
    """A team's call for people with some skills."""

    team: TeamCard
    """The team."""
    skills: list[str]
    """The skills it looks for."""
    text: str
    """What is to be done, and how much time it takes."""
    seats: int
    """How many people it looks for."""
    taken: int
    """How many of the seats are taken."""
    state: CallState
    """Whether it takes applications."""
    closes_at: datetime
    """Until when it takes applications."""
    version: int
    """Grows with every change."""
    created_at: datetime
    """When it was made."""
    permissions: list[str]
    """What you may do with it."""


class TeamApplication(Entity):
    """Somebody would like to join a team. Seen by them and by the team's leads."""

    team: TeamCard
    """The team."""
    call_id: UUID
    """The call it answers."""
    person: PersonSummary
    """Who would like to join."""
    skill: str
    """The skill of the call they bring."""
    message: str
    """What they say."""
    state: ApplicationState
    """What became of it."""
    answer: str | None
    """What the lead answered."""
    decided_by: PersonSummary | None
    """The lead who answered."""
    decided_at: datetime | None
    """When it was answered or withdrawn."""
    created_at: datetime
    """When it was made."""
    permissions: list[str]
    """What you may do with it."""


class TeamInvitation(Entity):
    """A team would like somebody to join. Seen by them and by the team's leads."""

    team: TeamCard
    """The team."""
    person: PersonSummary
    """Who is invited."""
    invited_by: PersonSummary
    """The lead who invited them."""
    role: str
    """What they are to do in the team."""
    message: str
    """What the lead says."""
    state: InvitationState
    """What became of it."""
    expires_at: datetime
    """Until when it can be accepted."""
    answered_at: datetime | None
    """When it was answered or withdrawn."""
    created_at: datetime
    """When it was made."""
    permissions: list[str]
    """What you may do with it."""


# ---- what callers ask for -------------------------------------------------------------------------------------------

Name = Annotated[str, line(1, 120)]
RoleText = Annotated[str, line(0, 200)]
Purpose = Annotated[str, prose(0, 5000)]
Message = Annotated[str, prose(0, 2000)]
Skills = Annotated[list[TagName], Field(min_length=1, max_length=20)]
Seats = Annotated[int, Field(ge=1, le=50)]


class FoundTeam(Ask):
    """A new team, led by you."""

    name: Name
    """Its name."""
    purpose: Purpose = ""
    """What it is for."""
    idea_id: UUID | None = None
    """The idea it works on, which must be your own or one you manage; without one it is formed freely."""
    role: RoleText = ""
    """What you do in it."""
    open: StrictBool = True
    """It takes people in."""


class ChangeTeam(Patch):
    """Changes to a team; what is left out stays as it is."""

    name: Name | None = None
    """Its name."""
    purpose: Purpose | None = None
    """What it is for."""
    open: StrictBool | None = None
    """Whether it takes people in; while it does not, its calls take no applications."""


class ChangeTeamMember(Patch):
    """Changes to somebody's place in a team; what is left out stays as it is."""

    role: RoleText | None = None
    """What they do in it."""
    lead: StrictBool | None = None
    """Whether they lead it; somebody always does."""


class CallForSkills(Ask):
    """A call for people with some skills."""

    skills: Skills
    """The skills it looks for, in a few words each."""
    text: Purpose = ""
    """What is to be done, and how much time it takes."""
    seats: Seats = 1
    """How many people it looks for."""
    closes_at: Moment
    """Until when it takes applications; a time to come."""


class ChangeTeamCall(Patch):
    """Changes to a call; what is left out stays as it is."""

    skills: Skills | None = None
    """All the skills it looks for from now on."""
    text: Purpose | None = None
    """What is to be done, and how much time it takes."""
    seats: Seats | None = None
    """How many people it looks for; not fewer than the seats that are taken."""
    closes_at: Moment | None = None
    """Until when it takes applications; a time to come."""


class ApplyToTeam(Ask):
    """An application for a seat in a team."""

    skill: TagName
    """Which of the skills the call looks for you bring."""
    message: Message = ""
    """What you would like to say."""


class AcceptApplication(Ask):
    """A lead says yes."""

    role: RoleText = ""
    """What the applicant is to do in the team; by default the skill they bring."""
    answer: Message = ""
    """What you would like to say."""


class DeclineApplication(Ask):
    """A lead says no."""

    answer: Message = ""
    """What you would like to say."""


class InviteToTeam(Ask):
    """An invitation to join a team."""

    person_id: UUID
    """Who is to join."""
    role: RoleText = ""
    """What they are to do in the team."""
    message: Message = ""
    """What you would like to say."""
    expires_at: Moment | None = None
    """Until when it can be accepted, a time to come; by default for two weeks."""


class TeamFilter(Ask):
    """Which teams; all conditions must hold."""

    idea: UUID | None = None
    """Of this idea."""
    member: UUID | None = None
    """With this person in it."""


class TeamCallFilter(Ask):
    """Which calls; all conditions must hold. Without `team` or `all`, those that take applications."""

    team: UUID | None = None
    """Of this team; closed ones, too."""
    skill: FoldedTagName | None = None
    """That look for this skill."""
    all: Annotated[bool | None, AfterValidator(lambda every: every or None)] = None
    """True: closed, filled and expired ones, too."""


class TeamApplicationFilter(Ask):
    """Which applications."""

    state: ApplicationState | None = None
    """In this state."""


# ---- what the journal records ---------------------------------------------------------------------------------------


class TeamHappened(Happened):
    """Something that happened to a team."""

    about: ClassVar[str] = "team"
    team_id: UUID
    """The team."""


class TeamFounded(TeamHappened):
    """A team was founded."""

    idea_id: UUID | None
    """The idea it works on."""


class TeamChanged(TeamHappened):
    """A team was changed; read it for the new values."""

    fields: list[str]
    """The names of the fields that changed."""


class TeamDissolved(TeamHappened):
    """A team was dissolved."""


class TeamJoined(TeamHappened):
    """Somebody joined a team."""

    person_id: UUID
    """Who."""


class TeamLeft(TeamHappened):
    """Somebody left a team, or was taken out of it."""

    person_id: UUID
    """Who."""


class TeamCalled(TeamHappened):
    """A team called for skills."""

    call_id: UUID
    """The call."""


class TeamCallChanged(TeamHappened):
    """A call for skills was changed or closed; read it for the new values."""

    call_id: UUID
    """The call."""


class TeamApplied(TeamHappened):
    """Somebody applied to a team; the applicant and the leads hear of it."""

    application_id: UUID
    """The application."""


class TeamApplicationAnswered(TeamHappened):
    """An application was accepted, declined or withdrawn; the applicant and the leads hear of it."""

    application_id: UUID
    """The application."""
    state: str
    """What became of it."""


class TeamInvited(TeamHappened):
    """Somebody was invited to a team; they and the leads hear of it."""

    invitation_id: UUID
    """The invitation."""


class TeamInvitationAnswered(TeamHappened):
    """An invitation was accepted, declined or withdrawn; the invited person and the leads hear of it."""

    invitation_id: UUID
    """The invitation."""
    state: str
    """What became of it."""
