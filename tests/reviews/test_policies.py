"""Review policies: which of them holds, what they may say, and what a change of one leaves alone."""

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.access.world import fingerprint
from tests.conftest import Actor, Company
from tests.reviews.reviewing import CRITERIA, category, done, form, group, judge, owed, policy, submit

ANY = {"If-Match": "*"}
HELD = "query($id: ID!) { contentReviewPolicy(contentId: $id) { id needs } }"


def change(company: Company, rule: dict[str, Any], **fields: Any) -> Any:
    return company.committee.rest.patch(f"/review-policies/{rule['id']}", json=fields, headers=ANY)


def draft(company: Company, place: str | None, kind: str = "sop") -> str:
    return str(company.employee.item(publish=False, category_id=place, kind=kind)["id"])


def idea(company: Company, place: str | None, size: str = "small", stage: str = "submitted") -> str:
    """A new idea in a category, as far as a committee brought it."""
    ask = {"title": f"建议 {uuid4().hex[:6]}", "category_id": place, "size": size}
    id = str(done(company.employee.rest.post("/ideas", json=ask), 201)["id"])
    for step in {"submitted": (), "screening": ("screening",), "evaluation": ("screening", "evaluation")}[stage]:
        done(company.committee.rest.post(f"/ideas/{id}/advance", json={"to": step}))
    return id


def holding(actor: Actor, content_id: str) -> str | None:
    """The id of the policy that holds for a content, as both doors say; None where none does."""
    response = actor.rest.get(f"/content/{content_id}/review-policy")
    answer = actor.graphql(HELD, id=content_id)
    if response.status_code == 404:
        assert "no review" in response.json()["detail"]
        assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"
        assert answer["errors"][0]["extensions"]["detail"] == response.json()["detail"]
        return None
    assert done(response)["id"] == answer["data"]["contentReviewPolicy"]["id"]
    return str(response.json()["id"])


# ---- what a policy says ---------------------------------------------------------------------------------------------


def test_a_policy_reads_the_same_through_both_doors(company: Company) -> None:
    place, scored, people = category(company), form(company), group(company, company.reviewer)
    made = policy(
        company, place, kind="idea", variety="large", stage="evaluation", needs="quorum", quorum=3,
        roles=["reviewer", "committee", "reviewer"], groups=[people, people],
        departments=[company.departments["sales"], company.departments["rd"]],
        expertise=2, working_days=8, steps_in_id=company.manager.id, form_id=scored["id"],
    )  # fmt: skip
    seen = done(company.outsider.rest.get(f"/review-policies/{made['id']}"))
    assert (seen["permissions"], made["permissions"]) == ([], ["edit", "delete"])
    names = ("kind", "variety", "stage", "needs", "quorum", "roles", "expertise", "working_days")
    assert [seen[name] for name in names] == [
        "idea", "large", "evaluation", "quorum", 3, ["reviewer", "committee"], 2, 8,
    ]  # fmt: skip
    assert (seen["category"]["id"], seen["steps_in"]["name"]) == (place, company.manager.name)
    assert (seen["form"]["name"], seen["form"]["retired_at"]) == (scored["name"], None)
    assert [one["id"] for one in seen["groups"]] == [people] and seen["groups"][0]["name"].startswith("评审")
    assert {one["name"] for one in seen["departments"]} == {"sales", "rd"}
    data = company.outsider.data(
        """query($id: ID!) { reviewPolicy(id: $id) { kind variety stage needs quorum roles expertise workingDays
          version permissions category { id parent { id } } stepsIn { id department { name } }
          groups { name memberCount } departments { name parent { name } } form { name current { number } } }
          node(id: $id) { ... on ReviewPolicy { needs } } }""",
        id=made["id"],
    )
    shown = data["reviewPolicy"]
    assert [shown[name] for name in ("kind", "variety", "stage", "needs", "quorum", "roles", "expertise")] == [
        seen[name] for name in names[:-1]
    ]
    assert (shown["workingDays"], shown["category"]["id"]) == (8, place)
    assert (shown["groups"][0]["memberCount"], shown["form"]["current"]["number"]) == (1, 1)
    assert (shown["stepsIn"]["id"], data["node"]) == (str(company.manager.id), {"needs": "quorum"})


