"""outcomes: series of business figures from other systems"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

LATEST_FIRST = (sa.text("month DESC"), sa.text("id DESC"))


def upgrade() -> None:
    op.create_table(
        "outcome_series",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("better", sa.Text(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("external_source", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("better IN ('lower', 'higher')", name=op.f("ck_outcome_series_better")),
        sa.CheckConstraint(
            "(external_source IS NULL) = (external_id IS NULL)", name=op.f("ck_outcome_series_external")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcome_series")),
        sa.UniqueConstraint("external_source", "external_id", name="uq_outcome_series_external"),
    )
    op.create_index("ix_outcome_series_name_id", "outcome_series", ["name", "id"])
    op.create_index("ix_outcome_series_archived_name_id", "outcome_series", ["archived", "name", "id"])
    op.create_table(
        "outcome_value",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("value", sa.Numeric(precision=18, scale=6), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("extract(day from month) = 1", name=op.f("ck_outcome_value_month")),
        sa.ForeignKeyConstraint(["series_id"], ["outcome_series.id"], name=op.f("fk_outcome_value_series_id")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_outcome_value_department_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_outcome_value_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcome_value")),
        sa.UniqueConstraint(
            "series_id",
            "department_id",
            "month",
            "number",
            name="uq_outcome_value_number",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        "uq_outcome_value_current",
        "outcome_value",
        ["series_id", "department_id", "month"],
        unique=True,
        postgresql_where=sa.text("current"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index("ix_outcome_value_series_id", "outcome_value", ["series_id", *LATEST_FIRST])
    op.create_index("ix_outcome_value_department_id", "outcome_value", ["department_id", "series_id", *LATEST_FIRST])
    op.create_index(
        "ix_outcome_value_company",
        "outcome_value",
        ["series_id", *LATEST_FIRST],
        postgresql_where=sa.text("department_id IS NULL"),
    )


def downgrade() -> None:
    for table in ("outcome_value", "outcome_series"):
        op.drop_table(table)
