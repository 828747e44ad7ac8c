"""What every refusal looks like."""

from typing import Any

import httpx

from kshare.core.errors import PROBLEMS


def problem(response: httpx.Response, *codes: str, language: str = "en") -> dict[str, Any]:
    """The problem document of an answer, checked member by member; one of `codes`, if any are given."""
    assert 400 <= response.status_code < 500 or response.status_code == 503, (response.status_code, response.text[:300])
    assert response.headers["content-type"].split(";")[0] == "application/problem+json", response.text[:300]
    body: dict[str, Any] = response.json()
    assert body["status"] == response.status_code == PROBLEMS[body["code"]].status
    assert body["type"] == f"/problems/{body['code']}"
    assert body["request_id"] == response.headers["x-request-id"]
    assert body["title"] == getattr(PROBLEMS[body["code"]], language)
    assert response.headers["content-language"] == language
    assert body["detail"]
    assert body["instance"].startswith("/")
    assert body["instance"].isascii()
    assert "ratelimit" in response.headers
    assert "ratelimit-policy" in response.headers
    for broken in body.get("errors", ()):
        assert set(broken) == {"pointer", "code", "message"}
        assert broken["code"]
        assert broken["message"]
        assert isinstance(broken["pointer"], str)
    for secret in ("Traceback", "SELECT ", "asyncpg", "sqlalchemy", "pydantic"):
        assert secret not in response.text
    if codes:
        assert body["code"] in codes, body
    return body
