"""Pulls the account of contributions into a local database, night by night, and checks that both say the same.

    KSHARE_URL=http://127.0.0.1:8000 KSHARE_KEY=ksk_… python examples/hr_pull.py contributions.sqlite

The first run pulls everything, each later one what has come since; it can be stopped at any time, and goes on where it
was. In the table `entry` nothing is ever changed: what holds no more has been corrected by an entry with the opposite
weight, so that sums are right at any time. Weights are whole hundredths there, so that no sum loses a digit:

    SELECT person_id, strftime('%Y-%m', occurred_on), sum(weight_hundredths) / 100.0 FROM entry GROUP BY 1, 2;

The key needs the scopes `metrics_read` and `contributions_read` (and `content_read` for titles) of somebody in HR.
Needs nothing but Python.

Exit status: 0 if the totals agree, 1 if they do not, 2 if the server could not be used.
"""

import argparse
import json
import os
import sqlite3
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

ATTEMPTS = 8
LONGEST_WAIT = 60.0
PAGE = 100
MONTHS_AT_ONCE = 120
"""Months of which the server adds up at once."""
YEARS_BACK = 20
"""Years of which totals are compared at least, so that a month would be noticed of which there is nothing here."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
  id TEXT PRIMARY KEY, recorded_at TEXT NOT NULL, occurred_on TEXT NOT NULL, person_id TEXT NOT NULL, person_name TEXT,
  department_id TEXT, department_name TEXT, rule TEXT NOT NULL, rule_version INTEGER NOT NULL,
  weight_hundredths INTEGER NOT NULL, object_kind TEXT, object_id TEXT, object_title TEXT, corrects TEXT
);
CREATE TABLE IF NOT EXISTS progress (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

Wait = Callable[[float], None]
Totals = dict[tuple[str, str], tuple[int, int]]
"""By person and month: how many entries, and the sum of their weights in hundredths."""


class Unusable(Exception):
    """The server does not answer what is needed; says why."""


class Server:
    """Reads from kshare, and waits as long as it asks for when it is busy."""

    def __init__(self, url: str, key: str, wait: Wait = time.sleep) -> None:
        self._url, self._key, self._wait = url.rstrip("/"), key, wait

    def get(self, path: str, known: str | None = None, **query: Any) -> tuple[dict[str, Any], str] | None:
        """An answer and its ETag; None if it is the one whose ETag is `known`. Raises `Unusable`."""
        asked = urllib.parse.urlencode({name: value for name, value in query.items() if value is not None})
        headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json"}
        if known is not None:
            headers["If-None-Match"] = known
        request = urllib.request.Request(f"{self._url}{path}?{asked}", headers=headers)  # noqa: S310
        pause = 1.0
        for attempt in range(1, ATTEMPTS + 1):
            asked_to_wait = 0.0
            try:
                with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
                    return json.load(response), response.headers.get("ETag", "")
            except urllib.error.HTTPError as error:
                if error.code == 304:
                    return None
                if error.code not in (429, 502, 503, 504) or attempt == ATTEMPTS:
                    raise Unusable(explained(error)) from None
                asked_to_wait = seconds(error.headers.get("Retry-After"))
            except (OSError, ValueError) as error:
                # It is away, or was broken off in the middle of an answer: reading again is always harmless.
                if attempt == ATTEMPTS:
                    raise Unusable(f"{self._url} does not answer: {error}") from None
            self._wait(min(max(asked_to_wait, pause), LONGEST_WAIT))
            pause *= 2
        raise AssertionError("not reached")

    def pages(self, path: str, **query: Any) -> Iterator[list[dict[str, Any]]]:
        """The entries of a list, page by page."""
        cursor: str | None = None
        while True:
            answer = self.get(path, limit=PAGE, cursor=cursor, **query)
            assert answer is not None
            yield answer[0]["items"]
            cursor = answer[0]["next_cursor"]
            if cursor is None:
                return


def seconds(given: str | None) -> float:
    """How long to wait; a proxy may say nothing, or name a date."""
    try:
        return float(given or 0)
    except ValueError:
        return 0.0


def explained(error: urllib.error.HTTPError) -> str:
    """Why the server refuses, in its own words."""
    try:
        problem = json.load(error)
        return f"{problem['code']}: {problem['detail']}"
    except (ValueError, KeyError):
        return f"HTTP {error.code}"


def hundredths(weight: str) -> int:
    """`-0.50` as -50. Weights have two decimals."""
    return int(weight.replace(".", ""))


def opened(path: Path) -> sqlite3.Connection:
    """The local database."""
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript(SCHEMA)
    return database


def progress(database: sqlite3.Connection, name: str) -> str | None:
    """What was noted in an earlier run."""
    row = database.execute("SELECT value FROM progress WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def note(database: sqlite3.Connection, name: str, value: str) -> None:
    database.execute("INSERT OR REPLACE INTO progress VALUES (?, ?)", (name, value))


def keep(database: sqlite3.Connection, items: list[dict[str, Any]]) -> int:
    """Stores entries, and that they are there, together; how many were new."""
    before = database.total_changes
    database.execute("BEGIN")
    for item in items:
        place, thing = item["department"] or {}, item["object"] or {}
        values = (
            *(item["id"], item["recorded_at"], item["occurred_on"], item["person"]["id"], item["person"]["name"]),
            *(place.get("id"), place.get("name"), item["rule"], item["rule_version"], hundredths(item["weight"])),
            *(thing.get("kind"), thing.get("id"), thing.get("title"), item["corrects"]),
        )
        database.execute(f"INSERT OR IGNORE INTO entry VALUES ({', '.join('?' * len(values))})", values)  # noqa: S608
    new = database.total_changes - before
    if items:
        note(database, "since", items[-1]["recorded_at"])
    database.execute("COMMIT")
    return new


def pull(server: Server, database: sqlite3.Connection) -> int:
    """Fetches what has come since the last entry that is there; how many entries were new.

    What was recorded at the time of that entry comes again, and is known by its id. An interrupted pull needs no more
    than that either: nothing is ever added before an entry that could be read.
    """
    new = 0
    while True:
        since = progress(database, "since")
        known = progress(database, "etag") if since is not None else None
        first = server.get("/v1/contributions", known, limit=PAGE, updated_since=since)
        if first is None:
            return new
        page, tag = first
        found = keep(database, page["items"])
        cursor = page["next_cursor"]
        while cursor is not None:
            answer = server.get("/v1/contributions", limit=PAGE, updated_since=since, cursor=cursor)
            assert answer is not None
            found += keep(database, answer[0]["items"])
            cursor = answer[0]["next_cursor"]
        new += found
        if not found:
            # The answer to the very question that the next run begins with, so that its ETag saves the next answer.
            note(database, "etag", tag)
            return new


def local_totals(database: sqlite3.Connection) -> Totals:
    """What the entries here add up to."""
    query = """SELECT person_id, substr(occurred_on, 1, 7), count(*), sum(weight_hundredths) FROM entry GROUP BY 1, 2"""
    return {(person, month): (entries, weight) for person, month, entries, weight in database.execute(query)}


def server_totals(server: Server, first: date, last: date) -> Totals:
    """What the server says they add up to, from one month to another."""
    totals: Totals = {}
    begin = first.replace(day=1)
    while begin <= last:
        after = begin.replace(year=begin.year + MONTHS_AT_ONCE // 12)
        end = min(last, date.fromordinal(after.toordinal() - 1))
        for items in server.pages("/v1/contribution-totals", **{"from": begin, "to": end}, by="month"):
            for one in items:
                totals[one["person"]["id"], one["period"]] = (one["entries"], hundredths(one["weight"]))
        begin = after
    return totals


def compared(server: Server, database: sqlite3.Connection) -> list[str]:
    """Where both differ, in words; none if they agree."""
    here = local_totals(database)
    months = [date.fromisoformat(f"{month}-01") for _, month in here]
    today = date.today()
    first = min([*months, today.replace(year=today.year - YEARS_BACK, day=1)])
    there = server_totals(server, first, max([*months, today]))
    return [
        f"{person} {month}: {shown(here.get((person, month)))} here, {shown(there.get((person, month)))} in kshare"
        for person, month in sorted(here.keys() | there.keys())
        if here.get((person, month)) != there.get((person, month))
    ]


def shown(total: tuple[int, int] | None) -> str:
    entries, weight = total or (0, 0)
    sign = "-" if weight < 0 else ""
    return f"{entries} entries, {sign}{abs(weight) // 100}.{abs(weight) % 100:02}"


def run(server: Server, database: sqlite3.Connection) -> list[str]:
    """Pulls until both agree, since something may have come in between; where they still differ."""
    differences: list[str] = []
    for _ in range(3):
        print(f"{pull(server, database)} new entries", flush=True)
        differences = compared(server, database)
        if not differences:
            break
    return differences


def report(database: sqlite3.Connection) -> Iterator[str]:
    """The totals by year, and all together."""
    yield "year       people  total"
    query = """SELECT {0}, count(DISTINCT person_id), count(*), coalesce(sum(weight_hundredths), 0) FROM entry"""
    by_year = query.format("substr(occurred_on, 1, 4)") + " GROUP BY 1 ORDER BY 1"
    for year, people, entries, weight in [*database.execute(by_year), *database.execute(query.format("'all'"))]:
        yield f"{year:<10} {people:>6}  {shown((entries, weight))}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Pulls the account of contributions of kshare.")
    parser.add_argument("database", type=Path, help="the local database; made if there is none")
    given = parser.parse_args()
    server = Server(os.environ.get("KSHARE_URL", "http://127.0.0.1:8000"), os.environ["KSHARE_KEY"])
    try:
        with closing(opened(given.database)) as database:
            differences = run(server, database)
            for line in report(database):
                print(line)
    except Unusable as error:
        print(error, file=sys.stderr)
        return 2
    for difference in differences:
        print(difference, file=sys.stderr)
    print("the totals differ" if differences else "the totals agree")
    return 1 if differences else 0


if __name__ == "__main__":
    raise SystemExit(main())
