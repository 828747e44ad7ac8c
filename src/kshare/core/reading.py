"""One read path for both doors: shape + selection + list + principal -> one SQL statement -> the answer's JSON.

A *shape* is what readers see; a *view* says which rows it is read from, who may see those rows and where each field
comes from. A *selection* picks fields: the whole shape for REST, what the query asks for in GraphQL. Together they
compile to one statement of `json_build_object` and correlated subqueries, built once for what is asked and never for
the values; a warm request only binds values and sends the bytes. There is no other public way to select, and the
compiler adds each view's visibility to every row source it touches, so no row is read without a principal.
"""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Generic, Self, TypeVar, get_args
from uuid import UUID

import orjson
from pydantic import (
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError
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

from kshare.core.access import Permission
from kshare.core.bounded import BoundedCache
from kshare.core.database import Row
from kshare.core.errors import invalid
from kshare.core.paging import cursor_sql

MAX_PAGE = 100
"""The most one page holds, nested lists included."""


class Shape(BaseModel):
    """What readers see: REST's answer and GraphQL's type. Fields are documented by the sentence below them."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid", frozen=True)


class Entity(Shape):
    """Anything with an id of its own; `node(id)` finds it."""

    id: UUID
    """UUIDv7, the same in both doors and in every event."""


class Ask(BaseModel):
    """What callers ask for: a verb. Unknown fields are refused."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid", frozen=True)


