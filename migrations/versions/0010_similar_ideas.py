"""ideas: what tells that two are alike"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "likeness",
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("keys", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("title", sa.LargeBinary(), nullable=False),
        sa.Column("rest", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["content_id"], ["content.id"], name=op.f("fk_likeness_content_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_likeness")),
    )
    # Nothing is planned by what the keys are, and statistics of them would cost much to gather.
    op.execute("ALTER TABLE likeness ALTER COLUMN keys SET STATISTICS 0")
    op.create_index(
        "ix_likeness_keys", "likeness", ["keys"], postgresql_using="gin", postgresql_with={"fastupdate": "off"}
    )
    op.create_index("ix_likeness_written_at", "likeness", ["written_at"])
    op.create_table(
        "likeness_count",
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("ideas", sa.Integer(), nullable=False),
        sa.Column("tokens", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("counts", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("level", name=op.f("pk_likeness_count")),
    )


def downgrade() -> None:
    op.drop_table("likeness_count")
    op.drop_table("likeness")
