"""Dashboards through both doors: their shape, what they show, and to whom."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from tests.conftest import Actor, Company, Loop, cloned_database, found_company, live_server
from tests.metrics.dashboards import (
    DASHBOARDS,
    SHOWN,
    category,
    chart_of,
    contribute,
    everything,
    headline_of,
    months_ago,
    published_on,
    series_of,
    shown,
    snake,
    table_of,
    values_of,
    viewed,
)
from tests.metrics.helpers import crowd, rebuilt, rolled_up


class Firm:
    """A company with a past: 20 people of rd contribute each month, 6 of sales did last month; a handful elsewhere."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.rd, self.sales = crowd(company, "rd", 20), crowd(company, "sales", 6)
        self.category = category(company)
        self.item = self.rd[0].item(title="回流焊", category_id=self.category, tags=["焊接"])["id"]
        for months, share in ((1, 1.0), (2, 0.5)):
            for place, person in enumerate(self.rd[: int(20 * share)]):
                contribute(company, person.id, months_ago(months), Decimal(1 + place))
        for person in self.sales:
            contribute(company, person.id, months_ago(1), Decimal("0.5"))
        published_on(company, self.item, months_ago(2))
        for person in self.rd[1:4]:
            viewed(company, self.item, person, months_ago(1))
        for person in self.rd[:8]:
            response = person.rest.post("/ideas", json={"title": "把治具换成快换式"})
            assert response.status_code == 201, response.text
        series = {"name": "=研发周期", "name_en": "Cycle time", "unit": "天", "better": "lower"}
        self.series = company.finance.rest.post("/outcome-series", json=series).json()["id"]
        given = [
            {"month": f"{months_ago(1):%Y-%m}", "value": "41.5"},
            {"month": f"{months_ago(1):%Y-%m}", "value": "12", "department_id": self.department("rd")},
        ]
        put = company.finance.rest.put(f"/outcome-series/{self.series}/values", json={"values": given})
        assert put.status_code == 200, put.text
        rolled_up(company.server)

    def department(self, name: str) -> str:
        return str(self.company.departments[name])

    def needed(self, id: str, department: str = "rd") -> dict[str, str]:
        """What a dashboard has to be asked for with."""
        return {"department": {"department": self.department(department)}, "category": {"category": self.category}}.get(
            id, {}
        )


@pytest.fixture(scope="module")
def firm(postgres_url: str, loop: Loop) -> Iterator[Firm]:
    with cloned_database(postgres_url, loop) as url, live_server(url, loop) as server:
        yield Firm(found_company(server))


# ---- the shape ------------------------------------------------------------------------------------------------------


def test_which_dashboards_there_are(firm: Firm) -> None:
    items = firm.company.employee.rest.get("/dashboards").json()["items"]
    assert [one["id"] for one in items] == list(DASHBOARDS)
    assert all(one[name] for one in items for name in ("name", "name_en", "description", "description_en"))
    takes = {one["id"]: {part["name"]: part["required"] for part in one["parameters"]} for one in items}
    assert takes["department"] == {"from": False, "to": False, "by": False, "department": True}
    assert takes["category"]["category"] is True and takes["overdue"] == takes["hot_topics"] == {}
    query = "{ dashboards { id name nameEn description descriptionEn parameters { name required } } }"
    assert snake(firm.company.employee.data(query)["dashboards"]) == items


@pytest.mark.parametrize("id", DASHBOARDS)
@pytest.mark.parametrize("by", ["month", "quarter"])
def test_every_dashboard_has_one_shape(firm: Firm, id: str, by: str) -> None:
    query = firm.needed(id) | ({} if id in ("hot_topics", "overdue") else {"by": by})
    dashboard = shown(firm.company.hr, id, **query)
    assert dashboard["id"] == id and dashboard["charts"] and dashboard["headlines"] and dashboard["as_of"]
    assert dashboard["by"] == query.get("by")
    for parts in (dashboard["charts"], dashboard["headlines"]):
        assert len({one["id"] for one in parts}) == len(parts)
    for chart in dashboard["charts"]:
        assert len(chart["labels"]) == len(chart["labels_en"])
        assert len({one["id"] for one in chart["series"]}) == len(chart["series"])
        assert all(len(series["points"]) == len(chart["labels"]) for series in chart["series"])
        units = {series["unit"] for series in chart["series"]}
        assert chart["unit"] == (units.pop() if len(units) == 1 else None)
    for name, point in everything(dashboard):
        assert (point["value"] is None) or point["reason"] is None, name
        if point["low"] is not None and point["value"] is not None:
            assert point["low"] <= point["value"] <= (point["high"] if point["high"] is not None else point["value"])


