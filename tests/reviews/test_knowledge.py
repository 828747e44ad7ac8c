"""Knowledge that is reviewed before readers see it: submitting it, and what becomes of it."""

from typing import Any
from uuid import uuid4

import pytest
from tests.access.world import fingerprint
from tests.conftest import Actor, Company
from tests.events.following import heard
from tests.reviews.reviewing import assignment, category, change, done, form, group, judge, owed, policy, submit

SUBMIT = """mutation($id: ID!, $note: String) { submitForReview(contentId: $id, input: { note: $note }) {
  id state revision latestRevision required note method subject { id title author { name } } } }"""


def refused(company: Company, response: Any, status: int, before: Any) -> dict[str, Any]:
    """The problem of something that was refused and changed nothing."""
    assert response.status_code == status, response.text
    company.server.settle()
    assert fingerprint(company.server) == before
    problem: dict[str, Any] = response.json()
    return problem


def print_of(company: Company) -> Any:
    company.server.settle()
    return fingerprint(company.server)


def test_two_approvals_of_one_text(company: Company) -> None:
    """One approval, an edit, two approvals again: the edit voids what was said of the text before it."""
    first, second = company.hire("评审甲", "rd"), company.hire("评审乙", "rd")
    place = category(company)
    policy(company, place, needs="quorum", quorum=2, groups=[group(company, first, second)])
    item = company.employee.item(publish=False, category_id=place, title="热处理规范", body="一\n二\n三")
    path = f"/knowledge-items/{item['id']}"
    before = print_of(company)
    problem = refused(company, company.employee.rest.post(f"{path}/publish"), 409, before)
    assert problem["policy"]["needs"] == "quorum"

    review = submit(company.employee, item["id"])
    assert (review["required"], review["progress"]) == (2, {"given": 0, "approvals": 0})
    assert company.colleague.rest.get(path).status_code == 404, "a draft in review is its author's and reviewers'"
    assert [entry["review"]["id"] for entry in owed(first)] == [review["id"]]
    assert done(first.rest.get(f"/reviews/{review['id']}"))["progress"] is None, "blind before one has judged"
    done(judge(first, review), 201)
    assert owed(first) == []
    assert done(company.employee.rest.get(f"/reviews/{review['id']}"))["progress"]["approvals"] == 1

    done(change(company.employee, item["id"], body="一\n二\n三\n四"))
    seen = done(company.employee.rest.get(f"/reviews/{review['id']}"))
    assert (seen["progress"]["approvals"], seen["latest_revision"], seen["body"]) == (0, 2, "一\n二\n三\n四")
    stale = second.rest.post(
        f"/review-assignments/{assignment(second, review)}/judgements", json={"revision": 1, "verdict": "approve"}
    )
    assert stale.status_code == 409
    assert stale.json()["latest_revision"] == 2
    assert [entry["state"] for entry in owed(first)] == ["given"], "owed again, for the newer text"

    done(judge(second, review), 201)
    assert done(company.employee.rest.get(path))["state"] == "draft", "one approval of the newest text is not enough"
    done(judge(first, review), 201)
    assert done(company.employee.rest.get(f"/reviews/{review['id']}"))["state"] == "approved"
    shown = done(company.colleague.rest.get(path))
    assert (shown["state"], shown["body"], shown["revision"]) == ("published", "一\n二\n三\n四", 2)


