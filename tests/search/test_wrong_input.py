"""Whatever is typed into a search is a search, or a clear 422; it is never an error of ours, and never a tsquery."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import Company
from tests.search.asking import GRAPHQL, marker


@pytest.mark.parametrize(
    "query",
    [
        "& | ! : * ' \\",
        "a & b | !c",
        "'; DROP TABLE content; --",
        "a:*",
        "'",
        "''''",
        '"',
        '"""',
        '"开头没有结尾',
        "结尾没有开头”",
        "-",
        "--",
        "- -",
        '-"',
        "!!",
        "()",
        ")(",
        "<->",
        "<2>",
        "\\",
        "\\'",
        "=d",
        "'=d'",
        "=a00000000-0000-7000-8000-000000000001",
        "，。！？、",
        "的",
        "的了和",
        "%",
        "%s %(x)s {0}",
        "$1",
        "\u200b",
        "😀👨‍👩‍👧‍👦",
        "é" * 100,
        "a" * 500,
        "轴" * 500,
        '"' + "轴承 " * 100 + '"',
        "-" + "轴承" * 200,
        "-x " * 150,
        "NULL",
        "\t轴承\t".strip(),
    ],
)
def test_anything_is_a_search(company: Company, query: str) -> None:
    answer = company.colleague.rest.get("/search", params={"q": query, "facets": True})
    if query == "\u200b":
        assert answer.status_code == 422
        return
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page["total"]["value"] >= len(page["items"])
    response = company.colleague.graphql(GRAPHQL, q=query)
    assert "errors" not in response, response


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60))
def test_any_text(company: Company, text: str) -> None:
    answer = (
        company.colleague.rest.post(f"{company.server.url}/graphql", json={"query": GRAPHQL, "variables": {"q": text}})
        if _sendable(text)
        else None
    )
    if answer is None:
        return
    codes = {error["extensions"]["code"] for error in answer.json().get("errors", ())}
    assert codes <= {"INVALID"}, answer.text


def _sendable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def test_characters_of_a_query_do_not_become_lexemes_of_filters(company: Company) -> None:
    word = marker()
    company.employee.item(title=word)
    company.server.settle()
    for query in ("=d", "'=d'", "=lzh", "=ksop", f"=a{company.employee.id}"):
        found = company.colleague.rest.get("/search", params={"q": f"{query} {word}{word}"}).json()
        assert found["items"] == []


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ({}, "?q"),
        ({"q": ""}, "?q"),
        ({"q": "   "}, "?q"),
        ({"q": "a\x00b"}, "?q"),
        ({"q": "a\nb"}, "?q"),
        ({"q": "x" * 5_000}, "?q"),
        ({"q": "轴承", "limit": 0}, "?limit"),
        ({"q": "轴承", "limit": 101}, "?limit"),
        ({"q": "轴承", "limit": "9" * 30}, "?limit"),
        ({"q": "轴承", "order": "random"}, "?order"),
        ({"q": "轴承", "kind": "novel"}, "?kind"),
        ({"q": "轴承", "language": "fr"}, "?language"),
        ({"q": "轴承", "author": "me"}, "?author"),
        ({"q": "轴承", "category": "1e999"}, "?category"),
        ({"q": "轴承", "tag": "x" * 100}, "?tag"),
        ({"q": "轴承", "published_from": "yesterday"}, "?published_from"),
        ({"q": "轴承", "published_from": "2024-01-01T00:00:00"}, "?published_from"),
        ({"q": "轴承", "facets": "perhaps"}, "?facets"),
        ({"q": "轴承", "state": "draft"}, "?state"),
        ({"q": "轴承", "colour": "red"}, "?colour"),
    ],
)
def test_wrong_parameters(company: Company, parameters: dict[str, Any], pointer: str) -> None:
    answer = company.colleague.rest.get("/search", params=parameters)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1969-01-01T00:00:00+14:00"])
def test_extreme_dates(company: Company, moment: str) -> None:
    for name in ("published_from", "published_before"):
        for order in ("relevance", "newest"):
            answer = company.colleague.rest.get("/search", params={"q": "轴承", name: moment, "order": order})
            assert answer.status_code == 200, answer.text


def test_half_a_surrogate(company: Company) -> None:
    raw = company.colleague.rest.get("/search?q=%ED%A0%80")
    assert raw.status_code in (400, 422)
    body = b'{"query": "query($q: String!) { search(query: $q) { terms } }", "variables": {"q": "\\ud800"}}'
    headers = {"Content-Type": "application/json"}
    answer = company.colleague.rest.post(f"{company.server.url}/graphql", content=body, headers=headers)
    assert answer.status_code in (200, 400, 422)
    assert answer.json()["errors"]


def test_wrong_arguments_in_graphql(company: Company) -> None:
    for variables in ({"q": ""}, {"q": "轴" * 10_000}, {"q": "轴承", "first": 0}, {"q": "轴承", "first": 101}):
        response = company.colleague.graphql(GRAPHQL, **variables)
        assert response["errors"][0]["extensions"]["code"] == "INVALID", response
