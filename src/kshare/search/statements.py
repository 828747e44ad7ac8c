"""The statements of a search. Rows of content come through its view alone, so what a viewer may not see is in none.

Each is compiled once for what is asked (order, which filters); the words, the filters' values and how far to look are
bound. Two steps in each: `matched` reads the index and sorts by publication; then contents are looked up, newest
first, until enough of them are visible. So it costs what it looks at, and never what the table holds.
"""

from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    DateTime,
    Double,
    Float,
    Integer,
    Select,
    SmallInteger,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import aliased
from sqlalchemy.types import UserDefinedType

from kshare.content.models import CategoryRow, ContentRow, ContentTagRow, CounterRow, TagNameRow, TagRow
from kshare.core.reading import Selection, Statement, compiled, constant, json_object
from kshare.people.models import DepartmentRow, PersonRow
from kshare.search.documents import ANY, MARKS
from kshare.search.models import DocumentRow, EraRow
from kshare.search.reads import FOUND

MATCHES: Final = 150
"""Visible matches that are ranked, counted and told apart in facets."""
TITLES: Final = 100
"""Of those that have the words in their title, tags, category or author: so many besides."""
SUBTREE: Final = 8
"""Categories or departments that a filter by a subtree asks the index for; of more, the contents alone are asked."""
FULLY_RANKED: Final = 100
"""Up to so many matches the whole text is ranked; of more, what stands in `head`."""
SHOWN_TEXT: Final = 20_000
"""Characters of a body among which a passage is looked for."""


