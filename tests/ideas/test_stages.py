"""The way of an idea: from stage to stage, questions to its author, decisions, its story."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import Actor, Company
from tests.events.following import heard

from kshare.ideas.stages import OPEN, TRANSITIONS

NO = {"outcome": "declined", "reason": "exists", "explanation": "这台设备下月报废。"}
YES = {"outcome": "approved"}
LATER = {"outcome": "deferred", "until": "2099-03-01"}


def propose(author: Actor, **fields: Any) -> dict[str, Any]:
    response = author.rest.post("/ideas", json={"title": f"建议 {uuid4().hex[:8]}", **fields})
    assert response.status_code == 201, response.text
    idea: dict[str, Any] = response.json()
    return idea


def seen(reader: Actor, id: str) -> dict[str, Any]:
    response = reader.rest.get(f"/ideas/{id}")
    assert response.status_code == 200, response.text
    idea: dict[str, Any] = response.json()
    return idea


def stable(reader: Actor, id: str) -> tuple[Any, ...]:
    """All that a reader can tell an idea's state by."""
    response = reader.rest.get(f"/ideas/{id}")
    timeline = reader.rest.get(f"/ideas/{id}/timeline").json()["items"]
    decisions = reader.rest.get("/idea-decisions", params={"idea": id}).json()["items"]
    place = [one["id"] for one in reader.rest.get("/ideas", params={"order": "recently_changed"}).json()["items"]]
    return response.headers["ETag"], response.json(), timeline, decisions, place


def decide(decider: Actor, id: str, body: dict[str, Any]) -> httpx.Response:
    return decider.rest.post(f"/ideas/{id}/decision", json=body)


def types(reader: Actor, id: str) -> list[str]:
    return [entry["type"] for entry in reader.rest.get(f"/ideas/{id}/timeline", params={"limit": 100}).json()["items"]]


def test_the_table_is_data(company: Company) -> None:
    stages = {one["stage"]: one for one in company.employee.rest.get("/idea-stages").json()["items"]}
    assert {stage: tuple(one["next"]) for stage, one in stages.items()} == dict(TRANSITIONS)
    assert {stage for stage, one in stages.items() if one["decision_owed"]} == set(OPEN)
    through_graphql = company.employee.data("{ ideaStages { stage next decisionOwed } }")["ideaStages"]
    assert [one["stage"] for one in through_graphql] == list(stages)


ACTS = ("screening", "evaluation", "approved", "declined", "deferred")


@settings(max_examples=12)
@given(st.lists(st.sampled_from(ACTS), min_size=1, max_size=8))
def test_random_ways_are_those_of_the_table(company: Company, acts: list[str]) -> None:
    idea = propose(company.employee, size="large")["id"]
    stage = "submitted"
    for act in acts:
        if act in ("screening", "evaluation"):
            response = company.committee.rest.post(f"/ideas/{idea}/advance", json={"to": act})
            possible = stage in (*OPEN, "declined", "deferred")
        else:
            response = decide(company.committee, idea, {"approved": YES, "declined": NO, "deferred": LATER}[act])
            possible = stage in OPEN
        if possible and act in TRANSITIONS[stage]:
            assert response.status_code == 200, response.text
            stage = act
        else:
            assert response.status_code == 409
            problem = response.json()
            assert problem["stage"] == stage
            assert set(problem["allowed"]) <= set(TRANSITIONS[stage])
        assert seen(company.colleague, idea)["stage"] == stage


def test_a_no_has_a_reason_and_a_sentence(company: Company) -> None:
    idea = propose(company.employee)["id"]
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"outcome": "declined"}, "/reason"),
        ({"outcome": "declined", "reason": "exists"}, "/explanation"),
        ({"outcome": "declined", "reason": "exists", "explanation": " "}, "/explanation"),
        ({"outcome": "declined", "reason": "no", "explanation": "不"}, "/reason"),
        ({"outcome": "approved", "reason": "exists"}, "/reason"),
        ({"outcome": "deferred"}, "/until"),
        ({"outcome": "deferred", "until": "2020-01-01"}, "/until"),
        ({"outcome": "deferred", "until": "soon"}, "/until"),
        ({"outcome": "approved", "until": "2099-01-01"}, "/until"),
        ({"outcome": "maybe"}, "/outcome"),
        ({"outcome": "approved", "colour": "red"}, "/colour"),
        ({}, "/outcome"),
    ]
    before = stable(company.committee, idea)
    for body, pointer in wrong:
        response = decide(company.committee, idea, body)
        assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, pointer), body
    assert stable(company.committee, idea) == before
    assert decide(company.committee, idea, NO).status_code == 200
    for reader in (company.employee, company.outsider):
        decision = seen(reader, idea)["decision"]
        assert (decision["outcome"], decision["reason"]) == ("declined", "exists")
        assert decision["explanation"] == NO["explanation"]
        assert decision["decided_by"]["id"] == str(company.committee.id)


