"""Texts as they are compared: the words that say what an idea is about, as numbers.

A word becomes its *token*: a number made of its concept, which is the word itself (English: its stem) or the group of
words that mean the same (lexicon.txt, Chinese and English together). The lowest three bits of a token are what it
weighs before anything is known of the ideas there are, so that whoever has a token has its weight.
"""

import functools
import math
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from itertools import combinations
from struct import pack, unpack
from typing import Final, NamedTuple

from kshare.core.words import CUTTER_VERSION, fold, plain_text
from kshare.core.words.lexemes import MAX_WORD, cutter

VERSION: Final = f"{CUTTER_VERSION}+1"
"""Names the rules and the words by which prints are made. When it changes, prints are to be made anew."""

MAX_BODY: Final = 4_000
"""Characters of a body that are read; of a summary a quarter. An idea says at its beginning what it is about."""
MAX_TITLE_TOKENS: Final = 24
MAX_TOKENS: Final = 64
"""Tokens of summary and body that are kept, those that weigh and occur most."""
_PAIRED: Final = 6
"""Tokens of a title whose pairs are keys as well: two words that are common each may be rare together."""

WEIGHTS: Final = (0.1, 0.2, 0.3, 0.45, 0.6, 0.75, 0.9, 1.0)

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff\U00020000-\U0003ffff]")


_NUMERAL = re.compile("[一二两三四五六七八九十百千半几](?:.{0,2}$|.*[一二三四五六七八九十])")
"""A number, or so many of something."""


class Cut(NamedTuple):
    """A word that counts: its token, and how it was written."""

    token: int
    surface: str


@dataclass(frozen=True, slots=True)
class Print:
    """What of an idea is compared: the tokens of its title, and those of its summary and body that are not in it."""

    title: tuple[int, ...]
    rest: tuple[int, ...]
    surfaces: dict[int, str]
    """How each token was written first."""

    @property
    def empty(self) -> bool:
        return not self.title and not self.rest

    def keys(self) -> list[int]:
        """What it is found by: each token, pairs of those of the title, and all of those together."""
        return [*self.title, *self.rest, *pairs(self.title), *wholes(self.title)]


