"""Who sees which comparison, which ideas somebody may compare, and the lists of comparisons.

While a panel runs everybody sees their own comparisons alone; afterwards its chair, its members and those who manage
reviews see all. Those of a panel with an idea whose author is not shown stay with who made them: an author among the
judges compares everything but their own, and who leaves out just one idea would be known by that.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Uuid, and_, bindparam, exists, false, func, not_, or_, select
from sqlalchemy.orm import aliased

from kshare.content.models import ContentRow
from kshare.content.visibility import is_anonymous, visible_content
from kshare.core.access import Permission
from kshare.core.errors import DomainError
from kshare.core.reading import Alias, Filter, Listing, One, Order, Source, View, Viewer, allowed_list, constant
from kshare.core.writing import Guard
from kshare.ideas.models import CoauthorRow
from kshare.people.models import PersonRow
from kshare.people.reads import PERSON
from kshare.reviews.models import AssignmentRow, ComparisonRow, PanelMemberRow, PanelRow, ReviewRow
from kshare.reviews.reads.reviews import REVIEW, SUBJECT
from kshare.reviews.reads.seeing import (
    is_owner,
    of_content,
    sees_results,
    wrote_newer,
)
from kshare.reviews.shapes.comparing import ComparedIdea, Comparison, NextPair

# ---- panels ---------------------------------------------------------------------------------------------------------


def is_member(panel_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """The viewer is a member of the panel."""
    member = aliased(PanelMemberRow)
    return exists().where(member.panel_id == panel_id, member.person_id == Viewer.id)


def visible_panel(row: Alias) -> ColumnElement[bool]:
    """Seen by its chair, its members, and those who manage reviews of the whole company."""
    return or_(row.chair_id == Viewer.id, is_member(row.id), Viewer.holds(Permission.review_manage))


def sees_standing(row: Alias) -> ColumnElement[bool]:
    """The viewer chairs the panel and judges nothing in it."""
    return and_(row.chair_id == Viewer.id, not_(is_member(row.id)))


PAIRS_GUARD = Guard(
    "panel",
    PanelRow,
    visible_panel,
    {
        "compare": lambda row: and_(is_member(row.id), Viewer.holds(Permission.review)),
        "see_standing": sees_standing,
    },
    states={
        "compare": lambda row: and_(row.method == constant("pairs"), row.state == constant("open")),
        "see_standing": lambda row: and_(row.method == constant("pairs"), row.state == constant("open")),
    },
)

OUTCOMES = {"first": 1.0, "tie": 0.5, "second": 0.0}
"""What the outcome of a comparison is worth to its first."""


def check_comparing(method: str, state: str) -> None:
    """Raises 409 for a panel in which nothing can be compared."""
    if method != "pairs":
        raise DomainError("conflict", "This panel scores ideas; it does not compare them.")
    if state != "open":
        raise DomainError("conflict", f"The panel is not open but {state}.", extra={"state": state})


def not_taking_part() -> DomainError:
    """A 409 for a member who does not judge any more."""
    return DomainError("conflict", "You do not take part in this panel any more.")


# ---- who may compare what -------------------------------------------------------------------------------------------


def is_compared(row: Alias) -> ColumnElement[bool]:
    """A review that is open and takes part in the comparison."""
    return and_(row.state == constant("open"), not_(row.sample))


PANEL_ID = bindparam("panel_id", type_=Uuid)
"""The panel of a statement that uses `may_compare`."""


def _above_authors() -> Any:
    """Who is above the authors of the large ideas of the panel, at any distance."""
    review, content, other, shared = aliased(ReviewRow), aliased(ContentRow), aliased(ReviewRow), aliased(ContentRow)
    share, large = aliased(CoauthorRow), constant("large")
    alone = select(review.content_id, content.author_id.label("person_id")).join(
        content, content.id == review.content_id
    )
    together = (
        select(other.content_id, share.person_id)
        .join(shared, shared.id == other.content_id)
        .join(share, share.content_id == other.content_id)
    )
    authors = (
        alone.where(review.panel_id == PANEL_ID, content.variety == large)
        .union(together.where(other.panel_id == PANEL_ID, shared.variety == large))
        .subquery()
    )
    author, above = aliased(PersonRow), aliased(PersonRow)
    line = (
        select(authors.c.content_id, author.manager_id.label("person_id"))
        .join(author, author.id == authors.c.person_id)
        .cte("line", recursive=True)
    )
    return line.union(select(line.c.content_id, above.manager_id).join(above, above.id == line.c.person_id))


def may_compare(row: Alias) -> ColumnElement[bool]:
    """The viewer may judge the idea of a review of the panel `PANEL_ID`: it is still there and they see it; it is not
    theirs, shown or not, nor did they write at it, nor are they above its authors if it is large; and they have no
    conflict."""
    conflict, line = aliased(AssignmentRow), _above_authors()
    conflicted = exists().where(
        conflict.content_id == row.content_id,
        conflict.person_id == Viewer.id,
        conflict.state == constant("conflicted"),
    )
    above = exists().where(line.c.content_id == row.content_id, line.c.person_id == Viewer.id)
    readable = of_content(
        row.content_id,
        lambda content: content.state == constant("published"),
        visible_content,
        lambda content: not_(or_(is_owner(content), wrote_newer(content))),
    )
    return and_(is_compared(row), readable, not_(conflicted), not_(above))


def counts(row: Alias) -> ColumnElement[bool]:
    """A comparison counts as long as its judge has no conflict with either idea and did not become an author of one."""
    both = [row.first_id, row.second_id]
    conflict, share, review = aliased(AssignmentRow), aliased(CoauthorRow), aliased(ReviewRow)
    conflicted = exists().where(
        conflict.review_id.in_(both), conflict.person_id == row.person_id, conflict.state == constant("conflicted")
    )
    shares = exists().where(
        review.id.in_(both), share.content_id == review.content_id, share.person_id == row.person_id
    )
    return and_(not_(conflicted), not_(shares))


# ---- comparisons ----------------------------------------------------------------------------------------------------

COMPARED_IDEA = View(
    "review",
    ComparedIdea,
    ReviewRow,
    lambda row: of_content(row.content_id, visible_content),
    {
        "subject": One(SUBJECT, on=lambda row, subject: subject.id == row.id, seen_with_parent=True),
        "latest_revision": REVIEW.fields["latest_revision"],
        "summary": REVIEW.fields["summary"],
        "body": REVIEW.fields["body"],
    },
)
"""For those who see the comparison, or are asked for one."""


def _panel_is(row: Alias, state: str, *conditions: Any) -> ColumnElement[bool]:
    panel = aliased(PanelRow)
    found = select(panel.id).where(panel.id == row.panel_id, panel.state == constant(state))
    return found.where(*(condition(panel) for condition in conditions)).correlate(row).exists()


def _barred_from(row: Alias) -> ColumnElement[bool]:
    """One of the two is not the viewer's business: they may not read it, or keep out of what it came to."""
    review = aliased(ReviewRow)
    free = func.coalesce(and_(of_content(review.content_id, visible_content), sees_results(review)), false())
    both = review.id.in_([row.first_id, row.second_id])
    return select(review.id).where(both, not_(free)).correlate(row).exists()


