"""How the account is read: who sees an entry, what of its object, and what entries add up to."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    DateTime,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    select,
    true,
)
from sqlalchemy import literal_column as literal
from sqlalchemy.orm import aliased

from kshare.content.models import ContentRow, RevisionRow
from kshare.content.reads import CONTENT_FILTERS, visible_revision
from kshare.content.visibility import visible_through_content
from kshare.contributions.models import ContributionRow, PlaceRow, TotalRow
from kshare.contributions.shapes import (
    Contribution,
    ContributionObject,
    ContributionOrder,
    ContributionPeriod,
    ContributionTotal,
)
from kshare.core.access import Permission
from kshare.core.amounts import exact
from kshare.core.errors import invalid
from kshare.core.principal import Principal
from kshare.core.reading import (
    Alias,
    Filter,
    Listing,
    One,
    Order,
    View,
    Viewer,
    Walk,
    constant,
    everyone_sees,
    there_is,
)
from kshare.people.reads import DEPARTMENT, PERSON
from kshare.reviews.models import ReviewRow
from kshare.reviews.reads.seeing import visible_review

OTHERS = Permission.contributions_read

# ---- entries --------------------------------------------------------------------------------------------------------


def _visible(row: Alias) -> ColumnElement[bool]:
    """One's own; and those of the departments whose people's contributions one may read.

    Written as a CASE, so that PostgreSQL walks the index of the list instead of collecting and sorting all that is
    visible; see `visible_content`.
    """
    no_category: ColumnElement[Any] = literal("NULL::uuid", Uuid)
    others = Viewer.holds_within(OTHERS, row.department_id, no_category)
    return case((row.person_id == Viewer.id, true()), else_=others)


def _sees_object(row: Alias) -> ColumnElement[bool]:
    """The viewer may see the content now, and what of it the contribution was: who reviewed something, and texts that
    were never shown, not everybody learns who sees the content."""
    review, revision = aliased(ReviewRow), aliased(RevisionRow)
    part = case(
        (
            row.object_kind == constant("review"),
            there_is(select(review.id).where(review.id == row.object_id, visible_review(review))),
        ),
        (
            row.object_kind == constant("revision"),
            there_is(select(revision.id).where(revision.id == row.object_id, visible_revision(revision))),
        ),
        else_=literal("true"),
    )
    return case((visible_through_content(row), part), else_=literal("false"))


def _title(row: Alias) -> ColumnElement[Any]:
    content = aliased(ContentRow)
    return select(content.title).where(content.id == row.content_id).scalar_subquery()


_OBJECT = View(
    "contribution object",
    ContributionObject,
    ContributionRow,
    _sees_object,
    {"kind": lambda row: row.object_kind, "id": lambda row: row.object_id, "title": _title},
)
CONTRIBUTION = View(
    "contribution",
    Contribution,
    ContributionRow,
    _visible,
    {
        "person": One(PERSON, on=lambda row, person: person.id == row.person_id),
        "department": One(DEPARTMENT, on=lambda row, department: department.id == row.department_id),
        "weight": exact("weight"),
        "object": One(_OBJECT, on=lambda row, same: same.id == row.id),
        "corrects": lambda row: row.corrects_id,
    },
)

_FILTERS = {
    "updated_since": Filter(DateTime(timezone=True), lambda row, value: row.recorded_at >= value),
    "person": Filter(Uuid, lambda row, value: row.person_id == value),
    "department": CONTENT_FILTERS["department"],
}
_PLACE = (("recorded_at", datetime), ("id", UUID))
_ORDERS = {
    order.value: Order(_PLACE, order.description, descending=order is ContributionOrder.newest)
    for order in ContributionOrder
}
CONTRIBUTIONS = Listing("contributions", CONTRIBUTION, _FILTERS, _ORDERS, default_order="oldest")


def _own_and_departments(_: ColumnElement[Any]) -> Select[Any]:
    departments = bindparam(f"viewer_departments_{OTHERS}", type_=ARRAY(Uuid))
    return select(func.unnest(func.array_append(departments, Viewer.id)))


_ASKED_SINCE = func.coalesce(
    bindparam("f_updated_since", type_=DateTime(timezone=True)), literal("'-infinity'::timestamptz")
)
"""What the filter `updated_since` asks for, if it is given: the walk has to begin there."""

CONTRIBUTIONS_WITHIN = Listing(
    "contributions",
    CONTRIBUTION,
    _FILTERS,
    _ORDERS,
    default_order="oldest",
    walk=Walk(
        values=_own_and_departments,
        where=lambda place, subject: and_(place.subject_id == subject, place.recorded_at >= _ASKED_SINCE),
        through=PlaceRow,
        join=lambda row, place: place.id == row.id,
    ),
)
"""The same list for who reads the contributions of some departments: those, and their own, each along its index."""


def own_unless_allowed(principal: Principal, filters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The filters to read by. Who may see nobody's contributions but their own asks for those: what others may see
    is then passed over along an index and not row by row."""
    return filters if principal.may(OTHERS) else {"person": principal.id, **filters}


