"""Rows of reviews: what is judged, by whom, and what they say."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Index,
    Numeric,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.orm import Mapped, column_property, mapped_column

from kshare.core.clock import now
from kshare.core.database import Row
from kshare.core.ids import new_id

_OPEN = text("state = 'open'")


class ReviewRow(Row):
    """One content under one rule, whose copy it keeps: `needs` to `form_version_id` are those of the policy or the
    panel when it began.

    `revision` is the text that was submitted, `ended_revision` the newest when it ended. A review of a panel waits in
    `preparing` until the panel opens; `sample` says that it calibrates the panel, and ends in nothing. The results are
    there once it is closed: `score` and `spread` of weighted scores, or `rank` to `certainty` of comparisons.
    """

    __tablename__ = "review"
    __table_args__ = (
        CheckConstraint("method IN ('verdict', 'scores', 'pairs')", name="method"),
        CheckConstraint(
            "state IN ('preparing', 'open', 'approved', 'changes_requested', 'rejected', 'closed', 'withdrawn')",
            name="state",
        ),
        CheckConstraint("needs IN ('one', 'quorum', 'all')", name="needs"),
        CheckConstraint("advice IN ('approve', 'decline', 'undecided')", name="advice"),
        Index(
            "uq_review_open", "content_id", unique=True, postgresql_where=text("panel_id IS NULL AND state = 'open'")
        ),
        UniqueConstraint("panel_id", "content_id"),
        Index("ix_review_content_id_id", "content_id", "id"),
        Index("ix_review_panel_id_merit_id", "panel_id", func.coalesce(text("score"), text("strength")), "id"),
        Index("ix_review_panel_id_rank_id", "panel_id", "rank", "id"),
        Index("ix_review_panel_id_id", "panel_id", "id"),
        Index("ix_review_state_id", "state", "id"),
        Index("ix_review_submitted_by", "submitted_by", postgresql_where=text("panel_id IS NULL AND state = 'open'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"))
    panel_id: Mapped[UUID | None] = mapped_column(ForeignKey("review_panel.id", ondelete="CASCADE"))
    sample: Mapped[bool] = mapped_column(default=False)
    method: Mapped[str]
    state: Mapped[str]
    revision: Mapped[int]
    ended_revision: Mapped[int | None]
    note: Mapped[str | None]
    reason: Mapped[str | None]
    submitted_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    submitted_at: Mapped[datetime] = mapped_column(default=now)
    due_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    policy_id: Mapped[UUID | None]
    needs: Mapped[str]
    required: Mapped[int] = mapped_column(SmallInteger)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    groups: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), default=list)
    departments: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), default=list)
    expertise: Mapped[int] = mapped_column(SmallInteger, default=0)
    working_days: Mapped[int] = mapped_column(SmallInteger)
    steps_in_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    form_version_id: Mapped[UUID | None] = mapped_column(ForeignKey("review_form_version.id"))
    score: Mapped[Decimal | None] = mapped_column(Numeric(6, 4))
    spread: Mapped[Decimal | None] = mapped_column(Numeric(6, 4))
    judges: Mapped[int | None] = mapped_column(SmallInteger)
    knocked_out: Mapped[bool | None]
    advice: Mapped[str | None]
    rank: Mapped[int | None]
    strength: Mapped[Decimal | None] = mapped_column(Numeric(10, 6))
    low: Mapped[Decimal | None] = mapped_column(Numeric(10, 6))
    high: Mapped[Decimal | None] = mapped_column(Numeric(10, 6))
    certainty: Mapped[Decimal | None] = mapped_column(Numeric(7, 6))

    merit = column_property(func.coalesce(score, strength), deferred=True)
    """What a panel's results are ordered by."""


class ReviewResultRow(Row):
    """What a closed review came to in one criterion."""

    __tablename__ = "review_result"

    review_id: Mapped[UUID] = mapped_column(ForeignKey("review.id", ondelete="CASCADE"), primary_key=True)
    criterion_id: Mapped[UUID] = mapped_column(ForeignKey("review_form_criterion.id"), primary_key=True)
    mean: Mapped[Decimal] = mapped_column(Numeric(6, 4))
    spread: Mapped[Decimal | None] = mapped_column(Numeric(6, 4))
    judges: Mapped[int] = mapped_column(SmallInteger)
    knocked_out: Mapped[bool] = mapped_column(default=False)


