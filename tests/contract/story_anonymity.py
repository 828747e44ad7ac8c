"""Anonymity in the day at a small company: two people learn together who wrote something."""

from typing import Any

from tests.conftest import Company

Do = Any


def tell(do: Do, company: Company) -> None:
    """Every operation of anonymity once."""
    author, hr, admin = company.employee, company.hr, company.admin
    written = {"title": "夜班的安全门被垫住了", "anonymous": True}
    idea = author.rest.post("/ideas", json=written).json()["id"]
    reason = {"reason": "涉及人身安全，要向提出的人了解是哪一道门。"}
    unsealing = do("requestUnsealing", hr, idea, body=reason)["id"]
    do("getUnsealing", admin, unsealing)
    do("approveUnsealing", admin, unsealing)
    do("openUnsealing", hr, unsealing)
    do("listUnsealings", admin, content=idea)
    company.server.sql(
        "INSERT INTO credit (id, person_id, reason, amount, day)"
        " VALUES (gen_random_uuid(), $1, 'contribution', 2, '2026-03-02')",
        author.id,
    )
    do("listMyCredits", author)
