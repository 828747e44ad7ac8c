"""Working days as exact arithmetic: how many lie between two moments, and which moment is so many later.

A working day counts as one from its midnight to the next in the company's time zone, also where that takes 23 or 25
hours; so half a day has passed at half of that. Other days count nothing. Mondays to Fridays are worked unless an
exception says otherwise: a holiday, or a Saturday that is worked instead of a Monday.
"""

from bisect import bisect_left
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import cached_property
from zoneinfo import ZoneInfo

_WEEK, _WORKED = 7, 5
_MICROSECOND = timedelta(microseconds=1)
_ONE_DAY = timedelta(days=1)


class WorkingCalendar:
    """The working days of a company: its time zone, and the days that are not what their weekday says."""

    def __init__(self, zone: ZoneInfo, exceptions: Mapping[date, bool] | None = None) -> None:
        self.zone = zone
        self._unusual = {day: works for day, works in (exceptions or {}).items() if works != _usual(day)}

    def works(self, day: date) -> bool:
        """Whether a day is worked."""
        return self._unusual.get(day, _usual(day))

    def start_of(self, day: date) -> datetime:
        """When a day begins. Where the clocks skip midnight, it begins with the first moment that there is."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def day_of(self, moment: datetime) -> date:
        """The day in which a moment lies."""
        day = moment.astimezone(self.zone).date()
        # Where the clocks go back across midnight, the local date of some moments is that of the day before.
        if moment < self.start_of(day):
            return day - _ONE_DAY
        return day + _ONE_DAY if moment >= self.start_of(day + _ONE_DAY) else day

    def passed(self, moment: datetime) -> Fraction:
        """The working days from the beginning of the calendar to a moment."""
        day = self.day_of(moment)
        whole = Fraction(self._before(day))
        if not self.works(day):
            return whole
        start, end = self.start_of(day), self.start_of(day + _ONE_DAY)
        return whole + Fraction((moment - start) // _MICROSECOND, (end - start) // _MICROSECOND)

    def reached(self, passed: Fraction) -> datetime:
        """The first moment at which so many working days have passed: the end of a day rather than the next day's
        beginning, which may be after a week of holidays."""
        number = passed.numerator // passed.denominator
        part = passed - number
        if not part:
            return self.start_of(self._numbered(number - 1) + _ONE_DAY)
        day = self._numbered(number)
        start, end = self.start_of(day), self.start_of(day + _ONE_DAY)
        return start + round(part * ((end - start) // _MICROSECOND)) * _MICROSECOND

    def _before(self, day: date) -> int:
        """The working days before a day."""
        weeks, weekday = divmod(day.toordinal() - 1, _WEEK)
        position = bisect_left(self._days, day)
        return weeks * _WORKED + min(weekday, _WORKED) + self._sums[position]

    def _numbered(self, number: int) -> date:
        """The working day before which there are so many."""
        low, high = date.min.toordinal(), date.max.toordinal() - 1
        while low < high:
            middle = (low + high) // 2
            if self._before(date.fromordinal(middle + 1)) > number:
                high = middle
            else:
                low = middle + 1
        return date.fromordinal(low)

    @cached_property
    def _days(self) -> list[date]:
        return sorted(self._unusual)

    @cached_property
    def _sums(self) -> list[int]:
        """By how much the exceptions before each of them, and before the end of time, change the count."""
        sums = [0]
        for day in self._days:
            sums.append(sums[-1] + (1 if self._unusual[day] else -1))
        return sums


def add_working_days(calendar: WorkingCalendar, start: datetime, days: Fraction | int) -> datetime:
    """The first moment that is so many working days after another (before it, if negative), to the microsecond."""
    return calendar.reached(calendar.passed(start) + days) if days else start


def working_days_between(calendar: WorkingCalendar, start: datetime, end: datetime) -> Fraction:
    """The working days from one moment to another; negative if that is earlier."""
    return calendar.passed(end) - calendar.passed(start)


def _usual(day: date) -> bool:
    return day.weekday() < _WORKED
