"""`kshare serve`: what it says, what it refuses, what it survives."""

import os
import shlex
import signal
import socket
import stat
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from tests.cli.shell import PATIENCE, Demo, Served, Shell
from tests.conftest import Loop, cloned_database

from kshare.console import Console, Refused
from kshare.core.clock import now
from kshare.core.database import Database
from kshare.core.settings import Settings
from kshare.demo import company, load


def until(condition: Any, patience: float = 60) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)


def answers(served: Served, path: str = "/readyz") -> int:
    try:
        return httpx.get(served.url + path, timeout=10).status_code
    except httpx.TransportError:
        return 0


def test_the_curl_line_works_as_it_is_printed(served: Served) -> None:
    line = next(line for line in served.lines if line.strip().startswith("curl "))
    words = shlex.split(line)
    name, _, value = words[words.index("-H") + 1].partition(": ")

    answer = httpx.get(words[-1], headers={name: value})

    assert answer.status_code == 200
    assert len(answer.json()["items"]) == 3
    assert any("\u4e00" <= letter <= "\u9fff" for letter in answer.text)


def test_every_demo_role_gets_a_key_that_only_the_owner_can_read(served: Served) -> None:
    file = served.shell.data / "demo-keys.json"

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(served.keys) == ["employee", "reviewer", "manager", "committee", "finance", "hr", "admin"]
    names = set()
    for role, key in served.keys.items():
        assert any(role in line and key in line for line in served.lines)
        me = served.client(key).get("/v1/me")
        assert me.status_code == 200, me.text
        names.add(me.json()["person"]["name"])
    assert len(names) == 7


def test_the_demo_company_hangs_together(served: Served) -> None:
    admin = served.client(served.keys["admin"])
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = admin.get("/v1/knowledge-items?limit=100" + cursor).json()
        items += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    # What is for everybody: the rest of the hundred or so is for departments and groups.
    assert len(items) >= 60
    assert len({item["kind"] for item in items}) == 9
    assert {item["language"] for item in items} == {"zh", "en"}
    assert all(datetime.fromisoformat(item["published_at"]) < now() for item in items)
    assert sum(item["revision"] > 1 for item in items) >= 5
    busiest = max(items, key=lambda item: item["counters"]["comments"])
    comments = admin.get(f"/v1/content/{busiest['id']}/comments?limit=100").json()["items"]
    assert len(comments) == busiest["counters"]["comments"] > 3
    employee = served.client(served.keys["employee"]).get("/v1/knowledge-items?limit=100").json()["items"]
    # Each sees what is for their own department, and neither what is for the other's.
    mine, theirs = ({item["id"] for item in seen} for seen in (employee, items))
    assert mine - theirs
    assert theirs - mine


