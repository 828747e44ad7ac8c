"""How a server is told to stop."""

import asyncio
import os
import signal
from collections.abc import Callable

from kshare.console import Console
from kshare.edge.telemetry import flush_logs

_FORCED = 130
"""The exit status after a second Ctrl-C."""


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
