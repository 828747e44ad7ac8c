"""Content as readers see it, whatever its kind."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AfterValidator

from kshare.core.access import Classification
from kshare.core.choices import Choice
from kshare.core.journal import Happened
from kshare.core.reading import Entity, Shape
from kshare.people.shapes import DepartmentSummary, PersonSummary
from kshare.people.shapes import Language as Language


class State(Choice):
    """Where a content stands: only its author reads a draft; an archived one is out of the lists."""

    draft = "draft", "Only its author reads it."
    published = "published", "Its audience reads it and finds it."
    archived = "archived", "Out of the lists and the search; its audience still reaches it by its id."


class ContentType(Choice):
    """What a content is."""

    knowledge_item = "knowledge_item", "A piece of knowledge that somebody shares."
    idea = "idea", "A proposal for improvement."
    challenge = "challenge", "A question that a sponsor asks everybody."


class CategorySummary(Entity):
    """A category, as shown beside other things."""

    name: str
    """Its name."""
    name_en: str | None
    """Its English name."""


class TagSummary(Entity):
    """A tag, as shown beside other things."""

    name: str
    """Its preferred name."""


class Counters(Shape):
    """How often a content was discussed and used."""

    comments: int
    """Comments that are not deleted."""
    likes: int
    """People who like it."""
    thanks: int
    """People who said thanks for it."""
    favourites: int
    """People who keep it among their favourites."""
    followers: int
    """People who follow it."""
    views: int
    """Times it was read."""
    ratings: int
    """People who rated it."""
    rating: float | None
    """The mean of their scores, 1 to 5; null before the first."""


class AudienceMember(Entity):
    """Whom a content was shared with."""

    kind: str
    """`everyone`, `department`, `group` or `person`."""
    name: str
    """Its name."""


class ContentSummary(Entity):
    """What every kind of content has."""

    state: State
    """Draft, published or archived."""
    title: str
    """The title."""
    summary: str
    """What it is about, in a sentence or two."""
    language: Language
    """The language it is written in."""
    author: PersonSummary
    """Who wrote it."""
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
    revision: int
    """The number of its newest text."""
    version: int
    """Grows with every change."""
    created_at: datetime
    """When it was created."""
    updated_at: datetime
    """When it last changed."""
    published_at: datetime | None
    """When it was first published."""
    permissions: list[str]
    """What you may do with it."""


OwnAnonymous = Annotated[bool | None, AfterValidator(lambda only: only or None)]
"""A filter that only `true` makes a difference to."""


class ContentCard(Entity):
    """A content of any kind, as shown where kinds stand side by side."""

    type: str
    """What it is: `knowledge_item`, `idea` or `challenge`."""
    state: State
    """Draft, published or archived."""
    title: str
    """The title."""
    summary: str
    """What it is about, in a sentence or two."""
    language: Language
    """The language it is written in."""
    author: PersonSummary
    """Who wrote it."""
    published_at: datetime | None
    """When it was first published."""


class ContentAccess(Shape):
    """Why a person sees a content, or does not."""

    visible: bool
    """Whether the person sees it."""
    because: list[AudienceMember]
    """As whom the person is among its readers: by name, by department, by group or as everyone. Empty: not at all."""
    classification: Classification
    """How secret it is."""
    clearance: Classification
    """How secret a content the person may read."""
    permissions: list[str]
    """What the person may do here: company-wide, or by a role for its department or its category."""


class Revision(Entity):
    """A content's text as it was."""

    number: int
    """1 for the first text, then one more with each change of the text."""
    title: str
    """The title then."""
    summary: str
    """The summary then."""
    body: str
    """The Markdown body then."""
    note: str | None
    """What its author said of the change."""
    author: PersonSummary
    """Who wrote this revision."""
    created_at: datetime
    """When it was written."""


class RevisionSummary(Entity):
    """A revision without its text."""

    number: int
    """1 for the first text, then one more with each change of the text."""
    title: str
    """The title then."""
    note: str | None
    """What its author said of the change."""
    author: PersonSummary
    """Who wrote this revision."""
    created_at: datetime
    """When it was written."""


class DifferenceOp(Choice):
    """What became of a line."""

    kept = "kept", "It is in both."
    removed = "removed", "It is only in the earlier one."
    added = "added", "It is only in the later one."


class DifferenceLine(Shape):
    """A line of a difference."""

    op: DifferenceOp
    """Kept, removed or added."""
    text: str
    """The line, without its line break."""


class DifferenceHunk(Shape):
    """Neighbouring changes with a few unchanged lines around them."""

    from_line: int
    """The first line in the earlier text, from 1."""
    to_line: int
    """The first line in the later text, from 1."""
    lines: list[DifferenceLine]
    """The lines, in order."""


class Difference(Shape):
    """What changed between two revisions."""

    from_revision: int
    """The revision compared from."""
    to_revision: int
    """The revision compared to."""
    from_title: str
    """The title in the one."""
    to_title: str
    """The title in the other."""
    from_summary: str
    """The summary in the one."""
    to_summary: str
    """The summary in the other."""
    hunks: list[DifferenceHunk]
    """The changes of the body."""


class ContentHappened(Happened):
    """Something that happened to a content of any kind."""

    about: ClassVar[str] = "content"
    content_id: UUID
    """The content."""
