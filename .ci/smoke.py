"""Uses an installed kshare as a newcomer would: starts it with demo data, reads and writes through both doors, stops it
and starts it again. Run with the Python of the environment it is installed in, in any directory; needs nothing else.

With `--corpus FOLDER`, if there is such a folder, its files are imported and one of them is found by a word of two
characters.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any
from urllib.parse import quote

KSHARE = Path(sys.executable).with_name("kshare")
START = 180.0
"""Seconds a first start may take, demo data included."""


class Server:
    """A running kshare."""

    def __init__(self, process: "subprocess.Popen[str]", url: str) -> None:
        self.process = process
        self.url = url
        self.key = ""

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        request = urllib.request.Request(self.url + path, method=method)
        if self.key:
            request.add_header("Authorization", f"Bearer {self.key}")
        data = None
        if body is not None:
            request.add_header("Content-Type", "application/json")
            data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, data, timeout=30) as response:
                return response.status, json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")


def check(holds: bool, what: str, found: object = "") -> None:
    if not holds:
        raise SystemExit(f"smoke: failed: {what}: {found}")
    print(f"  ok: {what}", flush=True)


@contextmanager
def serving(data: Path) -> Iterator[Server]:
    """kshare on a free port; at the end it is stopped with Ctrl-C, and must end well."""
    environment = os.environ | {"KSHARE_DATA_DIR": str(data), "KSHARE_PORT": "0"}
    command = [str(KSHARE), "serve", "--demo"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines: Queue[str] = Queue()
    said: list[str] = []

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            lines.put(line)

    Thread(target=listen, daemon=True).start()
    try:
        yield Server(process, _address(process, lines, said))
    except BaseException:
        print("".join(said[-60:]), file=sys.stderr)
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
        raise
    process.send_signal(signal.SIGINT)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        check(False, "it stops within a minute of Ctrl-C", "".join(said[-20:]))
    check(process.returncode == 0, "Ctrl-C stops it, with exit status 0", process.returncode)
    check(not any("Traceback" in line for line in said), "it said nothing of a fault", "".join(said[-60:]))


def _address(process: "subprocess.Popen[str]", lines: "Queue[str]", said: list[str]) -> str:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline:
        try:
            line = lines.get(timeout=0.5)
        except Empty:
            if process.poll() is not None:
                raise SystemExit(f"smoke: failed: kshare ended ({process.returncode})") from None
            continue
        if found := re.search(r"ready at (http://\S+)", line):
            return found[1]
    raise SystemExit("smoke: failed: kshare did not become ready")


def eventually(what: str, attempt: Any, seconds: float = 60) -> Any:
    """What an attempt answers once it answers something; search follows the journal, so it may take a moment."""
    deadline = time.monotonic() + seconds
    while not (found := attempt()):
        if time.monotonic() > deadline:
            check(False, what, f"not within {seconds:g} s")
        time.sleep(0.3)
    check(True, what)
    return found


def first_start(server: Server, data: Path, corpus: Path | None) -> str:
    """Everything a newcomer tries first; the id of the item that was made."""
    status, answer = server.ask("GET", "/readyz")
    check(status == 200, "/readyz", answer)
    status, answer = server.ask("GET", "/v1/me")
    check(status == 401, "without a key: 401", answer)
    keys = json.loads((data / "demo-keys.json").read_text())
    check({"employee", "manager", "committee", "hr", "admin"} <= set(keys), "the demo keys", set(keys))
    server.key = keys["employee"]
    status, page = server.ask("GET", "/v1/knowledge-items?limit=100")
    check(status == 200 and len(page["items"]) >= 60, "REST lists the demo items", status)
    body = {"kind": "solution", "title": "冒烟测试：更换密封圈", "body": "先**泄压**，再更换。"}
    status, item = server.ask("POST", "/v1/knowledge-items", body)
    check(status == 201 and item["state"] == "draft", "REST creates an item", item)
    status, answer = server.ask("POST", f"/v1/knowledge-items/{item['id']}/publish")
    check(status == 200 and answer["state"] == "published", "REST publishes it", answer)
    server.key = keys["hr"]
    query = "query ($id: ID!) { knowledgeItem(id: $id) { title author { name } } }"
    status, answer = server.ask("POST", "/graphql", {"query": query, "variables": {"id": item["id"]}})
    found = status == 200 and "errors" not in answer and answer["data"]["knowledgeItem"]["title"] == body["title"]
    check(found, "GraphQL shows it to a colleague", answer)
    eventually("a word of two characters finds it", lambda: hit(server, "密封", item["id"]))
    decided(server, keys)
    for path in ("/docs", "/schema.graphql", "/metrics"):
        with urllib.request.urlopen(server.url + path, timeout=30) as response:
            check(response.status == 200 and len(response.read()) > 200, path)
    if corpus is not None:
        imported(server, data, corpus)
    return str(item["id"])


def decided(server: Server, keys: dict[str, str]) -> None:
    """An idea from its title to a decision with a reason; a similar one is offered while typing, and it is told."""
    server.key = keys["employee"]
    title = "冒烟测试：叉车夜里充电，避开峰段电价"
    status, idea = server.ask("POST", "/v1/ideas", {"title": title, "size": "large"})
    check(status == 201 and idea["stage"] == "submitted", "REST takes an idea", idea)
    server.key = keys["hr"]
    status, answer = server.ask("POST", "/v1/ideas:similar", {"title": "叉车晚上充电，避开峰段电价"})
    check(status == 200 and bool(answer["duplicates"]), "a similar idea is offered", answer)
    server.key = keys["committee"]
    decision = {"outcome": "approved", "explanation": "电费省得下来。"}
    status, answer = server.ask("POST", f"/v1/ideas/{idea['id']}/decision", decision)
    check(status == 200 and answer["stage"] == "approved", "the committee approves it", answer)


def hit(server: Server, word: str, id: str) -> bool:
    status, answer = server.ask("GET", f"/v1/search?q={quote(word)}&limit=100")
    if status != 200:
        raise SystemExit(f"smoke: failed: search answered {status}: {answer}")
    return id in json.dumps(answer)


def imported(server: Server, data: Path, corpus: Path) -> None:
    """`kshare import` beside the running server: everything is taken, and a second time nothing is doubled."""
    files = sorted(corpus.glob("*.md"))
    word, expected = most_common_pair(files[0].read_text(encoding="utf-8")), 0
    before = total(server)
    for expected in (len(files), 0):
        environment = os.environ | {"KSHARE_DATA_DIR": str(data)}
        done = subprocess.run(
            [str(KSHARE), "import", str(corpus)], env=environment, capture_output=True, text=True, timeout=300
        )
        check(done.returncode == 0, f"kshare import, {expected} of {len(files)} files new", done.stdout + done.stderr)
        now = total(server)
        check(now - before == expected, f"the import added {expected} items", now - before)
        before = now
    eventually(f"search finds an imported essay by 「{word}」", lambda: anything(server, word))


def most_common_pair(text: str) -> str:
    """The two Chinese characters that stand beside one another most often: a word, in any essay about something."""
    pairs: dict[str, int] = {}
    for first, second in pairwise(text):
        if "一" <= first <= "鿿" and "一" <= second <= "鿿":
            pairs[first + second] = pairs.get(first + second, 0) + 1
    return max(pairs, key=lambda pair: (pairs[pair], pair))


def total(server: Server) -> int:
    status, answer = server.ask("POST", "/graphql", {"query": "{ knowledgeItems(first: 1) { totalCount } }"})
    check(status == 200 and "errors" not in answer, "GraphQL counts", answer)
    return int(answer["data"]["knowledgeItems"]["totalCount"])


def anything(server: Server, word: str) -> bool:
    status, answer = server.ask("GET", f"/v1/search?q={quote(word)}")
    return status == 200 and bool(answer["items"])


def main() -> None:
    parser = argparse.ArgumentParser(description="Tries an installed kshare.")
    parser.add_argument("--corpus", type=Path, help="a folder to import, if there is one")
    corpus: Path | None = parser.parse_args().corpus
    if corpus is not None and not corpus.is_dir():
        print(f"  no {corpus}: nothing is imported")
        corpus = None
    subprocess.run([str(KSHARE), "--help"], check=True, stdout=subprocess.DEVNULL)
    # Its parents are open to all: as root, PostgreSQL runs as a user of its own.
    home = Path(tempfile.mkdtemp(prefix="kshare-smoke-", dir="/tmp"))
    home.chmod(0o755)
    data = home / "data"
    try:
        with serving(data) as server:
            id = first_start(server, data, corpus)
        with serving(data) as server:
            server.key = json.loads((data / "demo-keys.json").read_text())["employee"]
            status, item = server.ask("GET", f"/v1/knowledge-items/{id}")
            check(status == 200 and item["state"] == "published", "after a restart its data is there", item)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