def test_a_policy_is_made_changed_and_deleted_through_graphql(company: Company) -> None:
    place = category(company)
    create = """mutation($input: CreateReviewPolicyInput!) { createReviewPolicy(input: $input) {
      id version kind needs quorum groups { id } steps_in: stepsIn { id } form { id } } }"""
    ask = {"kind": "knowledge_item", "categoryId": place, "needs": "one", "stepsInId": str(company.reviewer.id)}
    made = company.manager.data(create, input=ask)["createReviewPolicy"]
    assert (made["version"], made["needs"], made["quorum"], made["groups"]) == (1, "one", None, [])
    assert (made["form"], made["steps_in"]["id"]) == (None, str(company.reviewer.id))
    update = """mutation($id: ID!, $version: Int!, $input: UpdateReviewPolicyInput!) {
      updateReviewPolicy(id: $id, expectedVersion: $version, input: $input) { version needs quorum stepsIn { id } } }"""
    changed = company.manager.data(update, id=made["id"], version=1, input={"needs": "quorum", "quorum": 2})
    assert changed["updateReviewPolicy"]["version"] == 2
    assert changed["updateReviewPolicy"]["stepsIn"] == {"id": str(company.reviewer.id)}, "what is left out stays"
    cleared = company.manager.data(update, id=made["id"], version=2, input={"stepsInId": None, "needs": "all"})
    assert cleared["updateReviewPolicy"] == {"version": 3, "needs": "all", "quorum": None, "stepsIn": None}
    stale = company.manager.graphql(update, id=made["id"], version=2, input={"needs": "one"})
    assert stale["errors"][0]["extensions"]["code"] == "CONFLICT"
    delete = "mutation($id: ID!) { deleteReviewPolicy(id: $id, expectedVersion: 3) }"
    assert company.manager.data(delete, id=made["id"]) == {"deleteReviewPolicy": made["id"]}
    assert company.manager.rest.get(f"/review-policies/{made['id']}").status_code == 404


def test_lists_of_policies(company: Company) -> None:
    top = category(company)
    below = category(company, top)
    scored = form(company)
    first = policy(company, top)
    second = policy(company, below, needs="nothing")
    third = policy(company, top, kind="idea", form_id=scored["id"])

    def found(**query: Any) -> list[str]:
        page = done(company.outsider.rest.get("/review-policies", params={"limit": 100, **query}))
        return [one["id"] for one in page["items"]]

    assert found(category=top) == [third["id"], first["id"]]
    assert found(category=top, kind="idea") == [third["id"]]
    assert found(category=below) == [second["id"]]
    assert [id for id in found() if id in (first["id"], second["id"], third["id"])] == [
        third["id"], second["id"], first["id"],
    ]  # fmt: skip
    query = """query($category: ID!) { reviewPolicies(filter: { category: $category, kind: knowledge_item }) {
      totalCount nodes { id } } }"""
    data = company.outsider.data(query, category=top)["reviewPolicies"]
    assert data == {"totalCount": 1, "nodes": [{"id": first["id"]}]}