def test_through_graphql_it_is_the_same(company: Company) -> None:
    reviewer, place = company.hire("评审员", "rd"), category(company)
    policy(company, place, groups=[group(company, reviewer)])
    author = company.employee
    create = """mutation($input: CreateKnowledgeItemInput!) { createKnowledgeItem(input: $input) {
      id version permissions } }"""
    ask = {"kind": "SOP", "title": "真空镀膜", "categoryId": place, "publish": True}
    direct = author.graphql(create, input=ask | {"kind": "sop"})
    assert direct["errors"][0]["extensions"]["code"] == "CONFLICT"
    assert direct["errors"][0]["extensions"]["policy"]["needs"] == "one"
    item = author.data(create, input=ask | {"kind": "sop", "publish": False})["createKnowledgeItem"]
    assert {"submit_for_review", "delete"} <= set(item["permissions"])
    review = author.data(SUBMIT, id=item["id"], note="请看第三步")["submitForReview"]
    assert (review["method"], review["subject"]["title"], review["note"]) == ("verdict", "真空镀膜", "请看第三步")
    twice = author.graphql(SUBMIT, id=item["id"])
    assert twice["errors"][0]["extensions"]["code"] == "CONFLICT"
    again = author.data("query($id: ID!) { knowledgeItem(id: $id) { permissions } }", id=item["id"])["knowledgeItem"]
    assert not {"submit_for_review", "delete", "publish"} & set(again["permissions"])
    desk = reviewer.data("{ myReviews { nodes { id dueAt review { id body permissions } permissions } } }")
    (owes,) = [one for one in desk["myReviews"]["nodes"] if one["review"]["id"] == review["id"]]
    assert set(owes["permissions"]) == {"judge", "decline", "delegate", "declare_conflict"}
    give = """mutation($id: ID!, $input: GiveJudgementInput!) { giveReviewJudgement(id: $id, input: $input) {
      number current verdict judge { name } } }"""
    said = reviewer.data(give, id=owes["id"], input={"revision": 1, "verdict": "approve"})["giveReviewJudgement"]
    assert said == {"number": 1, "current": True, "verdict": "approve", "judge": {"name": "评审员"}}
    query = "query($id: ID!) { knowledgeItem(id: $id) { state } review(id: $r) { state result { judges } } }"
    query = query.replace("$id: ID!", "$id: ID!, $r: ID!")
    shown = author.data(query, id=item["id"], r=review["id"])
    assert (shown["knowledgeItem"]["state"], shown["review"]["state"]) == ("published", "approved")


@pytest.mark.parametrize("door", ["rest", "graphql"])
def test_too_few_reviewers_and_nothing_is_stored(company: Company, door: str) -> None:
    one, place = company.hire("唯一一位", "rd"), category(company)
    policy(company, place, needs="quorum", quorum=2, groups=[group(company, one, company.employee)])
    item = company.employee.item(publish=False, category_id=place)
    before = print_of(company)
    if door == "rest":
        problem = refused(company, company.employee.rest.post(f"/content/{item['id']}/reviews", json={}), 409, before)
        assert (problem["needed"], problem["found"]) == (2, 1)
    else:
        answer = company.employee.graphql(SUBMIT, id=item["id"])
        assert answer["errors"][0]["extensions"]["found"] == 1
        company.server.settle()
        assert fingerprint(company.server) == before


def test_what_cannot_be_submitted(company: Company) -> None:
    author, place = company.employee, category(company)
    other = category(company)
    policy(company, place, groups=[group(company, company.hire("评审", "rd"))])
    free = author.item(publish=False, category_id=other)
    shown = author.item(category_id=other)
    policy(company, other, needs="nothing")
    hidden = company.outsider.item(publish=False)
    asked = posted_challenge(company)
    before = print_of(company)

    def tried(actor: Actor, id: str, status: int, body: Any = None) -> dict[str, Any]:
        return refused(company, actor.rest.post(f"/content/{id}/reviews", json=body or {}), status, before)

    assert "No policy" in tried(author, free["id"], 409)["detail"]
    assert "newest text already" in tried(author, shown["id"], 409)["detail"]
    assert "neither" in tried(company.committee, asked, 409)["detail"]
    tried(author, hidden["id"], 404)
    tried(author, str(uuid4()), 404)
    tried(company.colleague, shown["id"], 403)
    tried(author, free["id"], 422, {"note": ""})
    tried(author, free["id"], 422, {"unknown": 1})
    without = company.hire("没有范围", "rd", scopes=["content_read", "knowledge_write"])
    own = without.item(publish=False, category_id=place)
    before = print_of(company)
    tried(without, own["id"], 403)


def posted_challenge(company: Company) -> str:
    ask = {
        "title": f"怎样省电？{uuid4().hex[:6]}",
        "closes_at": "2099-01-01T00:00:00Z",
        "judging_until": "2099-02-01T00:00:00Z",
        "criteria": [{"name": "效果", "weight": 100}],
        "judges": [str(company.admin.id)],
        "publish": True,
    }
    return str(done(company.committee.rest.post("/challenges", json=ask), 201)["id"])


