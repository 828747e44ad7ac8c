"""Milestones, pilots and roll-out through both doors."""

from uuid import uuid4

import pytest
from tests.conftest import Company
from tests.incubation.incubating import (
    PILOT,
    Unchanged,
    approved,
    day,
    errors_of,
    made,
    piloted,
    pointed,
    refused,
    stage_of,
)


def test_a_milestone_is_planned_changed_reached_and_removed(company: Company) -> None:
    author, other = company.employee, company.colleague
    idea = approved(company, author)
    asked = {"title": "充电桩装好定时器", "due_on": day(7), "person_id": str(other.id)}
    first = made(author.rest.post(f"/ideas/{idea}/milestones", json=asked))
    assert (first["person"]["id"], first["position"], first["overdue"]) == (str(other.id), 1, False)
    second = made(author.rest.post(f"/ideas/{idea}/milestones", json={"title": "量一周电", "due_on": day()}))
    assert (second["person"]["id"], second["position"]) == (str(author.id), 2)
    etag = author.rest.get(f"/milestones/{second['id']}").headers["etag"]
    moved = author.rest.patch(f"/milestones/{second['id']}", json={"position": 0}, headers={"If-Match": etag})
    assert made(moved, 200)["version"] == 2
    listed = made(company.outsider.rest.get(f"/ideas/{idea}/milestones"), 200)["items"]
    assert [one["title"] for one in listed] == ["量一周电", "充电桩装好定时器"]
    assert listed[0]["permissions"] == []
    # Whoever sees to it says that it is done, and again changes nothing.
    done = made(other.rest.put(f"/milestones/{first['id']}/done"), 200)
    assert done["done_at"] is not None
    assert made(other.rest.put(f"/milestones/{first['id']}/done"), 200)["version"] == done["version"]
    assert other.rest.delete(f"/milestones/{first['id']}/done").status_code == 204
    assert made(other.rest.get(f"/milestones/{first['id']}"), 200)["done_at"] is None
    stale = author.rest.patch(f"/milestones/{second['id']}", json={"title": "x"}, headers={"If-Match": etag})
    refused(stale, 412, "version_conflict")
    etag = author.rest.get(f"/milestones/{second['id']}").headers["etag"]
    assert author.rest.delete(f"/milestones/{second['id']}", headers={"If-Match": etag}).status_code == 204
    assert author.rest.get(f"/milestones/{second['id']}").status_code == 404


def test_what_was_due_and_is_not_reached_is_overdue(company: Company) -> None:
    idea = approved(company, company.employee)
    plan = {"title": "量一周电", "due_on": day()}
    milestone = made(company.employee.rest.post(f"/ideas/{idea}/milestones", json=plan))["id"]
    company.server.sql("UPDATE milestone SET due_on = current_date - 1 WHERE id = $1::uuid", milestone)
    assert made(company.colleague.rest.get(f"/milestones/{milestone}"), 200)["overdue"] is True
    assert made(company.employee.rest.put(f"/milestones/{milestone}/done"), 200)["overdue"] is False


