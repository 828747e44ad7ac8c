"""search: documents, eras and recorded searches"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "search_document",
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("head", postgresql.TSVECTOR(), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.Column("cutter", sa.Text(), nullable=False),
        sa.Column("indexed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["content_id"], ["content.id"], name=op.f("fk_search_document_content_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_search_document")),
    )
    # Read only to check a phrase: out of line, and spared the time to unpack.
    op.execute("ALTER TABLE search_document ALTER COLUMN words SET STORAGE EXTERNAL")
    # Statistics of what texts contain would cost much to gather, and no search is planned by them.
    op.execute("ALTER TABLE search_document ALTER COLUMN words SET STATISTICS 0, ALTER COLUMN head SET STATISTICS 0")
    op.create_index(
        "ix_search_document_words",
        "search_document",
        ["head", "words"],
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": 32768},
    )
    op.create_table(
        "search_era",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("latest", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_search_era")),
        sa.UniqueConstraint("starts", name=op.f("uq_search_era_starts")),
    )
    op.create_table(
        "search_refresh",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("after", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_refresh")),
    )
    op.create_table(
        "search_query",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("filters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("exact", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_query")),
    )
    op.create_index("ix_search_query_at", "search_query", ["at"])
    op.create_index("ix_search_query_person_id_at", "search_query", ["person_id", "at"])
    op.create_table(
        "searched_text",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("searches", sa.Integer(), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("last_hits", sa.Integer(), nullable=False),
        sa.Column("without_hits", sa.Boolean(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_searched_text")),
        sa.UniqueConstraint("text", name=op.f("uq_searched_text_text")),
    )
    for leading in ([], ["without_hits"]):
        for column in ("searches", "last_at"):
            op.create_index(
                "_".join(("ix_searched_text", *leading, column, "id")),
                "searched_text",
                [*leading, sa.literal_column(f"{column} DESC"), sa.literal_column("id DESC")],
            )


def downgrade() -> None:
    op.drop_table("searched_text")
    op.drop_table("search_query")
    op.drop_table("search_refresh")
    op.drop_table("search_era")
    op.drop_table("search_document")
