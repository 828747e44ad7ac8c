"""Comparing two ideas at a time, as readers see it, as callers ask for it, as the journal records it."""

from datetime import datetime
from uuid import UUID

from kshare.core.choices import Choice
from kshare.core.reading import Ask, Entity, Shape
from kshare.people.shapes import PersonSummary
from kshare.reviews.shapes.asks import Remark
from kshare.reviews.shapes.events import PanelHappened
from kshare.reviews.shapes.reviews import ReviewSubject


class ReviewComparisonOutcome(Choice):
    """Which of two is better."""

    first = "first", "The first."
    second = "second", "The second."
    tie = "tie", "Neither."


class ComparedIdeaCard(Entity):
    """An idea that is compared with others. Its id is that of its review."""

    subject: ReviewSubject
    """The idea."""


class ComparedIdea(ComparedIdeaCard):
    """An idea that is compared with others, with all there is to read. Its id is that of its review."""

    latest_revision: int
    """The number of its newest text."""
    summary: str
    """The summary of the newest text."""
    body: str
    """The newest text, in Markdown (CommonMark): what is to be judged."""


class NextPair(Shape):
    """The two ideas that you should compare next. Which ones depends on what was compared with what, and on your own
    answers; never on those of others. It stays the same until you answer."""

    first: ComparedIdea | None
    """The one to show first; null when nothing is left for you to compare."""
    second: ComparedIdea | None
    """The other one."""
    compared: int
    """How many pairs you have compared."""
    left: int
    """How many pairs you could still compare. Nobody needs all of them."""


class Comparison(Entity):
    """Which of two ideas a judge prefers."""

    panel_id: UUID
    """The panel."""
    judge: PersonSummary | None
    """Who compared them; null for the authors of one of them."""
    first_id: UUID
    """The review of the one that is called the first."""
    second_id: UUID
    """The review of the other one."""
    first: ComparedIdeaCard | None
    """The first; null if you may not see the idea any more."""
    second: ComparedIdeaCard | None
    """The second; null if you may not see the idea any more."""
    outcome: ReviewComparisonOutcome
    """Which one is better."""
    comment: str
    """Why."""
    created_at: datetime
    """When they were compared."""
    permissions: list[str]
    """What you may do with it."""


class StandingGroup(Shape):
    """Ideas that comparisons link with each other, and with no others yet."""

    ideas: int
    """How many they are."""
    review_id: UUID
    """The review of one of them."""
    idea_id: UUID
    """That idea."""
    title: str | None
    """Its title; null if you may not see it."""


class StandingPlace(Shape):
    """An idea in its place so far."""

    review_id: UUID
    """Its review."""
    idea_id: UUID
    """The idea."""
    title: str | None
    """Its title; null if you may not see it."""
    rank: int
    """1 for the best; equals share one."""
    strength: float
    """How strong it is: the logarithm of the odds of being preferred, 0 for the mean of all."""
    low: float
    """The lower end of the 95 % interval of its strength."""
    high: float
    """The upper end."""
    certainty: float | None
    """The probability that it is truly better than the one ranked next; null for the last."""


class PanelStanding(Shape):
    """How far a panel is that compares two at a time."""

    comparisons: int
    """How many comparisons count so far."""
    connected: bool
    """Comparisons link all ideas with each other, so that there is an order and the panel can be closed."""
    missing: list[StandingGroup]
    """The groups between which nothing was compared yet; empty once they are connected."""
    ranking: list[StandingPlace]
    """The order as of now, the best first; empty until they are connected."""


class CompareIdeas(Ask):
    """Say which of two ideas of the panel is better."""

    first_id: UUID
    """The review of the first."""
    second_id: UUID
    """The review of the second."""
    outcome: ReviewComparisonOutcome
    """Which one is better."""
    comment: Remark = ""
    """Why."""


class PanelSeatGiven(PanelHappened):
    """Somebody was asked to compare the ideas of a panel; only they hear of this."""

    assignment_id: UUID
    """What they are asked."""
    due_at: datetime
    """Until when."""


class PanelIdeasCompared(PanelHappened):
    """Somebody compared two ideas; only they hear of this."""

    comparison_id: UUID
    """What they said."""


class PanelComparisonWithdrawn(PanelHappened):
    """Somebody took back what they had said of two ideas; only they hear of this."""

    comparison_id: UUID
    """What they had said."""


class PanelComparingFinished(PanelHappened):
    """Somebody has compared enough; only they hear of this."""

    assignment_id: UUID
    """What they had been asked."""
