import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kshare.core.diff import Hunk, Line, unified

texts = st.lists(st.sampled_from(["a", "b", "c", "", "长段落"]), max_size=30).map("\n".join)


def applied(text: str, hunks: list[Hunk]) -> str:
    """The text after the hunks, each checked against the lines it says it is about."""
    old = text.split("\n") if text else []
    new: list[str] = []
    at = 0
    for hunk in hunks:
        removed = [line.text for line in hunk.lines if line.op != "+"]
        added = [line.text for line in hunk.lines if line.op != "-"]
        start = hunk.from_line - bool(removed)
        new += old[at:start]
        assert old[start : start + len(removed)] == removed
        assert hunk.to_line - bool(added) == len(new)
        new += added
        at = start + len(removed)
    return "\n".join(new + old[at:])


@given(texts, texts)
def test_the_hunks_turn_one_text_into_the_other(before: str, after: str) -> None:
    hunks = unified(before, after)
    assert applied(before, hunks) == after
    assert bool(hunks) == (before != after)
    for hunk in hunks:
        assert hunk.lines[0].op != " " or sum(line.op == " " for line in hunk.lines) >= 1
        assert any(line.op != " " for line in hunk.lines)


@given(texts, texts)
def test_context_is_bounded_and_hunks_do_not_touch(before: str, after: str) -> None:
    end = 0
    for hunk in unified(before, after, context=1):
        ops = "".join(line.op for line in hunk.lines)
        assert not ops.startswith("  ")
        assert not ops.endswith("  ")
        assert "   " not in ops
        assert hunk.from_line >= end
        end = hunk.from_line + sum(line.op != "+" for line in hunk.lines)


def test_one_changed_line() -> None:
    before = "\n".join("一二三四五六七八九")
    (hunk,) = unified(before, before.replace("五", "5"))
    assert (hunk.from_line, hunk.to_line) == (2, 2)
    assert [line.op for line in hunk.lines] == [" ", " ", " ", "-", "+", " ", " ", " "]


def test_the_empty_text_has_no_lines() -> None:
    assert unified("", "a") == [Hunk(0, 1, (Line("+", "a"),))]
    assert unified("a", "") == [Hunk(1, 0, (Line("-", "a"),))]
    assert unified("", "") == []
    assert unified("a", "a\n") == [Hunk(1, 1, (Line(" ", "a"), Line("+", "")))]


def test_a_difference_is_the_shortest() -> None:
    (hunk,) = unified("\n".join("abcabba"), "\n".join("cbabac"))
    assert sum(line.op != " " for line in hunk.lines) == 5


def test_a_moved_block_keeps_the_rest() -> None:
    lines = [f"line {i}" for i in range(200)]
    moved = lines[100:110] + lines[:100] + lines[110:]
    hunks = unified("\n".join(lines), "\n".join(moved))
    assert sum(line.op == "-" for hunk in hunks for line in hunk.lines) == 10


@pytest.mark.parametrize(
    "before, after",
    [
        ("a\nb\n" * 50_000, "b\na\n" * 50_000),
        ("a\nb\n" * 50_000, "b\nb\na\n" * 33_000),
        ("a\n" * 100_000, "a\n" * 50_000 + "b\n" + "a\n" * 50_000),
        ("\n".join(str(i * i % 997) for i in range(100_000)), "\n".join(str(i * 7 % 991) for i in range(100_000))),
        ("\n".join(map(str, range(100_000))), "\n".join(map(str, range(100_000, 0, -1)))),
        ("\n".join(map(str, range(100_000))), "\n".join(str(i) for i in range(100_000) if i % 3)),
        ("a" * 1_000_000, "a" * 999_999 + "b"),
    ],
    ids=["swapped", "skewed", "inserted", "shuffled", "reversed", "thinned", "long line"],
)
def test_hostile_texts_take_bounded_time(before: str, after: str) -> None:
    started = time.perf_counter()
    hunks = unified(before, after)
    assert time.perf_counter() - started < 30, "quadratic time would be minutes"
    assert applied(before, hunks) == after
