"""The rows behind a value, as far as the caller may see them: contents by the ordinary rule, people as accounts are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Numeric,
    Select,
    SmallInteger,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import aliased

from kshare.content.models import ContentRow
from kshare.content.visibility import visible_content
from kshare.core.access import Permission
from kshare.core.errors import DomainError, invalid
from kshare.core.paging import CursorKey
from kshare.core.principal import ANONYMOUS_ID, Principal
from kshare.core.reading import Statement, Viewer, compiled
from kshare.core.reading.statements import quoted
from kshare.edge.kernel import Kernel
from kshare.edge.reads import fetch
from kshare.metrics.contracts import Metric, Row
from kshare.metrics.counting import AsOf, bound, typed
from kshare.metrics.periods import Period
from kshare.metrics.reads import checked_department, checked_periods, today
from kshare.people.models import DepartmentRow, PersonRow


@dataclass(frozen=True, slots=True)
class AskedRows:
    """The rows behind which value."""

    metric: Metric
    period: Period
    department: UUID | None
    kind: str | None
    limit: int
    cursor: str | None

    @classmethod
    def of(
        cls,
        kernel: Kernel,
        metric: Metric,
        period: str,
        department: UUID | None,
        kind: str | None,
        limit: int,
        cursor: str | None,
    ) -> "AskedRows":
        """What is asked for; 404 where no rows are kept, 422 for a period that there cannot be, or a kind that the
        metric does not have."""
        if metric.rows is Row.none:
            raise DomainError("not_found", f"There are no rows behind {metric.id}: they are not kept by name.")
        try:
            named = Period.named(period)
        except ValueError:
            raise invalid("?period", "out_of_calendar", "there is no such period") from None
        checked_periods(kernel, named.grain, named.start, named.start)
        if kind is not None and (metric.kinds is None or (metric.kinds.values and kind not in metric.kinds.values)):
            raise invalid("?kind", "enum", f"not a kind of {metric.id}")
        return cls(metric, named, department, kind, limit, cursor)


async def rows_behind(kernel: Kernel, principal: Principal, asked: AskedRows) -> dict[str, Any]:
    """A page of rows, as `MetricRowPage`; raises as `checked_department` does, 400 for another cursor."""
    if asked.department is not None:
        await checked_department(kernel, principal, asked.department, "?department")
    period, metric = asked.period, asked.metric
    scope = {"metric": metric.id, "period": period.label, "department": asked.department, "kind": asked.kind}
    key = CursorKey(kernel.settings.signing_secret, "metric_rows", scope, "unit, kind")
    as_of = AsOf(ZoneInfo(kernel.settings.time_zone), today(kernel))
    values: dict[str, Any] = {
        **bound(metric.units, as_of.values(period)),
        "limit": asked.limit,
        "department": asked.department,
        "of_kind": asked.kind,
        "after": None,
        "after_kind": None,
    }
    if asked.cursor is not None:
        values["after"], values["after_kind"] = key.values(asked.cursor, [UUID, str])
    statement = _statement(metric, asked.department is not None, asked.kind is not None, asked.cursor is not None)
    row = await fetch(kernel, principal, statement, values)
    assert row is not None
    found: list[Mapping[str, Any]] = orjson.loads(row["items"])
    items = [{name: value for name, value in one.items() if name != "unit"} for one in found[: asked.limit]]
    if len(found) <= asked.limit:
        return {"items": items, "next_cursor": None}
    last = found[asked.limit - 1]
    return {"items": items, "next_cursor": key.cursor([last["unit"], last["kind"] or ""])}


def _statement(metric: Metric, in_department: bool, of_kind: bool, after: bool) -> Statement:
    def build() -> Select[Any]:
        columns = {"unit": Uuid, "department": Uuid, "kind": Text, "x": Numeric, "y": Numeric}
        if metric.rows in (Row.link, Row.assignment):
            columns["content"] = Uuid
        units = typed(metric.units).columns(**columns).subquery("unit")
        department = aliased(DepartmentRow)
        shown, seen = _SHOWN[metric.rows](units)
        row = (
            select(
                units.c.unit,
                *shown,
                _object(department, "id", "name", "name_en").label("department"),
                units.c.kind,
                units.c.x.label("numerator"),
                units.c.y.label("denominator"),
            )
            .where(seen)
            .join_from(units, department, department.id == units.c.department, isouter=True)
        )
        if in_department:
            below = aliased(DepartmentRow)
            of = bindparam("department", type_=Uuid)
            row = row.where(
                units.c.department.in_(select(below.id).where(below.path.op("@>")(cast(array([of]), ARRAY(Uuid)))))
            )
        if of_kind:
            row = row.where(units.c.kind == bindparam("of_kind", type_=Text))
        # What is of several kinds has several rows.
        place = tuple_(units.c.unit, func.coalesce(units.c.kind, literal_column("''")))
        if after:
            row = row.where(place > tuple_(bindparam("after", type_=Uuid), bindparam("after_kind", type_=Text)))
        page = row.order_by(*place.clauses).limit(bindparam("limit", type_=SmallInteger) + 1).subquery("page")
        rows = func.json_agg(literal_column("page"))
        return select(func.coalesce(rows, literal_column("'[]'::json")).label("items")).select_from(page)

    return compiled(("metric rows", metric.id, in_department, of_kind, after), build)


def _people(units: Any) -> tuple[list[Any], ColumnElement[bool]]:
    """People are shown to themselves and to whoever reads accounts."""
    person = aliased(PersonRow)
    shown = [_object(person, "id", "name").label("person"), null().label("content")]
    theirs = Viewer.holds_within(Permission.contributions_read, units.c.department, null())
    return shown, and_(person.id == units.c.unit, or_(person.id == Viewer.id, theirs))


def _contents(units: Any) -> tuple[list[Any], ColumnElement[bool]]:
    """Contents are shown to those who see them."""
    return _content(units.c.unit)


def _links(units: Any) -> tuple[list[Any], ColumnElement[bool]]:
    """So is that something links to a content: it is a row of what links."""
    return _content(units.c.content)


def _assignments(units: Any) -> tuple[list[Any], ColumnElement[bool]]:
    """Assignments to review are shown to whoever reads the accounts of the people there, but do not say whose they are.
    Not those of a content without a named author: who was asked and never judged may have written it."""
    shown, seen = _content(units.c.content)
    content = aliased(ContentRow)
    named = select(content.id).where(content.id == units.c.content, content.author_id != ANONYMOUS_ID)
    theirs = Viewer.holds_within(Permission.contributions_read, units.c.department, null())
    return shown, and_(seen, theirs, named.exists())


def _content(id: ColumnElement[Any]) -> tuple[list[Any], ColumnElement[bool]]:
    content = aliased(ContentRow)
    named = func.json_build_object(
        quoted("id"), content.id, quoted("type"), content.kind, quoted("title"), content.title
    )
    seen = and_(Viewer.holds(Permission.content_read), visible_content(content))
    return [null().label("person"), named.label("content")], and_(content.id == id, seen)


_SHOWN = {Row.person: _people, Row.content: _contents, Row.link: _links, Row.assignment: _assignments}


def _object(row: Any, *names: str) -> ColumnElement[Any]:
    parts = [part for name in names for part in (quoted(name), getattr(row, name))]
    return case((row.id.is_(None), null()), else_=func.json_build_object(*parts))
