"""Who may ask for which figures, and how wrong input is answered: alike through both doors."""

from typing import Any
from uuid import uuid4

import pytest
from tests.conftest import Actor, Company

VALUES = """query($id: String!, $departmentId: ID, $kind: String, $by: Grain, $from: Date, $to: Date) {
  metricValues(id: $id, departmentId: $departmentId, kind: $kind, by: $by, from: $from, to: $to) {
    items { period value } } }"""
FLOW = "query($departmentId: ID) { knowledgeFlow(departmentId: $departmentId) { departments { id } } }"


def asked(actor: Actor, metric: str, **query: Any) -> tuple[int, str | None, str | None]:
    """Status, code and field code of an answer through REST; GraphQL has to give the same code."""
    answer = actor.rest.get(f"/metrics/{metric}/values", params=query)
    given = {"departmentId" if name == "department" else name: value for name, value in query.items()}
    other = actor.graphql(VALUES, id=metric, **({"by": "month"} | given))
    if answer.status_code == 200:
        assert [one["value"] for one in other["data"]["metricValues"]["items"]] == [
            one["value"] for one in answer.json()["items"]
        ]
        return 200, None, None
    problem = answer.json()
    assert other["errors"][0]["extensions"]["code"] == problem["code"].upper(), other
    return answer.status_code, problem["code"], (problem.get("errors") or [{}])[0].get("code")


def test_everybody_sees_the_company_and_their_own_path(company: Company) -> None:
    for name, status in (("root", 200), ("rd", 200), ("rd_pressure", 200), ("sales", 403)):
        assert asked(company.employee, "active_sharers", department=str(company.departments[name]))[0] == status
    assert asked(company.employee, "active_sharers")[0] == 200


def test_others_need_the_right_to_all_or_to_some(company: Company) -> None:
    every = [(name, company.departments[name]) for name in ("root", "rd", "rd_pressure", "sales")]
    assert {asked(company.hr, "new_items", department=str(id))[0] for _, id in every} == {200}
    # A manager of rd, who sits in sales.
    seen = {name: asked(company.rd_manager, "new_items", department=str(id))[0] for name, id in every}
    assert seen == {"root": 200, "rd": 200, "rd_pressure": 200, "sales": 200}
    assert asked(company.outsider, "new_items", department=str(company.departments["rd"]))[0] == 403


@pytest.mark.parametrize(
    "query, code",
    [
        ({"from": "2026-05-01", "to": "2026-04-30"}, "backwards"),
        ({"from": "1026-05-01", "to": "2026-04-30"}, "out_of_calendar"),
        ({"from": "2026-05-01", "to": "3026-04-30"}, "out_of_calendar"),
        ({"from": "1990-01-01", "to": "2026-04-30"}, "too_many_periods"),
        ({"kind": "sop"}, "enum"),
    ],
)
def test_wrong_periods_and_kinds(company: Company, query: dict[str, str], code: str) -> None:
    assert asked(company.hr, "active_sharers", **query) == (422, "invalid", code)


def test_what_a_metric_does_not_have(company: Company) -> None:
    rd = str(company.departments["rd"])
    assert asked(company.hr, "contribution_gini", kind="sop")[2] == "no_kinds"
    assert asked(company.hr, "active_sharers", department=rd, kind="staff")[2] == "kinds_of_company"
    assert asked(company.hr, "item_views", department=rd, by="month")[2] == "not_by_department"
    assert asked(company.hr, "new_items", department=str(uuid4()))[2] == "unknown_reference"
    assert company.hr.rest.get("/metrics/new_items/values", params={"office": "rd"}).status_code == 422
    assert company.hr.rest.get("/metrics/nonsense/values").status_code == 404


@pytest.mark.parametrize("period", ["2026", "2026-13", "2026-Q5", "0000-01", "1989-12", "9999-01"])
def test_wrong_periods_of_rows(company: Company, period: str) -> None:
    assert company.hr.rest.get("/metrics/new_items/rows", params={"period": period}).status_code == 422


def test_rows_of_departments_that_are_not_yours(company: Company) -> None:
    query = {"period": "2026-05", "department": str(company.departments["sales"])}
    assert company.employee.rest.get("/metrics/new_items/rows", params=query).status_code == 403
    assert company.hr.rest.get("/metrics/new_items/rows", params=query).status_code == 200
    wrong = {"period": "2026-05", "kind": "staff"}
    assert company.hr.rest.get("/metrics/new_items/rows", params=wrong).status_code == 422


def test_a_department_that_ended_has_nothing_to_tell(company: Company) -> None:
    root = str(company.departments["root"])
    made = company.admin.rest.post("/departments", json={"name": f"已撤销 {uuid4().hex[:6]}", "parent_id": root}).json()
    query = {"department": made["id"], "from": "2026-01-01", "to": "2026-03-31"}
    items = company.hr.rest.get("/metrics/active_sharers/values", params=query).json()["items"]
    assert {(item["value"], item["reason"]) for item in items} == {(None, "nothing")}


def test_the_matrix_of_a_department_shows_departments_side_by_side(company: Company) -> None:
    rd = str(company.departments["rd"])
    for actor, status in (
        (company.employee, 403),
        (company.outsider, 403),
        (company.rd_manager, 200),
        (company.hr, 200),
    ):
        assert actor.rest.get("/knowledge-flow", params={"department": rd}).status_code == status
        assert ("errors" in actor.graphql(FLOW, departmentId=rd)) == (status != 200)
    assert company.employee.rest.get("/knowledge-flow").status_code == 200
    for query in ({"from": "2026-05-01", "to": "2026-01-01"}, {"from": "2020-01-01"}, {"department": str(uuid4())}):
        assert company.hr.rest.get("/knowledge-flow", params=query).status_code == 422
