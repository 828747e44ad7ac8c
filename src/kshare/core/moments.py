"""Times and days as callers write them: RFC 3339, written out, with a time zone."""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator
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
