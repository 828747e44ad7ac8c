"""Answering: results, refusals and failures become bytes, with the status and headers that HTTP wants for them."""

from collections.abc import Mapping
from typing import Any, Final, cast

import orjson
from graphql import ExecutionResult, GraphQLError
from starlette.requests import Request
from starlette.responses import Response

from kshare.core.errors import DomainError
from kshare.edge.graphql_limits import Cost
from kshare.edge.graphql_route.errors import Refused, cause_of, error_payload, understood
from kshare.edge.graphql_route.negotiation import EVENTS, JSON, RESPONSE
from kshare.edge.graphql_route.streams import event_stream, only
from kshare.edge.problems import Translate, header, preferred_language, unexpected
from kshare.edge.telemetry import exchange_of, json_bytes

PARTIAL_SUCCESS: Final = 294
"""Status of an answer with both `data` and `errors` (GraphQL over HTTP, September 2026), as RESPONSE only."""

_HEADERS: Final = {
    media_type: [(b"content-type", f"{media_type}; charset=utf-8".encode()), (b"vary", b"Accept")]
    for media_type in (JSON, RESPONSE)
}


class _Answer(Response):
    """A JSON response whose usual headers are already encoded: a third of the time of Starlette's own."""

    def __init__(self, body: bytes, status: int, media_type: str, headers: Mapping[str, str] | None = None) -> None:
        self.status_code = status
        self.background = None
        self.body = body
        self.raw_headers = [*_HEADERS[media_type], (b"content-length", b"%d" % len(body))]
        for name, value in (headers or {}).items():
            self.raw_headers.append((name.lower().encode("latin-1"), value.encode("latin-1")))


class Answers:
    """Makes the answers of a door. `limit` is the most an operation may cost, `translate` as in `GraphQLDoor`."""

    def __init__(self, limit: int, translate: Translate) -> None:
        self._limit = limit
        self._translate = translate

    def meaning_of(self, request: Request, error: Exception) -> DomainError:
        """What an exception means to the caller; the unexpected is logged."""
        if isinstance(error, DomainError):
            return error
        return self._translate(error) or unexpected(error, request.scope)

    def result_body(self, request: Request, result: ExecutionResult, cost: Cost) -> bytes:
        """The JSON of an execution, with `data` even if it is null. Raises TypeError for data that is no JSON."""
        body: dict[str, Any] = {"errors": self._errors(request, result.errors)} if result.errors else {}
        body["data"] = result.data
        body["extensions"] = self._extensions(cost)
        if result.extensions:
            body["extensions"].update(result.extensions)
        return orjson.dumps(body)

    def refused_body(self, request: Request, refused: Refused) -> bytes:
        """The JSON of what was not executed: it has no `data`."""
        body: dict[str, Any] = {"errors": self._errors(request, refused.errors)}
        if refused.cost is not None:
            body["extensions"] = self._extensions(refused.cost)
        return json_bytes(body)

    def success(self, request: Request, result: ExecutionResult, cost: Cost, media_type: str) -> Response:
        """The answer of an execution: a success, in part at least."""
        body = self.result_body(request, result, cost)
        status = PARTIAL_SUCCESS if result.errors and media_type == RESPONSE else 200
        # As REST says it; in the body for clients that see no headers.
        replayed = result.extensions is not None and result.extensions.get("idempotentReplayed")
        return _Answer(body, status, media_type, {"Idempotent-Replayed": "true"} if replayed else None)

    def refusal(self, request: Request, refused: Refused, media_type: str) -> Response:
        """The answer to a well-formed request that was not executed.

        Old clients, those of `application/json`, get 200, since any other status of that type may come from a
        proxy; except for the statuses with which HTTP itself says what to do instead.
        """
        body = self.refused_body(request, refused)
        if media_type == EVENTS:
            # Browsers hide the body of any answer but 200.
            return event_stream(only(body))
        headers: Mapping[str, str] = {}
        cause = cause_of(refused.errors[0])
        if isinstance(cause, DomainError):
            headers, status = cause.headers, cause.problem.status
        else:
            status = cast("dict[str, int]", refused.errors[0].extensions).get("status", 400)
        if media_type == JSON and status not in (405, 406):
            status = 200
        return _Answer(body, status, media_type, headers)

    def failure(self, request: Request, error: Exception, media_type: str) -> Response:
        """The answer to a request that is malformed, not permitted or cannot be served: never 200."""
        refusal = self.meaning_of(request, error)
        headers = dict(refusal.headers)
        if refusal.problem.status == 401 and not any(name.lower() == "www-authenticate" for name in headers):
            headers["WWW-Authenticate"] = 'Bearer realm="kshare"'
        media_type = RESPONSE if media_type == EVENTS else media_type
        body = self.refused_body(request, Refused.because(refusal))
        return _Answer(body, refusal.problem.status, media_type, headers)

    def _errors(self, request: Request, errors: list[GraphQLError]) -> list[dict[str, Any]]:
        """The `errors` of an answer; notes the first code for the log line, and logs what nobody expected."""
        language = preferred_language(header(request.scope, b"accept-language"))
        payloads = []
        for error in errors:
            shown = understood(error, self._translate)
            payload = error_payload(shown, language)
            if payload["extensions"]["code"] == "INTERNAL":
                cause = cause_of(shown)
                if not isinstance(cause, DomainError):
                    unexpected(cause or error, request.scope)
                payload["extensions"]["request_id"] = exchange_of(request.scope).request_id
            payloads.append(payload)
        exchange_of(request.scope).problem = payloads[0]["extensions"]["code"].lower()
        return payloads

    def _extensions(self, cost: Cost) -> dict[str, Any]:
        return {"cost": {"requested": cost.requested, "limit": self._limit, "depth": cost.depth}}