def test_after_a_request_for_changes_it_is_submitted_again_to_the_same(company: Company) -> None:
    """Whoever judged before knows what should have changed, however much lies on their desk."""
    people = [company.hire(f"评审{n}", "rd") for n in range(6)]
    place = category(company)
    policy(company, place, groups=[group(company, *people)])
    author = company.employee
    item = author.item(publish=False, category_id=place, body="旧\n")
    review = submit(author, item["id"])
    (reviewer,) = [person for person in people if owed(person)]
    done(judge(reviewer, review, "request_changes", comment="第一行说的不是我们的设备"), 201)
    ended = done(author.rest.get(f"/reviews/{review['id']}"))
    assert (ended["state"], ended["closed_at"] is None, ended["permissions"]) == ("changes_requested", False, [])
    said = done(author.rest.get(f"/reviews/{review['id']}/judgements"))["items"]
    assert [(one["verdict"], one["comment"]) for one in said] == [("request_changes", "第一行说的不是我们的设备")]
    for _ in range(2):
        # Others have less to do by now; that does not count.
        submit(author, author.item(publish=False, category_id=place)["id"])
    done(change(author, item["id"], body="新\n"))
    seen = done(author.rest.get(f"/reviews/{review['id']}"))
    assert (seen["latest_revision"], seen["body"]) == (1, "旧\n"), "what was judged stays on record as it was"
    again = submit(author, item["id"])
    assert again["id"] in [entry["review"]["id"] for entry in owed(reviewer)]
    late = judge_old(reviewer, review)
    assert late.status_code == 409 and "changes_requested" in late.text
    done(judge(reviewer, again), 201)
    assert done(company.colleague.rest.get(f"/knowledge-items/{item['id']}"))["body"] == "新\n"
    found = done(author.rest.get("/reviews", params={"content": item["id"]}))["items"]
    assert [one["state"] for one in found] == ["approved", "changes_requested"]


def judge_old(actor: Actor, review: dict[str, Any]) -> Any:
    body = {"revision": 1, "verdict": "approve"}
    return actor.rest.post(f"/review-assignments/{assignment(actor, review)}/judgements", json=body)


def test_rejected_with_a_reason_and_a_draft_that_was_submitted_is_kept(company: Company) -> None:
    reviewer, place, author = company.hire("评审", "rd"), category(company), company.employee
    policy(company, place, groups=[group(company, reviewer)])
    item = author.item(publish=False, category_id=place)
    review = submit(author, item["id"])
    before = print_of(company)
    gone = author.rest.delete(f"/knowledge-items/{item['id']}", headers={"If-Match": "*"})
    refused(company, gone, 409, before)
    done(judge(reviewer, review, "reject", comment="与现行规范冲突"), 201)
    assert done(author.rest.get(f"/reviews/{review['id']}"))["state"] == "rejected"
    shown = done(author.rest.get(f"/knowledge-items/{item['id']}"))
    assert (shown["state"], "delete" in shown["permissions"]) == ("draft", False)
    before = print_of(company)
    refused(company, author.rest.delete(f"/knowledge-items/{item['id']}", headers={"If-Match": "*"}), 409, before)
    events = heard(author, ["review_ended"])
    (told,) = [one for one in events if one["payload"]["review_id"] == review["id"]]
    assert (told["payload"]["state"], told["actor"]["name"]) == ("rejected", "kshare"), "not who said the last word"


def test_withdrawn_by_its_owner_or_a_manager(company: Company) -> None:
    reviewer, place, author = company.hire("评审", "rd"), category(company), company.employee
    policy(company, place, groups=[group(company, reviewer)])
    item = author.item(publish=False, category_id=place)
    review = submit(author, item["id"])
    path = f"/reviews/{review['id']}"
    before = print_of(company)
    refused(company, reviewer.rest.post(f"{path}/withdraw", json={}), 403, before)
    refused(company, company.colleague.rest.post(f"{path}/withdraw", json={}), 404, before)
    taken = done(author.rest.post(f"{path}/withdraw", json={"reason": "先改第二节"}))
    assert (taken["state"], taken["reason"], taken["note"]) == ("withdrawn", "先改第二节", None)
    assert owed(reviewer) == []
    assert reviewer.rest.get(f"/knowledge-items/{item['id']}").status_code == 404, "released, and a draft again"
    again = submit(author, item["id"])
    assert again["id"] != review["id"]
    # Whoever manages reviews sees it though the draft is not theirs to read, and takes it back.
    assert company.manager.rest.get(f"/knowledge-items/{item['id']}").status_code == 404
    withdraw = "mutation($id: ID!) { withdrawReview(id: $id, input: {}) { state } }"
    assert company.manager.data(withdraw, id=again["id"])["withdrawReview"] == {"state": "withdrawn"}
    before = print_of(company)
    refused(company, author.rest.post(f"/reviews/{again['id']}/withdraw", json={}), 409, before)


