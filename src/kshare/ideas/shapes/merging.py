"""Merging: who voted, what callers ask, what the journal records."""

from uuid import UUID

from kshare.content.shapes import ContentHappened
from kshare.core.reading import Ask, Shape
from kshare.people.shapes import PersonSummary


class Voter(Shape):
    """Somebody who votes for an idea, or for one that was merged into it."""

    person: PersonSummary
    """Who."""


class MergeIdea(Ask):
    """Make one of two ideas that are the same."""

    into_id: UUID
    """The idea that stays in the lists."""


class IdeaMerged(ContentHappened):
    """An idea was merged into another; told once of each of the two, so that the readers of either hear of it."""

    idea_id: UUID
    """The idea that was merged."""
    into_id: UUID
    """The idea it was merged into."""


class IdeaUnmerged(ContentHappened):
    """The merging of an idea was undone; told once of each of the two, so that the readers of either hear of it."""

    idea_id: UUID
    """The idea that stands for itself again."""
    from_id: UUID
    """The idea it was merged into."""
