"""Which day it is, is asked of the company's time zone, by commands and by reads alike."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.conftest import Company, Loop, cloned_database, found_company, live_server
from tests.incubation.incubating import PILOT, made

DAY = timedelta(days=1)


def far_away() -> str:
    """A time zone in which it is another day than in UTC, and will be for the next hours."""
    return "Pacific/Kiritimati" if datetime.now(UTC).hour >= 11 else "Etc/GMT+12"


@pytest.fixture(scope="module")
def elsewhere(postgres_url: str, loop: Loop) -> Iterator[tuple[Company, date]]:
    """A company at the other end of the world, and which day it is there."""
    zone = far_away()
    with cloned_database(postgres_url, loop) as url, live_server(url, loop, time_zone=zone) as server:
        today = datetime.now(ZoneInfo(zone)).date()
        assert today != datetime.now(UTC).date()
        yield found_company(server), today


def approved(company: Company) -> str:
    idea = str(made(company.employee.rest.post("/ideas", json={"title": "夜里关掉展厅的灯"}))["id"])
    made(company.committee.rest.post(f"/ideas/{idea}/decision", json={"outcome": "approved"}), 200)
    return idea


def test_what_is_due_today_is_overdue_tomorrow(elsewhere: tuple[Company, date]) -> None:
    company, today = elsewhere
    author, idea = company.employee, approved(company)
    plans: dict[str, tuple[str, str, dict[str, Any]]] = {
        "milestones": ("milestone", "due_on", {"title": "量一周电"}),
        "pilots": ("pilot", "until_on", {**PILOT, "from_on": (today - 30 * DAY).isoformat()}),
        "rollout-sites": ("rollout", "planned_on", {"site": "苏州二号仓"}),
    }
    for name, (table, column, body) in plans.items():
        place = f"/ideas/{idea}/{name}"
        past = author.rest.post(place, json={**body, column: (today - DAY).isoformat()})
        assert (past.status_code, past.json()["errors"][0]["code"]) == (422, "in_the_past"), past.text
        thing = made(author.rest.post(place, json={**body, column: today.isoformat()}))
        assert thing["overdue"] is False, name
        company.server.sql(f"UPDATE {table} SET {column} = $2 WHERE id = $1", thing["id"], today - DAY)
        (late,) = author.rest.get(place).json()["items"]
        assert late["overdue"] is True, name
    (shown,) = author.data("query($i: ID!) { milestones(ideaId: $i) { nodes { overdue } } }", i=idea)["milestones"][
        "nodes"
    ]
    assert shown == {"overdue": True}
    answer = made(author.rest.post(f"/ideas/{idea}/milestones", json={"title": "复核", "due_on": today.isoformat()}))
    again = author.rest.put(f"/milestones/{answer['id']}/done")
    assert made(again, 200)["overdue"] is False, "read back after a change"


def test_a_benefit_is_realised_a_year_after_it_began(elsewhere: tuple[Company, date]) -> None:
    company, today = elsewhere
    idea = approved(company)
    made(company.employee.rest.post(f"/ideas/{idea}/implementation"), 200)
    for day, ratio in ((today, 0.5), (today + DAY, None)):
        # The 29th of February is no day of every year: the next, or the one before, is over at the right moment, too.
        leap = (day.month, day.day) == (2, 29)
        began = (day - DAY if ratio else day + DAY) if leap else day
        body = {
            "type": "saving",
            "currency": "CNY",
            "first_year": 100,
            "starts_on": began.replace(year=day.year - 1).isoformat(),
            "basis": "电费单",
        }
        benefit = made(company.employee.rest.post(f"/ideas/{idea}/benefits", json=body))
        verified = made(company.finance.rest.post(f"/benefits/{benefit['id']}/verify", json={"first_year": 50}), 200)
        assert verified["realised_of_claimed"] == ratio
        assert company.outsider.rest.get(f"/benefits/{benefit['id']}").json()["realised_of_claimed"] == ratio
