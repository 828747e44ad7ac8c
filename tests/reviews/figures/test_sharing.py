"""Who judges what: everybody about as much, and nobody what they may not."""

from collections import Counter
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kshare.reviews.figures.sharing import share_out


def ids(kind: int, number: int) -> list[UUID]:
    return [UUID(int=(kind << 64) + n) for n in range(number)]


@given(st.integers(0, 12), st.integers(1, 7), st.data())
def test_who_may_judge_everything_judges_as_much_as_the_others(subjects: int, judges: int, data: st.DataObject) -> None:
    each = data.draw(st.integers(1, judges))
    people = ids(2, judges)
    shared = share_out({subject: set(people) for subject in ids(1, subjects)}, each)
    assert all(len(set(found)) == len(found) == each for found in shared.values())
    loads = Counter(person for found in shared.values() for person in found)
    amounts = [loads[person] for person in people]
    assert max(amounts) - min(amounts) <= 1


@given(st.data())
def test_the_largest_load_is_as_small_as_it_can_be(data: st.DataObject) -> None:
    """Against every possible way, where there are few."""
    people = ids(2, data.draw(st.integers(1, 4)))
    groups = st.sets(st.sampled_from(people), min_size=1)
    allowed = dict(zip(ids(1, 5), data.draw(st.lists(groups, max_size=5)), strict=False))
    shared = share_out(allowed, 1)
    assert shared.keys() == allowed.keys()
    assert all(found[0] in allowed[subject] for subject, found in shared.items())

    def cost(chosen: list[UUID]) -> tuple[int, int]:
        amounts = Counter(chosen).values()
        return max(amounts, default=0), sum(amount**2 for amount in amounts)

    best = min(cost(list(chosen)) for chosen in product(*allowed.values()))
    assert cost([found[0] for found in shared.values()]) == best


@given(st.data())
def test_the_same_ids_give_the_same_answer(data: st.DataObject) -> None:
    people = ids(2, 4)
    groups = st.sets(st.sampled_from(people), min_size=2)
    allowed = dict(zip(ids(1, 8), data.draw(st.lists(groups, min_size=8, max_size=8)), strict=True))
    assert share_out(allowed, 2) == share_out(dict(reversed(allowed.items())), 2)
    assert all(set(found) <= allowed[subject] for subject, found in share_out(allowed, 2).items())


def test_too_few_judges_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        share_out({UUID(int=1): {UUID(int=2)}}, 2)