def test_the_same_through_graphql(company: Company) -> None:
    author = company.employee
    idea = approved(company, author)
    planned = author.data(
        """mutation($idea: ID!, $pilot: PlanPilotInput!, $step: PlanMilestoneInput!, $site: PlanRolloutInput!) {
          planMilestone(ideaId: $idea, input: $step) { id person { name } overdue permissions }
          planPilot(ideaId: $idea, input: $pilot) { id state baseline target permissions }
          planRollout(ideaId: $idea, input: $site) { id state department { id } } }""",
        idea=idea,
        step={"title": "装定时器", "dueOn": day(3)},
        pilot={"site": "二号仓", "fromOn": day(), "untilOn": day(5), "measure": "峰段电量", "target": 8000.5},
        site={"departmentId": str(company.departments["rd"]), "plannedOn": day(20)},
    )
    pilot, site, step = (planned[name]["id"] for name in ("planPilot", "planRollout", "planMilestone"))
    assert planned["planPilot"]["target"] == 8000.5
    assert planned["planPilot"]["permissions"] == ["edit", "start", "remove"]
    author.data("mutation($id: ID!) { startPilot(id: $id) { state } }", id=pilot)
    assert stage_of(author, idea) == "in_pilot"
    result = {"outcome": "succeeded", "value": 7800, "findings": "夜里充得满。"}
    answer = author.data(
        "mutation($id: ID!, $r: ConcludePilotInput!) { concludePilot(id: $id, input: $r) { state outcome value } }",
        id=pilot,
        r=result,
    )
    assert answer["concludePilot"] == {"state": "concluded", "outcome": "succeeded", "value": 7800}
    author.data("mutation($id: ID!) { finishMilestone(id: $id) { doneAt } }", id=step)
    author.data("mutation($id: ID!) { finishRollout(id: $id, input: {}) { state doneOn } }", id=site)
    shown = company.colleague.data(
        """query($id: ID!) { incubation(id: $id) { ideaId stage held permissions
          milestones { title doneAt person { department { name } } } pilots { outcome } rollout { state doneOn }
          gates { decision } }
          milestones(ideaId: $id) { totalCount } pilots(ideaId: $id) { nodes { id } }
          rolloutSites(ideaId: $id) { nodes { id } } gates(ideaId: $id) { nodes { id } } }""",
        id=idea,
    )
    assert shown["incubation"]["stage"] == "in_pilot"
    assert shown["incubation"]["pilots"] == [{"outcome": "succeeded"}]
    assert shown["incubation"]["rollout"] == [{"state": "done", "doneOn": day()}]
    assert shown["milestones"]["totalCount"] == 1
    rest = made(company.colleague.rest.get(f"/ideas/{idea}/incubation"), 200)
    assert rest["pilots"][0]["id"] == pilot and rest["rollout"][0]["id"] == site
    done = author.data("mutation($id: ID!) { implementIdea(id: $id) { stage } }", id=idea)
    assert done["implementIdea"]["stage"] == "implemented"


@pytest.mark.parametrize(
    ("thing", "body", "pointer", "code"),
    [
        ("milestones", {"title": "晚了", "due_on": day(-1)}, "/due_on", "in_the_past"),
        ("milestones", {"title": "谁", "due_on": day(1), "person_id": str(uuid4())}, "/person_id", "unknown_reference"),
        ("milestones", {"title": " ", "due_on": day(1)}, "/title", "string_too_short"),
        ("pilots", {**PILOT, "from_on": day(9), "until_on": day(8)}, "/until_on", "dates_backwards"),
        ("pilots", {**PILOT, "from_on": day(-9), "until_on": day(-1)}, "/until_on", "in_the_past"),
        ("pilots", {**PILOT, "site": None}, "/site", "missing"),
        ("pilots", {**PILOT, "department_id": str(uuid4())}, "/department_id", "unknown_reference"),
        ("pilots", {**PILOT, "target": 1e300}, "/target", "less_than_equal"),
        ("rollout-sites", {"planned_on": day(1)}, "/site", "missing"),
        ("rollout-sites", {"site": "槟城", "planned_on": day(-1)}, "/planned_on", "in_the_past"),
    ],
)
def test_wrong_input_is_pointed_at_and_changes_nothing(
    company: Company, thing: str, body: dict[str, object], pointer: str, code: str
) -> None:
    idea = approved(company, company.employee)
    with Unchanged(company):
        pointed(company.employee.rest.post(f"/ideas/{idea}/{thing}", json=body), pointer, code)


