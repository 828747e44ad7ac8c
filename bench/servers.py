"""What the benchmark runs: one PostgreSQL, and servers on it, each a process of its own on a loopback port."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import make_url

from bench import schema, seed
from kshare.console import Console
from kshare.core.postgres import EmbeddedPostgres

SECRET = "a secret for benchmarks, longer than 32 characters"
PATIENCE = 60.0
"""Seconds a server has to start."""

SEEDING = {
    "fsync": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "full_page_writes": "off",
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "1h",
    "autovacuum": "off",
}
"""Settings of the PostgreSQL that is seeded. It is stopped, and written out, before anything is measured."""


class ServerError(Exception):
    """A server did not start, or cannot be found; the message says why."""


@asynccontextmanager
async def postgres(directory: Path, console: Console, settings: dict[str, str] | None = None) -> AsyncIterator[str]:
    """The URL of the benchmark's own PostgreSQL; with its defaults, so durable, unless `settings` say otherwise."""
    server = EmbeddedPostgres(directory / "postgres", report=lambda _: None, settings=settings)
    with console.step("Starting PostgreSQL"):
        await server.start()
    try:
        yield server.url
    finally:
        await server.stop()


def renamed(url: str, database: str) -> str:
    """The URL of another database of the same server."""
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def make_directory(directory: Path, *, fresh: bool) -> None:
    """A directory that PostgreSQL's user can pass; with `fresh` without what was seeded before."""
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o755)
    if fresh:
        shutil.rmtree(directory / "postgres", ignore_errors=True)


def clear(directory: Path) -> None:
    """Removes what a run leaves, and nothing that it did not make."""
    for path in (directory / "postgres", *directory.glob("data-*")):
        shutil.rmtree(path, ignore_errors=True)
    for path in directory.glob("*.log"):
        path.unlink()


async def prepare(directory: Path, sizes: tuple[int, ...], console: Console) -> dict[int, seed.Seeded]:
    """Makes sure that there is a database of each size, and tells what is in them."""
    known: dict[int, seed.Seeded] = {}
    if (directory / "postgres").exists():
        async with postgres(directory, console) as url:
            await _create(url, "bench_new")
            for items in sizes:
                if (facts := await _known(url, items, console)) is not None:
                    known[items] = facts
    missing = [items for items in sizes if items not in known]
    if missing:
        async with postgres(directory, console, SEEDING) as url:
            for items in missing:
                await _create(url, name_of(items))
                async with connected(renamed(url, name_of(items))) as connection:
                    known[items] = await seed.seed(connection, items, console)
        with console.step("Writing it to disk"):
            await asyncio.to_thread(os.sync)
    return {items: known[items] for items in sizes}


async def _create(url: str, name: str) -> None:
    """An empty database with the newest schema."""
    await administer(url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
    await schema.migrated(renamed(url, name))


async def _known(url: str, items: int, console: Console) -> seed.Seeded | None:
    """What is in a database that was seeded completely and can be used; None if there is none."""
    address = renamed(url, name_of(items))
    try:
        async with connected(address) as connection, connected(renamed(url, "bench_new")) as new:
            facts = await seed.seeded(connection, items)
            if facts is None:
                return None
            with console.step(f"Bringing {name_of(items)} up to date"):
                reason = await schema.brought_up_to_date(connection, address, new)
    except asyncpg.InvalidCatalogNameError:
        return None
    if reason is not None:
        console.say(f"{name_of(items)} has to be seeded again: {reason}")
        return None
    return facts


async def administer(url: str, *statements: str) -> None:
    """Runs statements that belong to no transaction."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def name_of(items: int) -> str:
    """`bench_10k`, `bench_1m`."""
    return f"bench_{items // 1_000_000}m" if items % 1_000_000 == 0 else f"bench_{items // 1_000}k"


@asynccontextmanager
async def cloned(url: str, items: int) -> AsyncIterator[str]:
    """A copy of a seeded database to write into, dropped afterwards."""
    name = f"{name_of(items)}_copy"
    drop = f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
    await administer(url, drop, f"CREATE DATABASE {name} TEMPLATE {name_of(items)}")
    try:
        yield renamed(url, name)
    finally:
        await administer(url, drop)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection of one's own, to look behind the servers."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@dataclass(frozen=True)
class Server:
    """A server that answers on a port of this machine."""

    name: str
    port: int
    process: "subprocess.Popen[bytes]"

    def memory(self) -> int:
        """Its resident memory, in bytes."""
        kilobytes = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(self.process.pid)], capture_output=True, text=True, check=True
        ).stdout
        return int(kilobytes) * 1024

    def ask(self, method: str, path: str, key: str, body: bytes | None = None) -> Any:
        """One request outside of all measurements; its answer, or ServerError for one that is no success."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        url = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            answer = error.read().decode(errors="replace")[:1000]
            raise ServerError(f"{self.name}: {method} {path} answers {error.code}: {answer}") from None


@contextmanager
def kshare(url: str, directory: Path, name: str = "kshare") -> Iterator[Server]:
    """`kshare serve` as in production: one process, reactors included, its log in a file."""
    variables = {
        "KSHARE_DATABASE_URL": url,
        "KSHARE_ENVIRONMENT": "production",
        "KSHARE_DATA_DIR": str(directory / f"data-{name}"),
        "KSHARE_SECRET": SECRET,
        "KSHARE_RATE_LIMIT": "1000000000",
        "KSHARE_LOG_FORMAT": "json",
    }
    port = _free_port()
    command = [sys.executable, "-m", "kshare.cli", "serve", "--port", str(port)]
    with _running(name, command, port, "/livez", variables, directory) as server:
        yield server


@contextmanager
def bare(url: str, directory: Path) -> Iterator[Server]:
    """The yardstick."""
    port = _free_port()
    command = [sys.executable, "-m", "bench.bare", str(port)]
    paths = {"PYTHONPATH": str(Path(__file__).parents[1])}
    with _running("bare", command, port, "/livez", {"BENCH_DSN": url} | paths, directory) as server:
        yield server


@contextmanager
def _running(
    name: str, command: list[str], port: int, probe: str, variables: dict[str, str], directory: Path
) -> Iterator[Server]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("KSHARE_")}
    log_path = directory / f"{name}.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=directory, env=inherited | variables
        )
    server = Server(name, port, process)
    try:
        deadline = time.monotonic() + PATIENCE
        while not _answers(port, probe):
            if process.poll() is not None or time.monotonic() > deadline:
                raise ServerError(f"{name} did not start:\n{log_path.read_text(errors='replace')[-3000:]}")
            time.sleep(0.1)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
