"""Wrong input of every sort, to every operation: a problem that says what is wrong where, never a 5xx."""

import json
import socket
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID, uuid4

import httpx
import pytest
from tests.conftest import Actor, Company
from tests.kernel.problems import problem
from tests.sampling import (
    body_schema,
    operations,
    parameters,
    path_of,
    placed,
    places,
    query_of,
    request_of,
    sample,
    schema_of,
)

from kshare.core.access import Permission
from kshare.core.ids import new_id
from kshare.edge.door import Operation

OPERATIONS = operations()
WITH_BODY = [operation for operation in OPERATIONS if operation.body is not None]
WITH_QUERY = [operation for operation in OPERATIONS if operation.query is not None]
WITH_PATH = [operation for operation in OPERATIONS if parameters(operation)]
named = {"ids": lambda operation: operation.name}

BAD_TEXT = {"a\0b": "text_nul", "a\ud800b": "text_surrogate", "a\udfff": "text_surrogate", "a\x1bb": "text_control"}
HUGE = [2**31, 2**63, -(2**63) - 1, 2**64, 10**400, -(10**5000)]
NUMBERS = ["1e999", "-1e999", "1e-999", "NaN", "Infinity", "-Infinity", "1.5", "0x10", "1_000", "01"]
OTHER = [None, True, [], {}, [[]], {"a": 1}, "", "x", 1.5]


def ids(_: str) -> str:
    return str(new_id())


def send(company: Company, operation: Operation, **request: Any) -> httpx.Response:
    given = request_of(operation, ids)
    given.pop("json", None)
    headers = given.pop("headers", {}) | request.pop("headers", {})
    return able(company, operation).rest.request(**(given | request), headers=headers)


def able(company: Company, operation: Operation) -> Actor:
    """Whom no missing permission stops from getting as far as the input."""
    return company.finance if operation.permission is Permission.benefit_verify else company.admin


def sent_json(company: Company, operation: Operation, text: str | bytes) -> httpx.Response:
    raw = text.encode() if isinstance(text, str) else text
    return send(company, operation, content=raw, headers={"Content-Type": "application/json"})


def is_text(schema: Any) -> bool:
    return schema.get("type") == "string" and "enum" not in schema and "format" not in schema and "const" not in schema


def pointer(path: tuple[str | int, ...]) -> str:
    return "".join(f"/{part}" for part in path)


def checked(response: httpx.Response) -> None:
    """Whatever was sent, the answer is a right one or a problem."""
    if response.status_code >= 300:
        problem(response, language=response.headers["content-language"])


# ---- bodies ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", WITH_BODY, **named)
def test_texts_that_are_no_text(company: Company, operation: Operation) -> None:
    schema = body_schema(operation)
    assert schema is not None
    body, batch = sample(schema, ids), operation.path.endswith(":batch")
    for place in places(schema):
        if not is_text(place.schema):
            continue
        for text, code in BAD_TEXT.items():
            response = sent_json(company, operation, json.dumps(placed(body, place.path, text)))
            if batch and response.status_code == 207:
                errors = response.json()["items"][0]["problem"]["errors"]
                where = pointer(place.path[2:])
            else:
                errors, where = problem(response, "invalid")["errors"], pointer(place.path)
            assert (where, code) in [(e["pointer"], e["code"]) for e in errors], (place.path, text, response.text)


@pytest.mark.parametrize("operation", WITH_BODY, **named)
def test_values_of_another_type(company: Company, operation: Operation) -> None:
    schema = body_schema(operation)
    assert schema is not None
    body = sample(schema, ids)
    marker = "@@here@@"
    for place in places(schema):
        text = json.dumps(placed(body, place.path, marker))
        values = [json.dumps(value) for value in (*OTHER, "9999-99-99", "x" * 5000)] + NUMBERS
        values += [str(number) if abs(number) < 10**1000 else "1" + "0" * 5000 for number in HUGE]
        if "date" in str(place.schema.get("format")):
            values += [
                '"0000-01-01T00:00:00Z"',
                '"10000-01-01T00:00:00Z"',
                '"0001-01-01"',
                '"9999-12-31"',
                '"9999-12-31T23:59:59-14:00"',
            ]
        for value in values:
            checked(sent_json(company, operation, text.replace(json.dumps(marker), value)))


