import random
from dataclasses import replace

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kshare.reviews.figures.agreement import Agreement, agreement

Scores = list[list[int | None]]

# K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section C: four observers (rows), twelve units.
PUBLISHED = """
    1 2 3 3 2 1 4 1 2 . . .
    1 2 3 3 2 2 4 1 2 5 . 3
    . 3 3 3 2 3 4 2 2 5 1 .
    1 2 3 3 2 4 4 1 2 5 1 .
"""


def turned(rows: Scores) -> Scores:
    return [list(column) for column in zip(*rows, strict=True)]


def published() -> Scores:
    return turned(
        [[None if score == "." else int(score) for score in row.split()] for row in PUBLISHED.split("\n    ")][1:]
    )


def panel(seed: int, units: int, raters: int, noise: float, missing: float = 0.1) -> Scores:
    """Judges who see a true quality, each with noise, on a scale of five."""
    chance = random.Random(seed)
    rows: Scores = []
    for _ in range(units):
        quality = chance.gauss(3, 1)
        seen = [min(5, max(1, round(chance.gauss(quality, noise)))) for _ in range(raters)]
        rows.append([None if chance.random() < missing else score for score in seen])
    return rows


@st.composite
def scores(draw: st.DrawFn) -> Scores:
    raters = draw(st.integers(1, 6))
    values = st.none() | draw(st.sampled_from([st.integers(1, 5), st.integers(1, 2), st.integers(-30, 70)]))
    return draw(st.lists(st.lists(values, min_size=raters, max_size=raters), max_size=12))


def oracle(rows: Scores) -> float:
    data = np.array([[np.nan if score is None else score for score in row] for row in turned(rows)], dtype=float)
    return float(krippendorff.alpha(reliability_data=data, level_of_measurement="ordinal"))


def test_the_example_its_author_published() -> None:
    found = agreement(published(), seed=1)
    assert found.alpha == pytest.approx(0.815, abs=0.0005)
    # The twelfth was judged by one observer alone.
    assert (found.units, found.raters, found.note) == (11, 4, None)
    assert found.low is not None and found.high is not None
    assert found.low < 0.815 < found.high <= 1


@given(scores())
def test_alpha_is_that_of_krippendorff(rows: Scores) -> None:
    found = agreement(rows, seed=1, rounds=1)
    pairable = [row for row in rows if sum(score is not None for score in row) > 1]
    assert found.units == len(pairable)
    assert found.raters == sum(
        any(row[rater] is not None for row in pairable) for rater in range(len(rows[0]) if rows else 0)
    )
    if len(pairable) < 2:
        assert (found.alpha, found.note) == (None, "too_few")
    elif len({score for row in pairable for score in row if score is not None}) == 1:
        assert (found.alpha, found.note) == (None, "no_variance")
    else:
        assert found.note is None
        assert found.alpha == pytest.approx(oracle(pairable), abs=1e-9)


@given(scores(), st.randoms(use_true_random=False))
def test_no_order_of_units_or_raters_and_no_end_of_the_scale_counts(rows: Scores, chance: random.Random) -> None:
    alpha = agreement(rows, seed=1, rounds=1).alpha
    mixed = [list(row) for row in rows]
    chance.shuffle(mixed)
    columns = turned(mixed)
    chance.shuffle(columns)
    other = turned([[None if score is None else 6 - score for score in column] for column in columns])
    assert agreement(other, seed=1, rounds=1).alpha == (None if alpha is None else pytest.approx(alpha, abs=1e-9))


@given(scores())
def test_only_the_order_of_scores_counts(rows: Scores) -> None:
    stretched: Scores = [[None if score is None else score**3 for score in row] for row in rows]
    assert agreement(stretched, seed=1, rounds=20) == agreement(rows, seed=1, rounds=20)


def test_what_cannot_be_told_is_not_told() -> None:
    assert agreement([], seed=1) == Agreement(None, None, None, 0, 0, "too_few")
    assert agreement([[1, None], [None, 2], [3, 4]], seed=1) == Agreement(None, None, None, 1, 2, "too_few")
    # The 5 stands alone in its unit.
    assert agreement([[2, 2, None], [2, 2, 2], [5, None, None]], seed=1) == Agreement(
        None, None, None, 2, 3, "no_variance"
    )
    assert agreement([[1, 1], [2, 2], [3, 3]], seed=1) == Agreement(1.0, 1.0, 1.0, 3, 2, None)


def test_there_is_no_interval_from_a_minority_of_resamples() -> None:
    # Half of the resamples of two units draw one of them twice: sometimes more than half, sometimes fewer.
    few = {agreement([[1, 1], [2, 2]], seed=seed, rounds=9).low for seed in range(20)}
    assert few == {None, 1.0}
    # With eleven units of twelve alike a third of the resamples miss the odd one; the others make an interval.
    found = agreement([[1, 1]] * 11 + [[2, 2]], seed=1)
    assert (found.alpha, found.low, found.high) == (1.0, 1.0, 1.0)


def test_the_seed_decides() -> None:
    rows = panel(1, 30, 4, 0.8)
    assert agreement(rows, seed=1) == agreement(rows, seed=1)
    other = agreement(rows, seed=2)
    assert other != agreement(rows, seed=1)
    assert replace(other, low=None, high=None) == replace(agreement(rows, seed=1), low=None, high=None)


def test_an_interval_is_that_of_units_drawn_one_by_one() -> None:
    rows = panel(3, 25, 4, 0.8)
    chance = random.Random(1)
    drawn = sorted(oracle(chance.choices(rows, k=len(rows))) for _ in range(400))
    found = agreement(rows, seed=1, rounds=4000)
    assert found.low == pytest.approx(drawn[10], abs=0.06)
    assert found.high == pytest.approx(drawn[389], abs=0.06)
    assert found.alpha is not None and drawn[10] < found.alpha < drawn[389]


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    truth = agreement(panel(0, 20_000, 4, 0.8), seed=1, rounds=1).alpha
    assert truth is not None
    held = 0
    for seed in range(1, 101):
        found = agreement(panel(seed, 50, 4, 0.8), seed=seed, rounds=300)
        assert found.alpha is not None and found.low is not None and found.high is not None
        assert found.low <= found.alpha <= found.high
        held += found.low <= truth <= found.high
    assert 86 <= held <= 99


def test_wrong_use_is_refused() -> None:
    with pytest.raises(ValueError, match="place for every rater"):
        agreement([[1, 2], [1]], seed=1)
    with pytest.raises(ValueError, match="at least one round"):
        agreement([[1, 2], [1, 3]], seed=1, rounds=0)
    with pytest.raises(ValueError, match="non-negative"):
        agreement([[1, 2], [1, 3]], seed=-1)
