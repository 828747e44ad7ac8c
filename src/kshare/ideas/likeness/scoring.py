"""How alike two texts are, from 0 to 1, and the words that say so."""

from dataclasses import dataclass
from typing import Final

from kshare.ideas.likeness.text import Print
from kshare.ideas.likeness.weights import Weights

DUPLICATE: Final = 0.46
"""From here on two ideas are taken for one; chosen on one half of bench/pairs.yaml."""
RELATED: Final = 0.25
"""From here on they are about the same."""

MOST_WORDS: Final = 8
"""Words that explain a likeness."""


_PLENTY: Final = 2.5
"""What the words of a usual title weigh together."""


@dataclass(frozen=True, slots=True)
class Scorer:
    """One text, to be compared with many."""

    text: Print
    weights: Weights
    _title: frozenset[int]
    _all: frozenset[int]
    _title_weight: float

    @classmethod
    def of(cls, text: Print, weights: Weights) -> "Scorer":
        title = text.title or text.rest
        everything = tuple(dict.fromkeys((*title, *text.rest)))
        return cls(text, weights, frozenset(title), frozenset(everything), weights.of(title))

    def score(self, title: tuple[int, ...], rest: tuple[int, ...]) -> float:
        """How alike the text is to the one with these tokens."""
        weights, everything = self.weights.of, (*title, *rest)
        title = title or rest
        theirs = weights(title)
        if not theirs or not self._title_weight:
            return 0.0
        if self._title == frozenset(title):
            return 1.0
        titles = 2 * weights(tuple(self._title.intersection(title))) / (self._title_weight + theirs)
        # Whether one says anywhere what the other says in its title.
        ours_there = weights(tuple(self._title.intersection(everything))) / self._title_weight
        theirs_here = weights(tuple(self._all.intersection(title))) / theirs
        # Two of two words are less to go by than five of five.
        shared = min(weights(tuple(self._all.intersection(everything))) / _PLENTY, 1.0)
        return 0.2 * titles + 0.3 * (ours_there + theirs_here) + 0.2 * shared

    def shared(self, title: tuple[int, ...], rest: tuple[int, ...]) -> list[str]:
        """The words both have, as the text has them, those that weigh most first."""
        tokens = sorted(self._all.intersection((*title, *rest)), key=lambda token: (-self.weights(token), token))
        return list(dict.fromkeys(self.text.surfaces[token] for token in tokens))[:MOST_WORDS]
