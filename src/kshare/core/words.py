"""Words for Chinese-first full-text search: what is indexed, how a query is read, what is shown of a match.

PostgreSQL's parsers do not know where a Chinese word ends, so the application cuts text itself and hands the database
finished lexemes: `tsvector_text` for the index and `parse_query` for the question, both from the same cutter.

What is indexed, and why. A cutter decides by context, so the same characters may be cut one way in a document and
another in a query; an index of words alone loses those documents. Each run of Chinese is therefore indexed as

- every pair of neighbouring characters, at the position of the first: any substring of two characters is one lexeme,
  and any longer one is a phrase of such pairs, however the cutter sees it;
- the last character of the run alone: with it, every character begins some lexeme, and a query of one character is a
  prefix search;
- the words of three characters and more that the cutter finds: they answer most queries without a phrase search, and
  also where positions had to be dropped.

Positions count characters in Chinese and words elsewhere, never segmentation, so phrases are exact. The price is
precision: a pair across two words is found too (as in "ruan|jian shu|ju" the pair "jian shu"). Longer queries are
cut into words that must all occur, which makes such false hits rare. Measured on Chinese prose, per 1,000 characters:
585 words as cut for search against 976 lexemes here, of which 863 are pairs, 69 last characters and 44 longer words.
With every single character they would be 1,840. The vector's text takes 12 kB; 100,000 characters of varied words
take 0.4 s and 0.8 MB.
"""

import functools
import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal, NamedTuple

import regex
import rjieba

from kshare.core.text import grapheme_spans, order_marks

CUTTER_VERSION: Final = "rjieba-0.2.2/1"
"""Names the dictionary and the rules of this module. When it changes, stored vectors are to be built anew."""

Weight = Literal["A", "B", "C", "D"]

MAX_INDEXED: Final = 500_000
"""Characters of one document that are indexed; what follows cannot be found."""
MAX_QUERY: Final = 2_000
"""Characters of a query that are read."""
MAX_QUERY_TOKENS: Final = 64
"""Lexemes a query may have; the parts that do not fit are dropped."""
MAX_WORD: Final = 64
"""Characters of a word that count, in the index and in the query alike; PostgreSQL would allow 2,046 bytes."""

# Limits of PostgreSQL's tsvector. Its lexemes with their positions may take 1 MiB less a byte, here rounded down.
_MAX_POSITION: Final = 16_383
_MAX_POSITIONS: Final = 255
_MAX_VECTOR: Final = 1_000_000
# Positions of a long document start again, so that its phrases stay searchable beyond the highest position. The first
# ones of each round are entered in the round before as well, lest a phrase be torn where a round ends.
_OVERLAP: Final = 64
_ROUND: Final = _MAX_POSITION - _OVERLAP

_HAN: Final = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\u30fc"
_UNIT: Final = regex.compile(rf"(?V1)(?P<han>[{_HAN}]+)|(?P<word>[[\p{{L}}\p{{N}}\p{{M}}_]--[{_HAN}]]+)(?:\+\+|\#)?")
_IGNORABLE: Final = regex.compile(r"\p{Default_Ignorable_Code_Point}+")
_HALFWIDTH_MARKS: Final = {0xFF9E: 0x3099, 0xFF9F: 0x309A}

_QUERY_PART: Final = regex.compile(
    r'(?P<not>(?<!\S)[-−](?=\S))?(?:"(?P<phrase>[^"]*)"|[“”](?P<phrase>[^“”]*)[“”]|「(?P<phrase>[^「」]*)」'
    r'|『(?P<phrase>[^『』]*)』|(?P<chunk>[^\s"“”「」『』]+))'
)
# Words that say little by themselves; in a longer run they are not asked for.
_FILLERS: Final = frozenset("的了和与及或在是也都就而被把对为以其这那个之于吗呢吧啊着地得")


class Word(NamedTuple):
    """A lexeme and its place, counted from 0 in Chinese characters and other words."""

    text: str
    position: int


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


class _Unit(NamedTuple):
    """A run of Chinese, or one word of another script, in folded text."""

    text: str
    start: int
    position: int
    han: bool


class _Atom(NamedTuple):
    """One lexeme of a phrase in a query."""

    text: str
    position: int
    prefix: bool


@functools.cache
def _cutter() -> rjieba.Jieba:
    # An instance of its own: words added to the library's shared one would change the index unnoticed.
    return rjieba.Jieba()


