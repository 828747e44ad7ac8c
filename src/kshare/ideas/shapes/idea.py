"""The idea itself: as readers see it, as callers propose and revise it, as the journal records it."""

from datetime import date, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field, StrictBool

from kshare.content.shapes import AudienceMember, ContentHappened, ContentSummary, Language, OwnAnonymous, State
from kshare.content.taxonomy_shapes import FoldedTagName, TagName
from kshare.core.access import Classification
from kshare.core.choices import Choice
from kshare.core.moments import Moment
from kshare.core.principal import EVERYONE
from kshare.core.reading import Ask, Patch, Shape
from kshare.core.text import line, prose
from kshare.discussion.shapes import MyRelation
from kshare.ideas.shapes.decisions import Decision
from kshare.ideas.shapes.templates import Answers, TemplateAnswer
from kshare.ideas.templates import KnownTemplate
from kshare.people.shapes import PersonSummary


class IdeaSize(Choice):
    """How far an idea reaches, which says who decides on it."""

    small = "small", "It improves one's own workplace; the nearest manager decides."
    large = "large", "It reaches further; the committee decides."


class IdeaStage(Choice):
    """How far an idea has come."""

    submitted = "submitted", "It has arrived, and nobody has looked at it yet."
    screening = "screening", "Somebody looks whether it is complete, new and in the right hands."
    evaluation = "evaluation", "Those who know the matter judge it."
    approved = "approved", "It is to be done."
    declined = "declined", "It is not to be done; a reason was given."
    deferred = "deferred", "Not now: it comes back by itself on a day that was named."
    in_pilot = "in_pilot", "It is tried out."
    implemented = "implemented", "It is done."
    verified = "verified", "Finance has verified what it brought."


class Coauthor(Shape):
    """A person's share in an idea."""

    person: PersonSummary
    """Who."""
    share: int
    """In per cent; all shares of an idea add up to 100."""


class IdeaSummary(ContentSummary):
    """An idea as lists show it: everything but its text."""

    size: IdeaSize
    """How far it reaches, which says who decides on it."""
    stage: IdeaStage | None
    """How far it has come; null for a draft."""
    votes: int
    """People who vote for it, or for an idea that was merged into it."""
    voted: bool
    """You are one of them."""
    anonymous: bool
    """Its author is not shown."""
    due_at: datetime | None
    """When an answer is due; null while nobody owes one."""


class Idea(IdeaSummary):
    """A proposal for improvement."""

    body: str
    """The text, in Markdown (CommonMark)."""
    body_html: str | None = None
    """The text as sanitised HTML; only if asked for (REST: `include=body_html`)."""
    template: str | None
    """The template it was thought through with."""
    answers: list[TemplateAnswer]
    """The answers to what the template asks for, in its order."""
    audience: list[AudienceMember]
    """Whom it is shared with."""
    mine: MyRelation
    """What you did with it."""
    own: bool
    """It is your own, even where its author is not shown."""
    coauthors: list[Coauthor]
    """Everybody who shares it, with their shares; empty when it is its author's alone."""
    decision: Decision | None
    """The decision that stands."""
    stage_since: datetime
    """Since when it is in its stage."""
    waiting_since: datetime | None
    """Since when an answer of its author is waited for; the clock stands still meanwhile."""
    desk: PersonSummary | None
    """On whose desk it lies; null: the committee's, or nobody owes anything."""
    escalations: int
    """Steps it went up the line in this stage, because nobody had answered in time."""
    returns_on: date | None
    """The day on which it comes back, if it is deferred."""
    merged_into: UUID | None
    """The idea it was merged into."""
    external_source: str | None
    """The system it came from; of an anonymous idea only its author sees it."""
    external_id: str | None
    """Its id there."""


Title = Annotated[str, line(1, 200)]
Summary = Annotated[str, prose(0, 1000)]
Body = Annotated[str, prose(0, 200_000)]
Note = Annotated[str, prose(1, 500)]
Tags = Annotated[list[TagName], Field(max_length=20)]
Audience = Annotated[list[UUID], Field(min_length=1, max_length=100)]


class Share(Ask):
    """A person's share in an idea."""

    person_id: UUID
    """Who."""
    share: Annotated[int, Field(ge=1, le=100)]
    """In per cent."""


