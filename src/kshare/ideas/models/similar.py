"""Rows of likeness: what of each idea is compared, and how common words are."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, Index, Integer, LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from kshare.core.clock import now
from kshare.core.database import Row


class LikenessRow(Row):
    """What of an idea is compared (ideas/likeness/text.py): `keys` it is found by, `title` and `rest` it is scored by.

    Drafts have none. Who may see an idea is asked of the content, never of this row.
    """

    __tablename__ = "likeness"
    __table_args__ = (
        # What the index kept pending would be read whole by everybody who looks for something alike.
        Index("ix_likeness_keys", "keys", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
        Index("ix_likeness_written_at", "written_at"),
    )

    id: Mapped[UUID] = mapped_column("content_id", ForeignKey("content.id", ondelete="CASCADE"), primary_key=True)
    keys: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    title: Mapped[bytes] = mapped_column(LargeBinary)
    rest: Mapped[bytes] = mapped_column(LargeBinary)
    version: Mapped[str]
    """Of the rules it was made by."""
    written_at: Mapped[datetime] = mapped_column(default=now)


class LikenessCountRow(Row):
    """How many ideas have each common key, of the newest that everybody with a clearance may read."""

    __tablename__ = "likeness_count"

    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    ideas: Mapped[int]
    tokens: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    counts: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    counted_at: Mapped[datetime] = mapped_column(default=now)
