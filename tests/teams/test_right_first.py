"""Whoever may not change a team is told so, and not that it is too late for it."""

from typing import Any

from tests.access.world import fingerprint
from tests.conftest import Actor, Company
from tests.teams.test_joining import apply_to, call_of, later
from tests.teams.test_teams import idea_of, join, team_of

MATCH = {"If-Match": "*"}


def refused(company: Company, status: int, actor: Actor, method: str, path: str, body: Any = None) -> None:
    """Refused with this status, and nothing has changed."""
    company.server.settle()
    before = fingerprint(company.server)
    headers = MATCH if method == "PATCH" else {}
    response = actor.rest.request(method, path, json=body, headers=headers)
    assert response.status_code == status, (path, response.text)
    assert response.json()["code"] == {403: "forbidden", 409: "conflict"}[status]
    if status == 403:
        assert "state" not in response.json()
    assert fingerprint(company.server) == before


def test_what_was_answered_is_answered_by_those_who_may_alone(company: Company) -> None:
    team = team_of(company.employee)
    call = call_of(team, company.employee)
    application = f"/team-applications/{apply_to(call, company.outsider)['id']}"
    assert company.employee.rest.post(f"{application}/decline", json={}).status_code == 200
    for path, body in (("accept", {}), ("decline", {}), ("withdraw", None)):
        lead, applicant = (409, 403) if path != "withdraw" else (403, 409)
        refused(company, applicant, company.outsider, "POST", f"{application}/{path}", body)
        refused(company, lead, company.employee, "POST", f"{application}/{path}", body)
    asked = company.employee.rest.post(f"/teams/{team['id']}/invitations", json={"person_id": str(company.outsider.id)})
    invitation = f"/team-invitations/{asked.json()['id']}"
    assert company.outsider.rest.post(f"{invitation}/decline").status_code == 200
    for path in ("accept", "decline", "withdraw"):
        lead, invited = (403, 409) if path != "withdraw" else (409, 403)
        refused(company, invited, company.outsider, "POST", f"{invitation}/{path}")
        refused(company, lead, company.employee, "POST", f"{invitation}/{path}")


def test_a_team_that_is_no_more_is_its_leads_all_the_same(company: Company) -> None:
    team = team_of(company.employee)
    join(team, company.employee, company.colleague)
    call = call_of(team, company.employee)
    path, person = f"/teams/{team['id']}", {"person_id": str(company.hr.id)}
    assert company.employee.rest.post(f"{path}/dissolve").status_code == 200
    acts: list[tuple[str, str, Any]] = [
        ("PATCH", path, {"name": "改"}),
        ("POST", f"{path}/dissolve", None),
        ("POST", f"{path}/calls", {"skills": ["PLC"], "closes_at": later(days=1)}),
        ("POST", f"{path}/invitations", person),
        ("PATCH", f"{path}/members/{company.colleague.id}", {"role": "改"}),
        ("DELETE", f"{path}/members/{company.colleague.id}", None),
        ("PATCH", f"/team-calls/{call['id']}", {"seats": 2}),
        ("POST", f"/team-calls/{call['id']}/close", None),
    ]
    for method, act, body in acts:
        for stranger in (company.outsider, company.colleague):
            refused(company, 403, stranger, method, act, body)
        refused(company, 409, company.employee, method, act, body)
    refused(company, 403, company.outsider, "POST", f"{path}/leave")
    refused(company, 409, company.colleague, "POST", f"{path}/leave")
    assert company.employee.rest.get(path).json()["permissions"] == []


def test_a_team_for_a_withdrawn_idea_is_refused_to_strangers_as_such(company: Company) -> None:
    idea = idea_of(company.employee)
    assert company.employee.rest.post(f"/ideas/{idea['id']}/withdraw").status_code == 200
    body = {"name": "晚了", "idea_id": idea["id"]}
    refused(company, 403, company.colleague, "POST", "/teams", body)
    refused(company, 409, company.employee, "POST", "/teams", body)
