"""Rows of discussion: comments, reactions, ratings, follows and views, on any content."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, SmallInteger, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from kshare.core.clock import now
from kshare.core.database import Row
from kshare.core.ids import new_id


class CommentRow(Row):
    """A comment; `parent_id` is what it answers. A deleted one stays as a tombstone without its body."""

    __tablename__ = "comment"
    __table_args__ = (
        Index("ix_comment_content_id_created_at_id", "content_id", "created_at", "id"),
        Index("ix_comment_roots", "content_id", "created_at", "id", postgresql_where=text("parent_id IS NULL")),
        Index("ix_comment_author_id_created_at_id", "author_id", "created_at", "id"),
        Index("ix_comment_parent_id_created_at_id", "parent_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"))
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"))
    author_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    owner_id: Mapped[UUID]
    body: Mapped[str]
    mentions: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), default=list)
    deleted: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    edited_at: Mapped[datetime | None]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class ReactionRow(Row):
    """One person's like, thank or favourite of one content."""

    __tablename__ = "reaction"
    __table_args__ = (
        CheckConstraint("kind IN ('like', 'thank', 'favourite')", name="kind"),
        Index("ix_reaction_person_id_kind_created_at", "person_id", "kind", "created_at"),
    )

    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class RatingRow(Row):
    """One person's score, 1 to 5, of one content."""

    __tablename__ = "rating"
    __table_args__ = (CheckConstraint("score BETWEEN 1 AND 5", name="score"),)

    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    score: Mapped[int] = mapped_column(SmallInteger)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)


class FollowRow(Row):
    """A person who wants to hear of a content."""

    __tablename__ = "follow"
    __table_args__ = (Index("ix_follow_person_id_created_at", "person_id", "created_at"),)

    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class ViewingRow(Row):
    """One reading of a content: when, and for how long as far as the client said."""

    __tablename__ = "viewing"
    __table_args__ = (
        CheckConstraint("dwell_ms BETWEEN 0 AND 86400000", name="dwell_ms"),
        Index("ix_viewing_content_id_at", "content_id", "at"),
        Index("ix_viewing_person_id_at", "person_id", "at"),
        Index("ix_viewing_at", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    dwell_ms: Mapped[int] = mapped_column(default=0)
    at: Mapped[datetime] = mapped_column(default=now)