@pytest.mark.parametrize("operation", WITH_BODY, **named)
def test_bodies_that_are_no_json(company: Company, operation: Operation) -> None:
    for raw in (
        b"", b"{", b"nul", b"[1,]", b'{"a": NaN}', b"\x00", b'"\x00"', b'{"title": "\xff\xfe"}', b"\xff" * 10,
        '{"title": "条目"}'.encode("gb18030"), '{"title": "x"}'.encode("utf-16"), '{"title": "x"}'.encode("utf-32"),
        b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000, b"1" * 100_000,
    ):  # fmt: skip
        body = problem(sent_json(company, operation, raw), "invalid_json", "invalid")
        if raw[:1] in (b"[", b"{") or not raw:
            assert body["code"] == "invalid_json", raw[:20]
    for document in ("null", "1", '"x"', "[]", "true", "1e999", "[{}]"):
        problem(sent_json(company, operation, document), "invalid")


@pytest.mark.parametrize("operation", WITH_BODY, **named)
def test_unknown_fields(company: Company, operation: Operation) -> None:
    schema = body_schema(operation)
    assert schema is not None
    body = sample(schema, ids) | {"nobody_knows": 1}
    errors = problem(sent_json(company, operation, json.dumps(body)), "invalid").get("errors", [])
    if not operation.path.endswith(":batch"):
        assert ("/nobody_knows", "extra_forbidden") in [(e["pointer"], e["code"]) for e in errors]


@pytest.mark.parametrize("operation", WITH_BODY, **named)
def test_another_content_type(company: Company, operation: Operation) -> None:
    for kind in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
    ):
        response = send(company, operation, content=b"{}", headers={"Content-Type": kind})
        problem(response, "unsupported_media_type")


