"""Every refusal as `application/problem+json` (RFC 9457), in the caller's language, and a page about each.

Whatever goes wrong behind the gate becomes a `DomainError` here, once; nothing that is rendered can break the
rendering, and no stack trace, SQL or unencodable input reaches an answer.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Scope

from kshare.core.errors import PROBLEMS, DomainError, FieldError, Language, Problem
from kshare.core.messages import localized
from kshare.edge.telemetry import encodable, exchange_of, json_bytes

MEDIA_TYPE: Final = "application/problem+json"

MOST_ERRORS: Final = 100
"""Broken rules shown in one answer; a body can break a hundred thousand."""

MOST_INSTANCE: Final = 512
"""Characters of the path that an answer repeats."""

Translate = Callable[[BaseException], DomainError | None]
"""Makes a refusal of an error of the database, or None of what is nobody's expected error."""

log = structlog.get_logger()


# --- the answer -----------------------------------------------------------------------------------------------


def problem_body(error: DomainError, *, instance: str, request_id: str, language: Language) -> dict[str, object]:
    """The members of a problem document: those of RFC 9457 section 3.1, `code`, `request_id`, `errors` and extras.

    `instance` is the path that was asked for (see `instance_of`). `title` and each `message` are in `language`;
    `detail` is in English.
    """
    problem = error.problem
    body: dict[str, object] = {
        "type": f"/problems/{error.code}",
        "title": problem.zh if language == "zh" else problem.en,
        "status": problem.status,
        "detail": error.detail or problem.cause,
        "instance": instance,
        "code": error.code,
        "request_id": request_id,
    }
    if error.errors:
        body["errors"] = [
            {"pointer": broken.pointer, "code": broken.code, "message": localized(broken, language)}
            for broken in error.errors[:MOST_ERRORS]
        ]
    # What a caller relies on is not for an extra to change.
    body.update({name: value for name, value in error.extra.items() if name not in body})
    return body


def problem_event(error: DomainError, scope: Scope) -> bytes:
    """The problem document that ends an event stream; notes its code for the log line."""
    exchange = exchange_of(scope)
    exchange.problem = error.code
    language = preferred_language(header(scope, b"accept-language"))
    return json_bytes(
        problem_body(error, instance=instance_of(scope), request_id=exchange.request_id, language=language)
    )


