import math
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import betaincinv

from kshare.metrics.figures.intervals import clopper_pearson_odds, deviations, poisson_exact, wilson

counts = st.integers(0, 400) | st.integers(0, 10**7)
confidences = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99])


@st.composite
def trials(draw: st.DrawFn) -> tuple[int, int]:
    """Successes and trials, often at the ends."""
    number = draw(st.integers(1, 60) | st.integers(1, 10**7))
    few = draw(st.integers(0, min(number, 5)) | st.integers(0, number))
    return draw(st.sampled_from([few, number - few])), number


@given(trials(), confidences)
def test_wilson_is_that_of_scipy(counted: tuple[int, int], confidence: float) -> None:
    low, high = wilson(*counted, confidence)
    oracle = stats.binomtest(*counted).proportion_ci(confidence, method="wilson")
    assert low == pytest.approx(oracle.low, rel=1e-12, abs=1e-15)
    assert high == pytest.approx(oracle.high, rel=1e-12)
    assert 0 <= low <= counted[0] / counted[1] <= high <= 1


@given(trials(), confidences)
def test_the_bounds_of_wilson_are_so_many_standard_deviations_away(counted: tuple[int, int], confidence: float) -> None:
    share = counted[0] / counted[1]
    for bound in wilson(*counted, confidence):
        if 0 < bound < 1:
            error = math.sqrt(bound * (1 - bound) / counted[1])
            assert abs(share - bound) / error == pytest.approx(deviations(confidence), rel=1e-6)


@given(trials())
def test_wilson_turned_over(counted: tuple[int, int]) -> None:
    low, high = wilson(*counted)
    assert wilson(counted[1] - counted[0], counted[1]) == pytest.approx((1 - high, 1 - low))


def test_wilson_at_the_ends() -> None:
    # With z = 1.96 and one trial: z^2 / (1 + z^2).
    assert wilson(0, 1) == pytest.approx((0, 0.793450685622763), rel=1e-14)
    assert wilson(1, 1) == pytest.approx((1 - 0.793450685622763, 1), rel=1e-14)
    # Not nearly: a share is 0 or 1 then.
    for number in (1, 7, 10**9, 10**18):
        assert wilson(0, number)[0] == 0 and wilson(number, number)[1] == 1
    assert wilson(0, 10**18)[1] < 1e-15


def test_wilson_of_shared_ideas() -> None:
    low, high = wilson(Decimal("2.5"), Decimal(10))
    assert wilson(2, 10)[0] < low < wilson(3, 10)[0]
    assert wilson(2, 10)[1] < high < wilson(3, 10)[1]


@settings(max_examples=60)
@given(counts, confidences, st.sampled_from([1, 7, 0.5, Decimal("30.25"), 10**6]))
@example(0, 0.95, 1)
@example(1, 0.95, 1)
@example(10**7, 0.95, 1)
def test_poisson_is_half_of_chi_square(events: int, confidence: float, exposure: int | float | Decimal) -> None:
    low, high = poisson_exact(events, exposure, confidence)
    tail = (1 - confidence) / 2
    per = 2 * float(exposure)
    assert low == (pytest.approx(stats.chi2.ppf(tail, 2 * events) / per, rel=1e-9) if events else 0)
    assert high == pytest.approx(stats.chi2.isf(tail, 2 * events + 2) / per, rel=1e-9)
    assert low <= events / float(exposure) <= high


def test_poisson_as_published() -> None:
    # E. Pearson, H. Hartley, Biometrika Tables for Statisticians, table 40, 95 %.
    for events, low, high in [(0, 0.0, 3.689), (1, 0.0253, 5.572), (5, 1.623, 11.668), (10, 4.795, 18.390)]:
        assert poisson_exact(events, 1) == pytest.approx((low, high), abs=6e-4)


def test_poisson_holds_the_truth_as_often_as_it_says() -> None:
    held = {events: poisson_exact(events, 1) for events in range(120)}
    for truth in [0.1, 1.0, 3.7, 10.0, 50.0]:
        covered = sum(stats.poisson.pmf(events, truth) for events, (low, high) in held.items() if low <= truth <= high)
        assert 0.95 <= covered <= 1


