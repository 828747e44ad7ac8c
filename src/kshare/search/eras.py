"""Eras: how a search looks at the newest thousands of a million documents first.

Documents are numbered by eras, stretches of time in which about a thousand contents were published. A document carries
its era as a lexeme, and that of every sixteen, 256 and 4,096 eras, so that PostgreSQL intersects "the newest thousand
documents" with "has this word" inside one index, skipping whatever is older. A search for a common word then costs as
much as one for a rare word; ranking every document with a common word would cost seconds
(docs/adr/0005-search-window.md).
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

ERA_SIZE = 1024
"""Documents after which a new era starts."""

LEVELS = 4
_SHIFT = 4

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""Where the first era starts, which also holds whatever is older."""

GROUPS = (2, 8)
"""How many groups of a level a window holds: each step looks about four times as far as the one before."""

WHOLE = LEVELS * len(GROUPS)
"""The step that looks at all documents."""


@dataclass(frozen=True, slots=True)
class Eras:
    """When each era starts. Eras are only ever added, so that an old copy is short but never wrong."""

    starts: tuple[datetime, ...] = (BEGINNING,)

    @property
    def newest(self) -> int:
        return len(self.starts) - 1

    def of(self, moment: datetime) -> int:
        """The era a moment falls into."""
        return max(bisect_right(self.starts, moment) - 1, 0)


def era_lexemes(era: int) -> list[str]:
    """The lexemes by which a document of this era is found at every level."""
    return [_lexeme(level, era >> (_SHIFT * level)) for level in range(LEVELS)]


def window(step: int, newest: int) -> str:
    """A tsquery for the documents of the newest eras from `newest` down: some groups of the step's level."""
    level, groups = step // len(GROUPS), GROUPS[step % len(GROUPS)]
    last = newest >> (_SHIFT * level)
    return " | ".join(f"'{_lexeme(level, number)}'" for number in range(last, max(last - groups, -1), -1))


def lowest(step: int, newest: int) -> int:
    """The oldest era such a window holds."""
    if step >= WHOLE:
        return 0
    level, groups = step // len(GROUPS), GROUPS[step % len(GROUPS)]
    return max((newest >> (_SHIFT * level)) - groups + 1, 0) << (_SHIFT * level)


PATIENCE = 5_000
"""Documents with the words that are looked at in vain before a search gives up on a viewer who sees few of them."""


FEW = 1_000
"""Documents that are looked at all together rather than window by window, which costs the index more."""


def next_step(step: int, newest: int, found: int, met: int, wanted: int) -> int:
    """How far to look next, when the window of `step` held `met` documents with the words and the viewer may see
    `found` of them. As far as `wanted` seem to be, but not over many more documents than that, should most of what is
    there be hidden from the viewer."""
    if met * (newest + 1) <= FEW * (newest + 1 - lowest(step, newest)):
        return WHOLE
    for further in range(step + 1, WHOLE):
        growth = 4 ** (further - step)
        if max(found, 0.5) * growth >= wanted or met * growth > PATIENCE:
            return further
    return WHOLE


def _lexeme(level: int, group: int) -> str:
    return f"={level}_{group}"


def starts_of(rows: Sequence[datetime]) -> Eras:
    """The eras as stored, in order; one from the beginning of time when there are none yet."""
    return Eras((BEGINNING, *rows[1:])) if rows else Eras()
