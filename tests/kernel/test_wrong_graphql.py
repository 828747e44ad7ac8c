"""Wrong input to the GraphQL door: an error with a code, never a 5xx, and never more work than a right query costs."""

import json
import time
from typing import Any

import graphql
import httpx
import pytest
from tests.conftest import Company
from tests.sampling import graphql_request, placed, root_fields

from kshare.core.ids import new_id

FIELDS = root_fields()
named = {"ids": lambda field: field[1]}
CODES = ("BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED", "INVALID", "TOO_COMPLEX")


def ids(_: str) -> str:
    return str(new_id())


def post(company: Company, body: Any, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return company.admin.rest.post(
        f"{company.server.url}/graphql", content=content, headers={"Content-Type": "application/json", **headers}
    )


def codes(response: httpx.Response) -> set[str]:
    """The codes of an answer; none of them our own fault, and every one with words."""
    assert response.status_code < 500, response.text[:300]
    answer = response.json()
    errors = answer.get("errors", [])
    for error in errors:
        assert error["message"], error
        assert error["extensions"]["code"] != "INTERNAL", error
    for secret in ("Traceback", "SELECT ", "asyncpg", "pydantic"):
        assert secret not in response.text
    return {error["extensions"]["code"] for error in errors} or ({answer["code"]} if "code" in answer else set())


# ---- bombs ----------------------------------------------------------------------------------------------------------

LEAF = "knowledgeItems { nodes { id } }"


def doubling(levels: int) -> str:
    parts = [f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels)]
    return "{ ...F0 } " + " ".join(parts) + f" fragment F{levels} on Query {{ {LEAF} }}"


def nested_fragments(levels: int) -> str:
    inner = "id"
    for n in range(levels):
        inner = (
            f"author {{ id ...on Person {{ manager {{ {inner} ...on Person {{ {inner} }} }} }} }}" if n < 4 else inner
        )
    return f"{{ knowledgeItems {{ nodes {{ {inner} }} }} }}"


BOMBS = {
    "doubling fragments": doubling(30),
    "many doubling fragments": doubling(90),
    "a circle": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
    "itself": "{ ...A } fragment A on Query { ...A }",
    "nested fragments": nested_fragments(6),
    "20,000 aliases": "{ " + " ".join(f"a{n}: __typename" for n in range(20_000)) + " }",
    "20,000 lists": "{ " + " ".join(f"a{n}: {LEAF}" for n in range(20_000)) + " }",
    "1,000 aliases": "{ " + " ".join(f"a{n}: {LEAF}" for n in range(1_000)) + " }",
    "the same field again": "{ " + f"{LEAF} " * 2_000 + "}",
    "deep": "{ me { manager " * 1 + "{ manager " * 400 + "{ id }" + " }" * 402,
    "very deep": "{ a " * 20_000 + "}" * 20_000,
    "deep lists": "{ knowledgeItems(first: " + "[" * 20_000 + "]" * 20_000 + ") { nodes { id } } }",
    "deep objects": "{ knowledgeItems(filter: " + "{a: " * 20_000 + "1" + "}" * 20_000 + ") { nodes { id } } }",
    "wide": "{ knowledgeItems(first: 100) { nodes { comments(first: 100) { replies(first: 100) "
    "{ replies(first: 100) { id } } } } } }",
    "many directives": "{ knowledgeItems " + "@include(if: true) " * 5_000 + "{ nodes { id } } }",
    "unknown directives": "{ knowledgeItems " + "@x " * 5_000 + "{ nodes { id } } }",
    "many variables": "query(" + " ".join(f"$v{n}: Int" for n in range(5_000)) + f") {{ {LEAF} }}",
    "many operations": " ".join(f"query Q{n} {{ {LEAF} }}" for n in range(5_000)),
    "comments": "#" * 50_000 + "\n{ me { id } }" + "\n#x" * 20_000,
    "a long string": '{ knowledgeItem(id: "' + "x" * 90_000 + '") { id } }',
    "a huge document": "{ me { id } } " + " " * 3_000_000,
    "introspection of everything": "{ __schema { types { fields { type "
    + "{ fields { type " * 4
    + "{ name }"
    + " }" * 12,
    "unknown fields": "{ " + " ".join(f"nothing{n}" for n in range(3_000)) + " }",
    "many mutations": "mutation { "
    + " ".join(f'm{n}: createKnowledgeItem(input: {{kind: sop, title: "x"}}) {{ id }}' for n in range(500))
    + " }",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_do_not_go_off(company: Company, bomb: str) -> None:
    before = company.server.sql("SELECT count(*) FROM content")[0]["count"]
    began = time.monotonic()
    response = post(company, {"query": BOMBS[bomb]})
    assert time.monotonic() - began < 4, "on a busy machine; alone it takes a fifth of a second"
    assert codes(response), response.text[:200]
    assert codes(response) <= {*CODES, "too_large"}, response.text[:200]
    assert company.server.sql("SELECT count(*) FROM content")[0]["count"] == before


# ---- requests that are none -----------------------------------------------------------------------------------------


def test_requests_that_are_none(company: Company) -> None:
    for raw in (
        b"", b"{", b"\xff", b"[]", b"null", b"1", b"[" * 100_000, b"{\"query\": NaN}", b"{}",
        b'{"query": 1}', b'{"query": ""}',
        b'{"query": "{ me { id } }", "variables": []}', b'{"query": "{ me { id } }", "variables": "x"}',
        b'{"query": "{ me { id } }", "operationName": 1}', b'{"query": "{ me { id } }", "extensions": 1}',
        b'{"query": "\\ud800"}', b'{"query": "{ me { id } } \\u0000"}', '{"query": "{ me { id } }"}'.encode("utf-16"),
        b'{"query": "{ me { id } }", "variables": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
        b'[{"query": "{ me { id } }"}]', b'{"query": "{ me { id } }", "operationName": "x"}',
        b'{"query": "query A { me { id } } query B { me { id } }"}',
    ):  # fmt: skip
        response = post(company, raw)
        assert response.status_code >= 400 or codes(response), raw[:60]
        codes(response)
    for kind in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
    ):
        response = post(company, b"{ me { id } }", **{"Content-Type": kind})
        assert response.status_code in (400, 415)
        codes(response)
    for query in (
        "query=%00",
        "query=%ff",
        "query={me{id}}&variables=x",
        "query={me{id}}&query={me{id}}",
        "",
        "query=",
    ):
        codes(company.admin.rest.get(f"{company.server.url}/graphql?{query}"))


