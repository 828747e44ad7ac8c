"""The desk of overdue things: what one may see of ideas, and of reviews only one's own."""

from typing import Any
from uuid import UUID

import pytest
from tests.conftest import Actor, Company
from tests.metrics.dashboards import chart_of, shown, values_of
from tests.reviews.reviewing import category, done, group, judge, policy, submit


def propose(actor: Actor, **fields: Any) -> str:
    return str(done(actor.rest.post("/ideas", json={"title": "逾期的建议", **fields}), 201)["id"])


def late(company: Company, idea: str, days: int, desk: Actor | None) -> None:
    """Lets an answer have been due so many days ago, on somebody's desk or (None) the committee's."""
    company.server.settle()
    company.server.sql(
        "UPDATE idea SET due_at = now() - $2 * interval '1 day', escalates_at = NULL, desk_id = $3"
        " WHERE content_id = $1",
        UUID(idea), days, desk and desk.id,
    )  # fmt: skip


def counted(actor: Actor) -> dict[str, float | None]:
    return {one["id"]: one["value"] for one in shown(actor, "overdue")["headlines"]}


def test_overdue_ideas_as_one_may_see_them(fresh: Company) -> None:
    company = fresh
    author, boss = company.hire("提案人", "rd"), company.hire("王经理", "rd")
    late(company, propose(author), 3, boss)
    late(company, propose(author), 10, boss)
    late(company, propose(author), 1, None)
    late(company, propose(author, audience=[str(company.departments["rd"])]), 30, boss)
    propose(author)
    assert counted(boss) == {"ideas": 4, "own_ideas": 3, "own_reviews": 0, "longest": 30}
    assert counted(company.outsider) == {"ideas": 3, "own_ideas": 0, "own_reviews": 0, "longest": 10}
    dashboard = shown(company.outsider, "overdue")
    stages = chart_of(dashboard, "stages")
    assert stages["labels"][0] == "已提交" and values_of(stages, "ideas") == [3, 0, 0, 0, 0]
    assert values_of(stages, "longest") == [10, None, None, None, None]
    desks = chart_of(dashboard, "desks")
    assert desks["labels"] == ["王经理", "委员会"]
    assert values_of(desks, "ideas") == [2, 1] and values_of(desks, "longest") == [10, 1]
    # It is what the list shows, too.
    listed = done(company.outsider.rest.get("/ideas/overdue"))["items"]
    assert len(listed) == 3 and {(one["desk"] or {"name": "委员会"})["name"] for one in listed} == set(desks["labels"])
    # Who left is nobody to wait for; what was answered is late no more.
    answered = company.committee.rest.post(f"/ideas/{listed[0]['idea']['id']}/decision", json={"outcome": "approved"})
    assert answered.status_code == 200, answered.text
    assert counted(company.outsider)["ideas"] == 2


@pytest.mark.parametrize("format", ["json", "csv"])
def test_who_is_late_with_a_review_is_not_told(fresh: Company, format: str) -> None:
    company = fresh
    judges = [company.hire(f"评委{number}", "rd") for number in range(3)]
    shelf = category(company)
    policy(company, shelf, needs="quorum", quorum=3, groups=[group(company, *judges)])
    author = company.hire("作者", "rd")
    item = author.item(category_id=shelf, publish=False)["id"]
    review = submit(author, item)
    company.server.sql("UPDATE review_assignment SET due_at = now() - interval '2 days'")
    for one in judges:
        assert counted(one)["own_reviews"] == 1
    assert judge(judges[0], review).status_code < 300
    assert [counted(one)["own_reviews"] for one in judges] == [0, 1, 1]
    for reader in (author, company.committee, company.manager, company.admin, company.employee, judges[0]):
        assert counted(reader)["own_reviews"] == 0
        text = reader.rest.get("/dashboards/overdue", params={"format": format}).text
        assert not any(one.name in text for one in judges)
