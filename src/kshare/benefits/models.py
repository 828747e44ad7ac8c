"""Rows of benefits: what an idea brings, and every figure that was ever given for it."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kshare.core.amounts import AMOUNT
from kshare.core.clock import now
from kshare.core.database import Row
from kshare.core.ids import new_id

UNCOMMITTED = "NOT is_committed AND stage IN ('approved', 'in_pilot', 'implemented', 'verified')"
UNVERIFIED = "NOT is_verified AND stage IN ('implemented', 'verified')"
"""What awaits somebody, as the indexes of those lists know it."""


def _list_index(name: str, *columns: str, only: str | None = None) -> Index:
    """An index for a list of benefits of all ideas, by the columns of a filter, if any, and time."""
    newest_first = (text("created_at DESC"), text("id DESC"))
    return Index(f"ix_benefit_{name}", *columns, *newest_first, postgresql_where=None if only is None else text(only))


class BenefitRow(Row):
    """Something that an idea brings, in one unit. Its figures are entries: the newest of a level is the present one.

    `is_committed` and `is_verified` say that there is one of that level, which stays so. `stage` and `department_id`
    are those of its idea (no stage while it is withdrawn or merged): triggers keep them true (migration 0017), so that
    lists of what awaits somebody, and of a department, walk an index.
    """

    __tablename__ = "benefit"
    __table_args__ = (
        CheckConstraint("type IN ('time', 'saving', 'avoided_cost', 'revenue', 'quality', 'safety')", name="type"),
        CheckConstraint("recurrence IN ('one_off', 'yearly')", name="recurrence"),
        CheckConstraint("(cost IS NULL) = (cost_currency IS NULL)", name="cost"),
        _list_index("content_id", "content_id"),
        _list_index("created_at"),
        _list_index("type", "type"),
        _list_index("department_id", "department_id"),
        _list_index("uncommitted", only=UNCOMMITTED),
        _list_index("unverified", only=UNVERIFIED),
        Index("ix_benefit_starts_on", "starts_on"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"))
    type: Mapped[str]
    unit: Mapped[str]
    recurrence: Mapped[str]
    starts_on: Mapped[date]
    basis: Mapped[str]
    cost: Mapped[Decimal | None] = mapped_column(AMOUNT)
    cost_currency: Mapped[str | None]
    is_committed: Mapped[bool] = mapped_column(default=False)
    is_verified: Mapped[bool] = mapped_column(default=False)
    stage: Mapped[str | None]
    department_id: Mapped[UUID | None]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class BenefitEntryRow(Row):
    """A figure somebody gave at a level, never changed: a correction is the next number and names what it corrects."""

    __tablename__ = "benefit_entry"
    __table_args__ = (
        CheckConstraint("level IN ('claimed', 'committed', 'verified')", name="level"),
        CheckConstraint("(number = 1) = (corrects IS NULL)", name="correction"),
        CheckConstraint("number > 1 OR first_year >= 0", name="first_year"),
        UniqueConstraint("benefit_id", "level", "number", name="uq_benefit_entry_number"),
        Index("ix_benefit_entry_benefit_id", "benefit_id", text("created_at DESC"), text("id DESC")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    benefit_id: Mapped[UUID] = mapped_column(ForeignKey("benefit.id", ondelete="CASCADE"))
    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"))
    level: Mapped[str]
    number: Mapped[int]
    first_year: Mapped[Decimal] = mapped_column(AMOUNT)
    months: Mapped[list[Decimal] | None] = mapped_column(ARRAY(AMOUNT))
    corrects: Mapped[UUID | None] = mapped_column(ForeignKey("benefit_entry.id"))
    note: Mapped[str | None]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)


class BenefitTotalRow(Row):
    """What the benefits of an idea come to, for each type and unit: a database view."""

    __tablename__ = "benefit_total"
    __table_args__ = ({"info": {"is_view": True}},)

    content_id: Mapped[UUID] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    benefits: Mapped[int]
    claimed: Mapped[Decimal | None] = mapped_column(Numeric)
    committed: Mapped[Decimal | None] = mapped_column(Numeric)
    verified: Mapped[Decimal | None] = mapped_column(Numeric)
    realised_of_claimed: Mapped[Decimal | None] = mapped_column(Numeric)
    realised_of_committed: Mapped[Decimal | None] = mapped_column(Numeric)
