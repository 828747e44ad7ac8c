"""Rows of resources: budgets with their ledger, requests, grants, and what became of a grant."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kshare.core.amounts import AMOUNT
from kshare.core.clock import now
from kshare.core.database import Row
from kshare.core.ids import new_id

KINDS = "kind IN ('hours', 'money', 'equipment', 'expert_time')"


class BudgetRow(Row):
    """What can be granted. `balance` is the sum of its ledger, and both change in one transaction under the lock of
    this row; `entries` numbers them."""

    __tablename__ = "budget"
    __table_args__ = (
        CheckConstraint(KINDS, name="kind"),
        CheckConstraint("balance >= 0", name="balance"),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="days"),
        Index("ix_budget_name_id", "name", "id"),
        *(
            Index(f"ix_budget_{column}_name_id", column, "name", "id")
            for column in ("kind", "owner_id", "department_id")
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    kind: Mapped[str]
    unit: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(AMOUNT)
    balance: Mapped[Decimal] = mapped_column(AMOUNT)
    entries: Mapped[int] = mapped_column(default=0)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    department_id: Mapped[UUID | None] = mapped_column(ForeignKey("department.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class ResourceRequestRow(Row):
    """What somebody asks for an idea. One request is answered once: by one grant, or by a refusal."""

    __tablename__ = "resource_request"
    __table_args__ = (
        CheckConstraint(KINDS, name="kind"),
        CheckConstraint(
            "state IN ('requested', 'granted', 'declined', 'withdrawn', 'used_up', 'returned')", name="state"
        ),
        CheckConstraint("amount > 0", name="amount"),
        *(
            Index(f"ix_resource_request_{'_'.join(columns)}", *columns, text("created_at DESC"), text("id DESC"))
            for columns in (("content_id",), ("state",), ("kind",))
        ),
        Index("ix_resource_request_created_at", text("created_at DESC"), text("id DESC")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"))
    kind: Mapped[str]
    unit: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(AMOUNT)
    purpose: Mapped[str]
    needed_by: Mapped[date | None]
    state: Mapped[str] = mapped_column(default="requested")
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class ResourceGrantRow(Row):
    """What was granted to a request. `used` and `returned` are the sums of its entries."""

    __tablename__ = "resource_grant"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("used >= 0 AND returned >= 0 AND used + returned <= amount", name="spent"),
        Index("ix_resource_grant_budget_id", "budget_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    request_id: Mapped[UUID] = mapped_column(ForeignKey("resource_request.id", ondelete="CASCADE"), unique=True)
    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"))
    budget_id: Mapped[UUID] = mapped_column(ForeignKey("budget.id"))
    amount: Mapped[Decimal] = mapped_column(AMOUNT)
    used: Mapped[Decimal] = mapped_column(AMOUNT)
    returned: Mapped[Decimal] = mapped_column(AMOUNT)
    entries: Mapped[int] = mapped_column(default=0)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    note: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class ResourceEntryRow(Row):
    """A use or a return of some of a grant, never changed: a correction is another entry, by how much the one it
    corrects was wrong."""

    __tablename__ = "resource_entry"
    __table_args__ = (
        CheckConstraint("kind IN ('used', 'returned')", name="kind"),
        CheckConstraint("amount > 0 OR corrects IS NOT NULL", name="amount"),
        UniqueConstraint("grant_id", "number", name="uq_resource_entry_number"),
        Index("ix_resource_entry_corrects", "corrects", postgresql_where=text("corrects IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("resource_grant.id", ondelete="CASCADE"))
    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"))
    number: Mapped[int]
    kind: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(AMOUNT)
    corrects: Mapped[UUID | None] = mapped_column(ForeignKey("resource_entry.id"))
    note: Mapped[str | None]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)


class BudgetEntryRow(Row):
    """A line of a budget's ledger, never changed; `balance` is what was left after it."""

    __tablename__ = "budget_entry"
    __table_args__ = (
        CheckConstraint("kind IN ('opened', 'adjusted', 'granted', 'returned', 'corrected')", name="kind"),
        UniqueConstraint("budget_id", "number", name="uq_budget_entry_number"),
        Index("ix_budget_entry_grant_id", "grant_id", postgresql_where=text("grant_id IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    budget_id: Mapped[UUID] = mapped_column(ForeignKey("budget.id"))
    number: Mapped[int]
    kind: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(AMOUNT)
    balance: Mapped[Decimal] = mapped_column(AMOUNT)
    grant_id: Mapped[UUID | None] = mapped_column(ForeignKey("resource_grant.id", ondelete="SET NULL"))
    note: Mapped[str | None]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
