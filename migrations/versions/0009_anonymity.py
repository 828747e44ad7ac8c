"""anonymity: sealed authors, openings, credits"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_ANONYMOUS = "author_id = '00000000-0000-7000-8000-000000000003'"


def upgrade() -> None:
    unnamed = sa.Column("unnamed", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    op.add_column("idempotency", unnamed)
    op.add_column("api_key", sa.Column("by_other", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.execute(
        "UPDATE api_key k SET by_other = true FROM journal j"
        " WHERE j.happened = 'key_created' AND j.object_id = k.id AND j.actor_id <> k.person_id"
    )
    op.execute(
        "UPDATE api_key SET last_used_at = date_trunc('day', last_used_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'"
    )
    op.create_table(
        "seal",
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("data_key", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.LargeBinary(), nullable=False),
        sa.Column("credited", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"], name=op.f("fk_seal_content_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_seal")),
    )
    op.create_index("ix_seal_key_id", "seal", ["key_id", "content_id"])
    op.create_index("ix_seal_uncredited", "seal", ["content_id"], postgresql_where=sa.text("NOT credited"))
    op.create_table(
        "unsealing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by_id", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by_id", sa.Uuid(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("approved_by_id <> requested_by_id", name=op.f("ck_unsealing_two_people")),
        sa.CheckConstraint("(approved_by_id IS NULL) = (approved_at IS NULL)", name=op.f("ck_unsealing_approved")),
        sa.ForeignKeyConstraint(
            ["content_id"], ["content.id"], name=op.f("fk_unsealing_content_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["requested_by_id"], ["person.id"], name=op.f("fk_unsealing_requested_by_id")),
        sa.ForeignKeyConstraint(["approved_by_id"], ["person.id"], name=op.f("fk_unsealing_approved_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unsealing")),
    )
    newest = [sa.text("requested_at DESC"), sa.text("id DESC")]
    op.create_index("ix_unsealing_requested", "unsealing", newest)
    op.create_index("ix_unsealing_content", "unsealing", ["content_id", *newest])
    op.create_table(
        "unsealing_opening",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unsealing_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["unsealing_id"], ["unsealing.id"], name=op.f("fk_unsealing_opening_unsealing_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_unsealing_opening_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unsealing_opening")),
    )
    op.create_index("ix_unsealing_opening_unsealing_id_at", "unsealing_opening", ["unsealing_id", "at"])
    op.create_table(
        "credit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_credit_amount")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_credit_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit")),
    )
    op.create_index("ix_credit_person_id_day", "credit", ["person_id", sa.text("day DESC"), sa.text("id DESC")])
    op.create_index("ix_credit_day", "credit", ["day"])
    # Small, since it holds nothing but what is anonymous: its authors find what is theirs.
    for by in ("listed", "updated"):
        op.create_index(
            f"ix_content_own_anonymous_{by}",
            "content",
            ["kind", "owner_id", sa.text(f"{by}_at DESC"), sa.text("id DESC")],
            postgresql_where=sa.text(_ANONYMOUS),
        )


def downgrade() -> None:
    for by in ("listed", "updated"):
        op.drop_index(f"ix_content_own_anonymous_{by}", "content")
    for table in ("credit", "unsealing_opening", "unsealing", "seal"):
        op.drop_table(table)
    op.drop_column("api_key", "by_other")
    op.drop_column("idempotency", "unnamed")
