"""One PostgreSQL server: its data directory made, its process started, made sure of and ended."""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping

import asyncpg

from kshare.core.postgres.configuration import settings_arguments
from kshare.core.postgres.database import close, connect
from kshare.core.postgres.errors import PostgresError
from kshare.core.postgres.home import SUPERUSER, SUPERUSER_PASSWORD, Home
from kshare.core.postgres.processes import clear_leftovers, ended, how_it_ended

# All in seconds.
_INITDB_PATIENCE = 300.0
_FAST_SHUTDOWN = 30.0  # writes a checkpoint, which takes its time on a slow disk
_IMMEDIATE_SHUTDOWN = 5.0

# The builtin C.UTF-8 collation sorts and changes case, but pg_trgm asks LC_CTYPE of the C library what a letter is:
# with plain "C" it finds no trigram in a Chinese or Cyrillic word. The first of these the machine has is taken.
_CHARACTER_TYPES = ("C.UTF-8", "en_US.UTF-8", "UTF-8", "C")


class Server:
    """The server of one home: at most one process at a time, which may be replaced by another.

    `wanted` is asked while the server starts: the start is given up as soon as it says no.
    """

    def __init__(
        self,
        home: Home,
        settings: Mapping[str, str],
        *,
        report: Callable[[str], None],
        start_timeout: float,
        wanted: Callable[[], bool],
    ) -> None:
        self.home = home
        self.process: subprocess.Popen[bytes] | None = None
        """The last process that was started, dead or alive."""
        self._settings = settings
        self._report = report
        self._start_timeout = start_timeout
        self._wanted = wanted

    @property
    def running(self) -> bool:
        """Whether the process lives. Asking also buries it if it does not: it never stays a zombie."""
        return self.process is not None and self.process.poll() is None

    async def initialize(self) -> None:
        """Make the data directory: completely, or not at all."""
        home = self.home
        self._report(f"Creating a PostgreSQL {home.programs.version} data directory in {home.pgdata}")
        partial = home.pgdata.with_name("pgdata.partial")
        for character_type in _CHARACTER_TYPES:
            await asyncio.to_thread(shutil.rmtree, partial, ignore_errors=True)
            process = home.programs.spawn(
                "initdb",
                f"--pgdata={partial}",
                f"--username={SUPERUSER}",
                f"--pwfile={home.directory / SUPERUSER_PASSWORD}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
                f"--lc-ctype={character_type}",
                "--no-instructions",
                log=home.log,
                cwd=home.directory,
            )
            try:
                if not await ended(process, _INITDB_PATIENCE):
                    raise PostgresError(f"initdb took more than {_INITDB_PATIENCE:g} s\n{home.log.tail()}")
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)  # and what it started
                    process.wait()
            if process.returncode == 0:
                break
            if "invalid locale" not in home.log.tail():
                raise PostgresError(f"initdb {how_it_ended(process)}\n{home.log.tail()}")
        else:
            raise PostgresError(f"initdb knows no locale of this machine\n{home.log.tail()}")
        if character_type == "C":
            self._report("this machine has no UTF-8 locale: trigram search will find ASCII words only")
        await asyncio.to_thread(partial.rename, home.pgdata)

    async def launch(self) -> None:
        """Start the server and wait until it can be used. Raises `PostgresError`, with nothing left running."""
        home = self.home
        deadline = time.monotonic() + self._start_timeout
        while True:
            await clear_leftovers(home, self._report)
            arguments = settings_arguments(home.sockets, self._settings)
            self.process = home.programs.spawn(
                "postgres", "-D", str(home.pgdata), *arguments, log=home.log, cwd=home.directory
            )
            try:
                await self._until_ready()
                return
            except PostgresError as error:
                await self.halt()
                # Orphans of a killed server that we cannot see (macOS) still hold its memory; they end by themselves.
                if "pre-existing shared memory" not in str(error) or time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.5)
            except BaseException:
                await self.halt(orderly=False)
                raise

    async def halt(self, *, orderly: bool = True) -> None:
        """End the process, if there is one, and bury it; `orderly` lets it write a checkpoint, for up to 30 s."""
        process = self.process
        if process is None:
            return
        for number, seconds in (
            (signal.SIGINT, _FAST_SHUTDOWN if orderly else _IMMEDIATE_SHUTDOWN),
            (signal.SIGQUIT, _IMMEDIATE_SHUTDOWN),
            (signal.SIGKILL, _IMMEDIATE_SHUTDOWN),
        ):
            if process.poll() is None:
                process.send_signal(number)
                await ended(process, seconds)

    def kill(self) -> None:
        """Tell the process to end at once, without a checkpoint."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)

    async def _until_ready(self) -> None:
        home = self.home
        began = answered = reported = time.monotonic()
        while True:
            if not self._wanted():
                raise PostgresError("PostgreSQL was stopped while it started")
            if not self.running:
                raise PostgresError(f"PostgreSQL {how_it_ended(self.process)} while it started\n{home.log.tail()}")
            try:
                await close(await connect(home))
                return
            except asyncpg.InvalidPasswordError as error:
                path = home.directory / SUPERUSER_PASSWORD
                raise PostgresError(f"{path} does not hold the password of this server; restore it") from error
            except asyncpg.CannotConnectNowError as error:
                # It lives and replays its log. Stopping it would only make the next start begin again.
                answered = time.monotonic()
                if answered - reported > 10:
                    self._report(f"waiting for PostgreSQL since {answered - began:.0f} s: {error}")
                    reported = answered
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                if time.monotonic() - answered > self._start_timeout:
                    raise PostgresError(
                        f"PostgreSQL did not answer within {self._start_timeout:g} s\n{home.log.tail()}"
                    ) from None
            await asyncio.sleep(0.05)
