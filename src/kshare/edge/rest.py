"""The REST door: an operation parses, calls one function, returns.

Operations are declared with everything a reader of the contract wants to know, and FastAPI makes the contract of it.
Requests do not pass FastAPI's dependency machinery, which costs as much as a whole read: `Call` parses what the
declaration says, with the same models, and nothing else.
"""

import hashlib
import inspect
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field, create_model
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from kshare.core.access import Permission
from kshare.core.bounded import BoundedCache
from kshare.core.errors import DomainError, FieldError, Language
from kshare.core.idempotency import Answer, Repeatable, earlier_answer, keep_answer
from kshare.core.principal import Principal
from kshare.core.reading import Ask, Listing, PageForm, Shape, View, whole
from kshare.core.writing import Work, require, writing
from kshare.edge.kernel import Kernel
from kshare.edge.parsing import checked_value, parse_json, parse_query, validated
from kshare.edge.problems import header, preferred_language
from kshare.edge.reads import OneRead, PageRead, read_one, read_page
from kshare.edge.telemetry import exchange_of

M = TypeVar("M", bound=BaseModel)
_JSON = "application/json"


class Call:
    """One request to an operation, parsed on demand."""

    __slots__ = ("_body", "kernel", "principal", "request")

    def __init__(self, request: Request, kernel: Kernel, principal: Principal) -> None:
        self.request = request
        self.kernel = kernel
        self.principal = principal
        self._body: bytes | None = None

    @property
    def language(self) -> Language:
        """The language the caller prefers for messages."""
        return preferred_language(self.request.headers.get("accept-language"))

    def path_id(self, name: str = "id") -> UUID:
        """An id in the path; 422 when it is none."""
        value: str = self.request.path_params[name]
        try:
            if len(value) == 36:
                return UUID(value)
        except ValueError:
            pass
        raise DomainError("invalid", "This is no id.", [FieldError(f"{{{name}}}", "uuid_parsing", "not a valid UUID")])

    def path_int(self, name: str) -> int:
        """A number in the path; 422 when it is none."""
        value: str = self.request.path_params[name]
        if value.isascii() and value.isdigit() and len(value) <= 9:
            return int(value)
        raise DomainError("invalid", "This is no number.", [FieldError(f"{{{name}}}", "int_parsing", "not a number")])

    def path_text(self, name: str, kind: "type[str] | Any") -> str:
        """A text in the path, checked like any other text."""
        checked = checked_value(kind, self.request.path_params[name], f"{{{name}}}")
        return str(checked)

    def query(self, model: type[M]) -> M:
        """The query parameters as the declared model; 422 for unknown, repeated or wrong ones."""
        query_string: bytes = self.request.scope["query_string"]
        parsed = _parsed.get((model, query_string))
        if parsed is None:
            parsed = parse_query(query_string, model)
            # A model of a query is frozen, and the first pages of lists are asked for again and again.
            if len(query_string) < 256:
                _parsed[model, query_string] = parsed
        return parsed  # type: ignore[return-value]

    async def raw_body(self) -> bytes:
        """The body; the gate has bounded it."""
        if self._body is None:
            self._body = await self.request.body()
        return self._body

    async def body(self, model: type[M]) -> M:
        """The JSON body as the declared model; 415, 400 or 422 when it is none."""
        self.media_type(_JSON)
        return validated(model, parse_json(await self.raw_body()))

    def media_type(self, *accepted: str) -> str:
        """The type of the body, JSON unless it says otherwise; 415 for one that is not accepted."""
        given = self.request.headers.get("content-type", "").split(";")[0].strip().lower() or _JSON
        if given not in accepted:
            raise DomainError("unsupported_media_type", f"Send the body as {' or '.join(accepted)}.")
        return given

    def expected_version(self, *, required: bool) -> int | None:
        """The version in `If-Match`: 428 when missing but required; -1, which matches none, when it is foreign."""
        header = self.request.headers.get("if-match")
        if header is None:
            if required:
                raise DomainError("precondition_required", "Send If-Match with the ETag of what you change.")
            return None
        if header.strip() == "*":
            return None
        tags = re.findall(r'(?:^|,)\s*"(\d{1,9})(?:-[0-9a-f]+)?"', header)
        return int(tags[0]) if len(tags) == 1 else -1

    async def one(
        self, view: View[Any], id: UUID | None = None, *, include: frozenset[str] = frozenset(), **by: Any
    ) -> Response:
        """An object with its ETag, or 304 when the caller has it already; found by its id or by other columns."""
        return await self.read(OneRead(view, id, by), include=include)

    async def read(self, read: OneRead, *, include: frozenset[str] = frozenset()) -> Response:
        """A read of one object, with its ETag."""
        selection = _whole(read.view.shape, read.view, include)
        body, version = await read_one(self.kernel, self.principal, read, selection)
        return self._tagged(body, version)

    def _tagged(self, body: bytes, version: int | None, status: int = 200) -> Response:
        tag = etag(body, version)
        known = header(self.request.scope, b"if-none-match")
        if status == 200 and known is not None and _knows(known.decode("latin-1"), tag):
            return Response(status_code=304, headers={"ETag": tag})
        return Response(body, status, {"ETag": tag}, _JSON)

    async def page(self, listing: Listing[Any], query: BaseModel, **fixed: Any) -> Response:
        """A page of a list; the query's fields are its filters, `limit`, `cursor` and `order`."""
        filters = {
            name: getattr(value, "value", value)
            for name in listing.filters
            if (value := fixed.get(name) if name in fixed else getattr(query, name, None)) is not None
        }
        order = getattr(query, "order", None) or listing.default_order
        limit = getattr(query, "limit", 20)
        read = PageRead(listing, filters, order, limit, getattr(query, "cursor", None))
        body, following = await read_page(self.kernel, self.principal, read, _page_form(listing))
        if following is None:
            return Response(body, 200, None, _JSON)
        link = f'<{_next_url(self.request.scope, following)}>; rel="next"'
        return Response(body, 200, {"Link": link}, _JSON)

    async def write(
        self, perform: "Callable[[Work], Awaitable[Written]]", *, view: View[Any] | None = None
    ) -> Response:
        """One transaction: performs the command, reads back what it made, keeps the answer for a repeated request."""
        key = self.request.headers.get("idempotency-key")
        repeatable = None
        if key is not None and self.request.method == "POST":
            scope = self.request.scope
            parts = (await self.raw_body(), scope["query_string"], self.request.headers.get("if-match", "").encode())
            repeatable = Repeatable.of(f"POST {scope['path']}", key, *parts)
        try:
            async with writing(self.kernel.database, self.principal) as work:
                if repeatable and (answer := await earlier_answer(work, repeatable)):
                    return Response(answer.body, answer.status, {**answer.headers, "Idempotent-Replayed": "true"}, None)
                written = await perform(work)
                answer = await self._answered(work, written, view)
                if repeatable:
                    keep_answer(work, repeatable, answer)
                answer = _told(answer, written.secret)
        except DomainError as error:
            if error.code == "version_conflict" and view is not None:
                body, version = await read_one(
                    self.kernel, self.principal, OneRead(view, self.path_id()), _whole(view.shape, view, frozenset())
                )
                error.headers = {**error.headers, "ETag": etag(body, version)}
            raise
        self.kernel.wake()
        return Response(answer.body, answer.status, answer.headers, None)

    async def _answered(self, work: Work, written: "Written", view: View[Any] | None) -> Answer:
        if written.body is not None:
            return Answer(written.status, {**written.headers, "Content-Type": _JSON}, written.body)
        if written.id is None or view is None:
            return Answer(204, dict(written.headers), b"")
        body, version = await read_one(
            self.kernel,
            self.principal,
            OneRead(view, written.id),
            _whole(view.shape, view, frozenset()),
            await work.connection(),
        )
        return Answer(written.status, {**written.headers, "Content-Type": _JSON, "ETag": etag(body, version)}, body)


