"""ideas: stages and owners of content, co-authors, votes"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ANONYMOUS = """
INSERT INTO person (id, kind, name, sort_name, search_name, language, clearance, active, version, created_at, updated_at)
VALUES ('00000000-0000-7000-8000-000000000003', 'system', '匿名 Anonymous', 'niming', '', 'zh', 0, false, 1, now(), now())
"""
"""The author shown for what was written without showing its author."""

_NAME = ["kind", "external_source", "external_id"]
_NAMED = sa.text("external_source IS NOT NULL")
_PUBLISHED = sa.text("state = 'published'")


def upgrade() -> None:
    op.execute(ANONYMOUS)
    op.add_column("content", sa.Column("owner_id", sa.Uuid(), nullable=True))
    op.add_column("content", sa.Column("stage", sa.Text(), nullable=True))
    op.add_column("comment", sa.Column("owner_id", sa.Uuid(), nullable=True))
    op.execute("UPDATE content SET owner_id = author_id")
    op.execute("UPDATE comment SET owner_id = author_id")
    op.alter_column("content", "owner_id", nullable=False)
    op.alter_column("comment", "owner_id", nullable=False)
    op.drop_index("uq_content_external", table_name="content")
    op.create_index("uq_content_external", "content", [*_NAME, "owner_id"], unique=True, postgresql_where=_NAMED)
    for by in ("listed", "updated"):
        op.create_index(
            f"ix_content_stage_{by}",
            "content",
            ["kind", "stage", sa.text(f"{by}_at DESC"), sa.text("id DESC")],
            postgresql_where=_PUBLISHED,
        )
    # What is found by now are knowledge items; from here on a search can ask for them, or for ideas, alone.
    op.execute("UPDATE search_document SET words = words || array_to_tsvector(ARRAY['=yknowledge_item'])")
    op.create_table(
        "idea",
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("template", sa.Text(), nullable=True),
        sa.Column("answers", postgresql.JSONB(), nullable=True),
        sa.Column("votes", sa.Integer(), nullable=False),
        sa.Column("members", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("merged_into", sa.Uuid(), nullable=True),
        sa.Column("stage_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("desk_id", sa.Uuid(), nullable=True),
        sa.Column("escalations", sa.SmallInteger(), nullable=False),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("days_left", sa.Numeric(8, 3), nullable=True),
        sa.Column("returns_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"], name=op.f("fk_idea_content_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["merged_into"], ["content.id"], name=op.f("fk_idea_merged_into")),
        sa.ForeignKeyConstraint(["desk_id"], ["person.id"], name=op.f("fk_idea_desk_id")),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_idea")),
        postgresql_with={"fillfactor": 80},
    )
    for name, columns, where in (
        ("ix_idea_due_at", ["due_at", "content_id"], "due_at IS NOT NULL"),
        ("ix_idea_desk_id_due_at", ["desk_id", "due_at", "content_id"], None),
        ("ix_idea_returns_on", ["returns_on"], "returns_on IS NOT NULL"),
        ("ix_idea_merged_into", ["merged_into"], "merged_into IS NOT NULL"),
    ):
        op.create_index(name, "idea", columns, postgresql_where=sa.text(where) if where else None)
    op.create_table(
        "idea_coauthor",
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("share", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("share BETWEEN 1 AND 100", name=op.f("ck_idea_coauthor_share")),
        sa.ForeignKeyConstraint(
            ["content_id"], ["content.id"], name=op.f("fk_idea_coauthor_content_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_idea_coauthor_person_id")),
        sa.PrimaryKeyConstraint("content_id", "person_id", name=op.f("pk_idea_coauthor")),
    )
    op.create_index("ix_idea_coauthor_person_id", "idea_coauthor", ["person_id"])
    op.create_table(
        "idea_vote",
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["content_id"], ["content.id"], name=op.f("fk_idea_vote_content_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_idea_vote_person_id")),
        sa.PrimaryKeyConstraint("content_id", "person_id", name=op.f("pk_idea_vote")),
    )
    op.create_index("ix_idea_vote_person_id_created_at", "idea_vote", ["person_id", "created_at"])


def downgrade() -> None:
    for table in ("idea_vote", "idea_coauthor", "idea"):
        op.drop_table(table)
    for by in ("listed", "updated"):
        op.drop_index(f"ix_content_stage_{by}", "content")
    op.drop_index("uq_content_external", table_name="content")
    op.create_index("uq_content_external", "content", [*_NAME, "author_id"], unique=True, postgresql_where=_NAMED)
    op.drop_column("comment", "owner_id")
    op.drop_column("content", "stage")
    op.drop_column("content", "owner_id")
    op.execute("DELETE FROM person WHERE id = '00000000-0000-7000-8000-000000000003'")
