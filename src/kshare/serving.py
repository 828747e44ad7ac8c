"""`kshare serve`: from nothing to a server that answers, and back, one process or several.

One event loop runs everything in this process: PostgreSQL's supervision, the start, and with one worker the requests.
With several workers each is a process of its own, started here, on the sockets and the PostgreSQL that this one owns.
"""

import asyncio
import contextlib
import errno
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import uvicorn
import uvloop

from kshare.console import Console, Refused
from kshare.core.database import Database
from kshare.core.postgres import DirectoryLock, EmbeddedPostgres
from kshare.core.settings import Settings, SettingsError
from kshare.edge.telemetry import configure_logging, configure_tracing, flush_logs, stop_tracing
from kshare.store import bring_up_to_date, data_directory, running_postgres

_GRACE = 5
"""Seconds that running requests and open streams get when the server stops."""

_FORCED = 130
"""The exit status after a second Ctrl-C."""

_SETTLED = 10.0
"""Seconds after which a worker's death is no longer put down to its start."""

_URL, _SOCKETS = "KSHARE_DATABASE_URL", "KSHARE_SERVING_SOCKETS"


class Stop:
    """Ctrl-C and SIGTERM: the first stops orderly, the second at once."""

    def __init__(self, console: Console) -> None:
        self.orderly: Callable[[], object] = lambda: None
        self.at_once: Callable[[], object] = lambda: None
        self._console = console
        self._asked = False

    def install(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._signalled)

    def _signalled(self) -> None:
        if self._asked:
            self.at_once()
            self._console.say("Stopped at once.")
            flush_logs()
            os._exit(_FORCED)
        self._asked = True
        self._console.say("Stopping; once more to stop at once …")
        self.orderly()


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers: `Stop` has them. Before it waits for connections to close, it ends the
    event streams, which have no end of their own."""

    def __init__(self, config: uvicorn.Config, end_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self._end_streams = end_streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._end_streams()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(settings: Settings, console: Console) -> None:
    """Serves until told to stop. Raises what keeps it from starting: `Refused`, `SettingsError`, `DirectoryInUse`,
    `PostgresError`."""
    check(settings)
    _in_loop(console, lambda stop: _serve(settings, console, stop))


def work(settings: Settings, console: Console, *, store: Any) -> None:
    """Runs the reactors until told to stop; `store` is the context that gives the database's URL."""
    configure_process(settings)

    async def run(stop: Stop) -> None:
        async with store as url:
            database = Database(url, settings)
            try:
                await bring_up_to_date(database, console)
            finally:
                await database.close()
            from kshare import worker

            console.say("The reactors run. Ctrl-C stops them.")
            await worker.run(settings, url)

    _in_loop(console, run)
    stop_tracing()
    flush_logs()


def _in_loop(console: Console, main: Callable[[Stop], Any]) -> None:
    async def run() -> None:
        stop = Stop(console)
        stop.install()
        task: asyncio.Task[None] = asyncio.ensure_future(main(stop))
        stop.orderly = task.cancel
        with contextlib.suppress(asyncio.CancelledError):
            await task

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


def check(settings: Settings) -> None:
    """Raises `SettingsError` for what could not be served safely."""
    if settings.environment == "production" and settings.demo:
        raise SettingsError("KSHARE_DEMO: the demo company, whose keys lie in a file, is not for production")
    if settings.environment == "production":
        _ = settings.signing_secret


async def _serve(settings: Settings, console: Console, stop: Stop) -> None:
    directory = data_directory(settings)
    with DirectoryLock(directory), listening(settings) as sockets:
        _ = settings.signing_secret  # made now, once, and not by several workers at the same time
        # The application takes seconds to import, and most of PostgreSQL's start is waiting for another process.
        loading = asyncio.create_task(asyncio.to_thread(import_module, "kshare.app"))
        async with running_postgres(settings, console) as (url, postgres):
            if postgres is not None:
                stop.at_once = postgres.kill
            await loading
            keys = await _prepare(settings, console, url)
            began = Ready(settings, console, sockets, keys)
            if settings.workers == 1:
                await _serve_here(settings, url, sockets, stop, began)
            else:
                await _serve_in_workers(settings, console, url, sockets, stop, postgres, began)
    console.say("Stopped.")


async def _prepare(settings: Settings, console: Console, url: str) -> dict[str, str]:
    """Brings the database to where it can be served from; the demo keys, if there are any."""
    database = Database(url, settings)
    try:
        await bring_up_to_date(database, console)
        if not settings.demo:
            return {}
        from kshare.demo.load import load_demo

        return await load_demo(database, data_directory(settings), console)
    finally:
        await database.close()


# ---- one process ----------------------------------------------------------------------------------------------------


def configure_process(settings: Settings) -> None:
    """Logs and traces of a process that serves."""
    configure_logging(settings)
    configure_tracing(settings)
    if settings.log_level != "debug":
        # What Uvicorn says of its own life is what we say ourselves.
        logging.getLogger("uvicorn").setLevel(logging.WARNING)


