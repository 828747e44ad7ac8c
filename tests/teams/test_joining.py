"""Joining a team: calls for skills, applications, invitations; and what an anonymous author may not."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.conftest import CERTIFICATES, Actor, Company
from tests.teams.test_teams import idea_of, join, team_of

from kshare.core.ids import new_id


def later(**after: float) -> str:
    """A time to come, as callers write it."""
    return (datetime.now(UTC) + timedelta(**after)).isoformat()


def call_of(team: dict[str, Any], lead: Actor, **fields: Any) -> dict[str, Any]:
    body = {"skills": ["PLC 编程", "热工"], "closes_at": later(days=7)} | fields
    response = lead.rest.post(f"/teams/{team['id']}/calls", json=body)
    assert response.status_code == 201, response.text
    call: dict[str, Any] = response.json()
    return call


def apply_to(call: dict[str, Any], person: Actor, skill: str = "热工") -> dict[str, Any]:
    response = person.rest.post(f"/team-calls/{call['id']}/applications", json={"skill": skill, "message": "算我一个"})
    assert response.status_code == 201, response.text
    application: dict[str, Any] = response.json()
    return application


def rows(company: Company, team: dict[str, Any]) -> list[str]:
    """Everything stored of a team, to tell whether anything changed."""
    tables = ("team_member", "team_call", "team_application", "team_invitation")
    parts = [f"SELECT to_jsonb(t)::text AS r FROM {table} t WHERE team_id = $1" for table in tables]
    parts.append("SELECT to_jsonb(t)::text FROM team t WHERE id = $1")
    return sorted(row["r"] for row in company.server.sql(" UNION ALL ".join(parts), team["id"]))


def at_once(*tasks: Callable[[], httpx.Response]) -> list[httpx.Response]:
    """Runs the tasks as nearly at the same moment as threads can."""
    barrier = threading.Barrier(len(tasks))

    def run(task: Callable[[], httpx.Response]) -> httpx.Response:
        barrier.wait()
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def alone(actor: Actor, path: str, **request: Any) -> httpx.Response:
    """A POST on a connection of its own."""
    headers = {"Authorization": f"Bearer {actor.key}"}
    return httpx.post(f"{actor.server.url}/v1{path}", headers=headers, timeout=30, verify=CERTIFICATES, **request)


# ---- calls and applications -----------------------------------------------------------------------------------------


def test_somebody_finds_a_call_by_a_skill_applies_and_is_in(company: Company) -> None:
    skill = f"Ｖision {uuid4().hex[:6]}"
    team = team_of(company.employee, idea_id=idea_of(company.employee)["id"])
    call = call_of(team, company.employee, skills=[skill, "热工", skill.lower()])
    assert len(call["skills"]) == 2 and (call["state"], call["taken"]) == ("open", 0)
    wanted = skill.upper().replace("Ｖ", "v")
    for order in ("newest", "closing_soon"):
        found = company.outsider.rest.get("/team-calls", params={"skill": wanted, "order": order}).json()["items"]
        assert [one["id"] for one in found] == [call["id"]]
    assert found[0]["permissions"] == ["apply"] and found[0]["team"]["id"] == team["id"]
    application = apply_to(call, company.outsider, wanted)
    assert (application["skill"], application["state"], application["permissions"]) == (skill, "pending", ["withdraw"])
    pending = company.employee.data(
        """query($t: ID!) { teamApplications(teamId: $t, filter: { state: pending }) { nodes { id message person { name
          } team { name members { person { name } } } permissions } } }""",
        t=team["id"],
    )["teamApplications"]["nodes"]
    assert [(one["id"], one["permissions"]) for one in pending] == [(application["id"], ["answer"])]
    accepted = company.employee.data(
        """mutation($id: ID!) { acceptTeamApplication(id: $id, input: { answer: "欢迎" }) { state answer decidedBy {
          name } team { size } } }""",
        id=application["id"],
    )["acceptTeamApplication"]
    assert accepted == {
        "state": "accepted", "answer": "欢迎", "decidedBy": {"name": company.employee.name}, "team": {"size": 2},
    }  # fmt: skip
    filled = company.outsider.rest.get(f"/team-calls/{call['id']}").json()
    assert (filled["state"], filled["taken"]) == ("filled", 1)
    assert company.outsider.rest.get("/team-calls", params={"skill": wanted}).json()["items"] == []
    everything = company.outsider.rest.get("/team-calls", params={"skill": wanted, "all": True}).json()["items"]
    assert [one["id"] for one in everything] == [call["id"]]
    shown = company.outsider.rest.get(f"/teams/{team['id']}").json()["members"]
    assert [(one["person"]["name"], one["role"]) for one in shown][1] == (company.outsider.name, skill)
    mine = company.outsider.rest.get("/me/team-applications").json()["items"]
    assert application["id"] in [one["id"] for one in mine]


def test_applications_are_between_the_applicant_and_the_leads(company: Company) -> None:
    team = team_of(company.employee)
    join(team, company.employee, company.hr)
    call = call_of(team, company.employee)
    application = apply_to(call, company.outsider)
    path = f"/team-applications/{application['id']}"
    before = rows(company, team)
    for stranger in (company.colleague, company.hr, company.admin):
        assert stranger.rest.get(path).status_code == 404
        assert stranger.rest.get(f"/teams/{team['id']}/applications").json()["items"] == []
        assert stranger.rest.post(f"{path}/accept", json={}).status_code == 404
        assert stranger.data("query($id: ID!) { node(id: $id) { id } }", id=application["id"])["node"] is None
    assert company.outsider.rest.post(f"{path}/accept", json={}).status_code == 403
    assert company.outsider.rest.post(f"{path}/decline", json={}).status_code == 403
    assert company.employee.rest.post(f"{path}/withdraw").status_code == 403
    assert company.colleague.rest.patch(
        f"/team-calls/{call['id']}", json={"seats": 9}, headers={"If-Match": "*"}
    ).status_code == 403  # fmt: skip
    assert company.colleague.rest.post(f"/team-calls/{call['id']}/close").status_code == 403
    assert rows(company, team) == before
    assert company.outsider.rest.post(f"{path}/withdraw").json()["state"] == "withdrawn"
    for answer in ("accept", "decline"):
        late = company.employee.rest.post(f"{path}/{answer}", json={})
        assert (late.status_code, late.json()["state"]) == (409, "withdrawn")
    again = apply_to(call, company.outsider)
    assert company.employee.rest.post(f"/team-applications/{again['id']}/decline", json={}).status_code == 200
    third = company.outsider.rest.post(f"/team-calls/{call['id']}/applications", json={"skill": "热工"})
    assert (third.status_code, third.json()["code"]) == (409, "conflict")


def test_of_the_last_seat_given_away_twice_at_once_one_is_taken(company: Company) -> None:
    for _ in range(4):
        lead, other = company.hire("牵头甲", "rd"), company.hire("牵头乙", "rd")
        team = team_of(lead)
        join(team, lead, other)
        lead.rest.patch(f"/teams/{team['id']}/members/{other.id}", json={"lead": True}, headers={"If-Match": "*"})
        call = call_of(team, lead, seats=1)
        first, second = (apply_to(call, company.hire("应征者", "rd")) for _ in range(2))
        answers = at_once(
            partial(alone, lead, f"/team-applications/{first['id']}/accept", json={}),
            partial(alone, other, f"/team-applications/{second['id']}/accept", json={}),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        now = lead.rest.get(f"/teams/{team['id']}").json()
        assert now["size"] == 3
        assert lead.rest.get(f"/team-calls/{call['id']}").json()["taken"] == 1
        states = [one["state"] for one in lead.rest.get(f"/teams/{team['id']}/applications").json()["items"]]
        assert sorted(states) == ["accepted", "pending"]


def test_of_two_leads_who_leave_at_once_one_stays(company: Company) -> None:
    for _ in range(4):
        lead, other = company.hire("牵头甲", "rd"), company.hire("牵头乙", "rd")
        team = team_of(lead)
        join(team, lead, other)
        lead.rest.patch(f"/teams/{team['id']}/members/{other.id}", json={"lead": True}, headers={"If-Match": "*"})
        answers = at_once(*(partial(alone, one, f"/teams/{team['id']}/leave") for one in (lead, other)))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        assert [m["lead"] for m in company.hr.rest.get(f"/teams/{team['id']}").json()["members"]] == [True]


def test_a_call_takes_applications_until_its_deadline_or_its_end(company: Company) -> None:
    team = team_of(company.employee)
    call = call_of(team, company.employee)
    path = f"/team-calls/{call['id']}/applications"
    company.server.sql("UPDATE team_call SET closes_at = now() - interval '1 s' WHERE id = $1", call["id"])
    before = rows(company, team)
    assert company.outsider.rest.get(f"/team-calls/{call['id']}").json()["state"] == "expired"
    assert company.outsider.rest.post(path, json={"skill": "热工"}).status_code == 409
    assert rows(company, team) == before
    match = {"If-Match": "*"}
    changed = company.employee.rest.patch(
        f"/team-calls/{call['id']}", json={"closes_at": later(days=1), "skills": ["焊接"]}, headers=match
    )
    assert changed.json()["state"] == "open" and changed.json()["skills"] == ["焊接"]
    wrong = company.outsider.rest.post(path, json={"skill": "热工"})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/skill")
    company.employee.rest.patch(f"/teams/{team['id']}", json={"open": False}, headers=match)
    assert company.outsider.rest.get(f"/team-calls/{call['id']}").json()["state"] == "closed"
    assert company.outsider.rest.post(path, json={"skill": "焊接"}).status_code == 409
    assert company.employee.rest.post(f"/teams/{team['id']}/calls", json={
        "skills": ["焊接"], "closes_at": later(days=1)}).status_code == 409  # fmt: skip
    company.employee.rest.patch(f"/teams/{team['id']}", json={"open": True}, headers=match)
    apply_to(call, company.outsider, "焊接")
    twice = company.outsider.rest.post(path, json={"skill": "焊接"})
    assert (twice.status_code, twice.json()["code"]) == (409, "already_exists")
    assert company.employee.rest.post(path, json={"skill": "焊接"}).status_code == 409
    assert company.employee.rest.post(f"/team-calls/{call['id']}/close").json()["state"] == "closed"
    assert company.employee.rest.post(f"/team-calls/{call['id']}/close").status_code == 409
    assert company.colleague.rest.post(path, json={"skill": "焊接"}).status_code == 409
    ended = company.employee.rest.post(f"/teams/{team['id']}/dissolve")
    assert ended.status_code == 200
    assert company.outsider.rest.get("/me/team-applications").json()["items"][0]["state"] == "declined"


def test_a_call_of_a_hidden_team_is_hidden(company: Company) -> None:
    skill = f"密 {uuid4().hex[:6]}"
    idea = idea_of(company.employee, audience=[str(company.departments["rd"])])
    call = call_of(team_of(company.employee, idea_id=idea["id"]), company.employee, skills=[skill])
    assert company.outsider.rest.get(f"/team-calls/{call['id']}").status_code == 404
    assert company.outsider.rest.get("/team-calls", params={"skill": skill}).json()["items"] == []
    assert company.outsider.rest.get("/team-calls", params={"team": call["team"]["id"]}).json()["items"] == []
    refused = company.outsider.rest.post(f"/team-calls/{call['id']}/applications", json={"skill": skill})
    assert refused.status_code == 404
    assert company.server.sql("SELECT count(*) AS n FROM team_application WHERE call_id = $1", call["id"])[0]["n"] == 0
    assert [c["id"] for c in company.colleague.rest.get("/team-calls", params={"skill": skill}).json()["items"]] == [
        call["id"]
    ]


@pytest.mark.parametrize(
    "fields, pointer",
    [
        ({"closes_at": "2020-01-01T00:00:00Z"}, "/closes_at"),
        ({"seats": 0}, "/seats"),
        ({"seats": 51}, "/seats"),
        ({"skills": []}, "/skills"),
        ({"skills": ["  "]}, "/skills/0"),
        ({"closes_at": 1}, "/closes_at"),
    ],
)
def test_wrong_calls(company: Company, fields: dict[str, Any], pointer: str) -> None:
    team = team_of(company.employee)
    body = {"skills": ["热工"], "closes_at": later(days=1)} | fields
    response = company.employee.rest.post(f"/teams/{team['id']}/calls", json=body)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, pointer)


def test_seats_are_not_fewer_than_taken(company: Company) -> None:
    team = team_of(company.employee)
    call = call_of(team, company.employee, seats=2)
    for person in (company.outsider, company.colleague):
        application = apply_to(call, person)
        assert company.employee.rest.post(f"/team-applications/{application['id']}/accept", json={}).status_code == 200
    path, match = f"/team-calls/{call['id']}", {"If-Match": "*"}
    fewer = company.employee.rest.patch(path, json={"seats": 1}, headers=match)
    assert (fewer.status_code, fewer.json()["errors"][0]["pointer"]) == (422, "/seats")
    assert company.employee.rest.patch(path, json={"seats": 3}, headers=match).json()["state"] == "open"


# ---- invitations ----------------------------------------------------------------------------------------------------


def test_an_invitation_is_answered_by_the_invited_in_time(company: Company) -> None:
    team = team_of(company.employee)
    invite = partial(company.employee.rest.post, f"/teams/{team['id']}/invitations")
    invitation = invite(json={"person_id": str(company.outsider.id), "role": "翻译", "message": "请来"}).json()
    path = f"/team-invitations/{invitation['id']}"
    assert (invitation["state"], invitation["permissions"]) == ("pending", ["withdraw"])
    twice = invite(json={"person_id": str(company.outsider.id)})
    assert (twice.status_code, twice.json()["code"]) == (409, "already_exists")
    before = rows(company, team)
    for answer in ("accept", "decline", "withdraw"):
        assert company.colleague.rest.post(f"{path}/{answer}").status_code == 404
    assert company.employee.rest.post(f"{path}/accept").status_code == 403
    assert company.outsider.rest.post(f"{path}/withdraw").status_code == 403
    past = invite(json={"person_id": str(company.hr.id), "expires_at": "2020-01-01T00:00:00Z"})
    assert (past.status_code, past.json()["errors"][0]["pointer"]) == (422, "/expires_at")
    unknown = invite(json={"person_id": str(new_id())})
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/person_id")
    assert rows(company, team) == before
    company.server.sql("UPDATE team_invitation SET expires_at = now() WHERE id = $1", invitation["id"])
    late = company.outsider.rest.post(f"{path}/accept")
    assert (late.status_code, late.json()["state"]) == (409, "expired")
    expired = company.outsider.rest.get(path).json()
    assert (expired["state"], expired["permissions"]) == ("expired", [])
    again = invite(json={"person_id": str(company.outsider.id), "role": "翻译"}).json()
    mine = company.outsider.data("{ myTeamInvitations { nodes { id state team { name } invitedBy { name } } } }")
    assert again["id"] in [one["id"] for one in mine["myTeamInvitations"]["nodes"]]
    accepted = company.outsider.data(
        "mutation($id: ID!) { acceptTeamInvitation(id: $id) { state team { size } } }", id=again["id"]
    )
    assert accepted["acceptTeamInvitation"] == {"state": "accepted", "team": {"size": 2}}
    assert company.outsider.rest.post(f"/team-invitations/{again['id']}/accept").status_code == 409
    assert invite(json={"person_id": str(company.outsider.id)}).status_code == 409
    declined = invite(json={"person_id": str(company.hr.id)}).json()
    assert company.hr.rest.post(f"/team-invitations/{declined['id']}/decline").json()["state"] == "declined"
    kept = invite(json={"person_id": str(company.finance.id)}).json()
    assert company.employee.rest.post(f"/team-invitations/{kept['id']}/withdraw").json()["state"] == "withdrawn"
    assert company.finance.rest.post(f"/team-invitations/{kept['id']}/accept").status_code == 409


def test_an_invitation_does_not_open_the_idea(company: Company) -> None:
    idea = idea_of(company.employee, audience=[str(company.departments["rd"])])
    team = team_of(company.employee, idea_id=idea["id"])
    invitation = company.employee.rest.post(
        f"/teams/{team['id']}/invitations", json={"person_id": str(company.outsider.id)}
    )
    assert invitation.status_code == 201
    assert company.outsider.rest.get(f"/team-invitations/{invitation.json()['id']}").status_code == 404
    assert company.outsider.rest.post(f"/team-invitations/{invitation.json()['id']}/accept").status_code == 404
    mine = company.outsider.rest.get("/me/team-invitations").json()["items"]
    assert invitation.json()["id"] not in [one["id"] for one in mine]


# ---- anonymous ideas ------------------------------------------------------------------------------------------------


def test_an_anonymous_author_does_not_come_into_the_team(company: Company) -> None:
    """A team names who is in it and since when, so its idea's unnamed author neither founds nor joins it; to others
    everything looks as if they were anybody."""
    author, anybody = company.hire("匿名者", "rd"), company.hire("路人", "rd")
    idea = idea_of(author, anonymous=True)
    count = "SELECT count(*) AS n FROM team"
    before = company.server.sql(count)[0]["n"]
    founding = author.rest.post("/teams", json={"name": "自己的队", "idea_id": idea["id"]})
    assert (founding.status_code, founding.json()["code"]) == (409, "conflict")
    assert "anonymous" in founding.json()["detail"]
    assert "found_team" not in author.rest.get(f"/ideas/{idea['id']}").json()["permissions"]
    assert company.server.sql(count)[0]["n"] == before
    team = team_of(company.committee, idea_id=idea["id"])
    call = call_of(team, company.committee, seats=5)
    stored = rows(company, team)
    refused = author.rest.post(f"/team-calls/{call['id']}/applications", json={"skill": "热工"})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert author.rest.get(f"/team-calls/{call['id']}").json()["permissions"] == []
    assert anybody.rest.get(f"/team-calls/{call['id']}").json()["permissions"] == ["apply"]
    assert rows(company, team) == stored
    # The lead invites both, and is told the same of both.
    invited = [
        company.committee.rest.post(f"/teams/{team['id']}/invitations", json={"person_id": str(person.id)})
        for person in (author, anybody)
    ]
    assert [one.status_code for one in invited] == [201, 201]
    assert [set(one.json()) for one in invited] == [set(invited[0].json())] * 2
    stored = rows(company, team)
    path = f"/team-invitations/{invited[0].json()['id']}"
    assert author.rest.post(f"{path}/accept").status_code == 409
    assert author.rest.get(path).json()["permissions"] == ["decline"]
    assert rows(company, team) == stored
    assert author.rest.post(f"{path}/decline").json()["state"] == "declined"
    assert anybody.rest.post(f"/team-invitations/{invited[1].json()['id']}/accept").status_code == 200
    told = company.server.sql(
        "SELECT actor_id, happened FROM journal WHERE object_id = $1 AND actor_id = $2", team["id"], author.id
    )
    # Declining is what anybody may do under their name; it is told to the leads alone.
    assert [entry["happened"] for entry in told] == ["team_invitation_answered"]
