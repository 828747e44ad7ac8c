"""Rows of anonymity: seals, their openings, and credit that is tied to no content."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from kshare.core.clock import now
from kshare.core.database import Row
from kshare.core.ids import new_id


class SealRow(Row):
    """Who wrote an anonymous content, encrypted (core/sealing.py). `credited` says that it was counted in a batch of
    credits; in which one, and as whose, is written nowhere."""

    __tablename__ = "seal"
    __table_args__ = (
        Index("ix_seal_key_id", "key_id", "content_id"),
        Index("ix_seal_uncredited", "content_id", postgresql_where=text("NOT credited")),
    )

    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"), primary_key=True)
    key_id: Mapped[str]
    data_key: Mapped[bytes] = mapped_column(LargeBinary)
    author: Mapped[bytes] = mapped_column(LargeBinary)
    credited: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


class UnsealingRow(Row):
    """A request to learn who wrote something: by one person, agreed to by another."""

    __tablename__ = "unsealing"
    __table_args__ = (
        CheckConstraint("approved_by_id <> requested_by_id", name="two_people"),
        CheckConstraint("(approved_by_id IS NULL) = (approved_at IS NULL)", name="approved"),
        Index("ix_unsealing_requested", text("requested_at DESC"), text("id DESC")),
        Index("ix_unsealing_content", "content_id", text("requested_at DESC"), text("id DESC")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"))
    reason: Mapped[str]
    requested_by_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    requested_at: Mapped[datetime] = mapped_column(default=now)
    approved_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    approved_at: Mapped[datetime | None]


class OpeningRow(Row):
    """One time that somebody was told who it was."""

    __tablename__ = "unsealing_opening"
    __table_args__ = (Index("ix_unsealing_opening_unsealing_id_at", "unsealing_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    unsealing_id: Mapped[UUID] = mapped_column(ForeignKey("unsealing.id", ondelete="CASCADE"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(default=now)


class CreditRow(Row):
    """What somebody is credited with under a neutral reason. Never changed; it leads to no content."""

    __tablename__ = "credit"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount"),
        Index("ix_credit_person_id_day", "person_id", text("day DESC"), text("id DESC")),
        Index("ix_credit_day", "day"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str]
    amount: Mapped[int]
    day: Mapped[date]
