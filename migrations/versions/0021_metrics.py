"""metrics: figures as they were computed last, and what is to be computed again"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "metric_value",
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("value", sa.Float(53), nullable=True),
        sa.Column("numerator", sa.Numeric(), nullable=True),
        sa.Column("denominator", sa.Numeric(), nullable=True),
        sa.Column("low", sa.Float(53), nullable=True),
        sa.Column("high", sa.Float(53), nullable=True),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("metric", "department_id", "kind", "grain", "start", name=op.f("pk_metric_value")),
    )
    op.create_table(
        "metric_flow",
        sa.Column("within_id", sa.Uuid(), nullable=False),
        sa.Column("quarter", sa.Date(), nullable=False),
        sa.Column("from_id", sa.Uuid(), nullable=False),
        sa.Column("to_id", sa.Uuid(), nullable=False),
        sa.Column("pairs", sa.Integer(), nullable=True),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("within_id", "quarter", "from_id", "to_id", name=op.f("pk_metric_flow")),
    )
    op.create_index("ix_metric_flow_quarter", "metric_flow", ["quarter"])
    op.create_table(
        "metric_stale",
        sa.Column("quarter", sa.Date(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("quarter", name=op.f("pk_metric_stale")),
    )
    op.create_table(
        "metric_state",
        sa.Column("id", sa.SmallInteger(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("first", sa.Date(), nullable=True),
        sa.Column("contribution", sa.BigInteger(), nullable=False),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("topics_on", sa.Date(), nullable=True),
        sa.Column("topics_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("topics_outdated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metric_state")),
    )
    op.create_table(
        "contributor_place",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("weight", sa.Numeric(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "grain", "start", name=op.f("pk_contributor_place")),
    )
    op.create_index("ix_contributor_place_place", "contributor_place", ["grain", "start", "place", "person_id"])
    op.create_index(
        "ix_contributor_place_department_id",
        "contributor_place",
        ["department_id", "grain", "start", "place", "person_id"],
    )
    op.create_table(
        "category_month",
        sa.Column("category_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("classification", sa.SmallInteger(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("ideas", sa.Integer(), nullable=False),
        sa.Column("views", sa.Integer(), nullable=False),
        sa.Column("thanks", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("category_id", "month", "classification", name=op.f("pk_category_month")),
    )
    op.create_table(
        "hot_topic",
        sa.Column("classification", sa.SmallInteger(), nullable=False),
        sa.Column("sort", sa.Text(), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("topic_id", sa.Uuid(), nullable=False),
        sa.Column("recent", sa.Integer(), nullable=False),
        sa.Column("baseline", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("ratio", sa.Float(53), nullable=True),
        sa.Column("low", sa.Float(53), nullable=False),
        sa.Column("high", sa.Float(53), nullable=True),
        sa.PrimaryKeyConstraint("classification", "sort", "place", name=op.f("pk_hot_topic")),
    )
    op.create_index("ix_viewing_at", "viewing", ["at"])
    op.create_index("ix_idea_decision_published_at", "idea_decision", ["published_at"])
    op.create_index("ix_benefit_starts_on", "benefit", ["starts_on"])


def downgrade() -> None:
    op.drop_index("ix_benefit_starts_on", "benefit")
    op.drop_index("ix_idea_decision_published_at", "idea_decision")
    op.drop_index("ix_viewing_at", "viewing")
    op.drop_table("hot_topic")
    op.drop_table("category_month")
    op.drop_table("contributor_place")
    op.drop_table("metric_state")
    op.drop_table("metric_stale")
    op.drop_table("metric_flow")
    op.drop_table("metric_value")
