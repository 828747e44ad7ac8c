"""The GraphQL door: one address that follows "GraphQL over HTTP", and is thin enough not to show in a measurement.

A request is read, the caller is made known (`context`), the document is found in the cache or parsed, measured and
validated (`graphql_limits`), the variables are coerced, and the operation runs inside whatever `run` wraps around
it: a transaction, a retry. Results that are already JSON (`orjson.Fragment`) go into the answer untouched.

Sources: GraphQL over HTTP (https://github.com/graphql/graphql-over-http, September 2026), with the choices that the
audits of the npm package `graphql-http` demand; GraphQL over SSE, "distinct connections mode"
(https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md); automatic persisted queries as Apollo has them.
"""

import asyncio
import base64
import hashlib
import re
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from functools import lru_cache
from pathlib import Path
from types import CoroutineType
from typing import Any, Final, Generic, NamedTuple, TypeVar, cast
from urllib.parse import parse_qsl

import anyio
import orjson
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    assert_valid_schema,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution import Executor, create_source_event_stream, map_source_to_response_event
from graphql.execution.values import VariableValues, get_variable_values
from graphql.language import ValueNode
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from strawberry.pydantic.error import InputValidationError

from kshare.core.errors import DomainError, Language, localized
from kshare.edge.graphql_limits import Cost, Document, InvalidDocument, Limits, Operation
from kshare.edge.problems import Translate, field_errors, header, preferred_language, problem_response, unexpected
from kshare.edge.telemetry import exchange_of, json_bytes

C = TypeVar("C")

Execute = Callable[[], Awaitable[ExecutionResult]]
"""Executes the operation; may be called again, to repeat a transaction."""

JSON: Final = "application/json"
RESPONSE: Final = "application/graphql-response+json"
EVENTS: Final = "text/event-stream"
HTML: Final = "text/html"

PARTIAL_SUCCESS: Final = 294
"""Status of an answer with both `data` and `errors` (GraphQL over HTTP, September 2026), as RESPONSE only."""

HEARTBEAT: Final = 15.0
"""Seconds after which a silent event stream sends a comment, so that no proxy takes it for dead."""

MOST_MESSAGE: Final = 1_000
"""Characters of an error message; the library quotes input, which may be long."""

MOST_VARIABLE_ERRORS: Final = 20

STATIC: Final = Path(__file__).with_name("static")

_NO_VARIABLES: Final = VariableValues({}, {})

_HEADERS: Final = {
    media_type: [(b"content-type", f"{media_type}; charset=utf-8".encode()), (b"vary", b"Accept")]
    for media_type in (JSON, RESPONSE)
}


# --- what is asked --------------------------------------------------------------------------------------------


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
        ranges[name] = (_quality(parameters), -position)
    best: tuple[float, int, int] | None = None
    chosen: str | None = None
    for preference, offer in enumerate(offers):
        # A wildcard is a polite "anything", not a wish for a page or a stream.
        names = (offer, "application/*", "*/*") if offer in (JSON, RESPONSE) else (offer,)
        quality, order = next((ranges[name] for name in names if name in ranges), (0.0, 0))
        if quality > 0 and (best is None or (quality, order, -preference) > best):
            best, chosen = (quality, order, -preference), offer
    return Accepted(chosen, ranges.get(EVENTS, (0.0, 0))[0] > 0)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            return float(parameter[2:]) if re.fullmatch(r"[01](\.\d{0,3})?", parameter[2:]) else 0.0
    return 1.0


class Parameters(NamedTuple):
    """A well-formed request: the document itself or its SHA-256 in hexadecimal, or both."""

    query: str | None
    digest: str | None
    operation_name: str | None
    variables: dict[str, Any]


_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def _bad(detail: str) -> DomainError:
    return DomainError("bad_request", detail)


