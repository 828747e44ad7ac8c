"""Budgets and their ledger, through both doors."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from tests.conftest import Company
from tests.resources.helpers import approved, budget, everything, made, request

BUDGET = """query($id: ID!) { budget(id: $id) { name kind unit amount balance owner { name } department { name }
  startsOn endsOn version permissions } }"""
LEDGER = "query($id: ID!) { budgetEntries(budgetId: $id) { totalCount nodes { number kind amount balance note } } }"


def test_a_budget_reads_the_same_through_both_doors(company: Company) -> None:
    made_ = budget(company, department_id=str(company.departments["rd"]), owner_id=str(company.colleague.id))
    assert (made_["amount"], made_["balance"], made_["unit"]) == ("10000.00", "10000.00", "CNY")
    for reader in (company.finance, company.admin, company.colleague):
        rest = reader.rest.get(f"/budgets/{made_['id']}").json()
        shown = reader.data(BUDGET, id=made_["id"])["budget"]
        for name in ("name", "kind", "unit", "amount", "balance", "version", "permissions"):
            assert shown[name] == rest[name]
        assert shown["owner"]["name"] == rest["owner"]["name"]
        assert shown["department"]["name"] == rest["department"]["name"]
    assert company.colleague.rest.get(f"/budgets/{made_['id']}").json()["permissions"] == ["grant"]
    entries = company.colleague.rest.get(f"/budgets/{made_['id']}/entries").json()["items"]
    assert [(e["number"], e["kind"], e["amount"], e["balance"]) for e in entries] == [
        (1, "opened", "10000.00", "10000.00")
    ]


def test_others_do_not_see_it(company: Company) -> None:
    hidden = budget(company)
    for reader in (company.employee, company.committee, company.hr):
        assert reader.rest.get(f"/budgets/{hidden['id']}").status_code == 404
        assert reader.rest.get(f"/budgets/{hidden['id']}/entries").status_code == 404
        assert reader.rest.get("/budgets", params={"limit": 100}).json()["items"] == []
        assert reader.data("{ budgets { totalCount nodes { id } } }")["budgets"] == {"totalCount": 0, "nodes": []}
        assert reader.data("query($id: ID!) { node(id: $id) { id } }", id=hidden["id"]) == {"node": None}


def test_only_those_who_manage_budgets_set_them_up_and_change_them(company: Company) -> None:
    owned = budget(company, owner_id=str(company.colleague.id))
    before = everything(company)
    body = {"name": "私房钱", "kind": "hours", "amount": 10}
    for actor in (company.employee, company.committee, company.colleague):
        assert actor.rest.post("/budgets", json=body).status_code == 403
        adjusted = actor.rest.post(f"/budgets/{owned['id']}/adjust", json={"amount": 5, "reason": "多一点"})
        assert adjusted.status_code == 403
        patched = actor.rest.patch(f"/budgets/{owned['id']}", json={"name": "我的"}, headers={"If-Match": "*"})
        assert patched.status_code == 403
        refused = actor.graphql("mutation($i: CreateBudgetInput!) { createBudget(input: $i) { id } }", i=body)
        assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert everything(company) == before


def test_a_budget_is_raised_and_cut_and_its_ledger_says_so(company: Company) -> None:
    id = budget(company, amount="100.10")["id"]
    raised = made(company.finance, f"/budgets/{id}/adjust", amount="0.20", reason="四舍五入的差额")
    assert (raised["amount"], raised["balance"]) == ("100.30", "100.30")
    before = everything(company)
    refused = company.finance.rest.post(f"/budgets/{id}/adjust", json={"amount": "-100.31", "reason": "砍掉"})
    assert (refused.status_code, refused.json()["code"], refused.json()["available"]) == (409, "conflict", "100.30")
    nothing = company.finance.rest.post(f"/budgets/{id}/adjust", json={"amount": 0, "reason": "空"})
    assert nothing.status_code == 422
    assert everything(company) == before
    cut = company.finance.data(
        """mutation($id: ID!, $i: AdjustBudgetInput!) { adjustBudget(id: $id, input: $i) { amount balance } }""",
        id=id,
        i={"amount": "-100.30", "reason": "年底清零"},
    )
    assert cut["adjustBudget"] == {"amount": "0.00", "balance": "0.00"}
    ledger = company.finance.data(LEDGER, id=id)["budgetEntries"]
    assert ledger["totalCount"] == 3
    assert [(e["number"], e["kind"], e["amount"], e["balance"]) for e in ledger["nodes"]] == [
        (3, "adjusted", "-100.30", "0.00"),
        (2, "adjusted", "0.20", "100.30"),
        (1, "opened", "100.10", "100.10"),
    ]


def test_several_adjustments_in_one_request_see_each_other(company: Company) -> None:
    made_ = budget(company, amount=10)
    query = """mutation($id: ID!, $v: Int!) {
      a: adjustBudget(id: $id, input: {amount: 5, reason: "一"}) { version }
      b: adjustBudget(id: $id, input: {amount: "-15.00", reason: "二"}) { balance }
      c: updateBudget(id: $id, expectedVersion: $v, input: {name: "改名"}) { name balance } }"""
    done = company.finance.data(query, id=made_["id"], v=made_["version"] + 2)
    assert done["b"]["balance"] == "0.00"
    assert done["c"] == {"name": "改名", "balance": "0.00"}


def test_a_change_names_the_version_it_saw(company: Company) -> None:
    made_ = budget(company)
    path, headers = f"/budgets/{made_['id']}", {"If-Match": f'"{made_["version"]}"'}
    assert company.finance.rest.patch(path, json={"name": "新名"}).status_code == 428
    company.finance.rest.post(f"{path}/adjust", json={"amount": 1, "reason": "加一"})
    assert company.finance.rest.patch(path, json={"name": "新名"}, headers=headers).status_code == 412
    etag = company.finance.rest.get(path).headers["etag"]
    last = (date.today() + timedelta(days=30)).isoformat()
    changed = company.finance.rest.patch(path, json={"name": "新名", "ends_on": last}, headers={"If-Match": etag})
    assert (changed.status_code, changed.json()["name"], changed.json()["ends_on"]) == (200, "新名", last)
    for body in ({"owner_id": str(uuid4())}, {"department_id": str(uuid4())}, {"ends_on": "2001-01-01"}):
        assert company.finance.rest.patch(path, json=body, headers={"If-Match": "*"}).status_code == 422


def test_budgets_are_filtered_by_what_they_say(company: Company) -> None:
    owner = str(company.hire("预算负责人", "sales").id)
    sales = str(company.departments["sales"])
    hours = budget(company, kind="hours", currency=None, owner_id=owner, name="甲")["id"]
    money = budget(company, owner_id=owner, department_id=sales, name="乙")["id"]

    def ids(**filters: str) -> list[str]:
        items = company.finance.rest.get("/budgets", params={"owner": owner, **filters}).json()["items"]
        return [item["id"] for item in items]

    assert set(ids()) == {hours, money}
    assert ids(kind="hours") == [hours]
    assert ids(department=sales) == [money]
    nodes = company.finance.data(
        "query($f: BudgetFilter) { budgets(filter: $f) { nodes { id } } }", f={"owner": owner, "kind": "money"}
    )
    assert nodes["budgets"]["nodes"] == [{"id": money}]


@pytest.mark.parametrize(
    "fields, pointer, code",
    [
        ({"amount": 0.5}, "/amount", "amount_as_text"),
        ({"amount": "0.005"}, "/amount", "decimal_max_places"),
        ({"amount": "1e3"}, "/amount", "decimal_parsing"),
        ({"amount": "NaN"}, "/amount", "decimal_parsing"),
        ({"amount": "Infinity"}, "/amount", "decimal_parsing"),
        ({"amount": "１００"}, "/amount", "decimal_parsing"),
        ({"amount": "1_000"}, "/amount", "decimal_parsing"),
        ({"amount": " 1"}, "/amount", "decimal_parsing"),
        ({"amount": "-5"}, "/amount", "greater_than"),
        ({"amount": 0}, "/amount", "greater_than"),
        ({"amount": "0.00"}, "/amount", "greater_than"),
        ({"amount": "1" * 13}, "/amount", "decimal_whole_digits"),
        ({"amount": 10**12}, "/amount", "decimal_whole_digits"),
        ({"amount": True}, "/amount", "decimal_type"),
        ({"amount": None}, "/amount", "decimal_type"),
        ({"currency": "RMB"}, "/currency", "currency"),
        ({"currency": "cny"}, "/currency", "currency"),
        ({"currency": None}, "/currency", "currency_missing"),
        ({"kind": "hours"}, "/currency", "currency_unused"),
        ({"currency": "JPY", "amount": "0.5"}, "/amount", "whole_number"),
        ({"kind": "equipment", "currency": None, "amount": "1.5"}, "/amount", "whole_number"),
        ({"owner_id": str(uuid4())}, "/owner_id", "unknown_reference"),
        ({"department_id": str(uuid4())}, "/department_id", "unknown_reference"),
        ({"starts_on": "2026-05-02", "ends_on": "2026-05-01"}, "/ends_on", "value_error"),
    ],
)
def test_wrong_budgets_are_refused_with_the_place(
    company: Company, fields: dict[str, object], pointer: str, code: str
) -> None:
    body = {"name": "预算", "kind": "money", "currency": "CNY", "amount": "100.00"} | fields
    before = everything(company)
    response = company.finance.rest.post("/budgets", json=body)
    assert response.status_code == 422, response.text
    assert (pointer, code) in [(e["pointer"], e["code"]) for e in response.json()["errors"]]
    chinese = company.finance.rest.post("/budgets", json=body, headers={"Accept-Language": "zh"}).json()["errors"][0]
    assert any("一" <= character <= "鿿" for character in chinese["message"])
    if not isinstance(fields.get("amount", ""), float | bool | type(None)):
        camel = {"owner_id": "ownerId", "department_id": "departmentId", "starts_on": "startsOn", "ends_on": "endsOn"}
        given = {camel.get(name, name): value for name, value in body.items()}
        refused = company.finance.graphql(
            "mutation($i: CreateBudgetInput!) { createBudget(input: $i) { id } }", i=given
        )
        assert refused["errors"][0]["extensions"]["code"] == "INVALID", refused
    assert everything(company) == before


def test_numbers_json_cannot_say_exactly_are_refused(company: Company) -> None:
    headers = {"Content-Type": "application/json"}
    for written in ("1e999", "-1e999", "1e2", "100.00", "12345678901234567890.12", "1e-999"):
        body = f'{{"name": "x", "kind": "hours", "amount": {written}}}'
        assert company.finance.rest.post("/budgets", content=body, headers=headers).status_code == 422, written
    document = 'mutation { createBudget(input: {name: "x", kind: hours, amount: 0.5}) { id } }'
    assert company.finance.graphql(document)["errors"][0]["extensions"]["code"] in (
        "BAD_USER_INPUT",
        "GRAPHQL_VALIDATION_FAILED",
    )


def test_amounts_come_back_to_the_last_digit(company: Company) -> None:
    for amount in ("999999999999.99", "0.01", "0.10", "12345678901.23"):
        id = budget(company, amount=amount)["id"]
        assert company.finance.rest.get(f"/budgets/{id}").json()["balance"] == amount
        assert company.finance.data(BUDGET, id=id)["budget"]["balance"] == amount
    over = budget(company, amount="999999999999.99")["id"]
    refused = company.finance.rest.post(f"/budgets/{over}/adjust", json={"amount": "0.01", "reason": "多一分"})
    assert refused.status_code == 422
    assert company.finance.rest.get(f"/budgets/{over}").json()["balance"] == "999999999999.99"


def test_a_budget_is_granted_from_on_its_days_only(company: Company) -> None:
    day = date.today()
    ended = budget(company, starts_on="2020-01-01", ends_on=(day - timedelta(days=3)).isoformat())
    ahead = budget(company, starts_on=(day + timedelta(days=3)).isoformat())
    asked = request(company.employee, approved(company))
    before = everything(company)
    for source in (ended, ahead):
        refused = company.finance.rest.post(f"/resource-requests/{asked['id']}/grant", json={"budget_id": source["id"]})
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert everything(company) == before


def test_the_first_and_the_last_day_of_the_calendar_are_days(company: Company) -> None:
    """Other systems write them for "since ever" and "for ever"; a driver may take them for infinity."""
    first, last = "0001-01-01", "9999-12-31"
    ever = budget(company, starts_on=first, ends_on=last)
    assert (ever["starts_on"], ever["ends_on"]) == (first, last)
    query = "query($id: ID!) { budget(id: $id) { startsOn endsOn } }"
    assert company.finance.data(query, id=ever["id"])["budget"] == {"startsOn": first, "endsOn": last}
    path, headers = f"/budgets/{ever['id']}", {"If-Match": "*"}
    changed = company.finance.rest.patch(path, json={"ends_on": None, "starts_on": "0001-01-02"}, headers=headers)
    assert (changed.json()["starts_on"], changed.json()["ends_on"]) == ("0001-01-02", None)
