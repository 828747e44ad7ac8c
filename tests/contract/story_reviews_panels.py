"""A panel in the weeks of a small company: prepared, calibrated, judged blind, closed, and what it came to."""

from typing import Any

from tests.conftest import Actor, Company

Do = Any

CRITERIA = [
    {
        "name": "效果",
        "weight": 60,
        "description": "一年省下多少",
        "means_1": "看不出省了什么",
        "means_3": "三年收回投入",
        "means_5": "一年收回投入",
        "knock_out_below": 2,
    },
    {"name": "可行", "weight": 40, "means_1": "做不出来", "means_5": "本部门三个月就能做", "comment": "extremes"},
]


def _score(judge: Actor, panel: str, idea: str, criteria: list[dict[str, Any]], *scores: int) -> None:
    """What a member says of an idea."""
    found = judge.rest.get("/reviews", params={"panel": panel, "content": idea}).json()["items"][0]
    own = judge.rest.get(f"/reviews/{found['id']}").json()["assignment"]["id"]
    given = [
        {"criterion_id": criterion["id"], "score": score, "comment": "一月底试过样机。"}
        for criterion, score in zip(criteria, scores, strict=True)
    ]
    said = {"revision": 1, "scores": given, "comment": "请补上投入。"}
    assert judge.rest.post(f"/review-assignments/{own}/judgements", json=said).status_code == 201


def tell(do: Do, company: Company) -> None:
    """Every operation of panels once."""
    chair = company.committee
    first, second, third = (company.hire(name, "rd") for name in ("评委顾南", "评委叶青", "评委陆川"))
    form = chair.rest.post("/review-forms", json={"name": "季度建议评分表", "criteria": CRITERIA}).json()
    criteria = form["current"]["criteria"]

    def proposed(title: str) -> str:
        made = company.employee.rest.post("/ideas", json={"title": title, "body": "先在一条线上试三个月。"})
        return str(made.json()["id"])

    ideas = [proposed(title) for title in ("标定台夜里自动跑", "空压机余热供淋浴", "扫码领用密封圈", "老化房门帘")]
    samples = [proposed(title) for title in ("去年的样例：节水龙头", "去年的样例：托盘编号", "去年的样例：换班交接单")]
    ask = {
        "name": "三季度建议评审会",
        "description": "先独立打分，再一起谈。",
        "method": "scores",
        "form_id": form["id"],
        "members": [str(first.id), str(second.id)],
        "ideas": ideas[:2],
        "hide_author": True,
    }
    panel = do("createPanel", chair, body=ask)["id"]
    members = [str(judge.id) for judge in (first, second, third)]
    do("updatePanel", chair, panel, body={"members": members, "working_days": 5})
    draft = chair.rest.post("/panels", json={**ask, "name": "重复了"}).json()["id"]
    do("deletePanel", chair, draft)
    do("addPanelIdeas", chair, panel, body={"ideas": ideas[2:]})
    do("removePanelIdea", chair, panel, ideas[3])
    worth = ((4, 5), (2, 3), (3, 4))
    for sample, scores in zip(samples, worth, strict=True):
        reference = [{"criterion_id": c["id"], "score": s} for c, s in zip(criteria, scores, strict=True)]
        if sample == samples[0]:
            do("addPanelSample", chair, panel, body={"idea_id": sample, "reference": reference})
        else:
            chair.rest.post(f"/panels/{panel}/samples", json={"idea_id": sample, "reference": reference})
    do("calibratePanel", chair, panel)
    for place, judge in enumerate((first, second, third)):
        for sample, (effect, effort) in zip(samples[: 2 if judge is third else 3], worth, strict=False):
            _score(judge, panel, sample, criteria, max(1, effect - place), effort)
    do("listPanelCalibration", second, panel)
    do("openPanel", chair, panel, body={"reason": "陆川缺一个样例，下周补谈。"})
    do("getPanel", first, panel)
    do("listPanels", first, mine="member", limit=2)
    for place, judge in enumerate((first, second, third)):
        for effect, idea in zip((5, 3, 2), ideas, strict=False):
            if (judge, idea) != (third, ideas[2]):
                _score(judge, panel, idea, criteria, effect, max(1, effect - place))
    do("closePanel", chair, panel, body={"reason": "陆川出差，缺的一份不等了。"})
    do("listPanelResults", chair, panel, limit=2)
    do("listPanelAgreement", first, panel)
    do("listPanelDeviations", chair, panel)
    again = chair.rest.post("/panels", json={**ask, "name": "四季度建议评审会"}).json()["id"]
    chair.rest.post(f"/panels/{again}/open", json={})
    do("cancelPanel", chair, again, body={"reason": "与年度评审合并。"})
