"""Who sees what triage suggests for an idea, and where it comes from."""

from sqlalchemy import ColumnElement, and_, not_, or_, select, true
from sqlalchemy.orm import aliased

from kshare.content.models import ContentRow
from kshare.content.reads import CONTENT_CARD
from kshare.content.taxonomy_reads import CATEGORY
from kshare.content.visibility import visible_content
from kshare.core.reading import Alias, Many, One, View, Viewer, constant
from kshare.core.writing import Guard
from kshare.ideas.models import (
    TriageCategoryRow,
    TriageNeighbourRow,
    TriageReasonRow,
    TriageReviewerRow,
    TriageRow,
)
from kshare.ideas.reads.idea import is_idea, may_decide, may_manage
from kshare.ideas.shapes.triage import (
    AlikeContent,
    IdeaTriage,
    SuggestedCategory,
    SuggestedReviewer,
    TriageReason,
)
from kshare.people.reads import PERSON


def _may_triage(row: Alias) -> ColumnElement[bool]:
    return or_(may_decide(row), may_manage(row))


TRIAGE_GUARD = Guard("idea", ContentRow, visible_content, {"triage": _may_triage}, is_idea)
"""Those who may decide on an idea or manage it may triage it, in whatever stage it is."""


def _visible(row: Alias) -> ColumnElement[bool]:
    """Suggestions are made with the eyes of the system; so only those see them who may decide on the idea or manage it,
    and whoever has confirmed one."""
    idea = aliased(ContentRow)
    allowed = or_(row.confirmed_by == Viewer.id, _may_triage(idea))
    return select(idea.id).where(idea.id == row.id, visible_content(idea), allowed).exists()


def _other_visible(row: Alias) -> ColumnElement[bool]:
    other = aliased(ContentRow)
    return select(other.id).where(other.id == row.other_id, visible_content(other)).exists()


def _with_triage(_: Alias) -> ColumnElement[bool]:
    return true()


_CATEGORY = View(
    "category",
    SuggestedCategory,
    TriageCategoryRow,
    _with_triage,
    {"category": One(CATEGORY, on=lambda row, category: category.id == row.category_id)},
)
_REVIEWER = View(
    "reviewer",
    SuggestedReviewer,
    TriageReviewerRow,
    _with_triage,
    {"person": One(PERSON, on=lambda row, person: person.id == row.person_id)},
)
_ALIKE = View(
    "content",
    AlikeContent,
    TriageNeighbourRow,
    _other_visible,
    {"content": One(CONTENT_CARD, on=lambda row, content: content.id == row.other_id)},
)
_REASON = View("reason", TriageReason, TriageReasonRow, _with_triage)

TRIAGE = View(
    "triage",
    IdeaTriage,
    TriageRow,
    _visible,
    {
        "idea_id": lambda row: row.id,
        "category": One(CATEGORY, on=lambda row, category: category.id == row.category_id),
        "categories": Many(
            _CATEGORY,
            on=lambda row, suggested: suggested.content_id == row.id,
            order=lambda suggested: (suggested.weight.desc(), suggested.category_id),
            first=5,
            seen_with_parent=True,
        ),
        "reasons": Many(
            _REASON,
            on=lambda row, reason: reason.content_id == row.id,
            order=lambda reason: (reason.position,),
            first=50,
            seen_with_parent=True,
        ),
        "reviewers": Many(
            _REVIEWER,
            on=lambda row, reviewer: and_(reviewer.content_id == row.id, not_(reviewer.reason == constant("named"))),
            order=lambda reviewer: (reviewer.position,),
            first=5,
            seen_with_parent=True,
        ),
        "alike": Many(
            _ALIKE,
            on=lambda row, neighbour: neighbour.content_id == row.id,
            order=lambda neighbour: (neighbour.likeness.desc(), neighbour.other_id),
            first=5,
        ),
        "confirmed_by": One(PERSON, on=lambda row, person: person.id == row.confirmed_by),
        "confirmed_category": One(CATEGORY, on=lambda row, category: category.id == row.confirmed_category_id),
        "confirmed_reviewers": Many(
            PERSON,
            on=lambda row, reviewer: and_(reviewer.content_id == row.id, reviewer.confirmed),
            order=lambda person: (person.sort_name, person.id),
            first=20,
            through=TriageReviewerRow,
            link=lambda reviewer, person: person.id == reviewer.person_id,
        ),
    },
)