class TsQuery(UserDefinedType[str]):
    """A tsquery, bound as text in its own syntax."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "tsquery"


def _query(text_: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(text_, TsQuery)


def _bound(name: str) -> ColumnElement[Any]:
    return cast(bindparam(name, type_=Text), Text)


def _number(value: int) -> ColumnElement[int]:
    # Literal, since PostgreSQL plans a bound LIMIT as a tenth of the table.
    return literal_column(str(value), Integer)


def _matches(column: ColumnElement[Any], query: ColumnElement[Any]) -> ColumnElement[bool]:
    return column.bool_op("@@")(_query(query))


def _scope(name: str, filters: frozenset[str]) -> ColumnElement[Any]:
    """The bound query and the lexemes of the filters, as the text of one tsquery."""
    query = _bound(name)
    quote: ColumnElement[str] = literal_column("''''")
    for given in sorted(filters & MARKS.keys()):
        letter = MARKS[given]
        match given:
            case "category" | "department":
                ids = _subtree(given)
            case "tag":
                ids = select(TagNameRow.tag_id).where(TagNameRow.folded == bindparam("f_tag", type_=Text))
            case _:
                query = func.concat(query, literal_column(f"' & ''={letter}'"), _bound(f"f_{given}"), quote)
                continue
        id = ids.subquery().c[0]
        lexeme = func.concat(literal_column(f"'''={letter}'"), cast(id, Text), quote)
        each = func.coalesce(func.string_agg(lexeme, literal_column("' | '")), literal_column("'''=none'''"))
        joined = case((func.count() > _number(SUBTREE), literal_column(f"'''{ANY}'''")), else_=each)
        query = func.concat(query, literal_column("' & ('"), select(joined).scalar_subquery(), literal_column("')'"))
    return query


def _subtree(given: str) -> Select[Any]:
    """The ids of a category or department and of all below it."""
    tree: Any = CategoryRow if given == "category" else DepartmentRow
    value = bindparam(f"f_{given}", type_=Uuid)
    return select(tree.id).where(tree.path.bool_op("@>")(postgresql.array([value], type_=Uuid)))


def _placed(content: Any, filters: frozenset[str]) -> ColumnElement[bool]:
    """That a content stands where the filters say, of which the index may know only roughly."""
    columns = {"category": content.category_id, "department": content.department_id}
    parts = [
        column == func.any(func.array(_subtree(name).scalar_subquery(), type_=ARRAY(Uuid)))
        for name, column in columns.items()
        if name in filters
    ]
    return and_(true(), *parts)


def _between(row: Any, filters: frozenset[str], after: bool) -> ColumnElement[bool]:
    # Pages after the first leave out what was published since, lest it push anything out of what is ranked.
    parts: list[ColumnElement[bool]] = [row.listed_at <= bindparam("until", type_=DateTime(timezone=True))]
    if "published_from" in filters:
        parts.append(row.listed_at >= bindparam("f_published_from", type_=DateTime(timezone=True)))
    if "published_before" in filters:
        parts.append(row.listed_at < bindparam("f_published_before", type_=DateTime(timezone=True)))
    if after:
        keys = bindparam("key_0", type_=DateTime(timezone=True)), bindparam("key_1", type_=Uuid)
        parts.append(tuple_(row.listed_at, row.content_id) < tuple_(*keys))
    return and_(*parts)


def _visible(name: str, condition: Any, filters: frozenset[str], most: int, *, after: bool = False) -> tuple[Any, Any]:
    """All that match, and the newest `most` of them that the viewer may see."""
    row = aliased(DocumentRow)
    matched = (
        select(row.content_id, row.listed_at, row.head)
        .where(condition(row), _between(row, filters, after))
        .cte(f"{name}_matched")
        .prefix_with("MATERIALIZED")
    )
    newest_first = (matched.c.listed_at.desc(), matched.c.content_id.desc())
    # Sorted before contents are looked up: the join keeps the order and stops when enough of them are visible.
    ordered = select(matched).order_by(*newest_first).offset(_number(0)).subquery()
    content = aliased(ContentRow)
    seen = (
        select(ordered.c.content_id, ordered.c.listed_at, ordered.c.head)
        .join(content, content.id == ordered.c.content_id)
        .where(FOUND.condition(content), content.state == constant("published"), _placed(content, filters))
        .order_by(ordered.c.listed_at.desc(), ordered.c.content_id.desc())
        .limit(_number(most))
        .cte(f"{name}_seen")
        .prefix_with("MATERIALIZED")
    )
    return matched, seen


def _candidates(filters: frozenset[str]) -> tuple[Any, Any, Any]:
    """What is ranked: the newest matches, and the newest of those that have the words in `head`."""
    matched, seen = _visible("words", lambda row: _matches(row.words, _scope("words", filters)), filters, MATCHES)
    _, titled = _visible(
        "head",
        lambda row: and_(_matches(row.head, _bound("head")), _matches(row.words, _scope("words", filters))),
        filters,
        TITLES,
    )
    other = aliased(titled)
    rest = select(seen).where(~select(other.c.content_id).where(other.c.content_id == seen.c.content_id).exists())
    both = union_all(select(titled), rest).cte("candidates").prefix_with("MATERIALIZED")
    return matched, seen, both


def _rank(vector: Any, query: ColumnElement[Any]) -> ColumnElement[float]:
    weights = literal_column("'{0.1,0.2,0.4,1.0}'::float4[]", ARRAY(Float))
    return func.ts_rank(weights, vector, _query(query))


def _relevance(row: Any, deep: ColumnElement[bool]) -> ColumnElement[int]:
    rank = _bound("rank")
    document = aliased(DocumentRow)
    whole = select(_rank(document.words, rank)).where(document.content_id == row.content_id).scalar_subquery()
    score = _rank(row.head, rank) + case((deep, whole), else_=literal_column("0"))
    return cast(score * literal_column("10000"), Integer)


def _quality(row: Any) -> ColumnElement[int]:
    """The formula is promised in `SearchOrder`."""
    counter = aliased(CounterRow)

    def often(weight: int, *counts: Any) -> ColumnElement[Any]:
        total = literal_column("1", Integer)
        for count in counts:
            total = total + count
        return literal_column(str(weight), Double) * func.ln(cast(total, Double))

    rating = (counter.rating_sum + literal_column("17.5::float8", Double)) / (counter.ratings + literal_column("5"))
    score = literal_column("100", Double) * rating
    score = score + often(60, counter.likes, counter.thanks, counter.favourites * literal_column("2"))
    score = score + often(20, counter.comments, counter.followers) + often(10, counter.views)
    found = select(cast(score * literal_column("10"), Integer)).where(counter.content_id == row.content_id)
    return func.coalesce(found.scalar_subquery(), literal_column("0"))


def find_statement(order: str, filters: frozenset[str], *, after: bool) -> Statement:
    """The hits of a page: columns `ids`, `scores`, `listed` (one more than `limit`), `found` and `met` (how many are
    visible, and how many match at all), `titled`, `deep`, `newest` (the newest era).

    Bound: `words`, `head` and `rank` as text of a tsquery, `limit`, `until`, `f_<filter>`, `deep`, and
    the keys of the page before: `key_0`, `key_1`.
    """

    def build() -> Select[Any]:
        era = select(func.max(EraRow.number)).scalar_subquery()
        limit = bindparam("limit", type_=SmallInteger) + literal_column("1")
        if order == "newest":
            matched, seen = _visible(
                "words", lambda row: _matches(row.words, _scope("words", filters)), filters, MATCHES, after=after
            )
            found = select(seen.c.content_id, seen.c.listed_at, literal_column("0", Integer).label("score")).subquery()
            deep: ColumnElement[Any] = null()
            sort = [found.c.listed_at.desc(), found.c.content_id.desc()]
            candidates = seen
        else:
            matched, seen, candidates = _candidates(filters)
            few = (func.count() <= _number(FULLY_RANKED)).label("few")
            depth = select(few).select_from(candidates).cte("depth")
            deep = func.coalesce(cast(bindparam("deep", type_=Boolean), Boolean), select(depth.c.few).scalar_subquery())
            one = aliased(candidates)
            score = _relevance(one.c, deep) if order == "relevance" else _quality(one.c)
            found = select(one.c.content_id, one.c.listed_at, score.label("score")).subquery()
            sort = [found.c.score.desc(), found.c.content_id.desc()]
        page = select(found)
        if after and order != "newest":
            keys = bindparam("key_0", type_=Integer), bindparam("key_1", type_=Uuid)
            page = page.where(tuple_(found.c.score, found.c.content_id) < tuple_(*keys))
        rows = page.order_by(*sort).limit(limit).subquery()
        return select(
            func.array_agg(rows.c.content_id).label("ids"),
            func.array_agg(rows.c.score).label("scores"),
            func.array_agg(rows.c.listed_at).label("listed"),
            select(func.count()).select_from(seen).scalar_subquery().label("found"),
            select(func.count()).select_from(matched).scalar_subquery().label("met"),
            select(func.count()).select_from(candidates).scalar_subquery().label("total"),
            deep.label("deep"),
            era.label("newest"),
        )

    return compiled(("search", order, filters, after), build)


def facets_statement(filters: frozenset[str]) -> Statement:
    """The most frequent values among what a search ranks: column `json`."""

    def build() -> Select[Any]:
        _, _, candidates = _candidates(filters)
        content = aliased(ContentRow)
        columns = ("id", "kind", "variety", "category_id", "author_id", "department_id", "language")
        of = select(*(getattr(content, name) for name in columns)).join(
            candidates, candidates.c.content_id == content.id
        )
        seen = of.where(FOUND.condition(content)).cte("seen").prefix_with("MATERIALIZED")
        posting, tag, category = aliased(ContentTagRow), aliased(TagRow), aliased(CategoryRow)
        person, department = aliased(PersonRow), aliased(DepartmentRow)
        tagged = select(posting.tag_id).join(seen, seen.c.id == posting.id).subquery()
        parts: dict[str, ColumnElement[Any]] = {
            "type": _facet(seen.c.kind, None),
            "kind": _facet(case((seen.c.kind == constant("knowledge_item"), seen.c.variety)), None),
            "category": _facet(seen.c.category_id, category),
            "tag": _facet(tagged.c.tag_id, tag, by_name=True),
            "author": _facet(seen.c.author_id, person),
            "department": _facet(seen.c.department_id, department),
            "language": _facet(seen.c.language, None),
        }
        pairs = [piece for name, part in parts.items() for piece in (literal_column(f"'{name}'"), part)]
        return select(func.json_build_object(*pairs).label("json"))

    return compiled(("search facets", filters), build)


def _facet(column: Any, named: Any, *, by_name: bool = False) -> ColumnElement[Any]:
    counted = (
        select(column.label("value"), func.count().label("count"))
        .where(column.is_not(None))
        .group_by(column)
        .order_by(func.count().desc(), column)
        .limit(_number(10))
        .subquery()
    )
    name = counted.c.value if named is None else named.name
    value = name if by_name else counted.c.value
    entry = func.json_build_object(
        literal_column("'value'"), cast(value, Text), literal_column("'name'"), name,
        literal_column("'count'"), counted.c.count,
    )  # fmt: skip
    rows = select(entry.label("entry"), counted.c.count, counted.c.value)
    if named is not None:
        rows = rows.join(named, named.id == counted.c.value)
    ordered = rows.order_by(counted.c.count.desc(), counted.c.value).subquery()
    return select(func.coalesce(func.json_agg(ordered.c.entry), literal_column("'[]'::json"))).scalar_subquery()


def show_statement(selection: Selection | None, *, text: bool) -> Statement:
    """What is shown of the contents with the bound `ids`, a row each: `id`, `json`, `title` and `body`."""

    def build() -> Select[Any]:
        row = aliased(ContentRow)
        shown = json_object(FOUND, row, selection) if selection is not None else null()
        body = func.left(row.body, literal_column(str(SHOWN_TEXT))) if text else null()
        return select(row.id, shown.label("json"), row.title, row.summary, body.label("body")).where(
            row.id == func.any(bindparam("ids", type_=ARRAY(Uuid))), FOUND.condition(row)
        )

    return compiled(("search shown", selection, text), build)
