"""Reviewing is blind: nobody learns what another judged, nor whether, before giving theirs."""

import itertools
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.conftest import Company, Loop, cloned_database, found_company, live_server
from tests.reviews.scenes import JUDGES, KNOWLEDGE, MEMBERS, Scene
from tests.reviews.scripts import SUBMITTED, Script
from tests.reviews.watching import seldom_collected

from kshare.core import ids

EXAMPLES = int(os.environ.get("KSHARE_BLIND_EXAMPLES", "10"))
"""How many scripts are played; more take longer, and find what is rarer."""


class _Counting:
    """In the place of chance, so that ids of one moment sort in the order in which they were made, in both worlds."""

    def __init__(self) -> None:
        self.count = itertools.count(1)

    def randbits(self, bits: int) -> int:
        return next(self.count)


@pytest.fixture(scope="module", autouse=True)
def in_order() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ids, "secrets", _Counting())
        yield


@pytest.fixture(scope="module")
def twins(postgres_url: str, loop: Loop) -> Iterator[tuple[Company, Company]]:
    """Two companies in which the same is done."""
    with (
        seldom_collected(),
        cloned_database(postgres_url, loop) as first,
        cloned_database(postgres_url, loop) as second,
        live_server(first, loop) as one,
        live_server(second, loop) as other,
    ):
        yield found_company(one), found_company(other)


def worlds(twins: tuple[Company, Company], numbers: Iterator[int]) -> Script:
    number = next(numbers)
    one, other = (Scene(company, number).build() for company in twins)
    return Script(one, other)


# ---- in two worlds --------------------------------------------------------------------------------------------------

PAIRS = (("设想", "念头"), ("设想", "创意"), ("念头", "创意"))
OUTCOMES = st.sampled_from([None, "first", "second", "tie"])
PLANS = st.lists(st.integers(0, 2), max_size=2)
WHO, WHAT = st.integers(0, 11), st.integers(0, 11)
ACTS = st.one_of(
    st.tuples(st.just("secret"), WHAT, WHO, PLANS, PLANS),
    st.tuples(st.just("secret"), WHAT, WHO, PLANS, PLANS),
    st.tuples(st.just("judge"), WHAT, WHO, st.integers(0, 2)),
    st.tuples(st.just("keep_out"), WHAT, WHO, st.sampled_from(["decline", "delegate", "conflict"])),
    st.tuples(st.just("compare"), WHO, WHAT, OUTCOMES, OUTCOMES),
    st.tuples(st.just("edit"), WHAT),
    st.tuples(st.just("submit"), WHAT),
    st.tuples(st.just("assign"), WHAT, WHO),
    st.tuples(st.just("withdraw"), WHAT),
    st.tuples(st.just("attempt"), WHAT, st.integers(0, 3)),
    st.tuples(st.just("comment"), WHAT, WHO),
)


def act(script: Script, name: str, *args: Any) -> None:
    """One act of a script; what cannot be done is left out."""
    what, one = script, script.one
    if name == "compare":
        who, pair, here, there = args
        what.compare(MEMBERS["比选会"][who % 3], PAIRS[pair % 3], here, there)
        return
    if name == "submit":
        waiting = [content for content in SUBMITTED if content not in one.reviews]
        if waiting:
            script.submit(waiting[args[0] % len(waiting)])
        return
    contents = script.open_reviews()
    if name == "attempt":
        contents = [content for content in contents if (content in KNOWLEDGE) == (args[1] == 1)]
    if name == "withdraw":
        contents = [content for content in contents if content in SUBMITTED]
    if not contents:
        return
    content = contents[args[0] % len(contents)]
    if name in ("edit", "withdraw", "attempt"):
        getattr(script, name)(content, *args[1:])
    elif name == "assign":
        script.assign(content, JUDGES[args[1] % len(JUDGES)])
    elif people := script.takes_part(content) if name != "comment" else ["读者", "旁观", *script.takes_part(content)]:
        getattr(script, name)(content, people[args[1] % len(people)], *args[2:])


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return itertools.count()


@given(
    acts=st.lists(ACTS, min_size=4, max_size=14),
    observers=st.lists(st.integers(0, 15), min_size=2, max_size=2, unique=True),
)
@settings(max_examples=EXAMPLES, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
def test_two_worlds_look_the_same_to_whoever_has_not_judged(
    twins: tuple[Company, Company], numbers: Iterator[int], acts: list[Any], observers: list[int]
) -> None:
    script = worlds(twins, numbers)
    for one in acts:
        act(script, *one)
    for content in SUBMITTED:
        # Who is asked next follows from what everybody has to do, and not from what they have done.
        if content not in script.one.reviews:
            script.submit(content)
    blind = script.blind()
    if script.secrets and blind:
        script.check([blind[place % len(blind)] for place in observers])


STORIES: dict[str, tuple[list[Any], list[str]]] = {
    "who is asked next": (
        [("secret", what, "丙", [0], []) for what in ("规范", "主意", "想法")] + [("submit", "手册")],
        ["己", "旁观"],
    ),
    "judged twice, declined, and a conflict after judging": (
        [
            ("secret", "规范", "甲", [1], []),
            ("keep_out", "规范", "甲", "conflict"),
            ("keep_out", "点子", "乙", "decline"),
            ("secret", "点子", "甲", [0, 1], []),
            ("secret", "主意", "甲", [0, 1], [2]),
        ],
        ["乙", "管理员"],
    ),
    "a newer text": (
        [("judge", "点子", "甲", 0), ("judge", "点子", "乙", 1), ("edit", "点子"), ("secret", "点子", "甲", [0], [])],
        ["乙", "发明人"],
    ),
    "a chair who declined, and a judge with a conflict": (
        [
            ("judge", "主意", "庚", 0),
            ("keep_out", "想法", "庚", "decline"),
            ("judge", "想法", "乙", 0),
            ("keep_out", "想法", "乙", "conflict"),
            ("secret", "想法", "甲", [0], []),
        ],
        ["庚", "乙"],
    ),
    "released, and pairs": (
        [
            ("secret", "规范", "甲", [0], []),
            ("withdraw", "规范"),
            ("compare", "丁", PAIRS[0], "first", "second"),
            ("compare", "丁", PAIRS[1], "tie", None),
        ],
        ["乙", "丙"],
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_a_story_looks_the_same_to_whoever_has_not_judged(
    twins: tuple[Company, Company], numbers: Iterator[int], story: str
) -> None:
    acts, observers = STORIES[story]
    script = worlds(twins, numbers)
    for name, *args in acts:
        getattr(script, name)(*args)
    assert script.secrets and set(observers) <= set(script.blind()), script.log
    script.check(observers)
