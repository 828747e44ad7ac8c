"""Notes: what is worth keeping but not worth waiting for, written shortly after the answer it belongs to.

A note says how the system is used (a search and its number of hits); it is never a part of what a caller asked to have
done. What a caller is told is done is written in its own transaction (core/writing.py), and never here: the notes of
the last half second are lost when the process is killed.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.core.database import Database, translate

log = structlog.get_logger()


class Note(ABC):
    """One kind of note: its fields, and how many of them are written at once."""

    __slots__ = ()

    @classmethod
    @abstractmethod
    async def write(cls, session: AsyncSession, notes: Sequence[Self]) -> None:
        """Writes these notes of the same kind, oldest first, in the transaction of the session."""


class Notes:
    """The notes of a process: taken at once, written in batches. At most `most` wait; then new ones are let go."""

    def __init__(self, database: Database, *, most: int = 10_000, interval: float = 0.5, batch: int = 500) -> None:
        self._database = database
        self._waiting: list[Note] = []
        self._most, self._interval, self._batch = most, interval, batch
        self._some = asyncio.Event()
        self._lost = 0

    def take(self, note: Note) -> None:
        """Keeps a note for writing; never waits and never fails."""
        if len(self._waiting) >= self._most:
            self._lost += 1
            return
        self._waiting.append(note)
        self._some.set()

    async def run(self) -> None:
        """Writes until cancelled. While the database is away notes wait for it."""
        while True:
            await self._some.wait()
            await asyncio.sleep(self._interval)
            try:
                await self.flush()
            except Exception as error:
                log.warning("notes_not_written", waiting=len(self._waiting), exc_info=translate(error) is None)
                await asyncio.sleep(self._interval * 4)
            if self._lost:
                log.warning("notes_lost", count=self._lost)
                self._lost = 0

    async def flush(self) -> None:
        """Writes all that waits. Raises what the database raises; what it was away for goes on waiting, and what it
        refused is let go, lest it hold up all that follows."""
        while self._waiting:
            kind = type(self._waiting[0])
            batch = [note for note in self._waiting[: self._batch] if type(note) is kind]
            try:
                async with self._database.sessions() as session, session.begin():
                    await kind.write(session, batch)
            except Exception as error:
                if translate(error) is None:
                    self._remove(batch)
                raise
            self._remove(batch)
        self._some.clear()

    async def close(self) -> None:
        """Writes what waits, within five seconds."""
        try:
            await asyncio.wait_for(self.flush(), 5)
        except Exception as error:
            log.warning("notes_lost", count=len(self._waiting), exc_info=translate(error) is None)

    def _remove(self, batch: Sequence[Note]) -> None:
        written = {id(note) for note in batch}
        self._waiting = [note for note in self._waiting if id(note) not in written]
