"""The contract as files: what both doors promise, as OpenAPI and as GraphQL schema, and how it differs from a copy."""

import difflib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from graphql import print_schema

from kshare import api
from kshare.edge.described import install
from kshare.edge.examples import add_examples
from kshare.edge.shapes import Problem

FILES = ("openapi.json", "schema.graphql")

_DESCRIPTION = """\
What a company knows, and what it wants to improve, as an API.

Sign in with `Authorization: Bearer` and a key (`ksk_…`) or an OIDC access token. Every list is a keyset page: send
`limit` and, to go on, the `cursor` that the last page gave as `next_cursor`. Every error is `application/problem+json`
with a stable `code`, explained at `/problems/{code}`. What you may not see does not exist: 404, and in no list.
A change needs `If-Match` with the `ETag` of what it changes; every POST may carry an `Idempotency-Key`. The same things
are at `/graphql`, with the same ids, permissions and errors.
"""


def openapi() -> dict[str, Any]:
    """The OpenAPI document of the REST door."""
    app = FastAPI(
        title="kshare",
        version="1",
        summary="Knowledge and improvement proposals of a company.",
        description=_DESCRIPTION,
        servers=[{"url": "/", "description": "This server."}],
        openapi_tags=[{"name": door.tag, "description": door.description} for door in _doors()],
    )
    install(app, api.DOORS)
    document = app.openapi()
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    refusal = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= refusal.pop("$defs") | {"Problem": refusal}
    for unused in ("HTTPValidationError", "ValidationError"):  # FastAPI's own 422, which we never send
        schemas.pop(unused, None)
    components["schemas"] = dict(sorted(schemas.items()))
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "A key (`ksk_…`) or an OIDC access token."}
    }
    document["security"] = [{"bearer": []}]
    _without_null(document)
    add_examples(document)
    return document


def _without_null(document: dict[str, Any]) -> None:
    """A parameter that may be left out cannot be null: FastAPI shows the model's default as one of its types."""
    for methods in document["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                match parameter["schema"]:
                    case {"anyOf": [only, {"type": "null"}], **rest}:
                        parameter["schema"] = {**only, **rest}


def _doors() -> Iterator[Any]:
    """The doors, each tag once."""
    seen: set[str] = set()
    for door in api.DOORS:
        if door.tag not in seen:
            seen.add(door.tag)
            yield door


@cache
def openapi_bytes() -> bytes:
    """The OpenAPI document as the file it is kept in."""
    return (json.dumps(openapi(), ensure_ascii=False, indent=2) + "\n").encode()


@cache
def schema_bytes() -> bytes:
    """The GraphQL schema as the file it is kept in."""
    return (print_schema(api.schema()) + "\n").encode()


def current() -> dict[str, bytes]:
    """The contract of this code, by file name."""
    return dict(zip(FILES, (openapi_bytes(), schema_bytes()), strict=True))


def write(folder: Path) -> list[Path]:
    """Writes the contract into a folder; the files that changed."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = []
    for name, content in current().items():
        path = folder / name
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
            changed.append(path)
    return changed


def differences(folder: Path) -> list[str]:
    """How the files in a folder differ from this code, as lines of a unified diff; none when they are the same."""
    lines: list[str] = []
    for name, content in current().items():
        path = folder / name
        kept = path.read_bytes() if path.exists() else b""
        if kept != content:
            lines += difflib.unified_diff(
                kept.decode("utf-8", "replace").splitlines(),
                content.decode().splitlines(),
                f"{path} (committed)",
                f"{path} (this code)",
                lineterm="",
            )
    return lines