def test_wrong_policies(company: Company) -> None:
    """Each refusal names its place, says it in Chinese, and changes nothing; a change is checked like a new one."""
    scored, place = form(company), category(company)
    gone = company.hire("离职者", "rd")
    company.server.sql("UPDATE person SET active = false WHERE id = $1", gone.id)
    robot = company.hire("机器人", "rd", kind="service")
    nobody = str(uuid4())
    knowledge: dict[str, Any] = {"kind": "knowledge_item", "needs": "one", "category_id": place}
    ideas: dict[str, Any] = {"kind": "idea", "needs": "one", "category_id": place, "form_id": scored["id"]}
    rules = {"knowledge_item": policy(company, **knowledge), "idea": policy(company, **ideas)}
    wrong: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
        (knowledge, {"variety": "small"}, "/variety", "literal_error"),
        (ideas, {"variety": "sop"}, "/variety", "literal_error"),
        (ideas, {"variety": "huge"}, "/variety", "literal_error"),
        (knowledge, {"stage": "evaluation"}, "/stage", "stage_unused"),
        (ideas, {"stage": "approved"}, "/stage", "enum"),
        (knowledge, {"needs": "quorum"}, "/quorum", "quorum_missing"),
        (knowledge, {"needs": "all", "quorum": 2}, "/quorum", "quorum_unused"),
        (knowledge, {"quorum": 2}, "/quorum", "quorum_unused"),
        (knowledge, {"needs": "quorum", "quorum": 0}, "/quorum", "greater_than_equal"),
        (knowledge, {"needs": "quorum", "quorum": 21}, "/quorum", "less_than_equal"),
        (ideas, {"form_id": None}, "/form_id", "form_missing"),
        (ideas, {"form_id": nobody}, "/form_id", "unknown_reference"),
        (knowledge, {"form_id": scored["id"]}, "/form_id", "form_unused"),
        (knowledge, {"category_id": nobody}, "/category_id", "unknown_reference"),
        (knowledge, {"groups": [group(company), nobody]}, "/groups/1", "unknown_reference"),
        (knowledge, {"departments": [nobody]}, "/departments/0", "unknown_reference"),
        (knowledge, {"roles": ["boss"]}, "/roles/0", "enum"),
        (knowledge, {"steps_in_id": nobody}, "/steps_in_id", "unknown_reference"),
        (knowledge, {"steps_in_id": str(gone.id)}, "/steps_in_id", "unknown_reference"),
        (knowledge, {"steps_in_id": str(robot.id)}, "/steps_in_id", "unknown_reference"),
        (knowledge, {"working_days": 0}, "/working_days", "greater_than_equal"),
        (knowledge, {"working_days": 101}, "/working_days", "less_than_equal"),
        (knowledge, {"expertise": -1}, "/expertise", "greater_than_equal"),
        (knowledge, {"expertise": 21}, "/expertise", "less_than_equal"),
    ]
    company.server.settle()
    before = fingerprint(company.server)
    for base, fields, pointer, code in wrong:
        language = {"Accept-Language": "zh"}
        answers = [
            company.committee.rest.post("/review-policies", json=base | fields, headers=language),
            company.committee.rest.patch(
                f"/review-policies/{rules[base['kind']]['id']}", json=fields, headers=ANY | language
            ),
        ]
        for answer in answers:
            assert answer.status_code == 422, (fields, answer.text)
            errors = answer.json()["errors"]
            assert [(e["pointer"], e["code"]) for e in errors] == [(pointer, code)], (fields, errors)
            assert not errors[0]["message"].isascii()
    missing = company.committee.rest.post("/review-policies", json={"kind": "idea"})
    assert missing.json()["errors"][0]["pointer"] == "/needs"
    fixed = company.committee.rest.patch(f"/review-policies/{rules['idea']['id']}", json={"kind": "idea"}, headers=ANY)
    assert fixed.json()["errors"][0]["code"] == "extra_forbidden"
    assert fingerprint(company.server) == before


def test_one_policy_for_each_place(company: Company) -> None:
    """The refusal names the one that is there; who comes at the same time is refused as well."""
    place = category(company)
    made, other = policy(company, place), policy(company, place, variety="sop")
    ask = {"kind": "knowledge_item", "category_id": place, "needs": "all"}
    company.server.settle()
    before = fingerprint(company.server)
    again = company.committee.rest.post("/review-policies", json=ask)
    assert (again.status_code, again.json()["code"], again.json()["policy_id"]) == (409, "already_exists", made["id"])
    onto = change(company, other, variety=None)
    assert (onto.status_code, onto.json()["policy_id"]) == (409, made["id"])
    assert fingerprint(company.server) == before
    assert done(change(company, other, variety="case"))["variety"] == "case"
    assert done(change(company, other, variety="case", needs="all"))["needs"] == "all", "its own place is no other's"
    fresh = {**ask, "category_id": category(company)}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: company.committee.rest.post("/review-policies", json=fresh), range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    won = next(answer.json()["id"] for answer in answers if answer.status_code == 201)
    assert {answer.json()["policy_id"] for answer in answers if answer.status_code == 409} == {won}


