"""Which content has to be reviewed before it is shown or decided on (docs/adr/0008-reviews.md)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, SmallInteger, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from kshare.core.clock import now
from kshare.core.database import Row
from kshare.core.ids import new_id
from kshare.core.writing import Work


class ReviewPolicyRow(Row):
    """What a kind of content needs, in a category and what is below it, in a variety, in a stage; null is any.

    `roles`, `groups` and `departments` say who may review: whoever has one of each that is not empty. `expertise` is
    how many published items of their own in the category they need. `steps_in_id` reviews when nobody else is left or
    somebody is late.
    """

    __tablename__ = "review_policy"
    __table_args__ = (
        CheckConstraint("kind IN ('knowledge_item', 'idea')", name="kind"),
        CheckConstraint("needs IN ('nothing', 'one', 'quorum', 'all')", name="needs"),
        CheckConstraint("(needs = 'quorum') = (quorum IS NOT NULL)", name="quorum"),
        CheckConstraint("kind = 'idea' OR stage IS NULL", name="stage"),
        Index(
            "uq_review_policy_place",
            "kind",
            "category_id",
            "variety",
            "stage",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_review_policy_created_at_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    category_id: Mapped[UUID | None] = mapped_column(ForeignKey("category.id", ondelete="CASCADE"))
    variety: Mapped[str | None]
    stage: Mapped[str | None]
    needs: Mapped[str]
    quorum: Mapped[int | None] = mapped_column(SmallInteger)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    groups: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    departments: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    expertise: Mapped[int] = mapped_column(SmallInteger, default=0)
    working_days: Mapped[int] = mapped_column(SmallInteger)
    steps_in_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    form_id: Mapped[UUID | None] = mapped_column(ForeignKey("review_form.id"))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


_NEAREST = text(
    """SELECT p.id, p.needs, p.quorum, p.roles, p.groups, p.departments, p.expertise, p.working_days, p.steps_in_id,
  p.form_id
FROM review_policy p LEFT JOIN category c ON c.id = CAST(:category AS uuid)
WHERE p.kind = :kind AND (p.category_id IS NULL OR p.category_id = ANY(c.path))
  AND (p.variety IS NULL OR p.variety = :variety)
  AND (p.stage IS NULL OR p.stage = CAST(:stage AS text))
ORDER BY array_position(c.path, p.category_id) DESC NULLS LAST, p.variety IS NULL, p.stage IS NULL
LIMIT 1"""
)


async def policy_for(work: Work, kind: str, category_id: UUID | None, variety: str, stage: str | None = None) -> Any:
    """The policy under which such a content is, or None where nothing is needed: that of the nearest category, then of
    the variety, then of the stage."""
    key = ("review_policy", kind, category_id, variety, stage)
    if work.memory is not None and key in work.memory:
        return work.memory[key]
    values = {"kind": kind, "category": category_id, "variety": variety, "stage": stage}
    found = (await work.session.execute(_NEAREST, values)).one_or_none()
    policy = None if found is None or found.needs == "nothing" else found
    if work.memory is not None:
        work.memory[key] = policy
    return policy


async def policy_of(work: Work, content: Any) -> Any:
    """The policy under which a content is; see `policy_for`."""
    return await policy_for(work, content.kind, content.category_id, content.variety, content.stage)
