"""Who sees a review, and how much of it; who may do what. See "Blind" in docs/adr/0008-reviews.md.

A review is seen by those who have to do with it. What was said in it, and how many have, is seen by less: while it is
open by whoever owes nothing and has judged, or leads it; afterwards by all of them but those who kept out.
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, false, func, not_, or_, select
from sqlalchemy.orm import aliased

from kshare.content.models import ContentRow, RevisionRow
from kshare.content.visibility import visible_content
from kshare.core.access import Permission
from kshare.core.reading import Alias, Viewer, constant, there_is
from kshare.core.writing import Guard
from kshare.ideas.models import CoauthorRow, DecisionRow
from kshare.reviews.models import AssignmentRow, JudgementRow, PanelRow, ReviewRow

_TAKES_PART = ("asked", "given")
_UNDER_WAY = ("preparing", "open")


def under_way(row: Alias) -> ColumnElement[bool]:
    """A review that has not ended."""
    condition: ColumnElement[bool] = row.state.in_([constant(state) for state in _UNDER_WAY])
    return condition


def of_content(content_id: Any, *conditions: Any) -> ColumnElement[bool]:
    """That all of the conditions, each a rule for content, hold for the content of this id."""
    content = aliased(ContentRow)
    query = select(content.id).where(content.id == content_id, *(condition(content) for condition in conditions))
    return there_is(query)


def is_owner(content: Alias) -> ColumnElement[bool]:
    """The viewer wrote it, shown or not, or has a share in it."""
    share = aliased(CoauthorRow)
    shares = exists().where(share.content_id == content.id, share.person_id == Viewer.id)
    return or_(Viewer.owns(content.owner_id), shares)


def manages(content: Alias) -> ColumnElement[bool]:
    """The viewer manages the reviews of its department or category."""
    return Viewer.holds_within(Permission.review_manage, content.department_id, content.category_id)


def wrote_newer(content: Alias) -> ColumnElement[bool]:
    """The viewer wrote a text of it that readers have not been shown yet, or, of an idea, any."""
    text = aliased(RevisionRow)
    newer = or_(content.kind == constant("idea"), content.state == constant("draft"), text.number > content.revision)
    return exists().where(text.content_id == content.id, text.author_id == Viewer.id, newer)


def _will_see(content: Alias) -> ColumnElement[bool]:
    """The viewer sees it, or will once it is published."""
    will: ColumnElement[bool] = case(
        (content.audience.bool_op("&&")(Viewer.subjects), content.classification <= Viewer.clearance), else_=false()
    )
    return or_(visible_content(content), and_(will, Viewer.holds(Permission.content_read)))


def mine(review_id: Any, *states: str) -> ColumnElement[bool]:
    """The viewer was asked to judge the review, and this became of it."""
    own = aliased(AssignmentRow)
    conditions = [own.review_id == review_id, own.person_id == Viewer.id]
    if states:
        conditions.append(own.state.in_([constant(state) for state in states]))
    return exists().where(*conditions)


def _latest(row: Alias) -> ColumnElement[Any]:
    """The number of the newest text of what a row belongs to."""
    content = aliased(ContentRow)
    return select(content.latest_revision).where(content.id == row.content_id).correlate(row).scalar_subquery()


def latest_of(review: Alias) -> ColumnElement[Any]:
    """The number of the text that a review is about: the newest, or what was the newest when it ended."""
    return func.coalesce(review.ended_revision, _latest(review))


def awaits(row: Alias) -> ColumnElement[bool]:
    """The person of an assignment has not judged the newest text."""
    said = aliased(JudgementRow)
    newest = exists().where(said.assignment_id == row.id, said.current, said.revision == _latest(row))
    again = and_(row.state == constant("given"), row.review_id.is_not(None), not_(newest))
    return and_(row.open, or_(row.state == constant("asked"), again))


def is_owed(row: Alias) -> ColumnElement[bool]:
    """A judgement is awaited of the person of an assignment: not of an idea that was withdrawn or merged."""
    content = aliased(ContentRow)
    gone = exists().where(
        content.id == row.content_id, content.kind == constant("idea"), content.state != constant("published")
    )
    return and_(awaits(row), not_(gone))


def has_judged(review: Alias, revision: ColumnElement[Any], *outer: Alias) -> ColumnElement[bool]:
    """The viewer has judged this text of the review, or a newer one. `outer` is what else `revision` refers to."""
    said = aliased(JudgementRow)
    own = select(said.id).where(said.review_id == review.id, said.person_id == Viewer.id, said.revision >= revision)
    return own.correlate(review, *outer).exists()


def leads(row: Alias) -> ColumnElement[bool]:
    """The viewer leads the review: the chair of its panel, or who submitted an idea."""
    panel = aliased(PanelRow)
    chairs = exists().where(panel.id == row.panel_id, panel.chair_id == Viewer.id)
    alone = and_(row.panel_id.is_(None), row.method != constant("verdict"), row.submitted_by == Viewer.id)
    return or_(chairs, alone)


def _owes(row: Alias) -> ColumnElement[bool]:
    """The viewer owes the review a judgement, or owes one to its panel, which compares; an idea that was withdrawn may
    come back."""
    own = aliased(AssignmentRow)
    asked = or_(own.review_id == row.id, and_(own.review_id.is_(None), own.panel_id == row.panel_id))
    return exists().where(asked, own.person_id == Viewer.id, awaits(own))


def _leads_impartially(row: Alias) -> ColumnElement[bool]:
    """The viewer leads a review in which they owe nothing and did not decline to judge, of what is not their own, not
    even without their name."""
    impartial = and_(not_(_owes(row)), not_(mine(row.id, "declined", "delegated", "absent")))
    return and_(leads(row), impartial, not_(of_content(row.content_id, is_owner)))


def visible_review(row: Alias) -> ColumnElement[bool]:
    """Seen by those who judge it, own it (once it has begun, and not what only calibrates) or lead it, as far as they
    see the content; and by those who manage reviews, who see that of a draft as soon as it is submitted."""
    panel_asks = aliased(AssignmentRow)
    compares = exists().where(
        panel_asks.panel_id == row.panel_id, panel_asks.review_id.is_(None), panel_asks.person_id == Viewer.id
    )
    in_panel = and_(compares, not_(and_(mine(row.id, "conflicted"), under_way(row))))
    owners = and_(of_content(row.content_id, is_owner), not_(row.sample), row.state != constant("preparing"))
    judges = or_(
        mine(row.id, "asked", "given", "released", "absent"), and_(mine(row.id, "conflicted"), not_(under_way(row)))
    )
    concerned = and_(or_(judges, in_panel, leads(row), owners), of_content(row.content_id, visible_content))
    return or_(concerned, of_content(row.content_id, manages, _will_see))


def sees_results(row: Alias) -> ColumnElement[bool]:
    """The results of a review that is over are the viewer's business: not of those who kept out, and of those with a
    conflict only once it is decided."""
    decision = aliased(DecisionRow)
    decided = exists().where(
        decision.content_id == row.content_id, decision.review_id == row.id, decision.published_at.is_not(None)
    )
    # An author, not shown, may have been asked like everybody, and have declined.
    kept_out = and_(
        mine(row.id, "declined", "delegated", "absent", "released"), not_(of_content(row.content_id, is_owner))
    )
    barred = and_(mine(row.id, "conflicted"), not_(decided))
    # A sample belongs to those who judged it even while its panel is under way; that a review is over is enough.
    return and_(not_(under_way(row)), not_(kept_out), not_(barred))


def sees_inside(row: Alias) -> ColumnElement[bool]:
    """The viewer sees what others said of the newest text, and how many have."""
    latest = _latest(row)
    owner = and_(row.method == constant("verdict"), of_content(row.content_id, is_owner))
    leader = _leads_impartially(row)
    meanwhile = and_(not_(mine(row.id, "conflicted")), or_(has_judged(row, latest), owner, leader))
    return case((under_way(row), meanwhile), else_=sees_results(row))


def visible_judgement(row: Alias) -> ColumnElement[bool]:
    """One's own; those of others while one has judged as new a text, leads the review or owns what gets a verdict; and
    all once it is over."""
    review = aliased(ReviewRow)
    owner = and_(review.method == constant("verdict"), of_content(review.content_id, is_owner))
    leader = _leads_impartially(review)
    meanwhile = and_(not_(mine(review.id, "conflicted")), or_(has_judged(review, row.revision, row), owner, leader))
    open_to = case((under_way(review), meanwhile), else_=sees_results(review))
    seen = exists().where(review.id == row.review_id, visible_review(review), or_(row.person_id == Viewer.id, open_to))
    condition: ColumnElement[bool] = seen
    return condition


def visible_assignment(row: Alias) -> ColumnElement[bool]:
    """One's own, and those of a review into which one sees; but authors of ideas never learn who judges them."""
    review = aliased(ReviewRow)
    author = and_(review.method != constant("verdict"), of_content(review.content_id, is_owner))
    inside = exists().where(review.id == row.review_id, visible_review(review), sees_inside(review), not_(author))
    return or_(row.person_id == Viewer.id, inside)


