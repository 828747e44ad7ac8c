"""The endpoint itself: one request from its `Accept` header to its answer."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from graphql import GraphQLSchema, assert_valid_schema
from graphql.execution import Executor
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from kshare.core.errors import DomainError
from kshare.edge.graphql_limits import Limits
from kshare.edge.graphql_route.answers import Answers
from kshare.edge.graphql_route.documents import Documents, KeptDocuments
from kshare.edge.graphql_route.errors import Refused
from kshare.edge.graphql_route.execution import Execution, Run
from kshare.edge.graphql_route.negotiation import EVENTS, JSON, RESPONSE, negotiate
from kshare.edge.graphql_route.operations import Prepared, prepare
from kshare.edge.graphql_route.requests import posted_parameters, read_body, url_parameters
from kshare.edge.graphql_route.streams import HEARTBEAT, event_stream
from kshare.edge.pages import HTML, STATIC, Page
from kshare.edge.problems import Translate, header, problem_response

C = TypeVar("C")


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
        run: Run[C],
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
        self._context = context
        self._explorer = Page(explorer) if explorer is not None else None
        self._heartbeat = heartbeat
        kept = KeptDocuments(cached_documents, cached_bytes)
        self._documents = Documents(schema, limits, kept, trusted=trusted or {}, trusted_only=trusted_only)
        self._execution = Execution(schema, executor_class, run)
        self._answers = Answers(limits.cost, translate)

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
                parameters = url_parameters(request.scope["query_string"])
            else:
                parameters = posted_parameters(header(request.scope, b"content-type"), await read_body(request))
            # The caller comes before the document: strangers get no work out of the parser.
            context = await self._context(request)
            prepared = prepare(self._documents, parameters, reading)
            operation = prepared.operation
            if media_type == EVENTS or (operation.is_subscription and accepted.events):
                return event_stream(self._payloads(request, prepared, context), self._heartbeat)
            if operation.is_subscription:
                unread = DomainError("not_acceptable", f"A subscription is answered as {EVENTS}: accept it.")
                raise Refused.because(unread)
            result = await self._execution.result(prepared, context)
            return self._answers.success(request, result, prepared.cost, media_type)
        except Refused as refused:
            return self._answers.refusal(request, refused, media_type)
        except ClientDisconnect:
            raise
        except Exception as error:
            return self._answers.failure(request, error, media_type)

    async def _payloads(self, request: Request, prepared: Prepared, context: C) -> AsyncGenerator[bytes, None]:
        """The results as JSON; an error that ends them is the last one."""
        results = self._execution.results(prepared, context)
        try:
            async for result in results:
                yield self._answers.result_body(request, result, prepared.cost)
        except Refused as refused:
            yield self._answers.refused_body(request, refused)
        except Exception as error:
            ending = Refused.because(self._answers.meaning_of(request, error), prepared.cost)
            yield self._answers.refused_body(request, ending)
        finally:
            await results.aclose()
