"""Who sees a team and who may do what with it, where its fields come from, and the lists of teams and calls.

A team is seen by whoever sees its idea, and by everyone if it has none; applications and invitations only by the person
they are about and by the leads.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, Text, Uuid, and_, case, func, not_, or_, select
from sqlalchemy.orm import aliased

from kshare.content.models import ContentRow
from kshare.content.visibility import is_anonymous, visible_content
from kshare.core.access import Permission
from kshare.core.reading import (
    Alias,
    Filter,
    Listing,
    Many,
    One,
    Order,
    View,
    Viewer,
    Walk,
    allowed_list,
    constant,
    everyone_sees,
    there_is,
)
from kshare.core.writing import Guard
from kshare.ideas.reads.idea import IDEA
from kshare.people.reads import DEPARTMENT, PERSON
from kshare.teams.models import (
    CallSkillRow,
    TeamApplicationRow,
    TeamCallRow,
    TeamDepartmentRow,
    TeamInvitationRow,
    TeamMemberRow,
    TeamRow,
)
from kshare.teams.shapes import (
    Team,
    TeamApplication,
    TeamCall,
    TeamDepartment,
    TeamInvitation,
    TeamMember,
    TeamSummary,
)

MOST_MEMBERS = 100
"""People one team may have, so that a team is always shown whole."""


# ---- who sees and who may -------------------------------------------------------------------------------------------


def visible_team(row: Alias) -> ColumnElement[bool]:
    """Seen with its idea; a team that was formed freely by everyone who may read."""
    idea = aliased(ContentRow)
    seen = there_is(select(idea.id).where(idea.id == row.content_id, visible_content(idea)))
    return or_(and_(row.content_id.is_(None), Viewer.holds(Permission.content_read)), seen)


def visible_with_team(row: Alias) -> ColumnElement[bool]:
    """Visibility of what belongs to a team (`row.team_id`)."""
    team = aliased(TeamRow)
    return there_is(select(team.id).where(team.id == row.team_id, visible_team(team)))


def is_member(team_id: ColumnElement[Any], *, lead: bool = False) -> ColumnElement[bool]:
    """The viewer is in the team, or leads it."""
    member = aliased(TeamMemberRow)
    mine = select(member.id).where(member.id == team_id, member.person_id == Viewer.id)
    return there_is(mine.where(member.lead) if lead else mine)


def _leads(row: Alias) -> ColumnElement[bool]:
    return and_(is_member(row.id, lead=True), Viewer.holds(Permission.idea_propose))


def _stands(row: Alias) -> ColumnElement[bool]:
    """The team was not dissolved."""
    stands: ColumnElement[bool] = row.dissolved_at.is_(None)
    return stands


TEAM_GUARD = Guard(
    "team",
    TeamRow,
    visible_team,
    {"edit": _leads, "recruit": _leads, "dissolve": _leads, "leave": lambda row: is_member(row.id)},
    states={
        "edit": _stands,
        "recruit": lambda row: and_(_stands(row), row.open),
        "dissolve": _stands,
        "leave": _stands,
    },
)


def _takes_people(team_id: ColumnElement[Any]) -> ColumnElement[bool]:
    team = aliased(TeamRow)
    return there_is(select(team.id).where(team.id == team_id, team.open, team.dissolved_at.is_(None)))


def takes_applications(row: Alias) -> ColumnElement[bool]:
    """The call is open, of a team that takes people in."""
    waiting = and_(row.closed_at.is_(None), row.taken < row.seats, row.closes_at > func.now())
    return and_(waiting, _takes_people(row.team_id))


def _unmasks(team_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """The team is for the viewer's own anonymous idea: in it the viewer would be seen."""
    team: Alias = aliased(TeamRow)
    idea: Alias = aliased(ContentRow)
    mine = select(team.id).join(idea, idea.id == team.content_id).where(team.id == team_id)
    return there_is(mine.where(is_anonymous(idea), Viewer.owns(idea.owner_id)))


