"""The months of the history, counted from the day on which the demo is loaded."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

FULL = 24
"""Full months before the day; the one after them is under way."""

REST = timedelta(days=2)
"""How long before the day the history ends: what happened since is told by the demo's own stories."""

_SATURDAY = 5
_OPENS, _WORKED = 8 * 60 + 20, 10 * 60
"""When people begin to do things, and for how long, in minutes of a day."""


class Months:
    """The calendar of a history: months from 1, in which days were worked, and moments at work."""

    def __init__(self, today: date, zone: ZoneInfo) -> None:
        self.today, self.zone = today, zone
        self.last = today - REST
        self._count = today.year * 12 + today.month - 1

    def first(self, number: int) -> date:
        """The first day of a month."""
        year, month = divmod(self._count - FULL + number - 1, 12)
        return date(year, month + 1, 1)

    def of(self, day: date) -> int:
        """The number of the month in which a day lies; below 1 before the history began."""
        return day.year * 12 + day.month - 1 - self._count + FULL + 1

    def at(self, moment: datetime) -> int:
        """The number of the month in which a moment lies."""
        return self.of(self.day(moment))

    def day(self, moment: datetime) -> date:
        """The day of a moment, in the company."""
        return moment.astimezone(self.zone).date()

    def working_days(self, number: int) -> list[date]:
        """The days of a month that were worked, as far as the history goes."""
        first, end = self.first(number), min(self.first(number + 1), self.last + timedelta(days=1))
        days = (first + timedelta(days=past) for past in range((end - first).days))
        return [day for day in days if day.weekday() < _SATURDAY]

    def part(self, number: int) -> float:
        """How much of a month the history has: all of it but for the one under way."""
        first, after = self.first(number), self.first(number + 1)
        return max(0.0, min(1.0, ((self.last - first).days + 1) / (after - first).days))

    def moment(self, day: date, random: Random) -> datetime:
        """A moment of a day, at work."""
        minutes = _OPENS + random.random() * _WORKED
        return datetime.combine(day, time(), self.zone).astimezone(UTC) + timedelta(seconds=round(minutes * 60))

    def later(self, moment: datetime, days: float, random: Random) -> datetime | None:
        """A moment at work so many days later, always after the one before; None once the history is over."""
        day = self.day(moment) + timedelta(days=round(days))
        if day.weekday() >= _SATURDAY:
            day += timedelta(days=7 - day.weekday() + random.randint(0, 2))
        if day > self.last:
            return None
        return max(self.moment(day, random), moment + timedelta(minutes=random.randint(15, 90)))
