"""Who sees a decision, and the list of decisions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, Text, Uuid, or_, select
from sqlalchemy.orm import aliased

from kshare.content.models import ContentRow
from kshare.content.visibility import visible_content
from kshare.core.reading import Alias, Filter, Listing, Order, View
from kshare.core.writing import Guard
from kshare.ideas.models import DecisionRow
from kshare.ideas.reads.decision import DECISION_FIELDS
from kshare.ideas.reads.idea import may_decide
from kshare.ideas.shapes.decisions import Decision


def visible_decision(row: Alias) -> ColumnElement[bool]:
    """Seen with its idea once it is published, and before that by those who may decide on the idea."""
    content: Alias = aliased(ContentRow)
    known = or_(row.published_at.is_not(None), may_decide(content))
    return select(content.id).where(content.id == row.content_id, visible_content(content), known).exists()


DECISION_GUARD = Guard("decision", DecisionRow, visible_decision)

DECISION = View("decision", Decision, DecisionRow, visible_decision, DECISION_FIELDS)

DECISIONS = Listing(
    "decisions",
    DECISION,
    filters={
        "private": Filter(
            Boolean,
            lambda row, value: row.published_at.is_(None) == value,
            special={
                "True": lambda row: row.published_at.is_(None),
                "False": lambda row: row.published_at.is_not(None),
            },
        ),
        "outcome": Filter(Text, lambda row, value: row.outcome == value),
        "idea": Filter(Uuid, lambda row, value: row.content_id == value),
    },
    orders={"newest": Order((("decided_at", datetime), ("id", UUID)), "Last decided first.")},
    default_order="newest",
)
