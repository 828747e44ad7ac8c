import math
import random
import warnings
from decimal import Decimal
from fractions import Fraction
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kshare.metrics.figures.intervals import deviations
from kshare.metrics.figures.survival import Curve, Quantile, Step, curve

Lives = list[tuple[int, bool]]
lives = st.lists(st.tuples(st.integers(0, 12) | st.integers(0, 10**6), st.booleans()), max_size=40)


def of(lived: Lives, confidence: float = 0.95) -> Curve[int]:
    return curve([time for time, _ in lived], [event for _, event in lived], confidence)


def exactly(lived: Lives) -> dict[int, Fraction]:
    """The survival after each time, with fractions."""
    found, left = {}, Fraction(1)
    for time in sorted({time for time, _ in lived}):
        at_risk = sum(other >= time for other, _ in lived)
        left *= 1 - Fraction(sum(other == time and event for other, event in lived), at_risk)
        found[time] = left
    return found


@given(lives.filter(bool), st.sampled_from([0.5, 0.95]))
def test_the_curve_is_that_of_scipy(lived: Lives, confidence: float) -> None:
    found = of(lived, confidence)
    sample = stats.CensoredData.right_censored([time for time, _ in lived], [not event for _, event in lived])
    oracle = stats.ecdf(sample).sf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It has no bounds where nobody is left.
        bounds = oracle.confidence_interval(confidence, method="log-log")
    assert [step.time for step in found.steps] == sorted({time for time, event in lived if event})
    for step in found.steps:
        assert step.survival == pytest.approx(float(oracle.evaluate(step.time)), abs=1e-12)
        if step.survival:
            assert step.low == pytest.approx(float(bounds.low.evaluate(step.time)), abs=1e-9)
            assert step.high == pytest.approx(float(bounds.high.evaluate(step.time)), abs=1e-9)
            assert step.high is not None and 0 <= step.low <= step.survival <= step.high <= 1
        else:
            assert (step.low, step.high) == (0.0, None)


@given(lives, st.sampled_from(["0.1", "0.25", "0.5", "0.9", "0.99"]))
def test_quantiles_are_exact(lived: Lives, q: str) -> None:
    reached = [time for time, left in exactly(lived).items() if left <= 1 - Fraction(q)]
    for written in (Decimal(q), Fraction(q), float(q)):
        assert of(lived).quantile(written).time == (min(reached) if reached else None)


@given(lives, st.sampled_from([0.1, 0.5, 0.9]))
def test_the_interval_of_a_quantile_holds_the_times_that_are_not_refuted(lived: Lives, q: float) -> None:
    found = of(lived).quantile(q)
    refuted: dict[int, float] = {}
    greenwood = 0.0
    for time, left in exactly(lived).items():
        at_risk = sum(other >= time for other, _ in lived)
        events = sum(other == time and event for other, event in lived)
        if not events or not left:
            continue
        greenwood += events / (at_risk * (at_risk - events))
        # Brookmeyer and Crowley: how far the survival is from 1 - q, in standard deviations of log(-log).
        error = math.sqrt(greenwood) / -math.log(left)
        refuted[time] = (math.log(-math.log(left)) - math.log(-math.log(1 - q))) / error
    z = deviations(0.95)
    over = [time for time, away in refuted.items() if away >= z]
    assert found.high == (min(over) if over else None)
    gone = [time for time, left in exactly(lived).items() if not left]
    not_under = [time for time, away in refuted.items() if away >= -z] + gone
    assert found.low == (min(not_under) if not_under else None)
    if found.time is not None:
        assert found.low is not None and found.low <= found.time
        assert found.high is None or found.time <= found.high


def test_an_example_by_hand() -> None:
    # Six ideas; at 5 one is decided and one still open, and at 9 the last is open.
    found = curve([Decimal(days) for days in (3, 5, 5, 6, 8, 9)], [True, True, False] * 2)
    assert [(int(step.time), step.at_risk, step.events) for step in found.steps] == [
        (3, 6, 1),
        (5, 5, 1),
        (6, 3, 1),
        (8, 2, 1),
    ]
    assert [step.survival for step in found.steps] == pytest.approx([5 / 6, 4 / 6, 4 / 9, 2 / 9])
    assert found.quantile(0.5).time == Decimal(6)
    assert found.quantile(0.9).time is None


