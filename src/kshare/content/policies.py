"""Which content has to be reviewed before it is shown or decided on (docs/adr/0008-reviews.md)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Index,
    Select,
    SmallInteger,
    Text,
    Uuid,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, aliased, mapped_column

from kshare.content.models import CategoryRow
from kshare.core.clock import now
from kshare.core.database import Row
from kshare.core.errors import DomainError, invalid
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


def nearest_policy(kind: Any, category_id: Any, variety: Any, stage: Any) -> Select[Any]:
    """The id of the policy that holds for what these say: that of the nearest category up the path, then that which
    names the variety, then that which names the stage."""
    policy, place = aliased(ReviewPolicyRow), aliased(CategoryRow)
    return (
        select(policy.id)
        .outerjoin_from(policy, place, place.id == category_id)
        .where(
            policy.kind == kind,
            or_(policy.category_id.is_(None), policy.category_id == func.any(place.path)),
            or_(policy.variety.is_(None), policy.variety == variety),
            or_(policy.stage.is_(None), policy.stage == stage),
        )
        .order_by(
            func.array_position(place.path, policy.category_id).desc().nulls_last(),
            policy.variety.is_(None),
            policy.stage.is_(None),
        )
        .limit(literal_column("1"))
    )


_COLUMNS = (
    "id",
    "needs",
    "quorum",
    "roles",
    "groups",
    "departments",
    "expertise",
    "working_days",
    "steps_in_id",
    "form_id",
)
_category = bindparam("category", type_=Uuid)
_place = select(
    or_(_category.is_(None), select(CategoryRow.id).where(CategoryRow.id == _category).exists()).label("known")
).subquery()
_NEAREST = select(_place.c.known, *(getattr(ReviewPolicyRow, name) for name in _COLUMNS)).outerjoin_from(
    _place,
    ReviewPolicyRow,
    ReviewPolicyRow.id
    == nearest_policy(
        bindparam("kind", type_=Text),
        _category,
        bindparam("variety", type_=Text),
        bindparam("stage", type_=Text),
    ).scalar_subquery(),
)


def no_such_category() -> DomainError:
    """The 422 for a category that does not exist."""
    return invalid("/category_id", "unknown_reference", "There is no such category.")


async def policy_for(work: Work, kind: str, category_id: UUID | None, variety: str, stage: str | None = None) -> Any:
    """The policy under which such a content is, or None where nothing is needed; see `nearest_policy`. Raises 422 for a
    category that does not exist, which spares whoever makes a content to ask for both."""
    key = ("review_policy", kind, category_id, variety, stage)
    if work.memory is not None and key in work.memory:
        return work.memory[key]
    values = {"kind": kind, "category": category_id, "variety": variety, "stage": stage}
    found = (await work.session.execute(_NEAREST, values)).one()
    if not found.known:
        raise no_such_category()
    policy = None if found.id is None or found.needs == "nothing" else found
    if work.memory is not None:
        work.memory[key] = policy
    return policy


async def policy_of(work: Work, content: Any) -> Any:
    """The policy under which a content is; see `policy_for`."""
    return await policy_for(work, content.kind, content.category_id, content.variety, content.stage)
