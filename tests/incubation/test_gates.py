"""Gates: go, kill, hold, recycle."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import Actor, Company
from tests.incubation.incubating import (
    PILOT,
    Unchanged,
    approved,
    errors_of,
    made,
    piloted,
    refused,
    stage_of,
)

from kshare.ideas.stages import TRANSITIONS


def opened(actor: Actor, idea: str, title: str = "还做吗") -> str:
    return str(made(actor.rest.post(f"/ideas/{idea}/gates", json={"title": title}))["id"])


def decide(actor: Actor, gate: str, decision: str, reason: str = "试点数据说明了一切。") -> Any:
    return actor.rest.post(f"/gates/{gate}/decision", json={"decision": decision, "reason": reason})


@pytest.mark.parametrize(
    ("stage", "decision", "after"),
    [
        ("approved", "go", "approved"),
        ("approved", "kill", "declined"),
        ("approved", "hold", "approved"),
        ("approved", "recycle", None),
        ("in_pilot", "go", "approved"),
        ("in_pilot", "kill", "declined"),
        ("in_pilot", "hold", "in_pilot"),
        ("in_pilot", "recycle", "evaluation"),
    ],
)
def test_what_a_decision_does(company: Company, stage: str, decision: str, after: str | None) -> None:
    idea = approved(company, company.employee, stage=stage)
    gate = opened(company.employee, idea)
    if after is None:
        with Unchanged(company):
            problem = refused(decide(company.committee, gate, decision), 409, "conflict")
            assert "evaluation" not in problem["allowed"]
        return
    answer = made(decide(company.committee, gate, decision), 200)
    assert (answer["decision"], answer["reason"]) == (decision, "试点数据说明了一切。")
    assert (answer["decided_by"]["id"], answer["permissions"]) == (str(company.committee.id), [])
    assert stage_of(company.employee, idea) == after
    happened = company.server.sql(
        "SELECT happened, payload->>'decision' AS decision FROM journal WHERE object_id = $1::uuid ORDER BY number",
        gate,
    )
    assert [tuple(row) for row in happened] == [("gate_opened", None), ("gate_decided", decision)]


def test_what_is_held_waits_for_another_gate(company: Company) -> None:
    author = company.employee
    idea = approved(company, author)
    pilot = made(author.rest.post(f"/ideas/{idea}/pilots", json=PILOT))["id"]
    made(decide(company.committee, opened(author, idea), "hold"), 200)
    assert made(author.rest.get(f"/ideas/{idea}/incubation"), 200)["held"] is True
    with Unchanged(company):
        refused(author.rest.post(f"/pilots/{pilot}/start"), 409, "conflict")
        refused(author.rest.post(f"/ideas/{idea}/implementation"), 409, "conflict")
    made(decide(company.committee, opened(company.committee, idea), "go"), 200)
    shown = made(author.rest.get(f"/ideas/{idea}/incubation"), 200)
    assert (shown["held"], [gate["decision"] for gate in shown["gates"]]) == (False, ["go", "hold"])
    made(author.rest.post(f"/pilots/{pilot}/start"), 200)


def test_a_pilot_that_runs_is_concluded_before_a_go_and_stopped_by_the_end(company: Company) -> None:
    author = company.employee
    idea = approved(company, author)
    pilot = piloted(author, idea)["id"]
    gate = opened(author, idea)
    with Unchanged(company):
        assert refused(decide(company.committee, gate, "go"), 409)["pilots"] == [pilot]
    made(decide(company.committee, gate, "kill"), 200)
    assert made(author.rest.get(f"/pilots/{pilot}"), 200)["state"] == "stopped"
    assert stage_of(author, idea) == "declined"


def test_never_the_author_and_nobody_without_the_right(company: Company) -> None:
    author = company.hire("提案的评委", "rd", roles=(("committee", None),))
    idea = approved(company, author)
    gate = opened(author, idea)
    body = {"decision": "go", "reason": "我的主意当然好。"}
    mutation = "mutation($id: ID!, $input: DecideGateInput!) { decideGate(id: $id, input: $input) { id } }"
    with Unchanged(company):
        for actor in (author, company.colleague, company.finance, company.manager):
            refused(decide(actor, gate, "go"), 403, "forbidden")
            assert errors_of(actor.graphql(mutation, id=gate, input=body)) == ["FORBIDDEN"]
        refused(company.committee.rest.post(f"/gates/{gate}/decision", json={"decision": "go"}), 422, "invalid")
        refused(company.committee.rest.post(f"/gates/{gate}/decision", json=body | {"reason": " "}), 422, "invalid")
        refused(company.committee.rest.post(f"/gates/{gate}/decision", json=body | {"decision": "x"}), 422, "invalid")
    assert made(company.committee.rest.get(f"/gates/{gate}"), 200)["permissions"] == ["decide"]
    assert company.committee.data(mutation, id=gate, input=body)["decideGate"]["id"] == gate


def test_one_gate_at_a_time(company: Company) -> None:
    idea = approved(company, company.employee)
    gate = opened(company.employee, idea)
    with Unchanged(company):
        problem = refused(company.employee.rest.post(f"/ideas/{idea}/gates", json={"title": "又一个"}), 409, "conflict")
        assert problem["gate_id"] == gate
    made(decide(company.committee, gate, "go"), 200)
    assert made(company.employee.rest.get(f"/gates/{opened(company.employee, idea)}"), 200)["number"] == 2


def test_of_two_who_decide_at_once_one_wins(company: Company) -> None:
    second = company.hire("另一位评委", "sales", roles=(("committee", None),))
    for _ in range(5):
        idea = approved(company, company.employee, stage="in_pilot")
        gate = opened(company.employee, idea)
        with ThreadPoolExecutor(2) as pool:
            trying = [
                pool.submit(decide, who, gate, what) for who, what in ((company.committee, "go"), (second, "kill"))
            ]
            answers = [one.result() for one in trying]
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        won, lost = sorted(answers, key=lambda answer: int(answer.status_code))
        assert lost.json()["decision"] == won.json()["decision"]
        assert stage_of(company.employee, idea) == {"go": "approved", "kill": "declined"}[won.json()["decision"]]


MOVES = ("start", "conclude", "go", "kill", "hold", "recycle", "implement")


@settings(max_examples=12)
@given(st.lists(st.sampled_from(MOVES), max_size=7))
def test_whatever_is_tried_the_stage_follows_the_table(company: Company, moves: list[str]) -> None:
    author = company.employee
    idea = approved(company, author)
    stage, held, running = "approved", False, None
    for move in moves:
        if move == "start":
            pilot = author.rest.post(f"/ideas/{idea}/pilots", json=dict(PILOT))
            started = pilot.status_code == 201 and author.rest.post(f"/pilots/{pilot.json()['id']}/start")
            if started and started.status_code == 200:
                assert not held
                running = pilot.json()["id"]
        elif move == "conclude" and running:
            author.rest.post(f"/pilots/{running}/result", json={"outcome": "failed"})
        elif move == "implement":
            if author.rest.post(f"/ideas/{idea}/implementation").status_code == 200:
                assert not held
        elif move in ("go", "kill", "hold", "recycle"):
            gate = author.rest.post(f"/ideas/{idea}/gates", json={"title": "还做吗"})
            shown = gate.json() if gate.status_code == 201 else {"id": gate.json().get("gate_id")}
            if shown["id"] and decide(company.committee, shown["id"], move).status_code == 200:
                held = move == "hold"
        now = stage_of(author, idea)
        assert now == stage or now in TRANSITIONS[stage], (stage, move, now)
        shown = made(author.rest.get(f"/ideas/{idea}/incubation"), 200)
        assert shown["held"] == held
        assert not (now not in ("in_pilot",) and any(pilot["state"] == "running" for pilot in shown["pilots"]))
        stage = now
