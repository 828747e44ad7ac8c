"""Series of outcomes through both doors: set up, changed, put by other systems, archived, deleted."""

from typing import Any
from uuid import uuid4

import pytest
from tests.conftest import Company
from tests.outcomes.helpers import of, put, seen, series
from tests.resources.helpers import everything

ONE = """query($id: ID!) { outcomeSeries(id: $id) { id name nameEn description unit better archived externalSource
  externalId version permissions } }"""
ALL = """query($filter: OutcomeSeriesFilter) { allOutcomeSeries(filter: $filter, first: 100) {
  totalCount nodes { id } } }"""
KEPT = {"put_values", "edit", "delete"}


def test_a_series_reads_the_same_through_both_doors(company: Company) -> None:
    made = series(company, name_en="R&D cycle", description="从立项到量产", unit="天", better="lower")
    assert (made["version"], made["archived"], set(made["permissions"])) == (1, False, KEPT)
    for reader in (company.finance, company.employee):
        rest = reader.rest.get(f"/outcome-series/{made['id']}").json()
        shown = reader.data(ONE, id=made["id"])["outcomeSeries"]
        for name in ("id", "name", "description", "unit", "better", "archived", "version", "permissions"):
            assert shown[name] == rest[name]
        assert (shown["nameEn"], shown["externalId"]) == (rest["name_en"], rest["external_id"]) == ("R&D cycle", None)
    assert company.employee.rest.get(f"/outcome-series/{made['id']}").json()["permissions"] == []
    node = company.employee.data("query($id: ID!) { node(id: $id) { __typename } }", id=made["id"])["node"]
    assert node == {"__typename": "OutcomeSeries"}


def test_graphql_sets_up_changes_and_deletes_as_rest_does(company: Company) -> None:
    create = "mutation($i: CreateOutcomeSeriesInput!) { createOutcomeSeries(input: $i) { id version better } }"
    body = {"name": "客诉处理时长", "nameEn": "Complaint handling", "unit": "hours", "better": "lower"}
    made = company.hr.data(create, i=body)["createOutcomeSeries"]
    assert (made["version"], made["better"]) == (1, "lower")
    change = """mutation($id: ID!, $v: Int!, $i: UpdateOutcomeSeriesInput!) {
      updateOutcomeSeries(id: $id, expectedVersion: $v, input: $i) { version nameEn unit } }"""
    changed = company.hr.data(change, id=made["id"], v=1, i={"unit": "小时"})["updateOutcomeSeries"]
    assert changed == {"version": 2, "nameEn": "Complaint handling", "unit": "小时"}
    stale = company.hr.graphql(change, id=made["id"], v=1, i={"unit": "天"})
    assert stale["errors"][0]["extensions"]["code"] == "CONFLICT"
    delete = "mutation($id: ID!, $v: Int!) { deleteOutcomeSeries(id: $id, expectedVersion: $v) }"
    assert company.hr.data(delete, id=made["id"], v=2) == {"deleteOutcomeSeries": made["id"]}
    assert company.hr.rest.get(f"/outcome-series/{made['id']}").status_code == 404


def test_a_change_names_the_version_it_saw(company: Company) -> None:
    made = series(company, description="旧的说明")
    path = f"/outcome-series/{made['id']}"
    assert company.finance.rest.patch(path, json={"name": "新名"}).status_code == 428
    changed = company.finance.rest.patch(path, json={"description": None}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["description"], changed.json()["version"]) == (200, None, 2)
    again = company.finance.rest.patch(path, json={"name": "再改"}, headers={"If-Match": '"1"'})
    assert (again.status_code, again.headers["etag"]) == (412, changed.headers["etag"])
    for body in ({"name": None}, {"better": None}, {"unit": ""}, {"archived": "yes"}, {"number": 1}):
        assert company.finance.rest.patch(path, json=body, headers={"If-Match": "*"}).status_code == 422, body


def test_values_do_not_change_the_series(company: Company) -> None:
    made = series(company)
    put(company.finance, made["id"], of("2026-01", "41.5"))
    assert company.finance.rest.get(f"/outcome-series/{made['id']}").json()["version"] == 1


def test_a_nightly_job_puts_its_series_by_its_own_name_for_it(company: Company) -> None:
    path = f"/outcome-series/by-external-id/plm/{uuid4().hex}"
    body = {"name": "研发周期", "unit": "天", "better": "lower"}
    first = company.finance.rest.put(path, json=body)
    assert (first.status_code, first.json()["external_source"]) == (201, "plm")
    assert first.headers["location"] == f"/v1/outcome-series/{first.json()['id']}"
    again = company.finance.rest.put(path, json=body)
    assert (again.status_code, again.json()["version"]) == (200, 1)
    changed = company.finance.rest.put(path, json=body | {"description": "从立项到量产"})
    assert (changed.json()["id"], changed.json()["version"]) == (first.json()["id"], 2)
    assert company.employee.rest.get(path).json() == changed.json() | {"permissions": []}
    name = path.rpartition("/")[2]
    query = """mutation($s: String!, $e: String!, $i: PutOutcomeSeriesInput!) {
      putOutcomeSeries(source: $s, externalId: $e, input: $i) { id version description name } }"""
    shown = company.finance.data(query, s="plm", e=name, i=body | {"name": "研发周期（天）"})["putOutcomeSeries"]
    assert shown == {"id": first.json()["id"], "version": 3, "description": "从立项到量产", "name": "研发周期（天）"}