def seen_along(principal: Principal, filters: Mapping[str, Any]) -> Listing[Contribution]:
    """The form of the list whose indexes lead to what a principal may see."""
    narrow = OTHERS in principal.permissions or "person" in filters or "department" in filters
    return CONTRIBUTIONS if narrow else CONTRIBUTIONS_WITHIN


# ---- totals ---------------------------------------------------------------------------------------------------------


def _begins(row: Alias, period: ContributionPeriod) -> ColumnElement[Any]:
    """The first day of the period that an entry belongs to."""
    if period is ContributionPeriod.month:
        month: ColumnElement[Any] = row.month
        return month
    return cast(func.date_trunc(constant(period.value), cast(row.month, DateTime())), Date)


_LABELS = {
    ContributionPeriod.month: "YYYY-MM",
    ContributionPeriod.quarter: 'YYYY"-Q"Q',
    ContributionPeriod.year: "YYYY",
}


def _groups(filters: frozenset[str]) -> Select[Any]:
    """What the entries that the viewer sees add up to, for each person and period."""
    row = aliased(ContributionRow)
    period = next((one for one in ContributionPeriod if f"by={one.value}" in filters), ContributionPeriod.month)
    asked = [_TOTAL_FILTERS[name] for name in sorted(filters) if "=" not in name]
    bound = [bindparam(f"f_{name}", type_=_TOTAL_FILTERS[name].type_) for name in sorted(filters) if "=" not in name]
    start = _begins(row, period)
    last = start + literal(f"interval '{period.months} months' - interval '1 day'")
    return (
        select(
            row.person_id,
            start.label("start"),
            cast(last, Date).label("end"),
            func.to_char(start, literal(f"'{_LABELS[period]}'")).label("period"),
            func.count().label("entries"),
            func.sum(row.weight).label("weight"),
        )
        .where(CONTRIBUTION.condition(row), *(one.where(row, value) for one, value in zip(asked, bound, strict=True)))
        .group_by(row.person_id, start)
    )


_TOTAL_FILTERS = {
    "since": Filter(Date, lambda row, month: row.month >= month),
    # As a CASE: of a range, both ends of which it does not know, PostgreSQL expects so few rows that it would rather
    # sort them than walk along the people until a page is full.
    "until": Filter(Date, lambda row, month: case((row.month <= month, true()), else_=false())),
    "by": Filter(Text, lambda row, _: true(), special={one.value: lambda row: true() for one in ContributionPeriod}),
    "person": _FILTERS["person"],
    "department": _FILTERS["department"],
}
CONTRIBUTION_TOTALS = Listing(
    "contribution_totals",
    View(
        "total",
        ContributionTotal,
        TotalRow,
        everyone_sees,  # of the entries that they see, which `_groups` adds up
        {"person": One(PERSON, on=lambda row, person: person.id == row.person_id), "weight": exact("weight")},
    ),
    filters=_TOTAL_FILTERS,
    orders={"person": Order((("person_id", UUID), ("start", date)), "Person by person, in time.", descending=False)},
    default_order="person",
    groups=_groups,
)

MOST_MONTHS = 120
"""Months that totals are asked for at once."""


def checked_months(
    today: date, asked_from: date | None, asked_to: date | None, by: ContributionPeriod
) -> dict[str, Any]:
    """The filters for whole periods from a day to another: by default this year's so far.

    Raises 422 for days that run backwards, and for more than ten years.
    """
    last = asked_to or today
    first = asked_from or date(last.year, 1, 1)
    if first > last:
        raise invalid("?from", "dates_backwards", f"from, {first}, lies behind to, {last}.")
    since, until = by.first_month(first), by.last_month(last)
    if (until.year - since.year) * 12 + until.month - since.month >= MOST_MONTHS:
        raise invalid("?from", "too_many_periods", f"These are more than {MOST_MONTHS} months.")
    return {"since": since, "until": until, "by": by.value}
