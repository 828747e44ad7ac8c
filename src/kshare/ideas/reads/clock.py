"""The lists of the clock: service levels, the calendar, what is overdue, and what lies on one's own desk."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Date, Text, Uuid, and_, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import aliased

from kshare.content.models import ContentRow
from kshare.content.reads import CONTENT_CARD
from kshare.content.visibility import visible_content
from kshare.core.access import Permission
from kshare.core.reading import (
    Alias,
    Filter,
    Listing,
    Many,
    One,
    Order,
    Source,
    View,
    Viewer,
    everyone_sees,
)
from kshare.core.writing import Guard
from kshare.ideas.models import CalendarDayRow, EscalationRow, IdeaRow, ServiceLevelRow
from kshare.ideas.shapes.clock import CalendarDay, Escalation, IdeaOnDesk, ServiceLevel
from kshare.people.models import DepartmentRow
from kshare.people.reads import PERSON

# ---- service levels and the calendar --------------------------------------------------------------------------------

SERVICE_LEVEL = View("service level", ServiceLevel, ServiceLevelRow, everyone_sees)
SERVICE_LEVELS = Listing(
    "service_levels",
    SERVICE_LEVEL,
    filters={},
    orders={"way": Order((("position", int),), "Small ideas first, in the order of the stages.", descending=False)},
    default_order="way",
)

CALENDAR_DAY = View("calendar day", CalendarDay, CalendarDayRow, everyone_sees, {"day": lambda row: row.id})
CALENDAR_DAYS = Listing(
    "calendar_days",
    CALENDAR_DAY,
    filters={
        "day_from": Filter(Date, lambda row, value: row.id >= value),
        "day_before": Filter(Date, lambda row, value: row.id < value),
    },
    orders={"day": Order((("id", date),), "The earliest first.", descending=False)},
    default_order="day",
)


def _company_wide(_: Alias) -> ColumnElement[bool]:
    return Viewer.holds(Permission.idea_manage)


SERVICE_LEVEL_GUARD = Guard("service level", ServiceLevelRow, everyone_sees, {"put": _company_wide})
"""Times hold for the whole company, and so must the permission to set them."""

# ---- desks ----------------------------------------------------------------------------------------------------------


def _visible_idea(row: Alias) -> ColumnElement[bool]:
    """Seen exactly when its content is."""
    content: Alias = aliased(ContentRow)
    return select(content.id).where(content.id == row.id, visible_content(content)).exists()


def _content_column(name: str) -> Any:
    def column(row: Alias) -> ColumnElement[Any]:
        content: Alias = aliased(ContentRow)
        return select(getattr(content, name)).where(content.id == row.id).scalar_subquery()

    return column


def _seconds_late(row: Alias) -> ColumnElement[Any]:
    late = func.extract("epoch", func.now() - row.due_at)
    return cast(func.greatest(func.floor(late), literal_column("0")), BigInteger)


_ESCALATION = View(
    "escalation",
    Escalation,
    EscalationRow,
    everyone_sees,
    {
        "from_person": One(PERSON, on=lambda row, person: person.id == row.from_id),
        "to_person": One(PERSON, on=lambda row, person: person.id == row.to_id),
    },
)

_ON_DESK: dict[str, Source] = {
    "idea": One(CONTENT_CARD, on=lambda row, content: content.id == row.id, seen_with_parent=True),
    "size": _content_column("variety"),
    "stage": _content_column("stage"),
    "seconds_late": _seconds_late,
    "desk": One(PERSON, on=lambda row, person: person.id == row.desk_id),
    "escalations": Many(
        _ESCALATION,
        on=lambda row, step: and_(step.content_id == row.id, step.at >= row.stage_since),
        order=lambda step: (step.at, step.step),
        first=20,
        seen_with_parent=True,
    ),
}

_LONGEST = {"due": Order((("due_at", datetime), ("id", UUID)), "Due for the longest time first.", descending=False)}


def _is_overdue(row: Alias) -> ColumnElement[bool]:
    overdue: ColumnElement[bool] = row.due_at < func.now()
    return overdue


def _of_department(row: Alias, value: ColumnElement[Any]) -> ColumnElement[bool]:
    content: Alias = aliased(ContentRow)
    place: Alias = aliased(DepartmentRow)
    # Not EXISTS, which the planner would rather join with the whole of content than look up for each row.
    below = select(place.path.bool_op("@>")(array([value]))).select_from(content)
    below = below.join(place, place.id == content.department_id).where(content.id == row.id)
    inside: ColumnElement[bool] = below.scalar_subquery()
    return inside


OVERDUE = Listing(
    "overdue_ideas",
    View("idea", IdeaOnDesk, IdeaRow, _visible_idea, _ON_DESK, _is_overdue),
    filters={
        "desk": Filter(Uuid, lambda row, value: row.desk_id == value),
        # Given only when true (OverdueFilter).
        "committee": Filter(Text, lambda row, _: row.desk_id.is_(None)),
        "department": Filter(Uuid, _of_department),
    },
    orders=_LONGEST,
    default_order="due",
)


def _on_my_desk(row: Alias) -> ColumnElement[bool]:
    return and_(row.desk_id == Viewer.id, _visible_idea(row))


def _is_due(row: Alias) -> ColumnElement[bool]:
    due: ColumnElement[bool] = row.due_at.is_not(None)
    return due


MY_DESK = Listing(
    "my_desk",
    View("idea", IdeaOnDesk, IdeaRow, _on_my_desk, _ON_DESK, _is_due),
    filters={},
    orders=_LONGEST,
    default_order="due",
)
