"""content: the order by latest change within any state, not only of what is published"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

LATEST_FIRST = (sa.text("updated_at DESC"), sa.text("id DESC"))


def upgrade() -> None:
    op.create_index("ix_content_kind_state_updated", "content", ["kind", "state", *LATEST_FIRST])
    op.drop_index("ix_content_kind_updated", "content")


def downgrade() -> None:
    published = sa.text("state = 'published'")
    op.create_index("ix_content_kind_updated", "content", ["kind", *LATEST_FIRST], postgresql_where=published)
    op.drop_index("ix_content_kind_state_updated", "content")
