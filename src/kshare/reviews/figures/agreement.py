"""How far judges mean the same by the same score: Krippendorff's alpha, with an interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

Floats: TypeAlias = "NDArray[float64]"

INTERVAL: Final = (0.025, 0.975)
"""The quantiles of the resamples between which an interval lies: 95 %."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Alpha is 1 when all agree, 0 when they agree as much as chance would, and below when they contradict each other.

    `low` and `high` bound the 95 % interval. `units` counts what at least two judged, and `raters` who judged any of
    it. `note` tells why there is no alpha: fewer than two such units, or one value in all of them, which shows
    neither agreement nor its absence. There may be an alpha and no interval.
    """

    alpha: float | None
    low: float | None
    high: float | None
    units: int
    raters: int
    note: Literal["no_variance", "too_few"] | None


def agreement(scores: Sequence[Sequence[int | None]], *, seed: int, rounds: int = 1000) -> Agreement:
    """Agreement about units (things judged; rows) among raters (columns), None where one gave no score.

    Alpha with the ordinal metric, after K. Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011. Only the
    order of the scores counts, not how far apart they are. Scores that stand alone in their unit are left out.

    The interval is the percentile bootstrap (B. Efron, R. Tibshirani, An Introduction to the Bootstrap, 1993, chapter
    13): `rounds` times as many units are drawn with replacement, and alpha is computed anew from each draw, distances
    between scores included. Draws in which all scores are equal have no alpha and are left out; when more than half
    are, there is no interval. As with any percentile interval, alpha itself need not lie inside when units are few.

    The same scores and seed give the same answer, unrounded. Raises `ValueError` if the rows differ in length, the
    seed is negative or `rounds` is not positive.
    """
    if len({len(row) for row in scores}) > 1:
        raise ValueError("every unit needs a place for every rater")
    if rounds < 1:
        raise ValueError("an interval needs at least one round")
    units = [row for row in scores if sum(score is not None for score in row) >= 2]
    raters = len({rater for row in units for rater, score in enumerate(row) if score is not None})
    if len(units) < 2:
        return Agreement(None, None, None, len(units), raters, "too_few")
    values = sorted({score for row in units for score in row if score is not None})
    if len(values) == 1:
        return Agreement(None, None, None, len(units), raters, "no_variance")

    import numpy as np

    counts = np.array([[row.count(value) for value in values] for row in units], dtype=np.float64)
    (alpha,) = _alphas(counts, np.ones((1, len(units))))
    draws = np.random.default_rng(seed).multinomial(len(units), np.full(len(units), 1 / len(units)), size=rounds)
    resampled = _alphas(counts, draws.astype(np.float64))
    low, high = None, None
    if 2 * len(resampled) >= rounds:
        low, high = (float(bound) for bound in np.quantile(resampled, INTERVAL))
    return Agreement(float(alpha), low, high, len(units), raters, None)


def _alphas(counts: Floats, weights: Floats) -> Floats:
    """Alpha for each row of weights that leaves any variance.

    `counts` says how often each value was given to each unit (units x values, values in order), `weights` how often
    each unit counts (rounds x units).

    Krippendorff's ordinal distance between two values, the squared number of scores between them with half of those
    at either end, is the squared difference of their mid-ranks. So alpha needs sums over mid-ranks where his form has
    tables of coincidences and distances. With n scores in all, n_v of them with the value v of mid-rank r_v
    (counted from the middle, which makes their mean 0), and m_u in unit u:

        alpha = 1 - (n - 1) / n * sum_u [m_u * sum(r^2) - sum(r)^2] / (m_u - 1) / sum_v n_v * r_v^2

    the inner sums running over the scores of the unit. Until that last division by m_u - 1 all numbers are
    halves or quarters of integers, so perfect agreement is 1.0 and no variance is 0.0 exactly.
    """
    import numpy as np

    given = counts.sum(axis=1)
    marginals = weights @ counts
    total = marginals.sum(axis=1)
    ranks = np.cumsum(marginals, axis=1) - marginals / 2 - total[:, np.newaxis] / 2
    expected = (marginals * ranks**2).sum(axis=1)
    within = given * (ranks**2 @ counts.T) - (ranks @ counts.T) ** 2
    observed = (weights * within / (given - 1)).sum(axis=1)
    varied = expected > 0
    alphas: Floats = 1 - (total - 1)[varied] / total[varied] * observed[varied] / expected[varied]
    return alphas
