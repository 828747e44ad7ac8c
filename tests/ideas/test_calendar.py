"""Working days as arithmetic, against somebody who counts them one by one."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kshare.ideas.calendar import WorkingCalendar, add_working_days, working_days_between

ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "America/Havana", "Asia/Beirut", "Australia/Lord_Howe")
"""Two that never change their clocks or hardly, two that do, and those that skip midnight or change by half an hour."""

FIRST, LAST = date(2024, 1, 1), date(2027, 12, 31)
MICROSECOND = timedelta(microseconds=1)

moments = st.datetimes(
    datetime(2024, 6, 1), datetime(2026, 12, 31), timezones=st.just(UTC)
)  # fmt: skip
days = st.dates(FIRST, LAST)
exceptions = st.dictionaries(days, st.booleans(), max_size=40)
zones = st.sampled_from(ZONES).map(ZoneInfo)
amounts = st.fractions(min_value=-60, max_value=60, max_denominator=1000)


def slow(zone: ZoneInfo, unusual: dict[date, bool], start: datetime, end: datetime) -> Fraction:
    """The working days from start to end, counted day by day, for start <= end."""
    total, day = Fraction(0), start.astimezone(zone).date() - timedelta(days=2)
    while True:
        begins = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
        after = day + timedelta(days=1)
        ends = datetime(after.year, after.month, after.day, tzinfo=zone).astimezone(UTC)
        if begins >= end:
            return total
        if unusual.get(day, day.weekday() < 5):
            within = min(end, ends) - max(start, begins)
            if within > timedelta(0):
                total += Fraction(within // MICROSECOND, (ends - begins) // MICROSECOND)
        day = after


@given(zones, exceptions, moments, moments)
def test_days_between_are_those_that_one_counts(
    zone: ZoneInfo, unusual: dict[date, bool], one: datetime, other: datetime
) -> None:
    calendar = WorkingCalendar(zone, unusual)
    start, end = min(one, other), max(one, other)
    assert working_days_between(calendar, start, end) == slow(zone, unusual, start, end)
    assert working_days_between(calendar, end, start) == -slow(zone, unusual, start, end)


@given(zones, exceptions, moments, amounts)
def test_so_many_days_later_is_the_first_such_moment(
    zone: ZoneInfo, unusual: dict[date, bool], start: datetime, amount: Fraction
) -> None:
    calendar = WorkingCalendar(zone, unusual)
    end = add_working_days(calendar, start, amount)
    # The moment is told to the microsecond, of which a working day of 23 hours has 82,800 million.
    assert abs(working_days_between(calendar, start, end) - amount) <= Fraction(1, 82_800_000_000)
    if amount:
        just_before = end - 2 * MICROSECOND
        assert working_days_between(calendar, start, just_before) < amount


@given(zones, exceptions, moments, st.integers(0, 30), st.integers(0, 30))
def test_days_add_up(zone: ZoneInfo, unusual: dict[date, bool], start: datetime, one: int, more: int) -> None:
    calendar = WorkingCalendar(zone, unusual)
    at_once = add_working_days(calendar, start, one + more)
    step_by_step = add_working_days(calendar, add_working_days(calendar, start, one), more)
    assert working_days_between(calendar, at_once, step_by_step) == 0


@given(zones, exceptions, moments)
def test_every_moment_lies_in_its_day(zone: ZoneInfo, unusual: dict[date, bool], moment: datetime) -> None:
    calendar = WorkingCalendar(zone, unusual)
    day = calendar.day_of(moment)
    assert calendar.start_of(day) <= moment < calendar.start_of(day + timedelta(days=1))


@pytest.mark.parametrize(
    "start, amount, end",
    [
        ("2026-11-20T15:00+08:00", 2, "2026-11-24T15:00+08:00"),  # over a weekend
        ("2026-11-21T11:00+08:00", 1, "2026-11-24T00:00+08:00"),  # from a Saturday: to the end of Monday
        ("2026-09-30T12:00+08:00", 1, "2026-10-08T12:00+08:00"),  # over the holidays of October
        ("2026-10-09T12:00+08:00", 1, "2026-10-10T12:00+08:00"),  # to a Saturday that is worked
        ("2026-11-24T15:00+08:00", -2, "2026-11-20T15:00+08:00"),
        ("2026-11-21T11:00+08:00", 0, "2026-11-21T11:00+08:00"),
    ],
)
def test_a_year_in_shanghai(start: str, amount: int, end: str) -> None:
    unusual = {date(2026, 10, day): False for day in range(1, 8)} | {date(2026, 10, 10): True}
    calendar = WorkingCalendar(ZoneInfo("Asia/Shanghai"), unusual)
    assert add_working_days(calendar, datetime.fromisoformat(start), amount) == datetime.fromisoformat(end)


def test_a_day_of_23_hours_is_a_day() -> None:
    calendar = WorkingCalendar(ZoneInfo("Europe/Berlin"), {date(2026, 3, 29): True})
    noon = datetime.fromisoformat("2026-03-27T12:00+01:00")
    # Of the Sunday, half of its 23 hours are over at 12:30.
    assert add_working_days(calendar, noon, 1) == datetime.fromisoformat("2026-03-29T12:30+02:00")
