"""Rows of challenges: criteria, prizes, judges, entries, scorecards."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, SmallInteger, UniqueConstraint, join, text
from sqlalchemy.orm import Mapped, column_property, mapped_column

from kshare.content.models import ContentRow
from kshare.core.clock import now
from kshare.core.database import Row
from kshare.core.ids import new_id

_AWARDED = text("prize_id IS NOT NULL")
_ACTIVE = text("withdrawn_at IS NULL")


class ChallengeRow(Row):
    """What a challenge has beside its content, whose `variety` is its format. How far it is follows from its times;
    without `opens_at` it opens when it is published."""

    __tablename__ = "challenge"
    __table_args__ = (
        CheckConstraint("closes_at > opens_at", name="closes_at"),
        CheckConstraint("judging_until > closes_at", name="judging_until"),
        CheckConstraint("team_min BETWEEN 1 AND team_max", name="team_min"),
        Index("ix_challenge_closes_at_content_id", "closes_at", "content_id"),
    )

    id: Mapped[UUID] = mapped_column("content_id", ForeignKey("content.id", ondelete="CASCADE"), primary_key=True)
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime]
    judging_until: Mapped[datetime]
    team_min: Mapped[int | None] = mapped_column(SmallInteger)
    team_max: Mapped[int | None] = mapped_column(SmallInteger)
    results_at: Mapped[datetime | None]
    results_note: Mapped[str | None]


_CONTENT, _CHALLENGE = ContentRow.__table__, ChallengeRow.__table__


class ListedChallenge(Row):
    """A challenge together with its content, for reading: lists are ordered by columns of the one and of the other."""

    __table__ = join(_CONTENT, _CHALLENGE, _CONTENT.c.id == _CHALLENGE.c.content_id)
    id = column_property(_CONTENT.c.id, _CHALLENGE.c.content_id)


class CriterionRow(Row):
    """What entries are judged by, with its weight in per cent; the weights of a challenge add up to 100."""

    __tablename__ = "challenge_criterion"
    __table_args__ = (
        CheckConstraint("weight BETWEEN 1 AND 100", name="weight"),
        Index("ix_challenge_criterion_challenge_id_position", "challenge_id", "position"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    challenge_id: Mapped[UUID] = mapped_column(ForeignKey("challenge.content_id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str]
    weight: Mapped[int] = mapped_column(SmallInteger)
    description: Mapped[str] = mapped_column(default="")


class PrizeRow(Row):
    """A prize for `places` places, behind those of the prizes before it."""

    __tablename__ = "challenge_prize"
    __table_args__ = (Index("ix_challenge_prize_challenge_id_position", "challenge_id", "position"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    challenge_id: Mapped[UUID] = mapped_column(ForeignKey("challenge.content_id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    places: Mapped[int] = mapped_column(SmallInteger, default=1)


class JudgeRow(Row):
    """A person who judges the entries of a challenge."""

    __tablename__ = "challenge_judge"
    __table_args__ = (Index("ix_challenge_judge_person_id", "person_id"),)

    challenge_id: Mapped[UUID] = mapped_column(ForeignKey("challenge.content_id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)


class ExtensionRow(Row):
    """One time that a deadline was put off after a challenge had opened. Never changed."""

    __tablename__ = "challenge_extension"
    __table_args__ = (Index("ix_challenge_extension_challenge_id_id", "challenge_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    challenge_id: Mapped[UUID] = mapped_column(ForeignKey("challenge.content_id", ondelete="CASCADE"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    closes_at: Mapped[datetime]
    judging_until: Mapped[datetime]
    reason: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)


class EntryRow(Row):
    """The idea `content_id` in a challenge, by a team or by its authors. Rank, score and prize are there from
    the publication of the results on; an entry that nobody scored has none."""

    __tablename__ = "challenge_entry"
    __table_args__ = (
        Index("uq_challenge_entry_idea", "challenge_id", "content_id", unique=True, postgresql_where=_ACTIVE),
        Index("uq_challenge_entry_team", "challenge_id", "team_id", unique=True, postgresql_where=_ACTIVE),
        Index("ix_challenge_entry_challenge_id_id", "challenge_id", "id"),
        Index("ix_challenge_entry_challenge_id_rank_id", "challenge_id", "rank", "id"),
        Index("ix_challenge_entry_awarded", "ranked_at", "id", postgresql_where=_AWARDED),
        Index("ix_challenge_entry_awarded_idea", "content_id", "ranked_at", "id", postgresql_where=_AWARDED),
        Index("ix_challenge_entry_awarded_challenge", "challenge_id", "ranked_at", "id", postgresql_where=_AWARDED),
        Index("ix_challenge_entry_team_id", "team_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    challenge_id: Mapped[UUID] = mapped_column(ForeignKey("challenge.content_id", ondelete="CASCADE"))
    content_id: Mapped[UUID] = mapped_column(ForeignKey("content.id", ondelete="CASCADE"))
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("team.id"))
    entered_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    withdrawn_at: Mapped[datetime | None]
    rank: Mapped[int | None]
    score: Mapped[Decimal | None] = mapped_column(Numeric(6, 4))
    tied: Mapped[int | None]
    prize_id: Mapped[UUID | None] = mapped_column(ForeignKey("challenge_prize.id"))
    ranked_at: Mapped[datetime | None]


class ScorecardRow(Row):
    """What one judge thinks of one entry, or that they abstain. Until the results are published nothing else changes
    with it, so that nothing tells of it."""

    __tablename__ = "challenge_scorecard"
    __table_args__ = (
        UniqueConstraint("entry_id", "judge_id"),
        Index("ix_challenge_scorecard_challenge_id_id", "challenge_id", "id"),
        Index("ix_challenge_scorecard_challenge_id_judge_id_id", "challenge_id", "judge_id", "id"),
        Index("ix_challenge_scorecard_entry_id_id", "entry_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    challenge_id: Mapped[UUID] = mapped_column(ForeignKey("challenge.content_id", ondelete="CASCADE"))
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("challenge_entry.id", ondelete="CASCADE"))
    judge_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    abstained: Mapped[bool] = mapped_column(default=False)
    comment: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class ScoreRow(Row):
    """A judge's score for one criterion, 0 to 10."""

    __tablename__ = "challenge_score"
    __table_args__ = (CheckConstraint("score BETWEEN 0 AND 10", name="score"),)

    scorecard_id: Mapped[UUID] = mapped_column(
        ForeignKey("challenge_scorecard.id", ondelete="CASCADE"), primary_key=True
    )
    criterion_id: Mapped[UUID] = mapped_column(ForeignKey("challenge_criterion.id"), primary_key=True)
    score: Mapped[int] = mapped_column(SmallInteger)