def test_changes_are_checked_like_new_ones(company: Company) -> None:
    author = company.employee
    idea = approved(company, author)
    pilot = made(author.rest.post(f"/ideas/{idea}/pilots", json=PILOT))["id"]
    site = made(author.rest.post(f"/ideas/{idea}/rollout-sites", json={"site": "槟城", "planned_on": day(9)}))["id"]
    any_version = {"If-Match": "*"}
    with Unchanged(company):
        send = author.rest.patch
        pointed(
            send(f"/pilots/{pilot}", json={"from_on": day(31)}, headers=any_version), "/until_on", "dates_backwards"
        )
        pointed(send(f"/pilots/{pilot}", json={"site": None}, headers=any_version), "/site", "missing")
        pointed(
            send(f"/rollout-sites/{site}", json={"planned_on": day(-3)}, headers=any_version),
            "/planned_on",
            "in_the_past",
        )
        pointed(author.rest.put(f"/rollout-sites/{site}/done", json={"done_on": day(1)}), "/done_on", "in_the_future")
    # What was planned for a day that is over by now can be changed in everything else.
    company.server.sql("UPDATE pilot SET from_on = '2026-01-01', until_on = '2026-02-01' WHERE id = $1::uuid", pilot)
    changed = made(send(f"/pilots/{pilot}", json={"unit": "MWh", "site": "一号仓"}, headers=any_version), 200)
    assert (changed["unit"], changed["site"], changed["overdue"]) == ("MWh", "一号仓", True)


def test_who_may_not_carry_it_out_changes_nothing(company: Company) -> None:
    author, stranger = company.employee, company.outsider
    idea = approved(company, author)
    step = made(author.rest.post(f"/ideas/{idea}/milestones", json={"title": "装", "due_on": day(1)}))["id"]
    site = made(author.rest.post(f"/ideas/{idea}/rollout-sites", json={"site": "槟城", "planned_on": day(9)}))["id"]
    pilot = made(author.rest.post(f"/ideas/{idea}/pilots", json=PILOT))["id"]
    any_version = {"If-Match": "*"}
    with Unchanged(company):
        for path, body in (
            (f"/ideas/{idea}/milestones", {"title": "我来", "due_on": day(1)}),
            (f"/ideas/{idea}/pilots", dict(PILOT)),
            (f"/ideas/{idea}/rollout-sites", {"site": "槟城", "planned_on": day(9)}),
            (f"/ideas/{idea}/gates", {"title": "还做吗"}),
            (f"/ideas/{idea}/implementation", None),
            (f"/pilots/{pilot}/start", None),
            (f"/pilots/{pilot}/result", {"outcome": "failed"}),
        ):
            refused(stranger.rest.post(path, json=body), 403, "forbidden")
        for path in (f"/milestones/{step}", f"/pilots/{pilot}", f"/rollout-sites/{site}"):
            refused(stranger.rest.patch(path, json={}, headers=any_version), 403, "forbidden")
            refused(stranger.rest.delete(path, headers=any_version), 403, "forbidden")
        for path in (f"/milestones/{step}/done", f"/rollout-sites/{site}/done"):
            refused(stranger.rest.put(path, json={} if "rollout" in path else None), 403, "forbidden")
            refused(stranger.rest.delete(path), 403, "forbidden")
        answer = stranger.graphql("mutation($id: ID!) { implementIdea(id: $id) { id } }", id=idea)
        assert errors_of(answer) == ["FORBIDDEN"]


