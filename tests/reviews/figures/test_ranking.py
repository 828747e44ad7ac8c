import itertools
import math
import random

import choix
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kshare.reviews.figures.bradley_terry import PRIOR_PRECISION, components, covariance, strengths
from kshare.reviews.figures.ranking import Comparison, NotConnected, Ranked, rank

# A. Agresti, Categorical Data Analysis (1990): American League East 1987, wins of the row over the column, at home and
# away together. The estimates are those of the model without home advantage, Baltimore being 0, as in H. Turner and
# D. Firth, Bradley-Terry Models in R: The BradleyTerry2 Package (Journal of Statistical Software 48, 2012).
TEAMS = ["Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore"]
WINS = [
    [0, 7, 9, 7, 7, 9, 11],
    [6, 0, 7, 5, 11, 9, 9],
    [4, 6, 0, 7, 7, 8, 12],
    [6, 8, 6, 0, 6, 7, 10],
    [6, 2, 6, 7, 0, 7, 12],
    [4, 4, 5, 6, 6, 0, 6],
    [2, 4, 1, 3, 1, 7, 0],
]
ESTIMATES = [1.5814, 1.4364, 1.2945, 1.2476, 1.1077, 0.6839, 0.0]
ERRORS = [0.3433, 0.3396, 0.3367, 0.3359, 0.3339, 0.3319]


def season() -> list[Comparison]:
    games = itertools.permutations(range(7), 2)
    return [Comparison(winner, loser, 1.0) for winner, loser in games for _ in range(WINS[winner][loser])]


def for_choix(comparisons: list[Comparison]) -> list[tuple[int, int]]:
    """Winners before losers, everything twice, so that a tie can be one win of each."""
    won = []
    for first, second, outcome in comparisons:
        won += [(first, second)] * int(2 * outcome) + [(second, first)] * int(2 - 2 * outcome)
    return won


def objective(at: "np.ndarray[tuple[int], np.dtype[np.float64]]", comparisons: list[Comparison]) -> float:
    """What the strengths maximise, written down from its definition."""
    total = -PRIOR_PRECISION / 2 * float(at @ at)
    for first, second, outcome in comparisons:
        first_wins = 1 / (1 + math.exp(at[second] - at[first]))
        total += outcome * math.log(first_wins) + (1 - outcome) * math.log(1 - first_wins)
    return total


@st.composite
def rounds(draw: st.DrawFn) -> tuple[int, list[Comparison]]:
    """Linked comparisons of a few entries."""
    entries = draw(st.integers(2, 7))
    pair = st.lists(st.integers(0, entries - 1), min_size=2, max_size=2, unique=True)
    outcome = st.sampled_from([0.0, 0.5, 1.0])
    linked = [Comparison(draw(st.integers(0, entry - 1)), entry, draw(outcome)) for entry in range(1, entries)]
    more = draw(st.lists(st.tuples(pair, outcome), max_size=30))
    return entries, linked + [Comparison(*both, result) for both, result in more]


@settings(max_examples=60)
@given(rounds())
def test_strengths_are_those_of_choix(given_round: tuple[int, list[Comparison]]) -> None:
    entries, comparisons = given_round
    # Its penalty is alpha times the sum of squares, half of which would be ours; everything is there twice.
    theirs = choix.opt_pairwise(entries, for_choix(comparisons), alpha=PRIOR_PRECISION, tol=1e-12)
    assert strengths(entries, comparisons) == pytest.approx(theirs - theirs.mean(), abs=1e-5)


