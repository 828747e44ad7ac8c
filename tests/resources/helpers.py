"""Approved ideas, budgets and requests for the tests of resources and benefits."""

from typing import Any
from uuid import uuid4

from tests.access.world import fingerprint
from tests.conftest import Actor, Company


def approved(company: Company, author: Actor | None = None, stage: str = "approved", **fields: Any) -> str:
    """The id of an idea in a stage, by the ways that lead there; of the employee unless somebody else is named."""
    author = author or company.employee
    response = author.rest.post("/ideas", json={"title": f"换型时间减半 {uuid4().hex[:6]}"} | fields)
    assert response.status_code == 201, response.text
    id = str(response.json()["id"])
    decider = company.committee
    if "audience" in fields:
        decider = company.hire("研发委员", "rd", roles=(("committee", None),))
    if stage in ("screening", "evaluation"):
        made(decider, f"/ideas/{id}/advance", to="screening")
        if stage == "evaluation":
            made(decider, f"/ideas/{id}/advance", to=stage)
        return id
    made(decider, f"/ideas/{id}/decision", outcome="approved")
    if stage == "implemented":
        made(author, f"/ideas/{id}/implementation")
    return id


def everything(company: Company) -> Any:
    """A print of all that is stored, once the reactors have nothing left to do."""
    company.server.settle()
    return fingerprint(company.server)


def made(actor: Actor, path: str, **body: Any) -> dict[str, Any]:
    """What a POST that must succeed answers."""
    response = actor.rest.post(path, json=body)
    assert response.status_code in (200, 201), response.text
    answer: dict[str, Any] = response.json()
    return answer


def budget(company: Company, **fields: Any) -> dict[str, Any]:
    """A budget in yuan, of finance unless something else is said."""
    body = {"name": f"改善基金 {uuid4().hex[:6]}", "kind": "money", "currency": "CNY", "amount": "10000.00"} | fields
    return made(company.finance, "/budgets", **{name: value for name, value in body.items() if value is not None})


def request(actor: Actor, idea: str, amount: str = "1000.00", **fields: Any) -> dict[str, Any]:
    """A request for yuan."""
    body = {"kind": "money", "currency": "CNY", "amount": amount, "purpose": "快换夹具两套"} | fields
    return made(
        actor, f"/ideas/{idea}/resource-requests", **{name: value for name, value in body.items() if value is not None}
    )


def granted(company: Company, amount: str = "1000.00", **fields: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A budget and a request that was granted from it whole."""
    source = budget(company, **fields)
    asked = request(company.employee, approved(company), amount)
    answer = made(company.finance, f"/resource-requests/{asked['id']}/grant", budget_id=source["id"])
    return source, answer