@settings(max_examples=60)
@given(trials(), confidences)
def test_odds_are_those_of_clopper_and_pearson(counted: tuple[int, int], confidence: float) -> None:
    successes, number = counted
    low, high = clopper_pearson_odds(successes, number, confidence)
    tail = (1 - confidence) / 2
    if successes == 0:
        assert low == 0
    else:
        share = betaincinv(successes, number - successes + 1, tail)
        assert low / (1 + low) == pytest.approx(share, rel=1e-9)
    if successes == number:
        assert high is None
    else:
        assert high is not None and low < high
        # Of failures, which do not vanish beside 1 when nearly everything succeeds.
        assert 1 / (1 + high) == pytest.approx(betaincinv(number - successes, successes + 1, tail), rel=1e-9)


@given(st.integers(1, 40), st.data())
def test_tails_are_as_improbable_as_asked(number: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, number))
    low, high = clopper_pearson_odds(successes, number)
    if successes:
        assert stats.binom.sf(successes - 1, number, low / (1 + low)) == pytest.approx(0.025, rel=1e-9)
        assert stats.poisson.sf(successes - 1, poisson_exact(successes, 1)[0]) == pytest.approx(0.025, rel=1e-9)
    if high is not None:
        assert stats.binom.cdf(successes, number, high / (1 + high)) == pytest.approx(0.025, rel=1e-9)
    assert stats.poisson.cdf(successes, poisson_exact(successes, 1)[1]) == pytest.approx(0.025, rel=1e-9)


@pytest.mark.parametrize("confidence", [1e-9, 0.1, 1 - 1e-12])
@pytest.mark.parametrize("count", [0, 1, 2, 15, 16, 1000])
def test_strange_confidences_have_intervals_too(count: int, confidence: float) -> None:
    tail = (1 - confidence) / 2
    low, high = poisson_exact(count, 1, confidence)
    assert high == pytest.approx(stats.chi2.isf(tail, 2 * count + 2) / 2, rel=1e-9)
    assert low == (pytest.approx(stats.chi2.ppf(tail, 2 * count) / 2, rel=1e-9) if count else 0)
    below, above = clopper_pearson_odds(count, 2000, confidence)
    assert above is not None and below < above
    assert above == pytest.approx(1 / clopper_pearson_odds(2000 - count, 2000, confidence)[0])


@given(st.integers(0, 300), confidences)
def test_more_events_move_both_bounds_up_and_more_confidence_moves_them_apart(events: int, confidence: float) -> None:
    low, high = poisson_exact(events, 1, confidence)
    assert poisson_exact(events + 1, 1, confidence)[0] > low
    assert poisson_exact(events + 1, 1, confidence)[1] > high
    wider = poisson_exact(events, 1, 0.999)
    assert wider[0] <= low and wider[1] > high
    share = wilson(events, events + 5, confidence)
    assert wilson(events + 1, events + 5, confidence) > share
    assert wilson(events, events + 5, 0.999)[1] > share[1]


def test_wrong_use_is_refused() -> None:
    for successes, number in [(1, 0), (0, 0), (-1, 3), (4, 3)]:
        with pytest.raises(ValueError, match="at least one trial"):
            wilson(successes, number)
    for confidence in (0.0, 1.0, -1.0, math.nan):
        for make in (wilson, poisson_exact, clopper_pearson_odds):
            with pytest.raises(ValueError, match="between 0 and 1"):
                make(1, 3, confidence)
    for events in (-1, 1.5, Decimal(2)):
        with pytest.raises(ValueError, match="counts nothing"):
            poisson_exact(events, 1)  # type: ignore[arg-type]
    for exposure in (0, -1, math.nan):
        with pytest.raises(ValueError, match="something that events could happen to"):
            poisson_exact(1, exposure)
    with pytest.raises(ValueError, match="some of the trials"):
        clopper_pearson_odds(4, 3)
    with pytest.raises(ValueError, match="counts nothing"):
        clopper_pearson_odds(1, 3.5)  # type: ignore[arg-type]
