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
    op.create_index("ix_benefit_content_id", "benefit", ["content_id", sa.text("created_at DESC"), sa.text("id DESC")])
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
    op.execute(TOTALS)


def downgrade() -> None:
    op.execute("DROP VIEW benefit_total")
    for table in ("benefit_entry", "benefit"):
        op.drop_table(table)
