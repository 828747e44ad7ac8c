"""Outcomes in the day at a small company: figures from the systems of product development, and a correction."""

from typing import Any

from tests.conftest import Company

Do = Any


def tell(do: Do, company: Company) -> None:
    """Every operation of outcomes once."""
    finance, hr, reader = company.finance, company.hr, company.employee
    rd, sales = str(company.departments["rd"]), str(company.departments["sales"])
    cycle = {
        "name": "研发周期",
        "name_en": "R&D cycle time",
        "description": "从立项评审到首批交付，按当月交付的项目取中位数。",
        "unit": "天",
        "better": "lower",
    }
    do("putOutcomeSeriesByExternalId", finance, "plm", "cycle-time", body=cycle)
    series = do("getOutcomeSeriesByExternalId", reader, "plm", "cycle-time")["id"]
    values = [
        {"month": "2026-01", "value": "212"},
        {"month": "2026-01", "value": "186.5", "department_id": rd},
        {"month": "2026-02", "value": "205"},
        {"month": "2026-02", "value": "190", "department_id": rd},
    ]
    finance.rest.put(f"/outcome-series/{series}/values", json={"values": values})
    corrected = {**values[3], "value": "179.25", "note": "二月漏计两个已交付项目"}
    march = {"month": "2026-03", "value": "198.5"}
    do("putOutcomeValues", finance, series, body={"values": [values[2], corrected, march]})
    shown = do("listOutcomeValues", reader, series, **{"from": "2026-02", "department": rd})["items"]
    do("getOutcomeValue", reader, shown[0]["id"])
    do("listOutcomeHistory", reader, series, **{"from": "2026-02", "to": "2026-02", "department": rd})
    complaints = {"name": "客诉处理时长", "unit": "小时", "better": "lower"}
    second = do("createOutcomeSeries", hr, body=complaints)["id"]
    hr.rest.put(
        f"/outcome-series/{second}/values", json={"values": [{"month": "2026-02", "value": 31, "department_id": sales}]}
    )
    do("updateOutcomeSeries", hr, second, body={"description": "从受理到客户确认解决，取当月结案的平均值。"})
    do("getOutcomeSeries", reader, second)
    do("listOutcomeSeries", reader, archived=False)
    ramp_up = {"name": "新员工上手时间", "unit": "周", "better": "lower"}
    do("deleteOutcomeSeries", hr, hr.rest.post("/outcome-series", json=ramp_up).json()["id"])
