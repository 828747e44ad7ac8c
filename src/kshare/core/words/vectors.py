"""Documents for the index: the text of a `tsvector` within PostgreSQL's limits."""

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from kshare.core.words.folding import fold
from kshare.core.words.lexemes import MAX_INDEXED, lexemes

Weight = Literal["A", "B", "C", "D"]

# Limits of PostgreSQL's tsvector. Its lexemes with their positions may take 1 MiB less a byte, here rounded down.
_MAX_POSITION: Final = 16_383
_MAX_POSITIONS: Final = 255
_MAX_VECTOR: Final = 1_000_000
# Positions of a long document start again, so that its phrases stay searchable beyond the highest position. The first
# ones of each round are entered in the round before as well, lest a phrase be torn where a round ends.
_OVERLAP: Final = 64
_ROUND: Final = _MAX_POSITION - _OVERLAP


def tsvector_text(fields: Sequence[tuple[str, Weight]]) -> str:
    """The fields of a document as the text of a `tsvector`, to be cast `::tsvector`.

    Fields follow each other with a gap, so that no phrase spans two of them. Text of any length gives a valid vector:
    positions beyond PostgreSQL's limit start again from 1, which costs false phrase matches in a document longer than
    16,000 words but loses none. A vector that would be too large loses positions, those of frequent lexemes first, and
    as the last resort the lexemes of the document's end.
    """
    entries: dict[str, dict[int, Weight]] = {}
    offset = 0
    room = MAX_INDEXED
    for text, weight in fields:
        folded = fold(text[:room])[:room]
        room -= len(folded)
        last = -1
        for lexeme, position in lexemes(folded):
            last = max(last, position)
            places = entries.setdefault(lexeme, {})
            for place in _places(offset + position):
                if len(places) < _MAX_POSITIONS:
                    places.setdefault(place, weight)
        offset += last + 2

    sizes = {lexeme: len(lexeme.encode()) + 3 for lexeme in entries}
    limit = next((n for n in (_MAX_POSITIONS, 64, 16, 4) if _size(entries, sizes, n) <= _MAX_VECTOR), 1)
    written: list[str] = []
    size = 0
    for lexeme, places in entries.items():
        kept = sorted(places.items())[:limit]
        size += sizes[lexeme] + 2 * len(kept)
        if size > _MAX_VECTOR:
            break
        at = ",".join(f"{place}{'' if weight == 'D' else weight}" for place, weight in kept)
        written.append(f"{quote(lexeme)}:{at}")
    return " ".join(written)


def _places(position: int) -> Iterator[int]:
    turn, place = divmod(position, _ROUND)
    yield place + 1
    if turn and place < _OVERLAP:
        yield place + 1 + _ROUND


def _size(entries: dict[str, dict[int, Weight]], sizes: dict[str, int], limit: int) -> int:
    return sum(sizes[lexeme] + 2 * min(len(places), limit) for lexeme, places in entries.items())


def quote(lexeme: str) -> str:
    """A lexeme as it stands in the text of a `tsvector` or a `tsquery`."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
