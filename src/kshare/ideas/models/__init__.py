"""Rows of ideas, by subject."""

from kshare.ideas.models.clock import CalendarDayRow, EscalationRow, ServiceLevelRow, WorkingTimeRow
from kshare.ideas.models.decisions import DecisionRow
from kshare.ideas.models.idea import CoauthorRow, IdeaRow, VoteRow
from kshare.ideas.models.similar import LikenessCountRow, LikenessRow
from kshare.ideas.models.templates import AnswerRow
from kshare.ideas.models.triage import (
    ModelUseRow,
    TriageCategoryRow,
    TriageNeighbourRow,
    TriagePrintRow,
    TriageReasonRow,
    TriageReviewerRow,
    TriageRow,
)

__all__ = [
    "AnswerRow",
    "CalendarDayRow",
    "CoauthorRow",
    "DecisionRow",
    "EscalationRow",
    "IdeaRow",
    "LikenessCountRow",
    "LikenessRow",
    "ModelUseRow",
    "ServiceLevelRow",
    "TriageCategoryRow",
    "TriageNeighbourRow",
    "TriagePrintRow",
    "TriageReasonRow",
    "TriageReviewerRow",
    "TriageRow",
    "VoteRow",
    "WorkingTimeRow",
]
