"""A panel that compares two ideas at a time: what is asked next, what is said, and how far it is."""

from typing import Any

from tests.conftest import Company

Do = Any


def tell(do: Do, company: Company) -> None:
    """Every operation of comparing once."""
    chair = company.committee
    judge, other = company.hire("评委沈一鸣", "rd"), company.hire("评委白露", "rd")
    ideas = [
        company.employee.rest.post(
            "/ideas", json={"title": title, "summary": summary, "body": "先在一条线上试三个月。"}
        ).json()["id"]
        for title, summary in (
            ("老化房换变频风机", "一年省三十万度电。"),
            ("标定台夜里自动跑", "白天的排队少一半。"),
            ("空压机余热供淋浴", "锅炉可以停用。"),
        )
    ]
    ask = {
        "name": "年度金点子", "method": "pairs", "members": [str(judge.id), str(other.id)], "ideas": ideas,
    }  # fmt: skip
    panel = chair.rest.post("/panels", json=ask).json()["id"]
    chair.rest.post(f"/panels/{panel}/open", json={})
    path = f"/panels/{panel}/comparisons"

    def review(idea: str) -> str:
        found = judge.rest.get("/reviews", params={"panel": panel, "content": idea}).json()["items"]
        return str(found[0]["id"])

    # What is left is one pair, and which of the two comes first: the one that never did.
    for one, two in ((ideas[0], ideas[1]), (ideas[1], ideas[2])):
        said = {"first_id": review(one), "second_id": review(two), "outcome": "first"}
        assert judge.rest.post(path, json=said).status_code == 201
    pair = do("getNextPair", judge, panel)
    said = {"first_id": pair["first"]["id"], "second_id": pair["second"]["id"], "outcome": "second"}
    comparison = do("compareIdeas", judge, panel, body=said | {"comment": "见效更快。"})["id"]
    do("getComparison", judge, comparison)
    do("listComparisons", judge, panel, limit=2)
    following = other.rest.get(f"/panels/{panel}/next-pair").json()
    slip = {"first_id": following["first"]["id"], "second_id": following["second"]["id"], "outcome": "tie"}
    do("withdrawComparison", other, other.rest.post(path, json=slip).json()["id"])
    do("declarePanelConflict", other, panel, ideas[0], body={"reason": "提案人是我带的徒弟。"})
    do("finishComparing", judge, panel)
    do("getPanelStanding", chair, panel)
