"""Giving a judgement: what it needs, what it quotes, what it leads to, and who may not."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from tests.access.world import fingerprint
from tests.conftest import Actor, Company
from tests.reviews.reviewing import assignment, category, change, done, form, group, judge, owed, policy, submit

BODY = "第一行\r\n  indented 第二行\r\n\r\n第四行，最后\n"


@dataclass
class Judged:
    """A draft in review of two, who both must approve."""

    company: Company
    author: Actor
    judges: list[Actor]
    place: str
    item: dict[str, Any]
    review: dict[str, Any]

    def path(self, who: Actor) -> str:
        return f"/review-assignments/{assignment(who, self.review)}/judgements"

    def state(self) -> str:
        return str(done(self.author.rest.get(f"/reviews/{self.review['id']}"))["state"])


@pytest.fixture
def judged(company: Company) -> Judged:
    author, place = company.hire("作者", "rd_pressure"), category(company)
    judges = [company.hire("评审甲", "rd"), company.hire("评审乙", "rd")]
    policy(company, place, needs="quorum", quorum=2, groups=[group(company, *judges)])
    item = author.item(publish=False, category_id=place, body=BODY)
    return Judged(company, author, judges, place, item, submit(author, item["id"]))


def print_of(company: Company) -> Any:
    company.server.settle()
    return fingerprint(company.server)


def test_what_a_verdict_needs(judged: Judged) -> None:
    company, (first, _) = judged.company, judged.judges
    path = judged.path(first)
    scored = form(company)["current"]["criteria"]
    before = print_of(company)
    for body, pointer in (
        ({}, "/verdict"),
        ({"verdict": "request_changes"}, "/comment"),
        ({"verdict": "reject"}, "/comment"),
        ({"verdict": "reject", "remarks": [{"line_from": 1, "body": "不对"}]}, "/comment"),
        ({"verdict": "approve", "scores": [{"criterion_id": scored[0]["id"], "score": 3}]}, "/scores"),
        ({"verdict": "perhaps"}, "/verdict"),
        ({"verdict": "approve", "remarks": [{"line_from": 6, "body": "没有这行"}]}, "/remarks/0/line_from"),
        ({"verdict": "approve", "remarks": [{"line_from": 5, "line_to": 6, "body": "超出"}]}, "/remarks/0/line_to"),
        ({"verdict": "approve", "remarks": [{"line_from": 3, "line_to": 2, "body": "反了"}]}, "/remarks/0/line_to"),
        ({"verdict": "approve", "remarks": [{"line_from": 0, "body": "零"}]}, "/remarks/0/line_from"),
        ({"verdict": "approve", "remarks": [{"line_from": 1, "body": ""}]}, "/remarks/0/body"),
        ({"verdict": "approve", "comment": "长" * 2001}, "/comment"),
    ):
        answer = first.rest.post(path, json={"revision": 1, **body})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer), (body, answer.text)
    assert first.rest.post(path, json={"verdict": "approve"}).status_code == 422
    newer = first.rest.post(path, json={"revision": 2, "verdict": "approve"})
    assert (newer.status_code, newer.json()["latest_revision"]) == (409, 1)
    company.server.settle()
    assert fingerprint(company.server) == before


def test_remarks_quote_the_lines_they_are_about(judged: Judged) -> None:
    first, second = judged.judges
    lines = [
        {"line_from": 1, "body": "说清是哪台设备"},
        {"line_from": 2, "line_to": 4, "body": "这三行换个顺序"},
        {"line_from": 5, "body": "少了结尾"},
    ]
    said = done(first.rest.post(judged.path(first), json={"revision": 1, "verdict": "approve", "remarks": lines}), 201)
    quotes = [(one["line_from"], one["line_to"], one["quote"]) for one in said["remarks"]]
    assert quotes == [(1, 1, "第一行"), (2, 4, "  indented 第二行\n\n第四行，最后"), (5, 5, "")]
    done(change(judged.author, judged.item["id"], body="换了"))
    kept = done(first.rest.get(f"/review-judgements/{said['id']}"))
    assert kept == said, "a judgement never changes"
    ask = """mutation($id: ID!) { giveReviewJudgement(id: $id, input: { revision: 2, verdict: request_changes,
      remarks: [{ lineFrom: 1, body: "换得不对" }] }) { verdict comment remarks { quote body lineTo } } }"""
    data = second.data(ask, id=assignment(second, judged.review))["giveReviewJudgement"]
    assert data["remarks"] == [{"quote": "换了", "body": "换得不对", "lineTo": 1}]
    assert judged.state() == "changes_requested", "a remark is reason enough to request changes"


def test_an_empty_text_has_no_lines(judged: Judged) -> None:
    first = judged.judges[0]
    done(change(judged.author, judged.item["id"], body=""))
    body = {"revision": 2, "verdict": "approve", "remarks": [{"line_from": 1, "body": "在哪"}]}
    answer = first.rest.post(judged.path(first), json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/remarks/0/line_from")


def test_remarks_are_about_the_text_that_waits(company: Company) -> None:
    reviewer, author, place = company.hire("评审", "rd"), company.hire("作者", "rd"), category(company)
    item = author.item(category_id=place, body="旧一\n旧二")
    policy(company, place, groups=[group(company, reviewer)])
    done(change(author, item["id"], body="新一\n新二"))
    review = submit(author, item["id"])
    said = done(judge(reviewer, review, "approve", remarks=[{"line_from": 2, "body": "好"}]), 201)
    assert [one["quote"] for one in said["remarks"]] == ["新二"]


def test_the_last_word_counts_and_every_word_is_kept(judged: Judged) -> None:
    first, second = judged.judges
    one = done(judge(first, judged.review), 201)
    two = done(judge(first, judged.review, comment="看了第二遍"), 201)
    seen = done(judged.author.rest.get(f"/reviews/{judged.review['id']}"))
    assert seen["progress"] == {"given": 1, "approvals": 1}, "who approves twice is one"
    all_of_it = done(judged.author.rest.get(f"/reviews/{judged.review['id']}/judgements"))["items"]
    assert [(said["id"], said["number"], said["current"]) for said in all_of_it] == [
        (two["id"], 2, True),
        (one["id"], 1, False),
    ]
    assert judged.state() == "open"
    done(judge(first, judged.review, "request_changes", comment="还是不行"), 201)
    assert judged.state() == "changes_requested"
    assert owed(second) == []
    before = print_of(judged.company)
    late = first.rest.post(judged.path(first), json={"revision": 1, "verdict": "approve"})
    assert (late.status_code, late.json()["state"]) == (409, "changes_requested")
    assert fingerprint(judged.company.server) == before


def test_only_who_is_asked_judges_and_with_the_scope_for_it(judged: Judged) -> None:
    company, (first, second) = judged.company, judged.judges
    path = judged.path(first)
    body = {"revision": 1, "verdict": "approve"}
    before = print_of(company)
    for other, status in ((second, 404), (judged.author, 403), (company.outsider, 404), (company.manager, 404)):
        answer = other.rest.post(path, json=body)
        assert answer.status_code == status, (other.name, answer.text)
    ask = "mutation($id: ID!) { giveReviewJudgement(id: $id, input: { revision: 1, verdict: approve }) { id } }"
    id = path.split("/")[2]
    assert second.graphql(ask, id=id)["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert judged.author.graphql(ask, id=id)["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    company.server.settle()
    assert fingerprint(company.server) == before
    company.server.sql("UPDATE api_key SET scopes = ARRAY['content_read'] WHERE person_id = $1", first.id)
    company.server.application.sign_in.forget()
    assert first.rest.post(path, json=body).status_code == 403
    assert done(first.rest.get(f"/review-assignments/{id}"))["permissions"] == []
    assert judged.state() == "open"


# ---- who was asked and may not any more -----------------------------------------------------------------------------


def test_who_changes_the_text_does_not_approve_it(company: Company) -> None:
    """A knowledge manager who was asked, and then wrote at it: of that text, and of every one after it."""
    manager = company.hire("管理员兼评审", "rd", roles=(("knowledge_manager", None),))
    other, place, author = company.hire("另一位", "rd"), category(company), company.hire("作者", "rd")
    item = author.item(category_id=place, body="旧")
    policy(company, place, needs="all", groups=[group(company, manager, other)])
    done(change(author, item["id"], body="新"))
    review = submit(author, item["id"])
    assert review["required"] == 2
    done(judge(manager, review), 201)
    company.server.settle()
    done(change(manager, item["id"], body="新，改了一个字"))
    company.server.settle()
    own = f"/review-assignments/{assignment(manager, review)}"
    assert (done(manager.rest.get(own))["state"], owed(manager)) == ("absent", [])
    before = print_of(company)
    refused = manager.rest.post(f"{own}/judgements", json={"revision": 3, "verdict": "approve"})
    assert refused.status_code == 403
    assert fingerprint(company.server) == before
    assert done(author.rest.get(f"/reviews/{review['id']}"))["required"] == 1
    done(judge(other, review), 201)
    assert done(author.rest.get(f"/reviews/{review['id']}"))["state"] == "approved", "all who are left approve"
    # What was approved does not count against whoever wrote it.
    done(change(author, item["id"], body="再新"))
    again = submit(author, item["id"])
    assert again["required"] == 2 and again["id"] in [one["review"]["id"] for one in owed(manager)]


def test_who_is_no_longer_cleared_neither_sees_nor_judges(company: Company) -> None:
    cleared = company.hire("可看", "rd", clearance=2)
    plain, author, place = company.hire("不可看", "rd"), company.hire("作者", "rd", clearance=2), category(company)
    policy(company, place, groups=[group(company, plain)], steps_in_id=cleared.id)
    item = author.item(publish=False, category_id=place)
    review = submit(author, item["id"])
    path = f"/review-assignments/{assignment(plain, review)}"
    company.server.settle()
    company.server.sql("UPDATE content SET classification = 2 WHERE id = $1", UUID(item["id"]))
    before = print_of(company)
    assert plain.rest.get(f"/knowledge-items/{item['id']}").status_code == 404
    assert plain.rest.get(f"/reviews/{review['id']}").status_code == 404
    answer = plain.rest.post(f"{path}/judgements", json={"revision": 1, "verdict": "approve"})
    assert answer.status_code == 403
    assert set(done(plain.rest.get(path))["permissions"]) == {"decline", "delegate", "declare_conflict"}
    assert fingerprint(company.server) == before
    # Somebody else is asked as soon as it is changed through a door.
    done(change(author, item["id"], language="en"))
    company.server.settle()
    assert (owed(plain), done(plain.rest.get(path))["state"]) == ([], "absent")
    done(judge(cleared, review), 201)
    assert done(author.rest.get(f"/reviews/{review['id']}"))["state"] == "approved"


def test_who_becomes_an_author_or_a_superior_no_longer_judges(company: Company) -> None:
    committee, scored, sql = company.committee, form(company), company.server.sql
    boss, peer, third, spare = (company.hire(name, "rd") for name in ("上级", "同事", "第三人", "候补"))
    author, place = company.hire("作者", "rd"), category(company)
    people = group(company, boss, peer, third)
    policy(company, place, kind="idea", needs="quorum", quorum=3, groups=[people], form_id=scored["id"])
    ask = {"title": "冷却水", "category_id": place, "size": "large"}
    idea = done(author.rest.post("/ideas", json=ask), 201)
    review = submit(committee, idea["id"])

    def given(points: int) -> dict[str, Any]:
        scores = [{"criterion_id": one["id"], "score": points} for one in scored["current"]["criteria"]]
        return {"revision": 1, "scores": [{**score, "comment": "理由"} for score in scores]}

    paths = {who: f"/review-assignments/{assignment(who, review)}" for who in (boss, peer, third)}
    done(peer.rest.post(f"{paths[peer]}/judgements", json=given(5)), 201)
    assert company.hr.rest.put(f"/groups/{people}/members/{spare.id}").status_code < 300
    sql("UPDATE person SET manager_id = $2 WHERE id = $1", author.id, boss.id)
    sql(
        "INSERT INTO idea_coauthor (content_id, person_id, share) VALUES ($1, $2, 50), ($1, $3, 50)",
        UUID(idea["id"]), author.id, peer.id,
    )  # fmt: skip
    before = print_of(company)
    for who in (boss, peer):
        answer = who.rest.post(f"{paths[who]}/judgements", json=given(5))
        assert answer.status_code == 403, (who.name, answer.text)
    assert fingerprint(company.server) == before
    done(third.rest.post(f"{paths[third]}/judgements", json=given(2)), 201)
    # Whatever is changed through a door, the others are asked again who may: of three one is left, and one to ask.
    done(author.rest.patch(f"/ideas/{idea['id']}", json={"tags": ["冷却"]}, headers={"If-Match": "*"}))
    company.server.settle()
    assert done(boss.rest.get(paths[boss]))["state"] == done(peer.rest.get(paths[peer]))["state"] == "absent"
    own = f"/review-assignments/{assignment(spare, review)}/judgements"
    done(spare.rest.post(own, json=given(4)), 201)
    assert done(committee.rest.get(f"/reviews/{review['id']}"))["state"] == "open", "two of three"
    last = company.hire("最后一位", "rd")
    done(committee.rest.post(f"/reviews/{review['id']}/assign", json={"person_id": str(last.id)}))
    own = f"/review-assignments/{assignment(last, review)}/judgements"
    done(last.rest.post(own, json=given(3)), 201)
    ended = done(committee.rest.get(f"/reviews/{review['id']}"))
    assert (ended["state"], ended["result"]["judges"], ended["result"]["score"]) == ("closed", 3, 3), ended


def test_a_conflict_after_the_judgement_takes_it_out(judged: Judged) -> None:
    first, second = judged.judges
    done(judge(first, judged.review), 201)
    path = f"/review-assignments/{assignment(first, judged.review)}/conflict"
    done(first.rest.post(path, json={"reason": "作者是我的亲戚"}))
    seen = done(judged.author.rest.get(f"/reviews/{judged.review['id']}"))
    assert seen["progress"] == {"given": 0, "approvals": 0}
    assert first.rest.get(f"/reviews/{judged.review['id']}").status_code == 404, "nothing until it is over"
    assert first.rest.get(f"/knowledge-items/{judged.item['id']}").status_code == 404
    before = print_of(judged.company)
    assert first.rest.post(path, json={"reason": "再说一次"}).status_code == 409
    assert fingerprint(judged.company.server) == before
    done(judge(second, judged.review), 201)
    assert judged.state() == "open", "one of two"


def test_a_conflict_after_the_last_approval_is_too_late(judged: Judged) -> None:
    first, second = judged.judges
    path = f"/review-assignments/{assignment(first, judged.review)}/conflict"
    done(judge(first, judged.review), 201)
    done(judge(second, judged.review), 201)
    before = print_of(judged.company)
    late = first.rest.post(path, json={"reason": "其实我参与过"})
    assert (late.status_code, late.json()["state"]) == (409, "approved")
    assert fingerprint(judged.company.server) == before


def test_a_policy_that_changes_changes_nothing_that_has_begun(judged: Judged) -> None:
    first, second = judged.judges
    judged.company.server.sql(
        "UPDATE review_policy SET needs = 'one', quorum = NULL WHERE category_id = $1", UUID(judged.place)
    )
    done(judge(first, judged.review), 201)
    assert judged.state() == "open"
    done(judge(second, judged.review), 201)
    assert judged.state() == "approved"