@pytest.mark.parametrize("operation", WITH_BODY[:6], **named)
def test_bodies_over_the_limit(company: Company, operation: Operation) -> None:
    limit = company.server.application.api.state.kernel.settings.max_body
    problem(send(company, operation, content=b" " * (limit + 1)), "too_large")

    def chunks() -> Any:
        for _ in range(limit // 65536 + 2):
            yield b" " * 65536

    problem(send(company, operation, content=chunks(), headers={"Content-Type": "application/json"}), "too_large")


def test_a_body_that_announces_more_than_it_may(company: Company) -> None:
    """Refused before it is sent; the connection ends, since what follows cannot be told from the next request."""
    address = urlsplit(company.server.url)
    for length in (b"99999999999999999999", b"5000000", b"-1", b"x"):
        with socket.create_connection((address.hostname, address.port), 5) as wire:
            head = b"POST /v1/knowledge-items HTTP/1.1\r\nHost: x\r\nContent-Length: " + length + b"\r\n"
            wire.sendall(head + f"Authorization: Bearer {company.employee.key}\r\n\r\n".encode())
            answer = wire.recv(65536)
        assert answer.split(b" ")[1] in (b"413", b"400"), answer[:200]


def test_equal_keys_in_one_object(company: Company) -> None:
    """JSON leaves open what they mean; ours is that of most parsers, the last, and the same each time."""
    text = '{"kind": "sop", "title": "一", "title": "二"}'
    response = company.employee.rest.post(
        "/knowledge-items", content=text.encode(), headers={"Content-Type": "application/json"}
    )
    assert (response.status_code, response.json()["title"]) == (201, "二")


# ---- queries --------------------------------------------------------------------------------------------------------


def asked(company: Company, operation: Operation, query: str) -> httpx.Response:
    required = "&".join(f"{name}={quote(str(value))}" for name, value in query_of(operation, ids).items())
    url = f"{path_of(operation, ids)}?{query}" + (f"&{required}" if required else "")
    headers = {"If-Match": "*"} if operation.if_match == "required" else {}
    body = body_schema(operation)
    return able(company, operation).rest.request(
        operation.method, url, headers=headers, json=None if body is None else sample(body, ids)
    )


@pytest.mark.parametrize("operation", OPERATIONS, **named)
def test_unknown_parameters(company: Company, operation: Operation) -> None:
    for query in ("nobody_knows=1", "%E6%9D%A1=1", "nobody_knows"):
        errors = problem(asked(company, operation, query), "invalid")["errors"]
        assert errors[0]["code"] == "unknown_parameter"
        assert errors[0]["pointer"].startswith("?")


@pytest.mark.parametrize("operation", WITH_QUERY, **named)
def test_parameters_that_are_no_text(company: Company, operation: Operation) -> None:
    assert operation.query is not None
    for name, schema in operation.query.model_json_schema()["properties"].items():
        for value in ("%ff", "%ed%a0%80", "%c0%80", "%f8%88%80%80%80"):
            problem(asked(company, operation, f"{name}={value}"), "bad_request")
        for value in ("%00", "a%00b", "%01"):
            response = asked(company, operation, f"{name}={value}")
            checked(response)
            if is_text(schema) or any(is_text(part) for part in schema.get("anyOf", ())):
                assert response.status_code in (400, 422), (name, value, response.text)


@pytest.mark.parametrize("operation", WITH_QUERY, **named)
def test_parameters_of_another_type(company: Company, operation: Operation) -> None:
    assert operation.query is not None
    values = [str(n) for n in HUGE if abs(n) < 10**1000] + [
        *NUMBERS, "", "x", "-1", "0", "null", "true", "%zz", "%", "+", "x" * 3000, "0" * 3000, "1" * 3000,
        "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00",
        "2026-02-30T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00", "%E2%80%AE", "\U0001f469‍\U0001f469",
        "'; DROP TABLE x; --",
        "%25%5C_%27%22", "[1,2]", "{}", "\N{FULLWIDTH DIGIT ONE}",
    ]  # fmt: skip
    for name in operation.query.model_fields:
        for value in values:
            checked(asked(company, operation, f"{name}={quote(value, safe='%+')}"))


@pytest.mark.parametrize("operation", WITH_QUERY, **named)
def test_repeated_parameters(company: Company, operation: Operation) -> None:
    assert operation.query is not None
    for name, schema in operation.query.model_json_schema()["properties"].items():
        kinds = {schema.get("type"), *(part.get("type") for part in schema.get("anyOf", ()))}
        if "array" in kinds or ("$ref" in str(schema.get("anyOf", "")) and "array" in str(schema)):
            continue
        errors = problem(asked(company, operation, f"{name}=1&{name}=1"), "invalid")["errors"]
        assert ("?" + name, "repeated_parameter") in [(e["pointer"], e["code"]) for e in errors]


# ---- paths ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", WITH_PATH, **named)
def test_path_parameters(company: Company, operation: Operation) -> None:
    for name, kind, _ in parameters(operation):
        values = ["x", "1", "%00", "a%00b", "%01", "%ff", "%ed%a0%80", "%zz", "%2F", "%2e%2e", "x" * 3000, "%20"]
        values += [str(n) for n in HUGE if abs(n) < 10**1000] + ["-1", "1.5", "1e999", "{id}", str(uuid4()).upper()]
        values += [
            "0" * 36,
            "g" * 36,
            "urn:uuid:" + str(uuid4()),
            "%7B" + str(uuid4()) + "%7D",
            str(uuid4()).replace("-", ""),
        ]
        for value in values:
            path = operation.path
            for other, of, before in parameters(operation):
                usual = ids(before) if of is UUID else sample(schema_of(of), ids, other)
                path = path.replace(f"{{{other}}}", value if other == name else str(usual))
            response = send(company, operation, url=path, json=sample(body_schema(operation) or {}, ids) or None)
            checked(response)
            if kind is UUID and "/" not in value and value != "%2e%2e" and len(value) != 36:
                assert response.status_code in (400, 404, 405, 422), (value, response.text)


def test_the_address_itself(company: Company) -> None:
    for path in (
        "/v1/%00", "/v1/knowledge-items%00", "/v1/%ff", "/v1//knowledge-items", "/v1/knowledge-items/", "/v1/../v1/me",
        "/v1/knowledge-items/%2e%2e/%2e%2e/graphql", "/v1/nothing", "/nothing", "/v1", "//", "/v1/" + "x" * 9000,
        "/v1/knowledge-items?" + "x" * 9000,
    ):  # fmt: skip
        address = urlsplit(company.server.url)
        with socket.create_connection((address.hostname, address.port), 5) as wire:
            head = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            wire.sendall(f"{head}Authorization: Bearer {company.employee.key}\r\n\r\n".encode())
            answer = b"".join(iter(lambda: wire.recv(65536), b""))
        status = int(answer.split(b" ")[1])
        assert 400 <= status < 500, (path[:60], answer[:200])
        assert b"application/problem+json" in answer, (path[:60], answer[:300])


# ---- headers --------------------------------------------------------------------------------------------------------


def test_headers(company: Company) -> None:
    for name, values in {
        "Authorization": ["Bearer", "Basic eDp4", "Bearer \xff", "Bearer ksk_", "Bearer " + "x" * 9000, "bearer x y"],
        "If-Match": ["", "x", '"', '"x"', '"99999999999"', '"1","2"', 'W/"1"', "\xff", '"' + "1" * 5000 + '"'],
        "If-None-Match": ["", "*", '"', "\xff", 'W/"1"', ",".join(['"1"'] * 500)],
        "Idempotency-Key": ["", "x" * 256, "\xff", "条".encode().decode("latin-1")],
        "Accept-Language": ["\xff", "zh;q=x", "zh;q=99", "," * 500, "zh-" * 500, "*;q=0"],
        "Accept": ["\xff", "x", "text/html", "*/*;q=x", ",,,"],
        "Content-Type": ["\xff", "application/json; charset=\xff", "application/json; charset=utf-16", "", ";"],
        "X-Request-Id": ["\xff", "x", "x" * 500, "a b"],
        "Content-Encoding": ["gzip", "br"],
    }.items():
        for value in values:
            for method, path in (
                ("GET", "/knowledge-items"),
                ("POST", "/knowledge-items"),
                ("PATCH", f"/knowledge-items/{new_id()}"),
            ):
                headers = [(name.encode(), value.encode("latin-1"))]
                if name != "Authorization":
                    headers.append((b"Authorization", f"Bearer {company.employee.key}".encode()))
                content = None if method == "GET" else b'{"kind": "sop", "title": "x"}'
                checked(company.anonymous.request(method, path, headers=headers, content=content))


# ---- languages ------------------------------------------------------------------------------------------------------


def test_problems_speak_both_languages(company: Company) -> None:
    for accept, language in (("zh-CN,zh;q=0.9,en;q=0.5", "zh"), ("en", "en"), ("fr", "en"), ("fr,zh-TW;q=0.2", "zh")):
        response = company.employee.rest.post(
            "/knowledge-items", json={"kind": "sop", "title": "a\0"}, headers={"Accept-Language": accept}
        )
        body = problem(response, "invalid", language=language)
        assert body["instance"] == "/v1/knowledge-items"
        assert [(e["pointer"], e["code"]) for e in body["errors"]] == [("/title", "text_nul")]
        message = body["errors"][0]["message"]
        assert any("\u4e00" <= character <= "\u9fff" for character in message) == (language == "zh")


# ---- cursors --------------------------------------------------------------------------------------------------------


def first_cursor(company: Company) -> str:
    while True:
        cursor = company.employee.rest.get("/knowledge-items", params={"limit": 1}).json()["next_cursor"]
        if cursor:
            return str(cursor)
        company.employee.item()


def test_every_changed_byte_of_a_cursor_is_noticed(company: Company) -> None:
    cursor = first_cursor(company)
    alphabet = "AQgw-_09z=+/ é"
    for position in range(len(cursor)):
        for character in {alphabet[position % len(alphabet)], "A", "x"} - {cursor[position]}:
            changed = cursor[:position] + character + cursor[position + 1 :]
            response = company.employee.rest.get("/knowledge-items", params={"cursor": changed})
            problem(response, "invalid_cursor", "cursor_mismatch")
    for changed in (
        cursor[:-1],
        cursor + "A",
        cursor + "=",
        cursor[1:],
        cursor * 2,
        "",
        "x",
        "é",
        "A" * 1000,
        cursor + "\n",
    ):
        response = company.employee.rest.get("/knowledge-items", params={"cursor": changed})
        problem(response, "invalid_cursor", "cursor_mismatch")


def test_a_cursor_of_another_list_filter_or_order(company: Company) -> None:
    cursor = first_cursor(company)
    for params in (
        {"order": "recently_changed"}, {"kind": "sop"}, {"author": str(company.employee.id)}, {"state": "published"},
        {"published_from": "2020-01-01T00:00:00Z"},
    ):  # fmt: skip
        problem(company.employee.rest.get("/knowledge-items", params=params | {"cursor": cursor}), "cursor_mismatch")
    lists = [o for o in OPERATIONS if o.query is not None and "cursor" in o.query.model_fields and "{" not in o.path]
    for operation in lists:
        if operation.path != "/knowledge-items":
            params = query_of(operation, ids) | {"cursor": cursor}
            problem(company.admin.rest.get(operation.path, params=params), "cursor_mismatch", "invalid_cursor")
    # Somebody else may use it: what they see is decided anew.
    assert company.colleague.rest.get("/knowledge-items", params={"cursor": cursor}).status_code == 200