@pytest.mark.parametrize("id", DASHBOARDS)
def test_both_doors_show_the_same(firm: Firm, id: str) -> None:
    query = firm.needed(id)
    rest = shown(firm.company.hr, id, **query)
    graphql = snake(firm.company.hr.data(SHOWN, id=id, **query)["dashboard"])
    if id == "overdue":
        rest.pop("as_of"), graphql.pop("as_of")
    assert graphql == rest


@pytest.mark.parametrize("id", DASHBOARDS)
def test_a_table_says_the_same(firm: Firm, id: str) -> None:
    query = firm.needed(id)
    dashboard, rows = shown(firm.company.hr, id, **query), table_of(firm.company.hr, id, **query)
    expected = [
        (chart["id"], series["id"], label, point)
        for chart in dashboard["charts"]
        for series in chart["series"]
        for label, point in zip(chart["labels"], series["points"], strict=True)
    ]
    headlines = [row for row in rows if row["chart"] == "headlines"]
    points = [row for row in rows if row["chart"] != "headlines"]
    assert len(points) == len(expected) and len(headlines) == 2 * len(dashboard["headlines"])

    def number(cell: str) -> float | None:
        return float(cell) if cell else None

    for row, (chart, series, label, point) in zip(points, expected, strict=True):
        assert (row["chart"], row["series"], row["label"]) == (chart, series, label)
        assert [number(row[name]) for name in ("value", "low", "high")] == [
            point[name] for name in ("value", "low", "high")
        ]
        assert (row["reason"] or None) == point["reason"] and row["provisional"] == str(point["provisional"]).lower()
    for now, before, headline in zip(headlines[::2], headlines[1::2], dashboard["headlines"], strict=True):
        assert number(now["value"]) == headline["value"] and number(before["value"]) == headline["before"]


def test_a_table_has_nothing_to_compute(firm: Firm) -> None:
    names = {row["chart_name"] for row in table_of(firm.company.hr, "overview")}
    assert "'=研发周期" in names and "=研发周期" not in names


# ---- what is shown --------------------------------------------------------------------------------------------------


def test_the_overview_compares_with_the_period_before(firm: Firm) -> None:
    overview = shown(firm.company.employee, "overview")
    headline = headline_of(overview, "active_sharers")
    people = 10 + 26
    assert headline["period"] == f"{months_ago(1):%Y-%m}" and headline["better"] == "higher"
    assert (headline["value"], headline["before"]) == (26 / people, 10 / people)
    sharing = chart_of(overview, "sharing")
    assert (
        sharing["labels"][-2:] == [f"{months_ago(1):%Y-%m}", f"{months_ago(0):%Y-%m}"] and len(sharing["labels"]) == 12
    )
    points = series_of(sharing, "active_sharers")
    assert points[-2]["value"] == 26 / people and points[-2]["low"] < 26 / people < points[-2]["high"]
    assert [point["provisional"] for point in points] == [False] * 11 + [True]
    values = firm.company.employee.rest.get("/metrics/active_sharers/values").json()["items"]
    assert [point["value"] for point in points] == [one["value"] for one in values]
    leaders = chart_of(overview, "leaders")
    assert [one["kind"] for one in leaders["series"]] == ["senior_leader", "leader", "staff", None]


def test_outcomes_stand_beside(firm: Firm) -> None:
    chart = chart_of(shown(firm.company.employee, "overview"), f"outcome-{firm.series}")
    assert chart["unit"] == "天" and chart["labels"][-2] == f"{months_ago(1):%Y-%m}"
    points = series_of(chart, f"outcome-{firm.series}")
    assert [point["value"] for point in points[-3:]] == [None, 41.5, None] and points[0]["reason"] == "nothing"
    own = shown(firm.company.colleague, "department", department=firm.department("rd"))
    assert values_of(chart_of(own, f"outcome-{firm.series}"), f"outcome-{firm.series}")[-2] == 12
    by_quarter = chart_of(shown(firm.company.employee, "overview", by="quarter"), f"outcome-{firm.series}")
    assert len(by_quarter["labels"]) == 36


