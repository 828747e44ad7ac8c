import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kshare.metrics.figures.rising import Ratio, rate_ratio, rising

counts = st.integers(0, 30) | st.integers(0, 100_000)
days = st.integers(1, 400)


@settings(max_examples=60)
@given(counts, days, counts, days)
def test_the_interval_is_that_of_the_binomial_count(recent: int, short: int, baseline: int, long: int) -> None:
    found = rate_ratio(recent, short, baseline, long)
    assert found.ratio == (pytest.approx((recent / short) / (baseline / long)) if baseline else None)
    if recent + baseline == 0:
        assert found == Ratio(None, 0.0, None)
        return
    share = stats.binomtest(recent, recent + baseline).proportion_ci(0.95, method="exact")
    # It knows shares to about 1e-12 only; odds are checked in the tests of intervals.
    odds = found.low * short / long
    assert odds / (1 + odds) == pytest.approx(share.low, abs=1e-10)
    if baseline:
        assert found.high is not None
        odds = found.high * short / long
        assert odds / (1 + odds) == pytest.approx(share.high, abs=1e-10)
    else:
        assert found.high is None


@given(st.integers(1, 50), days, st.integers(1, 50), days)
def test_seen_from_the_other_side(recent: int, short: int, baseline: int, long: int) -> None:
    found, turned = rate_ratio(recent, short, baseline, long), rate_ratio(baseline, long, recent, short)
    assert found.ratio is not None and found.high is not None
    expected = (1 / found.ratio, 1 / found.high, 1 / found.low)
    assert (turned.ratio, turned.low, turned.high) == pytest.approx(expected)


@given(st.integers(0, 200), days, st.integers(0, 200), days)
def test_more_of_late_rises_more(recent: int, short: int, baseline: int, long: int) -> None:
    found = rate_ratio(recent, short, baseline, long)
    assert found.low < rate_ratio(recent + 1, short, baseline, long).low
    assert rate_ratio(recent, short, baseline + 1, long).low <= found.low


def test_nothing_before_and_nothing_of_late() -> None:
    new, gone = rate_ratio(3, 7, 0, 28), rate_ratio(0, 7, 3, 28)
    assert (new.ratio, new.high) == (None, None)
    assert (gone.ratio, gone.low) == (0, 0)
    # All of 3 with probability 0.025: a share of 0.025^(1/3), and its odds times 4.
    share = 0.025 ** (1 / 3)
    assert new.low == pytest.approx(4 * share / (1 - share), rel=1e-12)
    assert gone.high == pytest.approx(4 * (1 - share) / share, rel=1e-12)


def test_it_seldom_says_that_what_stays_the_same_rises() -> None:
    # The chance of a lower bound above 1 although both rates are 2 a day.
    wrong = 0.0
    for recent in range(3, 35):
        for baseline in range(25, 95):
            if rate_ratio(recent, 7, baseline, 28).low > 1:
                wrong += stats.poisson.pmf(recent, 14) * stats.poisson.pmf(baseline, 56)
    assert 0.005 < wrong <= 0.025


def test_what_rises_most_surely_comes_first() -> None:
    topics = {
        "large": (1000, 4000),
        "new": (2, 0),
        "grown": (100, 200),
        "doubled": (4, 8),
        "gone": (0, 50),
        "forgotten": (0, 3),
    }
    found = rising(topics, 7, 28)
    assert [one.topic for one in found] == ["grown", "large", "new", "doubled", "forgotten", "gone"]
    assert [one.topic for one in found if one.ratio.low > 1] == ["grown"]
    assert (found[0].recent, found[0].baseline, found[0].ratio) == (100, 200, rate_ratio(100, 7, 200, 28))


@given(st.dictionaries(st.integers(0, 20), st.tuples(st.integers(0, 3), st.integers(0, 3))))
def test_the_order_of_topics_does_not_count(topics: dict[int, tuple[int, int]]) -> None:
    turned = dict(reversed(topics.items()))
    assert rising(turned, 7, 28) == rising(topics, 7, 28)


def test_wrong_use_is_refused() -> None:
    for short, long in [(0, 28), (7, 0), (-7, 28)]:
        with pytest.raises(ValueError, match="day at least"):
            rate_ratio(1, short, 1, long)
    for recent, baseline in [(-1, 3), (3, -1)]:
        with pytest.raises(ValueError, match=r"counts nothing|some of the trials"):
            rate_ratio(recent, 7, baseline, 28)