def test_of_a_hidden_idea_nothing_exists(company: Company) -> None:
    author, stranger = company.employee, company.outsider
    idea = approved(company, author, audience=[str(company.departments["rd"])])
    step = made(author.rest.post(f"/ideas/{idea}/milestones", json={"title": "装", "due_on": day(1)}))["id"]
    site = made(author.rest.post(f"/ideas/{idea}/rollout-sites", json={"site": "槟城", "planned_on": day(9)}))["id"]
    pilot = piloted(author, idea)["id"]
    gate = made(author.rest.post(f"/ideas/{idea}/gates", json={"title": "还做吗"}))["id"]
    assert made(company.colleague.rest.get(f"/gates/{gate}"), 200)["title"] == "还做吗"
    with Unchanged(company):
        for path in ("incubation", "milestones", "pilots", "rollout-sites", "gates"):
            refused(stranger.rest.get(f"/ideas/{idea}/{path}"), 404, "not_found")
        for path in (f"/milestones/{step}", f"/pilots/{pilot}", f"/rollout-sites/{site}", f"/gates/{gate}"):
            refused(stranger.rest.get(path), 404, "not_found")
        refused(stranger.rest.put(f"/milestones/{step}/done"), 404)
        refused(stranger.rest.post(f"/pilots/{pilot}/result", json={"outcome": "failed"}), 404)
        refused(company.committee.rest.post(f"/gates/{gate}/decision", json={"decision": "go", "reason": "好"}), 404)
        # Not even who is to see to it, if they cannot see the idea.
        named = {"person_id": str(stranger.id)}
    assert author.rest.patch(f"/milestones/{step}", json=named, headers={"If-Match": "*"}).status_code == 200
    refused(stranger.rest.put(f"/milestones/{step}/done"), 404)
    query = "query($id: ID!, $node: ID!) { incubation(id: $id) { held } node(id: $node) { id } }"
    answer = stranger.graphql(query, id=idea, node=step)
    assert (errors_of(answer), answer["data"]) == (["NOT_FOUND"], {"incubation": None, "node": None})


@pytest.mark.parametrize("stage", ["submitted", "evaluation", "declined", "deferred"])
def test_what_is_not_approved_is_not_carried_out(company: Company, stage: str) -> None:
    idea = approved(company, company.employee, stage=stage)
    plan = {"title": "装", "due_on": day(1)}
    with Unchanged(company):
        problem = refused(company.employee.rest.post(f"/ideas/{idea}/milestones", json=plan), 409, "conflict")
        assert problem["stage"] == stage
        refused(company.employee.rest.post(f"/ideas/{idea}/implementation"), 409, "conflict")
        answer = company.employee.graphql("mutation($id: ID!) { implementIdea(id: $id) { id } }", id=idea)
        assert errors_of(answer) == ["CONFLICT"]


def test_a_withdrawn_idea_rests(company: Company) -> None:
    author = company.employee
    idea = approved(company, author)
    pilot = made(author.rest.post(f"/ideas/{idea}/pilots", json=PILOT))["id"]
    made(author.rest.post(f"/ideas/{idea}/withdraw"), 200)
    with Unchanged(company):
        refused(author.rest.post(f"/pilots/{pilot}/start"), 409, "conflict")
    assert made(author.rest.get(f"/pilots/{pilot}"), 200)["permissions"] == []


def test_a_pilot_goes_one_way(company: Company) -> None:
    author = company.employee
    idea = approved(company, author)
    pilot = made(author.rest.post(f"/ideas/{idea}/pilots", json=PILOT))["id"]
    with Unchanged(company):
        refused(author.rest.post(f"/pilots/{pilot}/result", json={"outcome": "succeeded"}), 409, "conflict")
    assert made(author.rest.post(f"/pilots/{pilot}/start"), 200)["permissions"] == ["edit", "conclude"]
    with Unchanged(company):
        refused(author.rest.post(f"/pilots/{pilot}/start"), 409, "conflict")
        refused(author.rest.delete(f"/pilots/{pilot}", headers={"If-Match": "*"}), 409, "conflict")
        assert refused(author.rest.post(f"/ideas/{idea}/implementation"), 409)["pilots"] == [pilot]
    made(author.rest.post(f"/pilots/{pilot}/result", json={"outcome": "inconclusive", "findings": "下雨"}), 200)
    with Unchanged(company):
        refused(author.rest.post(f"/pilots/{pilot}/result", json={"outcome": "succeeded"}), 409, "conflict")
        refused(author.rest.patch(f"/pilots/{pilot}", json={"unit": "h"}, headers={"If-Match": "*"}), 409, "conflict")
    assert stage_of(author, idea) == "in_pilot"


