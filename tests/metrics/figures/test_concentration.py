import random
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kshare.metrics.figures.concentration import gini, top_share

amounts = st.integers(0, 50) | st.decimals(0, 10**9, places=4) | st.fractions(0, 100, max_denominator=12)
values = st.lists(amounts, max_size=40)
Values = list[int | Decimal | Fraction]


def by_definition(given: Values) -> Fraction:
    """Half the mean difference of any two, divided by the mean."""
    exact = [Fraction(value) for value in given]
    differences = sum((abs(one - other) for one in exact for other in exact), Fraction())
    return differences / (2 * len(exact) * sum(exact, Fraction()))


@given(values)
def test_gini_is_half_the_mean_difference(given: Values) -> None:
    found = gini(given)
    if not any(given):
        assert found is None
    else:
        assert found == float(by_definition(given))
        assert 0 <= found < 1


@given(values, st.randoms(use_true_random=False))
def test_neither_order_nor_unit_counts(given: Values, chance: random.Random) -> None:
    mixed: Values = [Fraction(value) * Fraction(1000, 7) for value in given]
    chance.shuffle(mixed)
    assert gini(mixed) == gini(given)
    assert top_share(mixed) == top_share(given)
    assert gini([*given, *given]) == gini(given)


@given(st.lists(st.integers(0, 50), min_size=2, max_size=20), st.data())
def test_giving_to_who_has_less_makes_it_more_even(given: list[int], data: st.DataObject) -> None:
    given.sort()
    poor, rich = sorted(data.draw(st.lists(st.integers(0, len(given) - 1), min_size=2, max_size=2, unique=True)))
    before = gini(given)
    if given[rich] - given[poor] > 1:
        given[poor] += 1
        given[rich] -= 1
        after = gini(given)
        assert before is not None and after is not None and after < before


@given(st.lists(st.integers(0, 50), min_size=1, max_size=20).filter(any))
def test_who_contributed_nothing_counts(given: list[int]) -> None:
    before, after = gini(given), gini([*given, 0])
    assert before is not None and after is not None and after > before


def test_concentration_at_the_ends() -> None:
    assert gini([]) is None and gini([0]) is None and gini([0, 0, 0]) is None
    assert gini([7]) == 0.0
    assert gini([Decimal("0.1")] * 3) == 0.0
    assert gini([0] * 99 + [1]) == 0.99
    assert gini([1, 2, 3, 4]) == 0.25
    # Far beyond what a float holds exactly, or at all.
    assert gini([10**400, 3 * 10**400]) == 0.25
    assert gini([10**17, 10**17 + 1]) == 1 / (4 * 10**17 + 2)


@given(values, st.sampled_from(["0.1", "0.01", "0.25", "1"]))
def test_top_share_is_what_the_largest_hold(given: Values, share: str) -> None:
    found = top_share(given, Decimal(share))
    assert found == top_share(given, float(share)) == top_share(given, Fraction(share))
    exact = sorted(Fraction(value) for value in given)
    total = sum(exact, Fraction())
    if not total:
        assert found is None
        return
    # The fewest that are so large a part of all in number.
    most = min(number for number in range(1, len(given) + 1) if number >= Fraction(share) * len(given))
    assert found == float(sum(exact[-most:], Fraction()) / total)


def test_a_tenth_is_a_tenth() -> None:
    # 0.1 * 30 is 3.0000000000000004.
    assert top_share([1] * 30, 0.1) == 0.1
    assert top_share([1] * 31, 0.1) == 4 / 31
    assert top_share([5, 0, 0], 0.1) == 1.0
    assert top_share([], 0.1) is None and top_share([0, 0], 0.1) is None
    assert top_share([3, 1], 1) == 1.0


def test_wrong_use_is_refused() -> None:
    for measure in (gini, top_share):
        with pytest.raises(ValueError, match="less than nothing"):
            measure([1, Decimal(-1)])
        with pytest.raises(ValueError, match="NaN"):
            measure([Decimal("NaN")])
    for share in (0.0, -0.1, 1.1):
        with pytest.raises(ValueError, match="more than 0 and at most 1"):
            top_share([1], share)