def _may_join(row: Alias) -> ColumnElement[bool]:
    return and_(not_(is_member(row.team_id)), not_(_unmasks(row.team_id)))


def _leads_its(row: Alias) -> ColumnElement[bool]:
    return and_(is_member(row.team_id, lead=True), Viewer.holds(Permission.idea_propose))


CALL_GUARD = Guard(
    "call",
    TeamCallRow,
    visible_with_team,
    {"edit": _leads_its, "apply": lambda row: Viewer.holds(Permission.idea_propose)},
    states={
        "edit": lambda row: row.closed_at.is_(None),
        "apply": lambda row: and_(takes_applications(row), _may_join(row)),
    },
)


def _between_us(row: Alias) -> ColumnElement[bool]:
    """For the person it is about and the team's leads."""
    return and_(or_(row.person_id == Viewer.id, is_member(row.team_id, lead=True)), visible_with_team(row))


def _pending(row: Alias) -> ColumnElement[bool]:
    pending: ColumnElement[bool] = row.state == constant("pending")
    return pending


def _mine(row: Alias) -> ColumnElement[bool]:
    return and_(row.person_id == Viewer.id, Viewer.holds(Permission.idea_propose))


APPLICATION_GUARD = Guard(
    "application",
    TeamApplicationRow,
    _between_us,
    {"answer": _leads_its, "withdraw": _mine},
    states={"answer": _pending, "withdraw": _pending},
)


def _unexpired(row: Alias) -> ColumnElement[bool]:
    return and_(_pending(row), row.expires_at > func.now())


INVITATION_GUARD = Guard(
    "invitation",
    TeamInvitationRow,
    _between_us,
    {"accept": _mine, "decline": _mine, "withdraw": _leads_its},
    states={
        "accept": lambda row: and_(_unexpired(row), _may_join(row)),
        "decline": _unexpired,
        "withdraw": _pending,
    },
)

# ---- teams ----------------------------------------------------------------------------------------------------------

_MEMBER = View(
    "member",
    TeamMember,
    TeamMemberRow,
    everyone_sees,
    {"person": One(PERSON, on=lambda row, person: person.id == row.person_id)},
)
_DEPARTMENT = View(
    "department",
    TeamDepartment,
    TeamDepartmentRow,
    everyone_sees,
    {"department": One(DEPARTMENT, on=lambda row, department: department.id == row.department_id)},
)


def _size(row: Alias) -> ColumnElement[Any]:
    member = aliased(TeamMemberRow)
    return select(func.count()).select_from(member).where(member.id == row.id).scalar_subquery()


TEAM = View(
    "team",
    Team,
    TeamRow,
    visible_team,
    {
        "idea": One(IDEA, on=lambda row, idea: idea.id == row.content_id, seen_with_parent=True),
        "size": _size,
        "departments": Many(
            _DEPARTMENT,
            on=lambda row, part: part.team_id == row.id,
            order=lambda part: (part.members.desc(), part.department_id),
            first=MOST_MEMBERS,
            seen_with_parent=True,
        ),
        "members": Many(
            _MEMBER,
            on=lambda row, member: member.id == row.id,
            order=lambda member: (member.lead.desc(), member.since, member.person_id),
            first=MOST_MEMBERS,
            seen_with_parent=True,
        ),
        "permissions": lambda row: allowed_list(TEAM_GUARD.rules_for(row)),
    },
)

# Ids grow with time.
_NEWEST = Order((("id", UUID),), "Newest first.")


def _having(postings: Any, column: str, type: Any) -> Filter:
    """What has a value among its postings, rows with its id and one value each; walked along the postings."""

    def has(row: Alias, value: ColumnElement[Any]) -> ColumnElement[bool]:
        posting = aliased(postings)
        return select(posting.id).where(posting.id == row.id, getattr(posting, column) == value).exists()

    walk = Walk(
        values=lambda value: select(value.label(column)),
        where=lambda posting, value: getattr(posting, column) == value,
        through=postings,
        join=lambda row, posting: posting.id == row.id,
    )
    return Filter(type, has, walk)


