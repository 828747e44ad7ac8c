"""people: ids of other systems with their source, and an index for every list"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SEARCH_WORDS = "array_to_tsvector(array_remove(string_to_array(search_name, ' '), ''))"
LISTED_BY = ("department_id", "manager_id", "kind", "active")


def upgrade() -> None:
    for table in ("person", "department"):
        op.add_column(table, sa.Column("external_source", sa.Text(), nullable=True))
        op.drop_constraint(op.f(f"uq_{table}_external_id"), table)
        # Until now an id stood without its source; people came from the HR system.
        op.execute(f"UPDATE {table} SET external_source = 'hr' WHERE external_id IS NOT NULL")
        op.create_unique_constraint(f"uq_{table}_external", table, ["external_source", "external_id"])
        op.create_check_constraint(
            op.f(f"ck_{table}_external"), table, "(external_source IS NULL) = (external_id IS NULL)"
        )
    op.execute("UPDATE person SET email = lower(email) WHERE email <> lower(email)")
    op.create_check_constraint(op.f("ck_person_email"), "person", "email = lower(email)")
    op.drop_index("ix_person_manager_id", "person")
    op.drop_index("ix_person_search_name", "person")
    op.drop_index("ix_person_department_id_sort_name_id", "person")
    for column in LISTED_BY:
        op.create_index(f"ix_person_{column}_sort_name_id", "person", [column, "sort_name", "id"])
        op.create_index(f"ix_person_{column}_id", "person", [column, "id"])
    op.create_index("ix_person_search_words", "person", [sa.text(SEARCH_WORDS)], postgresql_using="gin")
    op.drop_index("ix_department_parent_id", "department")
    op.create_index("ix_department_parent_id_name_id", "department", ["parent_id", "name", "id"])
    op.create_index("ix_department_tree", "department", ["path"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_department_tree", "department")
    op.drop_index("ix_department_parent_id_name_id", "department")
    op.create_index("ix_department_parent_id", "department", ["parent_id"])
    op.drop_index("ix_person_search_words", "person")
    for column in LISTED_BY:
        op.drop_index(f"ix_person_{column}_sort_name_id", "person")
        op.drop_index(f"ix_person_{column}_id", "person")
    op.create_index("ix_person_department_id_sort_name_id", "person", ["department_id", "sort_name", "id"])
    op.create_index(
        "ix_person_search_name",
        "person",
        ["search_name"],
        postgresql_using="gin",
        postgresql_ops={"search_name": "gin_trgm_ops"},
    )
    op.create_index("ix_person_manager_id", "person", ["manager_id"])
    op.drop_constraint(op.f("ck_person_email"), "person")
    for table in ("person", "department"):
        op.drop_constraint(op.f(f"ck_{table}_external"), table)
        op.drop_constraint(f"uq_{table}_external", table)
        op.create_unique_constraint(op.f(f"uq_{table}_external_id"), table, ["external_id"])
        op.drop_column(table, "external_source")
