import inspect
import itertools
import math
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kshare.reviews.figures.bradley_terry import Comparison, components, covariance, strengths
from kshare.reviews.figures.pairing import NEARLY, next_pair


@dataclass
class Round:
    """Judges who are asked in turn; each answers as true strengths and chance make it."""

    entries: int
    seed: int
    judges: int = 3
    allowed: list[set[int]] = field(default_factory=list)
    compared: list[tuple[int, int]] = field(default_factory=list)
    own: list[list[Comparison]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.true = [self.chance.gauss(0, 2) for _ in range(self.entries)]
        self.allowed = self.allowed or [set(range(self.entries))] * self.judges
        self.own = [[] for _ in range(self.judges)]

    def ask(self, judge: int, drawn: int | None = None) -> tuple[int, int] | None:
        return next_pair(
            self.entries,
            compared=self.compared,
            own=self.own[judge],
            allowed=self.allowed[judge],
            drawn=judge if drawn is None else drawn,
        )

    def answer(self, judge: int, pair: tuple[int, int]) -> None:
        first, second = pair
        wins = self.chance.random() < 1 / (1 + math.exp(self.true[second] - self.true[first]))
        self.own[judge].append(Comparison(first, second, float(wins)))
        self.compared.append(pair if self.chance.random() < 0.5 else pair[::-1])

    def tau(self) -> float:
        """Kendall's tau between the true order and the one found."""
        found = strengths(self.entries, list(itertools.chain(*self.own)))
        pairs = list(itertools.combinations(range(self.entries), 2))
        agreeing = sum((found[one] > found[other]) == (self.true[one] > self.true[other]) for one, other in pairs)
        return 2 * agreeing / len(pairs) - 1


def test_what_others_answered_is_no_argument() -> None:
    parameters = inspect.signature(next_pair).parameters
    assert list(parameters) == ["entries", "compared", "own", "allowed", "drawn"]
    assert parameters["compared"].annotation == Sequence[tuple[int, int]]


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(2, 8), st.integers(1, 4))
def test_a_round_from_the_first_pair_to_the_last(seed: int, entries: int, judges: int) -> None:
    chance = random.Random(seed)
    allowed = [set(chance.sample(range(entries), chance.randint(0, entries))) for _ in range(judges)]
    going = Round(entries, seed, judges, allowed)
    waiting = set(range(judges))
    while waiting:
        judge = chance.choice(sorted(waiting))
        groups = components(entries, going.compared)
        pair = going.ask(judge)
        seen = {frozenset(comparison[:2]) for comparison in going.own[judge]}
        left = {frozenset(both) for both in itertools.combinations(sorted(allowed[judge]), 2)} - seen
        if pair is None:
            assert not left
            waiting.remove(judge)
            continue
        assert frozenset(pair) in left
        home = {entry: number for number, group in enumerate(groups) for entry in group}
        linking = {both for both in left if len({home[entry] for entry in both}) == 2}
        assert not linking or frozenset(pair) in linking
        going.answer(judge, pair)


@pytest.mark.parametrize("judges", [1, 4])
def test_every_early_question_links_two_groups(judges: int) -> None:
    going = Round(30, 1, judges)
    for draw in range(29):
        assert len(components(30, going.compared)) == 30 - draw
        pair = going.ask(draw % judges)
        assert pair is not None
        going.answer(draw % judges, pair)
    assert len(components(30, going.compared)) == 1


def test_the_question_is_nearly_the_most_informative_and_of_those_asked_least() -> None:
    going = Round(8, 2, 5)
    for draw in range(100):
        pair = going.ask(draw % 5)
        assert pair is not None
        own, groups = going.own[draw % 5], components(8, going.compared)
        found = strengths(8, own)
        before = np.linalg.slogdet(_precision(covariance(8, going.compared, found)))[1]
        told = {}
        for one, other in itertools.combinations(range(8), 2):
            if frozenset((one, other)) in {frozenset(comparison[:2]) for comparison in own}:
                continue
            if len(groups) > 1 and any(one in group and other in group for group in groups):
                continue
            after = covariance(8, [*going.compared, (one, other)], found)
            told[one, other] = math.exp(np.linalg.slogdet(_precision(after))[1] - before) - 1
        good = {both for both, gain in told.items() if gain >= (1 - NEARLY) * max(told.values()) - 1e-9}
        times = Counter(frozenset(both) for both in going.compared)
        fewest = min(times[frozenset(both)] for both in good)
        assert tuple(sorted(pair)) in {both for both in good if times[frozenset(both)] == fewest}
        going.answer(draw % 5, pair)


