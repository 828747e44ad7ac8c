"""Hot topics: what rises comes first, only what everybody sees counts, and what is kept of it follows what happens."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.conftest import Actor, Company, Loop, cloned_database, found_company, live_server
from tests.metrics.dashboards import (
    category,
    chart_of,
    days_ago,
    headline_of,
    published_on,
    reacted,
    shown,
    values_of,
    viewed,
)
from tests.metrics.helpers import crowd, rebuilt, rolled_up


class Firm:
    """A company in which one tag is large and flat, another one small and rising, and some that nobody may learn of."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.people = crowd(company, "rd", 30)
        self.shelf, self.secret_shelf = category(company), category(company)
        self.large = self.item("设备")
        # 84 days at one reader a day, and as many in the 28 days after them.
        for day in range(1, 113):
            viewed(company, self.large, self.people[1 + day % 29], days_ago(day))
        self.rising = self.item("锡须", category_id=self.shelf)
        for place, day in enumerate((2, 3, 5, 8, 9, 12, 20, 25)):
            reacted(company, self.rising, self.people[place], days_ago(day))
        reacted(company, self.rising, self.people[9], days_ago(60))
        few = self.item("冷门")
        for person in self.people[:4]:
            for day in (2, 3, 4, 9, 10, 11):
                viewed(company, few, person, days_ago(day))
        # As much happens to these as to what rises.
        self.groups = self.item("并购", audience=[str(company.departments["rd"])], category_id=self.secret_shelf)
        self.confidential = self.item("裁员", classification="internal", category_id=self.secret_shelf)
        self.draft = self.item("草稿标签")
        self.public = self.item("开放日", classification="public")
        self.later = self.item("降密")
        for content in (self.groups, self.confidential, self.draft, self.public, self.later):
            for person in self.people[:12]:
                reacted(company, content, person, days_ago(6))
        sql = company.server.sql
        sql("UPDATE content SET classification = 2 WHERE id = $1::text::uuid", self.confidential)
        sql("UPDATE content SET state = 'draft' WHERE id = $1::text::uuid", self.draft)
        sql("UPDATE content SET classification = 0 WHERE id = $1::text::uuid", self.public)
        self.guest = company.hire("访客", "sales", clearance=0)
        rolled_up(company.server)

    def item(self, tag: str, **fields: Any) -> str:
        """An item with a tag, long ago."""
        id = str(self.people[0].item(tags=[tag], **fields)["id"])
        published_on(self.company, id, days_ago(200))
        return id


@pytest.fixture(scope="module")
def firm(postgres_url: str, loop: Loop) -> Iterator[Firm]:
    with cloned_database(postgres_url, loop) as url, live_server(url, loop) as server:
        yield Firm(found_company(server))


def tags(actor: Actor) -> list[str]:
    labels: list[str] = chart_of(shown(actor, "hot_topics"), "tags")["labels"]
    return labels


def test_what_rises_comes_before_what_is_large(firm: Firm) -> None:
    dashboard = shown(firm.company.employee, "hot_topics")
    chart = chart_of(dashboard, "tags")
    place = chart["labels"].index("锡须")
    assert "设备" not in chart["labels"]
    assert (values_of(chart, "recent")[place], values_of(chart, "baseline")[place]) == (8, 1)
    ratio = chart["series"][0]["points"][place]
    assert ratio["value"] == 24 and 1 < ratio["low"] < 24 < ratio["high"]
    assert values_of(chart, "people")[place] == 8
    lows = [point["low"] for point in chart["series"][0]["points"]]
    assert lows == sorted(lows, reverse=True)
    assert headline_of(dashboard, "tags")["value"] == sum(low > 1 for low in lows)
    shelf = firm.company.employee.rest.get(f"/categories/{firm.shelf}").json()["name"]
    assert chart_of(dashboard, "categories")["labels"] == [shelf]


def test_what_was_never_met_before_has_no_ratio(firm: Firm) -> None:
    chart = chart_of(shown(firm.company.employee, "hot_topics"), "tags")
    point = chart["series"][0]["points"][chart["labels"].index("开放日")]
    assert (point["value"], point["high"], point["reason"]) == (None, None, "nothing") and point["low"] > 1


def test_fewer_than_five_people_are_no_topic(firm: Firm) -> None:
    assert "冷门" not in tags(firm.company.employee)


