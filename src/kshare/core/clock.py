"""The one place that asks what time it is."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


def midnight(moment: datetime) -> datetime:
    """When the day of a moment began, in UTC."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def day_in(zone: ZoneInfo, moment: datetime) -> date:
    """Which day it is in a time zone at a moment."""
    return moment.astimezone(zone).date()
