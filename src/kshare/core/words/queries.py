"""Queries: what a person typed, as the text of a `tsquery`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import regex

from kshare.core.words.folding import fold
from kshare.core.words.lexemes import MAX_WORD, Unit, cutter, units
from kshare.core.words.vectors import quote

MAX_QUERY: Final = 2_000
"""Characters of a query that are read."""
MAX_QUERY_TOKENS: Final = 64
"""Lexemes a query may have; the parts that do not fit are dropped."""

_QUERY_PART: Final = regex.compile(
    r'(?P<not>(?<!\S)[-−](?=\S))?(?:"(?P<phrase>[^"]*)"|[“”](?P<phrase>[^“”]*)[“”]|「(?P<phrase>[^「」]*)」'
    r'|『(?P<phrase>[^『』]*)』|(?P<chunk>[^\s"“”「」『』]+))'
)
# Words that say little by themselves; in a longer run they are not asked for.
_FILLERS: Final = frozenset("的了和与及或在是也都就而被把对为以其这那个之于吗呢吧啊着地得")


@dataclass(frozen=True, slots=True)
class Query:
    """A query as read: `tsquery` is text to be cast `::tsquery`, empty when nothing was asked.

    `required` are lexemes that every match has, `terms` what is to be highlighted in it. A query of exclusions alone
    has neither, and matches whatever it does not exclude.
    """

    tsquery: str = ""
    required: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        return not self.tsquery


class _Atom(NamedTuple):
    """One lexeme of a phrase in a query."""

    text: str
    position: int
    prefix: bool


def parse_query(text: str) -> Query:
    """Reads what a person typed. Any text is a valid query; what cannot be searched for is ignored.

    Words are ANDed; quotes ("", “”, 「」, 『』) make a phrase; a minus before either excludes it. Words joined by
    punctuation, such as a standard's number or an address, are a phrase as well. A run of Chinese is cut into words
    that must all occur. A quote without its partner is ignored.
    """
    clauses: list[str] = []
    required: list[str] = []
    terms: list[str] = []
    room = MAX_QUERY_TOKENS
    for part in _QUERY_PART.finditer(fold(text[:MAX_QUERY])[:MAX_QUERY]):
        phrase, chunk = part["phrase"], part["chunk"]
        if part["not"] or phrase is not None:
            content = phrase if phrase is not None else chunk
            groups = [(" ".join(content.split()), list(units(content)))]
        else:
            groups = list(_groups(chunk))
        for term, asked in groups:
            atoms = _phrase(asked)
            whole = [unit.text for unit in asked] if phrase is None and len(asked) == 1 and len(atoms) > 1 else []
            if len(atoms) + len(whole) > room:
                # The beginning of a long phrase finds too much, which is better than nothing; excluding by it is not.
                atoms, whole = ([] if part["not"] else atoms[:room]), []
            if not atoms:
                continue
            room -= len(atoms) + len(whole)
            clause = _clause(atoms, whole)
            if part["not"]:
                clauses.append(f"!{clause}")
            else:
                clauses.append(clause)
                required += [atom.text for atom in atoms if not atom.prefix]
                terms.append(term)
    return Query(" & ".join(dict.fromkeys(clauses)), tuple(dict.fromkeys(required)), tuple(dict.fromkeys(terms)))


def _groups(chunk: str) -> Iterator[tuple[str, list[Unit]]]:
    """What an unquoted chunk asks for: each Chinese word, and each row of other words, as a phrase of its own."""
    row: list[Unit] = []
    for unit in units(chunk):
        if not unit.han:
            row.append(unit)
            continue
        if row:
            yield _row(chunk, row)
            row = []
        yield from ((word, [Unit(word, 0, 0, han=True)]) for word in _chinese_words(unit.text))
    if row:
        yield _row(chunk, row)


def _row(chunk: str, row: list[Unit]) -> tuple[str, list[Unit]]:
    return chunk[row[0].start : row[-1].start + len(row[-1].text)], row


def _chinese_words(run: str) -> list[str]:
    # A pair is in the index whatever the cutter makes of it.
    if len(run) <= 2:
        return [run]
    cut: list[str] = cutter().cut(run)
    return [word for word in cut if word not in _FILLERS] or cut


def _phrase(asked: Iterable[Unit]) -> list[_Atom]:
    atoms: list[_Atom] = []
    for text, _, position, han in asked:
        if not han:
            atoms.append(_Atom(text[:MAX_WORD], position, prefix=False))
        elif len(text) == 1:
            atoms.append(_Atom(text, position, prefix=True))
        else:
            # Every pair, though every second one would cover all characters: documents that have all of them and not
            # the phrase are rare, and whether one has the phrase is not known before its whole vector is read.
            atoms += [_Atom(text[i : i + 2], position + i, prefix=False) for i in range(len(text) - 1)]
    return atoms


def _clause(atoms: list[_Atom], whole: list[str]) -> str:
    parts: list[str] = []
    before = 0
    for text, position, prefix in atoms:
        if parts:
            parts.append("<->" if position - before == 1 else f"<{position - before}>")
        parts.append(quote(text) + (":*" if prefix else ""))
        before = position
    clause = " ".join(parts)
    if len(atoms) > 1:
        clause = f"({clause})"
    return f"({quote(whole[0][:MAX_WORD])} | {clause})" if whole else clause
