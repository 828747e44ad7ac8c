"""Brings the ideas of a table into kshare, from a suggestion box or an old system, and can simply be run again.

    KSHARE_URL=http://127.0.0.1:8000 KSHARE_KEY=ksk_… python examples/submit_ideas.py box ideas.csv

`box` names where they come from. `ideas.csv` is a table as Excel and others save it, in UTF-8 (or see `--encoding`),
with the columns id, title, summary, body, size (small or large) and tags (separated by commas or semicolons); headings
may be Chinese as well (编号, 标题, 摘要, 正文, 规模, 标签). A title is enough; an idea without an id is known by
its title. What is new is submitted, what has changed is revised, what is equal stays as it is.

`--similar` submits nothing: before the first run it shows, for each row, the ideas that are in kshare already and say
nearly the same. Needs `pip install httpx`.

Exit status: 0 if everything was taken, 1 if something was refused (each row with what is wrong), 2 if the table or the
server could not be used.
"""

import argparse
import csv
import hashlib
import io
import os
import re
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ATTEMPTS = 8
LONGEST_WAIT = 60.0
BATCH = 500
"""Ideas in a request, which is what the server takes."""
LARGEST = 3_000_000
"""Bytes in a request; the server takes a little more, unless it was told to take less."""

Wait = Callable[[float], None]

COLUMNS = {
    "id": ("id", "external_id", "编号", "序号"),
    "title": ("title", "标题", "提案名称", "建议名称"),
    "summary": ("summary", "摘要", "概述"),
    "body": ("body", "text", "description", "正文", "内容", "说明"),
    "size": ("size", "规模", "类别"),
    "tags": ("tags", "标签", "关键词"),
}
"""What a column may be called."""
SIZES = {"小": "small", "小型": "small", "大": "large", "大型": "large"}

CURES = {
    "unauthenticated": "use a key that is neither revoked nor expired",
    "forbidden": "ask for the scope idea_propose, or leave alone what is no longer yours to change",
    "conflict": "read the idea in kshare; in this state it takes no changes",
    "too_large": "shorten the text",
}
"""What to do about a refusal that does not point at a column."""


class Unusable(Exception):
    """The table cannot be read."""


@dataclass(frozen=True)
class Row:
    """An idea of the table, and the line on which it begins."""

    line: int
    fields: dict[str, Any]


def rows_of(path: Path, encoding: str = "utf-8-sig") -> list[Row]:
    """The ideas of a table. Raises `Unusable` with what to do."""
    try:
        text = path.read_bytes().decode(encoding)
    except (UnicodeDecodeError, LookupError):
        raise Unusable("another encoding: save it as `CSV UTF-8`, or try `--encoding gb18030`") from None
    except OSError as error:
        raise Unusable(f"it cannot be read: {error.strerror}") from None
    first = text.partition("\n")[0]
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    rows: list[Row] = []
    try:
        places = {name: place for place, cell in enumerate(next(lines, [])) if (name := column(cell)) is not None}
        if "title" not in places:
            raise Unusable("there is no column `title` (标题) in its first line")
        ended = lines.line_num
        for cells in lines:
            fields = {name: cells[place].strip() for name, place in places.items() if place < len(cells)}
            if any(fields.values()):
                rows.append(Row(ended + 1, idea_of(fields)))
            ended = lines.line_num
    except csv.Error as error:
        raise Unusable(f"line {lines.line_num} is no CSV: {error}") from None
    return rows


def repeated(rows: Sequence[Row]) -> dict[int, int]:
    """Lines that are the same idea as an earlier line, by that line: which of them to take is not for us to say."""
    seen: dict[str, int] = {}
    first = {row.line: seen.setdefault(row.fields["external_id"], row.line) for row in rows}
    return {line: other for line, other in first.items() if other != line}


def column(cell: str) -> str | None:
    """What a column holds, by its heading."""
    heading = cell.strip().lower()
    return next((name for name, headings in COLUMNS.items() if heading in headings), None)


def idea_of(fields: dict[str, str]) -> dict[str, Any]:
    """The cells of a row as kshare asks for an idea."""
    idea: dict[str, Any] = {name: fields[name] for name in ("title", "summary", "body") if fields.get(name)}
    idea.setdefault("title", "")
    if size := fields.get("size", ""):
        idea["size"] = SIZES.get(size, size.lower())
    if tags := [tag.strip() for tag in re.split(r"[,;，；、]", fields.get("tags", "")) if tag.strip()]:
        idea["tags"] = tags
    if not re.search(r"[\u3400-\u9fff]", idea["title"] + idea.get("summary", "")):
        idea["language"] = "en"
    # Without an id of its own a row must be known again all the same.
    idea["external_id"] = fields.get("id") or hashlib.sha256(idea["title"].encode()).hexdigest()[:32]
    return idea


