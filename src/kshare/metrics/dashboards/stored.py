"""Many stored series in one statement, however many a dashboard shows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from kshare.edge.kernel import Kernel
from kshare.metrics.models import COMPANY
from kshare.metrics.periods import Grain

_FIGURES = """
WITH key AS (
  SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[])
    WITH ORDINALITY AS k(metric, place, kind, grain, n)
), found AS (
  SELECT k.n, v.* FROM key k JOIN metric_value v ON v.metric = k.metric AND v.department_id = k.place
    AND v.kind = k.kind AND v.grain = k.grain AND v.start BETWEEN $5 AND $6
  UNION ALL
  SELECT k.n, v.* FROM key k JOIN metric_value v ON k.kind IS NULL AND v.metric = k.metric AND v.department_id = k.place
    AND v.kind <> '' AND v.grain = k.grain AND v.start BETWEEN $5 AND $6
)
SELECT NULL::timestamptz AS refreshed_at, n, kind, start, value, low, high, reason,
  CASE WHEN $7 THEN numerator END AS numerator, CASE WHEN $7 THEN denominator END AS denominator
FROM found
UNION ALL SELECT refreshed_at, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM metric_state"""


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
    _found: Mapping[Key, Mapping[date, Mapping[str, Any]]]

    def of(self, key: Key) -> Mapping[date, Mapping[str, Any]]:
        """The figures of a series, by the first days of their periods."""
        return self._found.get(key, {})

    def kinds(self, key: Key) -> list[str]:
        """The kinds of which there is anything."""
        same = key.metric, key.department, key.grain
        return sorted(one.kind for one in self._found if one.kind and (one.metric, one.department, one.grain) == same)


async def load(kernel: Kernel, keys: Iterable[Key], first: date, last: date, *, parts: bool = False) -> Stored:
    """The figures of periods that begin from the one day to the other; with their numerators and denominators, which
    take their time to read, if `parts` are asked for."""
    asked: Sequence[Key] = list(dict.fromkeys(keys))
    values = (
        [key.metric for key in asked],
        [key.department or COMPANY for key in asked],
        [key.kind for key in asked],
        [key.grain.value for key in asked],
        first,
        last,
        parts,
    )
    rows = await kernel.database.fetch(_FIGURES, values)
    refreshed_at = None
    of_number: dict[tuple[int, str], dict[date, Any]] = defaultdict(dict)
    for row in rows:
        if row["n"] is None:
            refreshed_at = row["refreshed_at"]
        else:
            of_number[row["n"], row["kind"]][row["start"]] = row
    found = {}
    for (number, kind), figures in of_number.items():
        key = asked[number - 1]
        found[Key(key.metric, key.department, key.grain, kind)] = figures
    return Stored(refreshed_at, found)
