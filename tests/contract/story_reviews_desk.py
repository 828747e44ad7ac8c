"""A review that nobody gets round to, as its author sees it."""

from typing import Any

from tests.conftest import Company

Do = Any


def tell(do: Do, company: Company) -> None:
    """What is judged late."""
    author, judge = company.employee, company.reviewer
    category = company.manager.rest.post("/categories", json={"name": "老化房操作规程"}).json()["id"]
    group = company.hr.rest.post("/groups", json={"name": "老化房规程审稿组"}).json()["id"]
    company.hr.rest.put(f"/groups/{group}/members/{judge.id}")
    rule = {"kind": "knowledge_item", "category_id": category, "needs": "one", "groups": [group], "working_days": 3}
    company.committee.rest.post("/review-policies", json=rule)
    item = author.item(publish=False, category_id=category, title="老化房开门前的五项检查", body="一、断电。")
    review = author.rest.post(f"/content/{item['id']}/reviews", json={}).json()["id"]
    # A week goes by.
    company.server.sql(
        "UPDATE review_assignment SET due_at = now() - interval '1 day' WHERE review_id = $1::uuid", review
    )
    do("listOverdueReviews", author, review=review, limit=2)
