"""What entries add up to: the same to the last digit, by whole months, quarters and years."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from tests.conftest import Actor, Company
from tests.contributions.accounts import account, with_database
from tests.contributions.test_reading import snake
from tests.resources.helpers import made

from kshare.contributions.ledger import complete

EVER = {"from": "2019-01-01", "to": "2028-12-31"}
QUERY = """query($first: Int!, $after: String, $from: Date, $to: Date, $by: ContributionPeriod!, $p: ID, $d: ID) {
  contributionTotals(first: $first, after: $after, from: $from, to: $to, by: $by, personId: $p, departmentId: $d) {
    totalCount pageInfo { hasNextPage hasPreviousPage endCursor }
    nodes { person { id name title } period start end entries weight } } }"""


def totals(actor: Actor, **query: Any) -> list[dict[str, Any]]:
    """All totals that somebody sees, page by page."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        asked = EVER | query | ({"cursor": cursor} if cursor else {})
        response = actor.rest.get("/contribution-totals", params=asked)
        assert response.status_code == 200, response.text
        found += response.json()["items"]
        cursor = response.json()["next_cursor"]
        if cursor is None:
            return found


def through_graphql(actor: Actor, by: str, **asked: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        variables = {"first": 3, "after": after, "by": by, **EVER, **asked}
        page = actor.data(QUERY, **variables)["contributionTotals"]
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        found += snake(page["nodes"])
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] == len(found)
            return found
        after = page["pageInfo"]["endCursor"]


def added_up(entries: list[dict[str, Any]], by: str) -> dict[tuple[str, str], tuple[int, Decimal]]:
    sums: defaultdict[tuple[str, str], tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal()))
    for entry in entries:
        year, month, _ = entry["occurred_on"].split("-")
        period = {"month": f"{year}-{month}", "quarter": f"{year}-Q{(int(month) + 2) // 3}", "year": year}[by]
        number, weight = sums[entry["person"]["id"], period]
        sums[entry["person"]["id"], period] = number + 1, weight + Decimal(entry["weight"])
    return dict(sums)


@pytest.fixture(scope="module")
def years(company: Company) -> list[Actor]:
    """People whose contributions lie in many months, some of them taken back, some of them from elsewhere."""
    people = [company.hire(f"贡献者{n}", place) for n, place in enumerate(("rd", "sales", "rd_pressure"))]
    days = ["2024-02-29", "2024-03-31", "2024-04-01", "2024-12-31", "2025-01-01", "2026-05-05"]
    for number, day in enumerate(days):
        author, other = people[number % 3], people[(number + 1) % 3]
        item = author.item()["id"]
        comment = made(other, f"/content/{item}/comments", body="好")["id"]
        sql = "UPDATE content SET published_at = $2::text::timestamptz WHERE id = $1::uuid"
        company.server.sql(sql, item, f"{day}T03:00:00Z")
        sql = "UPDATE comment SET created_at = $2::text::timestamptz WHERE id = $1::uuid"
        company.server.sql(sql, comment, f"{day}T04:00:00Z")
        if number == 3:
            company.server.settle()
            with_database(company, complete)
            other.rest.delete(f"/comments/{comment}", headers={"If-Match": "*"})
    company.server.settle()
    with_database(company, complete)
    rd = company.departments["rd"]
    made(company.hr, f"/people/{people[1].id}/move", department_id=str(rd), since="2024-04-01")
    company.server.settle()
    return people


@pytest.mark.parametrize("by", ["month", "quarter", "year"])
def test_totals_are_the_sums_of_the_entries(company: Company, years: list[Actor], by: str) -> None:
    shown = totals(company.hr, by=by, limit=4)
    assert {(t["person"]["id"], t["period"]): (t["entries"], Decimal(t["weight"])) for t in shown} == added_up(
        account(company.hr), by
    )
    assert [(t["person"]["id"], t["start"]) for t in shown] == sorted((t["person"]["id"], t["start"]) for t in shown)
    assert len({(t["person"]["id"], t["start"]) for t in shown}) == len(shown)
    assert through_graphql(company.hr, by) == shown


def test_they_are_of_what_the_viewer_sees(company: Company, years: list[Actor]) -> None:
    rd_hr = company.hire("研发人事", "sales", roles=(("hr", company.departments["rd"]),))
    for viewer in (years[0], years[1], rd_hr):
        for by in ("month", "year"):
            shown = totals(viewer, by=by)
            sums = {(t["person"]["id"], t["period"]): (t["entries"], Decimal(t["weight"])) for t in shown}
            assert sums == added_up(account(viewer), by)
            assert through_graphql(viewer, by) == shown
    moved = str(years[1].id)
    part, whole = totals(rd_hr, by="year", person=moved), totals(company.hr, by="year", person=moved)
    assert part and sum(t["entries"] for t in part) < sum(t["entries"] for t in whole), "what was done elsewhere is not"
    department = str(company.departments["rd"])
    for viewer in (company.hr, rd_hr, years[1]):
        shown = totals(viewer, by="quarter", department=department)
        sums = {(t["person"]["id"], t["period"]): (t["entries"], Decimal(t["weight"])) for t in shown}
        assert sums == added_up(account(viewer, department=department), "quarter")
        assert through_graphql(viewer, "quarter", d=department) == shown


