"""A search, from the words typed to a page of hits: what both doors call.

It looks at the newest thousand documents first and further back as long as too little is found (search/eras.py).
Common words are therefore answered from the newest documents alone, rare ones from all of them. The step at which
the first page was found is in the cursor, so that all its pages are of the same documents.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import asyncpg
import orjson

from kshare.core.bounded import BoundedCache
from kshare.core.clock import now
from kshare.core.database import Database
from kshare.core.paging import CursorKey
from kshare.core.principal import Principal
from kshare.core.reading import Selection, checked_limit
from kshare.core.words import Query, highlight, parse_query, snippet
from kshare.edge.kernel import Kernel
from kshare.edge.reads import binds, fetch
from kshare.search import eras as era
from kshare.search.documents import ANY
from kshare.search.eras import WHOLE, Eras
from kshare.search.record import Searched
from kshare.search.shapes import SearchFacets, SearchFilter
from kshare.search.statements import MATCHES, facets_statement, find_statement, show_statement

WANTED = 64
"""Matches to rank at least, if there are as many."""

_LEAST = UUID(int=0)
_FOREVER = datetime.max.replace(tzinfo=era.BEGINNING.tzinfo)


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked: the text, the filters that are given, the order, which page."""

    text: str
    filters: Mapping[str, Any]
    order: str
    limit: int
    cursor: str | None

    @classmethod
    def of(cls, text: str, asked: SearchFilter | None, order: str, limit: int, cursor: str | None) -> "Search":
        names = SearchFilter.model_fields
        given = {name: getattr(asked, name) for name in names} if asked is not None else {}
        filters = {name: getattr(value, "value", value) for name, value in given.items() if value is not None}
        return cls(text, filters, order, checked_limit(limit), cursor)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page starts, and which documents it is a page of: what a cursor carries."""

    keys: tuple[Any, UUID] | None = None
    total: int = 0
    exact: bool = True
    step: int = 0
    newest: int = 0
    deep: bool | None = None
    until: datetime = _FOREVER

    @classmethod
    def parse(cls, keys: Sequence[Any], order: str) -> "Place":
        first, id, total, exact, step, newest, deep, until = keys
        key = datetime.fromisoformat(first) if order == "newest" else first
        return cls((key, UUID(id)), total, exact, step, newest, deep, datetime.fromisoformat(until))

    def after(self, key: Any, id: UUID) -> list[Any]:
        """The keys of a cursor behind the hit with this sort key."""
        return [key, str(id), self.total, self.exact, self.step, self.newest, self.deep, self.until]


@dataclass(frozen=True, slots=True)
class Hits:
    """A page of hits, before anything is shown of them."""

    query: Query
    place: Place
    key: CursorKey
    ids: Sequence[UUID] = ()
    keys: Sequence[Any] = ()
    scores: Sequence[float] = ()
    more: bool = False
    resume: tuple[Any, UUID] | None = None
    """Where the next page starts, when that is behind no hit of this one."""
    values: Mapping[str, Any] = field(default_factory=dict)

    def cursor(self, index: int) -> str:
        """The cursor behind a hit."""
        return self.key.cursor(self.place.after(self.keys[index], self.ids[index]))

    @property
    def next_cursor(self) -> str | None:
        if self.resume is not None:
            return self.key.cursor(self.place.after(*self.resume))
        return self.cursor(-1) if self.more else None


async def find(kernel: Kernel, principal: Principal, search: Search) -> Hits:
    """A page of hits; raises `invalid_cursor` and `cursor_mismatch`. A search, not each of its pages, is recorded."""
    key = CursorKey(kernel.settings.signing_secret, "search", {**search.filters, "q": search.text}, search.order)
    place = Place(until=_FOREVER) if search.cursor is None else Place.parse(key.keys(search.cursor), search.order)
    query = parse_query(search.text)
    if query.empty:
        hits = Hits(query, place, key)
    else:
        hits = await _find(kernel, principal, search, query, place, key)
    if search.cursor is None:
        filters = {name: str(value) for name, value in search.filters.items()}
        total = hits.place
        kernel.notes.take(Searched(principal.alias("search"), search.text, filters, total.total, total.exact, now()))
    return hits


async def _find(
    kernel: Kernel, principal: Principal, search: Search, query: Query, place: Place, key: CursorKey
) -> Hits:
    known = await _eras(kernel.database)
    first, by_date = search.cursor is None, search.order == "newest"
    statement = find_statement(search.order, frozenset(search.filters), after=not first)
    values = {"limit": search.limit, "deep": place.deep, "until": place.until, **_filter_values(search.filters)}
    if place.keys is not None:
        values["key_0"], values["key_1"] = place.keys
    wanted = search.limit + 1 if by_date else WANTED
    # Pages of a ranking are pages of what the first page looked at; pages by date go on from where they are.
    asked = (id(kernel.database), query.tsquery, tuple(sorted(search.filters.items())), wanted, principal.subjects)
    step = (_steps.get(asked) or 0) if first else 0 if by_date else place.step
    while True:
        newest, oldest = _range(known, search.filters, place, by_date)
        values |= _scoped(query, step, newest, known)
        row = await fetch(kernel, principal, statement, values)
        assert row is not None
        if (row["newest"] or 0) > known.newest:
            known = await _eras(kernel.database, anew=True)
            if first or by_date:
                continue
        complete = era.lowest(step, newest) <= oldest
        if complete or row["found"] >= wanted or row["met"] >= era.PATIENCE or not (first or by_date):
            break
        step = era.next_step(step, newest, row["found"], row["met"], wanted)
    ids = row["ids"] or []
    if first:
        # Should there have become plenty meanwhile, the next search begins nearer again.
        _steps[asked] = step - 1 if step and row["met"] > 4 * MATCHES else step
        exact = complete and row["found"] < MATCHES
        until = _FOREVER if by_date else now()
        place = Place(None, row["total"], exact, step, newest, row["deep"], until)
    shown = min(len(ids), search.limit)
    raw = (row["scores"] or [])[:shown]
    keys = (row["listed"] or [])[:shown] if by_date else raw
    scale = 10_000 if search.order == "relevance" else 10
    scores = [score / scale for score in raw]
    more, resume = len(ids) > search.limit, None
    if by_date and not complete and not more:
        # So much was hidden from this viewer that the search stopped before the page was full; it can go on.
        more, resume = True, (known.starts[era.lowest(step, newest)], _LEAST)
    return Hits(query, place, key, ids[:shown], keys, scores, more, resume, values)


def _range(known: Eras, filters: Mapping[str, Any], place: Place, by_date: bool) -> tuple[int, int]:
    """The newest era to look at, and the oldest."""
    newest = known.newest if place.keys is None or by_date else place.newest
    if by_date and place.keys is not None:
        newest = min(newest, known.of(place.keys[0]))
    if "published_before" in filters:
        newest = min(newest, known.of(filters["published_before"]))
    return newest, known.of(filters["published_from"]) if "published_from" in filters else 0


def _scoped(query: Query, step: int, newest: int, known: Eras) -> dict[str, str]:
    """The queries of a step."""
    # A window that leaves nothing out would only cost the index hundreds of looks at what has one of its lexemes.
    everything = newest == known.newest and era.lowest(step, newest) == 0
    wanted = [clause for clause in query.tsquery.split(" & ") if not clause.startswith("!")]
    # An index cannot begin with what is excluded.
    words = query.tsquery if wanted else f"{query.tsquery} & '{ANY}'"
    return {
        "words": words if step >= WHOLE or everything else f"{words} & ({era.window(step, newest)})",
        "head": " & ".join(wanted) or "'=none'",
        "rank": " | ".join(wanted) or "'=none'",
    }


def _filter_values(filters: Mapping[str, Any]) -> dict[str, Any]:
    typed = ("category", "department", "tag", "published_from", "published_before")
    return {f"f_{name}": value if name in typed else str(value) for name, value in filters.items()}


_steps: BoundedCache[Hashable, int] = BoundedCache(4096)
"""How far a search had to look: the next one for the same begins there."""

_known: WeakKeyDictionary[Database, Eras] = WeakKeyDictionary()


async def _eras(database: Database, *, anew: bool = False) -> Eras:
    known = _known.get(database)
    if known is None or anew:
        rows = await database.fetch("SELECT starts FROM search_era ORDER BY number", ())
        known = _known[database] = era.starts_of([row["starts"] for row in rows])
    return known


# ---- what is shown of hits ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """One hit as it is shown: the JSON of the content for each selection asked for, and the highlighted texts."""

    contents: Sequence[bytes]
    title: str
    snippet: str
    score: float
    place: int
    """Among the hits; `Hits.cursor` takes it."""


async def show(
    kernel: Kernel,
    principal: Principal,
    hits: Hits,
    selections: Sequence[Selection],
    *,
    text: bool,
    sizes: Mapping[str, int] | None = None,
) -> list[Shown]:
    """The hits, in order; one that has become invisible meanwhile is left out."""
    if not hits.ids:
        return []
    found: list[Mapping[UUID, asyncpg.Record]] = []
    for number, selection in enumerate(selections or (None,)):
        statement = show_statement(selection, text=text and number == 0)
        arguments = statement.bind({**binds(kernel, principal), **(sizes or {}), "ids": list(hits.ids)})
        rows = await kernel.database.fetch(statement.sql, arguments)
        found.append({row["id"]: row for row in rows})
    shown = []
    for index, (id, score) in enumerate(zip(hits.ids, hits.scores, strict=True)):
        if not all(id in rows for rows in found):
            continue
        row, terms = found[0][id], hits.query.terms
        title = highlight(row["title"], terms) if text else ""
        passage = _passage(row["summary"], row["body"], terms) if text else ""
        contents = [rows[id]["json"] for rows in found] if selections else []
        shown.append(Shown(contents, title, passage, score, index))
    return shown


_AROUND = 240


def _passage(summary: str, body: str, terms: Sequence[str]) -> str:
    """The best passage of a text. Only the neighbourhood of the first match that has most others near is examined."""
    lower = body.lower()
    starts = [at for term in terms[:8] if (at := lower.find(term)) >= 0]
    if not starts:
        return snippet(summary or body[:_AROUND], terms)

    def company(at: int) -> int:
        return sum(lower.find(term, max(at - 80, 0), at + 160) >= 0 for term in terms[:8])

    best = max(starts, key=company)
    first, last = max(best - _AROUND // 2, 0), best + _AROUND
    shown = snippet(body[first:last], terms)
    before = "…" if first and not shown.startswith("…") else ""
    after = "…" if last < len(body) and not shown.endswith("…") else ""
    return f"{before}{shown}{after}"


async def facets(kernel: Kernel, principal: Principal, search: Search, hits: Hits) -> bytes:
    """The most frequent values among what the search ranked, as JSON."""
    if hits.query.empty:
        return orjson.dumps({name: [] for name in SearchFacets.model_fields})
    place = hits.place
    values = {
        **hits.values,
        **_scoped(hits.query, place.step, place.newest, await _eras(kernel.database)),
        "until": place.until,
    }
    row = await fetch(kernel, principal, facets_statement(frozenset(search.filters)), values)
    assert row is not None
    body: bytes = row["json"]
    return body
