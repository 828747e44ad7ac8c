"""Rows of the clock of reviews."""

from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kshare.core.database import Row


class ReviewNewsRow(Row):
    """Something happened that may concern open reviews, and the clock has still to see which: the text of a content
    changed, or it is gone or back; or a person left, with what lies on their desk.

    Apart from what it concerns, so that the clock, which is told while others are at work on reviews, need not wait for
    them, nor they for it.
    """

    __tablename__ = "review_news"
    __table_args__ = (CheckConstraint("about IN ('content', 'person')", name="about"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    about: Mapped[str]
