"""Comparing two ideas at a time, through GraphQL."""

from typing import Annotated
from uuid import UUID

import strawberry

from kshare.core.access import Permission
from kshare.edge.graphql import (
    VIEWS,
    Info,
    command_field,
    connection_type,
    enum_type,
    field,
    list_field,
    object_type,
    one_field,
)
from kshare.people.graphql import Person
from kshare.reviews.commands import comparing as commands
from kshare.reviews.graphql.reviews import ReviewAssignment, ReviewSubject
from kshare.reviews.reads.comparing import COMPARISON, COMPARISONS
from kshare.reviews.reads.pairs import NextPairRead, StandingRead
from kshare.reviews.reads.reviews import ASSIGNMENT
from kshare.reviews.shapes import comparing as shapes

READ = Permission.content_read

enum_type(shapes.ReviewComparisonOutcome)
object_type(shapes.StandingGroup, name="ReviewPanelStandingGroup")
object_type(shapes.StandingPlace, name="ReviewPanelStandingPlace")
ReviewPanelStanding = object_type(shapes.PanelStanding, name="ReviewPanelStanding")


@object_type
class ReviewComparedIdea(shapes.ComparedIdea):
    __doc__ = shapes.ComparedIdea.__doc__
    subject: ReviewSubject
    """The idea."""


@object_type
class ReviewPair(shapes.NextPair):
    __doc__ = shapes.NextPair.__doc__
    first: ReviewComparedIdea | None
    """The one to show first; null when nothing is left for you to compare."""
    second: ReviewComparedIdea | None
    """The other one."""


@object_type
class ReviewComparison(shapes.Comparison):
    __doc__ = shapes.Comparison.__doc__
    judge: Person | None
    """Who compared them; null for the authors of one of them."""
    first: ReviewComparedIdea | None
    """The first; null if you may not see the idea any more."""
    second: ReviewComparedIdea | None
    """The second; null if you may not see the idea any more."""


VIEWS |= {"ReviewComparison": (COMPARISON, READ)}
ReviewComparisonConnection = connection_type(ReviewComparison, "ReviewComparison")
Panel = Annotated[UUID, strawberry.argument(description="The panel.")]


class Query:
    @field("The two ideas that you should compare next in a panel.")
    def next_review_pair(self, info: Info, panel_id: Panel) -> ReviewPair | None:
        info.context.demand(Permission.review)
        return NextPairRead(panel_id)  # type: ignore[return-value]

    @field("How far a panel is that compares two at a time; for its chair.")
    def review_panel_standing(self, info: Info, panel_id: Panel) -> ReviewPanelStanding | None:  # type: ignore[valid-type]
        info.context.demand(READ)
        return StandingRead(panel_id)

    review_comparisons = list_field(
        COMPARISONS,
        ReviewComparisonConnection,
        None,
        READ,
        "What was compared in a panel: by you, and by all once it is closed.",
        fixed={"panel_id": "panel"},
    )
    review_comparison = one_field(COMPARISON, ReviewComparison, READ, "One comparison.")


class Mutation:
    compare_ideas = command_field(
        commands.compare_ideas, ReviewComparison, COMPARISON, "Say which of two ideas of a panel is better."
    )
    withdraw_review_comparison = command_field(
        commands.withdraw_comparison, UUID, None, "Take back a comparison while its panel is open; answers its id."
    )
    finish_comparing = command_field(
        commands.finish_comparing, ReviewAssignment, ASSIGNMENT, "Say that you have compared enough in a panel."
    )
    declare_panel_conflict = command_field(
        commands.declare_panel_conflict,
        ReviewAssignment,
        ASSIGNMENT,
        "Declare a conflict of interest with an idea of a panel.",
    )
