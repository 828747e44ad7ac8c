"""The names that other systems give to content are each author's own.

Unique in the whole company, they told that something hidden exists, and whoever came first could keep a name that
somebody's nightly job needs.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_NAME = ["kind", "external_source", "external_id"]
_NAMED = sa.text("external_source IS NOT NULL")


def upgrade() -> None:
    op.drop_index("uq_content_external", table_name="content")
    op.create_index("uq_content_external", "content", [*_NAME, "author_id"], unique=True, postgresql_where=_NAMED)


def downgrade() -> None:
    op.drop_index("uq_content_external", table_name="content")
    op.create_index("uq_content_external", "content", _NAME, unique=True, postgresql_where=_NAMED)
