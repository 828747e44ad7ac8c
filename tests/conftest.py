"""One PostgreSQL for the whole run, one migrated template, one database and one live server for each test process.

Tests are synchronous and speak HTTP to the server. They share the company below and make whatever else they need;
a test that needs an empty database takes `fresh`.
"""

import asyncio
import atexit
import gc
import os
import shutil
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import hypothesis
import pytest
import structlog
import uvicorn
from filelock import FileLock

from kshare import migrate
from kshare.app import Application, build
from kshare.core.access import Permission
from kshare.core.database import Database
from kshare.core.ids import new_id
from kshare.core.postgres import EmbeddedPostgres
from kshare.core.settings import Settings
from kshare.people import keys

structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        # The default one prints the values of all variables, which takes seconds.
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)

# How long an example takes says something of the machine and nothing of the code.
hypothesis.settings.register_profile("kshare", deadline=None, database=None)
hypothesis.settings.load_profile("kshare")

SEAL_KEYS = Path(tempfile.gettempdir()) / f"kshare-tests-{os.getpid()}-seal-keys.json"
atexit.register(SEAL_KEYS.unlink, missing_ok=True)
CERTIFICATES = ssl.create_default_context()
"""For all clients: to read the certificates takes longer than several requests."""
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@pytest.fixture(autouse=True, scope="module")
def collected() -> Iterator[None]:
    """Keeps what a module leaves for good, compiled statements above all, out of later garbage collections: with
    hundreds of megabytes to look through, one of them stops the servers in this process until their requests time
    out."""
    yield
    gc.collect()
    gc.freeze()


class Loop:
    """An event loop in a thread, for what tests must do beside speaking HTTP."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def run(self, work: Coroutine[Any, Any, Any], timeout: float = 60) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(work, self.loop)
        return future.result(timeout)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)


@pytest.fixture(scope="session")
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory, loop: Loop) -> Iterator[str]:
    """The administrative URL of a PostgreSQL with the migrated database `kshare_template`.

    Test processes of one run share the server: the first one starts it and the last one to leave stops it.
    """
    if "KSHARE_TEST_DATABASE_URL" in os.environ:
        yield loop.run(_with_template(os.environ["KSHARE_TEST_DATABASE_URL"]))
        return
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid4().hex)[:12]
    shared = Path(tempfile.gettempdir()) / f"kshare-tests-{run}"
    shared.mkdir(exist_ok=True, mode=0o755)
    server, lock, users = None, FileLock(shared / "lock"), shared / "users"
    with lock:
        users.write_text((users.read_text() if users.exists() else "") + f"{os.getpid()}\n")
        if not (shared / "url").exists():
            server = EmbeddedPostgres(shared / "postgres", settings=FAST)
            loop.run(server.start())
            (shared / "url").write_text(loop.run(_with_template(server.url)))
    yield (shared / "url").read_text()
    with lock:
        users.write_text(users.read_text().replace(f"{os.getpid()}\n", ""))
    if server is not None:
        deadline = time.monotonic() + 600
        while users.read_text() and time.monotonic() < deadline:
            time.sleep(0.2)
        loop.run(server.stop())
        shutil.rmtree(shared, ignore_errors=True)


async def _with_template(url: str) -> str:
    admin = await asyncpg.connect(url)
    await admin.execute("DROP DATABASE IF EXISTS kshare_template WITH (FORCE)")
    await admin.execute("CREATE DATABASE kshare_template")
    await admin.close()
    database = Database(_renamed(url, "kshare_template"), Settings(_env_file=None))
    await migrate.upgrade(database)
    await database.engine.dispose()
    return url


def _renamed(url: str, name: str) -> str:
    from sqlalchemy import make_url

    return make_url(url).set(database=name).render_as_string(hide_password=False)


@contextmanager
def cloned_database(url: str, loop: Loop) -> Iterator[str]:
    """A fresh copy of the template, dropped afterwards."""
    name = f"kshare_{uuid4().hex[:12]}"

    async def change(statement: str) -> None:
        admin = await asyncpg.connect(url)
        await admin.execute(statement)
        await admin.close()

    for attempt in range(50):
        try:
            loop.run(change(f"CREATE DATABASE {name} TEMPLATE kshare_template"))
            break
        except asyncpg.ObjectInUseError:
            # Two processes cloning at once: PostgreSQL lets one in at a time.
            time.sleep(0.1 * (attempt + 1))
    yield _renamed(url, name)
    for attempt in range(50):
        try:
            loop.run(change(f"DROP DATABASE {name} WITH (FORCE)"))
            break
        except asyncpg.InsufficientPrivilegeError:
            # PostgreSQL is vacuuming it, and nobody but its superuser may end that.
            time.sleep(0.1 * (attempt + 1))


@dataclass
class Server:
    """A live server on loopback."""

    url: str
    application: Application
    database_url: str
    loop: Loop
    idle: list["asyncpg.Connection[asyncpg.Record]"] = field(default_factory=list)
    """Connections of `sql`, which only `loop` touches."""

    def sql(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """Looks behind the doors, or prepares what no door offers."""

        async def run() -> list[asyncpg.Record]:
            while self.idle and self.idle[-1].is_closed():
                self.idle.pop()
            connection = (
                self.idle.pop()
                if self.idle
                else await asyncpg.connect(self.database_url, max_cacheable_statement_size=0)
            )
            try:
                found = await connection.fetch(statement, *values)
            except BaseException:
                await connection.close()
                raise
            self.idle.append(connection)
            return found

        result: list[asyncpg.Record] = self.loop.run(run())
        return result

    def close(self) -> None:
        async def run() -> None:
            while self.idle:
                self.idle.pop().terminate()

        self.loop.run(run())

    def settled(self, timeout: float = 120) -> None:
        """Waits until what is in the journal can be read: until no transaction is older, in any database of the
        PostgreSQL that all test processes share."""
        unsettled = "SELECT count(*) AS n FROM journal WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())"
        deadline = time.monotonic() + timeout
        while self.sql(unsettled)[0]["n"]:
            assert time.monotonic() < deadline, "an old transaction does not end"
            time.sleep(0.02)

    def settle(self, timeout: float = 300) -> None:
        """Waits until every reactor has read the whole journal, and done what was left to do."""
        worker = self.application.worker
        names = [reactor.name for reactor in worker._reactors]
        deadline = time.monotonic() + timeout
        behind = """SELECT count(*) AS n FROM unnest($1::text[]) AS r(name) WHERE EXISTS (
          SELECT FROM journal j LEFT JOIN reactor c ON c.name = r.name
          WHERE c.name IS NULL OR (j.xid, j.number) > (c.xid, c.number))"""
        while names and (self.sql(behind, names)[0]["n"] or not worker.at_rest.issuperset(names)):
            assert time.monotonic() < deadline, "the reactors did not catch up"
            worker.wake()
            time.sleep(0.05)


@contextmanager
def held(server: Server, statement: str) -> Iterator[None]:
    """A transaction of somebody else's that holds what the statement locks."""

    async def hold() -> "asyncpg.Connection[asyncpg.Record]":
        connection = await asyncpg.connect(server.database_url)
        await connection.execute("BEGIN")
        await connection.execute(statement)
        return connection

    connection = server.loop.run(hold())
    try:
        yield
    finally:
        server.loop.run(connection.execute("ROLLBACK"))
        server.loop.run(connection.close())


