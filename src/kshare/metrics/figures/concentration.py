"""How evenly contributions are spread over people."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import ceil

from kshare.metrics.figures.exact import Exact, integers


def gini(values: Sequence[Exact]) -> float | None:
    """Gini's coefficient: 0 when all have the same, (n - 1) / n when one of n has everything.

    Half the mean difference of two values, drawn with replacement, divided by their mean (C. Gini, Variabilità e
    mutabilità, 1912). With values in order that is sum_i (2 i - n - 1) x_i / (n sum_i x_i), i from 1 (A. Sen, On
    Economic Inequality, 1973, chapter 2). Exact until the last division. Zeros are values: who contributed nothing
    counts.

    None where there is nothing to share: no values, or all of them 0. One value is as even as can be: 0. Raises
    `ValueError` for a negative value.
    """
    ordered = _ordered(values)
    total, count = sum(ordered), len(ordered)
    if not total:
        return None
    return sum((2 * place - count - 1) * value for place, value in enumerate(ordered, 1)) / (count * total)


def top_share(values: Sequence[Exact], share: float | Decimal | Fraction = 0.1) -> float | None:
    """What part of the total the largest values hold, `share` of all values in number, rounded up: of 11 people 2.

    The share is taken as written: 0.1 is a tenth, so of 30 it is 3. None where there is nothing to share. Raises
    `ValueError` for a negative value, or unless 0 < share <= 1.
    """
    part = Fraction(str(share))
    if not 0 < part <= 1:
        raise ValueError("a share is more than 0 and at most 1")
    ordered = _ordered(values)
    total = sum(ordered)
    if not total:
        return None
    return sum(ordered[-ceil(part * len(ordered)) :]) / total


def _ordered(values: Sequence[Exact]) -> list[int]:
    scaled, _ = integers(values)
    scaled.sort()
    if scaled and scaled[0] < 0:
        raise ValueError("nobody has less than nothing")
    return scaled
