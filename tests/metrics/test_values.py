"""Metrics and their values through both doors."""

from tests.conftest import Company
from tests.metrics.helpers import crowd, figures, rebuilt, rolled_up, today, values

VALUES = """query($id: String!, $department: ID, $by: Grain!) {
  metricValues(id: $id, departmentId: $department, by: $by) {
    metric { id name unit } by department { id name } kind asOf
    items { period start end value numerator denominator low high people reason provisional } } }"""


def test_contracts_say_what_is_counted(company: Company) -> None:
    everything = company.employee.rest.get("/metrics").json()["items"]
    metric = next(one for one in everything if one["id"] == "active_sharers")
    assert metric["name"] == "活跃分享者比例" and metric["interval"] == "wilson" and metric["edge_cases"]
    assert company.employee.rest.get("/metrics/active_sharers").json() == metric
    query = "{ metrics { id name edgeCases { text textEn } departmentPeriods } }"
    shown = company.employee.data(query)["metrics"]
    assert [one["id"] for one in shown] == [one["id"] for one in everything]
    assert company.employee.rest.get("/metrics/nonsense").status_code == 404


def test_sharers_over_eligible_people(fresh: Company) -> None:
    people = crowd(fresh, "rd", 20)
    for person in people[:3]:
        person.item()
    rolled_up(fresh.server)
    now = values(fresh.employee, "active_sharers")[-1]
    assert (now["numerator"], now["denominator"], now["people"]) == (3, 30, 30)
    assert now["value"] == 0.1 and now["low"] < 0.1 < now["high"] and now["provisional"]
    rd = str(fresh.departments["rd"])
    theirs = values(fresh.colleague, "active_sharers", department=rd)[-1]
    assert (theirs["numerator"], theirs["denominator"]) == (3, 23)
    shown = fresh.colleague.data(VALUES, id="active_sharers", department=rd, by="month")["metricValues"]
    assert shown["items"][-1]["numerator"] == 3 and shown["department"]["id"] == rd
    before = figures(fresh.server)
    rebuilt(fresh.server)
    assert figures(fresh.server) == before


def test_rows_behind_a_value(fresh: Company) -> None:
    people = crowd(fresh, "rd", 6)
    item = people[0].item(title="回流焊温度曲线")
    rolled_up(fresh.server)
    month = f"{today():%Y-%m}"
    rows = fresh.employee.rest.get("/metrics/new_items/rows", params={"period": month}).json()["items"]
    assert [row["content"]["id"] for row in rows] == [item["id"]]
    assert rows[0]["department"]["name"] == "rd" and rows[0]["numerator"] == 1
    sharers = fresh.hr.rest.get("/metrics/active_sharers/rows", params={"period": month, "limit": 100}).json()["items"]
    assert [row["person"]["name"] for row in sharers if row["numerator"]] == ["同事0"]
    own = people[0].rest.get("/metrics/active_sharers/rows", params={"period": month}).json()["items"]
    assert [row["person"]["id"] for row in own] == [str(people[0].id)]