def test_freireich_s_patients() -> None:
    # Weeks of remission of 21 patients under 6-MP (E. Freireich and others, Blood 21, 1963); the median, 23, and its
    # interval, from 13 on without an end, are in many textbooks.
    events = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    open_ones = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    found = curve([*events, *open_ones], [True] * len(events) + [False] * len(open_ones))
    assert [round(step.survival, 4) for step in found.steps] == [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]
    assert found.quantile(0.5) == Quantile(23, 13, None)


def test_a_median_is_not_missed_by_rounding() -> None:
    # 0.9 * (8/9) * ... * (5/6) is 1/2, but 0.5000000000000001 in floats: the product is not to be trusted.
    missed = 0
    for number in range(2, 200, 2):
        found = curve(list(range(number)), [True] * number)
        assert found.quantile(0.5).time == number // 2 - 1
        missed += found.steps[number // 2 - 1].survival > 0.5
    assert missed


def test_orders_and_ends() -> None:
    assert curve([], []) == Curve(())
    assert curve([1], [False]).quantile(0.5) == Quantile(None, None, None)
    assert curve([4, 2], [False, False]) == Curve(())
    assert curve([0], [True]) == Curve((Step(0, 1, 1, 0.0, 0.0, None),))
    assert curve([0], [True]).quantile(0.5) == Quantile(0, 0, None)
    # Who is censored at the time of an event was at risk then.
    assert curve([1, 1], [True, False]).steps[0].survival == 0.5
    assert curve([1, 1, 2], [True, False, True]).steps == (curve([2, 1, 1], [True, False, True]).steps)


@given(lives, st.randoms(use_true_random=False))
def test_the_order_of_durations_does_not_count(lived: Lives, chance: random.Random) -> None:
    mixed = list(lived)
    chance.shuffle(mixed)
    assert of(mixed) == of(lived)


@given(lives, st.integers(1, 1000))
def test_the_unit_of_time_does_not_count(lived: Lives, factor: int) -> None:
    found, other = of(lived), of([(time * factor, event) for time, event in lived])
    assert [(step.time * factor, step.survival, step.low, step.high) for step in found.steps] == [
        (step.time, step.survival, step.low, step.high) for step in other.steps
    ]


@given(lives)
def test_it_never_rises(lived: Lives) -> None:
    left = [1.0, *(step.survival for step in of(lived).steps)]
    assert left == sorted(left, reverse=True)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    chance = random.Random(1)
    held = 0
    for _ in range(300):
        lived = []
        for _ in range(60):
            decided, looked = chance.expovariate(1 / 20), chance.uniform(5, 80)
            lived.append((min(decided, looked), decided <= looked))
        found = curve([time for time, _ in lived], [event for _, event in lived]).quantile(0.5)
        assert found.low is not None
        held += found.low <= 20 * math.log(2) and (found.high is None or 20 * math.log(2) <= found.high)
    assert 275 <= held <= 296


def test_it_is_fast_enough_for_a_large_company() -> None:
    chance = random.Random(1)
    durations = [chance.randrange(10**7) for _ in range(50_000)]
    events = [chance.random() < 0.7 for _ in durations]
    begun = process_time()
    found = curve(durations, events)
    for q in (0.5, 0.9):
        found.quantile(q)
    # About 0.3 s.
    assert process_time() - begun < 3


def test_wrong_use_is_refused() -> None:
    with pytest.raises(ValueError, match="event or not"):
        curve([1, 2], [True])
    with pytest.raises(ValueError, match="less than no time"):
        curve([1, -1], [True, True])
    for q in (0, 1, 1.5, -0.5):
        with pytest.raises(ValueError, match="between 0 and 1"):
            curve([1], [True]).quantile(q)
