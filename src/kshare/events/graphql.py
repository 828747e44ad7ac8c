"""The journal feed through GraphQL: page by page, or as a subscription."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
import strawberry
from strawberry.scalars import JSON

from kshare.core.access import Permission
from kshare.core.principal import Principal
from kshare.core.reading import Pick, Selection, checked_limit
from kshare.edge.graphql import CONNECTION, EDGE, Info, PageInfo, field, object_type, subscription
from kshare.edge.kernel import Kernel
from kshare.edge.reads import Bespoke, Connection, OneRead
from kshare.events import shapes
from kshare.events.reads import (
    EVENT,
    START,
    Batch,
    Place,
    checked_types,
    event_types,
    newest_place,
    place_of,
    read_events,
)
from kshare.events.stream import follow
from kshare.people.graphql import Person

READ = Permission.events_read


@object_type
class Event(shapes.Event):
    __doc__ = shapes.Event.__doc__
    actor: Person | None
    """Who did it."""
    payload: JSON  # type: ignore[assignment]
    """The facts; their schema is that of the type."""


@object_type
class EventType(shapes.EventType):
    __doc__ = shapes.EventType.__doc__
    payload: JSON  # type: ignore[assignment]
    """JSON Schema of the payload."""


@strawberry.type(description="An Event in the feed.")
class EventEdge:
    cursor: str = strawberry.field(description=EDGE["cursor"])
    node: Event = strawberry.field(description="What happened.")


@strawberry.type(
    description="A part of the feed, oldest first. `endCursor` is never null and always where to read on from; a part "
    "may be empty although `hasNextPage` is true, since one answer looks at 5,000 entries of the journal at most."
)
class EventConnection:
    edges: list[EventEdge] = strawberry.field(description=CONNECTION["edges"])
    nodes: list[Event] = strawberry.field(description=CONNECTION["nodes"])
    page_info: PageInfo = strawberry.field(description=CONNECTION["page_info"])


@dataclass(frozen=True, slots=True)
class EventsRead(Bespoke):
    """A part of the feed."""

    place: Place
    types: frozenset[str]
    limit: int
    first: bool

    async def fetch(
        self,
        kernel: Kernel,
        principal: Principal,
        selection: Selection,
        sizes: Mapping[str, int],
        connection: Connection | None,
    ) -> bytes:
        wanted: list[Selection] = []
        answers = [(pick, _wanted(pick, wanted)) for pick in selection]
        batch = await read_events(kernel, principal, self.place, self.types, self.limit, tuple(wanted))
        latest = batch.latest(kernel.settings.signing_secret)
        return orjson.dumps({pick.name: self._answer(pick, places, batch, latest) for pick, places in answers})

    def _answer(self, pick: Pick, places: dict[str, int], batch: Batch, latest: str) -> Any:
        match pick.field:
            case "nodes":
                return [orjson.Fragment(item) for item in batch.items[places[""]]]
            case "edges":
                return [
                    {
                        sub.name: orjson.Fragment(batch.items[places[sub.name]][index])
                        if sub.field == "node"
                        else sub.typename or str(id)
                        for sub in pick.selection or ()
                    }
                    for index, id in enumerate(batch.ids)
                ]
            case "page_info":
                facts = {
                    "has_next_page": batch.more,
                    "has_previous_page": not self.first,
                    "start_cursor": str(batch.ids[0]) if batch.ids else None,
                    "end_cursor": latest,
                }
                return {sub.name: sub.typename or facts[sub.field] for sub in pick.selection or ()}
            case _:
                return pick.typename


def _wanted(pick: Pick, wanted: list[Selection]) -> dict[str, int]:
    """Where among the selections to be read those of this place are: by alias for edges."""
    places: dict[str, int] = {}
    subs = [("", pick)] if pick.field == "nodes" else [(s.name, s) for s in pick.selection or () if s.field == "node"]
    if pick.field in ("nodes", "edges"):
        for name, sub in subs:
            assert sub.selection is not None
            places[name] = len(wanted)
            wanted.append(sub.selection)
    return places


After = Annotated[
    str | None,
    strawberry.argument(description="The id of the last event you have seen, or the last `endCursor`."),
]
Types = Annotated[list[str] | None, strawberry.argument(description="Only events of these types.")]


class Query:
    @field("What happened, as far as you may see it now: from the beginning of what is kept, or from behind `after`.")
    def events(
        self,
        info: Info,
        first: Annotated[int, strawberry.argument(description="Events at most, 1 to 100.")] = 20,
        after: After = None,
        types: Types = None,
    ) -> EventConnection:
        info.context.demand(READ)
        place = START if after is None else place_of(info.context.kernel.settings.signing_secret, after)
        named, limit = checked_types(types, "types"), checked_limit(first, "first")
        return EventsRead(place, named, limit, after is None)  # type: ignore[return-value]

    @field("Every type of event, with what it means and the schema of its payload.")
    def event_types(self, info: Info) -> list[EventType]:
        info.context.demand(READ)
        return list(event_types().values())  # type: ignore[arg-type]


class Subscription:
    @subscription("What happens from now on, or from behind `after`, as far as you may see it when it is sent.")
    async def events(self, info: Info, after: After = None, types: Types = None) -> AsyncGenerator[Event, None]:
        context = info.context
        context.demand(READ)
        kernel, authorization = context.kernel, context.request.headers.get("authorization")
        named = checked_types(types, "types")
        if after is not None:
            place = place_of(kernel.settings.signing_secret, after)
        else:
            place = await newest_place(kernel, context.principal)

        async def authenticate() -> Principal:
            # Each event is read by whoever the caller is by then.
            context.principal = await kernel.authenticate(authorization)
            return context.principal

        async with aclosing(follow(kernel, authenticate, place, named)) as batches:
            async for batch in batches:
                for id in batch.ids:
                    yield OneRead(EVENT, id)  # type: ignore[misc]