def fold(text: str) -> str:
    """The text as it is compared: compatibility forms (full width, ligatures) resolved, in lower case."""
    if text.isascii():
        return text.lower()
    text = text.encode("utf-8", "replace").decode()
    text = unicodedata.normalize("NFKC", order_marks(text.translate(_HALFWIDTH_MARKS)))
    seen: str = _IGNORABLE.sub("", text)
    return seen.lower()


def words(text: str) -> list[Word]:
    """The lexemes of a text in order of their position, as the module's docstring describes them."""
    return sorted(_lexemes(fold(text[:MAX_INDEXED])[:MAX_INDEXED]), key=lambda word: word.position)


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
        for lexeme, position in _lexemes(folded):
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
        written.append(f"{_quote(lexeme)}:{at}")
    return " ".join(written)


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
            groups = [(" ".join(content.split()), list(_units(content)))]
        else:
            groups = list(_groups(chunk))
        for term, units in groups:
            atoms = _phrase(units)
            whole = [unit.text for unit in units] if phrase is None and len(units) == 1 and len(atoms) > 1 else []
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


def _units(folded: str) -> Iterator[_Unit]:
    position = 0
    for found in _UNIT.finditer(folded):
        if (run := found["han"]) is not None:
            yield _Unit(run, found.start(), position, han=True)
            position += len(run)
        else:
            yield _Unit(found.group(), found.start(), position, han=False)
            position += 1


def _lexemes(folded: str) -> Iterator[Word]:
    starts: list[int] = []
    runs: list[_Unit] = []
    for unit in _units(folded):
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
    for text, start, end in sorted(_cutter().tokenize(folded, "search"), key=lambda token: token[1]):
        if end - start < 3:
            continue
        while index + 1 < len(runs) and starts[index + 1] <= start:
            index += 1
        if runs and starts[index] <= start and end <= starts[index] + len(runs[index].text):
            yield Word(text[:MAX_WORD], runs[index].position + start - starts[index])


def _places(position: int) -> Iterator[int]:
    turn, place = divmod(position, _ROUND)
    yield place + 1
    if turn and place < _OVERLAP:
        yield place + 1 + _ROUND


def _size(entries: dict[str, dict[int, Weight]], sizes: dict[str, int], limit: int) -> int:
    return sum(sizes[lexeme] + 2 * min(len(places), limit) for lexeme, places in entries.items())


