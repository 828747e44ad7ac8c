"""Tables for spreadsheets: RFC 4180 in UTF-8 with a byte order mark, and nothing in them that would be computed."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

MEDIA_TYPE = "text/csv"

BOM = "\ufeff"
"""By which spreadsheets know UTF-8."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a cell begins that a spreadsheet would compute, or take apart, instead of showing it."""


def table_head(columns: Iterable[str]) -> bytes:
    """The byte order mark and the names of the columns."""
    return f"{BOM}{','.join(columns)}\r\n".encode()


def table_rows(rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows as lines. A text that a spreadsheet would take for a formula begins with an apostrophe; a number is never
    one, so what is exact and therefore comes as text is given as a `Decimal`."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows([_harmless(value) for value in row] for row in rows)
    return out.getvalue().encode()


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
