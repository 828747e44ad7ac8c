"""From what is alike and what an idea says to a suggestion. Nothing here knows of the database."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from kshare.ideas.likeness.scoring import DUPLICATE, Scorer
from kshare.ideas.likeness.text import Print
from kshare.ideas.likeness.weights import Weights
from kshare.ideas.shapes.triage import TriageReasonCode
from kshare.ideas.triage.assessing import Matter, completeness, largeness, reach
from kshare.ideas.triage.reasons import Reason

NEAREST: Final = 15
"""Contents whose category and size count."""
SHOWN: Final = 5
"""Contents and reviewers that are named."""
LEAST: Final = 0.06
"""Below this likeness two texts have next to nothing in common."""
ALIKE: Final = 0.2
"""From here on it is worth saying that something is alike."""
_NAMED: Final = 0.25
"""What a word of a category's own name counts, against a content in it that is wholly alike."""


@dataclass(frozen=True, slots=True)
class Existing:
    """Something that exists, as far as it matters to a new idea."""

    id: UUID
    title: tuple[int, ...]
    rest: tuple[int, ...]
    category_id: UUID | None = None
    size: str | None = None
    """Of an idea."""
    department_id: UUID | None = None
    shared: bool = True
    """Everybody who reads the idea reads it too."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Something that exists, and how alike it is, 0 to 1."""

    content: Existing
    likeness: float


@dataclass(frozen=True, slots=True)
class CategoryWords:
    """A category, and the tokens of its names and its description."""

    id: UUID
    tokens: frozenset[int]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What is suggested for an idea."""

    category_id: UUID | None
    categories: Sequence[tuple[UUID, int]]
    size: str
    novelty: int
    completeness: int
    reach: int
    reasons: Sequence[Reason]
    alike: Sequence[tuple[UUID, int]] = ()
    evidence: Sequence[tuple[UUID, float]] = field(default_factory=tuple)
    """The contents whose authors and deciders know the matter, and how alike they are."""


def nearest(text: Print, existing: Sequence[Existing], weights: Weights) -> list[Neighbour]:
    """What is alike, the most alike first."""
    scorer = Scorer.of(text, weights)
    scored = (Neighbour(one, scorer.score(one.title, one.rest)) for one in existing)
    found = [neighbour for neighbour in scored if neighbour.likeness >= LEAST]
    return sorted(found, key=lambda neighbour: (-neighbour.likeness, neighbour.content.id))


def suggest(
    matter: Matter,
    text: Print,
    neighbours: Sequence[Neighbour],
    categories: Sequence[CategoryWords],
    weights: Weights,
    department_id: UUID | None = None,
) -> Suggestion:
    """What is suggested for an idea that has these neighbours, the most alike first."""
    ranked, category_reasons = _categories(text, neighbours, categories, weights)
    size, size_reasons = _size(matter, neighbours)
    novelty, novelty_reasons = _novelty(neighbours)
    complete, complete_reasons = completeness(matter)
    elsewhere = {
        neighbour.content.department_id
        for neighbour in neighbours
        if neighbour.content.shared and neighbour.content.size is not None and neighbour.likeness >= ALIKE
    }
    concerned, reach_reasons = reach(matter, len(elsewhere - {None, department_id}))
    near = [(one.content.id, one.likeness) for one in neighbours if one.likeness >= ALIKE]
    return Suggestion(
        category_id=ranked[0][0] if ranked else None,
        categories=ranked[:SHOWN],
        size=size,
        novelty=novelty,
        completeness=complete,
        reach=concerned,
        reasons=[*category_reasons, *size_reasons, *novelty_reasons, *complete_reasons, *reach_reasons],
        alike=[(id, round(100 * likeness)) for id, likeness in near[:SHOWN]],
        evidence=[(one.content.id, one.likeness) for one in neighbours if one.content.shared and one.likeness >= ALIKE][
            :NEAREST
        ],
    )


def _categories(
    text: Print, neighbours: Sequence[Neighbour], categories: Sequence[CategoryWords], weights: Weights
) -> tuple[list[tuple[UUID, int]], list[Reason]]:
    votes: defaultdict[UUID, float] = defaultdict(float)
    counted: defaultdict[UUID, int] = defaultdict(int)
    filed = [one for one in neighbours if one.content.category_id is not None][:NEAREST]
    for neighbour in filed:
        assert neighbour.content.category_id is not None
        votes[neighbour.content.category_id] += neighbour.likeness
        counted[neighbour.content.category_id] += 1
    tokens = {*text.title, *text.rest}
    named: dict[UUID, list[str]] = {}
    for category in categories:
        if both := sorted(tokens & category.tokens, key=lambda token: (-weights(token), token)):
            votes[category.id] += _NAMED * min(sum(map(weights, both)), 2.0)
            named[category.id] = [text.surfaces[token] for token in both]
    whole = sum(votes.values())
    if not whole:
        return [], [Reason(TriageReasonCode.category_open)]
    ranked = sorted(votes, key=lambda id: (-votes[id], id))
    reasons = []
    best = ranked[0]
    if counted[best]:
        reasons.append(Reason(TriageReasonCode.category_like, {"contents": counted[best]}))
    if best in named:
        reasons.append(Reason(TriageReasonCode.category_named, {"words": named[best][:SHOWN]}))
    return [(id, round(100 * votes[id] / whole)) for id in ranked], reasons


def _size(matter: Matter, neighbours: Sequence[Neighbour]) -> tuple[str, list[Reason]]:
    words, large, small = largeness(matter)
    ideas = [one for one in neighbours if one.content.size is not None][:NEAREST]
    leaning = sum(one.likeness * (1 if one.content.size == "large" else -1) for one in ideas)
    size = "large" if words + 2 * leaning > 0 else "small"
    said = large if size == "large" else small
    reasons = []
    if said:
        code = TriageReasonCode.size_says_large if size == "large" else TriageReasonCode.size_says_small
        reasons.append(Reason(code, {"words": said}))
    if same := sum(one.content.size == size for one in ideas if one.likeness >= ALIKE):
        reasons.append(Reason(TriageReasonCode.size_like, {"contents": same, "size": size}))
    return size, reasons or [Reason(TriageReasonCode.size_open)]


def _novelty(neighbours: Sequence[Neighbour]) -> tuple[int, list[Reason]]:
    likeness = neighbours[0].likeness if neighbours else 0.0
    per_cent = round(100 * likeness)
    if likeness < ALIKE:
        code, parameters = TriageReasonCode.novelty_new, {}
    else:
        code = TriageReasonCode.novelty_same if likeness >= DUPLICATE else TriageReasonCode.novelty_alike
        parameters = {"likeness": per_cent}
    return 100 - per_cent, [Reason(code, parameters)]
