"""PostgreSQL dies under load: 503 while it is away, back by itself, and no acknowledged write is lost."""

import asyncio
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from tests.conftest import Company, Loop, found_company, live_server
from tests.kernel.problems import problem
from tests.postmaster import main_process

from kshare import migrate
from kshare.core.database import Database
from kshare.core.errors import DomainError
from kshare.core.postgres import EmbeddedPostgres
from kshare.core.settings import Settings

LONGEST = 3.0
"""Seconds within which everybody has an answer, whatever happens."""
BACK = 10.0
"""Seconds after which it serves again."""


@dataclass
class Load:
    """Readers and writers in threads, and what they were told."""

    company: Company
    acknowledged: dict[str, str] = field(default_factory=dict)
    refused: list[httpx.Response] = field(default_factory=list)
    slowest: float = 0.0
    wrong: list[str] = field(default_factory=list)
    served_at: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, writing: bool) -> None:
        headers = {"Authorization": f"Bearer {self.company.employee.key}"}
        with httpx.Client(base_url=self.company.server.url, headers=headers, timeout=20) as client:
            while not self.stop.is_set():
                title, began = uuid4().hex, time.monotonic()
                try:
                    if writing:
                        response = client.post("/v1/knowledge-items", json={"kind": "sop", "title": title})
                    else:
                        response = client.get("/v1/knowledge-items", params={"state": "draft", "limit": 5})
                except httpx.HTTPError as error:
                    self.wrong.append(repr(error))
                    return
                with self.lock:
                    self.slowest = max(self.slowest, time.monotonic() - began)
                    if response.status_code == 201:
                        self.acknowledged[response.json()["id"]] = title
                    if response.status_code == 503:
                        self.refused.append(response)
                    elif response.status_code in (200, 201):
                        self.served_at = time.monotonic()
                    else:
                        self.wrong.append(f"{response.status_code} {response.text[:300]}")
                if response.status_code == 503:
                    time.sleep(0.05)


@pytest.fixture(scope="module")
def mortal(loop: Loop) -> Iterator[tuple[Company, Path]]:
    """A company on a PostgreSQL of its own, which is watched."""
    directory = Path(tempfile.mkdtemp(prefix="kshare-mortal-"))
    directory.chmod(0o755)
    postgres = EmbeddedPostgres(directory / "postgres")
    loop.run(postgres.start())

    async def prepare() -> "asyncio.Task[None]":
        database = Database(postgres.url, Settings(_env_file=None))
        await migrate.upgrade(database)
        await database.engine.dispose()
        return asyncio.create_task(postgres.supervise())

    watch = loop.run(prepare())
    with live_server(postgres.url, loop) as server:
        yield found_company(server), directory / "postgres"
    loop.loop.call_soon_threadsafe(watch.cancel)
    loop.run(postgres.stop())
    shutil.rmtree(directory)


def kill_the_server(company: Company, directory: Path) -> None:
    os.kill(main_process(directory), signal.SIGKILL)


def kill_a_connection(company: Company, directory: Path) -> None:
    """One backend: PostgreSQL then ends all others and recovers."""
    found = company.server.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'kshare' LIMIT 1")
    os.kill(found[0]["pid"], signal.SIGKILL)


def cut_all_connections(company: Company, directory: Path) -> None:
    company.server.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'kshare' AND pid <> pg_backend_pid()"
    )


@pytest.mark.parametrize(
    "kill", [kill_the_server, kill_a_connection, cut_all_connections], ids=lambda kill: kill.__name__
)
def test_postgresql_dies_under_load(mortal: tuple[Company, Path], kill: object) -> None:
    company, directory = mortal
    load = Load(company)
    threads = [threading.Thread(target=load.run, args=(n % 2 == 0,), daemon=True) for n in range(6)]
    for thread in threads:
        thread.start()
    time.sleep(1.5)
    deadline = time.monotonic() + BACK
    while not load.acknowledged and time.monotonic() < deadline:
        time.sleep(0.05)
    before = len(load.acknowledged)
    assert before
    assert not load.wrong
    assert callable(kill)
    kill(company, directory)
    killed = time.monotonic()
    time.sleep(1.0)
    deadline = killed + BACK
    while time.monotonic() < deadline and (len(load.refused) == 0 or time.monotonic() - load.served_at > 0.5):
        time.sleep(0.05)
        if kill is not kill_the_server and time.monotonic() - killed > 2 and time.monotonic() - load.served_at < 0.5:
            break
    time.sleep(1.5)
    load.stop.set()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert not load.wrong, load.wrong[:3]
    assert load.slowest < LONGEST
    assert load.served_at > max(killed, time.monotonic() - 3), "it did not come back"
    assert len(load.acknowledged) > before, "nothing was written afterwards"
    if kill is kill_the_server:
        assert load.refused
    for response in load.refused:
        problem(response, "unavailable")
        assert int(response.headers["retry-after"]) >= 1
    kept = {str(row["id"]): row["title"] for row in company.server.sql("SELECT id, title FROM content")}
    assert load.acknowledged.items() <= kept.items()
    for id in list(load.acknowledged)[-5:] + list(load.acknowledged)[max(0, before - 5) : before]:
        assert company.employee.rest.get(f"/knowledge-items/{id}").json()["title"] == load.acknowledged[id]


def test_it_says_whether_it_can_serve(mortal: tuple[Company, Path]) -> None:
    company, directory = mortal
    url = company.server.url
    assert httpx.get(f"{url}/readyz").status_code == 200
    os.kill(main_process(directory), signal.SIGKILL)
    ready = []
    deadline = time.monotonic() + BACK
    while time.monotonic() < deadline and not (503 in ready and ready[-1] == 200):
        began = time.monotonic()
        ready.append(httpx.get(f"{url}/readyz", timeout=10).status_code)
        assert time.monotonic() - began < LONGEST
        assert httpx.get(f"{url}/livez").status_code == 200
        time.sleep(0.02)
    assert set(ready) == {200, 503}
    assert ready[-1] == 200


def test_a_database_that_is_away_at_the_start(loop: Loop) -> None:
    """It is told at once."""

    async def open_one() -> None:
        database = Database("postgresql://nobody@127.0.0.1:1/nothing", Settings(_env_file=None))
        await database.open()

    began = time.monotonic()
    with pytest.raises((OSError, DomainError)):
        loop.run(open_one(), timeout=20)
    assert time.monotonic() - began < 10


FULL = """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = '{code}'; END $$"""
CREATE = """mutation { createKnowledgeItem(input: { kind: sop, title: "t" }) { id } }"""


@pytest.mark.parametrize("code", ["53100", "53200", "58030", "25006"])
def test_a_database_that_cannot_write_is_no_fault_of_the_caller(fresh: Company, code: str) -> None:
    """A full disk, no memory, a disk that fails, a standby: 503 from both doors, while reads go on."""
    fresh.server.sql(FULL.format(code=code))
    fresh.server.sql("CREATE TRIGGER full_disk BEFORE INSERT ON content EXECUTE FUNCTION refuse()")

    refused = fresh.employee.rest.post("/knowledge-items", json={"kind": "sop", "title": "t"})
    body = problem(refused, "unavailable")
    assert refused.headers["retry-after"] == "10"
    assert "space" not in str(body)
    error = fresh.employee.graphql(CREATE)["errors"][0]
    assert (error["extensions"]["code"], error["extensions"]["status"]) == ("UNAVAILABLE", 503)
    assert fresh.employee.rest.get("/knowledge-items").json()["items"] == []

    fresh.server.sql("DROP TRIGGER full_disk ON content")
    assert fresh.employee.item()["id"]