def _quote(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def _groups(chunk: str) -> Iterator[tuple[str, list[_Unit]]]:
    """What an unquoted chunk asks for: each Chinese word, and each row of other words, as a phrase of its own."""
    row: list[_Unit] = []
    for unit in _units(chunk):
        if not unit.han:
            row.append(unit)
            continue
        if row:
            yield _row(chunk, row)
            row = []
        yield from ((word, [_Unit(word, 0, 0, han=True)]) for word in _chinese_words(unit.text))
    if row:
        yield _row(chunk, row)


def _row(chunk: str, row: list[_Unit]) -> tuple[str, list[_Unit]]:
    return chunk[row[0].start : row[-1].start + len(row[-1].text)], row


def _chinese_words(run: str) -> list[str]:
    # A pair is in the index whatever the cutter makes of it.
    if len(run) <= 2:
        return [run]
    cut: list[str] = _cutter().cut(run)
    return [word for word in cut if word not in _FILLERS] or cut


def _phrase(units: Iterable[_Unit]) -> list[_Atom]:
    atoms: list[_Atom] = []
    for text, _, position, han in units:
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
        parts.append(_quote(text) + (":*" if prefix else ""))
        before = position
    clause = " ".join(parts)
    if len(atoms) > 1:
        clause = f"({clause})"
    return f"({_quote(whole[0][:MAX_WORD])} | {clause})" if whole else clause


_MARKUP: Final = (
    (re.compile(r"(?m)^[ \t]{0,12}(?:`{3,}|~{3,})[^\n]*$"), ""),
    (re.compile(r"(?m)^[ \t|:=-]+$"), ""),
    (re.compile(r"(?m)^(?:[ \t]{0,12}(?:>|#{1,6}(?=[ \t])|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t])))+"), ""),
    (re.compile(r"!?\[([^\[\]\n]*)\]\([^()\n]*\)"), r"\1"),
    (re.compile(r"</?[A-Za-z][^<>\n]*>|<!--[^<>]*-->"), " "),
    (re.compile(r"(?<!\\)(?:\*+|~~+|`+)|(?<!\w)_+(?=\w)|(?<=[^\W_])_+(?!\w)"), ""),
    (re.compile(r"\\(?=[!-/:-@\[-`{-~])"), ""),
    (re.compile(r"[\s|]+"), " "),
)


def plain_text(markdown: str) -> str:
    """Markdown as one line of plain text, for a snippet. Approximate, and in linear time for any input."""
    for pattern, instead in _MARKUP:
        markdown = pattern.sub(instead, markdown)
    return markdown.strip()


_MAX_SPANS: Final = 1_000
# Characters that are grapheme clusters of their own beside each other; most texts are made of nothing else.
_SIMPLE: Final = re.compile(r"[ -~\u2010-\u2027\u3001-\u3029\u3400-\u9fff\uff01-\uff60]*")
# A letter or digit of a script written with spaces: a match next to one would be part of another word.
_LETTER: Final = r"[^\W_\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"


def snippet(text: str, terms: Sequence[str], *, length: int = 160) -> str:
    """The passage of a Markdown text that shows the most terms, as HTML of at most about `length` characters.

    Matches stand in `<mark>`, everything else is escaped, and `…` shows where the text goes on. Without a match it is
    the beginning. Neither the passage nor a mark is cut inside a grapheme. Takes time linear in the length.
    """
    plain = plain_text(text)
    spans = [found.span() for found in islice(_matches(plain, terms), _MAX_SPANS)]
    start = _window(plain, spans, length)
    start, end = _boundary(plain, start), _boundary(plain, start + length)
    shown = _marked(plain, spans, start, end).strip()
    return f"{'…' if start else ''}{shown}{'…' if end < len(plain) else ''}"


def highlight(text: str, terms: Sequence[str]) -> str:
    """A whole text as HTML with its matches in `<mark>`; it is taken as it is, not as Markdown."""
    return _marked(text, [found.span() for found in islice(_matches(text, terms), _MAX_SPANS)], 0, len(text))


def _marked(plain: str, spans: list[tuple[int, int]], start: int, end: int) -> str:
    """The passage with its matches marked, never inside a grapheme."""
    spans = [(max(first, start), min(last, end)) for first, last in spans if first < end and last > start]
    if not _SIMPLE.fullmatch(plain, start, end):
        spans = _whole_clusters(plain, spans, start, end)
    pieces: list[str] = []
    at = start
    for index, (first, last) in enumerate(spans):
        # Neighbours share a mark.
        opening = "<mark>" if not index or spans[index - 1][1] < first else ""
        closing = "</mark>" if index + 1 == len(spans) or spans[index + 1][0] > last else ""
        pieces.append(f"{html.escape(plain[at:first])}{opening}{html.escape(plain[first:last])}{closing}")
        at = last
    return "".join(pieces) + html.escape(plain[at:end])


def _whole_clusters(plain: str, spans: list[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    """The clusters whose first character is in a span: an accent alone is never marked, nor left out."""
    marked = bytearray(end - start)
    for first, last in spans:
        marked[first - start : last - start] = b"\x01" * (last - first)
    clusters = [(start + first, start + last) for first, last in grapheme_spans(plain[start:end])]
    return [cluster for cluster in clusters if marked[cluster[0] - start]]


def _matches(plain: str, terms: Sequence[str]) -> Iterator[re.Match[str]]:
    pattern = _pattern(tuple(terms))
    return pattern.finditer(plain) if pattern is not None else iter(())


@functools.lru_cache(256)
def _pattern(terms: tuple[str, ...]) -> re.Pattern[str] | None:
    wanted = sorted({term for term in terms if term.strip()}, key=len, reverse=True)[:MAX_QUERY_TOKENS]
    # A term that begins or ends with a letter must do so at the edge of a word, as it does in the index.
    pattern = "|".join(
        (f"(?<!{_LETTER})" if re.match(_LETTER, term) else "")
        + re.escape(term)
        + (f"(?!{_LETTER})" if re.match(_LETTER, term[-1]) else "")
        for term in wanted
    )
    return re.compile(pattern, re.IGNORECASE) if wanted else None


def _window(plain: str, spans: list[tuple[int, int]], length: int) -> int:
    """Where the passage starts that holds the most different matches, and of those the most matches."""
    words_of = [plain[first:last].lower() for first, last in spans]
    best, best_end, best_score = 0, 0, (0, 0)
    inside: Counter[str] = Counter()
    right = 0
    for left, (start, _) in enumerate(spans):
        while right < len(spans) and (right == left or spans[right][1] <= start + length):
            inside[words_of[right]] += 1
            right += 1
        score = (len(inside), right - left)
        if score > best_score:
            best, best_end, best_score = start, spans[right - 1][1], score
        inside[words_of[left]] -= 1
        if not inside[words_of[left]]:
            del inside[words_of[left]]
    lead = max(0, length - (best_end - best)) // 2
    return max(0, min(best - lead, len(plain) - length))


def _boundary(plain: str, index: int) -> int:
    """The last place at or before `index` where a grapheme cluster starts."""
    if index <= 0 or index >= len(plain):
        return max(0, min(index, len(plain)))
    # Clusters are counted from a place where one is sure to start: between two ordinary characters.
    back = index
    while back and not (_ordinary(plain[back]) and _ordinary(plain[back - 1])):
        back -= 1
    return back + grapheme_spans(plain[back : index + 1])[-1][0]


def _ordinary(character: str) -> bool:
    return character.isascii() or "\u3400" <= character <= "\u9fff"


# Surnames that pypinyin reads as the common word. Readings as in the dictionaries of names; rare ones are left out.
_SURNAMES: Final = {
    "单": "shan", "曾": "zeng", "解": "xie", "仇": "qiu", "区": "ou", "查": "zha", "朴": "piao", "盖": "ge",
    "乐": "yue", "翟": "zhai", "缪": "miao", "召": "shao", "员": "yun", "覃": "qin", "种": "chong", "秘": "bi",
    "薄": "bo", "折": "she", "祭": "zhai", "佴": "nai", "繁": "po", "都": "du", "卜": "bu", "阚": "kan",
    "尉迟": "yu chi", "万俟": "mo qi", "长孙": "zhang sun", "澹台": "tan tai",
}  # fmt: skip
_NAME_RUN: Final = regex.compile(r"(?P<han>\p{Han}+)|(?:(?!\p{Han})[\p{L}\p{N}\p{M}])+")
_MAX_NAME: Final = 200
_MAX_READINGS: Final = 8


def pinyin_key(name: str) -> str:
    """The key by which names are sorted, to be compared byte by byte: syllables without tones, then the name.

    Chinese names are spelled as they are read, surnames included, so that homophones stand together and among the
    Latin names. Up to four Chinese characters are taken for a person's name if they begin with a surname.
    """
    return f"{' '.join(_syllables(fold(name)[:_MAX_NAME]))}\t{name}"


def pinyin_search(name: str) -> str:
    """What a name is found by: its full pinyin, its initials, and the name itself in lower case, space-separated.

    Where a character has several readings the others follow, one changed at a time and at most eight in all.
    """
    from pypinyin import Style, pinyin  # here, since it takes 57 MB and is needed only where a name is stored

    folded = fold(name)[:_MAX_NAME]
    syllables = _syllables(folded)
    readings = [syllables]
    if all(found["han"] for found in _NAME_RUN.finditer(folded)):
        letters = "".join(found.group() for found in _NAME_RUN.finditer(folded))
        for index, choices in enumerate(pinyin(letters, style=Style.NORMAL, heteronym=True)):
            if len(readings) > _MAX_READINGS or index >= len(syllables):
                break
            others = [choice for choice in choices if choice != syllables[index]]
            readings += [[*syllables[:index], other, *syllables[index + 1 :]] for other in others]
    found_by: dict[str, None] = {}
    for reading in readings[:_MAX_READINGS]:
        full = "".join(reading)
        found_by |= dict.fromkeys((full, "".join(syllable[0] for syllable in reading)))
        # The vowel of "lü" is typed as v, as u, or as in passports.
        if any(syllable in ("lv", "nv") for syllable in reading):
            found_by |= dict.fromkeys(
                "".join(s.replace("v", instead) if s in ("lv", "nv") else s for s in reading) for instead in ("u", "yu")
            )
    found_by |= dict.fromkeys((folded,))
    return " ".join(filter(None, found_by))


def _syllables(folded: str) -> list[str]:
    from pypinyin import Style, lazy_pinyin  # here, as in pinyin_search

    syllables: list[str] = []
    for found in _NAME_RUN.finditer(folded):
        if found["han"] is None:
            syllables.append(found.group())
            continue
        read = lazy_pinyin(found.group(), style=Style.NORMAL, errors="default")
        if found.group() == folded.strip():
            read = _with_surname(folded.strip(), read)
        syllables += read
    return syllables


def _with_surname(name: str, read: list[str]) -> list[str]:
    for size in (2, 1):
        surname = _SURNAMES.get(name[:size])
        if surname is not None and len(name) <= size + 2:
            return [*surname.split(), *read[size:]]
    return read
