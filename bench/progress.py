"""Progress for things that are done one after the other."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from kshare.console import Console

T = TypeVar("T")


def through(console: Console, doing: str, things: Sequence[T]) -> Iterator[T]:
    """The things, with how many are done shown."""
    with console.counted(doing, len(things)) as advance:
        for thing in things:
            yield thing
            advance()
