"""Reading and checking accounts, for the tests of contributions."""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from tests.conftest import Actor, Company

from kshare.core.database import Database
from kshare.core.settings import Settings

T = TypeVar("T")


def account(actor: Actor, **query: Any) -> list[dict[str, Any]]:
    """All entries that somebody sees, page by page."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        asked = {"limit": 100, **query} | ({"cursor": cursor} if cursor else {})
        response = actor.rest.get("/contributions", params=asked)
        assert response.status_code == 200, response.text
        found += response.json()["items"]
        cursor = response.json()["next_cursor"]
        if cursor is None:
            return found


def own(actor: Actor, rule: str | None = None) -> list[tuple[str, str]]:
    """Rule and weight of somebody's own entries, in order."""
    actor.server.settle()
    entries = [entry for entry in account(actor) if rule in (None, entry["rule"])]
    assert all(entry["person"]["id"] == str(actor.id) for entry in entries)
    return [(entry["rule"], entry["weight"]) for entry in entries]


def net(entries: list[dict[str, Any]]) -> dict[tuple[str, str, str], Decimal]:
    """What entries add up to by person, rule and day, without what adds up to nothing."""
    sums: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for entry in entries:
        sums[entry["person"]["id"], entry["rule"], entry["occurred_on"]] += Decimal(entry["weight"])
    return {key: weight for key, weight in sums.items() if weight}


Standing = Counter[tuple[Any, ...]]
"""Entries that hold, each with how often."""


def standing(company: Company) -> Standing:
    """What holds of the whole account, by its rows: every entry that was not corrected, whose corrections are checked
    on the way."""
    rows = company.server.sql("SELECT * FROM contribution ORDER BY number")
    entries = {row["id"]: row for row in rows}
    corrected: set[UUID] = set()
    latest = None
    for row in rows:
        assert latest is None or row["recorded_at"] >= latest, "time never goes back"
        latest = row["recorded_at"]
        if row["corrects_id"] is None:
            continue
        wrong = entries[row["corrects_id"]]
        assert wrong["corrects_id"] is None and wrong["id"] not in corrected
        assert wrong["number"] < row["number"] and row["weight"] == -wrong["weight"]
        same = (
            "person_id",
            "department_id",
            "rule",
            "rule_version",
            "occurred_on",
            "month",
            "object_kind",
            "object_id",
        )
        assert [row[name] for name in same] == [wrong[name] for name in same]
        corrected.add(wrong["id"])
    holding = [row for row in rows if row["corrects_id"] is None and row["id"] not in corrected]
    return Counter(
        (
            row["person_id"],
            row["department_id"],
            row["rule"],
            row["rule_version"],
            row["occurred_on"],
            row["weight"],
            row["object_kind"],
            row["object_id"],
            row["content_id"],
        )
        for row in holding
    )


def with_database(company: Company, work: Callable[[Database], Awaitable[T]]) -> T:
    """Something done on the company's database, beside its server."""

    async def run() -> T:
        database = Database(company.server.database_url, Settings(_env_file=None))
        try:
            return await work(database)
        finally:
            await database.engine.dispose()

    result: T = company.server.loop.run(run(), 120)
    return result


def in_session(company: Company, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Something done in a transaction that is committed."""

    async def run(database: Database) -> T:
        async with database.sessions() as session, session.begin():
            return await work(session)

    return with_database(company, run)
