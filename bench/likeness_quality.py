"""`python -m bench.likeness_quality`: how well ideas that are alike are told from others, on pairs written by hand.

Needs no database. Words are weighed as in a company that has all the ideas of the pairs and no others.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from rich.table import Table

from kshare.console import Console
from kshare.ideas.likeness.scoring import DUPLICATE, RELATED, Scorer
from kshare.ideas.likeness.text import Print, print_of
from kshare.ideas.likeness.weights import COMMON, Weights

FILE = Path(__file__).with_name("pairs.yaml")


@dataclass(frozen=True)
class Pair:
    """Two ideas, and what a person says of them."""

    kind: str
    language: str
    first: str
    second: str
    chosen_on: bool
    """It was looked at when the thresholds were chosen."""


@dataclass(frozen=True)
class Judged:
    """A pair with its score, the mean of both directions."""

    pair: Pair
    score: float


@dataclass(frozen=True)
class Quality:
    """Of those found, how many are right; of those that are right, how many were found."""

    found: int
    right: int
    wanted: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.wanted if self.wanted else 1.0


def pairs() -> list[Pair]:
    """All pairs of the file."""
    return [
        Pair(kind, language, first, second, chosen_on=place % 2 == 0)
        for kind, languages in yaml.safe_load(FILE.read_text("utf-8")).items()
        for language, entries in languages.items()
        for place, (first, second) in enumerate(entries)
    ]


def _print(text: str) -> Print:
    title, _, summary = text.partition(" // ")
    return print_of(title, summary)


def judged(asked: Sequence[Pair]) -> list[Judged]:
    """Every pair with its score."""
    prints = {text: _print(text) for pair in asked for text in (pair.first, pair.second)}
    counts = Counter(key for one in prints.values() for key in one.keys())  # noqa: SIM118
    weights = Weights.counted(len(prints), {key: count for key, count in counts.items() if count >= COMMON})

    def score(first: Print, second: Print) -> float:
        return Scorer.of(first, weights).score(second.title, second.rest)

    def both(pair: Pair) -> float:
        first, second = prints[pair.first], prints[pair.second]
        return (score(first, second) + score(second, first)) / 2

    return [Judged(pair, both(pair)) for pair in asked]


def duplicates(of: Iterable[Judged], threshold: float = DUPLICATE) -> Quality:
    """How well duplicates are told from everything else."""
    found = [one for one in of if one.score >= threshold]
    wanted = sum(one.pair.kind == "duplicate" for one in of)
    return Quality(len(found), sum(one.pair.kind == "duplicate" for one in found), wanted)


def offered(of: Iterable[Judged], threshold: float = RELATED) -> Quality:
    """How well what is worth showing, as a duplicate or as related, is told from what is not."""
    worth = ("duplicate", "related")
    found = [one for one in of if one.score >= threshold]
    wanted = sum(one.pair.kind in worth for one in of)
    return Quality(len(found), sum(one.pair.kind in worth for one in found), wanted)


def related(of: Iterable[Judged]) -> Quality:
    """How well related ideas are told from duplicates and from everything else."""
    found = [one for one in of if RELATED <= one.score < DUPLICATE]
    wanted = sum(one.pair.kind == "related" for one in of)
    return Quality(len(found), sum(one.pair.kind == "related" for one in found), wanted)


def main() -> None:
    """Prints precision and recall."""
    console, every = Console(), judged(pairs())
    kinds = Counter(one.pair.kind for one in every)
    console.say(f"{len(every)} pairs: " + ", ".join(f"{count} {kind}" for kind, count in kinds.items()))
    console.say(
        f"Duplicates from {DUPLICATE:g}, related from {RELATED:g}; chosen on one half, so the other is what counts."
    )
    groups = {
        "the half they were chosen on": [one for one in every if one.pair.chosen_on],
        "the other half": [one for one in every if not one.pair.chosen_on],
        "all": every,
        **{
            {"zh": "Chinese", "en": "English", "mixed": "one of each"}[language]: [
                one for one in every if one.pair.language == language
            ]
            for language in dict.fromkeys(one.pair.language for one in every)
        },
    }
    for title, measure in (
        ("Duplicates", duplicates),
        ("Duplicates and related together, against the rest", offered),
        ("Related alone, against duplicates and the rest", related),
    ):
        table = Table(title=title, title_justify="left", title_style="bold")
        for column in ("pairs", "precision", "recall", "found", "right", "wanted"):
            table.add_column(column, justify="left" if column == "pairs" else "right")
        for name, group in groups.items():
            one = measure(group)
            figures = (f"{one.precision:.2f}", f"{one.recall:.2f}", str(one.found), str(one.right), str(one.wanted))
            table.add_row(name, *figures)
        console.say()
        console.table(table)


if __name__ == "__main__":
    main()
