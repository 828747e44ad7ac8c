"""Who sees an idea and who may do what with it, where its fields come from, and the list of ideas."""

from typing import Any

from sqlalchemy import ColumnElement, Text, and_, not_, or_, select
from sqlalchemy.orm import aliased

from kshare.content.models import ContentRow
from kshare.content.reads import (
    AUDIENCE,
    CONTENT_FIELDS,
    CONTENT_FILTERS,
    CONTENT_ORDERS,
    published_unless_asked,
    unless_hidden,
)
from kshare.content.visibility import is_anonymous as is_anonymous
from kshare.content.visibility import own, visible_content
from kshare.core.access import Permission
from kshare.core.markup import render_html
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
from kshare.ideas.models import CoauthorRow, EscalationRow, IdeaRow
from kshare.ideas.reads.decision import STANDING
from kshare.ideas.reads.groups import IDEA_COUNTERS, merged_into, owns_member, voted
from kshare.ideas.reads.templates import ANSWERS
from kshare.ideas.shapes.clock import ClockedStage
from kshare.ideas.shapes.idea import Coauthor, Idea, IdeaSummary
from kshare.ideas.stages import OPEN, UNDECIDED, UNDERWAY
from kshare.people.reads import PERSON

_CLOCKED = tuple(stage.value for stage in ClockedStage)


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


def published_in(*stages: str) -> Rule:
    """The idea is in one of these stages, and neither withdrawn nor merged."""
    return lambda row: and_(in_state("published")(row), in_stage(*stages)(row))


def of_idea(rule: Rule) -> Rule:
    """A rule for ideas as a rule for what belongs to one (`row.content_id`)."""

    def allowed(row: Alias) -> ColumnElement[bool]:
        idea: Alias = aliased(ContentRow)
        return select(idea.id).where(idea.id == row.content_id, rule(idea)).exists()

    return allowed


def idea_title(row: Alias) -> ColumnElement[Any]:
    """The title of the idea to which something belongs (`row.content_id`), and with which it is seen."""
    idea: Alias = aliased(ContentRow)
    return select(idea.title).where(idea.id == row.content_id).scalar_subquery()


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


def _on_own_desk(row: Alias) -> ColumnElement[bool]:
    """The idea lies on the viewer's desk, or lay there when it was answered."""
    idea = aliased(IdeaRow)
    return select(idea.id).where(idea.id == row.id, idea.desk_id == Viewer.id).exists()


def _decides(row: Alias, at_desk: ColumnElement[bool]) -> ColumnElement[bool]:
    committee = Viewer.holds_within(Permission.idea_decide, row.department_id, row.category_id)
    return and_(or_(and_(at_desk, Viewer.holds(Permission.idea_propose)), committee), not_(is_own(row)))


def may_decide(row: Alias) -> ColumnElement[bool]:
    """Whose answer the idea awaits: the person on whose desk it lies, and those who decide on ideas; never its own
    authors."""
    return _decides(row, and_(in_stage(*_CLOCKED)(row), _on_own_desk(row)))


def _might_have_decided(row: Alias) -> ColumnElement[bool]:
    step = aliased(EscalationRow)
    had_it = or_(step.from_id == Viewer.id, step.to_id == Viewer.id)
    return _decides(row, or_(_on_own_desk(row), select(step.id).where(step.content_id == row.id, had_it).exists()))


def _answer(row: Alias) -> ColumnElement[bool]:
    return and_(is_own(row), Viewer.holds(Permission.comment_write))


def _waits_for_author(row: Alias) -> ColumnElement[bool]:
    idea = aliased(IdeaRow)
    waits = select(idea.id).where(idea.id == row.id, idea.waiting_since.is_not(None)).exists()
    return and_(in_state("published")(row), waits)


def may_manage(row: Alias) -> ColumnElement[bool]:
    """Who manages the ideas of its department or category."""
    return Viewer.holds_within(Permission.idea_manage, row.department_id, row.category_id)


def _edit(row: Alias) -> ColumnElement[bool]:
    authors = and_(is_own(row), Viewer.holds(Permission.idea_propose))
    return and_(row.state != constant("archived"), or_(authors, may_manage(row)))


def _vote(row: Alias) -> ColumnElement[bool]:
    return and_(Viewer.holds(Permission.idea_propose), not_(is_own(row)), not_(owns_member(row)))