def test_a_department_beside_the_company(firm: Firm) -> None:
    dashboard = shown(firm.company.colleague, "department", department=firm.department("rd"))
    assert dashboard["department"]["name"] == "rd"
    chart = chart_of(dashboard, "active_sharers")
    assert [one["name"] for one in chart["series"]] == ["rd", "公司"]
    assert values_of(chart, "active_sharers")[-2] == 20 / 23
    assert values_of(chart, "active_sharers.company")[-2] == 26 / 36
    things = chart_of(dashboard, "item_views")
    assert all("-Q" in label for label in things["labels"]) and len(things["labels"]) in (4, 5)


def test_contributors_by_band(firm: Firm) -> None:
    dashboard = shown(firm.company.employee, "contributors")
    bands = chart_of(dashboard, "bands")
    assert bands["labels"] == ["0", "3 及以下", "3 至 10", "10 以上"]
    # 6 of sales and 3 of rd, 7 of rd, 10 of rd; the rest of the company nothing.
    assert values_of(bands, "people") == [10, 9, 7, 10]
    spread = chart_of(dashboard, "spread")
    assert sum(one["points"][-2]["value"] for one in spread["series"]) == pytest.approx(1)
    assert values_of(chart_of(dashboard, "newcomers"), "new_contributors")[-3:-1] == [10 / 36, 16 / 36]


def test_names_of_contributors_are_for_those_who_read_accounts(firm: Firm) -> None:
    company = firm.company
    named = chart_of(shown(company.hr, "contributors"), "people")
    assert named["labels"][:2] == ["同事19", "同事18"]
    assert values_of(named, "weight")[:2] == [20, 19] and values_of(named, "place")[:2] == [1, 2]
    for reader in (company.employee, company.committee, company.manager, firm.rd[19]):
        dashboard = shown(reader, "contributors")
        assert all(chart["id"] != "people" for chart in dashboard["charts"])
        others = [f"同事{number}" for number in range(20)]
        text = reader.rest.get("/dashboards/contributors").text
        assert not any(name in text for name in others)
    own = chart_of(shown(firm.rd[19], "contributors"), "own")
    assert (values_of(own, "weight")[-2], values_of(own, "place")[-2]) == (20, 1)
    assert set(values_of(chart_of(shown(company.employee, "contributors"), "own"), "weight")) == {None}


def test_names_within_departments(firm: Firm) -> None:
    company = firm.company
    # A role for one department.
    scoped = company.hire("区域人事", "root", roles=(("hr", company.departments["sales"]),))
    named = chart_of(shown(scoped, "contributors"), "people")
    assert sorted(named["labels"]) == [f"同事{number}" for number in range(6)]
    assert set(values_of(named, "place")) == {21}


def test_a_category_month_by_month(firm: Firm) -> None:
    dashboard = shown(firm.company.employee, "category", category=firm.category)
    assert values_of(chart_of(dashboard, "new"), "items")[-4:] == [0, 1, 0, 0]
    assert values_of(chart_of(dashboard, "views"), "views")[-3:] == [0, 3, 0]
    assert headline_of(dashboard, "views")["value"] == 3 and headline_of(dashboard, "items")["before"] == 1
    quarters = shown(firm.company.employee, "category", category=firm.category, by="quarter")
    assert sum(filter(None, values_of(chart_of(quarters, "new"), "items"))) == 1


def test_the_funnel_of_ideas(firm: Firm) -> None:
    funnel = chart_of(shown(firm.company.employee, "idea_funnel"), "funnel")
    assert funnel["kind"] == "funnel" and funnel["labels"][0] == "已提交"
    assert values_of(funnel, "ideas") == [8, 0, 0, 0, 0, 0] and values_of(funnel, "share")[0] == 1
    of_rd = shown(firm.company.colleague, "idea_funnel", department=firm.department("rd"))
    assert values_of(chart_of(of_rd, "funnel"), "ideas")[0] == 8
    assert all("-Q" in label for label in chart_of(of_rd, "shares")["labels"])


# ---- who may ask ----------------------------------------------------------------------------------------------------


def _status(actor: Actor, id: str, **query: str) -> int:
    return actor.rest.get(f"/dashboards/{id}", params=query).status_code


