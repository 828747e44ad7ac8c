"""Discussion: as readers see it, as callers ask for it, as the journal records it."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AfterValidator, Field

from kshare.content.shapes import ContentCard, ContentHappened, Counters
from kshare.core.choices import Choice
from kshare.core.reading import Ask, Entity, Patch, Shape
from kshare.core.text import prose
from kshare.people.shapes import PersonSummary


class ReactionKind(Choice):
    """How somebody reacts to a content."""

    like = "like", "They like it."
    thank = "thank", "They say thanks for it."
    favourite = "favourite", "They keep it among their favourites, which only they see."


class Comment(Entity):
    """A comment on a content. A deleted one stays as a tombstone, so that its replies keep their place."""

    content_id: UUID
    """The content it belongs to."""
    parent_id: UUID | None
    """The comment it answers; null if it answers the content itself."""
    author: PersonSummary
    """Who wrote it."""
    by_author: bool
    """Whoever wrote the content wrote it, shown or not."""
    body: str | None
    """The text, in Markdown (CommonMark); null once deleted."""
    mentions: list[PersonSummary]
    """The people it calls on."""
    has_replies: bool
    """Whether anybody answered it."""
    deleted: bool
    """Whether it was deleted."""
    version: int
    """Grows with every change."""
    created_at: datetime
    """When it was written."""
    edited_at: datetime | None
    """When its text last changed; null if it never did."""
    permissions: list[str]
    """What you may do with it."""


class MyRelation(Shape):
    """What you, the caller, did with a content."""

    liked: bool
    """You like it."""
    thanked: bool
    """You said thanks for it."""
    favourite: bool
    """It is among your favourites."""
    following: bool
    """You follow it."""
    rating: int | None
    """The score you gave it; null if none."""


class Engagement(Shape):
    """How a content stands with its readers, and with you."""

    counters: Counters
    """How often it was discussed and used."""
    mine: MyRelation
    """What you did with it."""


class Reaction(Shape):
    """Somebody's reaction to a content."""

    person: PersonSummary
    """Who reacted."""
    kind: ReactionKind
    """How."""
    created_at: datetime
    """When."""


class Favourite(Shape):
    """A content among your favourites."""

    content: ContentCard
    """The content."""
    created_at: datetime
    """Since when."""


class Follow(Shape):
    """A content you follow."""

    content: ContentCard
    """The content."""
    created_at: datetime
    """Since when."""


Body = Annotated[str, prose(1, 10_000)]
Mentions = Annotated[list[UUID], Field(max_length=50)]


class WriteComment(Ask):
    """A new comment."""

    body: Body
    """The text, in Markdown (CommonMark)."""
    parent_id: UUID | None = None
    """The comment it answers, of the same content."""
    mentions: Mentions = []  # noqa: RUF012
    """Ids of the people it calls on. Who cannot see the content may be named, and will not hear of it."""


class EditComment(Patch):
    """Changes to a comment; what is left out stays as it is."""

    body: Body | None = None
    """The text, in Markdown (CommonMark)."""
    mentions: Mentions | None = None
    """All the people it calls on from now on."""


class RateContent(Ask):
    """A score for a content; it replaces the one you gave before."""

    score: Annotated[int, Field(ge=1, le=5)]
    """From 1, of no use, to 5, excellent."""


class RecordView(Ask):
    """One reading of a content."""

    dwell_ms: Annotated[int, Field(ge=0, le=86_400_000)] = 0
    """How long it was in view, in milliseconds, up to a day."""


class CommentFilter(Ask):
    """Which comments of a content."""

    parent: UUID | None = None
    """Those that answer this comment."""
    roots: Annotated[bool | None, AfterValidator(lambda only: only or None)] = None
    """True: only those that answer the content itself."""


class ReactionFilter(Ask):
    """Which reactions to a content."""

    kind: ReactionKind | None = None
    """Of this kind."""


class CommentHappened(ContentHappened):
    """Something that happened to a comment."""

    about: ClassVar[str] = "comment"
    comment_id: UUID
    """The comment."""


class CommentWritten(CommentHappened):
    """Somebody commented on a content."""

    parent_id: UUID | None
    """The comment it answers; null if it answers the content itself."""
    mentions: list[UUID]
    """Ids of the people it calls on."""


class CommentEdited(CommentHappened):
    """The author changed a comment."""

    mentions: list[UUID]
    """Ids of all the people it calls on now."""
    newly_mentioned: list[UUID]
    """Those of them it did not call on before."""


class CommentDeleted(CommentHappened):
    """A comment was deleted, by its author or by a moderator; its tombstone keeps the place of its replies."""

    author_id: UUID
    """Who wrote it."""


class Reacted(ContentHappened):
    """Somebody liked a content, thanked for it, or put it among the favourites. Of a favourite only that person is
    told."""

    kind: ReactionKind
    """How."""


class ReactionWithdrawn(ContentHappened):
    """Somebody took a reaction back. Of a favourite only that person is told."""

    kind: ReactionKind
    """Which."""


class Rated(ContentHappened):
    """Somebody rated a content, or rated it anew. Only that person is told, and not of the score: it is between that
    person and the mean."""


class RatingWithdrawn(ContentHappened):
    """Somebody took the rating of a content back. Only that person is told."""


class Followed(ContentHappened):
    """Somebody began to follow a content. Only that person is told."""


class Unfollowed(ContentHappened):
    """Somebody stopped following a content. Only that person is told."""
