"""One process that answers requests, and the sockets it does that on."""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from kshare.console import Refused
from kshare.core.settings import Settings
from kshare.edge.telemetry import configure_logging, configure_tracing, flush_logs, stop_tracing

GRACE = 5
"""Seconds that running requests and open streams get when the server stops."""


class Server(uvicorn.Server):
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


def configure_process(settings: Settings) -> None:
    """Logs and traces of a process that serves."""
    configure_logging(settings)
    configure_tracing(settings)
    if settings.log_level != "debug":
        # What Uvicorn says of its own life is what we say ourselves.
        logging.getLogger("uvicorn").setLevel(logging.WARNING)


async def run_server(
    settings: Settings, url: str, sockets: list[socket.socket], ready: Callable[[Server], None]
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
        timeout_graceful_shutdown=GRACE,
    )
    server = Server(config, application.end_streams)
    for listener in sockets:
        open_to_clients(listener)
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


def open_to_clients(one: socket.socket) -> None:
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
