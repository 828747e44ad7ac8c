"""Search as readers see it, and as callers ask for it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from kshare.content.shapes import CategorySummary, ContentCard, ContentType, Counters, Language, TagSummary
from kshare.content.taxonomy_shapes import FoldedTagName
from kshare.core.access import Classification
from kshare.core.choices import Choice
from kshare.core.moments import Moment
from kshare.core.reading import Ask, Entity, Shape
from kshare.core.text import line
from kshare.knowledge.shapes import KnowledgeKind
from kshare.people.shapes import DepartmentSummary


class Content(ContentCard):
    """A content of any kind, as found."""

    kind: str
    """What sort of its type it is: for a knowledge item `sop`, `case` and so on."""
    department: DepartmentSummary | None
    """The author's department when it was written."""
    category: CategorySummary | None
    """Its place in the category tree."""
    tags: list[TagSummary]
    """Its tags, by name."""
    classification: Classification
    """How secret it is: read only by those cleared for it."""
    counters: Counters
    """How often it was discussed and used."""
    updated_at: datetime
    """When it last changed."""


class SearchHit(Shape):
    """A content that was found, and why."""

    content: Content
    """What was found."""
    title: str
    """Its title as HTML: matches in `<mark>`, everything else escaped."""
    snippet: str
    """The passage of its text with the most matches, as HTML: matches in `<mark>`, everything else escaped."""
    score: float
    """How well it fits, for the order asked for; comparable within one search only."""


class SearchTotal(Shape):
    """How many were found."""

    value: int
    """The number, or a lower bound."""
    exact: bool
    """False when there are more: a search for a common word counts only as far as it has looked."""


class FacetValue(Shape):
    """One value among what was found."""

    value: str
    """What the filter of this name takes."""
    name: str
    """What to show for it."""
    count: int
    """How many of what was found have it."""


class SearchFacets(Shape):
    """The most frequent values among what was found, ten at most of each; counted as far as the search has looked."""

    type: list[FacetValue]
    """By type of content."""
    kind: list[FacetValue]
    """Knowledge items by kind."""
    category: list[FacetValue]
    """By category."""
    tag: list[FacetValue]
    """By tag."""
    author: list[FacetValue]
    """By author."""
    department: list[FacetValue]
    """By department."""
    language: list[FacetValue]
    """By language."""


class SearchPage(Shape):
    """What a search found."""

    items: list[SearchHit]
    """The hits, in order."""
    next_cursor: str | None
    """The cursor of the next page; null on the last one."""
    total: SearchTotal
    """How many were found."""
    facets: SearchFacets | None
    """The most frequent values; null unless asked for."""
    terms: list[str]
    """The words and phrases that were looked for and are highlighted."""


class SearchOrder(Choice):
    """How hits are ordered."""

    relevance = "relevance", "By the words in title, tags, category and author, then in the text."
    newest = "newest", "By publication, newest first."
    best = (
        "best",
        "By how readers rate and use it: 100 times the mean rating, weighed with five ratings of 3.5 that everything "
        "starts with, + 60 ln(1 + likes + thanks + 2 favourites) + 20 ln(1 + comments + followers) + 10 ln(1 + views).",
    )


SearchText = Annotated[str, line(1, 500)]


class SearchFilter(Ask):
    """Among which contents to search; all conditions must hold."""

    type: ContentType | None = None
    """Of this type."""
    kind: KnowledgeKind | None = None
    """Knowledge items of this kind."""
    category: UUID | None = None
    """In this category or one below it."""
    tag: FoldedTagName | None = None
    """With this tag, by name or synonym."""
    author: UUID | None = None
    """Written by this person."""
    department: UUID | None = None
    """Written in this department or one below it."""
    language: Language | None = None
    """In this language."""
    published_from: Moment | None = None
    """Published at this time or later (RFC 3339)."""
    published_before: Moment | None = None
    """Published before this time (RFC 3339)."""


class SearchParameters(SearchFilter):
    """What to search for, and among which contents."""

    q: SearchText
    """Words in any language, mixed as you like, all of which must occur. Quotes ("…", “…”, 「…」) make a phrase, a
    minus before a word or phrase excludes it."""
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    """Hits on a page."""
    cursor: Annotated[str, Field(max_length=1000)] | None = None
    """`next_cursor` of the page before."""
    order: SearchOrder = SearchOrder.relevance
    """The order."""
    facets: bool = False
    """Whether to count the most frequent values among what was found."""


class SearchedText(Entity):
    """What people searched for: all searches for one text together."""

    text: str
    """The text, case and width folded."""
    searches: int
    """How often it was searched for."""
    misses: int
    """How many of these searches found nothing."""
    last_hits: int
    """What the latest one found: a number, or a lower bound of one."""
    last_at: datetime
    """When it was searched for last."""


class SearchedTextFilter(Ask):
    """Which searches."""

    without_hits: bool | None = None
    """Whether the latest search for this text found nothing."""
