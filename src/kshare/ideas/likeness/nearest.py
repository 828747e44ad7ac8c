"""The ideas nearest to a text: which keys to look for, and how what is found is ranked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Integer, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.ideas.likeness.scoring import Scorer
from kshare.ideas.likeness.text import WEIGHTS, Print, pairs, print_of, unpacked, wholes
from kshare.ideas.likeness.weights import LEVELS, READ, SAMPLE, Weights, levels_of

MOST_KEYS: Final = 24
_ENOUGH: Final = 200
"""Ideas that keys are expected to find; further keys are then left out, unless there are fewer than `_LEAST_KEYS`."""
_LEAST_KEYS: Final = 3
_FEW, _MANY = 1_000, 200_000
"""As many ideas there are taken to be at least, and where not all of them were counted."""


@dataclass(frozen=True, slots=True)
class Found:
    """An idea that is alike."""

    id: UUID
    score: float
    words: Sequence[str]
    department_id: UUID | None = None


def keys_of(text: Print, weights: Weights) -> list[int]:
    """What to look for: the rarest words and pairs of the text, so that a few hundred ideas at most are found."""
    title = set(text.title)
    tokens = [*text.title, *text.rest]
    # First of all whoever says the same; a pair says more than either word, and a word of the title more than another.
    by_rarity = sorted(
        [(weights.shares.get(key, 0.0), -1.0, key) for key in pairs(text.title)]
        + [(-1.0, 0.0, key) for key in wholes(text.title)]
        + [(weights.shares.get(key, 0.0), -WEIGHTS[key & 7] - (key in title), key) for key in tokens]
    )
    ideas = max(weights.ideas, _FEW) if weights.ideas < SAMPLE else _MANY
    chosen: list[int] = []
    expected = 0.0
    for share, _, key in by_rarity[: MOST_KEYS * 2]:
        expected += max(share, 0.00005) * ideas
        if len(chosen) >= MOST_KEYS or (expected > _ENOUGH and len(chosen) >= _LEAST_KEYS):
            break
        chosen.append(key)
    return chosen


def ranked(text: Print, weights: Weights, rows: Iterable[Any], least: float) -> list[Found]:
    """The rows (`id`, `title`, `rest`, and `department_id` if they have it) with a score, the most alike first."""
    scorer = Scorer.of(text, weights)
    scored = []
    for row in rows:
        title, rest = unpacked(row["title"]), unpacked(row["rest"])
        score = scorer.score(title, rest)
        if score >= least:
            scored.append((score, row, title, rest))
    scored.sort(key=lambda one: (-one[0], str(one[1]["id"])))
    return [
        Found(row["id"], round(score, 3), scorer.shared(title, rest), row["department_id"])
        for score, row, title, rest in scored[:60]
    ]


_NEAREST = text(
    """SELECT c.id, l.title, l.rest, c.department_id FROM likeness l JOIN content c ON c.id = l.content_id
WHERE l.keys && :keys AND c.id <> ALL(:without) AND c.state = 'published' LIMIT 300"""
).bindparams(bindparam("keys", type_=ARRAY(Integer)))


async def nearest(
    session: AsyncSession,
    title: str,
    summary: str = "",
    body: str = "",
    *,
    without: Sequence[UUID] = (),
    limit: int = 10,
    least: float = 0.1,
) -> list[tuple[UUID, float]]:
    """The submitted ideas nearest to a text with their scores (0 to 1), the nearest first. With the eyes of the system:
    what it answers must not be shown to anybody without asking what they may see."""
    one = print_of(title, summary, body)
    if one.empty:
        return []
    counted = (await session.execute(text(READ))).mappings()
    weights = levels_of(counted)[LEVELS - 1]
    rows = await session.execute(_NEAREST, {"keys": keys_of(one, weights), "without": list(without)})
    return [(found.id, found.score) for found in ranked(one, weights, rows.mappings(), least)[:limit]]
