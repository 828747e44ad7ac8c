"""Who sees which values: in lists, by id, in events, and in what dashboards read."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from tests.conftest import Actor, Company
from tests.events.following import heard
from tests.outcomes.helpers import history, of, put, seen, series
from tests.resources.helpers import made

from kshare.core.access import Permission
from kshare.core.principal import Principal
from kshare.outcomes.reads import current_values

PLACES = ("root", "rd", "rd_pressure", "sales")
VIEWERS = {
    "employee": ("root", "rd", "rd_pressure"),
    "colleague": ("root", "rd"),
    "outsider": ("root", "sales"),
    "rd_manager": ("root", "rd", "rd_pressure", "sales"),
    "committee": PLACES,
    "manager": PLACES,
    "finance": PLACES,
    "hr": PLACES,
    "admin": PLACES,
}
"""Whose values each sees beside the company's: those on their own path, or, of `metrics_read_all`, all. `rd_manager`
works in sales and reads the figures of rd."""


@pytest.fixture(scope="module")
def known(company: Company) -> str:
    """A series with a value, and a corrected one, of the company and of each department."""
    id = str(series(company)["id"])
    places = [None, *(company.departments[name] for name in PLACES)]
    put(company.finance, id, *(of("2026-03", 1, place) for place in places))
    put(company.finance, id, *(of("2026-03", 2, place) for place in places))
    return id


@pytest.mark.parametrize("who", VIEWERS)
def test_each_sees_the_company_and_what_is_theirs(company: Company, known: str, who: str) -> None:
    viewer: Actor = getattr(company, who)
    theirs = [None, *VIEWERS[who]]
    assert seen(viewer, known) == [("2026-03", name, "2") for name in theirs]
    assert [one[1:] for one in history(viewer, known)] == [
        (name, number, str(number), number == 2) for number in (1, 2) for name in theirs
    ]
    for name in PLACES:
        shown = seen(viewer, known, department=str(company.departments[name]))
        assert shown == ([("2026-03", name, "2")] if name in theirs else [])


def test_a_hidden_value_is_as_one_that_does_not_exist(company: Company, known: str) -> None:
    items = company.finance.rest.get(f"/outcome-series/{known}/history", params={"limit": 100}).json()["items"]
    query = "query($id: ID!) { node(id: $id) { id } outcomeValue(id: $id) { id } }"
    for one in items:
        hidden = one["department"] is not None and one["department"]["name"] not in VIEWERS["outsider"]
        answer = company.outsider.rest.get(f"/outcome-values/{one['id']}")
        assert answer.status_code == (404 if hidden else 200)
        shown = company.outsider.graphql(query, id=one["id"])
        assert shown["data"]["node"] == (None if hidden else {"id": one["id"]})
        assert (shown.get("errors") or [{"extensions": {}}])[0]["extensions"].get("code") == (
            "NOT_FOUND" if hidden else None
        )


def test_a_key_sees_no_more_than_its_scopes(company: Company, known: str) -> None:
    def key(*scopes: Permission) -> Actor:
        roles = (("finance", None),)
        return company.hire("财务脚本", "sales", roles=roles, scopes=[scope.value for scope in scopes])

    narrow = key(Permission.metrics_read)
    assert [one[1] for one in seen(narrow, known)] == [None, "root", "sales"]
    for scopes in ((Permission.content_read,), (Permission.outcomes_manage,), (Permission.metrics_read_all,)):
        blind = key(*scopes)
        for path in ("/outcome-series", f"/outcome-series/{known}", f"/outcome-series/{known}/values"):
            assert blind.rest.get(path).status_code == 403
    refused = narrow.rest.put(f"/outcome-series/{known}/values", json={"values": [of("2026-03", 3)]})
    assert refused.status_code == 403
    assert put(key(Permission.outcomes_manage), known, of("2026-03", 2)) == (0, 0, 1)


def test_who_moves_sees_what_is_theirs_now(company: Company, known: str) -> None:
    mover = company.hire("调动", "sales")
    assert [one[1] for one in seen(mover, known)] == [None, "root", "sales"]
    body = {"department_id": str(company.departments["rd"]), "since": "2026-01-01"}
    made(company.hr, f"/people/{mover.id}/move", **body)
    assert [one[1] for one in seen(mover, known)] == [None, "root", "rd"]


# ---- events ---------------------------------------------------------------------------------------------------------


def events_of(viewer: Actor, series_id: str) -> list[dict[str, Any]]:
    return [one for one in heard(viewer) if one["payload"].get("series_id") == series_id]


def test_those_hear_of_values_who_see_them(company: Company) -> None:
    id, rd = str(series(company)["id"]), company.departments["rd"]
    committee = company.hire("研发委员", "sales", roles=(("committee", rd),))
    put(company.finance, id, of("2026-01", 1), of("2026-03", 1), of("2026-02", 1, rd))
    put(company.finance, id, of("2026-01", 1), of("2026-02", 2, rd), of("2026-01", 2, rd))
    put(company.finance, id, of("2026-01", 1))
    company.finance.rest.patch(f"/outcome-series/{id}", json={"unit": "日"}, headers={"If-Match": "*"})
    of_company = {"department_id": None, "new": 2, "corrected": 0, "first_month": "2026-01", "last_month": "2026-03"}
    of_rd = {"department_id": str(rd), "new": 1, "corrected": 0, "first_month": "2026-02", "last_month": "2026-02"}
    again = of_rd | {"corrected": 1, "first_month": "2026-01"}
    for viewer in (company.employee, company.colleague, company.finance, company.admin, committee):
        told = events_of(viewer, id)
        kinds = ["outcome_series_created", *(["outcome_values_put"] * 3), "outcome_series_changed"]
        assert [one["type"] for one in told] == kinds
        payloads = [{k: v for k, v in one["payload"].items() if k != "series_id"} for one in told]
        assert payloads[1:] == [of_company, of_rd, again, {"fields": ["unit"]}]
    told = events_of(company.outsider, id)
    assert [one["type"] for one in told] == ["outcome_series_created", "outcome_values_put", "outcome_series_changed"]
    assert told[1]["payload"] == {"series_id": id, **of_company}


# ---- what dashboards read -------------------------------------------------------------------------------------------


def read(
    company: Company, series_id: str, department: UUID | None, *subjects: UUID, all_: bool = False, **months: date
) -> list[tuple[Any, ...]]:
    """The present values of a series for somebody with these subjects: (month, value, unit)."""
    permissions = {Permission.metrics_read} | ({Permission.metrics_read_all} if all_ else set())
    principal = Principal(company.employee.id, "person", "x", subjects, 1, frozenset(permissions))
    statement = current_values(company=department is None)
    span = {"first": date(2025, 1, 1), "last": date(2026, 6, 1)} | months
    rows = company.server.sql(statement.sql, *statement.bind({**principal.binds, **span, "department": department}))
    mine = [row for row in rows if str(row["series_id"]) == series_id]
    assert all({"series_id", "name", "name_en", "unit", "better", "month", "value"} == set(row.keys()) for row in mine)
    return [(row["month"], row["value"], row["unit"]) for row in mine]


def test_dashboards_read_what_is_present_and_visible(company: Company) -> None:
    id, rd = str(series(company)["id"]), company.departments["rd"]
    put(company.finance, id, of("2025-12", 1), of("2026-01", "2.5"), of("2026-02", 3), of("2026-01", 4, rd))
    put(company.finance, id, of("2026-01", "2.75"), of("2026-02", None))
    december, january = (date(2025, 12, 1), Decimal(1), "天"), (date(2026, 1, 1), Decimal("2.75"), "天")
    assert read(company, id, None) == [december, january]
    assert read(company, id, None, first=date(2026, 1, 1)) == [january]
    assert read(company, id, None, last=date(2025, 12, 1)) == [december]
    assert read(company, id, rd) == []
    of_rd = [(date(2026, 1, 1), Decimal(4), "天")]
    assert read(company, id, rd, rd) == read(company, id, rd, all_=True) == of_rd
    company.finance.rest.patch(f"/outcome-series/{id}", json={"archived": True}, headers={"If-Match": "*"})
    assert read(company, id, None) == []
