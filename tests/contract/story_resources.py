"""Resources in the day at a small company: a budget, what an idea asks of it, and what becomes of that."""

from typing import Any

from tests.conftest import Company

Do = Any


def tell(do: Do, company: Company) -> None:
    """Every operation of resources once."""
    author, finance, reader = company.employee, company.finance, company.outsider
    proposed = author.rest.post("/ideas", json={"title": "二号线换型用快换夹具"}).json()
    idea = str(proposed["id"])
    company.committee.rest.post(f"/ideas/{idea}/decision", json={"outcome": "approved"})
    fund = {"name": "2026 年改善基金", "kind": "money", "currency": "CNY", "amount": "80000.00"}
    department = str(company.departments["rd"])
    budget = do("createBudget", finance, body={**fund, "department_id": department, "starts_on": "2026-01-01"})["id"]
    do("updateBudget", finance, budget, body={"owner_id": str(company.colleague.id)})
    do("adjustBudget", finance, budget, body={"amount": "20000.00", "reason": "下半年追加"})
    do("getBudget", company.colleague, budget)
    do("listBudgets", finance, kind="money", limit=2)
    wanted = {"kind": "money", "currency": "CNY", "amount": "12500.00", "purpose": "快换夹具四套，含安装"}
    request = do("requestResources", author, idea, body={**wanted, "needed_by": "2099-06-30"})["id"]
    do("getResourceRequest", reader, request)
    do("listResourceRequests", finance, state="requested", limit=2)
    granted = {"budget_id": budget, "amount": "10000.00", "note": "先做三套"}
    grant = do("grantResourceRequest", company.colleague, request, body=granted)["grant"]["id"]
    do("getResourceGrant", reader, grant)
    do("useResourceGrant", author, grant, body={"amount": "9300.00", "note": "夹具三套"})
    do("returnResourceGrant", author, grant, body={"note": "比报价便宜"})
    entry = do("listResourceEntries", reader, grant)["items"][1]["id"]
    do("correctResourceEntry", author, entry, body={"amount": "9250.00", "reason": "运费由供应商承担"})
    do("getResourceEntry", reader, entry)
    do("listBudgetEntries", finance, budget, limit=3)
    hours = {"kind": "expert_time", "amount": "16", "purpose": "夹具设计评审，机械设计专家"}
    second = author.rest.post(f"/ideas/{idea}/resource-requests", json=hours).json()["id"]
    do("declineResourceRequest", finance, second, body={"reason": "专家本季度已排满，请十月再提"})
    third = author.rest.post(f"/ideas/{idea}/resource-requests", json=hours).json()["id"]
    do("withdrawResourceRequest", author, third)
    do("listResourceRequestsOfIdea", reader, idea, limit=2)