def test_only_who_manages_reviews_everywhere_changes_policies(company: Company) -> None:
    place = category(company)
    made = policy(company, place)
    path = f"/review-policies/{made['id']}"
    of_category = company.hire("分类管理员", "rd")
    company.server.sql(
        "INSERT INTO role_assignment (id, person_id, role, category_id, created_at)"
        " VALUES (uuidv7(), $1, 'knowledge_manager', $2, now())",
        of_category.id,
        place,
    )
    ask = {"kind": "knowledge_item", "category_id": category(company), "needs": "nothing"}
    company.server.settle()
    before = fingerprint(company.server)
    for actor in (company.employee, company.reviewer, company.hr, company.rd_manager, of_category):
        refusals = [
            actor.rest.post("/review-policies", json=ask),
            actor.rest.patch(path, json={"needs": "nothing"}, headers=ANY),
            actor.rest.delete(path, headers=ANY),
        ]
        assert [refusal.status_code for refusal in refusals] == [403] * 3
        assert done(actor.rest.get(path))["permissions"] == []
    refused = company.rd_manager.graphql(
        "mutation($id: ID!) { deleteReviewPolicy(id: $id, expectedVersion: 1) }", id=made["id"]
    )
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert company.rd_manager.rest.delete(f"/review-policies/{uuid4()}", headers=ANY).status_code == 404
    assert fingerprint(company.server) == before


def test_what_happens_to_policies_is_told(company: Company) -> None:
    place = category(company)
    made = policy(company, place, needs="quorum", quorum=2)
    done(change(company, made, needs="one", working_days=7))
    same = done(change(company, made, needs="one", working_days=7))
    assert same["version"] == 2, "the same again is no change"
    assert company.committee.rest.delete(f"/review-policies/{made['id']}", headers=ANY).status_code == 204
    told = company.server.sql("SELECT happened, payload FROM journal WHERE object_id = $1 ORDER BY number", made["id"])
    assert [entry["happened"] for entry in told] == [
        "review_policy_created", "review_policy_changed", "review_policy_deleted",
    ]  # fmt: skip
    assert json.loads(told[1]["payload"])["fields"] == ["needs", "quorum", "working_days"]


def test_who_is_named_in_a_policy_cannot_be_deleted(company: Company) -> None:
    named = group(company)
    department = done(company.hr.rest.post("/departments", json={"name": f"评审部 {uuid4().hex[:6]}"}), 201)["id"]
    made = policy(company, category(company), groups=[named], departments=[department])
    company.server.settle()
    before = fingerprint(company.server)
    for path in (f"/groups/{named}", f"/departments/{department}"):
        refused = company.hr.rest.delete(path, headers=ANY)
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
        assert "review polic" in refused.json()["detail"]
    assert fingerprint(company.server) == before
    done(change(company, made, groups=[], departments=[]))
    for path in (f"/groups/{named}", f"/departments/{department}"):
        assert company.hr.rest.delete(path, headers=ANY).status_code == 204


def test_a_policy_goes_with_its_category(company: Company) -> None:
    place = category(company)
    made = policy(company, place)
    assert company.manager.rest.delete(f"/categories/{place}", headers=ANY).status_code == 204
    assert company.committee.rest.get(f"/review-policies/{made['id']}").status_code == 404


# ---- which one holds ------------------------------------------------------------------------------------------------


def test_the_nearest_category_then_the_variety_then_the_stage(company: Company) -> None:
    top = category(company)
    middle = category(company, top)
    bottom = category(company, middle)
    scored = form(company)["id"]
    rules = {
        "top": policy(company, top, kind="idea", form_id=scored),
        "top large": policy(company, top, kind="idea", form_id=scored, variety="large"),
        "top evaluation": policy(company, top, kind="idea", form_id=scored, stage="evaluation"),
        "middle evaluation": policy(company, middle, kind="idea", form_id=scored, stage="evaluation"),
    }
    names = {rule["id"]: name for name, rule in rules.items()}

    def held(*where: Any) -> str | None:
        found = holding(company.employee, idea(company, *where))
        return found and names[found]

    assert held(top) == "top"
    assert held(top, "large") == "top large"
    assert held(top, "large", "evaluation") == "top large", "the variety before the stage"
    assert held(top, "small", "evaluation") == "top evaluation"
    assert held(bottom, "large", "evaluation") == "middle evaluation", "the category before both"
    assert held(bottom, "large", "screening") == "top large"
    assert held(category(company), "large") is None
    # What is for ideas does not hold for knowledge in the same place.
    assert holding(company.employee, draft(company, bottom)) is None


