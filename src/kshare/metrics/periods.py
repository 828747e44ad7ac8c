"""The periods of metrics: calendar months and quarters of the company's time zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from kshare.core.choices import Choice

FIRST = date(1990, 1, 1)
"""No period begins before this day."""


class Grain(Choice):
    """How long the periods are."""

    month = "month", "Calendar months."
    quarter = "quarter", "Calendar quarters."

    @property
    def months(self) -> int:
        return 1 if self is Grain.month else 3


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A calendar month or quarter: from `start` to the day before `end`."""

    start: date
    grain: Grain

    @classmethod
    def of(cls, grain: Grain, day: date) -> "Period":
        """The period that a day lies in."""
        return cls(date(day.year, day.month - (day.month - 1) % grain.months, 1), grain)

    @classmethod
    def named(cls, label: str) -> "Period":
        """The period that a label names; raises ValueError for the year 0."""
        year, _, part = label.partition("-")
        if part.startswith("Q"):
            return cls(date(int(year), int(part[1:]) * 3 - 2, 1), Grain.quarter)
        return cls(date(int(year), int(part), 1), Grain.month)

    @property
    def end(self) -> date:
        """The first day after it."""
        return _end(self.start, self.grain)

    @property
    def label(self) -> str:
        """`2026-05`, or `2026-Q2`."""
        return _label(self.start, self.grain)

    def months(self) -> Iterator["Period"]:
        """Its months, in order."""
        for after in range(self.grain.months):
            yield Period(months_later(self.start, after), Grain.month)

    def later(self, periods: int) -> "Period":
        """The period so many after it; before it, if negative."""
        return Period(months_later(self.start, periods * self.grain.months), self.grain)


# Dashboards ask for these a thousand times, of a few dozen periods.
@lru_cache(2_048)
def _end(start: date, grain: Grain) -> date:
    return months_later(start, grain.months)


@lru_cache(2_048)
def _label(start: date, grain: Grain) -> str:
    if grain is Grain.month:
        return f"{start:%Y-%m}"
    return f"{start.year}-Q{(start.month + 2) // 3}"


def between(grain: Grain, first: date, last: date) -> list[Period]:
    """The periods from the one that `first` lies in to the one that `last` lies in."""
    periods = [Period.of(grain, first)]
    while periods[-1].end <= last:
        periods.append(periods[-1].later(1))
    return periods


def months_later(day: date, months: int) -> date:
    """The first of the month so many months after that of a day; before it, if negative."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def beginning(zone: ZoneInfo, day: date) -> datetime:
    """When a day begins in a time zone, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)