def print_of(title: str, summary: str = "", body: str = "") -> Print:
    """What is compared of these texts. Takes time in proportion to their length, of which only so much is read."""
    surfaces: dict[int, str] = {}
    heading = _tokens(title, surfaces, MAX_TITLE_TOKENS)
    counts: Counter[int] = Counter()
    for text, most, weight in ((summary, MAX_BODY // 4, 2), (body, MAX_BODY, 1)):
        if text:
            for cut in cuts(plain_text(text[:most])):
                surfaces.setdefault(cut.token, cut.surface)
                counts[cut.token] += weight
    for token in heading:
        counts.pop(token, None)
    chosen = sorted(counts, key=lambda token: (-weight_of(token) * math.log2(1 + counts[token]), token))
    return Print(heading, tuple(chosen[:MAX_TOKENS]), surfaces)


def _tokens(text: str, surfaces: dict[int, str], most: int) -> tuple[int, ...]:
    found: dict[int, None] = {}
    for cut in cuts(text):
        surfaces.setdefault(cut.token, cut.surface)
        found[cut.token] = None
    if len(found) > most:
        return tuple(sorted(found, key=lambda token: -weight_of(token))[:most])
    return tuple(found)


def weight_of(token: int) -> float:
    """What a token weighs by itself."""
    return WEIGHTS[token & 7]


def pairs(title: tuple[int, ...]) -> list[int]:
    """The keys of pairs of the words that weigh most in a title, in whatever order they stand."""
    heaviest = sorted((token for token in title if token & 7 > 1), key=lambda token: (-(token & 7), token))[:_PAIRED]
    return [_number(f"{min(pair)}&{max(pair)}", 7) for pair in combinations(heaviest, 2)]


def wholes(title: tuple[int, ...]) -> list[int]:
    """The key of a whole title: however common its words are, the same title is found."""
    return [_number("=" + ",".join(map(str, sorted(title))), 7)] if title else []


def packed(tokens: tuple[int, ...]) -> bytes:
    """Tokens as they are stored."""
    return pack(f"<{len(tokens)}i", *tokens)


def unpacked(stored: bytes) -> tuple[int, ...]:
    """Tokens as they were."""
    return unpack(f"<{len(stored) >> 2}i", stored)


def cuts(text: str) -> Iterator[Cut]:
    """The words of a text that count, in order."""
    folded = fold(text)
    written = text if len(text) == len(folded) else folded
    lexicon, at = _lexicon(), 0
    for found in lexicon.phrases.finditer(folded):
        yield from _cuts(folded, written, at, found.start())
        at = found.end()
        yield Cut(lexicon.token_of_phrase(found.group()), written[found.start() : at])
    yield from _cuts(folded, written, at, len(folded))


def _cuts(folded: str, written: str, start: int, end: int) -> Iterator[Cut]:
    """The words between two places."""
    for piece in cutter().cut(folded[start:end]):
        for word, token in _meant(piece):
            where = start if word == piece else start + max(piece.find(word), 0)
            yield Cut(token, written[where : where + len(word)])
        start += len(piece)


@functools.lru_cache(65_536)
def _meant(piece: str) -> tuple[tuple[str, int], ...]:
    """The words in a piece that count, with their tokens."""
    lexicon = _lexicon()
    if piece in lexicon.stop or len(piece) > MAX_WORD:
        return ()
    if (token := lexicon.tokens.get(piece)) is not None:
        return ((piece, token),)
    if _HAN.search(piece):
        if _NUMERAL.match(piece):
            return ()
        parts = [part for part in _parts(piece) if part not in lexicon.stop]
        return tuple((part, lexicon.tokens.get(part) or _number(part, _level(_chinese(part)))) for part in parts)
    if not any(character.isalpha() for character in piece):
        return ((piece, _number(piece, 2)),) if piece.isdecimal() else ()
    root = stem(piece)
    if root in lexicon.stop or (len(root) < 2 and root not in lexicon.tokens):
        return ()
    return ((piece, lexicon.tokens.get(root) or _number(root, _level(0.85 if len(root) > 3 else 0.7))),)


def _parts(word: str) -> list[str]:
    """A long word as the shorter ones it is made of, without overlap; itself if it is made of none."""
    if len(word) < 3:
        return [word]
    shorter = [part for part in cutter().cut_for_search(word) if 1 < len(part) < len(word)]
    parts: list[str] = []
    at = 0
    for part in sorted(dict.fromkeys(shorter), key=lambda part: (word.find(part), -len(part))):
        if (start := word.find(part, at)) >= 0:
            parts.append(part)
            at = start + len(part)
    return parts or [word]


def _chinese(word: str) -> float:
    """What a Chinese word weighs: less the more frequent it is in the language."""
    known = cutter().has_word(word)
    frequency = cutter().suggest_freq(word) if known else 0
    weight = 1.0 if frequency <= 100 else 1 - 0.2 * (math.log10(frequency) - 2)
    if len(word) == 1:
        return weight * 0.6
    return weight if known else weight * 0.8


def _level(weight: float) -> int:
    return min(range(8), key=lambda level: abs(WEIGHTS[level] - weight))


def _number(concept: str, level: int) -> int:
    number = (zlib.crc32(concept.encode()) & ~7) | level
    return number - 2**32 if number >= 2**31 else number


_ENDINGS: Final = re.compile(
    "(?:at|is|iz)(?:ations?|ions?|ing|ed|es|e)|ations?|ions?|(?:ing|ed)ly|ings?|ments?|ness|[eo]rs?|ies|ied|y|ed|es|ly|s|e"
)


@functools.lru_cache(65_536)
def stem(word: str) -> str:
    """An English word without its ending. Rough: what is cut is not always a word, but the same of all its forms."""
    word = word.removesuffix("'s")
    if len(word) <= 3 or not word.isascii():
        return word
    if not word.endswith("ss"):
        # The longest ending that leaves three letters.
        start = next((n for n in range(3, len(word)) if _ENDINGS.fullmatch(word, n)), len(word))
        word = word[:start]
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz" else word


@dataclass(frozen=True)
class _Lexicon:
    tokens: dict[str, int]
    stop: frozenset[str]
    phrases: re.Pattern[str]
    """What the cutter would take apart: Chinese words of three characters and more, and several words of English."""

    def token_of_phrase(self, phrase: str) -> int:
        known = (phrase, joined := _JOINTS.sub("_", phrase), joined.removesuffix("s"), _JOINTS.sub("", joined))
        return next((self.tokens[one] for one in known if one in self.tokens), _number(phrase, 5))


_JOINTS = re.compile("[ _-]+")


@functools.cache
def _lexicon() -> _Lexicon:
    """The words that are known to mean the same, to say little, or to say nothing."""
    tokens: dict[str, int] = {}
    stop: set[str] = set()
    section = ""
    for line in resources.files(__package__).joinpath("lexicon.txt").read_text("utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("["):
            section = line
            continue
        words = [word if "_" in word else stem(word) for word in line.split() if word != "|"]
        if section == "[stop]":
            stop.update(words, line.split())
        elif section == "[weak]":
            for word in words:
                tokens.setdefault(word, _number(word, 1))
        else:
            level = int(words.pop(0)) if words[0].isdigit() else _level(_chinese(words[0]))
            for word in words:
                tokens.setdefault(word, _number(words[0], level))
    tokens = {word: token for word, token in tokens.items() if word not in stop}
    long = sorted((word for word in tokens if "_" in word or len(_HAN.findall(word)) > 2), key=len, reverse=True)
    phrases = "|".join(rf"\b{word.replace('_', '[ _-]?')}s?\b" if "_" in word else re.escape(word) for word in long)
    return _Lexicon(tokens, frozenset(stop), re.compile(phrases))
