"""Keeps figures true: notes which quarters something happened to, and computes those again."""

import time
from collections.abc import Sequence
from datetime import date
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, Date, Text, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.core.clock import day_in, now
from kshare.core.database import UNHURRIED
from kshare.core.journal import Entry, Reactor
from kshare.core.settings import Settings
from kshare.metrics.counting import AsOf
from kshare.metrics.dashboards.topics import keep_topics, outdate_topics
from kshare.metrics.periods import Grain, Period
from kshare.metrics.rollup import roll_up
from kshare.metrics.span import first_quarter, forget_outside

_RESHELVED = {
    *("knowledge_item_changed", "knowledge_item_archived", "knowledge_item_published"),
    *("idea_changed", "idea_withdrawn", "idea_reinstated", "idea_merged", "idea_unmerged"),
}
"""What may change whether everybody sees a content, or in which category it is."""

_MEMBERSHIP = {"person_joined", "person_moved", "person_left", "person_returned"}

_MARK = """INSERT INTO metric_stale (quarter, since) SELECT DISTINCT quarter, now() FROM ({quarters}) AS q(quarter)
WHERE quarter BETWEEN coalesce((SELECT first FROM metric_state), :today) AND :today ON CONFLICT DO NOTHING"""
"""Before the state is known nothing is marked: then everything is going to be."""

_OF_CONTENTS = """
WITH RECURSIVE above (id) AS (
  SELECT unnest(:ids) UNION SELECT i.merged_into FROM above JOIN idea i ON i.content_id = above.id
  WHERE i.merged_into IS NOT NULL
)
SELECT date_trunc('quarter', moment AT TIME ZONE :zone)::date FROM (
  SELECT unnest(ARRAY[published_at, created_at]) FROM content WHERE id IN (SELECT id FROM above)
  UNION ALL SELECT unnest(ARRAY[decided_at, published_at]) FROM idea_decision WHERE content_id = ANY(:ids)
  UNION ALL SELECT at FROM journal WHERE content_id = ANY(:ids) AND happened = 'idea_stage_changed'
  UNION ALL SELECT created_at FROM reaction WHERE content_id = ANY(:ids)
  UNION ALL SELECT created_at FROM comment WHERE content_id = ANY(:ids)
  UNION ALL SELECT unnest(ARRAY[created_at, closed_at]) FROM review_assignment WHERE content_id = ANY(:ids)
) AS of_contents(moment)
UNION ALL SELECT date_trunc('quarter', unnest(ARRAY[starts_on, starts_on + interval '12 months']))::date
FROM benefit WHERE content_id = ANY(:ids)
UNION ALL SELECT date_trunc('quarter', CAST(:today AS date))::date"""
"""The quarters in which contents play a part, and this one; those of what ideas were merged into, too, as it shows
their votes."""

_OF_VIEWS = """
SELECT date_trunc('quarter', at AT TIME ZONE :zone)::date FROM viewing WHERE content_id = ANY(:ids)"""
"""The quarters in which contents were read: for what is kept of their categories."""

_OF_PEOPLE = """
SELECT generate_series(date_trunc('quarter', least(min(since), :since)), :today, '3 months')::date
FROM membership WHERE person_id = ANY(:ids)"""
"""The quarters since people were somewhere first, or since a day from which on they are somewhere else, or nowhere."""

_OF_EVERYTHING = "SELECT generate_series(first, :today, '3 months')::date FROM metric_state"
"""The quarters that have figures."""

_OF_ACCOUNT = (
    "SELECT date_trunc('quarter', occurred_on)::date FROM contribution WHERE number > :seen AND number <= :newest"
)
_NEWEST = text("SELECT coalesce(max(number), 0) FROM contribution")
_STATE = text("SELECT as_of, first, contribution, topics_on, topics_outdated FROM metric_state")
_STALE = text("SELECT quarter FROM metric_stale ORDER BY quarter DESC LIMIT 1")
_DONE = text("DELETE FROM metric_stale WHERE quarter = :quarter")
_KNOWN = text(
    """INSERT INTO metric_state (id, as_of, first, contribution) VALUES (1, :as_of, :first, :contribution)
    ON CONFLICT (id) DO UPDATE
      SET as_of = excluded.as_of, first = excluded.first, contribution = excluded.contribution"""
)
_REFRESHED = text("UPDATE metric_state SET refreshed_at = :at")


