"""Computing the figures of a quarter and its months: all of them, from the rows, by one way for reactor and rebuild."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.metrics.contracts import Behind, Metric, Row
from kshare.metrics.counting import AsOf, Cells, Department, Tree, count, eligible, people_behind
from kshare.metrics.dashboards.keeping import keep
from kshare.metrics.definitions import METRICS
from kshare.metrics.figures.publishing import FEWEST, People, crossing_is_safe, published, residues
from kshare.metrics.flows.matrix import computed_flow, write_flow
from kshare.metrics.models import COMPANY, MetricValueRow
from kshare.metrics.periods import Period, months_later
from kshare.metrics.shapes import Untold
from kshare.metrics.statistics import Figure

_AT_ONCE = 20
"""Figures that are made without a pause."""

Heads = Mapping[Department, int]
"""People by department, each with all below it."""

Behinds = Mapping[tuple[Department, str], frozenset[UUID]]
"""Who stands behind something, by the department itself and kind."""


async def roll_up(session: AsyncSession, quarter: Period, as_of: AsOf) -> int:
    """Computes every figure of a quarter and its months again, and writes those that have changed; how many did."""
    work = _Quarter(session, await Tree.load(session), quarter, as_of)
    computed = [(metric, await work.figures(metric)) for metric in METRICS.values()]
    flow = await computed_flow(session, quarter, as_of)
    # All of them at the end: from the first write on nothing newer in the journal settles.
    changed = sum([await _write(session, metric, work.periods, figures) for metric, figures in computed])
    changed += await write_flow(session, quarter, flow)
    for period in work.periods:
        await keep(session, period, as_of)
    return changed


class _Quarter:
    """The figures of one quarter, as far as it has begun."""

    def __init__(self, session: AsyncSession, tree: Tree, quarter: Period, as_of: AsOf) -> None:
        self._session, self._tree, self._as_of = session, tree, as_of
        self._quarter = quarter
        self._months = [month for month in quarter.months() if month.start <= as_of.today]
        self._eligible: dict[Period, dict[Department, frozenset[UUID]]] = {}
        self._open: frozenset[Department] | None = None

    @property
    def periods(self) -> list[Period]:
        """The quarter and its months that have begun."""
        return [self._quarter, *self._months]

    async def figures(self, metric: Metric) -> list[dict[str, Any]]:
        """The rows of a metric."""
        await self._count_people()
        rows = _Rows(metric, self._as_of.today)
        if metric.behind is Behind.eligible:
            await self._of_people(metric, rows)
        else:
            await self._of_things(metric, rows)
        return rows.rows

    async def _count_people(self) -> None:
        if self._open is not None:
            return
        for period in self.periods:
            self._eligible[period] = await eligible(self._session, period, self._as_of)
        self._open = published(self._tree.parents, [People(self._eligible[period]) for period in self.periods])

    def _heads(self, period: Period) -> Heads:
        heads: dict[Department, int] = defaultdict(int)
        for department, people in self._eligible[period].items():
            for above in self._tree.up(department):
                heads[above] += len(people)
        return heads

    async def _open_for(self, metric: Metric) -> frozenset[Department]:
        """The departments of which a metric of people is told. Who did something in a department that they have left by
        the end of the period stands behind it there beside those who are eligible: where nobody is any more, it would
        be theirs alone. What is of no department is anonymous, and could be anybody's."""
        assert self._open is not None
        if metric.rows is Row.person:
            return self._open
        crowds = []
        for period in self.periods:
            people: dict[Department, Set[UUID]] = dict(self._eligible[period])
            for (department, _), authors in (await people_behind(self._session, metric, period, self._as_of)).items():
                if department is not None:
                    people[department] = people.get(department, frozenset()) | authors
            crowds.append(People(people))
        return published(self._tree.parents, crowds)

    async def _of_people(self, metric: Metric, rows: "_Rows") -> None:
        """Everybody eligible stands behind each figure."""
        open_ = await self._open_for(metric)
        for period in self.periods:
            cells = await count(self._session, metric, self._tree, period, self._as_of)
            heads = self._heads(period)
            divided = metric.kinds is not None and metric.kinds.divides
            declared = set() if metric.kinds is None else set(metric.kinds.values)
            behind = {period: await people_behind(self._session, metric, period, self._as_of)} if divided else {}
            crossed = divided and None in open_ and self._crossed_is_safe(open_, [period], behind, kinds=True)
            for department in self._tree.nodes:
                await rows.breathe()
                people = heads.get(department, 0)
                # That there is nothing of a declared kind is told, too.
                kinds = cells.kinds(department) | declared if department is None or not divided else set()
                for kind in ("", *sorted(kinds)) if people else ():
                    if people < FEWEST:
                        rows.untold(period, department, kind, Untold.too_few_people)
                    elif department not in open_ or (kind and divided and not crossed):
                        rows.untold(period, department, kind, Untold.protects_others)
                    else:
                        theirs = people if not (kind and divided) else _of_kind(cells, kind)
                        rows.told(period, department, kind, cells, people, theirs)

    async def _of_things(self, metric: Metric, rows: "_Rows") -> None:
        """Authors stand behind things: quarters are told of departments, and more of the company if it is safe."""
        behind = {period: await people_behind(self._session, metric, period, self._as_of) for period in self.periods}
        quarter, people = self._quarter, _totals(behind[self._quarter])
        open_ = published(self._tree.parents, [People(people)])
        counted = {
            period: await count(self._session, metric, self._tree, period, self._as_of) for period in self.periods
        }
        cells = counted[quarter]
        with_those_below: dict[Department, set[UUID]] = defaultdict(set)
        for department, authors in people.items():
            for above in self._tree.up(department):
                with_those_below[above] |= authors
        heads = self._heads(quarter)
        for department, authors in with_those_below.items():
            await rows.breathe()
            if len(authors) < FEWEST:
                rows.untold(quarter, department, "", Untold.too_few_people)
            elif department not in open_:
                rows.untold(quarter, department, "", Untold.protects_others)
            else:
                rows.told(quarter, department, "", cells, heads.get(department, 0), len(authors))
        await self._of_company(metric, rows, counted, behind, self._safe_divisions(metric, open_, behind))

    async def _of_company(
        self,
        metric: Metric,
        rows: "_Rows",
        counted: Mapping[Period, Cells],
        behind: Mapping[Period, Behinds],
        told_by: tuple[bool, bool],
    ) -> None:
        """The months of the company, and its kinds: all there are, with a reason for those that are not told."""
        by_month, by_kind = told_by
        for period in self.periods:
            whole = period == self._quarter
            cells = counted[period]
            of_kind: dict[str, set[UUID]] = defaultdict(set)
            for (_, kind), people in behind[period].items():
                of_kind[kind] |= people
            everybody = {person for people in of_kind.values() for person in people}
            heads = self._heads(period).get(None, 0)
            if not whole and everybody:
                rows.either(by_month, period, "", cells, heads, len(everybody))
            for kind in sorted(of_kind.keys() - {""}):
                rows.either(by_kind and (whole or by_month), period, kind, cells, heads, len(of_kind[kind]))

    def _safe_divisions(
        self, metric: Metric, open_: frozenset[Department], behind: Mapping[Period, Behinds]
    ) -> tuple[bool, bool]:
        """Whether things are told of the company by months, and by kinds: if not both, rather by months; but by kinds
        if these cannot be added up, as months alone would tell little."""
        if None not in open_:
            return False, False
        months = self._crossed_is_safe(open_, self._months, behind)
        kinds = metric.kinds is not None and self._crossed_is_safe(open_, [self._quarter], behind, kinds=True)
        if months and kinds and not self._crossed_is_safe(open_, self._months, behind, kinds=True):
            addable = metric.kinds is not None and metric.kinds.addable
            return addable, not addable
        return months, kinds

    def _crossed_is_safe(
        self,
        open_: frozenset[Department],
        periods: Iterable[Period],
        behind: Mapping[Period, Behinds],
        *,
        kinds: bool = False,
    ) -> bool:
        """Whether the periods, and kinds, of the company and its published departments, crossed, give away nobody."""
        atom_of = residues(self._tree.parents, open_)
        crossed: dict[tuple[Department, tuple[Period, str]], set[UUID]] = defaultdict(set)
        for period in periods:
            for (department, kind), authors in behind[period].items():
                crossed[atom_of[department], (period, kind if kinds else "")] |= authors
        return crossing_is_safe(crossed)


