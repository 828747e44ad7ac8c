"""Values of series: put again and again, corrected, taken back, refused; and every list of them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.conftest import Company
from tests.outcomes.helpers import PUT, history, of, put, put_by_graphql, seen, series
from tests.resources.helpers import everything, made


def test_what_is_the_same_changes_nothing(company: Company) -> None:
    id, rd = series(company)["id"], company.departments["rd"]
    sent = [of("2026-01", "41.5"), of("2026-01", 38, rd), of("2026-02", "-0.000001", rd, note="试运行")]
    assert put(company.finance, id, *sent) == (3, 0, 0)
    before = everything(company)
    assert put(company.finance, id, *sent) == (0, 0, 3)
    assert put(company.admin, id, of("2026-01", "41.500000"), of("2026-02", "-0.000001", rd)) == (0, 0, 2)
    assert put_by_graphql(company.finance, id, *sent) == (0, 0, 3)
    assert everything(company) == before
    assert put_by_graphql(company.finance, id, *sent, of("2026-03", "40")) == (1, 0, 3)
    assert seen(company.finance, id) == [
        ("2026-01", None, "41.5"),
        ("2026-01", "rd", "38"),
        ("2026-02", "rd", "-0.000001"),
        ("2026-03", None, "40"),
    ]


def test_a_correction_is_the_next_number_and_keeps_what_it_corrects(company: Company) -> None:
    id = series(company)["id"]
    put(company.finance, id, of("2026-01", 41), of("2026-02", 40))
    assert put(company.hr, id, of("2026-01", "41.5", note="漏算了返工"), of("2026-02", 40)) == (0, 1, 1)
    assert put_by_graphql(company.finance, id, of("2026-01", "39.25")) == (0, 1, 0)
    assert seen(company.employee, id) == [("2026-01", None, "39.25"), ("2026-02", None, "40")]
    assert history(company.employee, id) == [
        ("2026-01", None, 1, "41", False),
        ("2026-01", None, 2, "41.5", False),
        ("2026-01", None, 3, "39.25", True),
        ("2026-02", None, 1, "40", True),
    ]
    items = company.employee.rest.get(f"/outcome-series/{id}/history", params={"order": "oldest"}).json()["items"]
    assert [one["person"]["name"] for one in items[:3]] == [actor.name for actor in (company.finance, company.hr)] + [
        company.finance.name
    ]
    assert [one["note"] for one in items[:3]] == [None, "漏算了返工", None]
    times = [one["recorded_at"] for one in items[:3]]
    assert times == sorted(times)
    assert len(set(times)) == 3
    former = company.employee.rest.get(f"/outcome-values/{items[0]['id']}")
    assert former.json() == items[0]
    assert former.headers["etag"]


def test_a_value_is_taken_back_and_given_again(company: Company) -> None:
    id = series(company)["id"]
    before = everything(company)
    assert put(company.finance, id, of("2026-01", None), {"month": "2026-02"}) == (0, 0, 2)
    assert everything(company) == before  # nothing was known, and nothing was said
    put(company.finance, id, of("2026-01", 41), of("2026-02", 40))
    assert put(company.finance, id, of("2026-01", None)) == (0, 1, 0)
    assert put_by_graphql(company.finance, id, {"month": "2026-02"}) == (0, 1, 0)
    assert put(company.finance, id, of("2026-01", None), of("2026-02", None)) == (0, 0, 2)
    assert put(company.finance, id, of("2026-02", 0)) == (0, 1, 0)
    assert history(company.finance, id) == [
        ("2026-01", None, 1, "41", False),
        ("2026-01", None, 2, None, True),
        ("2026-02", None, 1, "40", False),
        ("2026-02", None, 2, None, False),
        ("2026-02", None, 3, "0", True),
    ]


def test_another_note_is_a_correction_and_no_note_is_not(company: Company) -> None:
    id = series(company)["id"]
    put(company.finance, id, of("2026-01", 41, note="初步"))
    assert put(company.finance, id, of("2026-01", 41)) == (0, 0, 1)
    assert put(company.finance, id, of("2026-01", 41, note="初步")) == (0, 0, 1)
    assert put(company.finance, id, of("2026-01", 41, note="已核对")) == (0, 1, 0)


def test_of_those_who_speak_of_the_same_month_at_once_each_corrects_another(company: Company) -> None:
    id, rd = series(company)["id"], company.departments["rd"]
    at_once = Barrier(8)

    def send(value: int) -> tuple[int, int, int]:
        actor = company.finance if value % 2 else company.hr
        at_once.wait()
        return (put if value % 3 else put_by_graphql)(actor, id, of("2026-05", value, rd), of("2026-05", value))

    with ThreadPoolExecutor(8) as pool:
        counts = sorted(pool.map(send, range(8)))
    assert counts == [(0, 2, 0)] * 7 + [(2, 0, 0)]
    for department in (None, "rd"):
        said = [one for one in history(company.finance, id) if one[1] == department]
        assert [(one[2], one[4]) for one in said] == [(n, n == 8) for n in range(1, 9)]
        assert {one[3] for one in said} == {str(value) for value in range(8)}
    rows = "SELECT recorded_at FROM outcome_value WHERE series_id = $1::uuid AND department_id IS NULL ORDER BY number"
    times = [row["recorded_at"] for row in company.server.sql(rows, id)]
    assert times == sorted(times)


def test_several_puts_in_one_request_see_each_other(company: Company) -> None:
    id = series(company)["id"]
    one = (
        'putOutcomeValues(id: $id, input: {{values: [{{month: "2026-01", value: {}}}]}}) {{ new corrected unchanged }}'
    )
    parts = "\n".join(f"{name}: {one.format(value)}" for name, value in zip("abc", (1, 2, 2), strict=True))
    answer = company.finance.data(f"mutation($id: ID!) {{ {parts} }}", id=id)
    assert [tuple(answer[name].values()) for name in "abc"] == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    assert [one[2:] for one in history(company.finance, id)] == [(1, "1", False), (2, "2", True)]


def test_a_thousand_values_at_once(company: Company) -> None:
    id = series(company)["id"]
    months = [f"{1990 + n // 12}-{1 + n % 12:02}" for n in range(200)]
    places = [None, *(company.departments[name] for name in ("root", "rd", "rd_pressure", "sales"))]
    many = [of(month, n, place) for n, month in enumerate(months) for place in places]
    assert put(company.finance, id, *many) == (1000, 0, 0)
    assert put(company.finance, id, *many) == (0, 0, 1000)
    again = [one | {"value": one["value"] + (index % 2)} for index, one in enumerate(many)]
    assert put_by_graphql(company.finance, id, *again) == (0, 500, 500)
    current = "SELECT count(*) FILTER (WHERE current) AS c, count(*) AS n FROM outcome_value WHERE series_id = $1::uuid"
    assert tuple(company.server.sql(current, id)[0]) == (1000, 1500)
    before = everything(company)
    refused = company.finance.rest.put(f"/outcome-series/{id}/values", json={"values": [*again, of("2026-01", 1)]})
    assert refused.json()["errors"][0] | {"message": ""} == {"pointer": "/values", "code": "too_long", "message": ""}
    assert everything(company) == before


# ---- what is refused ------------------------------------------------------------------------------------------------


def next_month() -> str:
    return f"{date.today().replace(day=28) + timedelta(days=6):%Y-%m}"


@pytest.mark.parametrize(
    "value, pointer, code",
    [
        (of("2026-13", 1), "/values/1/month", "month_parsing"),
        (of("2026-00", 1), "/values/1/month", "month_parsing"),
        (of("2026-1", 1), "/values/1/month", "month_parsing"),
        (of("2026-01-01", 1), "/values/1/month", "month_parsing"),
        (of("２０２６-01", 1), "/values/1/month", "month_parsing"),
        (of("1989-12", 1), "/values/1/month", "month_parsing"),
        (of("2999-01", 1), "/values/1/month", "month_parsing"),
        (of(next_month(), 1), "/values/1/month", "in_the_future"),
        ({"value": 1}, "/values/1/month", "missing"),
        (of("2026-01", 2), "/values/1", "duplicate"),
        (of("2026-02", 1, uuid4()), "/values/1/department_id", "unknown_reference"),
        (of("2026-02", 1, "rd"), "/values/1/department_id", "uuid_parsing"),  # type: ignore[arg-type]
        (of("2026-02", 0.5), "/values/1/value", "amount_as_text"),
        (of("2026-02", "0.0000001"), "/values/1/value", "decimal_max_places"),
        (of("2026-02", "1" * 13), "/values/1/value", "decimal_whole_digits"),
        (of("2026-02", -(10**12)), "/values/1/value", "decimal_whole_digits"),
        (of("2026-02", "NaN"), "/values/1/value", "decimal_parsing"),
        (of("2026-02", "-Infinity"), "/values/1/value", "decimal_parsing"),
        (of("2026-02", "1e3"), "/values/1/value", "decimal_parsing"),
        (of("2026-02", "41,5"), "/values/1/value", "decimal_parsing"),
        (of("2026-02", ""), "/values/1/value", "decimal_parsing"),
        (of("2026-02", True), "/values/1/value", "decimal_type"),
        (of("2026-02", 1, note=" "), "/values/1/note", "string_too_short"),
        (of("2026-02", 1, number=7), "/values/1/number", "extra_forbidden"),
    ],
)
def test_one_wrong_value_refuses_all_with_its_place(
    company: Company, value: dict[str, Any], pointer: str, code: str
) -> None:
    id = series(company)["id"]
    before = everything(company)
    body = {"values": [of("2026-01", 41), value]}
    response = company.finance.rest.put(f"/outcome-series/{id}/values", json=body)
    assert response.status_code == 422, response.text
    assert [(e["pointer"], e["code"]) for e in response.json()["errors"]] == [(pointer, code)]
    headers = {"Accept-Language": "zh"}
    chinese = company.finance.rest.put(f"/outcome-series/{id}/values", json=body, headers=headers).json()["errors"][0]
    assert any("一" <= character <= "鿿" for character in chinese["message"])
    camel = [{"departmentId" if k == "department_id" else k: v for k, v in one.items()} for one in body["values"]]
    answer = company.finance.graphql(PUT, id=id, input={"values": camel})
    assert answer["errors"][0]["extensions"]["code"] in ("INVALID", "BAD_USER_INPUT"), answer
    assert everything(company) == before


def test_every_wrong_place_is_pointed_at(company: Company) -> None:
    id = series(company)["id"]
    values = [of("2026-01", 1, uuid4()), of(next_month(), 1), of("2026-01", 1), of("2026-01", 1)]
    errors = company.finance.rest.put(f"/outcome-series/{id}/values", json={"values": values}).json()["errors"]
    assert [(e["pointer"], e["code"]) for e in errors] == [
        ("/values/0/department_id", "unknown_reference"),
        ("/values/1/month", "in_the_future"),
        ("/values/3", "duplicate"),
    ]
    bodies: tuple[Any, ...] = ({}, {"values": []}, {"values": None}, [], {"values": [None]})
    for body in bodies:
        assert company.finance.rest.put(f"/outcome-series/{id}/values", json=body).status_code == 422
    unknown = company.finance.rest.put(f"/outcome-series/{uuid4()}/values", json={"values": [of("2026-01", 1)]})
    assert unknown.status_code == 404


def test_the_present_month_is_that_of_the_company(company: Company) -> None:
    id, today = series(company)["id"], company.server.sql("SELECT now() AT TIME ZONE 'Asia/Shanghai' AS d")[0]["d"]
    assert put(company.finance, id, of(f"{today:%Y-%m}", 1)) == (1, 0, 0)


def test_a_department_with_values_stays(company: Company) -> None:
    body = {"name": f"工段 {uuid4().hex[:6]}", "parent_id": str(company.departments["rd"])}
    department = made(company.admin, "/departments", **body)
    id, match = series(company)["id"], {"If-Match": "*"}
    put(company.finance, id, of("2026-01", 1, UUID(department["id"])))
    refused = company.admin.rest.delete(f"/departments/{department['id']}", headers=match)
    assert (refused.status_code, "figures from outside" in refused.json()["detail"]) == (409, True)
    gone = made(company.admin, "/departments", **body)["id"]
    assert company.admin.rest.delete(f"/departments/{gone}", headers=match).status_code == 204
    answer = company.finance.rest.put(f"/outcome-series/{id}/values", json={"values": [of("2026-01", 1, UUID(gone))]})
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [
        ("/values/0/department_id", "unknown_reference")
    ]


# ---- lists ----------------------------------------------------------------------------------------------------------


def test_values_are_listed_by_months_level_and_department(company: Company) -> None:
    id, rd, sales = series(company)["id"], company.departments["rd"], company.departments["sales"]
    put(company.finance, id, *(of(f"2025-{m:02}", m) for m in (10, 11, 12)), of("2025-11", 7, rd), of("2026-01", 8, rd))
    put(company.finance, id, of("2025-12", 9, sales), of("2025-11", 6, rd))
    finance = company.finance
    assert [one[0] for one in seen(finance, id, **{"from": "2025-12"})] == ["2025-12", "2025-12", "2026-01"]
    assert [one[0] for one in seen(finance, id, to="2025-10")] == ["2025-10"]
    assert [one[2] for one in seen(finance, id, **{"from": "2025-11", "to": "2025-11"})] == ["11", "6"]
    assert [one[2] for one in seen(finance, id, level="company")] == ["10", "11", "12"]
    assert [one[2] for one in seen(finance, id, level="department")] == ["6", "9", "8"]
    assert [one[2] for one in seen(finance, id, department=str(rd))] == ["6", "8"]
    assert [one[2:4] for one in history(finance, id, department=str(rd), to="2025-12")] == [(1, "7"), (2, "6")]
    assert seen(finance, id, department=str(uuid4())) == []
    newest = finance.rest.get(f"/outcome-series/{id}/values").json()["items"]
    assert [one["month"] for one in newest] == ["2026-01", "2025-12", "2025-12", "2025-11", "2025-11", "2025-10"]


@pytest.mark.parametrize("which", ["values", "history"])
@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_pages_make_up_the_list(company: Company, which: str, order: str) -> None:
    id, rd = series(company)["id"], company.departments["rd"]
    months = [f"2025-{m:02}" for m in range(1, 6)]
    put(company.finance, id, *(of(month, 1, place) for month in months for place in (None, rd)))
    put(company.finance, id, *(of(month, 2) for month in months[:2]))
    path = f"/outcome-series/{id}/{which}"
    params: dict[str, Any] = {"order": order, "from": "2025-02", "limit": 2}
    whole = [one["id"] for one in company.finance.rest.get(path, params=params | {"limit": 100}).json()["items"]]
    assert len(whole) == (8 if which == "values" else 9)
    found, page = [], company.finance.rest.get(path, params=params).json()
    while True:
        assert len(page["items"]) <= 2
        found += [one["id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        page = company.finance.rest.get(path, params=params | {"cursor": page["next_cursor"]}).json()
    assert found == whole
    page = company.finance.rest.get(path, params=params).json()
    other = {"order": order, "cursor": page["next_cursor"]}
    assert company.finance.rest.get(path, params=other).json()["code"] == "cursor_mismatch"


@pytest.mark.parametrize(
    "query, pointer, code",
    [
        ("from=2026-03&to=2026-01", "?to", "dates_backwards"),
        ("from=1026-03&to=2026-01", "?from", "month_parsing"),
        ("from=2026-01&to=3026-01", "?to", "month_parsing"),
        ("from=2026-13", "?from", "month_parsing"),
        ("to=2026-01-01", "?to", "month_parsing"),
        ("to=", "?to", "month_parsing"),
        ("from_=2026-01", "?from_", "unknown_parameter"),
        ("level=team", "?level", "enum"),
        ("department=rd", "?department", "uuid_parsing"),
        ("current=false", "?current", "unknown_parameter"),
    ],
)
def test_wrong_filters_are_refused(company: Company, query: str, pointer: str, code: str) -> None:
    id = series(company)["id"]
    for which in ("values", "history"):
        response = company.finance.rest.get(f"/outcome-series/{id}/{which}?{query}")
        assert response.status_code == 422, response.text
        assert [(e["pointer"], e["code"]) for e in response.json()["errors"]] == [(pointer, code)]
        assert company.finance.rest.get(f"/outcome-series/{uuid4()}/{which}").status_code == 404
    backwards = "query($id: ID!, $f: OutcomeValueFilter) { outcomeValues(seriesId: $id, filter: $f) { totalCount } }"
    answer = company.finance.graphql(backwards, id=id, f={"from": "2026-03", "to": "2026-01"})
    assert answer["errors"][0]["extensions"]["code"] in ("INVALID", "BAD_USER_INPUT"), answer
