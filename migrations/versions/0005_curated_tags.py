"""tags: which were made by a knowledge manager; discussion: indexes of the lists of roots and of what is mine"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("tag", sa.Column("curated", sa.Boolean(), nullable=False, server_default=sa.false()))
    roots = sa.text("parent_id IS NULL")
    op.create_index("ix_comment_roots", "comment", ["content_id", "created_at", "id"], postgresql_where=roots)


def downgrade() -> None:
    op.drop_index("ix_comment_roots", "comment")
    op.drop_column("tag", "curated")
