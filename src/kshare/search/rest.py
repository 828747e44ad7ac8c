"""Search through REST."""

from urllib.parse import urlencode

import orjson
from starlette.responses import Response

from kshare.core.access import Permission
from kshare.core.reading import whole
from kshare.edge.door import Door
from kshare.edge.rest import Call
from kshare.search.finding import Search, facets, find, show
from kshare.search.reads import FOUND, SEARCHED_TEXTS
from kshare.search.shapes import Content, SearchedTextFilter, SearchPage, SearchParameters

door = Door("Search", "Finding content by its words, and what was searched for.")

_WHOLE = whole(Content, FOUND)


@door.operation(
    "GET", "/search", "search", "Search", Permission.search,
    query=SearchParameters, answer=SearchPage, problems=("invalid_cursor", "cursor_mismatch"),
)  # fmt: skip
async def search(call: Call) -> Response:
    """Published content of every kind that you may see, by the words of its title, summary, text, tags, category and
    author. Chinese needs no spaces; a word of two characters is found inside longer ones too. A change can be searched
    for about a second after it was made; who may see what holds at once.

    A common word is looked for among the newest documents only: `total.exact` is then false, a ranking ends after a
    few hundred hits, and `order=newest` goes on without end. Searches are recorded with their number of hits."""
    asked = call.query(SearchParameters)
    search = Search.of(asked.q, asked, asked.order.value, asked.limit, asked.cursor)
    hits = await find(call.kernel, call.principal, search)
    counted = await facets(call.kernel, call.principal, search, hits) if asked.facets else b"null"
    shown = await show(call.kernel, call.principal, hits, (_WHOLE,), text=True)
    body = {
        "items": [
            {
                "content": orjson.Fragment(hit.contents[0]),
                "title": hit.title,
                "snippet": hit.snippet,
                "score": hit.score,
            }
            for hit in shown
        ],
        "next_cursor": hits.next_cursor,
        "total": {"value": hits.place.total, "exact": hits.place.exact},
        "facets": orjson.Fragment(counted),
        "terms": hits.query.terms,
    }
    headers = None
    if hits.more:
        parameters = [(name, value) for name, value in call.request.query_params.multi_items() if name != "cursor"]
        url = f"{call.request.url.path}?{urlencode([*parameters, ('cursor', hits.next_cursor or '')])}"
        headers = {"Link": f'<{url}>; rel="next"'}
    return Response(orjson.dumps(body), 200, headers, "application/json")


door.page(
    "/search/queries",
    SEARCHED_TEXTS,
    "listSearchQueries",
    "List what was searched for",
    Permission.taxonomy_manage,
    SearchedTextFilter,
)
