"""reviews: policies, forms, panels, assignments, judgements, comparisons"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "review_form",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_form")),
    )
    op.create_index("ix_review_form_name_id", "review_form", ["name", "id"], unique=False)
    op.create_table(
        "review_form_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("form_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("approve_at", sa.Numeric(precision=3, scale=2), nullable=False),
        sa.Column("decline_below", sa.Numeric(precision=3, scale=2), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "1 <= decline_below AND decline_below <= approve_at AND approve_at <= 5",
            name=op.f("ck_review_form_version_limits"),
        ),
        sa.ForeignKeyConstraint(
            ["form_id"], ["review_form.id"], name=op.f("fk_review_form_version_form_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_review_form_version_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_form_version")),
        sa.UniqueConstraint("form_id", "number", name=op.f("uq_review_form_version_form_id_number")),
    )
    op.create_table(
        "review_policy",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("category_id", sa.Uuid(), nullable=True),
        sa.Column("variety", sa.Text(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("needs", sa.Text(), nullable=False),
        sa.Column("quorum", sa.SmallInteger(), nullable=True),
        sa.Column("roles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("groups", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("departments", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("expertise", sa.SmallInteger(), nullable=False),
        sa.Column("working_days", sa.SmallInteger(), nullable=False),
        sa.Column("steps_in_id", sa.Uuid(), nullable=True),
        sa.Column("form_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(needs = 'quorum') = (quorum IS NOT NULL)", name=op.f("ck_review_policy_quorum")),
        sa.CheckConstraint("kind = 'idea' OR stage IS NULL", name=op.f("ck_review_policy_stage")),
        sa.CheckConstraint("kind IN ('knowledge_item', 'idea')", name=op.f("ck_review_policy_kind")),
        sa.CheckConstraint("needs IN ('nothing', 'one', 'quorum', 'all')", name=op.f("ck_review_policy_needs")),
        sa.ForeignKeyConstraint(
            ["category_id"], ["category.id"], name=op.f("fk_review_policy_category_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["form_id"], ["review_form.id"], name=op.f("fk_review_policy_form_id")),
        sa.ForeignKeyConstraint(["steps_in_id"], ["person.id"], name=op.f("fk_review_policy_steps_in_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_policy")),
    )
    op.create_index("ix_review_policy_created_at_id", "review_policy", ["created_at", "id"], unique=False)
    op.create_index(
        "uq_review_policy_place",
        "review_policy",
        ["kind", "category_id", "variety", "stage"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "review_form_criterion",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("form_version_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("weight", sa.SmallInteger(), nullable=False),
        sa.Column("means_1", sa.Text(), nullable=False),
        sa.Column("means_3", sa.Text(), nullable=True),
        sa.Column("means_5", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("knock_out_below", sa.SmallInteger(), nullable=True),
        sa.CheckConstraint(
            "comment IN ('optional', 'extremes', 'always')", name=op.f("ck_review_form_criterion_comment")
        ),
        sa.CheckConstraint("knock_out_below BETWEEN 2 AND 5", name=op.f("ck_review_form_criterion_knock_out_below")),
        sa.CheckConstraint("weight BETWEEN 1 AND 100", name=op.f("ck_review_form_criterion_weight")),
        sa.ForeignKeyConstraint(
            ["form_version_id"],
            ["review_form_version.id"],
            name=op.f("fk_review_form_criterion_form_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_form_criterion")),
        sa.UniqueConstraint(
            "form_version_id", "position", name=op.f("uq_review_form_criterion_form_version_id_position")
        ),
    )
    op.create_table(
        "review_panel",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("form_version_id", sa.Uuid(), nullable=True),
        sa.Column("challenge_id", sa.Uuid(), nullable=True),
        sa.Column("chair_id", sa.Uuid(), nullable=False),
        sa.Column("hide_author", sa.Boolean(), nullable=False),
        sa.Column("each", sa.SmallInteger(), nullable=True),
        sa.Column("working_days", sa.SmallInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opening_note", sa.Text(), nullable=True),
        sa.Column("closing_note", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(method = 'scores') = (form_version_id IS NOT NULL)", name=op.f("ck_review_panel_form")),
        sa.CheckConstraint("method IN ('scores', 'pairs')", name=op.f("ck_review_panel_method")),
        sa.CheckConstraint(
            "state IN ('preparing', 'calibrating', 'open', 'closed', 'cancelled')", name=op.f("ck_review_panel_state")
        ),
        sa.ForeignKeyConstraint(["chair_id"], ["person.id"], name=op.f("fk_review_panel_chair_id")),
        sa.ForeignKeyConstraint(
            ["challenge_id"], ["challenge.content_id"], name=op.f("fk_review_panel_challenge_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["form_version_id"], ["review_form_version.id"], name=op.f("fk_review_panel_form_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_panel")),
    )
    op.create_index(
        "ix_review_panel_chair_id",
        "review_panel",
        ["chair_id", sa.text("created_at DESC"), sa.text("id DESC")],
        unique=False,
    )
    op.create_index("ix_review_panel_challenge_id", "review_panel", ["challenge_id"], unique=False)
    op.create_index(
        "ix_review_panel_created_at_id", "review_panel", [sa.text("created_at DESC"), sa.text("id DESC")], unique=False
    )
    op.create_index(
        "ix_review_panel_state", "review_panel", ["state", sa.text("created_at DESC"), sa.text("id DESC")], unique=False
    )
    op.create_table(
        "review",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("content_id", sa.Uuid(), nullable=False),
        sa.Column("panel_id", sa.Uuid(), nullable=True),
        sa.Column("sample", sa.Boolean(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("ended_revision", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("submitted_by", sa.Uuid(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("policy_id", sa.Uuid(), nullable=True),
        sa.Column("needs", sa.Text(), nullable=False),
        sa.Column("required", sa.SmallInteger(), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("groups", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("departments", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("expertise", sa.SmallInteger(), nullable=False),
        sa.Column("working_days", sa.SmallInteger(), nullable=False),
        sa.Column("steps_in_id", sa.Uuid(), nullable=True),
        sa.Column("form_version_id", sa.Uuid(), nullable=True),
        sa.Column("score", sa.Numeric(precision=6, scale=4), nullable=True),
        sa.Column("spread", sa.Numeric(precision=6, scale=4), nullable=True),
        sa.Column("judges", sa.SmallInteger(), nullable=True),
        sa.Column("knocked_out", sa.Boolean(), nullable=True),
        sa.Column("advice", sa.Text(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("strength", sa.Numeric(precision=10, scale=6), nullable=True),
        sa.Column("low", sa.Numeric(precision=10, scale=6), nullable=True),
        sa.Column("high", sa.Numeric(precision=10, scale=6), nullable=True),
        sa.Column("certainty", sa.Numeric(precision=7, scale=6), nullable=True),
        sa.CheckConstraint("advice IN ('approve', 'decline', 'undecided')", name=op.f("ck_review_advice")),
        sa.CheckConstraint("method IN ('verdict', 'scores', 'pairs')", name=op.f("ck_review_method")),
        sa.CheckConstraint("needs IN ('one', 'quorum', 'all')", name=op.f("ck_review_needs")),
        sa.CheckConstraint(
            "state IN ('preparing', 'open', 'approved', 'changes_requested', 'rejected', 'closed', 'withdrawn')",
            name=op.f("ck_review_state"),
        ),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"], name=op.f("fk_review_content_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["form_version_id"], ["review_form_version.id"], name=op.f("fk_review_form_version_id")
        ),
        sa.ForeignKeyConstraint(["panel_id"], ["review_panel.id"], name=op.f("fk_review_panel_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["steps_in_id"], ["person.id"], name=op.f("fk_review_steps_in_id")),
        sa.ForeignKeyConstraint(["submitted_by"], ["person.id"], name=op.f("fk_review_submitted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
        sa.UniqueConstraint("panel_id", "content_id", name=op.f("uq_review_panel_id_content_id")),
    )
    op.create_index("ix_review_content_id_id", "review", ["content_id", "id"], unique=False)
    op.create_index("ix_review_panel_id_id", "review", ["panel_id", "id"], unique=False)
    op.create_index("ix_review_panel_id_rank_id", "review", ["panel_id", "rank", "id"], unique=False)
    op.create_index(
        "ix_review_panel_id_merit_id",
        "review",
        ["panel_id", sa.literal_column("coalesce(score, strength)"), "id"],
        unique=False,
    )
    op.create_index("ix_review_state_id", "review", ["state", "id"], unique=False)
    op.create_index(
        "ix_review_submitted_by",
        "review",
        ["submitted_by"],
        unique=False,
        postgresql_where=sa.text("panel_id IS NULL AND state = 'open'"),
    )
    op.create_index(
        "uq_review_open",
        "review",
        ["content_id"],
        unique=True,
        postgresql_where=sa.text("panel_id IS NULL AND state = 'open'"),
    )
    op.create_table(
        "review_agreement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("panel_id", sa.Uuid(), nullable=False),
        sa.Column("criterion_id", sa.Uuid(), nullable=True),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("alpha", sa.Numeric(precision=7, scale=4), nullable=True),
        sa.Column("low", sa.Numeric(precision=7, scale=4), nullable=True),
        sa.Column("high", sa.Numeric(precision=7, scale=4), nullable=True),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("raters", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("note IN ('no_variance', 'too_few')", name=op.f("ck_review_agreement_note")),
        sa.ForeignKeyConstraint(
            ["criterion_id"], ["review_form_criterion.id"], name=op.f("fk_review_agreement_criterion_id")
        ),
        sa.ForeignKeyConstraint(
            ["panel_id"], ["review_panel.id"], name=op.f("fk_review_agreement_panel_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_agreement")),
    )
    op.create_index(
        "ix_review_agreement_panel_id_position_id", "review_agreement", ["panel_id", "position", "id"], unique=False
    )
    op.create_index(
        "uq_review_agreement",
        "review_agreement",
        ["panel_id", "criterion_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "review_deviation",
        sa.Column("panel_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("subjects", sa.Integer(), nullable=False),
        sa.Column("deviation", sa.Numeric(precision=6, scale=4), nullable=False),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["panel_id"], ["review_panel.id"], name=op.f("fk_review_deviation_panel_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_review_deviation_person_id")),
        sa.PrimaryKeyConstraint("panel_id", "person_id", name=op.f("pk_review_deviation")),
    )
    op.create_index(
        "ix_review_deviation_panel_id_deviation",
        "review_deviation",
        ["panel_id", "deviation", "person_id"],
        unique=False,
    )
    op.create_table(
        "review_panel_member",
        sa.Column("panel_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["panel_id"], ["review_panel.id"], name=op.f("fk_review_panel_member_panel_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_review_panel_member_person_id")),
        sa.PrimaryKeyConstraint("panel_id", "person_id", name=op.f("pk_review_panel_member")),
    )
    op.create_index("ix_review_panel_member_person_id", "review_panel_member", ["person_id"], unique=False)
    op.create_table(
        "review_assignment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=True),
        sa.Column("content_id", sa.Uuid(), nullable=True),
        sa.Column("panel_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("replaces", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'given', 'declined', 'delegated', 'conflicted', 'absent', 'released')",
            name=op.f("ck_review_assignment_state"),
        ),
        sa.CheckConstraint("(review_id IS NULL) = (content_id IS NULL)", name=op.f("ck_review_assignment_review")),
        sa.CheckConstraint("review_id IS NOT NULL OR panel_id IS NOT NULL", name=op.f("ck_review_assignment_panel")),
        sa.ForeignKeyConstraint(
            ["content_id"], ["content.id"], name=op.f("fk_review_assignment_content_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["panel_id"], ["review_panel.id"], name=op.f("fk_review_assignment_panel_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_review_assignment_person_id")),
        sa.ForeignKeyConstraint(
            ["review_id"], ["review.id"], name=op.f("fk_review_assignment_review_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_assignment")),
        sa.UniqueConstraint("review_id", "person_id", name=op.f("uq_review_assignment_review_id_person_id")),
    )
    op.create_index(
        "ix_review_assignment_acts_at",
        "review_assignment",
        ["acts_at"],
        unique=False,
        postgresql_where=sa.text("acts_at IS NOT NULL"),
    )
    op.create_index("ix_review_assignment_content_id", "review_assignment", ["content_id"], unique=False)
    op.create_index(
        "ix_review_assignment_desk",
        "review_assignment",
        ["person_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("open"),
    )
    op.create_index(
        "ix_review_assignment_due",
        "review_assignment",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("open"),
    )
    op.create_index(
        "ix_review_assignment_panel_id_person_id", "review_assignment", ["panel_id", "person_id"], unique=False
    )
    op.create_index("ix_review_assignment_review_id_id", "review_assignment", ["review_id", "id"], unique=False)
    op.create_index(
        "uq_review_assignment_panel",
        "review_assignment",
        ["panel_id", "person_id"],
        unique=True,
        postgresql_where=sa.text("review_id IS NULL"),
    )
    op.create_table(
        "review_news",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.CheckConstraint("about IN ('content', 'person')", name=op.f("ck_review_news_about")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_news")),
    )
    op.create_table(
        "review_comparison",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("panel_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("second_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("outcome IN ('first', 'second', 'tie')", name=op.f("ck_review_comparison_outcome")),
        sa.CheckConstraint("first_id <> second_id", name=op.f("ck_review_comparison_pair")),
        sa.ForeignKeyConstraint(
            ["first_id"], ["review.id"], name=op.f("fk_review_comparison_first_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["panel_id"], ["review_panel.id"], name=op.f("fk_review_comparison_panel_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_review_comparison_person_id")),
        sa.ForeignKeyConstraint(
            ["second_id"], ["review.id"], name=op.f("fk_review_comparison_second_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_comparison")),
    )
    op.create_index("ix_review_comparison_panel_id_id", "review_comparison", ["panel_id", "id"], unique=False)
    op.create_index(
        "uq_review_comparison_pair",
        "review_comparison",
        ["panel_id", "person_id", sa.text("least(first_id, second_id)"), sa.text("greatest(first_id, second_id)")],
        unique=True,
    )
    op.create_table(
        "review_reference",
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("criterion_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name=op.f("ck_review_reference_score")),
        sa.ForeignKeyConstraint(
            ["criterion_id"], ["review_form_criterion.id"], name=op.f("fk_review_reference_criterion_id")
        ),
        sa.ForeignKeyConstraint(
            ["review_id"], ["review.id"], name=op.f("fk_review_reference_review_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("review_id", "criterion_id", name=op.f("pk_review_reference")),
    )
    op.create_table(
        "review_result",
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("criterion_id", sa.Uuid(), nullable=False),
        sa.Column("mean", sa.Numeric(precision=6, scale=4), nullable=False),
        sa.Column("spread", sa.Numeric(precision=6, scale=4), nullable=True),
        sa.Column("judges", sa.SmallInteger(), nullable=False),
        sa.Column("knocked_out", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["criterion_id"], ["review_form_criterion.id"], name=op.f("fk_review_result_criterion_id")
        ),
        sa.ForeignKeyConstraint(
            ["review_id"], ["review.id"], name=op.f("fk_review_result_review_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("review_id", "criterion_id", name=op.f("pk_review_result")),
    )
    op.create_table(
        "review_judgement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("score", sa.Numeric(precision=4, scale=2), nullable=True),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('approve', 'request_changes', 'reject')", name=op.f("ck_review_judgement_verdict")
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"],
            ["review_assignment.id"],
            name=op.f("fk_review_judgement_assignment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_review_judgement_person_id")),
        sa.ForeignKeyConstraint(
            ["review_id"], ["review.id"], name=op.f("fk_review_judgement_review_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_judgement")),
        sa.UniqueConstraint("assignment_id", "number", name=op.f("uq_review_judgement_assignment_id_number")),
    )
    op.create_index("ix_review_judgement_review_id_id", "review_judgement", ["review_id", "id"], unique=False)
    op.create_index(
        "ix_review_judgement_review_id_person_id",
        "review_judgement",
        ["review_id", "person_id", "revision"],
        unique=False,
    )
    op.create_index(
        "uq_review_judgement_current",
        "review_judgement",
        ["assignment_id"],
        unique=True,
        postgresql_where=sa.text("current"),
    )
    op.create_table(
        "review_judgement_score",
        sa.Column("judgement_id", sa.Uuid(), nullable=False),
        sa.Column("criterion_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name=op.f("ck_review_judgement_score_score")),
        sa.ForeignKeyConstraint(
            ["criterion_id"], ["review_form_criterion.id"], name=op.f("fk_review_judgement_score_criterion_id")
        ),
        sa.ForeignKeyConstraint(
            ["judgement_id"],
            ["review_judgement.id"],
            name=op.f("fk_review_judgement_score_judgement_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("judgement_id", "criterion_id", name=op.f("pk_review_judgement_score")),
    )
    op.create_table(
        "review_remark",
        sa.Column("judgement_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("line_from", sa.Integer(), nullable=False),
        sa.Column("line_to", sa.Integer(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.CheckConstraint("line_from BETWEEN 1 AND line_to", name=op.f("ck_review_remark_lines")),
        sa.ForeignKeyConstraint(
            ["judgement_id"], ["review_judgement.id"], name=op.f("fk_review_remark_judgement_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("judgement_id", "position", name=op.f("pk_review_remark")),
    )
    op.add_column("content", sa.Column("latest_revision", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.add_column(
        "content", sa.Column("reviewers", sa.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False)
    )
    op.add_column("content", sa.Column("reviewed_from", sa.Integer(), nullable=True))
    op.add_column("content", sa.Column("review_id", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_content_owner_in_review",
        "content",
        ["owner_id"],
        unique=False,
        postgresql_where=sa.text("review_id IS NOT NULL"),
    )
    op.add_column("content_revision", sa.Column("held", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("idea", sa.Column("judged_by", sa.SmallInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("idea", sa.Column("advice", sa.Text(), nullable=True))
    op.add_column("idea", sa.Column("advice_id", sa.Uuid(), nullable=True))
    op.add_column("idea_decision", sa.Column("advice", sa.Text(), nullable=True))
    op.add_column("idea_decision", sa.Column("review_id", sa.Uuid(), nullable=True))
    op.execute("UPDATE content SET latest_revision = revision WHERE revision <> 1")


def downgrade() -> None:
    for table, column in (
        ("idea_decision", "review_id"),
        ("idea_decision", "advice"),
        ("idea", "advice_id"),
        ("idea", "advice"),
        ("idea", "judged_by"),
        ("content_revision", "held"),
        ("content", "review_id"),
        ("content", "reviewed_from"),
        ("content", "reviewers"),
        ("content", "latest_revision"),
    ):
        op.drop_column(table, column)
    for table in (
        "review_news",
        "review_remark",
        "review_judgement_score",
        "review_judgement",
        "review_result",
        "review_reference",
        "review_comparison",
        "review_assignment",
        "review_panel_member",
        "review_deviation",
        "review_agreement",
        "review",
        "review_panel",
        "review_form_criterion",
        "review_policy",
        "review_form_version",
        "review_form",
    ):
        op.drop_table(table)
