"""Review forms: as readers see them, as callers ask for them, as the journal records them."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticKnownError

from kshare.core.journal import Happened
from kshare.core.reading import Ask, Entity, Patch
from kshare.core.text import line, prose
from kshare.reviews.shapes.reviews import FormVersion, ReviewCommentNeed

# ---- as readers see them --------------------------------------------------------------------------------------------


class FormCard(Entity):
    """A form, as shown beside other things."""

    name: str
    """Its name."""
    retired_at: datetime | None
    """Since when nothing new can use it."""


class FormSummary(FormCard):
    """A form, as lists show it."""

    description: str
    """What it is for."""
    number: int
    """The number of its newest version."""
    version: int
    """Grows with every change, a new version of what it asks included."""
    created_at: datetime
    """When it was created."""
    updated_at: datetime
    """When it last changed."""
    permissions: list[str]
    """What you may do with it."""


class Form(FormSummary):
    """What ideas are scored on: criteria with their weights, and what the scores mean."""

    current: FormVersion
    """What it asks now: what begins from now on is judged on this version."""


# ---- as callers ask for them ----------------------------------------------------------------------------------------


def _two_decimals(value: float) -> float:
    if round(value, 2) != value:
        raise PydanticKnownError("decimal_max_places", {"decimal_places": 2})
    return value


Label = Annotated[str, line(1, 100)]
About = Annotated[str, prose(0, 2000)]
Anchor = Annotated[str, prose(1, 500)]
Note = Annotated[str, prose(1, 500)]
Limit = Annotated[float, Field(ge=1, le=5, strict=True, allow_inf_nan=False), AfterValidator(_two_decimals)]
"""A weighted mean, from 1 to 5, with two decimals at most."""


class FormCriterionAsk(Ask):
    """What is to be scored from 1 to 5."""

    name: Label
    """Its name, which no other criterion of the form has."""
    description: About = ""
    """What to look at."""
    weight: Annotated[int, Field(ge=1, le=100)] = 100
    """In per cent; the weights of a form add up to 100."""
    means_1: Anchor
    """What a 1 means."""
    means_3: Anchor | None = None
    """What a 3 means."""
    means_5: Anchor
    """What a 5 means."""
    comment: ReviewCommentNeed = ReviewCommentNeed.optional
    """When a score needs a comment."""
    knock_out_below: Annotated[int, Field(ge=2, le=5)] | None = None
    """A mean below this knocks out what is judged, whatever it has elsewhere; null: never."""


Criteria = Annotated[list[FormCriterionAsk], Field(min_length=1, max_length=20)]


class CreateReviewFormVersion(Ask):
    """A new version of a form, which replaces the whole of what it asks."""

    criteria: Criteria
    """Everything that is scored, in order; the weights add up to 100."""
    approve_at: Limit = 3.5
    """A weighted mean of this or more advises to approve; two decimals at most."""
    decline_below: Limit = 2.5
    """A weighted mean below this advises to decline; two decimals at most, and not above `approve_at`."""
    note: Note | None = None
    """What changed, and why."""


class CreateReviewForm(CreateReviewFormVersion):
    """A new form with its first version."""

    name: Label
    """Its name."""
    description: About = ""
    """What it is for."""


class UpdateReviewForm(Patch):
    """Changes to what a form is called; what it asks changes by a new version."""

    name: Label | None = None
    """Its name."""
    description: About | None = None
    """What it is for."""


class FormFilter(Ask):
    """Which forms."""

    retired: bool | None = None
    """True: only retired ones. False: only those that can be used."""


# ---- as the journal records them ------------------------------------------------------------------------------------


class ReviewFormHappened(Happened):
    """Something that happened to a review form."""

    about: ClassVar[str] = "review_form"
    form_id: UUID
    """The form."""


class ReviewFormCreated(ReviewFormHappened):
    """A review form was created."""


class ReviewFormChanged(ReviewFormHappened):
    """A review form was renamed or described anew; read it for the new values."""

    fields: list[str]
    """The names of the fields that changed."""


class ReviewFormVersionCreated(ReviewFormHappened):
    """A review form asks something else from now on; what has begun is judged on the version it began with."""

    form_version_id: UUID
    """The new version."""
    number: int
    """Its number."""


class ReviewFormRetired(ReviewFormHappened):
    """A review form was retired: nothing new can use it."""
