"""What rises: more often met lately than before, and not only by chance."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from kshare.metrics.figures.intervals import clopper_pearson_odds

Topic = TypeVar("Topic", str, int, UUID)


@dataclass(frozen=True, slots=True)
class Ratio:
    """The rate of late divided by the rate before: 2 is twice as often. `low` and `high` bound the interval.

    `ratio` is None where there was nothing before; then `high` is, too. Where `low` is above 1 it rises.
    """

    ratio: float | None
    low: float
    high: float | None


@dataclass(frozen=True, slots=True)
class Rising(Generic[Topic]):
    """A topic with how often it was met, of late and before, and what that comes to."""

    topic: Topic
    recent: int
    baseline: int
    ratio: Ratio


def rate_ratio(recent: int, recent_days: int, baseline: int, baseline_days: int, confidence: float = 0.95) -> Ratio:
    """How two Poisson rates compare, with the exact conditional interval.

    Given how many there were in all, those of late are a binomial count with odds rate ratio * recent_days /
    baseline_days, whatever the rates themselves (J. Przyborowski, H. Wilenski, Homogeneity of Results in Testing
    Samples from Poisson Series, Biometrika 31, 1940). The interval is that of Clopper and Pearson for these odds.

    Raises `ValueError` for counts that are negative or no integers, and unless both periods have days.
    """
    if recent_days < 1 or baseline_days < 1:
        raise ValueError("a rate needs a day at least")
    low, high = clopper_pearson_odds(recent, recent + baseline, confidence)
    ratio = recent * baseline_days / (recent_days * baseline) if baseline else None
    longer = baseline_days / recent_days
    return Ratio(ratio, low * longer, None if high is None else high * longer)


def rising(
    counts: Mapping[Topic, tuple[int, int]], recent_days: int, baseline_days: int, confidence: float = 0.95
) -> list[Rising[Topic]]:
    """The topics, given how often each was met of late and before, what rises most surely first.

    In the order of the lower bounds: what was met twice and never before stands below what went from 50 to 100. Equals,
    such as all that was not met of late, are in the order of the topics. Raises `ValueError` as `rate_ratio` does.
    """
    found = [
        Rising(topic, recent, baseline, rate_ratio(recent, recent_days, baseline, baseline_days, confidence))
        for topic, (recent, baseline) in counts.items()
    ]
    return sorted(found, key=lambda one: (-one.ratio.low, one.topic))
