"""How shapes are read: which rows, seen by whom, each field from where; and the named lists of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar, get_args
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    Select,
    SmallInteger,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    null,
    or_,
    true,
)
from sqlalchemy.dialects import postgresql

from kshare.core.access import Permission
from kshare.core.database import Row
from kshare.core.reading.shapes import Shape

S = TypeVar("S", bound=Shape)
Alias = Any
"""A row source in a statement: an ORM class or an alias of one. SQLAlchemy types its columns, not the alias."""


class Viewer:
    """The principal as a statement sees it: bound values, never literals."""

    id = bindparam("viewer_id", type_=Uuid)
    selves = bindparam("viewer_selves", type_=ARRAY(Uuid))
    subjects = bindparam("viewer_subjects", type_=ARRAY(Uuid))
    clearance = bindparam("viewer_clearance", type_=SmallInteger)
    key_id = bindparam("viewer_key_id", type_=Uuid)
    permissions = bindparam("viewer_permissions", type_=ARRAY(Text))

    @staticmethod
    def owns(owner: ColumnElement[Any]) -> ColumnElement[bool]:
        """The viewer is the owner, by their id or by their pseudonym."""
        return owner == func.any(bindparam("viewer_selves", type_=ARRAY(Uuid)))

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


TODAY = bindparam("today", type_=Date)
"""Which day it is in the company, for statements; bound for each read, like the viewer."""


def constant(value: str) -> ColumnElement[str]:
    """A text literal of our own code in the statement, so that partial indexes match; never for input."""
    if not value.replace("_", "").isalnum():
        raise ValueError(f"not a plain word: {value!r}")
    return literal_column(f"'{value}'", Text)


def allowed_list(rules: Mapping[str, ColumnElement[bool]]) -> ColumnElement[Any]:
    """The `permissions` of a shape: the names of the rules that hold for this viewer."""
    cases = [case((rule, constant(name)), else_=null()) for name, rule in rules.items()]
    array: Any = postgresql.array
    return func.to_json(func.array_remove(array(cases, type_=Text), null()))


def all_of(parts: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    """That all of the conditions hold."""
    condition: ColumnElement[bool] = true()
    for index, part in enumerate(parts):
        condition = part if index == 0 else condition & part
    return condition


def there_is(query: Select[Any]) -> ColumnElement[bool]:
    """That a query for at most a few rows finds any. Not EXISTS: of a page of rows the planner would rather read a
    whole table once than look into it for each of them."""
    return query.limit(literal_column("1")).scalar_subquery().is_not(None)


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
    own: Callable[[Alias], ColumnElement[bool]] | None = None
    """Where names from outside are each author's own: which rows are the viewer's. Of several with the same name theirs
    is read, and otherwise the oldest."""

    def condition(self, row: Alias, *, seen: bool = False) -> ColumnElement[bool]:
        """That a row is one of these and that the viewer may see it."""
        parts = [self.only(row)] if self.only else []
        if not seen and (visible := self.visible(row)) is not None:
            parts.append(visible)
        return all_of(parts)


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
    special: Mapping[str, Callable[[Alias], ColumnElement[bool]]] = field(default_factory=dict)
    """Values whose condition is another one, so that another index serves it; each gets a statement of its own."""


def rule_filter(rules: Mapping[str, Callable[[Alias], ColumnElement[bool]]]) -> Filter:
    """A filter by conditions that have names: each value's is special, so that an index of its own can serve it."""

    def where(row: Alias, value: ColumnElement[Any]) -> ColumnElement[bool]:
        return or_(*(and_(value == constant(name), rule(row)) for name, rule in rules.items()))

    return Filter(Text, where, special=rules)


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
    description: str
    """What comes first, for readers of the contract."""
    descending: bool = True
    untold: str | None = None
    """The column that a cursor must not tell, since it counts what the reader may not see. The cursor holds the row's
    id in its place, by which the value is found again."""

    @property
    def told(self) -> Iterator[tuple[str, type]]:
        """The columns that a cursor holds, and their types."""
        for name, kind in self.columns:
            yield ("id", UUID) if name == self.untold else (name, kind)


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
    walk: Walk | None = None
    """How to walk what is implied, where that stands for several values (the two ids of a viewer)."""
    groups: Callable[[frozenset[str]], Select[Any]] | None = None
    """Makes the rows where they are what rows of a table add up to: for the filters that are asked for, which it
    applies itself, as it does who sees what. They must come along an index in the order of the list."""

    @cached_property
    def selection(self) -> Selection:
        return whole(self.summary or self.view.shape, self.view)
