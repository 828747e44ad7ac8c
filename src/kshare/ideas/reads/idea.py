"""Who sees an idea and who may do what with it, where its fields come from, and the list of ideas."""

from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, case, func, literal_column, not_, null, or_, select
from sqlalchemy.orm import aliased

from kshare.content.models import ContentRow
from kshare.content.reads import AUDIENCE, CONTENT_FIELDS, CONTENT_FILTERS, CONTENT_ORDERS, published_unless_asked
from kshare.content.visibility import own, visible_content
from kshare.core.access import Permission
from kshare.core.markup import render_html
from kshare.core.principal import ANONYMOUS_ID
from kshare.core.reading import (
    Alias,
    Filter,
    Listing,
    Many,
    One,
    Rendered,
    Source,
    View,
    Viewer,
    allowed_list,
    constant,
    everyone_sees,
)
from kshare.core.writing import Guard, Rule
from kshare.discussion.reads import DISCUSSION_RULES, MINE, NEWEST_COMMENTS
from kshare.ideas.models import CoauthorRow, IdeaRow, VoteRow
from kshare.ideas.shapes.idea import Coauthor, Idea, IdeaSummary
from kshare.ideas.stages import UNDECIDED, UNDERWAY
from kshare.people.reads import PERSON


def is_idea(row: Alias) -> ColumnElement[bool]:
    """Which content is an idea."""
    kind: ColumnElement[bool] = row.kind == constant("idea")
    return kind


def idea_column(name: str) -> Any:
    """A column of the idea that a content is."""

    def column(row: Alias) -> ColumnElement[Any]:
        idea: Alias = aliased(IdeaRow)
        return select(getattr(idea, name)).where(idea.id == row.id).scalar_subquery()

    return column


def in_state(state: str) -> Rule:
    """The content is in this state."""
    return lambda row: row.state == constant(state)


def in_stage(*stages: str) -> Rule:
    """The idea is in one of these stages."""
    return lambda row: row.stage.in_([constant(stage) for stage in stages])


def is_coauthor(row: Alias) -> ColumnElement[bool]:
    """The viewer has a share in the idea."""
    share = aliased(CoauthorRow)
    return select(share.content_id).where(share.content_id == row.id, share.person_id == Viewer.id).exists()


def is_own(row: Alias) -> ColumnElement[bool]:
    """The viewer is its author, shown or not, or a co-author."""
    return or_(Viewer.owns(row.owner_id), is_coauthor(row))


def is_merged(row: Alias) -> ColumnElement[bool]:
    """The idea was merged into another."""
    idea = aliased(IdeaRow)
    return select(idea.id).where(idea.id == row.id, idea.merged_into.is_not(None)).exists()


def may_decide(row: Alias) -> ColumnElement[bool]:
    """Whose answer the idea awaits: the person on whose desk it lies, and those who decide on ideas; never its own
    authors."""
    idea = aliased(IdeaRow)
    at_desk = select(idea.id).where(idea.id == row.id, idea.desk_id == Viewer.id).exists()
    committee = Viewer.holds_within(Permission.idea_decide, row.department_id, row.category_id)
    return and_(or_(at_desk, committee), not_(is_own(row)))


def may_manage(row: Alias) -> ColumnElement[bool]:
    """Who manages the ideas of its department or category."""
    return Viewer.holds_within(Permission.idea_manage, row.department_id, row.category_id)


def _edit(row: Alias) -> ColumnElement[bool]:
    authors = and_(is_own(row), Viewer.holds(Permission.idea_propose))
    return and_(row.state != constant("archived"), or_(authors, may_manage(row)))


def _vote(row: Alias) -> ColumnElement[bool]:
    opened = and_(in_state("published")(row), in_stage(*UNDECIDED)(row))
    return and_(opened, not_(is_own(row)), Viewer.holds(Permission.idea_propose))


def _decide(row: Alias) -> ColumnElement[bool]:
    return and_(in_state("published")(row), in_stage(*UNDECIDED)(row), may_decide(row))


def _carry_out(row: Alias) -> ColumnElement[bool]:
    underway = and_(in_state("published")(row), in_stage(*UNDERWAY)(row))
    return and_(underway, or_(and_(is_own(row), Viewer.holds(Permission.idea_propose)), may_manage(row)))


IDEA_GUARD = Guard(
    "idea",
    ContentRow,
    visible_content,
    {
        "edit": _edit,
        "submit": lambda row: and_(in_state("draft")(row), own(row, Permission.idea_propose)),
        "delete": lambda row: and_(in_state("draft")(row), own(row, Permission.idea_propose)),
        "withdraw": lambda row: and_(in_state("published")(row), own(row, Permission.idea_propose)),
        "reinstate": lambda row: and_(
            in_state("archived")(row), not_(is_merged(row)), own(row, Permission.idea_propose)
        ),
        "vote": _vote,
        "decide": _decide,
        "manage": may_manage,
        "carry_out": _carry_out,
        **DISCUSSION_RULES,
    },
    is_idea,
)

_COAUTHOR = View(
    "coauthor",
    Coauthor,
    CoauthorRow,
    everyone_sees,
    {"person": One(PERSON, on=lambda row, person: person.id == row.person_id)},
)


def _voted(row: Alias) -> ColumnElement[bool]:
    vote, idea = aliased(VoteRow), aliased(IdeaRow)
    counted = vote.content_id == func.any(func.array_append(idea.members, idea.id))
    mine: Select[Any] = select(literal_column("1")).select_from(idea).join(vote, counted)
    return mine.where(idea.id == row.id, vote.person_id == Viewer.id).exists()


def is_anonymous(row: Alias) -> ColumnElement[bool]:
    """Its author is not shown."""
    anonymous: ColumnElement[bool] = row.author_id == literal_column(f"'{ANONYMOUS_ID}'::uuid")
    return anonymous


def _unless_anonymous(column: str) -> Any:
    def shown(row: Alias) -> ColumnElement[Any]:
        hidden = and_(is_anonymous(row), not_(Viewer.owns(row.owner_id)))
        return case((hidden, null()), else_=getattr(row, column))

    return shown


IDEA_FIELDS: dict[str, Source] = {
    **CONTENT_FIELDS,
    "size": lambda row: row.variety,
    "votes": idea_column("votes"),
    "voted": _voted,
    "anonymous": is_anonymous,
    "own": lambda row: Viewer.owns(row.owner_id),
    "due_at": idea_column("due_at"),
    "merged_into": idea_column("merged_into"),
    "coauthors": Many(
        _COAUTHOR,
        on=lambda row, share: share.content_id == row.id,
        order=lambda share: (share.share.desc(), share.person_id),
        first=20,
        seen_with_parent=True,
    ),
    "external_source": _unless_anonymous("external_source"),
    "external_id": _unless_anonymous("external_id"),
    "audience": AUDIENCE,
    "mine": MINE,
    "comments": NEWEST_COMMENTS,
    "body_html": Rendered("body", render_html),
    "permissions": lambda row: allowed_list(IDEA_GUARD.rules_for(row)),
}

IDEA = View(
    "idea",
    Idea,
    ContentRow,
    visible_content,
    IDEA_FIELDS,
    is_idea,
    own=lambda row: Viewer.owns(row.owner_id),
)

IDEAS = Listing(
    "ideas",
    IDEA,
    filters={
        **CONTENT_FILTERS,
        "size": Filter(Text, lambda row, value: row.variety == value),
        "stage": Filter(Text, lambda row, value: row.stage == value),
    },
    orders=CONTENT_ORDERS,
    default_order="newest",
    summary=IdeaSummary,
    implied=published_unless_asked,
)
