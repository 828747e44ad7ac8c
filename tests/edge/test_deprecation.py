"""What is deprecated says so: in the answers of REST, in OpenAPI and in the schema of GraphQL."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from types import SimpleNamespace
from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI
from graphql import print_schema
from pydantic import Field
from starlette.responses import Response

from kshare.core.access import Permission
from kshare.core.errors import DomainError
from kshare.core.principal import SYSTEM
from kshare.core.reading import Shape
from kshare.edge.deprecation import Deprecation
from kshare.edge.described import install
from kshare.edge.dispatch import Dispatch
from kshare.edge.door import Door
from kshare.edge.gate import Gate
from kshare.edge.graphql import Info, field, mutation, object_type, schema_of, subscription
from kshare.edge.rates import RateLimiter, Rates
from kshare.edge.rest import Call

NOTICE = Deprecation(date(2027, 1, 1), "Use `listThings`.", sunset=date(2027, 7, 1))
OPEN_END = Deprecation(date(2027, 1, 1), "Use `getThing`.")
HEADERS = {"deprecation": "@1798761600", "sunset": "Thu, 01 Jul 2027 00:00:00 GMT"}


class Thing(Shape):
    """A thing."""

    size: int
    """Its size."""
    length: Annotated[int | None, Field(deprecated="Use `size`.")] = None
    """Its length."""


object_type(Thing)


def door() -> Door:
    things = Door("Things")

    @things.operation(
        "GET",
        "/old/{what}",
        "listOld",
        "List",
        Permission.search,
        path_types={"what": str},
        answer=Thing,
        deprecated=NOTICE,
    )
    async def old(call: Call) -> Response:
        if call.request.path_params["what"] == "nothing":
            raise DomainError("not_found")
        return Response(b"{}")

    @things.operation("POST", "/old/{what}", "makeOld", "Make", None, path_types={"what": str}, deprecated=OPEN_END)
    async def make(call: Call) -> Response:
        return Response(b"{}")

    @things.operation("GET", "/new", "listNew", "List", Permission.search)
    async def new(call: Call) -> Response:
        return Response(b"{}")

    return things


def app() -> tuple[FastAPI, Gate]:
    async def authenticate(authorization: str | None) -> object:
        if authorization is None:
            raise DomainError("unauthenticated")
        return SYSTEM

    inner = FastAPI()
    inner.state.kernel = SimpleNamespace(authenticate=authenticate)
    install(inner, [door()])
    dispatch = Dispatch(inner, inner, lambda error: None)
    dispatch.add_doors([door()])
    return inner, Gate(dispatch, Rates(RateLimiter("default", 1000), RateLimiter("failed-sign-in", 1000)))


@pytest.mark.parametrize(
    "method, path, signed_in, status, headers",
    [
        ("GET", "/v1/old/x", True, 200, HEADERS),
        ("HEAD", "/v1/old/x", True, 200, HEADERS),
        ("GET", "/v1/old/nothing", True, 404, HEADERS),
        ("GET", "/v1/old/x", False, 401, HEADERS),
        ("GET", "/v1/old/x?y=1", True, 422, HEADERS),
        ("POST", "/v1/old/x", True, 200, {"deprecation": HEADERS["deprecation"]}),
        ("GET", "/v1/new", True, 200, {}),
    ],
)
def test_every_answer_says_so(method: str, path: str, signed_in: bool, status: int, headers: dict[str, str]) -> None:
    sent = {"Authorization": "Bearer x"} if signed_in else {}

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app()[1]), base_url="http://x") as client:
            return await client.request(method, path, headers=sent)

    answer = asyncio.run(ask())
    assert answer.status_code == status, answer.text
    assert {name: value for name, value in answer.headers.items() if name in HEADERS} == headers


def test_openapi_says_so() -> None:
    document = app()[0].openapi()
    old, new = document["paths"]["/v1/old/{what}"], document["paths"]["/v1/new"]
    assert old["get"]["deprecated"] is True
    assert "Deprecated since 2027-01-01, served until 2027-07-01. Use `listThings`." in old["get"]["description"]
    assert "Deprecated since 2027-01-01. Use `getThing`." in old["post"]["description"]
    assert "deprecated" not in new["get"]
    assert document["components"]["schemas"]["Thing"]["properties"]["length"]["deprecated"] is True


def test_graphql_says_so() -> None:
    class Query:
        @NOTICE.on_field
        @field("The things.")
        def things(self, info: Info) -> Thing | None: ...

    class Mutation:
        @OPEN_END.on_field
        @mutation("Makes one.")
        async def make(self, info: Info) -> Thing | None: ...

    class Subscription:
        @NOTICE.on_field
        @subscription("Follows them.")
        async def made(self, info: Info) -> AsyncIterator[Thing]:
            yield Thing(size=1)

    schema = print_schema(schema_of([Query], [Mutation], [Subscription]))
    assert f'things: Thing @deprecated(reason: "{NOTICE.reason}")' in schema
    assert f'made: Thing! @deprecated(reason: "{NOTICE.reason}")' in schema
    assert f'make: Thing @deprecated(reason: "{OPEN_END.reason}")' in schema
    assert 'length: Int @deprecated(reason: "Use `size`.")' in schema
