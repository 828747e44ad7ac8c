"""resources: budgets, requests and their ledger"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "budget",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("balance", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('hours', 'money', 'equipment', 'expert_time')", name=op.f("ck_budget_kind")),
        sa.CheckConstraint("balance >= 0", name=op.f("ck_budget_balance")),
        sa.CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name=op.f("ck_budget_days")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_budget_department_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_budget_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget")),
    )
    op.create_index("ix_budget_department_id_name_id", "budget", ["department_id", "name", "id"])
    op.create_index("ix_budget_kind_name_id", "budget", ["kind", "name", "id"])
    op.create_index("ix_budget_name_id", "budget", ["name", "id"])
    op.create_index("ix_budget_owner_id_name_id", "budget", ["owner_id", "name", "id"])
    op.create_table(
        "resource_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("needed_by", sa.Date(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('hours', 'money', 'equipment', 'expert_time')", name=op.f("ck_resource_request_kind")
        ),
        sa.CheckConstraint(
            "state IN ('requested', 'granted', 'declined', 'withdrawn', 'used_up', 'returned')",
            name=op.f("ck_resource_request_state"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_resource_request_amount")),
        sa.ForeignKeyConstraint(
            ["content_id"], ["content.id"], name=op.f("fk_resource_request_content_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_resource_request_decided_by")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_resource_request_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_request")),
    )
    op.create_index(
        "ix_resource_request_content_id",
        "resource_request",
        ["content_id", sa.text("created_at DESC"), sa.text("id DESC")],
    )
    op.create_index(
        "ix_resource_request_created_at", "resource_request", [sa.text("created_at DESC"), sa.text("id DESC")]
    )
    op.create_index(
        "ix_resource_request_kind", "resource_request", ["kind", sa.text("created_at DESC"), sa.text("id DESC")]
    )
    op.create_index(
        "ix_resource_request_state", "resource_request", ["state", sa.text("created_at DESC"), sa.text("id DESC")]
    )
    op.create_table(
        "resource_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("budget_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("used", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("returned", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_resource_grant_amount")),
        sa.CheckConstraint(
            "used >= 0 AND returned >= 0 AND used + returned <= amount", name=op.f("ck_resource_grant_spent")
        ),
        sa.ForeignKeyConstraint(["budget_id"], ["budget.id"], name=op.f("fk_resource_grant_budget_id")),
        sa.ForeignKeyConstraint(
            ["content_id"], ["content.id"], name=op.f("fk_resource_grant_content_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_resource_grant_person_id")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["resource_request.id"], name=op.f("fk_resource_grant_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_grant")),
        sa.UniqueConstraint("request_id", name=op.f("uq_resource_grant_request_id")),
    )
    op.create_index("ix_resource_grant_budget_id", "resource_grant", ["budget_id"])
    op.create_table(
        "resource_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("corrects", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('used', 'returned')", name=op.f("ck_resource_entry_kind")),
        sa.CheckConstraint("amount > 0 OR corrects IS NOT NULL", name=op.f("ck_resource_entry_amount")),
        sa.ForeignKeyConstraint(
            ["content_id"], ["content.id"], name=op.f("fk_resource_entry_content_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["corrects"], ["resource_entry.id"], name=op.f("fk_resource_entry_corrects")),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["resource_grant.id"], name=op.f("fk_resource_entry_grant_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_resource_entry_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_entry")),
        sa.UniqueConstraint("grant_id", "number", name="uq_resource_entry_number"),
    )
    op.create_index(
        "ix_resource_entry_corrects", "resource_entry", ["corrects"], postgresql_where=sa.text("corrects IS NOT NULL")
    )
    op.create_table(
        "budget_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("budget_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("balance", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('opened', 'adjusted', 'granted', 'returned', 'corrected')", name=op.f("ck_budget_entry_kind")
        ),
        sa.ForeignKeyConstraint(["budget_id"], ["budget.id"], name=op.f("fk_budget_entry_budget_id")),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["resource_grant.id"], name=op.f("fk_budget_entry_grant_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_budget_entry_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget_entry")),
        sa.UniqueConstraint("budget_id", "number", name="uq_budget_entry_number"),
    )
    op.create_index(
        "ix_budget_entry_grant_id", "budget_entry", ["grant_id"], postgresql_where=sa.text("grant_id IS NOT NULL")
    )


def downgrade() -> None:
    for table in ("budget_entry", "resource_entry", "resource_grant", "resource_request", "budget"):
        op.drop_table(table)