def test_what_is_served_without_a_key(served: Served) -> None:
    client = served.client()

    assert client.get("/livez").json() == client.get("/readyz").json() == {"status": "ok"}
    assert client.get("/").json()["addresses"]["graphql"] == "/graphql"
    assert client.get("/metrics").text.startswith("# HELP")
    docs = client.get("/docs")
    assert docs.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in docs.headers["content-security-policy"]
    contract = client.get("/openapi.json")
    assert contract.json()["components"]["schemas"]["Problem"]["required"]
    assert contract.json()["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert "type Query" in client.get("/schema.graphql").text
    again = client.get("/openapi.json", headers={"If-None-Match": contract.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/v1/me").status_code == 401


def test_a_second_instance_is_refused(served: Served) -> None:
    process = served.shell.start("serve")
    _, errors = process.communicate(timeout=PATIENCE)

    assert process.returncode == 2
    assert f"another kshare (process {served.process.pid})" in errors
    assert "KSHARE_DATA_DIR" in errors
    assert "Traceback" not in errors
    assert answers(served) == 200


def test_a_port_in_use_is_refused_before_anything_is_started(home: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])

        refused = Shell(home / "elsewhere").run("serve", "--port", port)

    assert refused.returncode == 2
    assert f"port {port} on 127.0.0.1 is in use" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (home / "elsewhere/postgres").exists()


@pytest.mark.parametrize(
    "environment, words",
    [
        ({"KSHARE_PORT": "99999"}, "KSHARE_PORT: Input should be less than or equal to 65535"),
        ({"KSHARE_OIDC_ISSUER": "https://id.example"}, "KSHARE_OIDC_AUDIENCE belong together"),
        ({"KSHARE_ENVIRONMENT": "production"}, "KSHARE_SECRET is required in production"),
        ({"KSHARE_ENVIRONMENT": "production", "KSHARE_DEMO": "1", "KSHARE_SECRET": "x" * 40}, "not for production"),
        ({"KSHARE_DATABASE_URL": "postgresql://x:secret@127.0.0.1:1/x?sslmode=nonsense"}, "KSHARE_DATABASE_URL"),
        ({"KSHARE_DATABASE_URL": "secret"}, "KSHARE_DATABASE_URL: must be an address that begins with postgresql://"),
        ({"KSHARE_DATABASE_URL": "mysql://x:secret@127.0.0.1/x"}, "KSHARE_DATABASE_URL: must be an address that"),
        ({"KSHARE_DATABASE_URL": "postgresql://x:secret@127.0.0.1:port/x"}, "KSHARE_DATABASE_URL: this is no valid"),
        ({"KSHARE_REDIS_URL": "secret"}, "KSHARE_REDIS_URL: must be an address that begins with redis://"),
        ({"KSHARE_OTLP_ENDPOINT": "collector:4318"}, "KSHARE_OTLP_ENDPOINT: must be an address that begins with http"),
        ({"KSHARE_TRUSTED_PROXIES": "proxy, 10.0.0.1"}, "KSHARE_TRUSTED_PROXIES: must be addresses or networks"),
        ({"KSHARE_OIDC_ISSUER": "id.example", "KSHARE_OIDC_AUDIENCE": "x"}, "KSHARE_OIDC_ISSUER: issuer must be"),
        (
            {
                "KSHARE_OIDC_ISSUER": "https://id.example",
                "KSHARE_OIDC_AUDIENCE": "x",
                "KSHARE_OIDC_ALGORITHMS": '["HS256"]',
            },
            "KSHARE_OIDC_ALGORITHMS: not asymmetric signature algorithms: HS256",
        ),
        ({"KSHARE_CORS_ORIGINS": "https://ui.example"}, "KSHARE_CORS_ORIGINS: this must be JSON"),
        ({"KSHARE_CORS_ORIGINS": '["https://ui.example/"]'}, "KSHARE_CORS_ORIGINS: 'https://ui.example/' is no origin"),
        ({"KSHARE_GRAPHQL_TRUSTED_ONLY": "1"}, "KSHARE_GRAPHQL_TRUSTED_ONLY needs the documents"),
        ({"KSHARE_GRAPHQL_DOCUMENTS": "/nowhere/a.json"}, "KSHARE_GRAPHQL_DOCUMENTS: /nowhere/a.json: cannot be read"),
    ],
)
def test_a_wrong_setting_is_named(home: Path, environment: dict[str, str], words: str) -> None:
    refused = Shell(home / "wrong").run("serve", **environment)

    assert refused.returncode == 2
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "secret" not in refused.stderr


def test_it_answers_503_while_postgresql_is_away_and_heals(served: Served) -> None:
    client = served.client(served.keys["employee"])
    before = client.get("/v1/me").json()

    os.kill(served.postmaster(), signal.SIGKILL)

    seen = set()
    until(lambda: seen.add(answers(served)) or 503 in seen)  # type: ignore[func-returns-value]
    until(lambda: seen.add(answers(served)) or client.get("/v1/me").status_code == 200)  # type: ignore[func-returns-value]
    assert seen <= {200, 503}
    assert client.get("/v1/me").json() == before
    assert any("was killed by SIGKILL; restarting it" in line for line in served.lines)


def test_killed_it_keeps_its_data_and_its_keys(demo: Demo, served: Served) -> None:
    keys = served.keys
    client, told = served.client(keys["manager"]), []

    def written() -> bool:
        # The test before may have taken the database away: the first to write on a broken connection is told so.
        told.append(client.post("/v1/knowledge-items", json={"kind": "sop", "title": "留下来的条目"}))
        assert told[-1].status_code in (201, 503)
        return told[-1].status_code == 201

    until(written)
    item = told[-1]
    served.stop(signal.SIGKILL)

    again = demo.running()

    assert again.process.pid != served.process.pid
    assert again.keys == keys
    kept = again.client(keys["manager"]).get(f"/v1/knowledge-items/{item.json()['id']}")
    assert kept.json()["title"] == "留下来的条目"
    assert not any("Loading the demo" in line for line in again.lines)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_cleanly_although_a_stream_is_open(demo: Demo, number: signal.Signals) -> None:
    served = demo.running()
    postmaster = served.postmaster()
    with served.client(served.keys["employee"]).stream(
        "GET", "/v1/events/stream", headers={"Accept": "text/event-stream"}
    ):
        began = time.monotonic()
        assert served.stop(number) == 0
        assert time.monotonic() - began < 20

    assert "Stopped." in served.text
    assert not Path(f"/proc/{postmaster}").exists()
    assert "Traceback" not in "".join(served.errors)


def test_several_workers_share_one_postgresql_and_end_with_their_parent(demo: Demo) -> None:
    demo.close()
    served = Served(demo.shell, "--workers", "2")
    workers = _children(served.process.pid, "kshare.serving.worker")
    assert len(workers) == 2
    me = served.client(served.keys["employee"])
    assert {me.get("/v1/me").status_code for _ in range(20)} == {200}
    os.kill(workers[0], signal.SIGKILL)
    until(lambda: len(alive := _children(served.process.pid, "kshare.serving.worker")) == 2 and workers[0] not in alive)
    until(lambda: answers(served) == 200)
    assert 'kshare_requests_total{method="GET",route="/v1/me",status="200"}' in served.client().get("/metrics").text

    workers, postmaster = _children(served.process.pid, "kshare.serving.worker"), served.postmaster()
    served.stop(signal.SIGKILL)

    until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
    os.kill(postmaster, signal.SIGINT)  # the next start would, but there may be none


def _children(parent: int, words: str) -> list[int]:
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                status = (process / "stat").read_text().rpartition(")")[2].split()
                if int(status[1]) == parent and words in (process / "cmdline").read_text():
                    found.append(int(process.name))
            except OSError:
                continue
    return sorted(found)


def test_the_demo_is_loaded_wholly_or_not_at_all(
    postgres_url: str, loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cloned_database(postgres_url, loop) as url:
        database = Database(url, Settings(_env_file=None))

        async def count(table: str) -> int:
            async with database.sessions() as session:
                return int(await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)

        def fail(*_: object) -> None:
            raise RuntimeError("stopped")

        with monkeypatch.context() as broken:
            broken.setattr(company.Company, "_count", fail)  # the very last step
            with pytest.raises(RuntimeError):
                loop.run(load.load_demo(database, tmp_path, Console()), timeout=300)
        assert [loop.run(count(name)) for name in ("content", "journal", "department", "api_key")] == [0, 0, 0, 0]

        keys = loop.run(load.load_demo(database, tmp_path, Console()), timeout=300)
        assert loop.run(count("content")) > 80
        assert loop.run(load.load_demo(database, tmp_path, Console()), timeout=300) == keys
        (tmp_path / "demo-keys.json").unlink()
        renewed = loop.run(load.load_demo(database, tmp_path, Console()), timeout=300)
        assert not set(renewed.values()) & set(keys.values())
        loop.run(database.close())


def test_the_demo_is_not_loaded_beside_real_people(postgres_url: str, loop: Loop, tmp_path: Path) -> None:
    with cloned_database(postgres_url, loop) as url:
        database = Database(url, Settings(_env_file=None))

        async def hire() -> None:
            async with database.engine.begin() as connection:
                columns = "id, kind, name, sort_name, search_name, language, clearance, active, version"
                values = "gen_random_uuid(), 'person', 'a', 'a', 'a', 'en', 1, true, 1"
                await connection.execute(
                    text(f"INSERT INTO person ({columns}, created_at, updated_at) VALUES ({values}, now(), now())")
                )

        loop.run(hire())
        with pytest.raises(Refused, match="not empty and has no demo company"):
            loop.run(load.load_demo(database, tmp_path, Console()), timeout=300)
        assert not (tmp_path / "demo-keys.json").exists()
        loop.run(database.close())
