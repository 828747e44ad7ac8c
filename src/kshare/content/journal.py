"""Who sees what the journal says of content."""

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import aliased

from kshare.content.models import ContentRow
from kshare.content.visibility import visible_content
from kshare.core.access import Permission
from kshare.core.reading import Alias, Viewer


def visible_entry(row: Alias) -> ColumnElement[bool]:
    """An entry is seen by those whom it was written for (its own readers and classification) who, if it concerns a
    content, may also see that content at the moment of reading: an audience may have become smaller since. What
    happened to a content that is gone is seen by the entry's own readers."""
    content = aliased(ContentRow)
    content_now = select(visible_content(content)).where(content.id == row.content_id).scalar_subquery()
    return and_(
        row.readers.bool_op("&&")(Viewer.subjects),
        row.classification <= Viewer.clearance,
        or_(
            row.content_id.is_(None),
            and_(Viewer.holds(Permission.content_read), func.coalesce(content_now, true())),
        ),
    )
