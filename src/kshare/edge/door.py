"""Declaring operations, with everything a reader of the contract wants to know."""

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from kshare.core.access import Permission
from kshare.core.reading import Listing, View
from kshare.core.writing import Work, require
from kshare.edge.batch import BatchAnswer, BatchOptions, Perform, Prepare, batch_of, run_batch
from kshare.edge.commands import Command, form_of
from kshare.edge.deprecation import Deprecation
from kshare.edge.kernel import Kernel
from kshare.edge.lists import NoQuery, page_of, page_query
from kshare.edge.parsing import parse_query
from kshare.edge.rest import Call, Written, authorization_of
from kshare.edge.telemetry import exchange_of

Endpoint = Callable[[Call], Awaitable[Response]]
_JSON = "application/json"
A = TypeVar("A", bound=BaseModel)
_HAVE_IT = {304: "You have it already."}


@dataclass(frozen=True)
class Operation:
    """One method of one path, as the contract shows it."""

    method: str
    path: str
    name: str
    summary: str
    permission: Permission | None
    endpoint: Endpoint
    tag: str
    path_types: Mapping[str, Any] = field(default_factory=dict)
    query: type[BaseModel] | None = None
    body: Any = None
    answer: Any = None
    status: int = 200
    description: str = ""
    if_match: Literal["no", "optional", "required"] = "no"
    problems: Sequence[str] = ()
    media_type: str = _JSON
    also: Sequence[str] = ()
    """Other media types in which the same can be had."""
    other_statuses: Mapping[int, str] = field(default_factory=dict)
    deprecated: Deprecation | None = None

    async def __call__(self, request: Request) -> Response:
        kernel: Kernel = request.app.state.kernel
        principal = await kernel.authenticate(authorization_of(request))
        exchange_of(request.scope).principal_label = principal.label
        if self.permission is not None:
            require(principal, self.permission)
        if self.query is None and request.scope["query_string"]:
            parse_query(request.scope["query_string"], NoQuery)
        return await self.endpoint(Call(request, kernel, principal))


