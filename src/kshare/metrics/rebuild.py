"""Computing all figures from nothing: for `kshare metrics rebuild`, and to prove that it changes nothing."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from sqlalchemy import text

from kshare.core.clock import day_in, now
from kshare.core.database import UNHURRIED, Database
from kshare.core.journal import hold_lease
from kshare.metrics.counting import AsOf
from kshare.metrics.dashboards.keeping import forget
from kshare.metrics.dashboards.topics import keep_topics
from kshare.metrics.periods import Grain, Period
from kshare.metrics.reactor import MetricsKeeper
from kshare.metrics.rollup import roll_up

Report = Callable[[int, int], None]
"""Is told how many quarters are done, of how many."""

_FIRST = text(
    """SELECT least((SELECT min(occurred_on) FROM contribution), (SELECT min(published_at)::date FROM content),
    (SELECT min(start) FROM metric_value))"""
)
_FORGET = (
    text("DELETE FROM metric_value WHERE start < :first OR start > :today"),
    text("DELETE FROM metric_flow WHERE quarter < :first OR quarter > :today"),
)


async def rebuild(database: Database, report: Report = lambda done, of: None) -> int:
    """Computes the figures of every quarter from that of the first contribution to this one; how many have changed.

    Runs beside a serving system, and may be stopped and started again at any time.
    """
    async with database.sessions() as session:
        zone = ZoneInfo(session.info["time_zone"])
        today = day_in(zone, now())
        first = await session.scalar(_FIRST)
    quarters = [Period.of(Grain.quarter, first or today)]
    while quarters[-1].end <= today:
        quarters.append(quarters[-1].later(1))
    changed = 0
    report(0, len(quarters))
    for done, quarter in enumerate(quarters, 1):
        async with database.sessions() as session, session.begin():
            await session.execute(UNHURRIED)
            await hold_lease(session, MetricsKeeper.name)
            changed += await roll_up(session, quarter, AsOf(zone, today))
        report(done, len(quarters))
    async with database.sessions() as session, session.begin():
        await hold_lease(session, MetricsKeeper.name)
        for statement in _FORGET:
            await session.execute(statement, {"first": quarters[0].start, "today": today})
        await forget(session, quarters[0], AsOf(zone, today))
        await keep_topics(session, AsOf(zone, today))
    return changed
