"""Who sees the values of a series, who keeps it, and the present values as dashboards read them.

Everybody who reads figures sees the series and what they are company-wide. Of a department they see what is on their
own path, from their department up to the root; the rest is for those who read the figures of all departments.
"""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    Select,
    Text,
    Uuid,
    bindparam,
    func,
    literal_column,
    not_,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from kshare.core.access import Permission
from kshare.core.amounts import as_text
from kshare.core.reading import (
    Alias,
    Filter,
    Listing,
    One,
    Order,
    Statement,
    View,
    Viewer,
    allowed_list,
    compiled,
    everyone_sees,
    rule_filter,
    there_is,
    visible_rows,
)
from kshare.core.writing import Guard
from kshare.outcomes.models import SeriesRow, ValueRow
from kshare.outcomes.shapes import OutcomeSeries, OutcomeValue
from kshare.people.reads import DEPARTMENT, PERSON

_NO_CATEGORY: ColumnElement[Any] = literal_column("NULL::uuid")
_MONTH: ColumnElement[str] = literal_column("'YYYY-MM'")


def _manages(_: Alias) -> ColumnElement[bool]:
    return Viewer.holds(Permission.outcomes_manage)


def latest_value(series_id: Any) -> Select[Any]:
    """The id of a value of the series, if it ever had one.

    In order, so that PostgreSQL looks into the index: it hopes to meet one soon wherever it begins to read the table,
    and would read all of it for a series that has none.
    """
    value = aliased(ValueRow)
    values = select(value.id).where(value.series_id == series_id).order_by(value.month.desc(), value.id.desc())
    return values.limit(literal_column("1"))


def _has_no_values(row: Alias) -> ColumnElement[bool]:
    return not_(there_is(latest_value(row.id)))


def visible_value(row: Alias) -> ColumnElement[bool]:
    """Who sees a value: everybody that of the company; that of a department those on whose path it is, and those who
    read the figures of all departments, or of this one."""
    return or_(
        row.department_id.is_(None),
        row.department_id == func.any(Viewer.subjects),
        Viewer.holds_within(Permission.metrics_read_all, row.department_id, _NO_CATEGORY),
    )


SERIES_GUARD = Guard(
    "outcome series",
    SeriesRow,
    everyone_sees,
    {"edit": _manages, "put_values": _manages, "delete": _manages},
    states={"put_values": lambda row: not_(row.archived), "delete": _has_no_values},
)
OUTCOME_SERIES = View(
    "outcome series",
    OutcomeSeries,
    SeriesRow,
    everyone_sees,
    {"permissions": lambda row: allowed_list(SERIES_GUARD.rules_for(row))},
)
ALL_OUTCOME_SERIES = Listing(
    "outcome_series",
    OUTCOME_SERIES,
    filters={"archived": Filter(Boolean, lambda row, value: row.archived == value)},
    orders={"name": Order((("name", str), ("id", UUID)), "By name.", descending=False)},
    default_order="name",
)

OUTCOME_VALUE = View(
    "outcome value",
    OutcomeValue,
    ValueRow,
    visible_value,
    {
        "department": One(DEPARTMENT, on=lambda row, department: department.id == row.department_id),
        "month": lambda row: func.to_char(row.month, _MONTH),
        "value": lambda row: as_text(func.trim_scale(row.value)),
        "person": One(PERSON, on=lambda row, person: person.id == row.person_id),
    },
)
_BY_MONTH = (("month", date), ("id", UUID))
_VALUES: dict[str, Any] = {
    "of": ("series", OUTCOME_SERIES),
    "filters": {
        "series": Filter(Uuid, lambda row, value: row.series_id == value),
        "from_": Filter(Text, lambda row, value: row.month >= func.to_date(value, _MONTH)),
        "to": Filter(Text, lambda row, value: row.month <= func.to_date(value, _MONTH)),
        "level": rule_filter(
            {
                "company": lambda row: row.department_id.is_(None),
                "department": lambda row: row.department_id.is_not(None),
            }
        ),
        "department": Filter(Uuid, lambda row, value: row.department_id == value),
    },
    "orders": {
        "newest": Order(_BY_MONTH, "The last month first; within a month, the last that came first."),
        "oldest": Order(_BY_MONTH, "The first month first; within a month, the first that came.", descending=False),
    },
    "default_order": "newest",
}
OUTCOME_VALUES = Listing("outcome_values", OUTCOME_VALUE, **_VALUES, implied=lambda row, _: row.current)
OUTCOME_HISTORY = Listing("outcome_history", OUTCOME_VALUE, **_VALUES)
"""With what was corrected."""


def current_values(*, company: bool) -> Statement:
    """The present values of every series that is not archived, month by month: of the whole company, or of the one
    department bound as `department`. Bound besides: `first` and `last`, the first days of the months from which and to
    which, and the viewer (`Principal.binds`), who gets nothing of what they may not see.

    Columns: `series_id`, `name`, `name_en`, `unit`, `better`, `month` (its first day), `value` (a `Decimal`); in the
    order of names and months. A month without a value, or whose value was taken back, has no row.
    """

    def build() -> Any:
        series, value = visible_rows(OUTCOME_SERIES), visible_rows(OUTCOME_VALUE)
        whose = value.department_id.is_(None) if company else value.department_id == bindparam("department", type_=Uuid)
        between = value.month.between(bindparam("first", type_=Date), bindparam("last", type_=Date))
        columns = (series.name, series.name_en, series.unit, series.better, value.month, value.value)
        rows = select(series.id.label("series_id"), *columns).join_from(series, value, value.series_id == series.id)
        rows = rows.where(not_(series.archived), value.current, value.value.is_not(None), whose, between)
        return rows.order_by(series.name, series.id, value.month)

    return compiled(("current outcomes", company), build)