TEAMS = Listing(
    "teams",
    TEAM,
    filters={
        "idea": Filter(Uuid, lambda row, value: row.content_id == value),
        "member": _having(TeamMemberRow, "person_id", Uuid),
    },
    orders={"newest": _NEWEST},
    default_order="newest",
    summary=TeamSummary,
)

# ---- calls ----------------------------------------------------------------------------------------------------------

_TEAM = One(TEAM, on=lambda row, team: team.id == row.team_id, seen_with_parent=True)


def _call_state(row: Alias) -> ColumnElement[Any]:
    return case(
        (row.closed_at.is_not(None), constant("closed")),
        (row.taken >= row.seats, constant("filled")),
        (row.closes_at <= func.now(), constant("expired")),
        (not_(_takes_people(row.team_id)), constant("closed")),
        else_=constant("open"),
    )


CALL = View(
    "call",
    TeamCall,
    TeamCallRow,
    visible_with_team,
    {
        "team": _TEAM,
        "skills": lambda row: func.to_json(row.skills),
        "state": _call_state,
        "permissions": lambda row: allowed_list(CALL_GUARD.rules_for(row)),
    },
)


def _open_unless_asked(row: Alias, filters: frozenset[str]) -> ColumnElement[bool] | None:
    return None if filters & {"team", "all"} else takes_applications(row)


CALLS = Listing(
    "team_calls",
    CALL,
    filters={
        "team": Filter(Uuid, lambda row, value: row.team_id == value),
        "skill": _having(CallSkillRow, "skill", Text),
        "all": Filter(Boolean, lambda row, value: or_(value, takes_applications(row))),
    },
    orders={
        "newest": _NEWEST,
        "closing_soon": Order((("closes_at", datetime), ("id", UUID)), "The next deadline first.", descending=False),
    },
    default_order="newest",
    implied=_open_unless_asked,
)

# ---- applications and invitations -----------------------------------------------------------------------------------

APPLICATION = View(
    "application",
    TeamApplication,
    TeamApplicationRow,
    _between_us,
    {
        "team": _TEAM,
        "person": One(PERSON, on=lambda row, person: person.id == row.person_id),
        "decided_by": One(PERSON, on=lambda row, person: person.id == row.decided_by),
        "permissions": lambda row: allowed_list(APPLICATION_GUARD.rules_for(row)),
    },
)


def _invitation_state(row: Alias) -> ColumnElement[Any]:
    late = and_(_pending(row), row.expires_at <= func.now())
    return case((late, constant("expired")), else_=row.state)


INVITATION = View(
    "invitation",
    TeamInvitation,
    TeamInvitationRow,
    _between_us,
    {
        "team": _TEAM,
        "person": One(PERSON, on=lambda row, person: person.id == row.person_id),
        "invited_by": One(PERSON, on=lambda row, person: person.id == row.invited_by),
        "state": _invitation_state,
        "permissions": lambda row: allowed_list(INVITATION_GUARD.rules_for(row)),
    },
)


def _own(row: Alias, _: frozenset[str]) -> ColumnElement[bool]:
    mine: ColumnElement[bool] = row.person_id == Viewer.id
    return mine


APPLICATIONS = Listing(
    "team_applications",
    APPLICATION,
    of=("team", TEAM),
    filters={
        "team": Filter(Uuid, lambda row, value: row.team_id == value),
        "state": Filter(Text, lambda row, value: row.state == value),
    },
    orders={"newest": _NEWEST},
    default_order="newest",
)
INVITATIONS = Listing(
    "team_invitations",
    INVITATION,
    of=("team", TEAM),
    filters={"team": Filter(Uuid, lambda row, value: row.team_id == value)},
    orders={"newest": _NEWEST},
    default_order="newest",
)
MY_APPLICATIONS = Listing(
    "my_team_applications", APPLICATION, filters={}, orders={"newest": _NEWEST}, default_order="newest", implied=_own
)
MY_INVITATIONS = Listing(
    "my_team_invitations", INVITATION, filters={}, orders={"newest": _NEWEST}, default_order="newest", implied=_own
)
