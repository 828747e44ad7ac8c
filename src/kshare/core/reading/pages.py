"""Keyset pages: one statement for the entries, the cursor of the next page and, in GraphQL, the connection's fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    JSON,
    ColumnElement,
    Select,
    SmallInteger,
    Text,
    Uuid,
    bindparam,
    case,
    cast,
    func,
    inspect,
    literal_column,
    null,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import aliased

from kshare.core.errors import invalid
from kshare.core.paging import cursor_sql
from kshare.core.reading.statements import Statement, compiled, json_object, quoted, rendered_paths
from kshare.core.reading.views import Alias, Listing, Order, Selection, View, Walk, all_of, constant

MAX_PAGE = 100
"""The most one page holds, nested lists included."""

_SIZES = (20, MAX_PAGE)
"""The sizes pages have statements for. A walk over many values reads a page of each, so a small page should not read
large ones."""


@dataclass(frozen=True, slots=True)
class PageForm:
    """What a page answers: REST's `items` and `next_cursor`, or the fields of a Relay connection that are asked for."""

    rest: Selection | None = None
    relay: "Selection | None" = None


def filters_asked(listing: Listing[Any], filters: Mapping[str, Any]) -> frozenset[str]:
    """The filters that are given, as a statement's key knows them: `name`, or `name=value` for a special value."""
    return frozenset(
        f"{name}={value}" if (special := listing.filters[name].special) and value in special else name
        for name, value in filters.items()
    )


def page_statement(
    listing: Listing[Any],
    filters: frozenset[str],
    order: str,
    *,
    after: bool,
    form: PageForm,
    size: int = MAX_PAGE,
) -> Statement:
    """A page: columns `json`, `next_cursor`, `found`; bound: `limit`, `cursor_key`, `key_<n>`, `f_<filter>`.

    `limit` may be up to `size`, rounded up to one of few sizes.
    """
    most = next(step for step in _SIZES if size <= step)

    def build() -> Select[Any]:
        view, sort = listing.view, listing.orders[order]
        scan = _scan(listing, filters, sort, after=after, most=most).subquery()
        row = aliased(view.row, scan, adapt_on_names=listing.groups is not None)
        keys = [getattr(row, name).label(f"key{index}") for index, (name, _) in enumerate(sort.told)]
        limit = bindparam("limit", type_=SmallInteger)
        number = func.row_number().over().label("n")
        rows = select(number, *keys, *_row_columns(view, row, form)).limit(limit + 1).subquery()
        page = _Page(rows, limit, cursor_sql([rows.c[key.name] for key in keys]))
        if form.rest is not None:
            items, following = quoted("items"), quoted("next_cursor")
            shown = (items, page.collected(rows.c.item), following, page.next_cursor)
            body: ColumnElement[Any] = func.json_build_object(*shown)
        else:
            body = _connection(form.relay or Selection(), listing, filters, page)
        found = true() if listing.of is None else _exists(*listing.of)
        columns = (cast(body, JSON).label("json"), page.next_cursor.label("next_cursor"), found.label("found"))
        return select(*columns).select_from(rows)

    key = ("page", listing, filters, order, after, form, most)
    return compiled(key, build, lambda: _page_rendered(listing.view, form))


def _exists(filter: str, view: View[Any]) -> ColumnElement[bool]:
    row = aliased(view.row)
    identity = row.id == bindparam(f"f_{filter}", type_=Uuid)  # type: ignore[attr-defined]
    return select(row.id).where(identity, view.condition(row)).exists()  # type: ignore[attr-defined]


def _page_rendered(view: View[Any], form: PageForm) -> list[tuple[Any, Any]]:
    if form.rest is not None:
        return rendered_paths(view, form.rest, ("items",))
    paths: list[tuple[Any, Any]] = []
    for pick in form.relay or ():
        if pick.field == "nodes":
            paths += rendered_paths(view, pick.selection or Selection(), (pick.name,))
        elif pick.field == "edges":
            for sub in pick.selection or ():
                if sub.field == "node":
                    paths += rendered_paths(view, sub.selection or Selection(), (pick.name, sub.name))
    return paths


