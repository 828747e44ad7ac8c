"""Triage through GraphQL."""

from strawberry.scalars import JSON

from kshare.content.graphql import Category, ContentCard
from kshare.core.access import Permission
from kshare.edge.graphql import command_field, enum_type, object_type, one_field
from kshare.ideas.commands import triage as commands
from kshare.ideas.reads.triage import TRIAGE
from kshare.ideas.shapes import triage as shapes
from kshare.people.graphql import Person

READ = Permission.content_read

for enum in (shapes.TriageSource, shapes.TriageAspect, shapes.TriageReasonCode, shapes.ReviewerReason):
    enum_type(enum)


@object_type
class SuggestedCategory(shapes.SuggestedCategory):
    __doc__ = shapes.SuggestedCategory.__doc__
    category: Category
    """The category."""


@object_type
class SuggestedReviewer(shapes.SuggestedReviewer):
    __doc__ = shapes.SuggestedReviewer.__doc__
    person: Person
    """Who."""


@object_type
class AlikeContent(shapes.AlikeContent):
    __doc__ = shapes.AlikeContent.__doc__
    content: ContentCard
    """What."""


@object_type
class TriageReason(shapes.TriageReason):
    __doc__ = shapes.TriageReason.__doc__
    parameters: JSON  # type: ignore[assignment]
    """What it refers to: `words` of the idea, a number of `contents` or `departments`, a `likeness`, a `size`."""


@object_type
class IdeaTriage(shapes.IdeaTriage):
    __doc__ = shapes.IdeaTriage.__doc__
    category: Category | None
    """The suggested category; null if nothing points to one."""
    categories: list[SuggestedCategory]  # type: ignore[assignment]
    """The categories that may suit it, the best first."""
    reasons: list[TriageReason]  # type: ignore[assignment]
    """Why."""
    reviewers: list[SuggestedReviewer]  # type: ignore[assignment]
    """Who knows the matter, the best first; nobody's anonymous contents are looked at for it."""
    alike: list[AlikeContent]  # type: ignore[assignment]
    """What is most like it, as far as you may see it."""
    confirmed_by: Person | None
    """Who confirmed; null as long as nobody has."""
    confirmed_category: Category | None
    """The category that was confirmed."""
    confirmed_reviewers: list[Person]  # type: ignore[assignment]
    """Who is to review it."""


class Query:
    idea_triage = one_field(TRIAGE, IdeaTriage, READ, "What is suggested for an idea, by the idea's id.")


class Mutation:
    confirm_triage = command_field(
        commands.confirm_triage, IdeaTriage, TRIAGE, "Confirm category, size and reviewers of an idea, or name others."
    )
