"""Rows of panels: who judges what together, how far they agree, and which of two they prefer."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, SmallInteger, func, text
from sqlalchemy.orm import Mapped, mapped_column

from kshare.core.clock import now
from kshare.core.database import Row
from kshare.core.ids import new_id


class PanelRow(Row):
    """People who judge many ideas: each by scores on a form, or two at a time.

    Its ideas are reviews. `each` is how many members judge an idea; null is all of them. The chair decides nothing, but
    sees how far it is. `opening_note` says why it opened before all had judged its samples, `closing_note` why it ended
    although something was missing.
    """

    __tablename__ = "review_panel"
    __table_args__ = (
        CheckConstraint("method IN ('scores', 'pairs')", name="method"),
        CheckConstraint("(method = 'scores') = (form_version_id IS NOT NULL)", name="form"),
        CheckConstraint("state IN ('preparing', 'calibrating', 'open', 'closed', 'cancelled')", name="state"),
        Index("ix_review_panel_created_at_id", text("created_at DESC"), text("id DESC")),
        Index("ix_review_panel_state", "state", text("created_at DESC"), text("id DESC")),
        Index("ix_review_panel_chair_id", "chair_id", text("created_at DESC"), text("id DESC")),
        Index("ix_review_panel_challenge_id", "challenge_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    method: Mapped[str]
    state: Mapped[str] = mapped_column(default="preparing")
    form_version_id: Mapped[UUID | None] = mapped_column(ForeignKey("review_form_version.id"))
    challenge_id: Mapped[UUID | None] = mapped_column(ForeignKey("challenge.content_id", ondelete="SET NULL"))
    chair_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    hide_author: Mapped[bool] = mapped_column(default=False)
    each: Mapped[int | None] = mapped_column(SmallInteger)
    working_days: Mapped[int] = mapped_column(SmallInteger)
    due_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    opening_note: Mapped[str | None]
    closing_note: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class PanelMemberRow(Row):
    """A person who judges in a panel."""

    __tablename__ = "review_panel_member"
    __table_args__ = (Index("ix_review_panel_member_person_id", "person_id"),)

    panel_id: Mapped[UUID] = mapped_column(ForeignKey("review_panel.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)


class ReferenceRow(Row):
    """What a sample is worth in one criterion, as those see it who prepared the panel."""

    __tablename__ = "review_reference"
    __table_args__ = (CheckConstraint("score BETWEEN 1 AND 5", name="score"),)

    review_id: Mapped[UUID] = mapped_column(ForeignKey("review.id", ondelete="CASCADE"), primary_key=True)
    criterion_id: Mapped[UUID] = mapped_column(ForeignKey("review_form_criterion.id"), primary_key=True)
    score: Mapped[int] = mapped_column(SmallInteger)


class AgreementRow(Row):
    """How far the judges of a closed panel agree in one criterion, or in their weighted scores (no criterion):
    Krippendorff's alpha with an interval of 95 %, over `units` ideas that at least two judged."""

    __tablename__ = "review_agreement"
    __table_args__ = (
        Index("uq_review_agreement", "panel_id", "criterion_id", unique=True, postgresql_nulls_not_distinct=True),
        Index("ix_review_agreement_panel_id_position_id", "panel_id", "position", "id"),
        CheckConstraint("note IN ('no_variance', 'too_few')", name="note"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    panel_id: Mapped[UUID] = mapped_column(ForeignKey("review_panel.id", ondelete="CASCADE"))
    criterion_id: Mapped[UUID | None] = mapped_column(ForeignKey("review_form_criterion.id"))
    position: Mapped[int] = mapped_column(SmallInteger)
    alpha: Mapped[Decimal | None] = mapped_column(Numeric(7, 4))
    low: Mapped[Decimal | None] = mapped_column(Numeric(7, 4))
    high: Mapped[Decimal | None] = mapped_column(Numeric(7, 4))
    units: Mapped[int]
    raters: Mapped[int]
    note: Mapped[str | None]


class DeviationRow(Row):
    """How far a judge of a closed panel lies from the others: the mean difference of their weighted scores over
    `subjects` ideas that others judged as well."""

    __tablename__ = "review_deviation"
    __table_args__ = (Index("ix_review_deviation_panel_id_deviation", "panel_id", "deviation", "person_id"),)

    panel_id: Mapped[UUID] = mapped_column(ForeignKey("review_panel.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    subjects: Mapped[int]
    deviation: Mapped[Decimal] = mapped_column(Numeric(6, 4))
    flagged: Mapped[bool]


class ComparisonRow(Row):
    """Which of two a judge prefers; each pair once."""

    __tablename__ = "review_comparison"
    __table_args__ = (
        CheckConstraint("outcome IN ('first', 'second', 'tie')", name="outcome"),
        CheckConstraint("first_id <> second_id", name="pair"),
        Index(
            "uq_review_comparison_pair",
            "panel_id",
            "person_id",
            func.least(text("first_id"), text("second_id")),
            func.greatest(text("first_id"), text("second_id")),
            unique=True,
        ),
        Index("ix_review_comparison_panel_id_id", "panel_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    panel_id: Mapped[UUID] = mapped_column(ForeignKey("review_panel.id", ondelete="CASCADE"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    first_id: Mapped[UUID] = mapped_column(ForeignKey("review.id", ondelete="CASCADE"))
    second_id: Mapped[UUID] = mapped_column(ForeignKey("review.id", ondelete="CASCADE"))
    outcome: Mapped[str]
    comment: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
