"""Computing all figures from nothing: for `kshare metrics rebuild`, and to prove that it changes nothing."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from sqlalchemy import text

from kshare.core.clock import day_in, now
from kshare.core.database import UNHURRIED, Database
from kshare.core.journal import hold_lease
from kshare.metrics.counting import AsOf
from kshare.metrics.dashboards.topics import keep_topics
from kshare.metrics.periods import Grain, between
from kshare.metrics.reactor import MetricsKeeper
from kshare.metrics.rollup import roll_up
from kshare.metrics.span import first_quarter, forget_outside

Report = Callable[[int, int], None]
"""Is told how many quarters are done, of how many."""

_REFRESHED = text("UPDATE metric_state SET refreshed_at = :at")


async def rebuild(database: Database, report: Report = lambda done, of: None) -> int:
    """Computes the figures of every quarter that has any (span.py); how many have changed.

    Runs beside a serving system, and may be stopped and started again at any time.
    """
    async with database.sessions() as session:
        zone = ZoneInfo(session.info["time_zone"])
        as_of = AsOf(zone, day_in(zone, now()))
        first = await first_quarter(session, as_of)
    quarters, changed = between(Grain.quarter, first.start, as_of.today), 0
    report(0, len(quarters))
    for done, quarter in enumerate(quarters, 1):
        async with database.sessions() as session, session.begin():
            await session.execute(UNHURRIED)
            await hold_lease(session, MetricsKeeper.name)
            changed += await roll_up(session, quarter, as_of)
        report(done, len(quarters))
    async with database.sessions() as session, session.begin():
        await hold_lease(session, MetricsKeeper.name)
        await forget_outside(session, first, as_of)
        await keep_topics(session, as_of)
        await session.execute(_REFRESHED, {"at": now()})
    return changed
