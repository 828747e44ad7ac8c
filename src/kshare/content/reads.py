"""How content is read, whatever its kind: who sees it, and the parts every kind shows."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Numeric,
    Text,
    Uuid,
    and_,
    case,
    cast,
    func,
    literal_column,
    not_,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import aliased

from kshare.content.models import CategoryRow, ContentRow, ContentTagRow, CounterRow, RevisionRow, TagNameRow
from kshare.content.shapes import (
    AudienceMember,
    ContentCard,
    Counters,
    Revision,
    RevisionSummary,
)
from kshare.content.taxonomy_reads import CATEGORY, TAG
from kshare.content.visibility import is_anonymous, is_hidden_authors, visible_content, visible_through_content
from kshare.core.access import Classification, Permission
from kshare.core.reading import (
    Alias,
    Entity,
    Filter,
    Listing,
    Many,
    One,
    Order,
    Source,
    View,
    Viewer,
    Walk,
    constant,
    everyone_sees,
)
from kshare.people.models import DepartmentRow, SubjectRow
from kshare.people.reads import DEPARTMENT, PERSON

AUDIENCE_MEMBER = View("subject", AudienceMember, SubjectRow, everyone_sees)
COUNTERS = View(
    "counters",
    Counters,
    CounterRow,
    visible_through_content,
    {
        "rating": lambda row: func.round(
            cast(row.rating_sum, Numeric) / func.nullif(row.ratings, literal_column("0")), literal_column("2")
        )
    },
)


def level_name(level: ColumnElement[Any]) -> ColumnElement[Any]:
    """A stored level of secrecy or clearance as its name."""
    names: list[ColumnElement[Any]] = [constant(name.value) for name in Classification]
    return func.coalesce(array[Any](names, type_=Text)[level + literal_column("1")], constant("restricted"))


def classification_name(row: Alias) -> ColumnElement[Any]:
    """How secret a content is, by name."""
    return level_name(row.classification)


CONTENT_FIELDS: dict[str, Source] = {
    "author": One(PERSON, on=lambda row, person: person.id == row.author_id),
    "department": One(DEPARTMENT, on=lambda row, department: department.id == row.department_id),
    "category": One(CATEGORY, on=lambda row, category: category.id == row.category_id),
    "tags": Many(
        TAG,
        on=lambda row, posting: posting.id == row.id,
        through=ContentTagRow,
        link=lambda posting, tag: tag.id == posting.tag_id,
        order=lambda tag: (tag.name, tag.id),
        first=50,
        seen_with_parent=True,
    ),
    "classification": classification_name,
    "counters": One(COUNTERS, on=lambda row, counter: counter.content_id == row.id, seen_with_parent=True),
}
"""Where the fields of `ContentSummary` come from; a kind adds its own and `permissions`."""

AUDIENCE: Source = Many(
    AUDIENCE_MEMBER,
    on=lambda row, subject: subject.id == func.any(row.audience),
    order=lambda subject: (subject.kind, subject.name),
    first=100,
)

REVISION_FIELDS: dict[str, Source] = {"author": One(PERSON, on=lambda row, person: person.id == row.author_id)}


def visible_revision(row: Alias) -> ColumnElement[bool]:
    """Seen with its content; but what was replaced before the content was published stays its author's alone, like the
    draft that it was, and what was held back for a review those see who have to do with it."""
    content, later = aliased(ContentRow), aliased(RevisionRow)
    kept: Alias = aliased(ContentRow)
    owner: ColumnElement[Any] = content.owner_id  # type: ignore[assignment]  # SQLAlchemy types it as the class's
    replaced = select(later.id).join(content, content.id == later.content_id)
    replaced = replaced.where(
        later.content_id == row.content_id,
        later.number == row.number + literal_column("1"),
        later.created_at <= content.published_at,
        not_(Viewer.owns(owner)),
        # Never a draft, and its times are days.
        not_(is_anonymous(content)),
    )
    unsubmitted = and_(kept.state == constant("draft"), row.number < kept.reviewed_from)
    judged = and_(_reviews_newer(kept), row.number >= kept.reviewed_from)
    hidden = select(kept.id).where(
        kept.id == row.content_id,
        not_(Viewer.owns(kept.owner_id)),
        or_(unsubmitted, and_(row.held, not_(or_(judged, _manages_knowledge(kept))))),
    )
    return and_(visible_through_content(row), not_(replaced.exists()), not_(hidden.exists()))


def _manages_knowledge(row: Alias) -> ColumnElement[bool]:
    return Viewer.holds_within(Permission.knowledge_manage, row.department_id, row.category_id)


def _reviews_newer(row: Alias) -> ColumnElement[bool]:
    """The viewer was asked to review, and something was submitted since readers got the text they see."""
    return and_(Viewer.id == func.any(row.reviewers), row.reviewed_from > row.revision)


def sees_pending(row: Alias) -> ColumnElement[bool]:
    """There is a newer text, held back for its review, and the viewer wrote it, reviews it or manages it."""
    seen = or_(Viewer.owns(row.owner_id), _reviews_newer(row), _manages_knowledge(row))
    return and_(row.latest_revision > row.revision, seen)


def pending_revision(row: Alias) -> ColumnElement[Any]:
    """The number of a newer text that waits for its review, for those who see it."""
    return case((sees_pending(row), row.latest_revision), else_=null())


def seen_version(row: Alias) -> ColumnElement[Any]:
    """The version as the viewer sees it; see content/commands.py, `seen_version`."""
    newer = row.version + row.latest_revision - row.revision
    return case((sees_pending(row), newer), else_=row.version)


REVISION = View("revision", Revision, RevisionRow, visible_revision, REVISION_FIELDS)

CONTENT = View("content", Entity, ContentRow, visible_content)
"""Any content, whatever its kind, by its id alone; lists of what belongs to a content are lists *of* it."""

CONTENT_CARD = View(
    "content",
    ContentCard,
    ContentRow,
    visible_content,
    {"type": lambda row: row.kind, "author": CONTENT_FIELDS["author"]},
)
"""Any content, as shown where kinds stand side by side."""

REVISIONS = Listing(
    "revisions",
    REVISION,
    of=("content", CONTENT),
    filters={"content": Filter(Uuid, lambda row, value: row.content_id == value)},
    orders={"newest": Order((("number", int), ("id", UUID)), "Newest revision first.")},
    default_order="newest",
    summary=RevisionSummary,
)

NEWEST = Order((("listed_at", datetime), ("id", UUID)), "Last published first; drafts by when they were begun.")
LATEST_CHANGE = Order((("updated_at", datetime), ("id", UUID)), "Last changed first.")
CONTENT_ORDERS = {"newest": NEWEST, "recently_changed": LATEST_CHANGE}
"""The orders every list of content offers, newest first."""


def subtree(tree: type[CategoryRow] | type[DepartmentRow]) -> Walk:
    """A filter by a place in a tree that means everything below it too."""
    column = "category_id" if tree is CategoryRow else "department_id"
    return Walk(
        values=lambda value: select(tree.id).where(tree.path.bool_op("@>")(array([value]))),
        where=lambda row, place: getattr(row, column) == place,
    )


def _within(tree: type[CategoryRow] | type[DepartmentRow], column: str) -> Filter:
    def where(row: Alias, value: ColumnElement[Any]) -> ColumnElement[bool]:
        inside: ColumnElement[bool] = getattr(row, column).in_(
            select(tree.id).where(tree.path.bool_op("@>")(array([value])))
        )
        return inside

    return Filter(Uuid, where, subtree(tree))


def _tagged(row: Alias, value: ColumnElement[Any]) -> ColumnElement[bool]:
    posting = select(ContentTagRow.id).join(TagNameRow, TagNameRow.tag_id == ContentTagRow.tag_id)
    inside: ColumnElement[bool] = row.id.in_(posting.where(TagNameRow.folded == value))
    return inside


CONTENT_FILTERS: dict[str, Filter] = {
    # Drafts are their author's alone: looking for one's own among everybody's would cost more with every draft.
    "state": Filter(
        Text,
        lambda row, value: row.state == value,
        special={"draft": lambda row: and_(row.state == constant("draft"), row.author_id == Viewer.id)},
    ),
    "author": Filter(Uuid, lambda row, value: row.author_id == value),
    "category": _within(CategoryRow, "category_id"),
    "department": _within(DepartmentRow, "department_id"),
    "tag": Filter(
        Text,
        _tagged,
        Walk(
            values=lambda value: select(TagNameRow.tag_id).where(TagNameRow.folded == value),
            where=lambda posting, tag: posting.tag_id == tag,
            through=ContentTagRow,
            join=lambda row, posting: posting.id == row.id,
        ),
    ),
    "language": Filter(Text, lambda row, value: row.language == value),
    # Given only when true (`OwnAnonymous`). One walk for each of the two ids of the viewer; the first finds nothing.
    "own_anonymous": Filter(
        Text,
        lambda row, _: and_(is_anonymous(row), Viewer.owns(row.owner_id)),
        Walk(
            values=lambda _: select(func.unnest(Viewer.selves)),
            where=lambda row, owner: and_(is_anonymous(row), row.owner_id == owner),
        ),
    ),
    "published_from": Filter(DateTime(timezone=True), lambda row, value: row.listed_at >= value),
    "published_before": Filter(DateTime(timezone=True), lambda row, value: row.listed_at < value),
}
"""The filters every list of content offers. `category` and `department` mean the whole subtree."""


def unless_hidden(column: str) -> Source:
    """A column that would tell who wrote something, which of what is anonymous its author alone sees."""
    return lambda row: case((is_hidden_authors(row), null()), else_=getattr(row, column))


def by_its_name(view: View[Any]) -> View[Any]:
    """A view of content as it is found by its name in another system. What is anonymous is found by it only by its
    author: the name could be one of a row of names that tell whose they are."""
    return replace(view, visible=lambda row: and_(visible_content(row), not_(is_hidden_authors(row))))


def published_unless_asked(row: Alias, filters: frozenset[str]) -> ColumnElement[bool] | None:
    """Lists show what is published, unless a state is asked for."""
    return None if "state" in filters else row.state == constant("published")
