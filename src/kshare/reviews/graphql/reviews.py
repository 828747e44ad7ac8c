"""Submitting, judging and one's desk, through GraphQL."""

from kshare.core.access import Permission
from kshare.edge.graphql import (
    VIEWS,
    command_field,
    connection_type,
    enum_type,
    input_type,
    list_field,
    object_type,
    one_field,
)
from kshare.people.graphql import Person
from kshare.reviews.commands import judging, submitting
from kshare.reviews.reads.reviews import (
    ASSIGNMENT,
    ASSIGNMENTS,
    JUDGEMENT,
    JUDGEMENTS,
    MY_REVIEWS,
    OWED,
    REVIEW,
    REVIEWS,
)
from kshare.reviews.shapes import asks, desk, reviews

READ = Permission.content_read

for enum in (
    reviews.ReviewMethod,
    reviews.ReviewState,
    reviews.ReviewAssignmentState,
    reviews.ReviewVerdict,
    reviews.ReviewAdvice,
    reviews.ReviewCommentNeed,
):
    enum_type(enum)
PanelCard = object_type(reviews.PanelCard, name="ReviewPanelCard")
FormCriterion = object_type(reviews.FormCriterion, name="ReviewCriterion")
CriterionResult = object_type(reviews.CriterionResult, name="ReviewCriterionResult")
ReviewResult = object_type(reviews.ReviewResult)
ReviewProgress = object_type(reviews.ReviewProgress)
JudgementScore = object_type(reviews.JudgementScore, name="ReviewScore")
Remark = object_type(reviews.Remark, name="ReviewRemark")


@object_type
class ReviewSubject(reviews.ReviewSubject):
    __doc__ = reviews.ReviewSubject.__doc__
    author: Person | None
    """Who wrote it; null where the panel hides it."""


@object_type
class ReviewFormVersion(reviews.FormVersion):
    __doc__ = reviews.FormVersion.__doc__
    person: Person
    """Who made it."""


@object_type
class ReviewAssignment(reviews.Assignment):
    __doc__ = reviews.Assignment.__doc__
    person: Person
    """Who is asked."""


@object_type
class Review(reviews.Review):
    __doc__ = reviews.Review.__doc__
    subject: ReviewSubject
    """What is judged."""
    form: ReviewFormVersion | None
    """What is scored."""
    assignment: ReviewAssignment | None
    """Your own."""


@object_type
class ReviewJudgement(reviews.Judgement):
    __doc__ = reviews.Judgement.__doc__
    judge: Person | None
    """Who gave it; null for the authors of an idea."""


@object_type
class OwedReview(desk.OwedReview):
    __doc__ = desk.OwedReview.__doc__
    review: Review | None
    """What to judge; null for a panel that compares two at a time."""


VIEWS |= {
    "Review": (REVIEW, READ),
    "ReviewAssignment": (ASSIGNMENT, READ),
    "ReviewJudgement": (JUDGEMENT, READ),
    "OwedReview": (OWED, READ),
}
ReviewConnection = connection_type(Review, "Review")
ReviewAssignmentConnection = connection_type(ReviewAssignment, "ReviewAssignment")
ReviewJudgementConnection = connection_type(ReviewJudgement, "ReviewJudgement")
OwedReviewConnection = connection_type(OwedReview, "OwedReview")
input_type(asks.ReviewFilter, name="ReviewFilter")
input_type(asks.AssignmentFilter, name="ReviewAssignmentFilter")
input_type(asks.ScoreGiven, name="ReviewScoreInput")
input_type(asks.RemarkGiven, name="ReviewRemarkInput")
_OF = {"review_id": "review"}


class Query:
    my_reviews = list_field(MY_REVIEWS, OwedReviewConnection, None, READ, "What you are asked to judge.")
    reviews = list_field(REVIEWS, ReviewConnection, asks.ReviewFilter, READ, "Reviews that you have to do with.")
    review = one_field(REVIEW, Review, READ, "One review.")
    review_assignments = list_field(
        ASSIGNMENTS,
        ReviewAssignmentConnection,
        asks.AssignmentFilter,
        READ,
        "Who is asked to judge: you, and all once you have judged.",
        fixed=_OF,
    )
    review_assignment = one_field(ASSIGNMENT, ReviewAssignment, READ, "One assignment.")
    review_judgements = list_field(
        JUDGEMENTS,
        ReviewJudgementConnection,
        None,
        READ,
        "What was said in a review: by you, and by all once you have judged.",
        fixed=_OF,
    )
    review_judgement = one_field(JUDGEMENT, ReviewJudgement, READ, "One judgement.")


class Mutation:
    submit_for_review = command_field(
        submitting.submit_for_review, Review, REVIEW, "Submit something for review under the policy that holds for it."
    )
    withdraw_review = command_field(submitting.withdraw_review, Review, REVIEW, "Withdraw a review.")
    assign_reviewer = command_field(submitting.assign_reviewer, Review, REVIEW, "Ask one more person to judge.")
    give_review_judgement = command_field(
        judging.give_judgement, ReviewJudgement, JUDGEMENT, "Judge; again stands beside it and counts instead."
    )
    decline_review_assignment = command_field(
        judging.decline_assignment, ReviewAssignment, ASSIGNMENT, "Decline to judge."
    )
    delegate_review_assignment = command_field(
        judging.delegate_assignment, ReviewAssignment, ASSIGNMENT, "Have somebody else judge."
    )
    declare_review_conflict = command_field(
        judging.declare_conflict, ReviewAssignment, ASSIGNMENT, "Declare a conflict of interest."
    )
