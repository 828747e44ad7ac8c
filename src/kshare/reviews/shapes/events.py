"""What the journal records of reviews. Only those hear of it who may know: see docs/adr/0008-reviews.md."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from kshare.content.shapes import ContentHappened
from kshare.core.journal import Happened


class ReviewSubmitted(ContentHappened):
    """A content was submitted for review; its owner and those who submitted it hear of this."""

    review_id: UUID
    """The review."""
    revision: int
    """The text that is to be judged."""


class ReviewAssigned(ContentHappened):
    """Somebody was asked to judge; only they hear of this."""

    review_id: UUID
    """The review."""
    assignment_id: UUID
    """What they are asked."""
    due_at: datetime
    """Until when."""


class ReviewAssignmentEnded(ContentHappened):
    """Somebody declined, named somebody else, has a conflict, left or was late; only they hear of this, and who leads
    the review."""

    review_id: UUID
    """The review."""
    assignment_id: UUID
    """What they had been asked."""
    state: str
    """What became of it."""


class ReviewJudged(ContentHappened):
    """Somebody gave a judgement; only they hear of this."""

    review_id: UUID
    """The review."""
    judgement_id: UUID
    """What they gave."""


class ReviewEnded(ContentHappened):
    """A review is over; its owner, its judges and those who lead it hear of this."""

    review_id: UUID
    """The review."""
    state: str
    """How it ended."""
    advice: str | None
    """What it advises."""


class PanelHappened(Happened):
    """Something that happened to a panel."""

    about: ClassVar[str] = "review_panel"
    panel_id: UUID
    """The panel."""