class Patch(Ask):
    """A change of some fields: what is left out stays as it is; null only clears the fields named `nullable`."""

    nullable: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="wrap")
    @classmethod
    def _refuse_null(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        patch = handler(data)
        nulls = [name for name in patch.model_fields_set - cls.nullable if getattr(patch, name) is None]
        if nulls:
            problem = PydanticCustomError("null_forbidden", "This cannot be cleared; leave it out to keep it as it is")
            details = [InitErrorDetails(type=problem, loc=(name,), input=None) for name in nulls]
            raise ValidationError.from_exception_data(cls.__name__, details)
        return patch

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The schema says the same: no null but where it clears, and no defaults, since nothing is a default here."""
        schema = handler(core)
        resolved = handler.resolve_ref_schema(schema)
        for name, field_schema in resolved.get("properties", {}).items():
            field_schema.pop("default", None)
            options = [o for o in field_schema.get("anyOf", ()) if name in cls.nullable or o != {"type": "null"}]
            if len(options) == 1:
                del field_schema["anyOf"]
                field_schema.update(options[0])
            elif options:
                field_schema["anyOf"] = options
        return schema

    def changes(self) -> dict[str, Any]:
        """The fields that were sent, with their values."""
        return {name: getattr(self, name) for name in self.model_fields_set}


S = TypeVar("S", bound=Shape)
Alias = Any
"""A row source in a statement: an ORM class or an alias of one. SQLAlchemy types its columns, not the alias."""


class Viewer:
    """The principal as a statement sees it: bound values, never literals."""

    id = bindparam("viewer_id", type_=Uuid)
    subjects = bindparam("viewer_subjects", type_=ARRAY(Uuid))
    clearance = bindparam("viewer_clearance", type_=SmallInteger)
    key_id = bindparam("viewer_key_id", type_=Uuid)
    permissions = bindparam("viewer_permissions", type_=ARRAY(Text))

    @staticmethod
    def holds(permission: Permission) -> ColumnElement[bool]:
        """The viewer has the permission company-wide."""
        granted = bindparam("viewer_permissions", type_=ARRAY(Text))
        return constant(permission.value) == func.any(granted)

    @staticmethod
    def holds_within(
        permission: Permission, department: ColumnElement[Any], category: ColumnElement[Any]
    ) -> ColumnElement[bool]:
        """The viewer has the permission company-wide, or for this department or this category."""
        departments = bindparam(f"viewer_departments_{permission}", type_=ARRAY(Uuid))
        categories = bindparam(f"viewer_categories_{permission}", type_=ARRAY(Uuid))
        return Viewer.holds(permission) | (department == func.any(departments)) | (category == func.any(categories))


def constant(value: str) -> ColumnElement[str]:
    """A text literal of our own code in the statement, so that partial indexes match; never for input."""
    if not value.replace("_", "").isalnum():
        raise ValueError(f"not a plain word: {value!r}")
    return literal_column(f"'{value}'", Text)


def allowed_list(rules: Mapping[str, ColumnElement[bool]]) -> ColumnElement[Any]:
    """The `permissions` of a shape: the names of the rules that hold for this viewer."""
    cases = [case((rule, constant(name)), else_=null()) for name, rule in rules.items()]
    return func.to_json(func.array_remove(postgresql.array(cases, type_=Text), null()))


Build = Callable[[Alias], ColumnElement[Any]]
Visible = Callable[[Alias], ColumnElement[bool] | None]


def everyone_sees(_: Alias) -> None:
    """Visibility of what every principal may read (people, departments, categories)."""
    return


@dataclass(frozen=True, eq=False)
class One:
    """A field that is another shape: the row of `view` that `on` joins, or null."""

    view: "View[Any]"
    on: Callable[[Alias, Alias], ColumnElement[bool]]
    seen_with_parent: bool = False
    """The row is visible exactly when the parent row is, which the statement has already checked."""


@dataclass(frozen=True, eq=False)
class Many:
    """A field that is a bounded list of another shape; GraphQL's `first` says how many."""

    view: "View[Any]"
    on: Callable[[Alias, Alias], ColumnElement[bool]]
    order: Callable[[Alias], Sequence[ColumnElement[Any]]]
    first: int = 20
    seen_with_parent: bool = False
    """The rows are visible exactly when the parent row is, which the statement has already checked."""
    through: type[Row] | None = None
    """A table of links: `on` then joins the parent row and a link, and `link` a link and the row of `view`."""
    link: Callable[[Alias, Alias], ColumnElement[bool]] | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """A field that Python makes from a text column (HTML from Markdown); read only when it is asked for by name."""

    column: str
    render: Callable[[str], str]


Source = Build | One | Many | Rendered


@dataclass(frozen=True, eq=False)
class View(Generic[S]):
    """How a shape is read: from which rows, seen by whom, each field from where (default: the column of its name)."""

    name: str
    shape: type[S]
    row: type[Row]
    visible: Visible
    fields: dict[str, Source] = field(default_factory=dict)
    only: Callable[[Alias], ColumnElement[bool]] | None = None
    """What makes a row one of these at all (its kind), apart from who may see it."""

    def condition(self, row: Alias, *, seen: bool = False) -> ColumnElement[bool]:
        """That a row is one of these and that the viewer may see it."""
        parts = [self.only(row)] if self.only else []
        if not seen and (visible := self.visible(row)) is not None:
            parts.append(visible)
        return _all(parts)


@dataclass(frozen=True, slots=True)
class Pick:
    """One entry of a selection: the answer's name, the field, its own selection.

    `first` names the bound size of a nested list; `typename` is the answer to `__typename`.
    """

    name: str
    field: str
    selection: "Selection | None" = None
    first: str | None = None
    typename: str | None = None


class Selection(tuple[Pick, ...]):
    """The entries of an answer. Selections are parts of the keys of statements, so each is hashed only once."""

    _hash: int | None = None

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = tuple.__hash__(self)
        return self._hash



def whole(shape: type[Shape], view: View[Any], *, include: frozenset[str] = frozenset()) -> Selection:
    """Every field of a shape, and of the shapes in it: what REST answers. Rendered fields only if included."""
    picks = []
    for name, info in shape.model_fields.items():
        source = view.fields.get(name)
        if isinstance(source, Rendered) and name not in include:
            continue
        nested = whole(_shape_in(info.annotation), source.view) if isinstance(source, One | Many) else None
        picks.append(Pick(name, name, nested))
    return Selection(picks)


def _shape_in(annotation: Any) -> type[Shape]:
    """The shape in `Shape`, `Shape | None` or `list[Shape]`."""
    if isinstance(annotation, type) and issubclass(annotation, Shape):
        return annotation
    return next(shape for part in get_args(annotation) if (shape := _shape_or_none(part)))


def _shape_or_none(annotation: Any) -> type[Shape] | None:
    return annotation if isinstance(annotation, type) and issubclass(annotation, Shape) else None


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter of a list: the type of its value and the condition it makes.

    With `walk`, the filter stands for several values of one column (the categories of a subtree): the list is then
    the merge of one ordered, bounded scan for each, so that its cost does not grow with the table.
    """

    type_: Any
    where: Callable[[Alias, ColumnElement[Any]], ColumnElement[bool]]
    walk: "Walk | None" = None


@dataclass(frozen=True, slots=True)
class Walk:
    """The values to walk (a one-column select over the bound value), and the rows they stand in."""

    values: Callable[[ColumnElement[Any]], Select[Any]]
    where: Callable[[Alias, ColumnElement[Any]], ColumnElement[bool]]
    through: type[Row] | None = None
    """A table of postings that carries the list's sort keys, joined by `join`."""
    join: Callable[[Alias, Alias], ColumnElement[bool]] | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A total order of a list: columns and their types, all in one direction, the id last."""

    columns: tuple[tuple[str, type], ...]
    descending: bool = True


@dataclass(frozen=True, eq=False)
class Listing(Generic[S]):
    """A named list: its filters one by one, and its orders, each served by an index."""

    name: str
    view: View[S]
    filters: Mapping[str, Filter]
    orders: Mapping[str, Order]
    default_order: str
    summary: type[Shape] | None = None
    """The shape of an entry, when a page shows less than the single object does."""
    of: tuple[str, View[Any]] | None = None
    """The filter that names the object whose list this is, and that object's view: hidden, the list is not found."""
    implied: Callable[[Alias, frozenset[str]], ColumnElement[bool] | None] | None = None
    """A condition that depends on which filters are given (a list of content shows what is published by default)."""

    @cached_property
    def selection(self) -> Selection:
        return whole(self.summary or self.view.shape, self.view)


@dataclass(frozen=True, slots=True)
class Statement:
    """A compiled read: the text, the names of its values in order, and the values it was built with."""

    sql: str
    names: tuple[str, ...]
    constants: Mapping[str, Any]
    rendered: tuple[tuple[tuple[str, ...], Callable[[str], str]], ...] = ()
    """Where in the answer Python makes a text into another (paths of names; lists are entered)."""

    def bind(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in the order of the statement's placeholders."""
        constants = self.constants
        return [values[name] if name in values else constants[name] for name in self.names]


_dialect = postgresql.asyncpg.dialect()
_statements: BoundedCache[Hashable, Statement] = BoundedCache(4096)


def compiled(
    key: Hashable, build: Callable[[], Select[Any]], rendered: "Callable[[], Sequence[tuple[Any, Any]]]" = tuple
) -> Statement:
    """The statement for a key, built on first use. Keys hold what is asked, never a value."""
    statement = _statements.get(key)
    if statement is None:
        result = build().compile(dialect=_dialect)
        _refuse_uncorrelated(str(result))
        names = tuple(result.positiontup or ())
        constants = {name: result.params.get(name) for name in names}
        statement = _statements[key] = Statement(str(result), names, constants, tuple(rendered()))
    return statement


def _refuse_uncorrelated(sql: str) -> None:
    """A subquery that should refer to an outer row source but brings in a second one of its own would answer with
    other rows' data. SQLAlchemy then defines the alias twice, so this finds it when the statement is built."""
    repeated = [name for name, times in Counter(_ALIAS.findall(sql)).items() if times > 1]
    if repeated:
        raise AssertionError(f"row sources defined twice, a subquery is not correlated: {repeated}\n{sql}")


_ALIAS = re.compile(r"\bAS (\w+_\d+)\b")


def rendered_paths(view: View[Any], selection: Selection, prefix: tuple[str, ...] = ()) -> list[tuple[Any, Any]]:
    """The rendered fields of a selection, by their paths in the answer."""
    paths: list[tuple[Any, Any]] = []
    for pick in selection:
        source = view.fields.get(pick.field)
        if isinstance(source, Rendered):
            paths.append(((*prefix, pick.name), source.render))
        elif isinstance(source, One | Many) and pick.selection:
            paths += rendered_paths(source.view, pick.selection, (*prefix, pick.name))
    return paths


def render(statement: Statement, body: bytes) -> bytes:
    """The answer with its rendered fields made; the untouched bytes when it has none."""
    if not statement.rendered:
        return body
    answer = orjson.loads(body)
    for path, function in statement.rendered:
        _render_at(answer, path, function)
    return orjson.dumps(answer)


def _render_at(value: Any, path: tuple[str, ...], function: Callable[[str], str]) -> None:
    if isinstance(value, list):
        for entry in value:
            _render_at(entry, path, function)
    elif value is not None and len(path) > 1:
        _render_at(value[path[0]], path[1:], function)
    elif value is not None and value[path[0]] is not None:
        value[path[0]] = function(value[path[0]])


def _all(parts: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = true()
    for index, part in enumerate(parts):
        condition = part if index == 0 else condition & part
    return condition


def _quoted(name: str) -> ColumnElement[str]:
    """An answer's name as an SQL literal: from the schema or a validated document, so letters, digits and _ only."""
    if not name.isascii() or not name.replace("_", "a").isalnum():
        raise ValueError(f"not a name: {name!r}")
    return literal_column(f"'{name}'")


def json_object(view: View[Any], row: Alias, selection: Selection) -> ColumnElement[Any]:
    """The JSON of one row as the selection asks for it."""
    parts: list[ColumnElement[Any]] = []
    for pick in selection:
        parts += (_quoted(pick.name), _value(view, row, pick))
    # PostgreSQL functions take 100 arguments; a wider selection is joined from pieces.
    if len(parts) <= 100:
        return func.json_build_object(*parts, type_=JSON)
    pieces = [func.jsonb_build_object(*parts[start : start + 100]) for start in range(0, len(parts), 100)]
    joined = pieces[0]
    for piece in pieces[1:]:
        joined = joined.op("||")(piece)
    return cast(joined, JSON)


def _value(view: View[Any], row: Alias, pick: Pick) -> ColumnElement[Any]:
    if pick.typename is not None:
        return constant(pick.typename)
    source = view.fields.get(pick.field)
    if source is None:
        return getattr(row, pick.field)  # type: ignore[no-any-return]
    if isinstance(source, Rendered):
        return getattr(row, source.column)  # type: ignore[no-any-return]
    if not isinstance(source, One | Many):
        return source(row)
    target = aliased(source.view.row)
    assert pick.selection is not None
    body = json_object(source.view, target, pick.selection)
    if isinstance(source, One):
        seen = source.view.condition(target, seen=source.seen_with_parent)
        one = select(body).where(source.on(row, target), seen).limit(literal_column("1"))
        return one.correlate(*_froms(row)).scalar_subquery()
    amount: ColumnElement[Any] = (
        bindparam(pick.first, type_=SmallInteger) if pick.first else literal_column(str(source.first))
    )
    rows = select(body.label("j")).where(source.view.condition(target, seen=source.seen_with_parent))
    if source.through is not None and source.link is not None:
        link = aliased(source.through)
        rows = rows.join_from(target, link, source.link(link, target)).where(source.on(row, link))
    else:
        rows = rows.where(source.on(row, target))
    found = rows.order_by(*source.order(target)).limit(amount).correlate(*_froms(row)).subquery()
    return select(func.coalesce(func.json_agg(found.c.j), literal_column("'[]'::json"))).scalar_subquery()


def _froms(row: Alias) -> tuple[Any, ...]:
    return (inspect(row).selectable,)


# ---- one object -----------------------------------------------------------------------------------------------------


def one_statement(view: View[Any], selection: Selection, by: tuple[str, ...] = ("id",)) -> Statement:
    """The object whose columns `by` have the bound values: columns `json` and `version` (null for a row without)."""

    def build() -> Select[Any]:
        row = aliased(view.row)
        version = getattr(row, "version", null())
        keys = [getattr(row, name) == bindparam(name, type_=getattr(row, name).type) for name in by]
        object_ = select(json_object(view, row, selection).label("json"), version.label("version"))
        return object_.where(*keys, view.condition(row))

    return compiled(("one", view, selection, by), build, lambda: rendered_paths(view, selection))


def node_statement(picks: Sequence[tuple[View[Any], Selection]]) -> Statement:
    """Whichever of several views has an object with the bound `id`: column `json`."""

    def build() -> Select[Any]:
        found = []
        for view, selection in picks:
            row = aliased(view.row)
            condition = (row.id == bindparam("id", type_=Uuid), view.condition(row))  # type: ignore[attr-defined]
            found.append(select(json_object(view, row, selection)).where(*condition).scalar_subquery())
        return select(func.coalesce(*found, type_=JSON).label("json"), null().label("version"))

    return compiled(("node", tuple(picks)), build)


def visible_rows(view: View[Any]) -> Any:
    """The rows of a view that the viewer may see, as a source for a statement of one's own (search, metrics)."""
    row = aliased(view.row)
    return aliased(view.row, select(row).where(view.condition(row)).subquery())


# ---- a page ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PageForm:
    """What a page answers: REST's `items` and `next_cursor`, or the fields of a Relay connection that are asked for."""

    rest: Selection | None = None
    relay: "Selection | None" = None


def page_statement(
    listing: Listing[Any], filters: frozenset[str], order: str, *, after: bool, form: PageForm
) -> Statement:
    """A page: columns `json`, `next_cursor`, `found`; bound: `limit`, `cursor_key`, `key_<n>`, `f_<filter>`."""

    def build() -> Select[Any]:
        view, sort = listing.view, listing.orders[order]
        row = aliased(view.row, _scan(listing, filters, sort, after=after).subquery())
        keys = [getattr(row, name).label(f"key{index}") for index, (name, _) in enumerate(sort.columns)]
        limit = bindparam("limit", type_=SmallInteger)
        number = func.row_number().over().label("n")
        rows = select(number, *keys, *_row_columns(view, row, form)).limit(limit + 1).subquery()
        page = _Page(rows, limit, cursor_sql([rows.c[key.name] for key in keys]))
        if form.rest is not None:
            items, following = literal_column("'items'"), literal_column("'next_cursor'")
            body = func.json_build_object(items, page.collected(rows.c.item), following, page.next_cursor)
        else:
            body = _connection(form.relay or (), listing, filters, page)
        found = true() if listing.of is None else _exists(*listing.of)
        columns = (cast(body, JSON).label("json"), page.next_cursor.label("next_cursor"), found.label("found"))
        return select(*columns).select_from(rows)

    return compiled(("page", listing, filters, order, after, form), build, lambda: _page_rendered(listing.view, form))


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
            paths += rendered_paths(view, pick.selection or (), (pick.name,))
        elif pick.field == "edges":
            for sub in pick.selection or ():
                if sub.field == "node":
                    paths += rendered_paths(view, sub.selection or (), (pick.name, sub.name))
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
        parts.append(_quoted(pick.name))
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
                    edge += (_quoted(sub.name), shown)
                parts.append(page.collected(func.json_build_object(*edge)))
            case "page_info":
                info = [
                    part for sub in pick.selection or () for part in (_quoted(sub.name), _page_info(sub.field, page))
                ]
                parts.append(func.json_build_object(*info))
            case "total_count":
                row = aliased(listing.view.row)
                count = select(func.count()).select_from(row).where(_where(listing, row, filters))
                parts.append(count.scalar_subquery())
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
    if listing.implied is not None and (implied := listing.implied(row, filters)) is not None:
        parts.append(implied)
    for name in sorted(filters):
        if name != skip:
            given = listing.filters[name]
            parts.append(given.where(row, bindparam(f"f_{name}", type_=given.type_)))
    return _all(parts)


def _scan(listing: Listing[Any], filters: frozenset[str], sort: Order, *, after: bool) -> Select[Any]:
    """The rows of a page in order, found along an index and never more than a page and one."""
    row = aliased(listing.view.row)
    walked = next((name for name in sorted(filters) if listing.filters[name].walk), None)
    condition = _where(listing, row, filters, skip=walked)
    # PostgreSQL plans a bound LIMIT as a tenth of the table; the literal bound keeps it on the ordered index.
    bound = literal_column(str(MAX_PAGE + 1))
    if walked is None:
        return _ordered(select(row), row, sort, after).where(condition).limit(bound)
    given = listing.filters[walked]
    walk = given.walk
    assert walk is not None
    values = walk.values(bindparam(f"f_{walked}", type_=given.type_)).subquery()
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
        keys = [bindparam(f"key_{n}", type_=column.type) for n, column in enumerate(columns)]
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
