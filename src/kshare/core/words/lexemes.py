"""A text taken apart: runs of Chinese and other words, and the lexemes they are found by."""

import functools
from collections.abc import Iterator
from typing import Final, NamedTuple

import regex
import rjieba

from kshare.core.words.folding import fold

CUTTER_VERSION: Final = "rjieba-0.2.2/1"
"""Names the dictionary and the rules of this package. When it changes, stored vectors are to be built anew."""

MAX_INDEXED: Final = 500_000
"""Characters of one document that are indexed; what follows cannot be found."""
MAX_WORD: Final = 64
"""Characters of a word that count, in the index and in the query alike; PostgreSQL would allow 2,046 bytes."""

_HAN: Final = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\u30fc"
_UNIT: Final = regex.compile(rf"(?V1)(?P<han>[{_HAN}]+)|(?P<word>[[\p{{L}}\p{{N}}\p{{M}}_]--[{_HAN}]]+)(?:\+\+|\#)?")


class Word(NamedTuple):
    """A lexeme and its place, counted from 0 in Chinese characters and other words."""

    text: str
    position: int


class Unit(NamedTuple):
    """A run of Chinese, or one word of another script, in folded text."""

    text: str
    start: int
    position: int
    han: bool


def words(text: str) -> list[Word]:
    """The lexemes of a text in order of their position, as the package's docstring describes them."""
    return sorted(lexemes(fold(text[:MAX_INDEXED])[:MAX_INDEXED]), key=lambda word: word.position)


def units(folded: str) -> Iterator[Unit]:
    """The runs of Chinese and the other words of a folded text."""
    position = 0
    for found in _UNIT.finditer(folded):
        if (run := found["han"]) is not None:
            yield Unit(run, found.start(), position, han=True)
            position += len(run)
        else:
            yield Unit(found.group(), found.start(), position, han=False)
            position += 1


def lexemes(folded: str) -> Iterator[Word]:
    """The lexemes of a folded text, those of longer Chinese words last."""
    starts: list[int] = []
    runs: list[Unit] = []
    for unit in units(folded):
        text, position = unit.text, unit.position
        if not unit.han:
            yield Word(text[:MAX_WORD], position)
            # "c++" is also a "c", for whoever does not type the rest.
            if (bare := text.rstrip("+#")) != text:
                yield Word(bare[:MAX_WORD], position)
            continue
        starts.append(unit.start)
        runs.append(unit)
        for i in range(len(text) - 1):
            yield Word(text[i : i + 2], position + i)
        yield Word(text[-1], position + len(text) - 1)
    index = 0
    for text, start, end in sorted(cutter().tokenize(folded, "search"), key=lambda token: token[1]):
        if end - start < 3:
            continue
        while index + 1 < len(runs) and starts[index + 1] <= start:
            index += 1
        if runs and starts[index] <= start and end <= starts[index] + len(runs[index].text):
            yield Word(text[:MAX_WORD], runs[index].position + start - starts[index])


@functools.cache
def cutter() -> rjieba.Jieba:
    """What cuts Chinese into words."""
    # An instance of its own: words added to the library's shared one would change the index unnoticed.
    return rjieba.Jieba()
