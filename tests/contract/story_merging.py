"""Two ideas that are the same: who votes for them, made one and taken apart again."""

from typing import Any

from tests.conftest import Company

Do = Any


def tell(do: Do, company: Company) -> None:
    """Every operation of merging once; votes are in the story of ideas."""
    one = _proposed(company.employee, "老化房装温度显示屏", "每次进去看温度要换鞋套。")
    other = _proposed(company.reviewer, "老化房门外能看到温度就好了", "夜班每小时都要进去一次。")
    company.colleague.rest.put(f"/ideas/{one}/vote")
    company.outsider.rest.put(f"/ideas/{other}/vote")
    company.outsider.rest.post(f"/content/{one}/comments", json={"body": "二期厂房也需要。"})
    do("mergeIdea", company.committee, other, body={"into_id": one})
    do("listIdeaVoters", company.employee, one)
    do("listMergedIdeas", company.employee, one)
    do("listIdeaComments", company.employee, one, limit=2)
    do("unmergeIdea", company.committee, other)


def _proposed(author: Any, title: str, summary: str) -> str:
    return str(author.rest.post("/ideas", json={"title": title, "summary": summary}).json()["id"])
