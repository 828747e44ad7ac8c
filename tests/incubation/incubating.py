"""What the tests of incubation begin with."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
from tests.access.world import fingerprint
from tests.conftest import Actor, Company


def day(days: int = 0) -> str:
    """A day that many days from now, in the company's time zone."""
    return (datetime.now(ZoneInfo("Asia/Shanghai")).date() + timedelta(days=days)).isoformat()


def approved(company: Company, author: Actor, *, stage: str = "approved", **fields: Any) -> str:
    """The id of an idea of this person that was approved, or is in another stage."""
    idea = str(made(author.rest.post("/ideas", json={"title": f"叉车充电错峰 {uuid4().hex[:6]}"} | fields))["id"])
    judge = company.committee
    if "audience" in fields:
        judge = company.hire("研发的评委", "rd", roles=(("committee", None),))
    answers: dict[str, dict[str, Any]] = {
        "approved": {"outcome": "approved"},
        "declined": {"outcome": "declined", "reason": "too_costly", "explanation": "要换全部充电桩。"},
        "deferred": {"outcome": "deferred", "until": day(30)},
    }
    if stage == "evaluation":
        for to in ("screening", "evaluation"):
            made(judge.rest.post(f"/ideas/{idea}/advance", json={"to": to}), 200)
    elif stage != "submitted":
        answer = answers["approved" if stage == "in_pilot" else stage]
        made(judge.rest.post(f"/ideas/{idea}/decision", json=answer), 200)
    if stage == "in_pilot":
        pilot = piloted(author, idea)["id"]
        made(author.rest.post(f"/pilots/{pilot}/result", json={"outcome": "succeeded"}), 200)
    assert stage_of(author, idea) == stage
    return idea


def made(response: httpx.Response, status: int = 201) -> dict[str, Any]:
    assert response.status_code == status, response.text
    answer: dict[str, Any] = response.json()
    return answer


def stage_of(actor: Actor, idea: str) -> str:
    return str(made(actor.rest.get(f"/ideas/{idea}"), 200)["stage"])


PILOT: Mapping[str, Any] = {
    "site": "苏州二号仓",
    "from_on": day(),
    "until_on": day(30),
    "measure": "每月峰段电量",
    "unit": "kWh",
    "baseline": 12000,
    "target": 8000.5,
}


def piloted(author: Actor, idea: str, **fields: Any) -> dict[str, Any]:
    """A pilot of the idea that has been started."""
    pilot = made(author.rest.post(f"/ideas/{idea}/pilots", json={**PILOT, **fields}))
    return made(author.rest.post(f"/pilots/{pilot['id']}/start"), 200)


class Unchanged:
    """Nothing is written in the block."""

    def __init__(self, company: Company) -> None:
        self.server = company.server

    def __enter__(self) -> None:
        self.server.settle()
        self.before = fingerprint(self.server)

    def __exit__(self, kind: Any, *_: Any) -> None:
        if kind is None:
            assert fingerprint(self.server) == self.before


def refused(response: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    assert response.status_code == status, response.text
    problem: dict[str, Any] = response.json()
    if code is not None:
        assert problem["code"] == code, problem
    return problem


def pointed(response: httpx.Response, pointer: str, code: str) -> None:
    """422 that points there."""
    errors = refused(response, 422, "invalid")["errors"]
    assert [(error["pointer"], error["code"]) for error in errors] == [(pointer, code)], errors


def errors_of(answer: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in answer.get("errors", ())]
