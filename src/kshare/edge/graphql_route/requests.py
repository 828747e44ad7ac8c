"""Reading a request: a well-formed one by POST or GET becomes `Parameters`, any other is refused."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

import orjson
from starlette.requests import ClientDisconnect, Request

from kshare.core.errors import DomainError
from kshare.edge.graphql_route.negotiation import JSON

MOST_VALUES: Final = 10_000
"""Values in the variables, each of which the library takes microseconds to look at."""

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class Parameters(NamedTuple):
    """A well-formed request: the document itself or its SHA-256 in hexadecimal, or both."""

    query: str | None
    digest: str | None
    operation_name: str | None
    variables: dict[str, Any]


def bad_request(detail: str) -> DomainError:
    """The refusal of a request that is not well-formed."""
    return DomainError("bad_request", detail)


async def read_body(request: Request) -> bytes:
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


def posted_parameters(content_type: bytes | None, body: bytes) -> Parameters:
    """What a POST asks for; raises DomainError for another media type, what is no JSON, or other members."""
    if content_type is None or not _is_json(content_type[:200]):
        raise DomainError("unsupported_media_type", f"Send the request as {JSON} in UTF-8.")
    members = _json(body, "The body")
    if not isinstance(members, dict):
        raise bad_request("The body must be a JSON object; batches are not supported.")
    return _parameters(members)


def url_parameters(query_string: bytes) -> Parameters:
    """What a GET asks for; raises DomainError for what is no UTF-8, no JSON where there must be, or other members."""
    try:
        members: dict[str, Any] = dict(
            parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
        )
    except ValueError:
        raise bad_request("The query string must be at most 20 parameters, percent-encoded as UTF-8.") from None
    for name in ("variables", "extensions"):
        if text := members.get(name):
            members[name] = _json(text, f"`{name}`")
        else:
            members.pop(name, None)
    return _parameters(members)


def _json(text: bytes | str, what: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise DomainError("invalid_json", f"{what} is not JSON: {error.msg}.") from None


@lru_cache(maxsize=64)
def _is_json(content_type: bytes) -> bool:
    kind, _, rest = content_type.decode("latin-1").lower().partition(";")
    return kind.strip() == JSON and ("charset" not in rest or re.search(r'charset="?utf-?8\b', rest) is not None)


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
            raise bad_request(f"`{parameter}` must be {'a string' if kind is str else 'an object'}.")
    digest = _digest(document_id, extensions) if document_id or extensions else None
    if variables:
        _check_number(variables)
    if query is None and digest is None:
        raise bad_request("`query` is missing: send a GraphQL document or the `documentId` of a persisted one.")
    return Parameters(query, digest, name or None, variables or {})


def _check_number(variables: dict[str, Any]) -> None:
    """Raises DomainError("too_complex") for variables that hold too many values."""
    number = 0
    inside: list[dict[str, Any] | list[Any]] = [variables]
    while inside:
        container = inside.pop()
        number += len(container)
        if number > MOST_VALUES:
            raise DomainError("too_complex", f"The variables hold more than {MOST_VALUES:,} values.")
        values = container.values() if isinstance(container, dict) else container
        inside += [value for value in values if isinstance(value, dict | list)]


def _digest(document_id: str | None, extensions: Mapping[str, Any] | None) -> str | None:
    """The hash by which a request names its document, in either of the two ways."""
    if document_id:
        prefix, _, named = document_id.partition(":")
        if prefix != "sha256" or not _DIGEST.fullmatch(named):
            raise bad_request("`documentId` must be `sha256:` and 64 hexadecimal digits in lower case.")
        return named
    persisted = (extensions or {}).get("persistedQuery")
    if persisted is None:
        return None
    digest = persisted.get("sha256Hash") if isinstance(persisted, dict) and persisted.get("version") == 1 else None
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise bad_request(
            "`extensions.persistedQuery` must have `version` 1 and `sha256Hash` in lower-case hexadecimal."
        )
    return digest
