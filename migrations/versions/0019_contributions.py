"""contributions: an account of who contributed what"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PLACES = """
CREATE VIEW contribution_place AS
SELECT id, person_id AS subject_id, recorded_at FROM contribution
UNION ALL
SELECT id, department_id, recorded_at FROM contribution
"""
"""Each entry under its person and under its department, so that whoever may see some departments, and what is their
own, walks the indexes of those."""


def upgrade() -> None:
    op.create_table(
        "contribution",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.SmallInteger(), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("weight", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("object_kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=True),
        sa.Column("content_id", sa.Uuid(), nullable=True),
        sa.Column("corrects_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_contribution_person_id")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_contribution_department_id")),
        sa.ForeignKeyConstraint(
            ["content_id"], ["content.id"], name=op.f("fk_contribution_content_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["corrects_id"], ["contribution.id"], name=op.f("fk_contribution_corrects_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_contribution")),
        sa.UniqueConstraint("id", name=op.f("uq_contribution_id")),
        sa.UniqueConstraint("corrects_id", name=op.f("uq_contribution_corrects_id")),
    )
    op.create_index("ix_contribution_recorded_at", "contribution", ["recorded_at", "id"])
    for column in ("person_id", "department_id"):
        op.create_index(f"ix_contribution_{column}_recorded_at", "contribution", [column, "recorded_at", "id"])
    for first, second in (("person_id", "month"), ("month", "person_id")):
        op.create_index(
            f"ix_contribution_{first}_{second}",
            "contribution",
            [first, second],
            postgresql_include=["department_id", "weight"],
        )
    op.create_index("ix_contribution_content_id", "contribution", ["content_id"])
    op.create_index(
        "ix_contribution_credited", "contribution", ["object_id"], postgresql_where=sa.text("rule = 'credited'")
    )
    op.execute(PLACES)
    op.create_table(
        "contribution_redated",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("after", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_contribution_redated_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_contribution_redated")),
    )


def downgrade() -> None:
    op.drop_table("contribution_redated")
    op.execute("DROP VIEW contribution_place")
    op.drop_table("contribution")