class AssignmentRow(Row):
    """A person who is asked to judge, or was: a review, or, where two are compared at a time, a whole panel (no
    review).

    `open` says that the review or the panel is. An assignment is owed while it is open and `asked`; one that is `given`
    is owed again as soon as there is a newer text than the one that was judged. `acts_at` is when the clock does
    something next: reminds of it (`step` 0), or finds it overdue (1); both are done with in `step` 2. Once it is given,
    the clock has nothing to do, until there is a newer text.
    """

    __tablename__ = "review_assignment"
    __table_args__ = (
        CheckConstraint(
            "state IN ('asked', 'given', 'declined', 'delegated', 'conflicted', 'absent', 'released')", name="state"
        ),
        CheckConstraint("(review_id IS NULL) = (content_id IS NULL)", name="review"),
        CheckConstraint("review_id IS NOT NULL OR panel_id IS NOT NULL", name="panel"),
        UniqueConstraint("review_id", "person_id"),
        Index(
            "uq_review_assignment_panel",
            "panel_id",
            "person_id",
            unique=True,
            postgresql_where=text("review_id IS NULL"),
        ),
        Index("ix_review_assignment_panel_id_person_id", "panel_id", "person_id"),
        Index("ix_review_assignment_desk", "person_id", "due_at", "id", postgresql_where=text("open")),
        Index("ix_review_assignment_due", "due_at", "id", postgresql_where=text("open")),
        Index("ix_review_assignment_acts_at", "acts_at", postgresql_where=text("acts_at IS NOT NULL")),
        Index("ix_review_assignment_content_id", "content_id"),
        Index("ix_review_assignment_review_id_id", "review_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    review_id: Mapped[UUID | None] = mapped_column(ForeignKey("review.id", ondelete="CASCADE"))
    content_id: Mapped[UUID | None] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"))
    panel_id: Mapped[UUID | None] = mapped_column(ForeignKey("review_panel.id", ondelete="CASCADE"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    state: Mapped[str] = mapped_column(default="asked")
    open: Mapped[bool] = mapped_column(default=True)
    due_at: Mapped[datetime]
    acts_at: Mapped[datetime | None]
    step: Mapped[int] = mapped_column(SmallInteger, default=0)
    reason: Mapped[str | None]
    replaces: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    closed_at: Mapped[datetime | None]


class JudgementRow(Row):
    """What a person said of one text. Never changed: another one of theirs stands beside it with the next `number`, and
    is the `current` one from then on."""

    __tablename__ = "review_judgement"
    __table_args__ = (
        CheckConstraint("verdict IN ('approve', 'request_changes', 'reject')", name="verdict"),
        UniqueConstraint("assignment_id", "number"),
        Index("uq_review_judgement_current", "assignment_id", unique=True, postgresql_where=text("current")),
        Index("ix_review_judgement_review_id_id", "review_id", "id"),
        Index("ix_review_judgement_review_id_person_id", "review_id", "person_id", "revision"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    review_id: Mapped[UUID] = mapped_column(ForeignKey("review.id", ondelete="CASCADE"))
    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("review_assignment.id", ondelete="CASCADE"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    revision: Mapped[int]
    number: Mapped[int] = mapped_column(SmallInteger)
    current: Mapped[bool] = mapped_column(default=True)
    verdict: Mapped[str | None]
    comment: Mapped[str] = mapped_column(default="")
    score: Mapped[Decimal | None] = mapped_column(Numeric(4, 2))
    given_at: Mapped[datetime] = mapped_column(default=now)


class JudgementScoreRow(Row):
    """A score for one criterion, 1 to 5."""

    __tablename__ = "review_judgement_score"
    __table_args__ = (CheckConstraint("score BETWEEN 1 AND 5", name="score"),)

    judgement_id: Mapped[UUID] = mapped_column(ForeignKey("review_judgement.id", ondelete="CASCADE"), primary_key=True)
    criterion_id: Mapped[UUID] = mapped_column(ForeignKey("review_form_criterion.id"), primary_key=True)
    score: Mapped[int] = mapped_column(SmallInteger)
    comment: Mapped[str] = mapped_column(default="")


class RemarkRow(Row):
    """What is said of some lines of the body; `quote` is what stood there."""

    __tablename__ = "review_remark"
    __table_args__ = (CheckConstraint("line_from BETWEEN 1 AND line_to", name="lines"),)

    judgement_id: Mapped[UUID] = mapped_column(ForeignKey("review_judgement.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    line_from: Mapped[int]
    line_to: Mapped[int]
    quote: Mapped[str]
    body: Mapped[str]
