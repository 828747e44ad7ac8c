"""What a command tells the person who started it: on stdout, in lines; log lines go to stderr (`edge.telemetry`)."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console as Rich
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

_PATIENCE = 5.0
"""Seconds after which somebody who reads lines, in a file or a container's log, is told that it still goes on."""


class Refused(Exception):
    """What keeps a command from starting; the message says why and what to do, for a person."""


class Console:
    """Progress for people: alive on a terminal, plain lines anywhere else."""

    def __init__(self, *, error: bool = False) -> None:
        stream = sys.stderr if error else sys.stdout
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a character is no reason to fail
        self._rich = Rich(file=stream, highlight=False, soft_wrap=True)
        self.alive = self._rich.is_terminal

    def say(self, line: str = "") -> None:
        """One line, as it is."""
        self._rich.print(line, markup=False)
        self._rich.file.flush()

    def table(self, table: Table) -> None:
        """A table; outside of a terminal as wide as it needs to be."""
        if not self.alive:
            self._rich.width = 200
        self._rich.print(table)

    @contextmanager
    def step(self, doing: str) -> Iterator[None]:
        """Something that takes a while: `doing` is shown from its beginning, and how long it took at its end."""
        began = time.monotonic()
        if self.alive:
            with self._rich.status(f"{doing} …"):
                yield
            self.say(f"{doing}: {time.monotonic() - began:.1f} s")
            return
        self.say(f"{doing} …")
        ended = threading.Event()

        def remind() -> None:
            while not ended.wait(_PATIENCE):
                self.say(f"… still at it after {time.monotonic() - began:.0f} s: {doing}")

        reminder = threading.Thread(target=remind, daemon=True)
        reminder.start()
        try:
            yield
        finally:
            ended.set()
            reminder.join()
        if (took := time.monotonic() - began) > 1:
            self.say(f"… done in {took:.1f} s")

    @contextmanager
    def measured(self, doing: str, total: int | None = None) -> Iterator[Callable[[int, int], None]]:
        """Something that tells how far it is: the block calls what it is given with what is done, of how many."""
        if self.alive:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            with Progress(*columns, console=self._rich) as progress:
                task = progress.add_task(doing, total=total)
                yield lambda done, of: progress.update(task, completed=done, total=of)
            return
        self.say(f"{doing} …")
        spoken = time.monotonic()

        def tell(done: int, of: int) -> None:
            nonlocal spoken
            if time.monotonic() - spoken > _PATIENCE:
                spoken = time.monotonic()
                self.say(f"… {done} of {of}")

        yield tell

    @contextmanager
    def counted(self, doing: str, total: int) -> Iterator[Callable[[], None]]:
        """Something that is done `total` times; the block calls what it is given after each."""
        done = 0
        with self.measured(doing, total) as tell:

            def advance() -> None:
                nonlocal done
                done += 1
                tell(done, total)

            yield advance
