"""Rows of triage: what is suggested for an idea and why, what a person confirmed, and what the model has cost."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kshare.core.clock import now
from kshare.core.database import Row


class TriageRow(Row):
    """What is suggested for a submitted idea: by the corpus at once, perhaps by a model later (`source`).

    It was made of the idea's text in its `revision`. `confirmed_at` says that a person has decided; from then on it
    stays as it is. `model_due_at` is when a model is to be asked (null: not, or not any more), `model_attempts` how
    often it was.
    """

    __tablename__ = "triage"
    __table_args__ = (
        CheckConstraint("source IN ('corpus', 'model')", name="source"),
        CheckConstraint("size IN ('small', 'large')", name="size"),
        CheckConstraint("novelty BETWEEN 0 AND 100", name="novelty"),
        CheckConstraint("completeness BETWEEN 0 AND 100", name="completeness"),
        CheckConstraint("reach BETWEEN 0 AND 100", name="reach"),
        Index("ix_triage_model_due_at", "model_due_at", postgresql_where=text("model_due_at IS NOT NULL")),
        Index("ix_triage_category_id", "category_id"),
        Index("ix_triage_confirmed_category_id", "confirmed_category_id"),
    )

    id: Mapped[UUID] = mapped_column("content_id", ForeignKey("content.id", ondelete="CASCADE"), primary_key=True)
    source: Mapped[str]
    revision: Mapped[int]
    category_id: Mapped[UUID | None] = mapped_column(ForeignKey("category.id", ondelete="SET NULL"))
    size: Mapped[str]
    novelty: Mapped[int] = mapped_column(SmallInteger)
    completeness: Mapped[int] = mapped_column(SmallInteger)
    reach: Mapped[int] = mapped_column(SmallInteger)
    suggested_at: Mapped[datetime] = mapped_column(default=now)
    model_due_at: Mapped[datetime | None]
    model_attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    confirmed_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    confirmed_at: Mapped[datetime | None]
    confirmed_category_id: Mapped[UUID | None] = mapped_column(ForeignKey("category.id", ondelete="SET NULL"))
    confirmed_size: Mapped[str | None]


class TriageCategoryRow(Row):
    """A category that suits an idea, the best first; `weight` in per cent of all that was found."""

    __tablename__ = "triage_category"
    __table_args__ = (Index("ix_triage_category_category_id", "category_id"),)

    content_id: Mapped[UUID] = mapped_column(ForeignKey("triage.content_id", ondelete="CASCADE"), primary_key=True)
    category_id: Mapped[UUID] = mapped_column(ForeignKey("category.id", ondelete="CASCADE"), primary_key=True)
    weight: Mapped[int] = mapped_column(SmallInteger)


class TriageReviewerRow(Row):
    """Somebody who knows the matter: suggested for the contents they wrote or decided on, `confirmed` by a person."""

    __tablename__ = "triage_reviewer"
    __table_args__ = (
        CheckConstraint("reason IN ('wrote_similar', 'decided_on_similar', 'named')", name="reason"),
        Index("ix_triage_reviewer_person_id", "person_id"),
    )

    content_id: Mapped[UUID] = mapped_column(ForeignKey("triage.content_id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger)
    reason: Mapped[str]
    contents: Mapped[int] = mapped_column(SmallInteger)
    confirmed: Mapped[bool] = mapped_column(default=False)


class TriageNeighbourRow(Row):
    """Something that exists already and is like the idea, in per cent."""

    __tablename__ = "triage_neighbour"
    __table_args__ = (Index("ix_triage_neighbour_other_id", "other_id"),)

    content_id: Mapped[UUID] = mapped_column(ForeignKey("triage.content_id", ondelete="CASCADE"), primary_key=True)
    other_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"), primary_key=True)
    likeness: Mapped[int] = mapped_column(SmallInteger)


class TriageReasonRow(Row):
    """A reason for a part of a suggestion: its code and what it refers to, and the same in words."""

    __tablename__ = "triage_reason"

    content_id: Mapped[UUID] = mapped_column(ForeignKey("triage.content_id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    aspect: Mapped[str]
    code: Mapped[str]
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    words: Mapped[str]
    words_en: Mapped[str]


class TriagePrintRow(Row):
    """What of a published idea or knowledge item is compared: `keys` it is found by, `title` and `rest` it is scored by
    (likeness/text.py). Who may see a content is asked of the content, never of this row."""

    __tablename__ = "triage_print"
    __table_args__ = (
        Index("ix_triage_print_keys", "keys", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
    )

    id: Mapped[UUID] = mapped_column("content_id", ForeignKey("content.id", ondelete="CASCADE"), primary_key=True)
    keys: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    title: Mapped[bytes] = mapped_column(LargeBinary)
    rest: Mapped[bytes] = mapped_column(LargeBinary)


class ModelUseRow(Row):
    """How many tokens were spent on a model on a day (UTC), those set aside for calls that still run included."""

    __tablename__ = "model_use"

    day: Mapped[date] = mapped_column(primary_key=True)
    tokens: Mapped[int] = mapped_column(BigInteger)
    calls: Mapped[int]
