"""The REST door: an operation parses, calls one function, returns.

Operations are declared with everything a reader of the contract wants to know, and FastAPI makes the contract of it.
Requests do not pass FastAPI's dependency machinery, which costs as much as a whole read: `Call` parses what the
declaration says, with the same models, and nothing else.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from kshare.core.bounded import BoundedCache
from kshare.core.errors import DomainError, FieldError, Language
from kshare.core.idempotency import Answer, Repeatable, earlier_answer, keep_answer
from kshare.core.principal import Principal
from kshare.core.reading import Listing, PageForm, Shape, View, whole
from kshare.core.writing import Expected, Work, writing
from kshare.edge.kernel import Kernel
from kshare.edge.parsing import checked_value, parse_json, parse_query, validated
from kshare.edge.problems import header, preferred_language
from kshare.edge.reads import OneRead, PageRead, read_one, read_page
from kshare.edge.telemetry import exchange_of

M = TypeVar("M", bound=BaseModel)
_JSON = "application/json"

_VERSIONS = re.compile(r'(?:^|,)\s*"(\d{1,9})(?:-[0-9a-f]+)?"\s*(?=,|$)')
"""The versions in a list of ETags. Weak ones match nothing (RFC 9110, section 13.1.1)."""


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

    def path(self, name: str, kind: Any) -> Any:
        """What stands in the path, by the rules of its type; 422 when it breaks one."""
        return (
            self.path_id(name) if kind is UUID else checked_value(kind, self.request.path_params[name], f"{{{name}}}")
        )

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

    def expected_version(self, *, required: bool) -> Expected:
        """The versions in `If-Match`, none for tags that are not ours; 428 when it is missing but required."""
        given = self.request.headers.getlist("if-match")
        if not given and required:
            raise DomainError("precondition_required", "Send If-Match with the ETag of what you change.")
        tags = ",".join(given).strip()
        return frozenset(map(int, _VERSIONS.findall(tags))) if given and tags != "*" else None

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
        if status == 200 and self.has(tag):
            return Response(status_code=304, headers={"ETag": tag})
        return Response(body, status, {"ETag": tag}, _JSON)

    def has(self, tag: str) -> bool:
        """Whether the caller has what this ETag stands for, as `If-None-Match` says."""
        known = header(self.request.scope, b"if-none-match")
        return known is not None and _knows(known.decode("latin-1"), tag.removeprefix("W/"))

    async def page(self, listing: Listing[Any], query: BaseModel, **fixed: Any) -> Response:
        """A page of a list; the query's fields are its filters, `limit`, `cursor` and `order`."""
        filters = {
            name: getattr(value, "value", value)
            for name in listing.filters
            if (value := fixed.get(name) if name in fixed else getattr(query, name, None)) is not None
        }
        order = getattr(query, "order", None) or listing.default_order
        limit = getattr(query, "limit", 20)
        return await self.listed(PageRead(listing, filters, order, limit, getattr(query, "cursor", None)))

    async def listed(self, read: PageRead, *, tagged: bool = False) -> Response:
        """A page; `tagged` with its ETag, or 304 when the caller has it already."""
        body, following = await read_page(self.kernel, self.principal, read, _page_form(read.listing))
        headers = None if following is None else {"Link": f'<{next_url(self.request.scope, following)}>; rel="next"'}
        if not tagged:
            return Response(body, 200, headers, _JSON)
        response = self._tagged(body, None)
        response.headers.update(headers or {})
        return response

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
            async with noted(self.request.scope, writing(self.kernel.database, self.principal)) as work:
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


@asynccontextmanager
async def noted(scope: Scope, transaction: AbstractAsyncContextManager[Work]) -> AsyncIterator[Work]:
    """The transaction; afterwards the log knows whether its caller may be named."""
    async with transaction as work:
        try:
            yield work
        finally:
            exchange_of(scope).unnamed |= work.unnamed


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
    headers = {**answer.headers, "Cache-Control": "no-store"}
    return replace(answer, headers=headers, body=orjson.dumps({**orjson.loads(answer.body), **secret}))


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


def next_url(scope: Scope, cursor: str) -> str:
    """This request's path and query with the cursor of the next page."""
    query = scope["query_string"].decode("latin-1")
    kept = [part for part in query.split("&") if part and not part.startswith("cursor=")]
    path = (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0].decode("latin-1")
    return f"{path}?{'&'.join((*kept, f'cursor={cursor}'))}"


def authorization_of(request: Request) -> str | None:
    """The `Authorization` header, without building the mapping of all headers for it."""
    value = header(request.scope, b"authorization")
    return None if value is None else value.decode("latin-1")
