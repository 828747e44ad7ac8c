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
    """Somebody declined, named somebody else, has a conflict, left or was late; only they hear of this."""

    review_id: UUID
    """The review."""
    assignment_id: UUID
    """What they had been asked."""
    state: str
    """What became of it."""


class ReviewerMissing(ContentHappened):
    """Nobody is left to ask in the place of somebody who does not judge: somebody who manages reviews has to name a
    reviewer. The owner of a knowledge item hears of this, or who submitted an idea."""

    review_id: UUID
    """The review."""
    required: int
    """How many judgements it needs."""
    asked: int
    """How many are asked, or have judged."""


class ReviewJudged(ContentHappened):
    """Somebody gave a judgement; only they hear of this."""

    review_id: UUID
    """The review."""
    judgement_id: UUID
    """What they gave."""


class ReviewDueSoon(ContentHappened):
    """A judgement is due by the next working day and was not given yet; only who owes it hears of this."""

    review_id: UUID
    """The review."""
    assignment_id: UUID
    """What they are asked."""
    due_at: datetime
    """Until when."""


class ReviewOverdue(ContentHappened):
    """A judgement was not given in time; who owes it hears of this, and who leads the review: whoever submitted an
    idea, and the owner of a knowledge item."""

    review_id: UUID
    """The review."""
    assignment_id: UUID
    """What they are asked."""
    due_at: datetime
    """Until when it was awaited."""
    steps_in: bool
    """Somebody else was asked in their place."""


class ReviewAskedAgain(ContentHappened):
    """There is a newer text than the one somebody judged, who is asked to judge that; only they hear of this."""

    review_id: UUID
    """The review."""
    assignment_id: UUID
    """What they are asked."""
    revision: int
    """The text to judge."""
    due_at: datetime
    """Until when."""


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


class PanelDueSoon(PanelHappened):
    """What a member of a panel has not judged yet is due by the next working day; only they hear of this."""

    person_id: UUID
    """The member."""
    due_at: datetime
    """Until when."""
    awaited: int
    """How many ideas are to be judged; 1 for a panel that compares."""


class PanelOverdue(PanelHappened):
    """A member of a panel did not judge everything in time; they hear of this, and the chair, unless the chair is to
    judge something there as well."""

    person_id: UUID
    """The member."""
    due_at: datetime
    """Until when it was awaited."""
    awaited: int
    """How many ideas were still to be judged; 1 for a panel that compares."""


class PanelMemberLeft(PanelHappened):
    """A member of a panel left the company; others were asked in their place where there are others. The chair hears of
    this."""

    person_id: UUID
    """The member."""


class PanelChairLeft(PanelHappened):
    """The chair of a panel left the company before it was over; those hear of this who manage reviews of the whole
    company, any of whom may close it or give it up."""

    person_id: UUID
    """The chair."""
