"""What an idea says, by its words: how complete it is, whom it concerns, how large it is."""

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Final

import yaml

from kshare.core.words import fold
from kshare.ideas.shapes.triage import TriageReasonCode
from kshare.ideas.templates import SAYS
from kshare.ideas.triage.reasons import Reason

READ: Final = 6_000
"""Characters of a text that are looked at."""

PARTS: Final[Mapping[str, int]] = {
    "problem": 25,
    "cause": 10,
    "solution": 25,
    "effect": 20,
    "figures": 10,
    "cost": 10,
}
"""What one wants to know of an idea, and how much of the whole it is."""

_REACHES: Final = (("company", 90), ("departments", 70), ("department", 45), ("workplace", 20))
_UNKNOWN_REACH: Final = 30
_FIGURES = re.compile(
    r"\d|[一二两三四五六七八九十百千几半]+\s*(?:次|个|分钟|小时|天|元|万|人|米|台|成|倍|吨|度|件|周|月|年)"
)
_MOST_WORDS: Final = 5


@dataclass(frozen=True, slots=True)
class Matter:
    """The text of an idea, with its answers by field."""

    title: str
    summary: str = ""
    body: str = ""
    template: str | None = None
    answers: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """All of it that is looked at."""
        parts = (self.title, self.summary, *self.answers.values(), self.body)
        return fold("\n".join(part[:READ] for part in parts if part)[: 2 * READ])


@functools.cache
def _patterns() -> dict[str, re.Pattern[str]]:
    written = yaml.safe_load(resources.files(__package__).joinpath("words.yaml").read_text("utf-8"))
    return {name: _pattern(words["zh"], words["en"]) for name, words in written.items()}


def _pattern(chinese: Sequence[str], english: Sequence[str]) -> re.Pattern[str]:
    # The longer word first, so that a word is not taken for a shorter one it begins with.
    anywhere = sorted(map(fold, chinese), key=len, reverse=True)
    whole = [
        re.escape(fold(word.rstrip("*"))) + (r"[a-z-]*" if word.endswith("*") else "")
        for word in sorted(english, key=len, reverse=True)
    ]
    return re.compile("|".join((*map(re.escape, anywhere), rf"(?<![a-z0-9])(?:{'|'.join(whole)})(?![a-z0-9])")))


def words_of(text: str, of: str) -> list[str]:
    """The different words in a folded text that say something (`of` is a key of words.yaml), in order."""
    return list(dict.fromkeys(found.group() for found in _patterns()[of].finditer(text)))


def completeness(matter: Matter) -> tuple[int, list[Reason]]:
    """How much of what one wants to know is there, 0 to 100, and what is and what is not."""
    answered = {
        SAYS[matter.template, name]
        for name, answer in matter.answers.items()
        if matter.template is not None and (matter.template, name) in SAYS and answer.strip()
    }
    text = matter.text
    score, reasons = 0, []
    for part, share in PARTS.items():
        if part in answered:
            said = True
        elif part == "figures":
            said = _FIGURES.search(text) is not None
        else:
            said = bool(words_of(text, part))
        score += share if said else 0
        reasons.append(Reason(TriageReasonCode(f"{'says' if said else 'lacks'}_{part}")))
    return score, reasons


def reach(matter: Matter, departments: int) -> tuple[int, list[Reason]]:
    """Whom it concerns, 0 to 100; `departments` is how many others propose something like it."""
    text = matter.text
    score, reasons = _UNKNOWN_REACH, [Reason(TriageReasonCode.reach_open)]
    for name, value in _REACHES:
        if found := words_of(text, name):
            score = value
            reasons = [Reason(TriageReasonCode(f"reach_{name}"), {"words": found[:_MOST_WORDS]})]
            break
    if departments:
        score = min(score + 5 * departments, max(score, 70))
        reasons.append(Reason(TriageReasonCode.reach_elsewhere, {"departments": departments}))
    return score, reasons


def largeness(matter: Matter) -> tuple[float, list[str], list[str]]:
    """What the words say of its size: above 0 for large, below for small; and which words those are."""
    text = matter.text
    large, small = words_of(text, "large"), words_of(text, "small")
    return min(len(large), 4) - 0.9 * min(len(small), 4), large[:_MOST_WORDS], small[:_MOST_WORDS]
