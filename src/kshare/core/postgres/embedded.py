"""The embedded server as the rest of kshare sees it: started, kept alive, stopped."""

import asyncio
import logging
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from kshare.core.postgres.database import provide_database
from kshare.core.postgres.errors import PostgresError
from kshare.core.postgres.home import prepare, url_of_running
from kshare.core.postgres.server import Server
from kshare.core.postgres.watch import until_lost

# All in seconds.
_IDLE = 0.2  # between two looks whether there is something to watch
_SETTLED = 10.0  # a server that lived so long starts the back-off anew
_LONGEST_PAUSE = 30.0


class EmbeddedPostgres:
    """One PostgreSQL server, a child of this process, on the data in `directory`.

    `start`, then `supervise` in a task for as long as the server is wanted, then cancel that task and `stop`. The
    caller makes sure that no other process does the same with this directory (`DirectoryLock`): a server found
    running there is taken for one that a crashed kshare left behind, and is stopped.
    """

    def __init__(
        self,
        directory: Path,
        *,
        report: Callable[[str], None] = logging.getLogger(__name__).info,
        start_timeout: float = 60.0,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """`report` is told, in plain sentences, what takes time or goes wrong.

        `start_timeout` is in seconds and bounds the silence of a starting server: one that answers that it is still
        replaying its log after a crash may take longer. `settings` are server settings that replace the defaults.
        """
        self._directory = directory.expanduser().resolve()
        self._report = report
        self._start_timeout = start_timeout
        self._settings = dict(settings or {})
        self._url: str | None = None
        self._server: Server | None = None
        self._wanted = False
        self._turn = asyncio.Lock()  # start, stop and restart, one at a time

    @property
    def url(self) -> str:
        """The application role's URL, password included; the same for the life of the data directory.

        Raises `PostgresError` before the first `start`.
        """
        if self._url is None:
            raise PostgresError("the embedded PostgreSQL has no URL before it was started")
        return self._url

    @property
    def running(self) -> bool:
        """Whether the server's process lives. Asking also buries it if it does not: it never stays a zombie."""
        return self._server is not None and self._server.running

    def attach(self) -> str:
        """The URL of the server that another process runs on this directory; touches nothing.

        Raises `PostgresError` when there is none that can be found: it is still starting, or nobody runs one.
        """
        self._url = url_of_running(self._directory)
        return self._url

    def kill(self) -> None:
        """End the server's process at once, without a checkpoint; for those in a hurry. Committed data is safe."""
        self._wanted = False
        if self._server is not None:
            self._server.kill()

    async def start(self) -> None:
        """Start the server and return when the application's database can be used; does nothing if it runs.

        Makes what is missing: the data directory, the role, the database. Stops a server that a crashed kshare left
        on this directory. Raises `PostgresError` when the server cannot start; nothing is left running then.
        """
        async with self._turn:
            if self.running:
                return
            self._wanted = True
            began = time.monotonic()
            try:
                home = await asyncio.to_thread(prepare, self._directory, self._report)
                self._url = home.url
                self._server = server = Server(
                    home,
                    self._settings,
                    report=self._report,
                    start_timeout=self._start_timeout,
                    wanted=self._is_wanted,
                )
                if not await asyncio.to_thread(home.pgdata.exists):
                    await server.initialize()
                await server.launch()
                await provide_database(home)
            except BaseException as error:
                self._wanted = False
                await self._halt()
                if isinstance(error, OSError):
                    raise PostgresError(f"cannot run PostgreSQL in {self._directory}: {error}") from error
                raise
            self._report(f"PostgreSQL {home.programs.version} is ready after {time.monotonic() - began:.1f} s")

    async def stop(self) -> None:
        """Stop the server and wait for its end: at first orderly, cutting off clients, after 30 s by force.

        Does nothing when it does not run. Committed data is safe in either case.
        """
        self._wanted = False  # also ends a restart that `supervise` may be in the middle of
        async with self._turn:
            await self._halt()

    async def supervise(self) -> None:
        """Until cancelled: watch the server and restart it whenever it dies or no longer answers.

        A death is noticed within a second. Restarts that fail, or servers that die young, are retried after pauses
        that grow to 30 s. Never raises of its own accord: what goes wrong is reported.
        """
        failures = 0
        while True:
            server = self._server
            process = None if server is None else server.process
            if not self._wanted or self._turn.locked() or server is None or process is None:
                await asyncio.sleep(_IDLE)  # nothing to watch, or on its way up or down already
                continue
            began = time.monotonic()
            loss = await until_lost(server.home, process, self._is_wanted)
            # Whoever stopped and started it meanwhile has put another process in its place, or is about to.
            if loss is None or self._turn.locked() or not self._is_current(server, process):
                continue
            if time.monotonic() - began > _SETTLED:
                failures = 0
            self._report(f"PostgreSQL {loss}; restarting it")
            lost = time.monotonic()
            while self._wanted:
                await asyncio.sleep(_pause(failures))
                failures += 1
                try:
                    async with self._turn:
                        if self._wanted and self._is_current(server, process):  # nobody else restarted it meanwhile
                            await server.halt(orderly=False)
                            await server.launch()
                            self._report(f"PostgreSQL is back after {time.monotonic() - lost:.1f} s")
                    break
                except Exception as error:  # nothing but a cancellation may end the watch
                    process = server.process
                    self._report(f"PostgreSQL did not restart, next attempt in {_pause(failures):g} s: {error}")

    def _is_wanted(self) -> bool:
        return self._wanted

    def _is_current(self, server: Server, process: subprocess.Popen[bytes] | None) -> bool:
        return self._server is server and server.process is process

    async def _halt(self) -> None:
        if self._server is not None:
            await self._server.halt()


def _pause(failures: int) -> float:
    """Seconds before the next restart: none at first, then half a second, doubling."""
    return min(_LONGEST_PAUSE, 0.5 * 2.0 ** min(failures - 1, 10)) if failures else 0.0