def _precision(
    spread: "np.ndarray[tuple[int, int], np.dtype[np.float64]]",
) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """The inverse of a covariance, with a fixed number for the common shift it leaves out."""
    return np.linalg.inv(spread + 1 / len(spread))


def test_judges_who_ask_at_once_get_different_pairs() -> None:
    going = Round(30, 1, 5)
    assert len({frozenset(going.ask(0, drawn) or ()) for drawn in range(20)}) > 15
    assert {going.ask(0, 7) for _ in range(3)} == {going.ask(0, 7)}
    for draw in range(100):
        pair = going.ask(draw % 5)
        assert pair is not None
        going.answer(draw % 5, pair)
    newcomers = Counter(frozenset(going.ask(4, drawn) or ()) for drawn in range(50))
    assert len(newcomers) > 1
    going.own.append([])
    going.allowed.append(set(range(30)))
    assert len({frozenset(going.ask(5, drawn) or ()) for drawn in range(50)}) > 1


def test_neither_place_is_favoured() -> None:
    going = Round(12, 1, 6)
    while True:
        asked = 0
        for judge in range(6):
            pair = going.ask(judge)
            if pair is not None:
                going.answer(judge, pair)
                asked += 1
        if not asked:
            break
    shown = Counter[int]()
    for own in going.own:
        lead = Counter(comparison.first for comparison in own)
        lead.subtract(comparison.second for comparison in own)
        assert max(abs(times) for times in lead.values()) <= 3
        shown.update(first < second for first, second, _ in own)
        for entry, times in lead.items():
            shown[entry + 100] += times
    assert shown[True] == pytest.approx(6 * 66 / 2, abs=45)
    assert all(abs(shown[entry + 100]) <= 8 for entry in range(12))
    # Also the first question of many judges, which nothing is there to balance.
    first = [next_pair(2, compared=[], own=[], allowed=[0, 1], drawn=drawn) for drawn in range(400)]
    assert Counter(first)[0, 1] == pytest.approx(200, abs=50)


def test_questions_chosen_order_better_than_questions_at_random() -> None:
    gains = []
    for seed in range(30):
        chosen, blind = Round(30, seed, 2), Round(30, seed, 2)
        pairs = list(itertools.combinations(range(30), 2))
        for draw in range(150):
            pair = chosen.ask(draw % 2)
            assert pair is not None
            chosen.answer(draw % 2, pair)
            blind.answer(draw % 2, blind.chance.choice(pairs))
        gains.append(chosen.tau() - blind.tau())
    assert sum(gains) / len(gains) > 0.02


def test_it_is_fast_enough_to_wait_for() -> None:
    chance = random.Random(1)
    pairs = [(one, other) for one, other in (chance.sample(range(200), 2) for _ in range(5000))]
    own = [Comparison(*pair, chance.choice([0.0, 0.5, 1.0])) for pair in pairs[:1000]]
    took = []
    for _ in range(5):
        begun = time.perf_counter()
        next_pair(200, compared=pairs, own=own, allowed=range(200))
        took.append(time.perf_counter() - begun)
    # About 0.02 s on an idle processor.
    assert min(took) < 0.25


def test_wrong_numbers_are_refused() -> None:
    assert next_pair(0, compared=[], own=[], allowed=[]) is None
    assert next_pair(1, compared=[], own=[], allowed=[0]) is None
    assert next_pair(3, compared=[], own=[], allowed=[2]) is None
    with pytest.raises(ValueError, match="not among 3 entries"):
        next_pair(3, compared=[], own=[], allowed=[0, 3])
    with pytest.raises(ValueError, match="no two of 3 entries"):
        next_pair(3, compared=[(1, 1)], own=[], allowed=[0, 1])
    with pytest.raises(ValueError, match="no two of 3 entries"):
        next_pair(3, compared=[], own=[Comparison(0, -1, 1.0)], allowed=[0, 1])
    with pytest.raises(ValueError, match="non-negative"):
        next_pair(3, compared=[], own=[], allowed=[0, 1], drawn=-1)
