"""Rows of the clock: how long each stage may take, which days are worked, and who was asked when nobody answered."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kshare.core.clock import now
from kshare.core.database import Row
from kshare.core.ids import new_id


class ServiceLevelRow(Row):
    """How many working days a stage of an idea may take; null: as long as it takes. The migration makes the rows, one
    for each size and each stage that can owe something."""

    __tablename__ = "service_level"
    __table_args__ = (
        CheckConstraint("working_days BETWEEN 1 AND 365", name="working_days"),
        UniqueConstraint("size", "stage", name="uq_service_level_size_stage"),
        Index("ix_service_level_position", "position", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    position: Mapped[int] = mapped_column(SmallInteger)
    size: Mapped[str]
    stage: Mapped[str]
    working_days: Mapped[int | None] = mapped_column(SmallInteger)
    updated_at: Mapped[datetime] = mapped_column(default=now)


class CalendarDayRow(Row):
    """A day that is worked, or not, although its weekday says otherwise."""

    __tablename__ = "calendar_day"

    id: Mapped[date] = mapped_column("day", primary_key=True)
    working: Mapped[bool]
    name: Mapped[str | None]
    updated_at: Mapped[datetime] = mapped_column(default=now)


class WorkingTimeRow(Row):
    """The one row that says in which version service levels and calendar are, and how far the due times of open ideas
    have been moved to it: those behind `after` are still to do while `pending`."""

    __tablename__ = "working_time"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, default=1)
    version: Mapped[int] = mapped_column(default=1)
    pending: Mapped[bool] = mapped_column(default=False)
    after: Mapped[UUID | None]


class EscalationRow(Row):
    """A step up the line of an idea that nobody answered in time; a null person stands for the committee."""

    __tablename__ = "idea_escalation"
    __table_args__ = (Index("ix_idea_escalation_content_id_at", "content_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"))
    step: Mapped[int] = mapped_column(SmallInteger)
    from_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    to_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)
