"""Challenges: writing, publishing and extending them; who sees and who may."""

from typing import Any

import pytest
from tests.challenges.conftest import Contest, later
from tests.conftest import Company


def test_a_challenge_reads_the_same_through_both_doors(contest: Contest, company: Company) -> None:
    challenge = contest.create(body="**每月** 四万度。", tags=["节能"])
    assert (challenge["format"], challenge["phase"], challenge["state"]) == ("challenge", "open", "published")
    assert [(c["name"], c["weight"]) for c in challenge["criteria"]] == [("新颖", 60), ("可行", 40)]
    assert [(p["name"], p["places"]) for p in challenge["prizes"]] == [("一等奖", 1), ("二等奖", 1), ("三等奖", 2)]
    seen = company.outsider.rest.get(f"/challenges/{challenge['id']}", params={"include": "body_html"}).json()
    assert "<strong>每月</strong>" in seen["body_html"]
    assert {"enter", "comment"} <= set(seen["permissions"]) and "edit" not in seen["permissions"]
    data = company.outsider.data(
        """query($id: ID!) { challenge(id: $id) { title format phase closesAt author { name } judges { name
          department { name } } criteria { name weight description } prizes { name places } teamMin permissions
          comments { body } extensions { reason } tags { name } }
          challenges(filter: { phase: open }, orderBy: closing_soon) { nodes { id } } }""",
        id=challenge["id"],
    )["challenge"]
    assert data["title"] == seen["title"] and data["permissions"] == seen["permissions"]
    assert sorted(judge["name"] for judge in data["judges"]) == ["评委乙", "评委甲"]
    assert data["author"]["name"] == "出题人" and data["criteria"][1]["description"] == "三个月内做得出来"
    comment = company.outsider.rest.post(f"/content/{challenge['id']}/comments", json={"body": "含夜班吗？"})
    assert comment.status_code == 201
    listed = company.outsider.rest.get("/challenges", params={"format": "challenge", "phase": "open", "limit": 100})
    assert challenge["id"] in [one["id"] for one in listed.json()["items"]]


def test_its_phase_follows_from_its_times(contest: Contest, company: Company) -> None:
    challenge = contest.create(opens_at=later(days=1), publish=None)
    path = f"/challenges/{challenge['id']}"
    assert challenge["phase"] == "draft"
    assert company.employee.rest.get(path).status_code == contest.judges[0].rest.get(path).status_code == 404
    assert contest.sponsor.rest.post(f"{path}/publish").json()["phase"] == "announced"
    assert contest.sponsor.rest.post(f"{path}/publish").status_code == 409
    for times, phase in (
        ({"opens": 60, "closes": 120}, "announced"), ({"opens": -60, "closes": 120}, "open"),
        ({"opens": -60, "closes": -1}, "judging"), ({"opens": -90, "closes": -60, "until": -1}, "judging"),
    ):  # fmt: skip
        contest.shift(challenge, **times)
        assert company.employee.rest.get(path).json()["phase"] == phase
        listed = company.employee.rest.get("/challenges", params={"phase": phase, "limit": 100}).json()["items"]
        assert challenge["id"] in [one["id"] for one in listed]


