"""What was to have been judged by now, through GraphQL."""

from kshare.core.access import Permission
from kshare.edge.graphql import connection_type, input_type, list_field, object_type
from kshare.people.graphql import Person
from kshare.reviews.graphql.reviews import Review
from kshare.reviews.reads.desk import OVERDUE_REVIEWS
from kshare.reviews.shapes import desk


@object_type
class OverdueReview(desk.OverdueReview):
    __doc__ = desk.OverdueReview.__doc__
    review: Review | None
    """What to judge; null for a panel that compares two at a time."""
    person: Person
    """Who is asked."""


OverdueReviewConnection = connection_type(OverdueReview, "OverdueReview")
input_type(desk.OverdueReviewFilter, name="OverdueReviewFilter")


class Query:
    overdue_reviews = list_field(
        OVERDUE_REVIEWS,
        OverdueReviewConnection,
        desk.OverdueReviewFilter,
        Permission.content_read,
        "What was to have been judged by now in reviews that you lead or manage.",
    )
