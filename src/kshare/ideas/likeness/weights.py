"""What words weigh: the less, the more ideas have them.

Only ideas that everybody may read are counted, separately for each clearance: a viewer's weights come from nothing the
viewer could not read, so no score tells of a hidden idea. What stands in few ideas weighs fully and need not be known;
the others are few enough to be remembered by each process.
"""

import asyncio
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakKeyDictionary

from kshare.core.database import Database
from kshare.ideas.likeness.text import WEIGHTS

SAMPLE: Final = 10_000
"""The newest ideas everybody may read: so many are counted."""
COMMON: Final = 5
"""A word that fewer of them have is rare."""
_RARE: Final = 1 / 100
"""The share from which on a word weighs less."""
_SMOOTHING: Final = 500
"""Counted as ideas without any word, so that in a small company a word does not weigh little for standing in two."""
_LEAST: Final = 0.12

LEVELS: Final = 4


@dataclass(frozen=True, slots=True)
class Weights:
    """What each word weighs for one clearance."""

    factors: Mapping[int, float] = field(default_factory=dict)
    """By token, of those that are common."""
    shares: Mapping[int, float] = field(default_factory=dict)
    """Which part of the ideas has it."""
    ideas: int = 0
    """How many were counted."""

    @classmethod
    def counted(cls, ideas: int, counts: Mapping[int, int]) -> "Weights":
        """From the number of ideas and of those that have each common word."""
        shares = {token: count / max(ideas, 1) for token, count in counts.items()}
        factors = {token: _factor(count / (ideas + _SMOOTHING)) for token, count in counts.items()}
        return cls(factors, shares, ideas)

    def __call__(self, token: int) -> float:
        return WEIGHTS[token & 7] * self.factors.get(token, 1.0)

    def of(self, tokens: tuple[int, ...]) -> float:
        """What they weigh together."""
        factors = self.factors
        return sum([WEIGHTS[token & 7] * factors.get(token, 1.0) for token in tokens])


def _factor(share: float) -> float:
    return max(min(math.log(share) / math.log(_RARE), 1.0), _LEAST)


NOTHING_COUNTED: Final = Weights()


@dataclass(slots=True)
class _Remembered:
    levels: tuple[Weights, ...]
    until: float


_known: WeakKeyDictionary[Database, _Remembered] = WeakKeyDictionary()
_looking: WeakKeyDictionary[Database, asyncio.Lock] = WeakKeyDictionary()
REMEMBERED: Final = 60.0
"""Seconds."""

READ: Final = "SELECT level, ideas, tokens, counts FROM likeness_count ORDER BY level"


async def weights_of(database: Database, clearance: int) -> Weights:
    """The weights for somebody with this clearance; remembered for a minute."""
    known = _known.get(database)
    if known is None or known.until < time.monotonic():
        async with _looking.setdefault(database, asyncio.Lock()):
            known = _known.get(database)
            if known is None or known.until < time.monotonic():
                rows = await database.fetch(READ, ())
                known = _Remembered(levels_of(rows), time.monotonic() + REMEMBERED)
                _known[database] = known
    return known.levels[clearance]


def forget(database: Database) -> None:
    """Reads them anew the next time."""
    _known.pop(database, None)


def levels_of(rows: object) -> tuple[Weights, ...]:
    """The weights of each clearance, from the rows of `likeness_count`."""
    found = dict.fromkeys(range(LEVELS), NOTHING_COUNTED)
    for row in rows:  # type: ignore[attr-defined]
        found[row["level"]] = Weights.counted(row["ideas"], dict(zip(row["tokens"], row["counts"], strict=True)))
    return tuple(found.values())
