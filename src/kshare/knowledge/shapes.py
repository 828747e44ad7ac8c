"""Knowledge items: as readers see them, as callers ask for them, as the journal records them."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field, StrictBool

from kshare.content.shapes import AudienceMember, ContentHappened, ContentSummary, Language, OwnAnonymous, State
from kshare.content.taxonomy_shapes import FoldedTagName, TagName
from kshare.core.access import Classification
from kshare.core.choices import Choice
from kshare.core.moments import Moment
from kshare.core.principal import EVERYONE
from kshare.core.reading import Ask, Patch
from kshare.core.text import line, prose
from kshare.discussion.shapes import MyRelation


class KnowledgeKind(Choice):
    """What sort of knowledge an item is."""

    retrospective = "retrospective", "What was learnt from a project or an incident."
    method = "method", "A way of working that can be used again."
    insight = "insight", "An observation or an analysis."
    customer_voice = "customer_voice", "What a customer said."
    sop = "sop", "A standard operating procedure: how a task is done, step by step."
    case = "case", "An example from practice."
    solution = "solution", "How a problem was solved."
    decision_context = "decision_context", "Why something was decided, and against what."
    onboarding = "onboarding", "What a newcomer needs to know."


class KnowledgeItemSummary(ContentSummary):
    """A knowledge item as lists show it: everything but its text."""

    kind: KnowledgeKind
    """What sort of knowledge it is."""
    anonymous: bool
    """Its author is not shown."""


class KnowledgeItem(KnowledgeItemSummary):
    """A piece of knowledge that somebody shares."""

    body: str
    """The text, in Markdown (CommonMark)."""
    body_html: str | None = None
    """The text as sanitised HTML; only if asked for (REST: `include=body_html`)."""
    audience: list[AudienceMember]
    """Whom it is shared with."""
    mine: MyRelation
    """What you did with it."""
    own: bool
    """It is your own, even where its author is not shown."""
    pending_revision: int | None
    """The number of a newer text that waits for its review; for its author, its reviewers and those who manage it."""
    external_source: str | None
    """The system it came from; of an anonymous item only its author sees it."""
    external_id: str | None
    """Its id there."""


Title = Annotated[str, line(1, 200)]
Summary = Annotated[str, prose(0, 1000)]
Body = Annotated[str, prose(0, 200_000)]
Note = Annotated[str, prose(1, 500)]
Tags = Annotated[list[TagName], Field(max_length=20)]
Audience = Annotated[list[UUID], Field(min_length=1, max_length=100)]


class CreateKnowledgeItem(Ask):
    """A new knowledge item. A title and a kind are enough; it stays a draft until it is published."""

    kind: KnowledgeKind
    """What sort of knowledge it is."""
    title: Title
    """The title."""
    summary: Summary = ""
    """What it is about, in a sentence or two."""
    body: Body = ""
    """The text, in Markdown (CommonMark)."""
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
    publish: StrictBool = False
    """Publish it at once."""
    anonymous: StrictBool = False
    """Do not show who wrote it. It stays yours, to change and to answer for. Only together with `publish`."""


class UpdateKnowledgeItem(Patch):
    """Changes to a knowledge item; what is left out stays as it is."""

    nullable: ClassVar[frozenset[str]] = frozenset({"category_id"})

    kind: KnowledgeKind | None = None
    """What sort of knowledge it is."""
    title: Title | None = None
    """The title."""
    summary: Summary | None = None
    """What it is about, in a sentence or two."""
    body: Body | None = None
    """The text, in Markdown (CommonMark)."""
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
    note: Note | None = None
    """What changed and why, for the list of revisions."""


class RestoreRevision(Ask):
    """Bring an earlier text back, as a new revision."""

    revision: Annotated[int, Field(ge=1, le=2_147_483_647)]
    """The number of the revision whose text is to come back."""
    note: Note | None = None
    """Why."""


class KnowledgeItemFilter(Ask):
    """Which knowledge items; all conditions must hold. Without `state`, published ones."""

    kind: KnowledgeKind | None = None
    """Of this kind."""
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
    """Published at this time or later (RFC 3339)."""
    published_before: Moment | None = None
    """Published before this time (RFC 3339)."""


class KnowledgeItemCreated(ContentHappened):
    """A knowledge item was created: a draft, unless `knowledge_item_published` comes with it."""

    kind: str
    """What sort of knowledge it is."""


class KnowledgeItemRevised(ContentHappened):
    """The title, summary or body of a knowledge item became a new revision, by a change or by bringing an earlier text
    back."""

    revision: int
    """The number of the new revision."""


class KnowledgeItemRevisionHeld(ContentHappened):
    """Another title, summary or body of a published item waits for its review; only its author and its reviewers hear
    of it."""

    revision: int
    """The number of the new revision."""


class KnowledgeItemChanged(ContentHappened):
    """Something beside the text of a knowledge item was changed; read the item for the new values."""

    fields: list[str]
    """The names of all fields that were changed with it, those of the text too."""


class KnowledgeItemPublished(ContentHappened):
    """A draft, or an archived knowledge item, was shown to its audience."""

    kind: str
    """What sort of knowledge it is."""


class KnowledgeItemArchived(ContentHappened):
    """A knowledge item was taken out of the lists; its readers still reach it by its id."""


class KnowledgeItemDeleted(ContentHappened):
    """A draft was deleted for good."""


class KnowledgeItemImported(ContentHappened):
    """`kshare import` stored a file as a knowledge item; what this did to the item is told beside it."""

    source: str
    """The system the file comes from, as the import called it."""
    digest: str
    """Tells whether the file has changed since."""