def problem_response(error: DomainError, scope: Scope) -> Response:
    """The answer for `error` to the request of `scope`; notes its code for the log line."""
    exchange = exchange_of(scope)
    exchange.problem = error.code
    language = preferred_language(header(scope, b"accept-language"))
    body = problem_body(error, instance=instance_of(scope), request_id=exchange.request_id, language=language)
    headers = {"Content-Language": language, "Vary": "Accept-Language", **error.headers}
    status = error.problem.status
    if status == 401 and not any(name.lower() == "www-authenticate" for name in headers):
        # RFC 6750, section 3.1: no error code for a caller who did not try to sign in.
        tried = header(scope, b"authorization") is not None
        headers["WWW-Authenticate"] = 'Bearer realm="kshare"' + (', error="invalid_token"' if tried else "")
    return Response(json_bytes(body), status, headers, MEDIA_TYPE)


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first header of that name (in lower case), or None."""
    for candidate, value in scope["headers"]:
        if candidate == name:
            return bytes(value)
    return None


def instance_of(scope: Scope) -> str:
    """The path as a URI reference: percent-encoded, without the query, at most `MOST_INSTANCE` characters."""
    path: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", "replace")
    return quote(path.split(b"?")[0][:MOST_INSTANCE], safe="/%:@!$&'()*+,;=~")[:MOST_INSTANCE]


def preferred_language(accept: bytes | str | None) -> Language:
    """The language an `Accept-Language` header prefers (RFC 9110, section 12.5.4): "zh" or "en", else "en"."""
    if not accept:
        return "en"
    # Cut before it becomes a key of the cache, whose size is thereby bounded.
    return _preferred_language(accept[:200] if isinstance(accept, bytes) else accept[:200].encode("utf-8", "replace"))


@lru_cache(maxsize=512)
def _preferred_language(accept: bytes) -> Language:
    best: Language = "en"
    highest = 0.0
    for entry in accept.decode("latin-1").lower().split(","):
        tag, *parameters = (part.strip() for part in entry.split(";"))
        language: Language | None = "zh" if tag.partition("-")[0] == "zh" else None
        if tag == "*" or tag.partition("-")[0] == "en":
            language = "en"
        quality = quality_of(parameters)
        if language is not None and quality > highest:
            best, highest = language, quality
    return best


def quality_of(parameters: Sequence[str]) -> float:
    """The q-value among the parameters: 1 without one, 0 ("not this") for one that is no number from 0 to 1."""
    for parameter in parameters:
        if parameter.startswith("q="):
            value = parameter[2:]
            return float(value) if re.fullmatch(r"0(\.\d{0,3})?|1(\.0{0,3})?", value) else 0.0
    return 1.0


# --- broken input ---------------------------------------------------------------------------------------------


def field_errors(broken: Sequence[Mapping[str, Any]], prefix: str = "", document: object = None) -> list[FieldError]:
    """What pydantic v2 found in a document, in the form of an answer: at most `MOST_ERRORS` of it.

    `broken` is `ValidationError.errors(include_url=False, include_input=False)`. `prefix` is the
    pointer to the validated part when it stands within a larger document, as "/items/3". `document`, the input, serves
    to leave out of the pointers the names that pydantic adds for the members of a union.
    """
    return [
        _field_error(error, prefix + _pointer(_in_document(error["loc"], document, error["type"])))
        for error in broken[:MOST_ERRORS]
    ]


def request_errors(broken: Sequence[Mapping[str, Any]], body: object = None) -> list[FieldError]:
    """The same for a FastAPI request: "/title" in the body, "?limit", "{id}", "header If-Match", "cookie name"."""
    errors = []
    for error in broken[:MOST_ERRORS]:
        match error["loc"]:
            case ("query", name, *rest):
                place = f"?{name}" + _pointer(rest)
            case ("path", name, *rest):
                place = f"{{{name}}}" + _pointer(rest)
            case ("header", name, *_):
                place = "header " + "-".join(word.capitalize() for word in str(name).replace("_", "-").split("-"))
            case ("cookie", name, *_):
                place = f"cookie {name}"
            case ("body", *rest):
                place = _pointer(_in_document(rest, body, error["type"]))
            case location:
                place = _pointer(location)
        errors.append(_field_error(error, place))
    return errors


_BOUND = (str, int, float, Decimal, date)


def _field_error(error: Mapping[str, Any], pointer: str) -> FieldError:
    return FieldError(
        pointer=encodable(pointer, 300),
        # pydantic may find a lone surrogate before our text rules do; it is the same rule.
        code="text_surrogate" if error["type"] == "string_unicode" else str(error["type"]),
        message=encodable(str(error["msg"]).removeprefix("Value error, "), 300),
        bounds={name: bound for name, bound in error.get("ctx", {}).items() if isinstance(bound, _BOUND)},
    )


def _pointer(parts: Sequence[int | str]) -> str:
    """A JSON pointer (RFC 6901); the empty one is the whole document."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _in_document(location: Sequence[int | str], document: object, rule: str) -> list[int | str]:
    """The parts of a location that exist in the document; a missing field is the last part and need not."""
    if not isinstance(document, dict | list):
        return list(location)
    parts: list[int | str] = []
    here: Any = document
    for position, part in enumerate(location, 1):
        try:
            here = here[part]
        except (LookupError, TypeError):
            if rule != "missing" or position < len(location):
                continue
        parts.append(part)
    return parts


# --- everything that can be raised ----------------------------------------------------------------------------

CODE_OF_STATUS: Final[dict[int, str]] = {
    problem.status: code for code, problem in reversed(PROBLEMS.items()) if code != "invalid_json"
}
"""The code for a status that a framework chose: the first one in the catalogue with it."""


def install_problem_handlers(app: FastAPI, translate: Translate = lambda error: None) -> None:
    """Makes a problem document of whatever a route of `app` raises.

    A `DomainError` is itself; what `translate` knows (errors of the database) is what it says; a refusal by FastAPI or
    Starlette gets its code; anything else is 500 `internal`, logged with its traceback under the request's id.
    """

    async def answer(request: Request, error: Exception) -> Response:
        refusal = as_refusal(error, request.scope, translate)
        if isinstance(refusal, Response):
            return refusal
        return problem_response(refusal, request.scope)

    # Starlette answers `Exception` outside of all others and then raises it again; the gate knows, and stays silent.
    for kind in (DomainError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, answer)


def as_refusal(error: Exception, scope: Scope, translate: Translate = lambda error: None) -> DomainError | Response:
    """What `error` means to the caller. A `Response` only where a problem document has no place."""
    match error:
        case DomainError():
            return error
        case RequestValidationError():
            return _of_validation(error)
        case HTTPException(status_code=204 | 304):
            return Response(status_code=error.status_code, headers=error.headers)
        case HTTPException():
            return _of_framework(error)
        case ClientDisconnect():
            return Response(status_code=400)  # to nobody
    translated = translate(error)
    return translated if translated is not None else unexpected(error, scope)


