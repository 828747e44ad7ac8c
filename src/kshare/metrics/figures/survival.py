"""How long something takes where some of it has not happened yet: the estimator of Kaplan and Meier."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import exp, isclose, log, prod, sqrt
from typing import Generic, TypeVar

from kshare.metrics.figures.intervals import deviations

Time = TypeVar("Time", int, float, Decimal, Fraction)


@dataclass(frozen=True, slots=True)
class Step(Generic[Time]):
    """What the curve falls to at a time at which something happened.

    `at_risk` counts those to whom it had not happened just before, those censored at this very time included, `events`
    those to whom it happened then. `survival` is the estimated share to whom it happens later; `low` and `high` bound
    it. Where nobody is left the upper bound cannot be told.
    """

    time: Time
    at_risk: int
    events: int
    survival: float
    low: float
    high: float | None


@dataclass(frozen=True, slots=True)
class Quantile(Generic[Time]):
    """A quantile and its interval; None is a time that has not been reached."""

    time: Time | None
    low: Time | None
    high: Time | None


@dataclass(frozen=True, slots=True)
class Curve(Generic[Time]):
    """The share to whom it has not happened yet: 1 before the first step, and from each step on what that says."""

    steps: tuple[Step[Time], ...]

    def quantile(self, q: float | Decimal | Fraction) -> Quantile[Time]:
        """The first time by which it has happened to the share `q`, taken as written; 1/2 is the median.

        The time is exact: products that come out near 1 - q are compared as integers. The interval is that of R.
        Brookmeyer, J. Crowley, A Confidence Interval for the Median Survival Time, Biometrics 38, 1982, with the bounds
        of `curve`: from the first time at which the lower one has fallen to 1 - q to the first at which the upper has.

        Raises `ValueError` unless 0 < q < 1.
        """
        left = 1 - Fraction(str(q))
        if not 0 < left < 1:
            raise ValueError("a quantile lies between 0 and 1")
        bound = float(left)
        time, low, high = None, None, None
        for at, step in enumerate(self.steps):
            if time is None and self._fallen(at, left):
                time = step.time
            if low is None and step.low <= bound:
                low = step.time
            if high is None and step.high is not None and step.high <= bound:
                high = step.time
        return Quantile(time, low, high)

    def _fallen(self, at: int, left: Fraction) -> bool:
        survival, bound = self.steps[at].survival, left.numerator / left.denominator
        if not isclose(survival, bound, rel_tol=1e-9):
            return survival < bound
        lived = prod(step.at_risk - step.events for step in self.steps[: at + 1])
        lasting = prod(step.at_risk for step in self.steps[: at + 1])
        return lived * left.denominator <= lasting * left.numerator


def curve(durations: Sequence[Time], events: Sequence[bool], confidence: float = 0.95) -> Curve[Time]:
    """The product-limit estimator (E. L. Kaplan, P. Meier, Nonparametric Estimation from Incomplete Observations, JASA
    53, 1958): at each time the share falls by events / at risk.

    A duration whose event is False is censored: it lasted at least so long. Where both fall on one time, events come
    first, as Kaplan and Meier have it: who is censored then was at risk. Bounds are Greenwood's on the scale
    log(-log(survival)) (J. Kalbfleisch, R. Prentice, The Statistical Analysis of Failure Time Data, 1980, section 1.3):
    they stay between 0 and 1, and hold the truth at any one time in about `confidence` of cases.

    Raises `ValueError` if the two differ in length or a duration is negative.
    """
    if len(durations) != len(events):
        raise ValueError("every duration needs to be an event or not")
    if any(duration < 0 for duration in durations):
        raise ValueError("nothing lasts less than no time")
    happened = Counter(duration for duration, event in zip(durations, events, strict=True) if event)
    left = Counter(durations)
    z = deviations(confidence)
    steps: list[Step[Time]] = []
    at_risk, survival, greenwood = len(durations), 1.0, 0.0
    for time in sorted(left):
        if count := happened[time]:
            survival *= (at_risk - count) / at_risk
            low, high = 0.0, None
            if count < at_risk:
                greenwood += count / (at_risk * (at_risk - count))
                # The bounds are survival ** exp(-+ z * error of log(-log(survival))).
                reach = z * sqrt(greenwood) / -log(survival)
                low, high = survival ** exp(reach), survival ** exp(-reach)
            steps.append(Step(time, at_risk, count, survival, low, high))
        at_risk -= left[time]
    return Curve(tuple(steps))
