"""Search through GraphQL."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
import strawberry

from kshare.content.graphql import Category, Tag
from kshare.core.access import Permission
from kshare.core.principal import Principal
from kshare.core.reading import Pick, Selection, checked_limit
from kshare.edge.graphql import (
    CONNECTION,
    EDGE,
    VIEWS,
    Info,
    PageInfo,
    connection_type,
    enum_type,
    field,
    input_type,
    list_field,
    object_type,
)
from kshare.edge.kernel import Kernel
from kshare.edge.parsing import checked_value
from kshare.edge.reads import Bespoke, Connection
from kshare.people.graphql import Department, Person
from kshare.search import shapes
from kshare.search.finding import Hits, Search, Shown, facets, find, show
from kshare.search.reads import SEARCHED_TEXT, SEARCHED_TEXTS

enum_type(shapes.SearchOrder)
for shape in (shapes.SearchTotal, shapes.FacetValue, shapes.SearchFacets):
    object_type(shape)


@object_type
class Content(shapes.Content):
    __doc__ = shapes.Content.__doc__
    author: Person
    """Who wrote it."""
    department: Department | None
    """The author's department when it was written."""
    category: Category | None
    """Its place in the category tree."""
    tags: list[Tag]  # type: ignore[assignment]
    """Its tags, by name."""


@object_type
class SearchHit(shapes.SearchHit):
    __doc__ = shapes.SearchHit.__doc__
    content: Content
    """What was found."""


SearchedText = object_type(shapes.SearchedText)
VIEWS["SearchedText"] = (SEARCHED_TEXT, Permission.taxonomy_manage)
SearchedTextConnection = connection_type(SearchedText, "SearchedText")
SearchFilter = input_type(shapes.SearchFilter, name="SearchFilter")
SearchedTextFilter = input_type(shapes.SearchedTextFilter, name="SearchedTextFilter")


@strawberry.type(description="A SearchHit in a list.")
class SearchEdge:
    cursor: str = strawberry.field(description=EDGE["cursor"])
    node: SearchHit = strawberry.field(description="What was found.")


@strawberry.type(description="A page of what a search found.")
class SearchConnection:
    edges: list[SearchEdge] = strawberry.field(description=CONNECTION["edges"])
    nodes: list[SearchHit] = strawberry.field(description=CONNECTION["nodes"])
    page_info: PageInfo = strawberry.field(description=CONNECTION["page_info"])
    total: shapes.SearchTotal = strawberry.field(description="How many were found.")
    facets: shapes.SearchFacets = strawberry.field(description="The most frequent values; counted only if asked for.")
    terms: list[str] = strawberry.field(description="The words and phrases that were looked for.")


@dataclass(frozen=True, slots=True)
class SearchRead(Bespoke):
    """A page of a search."""

    search: Search

    async def fetch(
        self,
        kernel: Kernel,
        principal: Principal,
        selection: Selection,
        sizes: Mapping[str, int],
        connection: Connection | None,
    ) -> bytes:
        wanted: dict[Selection, int] = {}
        text = _gather(selection, wanted)
        hits = await find(kernel, principal, self.search)
        shown = await show(kernel, principal, hits, tuple(wanted), text=text, sizes=sizes)
        counted: dict[str, Any] = {}
        if any(pick.field == "facets" for pick in selection):
            counted = orjson.loads(await facets(kernel, principal, self.search, hits))
        first = self.search.cursor is None
        return orjson.dumps({pick.name: _answer(pick, hits, shown, counted, wanted, first) for pick in selection})


def _gather(picks: Selection, wanted: dict[Selection, int]) -> bool:
    """Notes each selection of content in this part of the query; whether a highlighted text is asked for."""
    text = False
    for pick in picks:
        if pick.field == "content":
            wanted.setdefault(pick.selection or Selection(), len(wanted))
        elif pick.field in ("nodes", "edges", "node"):
            text = _gather(pick.selection or Selection(), wanted) or text
        else:
            text = text or pick.field in ("title", "snippet")
    return text


def _answer(
    pick: Pick, hits: Hits, shown: list[Shown], counted: dict[str, Any], wanted: dict[Selection, int], first: bool
) -> Any:
    inner = pick.selection or Selection()
    match pick.field:
        case "nodes":
            return [_hit(inner, hit, wanted) for hit in shown]
        case "edges":
            return [
                {
                    sub.name: sub.typename
                    or (
                        _hit(sub.selection or Selection(), hit, wanted)
                        if sub.field == "node"
                        else hits.cursor(hit.place)
                    )
                    for sub in inner
                }
                for hit in shown
            ]
        case "page_info":
            facts = {
                "has_next_page": hits.more,
                "has_previous_page": not first,
                "start_cursor": hits.cursor(0) if hits.ids else None,
                "end_cursor": hits.next_cursor or (hits.cursor(-1) if hits.ids else None),
            }
            return _picked(inner, facts)
        case "total":
            return _picked(inner, {"value": hits.place.total, "exact": hits.place.exact})
        case "facets":
            return {
                sub.name: sub.typename or [_picked(sub.selection or Selection(), value) for value in counted[sub.field]]
                for sub in inner
            }
        case "terms":
            return hits.query.terms
        case _:
            return pick.typename


def _hit(picks: Selection, hit: Shown, wanted: dict[Selection, int]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for pick in picks:
        if pick.field == "content":
            shown[pick.name] = orjson.Fragment(hit.contents[wanted[pick.selection or Selection()]])
        else:
            shown[pick.name] = pick.typename or getattr(hit, pick.field)
    return shown


def _picked(picks: Selection, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {pick.name: pick.typename or facts[pick.field] for pick in picks}


class Query:
    @field(
        "Search published content of every kind that you may see. A common word is looked for among the newest only."
    )
    def search(
        self,
        info: Info,
        query: Annotated[str, strawberry.argument(description="Words, all of which must occur; see REST's `q`.")],
        first: Annotated[int, strawberry.argument(description="Hits on the page, 1 to 100.")] = 20,
        after: Annotated[str | None, strawberry.argument(description="`endCursor` of the page before.")] = None,
        filter: Annotated[SearchFilter | None, strawberry.argument(description="Among which contents.")] = None,  # type: ignore[valid-type]
        order_by: Annotated[
            shapes.SearchOrder, strawberry.argument(description="The order.")
        ] = shapes.SearchOrder.relevance,
    ) -> SearchConnection:
        info.context.demand(Permission.search)
        text = checked_value(shapes.SearchText, query, "query")
        search = Search.of(text, filter, order_by.value, checked_limit(first, "first"), after)
        return SearchRead(search)  # type: ignore[return-value]

    search_queries = list_field(
        SEARCHED_TEXTS,
        SearchedTextConnection,
        SearchedTextFilter,
        Permission.taxonomy_manage,
        "What people searched for, all searches for one text together.",
    )
