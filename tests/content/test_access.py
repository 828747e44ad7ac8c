"""Why somebody sees a content: for oneself, and for another with the permission to ask."""

from typing import Any
from uuid import uuid4

from tests.conftest import Company

QUERY = """query($id: ID!, $person: ID) { contentAccess(id: $id, person: $person) {
  visible because { kind name } classification clearance permissions } }"""


def errors(response: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in response.get("errors", [])]


def test_ones_own_access_is_explained(company: Company) -> None:
    item = company.employee.item(
        audience=[str(company.departments["rd"]), str(company.colleague.id)], classification="internal"
    )
    response = company.colleague.rest.get(f"/content/{item['id']}/access")
    assert response.status_code == 200
    why = response.json()
    assert why["visible"] is True
    assert [(reason["kind"], reason["name"]) for reason in why["because"]] == [
        ("department", "rd"),
        ("person", company.colleague.name),
    ]
    assert (why["classification"], why["clearance"]) == ("internal", "internal")
    assert "comment_write" in why["permissions"]
    assert "knowledge_manage" not in why["permissions"]
    own = company.employee.rest.get(f"/content/{item['id']}/access").json()
    assert {reason["kind"] for reason in own["because"]} == {"department", "person"}
    assert company.colleague.data(QUERY, id=item["id"])["contentAccess"]["because"] == [
        {"kind": "department", "name": "rd"},
        {"kind": "person", "name": company.colleague.name},
    ]


def test_a_role_for_a_department_shows_where_it_holds(company: Company) -> None:
    inside, outside = company.employee.item(), company.outsider.item()
    for item, expected in ((inside, True), (outside, False)):
        why = company.rd_manager.rest.get(f"/content/{item['id']}/access").json()
        assert ("knowledge_manage" in why["permissions"]) is expected
        assert why["because"] == [{"id": "00000000-0000-7000-8000-000000000001", "kind": "everyone"} | {
            "name": why["because"][0]["name"]
        }]  # fmt: skip


def test_anothers_access_is_for_those_who_may_ask(company: Company) -> None:
    item = company.admin.item(audience=[str(company.departments["root"])], classification="confidential")
    path = f"/content/{item['id']}/access"
    low = company.admin.rest.get(path, params={"person": str(company.employee.id)}).json()
    assert (low["visible"], low["classification"], low["clearance"]) == (False, "confidential", "internal")
    assert [reason["name"] for reason in low["because"]] == ["root"]
    high = company.admin.data(QUERY, id=item["id"], person=str(company.manager.id))["contentAccess"]
    assert (high["visible"], high["clearance"]) == (True, "confidential")
    assert "knowledge_manage" in high["permissions"]
    away = company.admin.item(audience=[str(company.departments["sales"])])
    apart = company.admin.rest.get(f"/content/{away['id']}/access", params={"person": str(company.employee.id)}).json()
    assert (apart["visible"], apart["because"]) == (False, [])

    for actor in (company.manager, company.hr):
        if actor is company.hr:
            continue
        refused = actor.rest.get(path, params={"person": str(company.employee.id)})
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert errors(actor.graphql(QUERY, id=item["id"], person=str(company.employee.id))) == ["FORBIDDEN"]
    mine = company.manager.rest.get(path, params={"person": str(company.manager.id)})
    assert mine.json()["visible"] is True
    for wrong in (uuid4(), "x"):
        assert company.admin.rest.get(path, params={"person": str(wrong)}).status_code == 422
    assert company.admin.rest.get(path, params={"who": "me"}).status_code == 422


def test_what_the_asker_does_not_see_is_not_explained(company: Company) -> None:
    secret = company.manager.item(audience=[str(company.manager.id)], publish=True)
    path = f"/content/{secret['id']}/access"
    for params in ({}, {"person": str(company.manager.id)}):
        for actor in (company.admin, company.employee):
            response = actor.rest.get(path, params=params)
            expected = 403 if params and actor is company.employee else 404
            assert response.status_code == expected
    assert errors(company.admin.graphql(QUERY, id=secret["id"])) == ["NOT_FOUND"]
    assert errors(company.admin.graphql(QUERY, id=secret["id"], person=str(company.manager.id))) == ["NOT_FOUND"]
    assert company.admin.rest.get(f"/content/{uuid4()}/access").status_code == 404
    assert company.anonymous.get(path).status_code == 401
