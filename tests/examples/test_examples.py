"""The examples do what they say, run as a reader would run them against a live server."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from examples.follow_events import follow, messages
from examples.submit_items import post_batch, send
from tests.conftest import Actor, Company

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(actor: Actor, script: str, *arguments: Any) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"KSHARE_URL": actor.server.url, "KSHARE_KEY": actor.key, "PYTHONUTF8": "1"}
    command = [sys.executable, str(EXAMPLES / script), *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def nightly(path: Path, count: int, mark: str, **fields: Any) -> Path:
    items = [{"id": n, "kind": "sop", "title": f"{mark} 第 {n} 步", "publish": True} | fields for n in range(count)]
    path.write_text("\n".join(json.dumps(item, ensure_ascii=False) for item in items), encoding="utf-8")
    return path


def titles(company: Company, source: str, count: int) -> list[str]:
    paths = [f"/knowledge-items/by-external-id/{source}/{n}" for n in range(count)]
    return [company.colleague.rest.get(path).json()["title"] for path in paths]


def test_a_nightly_job_is_simply_run_again(company: Company, tmp_path: Path) -> None:
    source, file = f"wiki-{uuid4().hex[:8]}", tmp_path / "items.ndjson"
    first = run(company.employee, "submit_items.py", source, nightly(file, 105, "旧"))
    assert (first.returncode, first.stdout) == (0, "105 of 105 items are in kshare\n"), first.stderr
    again = run(company.employee, "submit_items.py", source, nightly(file, 105, "旧"))
    assert again.returncode == 0, again.stderr
    assert titles(company, source, 3) == ["旧 第 0 步", "旧 第 1 步", "旧 第 2 步"]
    item = company.colleague.rest.get(f"/knowledge-items/by-external-id/{source}/104").json()
    assert item["version"] == 1, "what is equal stays as it is"
    run(company.employee, "submit_items.py", source, nightly(file, 2, "新"))
    assert titles(company, source, 3) == ["新 第 0 步", "新 第 1 步", "旧 第 2 步"]
    one_by_one = run(company.employee, "submit_items.py", source, nightly(file, 2, "再"), "--one-by-one")
    assert one_by_one.returncode == 0, one_by_one.stderr
    assert titles(company, source, 3) == ["再 第 0 步", "再 第 1 步", "旧 第 2 步"]


def test_what_is_refused_is_named_and_holds_up_nothing(company: Company, tmp_path: Path) -> None:
    source, file = f"wiki-{uuid4().hex[:8]}", nightly(tmp_path / "items.ndjson", 3, "好")
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join([lines[0], lines[1].replace('"kind": "sop"', '"kind": "poem"'), lines[2]]), "utf-8")
    for options in ((), ("--one-by-one",)):
        done = run(company.employee, "submit_items.py", source, file, *options)
        assert done.returncode == 1
        assert done.stdout == "2 of 3 items are in kshare\n"
        assert done.stderr.startswith("1: invalid: /")
        assert "/kind" in done.stderr


def test_a_key_that_opens_nothing_is_said_so(company: Company, tmp_path: Path) -> None:
    stranger = Actor(company.server, company.employee.id, "x", "ksk_nobody", None)
    done = run(stranger, "submit_items.py", "wiki", nightly(tmp_path / "items.ndjson", 1, "无"))
    assert done.returncode == 2
    assert "401" in done.stderr
    followed = run(stranger, "follow_events.py", "--state", tmp_path / "last")
    assert followed.returncode == 1
    assert followed.stderr.startswith("unauthenticated")


def test_a_busy_server_is_asked_again_with_the_same_key(company: Company) -> None:
    """The first answers are a 503, a broken connection after the work was done, and a 429."""
    real, keys, waits, replayed = company.employee.rest, [], [], []

    def handle(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        if len(keys) == 1:
            return httpx.Response(503, headers={"Retry-After": "3"})
        if len(keys) == 3:
            return httpx.Response(429, headers={"Retry-After": "7"})
        headers = {"Idempotency-Key": keys[-1]}
        answer = real.post("/knowledge-items:batch", json=json.loads(request.content), headers=headers)
        if len(keys) == 2:
            raise httpx.ReadError("the connection broke")
        replayed.append(answer.headers.get("idempotent-replayed"))
        return httpx.Response(answer.status_code, content=answer.content)

    client = httpx.Client(base_url=company.server.url, transport=httpx.MockTransport(handle))
    source = f"wiki-{uuid4().hex[:8]}"
    items = [{"id": 1, "kind": "case", "title": "只此一条"}]
    (result,) = post_batch(client, source, items, wait=waits.append)
    assert result["status"] == 201, "the answer of the attempt that did the work, not of a second one"
    assert replayed == ["true"]
    assert len(set(keys)) == 1
    assert waits == [3, 2, 7]


def test_a_conflict_is_not_repeated() -> None:
    calls = []

    def handle(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return httpx.Response(409, json={"code": "conflict"})

    client = httpx.Client(base_url="http://kshare", transport=httpx.MockTransport(handle))
    assert send(client, "PUT", "/v1/x", wait=lambda seconds: None).status_code == 409
    assert len(calls) == 1


def test_events_are_followed_and_nothing_is_missing_after_a_break(company: Company, tmp_path: Path) -> None:
    state = tmp_path / "last"
    types = ("--types", "knowledge_item_published")
    before = company.employee.item(title="甲")
    everything = run(company.employee, "follow_events.py", "--state", state, "--replay", "--most", 1, *types)
    assert everything.returncode == 0, everything.stderr
    assert json.loads(everything.stdout)["type"] == "knowledge_item_published"
    state.write_text(_event_of(company, before["id"]))
    missed = [company.employee.item(title=title)["id"] for title in ("乙", "丙")]
    assert followed(run(company.employee, "follow_events.py", "--state", state, "--most", 1, *types)) == missed[:1]
    assert followed(run(company.employee, "follow_events.py", "--state", state, "--most", 1, *types)) == missed[1:]


def followed(done: "subprocess.CompletedProcess[str]") -> list[str]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line)["object_id"] for line in done.stdout.splitlines()]


def _event_of(company: Company, content_id: str) -> str:
    rows = company.server.sql(
        "SELECT id FROM journal WHERE object_id = $1::uuid AND happened = 'knowledge_item_published'", content_id
    )
    return str(rows[0]["id"])


def test_a_broken_stream_is_taken_up_behind_its_last_event(tmp_path: Path) -> None:
    asked: list[str | None] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers.get("last-event-id"))
        if len(asked) == 2:
            return httpx.Response(503, headers={"Retry-After": "4"}, json={})
        number = 1 if len(asked) == 1 else 2
        return httpx.Response(200, text=f': hello\n\nid: e{number}\nevent: x\ndata: {{"n": {number}}}\n\n')

    client = httpx.Client(base_url="http://kshare", transport=httpx.MockTransport(handle))
    waits: list[float] = []
    events = follow(client, tmp_path / "last", [], wait=waits.append)
    assert [next(events)["n"], next(events)["n"]] == [1, 2]
    assert asked == [None, "e1", "e1"]
    assert waits == [1.0, 4.0]
    assert (tmp_path / "last").read_text() == "e1", "the second event's place is kept once it was dealt with"


def test_comments_and_incomplete_events_are_no_messages() -> None:
    lines = ["retry: 2000", ": connected", "", "id: a", "event: x", 'data: {"n": 1}', "", ": still here", "", "id: b"]
    assert [(message.id, message.type, message.data) for message in messages(lines)] == [("a", "x", {"n": 1})]