REVIEW_GUARD = Guard(
    "review",
    ReviewRow,
    visible_review,
    {
        "withdraw": lambda row: or_(
            leads(row),
            and_(row.method == constant("verdict"), of_content(row.content_id, is_owner)),
            and_(of_content(row.content_id, manages), not_(mine(row.id))),
        ),
        "assign": lambda row: and_(
            of_content(row.content_id, manages, lambda content: not_(or_(is_owner(content), wrote_newer(content)))),
            not_(mine(row.id)),
        ),
    },
    states={
        "withdraw": lambda row: and_(row.state == constant("open"), row.panel_id.is_(None)),
        "assign": lambda row: and_(row.state == constant("open"), row.panel_id.is_(None)),
    },
)


def _own(row: Alias) -> ColumnElement[bool]:
    return and_(row.person_id == Viewer.id, Viewer.holds(Permission.review))


def _judge(row: Alias) -> ColumnElement[bool]:
    """Nobody judges what they do not see any more, nor what is their own, not even an author who is not shown and so
    was asked like everybody, nor what they have changed themselves. Whom else commands refuse: commands/choosing.py."""
    partial = of_content(row.content_id, lambda content: or_(is_owner(content), wrote_newer(content)))
    seen = or_(row.content_id.is_(None), of_content(row.content_id, visible_content))
    return and_(_own(row), seen, not_(func.coalesce(partial, false())))


ASSIGNMENT_GUARD = Guard(
    "assignment",
    AssignmentRow,
    visible_assignment,
    {"judge": _judge, "decline": _own, "delegate": _own, "declare_conflict": _own, "compare": _own, "finish": _own},
    states={
        "judge": lambda row: and_(
            row.open, row.review_id.is_not(None), row.state.in_([constant(state) for state in _TAKES_PART])
        ),
        "decline": lambda row: and_(awaits(row), row.review_id.is_not(None)),
        "delegate": lambda row: and_(awaits(row), row.review_id.is_not(None)),
        "declare_conflict": lambda row: and_(
            row.open, row.review_id.is_not(None), row.state.in_([constant(state) for state in _TAKES_PART])
        ),
        "compare": lambda row: and_(
            row.open, row.review_id.is_(None), row.state.in_([constant(state) for state in _TAKES_PART])
        ),
        "finish": lambda row: and_(row.open, row.review_id.is_(None), row.state == constant("asked")),
    },
)
