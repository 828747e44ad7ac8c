import statistics
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kshare.reviews.figures.scores import (
    Deviation,
    Summary,
    advice,
    far_from_the_rest,
    knocked_out,
    summary,
    weighted,
)

decimals = st.decimals(0, 10, places=2)


@st.composite
def weights(draw: st.DrawFn) -> dict[str, int]:
    cuts = sorted(draw(st.lists(st.integers(0, 100), max_size=5)))
    return {str(at): high - low for at, (low, high) in enumerate(zip([0, *cuts], [*cuts, 100], strict=True))}


def test_a_weighted_score() -> None:
    score = weighted({"benefit": 5, "effort": 2, "fit": 4}, {"benefit": 50, "effort": 33, "fit": 17})
    assert str(score) == "3.84"
    assert weighted({"fit": 3, "safety": 1}, {"fit": 100, "safety": 0}) == 3


@given(weights(), st.data())
def test_a_weighted_score_is_exact_and_within_the_scale(shares: dict[str, int], data: st.DataObject) -> None:
    scores = {criterion: data.draw(st.integers(1, 5)) for criterion in shares}
    found = weighted(scores, shares)
    assert Fraction(found) == sum(Fraction(scores[criterion] * share, 100) for criterion, share in shares.items())
    assert 1 <= found <= 5
    assert weighted(dict.fromkeys(shares, 4), shares) == 4


@pytest.mark.parametrize(
    "shares", [{}, {"a": 100}, {"a": 50, "b": 49}, {"a": 101, "b": -1}, {"a": 50, "b": 30, "c": 20}]
)
def test_weights_are_for_all_criteria_and_add_up(shares: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"same criteria|add to 100"):
        weighted({"a": 1, "b": 2}, shares)
    with pytest.raises(ValueError, match=r"same criteria|add to 100"):
        weighted({}, {})


def test_mean_and_spread() -> None:
    values = [Decimal(2), Decimal(4), Decimal(4), Decimal(4), Decimal(5), Decimal(5), Decimal(7), Decimal(9)]
    # Squared distances from 5 add to 32: the root of 32 / 7.
    assert summary(values) == Summary(Decimal("5.0000"), Decimal("2.1381"))
    assert summary([Decimal("3.84")]) == Summary(Decimal("3.8400"), None)
    assert summary([Decimal("3.84")] * 3) == Summary(Decimal("3.8400"), Decimal("0.0000"))
    assert str(summary([Decimal(1), Decimal(1), Decimal(2)]).mean) == "1.3333"
    with pytest.raises(ValueError, match="no mean"):
        summary([])


def test_halves_go_to_the_even_digit() -> None:
    assert summary([Decimal("1.0000"), Decimal("1.0001")]).mean == Decimal("1.0000")
    assert summary([Decimal("1.0001"), Decimal("1.0002")]).mean == Decimal("1.0002")
    # Of 0, a and 2a the spread is a.
    assert summary([Decimal(0), Decimal("0.00005"), Decimal("0.00010")]).spread == Decimal("0.0000")
    assert summary([Decimal(0), Decimal("0.00015"), Decimal("0.00030")]).spread == Decimal("0.0002")
    assert summary([Decimal(0), Decimal("0.00025"), Decimal("0.00050")]).spread == Decimal("0.0002")


@given(st.lists(decimals, min_size=2, max_size=12))
def test_mean_and_spread_are_those_of_the_standard_library(values: list[Decimal]) -> None:
    found = summary(values)
    place = Decimal("0.0001")
    assert found == Summary(statistics.mean(values).quantize(place), statistics.stdev(values).quantize(place))


def test_what_knocks_out() -> None:
    limits = {"safety": 3, "law": Decimal("2.5"), "fit": 1}
    panel = {"a": {"safety": 1, "law": 2, "fit": 5}, "b": {"safety": 5, "law": 2, "fit": 5}}
    # One low score is outweighed: the mean of safety is 3, which is at its limit.
    assert knocked_out(panel, limits) == ["law"]
    panel["c"] = {"safety": 2, "law": 4, "fit": 5}
    assert knocked_out(panel, limits) == ["safety"]
    assert knocked_out(panel, {}) == []
    assert knocked_out({}, limits) == []
    assert knocked_out({"a": {"fit": 1}}, {"safety": 3}) == []
    # 8 / 3 lies below, however close: nothing is rounded.
    assert knocked_out({at: {"fit": 3 if at else 2} for at in range(3)}, {"fit": Decimal("2.6666666667")}) == ["fit"]


