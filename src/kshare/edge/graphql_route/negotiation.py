"""Which media type a client wants its answer in."""

from functools import lru_cache
from typing import Final, NamedTuple

from kshare.edge.pages import HTML
from kshare.edge.problems import quality_of

JSON: Final = "application/json"
RESPONSE: Final = "application/graphql-response+json"
EVENTS: Final = "text/event-stream"


class Accepted(NamedTuple):
    """The answer's media type a client prefers, None if none will do, and whether it can read an event stream."""

    media_type: str | None
    events: bool


@lru_cache(maxsize=256)
def negotiate(accept: str, browsable: bool) -> Accepted:
    """Choose by an `Accept` header (RFC 9110, section 12.5.1); `browsable` says whether there is a page to offer.

    The highest quality wins, then the order of the header. Wildcards mean JSON, as old clients expect: so does a
    missing header, which is to be given as "*/*".
    """
    offers = [JSON, RESPONSE, EVENTS, HTML] if browsable else [JSON, RESPONSE, EVENTS]
    ranges: dict[str, tuple[float, int]] = {}
    for position, entry in enumerate(accept.lower().split(",")[:100]):
        name, *parameters = (part.strip() for part in entry.split(";"))
        ranges[name] = (quality_of(parameters), -position)
    best: tuple[float, int, int] | None = None
    chosen: str | None = None
    for preference, offer in enumerate(offers):
        # A wildcard is a polite "anything", not a wish for a page or a stream.
        names = (offer, "application/*", "*/*") if offer in (JSON, RESPONSE) else (offer,)
        quality, order = next((ranges[name] for name in names if name in ranges), (0.0, 0))
        if quality > 0 and (best is None or (quality, order, -preference) > best):
            best, chosen = (quality, order, -preference), offer
    return Accepted(chosen, ranges.get(EVENTS, (0.0, 0))[0] > 0)
