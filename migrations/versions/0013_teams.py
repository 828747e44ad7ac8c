"""teams: calls for skills, members, applications"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

DEPARTMENTS = """
CREATE VIEW team_department AS
  SELECT m.team_id, p.department_id, count(*)::int AS members
  FROM team_member m JOIN person p ON p.id = m.person_id
  WHERE p.department_id IS NOT NULL GROUP BY m.team_id, p.department_id
"""
"""How many members of a team a department has."""

_PENDING = sa.text("state = 'pending'")


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _of(table: str, column: str, target: str, **options: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, **options)


def upgrade() -> None:
    op.create_table(
        "team",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("content_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        _moment("dissolved_at", nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        _of("team", "content_id", "content", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
    )
    op.create_index("ix_team_content_id_id", "team", ["content_id", "id"])
    op.create_table(
        "team_member",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("lead", sa.Boolean(), nullable=False),
        _moment("since"),
        _of("team_member", "team_id", "team", ondelete="CASCADE"),
        _of("team_member", "person_id", "person"),
        sa.PrimaryKeyConstraint("team_id", "person_id", name=op.f("pk_team_member")),
    )
    op.create_index("ix_team_member_person_id_team_id", "team_member", ["person_id", "team_id"])
    op.execute(DEPARTMENTS)
    op.create_table(
        "team_call",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("skills", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("seats", sa.SmallInteger(), nullable=False),
        sa.Column("taken", sa.SmallInteger(), nullable=False),
        _moment("closes_at"),
        _moment("closed_at", nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        sa.CheckConstraint("taken BETWEEN 0 AND seats", name=op.f("ck_team_call_taken")),
        _of("team_call", "team_id", "team", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_call")),
    )
    op.create_index("ix_team_call_team_id_id", "team_call", ["team_id", "id"])
    op.create_index("ix_team_call_team_id_closes_at_id", "team_call", ["team_id", "closes_at", "id"])
    op.create_index("ix_team_call_closes_at_id", "team_call", ["closes_at", "id"])
    op.create_table(
        "team_call_skill",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("skill", sa.Text(), nullable=False),
        _moment("closes_at"),
        _of("team_call_skill", "call_id", "team_call", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "skill", name=op.f("pk_team_call_skill")),
    )
    op.create_index("ix_team_call_skill_skill_call_id", "team_call_skill", ["skill", "call_id"])
    op.create_index("ix_team_call_skill_skill_closes_at_call_id", "team_call_skill", ["skill", "closes_at", "call_id"])
    op.create_table(
        "team_application",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("skill", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        _moment("decided_at", nullable=True),
        _moment("created_at"),
        sa.CheckConstraint(
            "state IN ('pending', 'accepted', 'declined', 'withdrawn')", name=op.f("ck_team_application_state")
        ),
        _of("team_application", "team_id", "team", ondelete="CASCADE"),
        _of("team_application", "call_id", "team_call", ondelete="CASCADE"),
        _of("team_application", "person_id", "person"),
        _of("team_application", "decided_by", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_application")),
    )
    op.create_index(
        "uq_team_application_pending", "team_application", ["team_id", "person_id"], unique=True,
        postgresql_where=_PENDING,
    )  # fmt: skip
    op.create_index("ix_team_application_team_id_id", "team_application", ["team_id", "id"])
    op.create_index("ix_team_application_team_id_state_id", "team_application", ["team_id", "state", "id"])
    op.create_index("ix_team_application_person_id_id", "team_application", ["person_id", "id"])
    op.create_index("ix_team_application_call_id_person_id", "team_application", ["call_id", "person_id"])
    op.create_table(
        "team_invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        _moment("expires_at"),
        _moment("answered_at", nullable=True),
        _moment("created_at"),
        sa.CheckConstraint(
            "state IN ('pending', 'accepted', 'declined', 'withdrawn')", name=op.f("ck_team_invitation_state")
        ),
        _of("team_invitation", "team_id", "team", ondelete="CASCADE"),
        _of("team_invitation", "person_id", "person"),
        _of("team_invitation", "invited_by", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_invitation")),
    )
    op.create_index("ix_team_invitation_team_id_id", "team_invitation", ["team_id", "id"])
    op.create_index("ix_team_invitation_person_id_id", "team_invitation", ["person_id", "id"])


def downgrade() -> None:
    op.execute("DROP VIEW team_department")
    for table in ("team_invitation", "team_application", "team_call_skill", "team_call", "team_member", "team"):
        op.drop_table(table)
