"""incubation: milestones, pilots, roll-out, gates"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _columns(table: str, *, updated: bool = True) -> list[sa.Column[object] | sa.ForeignKeyConstraint]:
    """What all of them have: id, idea, version, times."""
    times = [sa.Column("created_at", sa.DateTime(timezone=True), nullable=False)]
    if updated:
        times.append(sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False))
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *times,
        sa.ForeignKeyConstraint(
            ["content_id"], ["content.id"], name=op.f(f"fk_{table}_content_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    op.create_table(
        "milestone",
        *_columns("milestone"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        _refers("milestone", "person_id", "person"),
    )
    op.create_index("ix_milestone_content_id_position_id", "milestone", ["content_id", "position", "id"])
    op.create_index("ix_milestone_person_id", "milestone", ["person_id"])
    by_due = ["owner_id", "due_on", "id"]
    op.create_index("ix_milestone_owner_id_due_on", "milestone", by_due)
    op.create_index("ix_milestone_open", "milestone", by_due, postgresql_where=sa.text("done_at IS NULL"))
    op.create_table(
        "pilot",
        *_columns("pilot"),
        sa.Column("site", sa.Text(), nullable=True),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("baseline", sa.Double(), nullable=True),
        sa.Column("target", sa.Double(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('planned', 'running', 'concluded', 'stopped')", name=op.f("ck_pilot_state")),
        sa.CheckConstraint("until_on >= from_on", name=op.f("ck_pilot_dates")),
        sa.CheckConstraint("(state = 'concluded') = (outcome IS NOT NULL)", name=op.f("ck_pilot_outcome")),
        _refers("pilot", "department_id", "department"),
    )
    op.create_index("ix_pilot_content_id_created_at_id", "pilot", ["content_id", "created_at", "id"])
    op.create_index("ix_pilot_department_id", "pilot", ["department_id"])
    op.create_table(
        "rollout",
        *_columns("rollout"),
        sa.Column("site", sa.Text(), nullable=True),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.CheckConstraint("site IS NOT NULL OR department_id IS NOT NULL", name=op.f("ck_rollout_place")),
        _refers("rollout", "department_id", "department"),
    )
    op.create_index("ix_rollout_content_id_created_at_id", "rollout", ["content_id", "created_at", "id"])
    op.create_index("ix_rollout_department_id", "rollout", ["department_id"])
    op.create_table(
        "gate",
        *_columns("gate", updated=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("opened_by_id", sa.Uuid(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("decision IN ('go', 'kill', 'hold', 'recycle')", name=op.f("ck_gate_decision")),
        sa.CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name=op.f("ck_gate_decided")),
        _refers("gate", "opened_by_id", "person"),
        _refers("gate", "decided_by_id", "person"),
    )
    op.create_index("uq_gate_content_id_number", "gate", ["content_id", "number"], unique=True)
    op.create_index("uq_gate_open", "gate", ["content_id"], unique=True, postgresql_where=sa.text("decision IS NULL"))


def downgrade() -> None:
    for table in ("gate", "rollout", "pilot", "milestone"):
        op.drop_table(table)
