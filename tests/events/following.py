"""Clients of the two event streams, for tests: each reads in a thread of its own."""

import json
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from tests.conftest import Actor


@dataclass
class Sent:
    """One server-sent event."""

    id: str = ""
    event: str = ""
    data: Any = None


@dataclass
class Following:
    """A stream that is read until it ends or is left (`with`)."""

    actor: Actor
    open: Callable[[httpx.Client], Any]
    sent: list[Sent] = field(default_factory=list)
    comments: int = 0
    ended: bool = False
    response: httpx.Response | None = None

    def __enter__(self) -> "Following":
        watch = self.actor.server.application.watch
        before = watch.listeners
        self.client = httpx.Client(timeout=httpx.Timeout(30, read=60))
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        # Headers come before a subscription has found out where the journal ends: what happens in between is not new.
        self.wait(lambda: self.ended or (self.response is not None and watch.listeners > before))
        return self

    def __exit__(self, *_: object) -> None:
        watch = self.actor.server.application.watch
        listening, ended = watch.listeners, self.ended
        if self.response is not None:
            # Closing alone would not wake the thread that reads.
            with suppress(OSError):
                self.response.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        self.thread.join(10)
        self.client.close()
        if not ended:
            self.wait(lambda: watch.listeners < listening)

    def _read(self) -> None:
        try:
            with self.open(self.client) as self.response:
                one = Sent()
                for line in self.response.iter_lines():
                    name, _, value = line.partition(": ")
                    if line.startswith(":"):
                        self.comments += 1
                    elif name == "data":
                        one.data = json.loads(value)
                    elif name in ("id", "event"):
                        setattr(one, name, value)
                    elif not line:
                        if one.data is not None:
                            self.sent.append(one)
                        one = Sent()
        except httpx.HTTPError:
            pass
        finally:
            self.ended = True

    def wait(self, condition: Callable[[], bool], seconds: float = 15) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"it did not happen: {self.sent}"
            time.sleep(0.01)

    def ids(self) -> list[str]:
        return [one.id for one in self.sent]


def _begin_after_the_past(actor: Actor) -> None:
    """A stream that starts now also brings what was written before and can only be read from now on, because some
    transaction, of whatever test, was older."""
    actor.server.settled()


def server_sent(actor: Actor, *, last: str | None = None, **query: Any) -> Following:
    """`GET /v1/events/stream`."""
    headers = {"Authorization": f"Bearer {actor.key}", **({"Last-Event-ID": last} if last else {})}
    if last is None and "after" not in query:
        _begin_after_the_past(actor)
    url = f"{actor.server.url}/v1/events/stream"
    return Following(actor, lambda client: client.stream("GET", url, params=query, headers=headers))


def subscribed(actor: Actor, selection: str = "id type", **variables: Any) -> Following:
    """`subscription { events }`."""
    headers = {"Authorization": f"Bearer {actor.key}", "Accept": "text/event-stream"}
    if "after" not in variables:
        _begin_after_the_past(actor)
    query = "subscription($after: String, $types: [String!]) { events(after: $after, types: $types) { %s } }"
    body = {"query": query % selection, "variables": variables}
    url = f"{actor.server.url}/graphql"
    return Following(actor, lambda client: client.stream("POST", url, json=body, headers=headers))


def heard(actor: Actor, types: Sequence[str] = ()) -> list[dict[str, Any]]:
    """All that the feed tells somebody, in order. A page may be empty although there is more."""
    actor.server.settled()
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {"types": list(types), "limit": 100}
    while True:
        response = actor.rest.get("/events", params=query)
        assert response.status_code == 200, response.text
        page = response.json()
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        query["after"] = page["next_cursor"]
