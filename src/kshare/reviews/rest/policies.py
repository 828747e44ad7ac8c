"""Review policies through REST."""

from starlette.responses import Response

from kshare.core.access import Permission
from kshare.core.errors import DomainError
from kshare.edge.door import Door
from kshare.edge.rest import Call
from kshare.reviews.commands import policies
from kshare.reviews.holding import nothing_needed, policy_of_content
from kshare.reviews.reads.policies import POLICIES, POLICY
from kshare.reviews.shapes.policies import ReviewPolicy, ReviewPolicyFilter

door = Door("Review policies", "What has to be reviewed before it is shown or decided on, and by whom.")
READ = Permission.content_read
MANY, ONE = "/review-policies", "/review-policies/{id}"

door.page(MANY, POLICIES, "listReviewPolicies", "List review policies", READ, ReviewPolicyFilter)
door.command(
    "POST", MANY, policies.create_policy, "createReviewPolicy", "Create a review policy",
    "It holds in its category and below. Of several that fit, the one of the nearest category up the path holds, then "
    "the one that names a variety, then the one that names a stage; `nothing` lifts what is asked further up. "
    "`already_exists` names the policy that has this place.",
    view=POLICY, created_at=MANY, problems=("already_exists",),
)  # fmt: skip
door.one(ONE, POLICY, "getReviewPolicy", "Get a review policy", READ)
door.command(
    "PATCH", ONE, policies.update_policy, "updateReviewPolicy", "Change a review policy",
    "Reviews that have begun keep the rule they began with.",
    view=POLICY, problems=("already_exists",),
)  # fmt: skip
door.command(
    "DELETE", ONE, policies.delete_policy, "deleteReviewPolicy", "Delete a review policy",
    "Reviews that have begun keep the rule they began with.",
    view=POLICY,
)  # fmt: skip


@door.operation(
    "GET", "/content/{id}/review-policy", "getContentReviewPolicy", "Get the review policy of a content", READ,
    answer=ReviewPolicy, other_statuses={304: "You have it already."},
)  # fmt: skip
async def held(call: Call) -> Response:
    """The policy that holds for it as it is now. `not_found` when it needs no review; `detail` says so."""
    id = call.path_id()
    try:
        return await call.read(policy_of_content(id))
    except DomainError as error:
        if error.code != "not_found":
            raise
        raise await nothing_needed(call.kernel, call.principal, id) from None
