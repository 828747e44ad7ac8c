"""How knowledge items are read."""

from sqlalchemy import ColumnElement, Text, and_, or_

from kshare.content.models import ContentRow
from kshare.content.reads import (
    AUDIENCE,
    CONTENT_FIELDS,
    CONTENT_FILTERS,
    CONTENT_ORDERS,
    pending_revision,
    published_unless_asked,
    seen_version,
    unless_hidden,
)
from kshare.content.visibility import is_anonymous, own, own_or_managed, visible_content
from kshare.core.access import Permission
from kshare.core.markup import render_html
from kshare.core.reading import Alias, Filter, Listing, Rendered, View, Viewer, allowed_list, constant
from kshare.core.writing import Guard, Rule
from kshare.discussion.reads import DISCUSSION_RULES, MINE, NEWEST_COMMENTS
from kshare.knowledge.shapes import KnowledgeItem, KnowledgeItemSummary

_edit = own_or_managed(Permission.knowledge_write, Permission.knowledge_manage)


def _in_state(state: str, rule: Rule) -> Rule:
    return lambda row: and_(row.state == constant(state), rule(row))


def _waiting(row: Alias) -> ColumnElement[bool]:
    """A newer text than readers see waits for its review."""
    newer: ColumnElement[bool] = row.latest_revision > row.revision
    return newer


def _unreviewed(row: Alias) -> ColumnElement[bool]:
    """No review of it is open."""
    none: ColumnElement[bool] = row.review_id.is_(None)
    return none


def is_knowledge(row: Alias) -> ColumnElement[bool]:
    """Which content is a knowledge item."""
    kind: ColumnElement[bool] = row.kind == constant("knowledge_item")
    return kind


KNOWLEDGE_GUARD = Guard(
    "knowledge item",
    ContentRow,
    visible_content,
    {
        "edit": _edit,
        "restore": _edit,
        "publish": lambda row: and_(or_(row.state != constant("published"), _waiting(row)), _edit(row)),
        "submit_for_review": _edit,
        "manage": lambda row: Viewer.holds_within(Permission.knowledge_manage, row.department_id, row.category_id),
        "archive": _in_state("published", _edit),
        "delete": _in_state("draft", lambda row: own(row, Permission.knowledge_write)),
        **DISCUSSION_RULES,
    },
    is_knowledge,
    {
        "submit_for_review": lambda row: and_(_unreviewed(row), or_(row.state == constant("draft"), _waiting(row))),
        "publish": _unreviewed,
        "archive": _unreviewed,
        "delete": lambda row: row.reviewed_from.is_(None),
    },
)

KNOWLEDGE_ITEM = View(
    "knowledge item",
    KnowledgeItem,
    ContentRow,
    visible_content,
    {
        **CONTENT_FIELDS,
        "kind": lambda row: row.variety,
        "anonymous": is_anonymous,
        "pending_revision": pending_revision,
        "version": seen_version,
        "own": lambda row: Viewer.owns(row.owner_id),
        "external_source": unless_hidden("external_source"),
        "external_id": unless_hidden("external_id"),
        "audience": AUDIENCE,
        "mine": MINE,
        "comments": NEWEST_COMMENTS,
        "body_html": Rendered("body", render_html),
        "permissions": lambda row: allowed_list(KNOWLEDGE_GUARD.rules_for(row)),
    },
    is_knowledge,
    own=lambda row: Viewer.owns(row.owner_id),
)

KNOWLEDGE_ITEMS = Listing(
    "knowledge_items",
    KNOWLEDGE_ITEM,
    filters={**CONTENT_FILTERS, "kind": Filter(Text, lambda row, value: row.variety == value)},
    orders=CONTENT_ORDERS,
    default_order="newest",
    summary=KnowledgeItemSummary,
    implied=published_unless_asked,
)