def test_nothing_lifts_the_rule_above(company: Company) -> None:
    """In a category, for a variety; and what is lifted can be published without a review."""
    top = category(company)
    free = category(company, top)
    rule = policy(company, top)
    lifted = policy(company, free, needs="nothing")
    policy(company, top, variety="customer_voice", needs="nothing")
    held = draft(company, top)
    assert holding(company.employee, held) == rule["id"]
    refused = company.employee.rest.post(f"/knowledge-items/{held}/publish")
    assert (refused.status_code, refused.json()["policy"]["id"]) == (409, rule["id"])
    for id in (draft(company, free), draft(company, top, "customer_voice")):
        assert holding(company.employee, id) is None
        assert done(company.employee.rest.post(f"/knowledge-items/{id}/publish"))["state"] == "published"
    later = draft(company, free)
    assert company.committee.rest.delete(f"/review-policies/{lifted['id']}", headers=ANY).status_code == 204
    assert holding(company.employee, later) == rule["id"]


def test_a_policy_of_what_one_does_not_see_is_not_told(company: Company) -> None:
    place = category(company)
    policy(company, place)
    hidden = draft(company, place)
    assert holding(company.employee, hidden) is not None
    refused = company.outsider.rest.get(f"/content/{hidden}/review-policy")
    made_up = company.outsider.rest.get(f"/content/{uuid4()}/review-policy")
    assert (refused.status_code, refused.json()["detail"]) == (404, made_up.json()["detail"])
    assert "no review" not in refused.json()["detail"]
    for id in (hidden, str(uuid4())):
        errors = company.outsider.graphql(HELD, id=id)["errors"]
        assert errors[0]["extensions"]["detail"] == made_up.json()["detail"]


PLACES = (None, 0, 1, 2)
"""Of a policy: everywhere, and the categories of a path from the top down."""
KNOWLEDGE = [("knowledge_item", place, variety, None) for place, variety in product(PLACES[1:], (None, "sop", "case"))]
IDEAS = [
    ("idea", place, variety, stage)
    for place, variety, stage in product(PLACES[1:], (None, "small", "large"), (None, "submitted", "evaluation"))
]
Rule = tuple[str, int | None, str | None, str | None]
RULES = st.dictionaries(st.sampled_from(KNOWLEDGE + IDEAS), st.sampled_from(["one", "all", "nothing"]), max_size=9)


def expected(rules: dict[Rule, str], kind: str, depth: int, variety: str, stage: str | None) -> Rule | None:
    """What docs/adr/0008-reviews.md says, the slow way: from the content's category up, there first those that name
    its variety, and of these first those that name its stage."""
    for place in range(depth, -1, -1):
        for named_variety, named_stage in product((variety, None), (stage, None)):
            rule = (kind, place, named_variety, named_stage)
            if rule in rules:
                return None if rules[rule] == "nothing" else rule
    return None


