"""How review policies are read: everybody sees them, so that they know by whom they are judged."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, Uuid, and_, func, select
from sqlalchemy.orm import aliased

from kshare.content.models import ContentRow
from kshare.content.policies import ReviewPolicyRow, nearest_policy
from kshare.content.taxonomy_reads import CATEGORY
from kshare.content.visibility import visible_through_content
from kshare.core.database import Row
from kshare.core.reading import Filter, Listing, Many, One, Order, Source, View, allowed_list, constant, everyone_sees
from kshare.core.writing import Guard
from kshare.people.reads import DEPARTMENT, GROUP, PERSON
from kshare.reviews.reads.forms import FORM, manages_reviews
from kshare.reviews.shapes.policies import ReviewPolicy

POLICY_GUARD = Guard(
    "review policy", ReviewPolicyRow, everyone_sees, {"edit": manages_reviews, "delete": manages_reviews}
)

_FIELDS: dict[str, Source] = {
    "category": One(CATEGORY, on=lambda row, category: category.id == row.category_id),
    "groups": Many(
        GROUP,
        on=lambda row, group: group.id == func.any(row.groups),
        order=lambda group: (group.name, group.id),
        first=50,
    ),
    "departments": Many(
        DEPARTMENT,
        on=lambda row, department: department.id == func.any(row.departments),
        order=lambda department: (department.path,),
        first=50,
    ),
    "steps_in": One(PERSON, on=lambda row, person: person.id == row.steps_in_id),
    "form": One(FORM, on=lambda row, form: form.id == row.form_id),
    "permissions": lambda row: allowed_list(POLICY_GUARD.rules_for(row)),
}
POLICY = View("review policy", ReviewPolicy, ReviewPolicyRow, everyone_sees, _FIELDS)

POLICIES = Listing(
    "review_policies",
    POLICY,
    filters={
        "kind": Filter(Text, lambda row, value: row.kind == value),
        "category": Filter(Uuid, lambda row, value: row.category_id == value),
    },
    orders={"newest": Order((("created_at", datetime), ("id", UUID)), "Newest first.")},
    default_order="newest",
)

# ---- the policy that holds for a content ----------------------------------------------------------------------------

_CONTENT = aliased(ContentRow)
_COLUMNS = ReviewPolicyRow.__table__.c
_NEAREST = nearest_policy(_CONTENT.kind, _CONTENT.category_id, _CONTENT.variety, _CONTENT.stage)


class HeldPolicyRow(Row):
    """The policy that holds for a content, for reading; `content_id` says for which."""

    __table__ = (
        select(_CONTENT.id.label("content_id"), *_COLUMNS)
        .where(_COLUMNS.id == _NEAREST.correlate(_CONTENT).scalar_subquery())
        .subquery()
    )
    __mapper_args__ = {"primary_key": [__table__.c.content_id]}  # noqa: RUF012


HELD_POLICY = View(
    "review policy",
    ReviewPolicy,
    HeldPolicyRow,
    visible_through_content,
    _FIELDS,
    lambda row: and_(row.needs != constant("nothing")),
)
