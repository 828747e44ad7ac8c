"""The files of the history, and how sentences of a theme become texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import yaml

_DATA = Path(__file__).parent


@dataclass(frozen=True)
class HistorySource:
    """The files of the history."""

    story: Mapping[str, Any]
    people: Mapping[str, Any]
    themes: Sequence[Mapping[str, Any]]
    ideas: Mapping[str, Any]
    words: Mapping[str, Any]


def read_history() -> HistorySource:
    """The history's files."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    names = ("story", "people", "themes", "ideas", "words")
    return HistorySource(
        *(yaml.load((_DATA / f"{name}.yaml").read_text(encoding="utf-8"), loader) for name in names)  # noqa: S506
    )


@dataclass(frozen=True, eq=False)
class Entry:
    """A title that waits for somebody who writes it."""

    title: str
    variety: str
    theme: Mapping[str, Any]

    @property
    def language(self) -> str:
        """The language it is written in."""
        return str(self.theme.get("language", "zh"))


def entries(themes: Sequence[Mapping[str, Any]]) -> list[Entry]:
    """Every title, once."""
    return [
        Entry(title, variety, theme)
        for theme in themes
        for variety, titles in theme["titles"].items()
        for title in titles
    ]


def composed(entry: Entry, words: Mapping[str, Any], random: Random) -> tuple[str, str]:
    """Summary and body of an entry."""
    theme, language = entry.theme, entry.language
    steps = theme["do"]
    chosen = sorted(random.sample(range(len(steps)), random.randint(min(2, len(steps)), len(steps))))
    parts = {name: random.choice(theme[name]) for name in ("seen", "cause", "gain", "lesson")}
    parts["steps"] = "\n".join(f"{number}. {steps[place]}" for number, place in enumerate(chosen, 1))
    summary = random.choice(words["summaries"][language])
    body = random.choice(words["bodies"][language][entry.variety])
    return summary.format(**parts), body.format(**parts) + "\n"
