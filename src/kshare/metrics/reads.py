"""Reading figures: who may ask for which, and the stored rows as series."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from kshare.core.access import Permission
from kshare.core.clock import day_in, now
from kshare.core.errors import DomainError, invalid, not_found
from kshare.core.principal import Principal
from kshare.edge.kernel import Kernel
from kshare.metrics.contracts import Behind, Kinds, Metric, Words
from kshare.metrics.definitions import METRICS
from kshare.metrics.models import COMPANY
from kshare.metrics.periods import FIRST, Grain, Period, between
from kshare.metrics.shapes import Untold

MOST_PERIODS = 120
"""Periods of one series."""

_VALUES = """SELECT metric, kind, start, value, numerator, denominator, low, high, people, reason
FROM metric_value WHERE metric = ANY($1) AND department_id = $2 AND kind = ANY($3) AND grain = $4
AND start BETWEEN $5 AND $6 ORDER BY metric, kind, start"""
_DEPARTMENT = "SELECT id, name, name_en FROM department WHERE id = $1"
_STATE = "SELECT refreshed_at FROM metric_state"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which values of a metric; checked."""

    metric: Metric
    grain: Grain
    periods: Sequence[Period]
    department: UUID | None
    kind: str | None

    @classmethod
    def of(
        cls,
        kernel: Kernel,
        metric: Metric,
        first: date | None,
        last: date | None,
        grain: Grain,
        department: UUID | None,
        kind: str | None,
    ) -> "Asked":
        """What is asked for; 422 for periods that run backwards, too many of them, or what the metric does not have."""
        periods = checked_periods(kernel, grain, first, last)
        if kind is not None:
            _check_kind(metric, kind, department)
        if department is not None and grain not in metric.by_department:
            message = f"{metric.id} is told of departments by {' or '.join(metric.by_department)} only"
            raise invalid("?by", "not_by_department", message)
        return cls(metric, grain, periods, department, kind)


def metric_of(id: str) -> Metric:
    """The metric; 404 if there is none of that name."""
    if id not in METRICS:
        raise not_found("metric")
    return METRICS[id]


def checked_periods(kernel: Kernel, grain: Grain, first: date | None, last: date | None) -> list[Period]:
    """The periods from one day to another; by default the last twelve."""
    last = last or today(kernel)
    if first is None:
        first = Period.of(grain, last).later(-11).start
    if first > last:
        raise invalid("?from", "backwards", f"from, {first}, lies behind to, {last}")
    if first < FIRST or last.year > today(kernel).year + 1:
        pointer = "?from" if first < FIRST else "?to"
        raise invalid(pointer, "out_of_calendar", f"there are figures from {FIRST} to the end of next year only")
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    if months > MOST_PERIODS * grain.months:
        raise invalid("?from", "too_many_periods", f"these are more than {MOST_PERIODS} periods")
    return between(grain, first, last)


def _check_kind(metric: Metric, kind: str, department: UUID | None) -> None:
    if metric.kinds is None:
        raise invalid("?kind", "no_kinds", f"{metric.id} is not divided by kinds")
    if metric.kinds.values and kind not in metric.kinds.values:
        raise invalid("?kind", "enum", f"not a kind of {metric.id}; there are {', '.join(metric.kinds.values)}")
    if department is not None and (metric.kinds.divides or metric.behind is Behind.authors):
        raise invalid("?kind", "kinds_of_company", f"the kinds of {metric.id} are told of the whole company only")


def today(kernel: Kernel) -> date:
    """Which day it is in the company."""
    return day_in(ZoneInfo(kernel.settings.time_zone), now())


async def checked_department(kernel: Kernel, principal: Principal, id: UUID, pointer: str) -> dict[str, Any]:
    """The department, if the caller may see its figures: it is their own or one above it, or they may see all. Raises
    422 if there is none, and 403 if it is not theirs to see."""
    row = await kernel.database.fetch_row(_DEPARTMENT, (id,))
    if row is None:
        raise invalid(pointer, "unknown_reference", "There is no such department.")
    if not sees_department(principal, id):
        detail = "You see the figures of the company and of your own departments; others need `metrics_read_all`."
        raise DomainError("forbidden", detail)
    return {**row, "id": str(row["id"])}


