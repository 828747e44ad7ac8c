"""Rows of teams: members, calls for skills, applications, invitations."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from kshare.core.clock import now
from kshare.core.database import Row
from kshare.core.ids import new_id

_PENDING = text("state = 'pending'")


class TeamRow(Row):
    """A team: for the idea `content_id`, or formed freely. Every change of its members goes through a lock on this row,
    so that a seat is given away once and a lead stays."""

    __tablename__ = "team"
    __table_args__ = (Index("ix_team_content_id_id", "content_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    content_id: Mapped[UUID | None] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"))
    name: Mapped[str]
    purpose: Mapped[str] = mapped_column(default="")
    open: Mapped[bool] = mapped_column(default=True)
    dissolved_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class TeamMemberRow(Row):
    """A person in the team `id`. Ids of teams grow with time, so a person's teams are one walk along an index."""

    __tablename__ = "team_member"
    __table_args__ = (Index("ix_team_member_person_id_team_id", "person_id", "team_id"),)

    id: Mapped[UUID] = mapped_column("team_id", ForeignKey("team.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    role: Mapped[str] = mapped_column(default="")
    lead: Mapped[bool] = mapped_column(default=False)
    since: Mapped[datetime] = mapped_column(default=now)


class TeamDepartmentRow(Row):
    """How many members of a team a department has: a database view over the members."""

    __tablename__ = "team_department"
    __table_args__ = ({"info": {"is_view": True}},)

    team_id: Mapped[UUID] = mapped_column(primary_key=True)
    department_id: Mapped[UUID] = mapped_column(primary_key=True)
    members: Mapped[int]


class TeamCallRow(Row):
    """A call of a team for people with some skills; `taken` of its `seats` are given away."""

    __tablename__ = "team_call"
    __table_args__ = (
        CheckConstraint("taken BETWEEN 0 AND seats", name="taken"),
        Index("ix_team_call_team_id_id", "team_id", "id"),
        Index("ix_team_call_team_id_closes_at_id", "team_id", "closes_at", "id"),
        Index("ix_team_call_closes_at_id", "closes_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    team_id: Mapped[UUID] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"))
    skills: Mapped[list[str]] = mapped_column(ARRAY(Text))
    text: Mapped[str] = mapped_column(default="")
    seats: Mapped[int] = mapped_column(SmallInteger)
    taken: Mapped[int] = mapped_column(SmallInteger, default=0)
    closes_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class CallSkillRow(Row):
    """A skill that the call `id` looks for, case and width folded, with the call's places in lists."""

    __tablename__ = "team_call_skill"
    __table_args__ = (
        Index("ix_team_call_skill_skill_call_id", "skill", "call_id"),
        Index("ix_team_call_skill_skill_closes_at_call_id", "skill", "closes_at", "call_id"),
    )

    id: Mapped[UUID] = mapped_column("call_id", ForeignKey("team_call.id", ondelete="CASCADE"), primary_key=True)
    skill: Mapped[str] = mapped_column(primary_key=True)
    closes_at: Mapped[datetime]


class TeamApplicationRow(Row):
    """Somebody would like to join a team; seen by them and by the team's leads."""

    __tablename__ = "team_application"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'accepted', 'declined', 'withdrawn')", name="state"),
        Index("uq_team_application_pending", "team_id", "person_id", unique=True, postgresql_where=_PENDING),
        Index("ix_team_application_team_id_id", "team_id", "id"),
        Index("ix_team_application_team_id_state_id", "team_id", "state", "id"),
        Index("ix_team_application_person_id_id", "person_id", "id"),
        Index("ix_team_application_call_id_person_id", "call_id", "person_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    team_id: Mapped[UUID] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"))
    call_id: Mapped[UUID] = mapped_column(ForeignKey("team_call.id", ondelete="CASCADE"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    skill: Mapped[str]
    message: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="pending")
    answer: Mapped[str | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class TeamInvitationRow(Row):
    """A team would like somebody to join; seen by them and by the team's leads. One that nobody answered in time is
    pending here and expired to readers."""

    __tablename__ = "team_invitation"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'accepted', 'declined', 'withdrawn')", name="state"),
        Index("ix_team_invitation_team_id_id", "team_id", "id"),
        Index("ix_team_invitation_person_id_id", "person_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    team_id: Mapped[UUID] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    invited_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    role: Mapped[str] = mapped_column(default="")
    message: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="pending")
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
