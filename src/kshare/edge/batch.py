"""Many asks in one request: `POST /v1/<things>:batch`, as JSON or NDJSON, always answered item by item with 207.

The whole request is one transaction and each item a savepoint in it: an item that is refused leaves nothing behind and
holds up no other. With `dry_run` everything is tried and nothing kept.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Self, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

import orjson
from pydantic import BaseModel, Field, create_model, model_validator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from kshare.core.database import Database, translate
from kshare.core.errors import DomainError, FieldError, unavailable
from kshare.core.idempotency import Answer as Kept
from kshare.core.idempotency import Repeatable, earlier_answer, keep_answer
from kshare.core.reading import Ask, Shape
from kshare.core.text import ExternalName
from kshare.core.writing import Work, writing
from kshare.edge.kernel import Kernel
from kshare.edge.lists import Made
from kshare.edge.parsing import parse_json, validated
from kshare.edge.problems import problem_body
from kshare.edge.rest import Call
from kshare.edge.shapes import Problem
from kshare.edge.telemetry import exchange_of

MOST_ITEMS = 500
MOST_LINES = 5_000
"""Of NDJSON. All of them are one transaction, which others have to wait for."""
NDJSON = "application/x-ndjson"

A = TypeVar("A", bound=BaseModel)


class BatchOptions(Ask):
    """How to treat a batch."""

    dry_run: bool = False
    """Try everything, keep nothing."""


class Batched(Ask):
    """First base of an ask of a batch: with an external id a known object is updated."""

    external_source: ExternalName | None = None
    """The system it comes from; together with `external_id`."""
    external_id: ExternalName | None = None
    """Its id there; a second batch with the same id updates it."""

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.external_source is None) != (self.external_id is None):
            raise PydanticCustomError("external_pair", "external_source and external_id belong together")
        return self


class BatchResult(Shape):
    """What became of one item."""

    index: int
    """Its place in the request, from 0."""
    id: UUID | None
    """What it became; null if it was refused, or in a dry run."""
    status: int
    """As if it had been sent alone: 201 created, 200 updated, 4xx refused."""
    problem: Problem | None
    """Why it was refused, as a problem document."""


class BatchAnswer(Shape):
    """What became of each item, in the order of the request."""

    items: list[BatchResult]
    """One for each item."""


_batches: dict[type[BaseModel], type[Ask]] = {}


def batch_of(ask: type[BaseModel]) -> type[Ask]:
    """The body of a batch of an ask."""
    if ask not in _batches:
        items = Annotated[list[ask], Field(min_length=1, max_length=MOST_ITEMS, description="The items.")]  # type: ignore[valid-type]
        make: Any = create_model
        _batches[ask] = make(
            f"{ask.__name__}Batch", __base__=(Ask, Made), __doc__="Many asks in one request.", items=(items, ...)
        )
    return _batches[ask]


@dataclass
class _DryRun(Exception):
    """Takes everything back at the end of a dry run."""

    answer: Kept


async def run_batch(call: Call, ask: type[A], perform: "Callable[[Work, A], Awaitable[tuple[UUID, bool]]]") -> Response:
    """Performs each item; `perform` returns its id and whether it was created."""
    options = call.query(BatchOptions)
    documents, ndjson = await _documents(call)
    key, request = call.request.headers.get("idempotency-key"), call.request
    repeatable = None
    if key is not None:
        parts = (await call.raw_body(), request.scope["query_string"])
        repeatable = Repeatable.of(f"POST {request.scope['path']}", key, *parts)
    try:
        async with (
            _place_for_a_batch(call.kernel),
            writing(call.kernel.database, call.principal, shared=True) as work,
        ):
            if repeatable and (earlier := await earlier_answer(work, repeatable)):
                return Response(earlier.body, 207, {**earlier.headers, "Idempotent-Replayed": "true"}, None)
            results = [result async for result in _results(call, work, ask, documents, perform)]
            answer = _answer(results, ndjson, dry_run=options.dry_run)
            if options.dry_run:
                raise _DryRun(answer)
            if repeatable:
                keep_answer(work, repeatable, answer)
    except _DryRun as dry:
        answer = dry.answer
    call.kernel.wake()
    return Response(answer.body, 207, answer.headers, None)


_running: WeakKeyDictionary[Database, int] = WeakKeyDictionary()


@asynccontextmanager
async def _place_for_a_batch(kernel: Kernel) -> AsyncIterator[None]:
    """Half of the connections for writes are left to those who want but one thing; raises `unavailable`."""
    running = _running.get(kernel.database, 0)
    if running >= max(kernel.settings.write_pool // 2, 1):
        raise unavailable("Too many batches at once.")
    _running[kernel.database] = running + 1
    try:
        yield
    finally:
        _running[kernel.database] -= 1


async def _documents(call: Call) -> tuple[Sequence[Any], bool]:
    ndjson = call.media_type("application/json", NDJSON) == NDJSON
    body = await call.raw_body()
    if ndjson:
        lines = [line for line in body.split(b"\n") if line.strip()]
        if len(lines) > MOST_LINES:
            place = FieldError(
                "", "too_long", f"NDJSON has {MOST_LINES:,} lines at most; send more in several requests"
            )
            raise DomainError("invalid", place.message, [place])
        return lines, True
    document = parse_json(body)
    if not isinstance(document, dict) or set(document) != {"items"} or not isinstance(document["items"], list):
        place = FieldError("/items", "missing", "A batch is an object with the list `items`")
        raise DomainError("invalid", 'The body must be {"items": [...]}, or NDJSON.', [place])
    if not 1 <= len(document["items"]) <= MOST_ITEMS:
        code = "too_short" if not document["items"] else "too_long"
        place = FieldError("/items", code, f"A batch has 1 to {MOST_ITEMS} items; send more as NDJSON")
        raise DomainError("invalid", place.message, [place])
    return document["items"], False


async def _results(
    call: Call, work: Work, ask: type[A], documents: Sequence[Any], perform: Callable[[Work, A], Awaitable[Any]]
) -> AsyncIterator[dict[str, Any]]:
    for index, document in enumerate(documents):
        try:
            parsed = parse_json(document) if isinstance(document, bytes) else document
            async with work.savepoint():
                id, created = await perform(work, validated(ask, parsed))
            yield {"index": index, "id": str(id), "status": 201 if created else 200, "problem": None}
        except Exception as error:
            refusal = translate(error)
            # Overload, and what is our own fault, concern the whole request and not this item.
            if refusal is None or refusal.problem.status >= 500:
                raise
            scope = call.request.scope
            problem = problem_body(
                refusal, instance=scope["path"], request_id=exchange_of(scope).request_id, language=call.language
            )
            yield {"index": index, "id": None, "status": refusal.problem.status, "problem": problem}
            # What is no JSON was refused without waiting for anything, and others want their turn.
            await asyncio.sleep(0)


def _answer(results: list[dict[str, Any]], ndjson: bool, *, dry_run: bool) -> Kept:
    if dry_run:
        for result in results:
            result["id"] = None
    if ndjson:
        body = b"".join(orjson.dumps(result, option=orjson.OPT_APPEND_NEWLINE) for result in results)
        return Kept(207, {"Content-Type": NDJSON}, body)
    return Kept(207, {"Content-Type": "application/json"}, orjson.dumps({"items": results}))