class Door:
    """The operations of one slice."""

    def __init__(self, tag: str, description: str = "") -> None:
        self.tag = tag
        self.description = description
        self.operations: list[Operation] = []

    def operation(
        self, method: str, path: str, name: str, summary: str, permission: Permission | None, **options: Any
    ) -> Callable[[Endpoint], Endpoint]:
        """Declares the decorated function as an operation; `options` are fields of `Operation`."""

        def declare(endpoint: Endpoint) -> Endpoint:
            description = inspect.getdoc(endpoint) or ""
            self.operations.append(
                Operation(
                    method, path, name, summary, permission, endpoint, self.tag, description=description, **options
                )
            )
            return endpoint

        return declare

    def page(
        self,
        path: str,
        listing: Listing[Any],
        name: str,
        summary: str,
        permission: Permission,
        filters: type[BaseModel] = NoQuery,
        fixed: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        """A list. `fixed` maps filters to the path parameters that give them."""
        query = page_query(listing, filters)

        async def endpoint(call: Call) -> Response:
            given = {filter: call.path_id(parameter) for filter, parameter in (fixed or {}).items()}
            return await call.page(listing, call.query(query), **given)

        answer = page_of(listing.summary or listing.view.shape)
        problems = ("invalid_cursor", "cursor_mismatch", *options.pop("problems", ()))
        self.operation(
            "GET", path, name, summary, permission, query=query, answer=answer, problems=problems, **options
        )(endpoint)

    def one(
        self,
        path: str,
        view: View[Any],
        name: str,
        summary: str,
        permission: Permission,
        path_types: Mapping[str, Any] | None = None,
        by: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        """One object with its ETag: by its id, or `by` columns that parameters of the path give."""
        types = path_types or {}

        async def endpoint(call: Call) -> Response:
            if by is None:
                return await call.one(view, call.path_id())
            return await call.one(
                view, **{column: call.path(part, types.get(part, UUID)) for column, part in by.items()}
            )

        self.operation(
            "GET",
            path,
            name,
            summary,
            permission,
            path_types=types,
            answer=view.shape,
            other_statuses=_HAVE_IT,
            **options,
        )(endpoint)

    def command(
        self,
        method: Literal["POST", "PUT", "PATCH", "DELETE"],
        path: str,
        command: Command,
        name: str,
        summary: str,
        description: str = "",
        *,
        view: View[Any] | None = None,
        created_at: str | None = None,
        **options: Any,
    ) -> None:
        """A command as it is: the parameters of the path are what it acts on, in order; the body is its ask; the
        version in `If-Match` its version.

        The answer is the object whose id it returns, read through `view`; a command without a view answers 204, and
        so does a `DELETE`, whose view only serves to tell the present ETag to whoever sent a stale one. With
        `created_at`, the path below which the object is found, a `POST` answers 201, and so does a `PUT` whose command
        returns `(id, True)`.
        """
        form = form_of(command)
        answers = view is not None and method != "DELETE"
        types = dict(zip(re.findall(r"{(\w+)}", path), form.where.values(), strict=True))
        created = f"/v1{created_at}" if created_at else None
        if created and method == "PUT":
            options["other_statuses"] = {201: "It was created."}

        async def endpoint(call: Call) -> Response:
            arguments: list[Any] = [call.path(part, kind) for part, kind in types.items()]
            if form.version != "no":
                version = call.expected_version(required=form.version == "required")
            if form.ask is not None:
                arguments.append(await call.body(form.ask))
            if form.version != "no":
                arguments.append(version)

            async def perform(work: Work) -> Written:
                done = await command(work, *arguments)
                if not answers:
                    return Written()
                id, new = done if isinstance(done, tuple) else (done, method == "POST")
                return (
                    Written.created(id, created.format(**call.request.path_params)) if new and created else Written(id)
                )

            return await call.write(perform, view=view)

        endpoint.__doc__ = description
        self.operation(
            method,
            path,
            name,
            summary,
            form.permission,
            path_types={part: kind for part, kind in types.items() if kind is not UUID},
            body=form.ask,
            answer=view.shape if view is not None and answers else None,
            status=204 if not answers else 201 if created and method == "POST" else 200,
            if_match=form.version,
            **options,
        )(endpoint)

    def by_external_id(
        self,
        path: str,
        view: View[Any],
        put: Command,
        noun: str,
        permission: Permission,
        description: str,
    ) -> None:
        """Reading and putting what another system names: `…/by-external-id/{source}/{external_id}`.

        `put(work, source, external_id, ask)` returns the id and whether the object was created."""
        place = f"{path}/by-external-id/{{source}}/{{external_id}}"
        name, types = view.shape.__name__, form_of(put).where
        self.one(
            place,
            view,
            f"get{name}ByExternalId",
            f"Get {noun} by the id in another system",
            permission,
            types,
            by={"external_source": "source", "external_id": "external_id"},
        )
        self.command(
            "PUT",
            place,
            put,
            f"put{name}ByExternalId",
            f"Create or update {noun} by the id in another system",
            description,
            view=view,
            created_at=path,
        )

    def batch(
        self,
        path: str,
        ask: type[A],
        perform: Perform[A],
        name: str,
        summary: str,
        permission: Permission,
        prepare: Prepare[A] | None = None,
    ) -> None:
        """Many asks in one request, in bulk if there is something to `prepare` it with; see `kshare.edge.batch`."""

        async def endpoint(call: Call) -> Response:
            return await run_batch(call, ask, perform, prepare)

        endpoint.__doc__ = (
            "Up to 500 as JSON, up to 5,000 as NDJSON (`application/x-ndjson`, one a line). Each is answered for "
            "itself; a refused one holds up no other. What names an external id that is known is updated."
        )
        self.operation(
            "POST",
            f"{path}:batch",
            name,
            summary,
            permission,
            query=BatchOptions,
            body=batch_of(ask),
            answer=BatchAnswer,
            status=207,
        )(endpoint)
