"""Writes the history in one go: rows are copied into their tables, with all that commands would have derived."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from kshare.core.principal import SYSTEM
from kshare.core.writing import Work
from kshare.demo.history.plan import planned
from kshare.demo.history.source import HistorySource
from kshare.demo.history.writing.desk import Desk, Places
from kshare.demo.history.writing.ideas import write_idea
from kshare.demo.history.writing.items import write_item
from kshare.demo.history.writing.outcomes import write_outcome
from kshare.demo.history.writing.people import write_people, write_tags
from kshare.demo.history.writing.searches import write_searches


async def write_history(
    session: AsyncSession, source: HistorySource, organisation: Mapping[str, Any], places: Places, today: date
) -> None:
    """Two years before a day, in the transaction of the session; nothing of it needs the demo's own stories."""
    zone = ZoneInfo(session.info["time_zone"])
    plan = planned(source, organisation, today, zone)
    desk = Desk(Work(SYSTEM, session), places, zone)
    await write_people(desk, plan.staff, plan.months)
    await write_tags(desk, source, plan.months)
    for content in plan.contents:
        desk.take(content)
    items = {item.key: item for item in plan.items}
    for item in plan.items:
        write_item(desk, item, items)
    ideas = {idea.key: idea for idea in plan.ideas}
    for idea in plan.ideas:
        write_idea(desk, idea, ideas)
    write_searches(desk, plan.searches)
    for outcome in plan.outcomes:
        write_outcome(desk, source, outcome)
    await desk.close()