def test_closing_soon_is_by_deadline(contest: Contest, company: Company) -> None:
    days = {contest.create(closes_at=later(days=n), judging_until=later(days=99))["id"]: n for n in (50, 30, 40)}
    query = {"order": "closing_soon", "phase": "open", "author": str(contest.sponsor.id), "limit": 2}
    found, cursor = [], None
    while cursor is not None or not found:
        page = company.employee.rest.get("/challenges", params=query | ({"cursor": cursor} if cursor else {})).json()
        found += [one["closes_at"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert found == sorted(found) and len(found) >= len(days)


def test_a_judge_sees_it_whatever_its_audience(contest: Contest, company: Company) -> None:
    challenge = contest.create(audience=[str(company.departments["rd"])])
    path = f"/challenges/{challenge['id']}"
    assert contest.judges[1].rest.get(path).status_code == 200  # of sales
    assert company.outsider.rest.get(path).status_code == 404
    assert company.outsider.rest.get(f"{path}/entries").status_code == 404
    assert company.outsider.rest.post(f"{path}/entries", json={"idea_id": challenge["id"]}).status_code == 404
    hidden = company.outsider.graphql("query($id: ID!) { challenge(id: $id) { id } }", id=challenge["id"])
    assert hidden["errors"][0]["extensions"]["code"] == "NOT_FOUND"


def test_before_it_opens_everything_can_be_changed_and_then_only_put_off(contest: Contest, company: Company) -> None:
    challenge = contest.create(opens_at=later(days=1), closes_at="2098-05-01T12:00:00.75Z", judging_until=None)
    path, match = f"/challenges/{challenge['id']}", {"If-Match": "*"}
    assert challenge["closes_at"].startswith("2098-05-01T12:00:00+") or challenge["closes_at"].startswith(
        "2098-05-01T12:00:00Z"
    )
    other = company.hire("新评委", "rd")
    changed = contest.sponsor.rest.patch(path, headers=match, json={
        "title": "改过的题目", "judges": [str(other.id)], "criteria": [{"name": "安全", "weight": 100}], "prizes": [],
        "audience": [str(company.departments["sales"])],
    })  # fmt: skip
    assert changed.status_code == 200, changed.text
    assert [judge["name"] for judge in changed.json()["judges"]] == ["新评委"]
    assert (changed.json()["revision"], changed.json()["prizes"]) == (2, [])
    assert other.rest.get(path).status_code == 200 and contest.judges[0].rest.get(path).status_code == 404
    early = contest.sponsor.rest.post(f"{path}/extend", json={"closes_at": later(days=90), "reason": "太早"})
    assert (early.status_code, early.json()["phase"]) == (409, "announced")
    contest.shift(challenge, opens=-10, closes=60, until=120)
    before = contest.rows(challenge)
    refused = contest.sponsor.rest.patch(path, headers=match, json={"title": "又改"})
    assert (refused.status_code, refused.json()["code"], refused.json()["phase"]) == (409, "conflict", "open")
    for wrong, pointer in (
        ({"closes_at": later(seconds=5)}, "/closes_at"), ({"judging_until": later(seconds=5)}, "/judging_until"),
        ({}, "/closes_at"), ({"closes_at": later(days=3), "judging_until": later(days=2)}, "/judging_until"),
    ):  # fmt: skip
        answer = contest.sponsor.rest.post(f"{path}/extend", json={"reason": "要更多时间", **wrong})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert contest.rows(challenge) == before
    extended = contest.sponsor.rest.post(f"{path}/extend", json={"closes_at": later(days=2), "reason": "系统停机"})
    assert extended.status_code == 200, extended.text
    assert [one["reason"] for one in extended.json()["extensions"]] == ["系统停机"]
    assert extended.json()["judging_until"] > extended.json()["closes_at"]
    contest.shift(challenge, closes=-10, until=60)
    late = contest.sponsor.rest.post(f"{path}/extend", json={"closes_at": later(days=2), "reason": "晚了"})
    assert (late.status_code, late.json()["phase"]) == (409, "judging")
    longer = contest.sponsor.rest.post(f"{path}/extend", json={"judging_until": later(days=2), "reason": "评委出差"})
    assert longer.status_code == 200


def test_only_sponsors_write_challenges(contest: Contest, company: Company) -> None:
    challenge = contest.create(opens_at=later(days=1))
    path = f"/challenges/{challenge['id']}"
    before = contest.rows(challenge)
    everywhere = company.server.sql("SELECT count(*) AS n FROM challenge")[0]["n"]
    judge = contest.judges[0]
    for actor in (company.employee, judge, company.hr):
        refusals = [
            actor.rest.post("/challenges", json=contest.ask()),
            actor.rest.patch(path, json={"title": "x"}, headers={"If-Match": "*"}),
            actor.rest.post(f"{path}/extend", json={"reason": "x"}),
            actor.rest.post(f"{path}/results", json={}),
            actor.rest.delete(path, headers={"If-Match": "*"}),
        ]
        assert {refusal.status_code for refusal in refusals} == {403}
    # Not even somebody who sponsors others, while judging this one.
    both = company.hire("委员评委", "rd", roles=(("committee", None),))
    judged = contest.create(opens_at=later(days=1), judges=[str(both.id)])
    assert both.rest.patch(
        f"/challenges/{judged['id']}", json={"title": "x"}, headers={"If-Match": "*"}
    ).status_code == 403  # fmt: skip
    refused = company.employee.graphql(
        """mutation($id: ID!) { publishChallengeResults(id: $id, input: {}) { id } }""", id=challenge["id"]
    )
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert contest.rows(challenge) == before
    assert company.server.sql("SELECT count(*) AS n FROM challenge")[0]["n"] == everywhere + 1
    draft = contest.create(publish=False)
    assert contest.sponsor.rest.delete(f"/challenges/{draft['id']}", headers={"If-Match": "*"}).status_code == 204
    published = contest.sponsor.rest.delete(path, headers={"If-Match": "*"})
    assert (published.status_code, published.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    "fields, pointer",
    [
        ({"closes_at": "2020-01-01T00:00:00Z"}, "/closes_at"),
        ({"opens_at": "2020-01-01T00:00:00Z"}, "/opens_at"),
        ({"opens_at": "2098-01-01T00:00:00Z"}, "/closes_at"),
        ({"judging_until": later(hours=1)}, "/judging_until"),
        ({"criteria": [{"name": "甲", "weight": 50}, {"name": "乙", "weight": 49}]}, "/criteria"),
        ({"criteria": [{"name": "甲", "weight": 50}, {"name": "甲", "weight": 50}]}, "/criteria"),
        ({"criteria": [{"name": "甲", "weight": 0}]}, "/criteria/0/weight"),
        ({"criteria": []}, "/criteria"),
        ({"judges": []}, "/judges"),
        ({"judges": ["00000000-0000-7000-8000-00000000beef"]}, "/judges/0"),
        ({"team_min": 2}, "/team_min"),
        ({"format": "hackathon", "team_min": 5, "team_max": 4}, "/team_max"),
        ({"prizes": [{"name": "奖", "places": 0}]}, "/prizes/0/places"),
        ({"closes_at": "someday"}, "/closes_at"),
    ],
)
def test_wrong_input(contest: Contest, fields: dict[str, Any], pointer: str) -> None:
    count = "SELECT count(*) AS n FROM content WHERE kind = 'challenge'"
    before = contest.company.server.sql(count)[0]["n"]
    response = contest.sponsor.rest.post("/challenges", json=contest.ask(**fields))
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, pointer), response.text
    assert contest.company.server.sql(count)[0]["n"] == before


def test_who_can_judge(contest: Contest, company: Company) -> None:
    judge = str(contest.judges[0].id)
    for judges, position in (([judge, judge], 1), ([judge, str(contest.sponsor.id)], 1)):
        response = contest.sponsor.rest.post("/challenges", json=contest.ask(judges=judges))
        assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, f"/judges/{position}")
    cleared = company.hire("密级出题人", "root", roles=(("committee", None),), clearance=3)
    response = cleared.rest.post("/challenges", json=contest.ask(classification="confidential"))
    assert response.json()["errors"][0]["pointer"] == "/judges/0"


def test_events(contest: Contest, company: Company) -> None:
    challenge = contest.create(publish=False)
    contest.sponsor.rest.post(f"/challenges/{challenge['id']}/publish")
    told = company.server.sql("SELECT happened FROM journal WHERE object_id = $1 ORDER BY number", challenge["id"])
    assert [entry["happened"] for entry in told] == ["challenge_drafted", "challenge_published"]
