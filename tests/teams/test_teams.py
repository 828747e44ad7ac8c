"""Teams: founding, members, leading, departments."""

from typing import Any
from uuid import uuid4

import pytest
from tests.conftest import Actor, Company

from kshare.core.ids import new_id


def idea_of(actor: Actor, **fields: Any) -> dict[str, Any]:
    """An idea of somebody's."""
    body = {"title": f"机房余热供暖 {uuid4().hex[:6]}"} | fields
    response = actor.rest.post("/ideas", json=body)
    assert response.status_code == 201, response.text
    idea: dict[str, Any] = response.json()
    return idea


def team_of(actor: Actor, **fields: Any) -> dict[str, Any]:
    """A team that somebody leads."""
    body = {"name": f"余热小组 {uuid4().hex[:6]}"} | fields
    response = actor.rest.post("/teams", json=body)
    assert response.status_code == 201, response.text
    team: dict[str, Any] = response.json()
    return team


def join(team: dict[str, Any], lead: Actor, person: Actor, role: str = "") -> None:
    """Lets somebody into a team by an invitation."""
    invited = lead.rest.post(f"/teams/{team['id']}/invitations", json={"person_id": str(person.id), "role": role})
    assert invited.status_code == 201, invited.text
    accepted = person.rest.post(f"/team-invitations/{invited.json()['id']}/accept")
    assert accepted.status_code == 200, accepted.text


def test_a_team_for_an_idea_shows_its_members_and_their_departments(company: Company) -> None:
    idea = idea_of(company.employee)
    team = team_of(company.employee, idea_id=idea["id"], purpose="冬天前装好", role="牵头")
    join(team, company.employee, company.colleague, "电气")
    mate = company.hire("同组", "rd_pressure")
    join(team, company.employee, mate, "机械")
    shown = company.outsider.rest.get(f"/teams/{team['id']}").json()
    assert [(m["person"]["name"], m["role"], m["lead"]) for m in shown["members"]] == [
        ("林知夏", "牵头", True), ("周清和", "电气", False), ("同组", "机械", False),
    ]  # fmt: skip
    parts = [(part["department"]["id"], part["members"]) for part in shown["departments"]]
    assert parts == [(str(company.departments["rd_pressure"]), 2), (str(company.departments["rd"]), 1)]
    assert (shown["size"], shown["idea"]["id"], shown["permissions"]) == (3, idea["id"], [])
    assert company.employee.rest.get(f"/teams/{team['id']}").json()["permissions"] == [
        "edit", "recruit", "dissolve", "leave",
    ]  # fmt: skip
    data = company.outsider.data(
        """query($id: ID!, $idea: ID!) { team(id: $id) { size idea { title author { name } } departments { members
          department { name } } members { person { name department { name } } lead role } permissions }
          teams(filter: { idea: $idea }) { totalCount nodes { id } } }""",
        id=team["id"],
        idea=idea["id"],
    )
    assert data["team"]["departments"][0]["members"] == 2
    assert data["team"]["idea"]["title"] == idea["title"]
    assert [m["person"]["name"] for m in data["team"]["members"]] == ["林知夏", "周清和", "同组"]
    assert data["teams"] == {"totalCount": 1, "nodes": [{"id": team["id"]}]}
    of_mate = company.outsider.rest.get("/teams", params={"member": str(mate.id)}).json()["items"]
    assert [one["id"] for one in of_mate] == [team["id"]]


def test_a_team_is_seen_by_whoever_sees_its_idea(company: Company) -> None:
    idea = idea_of(company.employee, audience=[str(company.departments["rd"])])
    team = team_of(company.employee, idea_id=idea["id"])
    assert company.colleague.rest.get(f"/teams/{team['id']}").status_code == 200
    hidden = company.outsider.rest.get(f"/teams/{team['id']}")
    made_up = company.outsider.rest.get(f"/teams/{new_id()}")
    assert hidden.status_code == made_up.status_code == 404
    assert hidden.json()["detail"] == made_up.json()["detail"]
    person = {"member": str(company.employee.id)}
    assert team["id"] not in [t["id"] for t in company.outsider.rest.get("/teams", params=person).json()["items"]]
    assert team["id"] in [t["id"] for t in company.colleague.rest.get("/teams", params=person).json()["items"]]
    seen = company.outsider.data("query($id: ID!) { node(id: $id) { id } teams { nodes { id } } }", id=team["id"])
    assert seen["node"] is None and team["id"] not in [one["id"] for one in seen["teams"]["nodes"]]
    # Through a free team nothing of an idea is seen, since it has none.
    assert team_of(company.employee)["idea"] is None


