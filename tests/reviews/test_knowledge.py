"""Knowledge that is reviewed before readers see it."""

from typing import Any

from tests.conftest import Company
from tests.reviews.reviewing import assignment, category, done, group, judge, owed, policy, submit


def change(actor: Any, id: str, **fields: Any) -> Any:
    return actor.rest.patch(f"/knowledge-items/{id}", json=fields, headers={"If-Match": "*"})


def test_two_approvals_of_one_text(company: Company) -> None:
    """One approval, an edit, two approvals again: the edit voids what was said of the text before it."""
    first, second = company.hire("评审甲", "rd"), company.hire("评审乙", "rd")
    place = category(company)
    policy(company, place, needs="quorum", quorum=2, groups=[group(company, first, second)])
    item = company.employee.item(publish=False, category_id=place, title="热处理规范", body="一\n二\n三")
    path = f"/knowledge-items/{item['id']}"
    refused = company.employee.rest.post(f"{path}/publish")
    assert refused.status_code == 409
    assert refused.json()["policy"]["needs"] == "quorum"

    review = submit(company.employee, item["id"])
    assert (review["required"], review["progress"]) == (2, {"given": 0, "approvals": 0})
    assert company.colleague.rest.get(path).status_code == 404, "a draft in review is its author's and reviewers'"
    assert [entry["review"]["id"] for entry in owed(first)] == [review["id"]]
    assert done(first.rest.get(f"/reviews/{review['id']}"))["progress"] is None, "blind before one has judged"
    done(judge(first, review), 201)
    assert owed(first) == []
    assert done(company.employee.rest.get(f"/reviews/{review['id']}"))["progress"]["approvals"] == 1

    done(change(company.employee, item["id"], body="一\n二\n三\n四"))
    seen = done(company.employee.rest.get(f"/reviews/{review['id']}"))
    assert (seen["progress"]["approvals"], seen["latest_revision"], seen["body"]) == (0, 2, "一\n二\n三\n四")
    stale = second.rest.post(
        f"/review-assignments/{assignment(second, review)}/judgements", json={"revision": 1, "verdict": "approve"}
    )
    assert stale.status_code == 409
    assert stale.json()["latest_revision"] == 2
    assert [entry["state"] for entry in owed(first)] == ["given"], "owed again, for the newer text"

    done(judge(second, review), 201)
    assert done(company.employee.rest.get(path))["state"] == "draft", "one approval of the newest text is not enough"
    done(judge(first, review), 201)
    assert done(company.employee.rest.get(f"/reviews/{review['id']}"))["state"] == "approved"
    shown = done(company.colleague.rest.get(path))
    assert (shown["state"], shown["body"], shown["revision"]) == ("published", "一\n二\n三\n四", 2)
