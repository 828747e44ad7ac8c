"""What a panel's scores come to, exactly: no number here passes through a binary fraction."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import isqrt
from typing import Final, Generic, Literal, TypeVar

Criterion = TypeVar("Criterion", bound=Hashable)
Judge = TypeVar("Judge", bound=Hashable)
Subject = TypeVar("Subject", bound=Hashable)

FAR: Final = Decimal("1.0")
"""Scale points by which a judge must differ from the others on average to be far from them."""
FAR_SUBJECTS: Final = 3
"""The fewest subjects that show a habit of a judge, and not an opinion about one of them."""
PLACES: Final = 4


@dataclass(frozen=True, slots=True)
class Summary:
    """The mean of scores and their spread, the sample standard deviation; one score has no spread.

    In scale points with four decimals, half to even.
    """

    mean: Decimal
    spread: Decimal | None


@dataclass(frozen=True, slots=True)
class Deviation(Generic[Judge]):
    """A judge far from the rest: on so many `subjects` they gave on average that much more, or less if negative.

    In scale points with four decimals, half to even.
    """

    judge: Judge
    subjects: int
    deviation: Decimal


def weighted(scores: Mapping[Criterion, int], weights: Mapping[Criterion, int]) -> Decimal:
    """One judge's score of a subject: the mean of the criteria, weighted in per cent; exact, with two decimals.

    Raises `ValueError` unless every criterion has both a score and a weight, no weight is negative, and they add to
    100. A criterion may weigh nothing and be there to knock out.
    """
    if scores.keys() != weights.keys():
        raise ValueError("scores and weights are not for the same criteria")
    if sum(weights.values()) != 100 or min(weights.values()) < 0:
        raise ValueError("weights are per cent and add to 100")
    return Decimal(sum(score * weights[criterion] for criterion, score in scores.items())).scaleb(-2)


def summary(values: Sequence[Decimal]) -> Summary:
    """Mean and spread, computed exactly and then rounded; raises `ValueError` when there are no values.

    The spread is the root of the squared distances from the mean divided by one less than there are values.
    """
    if not values:
        raise ValueError("nothing has no mean")
    exact = [Fraction(value) for value in values]
    mean = _mean(exact)
    if len(exact) == 1:
        return Summary(_rounded(mean), None)
    variance = sum(((value - mean) ** 2 for value in exact), Fraction()) / (len(exact) - 1)
    return Summary(_rounded(mean), _rounded_root(variance))


def knocked_out(
    scores: Mapping[Judge, Mapping[Criterion, int]], limits: Mapping[Criterion, int | Decimal]
) -> list[Criterion]:
    """The criteria that knock a subject out, in the order of their limits.

    A criterion knocks out if the mean of what all judges gave it, not rounded, lies below its limit; at the limit
    it does not. So one low score alone decides nothing that the others outweigh. A criterion without a limit, or
    that nobody scored, never does.
    """
    out = []
    for criterion, limit in limits.items():
        given = [of_judge[criterion] for of_judge in scores.values() if criterion in of_judge]
        if given and Fraction(sum(given), len(given)) < Fraction(limit):
            out.append(criterion)
    return out


def advice(
    mean: Decimal, knocked_out: bool, approve_at: Decimal, decline_below: Decimal
) -> Literal["approve", "decline", "undecided"]:
    """What a panel advises: decline after a knock-out, else as the mean of the weighted scores says.

    From `approve_at` on it is approve, below `decline_below` decline, between them undecided. Raises `ValueError` if
    a mean could be both.
    """
    if decline_below > approve_at:
        raise ValueError("what is declined would be approved")
    if knocked_out or mean < decline_below:
        return "decline"
    return "approve" if mean >= approve_at else "undecided"


def far_from_the_rest(scores: Mapping[Subject, Mapping[Judge, Decimal]]) -> list[Deviation[Judge]]:
    """The judges whose weighted scores are far from those of the others: for a talk, nothing is corrected by it.

    For each judge the mean, over the subjects that somebody else judged too, of their score minus the mean of the
    others. Far is more than `FAR` either way, not rounded, over at least `FAR_SUBJECTS` subjects. The farthest comes
    first, equals as they are met in `scores`. Of two judges either both are far or neither: the figure cannot tell
    which is the odd one.
    """
    far = [
        (judge, subjects, mean)
        for judge, subjects, mean in _from_the_rest(scores)
        if subjects >= FAR_SUBJECTS and abs(mean) > FAR
    ]
    far.sort(key=lambda found: -abs(found[2]))
    return [Deviation(judge, subjects, _rounded(mean)) for judge, subjects, mean in far]


def deviations(scores: Mapping[Subject, Mapping[Judge, Decimal]]) -> list[Deviation[Judge]]:
    """The same figure for every judge who shares a subject with another, far or not, as they are met in `scores`."""
    return [Deviation(judge, subjects, _rounded(mean)) for judge, subjects, mean in _from_the_rest(scores)]


def _from_the_rest(scores: Mapping[Subject, Mapping[Judge, Decimal]]) -> list[tuple[Judge, int, Fraction]]:
    differences: dict[Judge, list[Fraction]] = {}
    for given in scores.values():
        total = sum(map(Fraction, given.values()), Fraction())
        for judge, score in given.items():
            if len(given) > 1:
                others = (total - Fraction(score)) / (len(given) - 1)
                differences.setdefault(judge, []).append(Fraction(score) - others)
    return [(judge, len(found), _mean(found)) for judge, found in differences.items()]


def _mean(values: Iterable[Fraction]) -> Fraction:
    found = list(values)
    return sum(found, Fraction()) / len(found)


def _rounded(value: Fraction) -> Decimal:
    return Decimal(round(value * 10**PLACES)).scaleb(-PLACES)


def _rounded_root(square: Fraction) -> Decimal:
    """The square root, rounded half to even as if it were known exactly."""
    scaled = square * 100**PLACES
    down = isqrt(int(scaled))
    rest = scaled - (down + Fraction(1, 2)) ** 2
    return Decimal(down + (rest > 0 or (rest == 0 and down % 2 == 1))).scaleb(-PLACES)
