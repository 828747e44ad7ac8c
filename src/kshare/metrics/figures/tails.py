"""For which mean, or which odds, a count is as improbable as asked: what exact intervals are made of.

Tails of the Poisson and the binomial distribution are sums of terms of one sign: the term at the count itself times a
series whose terms only fall on the way that matters here. So nothing cancels, and the number of terms is a few times
the root of the count.

As functions of the logarithm of the mean, or of the odds, the logarithms of both tails are concave (they are tails of
the logarithm of a gamma variable and of the logit of a beta variable, whose densities are log-concave). So Newton's
method finds the answer from anywhere: after its first step it is on the side of the root where the tail is too small,
and from there each step comes nearer.
"""

from collections.abc import Callable
from math import exp, lgamma, log, log1p, pi
from typing import Final

_STEPS: Final = 200
_CLOSE: Final = 1e-9
_NOTHING: Final = 1e-20


def mean_of_at_least(count: int, tail: float) -> float:
    """The mean of the Poisson distribution that gives `count` or more with probability `tail`; `count` is positive."""

    def at(mean: float) -> tuple[float, float]:
        series = _series(lambda term: mean / (count + term))
        return _log_poisson(count, mean) + log(series), count / series

    return _solved(at, tail, start=float(count))


def mean_of_at_most(count: int, tail: float) -> float:
    """The mean of the Poisson distribution that gives `count` or less with probability `tail`."""

    def at(mean: float) -> tuple[float, float]:
        series = _series(lambda term: (count + 1 - term) / mean)
        return _log_poisson(count, mean) + log(series), -mean / series

    return _solved(at, tail, start=float(count + 1))


def odds_of_at_least(count: int, trials: int, tail: float) -> float:
    """The odds of success, p / (1 - p), at which `count` or more of `trials` succeed with probability `tail`.

    `count` is positive. The odds at which `count` or less succeed are those of failures, turned over:
    `1 / odds_of_at_least(trials - count, trials, tail)`.
    """
    failures = trials - count

    def at(odds: float) -> tuple[float, float]:
        series = _series(lambda term: odds * (failures + 1 - term) / (count + term))
        return _log_binomial(count, failures, odds) + log(series), count / (1 + odds) / series

    return _solved(at, tail, start=count / (failures + 1))


def _solved(at: Callable[[float], tuple[float, float]], tail: float, start: float) -> float:
    """Where the tail has the probability asked for; `at` gives its logarithm and the slope of that by the logarithm."""
    found = start
    for _ in range(_STEPS):
        reached, slope = at(found)
        step = (log(tail) - reached) / slope
        found *= exp(step)
        # Each step squares the distance: the one after this would not be seen in a float.
        if abs(step) < _CLOSE:
            return found
    raise ArithmeticError("Newton's method has not come to an end")


def _series(ratio: Callable[[int], float]) -> float:
    """1 + r(1) + r(1) r(2) + ..."""
    total = last = 1.0
    term = 0
    while last > total * _NOTHING:
        term += 1
        last *= ratio(term)
        total += last
    return total


def _log_poisson(count: int, mean: float) -> float:
    """The logarithm of the probability of `count`, after C. Loader, Fast and Accurate Computation of Binomial
    Probabilities, 2000: what is large in mean^count / count! is taken out before it is computed."""
    if count == 0:
        return -mean
    return -_deviance(count, mean) - _stirling(count) - log(2 * pi * count) / 2


def _log_binomial(successes: int, failures: int, odds: float) -> float:
    """The same for so many successes, of which there is one at least, and failures."""
    if failures == 0:
        return -successes * log1p(1 / odds)
    trials = successes + failures
    return (
        _stirling(trials)
        - _stirling(successes)
        - _stirling(failures)
        - _deviance(successes, trials * odds / (1 + odds))
        - _deviance(failures, trials / (1 + odds))
        + log(trials / (2 * pi * successes * failures)) / 2
    )


def _deviance(count: int, mean: float) -> float:
    """count * log(count / mean) + mean - count, which is small where both are alike."""
    apart = (mean - count) / count
    if abs(apart) < 0.5:
        return count * (apart - log1p(apart))
    return count * log(count / mean) + mean - count


def _stirling(count: int) -> float:
    """What Stirling's formula leaves of log(count!): log(count!) - log(sqrt(2 pi count) (count / e)^count)."""
    if count < 16:
        return lgamma(count + 1) - (count + 0.5) * log(count) + count - log(2 * pi) / 2
    square = count * count
    return (1 / 12 - (1 / 360 - (1 / 1260 - 1 / 1680 / square) / square) / square) / count