def test_today_is_no_future_in_the_companys_time_zone(company: Company) -> None:
    from zoneinfo import ZoneInfo

    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    idea = propose(company.employee)["id"]
    response = decide(company.committee, idea, {"outcome": "deferred", "until": today.isoformat()})
    assert (response.status_code, response.json()["errors"][0]["code"]) == (422, "in_the_past")
    tomorrow = (today + timedelta(days=1)).isoformat()
    response = decide(company.committee, idea, {"outcome": "deferred", "until": tomorrow})
    assert (response.json()["stage"], response.json()["returns_on"]) == ("deferred", tomorrow)


def test_only_those_who_decide_do(company: Company) -> None:
    member = company.hire("委员", "rd", roles=(("committee", None),))
    half = [{"person_id": str(company.employee.id), "share": 50}, {"person_id": str(member.id), "share": 50}]
    idea = propose(company.employee, coauthors=half)["id"]
    own = propose(member)["id"]
    hidden = propose(company.outsider, audience=[str(company.departments["sales"])])["id"]
    draft = propose(company.committee, draft=True)["id"]
    before = stable(company.admin, idea)
    tries: list[tuple[Actor, str, int]] = [
        (company.employee, idea, 403),
        (member, idea, 403),
        (member, own, 403),
        (company.colleague, idea, 403),
        (company.finance, idea, 403),
        (company.colleague, hidden, 404),
        (company.committee, draft, 403),
        (company.admin, draft, 404),
    ]
    for actor, id, status in tries:
        for path, body in (
            ("decision", YES),
            ("decision", {**YES, "private": True}),
            ("advance", {"to": "screening"}),
            ("questions", {"text": "为什么？"}),
        ):
            response = actor.rest.post(f"/ideas/{id}/{path}", json=body)
            assert response.status_code == status, (actor.name, path, response.text)
    assert stable(company.admin, idea) == before
    assert company.admin.rest.get("/idea-decisions", params={"idea": idea}).json()["items"] == []


def test_permissions_say_who_may(company: Company) -> None:
    idea = propose(company.employee)["id"]
    assert "decide" in seen(company.committee, idea)["permissions"]
    assert "decide" not in seen(company.employee, idea)["permissions"]
    decide(company.committee, idea, NO)
    assert "decide" not in seen(company.committee, idea)["permissions"]
    assert "reopen" in seen(company.committee, idea)["permissions"]
    assert company.colleague.rest.post(f"/ideas/{idea}/advance", json={"to": "screening"}).status_code == 403
    again = company.committee.rest.post(f"/ideas/{idea}/advance", json={"to": "screening"}).json()
    assert (again["stage"], again["decision"]) == ("screening", None)
    decisions = company.employee.rest.get("/idea-decisions", params={"idea": idea}).json()["items"]
    assert [one["current"] for one in decisions] == [False]


def test_of_two_who_decide_at_once_one_wins(company: Company) -> None:
    other = company.hire("委员乙", "root", roles=(("committee", None),))
    for private in (False, True):
        idea = propose(company.employee)["id"]
        with ThreadPoolExecutor(2) as pool:
            asked = [
                pool.submit(decide, company.committee, idea, {**YES, "private": private}),
                pool.submit(decide, other, idea, {**NO, "private": private}),
            ]
            answers = [one.result() for one in asked]
        assert sorted(answer.status_code for answer in answers) == [200, 409], [one.text for one in answers]
        lost = next(answer for answer in answers if answer.status_code == 409).json()
        won = YES if answers[0].status_code == 200 else NO
        winner = company.committee if answers[0].status_code == 200 else other
        assert lost["decision"]["outcome"] == won["outcome"]
        assert lost["decision"]["decided_by"] == {"id": str(winner.id), "name": winner.name}
        found = company.server.sql("SELECT outcome FROM idea_decision WHERE content_id = $1", idea)
        assert [row["outcome"] for row in found] == [won["outcome"]]


def test_who_comes_too_late_is_told_the_decision(company: Company) -> None:
    idea = propose(company.employee)["id"]
    decide(company.committee, idea, NO)
    late = decide(company.admin, idea, YES)
    assert late.status_code == 409
    assert late.json()["allowed"] == ["screening"]
    assert late.json()["decision"]["explanation"] == NO["explanation"]
    mutation = "mutation($id: ID!) { decideIdea(id: $id, input: {outcome: approved}) { id } }"
    error = company.admin.graphql(mutation, id=idea)["errors"][0]
    assert error["extensions"]["code"] == "CONFLICT"
    assert error["extensions"]["decision"]["outcome"] == "declined"


