"""How categories and tags are read. Categories are seen by everybody: they are the shelves, not what stands on them.
So are the tags that a knowledge manager made; others are seen with a content that has them."""

from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, func, literal_column, not_, or_, select
from sqlalchemy.orm import aliased

from kshare.content.models import CategoryRow, ContentRow, ContentTagRow, TagNameRow, TagRow
from kshare.content.taxonomy_shapes import Category, Tag
from kshare.content.visibility import visible_content
from kshare.core.access import Permission
from kshare.core.reading import Alias, Filter, Listing, One, Order, View, Viewer, allowed_list, everyone_sees
from kshare.core.writing import Guard, Rule

_MANAGED: Rule = lambda row: Viewer.holds(Permission.taxonomy_manage)  # noqa: E731
_BY_NAME = Order((("name", str), ("id", UUID)), "By name.", descending=False)

CATEGORY_GUARD = Guard("category", CategoryRow, everyone_sees, {"edit": _MANAGED, "delete": _MANAGED})


def _visible_tag(row: Alias) -> ColumnElement[bool]:
    posting, content = aliased(ContentTagRow), aliased(ContentRow)
    tagged = select(posting.id).join(content, content.id == posting.id).where(posting.tag_id == row.id)
    # Not EXISTS, which PostgreSQL may answer by reading all contents with all their tags at once.
    first = tagged.where(visible_content(content)).limit(literal_column("1"))
    return or_(row.curated, first.scalar_subquery().is_not(None))


TAG_GUARD = Guard("tag", TagRow, _visible_tag, {"edit": _MANAGED, "merge": _MANAGED, "delete": _MANAGED})

CATEGORY = View(
    "category",
    Category,
    CategoryRow,
    everyone_sees,
    {"permissions": lambda row: allowed_list(CATEGORY_GUARD.rules_for(row))},
)
CATEGORY.fields["parent"] = One(CATEGORY, on=lambda row, parent: parent.id == row.parent_id)


def _synonyms(row: Alias) -> ColumnElement[list[str]]:
    other = aliased(TagNameRow)
    names = select(other.name).where(other.tag_id == row.id, not_(other.preferred)).order_by(other.folded)
    return func.to_json(func.array(names.scalar_subquery()))


TAG = View(
    "tag",
    Tag,
    TagRow,
    _visible_tag,
    {"synonyms": _synonyms, "permissions": lambda row: allowed_list(TAG_GUARD.rules_for(row))},
)


def _contains(name: ColumnElement[str], part: ColumnElement[str]) -> ColumnElement[bool]:
    # Not LIKE: what is looked for may hold its wildcards.
    return func.strpos(func.lower(func.normalize(name, literal_column("NFKC"))), part) > literal_column("0")


def _named_like(row: Alias, beginning: ColumnElement[str]) -> ColumnElement[bool]:
    name = aliased(TagNameRow)
    found: ColumnElement[bool] = row.id.in_(select(name.tag_id).where(func.starts_with(name.folded, beginning)))
    return found


CATEGORIES = Listing(
    "categories",
    CATEGORY,
    filters={
        "parent": Filter(Uuid, lambda row, value: row.parent_id == value),
        # Given only when true (CategoryFilter).
        "roots": Filter(Text, lambda row, _: row.parent_id.is_(None)),
        "q": Filter(Text, lambda row, value: or_(_contains(row.name, value), _contains(row.name_en, value))),
    },
    orders={"name": _BY_NAME},
    default_order="name",
)
TAGS = Listing("tags", TAG, filters={"q": Filter(Text, _named_like)}, orders={"name": _BY_NAME}, default_order="name")
