"""What tests of dashboards do again and again: asking through both doors, and making a past."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from tests.conftest import Actor, Company

from kshare.core.ids import new_id

ZONE = ZoneInfo("Asia/Shanghai")
DASHBOARDS = ("overview", "hot_topics", "contributors", "department", "category", "idea_funnel", "overdue")

SHOWN = """query($id: String!, $from: Date, $to: Date, $by: Grain, $department: ID, $category: ID) {
  dashboard(id: $id, from: $from, to: $to, by: $by, departmentId: $department, categoryId: $category) {
    id name nameEn asOf by department { id name nameEn } category { id name nameEn }
    headlines { id name nameEn unit period value low high reason before beforeReason better metric kind }
    charts { id name nameEn kind unit labels labelsEn note noteEn
      series { id name nameEn unit metric kind points { value low high reason provisional } } } } }"""


def shown(actor: Actor, id: str, **query: Any) -> dict[str, Any]:
    """A dashboard, through REST."""
    response = actor.rest.get(f"/dashboards/{id}", params=query)
    assert response.status_code == 200, response.text
    dashboard: dict[str, Any] = response.json()
    return dashboard


def chart_of(dashboard: dict[str, Any], id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in dashboard["charts"] if one["id"] == id)
    return found


def series_of(chart: dict[str, Any], id: str) -> list[dict[str, Any]]:
    """The points of a series."""
    points: list[dict[str, Any]] = next(one for one in chart["series"] if one["id"] == id)["points"]
    return points


def values_of(chart: dict[str, Any], id: str) -> list[float | None]:
    return [point["value"] for point in series_of(chart, id)]


def headline_of(dashboard: dict[str, Any], id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in dashboard["headlines"] if one["id"] == id)
    return found


def snake(value: Any) -> Any:
    """What GraphQL says in REST's words."""
    if isinstance(value, dict):
        return {re.sub(r"[A-Z]", lambda one: f"_{one[0].lower()}", name): snake(part) for name, part in value.items()}
    return [snake(one) for one in value] if isinstance(value, list) else value


def table_of(actor: Actor, id: str, **query: Any) -> list[dict[str, str]]:
    """The rows of a dashboard as CSV, which is what RFC 4180 and spreadsheets ask for."""
    response = actor.rest.get(f"/dashboards/{id}", params={**query, "format": "csv"})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/csv")
    text = response.content.decode()
    assert text.startswith("\ufeff") and text.endswith("\r\n") and text.count("\n") == text.count("\r\n")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def months_ago(months: int, day: int = 15) -> date:
    """A day of the month so many before this one."""
    day_ = today()
    index = day_.year * 12 + day_.month - 1 - months
    return date(index // 12, index % 12 + 1, day)


def contribute(company: Company, person: UUID, day: date, weight: Decimal) -> None:
    """An entry of the account."""
    company.server.sql(
        "INSERT INTO contribution (id, person_id, rule, rule_version, occurred_on, month, weight, object_kind,"
        " recorded_at) VALUES ($1, $2, 'comment_written', 1, $3, $4, $5, 'comment', now())",
        new_id(), person, day, day.replace(day=1), weight,
    )  # fmt: skip


def category(company: Company, parent: str | None = None) -> str:
    response = company.manager.rest.post("/categories", json={"name": f"工艺 {uuid4().hex[:8]}", "parent_id": parent})
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


def published_on(company: Company, content: str, day: date) -> None:
    """Lets a content have been published on a day."""
    set_back = "UPDATE content SET published_at = $2, listed_at = $2, created_at = $2 WHERE id = $1"
    company.server.sql(set_back, UUID(content), _noon(day))


def viewed(company: Company, content: str, person: Actor, day: date) -> None:
    """A reading on a day."""
    company.server.sql(
        "INSERT INTO viewing (id, content_id, person_id, dwell_ms, at) VALUES ($1, $2, $3, 0, $4)",
        new_id(), UUID(content), person.id, _noon(day),
    )  # fmt: skip


def reacted(company: Company, content: str, person: Actor, day: date, kind: str = "like") -> None:
    """A reaction on a day."""
    company.server.sql(
        "INSERT INTO reaction (content_id, person_id, kind, created_at) VALUES ($1, $2, $3, $4)",
        UUID(content), person.id, kind, _noon(day),
    )  # fmt: skip


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), ZONE)


def today() -> date:
    """Which day it is in the company."""
    return datetime.now(ZONE).date()


def days_ago(days: int) -> date:
    return today() - timedelta(days=days)


def everything(dashboard: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every point, with the name of its chart and series."""
    for chart in dashboard["charts"]:
        for series in chart["series"]:
            for point in series["points"]:
                yield f"{chart['id']}.{series['id']}", point
