"""Bringing the figures of a test's company up to date, and asking for them."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession
from tests.conftest import Actor, Company, Server

from kshare.core.database import Database
from kshare.core.settings import Settings
from kshare.metrics.reactor import Done, refresh
from kshare.metrics.rebuild import rebuild


def today() -> date:
    """Which day it is in the company."""
    return datetime.now(ZoneInfo("Asia/Shanghai")).date()


def rolled_up(server: Server) -> None:
    """Waits for the reactors, and computes whatever is stale."""
    server.settle()

    async def compute(database: Database) -> None:
        done = Done.noted
        while done is not Done.nothing:
            async with database.sessions() as session, session.begin():
                done = await refresh(session)

    _with_database(server, compute)


def rebuilt(server: Server) -> None:
    """Computes all figures from nothing."""
    _with_database(server, rebuild)


def with_session(server: Server, work: Callable[[AsyncSession], Awaitable[Any]]) -> Any:
    """Something done in a session on the company's database, beside its server."""

    async def within(database: Database) -> Any:
        async with database.sessions() as session:
            return await work(session)

    return _with_database(server, within)


def _with_database(server: Server, work: Callable[[Database], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        database = Database(server.database_url, Settings(_env_file=None))
        try:
            return await work(database)
        finally:
            await database.close()

    return server.loop.run(run(), timeout=120)


def figures(server: Server) -> list[tuple[Any, ...]]:
    """Every figure there is, to the last bit."""
    every = "SELECT * FROM metric_value ORDER BY 1, 2, 3, 4, 5", "SELECT * FROM metric_flow ORDER BY 1, 2, 3, 4"
    return [tuple(row) for statement in every for row in server.sql(statement)]


def values(actor: Actor, metric: str, **query: Any) -> list[dict[str, Any]]:
    """The values of a metric, through REST."""
    response = actor.rest.get(f"/metrics/{metric}/values", params=query)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def crowd(company: Company, department: str, people: int) -> list[Actor]:
    """So many new people in a department."""
    return [company.hire(f"同事{number}", department) for number in range(people)]