def unexpected(error: BaseException, scope: Scope) -> DomainError:
    """A 500 that tells nothing, with everything about it in the log."""
    log.error("unexpected error", request_id=exchange_of(scope).request_id, path=instance_of(scope), exc_info=error)
    return DomainError("internal")


def _of_validation(error: RequestValidationError) -> DomainError:
    broken = error.errors()
    for one in broken:
        if one["type"] == "json_invalid":
            # FastAPI's message is fixed and the reason is the parser's own: neither quotes the body.
            return DomainError(
                "invalid_json", f"{one.get('ctx', {}).get('error', one['msg'])} at character {one['loc'][-1]}."
            )
    errors = request_errors(broken, error.body)
    more = len(broken) - len(errors)
    return DomainError(
        "invalid",
        f"{errors[0].message}: {errors[0].pointer or 'the body'}" + (f" (and {more} more)" if more else ""),
        errors,
    )


def _of_framework(error: HTTPException) -> DomainError:
    """A refusal by FastAPI or Starlette. Their details are phrases like "Not Found"; the catalogue says it better."""
    headers = dict(error.headers or {})
    code = CODE_OF_STATUS.get(error.status_code, "bad_request" if error.status_code < 500 else "internal")
    detail = ""
    if isinstance(error.__cause__, ValueError | RecursionError):
        # FastAPI's 400 for a body that is no UTF-8, nests too deeply or has a number of thousands of digits.
        code = "invalid_json"
    elif code == "not_found":
        detail = "There is nothing at this address."
    elif code == "method_not_allowed":
        headers["Allow"] = _allowed(headers)
        detail = f"This address allows {headers['Allow']}."
    return DomainError(code, detail, headers=headers)


def _allowed(headers: dict[str, str]) -> str:
    """The `Allow` header: sorted, since FastAPI's comes from a set, and with the HEAD that the gate serves by GET."""
    allow = next((headers.pop(name) for name in list(headers) if name.lower() == "allow"), "")
    methods = {method.strip() for method in allow.split(",") if method.strip()}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


# --- the pages ------------------------------------------------------------------------------------------------


def problem_document(code: str) -> dict[str, object]:
    """What there is to know about a code: status, titles in both languages, cause and cure. Raises 404 for no code."""
    problem = PROBLEMS.get(code)
    if problem is None:
        raise DomainError("not_found", "There is no such problem code; `/problems` lists them all.")
    return {
        "type": f"/problems/{code}",
        "code": code,
        "status": problem.status,
        "title": {"en": problem.en, "zh": problem.zh},
        "cause": problem.cause,
        "cure": problem.cure,
    }


def problem_page(code: str, accept: bytes | None = None) -> Response:
    """The page that a problem's `type` leads to: JSON, or Markdown for those who prefer to read (`accept`)."""
    document = problem_document(code)
    return _page(document, _markdown(code, PROBLEMS[code]), accept)


def problems_page(accept: bytes | None = None) -> Response:
    """The list of all problems, in the order of their status."""
    codes = sorted(PROBLEMS, key=lambda code: PROBLEMS[code].status)
    text = "\n".join(_markdown(code, PROBLEMS[code]) for code in codes)
    return _page({"items": [problem_document(code) for code in codes]}, text, accept)


def install_problem_pages(app: FastAPI) -> None:
    """Serves `/problems` and `/problems/{code}`, outside of the API's contract."""

    async def one(request: Request) -> Response:
        return problem_page(request.path_params["code"], header(request.scope, b"accept"))

    async def every(request: Request) -> Response:
        return problems_page(header(request.scope, b"accept"))

    app.add_route("/problems", every, include_in_schema=False)
    app.add_route("/problems/{code}", one, include_in_schema=False)


def _page(document: dict[str, object], text: str, accept: bytes | None) -> Response:
    # A browser names text/html first and saves text/markdown to a file: it gets Markdown as plain text.
    wanted = (accept or b"").lower()
    vary = {"Vary": "Accept"}
    if b"text/markdown" in wanted:
        return Response(text, 200, vary, "text/markdown")
    if b"text/html" in wanted or b"text/plain" in wanted:
        return Response(text, 200, vary, "text/plain")
    return Response(json_bytes(document), 200, vary, "application/json")


def _markdown(code: str, problem: Problem) -> str:
    return (
        f"# {problem.status} {problem.en} / {problem.zh}\n\n"
        f"Code: `{code}`\n\n**Cause.** {problem.cause}\n\n**Cure.** {problem.cure}\n"
    )