def _unnamed_in(row: Alias) -> ColumnElement[bool]:
    """The author of some idea of the panel is not shown."""
    review, content = aliased(ReviewRow), aliased(ContentRow)
    found = select(review.id).join(content, content.id == review.content_id)
    return found.where(review.panel_id == row.panel_id, is_anonymous(content)).correlate(row).exists()


def visible_comparison(row: Alias) -> ColumnElement[bool]:
    """One's own; and all of a closed panel, for those who see that."""
    after = and_(_panel_is(row, "closed", visible_panel), not_(_barred_from(row)), not_(_unnamed_in(row)))
    return or_(row.person_id == Viewer.id, after)


COMPARISON_GUARD = Guard(
    "comparison",
    ComparisonRow,
    visible_comparison,
    {"withdraw": lambda row: and_(row.person_id == Viewer.id, Viewer.holds(Permission.review))},
    states={"withdraw": lambda row: _panel_is(row, "open")},
)


def _shown_judge(row: Alias, person: Alias) -> ColumnElement[bool]:
    """Authors of ideas learn what was said, and not who said it."""
    review = aliased(ReviewRow)
    both = review.id.in_([row.first_id, row.second_id])
    authors = select(review.id).where(both, of_content(review.content_id, is_owner)).correlate(row).exists()
    return and_(person.id == row.person_id, or_(row.person_id == Viewer.id, not_(authors)))


COMPARISON = View(
    "comparison",
    Comparison,
    ComparisonRow,
    visible_comparison,
    {
        "judge": One(PERSON, on=_shown_judge),
        "first": One(COMPARED_IDEA, on=lambda row, review: review.id == row.first_id),
        "second": One(COMPARED_IDEA, on=lambda row, review: review.id == row.second_id),
        "permissions": lambda row: allowed_list(COMPARISON_GUARD.rules_for(row)),
    },
)

COMPARISONS = Listing(
    "review_comparisons",
    COMPARISON,
    of=("panel", View("panel", NextPair, PanelRow, visible_panel)),
    filters={"panel": Filter(Uuid, lambda row, value: row.panel_id == value)},
    orders={"newest": Order((("id", UUID),), "Newest first.")},
    default_order="newest",
)


def _chosen(name: str) -> Source:
    """One of the two that were chosen before the statement was run."""
    return One(COMPARED_IDEA, on=lambda row, review: review.id == bindparam(name, type_=Uuid))


NEXT_PAIR = View(
    "panel",
    NextPair,
    PanelRow,
    visible_panel,
    {
        "first": _chosen("first_id"),
        "second": _chosen("second_id"),
        "compared": lambda row: bindparam("compared", type_=Integer),
        "left": lambda row: bindparam("left", type_=Integer),
    },
)
"""What is chosen in `reads/pairs.py` and bound: the reviews `first_id` and `second_id`, the numbers `compared` and
`left`."""
