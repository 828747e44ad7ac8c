import random
import statistics
import subprocess
import sys
import time
from decimal import Decimal, localcontext
from fractions import Fraction
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kshare.metrics.figures import bootstrap
from kshare.metrics.figures.bootstrap import (
    ROUNDS,
    bootstrap_median_interval,
    bootstrap_ratio_interval,
    bootstrap_sum_interval,
)

money = st.decimals(-(10**6), 10**6, places=2)
KEY = "net_benefit|2026-Q1|研发"


def draws(key: str, units: int) -> list[list[int]]:
    """The units drawn in each round, from the description of it."""
    stream = np.random.PCG64(int.from_bytes(sha256(key.encode()).digest(), "big"))
    return [[(int(raw) >> 32) * units >> 32 for raw in stream.random_raw(units)] for _ in range(ROUNDS)]


def percentiles(found: list[Fraction]) -> tuple[Fraction, Fraction]:
    found.sort()
    place = int((len(found) + 1) * Fraction("0.025"))
    return found[place - 1], found[len(found) - place]


def close(value: Fraction) -> object:
    return pytest.approx(Decimal(value.numerator) / Decimal(value.denominator), abs=Decimal("5.000001e-7"))


@settings(max_examples=15)
@given(st.lists(money, min_size=2, max_size=30), st.integers(1, 10**6))
def test_a_sum_per_head_is_that_of_units_drawn_one_by_one(amounts: list[Decimal], heads: int) -> None:
    exact = sorted(map(Fraction, amounts))
    sums = [sum((exact[unit] for unit in drawn), Fraction()) / heads for drawn in draws(KEY, len(exact))]
    low, high = percentiles(sums)
    assert bootstrap_sum_interval(amounts, heads, KEY) == (close(low), close(high))


@settings(max_examples=15)
@given(st.lists(st.tuples(money, st.decimals(0, 1000, places=2) | st.just(Decimal(0))), min_size=2, max_size=15))
def test_a_ratio_is_that_of_units_drawn_one_by_one(pairs: list[tuple[Decimal, Decimal]]) -> None:
    exact = sorted((Fraction(gain), Fraction(cost)) for gain, cost in pairs)
    ratios = []
    for drawn in draws(KEY, len(exact)):
        if cost := sum((exact[unit][1] for unit in drawn), Fraction()):
            ratios.append(sum((exact[unit][0] for unit in drawn), Fraction()) / cost)
    found = bootstrap_ratio_interval(pairs, KEY)
    if not ratios:
        assert found is None
    else:
        low, high = percentiles(ratios)
        assert found == (close(low), close(high))


@settings(max_examples=15)
@given(st.lists(money | st.fractions(-5, 5, max_denominator=9), min_size=2, max_size=30))
def test_a_median_is_that_of_units_drawn_one_by_one(values: list[Decimal | Fraction]) -> None:
    exact = sorted(Fraction(value) for value in values)
    medians = [statistics.median(exact[unit] for unit in drawn) for drawn in draws(KEY, len(exact))]
    low, high = percentiles(medians)
    assert bootstrap_median_interval(values, KEY) == (close(low), close(high))


PINNED = """
from decimal import Decimal
from kshare.metrics.figures.bootstrap import *
amounts = [Decimal(number * number * 37 % 1009).scaleb(-2) * 100 for number in range(200)]
print(bootstrap_sum_interval(amounts, 7, "net_benefit|2026-Q1|研发"))
print(bootstrap_ratio_interval([(amount, amount % 13) for amount in amounts], b"return|2026"))
print(bootstrap_median_interval(amounts, "median"))
"""


@pytest.mark.parametrize("seed", ["0", "1"])
def test_the_same_digits_everywhere(seed: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", PINNED], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
    )
    # Whoever changes these changes every interval that was ever reported.
    assert run.stdout.splitlines() == [
        "(Decimal('13542.142857'), Decimal('16011.000000'))",
        "(Decimal('78.172043'), Decimal('100.555147'))",
        "(Decimal('430.500000'), Decimal('611.500000'))",
    ]


def test_the_key_decides_and_nothing_else() -> None:
    amounts = [Decimal(number) for number in range(40)]
    found = bootstrap_sum_interval(amounts, 3, "a")
    assert found == bootstrap_sum_interval(amounts[::-1], 3, b"a")
    assert found != bootstrap_sum_interval(amounts, 3, "b")
    np.random.seed(1)
    with localcontext() as context:
        context.prec = 3
        assert bootstrap_sum_interval(amounts, 3, "a") == found
    pairs = [(amount, amount + 1) for amount in amounts]
    assert bootstrap_ratio_interval(pairs, "a") == bootstrap_ratio_interval(pairs[::-1], "a")
    assert bootstrap_median_interval(amounts, "a") == bootstrap_median_interval(amounts[::-1], "a")


