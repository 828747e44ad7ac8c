"""What was to have been judged by now, through REST."""

from kshare.core.access import Permission
from kshare.edge.door import Door
from kshare.reviews.reads.desk import OVERDUE_REVIEWS
from kshare.reviews.shapes.desk import OverdueReviewFilter

door = Door("Reviews")

door.page(
    "/reviews/overdue",
    OVERDUE_REVIEWS,
    "listOverdueReviews",
    "List what is judged late",
    Permission.content_read,
    OverdueReviewFilter,
)
