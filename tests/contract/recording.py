"""Keeps what operations answer as examples: short, without secrets, and the same bytes each time they are recorded."""

import json
import re
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tests.conftest import Actor, Company

from kshare import api
from kshare.core.principal import EVERYONE

_ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_TIME = re.compile(r"\b(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_KEY = re.compile(r"\bksk_\w+")
_SHOWN = 2
"""Entries of a list that are enough."""
_PLACEHOLDERS = {
    "hint": "a1b2",
    "last_used_at": "2026-03-02T09:30:00Z",
    "seconds_late": 93_600,
    "next_cursor": "opaque-send-it-back-as-it-is",
    "latest": "opaque-send-it-back-as-it-is",
    "request_id": "01a20000-0000-7000-8000-ffffffffffff",
}
"""What stands for values that are another each time."""


class Recording:
    """Called with an operation's name, performs it and keeps what was sent and answered."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.operations = {operation.name: operation for door in api.DOORS for operation in door.operations}
        self.examples: dict[str, dict[str, Any]] = {}
        self._ids: dict[str, str] = {str(EVERYONE): str(EVERYONE)}
        self._given: set[str] = set()

    def __call__(self, name: str, actor: Actor, *places: Any, body: Any = None, **query: Any) -> Any:
        operation = self.operations[name]
        given = (str(place) if isinstance(place, UUID) else place for place in places)
        named = dict(zip(re.findall(r"{(\w+)}", operation.path), given, strict=True))
        path = operation.path.format(**named)
        headers = {"If-Match": "*"} if operation.if_match == "required" else {}
        sent: dict[str, Any] = {"path": named, "query": query}
        request = {"params": query, "headers": headers}
        if body is not None:
            sent["body"] = request["json"] = body
            self._given.update(found.group(1) for found in _TIME.finditer(json.dumps(body)))
        if operation.media_type == "text/event-stream":
            answer: Any = _first_event(actor, path, request)
        else:
            response = actor.rest.request(operation.method, path, **request)
            assert response.status_code in (operation.status, 201), (name, response.text)
            shown = response.content and response.headers["content-type"].startswith("application/json")
            answer = response.json() if shown else None
        assert name not in self.examples, name
        self.examples[name] = {key: self._stable(value) for key, value in sent.items() if value}
        if answer is not None:
            self.examples[name]["answer"] = self._stable(_short(answer))
        return answer

    def _stable(self, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {self._stable(key): self._stable(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._stable(inner) for inner in value]
        if name in _PLACEHOLDERS and value is not None and not (name == "latest" and _ID.fullmatch(value)):
            return _PLACEHOLDERS[name]
        if not isinstance(value, str):
            return value
        value = _ID.sub(lambda found: self._ids.setdefault(found.group(), _made_up(len(self._ids))), value)
        value = _TIME.sub(lambda t: t.group() if t.group(1) in self._given else "2026-03-02T09:30:00Z", value)
        value = value.replace(datetime.now(UTC).date().isoformat(), "2026-03-02")
        return _KEY.sub("ksk_shown-only-in-this-answer", value)

    def file(self) -> bytes:
        """The examples as they are kept."""
        return (json.dumps(dict(sorted(self.examples.items())), ensure_ascii=False, indent=1) + "\n").encode()


def _made_up(number: int) -> str:
    return f"01a20000-0000-7000-8000-{number:012x}"


def _short(answer: Any) -> Any:
    if not isinstance(answer, dict):
        return answer
    long = (name for name in ("items", "charts", "headlines") if len(answer.get(name, ())) > _SHOWN)
    return {**answer, **{name: answer[name][:_SHOWN] for name in long}}


def _first_event(actor: Actor, path: str, request: dict[str, Any]) -> str:
    """The first event of a stream, as it is sent."""
    with actor.rest.stream("GET", path, **request) as response:
        text, deadline = "", time.monotonic() + 30
        for piece in response.iter_text():
            text += piece
            assert time.monotonic() < deadline
            if found := re.search(r"id: .*?\n\n", text, re.DOTALL):
                return found.group()
    raise AssertionError("the stream ended")
