"""The parts of dashboards as their shapes show them: points, series, charts, headlines."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from kshare.metrics.contracts import Words
from kshare.metrics.dashboards.shapes import ChartKind
from kshare.metrics.periods import Period
from kshare.metrics.shapes import Untold

COUNT = "count"
"""The unit of what is only counted."""


def point(
    value: float | None,
    low: float | None = None,
    high: float | None = None,
    reason: Untold | None = None,
    *,
    provisional: bool = False,
) -> dict[str, Any]:
    """A `Point`."""
    told = None if reason is None else reason.value
    return {"value": value, "low": low, "high": high, "reason": told, "provisional": provisional}


def figure_points(
    rows: Mapping[date, Mapping[str, Any]], periods: Sequence[Period], today: date
) -> list[dict[str, Any]]:
    """The stored figures of periods of one length, by their first days, as `Point`s; or why there are none."""
    present = Period.of(periods[0].grain, today).start
    points = []
    for period in periods:
        start = period.start
        row = rows.get(start)
        if row is None:
            points.append(point(None, reason=missing(period, today), provisional=start == present))
        else:
            value, low, high, reason = row["value"], row["low"], row["high"], row["reason"]
            told = {"value": value, "low": low, "high": high, "reason": reason, "provisional": start == present}
            points.append(told)
    return points


def missing(period: Period, today: date) -> Untold:
    """Why a period has no figure at all."""
    return Untold.not_begun if period.start > today else Untold.nothing


def counted(values: Sequence[int | None]) -> list[dict[str, Any]]:
    """What is only counted, as points."""
    return [point(value) for value in values]


def series(
    id: str, name: Words, unit: str, points: Sequence[dict[str, Any]], metric: str | None = None, kind: str = ""
) -> dict[str, Any]:
    """A `Series`."""
    return {
        "id": id,
        "name": name.zh,
        "name_en": name.en,
        "unit": unit,
        "metric": metric,
        "kind": kind or None,
        "points": list(points),
    }


def chart(
    id: str,
    name: Words,
    kind: ChartKind,
    labels: Sequence[Words] | Sequence[Period],
    series: Sequence[dict[str, Any]],
    note: Words | None = None,
) -> dict[str, Any]:
    """A `Chart`; raises `ValueError` unless each series has a point for each label."""
    zh = [one.label if isinstance(one, Period) else one.zh for one in labels]
    en = [one.label if isinstance(one, Period) else one.en for one in labels]
    if any(len(one["points"]) != len(labels) for one in series):
        raise ValueError(f"a series of {id} has not as many points as there are labels")
    units = {one["unit"] for one in series}
    return {
        "id": id,
        "name": name.zh,
        "name_en": name.en,
        "kind": kind.value,
        "unit": units.pop() if len(units) == 1 else None,
        "labels": zh,
        "labels_en": en,
        "series": list(series),
        "note": None if note is None else note.zh,
        "note_en": None if note is None else note.en,
    }


def headline(
    id: str,
    name: Words,
    unit: str,
    now: Mapping[str, Any],
    before: Mapping[str, Any] | None = None,
    *,
    period: Period | None = None,
    better: str | None = None,
    metric: str | None = None,
    kind: str = "",
) -> dict[str, Any]:
    """A `Headline` of two points, now and before."""
    return {
        "id": id,
        "name": name.zh,
        "name_en": name.en,
        "unit": unit,
        "period": None if period is None else period.label,
        **{part: now[part] for part in ("value", "low", "high", "reason")},
        "before": None if before is None else before["value"],
        "before_reason": None if before is None else before["reason"],
        "better": better,
        "metric": metric,
        "kind": kind or None,
    }
