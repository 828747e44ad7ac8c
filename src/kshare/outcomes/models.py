"""Rows of outcomes: series of figures from other systems, and every figure that ever came."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kshare.core.amounts import WHOLE_DIGITS
from kshare.core.clock import now
from kshare.core.database import Row
from kshare.core.ids import new_id

PLACES: Final = 6
"""Decimals of a value."""

_LATEST_FIRST = (text("month DESC"), text("id DESC"))


class SeriesRow(Row):
    """A business figure that another system measures, such as the cycle time of development."""

    __tablename__ = "outcome_series"
    __table_args__ = (
        CheckConstraint("better IN ('lower', 'higher')", name="better"),
        CheckConstraint("(external_source IS NULL) = (external_id IS NULL)", name="external"),
        UniqueConstraint("external_source", "external_id", name="uq_outcome_series_external"),
        Index("ix_outcome_series_name_id", "name", "id"),
        Index("ix_outcome_series_archived_name_id", "archived", "name", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    name_en: Mapped[str | None]
    description: Mapped[str | None]
    unit: Mapped[str]
    better: Mapped[str]
    archived: Mapped[bool] = mapped_column(default=False)
    external_source: Mapped[str | None]
    external_id: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class ValueRow(Row):
    """What a series was said to be in a month, of a department or (without one) of the whole company.

    Never changed but for `current`: a correction is the next number, and one without a value takes back what was said.
    """

    __tablename__ = "outcome_value"
    __table_args__ = (
        CheckConstraint("extract(day from month) = 1", name="month"),
        UniqueConstraint(
            "series_id",
            "department_id",
            "month",
            "number",
            name="uq_outcome_value_number",
            postgresql_nulls_not_distinct=True,
        ),
        Index(
            "uq_outcome_value_current",
            "series_id",
            "department_id",
            "month",
            unique=True,
            postgresql_where=text("current"),
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_outcome_value_series_id", "series_id", *_LATEST_FIRST),
        Index("ix_outcome_value_department_id", "department_id", "series_id", *_LATEST_FIRST),
        Index("ix_outcome_value_company", "series_id", *_LATEST_FIRST, postgresql_where=text("department_id IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    series_id: Mapped[UUID] = mapped_column(ForeignKey("outcome_series.id"))
    department_id: Mapped[UUID | None] = mapped_column(ForeignKey("department.id"))
    month: Mapped[date]
    value: Mapped[Decimal | None] = mapped_column(Numeric(WHOLE_DIGITS + PLACES, PLACES))
    number: Mapped[int]
    current: Mapped[bool]
    note: Mapped[str | None]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    recorded_at: Mapped[datetime]
