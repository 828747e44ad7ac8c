"""Several processes that answer requests, on the sockets and the PostgreSQL of the one that keeps them running."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from kshare.console import Console, Refused
from kshare.core.postgres import EmbeddedPostgres
from kshare.core.settings import Settings
from kshare.serving.process import GRACE, configure_process, open_to_clients
from kshare.serving.ready import Ready
from kshare.serving.stop import Stop
from kshare.store import data_directory

_SETTLED = 10.0
"""Seconds after which a worker's death is no longer put down to its start."""

URL, SOCKETS = "KSHARE_DATABASE_URL", "KSHARE_SERVING_SOCKETS"
"""What a worker process is told by its environment."""


@dataclass
class _Child:
    """A worker process. Its stdin is a pipe from us: when it closes, however we end, the worker stops."""

    process: subprocess.Popen[bytes]
    began: float


async def serve_in_workers(
    settings: Settings,
    console: Console,
    url: str,
    sockets: list[socket.socket],
    stop: Stop,
    postgres: EmbeddedPostgres | None,
    began: "Ready",
) -> None:
    """Keeps the workers running until told to stop."""
    configure_process(settings)
    leaving = asyncio.Event()
    stop.orderly = leaving.set
    metrics = data_directory(settings) / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir(mode=0o700)
    for listener in sockets:
        open_to_clients(listener)
    children = [_spawn(settings, url, sockets, metrics) for _ in range(settings.workers)]

    def kill() -> None:
        for child in children:
            child.process.kill()
        if postgres is not None:
            postgres.kill()

    stop.at_once = kill
    told = False
    try:
        while not leaving.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(leaving.wait(), 0.2)
            for position, child in enumerate(children):
                if child.process.poll() is None or leaving.is_set():
                    continue
                if time.monotonic() - child.began < _SETTLED:
                    if not told:
                        raise Refused("a worker did not start; the lines above say why")
                    await asyncio.sleep(1)  # it dies young: not in a busy loop
                console.say(f"Worker {child.process.pid} ended ({child.process.returncode}); starting another.")
                children[position] = _spawn(settings, url, sockets, metrics)
            if not told and await asyncio.to_thread(_answers, sockets[0]):
                told = True
                began.tell()
    finally:
        await _end(children)


def _spawn(settings: Settings, url: str, sockets: list[socket.socket], metrics: Path) -> _Child:
    descriptors = [one.fileno() for one in sockets]
    environment = {
        **os.environ,
        **_as_environment(settings),
        URL: url,
        SOCKETS: ",".join(map(str, descriptors)),
        "PROMETHEUS_MULTIPROC_DIR": str(metrics),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "kshare.serving.worker"],
        stdin=subprocess.PIPE,
        pass_fds=descriptors,
        env=environment,
        start_new_session=True,  # Ctrl-C in the terminal is for this process, which tells the others
    )
    return _Child(process, time.monotonic())


def _as_environment(settings: Settings) -> dict[str, str]:
    """What was given on the command line, for the workers to read."""
    return {
        "KSHARE_DATA_DIR": str(settings.data_dir.expanduser().resolve()),
        "KSHARE_WORKERS": str(settings.workers),
        "KSHARE_LOG_FORMAT": settings.log_format,
        "KSHARE_DEMO": "false",
    }


async def _end(children: list[_Child]) -> None:
    for child in children:
        assert child.process.stdin is not None
        child.process.stdin.close()
    deadline = time.monotonic() + GRACE + 3
    while any(child.process.poll() is None for child in children):
        await asyncio.sleep(0.05)
        if time.monotonic() > deadline:
            for child in children:
                child.process.kill()


def _answers(listener: socket.socket) -> bool:
    """Whether one of the workers answers."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not listened on
    try:
        with socket.create_connection((host, port), timeout=0.5) as probe:
            probe.sendall(b"GET /livez HTTP/1.1\r\nHost: kshare\r\nConnection: close\r\n\r\n")
            return probe.recv(12).endswith(b"200")
    except OSError:
        return False
