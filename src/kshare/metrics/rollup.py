"""Computing the figures of a quarter and its months: all of them, from the rows, by one way for reactor and rebuild."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kshare.metrics.contracts import Behind, Metric, Row
from kshare.metrics.counting import AsOf, Cells, Department, Tree, count, eligible, people_behind
from kshare.metrics.dashboards.keeping import keep
from kshare.metrics.definitions import METRICS
from kshare.metrics.figures.publishing import FEWEST, People, crossing_is_safe, published, residues
from kshare.metrics.flows.matrix import computed_flow, write_flow
from kshare.metrics.models import COMPANY
from kshare.metrics.periods import Period, months_later
from kshare.metrics.shapes import Untold
from kshare.metrics.statistics import Figure
from kshare.metrics.storing import write

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
    changed = sum([await write(session, metric, work.periods, figures) for metric, figures in computed])
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
        self._people: dict[Period, dict[Department, frozenset[UUID]]] = {}
        self._doers: dict[str, dict[Period, Behinds]] = {}
        self._counted: dict[Period, Heads] = {}
        self._open: dict[str, frozenset[Department]] = {}
        self._divisions: dict[str, tuple[bool, bool]] = {}

    @property
    def periods(self) -> list[Period]:
        """The quarter and its months that have begun."""
        return [self._quarter, *self._months]

    async def figures(self, metric: Metric) -> list[dict[str, Any]]:
        """The rows of a metric."""
        rows = _Rows(metric, self._as_of.today)
        if metric.behind is Behind.eligible:
            await self._of_people(metric, rows)
        else:
            await self._of_things(metric, rows)
        return rows.rows

    async def _eligible(self) -> Mapping[Period, Mapping[Department, frozenset[UUID]]]:
        if not self._people:
            self._people = {period: await eligible(self._session, period, self._as_of) for period in self.periods}
        return self._people

    async def _heads(self, period: Period) -> Heads:
        if period not in self._counted:
            heads: dict[Department, int] = defaultdict(int)
            for department, people in (await self._eligible())[period].items():
                for above in self._tree.up(department):
                    heads[above] += len(people)
            self._counted[period] = heads
        return self._counted[period]

    async def _told_of(self, metric: Metric) -> frozenset[Department]:
        """The departments of which a metric is told."""
        everybody = metric.behind is Behind.eligible and metric.rows is Row.person and metric.within is None
        name = "everybody" if everybody else metric.id
        if name not in self._open:
            among = None if metric.within is None else await self._told_of(METRICS[metric.within])
            self._open[name] = published(self._tree.parents, await self._crowds(metric), among)
        return self._open[name]

    async def _crowds(self, metric: Metric) -> list[People]:
        """Who stands behind a metric, for all that shares a sum. Who did something in a department that they have left
        by the end of the period stands behind it there beside those who are eligible: where nobody is any more, it
        would be theirs alone. What is of no department is anonymous, and could be anybody's."""
        if metric.behind is Behind.authors:
            return [People(_totals((await self._behind(metric))[self._quarter]))]
        eligible_ = await self._eligible()
        if metric.rows is Row.person:
            return [People(eligible_[period]) for period in self.periods]
        crowds = []
        for period, doers in (await self._behind(metric)).items():
            people: dict[Department, Set[UUID]] = dict(eligible_[period])
            for (department, _), authors in doers.items():
                if department is not None:
                    people[department] = people.get(department, frozenset()) | authors
            crowds.append(People(people))
        return crowds

    async def _behind(self, metric: Metric) -> Mapping[Period, Behinds]:
        if metric.id not in self._doers:
            self._doers[metric.id] = {
                period: await people_behind(self._session, metric, period, self._as_of) for period in self.periods
            }
        return self._doers[metric.id]

    async def _of_people(self, metric: Metric, rows: "_Rows") -> None:
        """Everybody eligible stands behind each figure."""
        open_ = await self._told_of(metric)
        for period in self.periods:
            cells = await count(self._session, metric, self._tree, period, self._as_of)
            heads = await self._heads(period)
            divided = metric.kinds is not None and metric.kinds.divides
            declared = set() if metric.kinds is None else set(metric.kinds.values)
            crossed = divided and None in open_ and await self._people_may_be_divided(metric, open_, period)
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

    async def _people_may_be_divided(self, metric: Metric, open_: frozenset[Department], period: Period) -> bool:
        """Whether a metric's kinds of people are told: beside those of another metric, if it is told by these."""
        theirs = (await self._behind(metric))[period]
        if metric.beside is not None:
            other = METRICS[metric.beside]
            if await self._people_may_be_divided(other, open_, period):
                theirs = _in_both(theirs, (await self._behind(other))[period])
        return self._crossed_is_safe(open_, [period], {period: theirs}, kinds=True)

    async def _of_things(self, metric: Metric, rows: "_Rows") -> None:
        """Authors stand behind things: quarters are told of departments, and more of the company if it is safe."""
        behind, open_ = await self._behind(metric), await self._told_of(metric)
        quarter = self._quarter
        counted = {
            period: await count(self._session, metric, self._tree, period, self._as_of) for period in self.periods
        }
        cells = counted[quarter]
        with_those_below: dict[Department, set[UUID]] = defaultdict(set)
        for department, authors in _totals(behind[quarter]).items():
            for above in self._tree.up(department):
                with_those_below[above] |= authors
        heads = await self._heads(quarter)
        for department, authors in with_those_below.items():
            await rows.breathe()
            if len(authors) < FEWEST:
                rows.untold(quarter, department, "", Untold.too_few_people)
            elif department not in open_:
                rows.untold(quarter, department, "", Untold.protects_others)
            else:
                rows.told(quarter, department, "", cells, heads.get(department, 0), len(authors))
        await self._of_company(metric, rows, counted, behind, await self._told_by(metric))

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
            heads = (await self._heads(period)).get(None, 0)
            if not whole and everybody:
                rows.either(by_month, period, "", cells, heads, len(everybody))
            for kind in sorted(of_kind.keys() - {""}):
                rows.either(by_kind and (whole or by_month), period, kind, cells, heads, len(of_kind[kind]))

    async def _told_by(self, metric: Metric) -> tuple[bool, bool]:
        if metric.id not in self._divisions:
            self._divisions[metric.id] = await self._safe_divisions(metric)
        return self._divisions[metric.id]

    async def _safe_divisions(self, metric: Metric) -> tuple[bool, bool]:
        """Whether things are told of the company by months, and by kinds: if not both, rather by months; but by kinds
        if these cannot be added up, as months alone would tell little."""
        open_, behind = await self._told_of(metric), await self._behind(metric)
        if None not in open_:
            return False, False
        months = self._crossed_is_safe(open_, self._months, behind)
        kinds = metric.kinds is not None and self._crossed_is_safe(open_, [self._quarter], behind, kinds=True)
        if months and kinds and not self._crossed_is_safe(open_, self._months, behind, kinds=True):
            addable = metric.kinds is not None and metric.kinds.addable
            months, kinds = addable, not addable
        if metric.within is not None and (other := METRICS[metric.within]).behind is Behind.authors:
            by_month, by_kind = await self._told_by(other)
            return months and by_month, kinds and by_kind
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


def _in_both(some: Behinds, others: Behinds) -> dict[tuple[Department, str], frozenset[UUID]]:
    """Everybody by both of their kinds."""
    of_department: dict[Department, list[tuple[str, frozenset[UUID]]]] = defaultdict(list)
    for (department, kind), people in others.items():
        of_department[department].append((kind, people))
    found = {}
    for (department, kind), people in some.items():
        for other, theirs in of_department[department]:
            if both := people & theirs:
                found[department, f"{kind} {other}"] = both
    return found


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
