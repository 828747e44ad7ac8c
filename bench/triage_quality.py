"""`python -m bench.triage_quality`: how often triage is right, measured on the labelled ideas of triage_ideas.yaml.

Each idea is taken out in turn and triaged by all the others (leave one out), with the very functions the server uses;
what a company's own words weigh is not known yet, as in one that has just begun.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import yaml

from kshare.console import Console
from kshare.ideas.likeness.text import Print, print_of
from kshare.ideas.likeness.weights import NOTHING_COUNTED
from kshare.ideas.triage.assessing import Matter
from kshare.ideas.triage.suggesting import CategoryWords, Existing, nearest, suggest

LABELLED = Path(__file__).with_name("triage_ideas.yaml")


@dataclass(frozen=True)
class Labelled:
    """An idea with what a person says of it."""

    id: UUID
    category: str
    size: str
    matter: Matter
    print: Print


@dataclass(frozen=True)
class Quality:
    """Shares of the ideas for which triage is right."""

    ideas: int
    top1: float
    top3: float
    size: float
    chinese: float
    english: float
    """Of the first category, by language."""
    confused: Sequence[tuple[tuple[str, str], int]]
    """Which category is taken for which most often."""


def labelled() -> tuple[list[Labelled], dict[str, CategoryWords]]:
    """The labelled ideas, and the categories by their keys."""
    written = yaml.safe_load(LABELLED.read_text("utf-8"))
    categories = {}
    for number, (key, (name, name_en)) in enumerate(written["categories"].items(), 1):
        taken = print_of(name, name_en)
        categories[key] = CategoryWords(UUID(int=number), frozenset((*taken.title, *taken.rest)))
    ideas = []
    for key, entries in written["ideas"].items():
        for size, title, *summary in entries:
            text = ", ".join(summary)
            ideas.append(Labelled(UUID(int=1000 + len(ideas)), key, size, Matter(title, text), print_of(title, text)))
    return ideas, categories


def measure() -> Quality:
    """Triages each idea by all the others."""
    ideas, categories = labelled()
    keys = {words.id: key for key, words in categories.items()}
    existing = {
        one.id: Existing(one.id, one.print.title, one.print.rest, categories[one.category].id, one.size)
        for one in ideas
    }
    right: Counter[str] = Counter()
    of_language: Counter[str] = Counter()
    confused: Counter[tuple[str, str]] = Counter()
    for one in ideas:
        others = [other for id, other in existing.items() if id != one.id]
        neighbours = nearest(one.print, others, NOTHING_COUNTED)
        found = suggest(one.matter, one.print, neighbours, list(categories.values()), NOTHING_COUNTED)
        ranked = [keys[id] for id, _ in found.categories]
        language = "english" if one.matter.title.isascii() else "chinese"
        of_language[language] += 1
        right["size"] += found.size == one.size
        right["top3"] += one.category in ranked[:3]
        if ranked[:1] == [one.category]:
            right["top1"] += 1
            right[language] += 1
        elif ranked:
            confused[one.category, ranked[0]] += 1
    count = len(ideas)
    return Quality(
        count,
        right["top1"] / count,
        right["top3"] / count,
        right["size"] / count,
        right["chinese"] / of_language["chinese"],
        right["english"] / of_language["english"],
        confused.most_common(5),
    )


def main() -> None:
    console, quality = Console(), measure()
    console.say(f"{quality.ideas} labelled ideas, each triaged by all the others:")
    console.say(f"  category, first suggestion   {quality.top1:6.1%}")
    console.say(f"    of the Chinese ones        {quality.chinese:6.1%}")
    console.say(f"    of the English ones        {quality.english:6.1%}")
    console.say(f"  category, among first three  {quality.top3:6.1%}")
    console.say(f"  size                         {quality.size:6.1%}")
    for (category, taken_for), times in quality.confused:
        console.say(f"  {category} taken for {taken_for}: {times}")


if __name__ == "__main__":
    main()