def sees_department(principal: Principal, id: UUID) -> bool:
    """Whether the principal may see a department's figures."""
    everywhere = Permission.metrics_read_all
    return (
        id in principal.subjects
        or everywhere in principal.permissions
        or id in principal.departments.get(everywhere, ())
    )


async def stored(
    kernel: Kernel,
    metrics: Sequence[str],
    grain: Grain,
    periods: Sequence[Period],
    department: UUID | None = None,
    kinds: Sequence[str] = ("",),
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The series of several metrics and kinds, by both names; every period has its entry."""
    values = (metrics, department or COMPANY, kinds, grain.value, periods[0].start, periods[-1].start)
    rows = {(row["metric"], row["kind"], row["start"]): row for row in await kernel.database.fetch(_VALUES, values)}
    day = today(kernel)
    return {
        (metric, kind): [_value(rows.get((metric, kind, period.start)), period, day) for period in periods]
        for metric in metrics
        for kind in kinds
    }


def _value(row: Any, period: Period, day: date) -> dict[str, Any]:
    reason = Untold.not_begun if period.start > day else Untold.nothing
    return {
        "period": period.label,
        "start": period.start,
        "end": period.end - timedelta(days=1),
        "value": None if row is None else row["value"],
        "numerator": None if row is None else _number(row["numerator"]),
        "denominator": None if row is None else _number(row["denominator"]),
        "low": None if row is None else row["low"],
        "high": None if row is None else row["high"],
        "people": None if row is None else row["people"],
        "reason": reason.value if row is None else row["reason"],
        "provisional": period.start <= day < period.end,
    }


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


async def refreshed_at(kernel: Kernel) -> datetime | None:
    """When figures were brought up to date last."""
    row = await kernel.database.fetch_row(_STATE, ())
    return None if row is None else row["refreshed_at"]


async def series(kernel: Kernel, principal: Principal, asked: Asked) -> dict[str, Any]:
    """The values of a metric that were asked for, as `MetricSeries`."""
    department = None
    if asked.department is not None:
        department = await checked_department(kernel, principal, asked.department, "?department")
    kind = asked.kind or ""
    found = await stored(kernel, [asked.metric.id], asked.grain, asked.periods, asked.department, [kind])
    return {
        "metric": summary(asked.metric),
        "by": asked.grain.value,
        "department": department,
        "kind": asked.kind,
        "items": found[asked.metric.id, kind],
        "as_of": await refreshed_at(kernel),
    }


def summary(metric: Metric) -> dict[str, Any]:
    """A metric as `MetricSummary`."""
    return {
        "id": metric.id,
        "version": metric.version,
        "topic": metric.topic.value,
        "name": metric.name.zh,
        "name_en": metric.name.en,
        "unit": metric.unit.value,
        "better": metric.better,
    }


def contract(metric: Metric) -> dict[str, Any]:
    """A metric as `Metric`."""
    return {
        **summary(metric),
        **_both("definition", metric.definition),
        **_both("numerator", metric.numerator),
        **_both("denominator", metric.denominator),
        **_both("period", metric.period),
        "edge_cases": [{"text": case.zh, "text_en": case.en} for case in metric.edge_cases],
        **_both("source", metric.source),
        "interval": metric.statistic.interval,
        "behind": metric.behind.value,
        "rows": metric.rows.value,
        "kinds": list(_kinds(metric.kinds)),
        "department_periods": [grain.value for grain in metric.by_department],
    }


def _both(name: str, words: Words | None) -> dict[str, str | None]:
    return {name: None, f"{name}_en": None} if words is None else {name: words.zh, f"{name}_en": words.en}


def _kinds(kinds: Kinds | None) -> Iterable[dict[str, str]]:
    for id, name in kinds.values.items() if kinds else ():
        yield {"id": id, "name": name.zh, "name_en": name.en}
