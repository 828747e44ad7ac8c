"""What lies on somebody's desk to be judged, and what lies there for too long."""

from datetime import datetime
from uuid import UUID

from kshare.core.reading import Ask, Entity
from kshare.people.shapes import PersonSummary
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


class OverdueReview(Entity):
    """Something that somebody was to have judged by now, in a review that you lead or manage. Its id is that of the
    assignment."""

    review: ReviewSummary | None
    """What to judge; null for a panel that compares two at a time."""
    panel: PanelCard | None
    """The panel it belongs to."""
    person: PersonSummary
    """Who is asked."""
    state: ReviewAssignmentState
    """`given` when there is a newer text than the one they judged."""
    due_at: datetime
    """Until when."""
    seconds_late: int
    """How late it is."""
    created_at: datetime
    """When they were asked."""


class OverdueReviewFilter(Ask):
    """Which overdue judgements; all conditions must hold."""

    review: UUID | None = None
    """Of this review."""
    panel: UUID | None = None
    """Of this panel."""
