"""Clients of the two event streams, for tests: each reads in a thread of its own."""

import json
import threading
import time
from collections.abc import Callable
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

    open: Callable[[httpx.Client], Any]
    sent: list[Sent] = field(default_factory=list)
    comments: int = 0
    ended: bool = False
    response: httpx.Response | None = None

    def __enter__(self) -> "Following":
        self.client = httpx.Client(timeout=httpx.Timeout(30, read=60))
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        self.wait(lambda: self.response is not None)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        if self.response is not None:
            self.response.close()
        self.thread.join(10)

    def _read(self) -> None:
        try:
            with self.open(self.client) as response:
                one = Sent()
                for line in response.iter_lines():
                    name, _, value = line.partition(": ")
                    if line.startswith(":"):
                        self.comments += 1
                        self.response = response
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


def server_sent(actor: Actor, *, last: str | None = None, **query: Any) -> Following:
    """`GET /v1/events/stream`."""
    headers = {"Authorization": f"Bearer {actor.key}", **({"Last-Event-ID": last} if last else {})}
    url = f"{actor.server.url}/v1/events/stream"
    return Following(lambda client: client.stream("GET", url, params=query, headers=headers))


def subscribed(actor: Actor, selection: str = "id type", **variables: Any) -> Following:
    """`subscription { events }`."""
    headers = {"Authorization": f"Bearer {actor.key}", "Accept": "text/event-stream"}
    query = "subscription($after: String, $types: [String!]) { events(after: $after, types: $types) { %s } }"
    body = {"query": query % selection, "variables": variables}
    url = f"{actor.server.url}/graphql"
    return Following(lambda client: client.stream("POST", url, json=body, headers=headers))