@dataclass(frozen=True, slots=True)
class Written:
    """What a command leads to: an object to read back, a body of its own, or nothing (204)."""

    id: UUID | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    secret: Mapping[str, str] = field(default_factory=dict)
    """Fields that this answer alone tells: where it is kept for a repeated request they are null."""

    @classmethod
    def created(cls, id: UUID, path: str) -> "Written":
        """201 with its address."""
        return cls(id, 201, {"Location": f"{path}/{id}"})


def _told(answer: Answer, secret: Mapping[str, str]) -> Answer:
    """The answer with its secret fields filled in."""
    if not secret:
        return answer
    return replace(answer, body=orjson.dumps({**orjson.loads(answer.body), **secret}))


def etag(body: bytes, version: int | None) -> str:
    """A strong ETag: the version, which `If-Match` compares, and a digest of the representation, since counters and
    `permissions` change without the version."""
    return f'"{version or 0}-{hashlib.blake2b(body, digest_size=8).hexdigest()}"'


def _knows(known: str, tag: str) -> bool:
    """Whether `If-None-Match` names the tag, by weak comparison (RFC 9110, section 13.1.2)."""
    return known.strip() == "*" or tag in (one.strip().removeprefix("W/") for one in known.split(","))


_parsed: BoundedCache[tuple[type[BaseModel], bytes], BaseModel] = BoundedCache(4096)
_wholes: dict[tuple[Any, frozenset[str]], Any] = {}