async def _run_server(
    settings: Settings, url: str, sockets: list[socket.socket], ready: Callable[[_Server], None]
) -> None:
    """Serves in this process until the server is told to stop; `ready` is called once it answers."""
    from kshare.app import build  # late: with several workers the parent never needs it, and metrics read an address

    configure_process(settings)
    application = build(settings, url)
    config = uvicorn.Config(
        application,
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=_GRACE,
    )
    server = _Server(config, application.end_streams)
    for listener in sockets:
        _listen(listener)
    serving = asyncio.create_task(server.serve(sockets=sockets))
    try:
        while not (server.started or serving.done()):  # noqa: ASYNC110 - Uvicorn tells in no other way
            await asyncio.sleep(0.01)
        if server.started:
            ready(server)
        await serving
    except asyncio.CancelledError:
        server.should_exit = True
        await asyncio.wait([serving])
        raise
    except SystemExit:
        raise Refused("the application did not start; the lines above say why") from None
    finally:
        stop_tracing()
        flush_logs()


async def _serve_here(settings: Settings, url: str, sockets: list[socket.socket], stop: Stop, began: "Ready") -> None:
    def ready(server: _Server) -> None:
        def leave() -> None:
            server.should_exit = True

        stop.orderly = leave
        began.tell()

    await _run_server(settings, url, sockets, ready)


@contextmanager
def listening(settings: Settings) -> Iterator[list[socket.socket]]:
    """Sockets bound to the address, not yet open to clients. Raises `Refused` when it is taken."""
    sockets: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise Refused(f"KSHARE_HOST: there is no address {settings.host!r} here: {error.strerror}") from None
    port = settings.port
    try:
        for family, _, _, _, address in dict.fromkeys(found):
            try:
                one = socket.socket(family, socket.SOCK_STREAM)
                sockets.append(one)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                one.bind((address[0], port, *address[2:]))
            except OSError as error:
                raise _taken(error, settings.host, port) from None
            one.setblocking(False)
            port = one.getsockname()[1]
        yield sockets
    finally:
        for one in sockets:
            one.close()


def _listen(one: socket.socket) -> None:
    try:
        one.listen(2048)
    except OSError as error:  # two that start at the same moment can both bind, but only one can listen
        raise _taken(error, *one.getsockname()[:2]) from None


def _taken(error: OSError, host: str, port: int) -> Refused:
    if error.errno == errno.EADDRINUSE:
        return Refused(
            f"port {port} on {host} is in use by another program: stop it, or set KSHARE_PORT to another port"
        )
    if error.errno == errno.EACCES:
        return Refused(f"port {port} needs more rights than kshare has: set KSHARE_PORT to one above 1023")
    return Refused(f"cannot listen on {host}, port {port} (KSHARE_HOST, KSHARE_PORT): {error.strerror}")


# ---- several processes ----------------------------------------------------------------------------------------------


@dataclass
class _Child:
    """A worker process. Its stdin is a pipe from us: when it closes, however we end, the worker stops."""

    process: subprocess.Popen[bytes]
    began: float


async def _serve_in_workers(
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
        _listen(listener)
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
        _URL: url,
        _SOCKETS: ",".join(map(str, descriptors)),
        "PROMETHEUS_MULTIPROC_DIR": str(metrics),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "kshare.serving"],
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
    deadline = time.monotonic() + _GRACE + 3
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


async def _work_as_child() -> None:
    """The life of a worker process: serves until its stdin closes or it is told to end."""
    url = os.environ[_URL]
    settings = Settings()
    sockets = [socket.socket(fileno=int(number)) for number in os.environ[_SOCKETS].split(",")]
    loop = asyncio.get_running_loop()

    def ready(server: _Server) -> None:
        def leave() -> None:
            loop.remove_reader(0)
            server.should_exit = True

        loop.add_reader(0, leave)  # nobody ever writes there: readable means closed
        loop.add_signal_handler(signal.SIGTERM, leave)

    await _run_server(settings, url, sockets, ready)


# ---- what is said ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ready:
    """Tells, once the server answers, where it is and how to talk to it."""

    settings: Settings
    console: Console
    sockets: list[socket.socket]
    keys: dict[str, str]

    @property
    def address(self) -> str:
        """Where clients on this machine, or those that `KSHARE_PUBLIC_URL` is for, find the server."""
        if self.settings.public_url is not None:
            return str(self.settings.public_url).rstrip("/")
        host, port = self.sockets[0].getsockname()[:2]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not listened on
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def tell(self) -> None:
        """Prints it."""
        say, address = self.console.say, self.address
        say()
        say(f"kshare is ready at {address}")
        say()
        for name, path in (
            ("REST", "/v1"),
            ("Documentation", "/docs"),
            ("GraphQL", "/graphql"),
            ("OpenAPI", "/openapi.json"),
            ("GraphQL schema", "/schema.graphql"),
        ):
            say(f"  {name:<15} {address}{path}")
        say()
        if self.keys:
            say(f"Demo keys (also in {self.settings.data_dir / 'demo-keys.json'}):")
            for role, key in self.keys.items():
                say(f"  {role:<15} {key}")
            say()
            say("Try:")
            key = self.keys["employee"]
            say(f"  curl -s -H 'Authorization: Bearer {key}' '{address}/v1/knowledge-items?limit=3'")
        else:
            say("Make a key with `kshare keys create`; the first administrator with `kshare people add --admin`.")
        say()
        say("Ctrl-C stops it.")


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as child_runner:
        child_runner.run(_work_as_child())
