"""Triage: what is suggested, to whom it is shown, and that nothing holds before a person confirms."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from tests.conftest import Actor, Company

GET = """query($id: ID!) { ideaTriage(id: $id) {
  source size category { id name } categories { category { id } weight } novelty completeness reach
  reasons { aspect code parameters words wordsEn } reviewers { person { id } reason contents }
  alike { content { id } likeness } confirmedBy { id } confirmedSize confirmedReviewers { id } } }"""
CONFIRM = """mutation($id: ID!, $input: ConfirmTriageInput!) { confirmTriage(id: $id, input: $input) {
  ideaId confirmedBy { id } confirmedCategory { id } confirmedSize confirmedReviewers { id } } }"""


@pytest.fixture
def category(company: Company) -> Callable[[str], str]:
    def make(name: str) -> str:
        return str(company.admin.rest.post("/categories", json={"name": name}).json()["id"])

    return make


def propose(actor: Actor, title: str, **fields: Any) -> dict[str, Any]:
    response = actor.rest.post("/ideas", json={"title": title, **fields})
    assert response.status_code == 201, response.text
    idea: dict[str, Any] = response.json()
    return idea


def triage_of(company: Company, idea: dict[str, Any], actor: Actor | None = None) -> dict[str, Any]:
    """What the committee sees suggested."""
    company.server.settle(30)
    response = (actor or company.committee).rest.get(f"/ideas/{idea['id']}/triage")
    assert response.status_code == 200, response.text
    triage: dict[str, Any] = response.json()
    return triage


def test_an_idea_goes_where_its_like_is(company: Company, category: Callable[[str], str]) -> None:
    word = f"离子风机{uuid4().hex[:6]}"
    here, there = category(f"静电 {word}"), category(f"食堂 {uuid4().hex[:6]}")
    author, expert = company.hire("静电员", "rd"), company.hire("专家", "sales")
    expert.item(title=f"{word}的日常点检步骤", category_id=here, body="先断电，再擦放电针。")
    propose(company.colleague, f"给装配线的{word}加一个计时器", category_id=here)
    propose(company.colleague, "食堂周五供应面条", category_id=there)
    company.server.settle(30)
    idea = propose(author, f"{word}每周自动提醒点检")
    triage = triage_of(company, idea)
    assert (triage["source"], triage["category"]["id"]) == ("corpus", here)
    assert triage["categories"][0]["weight"] > 50
    assert [one["person"]["id"] for one in triage["reviewers"]].count(str(expert.id)) == 1
    assert {one["reason"] for one in triage["reviewers"]} == {"wrote_similar"}
    assert str(author.id) not in {one["person"]["id"] for one in triage["reviewers"]}
    assert triage["alike"][0]["likeness"] == 100 - triage["novelty"]
    assert "category_like" in {one["code"] for one in triage["reasons"]}
    # The same through GraphQL, and not a word of it on the idea itself.
    seen = company.committee.data(GET, id=idea["id"])["ideaTriage"]
    assert (seen["category"]["id"], seen["size"], seen["novelty"]) == (here, triage["size"], triage["novelty"])
    assert [one["wordsEn"] for one in seen["reasons"]] == [one["words_en"] for one in triage["reasons"]]
    after = author.rest.get(f"/ideas/{idea['id']}").json()
    assert (after["category"], after["size"], after["version"]) == (None, "small", idea["version"])


def test_the_first_assessment_gives_its_reasons(company: Company) -> None:
    bare = triage_of(company, propose(company.employee, f"改进 {uuid4().hex}"))
    told = triage_of(
        company,
        propose(
            company.employee,
            f"全公司统一的工装借用平台 {uuid4().hex}",
            summary="因为各部门各记各的，工装经常找不到，每次要找两个小时。",
            body="建议搭建一个系统，预算 12 万元，每年节省 800 小时。",
        ),
    )
    assert bare["completeness"] < 40 < 90 < told["completeness"]
    assert (bare["size"], told["size"]) == ("small", "large")
    assert bare["reach"] < told["reach"]
    assert (told["novelty"] > 40) and {"lacks_problem", "lacks_cost"} <= {one["code"] for one in bare["reasons"]}
    said = {one["code"]: one for one in told["reasons"]}
    assert {"says_problem", "says_cause", "says_solution", "says_effect", "says_figures", "says_cost"} <= said.keys()
    assert "全公司" in said["reach_company"]["parameters"]["words"]
    assert "全公司" in said["reach_company"]["words"] and "whole company" in said["reach_company"]["words_en"]


def test_answers_count_as_said(company: Company) -> None:
    answers = [{"field": "problem", "text": "甲"}, {"field": "solution", "text": "乙"}, {"field": "cost", "text": "丙"}]
    sent = {"template": "problem_solution", "answers": answers}
    triage = triage_of(company, propose(company.employee, f"丁 {uuid4().hex}", **sent))
    assert {"says_problem", "says_solution", "says_cost", "lacks_cause"} <= {one["code"] for one in triage["reasons"]}


def test_a_batch_is_triaged_whole(company: Company) -> None:
    mark = uuid4().hex[:8]
    titles = [f"{mark} 号建议：{what}" for what in ("换灯泡", "装护栏", "买推车")]
    items = [{"title": title} for title in titles]
    done = company.employee.rest.post("/ideas:batch", json={"items": items}).json()["items"]
    for one in done:
        assert triage_of(company, one)["source"] == "corpus"


def test_it_is_shown_to_those_alone_who_may_decide_or_manage(company: Company) -> None:
    idea = propose(company.employee, f"谁能看见 {uuid4().hex}")
    company.server.settle(30)
    desk = company.hire("部门主管", "rd_pressure", roles=(("committee", company.departments["rd"]),))
    for actor in (company.committee, company.admin, desk):
        assert actor.rest.get(f"/ideas/{idea['id']}/triage").status_code == 200
    for actor in (company.employee, company.colleague, company.outsider, company.reviewer, company.hr, company.manager):
        assert actor.rest.get(f"/ideas/{idea['id']}/triage").status_code == 404
        assert actor.graphql(GET, id=idea["id"])["errors"][0]["extensions"]["code"] == "NOT_FOUND"
        refused = actor.rest.post(f"/ideas/{idea['id']}/triage/confirm", json={"size": "large"})
        assert refused.status_code == 403
        assert actor.graphql(CONFIRM, id=idea["id"], input={})["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert triage_of(company, idea)["confirmed_by"] is None
    assert company.employee.rest.get(f"/ideas/{idea['id']}").json()["version"] == idea["version"]


def test_what_the_reader_may_not_see_is_not_among_what_is_alike(company: Company) -> None:
    word = f"真空烘箱{uuid4().hex[:6]}"
    secret = company.admin.item(title=f"{word}的报价与议价底线", audience=[str(company.admin.id)])
    hidden_author = company.hire("议价人", "sales")
    hidden_author.item(title=f"{word}议价记录", audience=[str(company.admin.id)])
    company.server.settle(30)
    idea = propose(company.employee, f"{word}换一家供应商")
    assert secret["id"] not in {one["content"]["id"] for one in triage_of(company, idea)["alike"]}
    assert secret["id"] in {one["content"]["id"] for one in triage_of(company, idea, company.admin)["alike"]}
    # Whoever wrote what the readers of the idea may not see is not named either.
    named = {one["person"]["id"] for one in triage_of(company, idea, company.admin)["reviewers"]}
    assert not named & {str(hidden_author.id), str(company.admin.id)}


def test_a_person_confirms(company: Company, category: Callable[[str], str]) -> None:
    idea = propose(company.employee, f"确认 {uuid4().hex}")
    place, other = category(f"设备 {uuid4().hex[:6]}"), category(f"能源 {uuid4().hex[:6]}")
    company.server.settle(30)
    sent = {"category_id": place, "size": "large", "reviewers": [str(company.reviewer.id)]}
    done = company.committee.rest.post(f"/ideas/{idea['id']}/triage/confirm", json=sent)
    assert done.status_code == 200, done.text
    triage = done.json()
    assert triage["confirmed_by"]["id"] == str(company.committee.id)
    assert (triage["confirmed_category"]["id"], triage["confirmed_size"]) == (place, "large")
    assert [one["id"] for one in triage["confirmed_reviewers"]] == [str(company.reviewer.id)]
    assert triage["size"] == "small"
    after = company.employee.rest.get(f"/ideas/{idea['id']}").json()
    assert (after["category"]["id"], after["size"]) == (place, "large")
    told = company.server.sql(
        "SELECT payload FROM journal WHERE object_id = $1 AND happened = 'idea_triaged'", idea["id"]
    )
    assert len(told) == 1 and '"as_suggested": false' in told[0]["payload"]
    # A later text changes nothing of it, and another person may decide otherwise.
    change = {"title": "完全不同的题目", "summary": "全公司的平台"}
    company.employee.rest.patch(f"/ideas/{idea['id']}", json=change, headers={"If-Match": "*"}).raise_for_status()
    assert triage_of(company, idea)["confirmed_size"] == "large"
    again = company.admin.data(CONFIRM, id=idea["id"], input={"categoryId": other, "size": "small", "reviewers": []})
    assert again["confirmTriage"] == {
        "ideaId": idea["id"],
        "confirmedBy": {"id": str(company.admin.id)},
        "confirmedCategory": {"id": other},
        "confirmedSize": "small",
        "confirmedReviewers": [],
    }


def test_what_is_left_out_is_taken_as_suggested(company: Company) -> None:
    idea = propose(company.employee, f"全公司统一的系统平台 {uuid4().hex}")
    triage = triage_of(company, idea)
    done = company.committee.rest.post(f"/ideas/{idea['id']}/triage/confirm", json={}).json()
    assert done["confirmed_size"] == triage["size"] == "large"
    assert company.employee.rest.get(f"/ideas/{idea['id']}").json()["size"] == "large"


def test_a_new_text_replaces_what_was_not_confirmed(company: Company) -> None:
    idea = propose(company.employee, f"全公司统一的系统平台 {uuid4().hex}")
    assert triage_of(company, idea)["size"] == "large"
    change = {"title": f"给工位的抽屉贴标签 {uuid4().hex}"}
    company.employee.rest.patch(f"/ideas/{idea['id']}", json=change, headers={"If-Match": "*"}).raise_for_status()
    again = triage_of(company, idea)
    assert (again["size"], again["revision"]) == ("small", 2)


@pytest.mark.parametrize(
    ("sent", "pointer", "code"),
    [
        ({"category_id": str(uuid4())}, "/category_id", "unknown_reference"),
        ({"size": "huge"}, "/size", "enum"),
        ({"size": None}, "/size", "null_forbidden"),
        ({"reviewers": ["author"]}, "/reviewers/0", "already_author"),
        ({"reviewers": ["nobody"]}, "/reviewers/0", "unknown_reference"),
        ({"reviewers": ["reviewer", "reviewer"]}, "/reviewers/1", "duplicate"),
    ],
)
def test_wrong_input_changes_nothing(company: Company, sent: dict[str, Any], pointer: str, code: str) -> None:
    idea = propose(company.employee, f"错误 {uuid4().hex}")
    company.server.settle(30)
    people = {"author": company.employee.id, "reviewer": company.reviewer.id, "nobody": uuid4()}
    if "reviewers" in sent:
        sent = {"reviewers": [str(people[name]) for name in sent["reviewers"]]}
    refused = company.committee.rest.post(f"/ideas/{idea['id']}/triage/confirm", json={**sent})
    assert refused.status_code == 422, refused.text
    assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [(pointer, code)]
    triage = triage_of(company, idea)
    assert (triage["confirmed_by"], triage["confirmed_reviewers"]) == (None, [])
    assert company.employee.rest.get(f"/ideas/{idea['id']}").json()["version"] == idea["version"]


def test_whoever_may_not_read_an_idea_does_not_review_it(company: Company) -> None:
    idea = propose(company.employee, f"研发内部 {uuid4().hex}", audience=[str(company.departments["rd"])])
    boss = company.hire("研发评审", "rd", roles=(("committee", None),))
    company.server.settle(30)
    for person, status in ((company.outsider, 422), (company.colleague, 200)):
        sent = {"reviewers": [str(person.id)]}
        assert boss.rest.post(f"/ideas/{idea['id']}/triage/confirm", json=sent).status_code == status
    assert [one["id"] for one in triage_of(company, idea, boss)["confirmed_reviewers"]] == [str(company.colleague.id)]


def test_drafts_and_withdrawn_ideas_are_not_triaged(company: Company) -> None:
    draft = propose(company.committee, f"草稿 {uuid4().hex}", draft=True)
    gone = propose(company.employee, f"撤回 {uuid4().hex}")
    company.employee.rest.post(f"/ideas/{gone['id']}/withdraw").raise_for_status()
    for idea in (draft, gone):
        refused = company.committee.rest.post(f"/ideas/{idea['id']}/triage/confirm", json={})
        assert refused.status_code == 409, refused.text
    assert not company.server.sql("SELECT FROM triage WHERE content_id = $1 AND confirmed_at IS NOT NULL", gone["id"])
    company.server.settle(30)
    assert company.committee.rest.get(f"/ideas/{draft['id']}/triage").status_code == 404


def test_what_is_anonymous_names_nobody(company: Company) -> None:
    word = f"恒温槽{uuid4().hex[:6]}"
    writer = company.hire("不具名者", "sales")
    propose(writer, f"{word}加一个液位报警", anonymous=True)
    company.server.settle(30)
    idea = propose(company.employee, f"{word}液位低时自动报警")
    triage = triage_of(company, idea)
    assert triage["alike"]
    assert str(writer.id) not in str(triage)
    assert "00000000-0000-7000-8000-000000000003" not in {one["person"]["id"] for one in triage["reviewers"]}
    # The unnamed author of an idea is treated like everybody else: to refuse them would tell who they are.
    unnamed = propose(writer, f"匿名 {uuid4().hex}", anonymous=True)
    company.server.settle(30)
    named = {"reviewers": [str(writer.id)]}
    assert company.committee.rest.post(f"/ideas/{unnamed['id']}/triage/confirm", json=named).status_code == 200


def test_the_person_at_whose_desk_it_lies_confirms_and_still_sees_it(company: Company) -> None:
    boss, author = company.hire("直接主管", "rd"), company.hire("下属", "rd")
    company.server.sql("UPDATE person SET manager_id = $1 WHERE id = $2", boss.id, author.id)
    idea = propose(author, f"主管来定 {uuid4().hex}")
    company.server.settle(30)
    done = boss.rest.post(f"/ideas/{idea['id']}/triage/confirm", json={"size": "large"})
    assert done.status_code == 200, done.text
    assert boss.rest.get(f"/ideas/{idea['id']}/triage").status_code == 200
