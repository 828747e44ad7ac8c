"""`kshare serve`: from nothing to a server that answers, and back, one process or several.

One event loop runs everything in this process: PostgreSQL's supervision, the start, and with one worker the requests.
With several workers each is a process of its own, started here, on the sockets and the PostgreSQL that this one owns.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from importlib import import_module
from typing import Any

import uvloop

from kshare.console import Console
from kshare.core.database import Database
from kshare.core.postgres import DirectoryLock
from kshare.core.sealing import Keyring
from kshare.core.settings import Settings, SettingsError
from kshare.edge.graphql_documents import trusted_documents
from kshare.edge.telemetry import flush_logs, stop_tracing
from kshare.serving.process import Server, configure_process, listening, run_server
from kshare.serving.ready import Ready
from kshare.serving.stop import Stop
from kshare.serving.workers import serve_in_workers
from kshare.store import bring_up_to_date, data_directory, running_postgres


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
    console.say("Stopped.")
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
    """Raises `SettingsError` for what could not be served, or not safely."""
    if settings.environment == "production" and settings.demo:
        raise SettingsError("KSHARE_DEMO: the demo company, whose keys lie in a file, is not for production")
    if settings.environment == "production":
        _ = settings.signing_secret
    if settings.oidc_issuer is not None:
        from kshare.people.provider import token_verifier  # late: it takes a while

        token_verifier(settings)
    trusted_documents(settings)


async def _serve(settings: Settings, console: Console, stop: Stop) -> None:
    directory = data_directory(settings)
    with DirectoryLock(directory), listening(settings) as sockets:
        _ = settings.signing_secret  # made now, once, and not by several workers at the same time
        _ = Keyring.configured(settings).available
        # The application takes seconds to import, and most of PostgreSQL's start is waiting for another process.
        # Not with several workers: this process then needs no application, and its metrics are not to be counted.
        wanted = "kshare.app" if settings.workers == 1 else "kshare.migrate"
        loading = asyncio.create_task(asyncio.to_thread(import_module, wanted))
        async with running_postgres(settings, console) as (url, postgres):
            if postgres is not None:
                stop.at_once = postgres.kill
            await loading
            keys = await _prepare(settings, console, url)
            began = Ready(settings, console, sockets, keys)
            if settings.workers == 1:
                await _serve_here(settings, url, sockets, stop, began)
            else:
                await serve_in_workers(settings, console, url, sockets, stop, postgres, began)
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


async def _serve_here(settings: Settings, url: str, sockets: list[socket.socket], stop: Stop, began: Ready) -> None:
    def ready(server: Server) -> None:
        def leave() -> None:
            server.should_exit = True

        stop.orderly = leave
        began.tell()

    await run_server(settings, url, sockets, ready)