@pytest.mark.parametrize("secret", ["并购", "裁员", "草稿标签"])
def test_what_not_everybody_sees_is_no_topic(firm: Firm, secret: str) -> None:
    company = firm.company
    name = company.employee.rest.get(f"/categories/{firm.secret_shelf}").json()["name"]
    for reader in (company.employee, company.admin, firm.people[0]):
        for format in ("json", "csv"):
            text = reader.rest.get("/dashboards/hot_topics", params={"format": format}).text
            assert secret not in text and name not in text
    for sort in ("tags", "categories"):
        svg = company.admin.rest.get(f"/dashboards/hot_topics/charts/{sort}", params={"format": "svg"})
        assert svg.status_code == 200 and secret not in svg.text and name not in svg.text


def test_who_is_cleared_for_less_learns_less(firm: Firm) -> None:
    assert {"锡须", "开放日"} <= set(tags(firm.company.employee))
    assert set(tags(firm.guest)) == {"开放日"}
    assert "锡须" not in firm.guest.rest.get("/dashboards/hot_topics").text
    assert chart_of(shown(firm.guest, "hot_topics"), "categories")["labels"] == []


def test_a_topic_goes_with_what_made_it_one(firm: Firm) -> None:
    company, author = firm.company, firm.people[0]
    assert "降密" in tags(company.employee)
    item = author.rest.get(f"/knowledge-items/{firm.later}")
    changed = author.rest.patch(
        f"/knowledge-items/{firm.later}",
        json={"audience": [str(company.departments["rd"])]},
        headers={"If-Match": item.headers["ETag"]},
    )
    assert changed.status_code == 200, changed.text
    # Even before it is computed again: nobody who does not see a content with the tag is told it.
    assert "降密" not in tags(company.outsider) and "降密" in tags(company.employee)
    rolled_up(company.server)
    assert "降密" not in tags(company.employee)


def test_what_is_kept_is_what_a_rebuild_gives(firm: Firm) -> None:
    kept = "SELECT * FROM hot_topic ORDER BY classification, sort, place"
    rolled_up(firm.company.server)
    before = firm.company.server.sql(kept)
    assert before
    rebuilt(firm.company.server)
    assert firm.company.server.sql(kept) == before


# ---- categories: what is kept by months -----------------------------------------------------------------------------


def test_categories_count_what_everybody_sees(firm: Firm) -> None:
    company, (author, *readers) = firm.company, firm.people
    above = category(company)
    below = category(company, above)
    seen = author.item(category_id=below)["id"]
    public = author.item(category_id=above, classification="public")["id"]
    hidden = author.item(category_id=above, audience=[str(company.departments["rd"])])["id"]
    for content in (seen, public, hidden):
        for reader in readers[:6]:
            viewed(company, content, reader, days_ago(0))
        viewed(company, content, author, days_ago(0))
        reacted(company, content, readers[0], days_ago(0), "thank")
    rolled_up(company.server)

    def now(reader: Actor, id: str) -> dict[str, float | None]:
        dashboard = shown(reader, "category", category=id)
        charts = {"items": "new", "views": "views", "thanks": "thanks"}
        return {name: values_of(chart_of(dashboard, chart), name)[-1] for name, chart in charts.items()}

    for reader in (company.employee, company.admin):
        assert now(reader, above) == {"items": 2, "views": 12, "thanks": 2}
        assert now(reader, below) == {"items": 1, "views": 6, "thanks": 1}
    assert now(firm.guest, above) == {"items": 1, "views": 6, "thanks": 1}
    assert now(firm.guest, below) == {"items": 0, "views": 0, "thanks": 0}


def test_what_moves_to_another_category_takes_its_months_along(firm: Firm) -> None:
    company, author = firm.company, firm.people[1]
    before, after = category(company), category(company)
    item = author.item(category_id=before)
    published_on(company, item["id"], days_ago(300))
    viewed(company, item["id"], firm.people[2], days_ago(200))
    rolled_up(company.server)

    def views(id: str) -> float:
        dashboard = shown(company.employee, "category", category=id, **{"from": str(days_ago(310))})
        return sum(filter(None, values_of(chart_of(dashboard, "views"), "views")))

    rebuilt(company.server)
    assert (views(before), views(after)) == (1, 0)
    path = f"/knowledge-items/{item['id']}"
    tag = author.rest.get(path).headers["ETag"]
    moved = author.rest.patch(path, json={"category_id": after}, headers={"If-Match": tag})
    assert moved.status_code == 200, moved.text
    rolled_up(company.server)
    assert (views(before), views(after)) == (0, 1)
