"""What metrics say and what they keep to themselves, computed slowly from the words of docs/adr/0009-metrics.md.

A topic gives a `Reference` for each of its metrics: what is counted, and what is made of it, in plain Python over all
rows. `told` then says of every department, period and kind what is to be told, or why nothing is.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from tests.metrics.histories import ZONE, Table, Tables

from kshare.core.principal import EVERYONE
from kshare.metrics.figures.publishing import People, crossing_is_safe, published, residues
from kshare.metrics.periods import Grain, Period

Number = Any
"""Of any sort: decimals, fractions, integers."""


@dataclass(frozen=True)
class World:
    """All rows, and the day on which they are looked at."""

    tables: Tables
    today: date

    def within(self, moment: datetime | None, period: Period) -> bool:
        """Whether a moment is in a period, by the calendar of Shanghai."""
        return moment is not None and period.start <= moment.astimezone(ZONE).date() < period.end

    def before_end(self, moment: datetime | None, period: Period) -> bool:
        """Whether a moment lies before the end of a period."""
        return moment is not None and moment.astimezone(ZONE).date() < period.end

    def eligible(self, period: Period) -> dict[UUID, UUID]:
        """Where everybody eligible counts in a period: in the department of the last membership that holds on a day of
        it, as far as it has come."""
        last: dict[UUID, Table] = {}
        people = {one["id"] for one in self.tables["person"] if one["kind"] == "person"}
        for one in sorted(self.tables["membership"], key=lambda one: (one["since"], one["id"])):
            first, end = max(one["since"], period.start), min(one["until"] or date.max, period.end)
            if one["person_id"] in people and first < end and first <= self.today:
                last[one["person_id"]] = one
        return {person: one["department_id"] for person, one in last.items()}

    def level(self, person: UUID) -> str:
        """Whether somebody leads people today, or people who lead people."""
        led = self._led[person]
        if any(self._led[one] for one in led):
            return "senior_leader"
        return "leader" if led else "staff"

    @cached_property
    def _led(self) -> defaultdict[UUID, list[UUID]]:
        led: defaultdict[UUID, list[UUID]] = defaultdict(list)
        for one in self.tables["person"]:
            if one["active"] and one["manager_id"] is not None:
                led[one["manager_id"]].append(one["id"])
        return led

    def where(self, table: str, column: str, value: Any) -> list[Table]:
        """The rows of a table that have a value in a column."""
        if (table, column) not in self._found:
            found = self._found[table, column] = defaultdict(list)
            for one in self.tables[table]:
                found[one[column]].append(one)
        return self._found[table, column].get(value, [])

    @cached_property
    def _found(self) -> dict[tuple[str, str], defaultdict[Any, list[Table]]]:
        return {}

    @cached_property
    def parents(self) -> dict[UUID, UUID | None]:
        """The tree of departments."""
        return {one["id"]: one["parent_id"] for one in self.tables["department"]}

    def above(self, department: UUID | None) -> Iterator[UUID | None]:
        """A department and all above it, up to the company, None."""
        while department is not None:
            yield department
            department = self.parents[department]
        yield None


@dataclass(frozen=True)
class Unit:
    """Something counted: who stands behind it, for which department it counts (None: the company only), and its
    kind."""

    person: UUID
    department: UUID | None
    x: Number
    y: Number
    kind: str | None = None


Figure = tuple[float | None, Number, Number]
"""Value, numerator and denominator."""


@dataclass(frozen=True)
class Reference:
    """A metric by its words. `figure` makes a figure of units and the number of people eligible. `of_people`: everybody
    eligible stands behind it, otherwise those of the units do. `kinds` are those that are told even where there is
    nothing of them; `divides`: each person is of one kind. What is of kinds that are not `addable` is told without a
    kind where there is one alone. Nothing is told of a period until `ripens` months after its end. Of what `within`
    does not tell, nothing is told; kinds of people are told after those of `beside`."""

    units: Callable[[World, Period], list[Unit]]
    figure: Callable[[Sequence[Unit], int], Figure]
    of_people: bool
    kinds: Sequence[str] = ()
    divides: bool = False
    addable: bool = True
    ripens: int = 0
    within: "Reference | None" = None
    beside: "Reference | None" = None


def nested(
    references: Mapping[str, Reference], within: Sequence[tuple[str, str]], beside: Sequence[tuple[str, str]] = ()
) -> dict[str, Reference]:
    """References of which some (first in each pair) are told within, or beside, others; outer pairs come first."""
    found = dict(references)
    for inner, outer in within:
        found[inner] = replace(found[inner], within=found[outer])
    for one, other in beside:
        found[one] = replace(found[one], beside=found[other])
    return found


Key = tuple[UUID, str, str, date]
"""Department (or EVERYONE, for the company), kind (or ''), grain and first day."""


@dataclass(frozen=True)
class Told:
    """A figure, or the reason why there is none."""

    value: float | None
    numerator: Number = None
    denominator: Number = None
    people: int | None = None
    reason: str | None = None


def told(reference: Reference, world: World, quarter: Period) -> dict[Key, Told]:
    """What a metric says of a quarter and its months that have begun, for every place where there is anybody."""
    months = [month for month in quarter.months() if month.start <= world.today]
    return (_of_people if reference.of_people else _of_things)(_Case(reference, world, quarter, months))


@dataclass(frozen=True)
class _Case:
    reference: Reference
    world: World
    quarter: Period
    months: list[Period]

    @cached_property
    def periods(self) -> list[Period]:
        return [self.quarter, *self.months]

    @cached_property
    def units(self) -> dict[Period, list[Unit]]:
        return {period: self.reference.units(self.world, period) for period in self.periods}

    def of(self, reference: Reference) -> "_Case":
        """The same for another metric."""
        return _Case(reference, self.world, self.quarter, self.months)

    @cached_property
    def open(self) -> frozenset[UUID | None]:
        """The departments that something is told of."""
        world, crowds = self.world, []
        for period in self.periods if self.reference.of_people else [self.quarter]:
            own: dict[UUID | None, set[UUID]] = defaultdict(set)
            for person, department in world.eligible(period).items() if self.reference.of_people else ():
                own[department].add(person)
            # Who did something where they are no more stands behind it there, too; what is of no department is
            # anybody's.
            for unit in self.units[period]:
                if unit.department is not None or not self.reference.of_people:
                    own[unit.department].add(unit.person)
            crowds.append(People(own))
        outer = self.reference.within
        return published(world.parents, crowds, None if outer is None else self.of(outer).open)

    def counted(self, period: Period, place: UUID | None, kind: str = "") -> list[Unit]:
        """The units of a period in a department and all below it; with a kind, those of it."""
        return [
            unit
            for unit in self.units[period]
            if place in self.world.above(unit.department) and kind in ("", unit.kind or "")
        ]

    @cached_property
    def heads(self) -> dict[Period, dict[UUID | None, int]]:
        """How many are eligible in each department and all below it."""
        found: dict[Period, dict[UUID | None, int]] = {}
        for period in self.periods:
            found[period] = defaultdict(int)
            for department in self.world.eligible(period).values():
                for above in self.world.above(department):
                    found[period][above] += 1
        return found

    def tell(self, period: Period, place: UUID | None, kind: str, people: int) -> Told:
        units = self.counted(period, place, kind)
        if self.reference.ripens and self.world.today < period.later(self.reference.ripens // period.grain.months).end:
            return Told(None, people=people, reason="too_young")
        if not self.reference.addable and len({unit.kind for unit in units}) > 1:
            return Told(None, people=people, reason="several_currencies")
        value, numerator, denominator = self.reference.figure(units, self.heads[period].get(place, 0))
        return Told(value, numerator, denominator, people, "nothing" if value is None else None)


def _key(period: Period, place: UUID | None, kind: str) -> Key:
    return place or EVERYONE, kind, period.grain.value, period.start


TOO_FEW, PROTECTS = Told(None, reason="too_few_people"), Told(None, reason="protects_others")


def _of_people(case: _Case) -> dict[Key, Told]:
    found, open_ = {}, case.open
    for period in case.periods:
        safe = None in open_ and case.reference.divides and _people_may_be_divided(case, period)
        for place, people in case.heads[period].items():
            kinds = {unit.kind for unit in case.counted(period, place) if unit.kind} | {"", *case.reference.kinds}
            for kind in kinds if place is None or not case.reference.divides else {""}:
                divided = bool(kind) and case.reference.divides
                behind = len(case.counted(period, place, kind)) if divided else people
                if people < 5:
                    found[_key(period, place, kind)] = TOO_FEW
                elif place not in open_ or (divided and not safe):
                    found[_key(period, place, kind)] = PROTECTS
                else:
                    found[_key(period, place, kind)] = case.tell(period, place, kind, behind)
    return found


def _people_may_be_divided(case: _Case, period: Period) -> bool:
    units, kinds = case.units[period], [unit.kind for unit in case.units[period]]
    if case.reference.beside is not None:
        other = case.of(case.reference.beside)
        if _people_may_be_divided(other, period):
            theirs = {unit.person: unit.kind for unit in other.units[period]}
            kinds = [f"{unit.kind}, {theirs[unit.person]}" for unit in units]
    return crossing_is_safe(_crossed(case.world, case.open, units, kinds))


def _of_things(case: _Case) -> dict[Key, Told]:
    world, quarter, found, open_ = case.world, case.quarter, {}, case.open
    departments = {unit.department for unit in case.units[quarter]}
    for place in {above for department in departments for above in world.above(department)}:
        people = {unit.person for unit in case.counted(quarter, place)}
        if len(people) < 5:
            found[_key(quarter, place, "")] = TOO_FEW
        else:
            found[_key(quarter, place, "")] = case.tell(quarter, place, "", len(people)) if place in open_ else PROTECTS
    # Of the company more is told if it is safe: kinds and months, or else months, or else kinds.
    both, months, kinds = _safe_divisions(case)
    for period in case.periods:
        whole = period.grain is Grain.quarter
        for kind in {unit.kind for unit in case.units[period] if unit.kind} | ({""} if not whole else set()):
            people = {unit.person for unit in case.counted(period, None, kind)}
            tells = (kinds if whole else both) if kind else months
            if tells and people:
                found[_key(period, None, kind)] = case.tell(period, None, kind, len(people))
            elif people:
                found[_key(period, None, kind)] = TOO_FEW if len(people) < 5 else PROTECTS
    return found


def _safe_divisions(case: _Case) -> tuple[bool, bool, bool]:
    """Whether both, months alone, and kinds of the quarter can be told."""
    if None not in (open_ := case.open):
        return False, False, False
    by_month = [(month, unit) for month in case.months for unit in case.units[month]]
    units = [unit for _, unit in by_month]
    both = crossing_is_safe(_crossed(case.world, open_, units, [(month, unit.kind) for month, unit in by_month]))
    months = both or crossing_is_safe(_crossed(case.world, open_, units, [month for month, _ in by_month]))
    kinds = both or crossing_is_safe(_crossed(case.world, open_, case.units[case.quarter]))
    if months and kinds and not both:
        months, kinds = case.reference.addable, not case.reference.addable
    if (outer := case.reference.within) is not None and not outer.of_people:
        allowed = _safe_divisions(case.of(outer))
        # Its months and its kinds may both be told although they are not when crossed.
        months, kinds = months and allowed[1], kinds and allowed[2]
        both = months and kinds
    return both, months, kinds


def _crossed(
    world: World, open_: frozenset[UUID | None], units: Sequence[Unit], divisions: Sequence[Any] | None = None
) -> Mapping[Any, set[UUID]]:
    """Who stands behind each division (kinds, unless something else is given) of what remains of each published
    department without the published ones below it."""
    atom = residues(world.parents, open_)
    crossed: dict[Any, set[UUID]] = defaultdict(set)
    for unit, division in zip(units, divisions or [unit.kind for unit in units], strict=True):
        crossed[atom[unit.department], division].add(unit.person)
    return crossed


def compare(metric: str, reference: Reference, world: World, quarter: Period, figures: Sequence[Table]) -> None:
    """Raises AssertionError unless the figures of a metric are, row by row, what its reference says."""
    starts = {(period.grain.value, period.start) for period in (quarter, *quarter.months())}
    found = {
        (one["department_id"], one["kind"], one["grain"], one["start"]): one
        for one in figures
        if one["metric"] == metric and (one["grain"], one["start"]) in starts
    }
    expected = told(reference, world, quarter)
    assert found.keys() == expected.keys(), (metric, "places", sorted(map(str, found.keys() ^ expected.keys())))
    for key, one in expected.items():
        figure = found[key]
        place = (metric, *map(str, key))
        assert (figure["reason"], figure["people"]) == (one.reason, one.people), (place, figure, one)
        for name, mine in (("value", one.value), ("numerator", one.numerator), ("denominator", one.denominator)):
            theirs = figure[name]
            if mine is None or theirs is None:
                assert mine is theirs, (place, name, theirs, mine)
            else:
                assert abs(float(theirs) - float(mine)) <= 1e-9 * max(1.0, abs(float(mine))), (
                    place,
                    name,
                    theirs,
                    mine,
                )
        # The ends of intervals of amounts are rounded.
        if figure["low"] is not None:
            assert figure["low"] - 1e-6 <= figure["value"], (place, figure)
        if figure["high"] is not None:
            assert figure["value"] <= figure["high"] + 1e-6, (place, figure)