def test_founding_is_for_authors_and_managers(company: Company) -> None:
    idea = idea_of(company.employee)
    before = company.server.sql("SELECT count(*) AS n FROM team")[0]["n"]
    refused = company.colleague.rest.post("/teams", json={"name": "别人的", "idea_id": idea["id"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    for unknown in (str(new_id()), idea_of(company.employee, audience=[str(company.departments["rd"])])["id"]):
        wrong = company.outsider.rest.post("/teams", json={"name": "x", "idea_id": unknown})
        assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/idea_id")
    assert company.employee.rest.post(f"/ideas/{idea['id']}/withdraw").status_code == 200
    withdrawn = company.employee.rest.post("/teams", json={"name": "晚了", "idea_id": idea["id"]})
    assert (withdrawn.status_code, withdrawn.json()["code"]) == (409, "conflict")
    draft = idea_of(company.employee, draft=True)
    assert company.employee.rest.post("/teams", json={"name": "早了", "idea_id": draft["id"]}).status_code == 409
    assert company.server.sql("SELECT count(*) AS n FROM team")[0]["n"] == before
    assert company.employee.rest.post(f"/ideas/{idea['id']}/reinstate").status_code == 200
    assert "found_team" in company.committee.rest.get(f"/ideas/{idea['id']}").json()["permissions"]
    assert "found_team" not in company.colleague.rest.get(f"/ideas/{idea['id']}").json()["permissions"]
    team_of(company.committee, idea_id=idea["id"])


def test_only_leads_change_a_team(company: Company) -> None:
    team = team_of(company.employee)
    join(team, company.employee, company.colleague)
    path = f"/teams/{team['id']}"
    before = company.employee.rest.get(path).json()
    match = {"If-Match": "*"}
    refusals = [
        company.colleague.rest.patch(path, json={"name": "改"}, headers=match),
        company.outsider.rest.post(f"{path}/dissolve"),
        company.colleague.rest.patch(f"{path}/members/{company.colleague.id}", json={"lead": True}, headers=match),
        company.colleague.rest.delete(f"{path}/members/{company.employee.id}"),
        company.outsider.rest.post(f"{path}/leave"),
        company.colleague.rest.post(f"{path}/invitations", json={"person_id": str(company.outsider.id)}),
        company.colleague.rest.post(f"{path}/calls", json={"skills": ["PLC"], "closes_at": "2099-01-01T00:00:00Z"}),
    ]
    assert [refusal.status_code for refusal in refusals] == [403] * 7
    assert company.employee.rest.get(path).json() == before
    assert company.server.sql("SELECT count(*) AS n FROM team_call WHERE team_id = $1", team["id"])[0]["n"] == 0
    change = """mutation($id: ID!, $v: Int!, $p: ID!) {
      changeTeam(id: $id, expectedVersion: $v, input: { name: "新名" }) { name version } }"""
    refused = company.outsider.graphql(change.replace(", $p: ID!", ""), id=team["id"], v=before["version"])
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    done = company.employee.data(change.replace(", $p: ID!", ""), id=team["id"], v=before["version"])["changeTeam"]
    assert done == {"name": "新名", "version": before["version"] + 1}
    stale = company.employee.rest.patch(path, json={"open": False}, headers={"If-Match": f'"{before["version"]}"'})
    assert stale.status_code == 412


def test_the_last_lead_hands_over_before_leaving(company: Company) -> None:
    team = team_of(company.employee)
    path = f"/teams/{team['id']}"
    join(team, company.employee, company.colleague)
    stays = company.employee.rest.post(f"{path}/leave")
    assert (stays.status_code, stays.json()["code"]) == (409, "conflict")
    me = f"{path}/members/{company.employee.id}"
    assert company.employee.rest.patch(me, json={"lead": False}, headers={"If-Match": "*"}).status_code == 409
    assert company.employee.rest.delete(me).status_code == 409
    assert company.employee.rest.get(path).json()["size"] == 2
    handed = company.employee.rest.patch(
        f"{path}/members/{company.colleague.id}", json={"lead": True, "role": "接手"}, headers={"If-Match": "*"}
    )
    assert [m["lead"] for m in handed.json()["members"]] == [True, True]
    assert company.employee.rest.post(f"{path}/leave").status_code == 200
    left = company.colleague.rest.get(path).json()
    assert [(m["person"]["name"], m["role"]) for m in left["members"]] == [("周清和", "接手")]
    stranger = company.colleague.rest.patch(
        f"{path}/members/{company.outsider.id}", json={"lead": True}, headers={"If-Match": "*"}
    )
    assert stranger.status_code == 409
    assert company.colleague.rest.delete(f"{path}/members/{company.outsider.id}").status_code == 204
    ended = company.colleague.rest.post(f"{path}/dissolve").json()
    assert ended["dissolved_at"] and ended["permissions"] == []
    assert company.colleague.rest.post(f"{path}/dissolve").status_code == 409
    assert company.colleague.rest.post(f"{path}/leave").status_code == 409


def test_events_of_a_team(company: Company) -> None:
    idea = idea_of(company.employee, audience=[str(company.departments["rd"])])
    team = team_of(company.employee, idea_id=idea["id"])
    join(team, company.employee, company.colleague)
    told = company.server.sql(
        "SELECT happened, readers, content_id FROM journal WHERE object_id = $1 ORDER BY number", team["id"]
    )
    assert [entry["happened"] for entry in told] == [
        "team_founded", "team_invited", "team_invitation_answered", "team_joined",
    ]  # fmt: skip
    assert {str(entry["content_id"]) for entry in told} == {idea["id"]}
    assert set(told[1]["readers"]) == {company.colleague.id, company.employee.id}


def test_a_service_is_in_no_team(company: Company) -> None:
    service = company.hire("脚本", "rd", kind="service", roles=(("committee", None),))
    refused = service.rest.post("/teams", json={"name": "机器人队"})
    assert refused.status_code == 403
    team = team_of(company.employee)
    invited = company.employee.rest.post(f"/teams/{team['id']}/invitations", json={"person_id": str(service.id)})
    assert (invited.status_code, invited.json()["errors"][0]["pointer"]) == (422, "/person_id")


@pytest.mark.parametrize("field, value", [("name", ""), ("name", "a\nb"), ("purpose", "\x00"), ("extra", 1)])
def test_wrong_input(company: Company, field: str, value: Any) -> None:
    response = company.employee.rest.post("/teams", json={"name": "对的", field: value})
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, f"/{field}")