@pytest.mark.parametrize("block", [1, 30, 41, 1999 * 40, 2000 * 40])
def test_how_many_are_drawn_at_once_does_not_count(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(bootstrap, "_BLOCK", block)
    drawn = [[int(unit) for unit in row] for rows in bootstrap._draws(KEY, 40) for row in rows]
    assert drawn == draws(KEY, 40)


def test_it_is_near_that_of_scipy() -> None:
    chance = random.Random(1)
    amounts = [Decimal(f"{chance.lognormvariate(8, 1):.2f}") for _ in range(80)]
    oracle = stats.bootstrap(
        ([float(amount) for amount in amounts],), np.sum, n_resamples=5000, method="percentile", rng=1
    ).confidence_interval
    found = bootstrap_sum_interval(amounts, 100, KEY)
    assert found is not None
    width = (oracle.high - oracle.low) / 100
    assert float(found[0]) == pytest.approx(oracle.low / 100, abs=0.06 * width)
    assert float(found[1]) == pytest.approx(oracle.high / 100, abs=0.06 * width)
    assert found[0] < sum(amounts) / 100 < found[1]


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    chance = random.Random(2)
    held = 0
    for round_ in range(200):
        amounts = [Decimal(f"{chance.expovariate(1 / 100):.2f}") for _ in range(60)]
        found = bootstrap_sum_interval(amounts, 60, str(round_))
        assert found is not None
        held += found[0] <= 100 <= found[1]
    assert 178 <= held <= 197


@given(st.lists(money, min_size=2, max_size=20), st.integers(2, 1000))
@settings(max_examples=20)
def test_the_currency_s_unit_does_not_count(amounts: list[Decimal], factor: int) -> None:
    once, often = (bootstrap_sum_interval([amount * by for amount in amounts], 1, KEY) for by in (1, factor))
    assert once is not None and often is not None
    assert often == (once[0] * factor, once[1] * factor)


def test_amounts_beyond_machine_integers() -> None:
    small = [Decimal(number) for number in range(1, 30)]
    large = [amount * 10**18 for amount in small]
    for made in (
        [bootstrap_sum_interval(amounts, 1, KEY) for amounts in (small, large)],
        [bootstrap_median_interval(amounts, KEY) for amounts in (small, large)],
        [bootstrap_ratio_interval([(amount, Decimal(1)) for amount in amounts], KEY) for amounts in (small, large)],
    ):
        once, often = made
        assert once is not None and often is not None
        assert often == pytest.approx((once[0] * 10**18, once[1] * 10**18))
    # Each fits a machine integer, and their sum does not.
    found = bootstrap_sum_interval([Decimal(2**62)] * 9, 9, KEY)
    assert found == (Decimal(2**62), Decimal(2**62))


def test_too_few_and_nothing() -> None:
    assert bootstrap_sum_interval([], 5, KEY) is None
    assert bootstrap_sum_interval([Decimal(7)], 5, KEY) is None
    assert bootstrap_sum_interval([Decimal(0)] * 2, 5, KEY) == (Decimal(0), Decimal(0))
    assert bootstrap_sum_interval([Decimal(10)] * 2, 3, KEY) == (Decimal("6.666667"), Decimal("6.666667"))
    assert bootstrap_median_interval([], KEY) is None
    assert bootstrap_median_interval([Decimal(7)], KEY) is None
    assert bootstrap_median_interval([Decimal("7.5")] * 3, KEY) == (Decimal("7.5"), Decimal("7.5"))
    assert bootstrap_ratio_interval([(Decimal(1), Decimal(1))], KEY) is None
    assert bootstrap_ratio_interval([(Decimal(1), Decimal(0))] * 9, KEY) is None
    assert bootstrap_ratio_interval([(Decimal(3), Decimal(2))] * 9, KEY) == (Decimal("1.5"), Decimal("1.5"))
    assert bootstrap_ratio_interval([(Decimal("0.5"), Decimal(3))] * 9, KEY) == (Decimal("0.166667"),) * 2
    # Of two units a quarter of the rounds draw no costs; the others make an interval.
    assert bootstrap_ratio_interval([(Decimal(1), Decimal(0)), (Decimal(1), Decimal(1))], KEY) == (
        Decimal(1),
        Decimal(2),
    )


def test_it_is_fast_enough_for_every_idea_of_a_year() -> None:
    chance = random.Random(1)
    amounts = [Decimal(chance.randrange(10**8)).scaleb(-2) for _ in range(5_000)]
    begun = time.process_time()
    bootstrap_sum_interval(amounts, 100_000, KEY)
    # About 0.15 s.
    assert time.process_time() - begun < 3


def test_wrong_use_is_refused() -> None:
    for heads in (0, -1):
        with pytest.raises(ValueError, match="nobody"):
            bootstrap_sum_interval([Decimal(1), Decimal(2)], heads, KEY)
    with pytest.raises(ValueError, match="not negative"):
        bootstrap_ratio_interval([(Decimal(1), Decimal(-1))], KEY)
