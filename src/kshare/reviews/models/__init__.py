"""Rows of reviews."""

from kshare.reviews.models.clock import ReviewNewsRow
from kshare.reviews.models.forms import FormCriterionRow, FormRow, FormVersionRow
from kshare.reviews.models.panels import (
    AgreementRow,
    ComparisonRow,
    DeviationRow,
    PanelMemberRow,
    PanelRow,
    ReferenceRow,
)
from kshare.reviews.models.reviews import (
    AssignmentRow,
    JudgementRow,
    JudgementScoreRow,
    RemarkRow,
    ReviewResultRow,
    ReviewRow,
)

__all__ = [
    "AgreementRow",
    "AssignmentRow",
    "ComparisonRow",
    "DeviationRow",
    "FormCriterionRow",
    "FormRow",
    "FormVersionRow",
    "JudgementRow",
    "JudgementScoreRow",
    "PanelMemberRow",
    "PanelRow",
    "ReferenceRow",
    "RemarkRow",
    "ReviewNewsRow",
    "ReviewResultRow",
    "ReviewRow",
]