def test_implemented_is_what_is_done_everywhere(company: Company) -> None:
    author = company.employee
    large = approved(company, author, size="large")
    with Unchanged(company):
        refused(author.rest.post(f"/ideas/{large}/implementation"), 409, "conflict")
    places = [
        made(author.rest.post(f"/ideas/{large}/rollout-sites", json={"site": site, "planned_on": day(9)}))["id"]
        for site in ("苏州", "槟城")
    ]
    made(author.rest.put(f"/rollout-sites/{places[0]}/done", json={"done_on": day(-1)}), 200)
    with Unchanged(company):
        assert refused(author.rest.post(f"/ideas/{large}/implementation"), 409)["missing"] == places[1:]
        refused(author.rest.delete(f"/rollout-sites/{places[0]}", headers={"If-Match": "*"}), 409, "conflict")
    done = made(author.rest.put(f"/rollout-sites/{places[1]}/done", json={}), 200)
    assert (done["state"], done["done_on"], done["overdue"]) == ("done", day(), False)
    assert made(author.rest.put(f"/rollout-sites/{places[1]}/done", json={}), 200)["version"] == done["version"]
    assert made(author.rest.post(f"/ideas/{large}/implementation"), 200)["stage"] == "implemented"
    with Unchanged(company):
        refused(author.rest.post(f"/ideas/{large}/implementation"), 409, "conflict")
    small = approved(company, author)
    assert made(author.rest.post(f"/ideas/{small}/implementation"), 200)["stage"] == "implemented"


def test_everything_is_in_the_journal_of_the_idea(company: Company) -> None:
    author = company.employee
    idea = approved(company, author)
    piloted(author, idea)
    rows = company.server.sql(
        "SELECT happened, object_kind FROM journal WHERE content_id = $1::uuid ORDER BY number", idea
    )
    assert [tuple(row) for row in rows][-3:] == [
        ("pilot_planned", "pilot"),
        ("idea_stage_changed", "content"),
        ("pilot_started", "pilot"),
    ]


def test_an_unnamed_author_stays_unnamed(company: Company) -> None:
    author = company.hire("不愿署名", "rd")
    idea = approved(company, author, anonymous=True)
    step = made(author.rest.post(f"/ideas/{idea}/milestones", json={"title": "装定时器", "due_on": day(5)}))
    pilot = piloted(author, idea)
    made(author.rest.put(f"/milestones/{step['id']}/done"), 200)
    gate = made(author.rest.post(f"/ideas/{idea}/gates", json={"title": "还做吗"}))
    assert "decide" not in gate["permissions"]
    seen = company.admin.rest.get(f"/ideas/{idea}/incubation")
    assert str(author.id) not in seen.text
    assert author.name not in seen.text
    assert seen.json()["milestones"][0]["person"]["id"] == seen.json()["gates"][0]["opened_by"]["id"]
    # Neither times nor ids tell when its author was at work.
    days = {step["created_at"], pilot["created_at"], pilot["started_at"], gate["created_at"]}
    assert all(at.partition("T")[2].startswith("00:00:00") for at in days), days
    rows = company.server.sql(
        "SELECT actor_id, at FROM journal WHERE content_id = $1::uuid AND object_kind <> 'content'", idea
    )
    assert str(author.id) not in {str(row["actor_id"]) for row in rows}
    assert len(rows) == 5
    # Whoever is named by them is named; and they may name themselves.
    named = {"title": "培训叉车工", "due_on": day(9), "person_id": str(company.colleague.id)}
    assert made(author.rest.post(f"/ideas/{idea}/milestones", json=named))["person"]["id"] == str(company.colleague.id)


def test_approved_by_the_committee_and_ended_at_a_gate(company: Company) -> None:
    """The decision that approved it is history once a gate has said no."""
    idea = approved(company, company.employee)
    gate = made(company.employee.rest.post(f"/ideas/{idea}/gates", json={"title": "还做吗"}))["id"]
    made(company.committee.rest.post(f"/gates/{gate}/decision", json={"decision": "kill", "reason": "电价改了。"}), 200)
    decisions = made(company.colleague.rest.get("/idea-decisions", params={"idea": idea}), 200)["items"]
    assert [(one["outcome"], one["current"]) for one in decisions] == [("approved", False)]
