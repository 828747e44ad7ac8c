"""Where the fields of reviews, assignments and judgements come from, and the lists of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, and_, case, exists, func, not_, select, true
from sqlalchemy.orm import aliased

from kshare.content.models import ContentRow, RevisionRow
from kshare.core.reading import (
    Alias,
    Filter,
    Listing,
    Many,
    One,
    Order,
    Source,
    View,
    Viewer,
    allowed_list,
    constant,
    everyone_sees,
)
from kshare.people.reads import PERSON
from kshare.reviews.models import (
    AssignmentRow,
    JudgementRow,
    JudgementScoreRow,
    PanelRow,
    RemarkRow,
    ReviewResultRow,
    ReviewRow,
)
from kshare.reviews.reads.forms import FORM_CRITERION, FORM_VERSION, criterion_place
from kshare.reviews.reads.seeing import (
    ASSIGNMENT_GUARD,
    REVIEW_GUARD,
    is_owed,
    is_owner,
    latest_of,
    of_content,
    sees_inside,
    sees_results,
    visible_assignment,
    visible_judgement,
    visible_review,
)
from kshare.reviews.shapes.desk import OwedReview
from kshare.reviews.shapes.reviews import (
    Assignment,
    CriterionResult,
    Judgement,
    JudgementScore,
    PanelCard,
    Remark,
    Review,
    ReviewProgress,
    ReviewResult,
    ReviewSubject,
    ReviewSummary,
)

# ---- what is judged -------------------------------------------------------------------------------------------------


def _of_content(name: str) -> Source:
    """A column of the content that is judged."""

    def column(row: Alias) -> ColumnElement[Any]:
        content = aliased(ContentRow)
        return select(getattr(content, name)).where(content.id == row.content_id).scalar_subquery()

    return column


def _newest(name: str) -> Source:
    """A column of the text that is judged, or was: readers may not see it yet, or see another by now."""

    def column(row: Alias) -> ColumnElement[Any]:
        content, revision = aliased(ContentRow), aliased(RevisionRow)
        judged = func.coalesce(row.ended_revision, content.latest_revision)
        other = (
            select(getattr(revision, name))
            .where(revision.content_id == content.id, revision.number == judged)
            .correlate(content, row)
            .scalar_subquery()
        )
        text = case((judged != content.revision, other), else_=getattr(content, name))
        return select(text).where(content.id == row.content_id).correlate(row).scalar_subquery()

    return column


def _shown_author(row: Alias, person: Alias) -> ColumnElement[bool]:
    content, panel = aliased(ContentRow), aliased(PanelRow)
    hidden = select(panel.id).where(panel.id == row.panel_id, panel.hide_author).correlate(row).exists()
    author = select(content.author_id).where(content.id == row.content_id, not_(hidden)).correlate(row)
    is_author: ColumnElement[bool] = person.id == author.scalar_subquery()
    return is_author


SUBJECT = View(
    "review subject",
    ReviewSubject,
    ReviewRow,
    everyone_sees,
    {
        "id": lambda row: row.content_id,
        "type": _of_content("kind"),
        "state": _of_content("state"),
        "title": _newest("title"),
        "language": _of_content("language"),
        "author": One(PERSON, on=_shown_author),
    },
)
PANEL_CARD = View("panel", PanelCard, PanelRow, everyone_sees)

# ---- reviews --------------------------------------------------------------------------------------------------------


def _said(*conditions: Any) -> Source:
    """How many judged the newest text."""

    def count(row: Alias) -> ColumnElement[Any]:
        said, assigned = aliased(JudgementRow), aliased(AssignmentRow)
        return (
            select(func.count())
            .select_from(said)
            .join(assigned, assigned.id == said.assignment_id)
            .where(
                said.review_id == row.id,
                said.current,
                assigned.state == constant("given"),
                said.revision == latest_of(row),
                *(condition(said) for condition in conditions),
            )
            .correlate(row)
            .scalar_subquery()
        )

    return count


PROGRESS = View(
    "progress",
    ReviewProgress,
    ReviewRow,
    everyone_sees,
    {"given": _said(), "approvals": _said(lambda said: said.verdict == constant("approve"))},
)


_CRITERION_RESULT = View(
    "result",
    CriterionResult,
    ReviewResultRow,
    everyone_sees,
    {"criterion": One(FORM_CRITERION, on=lambda row, criterion: criterion.id == row.criterion_id)},
)
RESULT = View(
    "result",
    ReviewResult,
    ReviewRow,
    everyone_sees,
    {
        "criteria": Many(
            _CRITERION_RESULT,
            on=lambda row, result: result.review_id == row.id,
            order=lambda result: (criterion_place(result.criterion_id),),
            first=20,
            seen_with_parent=True,
        )
    },
)

ASSIGNMENT = View(
    "assignment",
    Assignment,
    AssignmentRow,
    visible_assignment,
    {
        "person": One(PERSON, on=lambda row, person: person.id == row.person_id),
        "owed": is_owed,
        "permissions": lambda row: allowed_list(ASSIGNMENT_GUARD.rules_for(row)),
    },
)


def _asked(row: Alias) -> ColumnElement[Any]:
    """How many judge it; the same whether they have or not, and when it is over."""
    asked = aliased(AssignmentRow)
    states = asked.state.in_([constant(state) for state in ("asked", "given", "released")])
    return select(func.count()).select_from(asked).where(asked.review_id == row.id, states).scalar_subquery()


_SUMMARY_FIELDS: dict[str, Source] = {
    "subject": One(SUBJECT, on=lambda row, subject: subject.id == row.id, seen_with_parent=True),
    "panel": One(PANEL_CARD, on=lambda row, panel: panel.id == row.panel_id, seen_with_parent=True),
    "latest_revision": latest_of,
    "asked": _asked,
    "result": One(
        RESULT, on=lambda row, result: and_(result.id == row.id, sees_results(result)), seen_with_parent=True
    ),
    "permissions": lambda row: allowed_list(REVIEW_GUARD.rules_for(row)),
}

REVIEW = View(
    "review",
    Review,
    ReviewRow,
    visible_review,
    {
        **_SUMMARY_FIELDS,
        "summary": _newest("summary"),
        "body": _newest("body"),
        "form": One(FORM_VERSION, on=lambda row, form: form.id == row.form_version_id),
        "progress": One(
            PROGRESS, on=lambda row, progress: and_(progress.id == row.id, sees_inside(progress)), seen_with_parent=True
        ),
        "assignment": One(
            ASSIGNMENT,
            on=lambda row, own: and_(own.review_id == row.id, own.person_id == Viewer.id),
            seen_with_parent=True,
        ),
    },
)

NEWEST = Order((("id", UUID),), "Newest first.")

REVIEWS = Listing(
    "reviews",
    REVIEW,
    filters={
        "content": Filter(Uuid, lambda row, value: row.content_id == value),
        "panel": Filter(Uuid, lambda row, value: row.panel_id == value),
        "state": Filter(Text, lambda row, value: row.state == value),
        "method": Filter(Text, lambda row, value: row.method == value),
    },
    orders={"newest": NEWEST},
    default_order="newest",
    summary=ReviewSummary,
)

_OF_REVIEW = Filter(Uuid, lambda row, value: row.review_id == value)

ASSIGNMENTS = Listing(
    "review_assignments",
    ASSIGNMENT,
    of=("review", REVIEW),
    filters={"review": _OF_REVIEW, "state": Filter(Text, lambda row, value: row.state == value)},
    orders={"newest": NEWEST},
    default_order="newest",
)

# ---- judgements -----------------------------------------------------------------------------------------------------


def _shown_judge(row: Alias, person: Alias) -> ColumnElement[bool]:
    """Authors of ideas learn what was said, and not who said it."""
    review = aliased(ReviewRow)
    authors = (
        select(review.id)
        .where(
            review.id == row.review_id,
            review.method != constant("verdict"),
            of_content(review.content_id, is_owner),
        )
        .correlate(row)
        .exists()
    )
    return and_(person.id == row.person_id, not_(authors))


_SCORE = View(
    "score",
    JudgementScore,
    JudgementScoreRow,
    everyone_sees,
    {"criterion": One(FORM_CRITERION, on=lambda row, criterion: criterion.id == row.criterion_id)},
)
_REMARK = View("remark", Remark, RemarkRow, everyone_sees)


def _is_current(row: Alias) -> ColumnElement[bool]:
    """The last one of its judge that the viewer sees: who judged an earlier text alone does not learn that somebody
    else has judged the newest."""
    later = aliased(JudgementRow)
    newer = exists().where(
        later.assignment_id == row.assignment_id, later.number > row.number, visible_judgement(later)
    )
    return case((row.current, true()), else_=not_(newer))


JUDGEMENT = View(
    "judgement",
    Judgement,
    JudgementRow,
    visible_judgement,
    {
        "current": _is_current,
        "judge": One(PERSON, on=_shown_judge),
        "scores": Many(
            _SCORE,
            on=lambda row, score: score.judgement_id == row.id,
            order=lambda score: (criterion_place(score.criterion_id),),
            first=20,
            seen_with_parent=True,
        ),
        "remarks": Many(
            _REMARK,
            on=lambda row, remark: remark.judgement_id == row.id,
            order=lambda remark: (remark.position,),
            first=100,
            seen_with_parent=True,
        ),
    },
)

JUDGEMENTS = Listing(
    "review_judgements",
    JUDGEMENT,
    of=("review", REVIEW),
    filters={"review": _OF_REVIEW},
    orders={"newest": NEWEST},
    default_order="newest",
)

# ---- the desk -------------------------------------------------------------------------------------------------------

OWED = View(
    "assignment",
    OwedReview,
    AssignmentRow,
    lambda row: and_(row.person_id == Viewer.id, is_owed(row)),
    {
        "review": One(REVIEW, on=lambda row, review: review.id == row.review_id),
        "panel": One(PANEL_CARD, on=lambda row, panel: panel.id == row.panel_id, seen_with_parent=True),
        "overdue": lambda row: row.due_at < func.statement_timestamp(),
        "permissions": ASSIGNMENT.fields["permissions"],
    },
)

MY_REVIEWS = Listing(
    "my_reviews",
    OWED,
    filters={},
    orders={
        "due": Order(
            (("due_at", datetime), ("id", UUID)), "What is due first, and so what is overdue.", descending=False
        )
    },
    default_order="due",
    # For the index of what is open.
    implied=lambda row, _: and_(row.open, row.person_id == Viewer.id),
)
