"""Rows of incubation. Whoever is named in them is named through content/authorship.py: an unnamed author stays so."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kshare.core.clock import now
from kshare.core.database import Row
from kshare.core.ids import new_id


class MilestoneRow(Row):
    """A step on the way of an idea, and who sees to it: `person_id` is whom readers see, `owner_id` whose it is, the
    same id or the pseudonym of an author who is not shown (content/authorship.py)."""

    __tablename__ = "milestone"
    __table_args__ = (
        Index("ix_milestone_content_id_position_id", "content_id", "position", "id"),
        Index("ix_milestone_person_id", "person_id"),
        Index("ix_milestone_owner_id_due_on", "owner_id", "due_on", "id"),
        Index("ix_milestone_open", "owner_id", "due_on", "id", postgresql_where=text("done_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"))
    title: Mapped[str]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    owner_id: Mapped[UUID]
    due_on: Mapped[date]
    position: Mapped[int]
    done_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class PilotRow(Row):
    """An idea tried out somewhere: what is measured, what was expected, and what came of it."""

    __tablename__ = "pilot"
    __table_args__ = (
        CheckConstraint("state IN ('planned', 'running', 'concluded', 'stopped')", name="state"),
        CheckConstraint("until_on >= from_on", name="dates"),
        CheckConstraint("(state = 'concluded') = (outcome IS NOT NULL)", name="outcome"),
        Index("ix_pilot_content_id_created_at_id", "content_id", "created_at", "id"),
        Index("ix_pilot_department_id", "department_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"))
    site: Mapped[str | None]
    department_id: Mapped[UUID | None] = mapped_column(ForeignKey("department.id"))
    from_on: Mapped[date]
    until_on: Mapped[date]
    measure: Mapped[str]
    unit: Mapped[str]
    baseline: Mapped[float | None] = mapped_column(Double)
    target: Mapped[float | None] = mapped_column(Double)
    state: Mapped[str] = mapped_column(default="planned")
    outcome: Mapped[str | None]
    value: Mapped[float | None] = mapped_column(Double)
    findings: Mapped[str] = mapped_column(default="")
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class RolloutRow(Row):
    """One of the places where an idea is to be put into practice."""

    __tablename__ = "rollout"
    __table_args__ = (
        CheckConstraint("site IS NOT NULL OR department_id IS NOT NULL", name="place"),
        Index("ix_rollout_content_id_created_at_id", "content_id", "created_at", "id"),
        Index("ix_rollout_department_id", "department_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"))
    site: Mapped[str | None]
    department_id: Mapped[UUID | None] = mapped_column(ForeignKey("department.id"))
    planned_on: Mapped[date]
    done_on: Mapped[date | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class GateRow(Row):
    """A point at which somebody who is not its author says whether an idea goes on. At most one waits for its decision;
    an idea is on hold while the newest decision says so."""

    __tablename__ = "gate"
    __table_args__ = (
        CheckConstraint("decision IN ('go', 'kill', 'hold', 'recycle')", name="decision"),
        CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decided"),
        Index("uq_gate_content_id_number", "content_id", "number", unique=True),
        Index("uq_gate_open", "content_id", unique=True, postgresql_where=text("decision IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"))
    number: Mapped[int]
    title: Mapped[str]
    opened_by_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    decision: Mapped[str | None]
    reason: Mapped[str | None]
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