def _may_merge(row: Alias) -> ColumnElement[bool]:
    """Who manages it or decides on it; not its unnamed author, whom the entry on the other idea would name."""
    unnamed = and_(is_anonymous(row), Viewer.owns(row.owner_id))
    return and_(or_(may_manage(row), may_decide(row)), not_(unnamed))


def _submit_for_review(row: Alias) -> ColumnElement[bool]:
    """Who decides on it or manages it; never its authors, who are judged."""
    return and_(or_(may_manage(row), may_decide(row)), not_(is_own(row)))


def may_carry_out(row: Alias) -> ColumnElement[bool]:
    """Who does what was approved: its authors, and who manages it."""
    return or_(and_(is_own(row), Viewer.holds(Permission.idea_propose)), may_manage(row))


is_underway = published_in(*UNDERWAY)
"""It was approved and is neither withdrawn nor merged."""


def _found_team(row: Alias) -> ColumnElement[bool]:
    """Its authors and those who manage it; but not an author who is not shown, whom the team would show."""
    authors = and_(is_own(row), Viewer.holds(Permission.idea_propose))
    unmasked = and_(is_anonymous(row), Viewer.owns(row.owner_id))
    return and_(or_(authors, may_manage(row)), not_(unmasked))


def _write(row: Alias) -> ColumnElement[bool]:
    return own(row, Permission.idea_propose)


IDEA_GUARD = Guard(
    "idea",
    ContentRow,
    visible_content,
    {
        "edit": _edit,
        "submit": _write,
        "delete": _write,
        "withdraw": _write,
        "reinstate": _write,
        "vote": _vote,
        "decide": may_decide,
        "reopen": may_decide,
        "submit_for_review": _submit_for_review,
        "answer": _answer,
        "manage": may_manage,
        "carry_out": may_carry_out,
        "found_team": _found_team,
        "merge": _may_merge,
        "unmerge": _may_merge,
        **DISCUSSION_RULES,
    },
    is_idea,
    {
        "submit": in_state("draft"),
        "delete": in_state("draft"),
        "withdraw": in_state("published"),
        "reinstate": lambda row: and_(in_state("archived")(row), not_(is_merged(row))),
        "vote": published_in(*UNDECIDED),
        "decide": published_in(*UNDECIDED),
        "reopen": published_in("declined"),
        "submit_for_review": lambda row: and_(published_in(*OPEN)(row), row.review_id.is_(None)),
        "answer": _waits_for_author,
        "carry_out": is_underway,
        "found_team": in_state("published"),
        "merge": in_state("published"),
        "unmerge": lambda row: and_(in_state("archived")(row), is_merged(row)),
    },
)

ANSWERED_GUARD = Guard("idea", ContentRow, visible_content, {"decide": _might_have_decided}, is_idea)
"""Who may decide on an idea, or might have while it lay on their desk: they are told if they come too late."""

_COAUTHOR = View(
    "coauthor",
    Coauthor,
    CoauthorRow,
    everyone_sees,
    {"person": One(PERSON, on=lambda row, person: person.id == row.person_id)},
)


def _at_desk(row: Alias, person: Alias) -> ColumnElement[bool]:
    idea: Alias = aliased(IdeaRow)
    owed = or_(idea.due_at.is_not(None), idea.waiting_since.is_not(None))
    desk = select(idea.desk_id).where(idea.id == row.id, owed).correlate(row).scalar_subquery()
    on_it: ColumnElement[bool] = person.id == desk
    return on_it


IDEA_FIELDS: dict[str, Source] = {
    **CONTENT_FIELDS,
    "size": lambda row: row.variety,
    "votes": idea_column("votes"),
    "voted": voted,
    "counters": IDEA_COUNTERS,
    "anonymous": is_anonymous,
    "own": lambda row: Viewer.owns(row.owner_id),
    "due_at": idea_column("due_at"),
    "stage_since": idea_column("stage_since"),
    "waiting_since": idea_column("waiting_since"),
    "escalations": idea_column("escalations"),
    "returns_on": idea_column("returns_on"),
    "desk": One(PERSON, on=_at_desk),
    "decision": STANDING,
    "merged_into": merged_into,
    "coauthors": Many(
        _COAUTHOR,
        on=lambda row, share: share.content_id == row.id,
        order=lambda share: (share.share.desc(), share.person_id),
        first=20,
        seen_with_parent=True,
    ),
    "external_source": unless_hidden("external_source"),
    "external_id": unless_hidden("external_id"),
    "template": idea_column("template"),
    "answers": ANSWERS,
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
