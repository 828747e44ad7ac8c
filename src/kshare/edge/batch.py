"""Many asks in one request: `POST /v1/<things>:batch`, as JSON or NDJSON, always answered item by item with 207.

The whole request is one transaction; an item that is refused leaves nothing behind and holds up no other. With
`dry_run` everything is tried and nothing kept.

Where a slice can look up for many items at once what they need, they are done in bulk (core/writing.py), which costs a
tenth. If one of them is refused by the database itself, or after it has written, they are all done again one by one,
each in a savepoint of its own.
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
from kshare.core.writing import Unsettled, Work, writing
from kshare.edge.kernel import Kernel
from kshare.edge.lists import Made
from kshare.edge.parsing import parse_json, validated
from kshare.edge.problems import problem_body
from kshare.edge.rest import Call, noted
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


Perform = Callable[[Work, A], Awaitable[tuple[UUID, bool]]]
"""Does what an item asks for: its id, and whether it was created."""
Prepare = Callable[[Work, Sequence[A]], Awaitable[None]]
"""Looks up for all items what `Perform` then finds in the memory of the work."""
AT_ONCE = 500
"""Items of one bulk."""
A_MOMENT = 25
"""Items after which others get their turn."""


async def run_batch(call: Call, ask: type[A], perform: Perform[A], prepare: Prepare[A] | None = None) -> Response:
    """Performs each item, in bulk if there is something to prepare it with."""
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
            noted(request.scope, writing(call.kernel.database, call.principal, shared=True)) as work,
        ):
            if repeatable and (earlier := await earlier_answer(work, repeatable)):
                return Response(earlier.body, 207, {**earlier.headers, "Idempotent-Replayed": "true"}, None)
            asked = [await _asked(ask, document, index) for index, document in enumerate(documents)]
            outcomes: list[Outcome] = []
            for start in range(0, len(asked), AT_ONCE):
                outcomes += await _outcomes(work, asked[start : start + AT_ONCE], perform, prepare)
            results = [_result(call, index, outcome) for index, outcome in enumerate(outcomes)]
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


Outcome = tuple[UUID, bool] | DomainError


async def _asked(ask: type[A], document: Any, index: int) -> A | DomainError:
    """What an item asks for, or why it is none."""
    if index % A_MOMENT == 0:
        await asyncio.sleep(0)
    try:
        return validated(ask, parse_json(document) if isinstance(document, bytes) else document)
    except DomainError as refusal:
        return refusal


async def _outcomes(
    work: Work, asked: Sequence[A | DomainError], perform: Perform[A], prepare: Prepare[A] | None
) -> list[Outcome]:
    if prepare is not None:
        try:
            async with work.bulk():
                await prepare(work, [item for item in asked if not isinstance(item, DomainError)])
                return await _one_by_one(work, asked, perform)
        except Exception as error:
            if not isinstance(error, Unsettled):
                _refusal(error)
    return await _one_by_one(work, asked, perform)


async def _one_by_one(work: Work, asked: Sequence[A | DomainError], perform: Perform[A]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for index, item in enumerate(asked):
        if index % A_MOMENT == 0:
            await asyncio.sleep(0)
        if isinstance(item, DomainError):
            outcomes.append(item)
            continue
        try:
            async with work.savepoint():
                done = await perform(work, item)
            outcomes.append(done)
        except Exception as error:
            if work.memory is not None and not isinstance(error, DomainError):
                raise
            outcomes.append(_refusal(error))
    return outcomes


def _refusal(error: Exception) -> DomainError:
    """Why an item is refused. Raises overload, and what is our own fault: they concern the whole request."""
    refusal = translate(error)
    if refusal is None or refusal.problem.status >= 500:
        raise error
    return refusal


def _result(call: Call, index: int, outcome: Outcome) -> dict[str, Any]:
    if not isinstance(outcome, DomainError):
        id, created = outcome
        return {"index": index, "id": str(id), "status": 201 if created else 200, "problem": None}
    scope = call.request.scope
    problem = problem_body(
        outcome, instance=scope["path"], request_id=exchange_of(scope).request_id, language=call.language
    )
    return {"index": index, "id": None, "status": outcome.problem.status, "problem": problem}


def _answer(results: list[dict[str, Any]], ndjson: bool, *, dry_run: bool) -> Kept:
    if dry_run:
        for result in results:
            result["id"] = None
    if ndjson:
        body = b"".join(orjson.dumps(result, option=orjson.OPT_APPEND_NEWLINE) for result in results)
        return Kept(207, {"Content-Type": NDJSON}, body)
    return Kept(207, {"Content-Type": "application/json"}, orjson.dumps({"items": results}))
