"""Which quarters have figures: from the one in which something happened first to this one, and no others."""

from datetime import date

from sqlalchemy import Date, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.metrics.counting import AsOf
from kshare.metrics.dashboards.keeping import forget
from kshare.metrics.periods import FIRST, Grain, Period

_EARLIEST = text(
    """SELECT least(
  (SELECT min(month) FROM contribution),
  (SELECT min(starts_on) FROM benefit),
  (SELECT CAST(min(c.listed_at) AT TIME ZONE :zone AS date)
    FROM (VALUES ('knowledge_item'), ('idea')) AS k(kind) CROSS JOIN (VALUES ('published'), ('archived')) AS s(state)
    CROSS JOIN LATERAL (SELECT min(listed_at) AS listed_at FROM content
      WHERE content.kind = k.kind AND content.state = s.state) c))"""
).bindparams(bindparam("zone", type_=Text))
_REMEMBERED = text(
    """INSERT INTO metric_state (id, first, contribution) VALUES (1, :first, 0)
    ON CONFLICT (id) DO UPDATE SET first = excluded.first"""
).bindparams(bindparam("first", type_=Date))
_OUTSIDE = [
    text(f"DELETE FROM {table} WHERE {column} < :first OR {column} > :today").bindparams(
        bindparam("first", type_=Date), bindparam("today", type_=Date)
    )
    for table, column in (("metric_value", "start"), ("metric_flow", "quarter"), ("metric_stale", "quarter"))
]


async def first_quarter(session: AsyncSession, as_of: AsOf) -> Period:
    """The quarter of the first content that was published, contribution, or benefit; this one, if there is none.

    Memberships are older: how many people there were tells nothing before anybody did something.
    """
    earliest: date | None = await session.scalar(_EARLIEST, {"zone": as_of.zone.key})
    return Period.of(Grain.quarter, max(min(earliest or as_of.today, as_of.today), FIRST))


async def forget_outside(session: AsyncSession, first: Period, as_of: AsOf) -> None:
    """Removes the figures of quarters before the first one, which is remembered, and of the future."""
    await session.execute(_REMEMBERED, {"first": first.start})
    for statement in _OUTSIDE:
        await session.execute(statement, {"first": first.start, "today": as_of.today})
    await forget(session, first, as_of)
