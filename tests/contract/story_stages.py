"""The way of ideas in the day at a small company: stages, questions, decisions, the clock."""

from typing import Any

from tests.conftest import Company

Do = Any


def tell(do: Do, company: Company) -> None:
    """Every operation of stages, decisions and the clock once."""
    author, reader, judge = company.employee, company.colleague, company.committee
    do("listIdeaStages", reader)
    do("listServiceLevels", reader, limit=3)
    do("putServiceLevel", judge, "large", "evaluation", body={"working_days": 15})
    do("putCalendarDay", judge, "2027-02-08", body={"working": False, "name": "春节"})
    judge.rest.put("/calendar-days/2027-02-14", json={"working": True, "name": "春节调休"})
    do("listCalendarDays", reader, day_from="2027-01-01", limit=2)
    do("deleteCalendarDay", judge, "2027-02-14")
    proposed = {"title": "用旧料盘做防静电周转架", "summary": "每年少买两百个周转架。", "size": "large"}
    idea = author.rest.post("/ideas", json=proposed).json()["id"]
    do("advanceIdea", judge, idea, body={"to": "screening"})
    do("askAuthor", judge, idea, body={"text": "旧料盘的表面电阻测过吗？"})
    do("answerQuestion", author, idea, body={"text": "测过十个，都在一百万到十亿欧姆之间。"})
    why = "每年约省四万元，先在两条线上做。"
    do("decideIdea", judge, idea, body={"outcome": "approved", "explanation": why})
    do("getIdeaTimeline", reader, idea, order="newest", limit=3)
    second = author.rest.post("/ideas", json={"title": "取消纸质交接班本"}).json()["id"]
    private = {"outcome": "declined", "reason": "exists", "explanation": "电子交接班下月上线。", "private": True}
    judge.rest.post(f"/ideas/{second}/decision", json=private)
    decision = do("listDecisions", judge, private=True, limit=1)["items"][0]["id"]
    do("getDecision", judge, decision)
    do("publishDecisions", judge, body={"ids": [decision]})
    third = author.rest.post("/ideas", json={"title": "食堂加早班窗口"}).json()["id"]
    judge.rest.post(f"/ideas/{third}/decision", json=private)
    rows = judge.rest.get("/idea-decisions", params={"private": "true"}).json()["items"]
    do("withdrawDecision", judge, next(row["id"] for row in rows if row["idea"]["id"] == third))
    early = "due_at = now() - interval '26 hours', clock_from = clock_from - interval '5 days', escalates_at = NULL"
    company.server.sql(f"UPDATE idea SET {early} WHERE content_id = $1", third)
    do("listOverdueIdeas", reader, committee=True, limit=1)
    company.server.sql("UPDATE idea SET desk_id = $1 WHERE content_id = $2", company.colleague.id, third)
    do("listMyDesk", reader, limit=1)
