"""GraphQL over server-sent events, each result an event."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

import anyio
from starlette.responses import Response, StreamingResponse

from kshare.edge.graphql_route.negotiation import EVENTS

HEARTBEAT: Final = 15.0
"""Seconds after which a silent event stream sends a comment, so that no proxy takes it for dead."""


def event_stream(payloads: AsyncGenerator[bytes, None], heartbeat: float = HEARTBEAT) -> Response:
    """The response that sends payloads as they come; closes them when the client leaves."""
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no", "Vary": "Accept"}
    return StreamingResponse(events(payloads, heartbeat), 200, headers, EVENTS)


async def only(payload: bytes) -> AsyncGenerator[bytes, None]:
    """A stream of one payload."""
    yield payload


async def events(payloads: AsyncGenerator[bytes, None], heartbeat: float) -> AsyncIterator[bytes]:
    """Payloads as events `next`, a comment after each `heartbeat` seconds of silence, and `complete` at the end.

    Closing this, as happens when the client leaves, cancels what is being waited for and closes `payloads`.
    """
    upcoming: asyncio.Future[bytes] | None = None
    try:
        while True:
            upcoming = upcoming or asyncio.ensure_future(anext(payloads))
            done, _ = await asyncio.wait((upcoming,), timeout=heartbeat)
            if not done:
                yield b":\n\n"
                continue
            try:
                payload = upcoming.result()
            except StopAsyncIteration:
                break
            upcoming = None
            # JSON that a database wrote may have line breaks, though only between its tokens.
            line = payload.replace(b"\n", b" ").replace(b"\r", b" ")
            yield b"event: next\ndata: " + line + b"\n\n"
        # Without a data line, browsers would not dispatch the event.
        yield b"event: complete\ndata:\n\n"
    finally:
        if upcoming is not None and not upcoming.done():
            upcoming.cancel()
        # Starlette ends a stream by a cancelled scope, in which an unshielded `await` would end at once.
        with anyio.CancelScope(shield=True):
            if upcoming is not None:
                await asyncio.wait((upcoming,))
            await payloads.aclose()
