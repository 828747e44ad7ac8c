"""tags on content: their places in both orders of lists, kept true by triggers"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TAKE = """
CREATE FUNCTION content_tag_takes_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT c.listed_at, c.updated_at INTO NEW.listed_at, NEW.updated_at FROM content c WHERE c.id = NEW.content_id;
  RETURN NEW;
END $$
"""
FOLLOW = """
CREATE FUNCTION content_tag_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE content_tag SET listed_at = NEW.listed_at, updated_at = NEW.updated_at WHERE content_id = NEW.id;
  RETURN NULL;
END $$
"""
TAKES = """
CREATE TRIGGER content_tag_takes_place BEFORE INSERT ON content_tag
FOR EACH ROW EXECUTE FUNCTION content_tag_takes_place()
"""
FOLLOWS = """
CREATE TRIGGER content_tag_follows AFTER UPDATE OF listed_at, updated_at ON content FOR EACH ROW
WHEN (OLD.listed_at IS DISTINCT FROM NEW.listed_at OR OLD.updated_at IS DISTINCT FROM NEW.updated_at)
EXECUTE FUNCTION content_tag_follows()
"""


def upgrade() -> None:
    op.add_column("content_tag", sa.Column("updated_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE content_tag t SET updated_at = c.updated_at FROM content c WHERE c.id = t.content_id")
    op.alter_column("content_tag", "updated_at", nullable=False)
    latest = (sa.text("updated_at DESC"), sa.text("content_id DESC"))
    op.create_index("ix_content_tag_updated", "content_tag", ["tag_id", *latest])
    for statement in (TAKE, FOLLOW, TAKES, FOLLOWS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER content_tag_follows ON content")
    op.execute("DROP TRIGGER content_tag_takes_place ON content_tag")
    op.execute("DROP FUNCTION content_tag_follows")
    op.execute("DROP FUNCTION content_tag_takes_place")
    op.drop_index("ix_content_tag_updated", "content_tag")
    op.drop_column("content_tag", "updated_at")