Shares = Annotated[list[Share], Field(max_length=20)]


class ProposeIdea(Ask):
    """A new idea. A title is enough; it is submitted at once."""

    title: Title
    """The title."""
    summary: Summary = ""
    """What it is about, in a sentence or two."""
    body: Body = ""
    """The text, in Markdown (CommonMark)."""
    template: KnownTemplate | None = None
    """The key of a template."""
    answers: Answers = []  # noqa: RUF012
    """Answers to what the template asks for; without those that it requires only a draft is stored."""
    size: IdeaSize = IdeaSize.small
    """How far it reaches, which says who decides on it."""
    language: Language = Language.zh
    """The language it is written in."""
    category_id: UUID | None = None
    """Its place in the category tree."""
    tags: Tags = []  # noqa: RUF012
    """Tags by name or synonym; unknown ones are created."""
    audience: Audience = [EVERYONE]  # noqa: RUF012
    """Ids of the departments, groups and people it is for; by default everyone."""
    classification: Classification = Classification.internal
    """How secret it is; not above your own clearance."""
    coauthors: Shares = []  # noqa: RUF012
    """Everybody who shares it, yourself included, with shares that add up to 100; by default it is yours alone."""
    anonymous: StrictBool = False
    """Do not show who wrote it. It stays yours, to change and to answer for. No draft, no co-authors."""
    draft: StrictBool = False
    """Keep it to yourself until you submit it."""


class ReviseIdea(Patch):
    """Changes to an idea; what is left out stays as it is."""

    nullable: ClassVar[frozenset[str]] = frozenset({"category_id", "template"})

    title: Title | None = None
    """The title."""
    summary: Summary | None = None
    """What it is about, in a sentence or two."""
    body: Body | None = None
    """The text, in Markdown (CommonMark)."""
    template: KnownTemplate | None = None
    """The key of a template; null takes it and its answers away."""
    answers: Answers | None = None
    """All its answers from now on; another template needs answers of its own."""
    size: IdeaSize | None = None
    """How far it reaches, which says who decides on it."""
    language: Language | None = None
    """The language it is written in."""
    category_id: UUID | None = None
    """Its place in the category tree; null takes it out."""
    tags: Tags | None = None
    """All its tags from now on."""
    audience: Audience | None = None
    """Whom it is for from now on."""
    classification: Classification | None = None
    """How secret it is; not above your own clearance."""
    coauthors: Shares | None = None
    """Everybody who shares it from now on; an empty list makes it its author's alone."""
    note: Note | None = None
    """What changed and why, for the list of revisions."""


class IdeaFilter(Ask):
    """Which ideas; all conditions must hold. Without `state`, those that are submitted and neither withdrawn nor
    merged."""

    size: IdeaSize | None = None
    """Of this size."""
    stage: IdeaStage | None = None
    """In this stage."""
    state: State | None = None
    """In this state; drafts are only your own."""
    author: UUID | None = None
    """Written by this person, and not anonymously."""
    own_anonymous: OwnAnonymous = None
    """True: only what you wrote yourself without showing your name."""
    category: UUID | None = None
    """In this category or one below it."""
    department: UUID | None = None
    """Written in this department or one below it, and not anonymously."""
    tag: FoldedTagName | None = None
    """With this tag, by name or synonym."""
    language: Language | None = None
    """In this language."""
    published_from: Moment | None = None
    """Submitted at this time or later (RFC 3339)."""
    published_before: Moment | None = None
    """Submitted before this time (RFC 3339)."""


class IdeaSubmitted(ContentHappened):
    """An idea was submitted."""

    size: str
    """How far it reaches."""


class IdeaRevised(ContentHappened):
    """The title, summary or body of an idea became a new revision."""

    revision: int
    """The number of the new revision."""


class IdeaChanged(ContentHappened):
    """Something beside the text of an idea was changed; read the idea for the new values."""

    fields: list[str]
    """The names of all fields that were changed with it, those of the text too."""


class IdeaDrafted(ContentHappened):
    """An idea was begun as a draft, which only its author sees."""


class IdeaWithdrawn(ContentHappened):
    """The author withdrew an idea."""


class IdeaReinstated(ContentHappened):
    """The author brought a withdrawn idea back."""


class IdeaDeleted(ContentHappened):
    """A draft was deleted for good."""
