"""What the history is made of before it is written: who did what, when; people, departments and tags by key or name."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random


def seeded(name: str) -> Random:
    """Chance that is the same in every demo, and has a part of its own for everything that needs some."""
    return Random(f"Clearsea/{name}")  # noqa: S311 - nothing secret


@dataclass(frozen=True)
class Said:
    """A comment; `answers` is the place of the one that it answers."""

    person: str
    at: datetime
    body: str
    answers: int | None = None


@dataclass(frozen=True)
class Response:
    """A reaction, a rating or a follow: `kind` says which, `score` how a rating was."""

    person: str
    at: datetime
    kind: str
    score: int = 0


@dataclass(frozen=True)
class View:
    """A reading."""

    person: str
    at: datetime
    dwell_ms: int


@dataclass(frozen=True)
class Judgement:
    """What a judge said of an item."""

    person: str
    at: datetime
    verdict: str
    comment: str


@dataclass(frozen=True)
class Review:
    """A round of judgements of an item before its publication; all of `judges` were asked when it began."""

    at: datetime
    judges: Sequence[str]
    judgements: Sequence[Judgement]
    state: str

    @property
    def ended(self) -> datetime:
        """With the last judgement."""
        return self.judgements[-1].at


@dataclass
class Content:
    """Something that was published."""

    key: str
    author: str
    department: str
    at: datetime
    """When others saw it first."""
    variety: str
    title: str
    summary: str
    body: str
    language: str
    category: str
    tags: Sequence[str]
    audience: str | None = None
    """The department that it is for; None: everybody."""
    views: list[View] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)


@dataclass
class Item(Content):
    """A knowledge item."""

    drafts: list[str] = field(default_factory=list)
    """Earlier texts, which nobody but its judges read."""
    see: str | None = None
    """An earlier item that it refers to."""
    reviews: list[Review] = field(default_factory=list)
    """One for each of these texts, and for the one that was published."""
    improved: tuple[datetime, str, str] | None = None
    """When its author wrote more, with which note, and the whole text since."""

    @property
    def created(self) -> datetime:
        """When it was a draft first."""
        return self.reviews[0].at - timedelta(minutes=12) if self.reviews else self.at


@dataclass(frozen=True)
class Move:
    """From one stage to another."""

    at: datetime
    actor: str
    to: str


@dataclass(frozen=True)
class Decided:
    """An answer to an idea."""

    at: datetime
    actor: str
    outcome: str
    reason: str | None
    explanation: str
    until: date | None


@dataclass(frozen=True)
class Asked:
    """A question to the author, which is the first thing said of the idea; the answer is the second, if there was one
    by the end of the history."""

    at: datetime
    actor: str
    answered: datetime | None


@dataclass(frozen=True)
class Figure:
    """What somebody said a benefit is."""

    at: datetime
    actor: str
    amount: Decimal


@dataclass(frozen=True)
class Gain:
    """A benefit."""

    type: str
    unit: str
    starts_on: date
    basis: str
    cost: Decimal | None
    """What it cost to realise it, in its unit."""
    claimed: Figure
    committed: Figure | None
    verified: Figure | None


@dataclass
class Idea(Content):
    """A proposal; `variety` is its size."""

    shares: Sequence[tuple[str, int]] = ()
    moves: list[Move] = field(default_factory=list)
    decided: Decided | None = None
    asked: Asked | None = None
    done_at: datetime | None = None
    gain: Gain | None = None
    votes: list[tuple[str, datetime]] = field(default_factory=list)
    withdrawn: datetime | None = None
    merged: tuple[str, datetime, str] | None = None
    """Into which idea, when, and by whom."""
    members: list[str] = field(default_factory=list)
    desk: str | None = None

    @property
    def stage(self) -> str:
        """The stage it is in at the end of the history."""
        return self.moves[-1].to if self.moves else "submitted"

    @property
    def ended(self) -> datetime | None:
        """When it was taken out of the lists."""
        return self.withdrawn or (self.merged[1] if self.merged else None)


@dataclass(frozen=True)
class Measured:
    """A value of a series of outcomes; `department` None: of the whole company."""

    department: str | None
    month: date
    value: Decimal
    at: datetime
    """When it came from the system that measures it."""


@dataclass(frozen=True)
class Outcome:
    """A series of outcomes, by the place of its description in the story."""

    place: int
    values: Sequence[Measured]


@dataclass(frozen=True)
class Search:
    """Somebody looked for something."""

    person: str
    at: datetime
    text: str
    hits: int
