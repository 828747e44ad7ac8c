"""Review policies: as readers see them, as callers ask for them, as the journal records them."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticKnownError

from kshare.content.shapes import CategorySummary
from kshare.core.access import Role
from kshare.core.choices import Choice
from kshare.core.journal import Happened
from kshare.core.reading import Ask, Entity, Patch
from kshare.ideas.shapes.idea import IdeaSize
from kshare.knowledge.shapes import KnowledgeKind
from kshare.people.shapes import DepartmentSummary, PersonSummary
from kshare.reviews.shapes.forms import FormCard

# ---- as readers see them --------------------------------------------------------------------------------------------


class ReviewPolicyKind(Choice):
    """What a policy is for."""

    knowledge_item = "knowledge_item", "Knowledge items, before readers see a text."
    idea = "idea", "Ideas, before they are decided on."


class ReviewPolicyStage(Choice):
    """A stage of an idea in which a decision is owed."""

    submitted = "submitted", "It has arrived, and nobody has looked at it yet."
    screening = "screening", "Somebody looks whether it is complete, new and in the right hands."
    evaluation = "evaluation", "Those who know the matter judge it."


class ReviewNeeds(Choice):
    """How many have to judge."""

    nothing = "nothing", "Nobody: no review is needed."
    one = "one", "One reviewer."
    quorum = "quorum", "As many as `quorum` says."
    all = "all", "Everybody who may review it, 50 at most."


class GroupSummary(Entity):
    """A group, as shown beside other things."""

    name: str
    """Its name."""


class ReviewPolicy(Entity):
    """What has to be reviewed, by whom and in which time. Of several that fit, the one of the nearest category up the
    path holds, then the one that names a variety, then the one that names a stage."""

    kind: ReviewPolicyKind
    """What it is for."""
    category: CategorySummary | None
    """In this category and those below it; null: wherever it stands."""
    variety: str | None
    """Of this kind of knowledge, or ideas of this size; null: of any."""
    stage: ReviewPolicyStage | None
    """Ideas in this stage; null: in any."""
    needs: ReviewNeeds
    """How many have to judge."""
    quorum: int | None
    """How many a quorum is."""
    roles: list[Role]
    """Who may review: has one of these roles, company-wide or for the department or category; empty: any. With roles,
    groups, departments and expertise all empty those are asked who have a role that reviews such a thing."""
    groups: list[GroupSummary]
    """And is in one of these groups; empty: any."""
    departments: list[DepartmentSummary]
    """And works in one of these departments or below; empty: any."""
    expertise: int
    """And has published as many knowledge items in its category or below."""
    working_days: int
    """How many working days a reviewer has."""
    steps_in: PersonSummary | None
    """Who reviews when nobody else is left, or somebody is late."""
    form: FormCard | None
    """What ideas are scored on; always in its newest version when the review begins."""
    version: int
    """Grows with every change."""
    created_at: datetime
    """When it was made."""
    updated_at: datetime
    """When it last changed."""
    permissions: list[str]
    """What you may do with it."""


# ---- as callers ask for them ----------------------------------------------------------------------------------------

VARIETIES = {
    ReviewPolicyKind.knowledge_item: [kind.value for kind in KnowledgeKind],
    ReviewPolicyKind.idea: [size.value for size in IdeaSize],
}
"""The varieties of each kind."""
_ALL = [variety for varieties in VARIETIES.values() for variety in varieties]


def _known(variety: str) -> str:
    if variety not in _ALL:
        raise PydanticKnownError("literal_error", {"expected": ", ".join(_ALL[:-1]) + f" or {_ALL[-1]}"})
    return variety


Variety = Annotated[str, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": _ALL})]
Quorum = Annotated[int, Field(ge=1, le=20)]
Roles = Annotated[list[Role], Field(max_length=len(Role))]
Named = Annotated[list[UUID], Field(max_length=50)]
Expertise = Annotated[int, Field(ge=0, le=20)]
WorkingDays = Annotated[int, Field(ge=1, le=100)]


class CreateReviewPolicy(Ask):
    """A new policy. There is one for each kind, category, variety and stage."""

    kind: ReviewPolicyKind
    """What it is for."""
    category_id: UUID | None = None
    """In this category and those below it; by default wherever it stands."""
    variety: Variety | None = None
    """Of this kind of knowledge, or ideas of this size; by default of any."""
    stage: ReviewPolicyStage | None = None
    """Ideas in this stage; by default in any."""
    needs: ReviewNeeds
    """How many have to judge. Nothing lifts what a policy further up asks for."""
    quorum: Quorum | None = None
    """How many a quorum is; only with `quorum`."""
    roles: Roles = []  # noqa: RUF012
    """Who may review: has one of these roles; empty: any."""
    groups: Named = []  # noqa: RUF012
    """And is in one of these groups, by id; empty: any."""
    departments: Named = []  # noqa: RUF012
    """And works in one of these departments, by id, or below; empty: any."""
    expertise: Expertise = 0
    """And has published as many knowledge items in its category or below."""
    working_days: WorkingDays = 5
    """How many working days a reviewer has."""
    steps_in_id: UUID | None = None
    """Who reviews when nobody else is left, or somebody is late."""
    form_id: UUID | None = None
    """What ideas are scored on; needed for ideas unless nothing is, never for knowledge."""


class UpdateReviewPolicy(Patch):
    """Changes to a policy; what is left out stays as it is. Reviews that have begun keep the rule they began with."""

    nullable: ClassVar[frozenset[str]] = frozenset(
        {"category_id", "variety", "stage", "quorum", "steps_in_id", "form_id"}
    )

    category_id: UUID | None = None
    """In this category and those below it; null: wherever it stands."""
    variety: Variety | None = None
    """Of this kind of knowledge, or ideas of this size; null: of any."""
    stage: ReviewPolicyStage | None = None
    """Ideas in this stage; null: in any."""
    needs: ReviewNeeds | None = None
    """How many have to judge; anything but `quorum` takes the quorum away."""
    quorum: Quorum | None = None
    """How many a quorum is; only with `quorum`."""
    roles: Roles | None = None
    """Who may review: has one of these roles; empty: any."""
    groups: Named | None = None
    """And is in one of these groups, by id; empty: any."""
    departments: Named | None = None
    """And works in one of these departments, by id, or below; empty: any."""
    expertise: Expertise | None = None
    """And has published as many knowledge items in its category or below."""
    working_days: WorkingDays | None = None
    """How many working days a reviewer has."""
    steps_in_id: UUID | None = None
    """Who reviews when nobody else is left, or somebody is late; null: nobody."""
    form_id: UUID | None = None
    """What ideas are scored on."""


class ReviewPolicyFilter(Ask):
    """Which policies; all conditions must hold."""

    kind: ReviewPolicyKind | None = None
    """For this."""
    category: UUID | None = None
    """Of just this category, not of those above or below it."""


# ---- as the journal records them ------------------------------------------------------------------------------------


class ReviewPolicyHappened(Happened):
    """Something that happened to a review policy."""

    about: ClassVar[str] = "review_policy"
    policy_id: UUID
    """The policy."""


class ReviewPolicyCreated(ReviewPolicyHappened):
    """A review policy was made; it holds for what is published or decided from now on."""


class ReviewPolicyChanged(ReviewPolicyHappened):
    """A review policy changed; read it for the new values. Reviews that have begun keep their rule."""

    fields: list[str]
    """The names of the fields that changed."""


class ReviewPolicyDeleted(ReviewPolicyHappened):
    """A review policy was deleted. Reviews that have begun keep their rule."""
