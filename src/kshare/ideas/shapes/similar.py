"""Ideas that are alike, as readers see them and as callers ask for them."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from kshare.core.reading import Ask, Shape
from kshare.ideas.shapes.idea import Body, IdeaSummary, Summary, Title


class SimilarIdea(Shape):
    """An idea that is alike, and why."""

    idea: IdeaSummary
    """The idea."""
    score: float
    """How alike they are, from 0 to 1."""
    words: list[str]
    """The words that say so, as your text has them; the idea has them too, or others that mean the same."""
    merged: UUID | None
    """The idea whose text is alike, when that was merged into the one shown; else null."""


class SimilarIdeas(Shape):
    """What is alike among the ideas you may see, the most alike first."""

    duplicates: list[SimilarIdea]
    """Ideas that propose the same, as far as their words tell."""
    related: list[SimilarIdea]
    """Ideas about the same from other departments: less alike, but worth a talk."""


Limit = Annotated[int, Field(ge=1, le=20)]


class FindSimilarIdeas(Ask):
    """A text, finished or not, to be compared with the ideas there are."""

    title: Title
    """The title, or as much of it as there is."""
    summary: Summary = ""
    """What it is about, in a sentence or two."""
    body: Body = ""
    """The text, in Markdown; of a long one the beginning is compared."""
    limit: Limit = 5
    """Entries in each list."""
    exclude: Annotated[list[UUID], Field(max_length=20)] = []  # noqa: RUF012
    """Ideas to leave out, such as the one that is being revised."""


class SimilarOptions(Ask):
    """How much to answer."""

    limit: Limit = 5
    """Entries in each list."""