@pytest.mark.parametrize(
    "mean, out, expected",
    [
        ("3.5", False, "approve"),
        ("5", False, "approve"),
        ("3.4999", False, "undecided"),
        ("2.5", False, "undecided"),
        ("2.4999", False, "decline"),
        ("5", True, "decline"),
        ("3", True, "decline"),
    ],
)
def test_advice(mean: str, out: bool, expected: str) -> None:
    assert advice(Decimal(mean), out, Decimal("3.5"), Decimal("2.5")) == expected


def test_advice_with_one_limit_or_two_that_contradict() -> None:
    assert advice(Decimal(3), False, Decimal(3), Decimal(3)) == "approve"
    assert advice(Decimal("2.9999"), False, Decimal(3), Decimal(3)) == "decline"
    with pytest.raises(ValueError, match="would be approved"):
        advice(Decimal(3), False, Decimal(2), Decimal(4))


def given_by(**judges: str) -> dict[int, dict[str, Decimal]]:
    """Scores by subject, from a row of them for each judge; a dot where one gave none."""
    rows: dict[int, dict[str, Decimal]] = {}
    for judge, row in judges.items():
        for subject, score in enumerate(row.split()):
            if score != ".":
                rows.setdefault(subject, {})[judge] = Decimal(score)
    return rows


def test_who_is_far_from_the_rest() -> None:
    found = far_from_the_rest(given_by(a="3 4 2 3", b="3.5 4 2 3", c="5 5 4 ."))
    # c: 5 - 3.25, 5 - 4 and 4 - 2 on average.
    assert found == [Deviation("c", 3, Decimal("1.5833"))]
    assert far_from_the_rest({}) == []


def test_far_is_more_than_a_point_on_three_subjects() -> None:
    assert far_from_the_rest(given_by(a="3 3 3", b="3 3 3", c="4 4 4")) == []
    found = far_from_the_rest(given_by(a="3 3 3", b="3 3 3", c="1.99 1.99 1.99"))
    assert found == [Deviation("c", 3, Decimal("-1.0100"))]
    # Two subjects with others, and a third that nobody else judged.
    assert far_from_the_rest(given_by(a="1 1 .", b="1 1 .", c="5 5 5")) == []
    # More than a point by less than is shown.
    found = far_from_the_rest(given_by(a="3 3 3", b="3 3 3", c="4 4 4.00003"))
    assert found == [Deviation("c", 3, Decimal("1.0000"))]


def test_differences_either_way_make_up_for_each_other() -> None:
    assert far_from_the_rest(given_by(a="3 3 3 3", b="3 3 3 3", c="5 1 5 1")) == []


def test_of_two_both_are_far_and_the_farthest_is_first() -> None:
    found = far_from_the_rest(given_by(a="1 1 1", b="4 4 4"))
    assert found == [Deviation("a", 3, Decimal("-3.0000")), Deviation("b", 3, Decimal("3.0000"))]
    found = far_from_the_rest(given_by(a="5 5 5", b="3 3 3", c="3 3 3", d="1 1 1.3"))
    assert [one.judge for one in found] == ["a", "d"]


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), decimals, min_size=1), max_size=8))
def test_far_is_what_its_definition_says(rows: list[dict[str, Decimal]]) -> None:
    found = {one.judge: one for one in far_from_the_rest(dict(enumerate(rows)))}
    for judge in "abcd":
        differences = []
        for row in rows:
            others = [Fraction(score) for other, score in row.items() if other != judge]
            if judge in row and others:
                differences.append(Fraction(row[judge]) - Fraction(sum(others), len(others)))
        mean = sum(differences, Fraction()) / max(1, len(differences))
        assert (judge in found) == (len(differences) >= 3 and abs(mean) > 1)
        if judge in found:
            assert found[judge].subjects == len(differences)
            assert abs(Fraction(found[judge].deviation) - mean) <= Fraction(1, 20_000)
