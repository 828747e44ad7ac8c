"""Running a request: a mutation in one transaction, and once only for one `Idempotency-Key`."""

import graphql
import orjson
from starlette.requests import Request

from kshare.core.database import translate
from kshare.core.idempotency import Answer, Repeatable, earlier_answer, keep_answer
from kshare.core.writing import writing
from kshare.edge.graphql.context import Context
from kshare.edge.graphql_route import Execute, error_payload, understood
from kshare.edge.problems import header, preferred_language
from kshare.edge.rest import noted


async def run(context: Context, execute: Execute, is_mutation: bool) -> graphql.ExecutionResult:
    """Executes a request: a mutation in one transaction, each of its commands in a savepoint of its own."""
    if not is_mutation:
        return await execute()
    repeatable = await _repeatable(context.request)
    transaction = writing(context.kernel.database, context.principal, shared=True)
    async with noted(context.request.scope, transaction) as work:
        if repeatable and (earlier := await earlier_answer(work, repeatable)):
            return _replayed(earlier)
        context._work = work
        result = await execute()
        # When no command succeeded there is nothing that a repetition could do twice.
        if repeatable and any(value is not None for value in (result.data or {}).values()):
            keep_answer(work, repeatable, _kept(result, context))
    context.kernel.wake()
    return result


async def _repeatable(request: Request) -> Repeatable | None:
    key = header(request.scope, b"idempotency-key")
    return None if key is None else Repeatable.of("POST /graphql", key.decode("latin-1"), await request.body())


def _kept(result: graphql.ExecutionResult, context: Context) -> Answer:
    language = preferred_language(header(context.request.scope, b"accept-language"))
    errors = [error_payload(understood(error, translate), language) for error in result.errors or ()]
    body = orjson.dumps({"data": result.data, "errors": errors})
    for secret in context.secrets:
        body = body.replace(orjson.dumps(secret), b"null")
    return Answer(200, {}, body)


def _replayed(earlier: Answer) -> graphql.ExecutionResult:
    """The result as it was; `extensions.idempotentReplayed` says so."""
    kept = orjson.loads(earlier.body)
    errors = [
        graphql.GraphQLError(error["message"], path=error.get("path"), extensions=error["extensions"])
        for error in kept["errors"]
    ]
    return graphql.ExecutionResult(kept["data"], errors or None, {"idempotentReplayed": True})
