"""Times, days and months as callers write them: RFC 3339, written out, with a time zone."""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d.*")


def _written_as(form: re.Pattern[str], rule: str, message: str) -> BeforeValidator:
    """A time is written out: pydantic alone would take a number for the seconds since 1970."""

    def check(value: Any) -> Any:
        if isinstance(value, date) or (isinstance(value, str) and form.fullmatch(value)):
            return value
        raise PydanticCustomError(rule, message)

    return BeforeValidator(check)


Day = Annotated[date, _written_as(_DAY, "date_parsing", "Write the day as 2026-03-01")]
"""A calendar day."""
Moment = Annotated[
    AwareDatetime, _written_as(_MOMENT, "datetime_parsing", "Write the time as 2026-03-01T12:00:00Z (RFC 3339)")
]
"""A moment in time."""

_MONTH = "(199[0-9]|2[01][0-9]{2})-(0[1-9]|1[0-2])"


def _month(value: str) -> str:
    if re.fullmatch(_MONTH, value) is None:
        raise PydanticCustomError("month_parsing", "Write the month as 2026-03; it lies between 1990 and 2199")
    return value


_MONTH_SCHEMA = {"type": "string", "format": "month", "pattern": f"^{_MONTH}$"}
Month = Annotated[str, AfterValidator(_month), WithJsonSchema(_MONTH_SCHEMA)]
"""A calendar month, as `2026-03`."""


def first_day(month: str) -> date:
    """The first day of a `Month`."""
    return date.fromisoformat(f"{month}-01")
