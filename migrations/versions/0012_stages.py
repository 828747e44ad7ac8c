"""ideas: decisions, service levels, the working calendar"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

LEVELS = """
INSERT INTO service_level (id, position, size, stage, working_days, updated_at) VALUES
  ('00000000-0000-7000-8001-000000000001', 1, 'small', 'submitted', 2, now()),
  ('00000000-0000-7000-8001-000000000002', 2, 'small', 'screening', 3, now()),
  ('00000000-0000-7000-8001-000000000003', 3, 'small', 'evaluation', 5, now()),
  ('00000000-0000-7000-8001-000000000004', 4, 'small', 'approved', NULL, now()),
  ('00000000-0000-7000-8001-000000000005', 5, 'small', 'in_pilot', NULL, now()),
  ('00000000-0000-7000-8001-000000000006', 6, 'large', 'submitted', 3, now()),
  ('00000000-0000-7000-8001-000000000007', 7, 'large', 'screening', 5, now()),
  ('00000000-0000-7000-8001-000000000008', 8, 'large', 'evaluation', 20, now()),
  ('00000000-0000-7000-8001-000000000009', 9, 'large', 'approved', NULL, now()),
  ('00000000-0000-7000-8001-000000000010', 10, 'large', 'in_pilot', NULL, now())
"""

CLOCKS = """
UPDATE idea SET clock_from = stage_since FROM content
WHERE content.id = idea.content_id AND content.state = 'published'
  AND content.stage IN ('submitted', 'screening', 'evaluation', 'approved', 'in_pilot')
"""
"""Ideas that are there already: their clocks run from the beginning of their stage, and the reactor sets due times."""


def upgrade() -> None:
    op.create_table(
        "service_level",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("size", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("working_days", sa.SmallInteger(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("working_days BETWEEN 1 AND 365", name=op.f("ck_service_level_working_days")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_level")),
        sa.UniqueConstraint("size", "stage", name="uq_service_level_size_stage"),
    )
    op.create_index("ix_service_level_position", "service_level", ["position"], unique=True)
    op.execute(LEVELS)
    op.create_table(
        "calendar_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("working", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_day")),
    )
    op.create_table(
        "working_time",
        sa.Column("id", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.Column("after", sa.Uuid(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_working_time_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_working_time")),
    )
    op.execute("INSERT INTO working_time (id, version, pending) SELECT 1, 1, EXISTS (SELECT FROM idea)")
    op.create_table(
        "idea_escalation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("from_id", sa.Uuid(), nullable=True),
        sa.Column("to_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["content_id"], ["content.id"], name=op.f("fk_idea_escalation_content_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["from_id"], ["person.id"], name=op.f("fk_idea_escalation_from_id")),
        sa.ForeignKeyConstraint(["to_id"], ["person.id"], name=op.f("fk_idea_escalation_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idea_escalation")),
    )
    op.create_index("ix_idea_escalation_content_id_at", "idea_escalation", ["content_id", "at"])
    op.create_table(
        "idea_decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("explanation", sa.Text(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.CheckConstraint("outcome IN ('approved', 'declined', 'deferred')", name=op.f("ck_idea_decision_outcome")),
        sa.ForeignKeyConstraint(
            ["content_id"], ["content.id"], name=op.f("fk_idea_decision_content_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_idea_decision_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idea_decision")),
    )
    for name, columns, where in (
        ("ix_idea_decision_content_id", ["content_id", "decided_at", "id"], None),
        ("ix_idea_decision_decided_at", ["decided_at", "id"], None),
        ("ix_idea_decision_outcome", ["outcome", "decided_at", "id"], None),
        ("ix_idea_decision_private", ["decided_at", "id"], "published_at IS NULL"),
    ):
        op.create_index(name, "idea_decision", columns, postgresql_where=sa.text(where) if where else None)
    current = sa.text("current")
    op.create_index("uq_idea_decision_current", "idea_decision", ["content_id"], unique=True, postgresql_where=current)
    op.drop_column("idea", "days_left")
    op.add_column("idea", sa.Column("clock_from", sa.DateTime(timezone=True), nullable=True))
    op.add_column("idea", sa.Column("days_used", sa.Numeric(12, 6), nullable=True))
    op.add_column("idea", sa.Column("escalates_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("idea", sa.Column("question_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_idea_question_id"), "idea", "comment", ["question_id"], ["id"], ondelete="SET NULL")
    op.execute(CLOCKS)
    for name, column in (("ix_idea_escalates_at", "escalates_at"), ("ix_idea_clock", "content_id")):
        where = sa.text("clock_from IS NOT NULL" if column == "content_id" else f"{column} IS NOT NULL")
        op.create_index(name, "idea", [column], postgresql_where=where)
    about_content = sa.text("content_id IS NOT NULL")
    op.create_index("ix_journal_content", "journal", ["content_id", "at", "number"], postgresql_where=about_content)


def downgrade() -> None:
    op.drop_index("ix_journal_content", "journal")
    for name in ("ix_idea_clock", "ix_idea_escalates_at"):
        op.drop_index(name, "idea")
    for column in ("question_id", "escalates_at", "days_used", "clock_from"):
        op.drop_column("idea", column)
    op.add_column("idea", sa.Column("days_left", sa.Numeric(8, 3), nullable=True))
    for table in ("idea_decision", "idea_escalation", "working_time", "calendar_day", "service_level"):
        op.drop_table(table)