class MetricsKeeper(Reactor):
    """Marks quarters as stale, and computes one of them again whenever there is nothing else to do: the newest first,
    and never more than a twentieth of the time."""

    name = "metrics"
    batch = 1_000

    def __init__(self, settings: Settings | None = None) -> None:
        self._pause = 60.0 if settings is None else settings.metrics_pause
        self._look_at = 0.0

    async def react(self, session: AsyncSession, entries: Sequence[Entry], fence: int) -> None:
        """Notes the quarters that something happened to."""
        contents = {entry.content_id for entry in entries if entry.content_id is not None}
        people = {entry.object_id for entry in entries if entry.happened in _MEMBERSHIP}
        marks: list[tuple[str, dict[str, Any]]] = []
        moved = {entry.content_id for entry in entries if entry.content_id and entry.happened in _RESHELVED}
        if contents:
            marks.append((_OF_CONTENTS, {"ids": sorted(contents)}))
            await outdate_topics(session)
        if moved:
            marks.append((_OF_VIEWS, {"ids": sorted(moved)}))
        if people:
            since = (
                date.fromisoformat(entry.payload["since"]) for entry in entries if entry.happened == "person_moved"
            )
            marks.append((_OF_PEOPLE, {"ids": sorted(people), "since": min(since, default=_today(session))}))
        if any(_changes_everything(entry) for entry in entries):
            marks.append((_OF_EVERYTHING, {}))
        for quarters, values in marks:
            await mark(session, quarters, **values)

    async def catch_up(self, session: AsyncSession) -> bool:
        """Computes the newest stale quarter again, when it is time."""
        began = time.monotonic()
        if began < self._look_at:
            return False
        await session.execute(UNHURRIED)
        done = await refresh(session)
        if done is Done.computed:
            took = time.monotonic() - began
            self._look_at = time.monotonic() + (max(self._pause, 20 * took) if self._pause else 0)
        return done is not Done.nothing


def _changes_everything(entry: Entry) -> bool:
    """Whether it changes who leads whom, or where a department hangs: that is not dated, so all periods change. Or when
    a benefit begins: when it did before is not known any more."""
    changed = entry.payload.get("fields", ())
    if entry.happened == "department_changed":
        return "parent_id" in changed
    if entry.happened == "benefit_revised":
        return "starts_on" in changed
    return entry.happened in ("person_left", "person_returned") or (
        entry.happened == "person_changed" and "manager_id" in changed
    )


async def mark(session: AsyncSession, quarters: str, **values: Any) -> None:
    """Marks the quarters that a statement gives as stale."""
    types: dict[str, Any] = {"ids": ARRAY(Uuid), "zone": Text(), "since": Date(), "today": Date()}
    values |= {"zone": session.info["time_zone"], "today": _today(session)}
    statement = _MARK.format(quarters=quarters)
    named = [bindparam(name, type_=kind) for name, kind in types.items() if f":{name}" in statement]
    await session.execute(text(statement).bindparams(*named), {n: v for n, v in values.items() if f":{n}" in statement})


class Done(Enum):
    """What a step came to."""

    nothing = 0
    noted = 1
    computed = 2


async def refresh(session: AsyncSession) -> Done:
    """Takes note of what the journal does not tell (a new day, the account), or else computes a quarter again."""
    as_of = AsOf(ZoneInfo(session.info["time_zone"]), _today(session))
    state = (await session.execute(_STATE)).one_or_none()
    newest = await session.scalar(_NEWEST)
    new_day = state is None or state.as_of != as_of.today
    if state is None or new_day or newest > state.contribution or state.topics_outdated:
        first = await first_quarter(session, as_of)
        moved = state is None or new_day or state.first != first.start
        if state is None or moved or newest > state.contribution:
            # A step of its own: computing takes its time, and from the first write on nothing newer in the journal
            # settles.
            await session.execute(_KNOWN, {"as_of": as_of.today, "first": first.start, "contribution": newest})
            if state is None or moved:
                await forget_outside(session, first, as_of)
                await mark(session, _OF_EVERYTHING)
            else:
                await mark(session, _OF_ACCOUNT, seen=state.contribution, newest=newest)
            return Done.noted
    quarter: date | None = await session.scalar(_STALE)
    # Once a day before all else, since in a busy company there may always be a quarter to compute.
    if state.topics_on != as_of.today or (state.topics_outdated and quarter is None):
        await keep_topics(session, as_of)
        return Done.computed
    if quarter is None:
        return Done.nothing
    await roll_up(session, Period(quarter, Grain.quarter), as_of)
    await session.execute(_DONE, {"quarter": quarter})
    await session.execute(_REFRESHED, {"at": now()})
    return Done.computed


def _today(session: AsyncSession) -> date:
    return day_in(ZoneInfo(session.info["time_zone"]), now())
