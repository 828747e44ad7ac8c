"""What v1 still serves and will not serve for ever: one notice, which both doors show.

A notice is given to an operation as it is declared (`door.page(…, deprecated=NOTICE)`) and around the field of GraphQL
(`old = NOTICE.on_field(list_field(…))`). A field of a shape says it as pydantic does, `Field(deprecated="Use …")`, and
is then marked in both contracts.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import TypeVar

F = TypeVar("F")


@dataclass(frozen=True)
class Deprecation:
    """Since when something is deprecated, when it ends, if that is known, and what to use instead, in a sentence."""

    since: date
    instead: str
    sunset: date | None = None

    @property
    def reason(self) -> str:
        """The notice as a reader of the contract sees it."""
        ends = f", served until {self.sunset}" if self.sunset else ""
        return f"Deprecated since {self.since}{ends}. {self.instead}"

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """`Deprecation` (RFC 9745) and, if the end is known, `Sunset` (RFC 8594)."""
        headers = [(b"deprecation", b"@%d" % _midnight(self.since).timestamp())]
        if self.sunset is not None:
            headers.append((b"sunset", format_datetime(_midnight(self.sunset), usegmt=True).encode()))
        return tuple(headers)

    def on_field(self, field: F) -> F:
        """The field of a GraphQL root type, marked `@deprecated`."""
        field.deprecation_reason = self.reason  # type: ignore[attr-defined]
        return field


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
