"""Processes of the operating system: how one ended, and which servers are left on a data directory."""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from kshare.core.postgres.errors import PostgresError
from kshare.core.postgres.home import SOCKET, Home

_ORDERLY = 30.0  # seconds; writes a checkpoint, which takes its time on a slow disk

_PROC = Path("/proc")  # Linux only


async def ended(process: subprocess.Popen[bytes], patience: float) -> bool:
    """Wait for the end of a process, at most so many seconds; whether it came."""
    deadline = time.monotonic() + patience
    while process.poll() is None:
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True


def how_it_ended(process: subprocess.Popen[bytes] | None) -> str:
    """What became of a process, to be read after "PostgreSQL"."""
    status = None if process is None else process.returncode
    if status is None:
        return "is not running"
    if status >= 0:
        return f"exited with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:  # most real-time signals have no name
        return f"was killed by signal {-status}"


async def clear_leftovers(home: Home, report: Callable[[str], None]) -> None:
    """Make room on the data directory: end the server of a crashed kshare, and orphans of a killed server.

    Two servers on one directory would destroy it. PostgreSQL guards against that, but by refusing to start. Raises
    `PostgresError` when some process cannot be ended.
    """
    survivors = await asyncio.to_thread(_servers_on, home.pgdata)
    left_behind = _recorded_process(home.pgdata / "postmaster.pid")
    steps: list[tuple[signal.Signals | None, float]]
    if left_behind in survivors:
        report(f"Stopping the PostgreSQL server (process {left_behind}) that an earlier kshare left behind")
        steps = [(signal.SIGINT, _ORDERLY)]
    else:
        steps = [(None, 0.5)]  # orphans notice the death of their parent by themselves, unless they are busy
    for number, seconds in (*steps, (signal.SIGQUIT, 2.0), (signal.SIGKILL, 5.0)):
        if not survivors:
            break
        for process in survivors:
            # To a server SIGINT means an orderly shutdown; to the processes it forked, which it will end itself,
            # it means no more than "cancel the statement".
            if number is not None and (number is not signal.SIGINT or process == left_behind):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, number)
        deadline = time.monotonic() + seconds
        while survivors and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
            survivors = await asyncio.to_thread(_servers_on, home.pgdata)
    if survivors:
        raise PostgresError(f"PostgreSQL processes {survivors} still use {home.pgdata} and cannot be ended")
    await asyncio.to_thread(_forget_dead_locks, home)


def _forget_dead_locks(home: Home) -> None:
    """Remove lock files that name no process, or one that now is some other program.

    After a restart of the machine or container the second is common; the first is what a loss of power leaves
    that came between making the file and writing it. PostgreSQL would refuse to start on either. Its file also
    guards against orphans, so this is done only where we could see that there are none.
    """
    if not _PROC.is_dir():
        return
    for path in (home.pgdata / "postmaster.pid", home.sockets / f"{SOCKET}.lock"):
        process = _recorded_process(path)
        if process is None or (_PROC / str(process)).exists():
            path.unlink(missing_ok=True)


def _servers_on(pgdata: Path) -> list[int]:
    """The processes of PostgreSQL servers that work on a data directory, zombies excluded.

    Every one of them has the data directory as its working directory, and no process id can lie about that. Without
    /proc only the main process can be told, by its command line.
    """
    if not _PROC.is_dir():
        listing = subprocess.run(["/bin/ps", "-axww", "-o", "pid=,command="], capture_output=True, check=False)
        pattern = re.compile(rb"\s*(\d+) \S*/postgres -D " + re.escape(os.fsencode(pgdata)) + rb"(?: |$)")
        return [int(match[1]) for line in listing.stdout.splitlines() if (match := pattern.match(line))]
    found = []
    for process in _PROC.iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):  # it ended, or it is somebody else's
                program = os.path.basename(os.readlink(process / "exe")).removesuffix(" (deleted)")
                if program == "postgres" and os.path.samefile(process / "cwd", pgdata):
                    found.append(int(process.name))
    return found


def _recorded_process(path: Path) -> int | None:
    """The process id in the first line of one of PostgreSQL's lock files."""
    try:
        return abs(int(path.read_text().splitlines()[0]))
    except (OSError, ValueError, IndexError):
        return None
