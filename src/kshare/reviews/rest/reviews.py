"""Submitting, judging and one's desk, through REST."""

from kshare.core.access import Permission
from kshare.edge.door import Door
from kshare.reviews.commands import judging, submitting
from kshare.reviews.reads.reviews import ASSIGNMENT, ASSIGNMENTS, JUDGEMENT, JUDGEMENTS, MY_REVIEWS, REVIEW, REVIEWS
from kshare.reviews.shapes.asks import AssignmentFilter, ReviewFilter

door = Door("Reviews", "Judging knowledge and ideas: who is asked, what they say, what it comes to.")
READ = Permission.content_read
ALL, ONE = "/reviews", "/reviews/{id}"
ASKED, JUDGED = "/review-assignments", "/review-judgements"

door.page("/me/reviews", MY_REVIEWS, "listMyReviews", "List what you are asked to judge", READ)
door.command(
    "POST", "/content/{id}/reviews", submitting.submit_for_review, "submitForReview", "Submit something for review",
    "Under the policy that holds for it: a draft or a newer text of a knowledge item, by its author; "
    "an idea, by those who decide on it. Reviewers are asked at once, those who fit best and have least to do.",
    view=REVIEW, created_at=ALL,
)  # fmt: skip
door.page(ALL, REVIEWS, "listReviews", "List reviews", READ, ReviewFilter)
door.one(ONE, REVIEW, "getReview", "Get a review", READ)
door.command(
    "POST", ONE + "/withdraw", submitting.withdraw_review, "withdrawReview", "Withdraw a review",
    "Whoever submitted it may, and who manages reviews. Who was asked is released.",
    view=REVIEW,
)  # fmt: skip
door.page(
    ONE + "/assignments", ASSIGNMENTS, "listReviewAssignments", "List who is asked to judge", READ, AssignmentFilter,
    {"review": "id"},
)  # fmt: skip
door.command(
    "POST", ONE + "/assign", submitting.assign_reviewer, "assignReviewer", "Ask one more person to judge",
    "For whoever manages reviews and does not judge this one. The policy's choice of people does not bind you; nobody "
    "judges what is their own. `asked` below `required` says that somebody is missing.",
    view=REVIEW,
)  # fmt: skip
door.page(
    ONE + "/judgements", JUDGEMENTS, "listReviewJudgements", "List what was said in a review", READ,
    fixed={"review": "id"},
)  # fmt: skip
door.one(ASKED + "/{id}", ASSIGNMENT, "getReviewAssignment", "Get an assignment", READ)
door.command(
    "POST", ASKED + "/{id}/judgements", judging.give_judgement, "giveReviewJudgement", "Judge",
    "A verdict, or a score for each criterion of the form. Until you have given yours you see nobody else's, nor how "
    "many there are. Given again, it counts instead of the one before, which stays on record.",
    view=JUDGEMENT, created_at=JUDGED,
)  # fmt: skip
door.command(
    "POST", ASKED + "/{id}/decline", judging.decline_assignment, "declineReviewAssignment", "Decline to judge",
    "Somebody else is asked.",
    view=ASSIGNMENT,
)  # fmt: skip
door.command(
    "POST", ASKED + "/{id}/delegate", judging.delegate_assignment, "delegateReviewAssignment",
    "Have somebody else judge", "Somebody who could have been asked as well.",
    view=ASSIGNMENT,
)  # fmt: skip
door.command(
    "POST", ASKED + "/{id}/conflict", judging.declare_conflict, "declareReviewConflict",
    "Declare a conflict of interest",
    "You take no part in judging this, what you said of it does not count, and you see nothing of it until it is over.",
    view=ASSIGNMENT,
)  # fmt: skip
door.one(JUDGED + "/{id}", JUDGEMENT, "getReviewJudgement", "Get a judgement", READ)