def test_a_mutation_is_no_get(company: Company) -> None:
    title = ids("")
    query = f'mutation {{ createKnowledgeItem(input: {{ kind: sop, title: "{title}" }}) {{ id }} }}'
    response = company.admin.rest.get(f"{company.server.url}/graphql", params={"query": query})
    assert response.status_code == 405
    assert company.server.sql("SELECT count(*) FROM content WHERE title = $1", title)[0]["count"] == 0


# ---- values ---------------------------------------------------------------------------------------------------------

BAD = [
    "a\0b", "a\ud800", "a\x1b", "x" * 300_000, "", 0, -1, 2**31, 2**63, 2**64, 10**400, 1.5, True, None, [], [[1]], {},
    {"a": 1},
    "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "not an id", "0" * 36,
]  # fmt: skip


def targets(type_: Any, path: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """The paths to every scalar a variable of this type can hold."""
    while graphql.is_non_null_type(type_):
        type_ = type_.of_type
    if graphql.is_list_type(type_):
        return [path, *targets(type_.of_type, (*path, 0))]
    if isinstance(type_, graphql.GraphQLInputObjectType):
        return [path] + [t for n, f in type_.fields.items() for t in targets(f.type, (*path, n))]
    return [path]


@pytest.mark.parametrize("field", FIELDS, **named)
def test_values_of_every_wrong_sort(company: Company, field: tuple[str, str, graphql.GraphQLField]) -> None:
    kind, name, definition = field
    required = graphql_request(kind, name, definition, ids)["variables"]
    declared = ", ".join(f"${n}: {a.type}" for n, a in definition.args.items())
    given = ", ".join(f"{n}: ${n}" for n in definition.args)
    selection = "" if graphql.is_leaf_type(graphql.get_named_type(definition.type)) else " { __typename }"
    query = f"{kind} ({declared}) {{ {name}({given}){selection} }}" if declared else f"{kind} {{ {name}{selection} }}"
    for argument, spec in definition.args.items():
        for path in targets(spec.type, (argument,)):
            for value in BAD:
                variables = placed(required, path, value)
                response = post(company, {"query": query, "variables": variables})
                found = codes(response)
                if isinstance(value, str) and value[:1] == "a" and found == {"INVALID"}:
                    errors = response.json()["errors"][0]["extensions"].get("errors")
                    assert errors is None or (errors[0]["pointer"] and errors[0]["code"]), response.text
            for literal in ("1e999", "NaN", "Infinity", "1" * 5000):
                text = json.dumps({"query": query, "variables": placed(required, path, "@@")}).replace('"@@"', literal)
                codes(post(company, text.encode()))


def test_literals_of_every_wrong_sort(company: Company) -> None:
    for literal in (
        "2147483648", "99999999999999999999", "1e999", "-1", "0", "101", '"x"', "null", "true", "[1]", "{a: 1}", "$x",
        "X",
        '"\\u0000"', '"""\\"""', "1" * 5000,
    ):  # fmt: skip
        assert codes(post(company, {"query": f"{{ knowledgeItems(first: {literal}) {{ nodes {{ id }} }} }}"})), literal
        codes(post(company, {"query": f"{{ knowledgeItems(after: {literal}) {{ nodes {{ id }} }} }}"}))
        codes(post(company, {"query": f"{{ knowledgeItem(id: {literal}) {{ id }} }}"}))
    for escape in ("\\u0000", "\\ud800", "\\u001b"):
        response = post(
            company, {"query": f'mutation {{ createKnowledgeItem(input: {{kind: sop, title: "a{escape}"}}) {{ id }} }}'}
        )
        assert codes(response) <= set(CODES)
        assert codes(response)


def test_cursors_of_other_connections(company: Company) -> None:
    company.employee.item()
    company.employee.item()
    query = "query($after: String) { knowledgeItems(first: 1, after: $after) { pageInfo { endCursor } } }"
    cursor = company.employee.data(query)["knowledgeItems"]["pageInfo"]["endCursor"]
    for wrong in ("x", cursor[:-1], cursor + "A", cursor[::-1], "é", "\0", ""):
        errors = company.employee.graphql(query, after=wrong)["errors"]
        assert errors[0]["extensions"]["code"] in ("INVALID_CURSOR", "CURSOR_MISMATCH")
    other = "query($after: String) { knowledgeItems(orderBy: recently_changed, after: $after) { nodes { id } } }"
    assert company.employee.graphql(other, after=cursor)["errors"][0]["extensions"]["code"] == "CURSOR_MISMATCH"


def test_errors_speak_both_languages(company: Company) -> None:
    body = {"query": '{ knowledgeItem(id: "' + ids("") + '") { id } }'}
    said = {
        language: post(company, body, **{"Accept-Language": language}).json()["errors"][0]["message"]
        for language in ("zh-CN", "en", "fr")
    }
    assert said == {"zh-CN": "未找到", "en": "Not found", "fr": "Not found"}
