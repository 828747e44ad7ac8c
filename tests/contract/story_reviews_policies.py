"""Review policies in the day at a small company: what is reviewed, and by whom."""

from typing import Any

from tests.conftest import Company

Do = Any


def tell(do: Do, company: Company) -> None:
    """Every operation of review policies once."""
    keeper, author, reviewer = company.manager, company.employee, company.reviewer
    ask = {"name": "焊接规范", "description": "波峰焊与手工焊的作业规范"}
    place = keeper.rest.post("/categories", json=ask).json()["id"]
    group = company.hr.rest.post("/groups", json={"name": "焊接评审组"}).json()["id"]
    company.hr.rest.put(f"/groups/{group}/members/{reviewer.id}")
    rule = {
        "kind": "knowledge_item", "category_id": place, "variety": "sop", "needs": "one",
        "roles": ["reviewer"], "groups": [group], "departments": [str(company.departments["rd"])],
        "working_days": 3, "steps_in_id": str(keeper.id),
    }  # fmt: skip
    policy = do("createReviewPolicy", keeper, body=rule)["id"]
    do("updateReviewPolicy", keeper, policy, body={"needs": "quorum", "quorum": 2, "roles": [], "working_days": 5})
    do("getReviewPolicy", author, policy)
    do("listReviewPolicies", author, category=place, kind="knowledge_item", limit=2)
    item = author.item(title="波峰焊锡炉点检", category_id=place, publish=False)["id"]
    do("getContentReviewPolicy", author, item)
    lifted = {"kind": "knowledge_item", "category_id": place, "variety": "case", "needs": "nothing"}
    gone = keeper.rest.post("/review-policies", json=lifted).json()["id"]
    do("deleteReviewPolicy", keeper, gone)
