"""Rows of review forms: what is scored, how much it counts, and what a score means."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kshare.core.clock import now
from kshare.core.database import Row
from kshare.core.ids import new_id


class FormRow(Row):
    """A form by its name. What it asks stands in its versions, of which `number` is the newest."""

    __tablename__ = "review_form"
    __table_args__ = (Index("ix_review_form_name_id", "name", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    number: Mapped[int] = mapped_column(default=1)
    retired_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class FormVersionRow(Row):
    """A form as it was at a time; never changed. A weighted mean of `approve_at` or more advises to approve, one below
    `decline_below` to decline."""

    __tablename__ = "review_form_version"
    __table_args__ = (
        UniqueConstraint("form_id", "number"),
        CheckConstraint("1 <= decline_below AND decline_below <= approve_at AND approve_at <= 5", name="limits"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    form_id: Mapped[UUID] = mapped_column(ForeignKey("review_form.id", ondelete="CASCADE"))
    number: Mapped[int]
    approve_at: Mapped[Decimal] = mapped_column(Numeric(3, 2))
    decline_below: Mapped[Decimal] = mapped_column(Numeric(3, 2))
    note: Mapped[str | None]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)


class FormCriterionRow(Row):
    """What is scored from 1 to 5, with its weight in per cent; the weights of a version add up to 100.

    `means_1`, `means_3` and `means_5` anchor the scale. A mean below `knock_out_below` knocks out what is judged.
    """

    __tablename__ = "review_form_criterion"
    __table_args__ = (
        CheckConstraint("weight BETWEEN 1 AND 100", name="weight"),
        CheckConstraint("comment IN ('optional', 'extremes', 'always')", name="comment"),
        CheckConstraint("knock_out_below BETWEEN 2 AND 5", name="knock_out_below"),
        UniqueConstraint("form_version_id", "position"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    form_version_id: Mapped[UUID] = mapped_column(ForeignKey("review_form_version.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    weight: Mapped[int] = mapped_column(SmallInteger)
    means_1: Mapped[str]
    means_3: Mapped[str | None]
    means_5: Mapped[str]
    comment: Mapped[str]
    knock_out_below: Mapped[int | None] = mapped_column(SmallInteger)
