"""What is served beside the API, without a key: health, metrics, the contracts and the page that shows them."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from functools import cache

import asyncpg
import orjson
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from kshare import contract, migrate
from kshare.core.database import Database
from kshare.core.errors import DomainError, unavailable
from kshare.edge.pages import STATIC, Page
from kshare.edge.problems import problem_response
from kshare.edge.telemetry import metrics_response

_READY_WITHIN = 1.0
"""Seconds the database has to answer in."""

ADDRESSES = {
    "rest": "/v1",
    "graphql": "/graphql",
    "docs": "/docs",
    "openapi": "/openapi.json",
    "graphql_schema": "/schema.graphql",
    "problems": "/problems",
    "live": "/livez",
    "ready": "/readyz",
    "metrics": "/metrics",
}


def install_site(app: FastAPI, database: Database) -> None:
    """Adds these addresses to the application, outside of the contract."""
    newest = cache(migrate.newest)
    docs = Page(STATIC / "docs.html")

    async def index(request: Request) -> Response:
        return _json({"name": "kshare", "version": "1", "addresses": ADDRESSES})

    async def live(request: Request) -> Response:
        return _json({"status": "ok"})

    async def ready(request: Request) -> Response:
        refusal = await _not_ready(database, newest())
        return _json({"status": "ok"}) if refusal is None else problem_response(refusal, request.scope)

    async def metrics(request: Request) -> Response:
        return metrics_response()

    async def documentation(request: Request) -> Response:
        return docs.response()

    for path, endpoint in (
        ("/", index),
        ("/livez", live),
        ("/readyz", ready),
        ("/metrics", metrics),
        ("/docs", documentation),
        ("/openapi.json", _file(contract.openapi_bytes, "application/json")),
        ("/schema.graphql", _file(contract.schema_bytes, "text/plain; charset=utf-8")),
    ):
        app.add_route(path, endpoint, methods=["GET"], include_in_schema=False)


async def _not_ready(database: Database, newest: str) -> DomainError | None:
    """Why no request can be served now, if so."""
    try:
        async with asyncio.timeout(_READY_WITHIN):
            row = await database.fetch_row("SELECT version_num FROM alembic_version", [])
    except DomainError as refusal:
        return refusal
    except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return unavailable("The database does not answer.", 1)
    if row is None or row["version_num"] != newest:
        return unavailable("The database is not migrated to this version: run `kshare migrate`.", 5)
    return None


def _file(content: Callable[[], bytes], media_type: str) -> Callable[[Request], Awaitable[Response]]:
    @cache
    def tag() -> str:
        return f'"{hashlib.blake2b(content(), digest_size=12).hexdigest()}"'

    async def endpoint(request: Request) -> Response:
        headers = {"ETag": tag(), "Cache-Control": "public, no-cache"}
        if tag() in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(content(), 200, headers, media_type)

    return endpoint


def _json(value: object) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")
