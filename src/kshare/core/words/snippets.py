"""What is shown of a match: a passage, or a whole text, with the words that were asked for marked."""

import functools
import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from kshare.core.text import grapheme_spans
from kshare.core.words.queries import MAX_QUERY_TOKENS

_MARKUP: Final = (
    ("`~", re.compile(r"(?m)^[ \t]{0,12}(?:`{3,}|~{3,})[^\n]*$"), ""),
    ("|:=-", re.compile(r"(?m)^[ \t|:=-]+$"), ""),
    (">#-*+.)", re.compile(r"(?m)^(?:[ \t]{0,12}(?:>|#{1,6}(?=[ \t])|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t])))+"), ""),
    ("[", re.compile(r"!?\[([^\[\]\n]*)\]\([^()\n]*\)"), r"\1"),
    ("<", re.compile(r"</?[A-Za-z][^<>\n]*>|<!--[^<>]*-->"), " "),
    ("*~`_", re.compile(r"(?<!\\)(?:\*+|~~+|`+)|(?<!\w)_+(?=\w)|(?<=[^\W_])_+(?!\w)"), ""),
    ("\\", re.compile(r"\\(?=[!-/:-@\[-`{-~])"), ""),
    ("", re.compile(r"[\s|]+"), " "),
)
"""What makes text of Markdown, in turn; each after the characters without one of which it finds nothing, since to look
for those is quicker. The last is always wanted."""

_MAX_SPANS: Final = 1_000
# Characters that are grapheme clusters of their own beside each other; most texts are made of nothing else.
_SIMPLE: Final = re.compile(r"[ -~\u2010-\u2027\u3001-\u3029\u3400-\u9fff\uff01-\uff60]*")
# A letter or digit of a script written with spaces: a match next to one would be part of another word.
_LETTER: Final = r"[^\W_\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"


def plain_text(markdown: str) -> str:
    """Markdown as one line of plain text, for a snippet. Approximate, and in linear time for any input."""
    for signs, pattern, instead in _MARKUP:
        if not signs or any(sign in markdown for sign in signs):
            markdown = pattern.sub(instead, markdown)
    return markdown.strip()


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
