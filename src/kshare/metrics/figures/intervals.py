"""How far a share or a rate could be from what was counted: intervals that hold the truth as often as they say."""

from decimal import Decimal
from functools import lru_cache
from math import sqrt
from statistics import NormalDist

from kshare.metrics.figures.tails import mean_of_at_least, mean_of_at_most, odds_of_at_least

Number = int | float | Decimal


def wilson(successes: int | Decimal, trials: int | Decimal, confidence: float = 0.95) -> tuple[float, float]:
    """The score interval of a share, successes / trials, without correction for continuity.

    After E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22, 1927: all
    shares p from which successes / trials is at most z standard deviations sqrt(p (1 - p) / trials) away. It holds the
    truth in about `confidence` of cases, on average over p, and never leaves 0 to 1.

    Successes may be fractions, as where authors share an idea. Raises `ValueError` unless 0 <= successes <= trials,
    trials > 0 and 0 < confidence < 1.
    """
    if not 0 <= successes <= trials or trials <= 0:
        raise ValueError("successes are some of at least one trial")
    z = deviations(confidence)
    return _wilson_low(float(successes), float(trials), z), 1 - _wilson_low(float(trials - successes), float(trials), z)


def _wilson_low(successes: float, trials: float, z: float) -> float:
    # The smaller root of the quadratic equation from the larger one and their product: nothing cancels, and 0 is 0.
    larger = successes + z * z / 2 + z * sqrt(successes * ((trials - successes) / trials) + z * z / 4)
    return successes * (successes / trials) / larger


def poisson_exact(events: int, exposure: Number, confidence: float = 0.95) -> tuple[float, float]:
    """The exact interval of a rate, events / exposure.

    After F. Garwood, Fiducial Limits for the Poisson Distribution, Biometrika 28, 1936: between the rate at which so
    many events or more have the probability (1 - confidence) / 2, and the one at which so many or fewer have. These
    are halves of chi-square quantiles with 2 * events and 2 * events + 2 degrees of freedom. It holds the truth in
    `confidence` of cases at least. Without events it begins at 0.

    Raises `ValueError` unless events are an integer and not negative, exposure > 0 and 0 < confidence < 1.
    """
    _whole(events)
    if not exposure > 0:
        raise ValueError("a rate needs something that events could happen to")
    low, high = _poisson_means(events, _tail(confidence))
    return low / float(exposure), high / float(exposure)


@lru_cache(maxsize=4096)
def _poisson_means(events: int, tail: float) -> tuple[float, float]:
    # Most departments have had few events, and so the same number of them as many others.
    return mean_of_at_least(events, tail) if events else 0.0, mean_of_at_most(events, tail)


def clopper_pearson_odds(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float | None]:
    """The exact interval of the odds of success, p / (1 - p); it has no upper end if everything succeeded.

    After C. J. Clopper, E. S. Pearson, The Use of Confidence or Fiducial Limits Illustrated in the Case of the
    Binomial, Biometrika 26, 1934: between the odds at which so many successes or more have the probability
    (1 - confidence) / 2, and those at which so many or fewer have.

    Raises `ValueError` unless both are integers, 0 <= successes <= trials, and 0 < confidence < 1.
    """
    _whole(successes)
    _whole(trials)
    if successes > trials:
        raise ValueError("successes are some of the trials")
    tail = _tail(confidence)
    low = odds_of_at_least(successes, trials, tail) if successes else 0.0
    return low, 1 / odds_of_at_least(trials - successes, trials, tail) if successes < trials else None


def deviations(confidence: float) -> float:
    """The standard deviations on either side of the mean that hold so much of a normal distribution: 1.96 for 0.95."""
    return -NormalDist().inv_cdf(_tail(confidence))


def _tail(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError("a confidence lies between 0 and 1")
    return (1 - confidence) / 2


def _whole(count: int) -> None:
    if not isinstance(count, int) or count < 0:
        raise ValueError(f"{count} counts nothing")
