"""Statements: compiled once for what is asked, bound to values for each request."""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import (
    JSON,
    ColumnElement,
    Dialect,
    Select,
    SmallInteger,
    Uuid,
    bindparam,
    cast,
    func,
    inspect,
    literal_column,
    null,
    select,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import aliased

from kshare.core.aside import aside
from kshare.core.bounded import BoundedCache
from kshare.core.errors import DomainError
from kshare.core.reading.views import Alias, Many, One, Pick, Rendered, Selection, View, constant


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


_dialect: Dialect = postgresql.asyncpg.dialect()  # type: ignore[no-untyped-call]
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


MOST_RENDERED: Final = 1_000_000
"""Characters of different texts that are rendered for one answer."""
_AT_ONCE: Final = 2_000
"""Characters rendered on the spot, which takes less than going aside would be worth."""


async def render(statement: Statement, body: bytes) -> bytes:
    """The answer with its rendered fields made; the untouched bytes when it has none.

    A text is rendered once however often it is asked for, and a long one aside, since that takes up to a second.
    Raises `too_complex` when the texts are too long together.
    """
    if not statement.rendered:
        return body
    answer = orjson.loads(body)
    places = [place for path, function in statement.rendered for place in _places(answer, path, function)]
    texts = {(function, holder[name]): "" for holder, name, function in places}
    if len(texts) > 1 and sum(len(text) for _, text in texts) > MOST_RENDERED:
        detail = f"The texts to be rendered have more than {MOST_RENDERED:,} characters together: ask for fewer."
        raise DomainError("too_complex", detail)
    for function, text in texts:
        texts[function, text] = function(text) if len(text) <= _AT_ONCE else await aside(function, text)
    for holder, name, function in places:
        holder[name] = texts[function, holder[name]]
    return orjson.dumps(answer)


def _places(
    value: Any, path: tuple[str, ...], function: Callable[[str], str]
) -> Iterator[tuple[dict[str, str], str, Callable[[str], str]]]:
    """The objects that hold a text to be rendered, with its name."""
    if isinstance(value, list):
        for entry in value:
            yield from _places(entry, path, function)
    elif value is not None and len(path) > 1:
        yield from _places(value[path[0]], path[1:], function)
    elif value is not None and value[path[0]] is not None:
        yield value, path[0], function


def quoted(name: str) -> ColumnElement[str]:
    """An answer's name as an SQL literal: from the schema or a validated document, so letters, digits and _ only."""
    if not name.isascii() or not name.replace("_", "a").isalnum():
        raise ValueError(f"not a name: {name!r}")
    return literal_column(f"'{name}'")


def json_object(view: View[Any], row: Alias, selection: Selection) -> ColumnElement[Any]:
    """The JSON of one row as the selection asks for it."""
    parts: list[ColumnElement[Any]] = []
    for pick in selection:
        parts += (quoted(pick.name), _value(view, row, pick))
    # PostgreSQL functions take 100 arguments; a wider selection is joined from pieces.
    if len(parts) <= 100:
        return func.json_build_object(*parts, type_=JSON)
    pieces = [func.jsonb_build_object(*parts[start : start + 100]) for start in range(0, len(parts), 100)]
    joined: ColumnElement[Any] = pieces[0]
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


def one_statement(view: View[Any], selection: Selection, by: tuple[str, ...] = ("id",)) -> Statement:
    """The object whose columns `by` have the bound values: columns `json` and `version` (null for a row without)."""

    def build() -> Select[Any]:
        row = aliased(view.row)
        source = view.fields.get("version")
        version = source(row) if callable(source) else getattr(row, "version", null())
        keys = [getattr(row, name) == bindparam(name, type_=getattr(row, name).type) for name in by]
        object_ = select(json_object(view, row, selection).label("json"), version.label("version"))
        found = object_.where(*keys, view.condition(row))
        if by != ("id",) and view.own is not None:
            found = found.order_by(view.own(row).desc(), row.id).limit(literal_column("1"))  # type: ignore[attr-defined]
        return found

    return compiled(("one", view, selection, by), build, lambda: rendered_paths(view, selection))


def node_statement(picks: Sequence[tuple[View[Any], Selection]]) -> Statement:
    """Whichever of several views has an object with the bound `id`: column `json`."""

    def build() -> Select[Any]:
        found = []
        for view, selection in picks:
            row = aliased(view.row)
            condition = (row.id == bindparam("id", type_=Uuid), view.condition(row))  # type: ignore[attr-defined]
            found.append(select(json_object(view, row, selection)).where(*condition).scalar_subquery())
        version: ColumnElement[Any] = null()
        return select(func.coalesce(*found, type_=JSON).label("json"), version.label("version"))

    return compiled(("node", tuple(picks)), build)


def visible_rows(view: View[Any]) -> Any:
    """The rows of a view that the viewer may see, as a source for a statement of one's own (search, metrics)."""
    row = aliased(view.row)
    return aliased(view.row, select(row).where(view.condition(row)).subquery())