def test_what_was_withdrawn_or_merged_is_not_decided_on(company: Company) -> None:
    idea = propose(company.employee)["id"]
    company.employee.rest.post(f"/ideas/{idea}/withdraw")
    before = stable(company.committee, idea)
    for path, body in (("decision", YES), ("advance", {"to": "screening"}), ("questions", {"text": "？"})):
        response = company.committee.rest.post(f"/ideas/{idea}/{path}", json=body)
        assert response.status_code == 409, response.text
    assert stable(company.committee, idea) == before


# ---- private decisions ----------------------------------------------------------------------------------------------


def test_private_decisions_are_published_together(company: Company) -> None:
    yes, no = propose(company.employee)["id"], propose(company.employee)["id"]
    before = {id: stable(company.employee, id) for id in (yes, no)}
    for id, body in ((yes, YES), (no, NO)):
        assert decide(company.committee, id, {**body, "private": True}).status_code == 200
    for reader in (company.employee, company.colleague, company.finance):
        listed = reader.rest.get("/idea-decisions", params={"private": "true"}).json()["items"]
        assert not {one["idea"]["id"] for one in listed} & {yes, no}
    assert {id: stable(company.employee, id) for id in (yes, no)} == before
    assert heard(company.employee, ["idea_decided_privately"]) == []
    listed = company.admin.rest.get("/idea-decisions", params={"private": "true", "limit": 100}).json()["items"]
    ids = {one["idea"]["id"]: one["id"] for one in listed}
    assert {yes, no} <= ids.keys()
    assert company.employee.rest.get(f"/idea-decisions/{ids[yes]}").status_code == 404
    together = {"ids": [ids[yes], ids[no]]}
    assert company.employee.rest.post("/idea-decisions:publish", json=together).status_code == 404
    assert company.committee.rest.post(f"/ideas/{yes}/advance", json={"to": "screening"}).status_code == 409
    assert {id: stable(company.employee, id) for id in (yes, no)} == before
    done = company.committee.rest.post("/idea-decisions:publish", json=together)
    assert (done.status_code, done.json()) == (200, {"published": 2})
    assert [seen(company.employee, id)["stage"] for id in (yes, no)] == ["approved", "declined"]
    decided = [seen(company.employee, id)["decision"]["published_at"] for id in (yes, no)]
    assert decided[0] == decided[1]
    again = company.committee.rest.post("/idea-decisions:publish", json=together)
    assert again.status_code == 409


def test_all_or_none_is_published(company: Company) -> None:
    one, gone = propose(company.employee)["id"], propose(company.employee)["id"]
    for id in (one, gone):
        decide(company.committee, id, {**YES, "private": True})
    rows = company.server.sql(
        "SELECT id, content_id FROM idea_decision WHERE content_id = ANY($1::uuid[])", [one, gone]
    )
    ids = {str(row["content_id"]): str(row["id"]) for row in rows}
    # Withdrawing is refused to nobody, or the author would learn that something was decided.
    assert company.employee.rest.post(f"/ideas/{gone}/withdraw").status_code == 200
    response = company.committee.rest.post("/idea-decisions:publish", json={"ids": list(ids.values())})
    assert (response.status_code, response.json()["idea_id"]) == (409, gone)
    assert seen(company.employee, one)["stage"] == "submitted"
    assert company.employee.rest.delete(f"/idea-decisions/{ids[gone]}").status_code == 404
    assert company.committee.rest.delete(f"/idea-decisions/{ids[gone]}").status_code == 204
    assert company.committee.rest.post("/idea-decisions:publish", json={"ids": [ids[one]]}).status_code == 200
    assert company.committee.rest.delete(f"/idea-decisions/{ids[one]}").status_code == 409
    company.employee.rest.post(f"/ideas/{gone}/reinstate")
    assert decide(company.committee, gone, NO).json()["stage"] == "declined"


