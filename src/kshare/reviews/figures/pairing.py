"""Which two entries a judge sees next."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

from kshare.reviews.figures.bradley_terry import Comparison, components, covariance, meetings, probabilities, strengths

if TYPE_CHECKING:
    from numpy import bool_
    from numpy.typing import NDArray

NEARLY: Final = 0.1
"""Pairs whose information is at most this share below the largest count as equally informative.

Exact ties end with the first answers, and judges who have none of their own would all be asked the same from then on.
In simulations (30 entries, 60 to 300 comparisons) five such judges at once get about four different pairs; without
this, one. The ranking is as good either way.
"""


def next_pair(
    entries: int,
    *,
    compared: Sequence[tuple[int, int]],
    own: Sequence[Comparison],
    allowed: Collection[int],
    drawn: int = 0,
) -> tuple[int, int] | None:
    """The pair that one judge should compare next, the entry to show first before the other; None if none is left.

    `compared` says which pairs all judges compared, this one included, each as often as it was compared and in either
    order; `own` what this judge answered; `allowed` which entries they may judge. What other judges answered is
    no argument, so nothing of it can be read from the question: strengths are estimated from `own` alone.

    A judge never gets the same pair twice. While comparisons do not link all entries, only pairs that link two groups
    are asked, if the judge may be asked any. Of these the most informative one is taken: where the variance of the
    difference of strengths times p * (1 - p), p being the probability that one is preferred, is largest. That is the
    comparison after which the uncertainty of all strengths together is smallest: with the factor 1 + that number it
    divides the determinant of their covariance (matrix determinant lemma; D-optimal design, V. Fedorov, Theory of
    Optimal Experiments, 1972). Of pairs nearly as good (`NEARLY`) those compared least often are left, and one of these
    is taken.

    `drawn`, 0 or more, chooses among them: judges who ask at the same time get different pairs if it differs between
    them. How many pairs the judge has compared is mixed in here. First comes the entry that has been first less often
    so far, less how often it was second, to this judge; where that leaves it open, `drawn` decides.

    Raises `ValueError` for a negative `drawn` and for numbers outside `range(entries)`.
    """
    if any(not 0 <= entry < entries for entry in allowed):
        raise ValueError(f"who may be judged is not among {entries} entries")
    groups = components(entries, compared)
    found = strengths(entries, own)

    import numpy as np

    candidates = _candidates(entries, groups, own, allowed)
    one, other = np.nonzero(candidates)
    if not len(one):
        return None
    likely = probabilities(found)[one, other]
    spread = covariance(entries, compared, found)
    variance = spread[one, one] + spread[other, other] - 2 * spread[one, other]
    information = variance * likely * (1 - likely)
    best = np.nonzero(information >= (1 - NEARLY) * information.max())[0]
    visits = meetings(entries, compared)[one, other][best]
    best = best[visits == visits.min()]
    chance = np.random.default_rng([drawn, len(own)])
    at = best[chance.integers(len(best))]
    pair = int(one[at]), int(other[at])
    return pair[::-1] if _turned(pair, own, bool(chance.integers(2))) else pair


def _candidates(
    entries: int, groups: list[list[int]], own: Sequence[Comparison], allowed: Collection[int]
) -> "NDArray[bool_]":
    """Which pairs may be asked, the lower number as row."""
    import numpy as np

    may = np.zeros(entries, dtype=np.bool_)
    may[list(allowed)] = True
    candidates = np.triu(np.logical_and.outer(may, may), 1)
    for first, second, _ in own:
        candidates[min(first, second), max(first, second)] = False
    group = np.empty(entries, dtype=np.intp)
    for number, members in enumerate(groups):
        group[members] = number
    linking = candidates & np.not_equal.outer(group, group)
    return linking if linking.any() else candidates


def _turned(pair: tuple[int, int], own: Sequence[Comparison], otherwise: bool) -> bool:
    """Whether the second entry has been shown first less often, counted against being second."""
    lead = [
        sum(comparison.first == entry for comparison in own) - sum(comparison.second == entry for comparison in own)
        for entry in pair
    ]
    return otherwise if lead[0] == lead[1] else lead[0] > lead[1]
