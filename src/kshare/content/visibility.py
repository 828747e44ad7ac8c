"""Who sees a content, and the rules every kind of content has in common."""

from sqlalchemy import ColumnElement, and_, case, false, literal_column, not_, or_, select

from kshare.content.models import ContentRow
from kshare.core.access import Permission
from kshare.core.principal import ANONYMOUS_ID
from kshare.core.reading import Alias, Viewer
from kshare.core.writing import Rule


def visible_content(row: Alias) -> ColumnElement[bool]:
    """The one predicate of seeing: a shared subject, enough clearance, and a key that may read content at all.

    Written as a CASE because the planner takes the overlap of two arrays, one of them a parameter, for true in one row
    of a hundred, and would then rather read and sort a whole table than walk an index until a page is full. Of a CASE
    it assumes one row in two.
    """
    shared: ColumnElement[bool] = case(
        (row.readers.bool_op("&&")(Viewer.subjects), row.classification <= Viewer.clearance), else_=false()
    )
    seen: ColumnElement[bool] = and_(shared, Viewer.holds(Permission.content_read))
    return seen


def visible_through_content(row: Alias) -> ColumnElement[bool]:
    """Visibility of what belongs to a content (`row.content_id`): seen exactly when the content is."""
    return select(ContentRow.id).where(ContentRow.id == row.content_id, visible_content(ContentRow)).exists()


def is_anonymous(row: Alias) -> ColumnElement[bool]:
    """Its author is not shown."""
    anonymous: ColumnElement[bool] = row.author_id == literal_column(f"'{ANONYMOUS_ID}'::uuid")
    return anonymous


def is_hidden_authors(row: Alias) -> ColumnElement[bool]:
    """Its author is not shown, and is not the viewer."""
    return and_(is_anonymous(row), not_(Viewer.owns(row.owner_id)))


def own(row: Alias, permission: Permission) -> ColumnElement[bool]:
    """The viewer wrote it and has the permission that writing asks for."""
    return and_(Viewer.owns(row.owner_id), Viewer.holds(permission))


def own_or_managed(write: Permission, manage: Permission) -> Rule:
    """Authors may, and whoever manages the content's department or category."""
    return lambda row: or_(own(row, write), Viewer.holds_within(manage, row.department_id, row.category_id))
