"""Every refusal is a problem document, whatever was raised and whatever was sent."""

import asyncio
import json
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Header, Query
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from starlette.exceptions import HTTPException

from kshare.core.errors import PROBLEMS, DomainError, FieldError, invalid, not_found
from kshare.edge.problems import (
    field_errors,
    install_problem_handlers,
    install_problem_pages,
    preferred_language,
    problem_body,
)


class Step(BaseModel):
    model_config = ConfigDict(extra="forbid")
    weight: int = Field(ge=1)


class Idea(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str = Field(max_length=10)
    cost: float = 0
    steps: list[Step] = []

    @field_validator("title")
    @classmethod
    def _no_nul(cls, value: str) -> str:
        if "\0" in value:
            raise PydanticCustomError("text_nul", "Text must not contain NUL")
        return value


class DatabaseAway(Exception):
    pass


def translate(error: BaseException) -> DomainError | None:
    if isinstance(error, DatabaseAway):
        return DomainError("unavailable", "The database is away.", headers={"Retry-After": "2"})
    return None


def make_app() -> FastAPI:
    app = FastAPI()
    router = APIRouter()

    @router.post("/ideas")
    async def propose(idea: Idea) -> Idea:
        return idea

    @router.get("/ideas/{number}")
    async def read(
        number: int, limit: Annotated[int, Query(le=100)] = 20, if_match: Annotated[int | None, Header()] = None
    ) -> int:
        return number + limit + (if_match or 0)

    @router.get("/fail/{how}")
    async def fail(how: str) -> None:
        failures: dict[str, Exception] = {
            "domain": DomainError("version_conflict", headers={"ETag": '"7"'}, extra={"current": 7, "status": 200}),
            "hidden": not_found("idea"),
            "unauthenticated": DomainError("unauthenticated"),
            "database": DatabaseAway("SELECT secret FROM t"),
            "bug": RuntimeError("SELECT password FROM person"),
            "teapot": HTTPException(418, "I'm a teapot"),
            "forbidden": HTTPException(403),
            "clash": HTTPException(409),
            "unprocessable": HTTPException(422),
            "ugly": invalid("/\ud800", "text_surrogate", "\udfff is no character"),
            "extra": DomainError("conflict", extra={"a": float("inf"), "b": 10**30, "c": "\ud800", "d": object()}),
        }
        raise failures[how]

    app.include_router(router, prefix="/v1")
    install_problem_handlers(app, translate)
    install_problem_pages(app)
    return app


APP = make_app()


def ask(method: str, path: str, **request: Any) -> httpx.Response:
    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(APP, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://kshare") as client:
            return await client.request(method, path, **request)

    return asyncio.run(run())


def problem(method: str, path: str, **request: Any) -> dict[str, Any]:
    """The answer's document, after checking what is true of every one."""
    answer = ask(method, path, **request)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["vary"] == "Accept-Language"
    body: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "instance", "code", "request_id"} <= body.keys()
    assert body["status"] == answer.status_code == PROBLEMS[body["code"]].status
    assert body["type"] == f"/problems/{body['code']}"
    assert body["detail"]
    assert "SELECT" not in answer.text
    assert "Traceback" not in answer.text
    return body


def test_a_refusal_is_itself_with_its_headers_and_extras() -> None:
    body = problem("GET", "/v1/fail/domain?secret=1")
    assert (body["code"], body["status"], body["current"]) == ("version_conflict", 412, 7)
    assert body["instance"] == "/v1/fail/domain"
    assert ask("GET", "/v1/fail/domain").headers["etag"] == '"7"'


def test_the_instance_stays_encoded_and_short() -> None:
    assert problem("GET", "/v1/nothing/%E4%B8%AD%20%22")["instance"] == "/v1/nothing/%E4%B8%AD%20%22"
    assert len(problem("GET", "/" + "x" * 5000)["instance"]) <= 512


@pytest.mark.parametrize(
    "method, path, code",
    [
        ("GET", "/nowhere", "not_found"),
        ("GET", "/v1/fail/hidden", "not_found"),
        ("GET", "/v1/fail/forbidden", "forbidden"),
        ("GET", "/v1/fail/clash", "conflict"),
        ("GET", "/v1/fail/unprocessable", "invalid"),
        ("GET", "/v1/fail/teapot", "bad_request"),
        ("GET", "/v1/fail/database", "unavailable"),
        ("GET", "/v1/fail/bug", "internal"),
        ("GET", "/v1/fail/extra", "conflict"),
        ("GET", "/v1/fail/ugly", "invalid"),
        ("GET", "/problems/no_such_code", "not_found"),
    ],
)
def test_whatever_is_raised_has_a_code(method: str, path: str, code: str) -> None:
    assert problem(method, path)["code"] == code


def test_a_wrong_method_names_the_right_ones() -> None:
    assert problem("DELETE", "/v1/ideas/1")["code"] == "method_not_allowed"
    assert ask("DELETE", "/v1/ideas/1").headers["allow"] == "GET, HEAD"
    assert ask("GET", "/v1/ideas").headers["allow"] == "POST"


def test_the_challenge_says_whether_credentials_were_sent() -> None:
    without = ask("GET", "/v1/fail/unauthenticated")
    assert without.headers["www-authenticate"] == 'Bearer realm="kshare"'
    sent = ask("GET", "/v1/fail/unauthenticated", headers={"authorization": "Bearer x"})
    assert sent.headers["www-authenticate"] == 'Bearer realm="kshare", error="invalid_token"'


def test_titles_and_messages_follow_the_language() -> None:
    body = problem("POST", "/v1/ideas", json={}, headers={"accept-language": "zh-CN,en;q=0.5"})
    assert body["title"] == "输入无效"
    assert body["errors"] == [{"pointer": "/title", "code": "missing", "message": "缺少必填字段"}]
    assert ask("GET", "/nowhere", headers={"accept-language": "zh"}).headers["content-language"] == "zh"
    assert problem("GET", "/nowhere")["title"] == "Not found"


@pytest.mark.parametrize(
    "accept, language",
    [
        (None, "en"),
        ("", "en"),
        ("zh", "zh"),
        (b"ZH-hans-CN", "zh"),
        ("fr, zh;q=0.3", "zh"),
        ("en;q=0.2, zh;q=0.9", "zh"),
        ("en, zh", "en"),
        ("zh, en", "zh"),
        ("zh;q=0, *", "en"),
        ("zh;q=0", "en"),
        ("zh;q=nan, en;q=0.1", "en"),
        ("zh;q=9, en;q=0.1", "en"),
        ("*", "en"),
        (",;=;q=,\ud800", "en"),
        ("fr," * 10_000 + "zh", "en"),
    ],
)
def test_preferred_language(accept: str | bytes | None, language: str) -> None:
    assert preferred_language(accept) == language


@pytest.mark.parametrize(
    "content, pointer, code",
    [
        ('{"title": 1}', "/title", "string_type"),
        ('{"title": "a", "tilte": 1}', "/tilte", "extra_forbidden"),
        ('{"title": "a", "a/b~c": 1}', "/a~1b~0c", "extra_forbidden"),
        ('{"title": "a", "steps": [{"weight": 1}, {"weight": 0}]}', "/steps/1/weight", "greater_than_equal"),
        ('{"title": "a", "steps": [{}]}', "/steps/0/weight", "missing"),
        ('{"title": "a", "\\ud800": 1}', "", "text_surrogate"),
        ('{"title": "a\\u0000"}', "/title", "text_nul"),
        ('{"title": "\\ud800"}', "/title", "text_surrogate"),
        ("[1]", "", "model_attributes_type"),
        ("", "", "missing"),
    ],
)
def test_broken_input_is_pointed_at(content: str, pointer: str, code: str) -> None:
    body = problem("POST", "/v1/ideas", content=content, headers={"content-type": "application/json"})
    assert body["code"] == "invalid"
    assert [(error["pointer"], error["code"]) for error in body["errors"]] == [(pointer, code)]


@pytest.mark.parametrize(
    "path, headers, pointer",
    [
        ("/v1/ideas/x", {}, "{number}"),
        ("/v1/ideas/1?limit=101", {}, "?limit"),
        ("/v1/ideas/1", {"if-match": "x"}, "header If-Match"),
    ],
)
def test_parameters_are_pointed_at(path: str, headers: dict[str, str], pointer: str) -> None:
    assert [error["pointer"] for error in problem("GET", path, headers=headers)["errors"]] == [pointer]


@pytest.mark.parametrize(
    "content",
    [b"{", b"\xff\xfe\xfd", b"[" * 200_000, b"9" * 5000, b'{"title": tru}', b"\x00"],
    ids=["cut", "no UTF-8", "deep", "long number", "typo", "NUL"],
)
def test_a_body_that_is_no_json(content: bytes) -> None:
    body = problem("POST", "/v1/ideas", content=content, headers={"content-type": "application/json"})
    assert body["code"] == "invalid_json"


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity", "1" + "0" * 400])
def test_a_number_that_json_cannot_say_is_never_our_error(number: str) -> None:
    content = f'{{"title": {number}, "cost": {number}}}'
    body = problem("POST", "/v1/ideas", content=content, headers={"content-type": "application/json"})
    assert body["code"] == "invalid"


def test_a_flood_of_errors_is_cut() -> None:
    answer = ask("POST", "/v1/ideas", json={f"field{number}": 1 for number in range(5000)})
    assert len(answer.json()["errors"]) == 100
    assert "and 4901 more" in answer.json()["detail"]
    assert len(answer.content) < 20_000


def test_field_errors_of_a_part_of_a_document() -> None:
    with pytest.raises(ValidationError) as caught:
        Idea.model_validate({"title": "x" * 11, "steps": [{"weight": "one"}]})
    broken = caught.value.errors(include_url=False, include_context=False, include_input=False)
    assert field_errors(broken, prefix="/items/3") == [
        FieldError("/items/3/title", "string_too_long", "String should have at most 10 characters"),
        FieldError(
            "/items/3/steps/0/weight",
            "int_parsing",
            "Input should be a valid integer, unable to parse string as an integer",
        ),
    ]


def test_a_field_may_be_called_like_a_part_of_a_request() -> None:
    assert [e.pointer for e in field_errors([{"loc": ("query", "path"), "type": "missing", "msg": "m"}])] == [
        "/query/path"
    ]


def test_the_names_of_a_union_are_no_part_of_the_pointer() -> None:
    document = {"step": {"weight": "x"}}
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(dict[str, Step | list[int]]).validate_python(document)
    broken = caught.value.errors(include_url=False, include_context=False, include_input=False)
    assert {error.pointer for error in field_errors(broken, document=document)} == {"/step/weight", "/step"}


def test_an_extra_cannot_replace_a_member() -> None:
    body = problem_body(
        DomainError("conflict", extra={"code": "other", "status": 200, "more": 1}),
        instance="/x",
        request_id="r",
        language="en",
    )
    assert (body["code"], body["status"], body["more"]) == ("conflict", 409, 1)


@pytest.mark.parametrize("code", PROBLEMS)
def test_every_code_has_a_page(code: str) -> None:
    page = ask("GET", f"/problems/{code}").json()
    assert page["status"] == PROBLEMS[code].status
    assert page["title"].keys() == {"en", "zh"}
    assert page["cause"]
    assert page["cure"]
    assert code in [item["code"] for item in ask("GET", "/problems").json()["items"]]


def test_a_person_reads_the_pages_as_text() -> None:
    page = ask("GET", "/problems/not_found", headers={"accept": "text/html,*/*;q=0.8"})
    assert page.headers["content-type"] == "text/plain; charset=utf-8"
    assert page.text.startswith("# 404 Not found / 未找到")
    assert (
        ask("GET", "/problems", headers={"accept": "text/markdown"}).headers["content-type"].startswith("text/markdown")
    )


def test_an_answer_is_json_that_strict_readers_take() -> None:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    body = json.loads(ask("GET", "/v1/fail/extra").content, parse_constant=refuse)
    assert (body["a"], body["b"], body["c"]) == (None, str(10**30), "?")
