"""What the statements of metrics count, summed up the tree of departments."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Date, DateTime, Text, TextClause, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.metrics.contracts import Metric, Row
from kshare.metrics.definitions.people import ELIGIBLE
from kshare.metrics.periods import Period, beginning
from kshare.metrics.statistics import Counted

_TYPES: Mapping[str, Any] = {
    "since": Date(),
    "until": Date(),
    "since_at": DateTime(timezone=True),
    "until_at": DateTime(timezone=True),
    "today": Date(),
    "today_at": DateTime(timezone=True),
    "zone": Text(),
}
"""The values that a statement of units may refer to: the first day of the period and the first after it (tomorrow, if
the period is not over), both as moments, today and when it began, and the company's time zone."""

Department = UUID | None
"""A department, or None: the company, and whatever belongs to it alone."""


@dataclass(frozen=True)
class Tree:
    """The departments as they hang together today; the company, None, is above them all."""

    parents: Mapping[UUID, UUID | None]

    @classmethod
    async def load(cls, session: AsyncSession) -> "Tree":
        """The tree as it is."""
        rows = await session.execute(text("SELECT id, parent_id FROM department ORDER BY id"))
        return cls({row.id: row.parent_id for row in rows})

    def up(self, department: Department) -> list[Department]:
        """A department and all above it, up to the company."""
        path: list[Department] = []
        while department is not None:
            path.append(department)
            department = self.parents[department]
        return [*path, None]

    @cached_property
    def nodes(self) -> list[Department]:
        """The company and every department."""
        return [None, *self.parents]


@dataclass(frozen=True)
class AsOf:
    """The day that figures are computed as of, in the company's time zone: they know what happened until now, and take
    what is undecided for as old as it was when the day began."""

    zone: ZoneInfo
    today: date

    def values(self, period: Period) -> dict[str, Any]:
        """What a statement of units is given for a period."""
        until = min(period.end, self.today + timedelta(days=1))
        return {
            "since": period.start,
            "until": until,
            "since_at": beginning(self.zone, period.start),
            "until_at": beginning(self.zone, until),
            "today": self.today,
            "today_at": beginning(self.zone, self.today),
            "zone": self.zone.key,
        }


@dataclass
class Sums:
    """What was counted of one kind, in one department and all below it."""

    _sums: Counter[tuple[Decimal, Decimal]] = field(default_factory=Counter)

    def add(self, x: Decimal, y: Decimal, units: int) -> None:
        """Counts so many units more."""
        self._sums[x, y] += units

    def counted(self) -> Iterable[Counted]:
        """In a fixed order, so that figures do not depend on that of rows."""
        return [Counted(x, y, units) for (x, y), units in sorted(self._sums.items())]


class Cells:
    """What was counted, by department (with all below it) and kind ('' for all kinds)."""

    def __init__(self) -> None:
        self._sums: dict[tuple[Department, str], Sums] = defaultdict(Sums)
        self._kinds: dict[Department, set[str]] = defaultdict(set)

    def add(self, department: Department, kind: str, x: Decimal, y: Decimal, units: int) -> None:
        """Counts so many units of a kind more; '' is none."""
        for one in {"", kind}:
            self._sums[department, one].add(x, y, units)
        if kind:
            self._kinds[department].add(kind)

    def counted(self, department: Department, kind: str = "") -> Iterable[Counted]:
        """What was counted of a kind, or of all, in a department and all below it."""
        return self._sums[department, kind].counted() if (department, kind) in self._sums else ()

    def kinds(self, department: Department) -> Set[str]:
        """The kinds found there."""
        return self._kinds.get(department, frozenset())


async def count(session: AsyncSession, metric: Metric, tree: Tree, period: Period, as_of: AsOf) -> Cells:
    """What a metric counts in a period."""
    cells = Cells()
    for row in await session.execute(_counting(metric), bound(metric.units, as_of.values(period))):
        for department in tree.up(row.department):
            cells.add(department, row.kind, row.x, row.y, row.units)
    return cells


async def people_behind(
    session: AsyncSession, metric: Metric, period: Period, as_of: AsOf
) -> dict[tuple[Department, str], frozenset[UUID]]:
    """The distinct people behind what a metric counts, by department itself and kind."""
    # Each person is a unit of a metric of people: none comes twice.
    distinct = "" if metric.rows is Row.person else "DISTINCT"
    statement = typed(
        f"""SELECT department, coalesce(kind, '') AS kind, array_agg({distinct} person) AS people
        FROM ({metric.units}) AS unit GROUP BY 1, 2"""
    )
    rows = await session.execute(statement, bound(metric.units, as_of.values(period)))
    return {(row.department, row.kind): frozenset(row.people) for row in rows}


async def eligible(session: AsyncSession, period: Period, as_of: AsOf) -> dict[Department, frozenset[UUID]]:
    """Who is eligible in a period, by the department itself. Nobody is in two."""
    statement = f"WITH {ELIGIBLE} SELECT department, array_agg(person) AS people FROM eligible GROUP BY 1"
    rows = await session.execute(typed(statement), bound(statement, as_of.values(period)))
    return {row.department: frozenset(row.people) for row in rows}


def _counting(metric: Metric) -> TextClause:
    units = f"FROM ({metric.units}) AS unit"
    if metric.statistic.each:
        return typed(
            f"""SELECT department, coalesce(kind, '') AS kind, x::numeric, y::numeric, count(*) AS units
            {units} GROUP BY 1, 2, 3, 4"""
        )
    return typed(
        f"""SELECT department, coalesce(kind, '') AS kind, sum(x)::numeric AS x, sum(y)::numeric AS y, 1 AS units
        {units} GROUP BY 1, 2"""
    )


def typed(statement: str) -> TextClause:
    """A statement with its values typed."""
    named = [bindparam(name, type_=kind) for name, kind in _TYPES.items() if _refers(statement, name)]
    return text(statement).bindparams(*named)


def bound(statement: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that a statement refers to."""
    return {name: value for name, value in values.items() if _refers(statement, name)}


def _refers(statement: str, name: str) -> bool:
    return bool(re.search(rf"(?<!:):{name}\b", statement))
