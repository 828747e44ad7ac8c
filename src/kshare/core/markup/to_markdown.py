"""HTML as Markdown, for importing: it is made safe and well-formed first, then written as its tags go by."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final

import nh3

from kshare.core.markup.to_html import LANGUAGE

_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_VOID: Final = frozenset({"br", "hr", "img", "input", "meta", "link", "col", "wbr", "source", "area", "base", "embed"})
_MAX_NESTING: Final = 200

_MARKS: Final = {"em": "*", "i": "*", "strong": "**", "b": "**", "del": "~~", "s": "~~", "strike": "~~"}
_BLOCKS: Final = frozenset(
    {
        "address", "article", "aside", "caption", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "footer",
        "header", "main", "nav", "p", "section", "summary", "h1", "h2", "h3", "h4", "h5", "h6",
    }
)  # fmt: skip
_IMPORT: Final = nh3.Cleaner(
    tags=_BLOCKS
    | set(_MARKS)
    | {
        "a", "blockquote", "br", "code", "hr", "img", "li", "ol", "pre", "table", "tbody", "td", "tfoot", "th", "thead",
        "tr", "ul",
    },
    clean_content_tags={"script", "style", "title", "template", "noscript", "iframe", "object", "select", "textarea"},
    attributes={
        "a": {"href"},
        "code": {"class"},
        "img": {"src", "alt"},
        "ol": {"start"},
        "pre": {"class"},
    },
    link_rel=None,
    url_schemes={"http", "https", "mailto"},
)  # fmt: skip

_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>|~&])")
_BLANKS: Final = re.compile(r"[ \t\n\r\f]+")
# What would begin a block if a line began with it: a heading, a list, a rule.
_OPENING: Final = re.compile(r"^(?=[#+=-])|(?<=^\d)(?=[.)])|^(\d{2,9})(?=[.)])")
_UNSAFE_IN_ADDRESS: Final = re.compile(r"[\s()<>\\]")
# The indentation of a block is repeated on each of its lines, so it has to have an end.
_MAX_DEPTH: Final = 10


def html_to_markdown(source: str) -> str:
    """HTML as Markdown, for importing files: headings, paragraphs, lists, links, emphasis, code, tables, images.

    Dependable rather than complete: scripts, styles and forms are dropped, layout is ignored, and any input gives
    some Markdown. Text is escaped so that it does not become markup. Nesting beyond ten levels is written flat.
    """
    writer = _Writer()
    # The sanitiser reads HTML as a browser does and writes it well-formed: the writer need not mind missing tags, and
    # the standard library's parser, slow on some malformed input, never sees any.
    writer.feed(_IMPORT.clean(_bounded_nesting(source)))
    writer.close()
    return writer.finish()


def _bounded_nesting(source: str) -> str:
    """The source without the tags that are nested too deep, on which the sanitiser would take quadratic time."""
    depth = 0

    def keep(found: re.Match[str]) -> str:
        nonlocal depth
        if found[2].lower() in _VOID:
            return found[0]
        if found[1]:
            depth = max(0, depth - 1)
            return found[0]
        depth += 1
        return found[0] if depth <= _MAX_NESTING else "&lt;" + found[2]

    return _TAG.sub(keep, source)


@dataclass(slots=True)
class _Container:
    """A list, an item or a quote around the text, with what it puts before its first line and before the rest."""

    kind: str
    first: str = ""
    rest: str = ""
    number: int | None = None
    used: bool = False


class _Writer(HTMLParser):
    """Writes Markdown while the tags of well-formed HTML go by; it keeps no tree."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._inline: list[str] = []
        self._heading = 0
        # Emphasis and links that are open: what opened them and what will close them.
        self._open: list[tuple[str, str]] = []
        # Text is collected as it is inside code: from this index of `_inline`, or in a list of its own.
        self._code_from: int | None = None
        self._pre: list[str] | None = None
        self._language = ""
        self._around: list[_Container] = []
        self._tight = False
        self._rows: list[list[str]] | None = None
        self._tables = 0

    def finish(self) -> str:
        self._flush()
        return "\n".join([*self._lines, ""]) if self._lines else ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if self._pre is not None or self._code_from is not None:
            # Inside code only its text counts.
            if self._pre is not None and tag == "code":
                self._language = self._language or _language(given)
            elif tag == "br":
                self.handle_data("\n")
        elif tag in _MARKS:
            self._open_mark(_MARKS[tag], _MARKS[tag])
        elif tag == "a" and (address := _address(given.get("href", ""))):
            self._open_mark("[", f"]({address})")
        elif tag == "img":
            alt = _escape(given.get("alt", "")).strip()
            address = _address(given.get("src", ""))
            self._inline.append(f"![{alt}]({address})" if address else alt)
        elif tag == "br":
            self._inline.append(" " if self._heading or self._rows is not None else "\\\n")
        elif tag == "code":
            self._code_from = len(self._inline)
        else:
            self._start_block(tag, given)

    def _start_block(self, tag: str, given: dict[str, str]) -> None:
        if tag != "a":
            self._flush()
        if tag == "pre":
            self._pre, self._language = [], _language(given)
        elif tag == "table":
            self._tables += 1
            self._rows = self._rows if self._rows is not None else []
        elif self._rows is not None:
            # Inside a table every block is part of a cell, which is one line.
            if tag == "tr":
                self._rows.append([])
            elif tag in ("td", "th") and self._rows:
                self._rows[-1].append("")
        elif tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self._heading = int(tag[1])
        elif tag == "hr":
            self._write("---")
        elif tag == "blockquote":
            self._around.append(_Container("quote", "> ", "> "))
        elif tag in ("ul", "ol"):
            start = given.get("start", "1")
            first = int(start) if start.isascii() and start.isdigit() and len(start) < 9 else 1
            self._around.append(_Container("list", number=first if tag == "ol" else None))
        elif tag == "li":
            self._start_item()

    def handle_endtag(self, tag: str) -> None:
        if self._pre is not None:
            if tag == "pre":
                self._end_pre(self._pre)
        elif self._code_from is not None:
            if tag == "code":
                self._end_code(self._code_from)
        elif tag in _MARKS:
            self._close_mark(_MARKS[tag])
        elif tag == "a":
            self._close_mark("[")
        else:
            self._flush()
            if tag == "table":
                self._tables -= 1
                if not self._tables and self._rows is not None:
                    self._end_table(self._rows)
            elif self._rows is None and tag in ("blockquote", "ul", "ol", "li"):
                self._leave({"blockquote": "quote", "li": "item"}.get(tag, "list"))

    def handle_data(self, data: str) -> None:
        if self._pre is not None:
            self._pre.append(data)
            return
        if self._code_from is not None:
            self._inline.append(data)
            return
        text = _escape(data)
        if text.startswith(" "):
            if not self._inline or self._inline[-1].endswith((" ", "\n")):
                text = text[1:]
            elif self._open and self._inline[-1] == self._open[-1][0]:
                # A mark followed by a blank opens nothing, so the blank goes before it.
                if len(self._inline) > 1 and not self._inline[-2].endswith(" "):
                    self._inline.insert(-1, " ")
                text = text[1:]
        if text:
            self._inline.append(text)

    def _flush(self) -> None:
        """Ends the paragraph that is being written."""
        while self._open:
            self._close_last()
        text = "".join(self._inline).strip().removesuffix("\\\n").removesuffix("\\")
        self._inline.clear()
        heading, self._heading = self._heading, 0
        if not text:
            return
        if self._rows:
            if self._rows[-1]:
                self._rows[-1][-1] = f"{self._rows[-1][-1]} {text}".strip()
        elif heading:
            self._write(f"{'#' * heading} {text}")
        else:
            self._write("\n".join(_OPENING.sub(r"\1\\", line.strip()) for line in text.split("\n")))

    def _write(self, block: str) -> None:
        around = [container for container in self._around if container.kind != "list"][:_MAX_DEPTH]
        # The blank line before a block belongs to those containers that were there before it.
        old = [container.rest for container in around if container.used]
        begins_item = len(old) < len(around) and around[len(old)].kind == "item"
        if self._lines and not (self._tight and begins_item):
            self._lines.append("".join(old).rstrip())
        rest = "".join(container.rest for container in around)
        first, *others = block.split("\n")
        self._lines.append("".join(each.rest if each.used else each.first for each in around) + first)
        self._lines += [(rest + line).rstrip() for line in others]
        self._tight = begins_item
        for container in around:
            container.used = True

    def _start_item(self) -> None:
        if not self._around or self._around[-1].kind != "list":
            self._around.append(_Container("list"))
        parent = self._around[-1]
        bullet = "- " if parent.number is None else f"{parent.number}. "
        if parent.number is not None:
            parent.number += 1
        self._around.append(_Container("item", bullet, " " * len(bullet)))

    def _leave(self, kind: str) -> None:
        while self._around:
            if self._around.pop().kind == kind:
                break
        if kind == "list" and not any(container.kind == "list" for container in self._around):
            self._tight = False

    def _open_mark(self, opener: str, closer: str) -> None:
        if all(opener != other for other, _ in self._open):
            self._open.append((opener, closer))
            self._inline.append(opener)

    def _close_mark(self, opener: str) -> None:
        # What was opened inside is closed with it: Markdown cannot overlap.
        while any(opener == other for other, _ in self._open):
            self._close_last()

    def _close_last(self) -> None:
        opener, closer = self._open.pop()
        if self._inline[-1] == opener:
            self._inline.pop()
        elif self._inline[-1].endswith(" "):
            # Nor does a mark close anything after a blank.
            self._inline[-1] = self._inline[-1].rstrip(" ")
            self._inline += [closer, " "]
        else:
            self._inline.append(closer)

    def _end_code(self, start: int) -> None:
        text = _BLANKS.sub(" ", "".join(self._inline[start:])).strip()
        del self._inline[start:]
        self._code_from = None
        if text:
            fence = _fence(text, 1)
            pad = " " if text.startswith("`") or text.endswith("`") else ""
            # A table looks for its bars before anything looks for code.
            shown = text if self._rows is None else text.replace("|", "\\|")
            self._inline.append(f"{fence}{pad}{shown}{pad}{fence}")

    def _end_pre(self, collected: list[str]) -> None:
        text = "".join(collected).strip("\n")
        self._pre = None
        if self._rows is not None:
            self._inline.append(_escape(text))
        elif text.strip():
            fence = _fence(text, 3)
            self._write(f"{fence}{self._language}\n{text}\n{fence}")

    def _end_table(self, rows: list[list[str]]) -> None:
        self._rows = None
        rows = [row for row in rows if row]
        if rows:
            width = max(len(row) for row in rows)
            rows[0] += [""] * (width - len(rows[0]))
            shown = [f"| {' | '.join(row)} |" for row in rows]
            self._write("\n".join([shown[0], f"|{' --- |' * width}", *shown[1:]]))


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", _BLANKS.sub(" ", text))


def _address(address: str) -> str:
    return _UNSAFE_IN_ADDRESS.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), address.strip())


def _language(given: dict[str, str]) -> str:
    found = LANGUAGE.search(given.get("class", ""))
    return found[0].removeprefix("language-") if found else ""


def _fence(text: str, shortest: int) -> str:
    return "`" * max(shortest, 1 + max(map(len, re.findall("`+", text)), default=0))