@pytest.fixture(scope="module")
def shelf(company: Company) -> dict[str, Any]:
    """A path of three categories with a content of each sort in each."""
    path = [category(company)]
    path += [category(company, path[0])]
    path += [category(company, path[1])]
    contents: dict[Rule, str] = {
        ("knowledge_item", depth, kind, None): draft(company, path[depth], kind)
        for depth, kind in product(range(3), ("sop", "case", "method"))
    }
    contents |= {
        ("idea", depth, size, stage): idea(company, path[depth], size, stage)
        for depth, size, stage in product(range(3), ("small", "large"), ("submitted", "screening", "evaluation"))
    }
    return {"path": path, "contents": contents, "form": form(company)["id"]}


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=RULES)
def test_which_policy_holds(company: Company, shelf: dict[str, Any], rules: dict[Rule, str]) -> None:
    """Any set of policies against a plain account of the rule, for what is read and for what is done."""
    made: dict[Rule, str] = {}
    for (kind, place, variety, stage), needs in rules.items():
        where = {"kind": kind, "variety": variety, "stage": stage, "needs": needs}
        of_ideas = {"form_id": shelf["form"]} if kind == "idea" else {}
        made[kind, place, variety, stage] = policy(company, shelf["path"][place], **where, **of_ideas)["id"]
    try:
        for (kind, depth, variety, stage), content in shelf["contents"].items():
            rule = expected(rules, kind, depth, variety, stage)
            response = company.employee.rest.get(f"/content/{content}/review-policy")
            held = response.json()["id"] if response.status_code == 200 else None
            assert held == (rule and made[rule]), (kind, depth, variety, stage)
            if kind == "knowledge_item" and rule is not None:
                refused = company.employee.rest.post(f"/knowledge-items/{content}/publish")
                assert (refused.status_code, refused.json()["policy"]["id"]) == (409, made[rule])
            elif kind == "idea" and rule is not None:
                ask = {"outcome": "approved"}
                refused = company.committee.rest.post(f"/ideas/{content}/decision", json=ask)
                assert (refused.status_code, refused.json()["policy"]["id"]) == (409, made[rule])
    finally:
        for id in made.values():
            assert company.committee.rest.delete(f"/review-policies/{id}", headers=ANY).status_code == 204


# ---- what has begun -------------------------------------------------------------------------------------------------


def test_a_changed_policy_changes_no_review_that_runs(company: Company) -> None:
    """One approval was asked for; now three are, and others give them. What was submitted before ends with one."""
    first, second = company.hire("旧评审", "rd"), company.hire("新评审", "rd")
    place = category(company)
    old, new = group(company, first), group(company, second)
    rule = policy(company, place, groups=[old], working_days=5)
    running = submit(company.employee, draft(company, place))
    before = done(company.employee.rest.get(f"/reviews/{running['id']}"))
    done(change(company, rule, needs="quorum", quorum=1, groups=[new], working_days=50))
    assert done(company.employee.rest.get(f"/reviews/{running['id']}")) == before
    assert [entry["review"]["id"] for entry in owed(first)] == [running["id"]]
    assert owed(second) == []
    later = submit(company.employee, draft(company, place))
    assert [entry["review"]["id"] for entry in owed(second)] == [later["id"]]
    assert later["due_at"] > before["due_at"]
    assert company.committee.rest.delete(f"/review-policies/{rule['id']}", headers=ANY).status_code == 204
    assert done(company.employee.rest.get(f"/reviews/{running['id']}")) == before
    done(judge(first, running), 201)
    ended = done(company.employee.rest.get(f"/reviews/{running['id']}"))
    assert (ended["state"], ended["required"]) == ("approved", 1)


def test_a_new_version_of_a_form_changes_no_review_that_runs(company: Company) -> None:
    place, scored = category(company), form(company)
    people = group(company, company.hire("评分人", "rd"))
    rule = policy(company, place, kind="idea", form_id=scored["id"], groups=[people])
    running = submit(company.committee, idea(company, place))
    assert (running["form"]["id"], running["form"]["number"]) == (scored["current"]["id"], 1)
    before = done(company.committee.rest.get(f"/reviews/{running['id']}"))["form"]
    ask = {"criteria": [{**CRITERIA[0], "weight": 100}], "note": "只看效果"}
    done(company.committee.rest.post(f"/review-forms/{scored['id']}/versions", json=ask, headers=ANY))
    later = submit(company.committee, idea(company, place))
    assert (later["form"]["number"], len(later["form"]["criteria"])) == (2, 1)
    done(company.committee.rest.post(f"/review-forms/{scored['id']}/retire"))
    done(change(company, rule, needs="all"))
    assert done(company.committee.rest.get(f"/reviews/{running['id']}"))["form"] == before
    assert done(company.committee.rest.get(f"/review-policies/{rule['id']}"))["form"]["retired_at"] is not None
