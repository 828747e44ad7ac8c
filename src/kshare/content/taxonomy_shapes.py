"""Categories and tags: as readers see them, as callers ask for them, as the journal records them."""

import unicodedata
from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AfterValidator, Field

from kshare.content.shapes import CategorySummary, TagSummary
from kshare.core.journal import Happened
from kshare.core.reading import Ask, Patch
from kshare.core.text import line, prose


def folded(name: str) -> str:
    """The form under which two spellings of a name are one: width and case folded."""
    return unicodedata.normalize("NFKC", name).casefold().strip()


class Category(CategorySummary):
    """A place in the category tree."""

    description: str | None
    """What belongs in it."""
    parent: CategorySummary | None
    """The category above it; null at the top."""
    path: list[UUID]
    """Ids from the top down to this one."""
    version: int
    """Grows with every change."""
    created_at: datetime
    """When it was created."""
    updated_at: datetime
    """When it last changed."""
    permissions: list[str]
    """What you may do with it."""


class Tag(TagSummary):
    """A tag, and the other names that lead to it."""

    synonyms: list[str]
    """Its other names, in order."""
    version: int
    """Grows with every change."""
    created_at: datetime
    """When it was created."""
    updated_at: datetime
    """When it last changed."""
    permissions: list[str]
    """What you may do with it."""


CategoryName = Annotated[str, line(1, 100)]
Description = Annotated[str, prose(1, 1000)]
TagName = Annotated[str, line(1, 60)]
FoldedTagName = Annotated[str, line(1, 60), AfterValidator(folded)]
"""A tag's name to look for: every spelling of it is the same."""
Synonyms = Annotated[list[TagName], Field(max_length=50)]
PartOfName = Annotated[str, line(1, 100), AfterValidator(lambda part: unicodedata.normalize("NFKC", part).lower())]


class CreateCategory(Ask):
    """A new category."""

    name: CategoryName
    """Its name."""
    name_en: CategoryName | None = None
    """Its English name."""
    description: Description | None = None
    """What belongs in it."""
    parent_id: UUID | None = None
    """The category above it; without one it stands at the top."""


class UpdateCategory(Patch):
    """Changes to a category; what is left out stays as it is."""

    nullable: ClassVar[frozenset[str]] = frozenset({"name_en", "description", "parent_id"})

    name: CategoryName | None = None
    """Its name."""
    name_en: CategoryName | None = None
    """Its English name; null takes it away."""
    description: Description | None = None
    """What belongs in it; null takes it away."""
    parent_id: UUID | None = None
    """The category to move it under, with everything below it; null moves it to the top."""


class CategoryFilter(Ask):
    """Which categories."""

    parent: UUID | None = None
    """Directly below this one."""
    roots: Annotated[bool | None, AfterValidator(lambda only: only or None)] = None
    """True: only those at the top."""
    q: PartOfName | None = None
    """Whose name or English name contains this."""


class CreateTag(Ask):
    """A new tag."""

    name: TagName
    """Its preferred name."""
    synonyms: Synonyms = []  # noqa: RUF012
    """Other names that are to lead to it."""


class UpdateTag(Patch):
    """Changes to a tag; what is left out stays as it is."""

    name: TagName | None = None
    """Its preferred name. The old one stays as a synonym, unless `synonyms` says otherwise."""
    synonyms: Synonyms | None = None
    """All its other names from now on."""


class MergeTag(Ask):
    """Make one tag of two."""

    into: UUID
    """The tag that stays: it gets the contents of the other, and the other's names as synonyms."""


class TagFilter(Ask):
    """Which tags."""

    q: FoldedTagName | None = None
    """One of whose names begins with this."""


class CategoryHappened(Happened):
    """Something that happened to a category."""

    about: ClassVar[str] = "category"
    category_id: UUID
    """The category."""


class CategoryCreated(CategoryHappened):
    """A category was created."""

    parent_id: UUID | None
    """The category above it; null at the top."""


class CategoryChanged(CategoryHappened):
    """A category was renamed or described anew; read it for the new values."""

    fields: list[str]
    """The names of the fields that changed."""


class CategoryMoved(CategoryHappened):
    """A category was moved, with everything below it."""

    from_parent_id: UUID | None
    """The category above it before; null at the top."""
    to_parent_id: UUID | None
    """The category above it now; null at the top."""


class CategoryDeleted(CategoryHappened):
    """An empty category was deleted, and with it the roles that were assigned for it."""


class TagHappened(Happened):
    """Something that happened to a tag."""

    about: ClassVar[str] = "tag"
    tag_id: UUID
    """The tag."""


class TagCreated(TagHappened):
    """A tag was created by those who manage tags; one that appears with its first content is not told of."""


class TagChanged(TagHappened):
    """A tag was renamed, or its synonyms were changed; read it for the new values."""

    fields: list[str]
    """The names of the fields that changed."""


class TagMerged(TagHappened):
    """A tag was merged into another: `tag_id` is gone, and its contents and names are now those of `into`."""

    into: UUID
    """The tag that stays."""


class TagDeleted(TagHappened):
    """A tag that no content had was deleted."""
