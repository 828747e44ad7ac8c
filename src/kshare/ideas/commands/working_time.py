"""Service levels and the calendar. The due times of open ideas follow a change: see the reactor."""

from datetime import date
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as pg_insert

from kshare.core.access import Permission
from kshare.core.errors import DomainError
from kshare.core.moments import Day
from kshare.core.principal import EVERYONE
from kshare.core.writing import Work, command
from kshare.ideas.commands.terms import changing_terms, terms_changed
from kshare.ideas.models import CalendarDayRow, ServiceLevelRow
from kshare.ideas.reads.clock import SERVICE_LEVEL_GUARD
from kshare.ideas.shapes.clock import (
    CalendarDayChanged,
    ClockedStage,
    PutCalendarDay,
    PutServiceLevel,
    ServiceLevelChanged,
)
from kshare.ideas.shapes.idea import IdeaSize

_CALENDAR_ID = UUID("00000000-0000-7000-8002-000000000001")
"""The object of what happens to the calendar, whose days have no ids."""


@command(Permission.idea_manage)
async def put_service_level(work: Work, size: IdeaSize, stage: ClockedStage, ask: PutServiceLevel) -> UUID:
    """Sets how long ideas of a size may stay in a stage; the same again changes nothing."""
    _company_wide(work)
    await changing_terms(work)
    place = select(ServiceLevelRow.id).where(ServiceLevelRow.size == size.value, ServiceLevelRow.stage == stage.value)
    level = await work.load(SERVICE_LEVEL_GUARD, (await work.session.execute(place)).scalar_one())
    if level.working_days != ask.working_days:
        level.working_days, level.updated_at = ask.working_days, work.now
        await terms_changed(work)
        event = ServiceLevelChanged(size=size.value, stage=stage.value, working_days=ask.working_days)
        work.record(event, level.id, [EVERYONE])
    return level.id


@command(Permission.idea_manage)
async def put_calendar_day(work: Work, day: Day, ask: PutCalendarDay) -> date:
    """Says of a day whether it is worked; the same again changes nothing."""
    _company_wide(work)
    await changing_terms(work)
    known = await work.session.get(CalendarDayRow, day)
    if known is not None and (known.working, known.name) == (ask.working, ask.name):
        return day
    values = {"working": ask.working, "name": ask.name, "updated_at": work.now}
    put = pg_insert(CalendarDayRow).values(id=day, **values)
    await work.session.execute(put.on_conflict_do_update(index_elements=[CalendarDayRow.id], set_=values))
    await _changed(work, day, ask.working)
    return day


@command(Permission.idea_manage)
async def delete_calendar_day(work: Work, day: Day) -> None:
    """Makes a day again what its weekday says; if it is already, nothing changes."""
    _company_wide(work)
    await changing_terms(work)
    gone = delete(CalendarDayRow).where(CalendarDayRow.id == day).returning(CalendarDayRow.id)
    if (await work.session.execute(gone)).first() is not None:
        await _changed(work, day, None)


async def _changed(work: Work, day: date, working: bool | None) -> None:
    await terms_changed(work)
    work.record(CalendarDayChanged(day=day, working=working), _CALENDAR_ID, [EVERYONE])


def _company_wide(work: Work) -> None:
    """Times hold for the whole company, and so must the permission to set them."""
    if Permission.idea_manage not in work.principal.permissions:
        raise DomainError("forbidden", "This holds for the whole company, and so must your permission.")
