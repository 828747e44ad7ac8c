"""From a folder to what its files say: found, decoded, and parted into front matter, title and Markdown.

Nothing here knows the database. Whatever is wrong with a file is an `Unreadable` with the reason in words, so that one
bad file never keeps the others from being imported.
"""

import hashlib
import html
import os
import re
import stat
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kshare.core.markup import html_to_markdown

MARKDOWN = frozenset({".md", ".markdown", ".mdown", ".mkd"})
HTML = frozenset({".html", ".htm", ".xhtml"})

MOST_BYTES = 4 * 1024 * 1024
"""Bytes of a file. A text that fits is shorter, but HTML may come with much that is dropped."""

_MOST_FRONT = 64 * 1024
_LONGEST_ID = 200
_FRONT = re.compile(r"\A---[ \t]*\n(.*?\n)??(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_HEADING = re.compile(r"#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*\Z")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_HTML_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.DOTALL | re.IGNORECASE)
_CHINESE = re.compile("[\u3400-\u9fff]")


class Unreadable(Exception):
    """A file that cannot be imported; the message says why."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file below the folder: where it is, and the name it goes by, which stays the same when the folder moves."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says."""

    front: Mapping[str, Any]
    title: str
    body: str
    language: str
    digest: str


def find(root: Path) -> Iterator[Found | tuple[str, str]]:
    """The files to import, in order of their names; as (name, reason) what looks like one but is left out.

    Hidden files and folders, and files that are neither Markdown nor HTML, are passed over. Links to folders are not
    followed, and links to files only within the folder.
    """
    root = root.resolve()
    if root.is_file():
        yield Found(root, _name(root, root.parent.parent))
        return
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for file in sorted(files):
            path = Path(folder) / file
            if file.startswith(".") or path.suffix.lower() not in MARKDOWN | HTML:
                continue
            name = _name(path, root.parent)
            if path.is_symlink() and not path.resolve().is_relative_to(root):
                yield name, "a link that leads out of the folder"
            else:
                yield Found(path, name)


def _name(path: Path, base: Path) -> str:
    """The path from the folder's parent, the folder's name included: two folders may each have a README.md."""
    text = path.relative_to(base).as_posix()
    # A name that is no Unicode is told apart by its bytes, as they would be written in a shell.
    text = os.fsencode(text).decode("utf-8", "backslashreplace")
    return unicodedata.normalize("NFC", text)


def external_id(name: str) -> str:
    """The id by which the file is known when it is imported again."""
    if len(name) <= _LONGEST_ID:
        return name
    return f"{name[:150]}…{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def read(found: Found) -> Document:
    """What a file says; raises `Unreadable`."""
    data = _bytes(found.path)
    text = _text(data)
    front, text = _parted(text)
    if found.path.suffix.lower() in HTML:
        title, body = _of_html(text)
    else:
        title, body = _of_markdown(text)
    given = front.get("title")
    if isinstance(given, str) and given.strip():
        # The heading that repeats the title is the title.
        body = body if title != given.strip() else _without_first_heading(body)
        title = given
    elif title:
        body = _without_first_heading(body) if _first_heading(body) == title else body
    else:
        title = found.path.stem.replace("_", " ").replace("-", " ").strip()
    language = "zh" if _CHINESE.search(title + body[:10_000]) else "en"
    return Document(front, title.strip(), body.strip("\n"), language, hashlib.sha256(data).hexdigest())


def _bytes(path: Path) -> bytes:
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise Unreadable("not an ordinary file")
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from None
    if len(data) > MOST_BYTES:
        raise Unreadable(f"larger than {MOST_BYTES // 1024**2} MB")
    return data


def _text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    elif b"\0" in data:
        raise Unreadable("binary, not text")
    else:
        encodings = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            continue
    raise Unreadable("neither UTF-8 nor GB 18030")


class _FrontMatter(yaml.SafeLoader):
    """YAML without aliases and endless numbers: a few lines of them stand for more text than fits into memory."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="an alias", problem_mark=mark)
        return super().compose_node(parent, index)

    def integer(self, node: yaml.ScalarNode) -> Any:
        if len(node.value) > 100:
            raise yaml.MarkedYAMLError(problem="a number of too many digits", problem_mark=node.start_mark)
        return self.construct_yaml_int(node)


_FrontMatter.add_constructor("tag:yaml.org,2002:int", _FrontMatter.integer)


def _parted(text: str) -> tuple[Mapping[str, Any], str]:
    """The front matter, and what follows it."""
    head = _FRONT.match(text[:_MOST_FRONT])
    if head is None:
        return {}, text
    try:
        front = yaml.load(head[1] or "", _FrontMatter)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        place = f", line {where.line + 2}" if where is not None else ""
        raise Unreadable(f"the front matter is not YAML{place}: {getattr(error, 'problem', None) or error}") from None
    if front is None:
        return {}, text[head.end() :]
    if not isinstance(front, dict):
        # A text may well begin with a rule and have another one further down.
        return {}, text
    return {str(name).strip().lower(): value for name, value in front.items()}, text[head.end() :]


def _of_markdown(text: str) -> tuple[str, str]:
    return _first_heading(text), text


def _of_html(text: str) -> tuple[str, str]:
    body = html_to_markdown(text)
    title = _HTML_TITLE.search(text[:100_000])
    named = " ".join(html.unescape(re.sub("<[^>]*>", "", title[1])).split()) if title else ""
    return named or _first_heading(body), body


def _first_heading(text: str) -> str:
    """The first heading of a Markdown text, code left out; empty if there is none."""
    fence = ""
    for line in text.splitlines():
        if marker := _FENCE.match(line):
            fence = "" if fence == marker[1] else fence or marker[1]
        elif not fence and (heading := _HEADING.match(line)):
            return re.sub(r"\\([^\w\s])", r"\1", heading[1]).strip("*_ ")
    return ""


def _without_first_heading(text: str) -> str:
    """The text without its heading, if it begins with one."""
    lines = text.lstrip("\n").splitlines()
    if lines and _HEADING.match(lines[0]):
        return "\n".join(lines[1:]).strip("\n")
    return text