def _whole(shape: type[Shape], view: View[Any], include: frozenset[str]) -> Any:
    key = (view, include)
    if key not in _wholes:
        _wholes[key] = whole(shape, view, include=include)
    return _wholes[key]


_forms: dict[Any, PageForm] = {}


def _page_form(listing: Listing[Any]) -> PageForm:
    if listing not in _forms:
        _forms[listing] = PageForm(rest=listing.selection)
    return _forms[listing]


def _next_url(scope: Scope, cursor: str) -> str:
    """This request's path and query with the cursor of the next page."""
    query = scope["query_string"].decode("latin-1")
    kept = [part for part in query.split("&") if part and not part.startswith("cursor=")]
    path = (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0].decode("latin-1")
    return f"{path}?{'&'.join((*kept, f'cursor={cursor}'))}"


class Made(BaseModel):
    """Last base of the models that functions make: pydantic would look for their docstrings in all source files on the
    stack, which is half of the time that kshare takes to start."""

    model_config = ConfigDict(use_attribute_docstrings=False)


class NoQuery(Ask):
    """An operation without query parameters."""


def page_query(listing: Listing[Any], filters: type[BaseModel] = NoQuery) -> type[BaseModel]:
    """The query model of a list: its filters, and what every list has."""
    orders = tuple(listing.orders)
    order: Any = Annotated[Literal[orders], Field(description="The order of the list.")]
    make: Any = create_model
    model: type[BaseModel] = make(
        f"{listing.name.title().replace('_', '')}Query",
        __base__=(filters, Made),
        limit=(Annotated[int, Field(ge=1, le=100, description="Entries on a page.")], 20),
        cursor=(
            Annotated[str, Field(max_length=1000, description="`next_cursor` of the page before.")] | None,
            None,
        ),
        order=(order, listing.default_order),
    )
    return model


# ---- declaring ------------------------------------------------------------------------------------------------------


class Page(Shape):
    """A page of a list."""

    next_cursor: str | None
    """The cursor of the next page; null on the last one."""


_pages: dict[type[Shape], type[Page]] = {}


def page_of(shape: type[Shape]) -> type[Page]:
    """The answer of a list of a shape."""
    if shape not in _pages:
        name = f"{shape.__name__.removesuffix('Summary')}Page"
        make: Any = create_model
        _pages[shape] = make(
            name,
            __base__=(Page, Made),
            items=(list[shape], Field(description="The entries, in order.")),  # type: ignore[valid-type]
        )
    return _pages[shape]


def authorization_of(request: Request) -> str | None:
    """The `Authorization` header, without building the mapping of all headers for it."""
    value = header(request.scope, b"authorization")
    return None if value is None else value.decode("latin-1")


Endpoint = Callable[[Call], Awaitable[Response]]


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
    other_statuses: Mapping[int, str] = field(default_factory=dict)

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

    def one(self, path: str, view: View[Any], name: str, summary: str, permission: Permission) -> None:
        """One object by its id, with its ETag."""

        async def endpoint(call: Call) -> Response:
            return await call.one(view, call.path_id())

        self.operation(
            "GET", path, name, summary, permission, answer=view.shape, other_statuses={304: "You have it already."}
        )(endpoint)