def _json(text: bytes | str, what: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise DomainError("invalid_json", f"{what} is not JSON: {error.msg}.") from None


async def _body(request: Request) -> bytes:
    """The body, usually a single message: a few microseconds cheaper than `request.body()`."""
    parts: list[bytes] = []
    while True:
        message = await request.receive()
        if message["type"] != "http.request":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            body = parts[0] if len(parts) == 1 else b"".join(parts)
            # Where `request.body()` looks first: whoever asks again would wait for a message that never comes.
            request._body = body
            return body


@lru_cache(maxsize=64)
def _is_json(content_type: bytes) -> bool:
    kind, _, rest = content_type.decode("latin-1").lower().partition(";")
    return kind.strip() == JSON and ("charset" not in rest or re.search(r'charset="?utf-?8\b', rest) is not None)


def _of_body(content_type: bytes | None, body: bytes) -> Parameters:
    if content_type is None or not _is_json(content_type[:200]):
        raise DomainError("unsupported_media_type", f"Send the request as {JSON} in UTF-8.")
    members = _json(body, "The body")
    if not isinstance(members, dict):
        raise _bad("The body must be a JSON object; batches are not supported.")
    return _parameters(members)


def _of_url(query_string: bytes) -> Parameters:
    try:
        members: dict[str, Any] = dict(
            parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
        )
    except ValueError:
        raise _bad("The query string must be at most 20 parameters, percent-encoded as UTF-8.") from None
    for name in ("variables", "extensions"):
        if text := members.get(name):
            members[name] = _json(text, f"`{name}`")
        else:
            members.pop(name, None)
    return _parameters(members)


def _parameters(members: dict[str, Any]) -> Parameters:
    """Check the types; raises DomainError("bad_request") with the parameter's name."""
    query = members.get("query")
    name = members.get("operationName")
    variables = members.get("variables")
    extensions = members.get("extensions")
    document_id = members.get("documentId")
    for parameter, value, kind in (
        ("query", query, str),
        ("operationName", name, str),
        ("documentId", document_id, str),
        ("variables", variables, dict),
        ("extensions", extensions, dict),
    ):
        if value is not None and not isinstance(value, kind):
            raise _bad(f"`{parameter}` must be {'a string' if kind is str else 'an object'}.")
    digest = _digest(document_id, extensions) if document_id or extensions else None
    if query is None and digest is None:
        raise _bad("`query` is missing: send a GraphQL document or the `documentId` of a persisted one.")
    return Parameters(query, digest, name or None, variables or {})


def _digest(document_id: str | None, extensions: Mapping[str, Any] | None) -> str | None:
    """The hash by which a request names its document, in either of the two ways."""
    if document_id:
        prefix, _, named = document_id.partition(":")
        if prefix != "sha256" or not _DIGEST.fullmatch(named):
            raise _bad("`documentId` must be `sha256:` and 64 hexadecimal digits in lower case.")
        return named
    persisted = (extensions or {}).get("persistedQuery")
    if persisted is None:
        return None
    digest = persisted.get("sha256Hash") if isinstance(persisted, dict) and persisted.get("version") == 1 else None
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise _bad("`extensions.persistedQuery` must have `version` 1 and `sha256Hash` in lower-case hexadecimal.")
    return digest


# --- what is answered -----------------------------------------------------------------------------------------


def _cause(error: GraphQLError) -> BaseException | None:
    """What a resolver raised: the first cause that is no error of the library itself."""
    cause: BaseException | None = error
    while isinstance(cause, GraphQLError):
        if isinstance(cause, InputValidationError):
            return _refused_input(cause)
        cause = cause.original_error
    return cause


def _refused_input(error: InputValidationError) -> DomainError:
    """Input that breaks a rule of its model, said as REST says it; pointers begin with the argument's name."""
    broken = [{"loc": tuple(one.location), "type": one.type, "msg": one.message} for one in error.errors]
    return DomainError("invalid", f"{len(broken)} of the rules for this input are broken.", field_errors(broken))


def _hidden(result: ExecutionResult) -> bool:
    """Whether a subscription's event turned out not to be the caller's to see when it was read: then it is not sent."""
    causes = [_cause(error) for error in result.errors or ()]
    return any(isinstance(cause, DomainError) and cause.code == "not_found" for cause in causes)


def _is_input_error(error: GraphQLError) -> bool:
    """Whether the library complains about a literal or variable in the document, not about a resolver's result."""
    return bool(error.nodes) and isinstance(cast("list[Any]", error.nodes)[0], ValueNode)


def error_payload(error: GraphQLError, language: Language) -> dict[str, Any]:
    """One member of `errors`: `message`, `locations`, `path` and `extensions` with `code`.

    A DomainError that a resolver raised gives its title as message, and its `detail`, `status`, broken rules
    (`errors`) and extras. Errors about the request say what the library says. Everything else is our own fault:
    `INTERNAL`, with a message that tells nothing.
    """
    cause = _cause(error)
    extensions = dict(error.extensions or {})
    if isinstance(cause, DomainError):
        refusal: DomainError | None = cause
    elif "code" in extensions or isinstance(error, GraphQLSyntaxError) or (cause is None and _is_input_error(error)):
        refusal = None
        fallback = "GRAPHQL_PARSE_FAILED" if isinstance(error, GraphQLSyntaxError) else "BAD_USER_INPUT"
        extensions.setdefault("code", fallback)
    else:
        refusal = DomainError("internal")

    payload: dict[str, Any] = {"message": error.message[:MOST_MESSAGE]}
    if refusal is not None:
        problem = refusal.problem
        payload["message"] = problem.zh if language == "zh" else problem.en
        code = "CONFLICT" if refusal.code == "version_conflict" else refusal.code.upper()
        extensions = {"code": code, "status": problem.status, "detail": refusal.detail or problem.cause}
        if refusal.errors:
            extensions["errors"] = [
                {"pointer": broken.pointer, "code": broken.code, "message": localized(broken, language)}
                for broken in refusal.errors
            ]
        extensions.update((name, value) for name, value in refusal.extra.items() if name not in extensions)
    if error.locations:
        payload["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        payload["path"] = error.path
    payload["extensions"] = extensions
    return payload


class Refused(Exception):
    """A request that ends before it is executed, with errors of GraphQL; `cost` is there if it was computed."""

    def __init__(self, errors: list[GraphQLError], cost: Cost | None = None) -> None:
        super().__init__(errors[0].message)
        self.errors = errors
        self.cost = cost


def _refused(error: DomainError, cost: Cost | None = None) -> Refused:
    return Refused([GraphQLError(error.detail or error.code, original_error=error)], cost)


def _persisted(code: str, message: str, status: int) -> Refused:
    return Refused([GraphQLError(message, extensions={"code": code, "status": status})])


class _Answer(Response):
    """A JSON response whose usual headers are already encoded: a third of the time of Starlette's own."""

    def __init__(self, body: bytes, status: int, media_type: str, headers: Mapping[str, str] | None = None) -> None:
        self.status_code = status
        self.background = None
        self.body = body
        self.raw_headers = [*_HEADERS[media_type], (b"content-length", b"%d" % len(body))]
        for name, value in (headers or {}).items():
            self.raw_headers.append((name.lower().encode("latin-1"), value.encode("latin-1")))


# --- pages ----------------------------------------------------------------------------------------------------


class Page:
    """A self-contained HTML page whose only permitted script and style are the inline ones it came with.

    The policy names them by hash, so that nothing which might get into the page can run, and no other host is
    ever asked.
    """

    def __init__(self, path: Path) -> None:
        self.html = path.read_bytes()
        policy = (
            f"default-src 'none'; script-src {self._hashes(b'script')}; style-src {self._hashes(b'style')}; "
            "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        self.headers = {"Content-Security-Policy": policy, "Cache-Control": "no-cache", "Vary": "Accept"}

    def _hashes(self, tag: bytes) -> str:
        found = re.findall(rb"<%s>(.*?)</%s>" % (tag, tag), self.html, re.DOTALL)
        return " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(text).digest()).decode()}'" for text in found)

    def response(self) -> Response:
        """The page; a new response each time, since middleware may add headers to it."""
        return Response(self.html, 200, self.headers, f"{HTML}; charset=utf-8")


# --- the door -------------------------------------------------------------------------------------------------


class _Documents:
    """Valid documents by the SHA-256 of their source; the least recently used leave when there is no more room.

    The weight of a document is its length and 600 bytes for each token, which is what its tree takes in memory
    (measured: 270 to 560). Invalid documents are not kept, since a stranger could fill the room with them.
    """

    def __init__(self, count: int, size: int) -> None:
        self.count = count
        self.size = size
        self.used = 0
        self._kept: OrderedDict[str, tuple[Document, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, digest: str) -> Document | None:
        kept = self._kept.get(digest)
        if kept is None:
            return None
        self._kept.move_to_end(digest)
        return kept[0]

    def put(self, digest: str, document: Document, length: int) -> None:
        weight = length + 600 * document.tokens
        self._kept[digest] = (document, weight)
        self.used += weight
        while len(self._kept) > self.count or (self.used > self.size and len(self._kept) > 1):
            _, (_, freed) = self._kept.popitem(last=False)
            self.used -= freed


class _Prepared(NamedTuple):
    """An operation ready to be executed as often as needed."""

    document: Document
    operation: Operation
    variables: VariableValues
    cost: Cost


class GraphQLDoor(Generic[C]):
    """Serves a schema at one address; `door.__call__` is the endpoint of a route for GET and POST.

    `context` makes the per-request value that resolvers find in `info.context`; it authenticates, and may raise
    DomainError. `run` wraps the execution: it is given the context, a function that executes (and may be called
    again, to repeat a transaction) and whether it is a mutation; each event of a subscription passes through it
    too. `translate` makes refusals of foreign errors, those of the database. `explorer` is the page for browsers,
    None for none. `trusted` are documents by the SHA-256 of their source; with `trusted_only` no others are
    executed. At most `cached_documents` of them, together `cached_bytes`, stay parsed.

    Raises TypeError for an invalid schema and ValueError for a trusted document under a hash that is not its own.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        executor_class: type[Executor[Any]] = Executor,
        *,
        context: Callable[[Request], Awaitable[C]],
        run: Callable[[C, Execute, bool], Awaitable[ExecutionResult]],
        limits: Limits = Limits(),
        translate: Translate = lambda error: None,
        explorer: Path | None = STATIC / "graphiql.html",
        trusted: Mapping[str, str] | None = None,
        trusted_only: bool = False,
        cached_documents: int = 1_000,
        cached_bytes: int = 32 * 1024 * 1024,
        heartbeat: float = HEARTBEAT,
    ) -> None:
        assert_valid_schema(schema)
        self.schema = schema
        self.executor_class = executor_class
        self.limits = limits
        self._context = context
        self._run = run
        self._translate = translate
        self._explorer = Page(explorer) if explorer is not None else None
        self._trusted = dict(trusted or {})
        self._trusted_only = trusted_only
        self._documents = _Documents(cached_documents, cached_bytes)
        self._heartbeat = heartbeat
        for digest, source in self._trusted.items():
            if hashlib.sha256(source.encode()).hexdigest() != digest:
                raise ValueError(f"the trusted document {digest!r} has another SHA-256")

    async def __call__(self, request: Request) -> Response:
        """Answer a GET or POST request."""
        reading = request.method != "POST"
        accept = header(request.scope, b"accept")
        accepted = negotiate(
            "*/*" if accept is None else accept[:1000].decode("latin-1"), reading and self._explorer is not None
        )
        media_type = accepted.media_type
        if media_type is None:
            return problem_response(DomainError("not_acceptable", f"Accept {RESPONSE} or {JSON}."), request.scope)
        if media_type == HTML and self._explorer is not None:
            return self._explorer.response()
        try:
            if reading:
                parameters = _of_url(request.scope["query_string"])
            else:
                parameters = _of_body(header(request.scope, b"content-type"), await _body(request))
            # The caller comes before the document: strangers get no work out of the parser.
            context = await self._context(request)
            prepared = self._prepare(parameters, reading)
            operation = prepared.operation
            if media_type == EVENTS or (operation.is_subscription and accepted.events):
                return self._stream(self._payloads(request, prepared, context))
            if operation.is_subscription:
                raise _refused(DomainError("not_acceptable", f"A subscription is answered as {EVENTS}: accept it."))
            result = await self._run(context, self._execution(prepared, context), operation.is_mutation)
            return self._answer(request, result, prepared.cost, media_type)
        except Refused as refused:
            return self._refusal(request, refused, media_type)
        except ClientDisconnect:
            raise
        except Exception as error:
            return self._failure(request, error, media_type)

    # --- finding what to do ---

    def _document(self, parameters: Parameters) -> Document:
        """The document of a request, from the cache if it is known; raises `Refused`."""
        query, digest = parameters.query, parameters.digest
        if query is None:
            digest = cast("str", digest)
            if (kept := self._documents.get(digest)) is not None and not self._forbidden(digest):
                return kept
            if (query := self._trusted.get(digest)) is None:
                raise _persisted("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound", 404)
        else:
            named, digest = digest, hashlib.sha256(query.encode()).hexdigest()
            if named is not None and named != digest:
                raise _bad("`query` has another SHA-256 than the one given.")
            if self._forbidden(digest):
                raise _persisted("PERSISTED_QUERY_ONLY", "Only trusted documents are executed here.", 403)
            if (kept := self._documents.get(digest)) is not None:
                return kept
        try:
            document = Document(self.schema, query, self.limits)
        except DomainError as error:
            raise _refused(error) from None
        except InvalidDocument as invalid:
            for fault in invalid.errors:
                fault.extensions = {"code": "GRAPHQL_VALIDATION_FAILED"}
            raise Refused(invalid.errors) from None
        except GraphQLError as error:
            raise Refused([error]) from None
        self._documents.put(digest, document, len(query))
        return document

    def _forbidden(self, digest: str) -> bool:
        return self._trusted_only and digest not in self._trusted

    def _prepare(self, parameters: Parameters, reading: bool) -> _Prepared:
        """Everything up to the execution; raises `Refused`. `reading` forbids mutations."""
        document = self._document(parameters)
        operation = document.operation(parameters.operation_name)
        if operation is None:
            name = parameters.operation_name
            detail = f"There is no operation {name!r} in the document." if name else "`operationName` must name one."
            raise _refused(_bad(detail))
        if reading and operation.is_mutation:
            allowed = DomainError("method_not_allowed", "A mutation must be sent by POST.", headers={"Allow": "POST"})
            raise _refused(allowed)
        cost = operation.cost(parameters.variables)
        if cost.requested > self.limits.cost:
            detail = f"The operation costs {cost.requested:,} objects: at most {self.limits.cost:,} are allowed."
            raise _refused(DomainError("too_complex", detail), cost)
        definitions = operation.node.variable_definitions
        if not definitions:
            return _Prepared(document, operation, _NO_VARIABLES, cost)
        variables = get_variable_values(self.schema, definitions, parameters.variables, max_errors=MOST_VARIABLE_ERRORS)
        if isinstance(variables, list):
            for error in variables:
                error.extensions = {"code": "BAD_USER_INPUT"}
            raise Refused(variables, cost)
        return _Prepared(document, operation, variables, cost)

    # --- doing it ---

    def _executor(self, prepared: _Prepared, context: C) -> Executor[Any]:
        """An executor for one execution.

        Made directly, since `Executor.build` would look for the operation, wrap the fragments and coerce the
        variables again each time.
        """
        return self.executor_class(
            self.schema,
            prepared.document.fragments,
            prepared.document.fragment_details,
            None,
            context,
            prepared.operation.node,
            prepared.variables,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
        )

    def _execution(self, prepared: _Prepared, context: C) -> Execute:
        async def execute() -> ExecutionResult:
            result = self._executor(prepared, context).execute_operation()
            if isinstance(result, CoroutineType):
                result = await result
            return cast("ExecutionResult", result)

        return execute

    async def _results(self, prepared: _Prepared, context: C) -> AsyncGenerator[ExecutionResult, None]:
        """The results of any operation, one by one; raises `Refused` for a subscription that cannot start."""
        if not prepared.operation.is_subscription:
            yield await self._run(context, self._execution(prepared, context), prepared.operation.is_mutation)
            return

        def execute(executor: Executor[Any]) -> Awaitable[ExecutionResult]:
            async def once() -> ExecutionResult:
                # A copy for each try, so that a repeated one does not begin with the errors of the last.
                result = executor.build_per_event_executor(executor.root_value).execute_operation(False)
                return cast("ExecutionResult", await result if isinstance(result, CoroutineType) else result)

            return self._run(context, once, False)

        executor = self._executor(prepared, context)
        source = create_source_event_stream(executor)
        if isinstance(source, Awaitable):
            source = await source
        if isinstance(source, ExecutionResult):
            raise Refused(cast("list[GraphQLError]", source.errors), prepared.cost)
        responses = map_source_to_response_event(executor, source, execute)
        try:
            async for result in responses:
                if not _hidden(result):
                    yield result
        finally:
            await responses.aclose()

    async def _payloads(self, request: Request, prepared: _Prepared, context: C) -> AsyncGenerator[bytes, None]:
        """The results as JSON; an error that ends them is the last one."""
        results = self._results(prepared, context)
        try:
            async for result in results:
                yield self._result_body(request, result, prepared.cost)
        except Refused as refused:
            yield self._refused_body(request, refused)
        except Exception as error:
            yield self._refused_body(request, _refused(self._understood(request, error), prepared.cost))
        finally:
            await results.aclose()

    def _stream(self, payloads: AsyncGenerator[bytes, None]) -> Response:
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no", "Vary": "Accept"}
        return StreamingResponse(_events(payloads, self._heartbeat), 200, headers, EVENTS)

    # --- answering ---

    def _understood(self, request: Request, error: Exception) -> DomainError:
        """What an exception means to the caller; the unexpected is logged."""
        if isinstance(error, DomainError):
            return error
        return self._translate(error) or unexpected(error, request.scope)

    def _errors(self, request: Request, errors: list[GraphQLError]) -> list[dict[str, Any]]:
        """The `errors` of an answer; notes the first code for the log line, and logs what nobody expected."""
        language = preferred_language(header(request.scope, b"accept-language"))
        payloads = []
        for error in errors:
            cause = _cause(error)
            translated = None if cause is None or isinstance(cause, DomainError) else self._translate(cause)
            if translated is not None:
                cause, located = (
                    translated,
                    GraphQLError(error.message, error.nodes, path=error.path, original_error=translated),
                )
            else:
                located = error
            payload = error_payload(located, language)
            if payload["extensions"]["code"] == "INTERNAL" and not isinstance(cause, DomainError):
                unexpected(cause or error, request.scope)
                payload["extensions"]["request_id"] = exchange_of(request.scope).request_id
            payloads.append(payload)
        exchange_of(request.scope).problem = payloads[0]["extensions"]["code"].lower()
        return payloads

    def _extensions(self, cost: Cost) -> dict[str, Any]:
        return {"cost": {"requested": cost.requested, "limit": self.limits.cost, "depth": cost.depth}}

    def _result_body(self, request: Request, result: ExecutionResult, cost: Cost) -> bytes:
        """The JSON of an execution, with `data` even if it is null. Raises TypeError for data that is no JSON."""
        body: dict[str, Any] = {"errors": self._errors(request, result.errors)} if result.errors else {}
        body["data"] = result.data
        body["extensions"] = self._extensions(cost)
        if result.extensions:
            body["extensions"].update(result.extensions)
        return orjson.dumps(body)

    def _refused_body(self, request: Request, refused: Refused) -> bytes:
        """The JSON of what was not executed: it has no `data`."""
        body: dict[str, Any] = {"errors": self._errors(request, refused.errors)}
        if refused.cost is not None:
            body["extensions"] = self._extensions(refused.cost)
        return json_bytes(body)

    def _answer(self, request: Request, result: ExecutionResult, cost: Cost, media_type: str) -> Response:
        """The answer of an execution: a success, in part at least."""
        body = self._result_body(request, result, cost)
        status = PARTIAL_SUCCESS if result.errors and media_type == RESPONSE else 200
        return _Answer(body, status, media_type)

    def _refusal(self, request: Request, refused: Refused, media_type: str) -> Response:
        """The answer to a well-formed request that was not executed.

        Old clients, those of `application/json`, get 200, since any other status of that type may come from a
        proxy; except for the statuses with which HTTP itself says what to do instead.
        """
        body = self._refused_body(request, refused)
        if media_type == EVENTS:
            # Browsers hide the body of any answer but 200.
            return self._stream(_one(body))
        headers: Mapping[str, str] = {}
        cause = _cause(refused.errors[0])
        if isinstance(cause, DomainError):
            headers, status = cause.headers, cause.problem.status
        else:
            status = cast("dict[str, int]", refused.errors[0].extensions).get("status", 400)
        if media_type == JSON and status not in (405, 406):
            status = 200
        return _Answer(body, status, media_type, headers)

    def _failure(self, request: Request, error: Exception, media_type: str) -> Response:
        """The answer to a request that is malformed, not permitted or cannot be served: never 200."""
        refusal = self._understood(request, error)
        headers = dict(refusal.headers)
        if refusal.problem.status == 401 and not any(name.lower() == "www-authenticate" for name in headers):
            headers["WWW-Authenticate"] = 'Bearer realm="kshare"'
        media_type = RESPONSE if media_type == EVENTS else media_type
        body = self._refused_body(request, _refused(refusal))
        return _Answer(body, refusal.problem.status, media_type, headers)


async def _one(payload: bytes) -> AsyncGenerator[bytes, None]:
    yield payload


async def _events(payloads: AsyncGenerator[bytes, None], heartbeat: float) -> AsyncIterator[bytes]:
    """Payloads as events `next`, a comment after each `heartbeat` seconds of silence, and `complete` at the end.

    Closing this, as happens when the client leaves, cancels what is being waited for and closes `payloads`.
    """
    upcoming: asyncio.Future[bytes] | None = None
    try:
        while True:
            upcoming = upcoming or asyncio.ensure_future(anext(payloads))
            done, _ = await asyncio.wait((upcoming,), timeout=heartbeat)
            if not done:
                yield b":\n\n"
                continue
            try:
                payload = upcoming.result()
            except StopAsyncIteration:
                break
            upcoming = None
            # JSON that a database wrote may have line breaks, though only between its tokens.
            line = payload.replace(b"\n", b" ").replace(b"\r", b" ")
            yield b"event: next\ndata: " + line + b"\n\n"
        # Without a data line, browsers would not dispatch the event.
        yield b"event: complete\ndata:\n\n"
    finally:
        if upcoming is not None and not upcoming.done():
            upcoming.cancel()
        # Starlette ends a stream by a cancelled scope, in which an unshielded `await` would end at once.
        with anyio.CancelScope(shield=True):
            if upcoming is not None:
                await asyncio.wait((upcoming,))
            await payloads.aclose()
