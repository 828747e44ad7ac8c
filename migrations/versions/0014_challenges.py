"""challenges: questions of sponsors, entries, judging"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ACTIVE = sa.text("withdrawn_at IS NULL")
_AWARDED = sa.text("prize_id IS NOT NULL")


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _of(table: str, column: str, target: str, **options: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [target], name=name, **options)


def upgrade() -> None:
    op.create_table(
        "challenge",
        sa.Column("content_id", sa.Uuid(), nullable=False),
        _moment("opens_at", nullable=True),
        _moment("closes_at"),
        _moment("judging_until"),
        sa.Column("team_min", sa.SmallInteger(), nullable=True),
        sa.Column("team_max", sa.SmallInteger(), nullable=True),
        _moment("results_at", nullable=True),
        sa.Column("results_note", sa.Text(), nullable=True),
        sa.CheckConstraint("closes_at > opens_at", name=op.f("ck_challenge_closes_at")),
        sa.CheckConstraint("judging_until > closes_at", name=op.f("ck_challenge_judging_until")),
        sa.CheckConstraint("team_min BETWEEN 1 AND team_max", name=op.f("ck_challenge_team_min")),
        _of("challenge", "content_id", "content.id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_challenge")),
    )
    op.create_index("ix_challenge_closes_at_content_id", "challenge", ["closes_at", "content_id"])
    for table, number in (("challenge_criterion", "weight"), ("challenge_prize", "places")):
        checks = [sa.CheckConstraint("weight BETWEEN 1 AND 100", name=op.f("ck_challenge_criterion_weight"))]
        op.create_table(
            table,
            sa.Column("id", sa.Uuid(), nullable=False),
            sa.Column("challenge_id", sa.Uuid(), nullable=False),
            sa.Column("position", sa.SmallInteger(), nullable=False),
            sa.Column("name", sa.Text(), nullable=False),
            sa.Column("description", sa.Text(), nullable=False),
            sa.Column(number, sa.SmallInteger(), nullable=False),
            *(checks if number == "weight" else []),
            _of(table, "challenge_id", "challenge.content_id", ondelete="CASCADE"),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        )
        op.create_index(f"ix_{table}_challenge_id_position", table, ["challenge_id", "position"])
    op.create_table(
        "challenge_judge",
        sa.Column("challenge_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        _of("challenge_judge", "challenge_id", "challenge.content_id", ondelete="CASCADE"),
        _of("challenge_judge", "person_id", "person.id"),
        sa.PrimaryKeyConstraint("challenge_id", "person_id", name=op.f("pk_challenge_judge")),
    )
    op.create_index("ix_challenge_judge_person_id", "challenge_judge", ["person_id"])
    op.create_table(
        "challenge_extension",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("challenge_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        _moment("closes_at"),
        _moment("judging_until"),
        sa.Column("reason", sa.Text(), nullable=False),
        _moment("created_at"),
        _of("challenge_extension", "challenge_id", "challenge.content_id", ondelete="CASCADE"),
        _of("challenge_extension", "person_id", "person.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenge_extension")),
    )
    op.create_index("ix_challenge_extension_challenge_id_id", "challenge_extension", ["challenge_id", "id"])
    _create_entries()
    _create_scorecards()


def _create_entries() -> None:
    op.create_table(
        "challenge_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("challenge_id", sa.Uuid(), nullable=False),
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        _moment("created_at"),
        _moment("withdrawn_at", nullable=True),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("score", sa.Numeric(6, 4), nullable=True),
        sa.Column("tied", sa.Integer(), nullable=True),
        sa.Column("prize_id", sa.Uuid(), nullable=True),
        _moment("ranked_at", nullable=True),
        _of("challenge_entry", "challenge_id", "challenge.content_id", ondelete="CASCADE"),
        _of("challenge_entry", "content_id", "content.id", ondelete="CASCADE"),
        _of("challenge_entry", "team_id", "team.id"),
        _of("challenge_entry", "entered_by", "person.id"),
        _of("challenge_entry", "prize_id", "challenge_prize.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenge_entry")),
    )
    for name, columns, where in (
        ("uq_challenge_entry_idea", ["challenge_id", "content_id"], _ACTIVE),
        ("uq_challenge_entry_team", ["challenge_id", "team_id"], _ACTIVE),
        ("ix_challenge_entry_challenge_id_id", ["challenge_id", "id"], None),
        ("ix_challenge_entry_challenge_id_rank_id", ["challenge_id", "rank", "id"], None),
        ("ix_challenge_entry_awarded", ["ranked_at", "id"], _AWARDED),
        ("ix_challenge_entry_awarded_idea", ["content_id", "ranked_at", "id"], _AWARDED),
        ("ix_challenge_entry_awarded_challenge", ["challenge_id", "ranked_at", "id"], _AWARDED),
        ("ix_challenge_entry_team_id", ["team_id"], None),
    ):
        op.create_index(name, "challenge_entry", columns, unique=name.startswith("uq_"), postgresql_where=where)


def _create_scorecards() -> None:
    op.create_table(
        "challenge_scorecard",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("challenge_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("judge_id", sa.Uuid(), nullable=False),
        sa.Column("abstained", sa.Boolean(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        _of("challenge_scorecard", "challenge_id", "challenge.content_id", ondelete="CASCADE"),
        _of("challenge_scorecard", "entry_id", "challenge_entry.id", ondelete="CASCADE"),
        _of("challenge_scorecard", "judge_id", "person.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenge_scorecard")),
        sa.UniqueConstraint("entry_id", "judge_id", name=op.f("uq_challenge_scorecard_entry_id_judge_id")),
    )
    for columns in (["challenge_id", "id"], ["challenge_id", "judge_id", "id"], ["entry_id", "id"]):
        op.create_index(f"ix_challenge_scorecard_{'_'.join(columns)}", "challenge_scorecard", columns)
    op.create_table(
        "challenge_score",
        sa.Column("scorecard_id", sa.Uuid(), nullable=False),
        sa.Column("criterion_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("score BETWEEN 0 AND 10", name=op.f("ck_challenge_score_score")),
        _of("challenge_score", "scorecard_id", "challenge_scorecard.id", ondelete="CASCADE"),
        _of("challenge_score", "criterion_id", "challenge_criterion.id"),
        sa.PrimaryKeyConstraint("scorecard_id", "criterion_id", name=op.f("pk_challenge_score")),
    )


def downgrade() -> None:
    parts = ("score", "scorecard", "entry", "extension", "judge", "prize", "criterion")
    for table in (*(f"challenge_{part}" for part in parts), "challenge"):
        op.drop_table(table)