def test_an_archived_series_takes_no_values_and_keeps_what_it_had(company: Company) -> None:
    made = series(company)
    put(company.finance, made["id"], of("2026-01", 40))
    path = f"/outcome-series/{made['id']}"
    archived = company.finance.rest.patch(path, json={"archived": True}, headers={"If-Match": "*"}).json()
    assert (archived["archived"], archived["permissions"]) == (True, ["edit"])
    before = everything(company)
    refused = company.finance.rest.put(f"{path}/values", json={"values": [of("2026-02", 41)]})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert everything(company) == before
    assert seen(company.employee, made["id"]) == [("2026-01", None, "40")]

    def listed(value: bool) -> bool:
        rest = company.employee.rest.get("/outcome-series", params={"archived": value, "limit": 100}).json()["items"]
        shown = company.employee.data(ALL, filter={"archived": value})["allOutcomeSeries"]
        assert [one["id"] for one in rest] == [one["id"] for one in shown["nodes"]]
        return made["id"] in [one["id"] for one in rest]

    assert listed(True)
    assert not listed(False)
    company.finance.rest.patch(path, json={"archived": False}, headers={"If-Match": "*"})
    assert put(company.finance, made["id"], of("2026-02", 41)) == (1, 0, 0)


def test_only_a_series_without_values_is_deleted(company: Company) -> None:
    made = series(company)
    path = f"/outcome-series/{made['id']}"
    assert company.finance.rest.delete(path).status_code == 428
    put(company.finance, made["id"], of("2026-01", 40))
    put(company.finance, made["id"], of("2026-01", None))  # taken back, and still known
    before = everything(company)
    refused = company.finance.rest.delete(path, headers={"If-Match": "*"})
    assert (refused.status_code, "archive it" in refused.json()["detail"]) == (409, True)
    assert everything(company) == before
    assert company.finance.rest.get(path).json()["permissions"] == ["edit", "put_values"]
    empty = f"/outcome-series/{series(company)['id']}"
    assert company.finance.rest.delete(empty, headers={"If-Match": "*"}).status_code == 204
    assert company.finance.rest.get(empty).status_code == 404


def test_others_change_nothing(company: Company) -> None:
    made = series(company)
    path, id = f"/outcome-series/{made['id']}", made["id"]
    body = {"name": "私下的", "unit": "天", "better": "lower"}
    match = {"If-Match": "*"}
    denied: list[tuple[str, str, Any]] = [
        ("POST", "/outcome-series", body),
        ("PATCH", path, {"name": "改名"}),
        ("DELETE", path, None),
        ("PUT", f"/outcome-series/by-external-id/plm/{uuid4().hex}", body),
        ("PUT", f"{path}/values", {"values": [of("2026-01", 1)]}),
    ]
    mutations = (
        'createOutcomeSeries(input: {name: "x", unit: "x", better: lower}) { id }',
        f'updateOutcomeSeries(id: "{id}", expectedVersion: 1, input: {{name: "x"}}) {{ id }}',
        f'deleteOutcomeSeries(id: "{id}", expectedVersion: 1)',
        'putOutcomeSeries(source: "x", externalId: "x", input: {name: "x", unit: "x", better: lower}) { id }',
        f'putOutcomeValues(id: "{id}", input: {{values: [{{month: "2026-01", value: 1}}]}}) {{ new }}',
    )
    before = everything(company)
    for actor in (company.employee, company.committee, company.manager, company.rd_manager):
        for method, url, sent in denied:
            response = actor.rest.request(method, url, json=sent, headers=match)
            assert (response.status_code, response.json()["code"]) == (403, "forbidden"), (method, url)
        for mutation in mutations:
            answer = actor.graphql(f"mutation {{ {mutation} }}")
            assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN", answer
    assert everything(company) == before


@pytest.mark.parametrize(
    "fields, pointer, code",
    [
        ({"name": " "}, "/name", "string_too_short"),
        ({"name": "长" * 101}, "/name", "string_too_long"),
        ({"unit": "天\n"}, None, None),
        ({"unit": "天\t"}, "/unit", "text_line"),
        ({"unit": "x" * 61}, "/unit", "string_too_long"),
        ({"better": "more"}, "/better", "enum"),
        ({"description": "a\0"}, "/description", "text_nul"),
        ({"decimals": 2}, "/decimals", "extra_forbidden"),
    ],
)
def test_wrong_series_are_refused_with_the_place(
    company: Company, fields: dict[str, Any], pointer: str | None, code: str | None
) -> None:
    body = {"name": "研发周期", "unit": "天", "better": "lower"} | fields
    response = company.finance.rest.post("/outcome-series", json=body)
    if pointer is None:
        assert (response.status_code, response.json()["unit"]) == (201, "天")
        return
    assert response.status_code == 422, response.text
    assert (pointer, code) in [(e["pointer"], e["code"]) for e in response.json()["errors"]]
