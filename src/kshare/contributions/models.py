"""Rows of the account: its entries, the months they add up to, and whose entries are to be looked at again."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Numeric, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from kshare.core.database import Row
from kshare.core.ids import new_id

WEIGHT = Numeric(10, 2)


class ContributionRow(Row):
    """An entry: what somebody contributed, or, with `corrects_id`, that an earlier entry holds no more. Never changed.

    `department_id` is where the person was on the day by their memberships. `object_id` is what it was for, and
    `content_id` the content that this is or belongs to; what was anonymous has neither (rule `credited`). A correction
    is its entry with the opposite weight; each entry has at most one. All entries of one step of the reactor have the
    same `recorded_at`, which no other step has, and it only grows: so (recorded_at, id) is an order to which entries
    are only ever added at the end.
    """

    __tablename__ = "contribution"
    __table_args__ = (
        Index("ix_contribution_recorded_at", "recorded_at", "id"),
        Index("ix_contribution_person_id_recorded_at", "person_id", "recorded_at", "id"),
        Index("ix_contribution_department_id_recorded_at", "department_id", "recorded_at", "id"),
        # With what totals add up, so that these are read from the index alone.
        Index("ix_contribution_person_id_month", "person_id", "month", postgresql_include=["department_id", "weight"]),
        Index("ix_contribution_month_person_id", "month", "person_id", postgresql_include=["department_id", "weight"]),
        Index("ix_contribution_content_id", "content_id"),
        Index("ix_contribution_credited", "object_id", postgresql_where=text("rule = 'credited'")),
    )

    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    department_id: Mapped[UUID | None] = mapped_column(ForeignKey("department.id"))
    rule: Mapped[str]
    rule_version: Mapped[int] = mapped_column(SmallInteger)
    occurred_on: Mapped[date]
    month: Mapped[date]
    weight: Mapped[Decimal] = mapped_column(WEIGHT)
    object_kind: Mapped[str]
    object_id: Mapped[UUID | None]
    content_id: Mapped[UUID | None] = mapped_column(ForeignKey("content.id", ondelete="SET NULL"))
    corrects_id: Mapped[UUID | None] = mapped_column(ForeignKey("contribution.id"), unique=True)
    recorded_at: Mapped[datetime]


class PlaceRow(Row):
    """Where an entry is found by whoever may see it only for its person or its department: a database view."""

    __tablename__ = "contribution_place"
    __table_args__ = ({"info": {"is_view": True}},)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    recorded_at: Mapped[datetime]


class TotalRow(Row):
    """What the entries of a person in a period add up to: in no table, but made by the list of totals (reads.py)."""

    __tablename__ = "contribution_total"
    __table_args__ = ({"info": {"is_view": True}},)

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    start: Mapped[date] = mapped_column(primary_key=True)
    end: Mapped[date]
    period: Mapped[str]
    entries: Mapped[int]
    weight: Mapped[Decimal] = mapped_column(WEIGHT)


class RedatedRow(Row):
    """A person whose memberships changed, so that entries may have to move to another department; worked off in
    batches, by content id."""

    __tablename__ = "contribution_redated"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    after: Mapped[UUID | None]