def test_an_idea_is_submitted_by_those_who_decide(company: Company) -> None:
    place = category(company)
    scored = form(company)
    judges = [company.hire("评委一", "rd"), company.hire("评委二", "rd")]
    policy(
        company, place, kind="idea", needs="quorum", quorum=2, groups=[group(company, *judges)], form_id=scored["id"]
    )
    author, committee = company.employee, company.committee
    idea = done(author.rest.post("/ideas", json={"title": "余热回收", "category_id": place}), 201)
    before = print_of(company)
    refused(company, author.rest.post(f"/content/{idea['id']}/reviews", json={}), 403, before)
    direct = committee.rest.post(f"/ideas/{idea['id']}/decision", json={"outcome": "approved"})
    refused(company, direct, 409, before)
    review = submit(committee, idea["id"])
    assert (review["method"], review["required"], review["form"]["id"]) == ("scores", 2, scored["current"]["id"])
    before = print_of(company)
    refused(company, committee.rest.post(f"/content/{idea['id']}/reviews", json={}), 409, before)
    during = committee.rest.post(f"/ideas/{idea['id']}/decision", json={"outcome": "approved"})
    assert "being judged" in refused(company, during, 409, before)["detail"]
    for judge_, points in zip(judges, (1, 2), strict=True):
        scores = [
            {"criterion_id": one["id"], "score": points, "comment": "理由"} for one in scored["current"]["criteria"]
        ]
        before = print_of(company)
        place_of = f"/review-assignments/{assignment(judge_, review)}/judgements"
        refused(company, judge_.rest.post(place_of, json={"revision": 1, "scores": scores[:2]}), 422, before)
        refused(company, judge_.rest.post(place_of, json={"revision": 1, "verdict": "approve"}), 422, before)
        done(judge_.rest.post(place_of, json={"revision": 1, "scores": scores}), 201)
    ended = done(committee.rest.get(f"/reviews/{review['id']}"))
    assert (ended["state"], ended["result"]["score"], ended["result"]["advice"]) == ("closed", 1.5, "decline")
    # Its author learns what was said, and neither from the list of judges nor from events who said it.
    said = done(author.rest.get(f"/reviews/{review['id']}/judgements"))["items"]
    assert [(one["judge"], one["score"]) for one in said] == [(None, 2), (None, 1)]
    assert done(author.rest.get(f"/reviews/{review['id']}/assignments"))["items"] == []
    events = heard(author, ["review_ended"])
    (told,) = [one for one in events if one["payload"]["review_id"] == review["id"]]
    assert told["actor"]["name"] == "kshare"
    before = print_of(company)
    against = committee.rest.post(f"/ideas/{idea['id']}/decision", json={"outcome": "approved"})
    assert refused(company, against, 422, before)["errors"][0]["pointer"] == "/explanation"
    ask = {"outcome": "approved", "explanation": "试点的费用由客户承担"}
    done(committee.rest.post(f"/ideas/{idea['id']}/decision", json=ask))


def test_a_review_does_not_begin_on_a_decision_that_is_not_published(company: Company) -> None:
    place, committee = category(company), company.committee
    idea = done(company.employee.rest.post("/ideas", json={"title": "夜间降温", "category_id": place}), 201)
    ask = {"outcome": "approved", "private": True}
    done(committee.rest.post(f"/ideas/{idea['id']}/decision", json=ask))
    judges = [company.hire("评委", "rd")]
    policy(company, place, kind="idea", groups=[group(company, *judges)], form_id=form(company)["id"])
    before = print_of(company)
    problem = refused(company, committee.rest.post(f"/content/{idea['id']}/reviews", json={}), 409, before)
    assert problem["decision"]["outcome"] == "approved"
