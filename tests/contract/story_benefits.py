"""Benefits in the day at a small company: claimed, committed, verified, and corrected."""

from typing import Any

from tests.conftest import Company

Do = Any


def tell(do: Do, company: Company) -> None:
    """Every operation of benefits once."""
    author, committee, finance, reader = company.employee, company.committee, company.finance, company.outsider
    idea = str(author.rest.post("/ideas", json={"title": "老化房余热给洗手水加热"}).json()["id"])
    company.committee.rest.post(f"/ideas/{idea}/decision", json={"outcome": "approved"})
    author.rest.post(f"/ideas/{idea}/implementation")
    saving = {
        "type": "saving",
        "currency": "CNY",
        "first_year": "96000.00",
        "months": ["8000.00"] * 12,
        "starts_on": "2025-03-01",
        "basis": "每月少用电一万度，按 0.8 元一度计算。",
        "cost": "15000.00",
    }
    benefit = do("claimBenefit", author, idea, body=saving)["id"]
    do("listBenefits", committee, awaiting="commitment", limit=2)
    do("reviseBenefit", author, benefit, body={"basis": "每月少用电一万度，按合同电价 0.8 元一度计算。"})
    do("commitBenefit", committee, benefit, body={"first_year": "90000.00", "note": "冬季用水多，夏季打折"})
    verified = do("verifyBenefit", finance, benefit, body={"first_year": "84000.00", "note": "对照电费账单"})
    entry = verified["verified"]["id"]
    do("correctBenefitEntry", finance, entry, body={"first_year": "81600.50", "reason": "三月账单补开，扣除重复部分"})
    do("getBenefitEntry", reader, entry)
    do("listBenefitEntries", reader, benefit, level="verified")
    do("getBenefit", reader, benefit)
    do("listBenefitsOfIdea", reader, idea, limit=2)
    do("getBenefitTotals", reader, idea)
