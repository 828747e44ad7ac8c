"""Whoever may not do something to an idea is told so, and learns nothing of the state in which it could be done."""

from functools import partial
from typing import Any

from tests.access.world import fingerprint
from tests.conftest import Actor, Company
from tests.ideas.test_clock import Line, seen
from tests.ideas.test_stages import LATER, NO, YES, decide, propose

ACTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("decision", YES),
    ("advance", {"to": "screening"}),
    ("questions", {"text": "为什么？"}),
    ("answers", {"text": "因为省电。"}),
    ("unmerge", {}),
    ("triage/confirm", {}),
)


def forbidden(company: Company, actor: Actor, path: str, body: Any = None, method: str = "POST") -> None:
    """403 that tells nothing else, and nothing has changed."""
    company.server.settle()
    before = fingerprint(company.server)
    response = actor.rest.request(method, path, json=body)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (403, "forbidden"), (path, response.text)
    assert not {"stage", "allowed", "decision", "decision_id"} & problem.keys(), problem
    assert fingerprint(company.server) == before


def test_of_an_idea_that_was_decided_on_strangers_learn_no_state(company: Company) -> None:
    declined, withdrawn, other = (propose(company.employee)["id"] for _ in range(3))
    decide(company.committee, declined, NO)
    assert company.employee.rest.post(f"/ideas/{withdrawn}/withdraw").status_code == 200
    for idea in (declined, withdrawn):
        for path, body in ACTS:
            forbidden(company, company.outsider, f"/ideas/{idea}/{path}", body)
        forbidden(company, company.outsider, f"/ideas/{idea}/merge", {"into_id": other})
        forbidden(company, company.outsider, f"/ideas/{other}/merge", {"into_id": idea})
        forbidden(company, company.employee, f"/ideas/{idea}/vote", method="PUT")
        forbidden(company, company.employee, f"/ideas/{idea}/decision", YES)
        query = "mutation($id: ID!) { decideIdea(id: $id, input: {outcome: approved}) { id } }"
        error = company.outsider.graphql(query, id=idea)["errors"][0]["extensions"]
        assert error["code"] == "FORBIDDEN" and "decision" not in error
    forbidden(company, company.outsider, f"/ideas/{other}/merge", {"into_id": other})
    # Who may is told the state.
    for path, body in ACTS:
        actor = company.employee if path == "answers" else company.committee
        if (path, body) != ("advance", {"to": "screening"}):
            assert actor.rest.post(f"/ideas/{withdrawn}/{path}", json=body).status_code == 409, path


def decisions_on(company: Company, idea: str) -> list[str]:
    listed = company.outsider.rest.get("/idea-decisions", params={"idea": idea}).json()["items"]
    return [one["id"] for one in listed]


def test_published_decisions_are_published_and_taken_back_by_nobody_else(company: Company) -> None:
    ids = []
    for _ in range(2):
        idea = propose(company.employee)["id"]
        decide(company.committee, idea, NO)
        ids += [
            one["id"] for one in company.outsider.rest.get("/idea-decisions", params={"idea": idea}).json()["items"]
        ]
    company.committee.rest.post(f"/ideas/{idea}/advance", json={"to": "screening"})
    decide(company.committee, idea, YES)
    same = decisions_on(company, idea)
    for actor in (company.outsider, company.employee):
        forbidden(company, actor, "/idea-decisions:publish", {"ids": ids})
        forbidden(company, actor, "/idea-decisions:publish", {"ids": same})
        forbidden(company, actor, f"/idea-decisions/{ids[0]}", method="DELETE")
    for body in ({"ids": ids}, {"ids": same}):
        assert company.committee.rest.post("/idea-decisions:publish", json=body).status_code == 409
    assert company.committee.rest.delete(f"/idea-decisions/{ids[0]}").status_code == 409


def test_without_the_permission_to_comment_nobody_asks(company: Company) -> None:
    idea = propose(company.employee)["id"]
    decide(company.committee, idea, NO)
    scopes = ["content_read", "idea_propose", "idea_decide"]
    silent = company.hire("不评论的委员", "root", roles=(("committee", None),), scopes=scopes)
    forbidden(company, silent, f"/ideas/{idea}/questions", {"text": "？"})


def on_desk(person: Actor, idea: str) -> bool:
    desk = seen(person, idea)["desk"]
    return desk is not None and desk["id"] == str(person.id)


def test_whoever_had_it_on_the_desk_and_comes_too_late_is_told_the_decision(company: Company) -> None:
    line = Line(company)
    idea, own, deferred = (line.propose()["id"] for _ in range(3))
    decide(company.committee, idea, NO)
    assert decide(line.manager, own, YES).status_code == 200
    assert decide(line.manager, deferred, LATER).status_code == 200
    for id, outcome in ((idea, "declined"), (own, "approved"), (deferred, "deferred")):
        late = decide(line.manager, id, YES)
        assert (late.status_code, late.json()["decision"]["outcome"]) == (409, outcome)
        forbidden(company, line.director, f"/ideas/{id}/decision", YES)
        shown = seen(line.manager, id)
        assert shown["desk"] is None
        assert not {"decide", "reopen"} & set(shown["permissions"])
    # Nor is it theirs to begin anew, to sort, or to merge.
    for id in (idea, deferred):
        assert not {"merge", "manage"} & set(seen(line.manager, id)["permissions"])
        forbidden(company, line.manager, f"/ideas/{id}/advance", {"to": "screening"})
        forbidden(company, line.manager, f"/ideas/{id}/triage/confirm", {})
        forbidden(company, line.manager, f"/ideas/{id}/merge", {"into_id": own})


def test_whoever_let_it_go_up_the_line_is_told_as_well(company: Company) -> None:
    line = Line(company)
    idea = line.propose()["id"]
    line.back(idea, 2)
    line.wait(partial(on_desk, line.director, idea))
    forbidden(company, line.manager, f"/ideas/{idea}/decision", YES)
    assert decide(company.committee, idea, YES).status_code == 200
    for late in (line.manager, line.director):
        answer = decide(late, idea, NO)
        assert (answer.status_code, answer.json()["decision"]["outcome"]) == (409, "approved")


def test_what_was_answered_is_handed_on_to_nobody(company: Company) -> None:
    line = Line(company)
    answered, waiting, open_ = (line.propose()["id"] for _ in range(3))
    assert decide(line.manager, answered, NO).status_code == 200
    assert line.manager.rest.post(f"/ideas/{waiting}/questions", json={"text": "几台？"}).status_code == 200
    left = company.admin.rest.patch(f"/people/{line.manager.id}", json={"active": False}, headers={"If-Match": "*"})
    assert left.status_code == 200, left.text
    for id in (open_, waiting):
        line.wait(partial(on_desk, line.director, id))
    line.idle()
    told = [one["type"] for one in line.employee.rest.get(f"/ideas/{answered}/timeline").json()["items"]]
    assert "idea_handed_on" not in told
    (row,) = line.server.sql("SELECT desk_id, escalates_at FROM idea WHERE content_id = $1", answered)
    assert (row["desk_id"], row["escalates_at"]) == (line.manager.id, None)
