"""ideas: what triage suggests"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ANSWERS = """
CREATE VIEW idea_answer AS
SELECT i.content_id, a.position::int AS position, a.answer ->> 'field' AS field, a.answer ->> 'text' AS text
FROM idea i CROSS JOIN LATERAL jsonb_array_elements(i.answers) WITH ORDINALITY AS a (answer, position)
"""


def _per_cent(name: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"{name} BETWEEN 0 AND 100", name=op.f(f"ck_triage_{name}"))


def _reference(table: str, column: str, to: str, ondelete: str | None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=op.f(f"fk_{table}_{column}"), ondelete=ondelete)


def upgrade() -> None:
    op.execute(ANSWERS)
    op.create_table(
        "triage",
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Uuid(), nullable=True),
        sa.Column("size", sa.Text(), nullable=False),
        sa.Column("novelty", sa.SmallInteger(), nullable=False),
        sa.Column("completeness", sa.SmallInteger(), nullable=False),
        sa.Column("reach", sa.SmallInteger(), nullable=False),
        sa.Column("suggested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("model_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("model_attempts", sa.SmallInteger(), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_category_id", sa.Uuid(), nullable=True),
        sa.Column("confirmed_size", sa.Text(), nullable=True),
        sa.CheckConstraint("source IN ('corpus', 'model')", name=op.f("ck_triage_source")),
        sa.CheckConstraint("size IN ('small', 'large')", name=op.f("ck_triage_size")),
        *(_per_cent(name) for name in ("novelty", "completeness", "reach")),
        _reference("triage", "content_id", "content.id", "CASCADE"),
        _reference("triage", "category_id", "category.id", "SET NULL"),
        _reference("triage", "confirmed_category_id", "category.id", "SET NULL"),
        _reference("triage", "confirmed_by", "person.id", None),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_triage")),
    )
    due = sa.text("model_due_at IS NOT NULL")
    op.create_index("ix_triage_model_due_at", "triage", ["model_due_at"], postgresql_where=due)
    op.create_index("ix_triage_category_id", "triage", ["category_id"])
    op.create_index("ix_triage_confirmed_category_id", "triage", ["confirmed_category_id"])
    op.create_table(
        "triage_category",
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("category_id", sa.Uuid(), nullable=False),
        sa.Column("weight", sa.SmallInteger(), nullable=False),
        _reference("triage_category", "content_id", "triage.content_id", "CASCADE"),
        _reference("triage_category", "category_id", "category.id", "CASCADE"),
        sa.PrimaryKeyConstraint("content_id", "category_id", name=op.f("pk_triage_category")),
    )
    op.create_index("ix_triage_category_category_id", "triage_category", ["category_id"])
    op.create_table(
        "triage_reviewer",
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("contents", sa.SmallInteger(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "reason IN ('wrote_similar', 'decided_on_similar', 'named')", name=op.f("ck_triage_reviewer_reason")
        ),
        _reference("triage_reviewer", "content_id", "triage.content_id", "CASCADE"),
        _reference("triage_reviewer", "person_id", "person.id", None),
        sa.PrimaryKeyConstraint("content_id", "person_id", name=op.f("pk_triage_reviewer")),
    )
    op.create_index("ix_triage_reviewer_person_id", "triage_reviewer", ["person_id"])
    op.create_table(
        "triage_neighbour",
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("likeness", sa.SmallInteger(), nullable=False),
        _reference("triage_neighbour", "content_id", "triage.content_id", "CASCADE"),
        _reference("triage_neighbour", "other_id", "content.id", "CASCADE"),
        sa.PrimaryKeyConstraint("content_id", "other_id", name=op.f("pk_triage_neighbour")),
    )
    op.create_index("ix_triage_neighbour_other_id", "triage_neighbour", ["other_id"])
    op.create_table(
        "triage_reason",
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("aspect", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("parameters", JSONB(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("words_en", sa.Text(), nullable=False),
        _reference("triage_reason", "content_id", "triage.content_id", "CASCADE"),
        sa.PrimaryKeyConstraint("content_id", "position", name=op.f("pk_triage_reason")),
    )
    op.create_table(
        "triage_print",
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("keys", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("title", sa.LargeBinary(), nullable=False),
        sa.Column("rest", sa.LargeBinary(), nullable=False),
        _reference("triage_print", "content_id", "content.id", "CASCADE"),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_triage_print")),
    )
    # Nothing is planned by what the keys are, and statistics of them would cost much to gather.
    op.execute("ALTER TABLE triage_print ALTER COLUMN keys SET STATISTICS 0")
    op.create_index(
        "ix_triage_print_keys", "triage_print", ["keys"], postgresql_using="gin", postgresql_with={"fastupdate": "off"}
    )
    op.create_table(
        "model_use",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_model_use")),
    )


def downgrade() -> None:
    for table in (
        "model_use",
        "triage_print",
        "triage_reason",
        "triage_neighbour",
        "triage_reviewer",
        "triage_category",
        "triage",
    ):
        op.drop_table(table)
    op.execute("DROP VIEW idea_answer")
