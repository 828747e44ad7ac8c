"""What changed between two texts, line by line, in bounded time for any two texts."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Op = Literal[" ", "-", "+"]

CONTEXT: Final = 3
"""Unchanged lines shown around a change."""
MAX_STEPS: Final = 400_000
"""Comparisons spent on one difference, less than half a second. What is left when they are used up is shown as replaced
whole: a correct difference, only longer than need be."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its line break: kept (" "), removed ("-") or added ("+")."""

    op: Op
    text: str


@dataclass(frozen=True, slots=True)
class Hunk:
    """Neighbouring changes with the unchanged lines around them.

    `from_line` and `to_line` number the first line of the hunk in either text, from 1. As in a unified diff, a hunk
    without lines of a text has the number of the line before it, so 0 if the text is empty.
    """

    from_line: int
    to_line: int
    lines: tuple[Line, ...]


def unified(from_text: str, to_text: str, *, context: int = CONTEXT) -> list[Hunk]:
    """The hunks that turn one text into the other, in order; none if they are equal.

    Lines are what `\\n` separates, so a text that ends in a line break has an empty last line; the empty text has no
    line. Both texts are expected to be clean (`kshare.core.text.clean_text`).
    """
    before, after = _lines(from_text), _lines(to_text)
    return list(_hunks(before, after, _changes(before, after), context))


def _lines(text: str) -> list[str]:
    return text.split("\n") if text else []


@dataclass(frozen=True, slots=True)
class _Change:
    """Lines `from_start:from_end` of the old text become `to_start:to_end` of the new one."""

    from_start: int
    from_end: int
    to_start: int
    to_end: int


@dataclass(slots=True)
class _Budget:
    steps: int


def _changes(before: Sequence[str], after: Sequence[str]) -> list[_Change]:
    # Lines are compared as numbers, so that long ones with a long common beginning cost nothing.
    numbers: dict[str, int] = {}
    old = [numbers.setdefault(line, len(numbers)) for line in before]
    new = [numbers.setdefault(line, len(numbers)) for line in after]
    budget = _Budget(MAX_STEPS)
    changes: list[_Change] = []
    from_start = to_start = 0
    for from_end, to_end in [*_anchors(old, new), (len(old), len(new))]:
        # A part begins with the anchor before it, so that changes of two parts never touch.
        changes += _between(old, new, _Change(from_start, from_end, to_start, to_end), budget)
        from_start, to_start = from_end, to_end
    return changes


def _anchors(old: Sequence[int], new: Sequence[int]) -> list[tuple[int, int]]:
    """Lines that occur once in either text, as many as stand in the same order in both.

    They split a large difference into small ones, and they are the lines a reader takes for the same.
    """
    in_old, in_new = Counter(old), Counter(new)
    place = {line: i for i, line in enumerate(old) if in_old[line] == 1 and in_new[line] == 1}
    pairs = [(place[line], j) for j, line in enumerate(new) if line in place]
    # The longest increasing subsequence: the ends of the shortest candidates, and the way back from each pair.
    ends: list[int] = []
    chosen: list[int] = []
    back: list[int] = []
    for index, (i, _) in enumerate(pairs):
        at = bisect_left(ends, i)
        back.append(chosen[at - 1] if at else -1)
        ends[at : at + 1] = [i]
        chosen[at : at + 1] = [index]
    anchors: list[tuple[int, int]] = []
    index = chosen[-1] if chosen else -1
    while index >= 0:
        anchors.append(pairs[index])
        index = back[index]
    return anchors[::-1]


def _between(old: Sequence[int], new: Sequence[int], part: _Change, budget: _Budget) -> list[_Change]:
    """The changes within a part of both texts."""
    a, a_end, b, b_end = part.from_start, part.from_end, part.to_start, part.to_end
    while a < a_end and b < b_end and old[a] == new[b]:
        a, b = a + 1, b + 1
    while a < a_end and b < b_end and old[a_end - 1] == new[b_end - 1]:
        a_end, b_end = a_end - 1, b_end - 1
    if a == a_end and b == b_end:
        return []
    whole = [_Change(a, a_end, b, b_end)]
    if a == a_end or b == b_end or set(old[a:a_end]).isdisjoint(new[b:b_end]):
        return whole
    kept = _kept(old[a:a_end], new[b:b_end], budget)
    if kept is None:
        return whole
    changes: list[_Change] = []
    x = y = 0
    for i, j in [*kept, (a_end - a, b_end - b)]:
        if (x, y) != (i, j):
            changes.append(_Change(a + x, a + i, b + y, b + j))
        x, y = i + 1, j + 1
    return changes


def _kept(old: Sequence[int], new: Sequence[int], budget: _Budget) -> list[tuple[int, int]] | None:
    """The pairs of lines that a shortest difference keeps (Myers 1986), or nothing if the budget does not suffice."""
    n, m = len(old), len(new)
    reach = {1: 0}
    history: list[dict[int, int]] = []
    for d in range(n + m + 1):
        budget.steps -= d + 1
        if budget.steps < 0:
            return None
        row: dict[int, int] = {}
        # Diagonals that leave the rectangle need not be followed.
        for k in range(-d + 2 * max(0, d - m), d - 2 * max(0, d - n) + 1, 2):
            down = k == -d or (k != d and reach.get(k - 1, -1) < reach.get(k + 1, -1))
            x = start = reach[k + 1] if down else reach[k - 1] + 1
            while x < n and x - k < m and old[x] == new[x - k]:
                x += 1
            budget.steps -= x - start
            row[k] = x
            if x >= n and x - k >= m:
                history.append(row)
                return _trace(history, n, m)
        history.append(row)
        reach = row
    return None


def _trace(history: list[dict[int, int]], n: int, m: int) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    x, y = n, m
    for d in range(len(history) - 1, -1, -1):
        k = x - y
        before = history[d - 1] if d else {1: 0}
        down = k == -d or (k != d and before.get(k - 1, -1) < before.get(k + 1, -1))
        start = before[k + 1] if down else before[k - 1] + 1
        while x > start:
            x, y = x - 1, y - 1
            kept.append((x, y))
        x, y = (x, y - 1) if down else (x - 1, y)
    return kept[::-1]


def _hunks(before: Sequence[str], after: Sequence[str], changes: list[_Change], context: int) -> Iterator[Hunk]:
    group: list[_Change] = []
    for change in changes:
        if group and change.from_start - group[-1].from_end > 2 * context:
            yield _hunk(before, after, group, context)
            group = []
        group.append(change)
    if group:
        yield _hunk(before, after, group, context)


def _hunk(before: Sequence[str], after: Sequence[str], group: list[_Change], context: int) -> Hunk:
    start = max(0, group[0].from_start - context)
    to_start = group[0].to_start - (group[0].from_start - start)
    lines: list[Line] = []
    at = start
    for change in group:
        lines += [Line(" ", text) for text in before[at : change.from_start]]
        lines += [Line("-", text) for text in before[change.from_start : change.from_end]]
        lines += [Line("+", text) for text in after[change.to_start : change.to_end]]
        at = change.from_end
    lines += [Line(" ", text) for text in before[at : at + context]]
    has_old = any(line.op != "+" for line in lines)
    has_new = any(line.op != "-" for line in lines)
    return Hunk(start + has_old, to_start + has_new, tuple(lines))
