"""How what is found is read, and what was searched for."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean

from kshare.content.models import ContentRow
from kshare.content.reads import CONTENT_FIELDS
from kshare.content.visibility import visible_content
from kshare.core.access import Permission
from kshare.core.reading import Filter, Listing, Order, View, Viewer
from kshare.search.models import SearchedTextRow
from kshare.search.shapes import Content, SearchedText

FOUND = View(
    "content",
    Content,
    ContentRow,
    visible_content,
    {**CONTENT_FIELDS, "type": lambda row: row.kind, "kind": lambda row: row.variety},
)
"""Any content, as a search shows it."""

SEARCHED_TEXT = View(
    "searched text", SearchedText, SearchedTextRow, lambda row: Viewer.holds(Permission.taxonomy_manage)
)

SEARCHED_TEXTS = Listing(
    "searched_texts",
    SEARCHED_TEXT,
    filters={"without_hits": Filter(Boolean, lambda row, value: row.without_hits == value)},
    orders={
        "most_searched": Order((("searches", int), ("id", UUID)), "Most searched for first."),
        "newest": Order((("last_at", datetime), ("id", UUID)), "Last searched for first."),
    },
    default_order="most_searched",
)
