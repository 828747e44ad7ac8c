"""From a path straight to its operation.

FastAPI documents the operations and answers for everything that is none (404, 405, pages). Requests to operations do
not pass its seven layers, which cost as much as the read itself: a path is walked once through a tree of its segments.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from kshare.core.errors import DomainError
from kshare.edge.door import Door
from kshare.edge.problems import Translate, as_refusal, problem_response

Endpoint = Callable[[Request], Awaitable[Response]]
Headers = Sequence[tuple[bytes, bytes]]


class Route:
    """What the gate wants to know of a request's route: its template."""

    __slots__ = ("endpoint", "headers", "names", "path")

    def __init__(self, path: str, endpoint: Endpoint, headers: Headers = ()) -> None:
        self.path = path
        self.endpoint = endpoint
        self.headers = headers
        self.names = [part[1:-1] for part in path.split("/") if part.startswith("{")]


class Dispatch:
    """An ASGI application that serves operations itself and leaves the rest to `otherwise`."""

    def __init__(self, otherwise: ASGIApp, app: Any, translate: Translate) -> None:
        self.otherwise = otherwise
        self.app = app
        self.translate = translate
        self._tree: dict[Any, Any] = {}

    def add(self, method: str, path: str, endpoint: Endpoint, headers: Headers = ()) -> None:
        """Serves `method` on a path whose `{name}` segments match anything but nothing; every answer has `headers`."""
        here = self._tree
        for segment in path.split("/"):
            here = here.setdefault(_ANY if segment.startswith("{") else segment, {})
        here[_METHODS] = here.get(_METHODS, {}) | {method: Route(path, endpoint, headers)}

    def add_doors(self, doors: Sequence[Door]) -> None:
        """All operations, under /v1."""
        for operation in (operation for door in doors for operation in door.operations):
            headers = operation.deprecated.headers if operation.deprecated else ()
            self.add(operation.method, f"/v1{operation.path}", operation.__call__, headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.otherwise(scope, receive, send)
            return
        # A segment can hold an encoded slash, so the path is taken apart before it is decoded.
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        segments = raw.partition(b"?")[0].split(b"/")
        values: list[bytes] = []
        methods = _find(self._tree, segments, 0, values)
        if methods is None:
            await self.otherwise(scope, receive, send)
            return
        route = methods.get(scope["method"])
        if route is None:
            await problem_response(_wrong_method(set(methods)), scope)(scope, receive, send)
            return
        scope["app"] = self.app
        scope["route"] = route
        try:
            if values:
                scope["path_params"] = dict(zip(route.names, map(_decoded, values), strict=True))
            response = await route.endpoint(Request(scope, receive, send))
        except Exception as error:
            refusal = as_refusal(error, scope, self.translate)
            response = refusal if isinstance(refusal, Response) else problem_response(refusal, scope)
        if route.headers:
            response.raw_headers.extend(route.headers)
        await response(scope, receive, send)


_ANY = object()
_METHODS = object()


def _find(tree: dict[Any, Any], segments: list[bytes], at: int, values: list[bytes]) -> dict[str, Route] | None:
    """The routes by method of the path from segment `at` on; `values` gets the segments that matched a name.

    Literal segments come first, for every method: /ideas/overdue is never the idea `overdue`.
    """
    if at == len(segments):
        found: dict[str, Route] | None = tree.get(_METHODS)
        return found
    segment = segments[at]
    literal = tree.get(segment.decode("latin-1"))
    if literal is not None and (methods := _find(literal, segments, at + 1, values)) is not None:
        return methods
    wildcard = tree.get(_ANY)
    if wildcard is None or not segment:
        return None
    values.append(segment)
    methods = _find(wildcard, segments, at + 1, values)
    if methods is None:
        values.pop()
    return methods


def _wrong_method(methods: set[str]) -> DomainError:
    # The gate serves HEAD by GET.
    allow = ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
    return DomainError("method_not_allowed", f"This address allows {allow}.", headers={"Allow": allow})


def _decoded(segment: bytes) -> str:
    try:
        return unquote(segment.decode("latin-1"), errors="strict")
    except UnicodeDecodeError:
        raise DomainError("bad_request", "The path is not valid percent-encoded UTF-8.") from None
