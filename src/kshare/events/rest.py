"""The journal feed through REST: page by page, or as server-sent events."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from urllib.parse import urlencode

import orjson
from starlette.responses import Response, StreamingResponse

from kshare.core.access import Permission
from kshare.core.errors import DomainError
from kshare.core.principal import Principal
from kshare.core.reading import whole
from kshare.edge.door import Door
from kshare.edge.problems import problem_event
from kshare.edge.rest import Call
from kshare.events.reads import (
    EVENT,
    START,
    Batch,
    checked_types,
    event_types,
    newest_place,
    place_of,
    read_events,
)
from kshare.events.shapes import Event, EventFilter, EventPage, EventsQuery, EventTypes
from kshare.events.stream import follow

door = Door("Events", "What happened: to replay, to follow, and which types there are.")
READ = Permission.events_read

HEARTBEAT = 15.0
"""Seconds after which a silent stream sends a comment, so that no proxy takes it for dead."""

_WHOLE = (whole(Event, EVENT),)
_JSON = "application/json"


@door.operation(
    "GET",
    "/events",
    "listEvents",
    "Replay what happened",
    READ,
    query=EventsQuery,
    answer=EventPage,
    problems=("invalid_cursor",),
)
async def replay(call: Call) -> Response:
    """In order, from the beginning of what is kept (30 days at least) or from behind `after`, as far as you may see it
    now. Every event comes exactly once to those who send `latest` of each answer as `after` of the next request.

    An answer looks at 5,000 entries of the journal at most, whoever may see them; so `items` can be empty while
    `next_cursor` says that there is more. Events of content need the permission `content_read` too."""
    query = call.query(EventsQuery)
    secret = call.kernel.settings.signing_secret
    types = checked_types(query.types)
    place = place_of(secret, query.after) if query.after is not None else START
    batch = await read_events(call.kernel, call.principal, place, types, query.limit, _WHOLE)
    latest = batch.latest(secret).encode()
    following = b'"%s"' % latest if batch.more else b"null"
    body = b'{"items":[%s],"next_cursor":%s,"latest":"%s"}' % (b",".join(batch.items[0]), following, latest)
    if not batch.more:
        return Response(body, 200, None, _JSON)
    parameters = [(name, value) for name, value in call.request.query_params.multi_items() if name != "after"]
    url = f"{call.request.url.path}?{urlencode([*parameters, ('after', latest.decode())])}"
    return Response(body, 200, {"Link": f'<{url}>; rel="next"'}, _JSON)


@door.operation(
    "GET",
    "/events/stream",
    "streamEvents",
    "Follow what happens",
    READ,
    query=EventFilter,
    media_type="text/event-stream",
    problems=("invalid_cursor",),
)
async def stream(call: Call) -> Response:
    """Server-sent events: `id` is the event's id, `event` its type, `data` the event as JSON. It starts now, or behind
    `after`, or behind the header `Last-Event-ID`, which browsers send when they connect again. Every event comes at
    least once; of a stream that starts now, the first may have happened a moment before. A comment is sent every 15
    seconds when nothing happens.

    What you may see is decided when an event is sent. A stream whose key is revoked or expires ends within seconds,
    with an event `problem` whose data says why."""
    query = call.query(EventFilter)
    types = checked_types(query.types)
    after = call.request.headers.get("last-event-id") or query.after
    if after is not None:
        place = place_of(call.kernel.settings.signing_secret, after)
    else:
        place = await newest_place(call.kernel, call.principal)
    authorization = call.request.headers.get("authorization")

    async def authenticate() -> Principal:
        return await call.kernel.authenticate(authorization)

    batches = follow(call.kernel, authenticate, place, types, _WHOLE)
    first = await anext(batches)  # before the answer begins, so that an unknown `after` is answered 400
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(_sent(call, first, batches), 200, headers, "text/event-stream")


async def _sent(call: Call, first: Batch, batches: AsyncGenerator[Batch, None]) -> AsyncIterator[bytes]:
    clock = asyncio.get_running_loop().time
    async with aclosing(batches):
        yield b"retry: 2000\n: connected\n\n" + _written(first)
        spoke = clock()
        try:
            async for batch in batches:
                if batch.ids:
                    yield _written(batch)
                elif clock() - spoke >= HEARTBEAT:
                    yield b": still here\n\n"
                else:
                    continue
                spoke = clock()
        except DomainError as error:
            yield b"event: problem\ndata: " + problem_event(error, call.request.scope) + b"\n\n"


def _written(batch: Batch) -> bytes:
    # JSON that a database wrote may have line breaks, though only between its tokens.
    return b"".join(
        b"id: %s\nevent: %s\ndata: %s\n\n" % (str(id).encode(), name.encode(), item.replace(b"\n", b" "))
        for id, name, item in zip(batch.ids, batch.types, batch.items[0], strict=True)
    )


@door.operation("GET", "/event-types", "listEventTypes", "List the types of event", READ, answer=EventTypes)
async def types(call: Call) -> Response:
    """Every type with what it means and the JSON Schema of its payload. New types may appear: ignore the unknown."""
    items = [kind.model_dump(mode="json") for kind in event_types().values()]
    return Response(orjson.dumps({"items": items}), 200, None, _JSON)
