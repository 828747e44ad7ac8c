"""The operations as FastAPI shows them: the OpenAPI contract is made here, and nothing is served through it."""

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import FastAPI, Header, Path, Query
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kshare.core.errors import PROBLEMS
from kshare.edge.door import Door, Operation

_JSON = "application/json"


class _QuickRoute(APIRoute):
    """A route that FastAPI documents and that calls its operation directly."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        operation: Operation = self.endpoint.operation  # type: ignore[attr-defined]
        return operation.__call__


def install(app: FastAPI, doors: Sequence[Door]) -> None:
    """Adds the operations of all slices to the application, under /v1."""
    app.router.route_class = _QuickRoute
    for operation in (operation for door in doors for operation in door.operations):
        app.add_api_route(
            f"/v1{operation.path}",
            _documented(operation),
            methods=[operation.method],
            operation_id=operation.name,
            summary=operation.summary,
            description=_description(operation),
            tags=[operation.tag],
            deprecated=True if operation.deprecated else None,
            status_code=operation.status,
            response_class=_classes[operation.media_type],
            response_model=operation.answer if operation.media_type == _JSON else None,
            response_description=_outcome(operation),
            responses=_responses(operation),
        )


def _documented(operation: Operation) -> Callable[..., Any]:
    """A function with the signature the contract is made of; it is never called."""

    def documented() -> None:
        raise NotImplementedError

    parameters: list[tuple[str, Any, Any]] = []
    for name in re.findall(r"{(\w+)}", operation.path):
        kind = operation.path_types.get(name, UUID)
        parameters.append((name, Annotated[kind, Path(description=_place(name, operation.path))], ...))
    if operation.query is not None:
        parameters.append(("query", Annotated[operation.query, Query()], ...))
    if operation.body is not None:
        parameters.append(("body", operation.body, ...))
    if operation.if_match != "no":
        kind = str if operation.if_match == "required" else str | None
        text = "The ETag of the version you change."
        default = ... if operation.if_match == "required" else None
        parameters.append(("if_match", Annotated[kind, Header(alias="If-Match", description=text)], default))
    if operation.method == "POST":
        text = "Makes the request repeatable for 24 hours."
        key = Header(alias="Idempotency-Key", description=text, min_length=1, max_length=255, pattern="^[ -~]+$")
        parameters.append(("idempotency_key", Annotated[str | None, key], None))
    documented.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                annotation=kind,
                default=inspect.Parameter.empty if default is ... else default,
            )
            for name, kind, default in parameters
        ]
    )
    documented.__name__ = operation.name
    documented.operation = operation  # type: ignore[attr-defined]
    return documented


def _place(name: str, path: str) -> str:
    """What a parameter of the path names."""
    if name == "id":
        thing = path.split("/{id}")[0].rpartition("/")[2]
        return f"The id, from `{thing}`."
    return _PLACES.get(name) or f"The {name.removesuffix('_id').replace('_', ' ')}."


_PLACES = {"source": "The other system.", "external_id": "The id there.", "n": "The number of the revision."}


class _Stream(Response):
    media_type = "text/event-stream"


class _Picture(Response):
    media_type = "image/png"


_classes: dict[str, type[Response]] = {_JSON: JSONResponse, _Stream.media_type: _Stream, _Picture.media_type: _Picture}


def _outcome(operation: Operation) -> str:
    """What a success means."""
    if operation.status == 204:
        return "It is done."
    about = " ".join((operation.answer.__doc__ or "").split()) if operation.answer is not None else ""
    return about or operation.summary + "."


def _description(operation: Operation) -> str:
    permission = f"Permission: `{operation.permission}`." if operation.permission else "Needs no permission."
    notice = operation.deprecated.reason if operation.deprecated else ""
    return "\n\n".join(part for part in (operation.description, notice, permission) if part)


def _problems_of(operation: Operation) -> list[str]:
    codes = [
        "unauthenticated",
        "rate_limited",
        "unavailable",
        "internal",
        "invalid",
        "bad_request",
        "uri_too_long",
        *operation.problems,
    ]
    if operation.permission is not None:
        codes.append("forbidden")
    if "{" in operation.path:
        codes.append("not_found")
    if operation.body is not None:
        codes += ["invalid_json", "too_large", "unsupported_media_type"]
    if operation.method == "POST":
        codes += ["idempotency_in_progress", "idempotency_mismatch"]
    if operation.if_match != "no":
        codes += ["version_conflict"]
    if operation.if_match == "required":
        codes += ["precondition_required"]
    if operation.method != "GET":
        codes += ["conflict", "not_found"]
    return list(dict.fromkeys(codes))


def _responses(operation: Operation) -> dict[int | str, dict[str, Any]]:
    by_status: dict[int | str, list[str]] = {}
    for code in _problems_of(operation):
        by_status.setdefault(PROBLEMS[code].status, []).append(code)
    responses: dict[int | str, dict[str, Any]] = {
        status: {
            "description": " ".join(f"`{code}`: {PROBLEMS[code].cause}" for code in codes),
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, codes in sorted(by_status.items())
    }
    if operation.also:
        responses[operation.status] = {"content": {kind: {"schema": {"type": "string"}} for kind in operation.also}}
    for status, description in operation.other_statuses.items():
        responses[status] = {"description": description}
        if status < 300:
            responses[status]["model"] = operation.answer
    return responses
