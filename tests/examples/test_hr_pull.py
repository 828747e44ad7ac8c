"""examples/hr_pull.py, run as HR would run it, and stopped where it hurts most."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import Actor, Company
from tests.contributions.accounts import account
from tests.examples.test_examples import EXAMPLES, run

from examples import hr_pull

Answer = Callable[[int, str], tuple[int, dict[str, str]] | None]
"""What to answer to the n-th request for a path in the place of kshare, if anything."""


class Between:
    """Stands between the program and kshare; notes what is asked, and may answer itself."""

    def __init__(self, url: str, answer: Answer) -> None:
        self.asked: list[tuple[str, int]] = []
        between = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                number = len(between.asked)
                between.asked.append((self.path, 0))
                instead = answer(number, self.path)
                names = ("Authorization", "If-None-Match")
                headers = {name: self.headers[name] for name in names if name in self.headers}
                body = b"{}"
                if instead is not None:
                    status, told = instead
                else:
                    got = httpx.get(f"{url}{self.path}", headers=headers, timeout=30)
                    status, told, body = got.status_code, {"ETag": got.headers.get("etag", "")}, got.content
                between.asked[number] = (self.path, status)
                self.send_response(status)
                for name, value in told.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def statuses(self) -> list[int]:
        return [status for _, status in self.asked]


@contextmanager
def between(url: str, answer: Answer = lambda number, path: None) -> Iterator[Between]:
    proxy = Between(url, answer)
    yield proxy
    proxy.server.shutdown()


def started(actor: Actor, url: str, database: Path) -> "subprocess.Popen[str]":
    environment = os.environ | {"KSHARE_URL": url, "KSHARE_KEY": actor.key, "PYTHONUTF8": "1"}
    command = [sys.executable, str(EXAMPLES / "hr_pull.py"), str(database)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    out, errors = process.communicate(timeout=120)
    assert not errors, errors
    return process.returncode, out


def pulled(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as local:
        return [row[0] for row in local.execute("SELECT id FROM entry ORDER BY rowid")]


@pytest.fixture
def lively(fresh: Company) -> Company:
    """A company with an account of several pages, some of it corrected."""
    rows = 260
    fresh.server.sql(
        """INSERT INTO comment (id, content_id, author_id, owner_id, body, mentions, deleted, version, created_at)
        SELECT uuidv7(), $1::uuid, p.id, p.id, 'x', '{}', false, 1, now() - n * interval '1 day'
        FROM generate_series(1, $2) n, unnest($3::uuid[]) WITH ORDINALITY p (id, o) WHERE n % 3 = o - 1""",
        fresh.employee.item()["id"],
        rows,
        [fresh.colleague.id, fresh.outsider.id, fresh.finance.id],
    )
    idea = fresh.employee.rest.post("/ideas", json={"title": "很快就撤回"}).json()["id"]
    fresh.server.settle()
    touched = fresh.server.sql("SELECT content_id FROM comment LIMIT 1")[0]["content_id"]
    fresh.colleague.rest.post(f"/content/{touched}/comments", json={"body": "好"})
    fresh.employee.rest.post(f"/ideas/{idea}/withdraw")
    fresh.server.settle()
    return fresh


def test_it_is_killed_half_way_and_goes_on(lively: Company, tmp_path: Path) -> None:
    database = tmp_path / "contributions.sqlite"
    stuck = threading.Event()

    def silent(number: int, path: str) -> None:
        if number == 2:
            stuck.set()
            time.sleep(60)

    with between(lively.server.url, silent) as proxy:
        process = started(lively.hr, proxy.url, database)
        assert stuck.wait(60)
        process.send_signal(signal.SIGKILL)
        assert process.wait(10) == -signal.SIGKILL
    should = [entry["id"] for entry in account(lively.hr)]
    assert len(should) > 260
    assert pulled(database) == should[:200], "two pages, each of them whole"
    with between(lively.server.url) as proxy:
        status, out = ended(started(lively.hr, proxy.url, database))
    assert (status, out.splitlines()[-1]) == (0, "the totals agree"), out
    assert f"{len(should) - 200} new entries" in out
    assert sorted(pulled(database)) == sorted(should)
    assert "updated_since=" in proxy.asked[0][0], "what is there is not pulled again"


def test_it_is_killed_at_any_time(lively: Company, tmp_path: Path) -> None:
    """Wherever it is: between pages, while it writes, while it compares."""
    database = tmp_path / "contributions.sqlite"
    for patience in (0.15, 0.25, 0.35, 0.45, 0.6, 0.8):
        process = started(lively.hr, lively.server.url, database)
        time.sleep(patience)
        process.kill()
        process.communicate(timeout=10)
    status, out = ended(started(lively.hr, lively.server.url, database))
    assert (status, out.splitlines()[-1]) == (0, "the totals agree"), out
    assert sorted(pulled(database)) == sorted(entry["id"] for entry in account(lively.hr))


def test_the_next_night_brings_what_is_new_and_the_one_after_nothing(lively: Company, tmp_path: Path) -> None:
    database = tmp_path / "contributions.sqlite"
    assert ended(started(lively.hr, lively.server.url, database))[0] == 0
    before = pulled(database)
    with between(lively.server.url) as proxy:
        status, out = ended(started(lively.hr, proxy.url, database))
        assert status == 0 and out.startswith("0 new entries\n")
        pulls = [one for one in proxy.asked if one[0].startswith("/v1/contributions?")]
        assert [status for _, status in pulls] == [304], "a pull of nothing is one answer without a body"
    lively.employee.item(title="新的一条")
    corrected = lively.server.sql("SELECT id FROM comment LIMIT 1")[0]["id"]
    lively.manager.rest.delete(f"/comments/{corrected}", headers={"If-Match": "*"})
    lively.server.settle()
    with between(lively.server.url) as proxy:
        status, out = ended(started(lively.hr, proxy.url, database))
        assert status == 0 and out.startswith("2 new entries\n"), out
        assert len([one for one in proxy.asked if one[0].startswith("/v1/contributions?")]) == 2
    assert pulled(database)[: len(before)] == before and len(pulled(database)) == len(before) + 2
    with closing(sqlite3.connect(database)) as local:
        (sum_here,) = local.execute("SELECT sum(weight_hundredths) FROM entry").fetchone()
        (negative,) = local.execute("SELECT count(*) FROM entry WHERE corrects IS NOT NULL").fetchone()
    sum_there = lively.server.sql("SELECT sum(weight) AS sum FROM contribution")[0]["sum"]
    assert sum_here == sum_there * 100 and negative == 2


def test_it_waits_when_it_is_asked_to(lively: Company, tmp_path: Path) -> None:
    waits: list[float] = []

    def busy(number: int, path: str) -> tuple[int, dict[str, str]] | None:
        return {0: (503, {"Retry-After": "7"}), 2: (429, {"Retry-After": "3"}), 3: (503, {})}.get(number)

    with between(lively.server.url, busy) as proxy:
        server = hr_pull.Server(proxy.url, lively.hr.key, waits.append)
        with closing(hr_pull.opened(tmp_path / "contributions.sqlite")) as database:
            assert hr_pull.run(server, database) == []
    assert waits == [7.0, 3.0, 2.0]
    assert proxy.statuses().count(503) == 2


def test_it_gives_up_on_a_server_that_is_gone() -> None:
    waits: list[float] = []
    server = hr_pull.Server("http://127.0.0.1:9", "ksk_x", waits.append)
    with pytest.raises(hr_pull.Unusable, match="does not answer"):
        server.get("/v1/contributions")
    assert len(waits) == hr_pull.ATTEMPTS - 1 and waits == sorted(waits) and waits[-1] == hr_pull.LONGEST_WAIT


def test_what_differs_is_named(lively: Company, tmp_path: Path) -> None:
    database = tmp_path / "contributions.sqlite"
    assert ended(started(lively.hr, lively.server.url, database))[0] == 0
    with closing(sqlite3.connect(database)) as local:
        local.execute("UPDATE entry SET weight_hundredths = weight_hundredths + 1 WHERE rowid = 5")
        local.commit()
    done = run(lively.hr, "hr_pull.py", database)
    assert done.returncode == 1
    assert done.stdout.endswith("the totals differ\n")
    assert "entries, 0.51 here" in done.stderr or ".51 here" in done.stderr or "1 here" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_key_that_may_not_says_so(lively: Company, tmp_path: Path) -> None:
    stranger = lively.hire("无权", "rd", scopes=["content_read"])
    done = run(stranger, "hr_pull.py", tmp_path / "x.sqlite")
    assert (done.returncode, done.stdout) == (2, "")
    assert "metrics_read" in done.stderr
