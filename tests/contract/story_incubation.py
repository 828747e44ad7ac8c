"""Ideas in the day at a small company: how an approved one is put into practice."""

from typing import Any

from tests.conftest import Company

Do = Any


def tell(do: Do, company: Company) -> None:
    """Every operation of incubation once."""
    author, reader, committee = company.employee, company.colleague, company.committee
    idea = _approved(company, "叉车夜里充电，避开峰段电价", "large")
    _milestones(do, company, idea)
    first = do("planRollout", author, idea, body={"site": "苏州一号仓", "planned_on": "2099-09-30"})["id"]
    elsewhere = {"department_id": str(company.departments["sales"]), "planned_on": "2099-10-31"}
    second = author.rest.post(f"/ideas/{idea}/rollout-sites", json=elsewhere).json()["id"]
    do("reviseRollout", author, second, body={"site": "慕尼黑备件库"})
    do("getRolloutSite", reader, second)
    do("listRolloutSites", reader, idea, limit=2)
    pilot = _pilots(do, company, idea)
    gate = do("openGate", author, idea, body={"title": "试点之后要不要推广"})["id"]
    reason = "峰段电量少了三分之一，早班没有一次缺电。"
    do("concludePilot", author, pilot, body={"outcome": "succeeded", "value": 7850, "findings": "夜里充得满。"})
    do("decideGate", committee, gate, body={"decision": "go", "reason": reason})
    do("getGate", reader, gate)
    do("listGates", reader, idea, limit=2)
    do("finishRollout", author, first, body={"done_on": "2026-03-02"})
    do("reopenRollout", author, first)
    author.rest.put(f"/rollout-sites/{first}/done", json={})
    do("removeRollout", author, second)
    do("getIncubation", reader, idea)
    do("implementIdea", author, idea)


def _milestones(do: Do, company: Company, idea: str) -> None:
    author, reader = company.employee, company.colleague
    asked = {"title": "给二十个充电桩装定时器", "due_on": "2099-06-30", "person_id": str(reader.id)}
    first = do("planMilestone", author, idea, body=asked)["id"]
    do("reviseMilestone", author, first, body={"due_on": "2099-07-15"})
    do("getMilestone", reader, first)
    do("listMilestones", reader, idea, limit=2)
    do("listMyMilestones", reader, state="open", limit=2)
    do("finishMilestone", reader, first)
    do("reopenMilestone", reader, first)
    other = author.rest.post(f"/ideas/{idea}/milestones", json={"title": "问电力局", "due_on": "2099-05-01"})
    do("removeMilestone", author, other.json()["id"])


def _pilots(do: Do, company: Company, idea: str) -> str:
    author, reader = company.employee, company.colleague
    asked = {
        "site": "苏州二号仓",
        "from_on": "2099-07-01",
        "until_on": "2099-08-31",
        "measure": "每月峰段电量",
        "unit": "kWh",
        "baseline": 12000,
        "target": 8000,
    }
    pilot = str(do("planPilot", author, idea, body=asked)["id"])
    do("revisePilot", author, pilot, body={"until_on": "2099-09-15"})
    other = author.rest.post(f"/ideas/{idea}/pilots", json=asked | {"site": "三号仓"})
    do("removePilot", author, other.json()["id"])
    do("startPilot", author, pilot)
    do("getPilot", reader, pilot)
    do("listPilots", reader, idea, limit=2)
    return pilot


def _approved(company: Company, title: str, size: str) -> str:
    """An idea of the employee's that was approved."""
    id = company.employee.rest.post("/ideas", json={"title": title, "size": size}).json()["id"]
    approval = company.committee.rest.post(f"/ideas/{id}/decision", json={"outcome": "approved"})
    assert approval.status_code == 200, approval.text
    return str(id)
