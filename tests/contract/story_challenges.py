"""Challenges in the day at a small company: a question, entries, judging, results."""

from typing import Any

from tests.conftest import Company

Do = Any


def tell(do: Do, company: Company) -> None:
    """Every operation of challenges once."""
    sponsor, entrant, judge = company.committee, company.employee, company.reviewer
    question = {
        "title": "怎样让老化房少用一半电？",
        "summary": "老化房占全厂用电的三成。",
        "body": "请写明省多少、多久回本。试验经费每项最多两万元。",
        "closes_at": "2098-06-30T10:00:00Z",
        "judging_until": "2098-07-14T10:00:00Z",
        "criteria": [
            {"name": "效果", "weight": 60, "description": "一年省多少度电"},
            {"name": "可行", "weight": 40, "description": "三个月内能不能试"},
        ],
        "prizes": [{"name": "一等奖", "description": "5000 元"}, {"name": "二等奖", "description": "2000 元"}],
        "judges": [str(judge.id)],
    }
    challenge = do("createChallenge", sponsor, body=question)["id"]
    do("updateChallenge", sponsor, challenge, body={"summary": "老化房占全厂用电的三成，去年一百二十万度。"})
    do("publishChallenge", sponsor, challenge)
    draft = sponsor.rest.post("/challenges", json={**question, "title": "想了一半"}).json()["id"]
    do("deleteChallenge", sponsor, draft)
    put_off = {"closes_at": "2098-07-31T10:00:00Z", "reason": "七月停产检修，多给一个月。"}
    do("extendChallenge", sponsor, challenge, body=put_off)
    do("getChallenge", entrant, challenge)
    do("listChallenges", entrant, phase="open", order="closing_soon", limit=2)
    ideas = [
        entrant.rest.post("/ideas", json={"title": title}).json()["id"]
        for title in ("老化房换变频风机", "老化房排风热回收", "老化房门帘")
    ]
    path = f"/challenges/{challenge}/entries"
    entry = do("enterChallenge", entrant, challenge, body={"idea_id": ideas[0]})["id"]
    second = entrant.rest.post(path, json={"idea_id": ideas[1]}).json()["id"]
    third = entrant.rest.post(path, json={"idea_id": ideas[2]}).json()["id"]
    do("withdrawChallengeEntry", entrant, third)
    do("listChallengeEntries", company.colleague, challenge, limit=2)
    # The deadline passes.
    past = "opens_at = now() - interval '2 days', closes_at = now() - interval '1 day'"
    company.server.sql(f"UPDATE challenge SET {past} WHERE content_id = $1::uuid", challenge)
    criteria = judge.rest.get(f"/challenges/{challenge}").json()["criteria"]
    for one, (effect, effort) in ((second, (6, 9)), (entry, (9, 7))):
        scores = [
            {"criterion_id": criteria[0]["id"], "score": effect},
            {"criterion_id": criteria[1]["id"], "score": effort},
        ]
        card = {"scores": scores, "comment": "请补上风机型号。"}
        if one == entry:
            scorecard = do("scoreChallengeEntry", judge, entry, body=card)["id"]
        else:
            judge.rest.put(f"/challenge-entries/{one}/scorecard", json=card)
    do("getChallengeScorecard", judge, scorecard)
    do("publishChallengeResults", sponsor, challenge, body={"force": False})
    do("listChallengeScorecards", entrant, challenge, entry=entry, limit=2)
    do("listChallengeResults", entrant, challenge, limit=2)
    do("getChallengeEntry", entrant, entry)
    do("listAwards", entrant, challenge=challenge, limit=2)
