"""Follows what happens in kshare, and goes on where it stopped.

    KSHARE_URL=http://127.0.0.1:8000 KSHARE_KEY=ksk_… python examples/follow_events.py --state events.last

Each event is printed as a line of JSON. The id of the last one is kept in the state file, so that after a break, of the
connection or of this program, nothing is missing. An event may come twice: whoever acts on events should remember the
ids of what has been done. `--replay` starts with everything that is still kept instead of now; `--types` asks for some
types only, `--most` stops after so many events. Needs `pip install httpx`.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

SILENCE = 45.0
"""Seconds without a byte after which a connection counts as dead; the server sends a comment every 15."""

Wait = Callable[[float], None]


@dataclass(frozen=True)
class Message:
    """One server-sent event."""

    id: str
    type: str
    data: dict[str, Any]


def messages(lines: Iterable[str]) -> Iterator[Message]:
    """The events in the lines of a stream, as the HTML standard has it for what kshare sends."""
    fields: dict[str, str] = {}
    for line in lines:
        if not line:
            if "data" in fields:
                yield Message(fields.get("id", ""), fields.get("event", "message"), json.loads(fields["data"]))
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")


class Refused(Exception):
    """The server will not send these events to this caller."""


def stream(client: httpx.Client, after: str | None, types: list[str]) -> Iterator[Message]:
    """The events behind `after`, or from now on, until the connection ends. Raises `Refused` and `httpx.HTTPError`."""
    headers = {"Accept": "text/event-stream"}
    if after is not None:
        headers["Last-Event-ID"] = after
    with client.stream("GET", "/v1/events/stream", params={"types": types}, headers=headers) as response:
        if response.status_code in (400, 401, 403, 422):
            response.read()
            raise Refused(f"{response.json()['code']}: {response.json().get('detail', '')}")
        response.raise_for_status()
        for message in messages(response.iter_lines()):
            if message.type == "problem":
                # The last word of a stream: the key was revoked, say, or a permission taken away.
                raise Refused(f"{message.data['code']}: {message.data.get('detail', '')}")
            yield message


def beginning(client: httpx.Client, types: list[str]) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Every event that is still kept, with the place behind it; at last a place without an event."""
    after: str | None = None
    while True:
        parameters: dict[str, Any] = {"limit": 100, "types": types} | ({"after": after} if after else {})
        response = client.get("/v1/events", params=parameters)
        response.raise_for_status()
        page = response.json()
        for event in page["items"]:
            yield event["id"], event
        after = page["latest"]
        if page["next_cursor"] is None:
            yield after, None
            return


def follow(
    client: httpx.Client, state: Path, types: list[str], *, replay: bool = False, wait: Wait = time.sleep
) -> Iterator[dict[str, Any]]:
    """Every event, across broken connections. The place of an event is kept once the next one is asked for."""
    after = state.read_text().strip() if state.exists() else None
    if after is None and replay:
        for after, event in beginning(client, types):
            if event is not None:
                yield event
            state.write_text(after)
    pause = 1.0
    while True:
        try:
            for message in stream(client, after, types):
                yield message.data
                after, pause = message.id, 1.0
                state.write_text(after)
        except httpx.HTTPStatusError as error:
            if error.response.status_code not in (429, 503):
                raise
            pause = max(pause, float(error.response.headers.get("retry-after", 1)))
        except httpx.TransportError:
            pass
        wait(pause)
        pause = min(pause * 2, 60.0)


def main() -> int:
    parser = argparse.ArgumentParser(description="Follows what happens in kshare.")
    parser.add_argument("--state", type=Path, default=Path("events.last"), help="where the last event's id is kept")
    parser.add_argument("--types", nargs="*", default=[], help="types of event; all of them without")
    parser.add_argument("--replay", action="store_true", help="without a state file, start with what is kept")
    parser.add_argument("--most", type=int, help="stop after so many events")
    given = parser.parse_args()
    base = os.environ.get("KSHARE_URL", "http://127.0.0.1:8000")
    headers = {"Authorization": f"Bearer {os.environ['KSHARE_KEY']}"}
    timeout = httpx.Timeout(10, read=SILENCE)
    try:
        with httpx.Client(base_url=base, headers=headers, timeout=timeout) as client:
            events = follow(client, given.state, given.types, replay=given.replay)
            for number, event in enumerate(events, 1):
                print(json.dumps(event, ensure_ascii=False), flush=True)
                if number == given.most:
                    # Asking for the next one keeps this one's place, but it may not come: so do it here.
                    given.state.write_text(event["id"])
                    break
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
