"""CORS: pages of the origins that were named may call the API from a browser, and no others."""

from collections.abc import Iterator

import httpx
import pytest
from tests.conftest import Company, Loop, Server, cloned_database, live_server

PAGE = {"Origin": "https://ui.example"}
OTHER = {"Origin": "https://ui.example.evil"}
QUESTION = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization,if-match"}
ALLOWED = "access-control-allow-origin"


@pytest.fixture(scope="module")
def open_server(postgres_url: str, loop: Loop) -> Iterator[Server]:
    origins = ("https://ui.example", "http://localhost:5173")
    with cloned_database(postgres_url, loop) as url, live_server(url, loop, cors_origins=origins) as server:
        yield server


@pytest.mark.parametrize("path", ["/v1/knowledge-items", "/graphql", "/v1/nothing"])
def test_a_page_may_ask_what_it_may_send(open_server: Server, path: str) -> None:
    answer = httpx.options(open_server.url + path, headers=PAGE | QUESTION)
    assert (answer.status_code, answer.content, answer.headers[ALLOWED]) == (204, b"", PAGE["Origin"])
    assert "PATCH" in answer.headers["access-control-allow-methods"].split(", ")
    sent = answer.headers["access-control-allow-headers"].lower().split(", ")
    assert {"authorization", "content-type", "if-match", "idempotency-key", "last-event-id"} <= set(sent)
    assert "x-request-id" in answer.headers
    assert ALLOWED not in httpx.options(open_server.url + path, headers=OTHER | QUESTION).headers


@pytest.mark.parametrize("path", ["/v1/me", "/openapi.json", "/livez", "/v1/nothing", "/graphql"])
def test_a_page_may_read_every_answer_a_refusal_too(open_server: Server, path: str) -> None:
    answer = httpx.get(open_server.url + path, headers=PAGE)
    assert answer.headers[ALLOWED] == PAGE["Origin"]
    assert {"ETag", "Link", "Retry-After"} <= set(answer.headers["access-control-expose-headers"].split(", "))
    assert "access-control-allow-credentials" not in answer.headers
    for headers in (OTHER, {"Origin": "null"}, {}):
        answer = httpx.get(open_server.url + path, headers=headers)
        assert ALLOWED not in answer.headers
        assert "Origin" in answer.headers["vary"].split(", ")


def test_what_is_too_large_may_be_read_too(open_server: Server) -> None:
    answer = httpx.post(f"{open_server.url}/v1/me", content=b"x" * (5 * 1024 * 1024), headers=PAGE)
    assert (answer.status_code, answer.headers[ALLOWED]) == (413, PAGE["Origin"])


def test_options_without_a_question_is_answered_as_ever(open_server: Server) -> None:
    assert httpx.options(f"{open_server.url}/v1/me", headers=PAGE).status_code == 405


def test_all_pages(postgres_url: str, loop: Loop) -> None:
    with cloned_database(postgres_url, loop) as url, live_server(url, loop, cors_origins=("*",)) as server:
        assert httpx.get(f"{server.url}/v1/me", headers=OTHER).headers[ALLOWED] == "*"


def test_without_the_setting_there_is_none_of_it(company: Company) -> None:
    assert httpx.options(f"{company.server.url}/v1/me", headers=PAGE | QUESTION).status_code == 405
    answer = httpx.get(f"{company.server.url}/v1/me", headers=PAGE)
    assert not [name for name in answer.headers if name.startswith("access-control")]
