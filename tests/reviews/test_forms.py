"""Review forms: what ideas are scored on, in versions that never change."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.access.world import fingerprint
from tests.conftest import Actor, Company
from tests.reviews.reviewing import CRITERIA, category, done, form, policy

ANY = {"If-Match": "*"}


def criterion(**fields: Any) -> dict[str, Any]:
    return {"name": "效果", "weight": 100, "means_1": "没有", "means_5": "很大", **fields}


def version(actor: Actor, form_id: str, match: str = "*", **fields: Any) -> Any:
    ask = {"criteria": [criterion()], **fields}
    return actor.rest.post(f"/review-forms/{form_id}/versions", json=ask, headers={"If-Match": match})


def test_a_form_reads_the_same_through_both_doors(company: Company) -> None:
    made = form(company, description="改善建议通用", approve_at=3.75, decline_below=2, note="第一版")
    path = f"/review-forms/{made['id']}"
    response = company.outsider.rest.get(path)
    seen = done(response)
    assert (seen["permissions"], made["permissions"]) == ([], ["edit", "add_version", "retire"])
    assert response.headers["etag"].startswith('"1-')
    current = seen["current"]
    assert (current["number"], current["approve_at"], current["decline_below"]) == (1, 3.75, 2)
    assert (current["note"], current["person"]["name"]) == ("第一版", company.committee.name)
    assert [c["position"] for c in current["criteria"]] == [1, 2, 3]
    for asked, shown in zip(CRITERIA, current["criteria"], strict=True):
        default = {"description": "", "means_3": None, "comment": "optional", "knock_out_below": None}
        assert shown == {**default, **asked, "id": shown["id"], "position": shown["position"]}
    data = company.outsider.data(
        """query($id: ID!, $version: ID!) {
          reviewForm(id: $id) { name description number retiredAt version permissions current { id formId number
            approveAt declineBelow note person { name department { name } } criteria { id position name description
            weight means1 means3 means5 comment knockOutBelow } } }
          reviewFormVersion(id: $version) { number criteria { name } }
          reviewFormVersions(formId: $id) { totalCount nodes { number } }
          node(id: $id) { ... on ReviewForm { name } } }""",
        id=made["id"],
        version=current["id"],
    )
    shown = data["reviewForm"]
    assert (shown["name"], shown["description"], shown["retiredAt"]) == (made["name"], "改善建议通用", None)
    assert (shown["current"]["approveAt"], shown["current"]["id"]) == (3.75, current["id"])
    assert [c["means5"] for c in shown["current"]["criteria"]] == [c["means_5"] for c in CRITERIA]
    assert [c["knockOutBelow"] for c in shown["current"]["criteria"]] == [2, None, None]
    assert data["reviewFormVersion"]["criteria"][2] == {"name": "新颖"}
    assert data["reviewFormVersions"] == {"totalCount": 1, "nodes": [{"number": 1}]}
    assert data["node"] == {"name": made["name"]}


def test_a_form_is_made_and_changed_through_graphql(company: Company) -> None:
    create = """mutation($input: CreateReviewFormInput!) { createReviewForm(input: $input) {
      id version current { approveAt declineBelow criteria { weight comment } } } }"""
    criteria = [
        {"name": "省钱", "weight": 70, "means1": "不省", "means5": "省一半", "comment": "always", "knockOutBelow": 3},
        {"name": "安全", "weight": 30, "means1": "更危险", "means3": "一样", "means5": "更安全"},
    ]
    ask = {"name": f"安全评分表 {uuid4().hex[:8]}", "criteria": criteria, "approveAt": 4.05, "declineBelow": 3.3}
    made = company.committee.data(create, input=ask)["createReviewForm"]
    current = {"approveAt": 4.05, "declineBelow": 3.3}
    assert made["current"] == {
        **current, "criteria": [{"weight": 70, "comment": "always"}, {"weight": 30, "comment": "optional"}],
    }  # fmt: skip
    change = """mutation($id: ID!, $version: Int!) {
      createReviewFormVersion(formId: $id, expectedVersion: $version, input: { note: "只看安全",
        criteria: [{ name: "安全", means1: "更危险", means5: "更安全" }] }) {
      version number current { number note } } }"""
    added = company.committee.data(change, id=made["id"], version=1)["createReviewFormVersion"]
    assert added == {"version": 2, "number": 2, "current": {"number": 2, "note": "只看安全"}}
    lost = company.committee.graphql(change, id=made["id"], version=1)
    assert (lost["data"], lost["errors"][0]["extensions"]["code"]) == ({"createReviewFormVersion": None}, "CONFLICT")
    others = """mutation($id: ID!) {
      updateReviewForm(id: $id, expectedVersion: 2, input: { name: "安全专用" }) { name version }
      retireReviewForm(id: $id) { retiredAt permissions } }"""
    done_ = company.committee.data(others, id=made["id"])
    assert done_["updateReviewForm"] == {"name": "安全专用", "version": 3}
    assert done_["retireReviewForm"]["retiredAt"] and done_["retireReviewForm"]["permissions"] == ["edit"]


def test_versions_never_change(company: Company) -> None:
    """A new version stands beside the one before, to the last letter."""
    made = form(company, note="第一版")
    path, first = f"/review-forms/{made['id']}", made["current"]["id"]
    before = done(company.employee.rest.get(f"/review-form-versions/{first}"))
    changed = done(version(company.committee, made["id"], approve_at=4, note="简化"))
    assert (changed["number"], changed["version"], changed["current"]["note"]) == (2, 2, "简化")
    assert [c["name"] for c in changed["current"]["criteria"]] == ["效果"]
    assert changed["current"]["criteria"][0]["id"] not in [c["id"] for c in before["criteria"]]
    done(company.committee.rest.patch(path, json={"name": "新名称"}, headers=ANY))
    done(company.committee.rest.post(f"{path}/retire"))
    assert done(company.employee.rest.get(f"/review-form-versions/{first}")) == before
    listed = done(company.employee.rest.get(f"{path}/versions"))["items"]
    assert [one["number"] for one in listed] == [2, 1]
    assert listed[1] == before
    missing = company.employee.rest.get(f"/review-forms/{uuid4()}/versions")
    assert missing.status_code == 404


def test_a_lost_race_for_a_version_is_refused(company: Company) -> None:
    """Two who change what a form asks at once: the second one learns of the first, instead of undoing it unseen."""
    made = form(company)
    tag = company.committee.rest.get(f"/review-forms/{made['id']}").headers["etag"]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: version(company.committee, made["id"], tag, note=f"第 {n} 个人"), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    won = next(answer.json() for answer in answers if answer.status_code == 200)
    lost = next(answer for answer in answers if answer.status_code == 412)
    assert (lost.json()["code"], lost.headers["etag"].split("-")[0]) == ("version_conflict", '"2')
    now = done(company.committee.rest.get(f"/review-forms/{made['id']}"))
    assert (now["number"], now["current"]["note"]) == (2, won["current"]["note"])
    blind = company.committee.rest.post(f"/review-forms/{made['id']}/versions", json={"criteria": [criterion()]})
    assert blind.status_code == 428
    assert done(company.committee.rest.get(f"/review-forms/{made['id']}/versions"))["items"][0]["number"] == 2


def test_a_retired_form_takes_nothing_new(company: Company) -> None:
    kept, retired = form(company), form(company)
    path = f"/review-forms/{retired['id']}"
    place = category(company)
    ruled = policy(company, place, kind="idea", form_id=retired["id"])
    gone = done(company.committee.rest.post(f"{path}/retire"))
    assert gone["retired_at"] and gone["permissions"] == ["edit"]
    other = policy(company, category(company), kind="idea", form_id=kept["id"])
    ask = {"kind": "idea", "category_id": category(company), "needs": "one", "form_id": retired["id"]}
    company.server.settle()
    before = fingerprint(company.server)
    again = company.committee.rest.post(f"{path}/retire")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    late = version(company.committee, retired["id"])
    assert (late.status_code, late.json()["code"]) == (409, "conflict")
    named = company.committee.rest.post("/review-policies", json=ask)
    assert (named.status_code, named.json()["errors"][0]["code"]) == (422, "form_retired")
    assert named.json()["errors"][0]["pointer"] == "/form_id"
    moved = company.committee.rest.patch(
        f"/review-policies/{other['id']}", json={"form_id": retired["id"]}, headers=ANY
    )
    assert (moved.status_code, moved.json()["errors"][0]["code"]) == (422, "form_retired")
    assert fingerprint(company.server) == before
    # What names it already goes on, and can be changed otherwise.
    changed = company.committee.rest.patch(
        f"/review-policies/{ruled['id']}", json={"working_days": 9, "form_id": retired["id"]}, headers=ANY
    )
    assert done(changed)["form"]["id"] == retired["id"]
    assert changed.json()["form"]["retired_at"] == gone["retired_at"]
    assert done(company.committee.rest.patch(path, json={"description": "旧"}, headers=ANY))["description"] == "旧"


def test_lists_of_forms(company: Company) -> None:
    mark = uuid4().hex[:8]
    names = [f"{mark} {letter}" for letter in "abc"]
    ids = {name: form(company, name=name)["id"] for name in reversed(names)}
    done(company.committee.rest.post(f"/review-forms/{ids[names[1]]}/retire"))

    def found(**query: Any) -> list[str]:
        items: list[dict[str, Any]] = []
        cursor = None
        while cursor is not None or not items:
            params = {"limit": 7, **query} | ({"cursor": cursor} if cursor else {})
            page = done(company.outsider.rest.get("/review-forms", params=params))
            items, cursor = items + page["items"], page["next_cursor"]
            if cursor is None:
                break
        assert all("current" not in item and item["permissions"] == [] for item in items)
        return [item["name"] for item in items if item["name"].startswith(mark)]

    assert found() == names
    assert found(retired=True) == names[1:2]
    assert found(retired=False) == [names[0], names[2]]
    query = "{ reviewForms(first: 100, filter: { retired: true }) { nodes { name current { number } } } }"
    nodes = company.outsider.data(query)["reviewForms"]["nodes"]
    assert [one["name"] for one in nodes if one["name"].startswith(mark)] == names[1:2]


@pytest.mark.parametrize(
    "fields, pointer, code",
    [
        ({"criteria": [criterion(weight=50), criterion(name="二", weight=49)]}, "/criteria", "weights_sum"),
        ({"criteria": [criterion(weight=50), criterion(name="二", weight=51)]}, "/criteria", "weights_sum"),
        ({"criteria": [criterion(weight=50, name="ROI"), criterion(weight=50, name="roi")]}, "/criteria/1/name",
         "duplicate"),
        ({"criteria": []}, "/criteria", "too_short"),
        ({"criteria": [criterion(name=f"第{n}项", weight=5) for n in range(21)]}, "/criteria", "too_long"),
        ({"criteria": [criterion(weight=0)]}, "/criteria/0/weight", "greater_than_equal"),
        ({"criteria": [criterion(weight=99.5)]}, "/criteria/0/weight", "int_from_float"),
        ({"criteria": [{"name": "效果", "weight": 100, "means_5": "很大"}]}, "/criteria/0/means_1", "missing"),
        ({"criteria": [{"name": "效果", "weight": 100, "means_1": "没有"}]}, "/criteria/0/means_5", "missing"),
        ({"criteria": [criterion(means_1=" ")]}, "/criteria/0/means_1", "string_too_short"),
        ({"criteria": [criterion(knock_out_below=1)]}, "/criteria/0/knock_out_below", "greater_than_equal"),
        ({"criteria": [criterion(knock_out_below=6)]}, "/criteria/0/knock_out_below", "less_than_equal"),
        ({"criteria": [criterion(comment="never")]}, "/criteria/0/comment", "enum"),
        ({"approve_at": 5.01}, "/approve_at", "less_than_equal"),
        ({"decline_below": 0.99}, "/decline_below", "greater_than_equal"),
        ({"approve_at": 3.505}, "/approve_at", "decimal_max_places"),
        ({"decline_below": 1.0000001}, "/decline_below", "decimal_max_places"),
        ({"approve_at": "3.5"}, "/approve_at", "float_type"),
        ({"approve_at": True}, "/approve_at", "float_type"),
        ({"approve_at": 3, "decline_below": 3.01}, "/decline_below", "limits_backwards"),
        ({"approve_at": 2.4}, "/decline_below", "limits_backwards"),
    ],
)  # fmt: skip
def test_wrong_forms(company: Company, fields: dict[str, Any], pointer: str, code: str) -> None:
    made = form(company)
    company.server.settle()
    before = fingerprint(company.server)
    ask = {"criteria": [criterion()], **fields}
    answers = [
        company.committee.rest.post("/review-forms", json={"name": "新表", **ask}),
        company.committee.rest.post(f"/review-forms/{made['id']}/versions", json=ask, headers=ANY),
    ]
    for answer in answers:
        assert answer.status_code == 422, answer.text
        assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [(pointer, code)]
    chinese = company.committee.rest.post(
        "/review-forms", json={"name": "新表", **ask}, headers={"Accept-Language": "zh"}
    )
    assert not chinese.json()["errors"][0]["message"].isascii()
    assert fingerprint(company.server) == before


def test_only_who_manages_reviews_everywhere_changes_forms(company: Company) -> None:
    made = form(company)
    path = f"/review-forms/{made['id']}"
    company.server.settle()
    before = fingerprint(company.server)
    for actor in (company.employee, company.reviewer, company.hr, company.rd_manager):
        refusals = [
            actor.rest.post("/review-forms", json={"name": "自己的表", "criteria": [criterion()]}),
            actor.rest.patch(path, json={"name": "改"}, headers=ANY),
            version(actor, made["id"]),
            actor.rest.post(f"{path}/retire"),
        ]
        assert [refusal.status_code for refusal in refusals] == [403] * 4
        gone = version(actor, str(uuid4()))
        # Whoever may do nothing of the kind anywhere is told so before anything is looked up.
        assert gone.status_code == (404 if actor is company.rd_manager else 403)
    mutation = "mutation($id: ID!) { retireReviewForm(id: $id) { id } }"
    refused = company.rd_manager.graphql(mutation, id=made["id"])
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert fingerprint(company.server) == before
    assert done(company.manager.rest.patch(path, json={"name": "管理员改名"}, headers=ANY))["version"] == 2


def test_what_happens_to_forms_is_told(company: Company) -> None:
    made = form(company)
    path = f"/review-forms/{made['id']}"
    done(version(company.committee, made["id"]))
    done(company.committee.rest.patch(path, json={"name": "改名", "description": ""}, headers=ANY))
    done(company.committee.rest.patch(path, json={"name": "改名"}, headers=ANY))
    done(company.committee.rest.post(f"{path}/retire"))
    told = company.server.sql("SELECT happened, payload FROM journal WHERE object_id = $1 ORDER BY number", made["id"])
    assert [entry["happened"] for entry in told] == [
        "review_form_created", "review_form_version_created", "review_form_changed", "review_form_retired",
    ]  # fmt: skip


WEIGHTS = st.lists(st.integers(1, 99), min_size=1, max_size=12)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(weights=WEIGHTS, complete=st.booleans(), limits=st.tuples(*[st.integers(100, 500)] * 2))
def test_weights_always_sum(company: Company, weights: list[int], complete: bool, limits: tuple[int, int]) -> None:
    """Whatever is sent: what is stored adds up to 100, with limits as they were written."""
    if complete and sum(weights) < 100:
        weights = [*weights, 100 - sum(weights)]
    low, high = limits
    ask = {
        "name": "任意", "criteria": [criterion(name=f"第{n}项", weight=w) for n, w in enumerate(weights)],
        "approve_at": high / 100, "decline_below": low / 100,
    }  # fmt: skip
    response = company.committee.rest.post("/review-forms", json=ask)
    if sum(weights) != 100 or low > high:
        assert response.status_code == 422
    else:
        id = done(response, 201)["current"]["id"]
        stored = company.server.sql("SELECT * FROM review_form_version WHERE id = $1::uuid", id)[0]
        assert (stored["approve_at"], stored["decline_below"]) == (Decimal(high) / 100, Decimal(low) / 100)
    wrong = company.server.sql(
        "SELECT form_version_id FROM review_form_criterion GROUP BY form_version_id HAVING sum(weight) <> 100"
    )
    assert wrong == []
