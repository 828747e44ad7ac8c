"""What lies on the desks of others for too long, as those see it who lead or manage the review."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from kshare.content.models import ContentRow
from kshare.core.access import Permission
from kshare.core.reading import Alias, Filter, Listing, One, Order, View, Viewer, constant
from kshare.people.reads import PERSON
from kshare.reviews.models import AssignmentRow, PanelRow, ReviewRow
from kshare.reviews.reads.reviews import PANEL_CARD, REVIEW
from kshare.reviews.reads.seeing import (
    awaits,
    is_owed,
    is_owner,
    leads,
    manages,
    mine,
    of_content,
    sees_inside,
    visible_review,
)
from kshare.reviews.shapes.desk import OverdueReview


def _may_know(row: Alias) -> ColumnElement[bool]:
    """Whoever leads a review and sees into it, and whoever manages it and was never asked to judge there: that one
    person is late tells something of the others. Nobody learns who judges an idea of their own."""
    review, panel = aliased(ReviewRow), aliased(PanelRow)
    verdict = review.method == constant("verdict")
    led = or_(leads(review), and_(verdict, of_content(review.content_id, is_owner)))
    in_charge = or_(
        and_(verdict, of_content(review.content_id, manages)),
        and_(review.panel_id.is_not(None), Viewer.holds(Permission.review_manage)),
    )
    managed = and_(in_charge, not_(mine(review.id)), not_(_in_panel(review.panel_id)))
    of_review = exists().where(
        review.id == row.review_id,
        or_(verdict, not_(of_content(review.content_id, is_owner))),
        or_(and_(led, sees_inside(review)), managed),
        visible_review(review),
    )
    chairs = and_(panel.chair_id == Viewer.id, not_(_in_panel(panel.id, owing=True)))
    runs = and_(Viewer.holds(Permission.review_manage), not_(_in_panel(panel.id)))
    of_panel = and_(row.review_id.is_(None), exists().where(panel.id == row.panel_id, or_(chairs, runs)))
    return or_(of_review, of_panel)


def _may_lead(row: Alias) -> ColumnElement[bool]:
    """What is worth a closer look: looked up once for the viewer, who mostly leads little of what is late."""
    review, panel, alone = aliased(ReviewRow), aliased(PanelRow), aliased(ReviewRow)
    content: Alias = aliased(ContentRow)
    chaired = select(review.id).join(panel, panel.id == review.panel_id).where(panel.chair_id == Viewer.id)
    submitted = select(alone.id).where(
        alone.submitted_by == Viewer.id, alone.panel_id.is_(None), alone.state == constant("open")
    )
    owned = select(content.review_id).where(Viewer.owns(content.owner_id), content.review_id.is_not(None))
    manages_somewhere = or_(
        Viewer.holds(Permission.review_manage),
        *(
            func.cardinality(bindparam(f"viewer_{scope}_{Permission.review_manage}", type_=ARRAY(Uuid))) > 0
            for scope in ("departments", "categories")
        ),
    )
    return or_(row.review_id.is_(None), row.review_id.in_(union_all(chaired, submitted, owned)), manages_somewhere)


def _in_panel(panel_id: Any, *, owing: bool = False) -> ColumnElement[bool]:
    """The viewer was asked to judge something in a panel, or still owes it."""
    own = aliased(AssignmentRow)
    owed = [awaits(own)] if owing else []
    return exists().where(own.panel_id == panel_id, own.person_id == Viewer.id, *owed)


def _seconds_late(row: Alias) -> ColumnElement[Any]:
    return cast(func.floor(func.extract("epoch", func.now() - row.due_at)), BigInteger)


_OVERDUE = View(
    "overdue judgement",
    OverdueReview,
    AssignmentRow,
    lambda row: case((_may_lead(row), and_(is_owed(row), _may_know(row))), else_=false()),
    {
        "review": One(REVIEW, on=lambda row, review: review.id == row.review_id, seen_with_parent=True),
        "panel": One(PANEL_CARD, on=lambda row, panel: panel.id == row.panel_id, seen_with_parent=True),
        "person": One(PERSON, on=lambda row, person: person.id == row.person_id),
        "seconds_late": _seconds_late,
    },
    # `open` for the index of what is open.
    only=lambda row: and_(row.open, row.due_at < func.now()),
)

OVERDUE_REVIEWS = Listing(
    "overdue_reviews",
    _OVERDUE,
    filters={
        "review": Filter(Uuid, lambda row, value: row.review_id == value),
        "panel": Filter(Uuid, lambda row, value: row.panel_id == value),
    },
    orders={
        "due": Order((("due_at", datetime), ("id", UUID)), "Due for the longest time first.", descending=False),
    },
    default_order="due",
)
