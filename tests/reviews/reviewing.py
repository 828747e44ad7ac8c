"""What tests of reviews do again and again."""

from typing import Any
from uuid import UUID, uuid4

from tests.conftest import Actor, Company


def category(company: Company, parent: str | None = None) -> str:
    """A new category."""
    ask = {"name": f"工艺 {uuid4().hex[:8]}", "parent_id": parent}
    response = company.manager.rest.post("/categories", json=ask)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


def policy(company: Company, category_id: str | None, **fields: Any) -> dict[str, Any]:
    """A policy for knowledge of a category, unless it says otherwise."""
    values: dict[str, Any] = {"kind": "knowledge_item", "needs": "one", "category_id": category_id, **fields}
    return done(company.committee.rest.post("/review-policies", json=_written(values)), 201)


def _written(value: Any) -> Any:
    """As it is written in JSON."""
    if isinstance(value, dict):
        return {name: _written(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_written(inner) for inner in value]
    return str(value) if isinstance(value, UUID) else value


CRITERIA = [
    {"name": "效果", "weight": 50, "means_1": "看不出省了什么", "means_5": "一年收回投入", "knock_out_below": 2},
    {"name": "可行", "weight": 30, "means_1": "做不出来", "means_3": "要外部帮助", "means_5": "本部门就能做"},
    {"name": "新颖", "weight": 20, "means_1": "早就有了", "means_5": "行业里没有", "comment": "extremes"},
]
"""What a form may ask."""


def form(company: Company, **fields: Any) -> dict[str, Any]:
    """A new review form; its `current` is what it asks."""
    ask = {"name": f"建议评分表 {uuid4().hex[:8]}", "criteria": CRITERIA, **fields}
    return done(company.committee.rest.post("/review-forms", json=ask), 201)


def group(company: Company, *people: Actor) -> str:
    """A new group of people."""
    response = company.hr.rest.post("/groups", json={"name": f"评审 {uuid4().hex[:8]}"})
    assert response.status_code == 201, response.text
    id = str(response.json()["id"])
    for person in people:
        added = company.hr.rest.put(f"/groups/{id}/members/{person.id}")
        assert added.status_code < 300, added.text
    return id


def done(response: Any, status: int = 200) -> dict[str, Any]:
    """The answer to what should have been done."""
    assert response.status_code == status, response.text
    answer: dict[str, Any] = response.json()
    return answer


def submit(actor: Actor, content_id: str) -> dict[str, Any]:
    """A review of a content."""
    return done(actor.rest.post(f"/content/{content_id}/reviews", json={}), 201)


def owed(actor: Actor) -> list[dict[str, Any]]:
    """What lies on somebody's desk."""
    items: list[dict[str, Any]] = done(actor.rest.get("/me/reviews", params={"limit": 100}))["items"]
    return items


def assignment(actor: Actor, review: dict[str, Any]) -> str:
    """What somebody is asked to judge in a review."""
    own = done(actor.rest.get(f"/reviews/{review['id']}"))["assignment"]
    assert own is not None
    return str(own["id"])


def judge(actor: Actor, review: dict[str, Any], verdict: str = "approve", **fields: Any) -> Any:
    """What somebody says of the newest text."""
    newest = done(actor.rest.get(f"/reviews/{review['id']}"))["latest_revision"]
    ask = {"revision": newest, "verdict": verdict, "comment": "" if verdict == "approve" else "再改改", **fields}
    return actor.rest.post(f"/review-assignments/{assignment(actor, review)}/judgements", json=ask)


def change(actor: Actor, id: str, **fields: Any) -> Any:
    """A change of a knowledge item, whatever its version."""
    return actor.rest.patch(f"/knowledge-items/{id}", json=fields, headers={"If-Match": "*"})
