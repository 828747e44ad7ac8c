"""Rows of ideas: what an idea has beside its content, its co-authors, and who votes for it."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Numeric, SmallInteger, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kshare.core.clock import now
from kshare.core.database import Row


class IdeaRow(Row):
    """What an idea has beside its content, whose `variety` is its size and whose `stage` is its stage.

    `votes` counts the distinct people who vote for the idea or for one of `members`, the ideas merged into it, directly
    or through others; `merged_into` is where it went itself. The rest is the clock (commands/clock.py): since when it
    is in its stage; from when the working days count (later than the stage began by what was not counted), or how many
    were used when the clock was stopped; when an answer is due and when that moves up the line next; on whose desk it
    is, or was when it was answered (null: the committee's); since when it waits for its author, and for an answer to
    which comment. `judged_by` counts the reviews that are under way; `advice` is what the last one advised.
    """

    __tablename__ = "idea"
    __table_args__ = (
        Index("ix_idea_due_at", "due_at", "content_id", postgresql_where=text("due_at IS NOT NULL")),
        Index("ix_idea_desk_id_due_at", "desk_id", "due_at", "content_id"),
        Index("ix_idea_returns_on", "returns_on", postgresql_where=text("returns_on IS NOT NULL")),
        Index("ix_idea_escalates_at", "escalates_at", postgresql_where=text("escalates_at IS NOT NULL")),
        Index("ix_idea_clock", "content_id", postgresql_where=text("clock_from IS NOT NULL")),
        Index("ix_idea_merged_into", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
        {"postgresql_with": {"fillfactor": 80}},
    )

    id: Mapped[UUID] = mapped_column("content_id", ForeignKey("content.id", ondelete="CASCADE"), primary_key=True)
    template: Mapped[str | None]
    answers: Mapped[list[dict[str, str]] | None] = mapped_column(JSONB(none_as_null=True))
    votes: Mapped[int] = mapped_column(default=0)
    members: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), default=list)
    merged_into: Mapped[UUID | None] = mapped_column(ForeignKey("content.id"))
    stage_since: Mapped[datetime] = mapped_column(default=now)
    clock_from: Mapped[datetime | None]
    days_used: Mapped[Decimal | None] = mapped_column(Numeric(12, 6))
    due_at: Mapped[datetime | None]
    escalates_at: Mapped[datetime | None]
    desk_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    escalations: Mapped[int] = mapped_column(SmallInteger, default=0)
    waiting_since: Mapped[datetime | None]
    question_id: Mapped[UUID | None] = mapped_column(ForeignKey("comment.id", ondelete="SET NULL"))
    returns_on: Mapped[date | None]
    judged_by: Mapped[int] = mapped_column(SmallInteger, default=0, server_default=text("0"))
    advice: Mapped[str | None]
    advice_id: Mapped[UUID | None]


class CoauthorRow(Row):
    """A person's share in an idea, in per cent. An idea without such rows is its author's alone; otherwise they are all
    who share it, the author among them, and add up to 100."""

    __tablename__ = "idea_coauthor"
    __table_args__ = (
        CheckConstraint("share BETWEEN 1 AND 100", name="share"),
        Index("ix_idea_coauthor_person_id", "person_id"),
    )

    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    share: Mapped[int] = mapped_column(SmallInteger)


class VoteRow(Row):
    """One person's vote for one idea."""

    __tablename__ = "idea_vote"
    __table_args__ = (Index("ix_idea_vote_person_id_created_at", "person_id", "created_at"),)

    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
