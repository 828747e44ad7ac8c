"""Ideas in the day at a small company: proposing, revising, voting."""

from typing import Any

from tests.conftest import Company

Do = Any


def tell(do: Do, company: Company) -> None:
    """Every operation of an idea's own once."""
    author, reader = company.employee, company.colleague
    proposed = {
        "title": "老化房门口装一块温度显示屏",
        "summary": "每次进去看温度要换鞋套，一天二十多次。",
        "body": "在门外装一块显示屏，接现有的温控器。预计每天省一小时。",
        "tags": ["老化房"],
    }
    idea = do("proposeIdea", author, body=proposed)["id"]
    do("reviseIdea", author, idea, body={"summary": "每次进去看温度要换鞋套，一天二十三次。", "note": "数过一周"})
    do("getIdea", reader, idea)
    do("listIdeas", reader, stage="submitted", limit=2)
    do("listIdeaRevisions", reader, idea, limit=2)
    do("getIdeaRevision", reader, idea, 1)
    do("voteForIdea", reader, idea)
    do("withdrawVote", reader, idea)
    do("withdrawIdea", author, idea)
    do("reinstateIdea", author, idea)
    draft = do_draft(author, "把周会改成站着开")
    do("submitIdea", author, draft)
    do("deleteIdea", author, do_draft(author, "想了一半"))
    outside = {"title": "叉车充电错峰", "summary": "夜里电价低一半。", "size": "large"}
    do("putIdeaByExternalId", author, "kaizen-box", "2026-031", body=outside)
    do("getIdeaByExternalId", reader, "kaizen-box", "2026-031")
    two = [
        {"external_source": "kaizen-box", "external_id": "2026-032", "title": "空压机余热烧洗手水"},
        {"title": "一人一半", "coauthors": [{"person_id": str(author.id), "share": 50}]},
    ]
    do("proposeIdeas", author, body={"items": two})


def do_draft(author: Any, title: str) -> str:
    """A draft of the author's."""
    return str(author.rest.post("/ideas", json={"title": title, "draft": True}).json()["id"])
