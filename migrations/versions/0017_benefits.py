"""benefits: claimed, committed and verified"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TOTALS = """
CREATE VIEW benefit_total AS
SELECT content_id, type, unit, count(*)::integer AS benefits,
  sum(claimed) AS claimed, sum(committed) AS committed, sum(verified) AS verified,
  round(sum(verified) FILTER (WHERE matured AND claimed > 0)
    / sum(claimed) FILTER (WHERE matured AND claimed > 0 AND verified IS NOT NULL), 4) AS realised_of_claimed,
  round(sum(verified) FILTER (WHERE matured AND committed > 0)
    / sum(committed) FILTER (WHERE matured AND committed > 0 AND verified IS NOT NULL), 4) AS realised_of_committed
FROM (
  SELECT content_id, type, unit, current_date >= starts_on + interval '12 months' AS matured,
    (SELECT first_year FROM benefit_entry e WHERE e.benefit_id = b.id AND level = 'claimed'
      ORDER BY number DESC LIMIT 1) AS claimed,
    (SELECT first_year FROM benefit_entry e WHERE e.benefit_id = b.id AND level = 'committed'
      ORDER BY number DESC LIMIT 1) AS committed,
    (SELECT first_year FROM benefit_entry e WHERE e.benefit_id = b.id AND level = 'verified'
      ORDER BY number DESC LIMIT 1) AS verified
  FROM benefit b
) AS present
GROUP BY content_id, type, unit
"""
"""What the benefits of each idea come to, by the present figure of each level; types and units are never added."""

TAKE = """
CREATE FUNCTION benefit_takes_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT CASE WHEN c.state = 'published' THEN c.stage END, c.department_id INTO NEW.stage, NEW.department_id
  FROM content c WHERE c.id = NEW.content_id;
  RETURN NEW;
END $$
"""
FOLLOW = """
CREATE FUNCTION benefit_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE benefit SET stage = CASE WHEN NEW.state = 'published' THEN NEW.stage END, department_id = NEW.department_id
  WHERE content_id = NEW.id;
  RETURN NULL;
END $$
"""
TAKES = """
CREATE TRIGGER benefit_takes_place BEFORE INSERT ON benefit
FOR EACH ROW EXECUTE FUNCTION benefit_takes_place()
"""
FOLLOWS = """
CREATE TRIGGER benefit_follows AFTER UPDATE OF stage, state, department_id ON content FOR EACH ROW
WHEN (NEW.kind = 'idea' AND (OLD.stage, OLD.state, OLD.department_id)
  IS DISTINCT FROM (NEW.stage, NEW.state, NEW.department_id))
EXECUTE FUNCTION benefit_follows()
"""
"""A benefit knows where its idea stands, so that the list of what awaits somebody walks one index."""

NEWEST_FIRST = (sa.text("created_at DESC"), sa.text("id DESC"))


def upgrade() -> None:
    op.create_table(
        "benefit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("recurrence", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("cost", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("cost_currency", sa.Text(), nullable=True),
        sa.Column("is_committed", sa.Boolean(), nullable=False),
        sa.Column("is_verified", sa.Boolean(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("recurrence IN ('one_off', 'yearly')", name=op.f("ck_benefit_recurrence")),
        sa.CheckConstraint(
            "type IN ('time', 'saving', 'avoided_cost', 'revenue', 'quality', 'safety')", name=op.f("ck_benefit_type")
        ),
        sa.CheckConstraint("(cost IS NULL) = (cost_currency IS NULL)", name=op.f("ck_benefit_cost")),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"], name=op.f("fk_benefit_content_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_benefit_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_benefit")),
    )
    for column in ("content_id", "type", "department_id"):
        op.create_index(f"ix_benefit_{column}", "benefit", [column, *NEWEST_FIRST])
    op.create_index("ix_benefit_created_at", "benefit", [*NEWEST_FIRST])
    uncommitted = "NOT is_committed AND stage IN ('approved', 'in_pilot', 'implemented', 'verified')"
    unverified = "NOT is_verified AND stage IN ('implemented', 'verified')"
    op.create_index("ix_benefit_uncommitted", "benefit", [*NEWEST_FIRST], postgresql_where=sa.text(uncommitted))
    op.create_index("ix_benefit_unverified", "benefit", [*NEWEST_FIRST], postgresql_where=sa.text(unverified))
    op.create_table(
        "benefit_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("benefit_id", sa.Uuid(), nullable=False),
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("first_year", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("months", sa.ARRAY(sa.Numeric(precision=14, scale=2)), nullable=True),
        sa.Column("corrects", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("level IN ('claimed', 'committed', 'verified')", name=op.f("ck_benefit_entry_level")),
        sa.CheckConstraint("(number = 1) = (corrects IS NULL)", name=op.f("ck_benefit_entry_correction")),
        sa.CheckConstraint("number > 1 OR first_year >= 0", name=op.f("ck_benefit_entry_first_year")),
        sa.ForeignKeyConstraint(
            ["benefit_id"], ["benefit.id"], name=op.f("fk_benefit_entry_benefit_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["content_id"], ["content.id"], name=op.f("fk_benefit_entry_content_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["corrects"], ["benefit_entry.id"], name=op.f("fk_benefit_entry_corrects")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_benefit_entry_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_benefit_entry")),
        sa.UniqueConstraint("benefit_id", "level", "number", name="uq_benefit_entry_number"),
    )
    op.create_index(
        "ix_benefit_entry_benefit_id", "benefit_entry", ["benefit_id", sa.text("created_at DESC"), sa.text("id DESC")]
    )
    for statement in (TOTALS, TAKE, FOLLOW, TAKES, FOLLOWS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER benefit_follows ON content")
    op.execute("DROP TRIGGER benefit_takes_place ON benefit")
    op.execute("DROP FUNCTION benefit_follows")
    op.execute("DROP FUNCTION benefit_takes_place")
    op.execute("DROP VIEW benefit_total")
    for table in ("benefit_entry", "benefit"):
        op.drop_table(table)
