"""An order of entries from comparisons of two at a time, and how sure it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erf, sqrt
from typing import Final

from kshare.reviews.figures.bradley_terry import Comparison, components, covariance, strengths

__all__ = ["Comparison", "NotConnected", "Ranked", "rank"]

NORMAL_95: Final = 1.959964
"""Standard deviations on either side of the mean that hold 95 % of a normal distribution."""
EQUAL: Final = 1e-9
"""Strengths that differ by no more share a rank."""


class NotConnected(Exception):
    """There is no order: between these groups of entries nothing was compared."""

    def __init__(self, components: list[list[int]]) -> None:
        super().__init__(f"{len(components)} groups of entries are not compared with each other")
        self.components = components


@dataclass(frozen=True, slots=True)
class Ranked:
    """An entry in its place. The best has rank 1; who shares a rank leaves the following free: 1, 1, 3.

    `strength` is in log-odds and 0 for the mean of all; `low` and `high` bound its 95 % interval. `certainty` is
    the probability that the entry is truly better than the next one in the list (1/2 if they are equal); the last has
    none.
    """

    entry: int
    rank: int
    strength: float
    low: float
    high: float
    certainty: float | None


def rank(entries: int, comparisons: Sequence[Comparison]) -> list[Ranked]:
    """All entries (`range(entries)`), best first, equals by their number.

    Strengths are those of the Bradley-Terry model with a prior (`bradley_terry.strengths`). Intervals and certainty
    take them for jointly normal with the inverse Hessian as covariance, so they tell how few the comparisons are,
    and not how far judges differ in their taste.

    Raises `NotConnected` unless comparisons link all entries, and `ValueError` for comparisons that are none.
    """
    pairs = [comparison[:2] for comparison in comparisons]
    groups = components(entries, pairs)
    if len(groups) > 1:
        raise NotConnected(groups)
    if not entries:
        return []
    found = strengths(entries, comparisons)
    spread = covariance(entries, pairs, found)
    ranked: list[Ranked] = []
    places = _places([float(strength) for strength in found])
    for at, (entry, place) in enumerate(places):
        strength = float(found[entry])
        # The variance of a single entry, which is the mean, may come out as a tiny negative number.
        reach = NORMAL_95 * sqrt(max(0.0, float(spread[entry, entry])))
        certainty = None
        if at + 1 < entries:
            below = places[at + 1][0]
            variance = float(spread[entry, entry] + spread[below, below] - 2 * spread[entry, below])
            certainty = _normal((strength - float(found[below])) / sqrt(variance))
        ranked.append(Ranked(entry, place, strength, strength - reach, strength + reach, certainty))
    return ranked


def _places(found: list[float]) -> list[tuple[int, int]]:
    """The entries with their ranks, in the order of the list."""
    placed: list[tuple[int, int]] = []
    best = 0.0
    for at, entry in enumerate(sorted(range(len(found)), key=lambda entry: -found[entry])):
        shared = at > 0 and best - found[entry] <= EQUAL
        if not shared:
            best = found[entry]
        placed.append((entry, placed[-1][1] if shared else at + 1))
    return sorted(placed, key=lambda place: (place[1], place[0]))


def _normal(deviations: float) -> float:
    """How probable it is that a normal variable lies below that many standard deviations."""
    return (1 + erf(deviations / sqrt(2))) / 2
