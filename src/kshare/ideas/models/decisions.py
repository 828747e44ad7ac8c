"""Rows of decisions on ideas."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kshare.core.clock import now
from kshare.core.database import Row
from kshare.core.ids import new_id


class DecisionRow(Row):
    """An answer to an idea. At most one of an idea is `current`; those of earlier rounds are kept. One without
    `published_at` is private: only who may decide on the idea knows of it. `advice` is what the review `review_id`
    had advised."""

    __tablename__ = "idea_decision"
    __table_args__ = (
        CheckConstraint("outcome IN ('approved', 'declined', 'deferred')", name="outcome"),
        Index("uq_idea_decision_current", "content_id", unique=True, postgresql_where=text("current")),
        Index("ix_idea_decision_content_id", "content_id", "decided_at", "id"),
        Index("ix_idea_decision_decided_at", "decided_at", "id"),
        Index("ix_idea_decision_private", "decided_at", "id", postgresql_where=text("published_at IS NULL")),
        Index("ix_idea_decision_outcome", "outcome", "decided_at", "id"),
        Index("ix_idea_decision_published_at", "published_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"))
    outcome: Mapped[str]
    reason: Mapped[str | None]
    explanation: Mapped[str | None]
    until: Mapped[date | None]
    decided_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime] = mapped_column(default=now)
    published_at: Mapped[datetime | None]
    current: Mapped[bool] = mapped_column(default=True)
    advice: Mapped[str | None]
    review_id: Mapped[UUID | None]
