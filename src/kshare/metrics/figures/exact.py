"""Amounts as integers, so that sums and comparisons of them are exact and their order does not matter."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import TypeAlias

Exact: TypeAlias = int | Decimal | Fraction


def integers(values: Iterable[Exact]) -> tuple[list[int], int]:
    """The values times their least common denominator, and that denominator.

    Raises `ValueError` for a decimal that is not a number and `OverflowError` for an infinite one.
    """
    ratios = [value.as_integer_ratio() for value in values]
    scale = lcm(*{denominator for _, denominator in ratios})
    return [numerator * (scale // denominator) for numerator, denominator in ratios], scale


def rounded(value: Fraction, places: int) -> Decimal:
    """The value with so many decimals, half to even, whatever the context of `decimal` in this thread."""
    return Decimal(f"{round(value * 10**places)}E-{places}")