def test_periods_are_whole(company: Company, years: list[Actor]) -> None:
    person = str(years[0].id)
    (quarter,) = [t for t in totals(company.hr, by="quarter", person=person) if t["period"] == "2024-Q1"]
    assert (quarter["start"], quarter["end"]) == ("2024-01-01", "2024-03-31")
    asked = {"from": "2024-02-15", "to": "2024-02-16", "person": person}
    assert totals(company.hr, **asked, by="quarter") == [quarter], "the whole quarter that a day lies in"
    (month,) = totals(company.hr, **asked, by="month")
    assert (month["period"], month["start"], month["end"]) == ("2024-02", "2024-02-01", "2024-02-29")
    (year,) = totals(company.hr, **asked, by="year")
    assert (year["period"], year["start"], year["end"]) == ("2024", "2024-01-01", "2024-12-31")
    assert totals(company.hr, **(asked | {"from": "2023-12-31", "to": "2023-12-31"}), by="month") == []


def test_by_default_it_is_this_year(company: Company) -> None:
    author = company.hire("今年", "rd")
    author.item()
    company.server.settle()
    (entry,) = account(author)
    (total,) = author.rest.get("/contribution-totals").json()["items"]
    assert (total["period"], total["weight"]) == (entry["occurred_on"][:7], "3.00")
    (graphql,) = author.data("{ contributionTotals { nodes { period weight } } }")["contributionTotals"]["nodes"]
    assert graphql == {"period": total["period"], "weight": "3.00"}


def test_what_was_taken_back_is_shown_as_nothing(company: Company) -> None:
    author = company.hire("撤回", "rd")
    idea = made(author, "/ideas", title="撤回的建议")["id"]
    company.server.settle()
    made(author, f"/ideas/{idea}/withdraw")
    company.server.settle()
    assert [(t["entries"], t["weight"]) for t in totals(author)] == [(2, "0.00")]


WRONG = [
    ({"from": "2026-03-01", "to": "2026-02-28"}, "?from", "dates_backwards"),
    ({"from": "2099-01-01"}, "?from", "dates_backwards"),
    ({"from": "2016-12-31", "to": "2026-12-31"}, "?from", "too_many_periods"),
    ({"from": "2016-12-01", "to": "2026-11-30", "by": "quarter"}, "?from", "too_many_periods"),
    ({"from": "0001-01-01"}, "?from", "too_many_periods"),
    ({"to": "9999-12-31", "from": "2026-01-01", "by": "year"}, "?from", "too_many_periods"),
    ({"from": "2026-02-30"}, "?from", "date_from_datetime_parsing"),
    ({"from": "202602"}, "?from", "date_parsing"),
    ({"to": "0000-01-01"}, "?to", "date_parsing"),
    ({"by": "week"}, "?by", "enum"),
    ({"person": "x"}, "?person", "uuid_parsing"),
    ({"limit": 1000}, "?limit", "less_than_equal"),
    ({"order": "weight"}, "?order", "literal_error"),
    ({"from_": "2026-01-01"}, "?from_", "unknown_parameter"),
]


@pytest.mark.parametrize(("query", "pointer", "code"), WRONG, ids=str)
def test_wrong_questions(company: Company, query: dict[str, Any], pointer: str, code: str) -> None:
    refused = company.hr.rest.get("/contribution-totals", params=query)
    assert refused.status_code == 422, refused.text
    assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [(pointer, code)]
    chinese = company.hr.rest.get("/contribution-totals", params=query, headers={"Accept-Language": "zh"})
    assert any("一" <= character <= "鿿" for character in chinese.json()["errors"][0]["message"])


def test_wrong_questions_through_graphql(company: Company) -> None:
    for arguments in (
        'from: "2026-03-01", to: "2026-02-28"',
        'from: "1900-01-01"',
        "first: 101",
        "by: week",
        'from: "x"',
    ):
        refused = company.hr.graphql(f"{{ contributionTotals({arguments}) {{ nodes {{ entries }} }} }}")
        assert refused["errors"], arguments
        assert "INTERNAL" not in str(refused["errors"])


def test_the_longest_time_that_may_be_asked_for(company: Company) -> None:
    for query in ({"from": "2017-01-01", "to": "2026-12-31"}, {"from": "9990-01-01", "to": "9999-12-31", "by": "year"}):
        assert company.hr.rest.get("/contribution-totals", params=query).status_code == 200
    first = company.hr.rest.get(
        "/contribution-totals", params={"from": "0001-01-01", "to": "0001-12-31", "by": "quarter"}
    )
    assert first.status_code == 200, first.text
