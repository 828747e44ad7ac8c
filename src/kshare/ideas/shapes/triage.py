"""What triage suggests for an idea, how a person confirms it, and the answer that a model may give."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Field

from kshare.content.shapes import CategorySummary, ContentCard, ContentHappened
from kshare.core.choices import Choice
from kshare.core.reading import Patch, Shape
from kshare.ideas.shapes.idea import IdeaSize
from kshare.people.shapes import PersonSummary


class TriageSource(Choice):
    """Who made a suggestion."""

    corpus = "corpus", "kshare itself, from what exists already and from what the idea says."
    model = "model", "A language model; its answer can only choose among given values."


class TriageAspect(Choice):
    """What a reason is given for."""

    category = "category", "The suggested category."
    size = "size", "The suggested size."
    novelty = "novelty", "How new the idea is."
    completeness = "completeness", "How much of what one wants to know the idea says."
    reach = "reach", "Whom the idea concerns."


class TriageReasonCode(Choice):
    """Why something is suggested."""

    category_like = "category_like", "What is alike stands in this category."
    category_named = "category_named", "The idea speaks of what the category is called."
    category_open = "category_open", "Nothing points to a category."
    size_like = "size_like", "Ideas that are alike have this size."
    size_says_large = "size_says_large", "The idea takes several departments or a larger effort."
    size_says_small = "size_says_small", "The idea stays with one's own workplace."
    size_open = "size_open", "Nothing points to a size; an idea is small until somebody says otherwise."
    novelty_new = "novelty_new", "Nothing like it was found."
    novelty_alike = "novelty_alike", "Something like it exists."
    novelty_same = "novelty_same", "Nearly the same exists."
    says_problem = "says_problem", "It says what is wrong."
    says_cause = "says_cause", "It says why that is so."
    says_solution = "says_solution", "It says what is to be done."
    says_effect = "says_effect", "It says what that brings."
    says_figures = "says_figures", "It has figures."
    says_cost = "says_cost", "It says what that costs."
    lacks_problem = "lacks_problem", "It does not say what is wrong."
    lacks_cause = "lacks_cause", "It does not say why that is so."
    lacks_solution = "lacks_solution", "It does not say what exactly is to be done."
    lacks_effect = "lacks_effect", "It does not say what that brings."
    lacks_figures = "lacks_figures", "It has no figures."
    lacks_cost = "lacks_cost", "It does not say what that costs."
    reach_company = "reach_company", "It concerns the whole company."
    reach_departments = "reach_departments", "It concerns several departments, or those outside."
    reach_department = "reach_department", "It concerns one department or one place."
    reach_workplace = "reach_workplace", "It concerns one's own workplace."
    reach_open = "reach_open", "It does not say whom it concerns."
    reach_elsewhere = "reach_elsewhere", "Other departments propose something like it."


class ReviewerReason(Choice):
    """Why somebody is suggested as a reviewer."""

    wrote_similar = "wrote_similar", "Wrote something like it."
    decided_on_similar = "decided_on_similar", "Decided on ideas like it."
    named = "named", "Was named by the person who confirmed."


class SuggestedCategory(Shape):
    """A category that may suit an idea."""

    category: CategorySummary
    """The category."""
    weight: int
    """How much of what was found speaks for it, in per cent."""


class SuggestedReviewer(Shape):
    """Somebody who knows the matter."""

    person: PersonSummary
    """Who."""
    reason: ReviewerReason
    """Why: what speaks for it most."""
    contents: int
    """In how many contents like it."""


class AlikeContent(Shape):
    """Something that exists already and is like an idea."""

    content: ContentCard
    """What."""
    likeness: int
    """How alike they are, in per cent."""


class TriageReason(Shape):
    """A reason for a part of a suggestion."""

    aspect: TriageAspect
    """What it is a reason for."""
    code: TriageReasonCode
    """The reason. New ones may appear."""
    parameters: dict[str, Any]
    """What it refers to: `words` of the idea, a number of `contents` or `departments`, a `likeness`, a `size`."""
    words: str
    """The same in words."""
    words_en: str
    """The same in English words."""


class IdeaTriage(Shape):
    """What is suggested for an idea before anybody has looked at it. Nothing of it holds until a person confirms it."""

    idea_id: UUID
    """The idea."""
    source: TriageSource
    """Who made the suggestion."""
    revision: int
    """The number of the idea's text it was made of."""
    category: CategorySummary | None
    """The suggested category; null if nothing points to one."""
    categories: list[SuggestedCategory]
    """The categories that may suit it, the best first."""
    size: IdeaSize
    """The suggested size."""
    novelty: int
    """How new it is, from 0 (the same exists) to 100 (nothing like it was found)."""
    completeness: int
    """How much of what one wants to know it says, from 0 to 100."""
    reach: int
    """How many it concerns, from 0 to 100."""
    reasons: list[TriageReason]
    """Why."""
    reviewers: list[SuggestedReviewer]
    """Who knows the matter, the best first; nobody's anonymous contents are looked at for it."""
    alike: list[AlikeContent]
    """What is most like it, as far as you may see it."""
    suggested_at: datetime
    """When the suggestion was made."""
    confirmed_by: PersonSummary | None
    """Who confirmed; null as long as nobody has."""
    confirmed_at: datetime | None
    """When that was."""
    confirmed_category: CategorySummary | None
    """The category that was confirmed."""
    confirmed_size: IdeaSize | None
    """The size that was confirmed."""
    confirmed_reviewers: list[PersonSummary]
    """Who is to review it."""


class ConfirmTriage(Patch):
    """What a person decides of a suggestion; what is left out is taken as suggested."""

    nullable: ClassVar[frozenset[str]] = frozenset({"category_id"})

    category_id: UUID | None = None
    """The category; null for none."""
    size: IdeaSize | None = None
    """The size."""
    reviewers: Annotated[list[UUID], Field(max_length=20)] | None = None
    """Who is to review it: people who may see it and are not its authors. By default nobody."""


class IdeaTriaged(ContentHappened):
    """A person confirmed category and size of an idea."""

    category_id: UUID | None
    """Its category from now on."""
    size: str
    """Its size from now on."""
    as_suggested: bool
    """Both are what had been suggested."""
