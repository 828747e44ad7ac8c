"""What a request may ask for at most, and how it is told that it asks for more."""

from dataclasses import dataclass
from typing import Final

from kshare.core.errors import DomainError

CEILING: Final = 1_000_000_000
"""Counts stop here: far above every limit, and small enough for any JSON reader."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most a request may ask for. Counts hold for one operation with its fragments expanded, unless noted.

    `bytes`, `tokens`, `comments`, `definitions`, `selections`, `spreads`, `directives` and `variables` count what
    is written in the whole document; they bound the work of validation.
    """

    depth: int = 12
    introspection_depth: int = 20
    fields: int = 1_000
    aliases: int = 50
    root_fields: int = 20
    cost: int = 20_000
    bytes: int = 100_000
    tokens: int = 10_000
    comments: int = 1_000
    definitions: int = 100
    selections: int = 2_000
    spreads: int = 200
    directives: int = 50
    variables: int = 200


@dataclass(frozen=True, slots=True)
class Cost:
    """What an operation costs with given variables: objects at most, and levels of fields."""

    requested: int
    depth: int


def too_complex(what: str, most: int) -> DomainError:
    """The refusal (422, `too_complex`) of a document that has more of something than is allowed."""
    return DomainError("too_complex", f"The document has too many {what}: at most {most:,} are allowed.")