def _errors(actor: Actor, id: str, **query: Any) -> list[tuple[str, str]]:
    response = actor.rest.get(f"/dashboards/{id}", params=query)
    assert response.status_code == 422, response.text
    return [(one["pointer"], one["code"]) for one in response.json()["errors"]]


def test_departments_of_others_are_theirs(firm: Firm) -> None:
    company = firm.company
    for id in ("department", "idea_funnel"):
        sales, rd = firm.department("sales"), firm.department("rd")
        assert _status(company.employee, id, department=rd) == 200
        assert _status(company.employee, id, department=sales) == 403
        assert _status(company.hr, id, department=sales) == 200
        assert _status(company.rd_manager, id, department=rd) == 200
        code = company.employee.graphql(SHOWN, id=id, department=sales)["errors"][0]["extensions"]["code"]
        assert code == "FORBIDDEN"


def test_what_a_key_may(firm: Firm) -> None:
    company = firm.company
    without = company.hire("无权", "rd", scopes=["content_read"])
    figures = company.hire("看数", "rd", scopes=["metrics_read"])
    assert without.rest.get("/dashboards").status_code == 403
    for id in DASHBOARDS:
        assert _status(without, id, **firm.needed(id)) == 403
        contents = id in ("hot_topics", "category", "overdue")
        assert _status(figures, id, **firm.needed(id)) == (403 if contents else 200)
        assert company.anonymous.get(f"/dashboards/{id}").status_code == 401
        assert without.graphql(SHOWN, id=id)["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_what_a_dashboard_does_not_take(firm: Firm) -> None:
    employee, rd = firm.company.employee, firm.department("rd")
    assert _errors(employee, "overview", department=rd) == [("?department", "unknown_parameter")]
    assert _errors(employee, "hot_topics", by="month") == [("?by", "unknown_parameter")]
    assert _errors(employee, "overdue", **{"from": "2026-01-01"}) == [("?from", "unknown_parameter")]
    assert _errors(employee, "department") == [("?department", "missing")]
    assert _errors(employee, "category") == [("?category", "missing")]
    nobody = "01990000-0000-7000-8000-000000000000"
    assert _errors(employee, "department", department=nobody) == [("?department", "unknown_reference")]
    assert _errors(employee, "category", category=nobody) == [("?category", "unknown_reference")]
    assert _errors(employee, "category", category=rd) == [("?category", "unknown_reference")]
    backwards = {"from": "2026-03-01", "to": "2026-02-01"}
    assert _errors(employee, "overview", **backwards) == [("?from", "backwards")]
    assert _errors(employee, "overview", **{"from": "1990-01-01"}) == [("?from", "too_many_periods")]
    assert _errors(employee, "overview", by="year") == [("?by", "enum")]
    assert _errors(employee, "overview", kind="x")[0][1] == "unknown_parameter"
    assert _status(employee, "nonsense") == 404
    for given in ({"department": rd}, {"from": "2026-03-01", "to": "2026-02-01"}):
        [error] = employee.graphql(SHOWN, id="overview", **given)["errors"]
        assert error["extensions"]["status"] == 422
    assert employee.graphql(SHOWN, id="nonsense")["errors"][0]["extensions"]["code"] == "NOT_FOUND"


# ---- what is not told -----------------------------------------------------------------------------------------------


def test_nothing_is_told_of_a_few_people(firm: Firm) -> None:
    few = firm.department("rd_pressure")
    dashboard = shown(firm.company.hr, "department", department=few)
    mine = [
        point
        for chart in dashboard["charts"]
        for series in chart["series"]
        if series["metric"] and not series["id"].endswith(".company")
        for point in series["points"]
    ]
    assert {point["reason"] for point in mine} >= {"too_few_people"}
    assert all(point[name] is None for point in mine for name in ("value", "low", "high"))
    rows = table_of(firm.company.hr, "department", department=few)
    told = [row for row in rows if row["value"] and not row["series"].endswith(".company")]
    assert {row["chart"] for row in told} <= {f"outcome-{firm.series}"}


def test_figures_do_not_depend_on_how_they_came(firm: Firm) -> None:
    def stored() -> list[Any]:
        tables = ("contributor_place", "category_month", "hot_topic")
        return [list(firm.company.server.sql(f"SELECT * FROM {table} ORDER BY 1, 2, 3")) for table in tables]

    before = stored()
    assert before[0] and before[1]
    rebuilt(firm.company.server)
    assert stored() == before