@settings(max_examples=60)
@given(rounds())
def test_strengths_are_a_maximum_and_covariance_its_curvature(given_round: tuple[int, list[Comparison]]) -> None:
    entries, comparisons = given_round
    found = strengths(entries, comparisons)
    spread = covariance(entries, [comparison[:2] for comparison in comparisons], found)
    near = 1e-4
    axes = np.eye(entries) * near

    def slope(at: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> list[float]:
        return [(objective(at + axis, comparisons) - objective(at - axis, comparisons)) / (2 * near) for axis in axes]

    assert slope(found) == pytest.approx([0] * entries, abs=1e-6)
    hessian = np.array([np.subtract(slope(found + 10 * axis), slope(found - 10 * axis)) / (20 * near) for axis in axes])
    # Differences only: the covariance leaves the common shift out.
    contrasts = np.eye(entries)[1:] - np.eye(entries)[0]
    expected = contrasts @ np.linalg.inv(-hessian) @ contrasts.T
    assert contrasts @ spread @ contrasts.T == pytest.approx(expected, rel=1e-3, abs=1e-6)
    assert spread.sum(axis=0) == pytest.approx(np.zeros(entries), abs=1e-9)


def test_a_published_season() -> None:
    games = season()
    assert len(games) == 21 * 13
    found = strengths(7, games, precision=1e-7)
    assert found - found[6] == pytest.approx(ESTIMATES, abs=2e-4)
    spread = covariance(7, [game[:2] for game in games], found, precision=1e-7)
    errors = [math.sqrt(spread[team, team] + spread[6, 6] - 2 * spread[team, 6]) for team in range(6)]
    assert errors == pytest.approx(ERRORS, abs=1e-4)
    assert found == pytest.approx(choix.ilsr_pairwise(7, for_choix(games)), abs=1e-5)


def test_the_prior_hardly_moves_what_was_compared_often() -> None:
    ranked = rank(7, season())
    assert [place.entry for place in ranked] == list(range(7))
    assert [place.rank for place in ranked] == [1, 2, 3, 4, 5, 6, 7]
    mean = sum(ESTIMATES) / 7
    assert [place.strength for place in ranked] == pytest.approx([one - mean for one in ESTIMATES], abs=0.04)
    assert all(place.low < place.strength < place.high for place in ranked)
    # Milwaukee leads Detroit by 0.145, with a standard error of 0.31 (published: 1.5814 - 1.4364).
    assert ranked[0].certainty == pytest.approx(0.68, abs=0.01)
    assert ranked[-1].certainty is None


def test_who_won_everything_stays_finite() -> None:
    ranked = rank(3, [Comparison(0, 1, 1.0), Comparison(1, 2, 1.0), Comparison(0, 2, 1.0)] * 50)
    assert [place.entry for place in ranked] == [0, 1, 2]
    assert ranked[0].strength < 8 and ranked[0].high < 20
    assert ranked[0].certainty is not None and 0.97 < ranked[0].certainty < 1


def test_steps_are_short_enough_to_arrive() -> None:
    # Found by chance: whole steps of Newton's method go round in circles for ever here.
    won = {(0, 3): 300, (1, 6): 300, (2, 1): 50, (3, 0): 3, (3, 1): 1, (3, 4): 50, (5, 1): 1, (5, 2): 50, (5, 4): 50}
    won[6, 0] = 10
    comparisons = [Comparison(*pair, 1.0) for pair, times in won.items() for _ in range(times)]
    found = strengths(7, comparisons)
    near = np.eye(7) * 1e-3
    assert all(objective(found, comparisons) > objective(found + way, comparisons) for way in [*near, *-near])
    # And where the strengths lie far apart.
    chain = strengths(200, [Comparison(entry, entry + 1, 1.0) for entry in range(199) for _ in range(50)])
    assert np.all(np.diff(chain) < 0) and 10 < chain[0] < 100


@given(rounds(), st.randoms(use_true_random=False))
def test_neither_order_nor_names_nor_sides_count(
    given_round: tuple[int, list[Comparison]], chance: random.Random
) -> None:
    entries, comparisons = given_round
    names = chance.sample(range(entries), entries)
    renamed = [
        Comparison(names[first], names[second], outcome)
        if chance.random() < 0.5
        else Comparison(names[second], names[first], 1 - outcome)
        for first, second, outcome in comparisons
    ]
    chance.shuffle(renamed)
    before = {names[place.entry]: place for place in rank(entries, comparisons)}
    for place in rank(entries, renamed):
        assert place.rank == before[place.entry].rank
        assert place.strength == pytest.approx(before[place.entry].strength, abs=1e-9)
        assert place.low == pytest.approx(before[place.entry].low, abs=1e-9)
        assert place.high == pytest.approx(before[place.entry].high, abs=1e-9)


def test_equals_share_a_rank() -> None:
    # 2 and 0 beat 1 alike and tie.
    ranked = rank(3, [Comparison(0, 1, 1.0), Comparison(1, 2, 0.0), Comparison(0, 2, 0.5)])
    assert [(place.entry, place.rank) for place in ranked] == [(0, 1), (2, 1), (1, 3)]
    assert ranked[0].certainty == pytest.approx(0.5)
    assert ranked[1].certainty is not None and ranked[1].certainty > 0.6
    ties = rank(4, [Comparison(one, other, 0.5) for one, other in itertools.combinations(range(4), 2)])
    assert [(place.rank, place.strength) for place in ties] == [(1, pytest.approx(0))] * 4


def test_a_tie_is_half_a_win_of_each() -> None:
    tied = rank(2, [Comparison(0, 1, 0.5), Comparison(0, 1, 0.5), Comparison(0, 1, 1.0)])
    won = rank(2, [Comparison(0, 1, 0.0), Comparison(0, 1, 1.0), Comparison(0, 1, 1.0)])
    assert tied == won


def test_certainty_is_about_as_often_right_as_it_says() -> None:
    chance = random.Random(1)
    said, right = [], []
    for _ in range(60):
        true = [chance.gauss(0, 1.5) for _ in range(12)]
        comparisons = []
        for one, other in itertools.combinations(range(12), 2):
            wins = chance.random() < 1 / (1 + math.exp(true[other] - true[one]))
            comparisons.append(Comparison(one, other, float(wins)))
        ranked = rank(12, comparisons)
        for above, below in itertools.pairwise(ranked):
            said.append(above.certainty or 0)
            right.append(true[above.entry] > true[below.entry])
    assert sum(right) / len(right) == pytest.approx(sum(said) / len(said), abs=0.05)


def test_there_is_no_order_of_what_is_not_linked() -> None:
    with pytest.raises(NotConnected) as refused:
        rank(6, [Comparison(4, 1, 1.0), Comparison(2, 0, 0.5), Comparison(1, 4, 0.0)])
    assert refused.value.components == [[0, 2], [1, 4], [3], [5]]
    with pytest.raises(NotConnected) as refused:
        rank(2, [])
    assert refused.value.components == [[0], [1]]
    assert rank(0, []) == []
    assert rank(1, []) == [Ranked(0, 1, 0.0, 0.0, 0.0, None)]


@given(rounds(), st.data())
def test_groups_are_what_comparisons_reach(given_round: tuple[int, list[Comparison]], data: st.DataObject) -> None:
    entries, comparisons = given_round
    pairs = data.draw(st.lists(st.sampled_from([comparison[:2] for comparison in comparisons])))
    groups = components(entries, pairs)
    assert sorted(itertools.chain(*groups)) == list(range(entries))
    assert groups == sorted(sorted(group) for group in groups)
    home = {entry: number for number, group in enumerate(groups) for entry in group}
    assert all(home[one] == home[other] for one, other in pairs)
    for group in groups:
        reached = {group[0]}
        for _ in group:
            reached |= {entry for pair in pairs if reached & set(pair) for entry in pair}
        assert reached == set(group)


@pytest.mark.parametrize(
    "wrong", [Comparison(0, 0, 1.0), Comparison(0, 3, 1.0), Comparison(-1, 1, 1.0), Comparison(0, 1, 0.7)]
)
def test_what_is_no_comparison_is_refused(wrong: Comparison) -> None:
    linked = [Comparison(0, 1, 1.0), Comparison(1, 2, 1.0)]
    with pytest.raises(ValueError, match=r"no two of 3 entries|no outcome"):
        rank(3, [*linked, wrong])
