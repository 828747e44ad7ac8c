"""Charts and headlines of metrics along periods, declared and then made of what is stored."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from kshare.edge.kernel import Kernel
from kshare.metrics.contracts import Metric, Words
from kshare.metrics.dashboards.contracts import Asked
from kshare.metrics.dashboards.parts import chart, figure_points, headline, series
from kshare.metrics.dashboards.shapes import ChartKind
from kshare.metrics.dashboards.stored import Key, Stored, load
from kshare.metrics.definitions import METRICS
from kshare.metrics.periods import Grain, Period, between, months_later
from kshare.metrics.reads import today


@dataclass(frozen=True, slots=True)
class Line:
    """A series of a metric: of the whole dashboard's department or, with `company`, of the company; of all kinds (''),
    of one, or (None) one for each kind that there is."""

    metric: str
    kind: str | None = ""
    name: Words | None = None
    company: bool = False


@dataclass(frozen=True)
class Trend:
    """A chart of metrics along periods."""

    id: str
    name: Words
    drawn: ChartKind
    lines: Sequence[Line]
    note: Words | None = None


class Trends:
    """Trends and headlines of a dashboard, made of what one statement has read."""

    def __init__(self, asked: Asked, day: date) -> None:
        assert asked.grain is not None
        self._asked, self._day = asked, day
        self._grain: Grain = asked.grain
        self._stored: Stored | None = None

    async def load(
        self, kernel: Kernel, trends: Sequence[Trend], headlines: Sequence[Line], *, parts: bool = False
    ) -> Stored:
        """Reads all that is needed at once; `parts` are for `numerators` and `sums`."""
        keys = [self._key(line, self._grain_of(trend.lines)) for trend in trends for line in trend.lines]
        keys += [self._key(line, self._grain_of([line])) for line in headlines]
        periods = self._asked.periods
        # From the quarter before the first period, so that every first one has one before it.
        first = Period.of(Grain.quarter, periods[0].start).later(-1).start
        self._stored = await load(kernel, keys, first, periods[-1].end, parts=parts)
        return self._stored

    def chart(self, trend: Trend) -> dict[str, Any]:
        """A trend as a chart."""
        grain = self._grain_of(trend.lines)
        periods = self._periods(grain)
        lines = [made for line in trend.lines for made in self._series(line, grain, periods)]
        return chart(trend.id, trend.name, trend.drawn, periods, lines, trend.note)

    def headlines(self, lines: Sequence[Line]) -> Iterator[dict[str, Any]]:
        """For each line, and each of its kinds, the last period that is over beside the one before it."""
        for line in lines:
            grain, metric = self._grain_of([line]), METRICS[line.metric]
            period = self.last_over(grain, metric.ripens)
            for key in self._keys(line, grain):
                kind = key.kind or ""
                now, before = self._points(key, [period, period.later(-1)])
                yield headline(
                    f"{_id(metric, kind)}{_beside(line)}",
                    _named(line, metric, kind),
                    metric.unit.value,
                    now,
                    before,
                    period=period,
                    better=metric.better,
                    metric=metric.id,
                    kind=kind,
                )

    def numerators(self, line: Line, period: Period) -> list[dict[str, Any]]:
        """What was counted above the line in a period, for each kind of a line: as points without intervals."""
        assert self._stored is not None
        points = []
        for key in self._keys(line, period.grain):
            (told,), row = self._points(key, [period]), self._stored.of(key).get(period.start)
            count = None if row is None or row["value"] is None else float(row["numerator"])
            points.append({**told, "value": count, "low": None, "high": None})
        return points

    def sums(self, line: Line) -> Iterator[tuple[str, Decimal, Decimal]]:
        """For each period of which a value is told: its label, and what was counted above and below the line."""
        assert self._stored is not None
        grain = self._grain_of([line])
        rows = self._stored.of(self._key(line, grain))
        for period in self._periods(grain):
            row = rows.get(period.start)
            if row is not None and row["value"] is not None:
                yield period.label, row["numerator"], row["denominator"]

    def last_over(self, grain: Grain, ripens: int = 0) -> Period:
        """The last of the periods that is over, by so many months; the first one if none is."""
        periods = self._periods(grain)
        over = [period for period in periods if months_later(period.end, ripens) <= self._day]
        return over[-1] if over else periods[0]

    def _grain_of(self, lines: Sequence[Line]) -> Grain:
        """The periods that were asked for; quarters where one of the lines is told of departments by them only."""
        told = (METRICS[line.metric].by_department for line in lines if self._place(line) is not None)
        return Grain.quarter if any(self._grain not in grains for grains in told) else self._grain

    def _periods(self, grain: Grain) -> Sequence[Period]:
        asked = self._asked.periods
        return asked if grain is self._grain else between(grain, asked[0].start, asked[-1].start)

    def _place(self, line: Line) -> UUID | None:
        return None if line.company else self._asked.department_id

    def _key(self, line: Line, grain: Grain) -> Key:
        return Key(line.metric, self._place(line), grain, line.kind)

    def _keys(self, line: Line, grain: Grain) -> list[Key]:
        """The key of a line, or one for each kind that there is; those of a metric in the order of its contract."""
        assert self._stored is not None
        key = self._key(line, grain)
        if line.kind is not None:
            return [key]
        kinds = METRICS[line.metric].kinds
        assert kinds is not None
        found = list(kinds.values) or self._stored.kinds(key)
        return [Key(key.metric, key.department, grain, kind) for kind in found]

    def _series(self, line: Line, grain: Grain, periods: Sequence[Period]) -> Iterator[dict[str, Any]]:
        metric = METRICS[line.metric]
        for key in self._keys(line, grain):
            kind = key.kind or ""
            points = self._points(key, periods)
            id, name = f"{_id(metric, kind)}{_beside(line)}", _named(line, metric, kind)
            yield series(id, name, metric.unit.value, points, metric.id, kind)

    def _points(self, key: Key, periods: Sequence[Period]) -> list[dict[str, Any]]:
        assert self._stored is not None
        return figure_points(self._stored.of(key), periods, self._day)


def _id(metric: Metric, kind: str) -> str:
    return f"{metric.id}.{kind}" if kind else metric.id


def _beside(line: Line) -> str:
    """A metric can stand twice in a chart: for the department, and for the company beside it."""
    return ".company" if line.company else ""


def _named(line: Line, metric: Metric, kind: str) -> Words:
    """The line's name, the kind's, or the metric's; a kind that is not known beforehand, a currency, stands behind."""
    if line.name is not None:
        return line.name
    if not kind:
        return metric.name
    kinds: Mapping[str, Words] = {} if metric.kinds is None else metric.kinds.values
    return kinds.get(kind) or Words(f"{metric.name.zh} {kind}", f"{metric.name.en}, {kind}")


def trends(asked: Asked, kernel: Kernel) -> Trends:
    """The trends of a dashboard, as of today."""
    return Trends(asked, today(kernel))
