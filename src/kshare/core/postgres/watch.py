"""The watch over a running server: is it dead, or alive without an answer?"""

import asyncio
import subprocess
import time
from collections.abc import Callable

import asyncpg

from kshare.core.postgres.database import Connection, close, connect
from kshare.core.postgres.home import Home
from kshare.core.postgres.processes import how_it_ended

# All in seconds.
_POLL = 0.2  # how often the process is looked at
_PROBE_PAUSE = 1.0
_PROBE_PATIENCE = 10.0
_HUNG_AFTER = 30.0  # a live server without an answer for so long is lost

_PROBES_PER_CONNECTION = 10


async def until_lost(home: Home, process: subprocess.Popen[bytes], wanted: Callable[[], bool]) -> str | None:
    """Wait until this process of the server is dead or hung and say which; None when it is no longer wanted."""
    probe = asyncio.create_task(_probe(home))
    try:
        while wanted():
            if process.poll() is not None:
                return how_it_ended(process)
            if probe.done():
                return probe.result()
            await asyncio.wait({probe}, timeout=_POLL)
        return None
    finally:
        probe.cancel()
        await asyncio.wait({probe})


async def _probe(home: Home) -> str:
    """Ask the server something every second; return what is wrong when it will not serve any more."""
    connection: Connection | None = None
    answered, lost, asked = time.monotonic(), 0, 0
    try:
        while lost < 3 or time.monotonic() - answered < _HUNG_AFTER:
            try:
                if connection is None:
                    connection = await connect(home, _PROBE_PATIENCE)
                await connection.fetchval("SELECT 1", timeout=_PROBE_PATIENCE)
                answered, lost, asked = time.monotonic(), 0, asked + 1
                if asked % _PROBES_PER_CONNECTION == 0:
                    # A server that old clients can use may still be closed to new ones.
                    await close(connection)
                    connection = None
            except asyncpg.CannotConnectNowError as error:
                if "shutting down" in str(error):
                    # Somebody asked it to end when its last client leaves, and our own pool never does.
                    return "is shutting down, which we did not ask for"
                # "Recovering after a crash of one of my processes" is an answer too: it heals itself.
                answered, lost = time.monotonic(), 0
            except Exception as error:  # whatever it is, the watch goes on
                if isinstance(error, asyncpg.TooManyConnectionsError):
                    answered, lost = time.monotonic(), 0
                else:
                    lost += 1
                if connection is not None:
                    connection.terminate()
                    connection = None
            home.log.trim()
            await asyncio.sleep(_PROBE_PAUSE)
    finally:
        if connection is not None:
            connection.terminate()
    return f"has not answered for {_HUNG_AFTER:g} s"
