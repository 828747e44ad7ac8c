"""Review policies through GraphQL."""

from typing import Annotated
from uuid import UUID

import strawberry

from kshare.content.graphql import Category
from kshare.core.access import Permission
from kshare.edge.graphql import (
    VIEWS,
    Info,
    command_field,
    connection_type,
    enum_type,
    field,
    input_type,
    list_field,
    object_type,
    one_field,
)
from kshare.people.graphql import Department, Group, Person
from kshare.reviews.commands import policies as commands
from kshare.reviews.graphql.forms import ReviewForm
from kshare.reviews.holding import HeldPolicyRead
from kshare.reviews.reads.policies import POLICIES, POLICY
from kshare.reviews.shapes import policies

READ = Permission.content_read

for enum in (policies.ReviewPolicyKind, policies.ReviewPolicyStage, policies.ReviewNeeds):
    enum_type(enum)


@object_type
class ReviewPolicy(policies.ReviewPolicy):
    __doc__ = policies.ReviewPolicy.__doc__
    category: Category | None
    """In this category and those below it; null: wherever it stands."""
    groups: list[Group]  # type: ignore[assignment]  # a field is read, never assigned
    """And is in one of these groups; empty: any."""
    departments: list[Department]  # type: ignore[assignment]
    """And works in one of these departments or below; empty: any."""
    steps_in: Person | None
    """Who reviews when nobody else is left, or somebody is late."""
    form: ReviewForm | None
    """What ideas are scored on; always in its newest version when the review begins."""


VIEWS["ReviewPolicy"] = (POLICY, READ)
ReviewPolicyConnection = connection_type(ReviewPolicy, "ReviewPolicy")
input_type(policies.ReviewPolicyFilter, name="ReviewPolicyFilter")


class Query:
    review_policies = list_field(
        POLICIES, ReviewPolicyConnection, policies.ReviewPolicyFilter, READ, "What has to be reviewed, and by whom."
    )
    review_policy = one_field(POLICY, ReviewPolicy, READ, "One review policy.")

    @field("The review policy that holds for a content as it is now; `NOT_FOUND` when it needs no review.")
    async def content_review_policy(
        self, info: Info, content_id: Annotated[UUID, strawberry.argument(description="The content.")]
    ) -> ReviewPolicy | None:
        info.context.demand(READ)
        return HeldPolicyRead(content_id)  # type: ignore[return-value]


class Mutation:
    create_review_policy = command_field(commands.create_policy, ReviewPolicy, POLICY, "Create a review policy.")
    update_review_policy = command_field(commands.update_policy, ReviewPolicy, POLICY, "Change a review policy.")
    delete_review_policy = command_field(commands.delete_policy, UUID, None, "Delete a review policy; answers its id.")
