"""`python -m kshare.serving.worker`: one of several processes that answer requests; started by `workers` only."""

import asyncio
import os
import signal
import socket

import uvloop

from kshare.core.settings import Settings
from kshare.serving.process import Server, run_server
from kshare.serving.workers import SOCKETS, URL


async def live() -> None:
    """The life of a worker process: serves until its stdin closes or it is told to end."""
    url = os.environ[URL]
    settings = Settings()
    sockets = [socket.socket(fileno=int(number)) for number in os.environ[SOCKETS].split(",")]
    loop = asyncio.get_running_loop()

    def ready(server: Server) -> None:
        def leave() -> None:
            loop.remove_reader(0)
            server.should_exit = True

        loop.add_reader(0, leave)  # nobody ever writes there: readable means closed
        loop.add_signal_handler(signal.SIGTERM, leave)

    await run_server(settings, url, sockets, ready)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(live())
