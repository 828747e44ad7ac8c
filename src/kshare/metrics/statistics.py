"""How figures are made of what was counted. Each knows which interval belongs to it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from statistics import median
from typing import ClassVar

from kshare.core.choices import Choice
from kshare.metrics.figures.bootstrap import (
    Interval,
    bootstrap_median_interval,
    bootstrap_ratio_interval,
    bootstrap_sum_interval,
)
from kshare.metrics.figures.concentration import gini, top_share
from kshare.metrics.figures.exact import rounded
from kshare.metrics.figures.intervals import poisson_exact, wilson
from kshare.metrics.figures.survival import curve


class IntervalKind(Choice):
    """Which 95 % interval `low` and `high` are."""

    wilson = "wilson", "Of a share, after Wilson."
    poisson = "poisson", "Of a rate, exact, after Garwood."
    bootstrap = "bootstrap", "Of what was drawn again and again from the same units."
    kaplan_meier = "kaplan_meier", "Of a duration, after Brookmeyer and Crowley."


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with what it was made of and the 95 % interval around it."""

    value: float | None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    low: float | None = None
    high: float | None = None


NOTHING = Figure(None)
"""Nothing was counted, so there is nothing to say."""


@dataclass(frozen=True, slots=True)
class Counted:
    """So many units with the same `x` and `y`."""

    x: Decimal
    y: Decimal
    units: int


class Statistic(ABC):
    """Makes a figure of the units of a department and a period. `heads` is the number of people eligible there."""

    interval: ClassVar[IntervalKind | None]
    """Which interval it gives, as the contract names it."""
    each: ClassVar[bool] = True
    """It needs to know each unit; otherwise the sums of `x` and `y` are enough, and come as one."""

    @abstractmethod
    def figure(self, counted: Iterable[Counted], heads: int, seed: str) -> Figure:
        """The figure; `seed` names the place of the figure, for statistics that draw at random."""


class Share(Statistic):
    """The share of units that have it: x of y."""

    interval = IntervalKind.wilson
    each = False

    def figure(self, counted: Iterable[Counted], heads: int, seed: str) -> Figure:
        x, y = _sums(counted)
        if y == 0:
            return NOTHING
        low, high = wilson(int(x), int(y))
        return Figure(float(x / y), x, y, low, high)


class ShareOfHeads(Statistic):
    """The share of the people who were eligible: x of them."""

    interval = IntervalKind.wilson
    each = False

    def figure(self, counted: Iterable[Counted], heads: int, seed: str) -> Figure:
        x, _ = _sums(counted)
        if heads == 0:
            return NOTHING
        low, high = wilson(int(x), heads)
        return Figure(float(x / heads), x, Decimal(heads), low, high)


class PerHead(Statistic):
    """Events for each person who was eligible."""

    interval = IntervalKind.poisson
    each = False

    def figure(self, counted: Iterable[Counted], heads: int, seed: str) -> Figure:
        x, _ = _sums(counted)
        return _rate(x, Decimal(heads))


class PerThing(Statistic):
    """Events, x, for each of the things that are counted in y."""

    interval = IntervalKind.poisson
    each = False

    def figure(self, counted: Iterable[Counted], heads: int, seed: str) -> Figure:
        x, y = _sums(counted)
        return _rate(x, y)


@dataclass(frozen=True)
class Lasting(Statistic):
    """Within how many days it has happened to a share of the units, by Kaplan and Meier: x are the days until it
    happened (y is 1), or for which it has not (y is 0). Without a value where it has not happened to as many."""

    quantile: Decimal
    interval = IntervalKind.kaplan_meier

    def figure(self, counted: Iterable[Counted], heads: int, seed: str) -> Figure:
        units = _each(counted)
        if not units:
            return NOTHING
        days, happened = [x for x, _ in units], [y == 1 for _, y in units]
        numbers = Decimal(sum(happened)), Decimal(len(units))
        found = curve(days, happened).quantile(self.quantile)
        if found.time is None:
            return Figure(None, *numbers)
        low, high = (None if end is None else float(end) for end in (found.low, found.high))
        return Figure(float(found.time), *numbers, low, high)


class Median(Statistic):
    """The median of x / y, to a millionth, over the units. There is no numerator; the denominator is their number."""

    interval = IntervalKind.bootstrap

    def figure(self, counted: Iterable[Counted], heads: int, seed: str) -> Figure:
        values = [rounded(Fraction(x) / Fraction(y), 6) for x, y in _each(counted)]
        if not values:
            return NOTHING
        return Figure(
            float(median(values)), None, Decimal(len(values)), *_ends(bootstrap_median_interval(values, seed))
        )


class AmountPerHead(Statistic):
    """An amount, x, for each person who was eligible."""

    interval = IntervalKind.bootstrap

    def figure(self, counted: Iterable[Counted], heads: int, seed: str) -> Figure:
        amounts = [x for x, _ in _each(counted)]
        if not amounts:
            return NOTHING
        total = sum(amounts, Decimal(0))
        ends = _ends(bootstrap_sum_interval(amounts, heads, seed))
        return Figure(float(total / heads), total, Decimal(heads), *ends)


class AmountRatio(Statistic):
    """One amount, x, divided by another, y."""

    interval = IntervalKind.bootstrap

    def figure(self, counted: Iterable[Counted], heads: int, seed: str) -> Figure:
        pairs = _each(counted)
        gain, cost = sum((x for x, _ in pairs), Decimal(0)), sum((y for _, y in pairs), Decimal(0))
        if cost == 0:
            return NOTHING
        return Figure(float(gain / cost), gain, cost, *_ends(bootstrap_ratio_interval(pairs, seed)))


class TopTenth(Statistic):
    """The share that the largest tenth of the units, rounded up, has in the sum of x. The sums themselves are not told:
    of fewer than fifty units the tenth may be somebody's alone. Less than nothing counts as nothing."""

    interval = None

    def figure(self, counted: Iterable[Counted], heads: int, seed: str) -> Figure:
        return Figure(top_share([max(x, Decimal(0)) for x, _ in _each(counted)], 0.1))


class Gini(Statistic):
    """How unevenly x is spread; the denominator says over how many. The sum of x is not told: that of a quarter less
    those of its months would be what people did who moved meanwhile."""

    interval = None

    def figure(self, counted: Iterable[Counted], heads: int, seed: str) -> Figure:
        values = [x for x, _ in _each(counted)]
        value = gini(values)
        return NOTHING if value is None else Figure(value, None, Decimal(len(values)))


def _each(counted: Iterable[Counted]) -> list[tuple[Decimal, Decimal]]:
    return [(one.x, one.y) for one in counted for _ in range(one.units)]


def _ends(interval: Interval | None) -> tuple[float | None, float | None]:
    return (None, None) if interval is None else (float(interval[0]), float(interval[1]))


def _rate(events: Decimal, exposure: Decimal) -> Figure:
    if exposure == 0:
        return NOTHING
    low, high = poisson_exact(int(events), float(exposure))
    return Figure(float(events / exposure), events, exposure, low, high)


def _sums(counted: Iterable[Counted]) -> tuple[Decimal, Decimal]:
    x = y = Decimal(0)
    for one in counted:
        x += one.x * one.units
        y += one.y * one.units
    return x, y
