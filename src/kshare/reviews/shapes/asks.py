"""Submitting and judging, as callers ask for it."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from kshare.core.reading import Ask
from kshare.core.text import prose
from kshare.reviews.shapes.reviews import ReviewAssignmentState, ReviewMethod, ReviewState, ReviewVerdict

Reason = Annotated[str, prose(1, 500)]
Remark = Annotated[str, prose(0, 2000)]
Line = Annotated[int, Field(ge=1, le=1_000_000)]


class SubmitForReview(Ask):
    """Have a content judged under the policy that holds for it."""

    note: Reason | None = None
    """What to say to its reviewers."""


class ScoreGiven(Ask):
    """A score for one criterion."""

    criterion_id: UUID
    """The criterion."""
    score: Annotated[int, Field(ge=1, le=5)]
    """1 to 5; the form says what they mean."""
    comment: Remark = ""
    """Why; some criteria need it."""


class RemarkGiven(Ask):
    """What to say of some lines of the body."""

    line_from: Line
    """The first line, from 1."""
    line_to: Line | None = None
    """The last line; by default the first."""
    body: Annotated[str, prose(1, 2000)]
    """What to say of it."""


class GiveJudgement(Ask):
    """What you say of a text. Given again, it stands beside what you said before, and counts instead."""

    revision: Annotated[int, Field(ge=1, le=2_147_483_647)]
    """The number of the text that you read, which must be the newest."""
    verdict: ReviewVerdict | None = None
    """Approve, request changes or reject; where no scores are asked for."""
    scores: Annotated[list[ScoreGiven], Field(max_length=20)] = []  # noqa: RUF012
    """A score for each criterion of the form."""
    comment: Remark = ""
    """What to say to the author; needed to request changes without a remark, and to reject."""
    remarks: Annotated[list[RemarkGiven], Field(max_length=100)] = []  # noqa: RUF012
    """What to say of single lines."""


class DeclineAssignment(Ask):
    """Not to judge."""

    reason: Reason
    """Why."""


class DelegateAssignment(Ask):
    """Have somebody else judge in your place."""

    person_id: UUID
    """Who; somebody who could have been asked as well."""
    reason: Reason | None = None
    """Why."""


class DeclareConflict(Ask):
    """A conflict of interest: you take no part in judging this, and see nothing of it until it is over."""

    reason: Reason
    """What it is."""


class AssignReviewer(Ask):
    """Ask one more person to judge."""

    person_id: UUID
    """Who."""


class WithdrawReview(Ask):
    """Take a review back before it ends."""

    reason: Reason | None = None
    """Why, for those who were asked."""


class ReviewFilter(Ask):
    """Which reviews; all conditions must hold."""

    content: UUID | None = None
    """Of this content."""
    panel: UUID | None = None
    """Of this panel."""
    state: ReviewState | None = None
    """So far."""
    method: ReviewMethod | None = None
    """Judged in this way."""


class AssignmentFilter(Ask):
    """Which assignments."""

    state: ReviewAssignmentState | None = None
    """Of which this became."""