def test_private_decisions_through_graphql(company: Company) -> None:
    idea = propose(company.employee)["id"]
    mutation = """mutation($id: ID!) { decideIdea(id: $id, input: {outcome: declined, reason: exists,
      explanation: "已有", private: true}) { stage decision { id } } }"""
    assert company.committee.data(mutation, id=idea)["decideIdea"] == {"stage": "submitted", "decision": None}
    query = "query($i: ID!) { ideaDecisions(filter: {idea: $i}) { nodes { id outcome idea { title } } totalCount } }"
    assert company.employee.data(query, i=idea)["ideaDecisions"] == {"nodes": [], "totalCount": 0}
    (decision,) = company.committee.data(query, i=idea)["ideaDecisions"]["nodes"]
    publish = "mutation($ids: [ID!]!) { publishDecisions(input: {ids: $ids}) { published } }"
    assert company.employee.graphql(publish, ids=[decision["id"]])["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert company.committee.data(publish, ids=[decision["id"]])["publishDecisions"] == {"published": 1}
    shown = "query($id: ID!) { idea(id: $id) { stage decision { outcome reason decidedBy { id } } } }"
    assert company.employee.data(shown, id=idea)["idea"] == {
        "stage": "declined",
        "decision": {"outcome": "declined", "reason": "exists", "decidedBy": {"id": str(company.committee.id)}},
    }


# ---- the story ------------------------------------------------------------------------------------------------------


def test_the_timeline_tells_the_whole_story(company: Company) -> None:
    author, reader, judge = company.employee, company.colleague, company.committee
    idea = propose(author)["id"]
    reader.rest.put(f"/ideas/{idea}/vote")
    reader.rest.put(f"/content/{idea}/follow")
    judge.rest.post(f"/ideas/{idea}/advance", json={"to": "screening"})
    judge.rest.post(f"/ideas/{idea}/questions", json={"text": "每天几次？"})
    author.rest.post(f"/ideas/{idea}/answers", json={"text": "二十次。"})
    decide(judge, idea, YES)
    told = [
        "idea_submitted",
        "idea_voted",
        "idea_stage_changed",
        "comment_written",
        "idea_question_asked",
        "comment_written",
        "idea_question_answered",
        "idea_stage_changed",
        "idea_decided",
    ]
    assert types(company.outsider, idea) == told
    # Whom somebody follows is their own affair.
    assert types(reader, idea) == [*told[:2], "followed", *told[2:]]
    query = """query($id: ID!) { ideaTimeline(ideaId: $id, first: 50) {
      nodes { id type at actor { id name } payload } } }"""
    entries = company.outsider.rest.get(f"/ideas/{idea}/timeline").json()["items"]
    through_graphql = company.outsider.data(query, id=idea)["ideaTimeline"]["nodes"]
    keep = ("id", "type", "at", "payload")
    assert [{k: one[k] for k in keep} for one in through_graphql] == [{k: one[k] for k in keep} for one in entries]
    assert [one["actor"]["id"] for one in through_graphql] == [one["actor"]["id"] for one in entries]
    newest = company.outsider.rest.get(f"/ideas/{idea}/timeline", params={"order": "newest", "limit": 2}).json()
    assert [one["type"] for one in newest["items"]] == told[:-3:-1]
    hidden = propose(company.outsider, audience=[str(company.departments["sales"])])["id"]
    assert company.colleague.rest.get(f"/ideas/{hidden}/timeline").status_code == 404
    assert company.colleague.rest.get(f"/ideas/{uuid4()}/timeline").status_code == 404


# ---- anonymous ------------------------------------------------------------------------------------------------------


def test_an_anonymous_idea_goes_the_same_way(company: Company) -> None:
    boss = company.hire("上级", "rd")
    author = company.hire("匿名者", "rd_pressure")
    company.server.sql("UPDATE person SET manager_id = $1 WHERE id = $2", boss.id, author.id)
    response = author.rest.post("/ideas", json={"title": "夜班补贴按小时算", "anonymous": True})
    if response.status_code == 409:
        pytest.skip("anonymity is not set up here")
    idea = response.json()["id"]
    assert seen(company.committee, idea)["desk"] is None
    assert decide(boss, idea, YES).status_code == 403
    assert decide(author, idea, YES).status_code == 403
    due = datetime.fromisoformat(seen(company.committee, idea)["due_at"])
    # A due time tells from when it was counted: here only the day.
    assert (due.hour, due.minute, due.second, due.microsecond) in ((0, 0, 0, 0), (16, 0, 0, 0))
    company.committee.rest.post(f"/ideas/{idea}/questions", json={"text": "按什么小时？"})
    assert author.rest.post(f"/ideas/{idea}/answers", json={"text": "按打卡。"}).status_code == 200
    assert decide(company.committee, idea, YES).json()["stage"] == "approved"
    for entry in company.committee.rest.get(f"/ideas/{idea}/timeline").json()["items"]:
        assert entry["actor"]["id"] != str(author.id)
    assert str(author.id) not in company.committee.rest.get(f"/ideas/{idea}/timeline").text


def test_a_script_of_decisions_is_repeatable(company: Company) -> None:
    idea, key = propose(company.employee)["id"], uuid4().hex
    headers = {"Idempotency-Key": key}
    answers = [company.committee.rest.post(f"/ideas/{idea}/decision", json=YES, headers=headers) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 200]
    assert answers[1].headers["Idempotent-Replayed"] == "true"
