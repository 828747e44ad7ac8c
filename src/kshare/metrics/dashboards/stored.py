"""Many stored series in one statement, however many a dashboard shows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from kshare.edge.kernel import Kernel
from kshare.metrics.models import COMPANY
from kshare.metrics.periods import Grain, Period

_FIGURES = """
WITH key AS (SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[]) AS k(metric, place, kind, grain)),
found AS (
  SELECT v.* FROM key k JOIN metric_value v ON v.metric = k.metric AND v.department_id = k.place AND v.kind = k.kind
    AND v.grain = k.grain AND v.start BETWEEN $5 AND $6
  UNION ALL
  SELECT v.* FROM key k JOIN metric_value v ON k.kind IS NULL AND v.metric = k.metric AND v.department_id = k.place
    AND v.kind <> '' AND v.grain = k.grain AND v.start BETWEEN $5 AND $6
)
SELECT s.refreshed_at, f.metric, f.department_id, f.kind, f.grain, f.start, f.value, f.numerator, f.denominator, f.low,
  f.high, f.reason
FROM (SELECT max(refreshed_at) AS refreshed_at FROM metric_state) s LEFT JOIN found f ON true
ORDER BY f.kind"""


@dataclass(frozen=True, slots=True)
class Key:
    """A series: of a metric, for a department or (None) the company, of a kind, '' for all; None stands for every kind
    that there is."""

    metric: str
    department: UUID | None
    grain: Grain
    kind: str | None = ""


@dataclass(frozen=True)
class Stored:
    """The figures found, by their series and the first days of their periods."""

    refreshed_at: datetime | None
    _found: Mapping[Key, Mapping[date, asyncpg.Record]]

    def at(self, key: Key, period: Period) -> Mapping[str, Any] | None:
        """The figure of a period, if there is a row of it."""
        row = self._found.get(key, {}).get(period.start)
        return None if row is None else dict(row)

    def kinds(self, key: Key) -> list[str]:
        """The kinds of which there is anything."""
        return [one.kind for one in self._found if one.kind and replace(one, kind=None) == replace(key, kind=None)]


async def load(kernel: Kernel, keys: Iterable[Key], first: date, last: date) -> Stored:
    """The figures of periods that begin from the one day to the other."""
    asked: Sequence[Key] = list(dict.fromkeys(keys))
    values = (
        [key.metric for key in asked],
        [key.department or COMPANY for key in asked],
        [key.kind for key in asked],
        [key.grain.value for key in asked],
        first,
        last,
    )
    rows = await kernel.database.fetch(_FIGURES, values)
    found: dict[Key, dict[date, asyncpg.Record]] = defaultdict(dict)
    for row in rows:
        if row["metric"] is not None:
            place = None if row["department_id"] == COMPANY else row["department_id"]
            found[Key(row["metric"], place, Grain(row["grain"]), row["kind"])][row["start"]] = row
    return Stored(rows[0]["refreshed_at"], found)