@contextmanager
def live_server(database_url: str, loop: Loop, **options: Any) -> Iterator[Server]:
    """kshare served by Uvicorn in a thread."""
    patient: dict[str, Any] = {"rate_limit": 1_000_000, "failed_sign_ins": 1_000_000, "metrics_pause": 86_400}
    given: dict[str, Any] = {"secret": "a secret for tests, longer than 32 characters", "seal_keys": SEAL_KEYS}
    options = patient | given | options
    settings = Settings(_env_file=None, **options)
    application = build(settings, database_url)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = uvicorn.Config(application, port=port, log_config=None, access_log=False, lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert thread.is_alive() and time.monotonic() < deadline, "the server did not start"
        time.sleep(0.02)
    served = Server(f"http://127.0.0.1:{port}", application, database_url, loop)
    yield served
    served.close()
    application.end_streams()
    server.should_exit = True
    thread.join(10)


class Actor:
    """Somebody with a key, speaking to the server through both doors."""

    def __init__(self, server: Server, id: UUID, name: str, key: str, department_id: UUID | None) -> None:
        self.server, self.id, self.name, self.key, self.department_id = server, id, name, key, department_id
        headers = {"Authorization": f"Bearer {key}"}
        self.rest = httpx.Client(base_url=f"{server.url}/v1", headers=headers, timeout=30, verify=CERTIFICATES)

    def graphql(self, query: str, **variables: Any) -> dict[str, Any]:
        """The whole response: `data`, `errors`, `extensions`."""
        body = {"query": query, "variables": variables}
        response: dict[str, Any] = self.rest.post(f"{self.server.url}/graphql", json=body).json()
        return response

    def data(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of a query that must succeed."""
        response = self.graphql(query, **variables)
        assert "errors" not in response, response["errors"]
        data: dict[str, Any] = response["data"]
        return data

    def item(self, **fields: Any) -> dict[str, Any]:
        """A knowledge item of this person, published unless `publish=False`."""
        body = {"kind": "sop", "title": f"条目 {uuid4().hex[:8]}", "publish": True} | fields
        response = self.rest.post("/knowledge-items", json=body)
        assert response.status_code == 201, response.text
        item: dict[str, Any] = response.json()
        return item


@dataclass
class Company:
    """A small company: root > rd > rd_pressure, root > sales; one person for each role, and two employees elsewhere."""

    server: Server
    departments: dict[str, UUID] = field(default_factory=dict)
    employee: Actor = None  # type: ignore[assignment]  # in rd_pressure, clearance 1
    colleague: Actor = None  # type: ignore[assignment]  # in rd, clearance 1
    outsider: Actor = None  # type: ignore[assignment]  # in sales, clearance 1
    reviewer: Actor = None  # type: ignore[assignment]
    manager: Actor = None  # type: ignore[assignment]  # knowledge manager, company-wide
    rd_manager: Actor = None  # type: ignore[assignment]  # knowledge manager for rd and below
    committee: Actor = None  # type: ignore[assignment]  # decides on ideas, company-wide
    finance: Actor = None  # type: ignore[assignment]
    hr: Actor = None  # type: ignore[assignment]
    admin: Actor = None  # type: ignore[assignment]  # clearance 3
    anonymous: httpx.Client = None  # type: ignore[assignment]

    def hire(
        self,
        name: str,
        department: str,
        *,
        roles: tuple[tuple[str, UUID | None], ...] = (),
        clearance: int = 1,
        scopes: list[str] | None = None,
        kind: str = "person",
    ) -> Actor:
        """A new person with a key."""
        server, id, key, place = self.server, new_id(), keys.new_key(), self.departments[department]
        server.sql(
            "INSERT INTO person (id, kind, name, sort_name, search_name, email, language, department_id, clearance,"
            " active, version, created_at, updated_at)"
            " VALUES ($1, $2, $3, $3, $3, $4, 'zh', $5, $6, true, 1, now(), now())",
            id,
            kind,
            name,
            f"{id}@example.com",
            place,
            clearance,
        )
        server.sql(
            "INSERT INTO membership (id, person_id, department_id, since) VALUES ($1, $2, $3, '2024-01-01')",
            new_id(),
            id,
            place,
        )
        for role, within in roles:
            server.sql(
                "INSERT INTO role_assignment (id, person_id, role, department_id, created_at)"
                " VALUES ($1, $2, $3, $4, now())",
                new_id(),
                id,
                role,
                within,
            )
        server.sql(
            "INSERT INTO api_key (id, person_id, name, digest, hint, scopes, created_at, version)"
            " VALUES ($1, $2, 'test', $3, $4, $5, now(), 1)",
            new_id(),
            id,
            keys.digest(key),
            key[-4:],
            scopes or [p.value for p in Permission],
        )
        return Actor(server, id, name, key, place)


def found_company(server: Server) -> Company:
    company = Company(server)
    paths: dict[str, list[UUID]] = {}
    for name, parent in (("root", None), ("rd", "root"), ("rd_pressure", "rd"), ("sales", "root")):
        id = company.departments[name] = new_id()
        paths[name] = [*paths.get(parent or "", []), id]
        server.sql(
            "INSERT INTO department (id, name, parent_id, path, version, created_at, updated_at)"
            " VALUES ($1, $2, $3, $4, 1, now(), now())",
            id,
            name,
            company.departments.get(parent or ""),
            paths[name],
        )
    company.employee = company.hire("林知夏", "rd_pressure")
    company.colleague = company.hire("周清和", "rd")
    company.outsider = company.hire("Anna Weber", "sales")
    company.reviewer = company.hire("郑远", "rd", roles=(("reviewer", None),))
    company.manager = company.hire("宁书语", "root", roles=(("knowledge_manager", None),), clearance=2)
    company.rd_manager = company.hire("高明", "sales", roles=(("knowledge_manager", company.departments["rd"]),))
    company.committee = company.hire("唐越", "root", roles=(("committee", None),))
    company.finance = company.hire("罗敏仪", "root", roles=(("finance", None),))
    company.hr = company.hire("孟昕岚", "root", roles=(("hr", None),))
    company.admin = company.hire("郝志强", "root", roles=(("administrator", None),), clearance=3)
    company.anonymous = httpx.Client(base_url=f"{server.url}/v1", timeout=30, verify=CERTIFICATES)
    return company


@pytest.fixture(scope="session")
def server(postgres_url: str, loop: Loop) -> Iterator[Server]:
    with cloned_database(postgres_url, loop) as url, live_server(url, loop) as server:
        yield server


@pytest.fixture(scope="session")
def company(server: Server) -> Company:
    return found_company(server)


@pytest.fixture
def fresh(postgres_url: str, loop: Loop) -> Iterator[Company]:
    """An empty database with a company and a server of its own."""
    with cloned_database(postgres_url, loop) as url, live_server(url, loop) as server:
        yield found_company(server)
