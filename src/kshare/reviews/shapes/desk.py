"""What lies on somebody's desk to be judged."""

from datetime import datetime

from kshare.core.reading import Entity
from kshare.reviews.shapes.reviews import PanelCard, ReviewAssignmentState, ReviewSummary


class OwedReview(Entity):
    """Something you are asked to judge. Its id is that of the assignment."""

    review: ReviewSummary | None
    """What to judge; null for a panel that compares two at a time."""
    panel: PanelCard | None
    """The panel it belongs to."""
    state: ReviewAssignmentState
    """`given` when there is a newer text than the one you judged."""
    due_at: datetime
    """Until when."""
    overdue: bool
    """That time is over."""
    created_at: datetime
    """When you were asked."""
    permissions: list[str]
    """What you may do with it."""
