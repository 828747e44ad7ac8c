"""Intervals of sums, ratios and medians of money: what would have come out with other ideas of the same sort.

The percentile bootstrap (B. Efron, R. Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13): as many units
as there are (one is an idea) are drawn with replacement, 2,000 times over; the interval lies between the 50th smallest
and the 50th largest of what comes out (their rule for any number of rounds: the k-th, k = floor((rounds + 1) * 0.025)).
It tells how much a figure hangs on a few large ideas. With few units it is too narrow, as any percentile interval is.

The same input gives the same digits on every machine. Draws come from the raw stream of PCG64, which numpy promises
never to change, seeded with the SHA-256 of a key, for instance "metric|period|department". A unit is chosen by integer
arithmetic from 32 bits, so of n units none is preferred by more than n / 2^32. Amounts are integers, so sums are
exact, and units are sorted first, so their order does not count. Only the last division rounds, to six decimals.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from kshare.metrics.figures.exact import Exact, integers, rounded

if TYPE_CHECKING:
    from numpy import generic, uint64
    from numpy.typing import NDArray

Interval: TypeAlias = tuple[Decimal, Decimal]
Result = TypeVar("Result", int, Fraction)

ROUNDS: Final = 2000
PLACES: Final = 6
_BLOCK: Final = 1 << 20
"""Draws made at once: some megabytes."""


def bootstrap_sum_interval(amounts: Sequence[Exact], heads: int, key: str | bytes) -> Interval | None:
    """The 95 % interval of sum(amounts) / heads; None for fewer than two units, which show no spread.

    Heads are taken as known: only the units are drawn. Raises `ValueError` unless there are heads.
    """
    if heads < 1:
        raise ValueError("nobody has no amount per head")
    scaled, scale = integers(sorted(amounts))
    if len(scaled) < 2:
        return None
    array = _array(scaled)
    sums = [int(total) for drawn in _draws(key, len(scaled)) for total in array[drawn].sum(axis=1)]
    low, high = _percentiles(sums)
    return rounded(Fraction(low, scale * heads), PLACES), rounded(Fraction(high, scale * heads), PLACES)


def bootstrap_ratio_interval(pairs: Sequence[tuple[Exact, Exact]], key: str | bytes) -> Interval | None:
    """The 95 % interval of the ratio of sums, sum of gains / sum of costs, of units that are (gain, cost).

    Rounds that draw no costs have no ratio and are left out; on average they are one in e = 2.7 at most, if one unit
    alone has costs. Without any, or with fewer than two units, there is no interval. Raises `ValueError` for a negative
    cost.
    """
    if any(cost < 0 for _, cost in pairs):
        raise ValueError("a cost is not negative")
    if len(pairs) < 2 or not any(cost for _, cost in pairs):
        return None
    ordered = sorted(pairs)
    gains, gain_scale = integers(gain for gain, _ in ordered)
    costs, cost_scale = integers(cost for _, cost in ordered)
    of_gain, of_cost = _array(gains), _array(costs)
    ratios = [
        Fraction(int(gain), int(cost))
        for drawn in _draws(key, len(ordered))
        for gain, cost in zip(of_gain[drawn].sum(axis=1), of_cost[drawn].sum(axis=1), strict=True)
        if cost
    ]
    scale = Fraction(cost_scale, gain_scale)
    low, high = _percentiles(ratios)
    return rounded(low * scale, PLACES), rounded(high * scale, PLACES)


def bootstrap_median_interval(values: Sequence[Exact], key: str | bytes) -> Interval | None:
    """The 95 % interval of the median, of two middle values their mean; None for fewer than two units."""
    import numpy as np

    units = len(values)
    if units < 2:
        return None
    scaled, scale = integers(sorted(values))
    below, above = (units - 1) // 2, units // 2
    # Values are sorted, so the place of the median among the places drawn is that of the median value.
    doubled = [
        scaled[int(low)] + scaled[int(high)]
        for drawn in _draws(key, units)
        for low, high in np.partition(drawn, (below, above), axis=1)[:, [below, above]]
    ]
    low, high = _percentiles(doubled)
    return rounded(Fraction(low, 2 * scale), PLACES), rounded(Fraction(high, 2 * scale), PLACES)


def _draws(key: str | bytes, units: int) -> "Iterator[NDArray[uint64]]":
    """The places of the units drawn: a row for each round, in blocks of rounds."""
    import numpy as np

    digest = sha256(key.encode() if isinstance(key, str) else key).digest()
    stream = np.random.PCG64(int.from_bytes(digest))
    at_once = max(1, _BLOCK // units)
    for begun in range(0, ROUNDS, at_once):
        rounds = min(at_once, ROUNDS - begun)
        raw = stream.random_raw(rounds * units).reshape(rounds, units)
        yield (raw >> np.uint64(32)) * np.uint64(units) >> np.uint64(32)


def _array(amounts: Sequence[int]) -> "NDArray[generic]":
    """Of machine integers where no sum of so many of them could overflow, else of Python's."""
    import numpy as np

    fits = max(map(abs, amounts)) * len(amounts) < 2**63
    return np.array(amounts, dtype=np.int64 if fits else np.object_)


def _percentiles(results: list[Result]) -> tuple[Result, Result]:
    results.sort()
    place = (len(results) + 1) * 25 // 1000
    return results[place - 1], results[-place]