class _Page:
    """The rows of a page and one more, numbered from 1, and what can be said of them in aggregate."""

    def __init__(self, rows: Any, limit: ColumnElement[int], cursor: ColumnElement[str]) -> None:
        self.rows, self.cursor = rows, cursor
        self.within = rows.c.n <= limit
        self.more = func.count() > limit
        # FILTER is applied before its argument is computed, so that a page seals one cursor and not one a row.
        at_limit = func.array_agg(cursor, type_=ARRAY(Text)).filter(rows.c.n == limit)[1]
        self.next_cursor = case((self.more, at_limit), else_=null())

    def collected(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.coalesce(func.json_agg(column).filter(self.within), literal_column("'[]'::json"))

    def edge_cursor(self, *, last: bool) -> ColumnElement[Any]:
        number = self.rows.c.n
        ordered = postgresql.aggregate_order_by(self.cursor, number.desc() if last else number.asc())
        return func.array_agg(ordered, type_=ARRAY(Text)).filter(self.within)[1]


def _row_columns(view: View[Any], row: Alias, form: PageForm) -> list[Any]:
    """The JSON of a row, once for each place of the answer that shows it."""
    if form.rest is not None:
        return [json_object(view, row, form.rest).label("item")]
    columns = []
    for index, pick in enumerate(form.relay or ()):
        if pick.field == "nodes" and pick.selection is not None:
            columns.append(json_object(view, row, pick.selection).label(f"node{index}"))
        elif pick.field == "edges":
            for inner, sub in enumerate(pick.selection or ()):
                if sub.field == "node" and sub.selection is not None:
                    columns.append(json_object(view, row, sub.selection).label(f"node{index}_{inner}"))
    return columns


def _connection(picks: Selection, listing: Listing[Any], filters: frozenset[str], page: _Page) -> ColumnElement[Any]:
    parts: list[ColumnElement[Any]] = []
    for index, pick in enumerate(picks):
        parts.append(quoted(pick.name))
        match pick.field:
            case "__typename":
                parts.append(constant(pick.typename or ""))
            case "nodes":
                parts.append(page.collected(page.rows.c[f"node{index}"]))
            case "edges":
                edge: list[ColumnElement[Any]] = []
                for inner, sub in enumerate(pick.selection or ()):
                    node = f"node{index}_{inner}"
                    if sub.typename is not None:
                        shown: ColumnElement[Any] = constant(sub.typename)
                    else:
                        shown = page.cursor if sub.field == "cursor" else page.rows.c[node]
                    edge += (quoted(sub.name), shown)
                parts.append(page.collected(func.json_build_object(*edge)))
            case "page_info":
                info = [
                    part for sub in pick.selection or () for part in (quoted(sub.name), _page_info(sub.field, page))
                ]
                parts.append(func.json_build_object(*info))
            case "total_count":
                parts.append(_count(listing, filters))
    return func.json_build_object(*parts)


def _page_info(name: str, page: _Page) -> ColumnElement[Any]:
    match name:
        case "has_next_page":
            return page.more
        case "has_previous_page":
            return bindparam("has_previous", type_=postgresql.BOOLEAN)
        case "start_cursor" | "end_cursor":
            return page.edge_cursor(last=name == "end_cursor")
        case _:
            return constant("PageInfo")


def _where(listing: Listing[Any], row: Alias, filters: frozenset[str], skip: str | None = None) -> ColumnElement[bool]:
    parts = [listing.view.condition(row)]
    plain = frozenset(name.partition("=")[0] for name in filters)
    if listing.implied is not None and (implied := listing.implied(row, plain)) is not None:
        parts.append(implied)
    for asked in sorted(filters):
        name, _, value = asked.partition("=")
        given = listing.filters[name]
        if value:
            parts.append(given.special[value](row))
        elif name != skip:
            parts.append(given.where(row, bindparam(f"f_{name}", type_=given.type_)))
    return all_of(parts)


def _walks(walk: Walk | None, sort: Order) -> bool:
    """Whether the values can be walked in this order: postings must carry its sort keys."""
    return walk is not None and (walk.through is None or all(hasattr(walk.through, name) for name, _ in sort.columns))


def _count(listing: Listing[Any], filters: frozenset[str]) -> ColumnElement[int]:
    """How many rows a list has."""
    if listing.groups is not None:
        return select(func.count()).select_from(listing.groups(filters).subquery()).scalar_subquery()
    row = aliased(listing.view.row)
    return select(func.count()).select_from(row).where(_where(listing, row, filters)).scalar_subquery()


def _scan(listing: Listing[Any], filters: frozenset[str], sort: Order, *, after: bool, most: int) -> Select[Any]:
    """The rows of a page in order, found along an index and never more than a page and one."""
    if listing.groups is not None:
        # Ordered where they are made, or PostgreSQL would make them all and sort them.
        made = listing.groups(filters)
        return _ordered(made, made.selected_columns, sort, after).limit(literal_column(str(most + 1)))
    row = aliased(listing.view.row)
    plain = sorted(name for name in filters if "=" not in name)
    walked = next((name for name in plain if _walks(listing.filters[name].walk, sort)), None)
    condition = _where(listing, row, filters, skip=walked)
    # PostgreSQL plans a bound LIMIT as a tenth of the table; the literal bound keeps it on the ordered index.
    bound: ColumnElement[int] = literal_column(str(most + 1))
    given = listing.filters[walked] if walked is not None else None
    walk = given.walk if given is not None else listing.walk
    if walk is None:
        return _ordered(select(row), row, sort, after).where(condition).limit(bound)
    asked: ColumnElement[Any] = bindparam(f"f_{walked}", type_=given.type_) if given is not None else null()
    values = walk.values(asked).subquery()
    value = next(iter(values.c))
    if walk.through is None or walk.join is None:
        scan = _ordered(select(row), row, sort, after).where(walk.where(row, value))
    else:
        posting = aliased(walk.through)
        scan = _ordered(select(row), posting, sort, after).join_from(row, posting, walk.join(row, posting))
        scan = scan.where(walk.where(posting, value))
    branch = scan.where(condition).limit(bound).correlate(values).lateral()
    merged = aliased(listing.view.row, branch)
    # A content can be met under two values (two synonyms of a tag): the sort keys end with the id, so they tell.
    keys = [getattr(merged, name) for name, _ in sort.columns]
    once = select(merged).select_from(values).join(branch, true()).ext(postgresql.distinct_on(*keys))
    return _sorted(once, merged, sort).limit(bound)


def _ordered(statement: Select[Any], row: Alias, sort: Order, after: bool) -> Select[Any]:
    if after:
        columns = [getattr(row, name) for name, _ in sort.columns]
        told = [getattr(row, name) for name, _ in sort.told]
        keys: list[Any] = [bindparam(f"key_{n}", type_=column.type) for n, column in enumerate(told)]
        if sort.untold is not None:
            place = [name for name, _ in sort.columns].index(sort.untold)
            same = aliased(inspect(row).mapper)
            keys[place] = select(getattr(same, sort.untold)).where(same.id == keys[place]).scalar_subquery()
        left, right = tuple_(*columns), tuple_(*keys)
        statement = statement.where(left < right if sort.descending else left > right)
    return _sorted(statement, row, sort)


def _sorted(statement: Select[Any], row: Alias, sort: Order) -> Select[Any]:
    columns = [getattr(row, name) for name, _ in sort.columns]
    return statement.order_by(*(column.desc() if sort.descending else column.asc() for column in columns))


def checked_limit(value: int, name: str = "limit") -> int:
    """A page size within 1 to 100; raises 422 otherwise."""
    if not 1 <= value <= MAX_PAGE:
        code = "greater_than_equal" if value < 1 else "less_than_equal"
        raise invalid(f"?{name}", code, f"{name} must be between 1 and {MAX_PAGE}")
    return value