def _totals(own: Behinds) -> dict[Department, set[UUID]]:
    totals: dict[Department, set[UUID]] = defaultdict(set)
    for (department, _), people in own.items():
        totals[department] |= people
    return totals


def _of_kind(cells: Cells, kind: str) -> int:
    """How many people are of a kind, where each is a unit."""
    return sum(int(one.y) * one.units for one in cells.counted(None, kind))


@dataclass
class _Rows:
    """Collects the rows of a metric."""

    metric: Metric
    today: date

    def __post_init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self._breathed = 0

    async def breathe(self) -> None:
        """Lets others have the event loop, since a large company has thousands of figures."""
        if len(self.rows) - self._breathed >= _AT_ONCE:
            self._breathed = len(self.rows)
            await asyncio.sleep(0)

    def either(self, tell: bool, period: Period, kind: str, cells: Cells, heads: int, behind: int) -> None:
        """A figure of the company, if it may be told."""
        if tell:
            self.told(period, None, kind, cells, heads, behind)
        else:
            self.untold(period, None, kind, Untold.too_few_people if behind < FEWEST else Untold.protects_others)

    def told(self, period: Period, department: Department, kind: str, cells: Cells, heads: int, behind: int) -> None:
        """A figure that may be told, if there is one."""
        metric = self.metric
        if metric.ripens and self.today < months_later(period.end, metric.ripens):
            self._add(period, department, kind, Figure(None), behind, Untold.too_young)
            return
        apart = not kind and metric.kinds is not None and not metric.kinds.addable
        kinds = cells.kinds(department) if apart else frozenset()
        if len(kinds) > 1:
            self._add(period, department, kind, Figure(None), behind, Untold.several_currencies)
            return
        # What is of one kind alone is the figure of that kind, to the last digit of its interval.
        of_kind = min(kinds, default=kind)
        seed = f"{metric.id}|{metric.version}|{period.label}|{department or COMPANY}|{of_kind}"
        figure = metric.statistic.figure(cells.counted(department, of_kind), heads, seed)
        reason = Untold.nothing if figure.value is None else None
        self._add(period, department, kind, figure, behind, reason)

    def untold(self, period: Period, department: Department, kind: str, reason: Untold) -> None:
        """A figure that must not be told."""
        self._add(period, department, kind, Figure(None), None, reason)

    def _add(
        self,
        period: Period,
        department: Department,
        kind: str,
        figure: Figure,
        people: int | None,
        reason: Untold | None,
    ) -> None:
        self.rows.append(
            {
                "metric": self.metric.id,
                "department_id": department or COMPANY,
                "kind": kind,
                "grain": period.grain.value,
                "start": period.start,
                "version": self.metric.version,
                "value": figure.value,
                "numerator": figure.numerator,
                "denominator": figure.denominator,
                "low": figure.low,
                "high": figure.high,
                "people": people,
                "reason": reason.value if reason else None,
            }
        )


async def _write(
    session: AsyncSession, metric: Metric, periods: Iterable[Period], figures: list[dict[str, Any]]
) -> int:
    """Puts the figures in the place of those of the same periods; rows that stay the same are left alone."""
    row = MetricValueRow
    places = [(period.grain.value, period.start) for period in periods]
    of_periods = row.metric == metric.id, tuple_(row.grain, row.start).in_(places)
    columns = list(row.__table__.columns)
    found = {tuple(one[:5]): tuple(one) for one in await session.execute(select(*columns).where(*of_periods))}
    names = [column.name for column in columns]
    fresh = {tuple(figure[name] for name in names[:5]): figure for figure in figures}
    gone = [key for key in found if key not in fresh]
    changed = [figure for key, figure in fresh.items() if found.get(key) != tuple(figure[name] for name in names)]
    outdated = [*gone, *(tuple(figure[name] for name in names[:5]) for figure in changed)]
    for first in range(0, len(outdated), 5_000):
        keys = tuple_(*(getattr(row, name) for name in names[:5]))
        await session.execute(delete(row).where(row.metric == metric.id, keys.in_(outdated[first : first + 5_000])))
    if changed:
        await session.execute(insert(row), changed)
    return len(outdated)
