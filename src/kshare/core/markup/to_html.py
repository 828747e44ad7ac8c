"""Markdown as HTML that is safe to put into a page, in bounded time."""

import html
import re
from typing import Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, table
from markdown_it.rules_inline import StateInline

MAX_MARKDOWN: Final = 500_000
"""Characters of Markdown that are rendered; a longer text is shown as it is."""
STEPS: Final = 15_000
STEPS_PER_CHARACTER: Final = 0.45
"""What the parser may spend on a text, some 10 microseconds a step. Prose takes 0.05 to 0.15 steps per character,
Markdown that is nothing but short links, emphasis and lists 0.44; what needs 2 was written to be slow."""

_MAX_COLUMNS: Final = 100
LANGUAGE: Final = re.compile(r"language-[A-Za-z0-9_+#.-]{1,32}")
"""The class of a code block that names its language."""

_ALIGNMENT: Final = re.compile(r"text-align:(?:left|center|right)")
_STEPS: Final = "kshare_steps"


class _TooComplex(Exception):
    pass


def render_html(markdown: str) -> str:
    """Markdown (CommonMark with tables and strikethrough) as HTML that is safe to put into a page.

    HTML in the text is shown, not interpreted. Links lead to http, https, mailto or a relative address and carry
    `rel="noopener nofollow"`; images come from http, https or a relative address. A text that would take the parser
    too long, which no text meant to be read does, is shown as it is in `<pre>`.
    """
    if len(markdown) > MAX_MARKDOWN:
        return _verbatim(markdown)
    try:
        rendered = _PARSER.render(markdown, {_STEPS: STEPS + STEPS_PER_CHARACTER * len(markdown)})
    except _TooComplex:
        return _verbatim(markdown)
    return _CLEANER.clean(rendered)


def _verbatim(text: str) -> str:
    return f"<pre>{html.escape(text)}</pre>\n"


def _spend(state: StateBlock | StateInline, steps: int = 1) -> None:
    left = state.env[_STEPS] - steps
    if left < 0:
        raise _TooComplex
    state.env[_STEPS] = left


def _count_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    _spend(state)
    return False


def _count_inline(state: StateInline, silent: bool) -> bool:
    _spend(state)
    return False


def _bounded_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    # A short line under a wide header is filled up with empty cells, so that the result can be far larger than the
    # text: cells are paid for like steps, and a line of too many columns is no table.
    if state.src.count("|", state.bMarks[start], state.eMarks[start]) > _MAX_COLUMNS:
        return False
    before = len(state.tokens)
    found = table(state, start, end, silent)
    _spend(state, (len(state.tokens) - before) // 3)
    return found


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough"])
    interrupting = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    # The parser tries its rules in order at every step, so a rule that only counts, put first, sees every step.
    parser.block.ruler.before("code", "count", _count_block, interrupting)  # type: ignore[arg-type]
    parser.block.ruler.at("table", _bounded_table, {"alt": ["paragraph", "reference"]})
    parser.block.ruler.enable("table")
    parser.inline.ruler.before("text", "count", _count_inline)
    return parser


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "class":
        return value if LANGUAGE.fullmatch(value) else None
    if name == "style":
        return value if _ALIGNMENT.fullmatch(value) else None
    if name == "src" and value.strip().lower().startswith("mailto:"):
        return None
    return value


_PARSER: Final = _make_parser()
_CLEANER: Final = nh3.Cleaner(
    tags={
        "a", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "li", "ol", "p", "pre",
        "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
    },
    attributes={
        "a": {"href", "title"},
        "code": {"class"},
        "img": {"src", "alt", "title"},
        "ol": {"start"},
        "td": {"style"},
        "th": {"style"},
    },
    attribute_filter=_attribute,
    link_rel="noopener nofollow",
    url_schemes={"http", "https", "mailto"},
)  # fmt: skip
