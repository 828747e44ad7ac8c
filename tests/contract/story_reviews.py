"""An operating procedure on its way past its reviewers."""

from typing import Any

from tests.conftest import Actor, Company

Do = Any


def tell(do: Do, company: Company) -> None:
    """Every operation of single reviews once."""
    author = company.employee
    first, second, third, fourth = (
        company.hire(name, "rd") for name in ("审稿韩立", "审稿苏敏", "审稿方舟", "审稿邵洁")
    )
    category = company.manager.rest.post("/categories", json={"name": "灌封操作规程"}).json()["id"]
    group = company.hr.rest.post("/groups", json={"name": "灌封规程审稿组"}).json()["id"]
    # Each fits a little better than the next, so that it is always the same who is asked.
    for judge, items in ((first, 3), (second, 2), (third, 1), (fourth, 0)):
        company.hr.rest.put(f"/groups/{group}/members/{judge.id}")
        for _ in range(items):
            judge.item(category_id=category, audience=[str(judge.id)])
    rule = {"kind": "knowledge_item", "category_id": category, "needs": "quorum", "quorum": 2, "groups": [group]}
    company.committee.rest.post("/review-policies", json={**rule, "working_days": 5})

    def draft(title: str) -> str:
        body = "一、预热到 60 ℃。\n二、真空脱泡十分钟。\n三、静置两小时。"
        return str(author.item(publish=False, category_id=category, title=title, body=body)["id"])

    def asked(review: str) -> dict[str, Actor]:
        """Who is asked, by what they are asked."""
        judges = {str(judge.id): judge for judge in (first, second, third, fourth)}
        items = author.rest.get(f"/reviews/{review}/assignments").json()["items"]
        of_judge = {one["person"]["id"]: one["id"] for one in items if one["state"] == "asked"}
        return {of_judge[id]: judge for id, judge in judges.items() if id in of_judge}

    item = draft("P200 灌封操作规程")
    review = do("submitForReview", author, item, body={"note": "换了新胶，请看第二条。"})["id"]
    do("listReviews", author, content=item, limit=2)
    (one, other), (judge, leaver) = zip(*list(asked(review).items()), strict=True)
    do("listMyReviews", judge, limit=2)
    do("getReview", judge, review)
    do("declineReviewAssignment", leaver, other, body={"reason": "这两周在槟城工厂。"})
    (stand_in,) = [id for id in asked(review) if id != one]
    absent = asked(review)[stand_in]
    rest = [one for one in (first, second, third, fourth) if one not in (judge, leaver, absent)]
    do("delegateReviewAssignment", absent, stand_in, body={"person_id": str(rest[0].id), "reason": "她做过灌封。"})
    remark = {"line_from": 2, "body": "十分钟不够，新胶要十五分钟。"}
    said = do("giveReviewJudgement", judge, one, body={"revision": 1, "verdict": "approve", "remarks": [remark]})
    do("getReviewJudgement", judge, said["id"])
    do("getReviewAssignment", judge, one)
    do("listReviewAssignments", author, review, state="given", limit=2)
    do("listReviewJudgements", author, review, limit=2)

    biased = author.rest.post(f"/content/{draft('老化后抽检规程')}/reviews", json={}).json()["id"]
    id, conflicted = next(iter(asked(biased).items()))
    do("declareReviewConflict", conflicted, id, body={"reason": "抽检台是我设计的。"})
    do("assignReviewer", company.manager, biased, body={"person_id": str(company.colleague.id)})
    do("withdrawReview", author, biased, body={"reason": "还要补一张照片。"})
