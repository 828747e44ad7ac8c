"""The terms of the clock: how long each stage may take, and which days are worked.

They are read once a transaction, and kept by each process for as long as their version stays the same. Whoever changes
them waits for those who are just using them, so that nothing is left that was computed by the old ones: see
`changing_terms` and the reactor, which moves the due times of what is open.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import event, select, text, update

from kshare.core.writing import Work
from kshare.ideas.calendar import WorkingCalendar, add_working_days
from kshare.ideas.models import CalendarDayRow, ServiceLevelRow, WorkingTimeRow

_KEPT, _WATCHED = "ideas_terms", "ideas_terms_watched"
_SHARED = text("SELECT pg_advisory_xact_lock_shared(hashtextextended('ideas/terms', 0))")


@dataclass(frozen=True)
class Terms:
    """Service levels by size and stage, and the calendar."""

    levels: Mapping[tuple[str, str], int | None]
    calendar: WorkingCalendar

    def runs(self, size: str, stage: str | None) -> bool:
        """Whether the clock runs in a stage."""
        return (size, stage) in self.levels

    def due(self, size: str, stage: str | None, since: datetime) -> datetime | None:
        """When an answer is due that has been owed since then."""
        days = self.levels.get((size, stage or ""))
        return None if days is None else add_working_days(self.calendar, since, Fraction(days))


_process: WeakKeyDictionary[Any, tuple[int, Terms]] = WeakKeyDictionary()


async def terms_of(work: Work) -> Terms:
    """The present terms."""
    info = work.session.info
    if _KEPT not in info:
        if _WATCHED not in info:
            info[_WATCHED] = True
            event.listen(work.session.sync_session, "after_soft_rollback", _forget)
        await work.session.execute(_SHARED)
        version = (await work.session.execute(select(WorkingTimeRow.version))).scalar_one()
        kept = _process.get(database := work.session.get_bind())
        if kept is None or kept[0] != version:
            kept = _process[database] = (version, await _read(work))
        info[_KEPT] = kept[1]
    terms: Terms = info[_KEPT]
    return terms


def _forget(session: Any, _: Any) -> None:
    """With a savepoint that is rolled back goes the lock that was taken in it."""
    session.info.pop(_KEPT, None)


async def _read(work: Work) -> Terms:
    levels: Iterable[Any] = await work.session.execute(
        select(ServiceLevelRow.size, ServiceLevelRow.stage, ServiceLevelRow.working_days)
    )
    days: Iterable[Any] = await work.session.execute(select(CalendarDayRow.id, CalendarDayRow.working))
    calendar = WorkingCalendar(work.zone, {row.id: row.working for row in days})
    return Terms({(row.size, row.stage): row.working_days for row in levels}, calendar)


async def changing_terms(work: Work) -> None:
    """To be called before service levels or the calendar are read in order to change them."""
    await work.lock_name("ideas/terms")


async def terms_changed(work: Work) -> None:
    """To be called after service levels or the calendar were changed: the due times of what is open will follow."""
    work.session.info.pop(_KEPT, None)
    changed = update(WorkingTimeRow).values(version=WorkingTimeRow.version + 1, pending=True, after=None)
    await work.session.execute(changed.execution_options(synchronize_session=False))