def send(client: httpx.Client, method: str, path: str, *, wait: Wait = time.sleep, **request: Any) -> httpx.Response:
    """One request, repeated while the server is busy or away. The caller makes sure that repeating it is harmless."""
    pause = 1.0
    for attempt in range(1, ATTEMPTS + 1):
        try:
            response = client.request(method, path, **request)
        except httpx.TransportError:
            if attempt == ATTEMPTS:
                raise
            asked = pause
        else:
            # 409 is here for an Idempotency-Key whose first request is still running.
            if response.status_code not in (409, 429, 503) or attempt == ATTEMPTS:
                return response
            if response.status_code == 409 and "retry-after" not in response.headers:
                return response
            asked = max(seconds_of(response), pause)
        wait(min(asked, LONGEST_WAIT))
        pause *= 2
    raise AssertionError("not reached")


def seconds_of(response: httpx.Response) -> float:
    """How long the server asks to wait; a proxy may say nothing, or name a date."""
    try:
        return float(response.headers.get("retry-after", ""))
    except ValueError:
        return 0.0


def batches(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """The rows in parts that fit into a request."""
    part: list[Row] = []
    size = 0
    for row in rows:
        length = len(str(row.fields).encode()) + 200
        if part and (len(part) == BATCH or size + length > LARGEST):
            yield part
            part, size = [], 0
        part.append(row)
        size += length
    if part:
        yield part


def submit(client: httpx.Client, source: str, rows: Sequence[Row], *, wait: Wait = time.sleep) -> Iterator[str]:
    """Submits all ideas; a line for each that was refused. Raises `httpx.HTTPError`."""
    again = repeated(rows)
    for line, other in again.items():
        yield f"line {line}: the same idea as line {other}; give it an id of its own, or delete one of them"
    for part in batches([row for row in rows if row.line not in again]):
        items = [row.fields | {"external_source": source} for row in part]
        # The same key for every attempt: if the first one did arrive, the others are given its answer.
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        response = send(client, "POST", "/v1/ideas:batch", json={"items": items}, headers=headers, wait=wait)
        response.raise_for_status()
        for result in response.json()["items"]:
            if result["problem"] is not None:
                yield refusal(part[result["index"]], result["problem"])


def refusal(row: Row, problem: dict[str, Any]) -> str:
    """Where in the table, what is wrong, and what to do."""
    wrong = []
    for error in problem.get("errors", ()):
        names = [part for part in error["pointer"].split("/") if part in {*COLUMNS, "external_id"}]
        where = f"column {names[0].removeprefix('external_')}" if names else error["pointer"]
        wrong.append(f"{where}: {error['message']}")
    if not wrong:
        cure = CURES.get(problem["code"], "read the detail, correct the row and run it again")
        wrong.append(f"{problem['code']}: {problem.get('detail', '')} ({cure})")
    title = row.fields["title"] or "without a title"
    return f"line {row.line} ({title[:40]}): {'; '.join(wrong)}"


def similar(client: httpx.Client, rows: Sequence[Row], *, wait: Wait = time.sleep) -> Iterator[str]:
    """A line for each idea that is already there and says nearly the same. Raises `httpx.HTTPError`."""
    for row in rows:
        asked = {name: row.fields[name] for name in ("title", "summary", "body") if name in row.fields}
        response = send(client, "POST", "/v1/ideas:similar", json=asked, wait=wait)
        if response.status_code == 422:
            yield refusal(row, response.json())
            continue
        response.raise_for_status()
        for found in response.json()["duplicates"]:
            words = ", ".join(found["words"])
            yield f"line {row.line} ({row.fields['title'][:40]}) is like {found['idea']['title']} [{words}]"


def main() -> int:
    parser = argparse.ArgumentParser(description="Brings the ideas of a table into kshare.")
    parser.add_argument("source", help="where they come from, such as the name of the suggestion box")
    parser.add_argument("file", type=Path, help="a CSV file with headings in its first line")
    parser.add_argument("--encoding", default="utf-8-sig", help="of the file, such as gb18030 of an older Excel")
    parser.add_argument("--similar", action="store_true", help="submit nothing; show which ideas are there already")
    given = parser.parse_args()
    key = os.environ.get("KSHARE_KEY")
    if not key:
        print("set KSHARE_KEY to a key of yours (POST /v1/keys makes one)", file=sys.stderr)
        return 2
    base = os.environ.get("KSHARE_URL", "http://127.0.0.1:8000")
    try:
        rows = rows_of(given.file, given.encoding)
        with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
            if given.similar:
                for line in similar(client, rows):
                    print(line)
                return 0
            refused = 0
            for line in submit(client, given.source, rows):
                refused += 1
                print(line, file=sys.stderr)
    except Unusable as error:
        print(f"{given.file}: {error}", file=sys.stderr)
        return 2
    except httpx.HTTPStatusError as error:
        code = error.response.status_code
        cure = {401: CURES["unauthenticated"], 403: CURES["forbidden"]}.get(code, "try again later")
        print(f"the server answered {code}: {cure}", file=sys.stderr)
        return 2
    except httpx.HTTPError as error:
        print(f"the server could not be used: {error}", file=sys.stderr)
        return 2
    print(f"{len(rows) - refused} of {len(rows)} ideas are in kshare")
    return 1 if refused else 0


if __name__ == "__main__":
    raise SystemExit(main())
