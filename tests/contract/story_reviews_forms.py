"""Review forms in the day at a small company: what ideas are scored on."""

from typing import Any

from tests.conftest import Company

Do = Any


def tell(do: Do, company: Company) -> None:
    """Every operation of review forms once."""
    committee, reader = company.committee, company.employee
    criteria = [
        {
            "name": "效果", "weight": 50, "description": "一年省多少钱，或少多少次品",
            "means_1": "看不出省了什么", "means_3": "三年收回投入", "means_5": "一年之内收回投入",
            "knock_out_below": 2,
        },
        {
            "name": "可行", "weight": 50, "means_1": "现有设备做不到", "means_5": "本部门一个月就能做",
            "comment": "extremes",
        },
    ]  # fmt: skip
    made = {"name": "改善建议评分表", "description": "大型建议用", "criteria": criteria}
    limits = {"approve_at": 3.75, "decline_below": 2.5}
    form = do("createReviewForm", committee, body={**made, **limits})["id"]
    named = {"name": "大型建议评分表", "description": "五万元以上的建议用这张表。"}
    do("updateReviewForm", committee, form, body=named)
    criteria[0]["weight"], criteria[1]["weight"] = 60, 40
    note = "委员会四月例会：效果占六成。"
    asked = {"criteria": criteria, **limits, "note": note}
    version = do("createReviewFormVersion", committee, form, body=asked)["current"]["id"]
    do("getReviewForm", reader, form)
    do("listReviewFormVersions", reader, form, limit=2)
    do("getReviewFormVersion", reader, version)
    old = {**made, "name": "旧评分表"}
    retired = committee.rest.post("/review-forms", json=old).json()["id"]
    do("retireReviewForm", committee, retired)
    do("listReviewForms", reader, retired=False, limit=2)
