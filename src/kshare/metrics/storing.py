"""Putting figures that were computed in the place of those that are stored."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ARRAY, Date, Text, Uuid, bindparam, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.core.database import Row
from kshare.metrics.contracts import Metric
from kshare.metrics.models import MetricValueRow
from kshare.metrics.periods import Period

_TABLE = Row.metadata.tables[MetricValueRow.__tablename__]
_NAMES = [column.name for column in _TABLE.columns]
_KEY = ["metric", "department_id", "kind", "grain", "start"]
# Of the table and not of the class, which would make a statement for each set of columns that are null.
_NEW = pg_insert(_TABLE)
_PUT = _NEW.on_conflict_do_update(
    index_elements=_KEY, set_={name: _NEW.excluded[name] for name in _NAMES if name not in _KEY}
)
_REMOVE = text(
    """DELETE FROM metric_value v
    USING unnest(:departments, :kinds, :grains, :starts) AS k(department_id, kind, grain, start)
    WHERE v.metric = :metric AND v.department_id = k.department_id AND v.kind = k.kind AND v.grain = k.grain
      AND v.start = k.start"""
).bindparams(
    bindparam("departments", type_=ARRAY(Uuid)), bindparam("kinds", type_=ARRAY(Text)),
    bindparam("grains", type_=ARRAY(Text)), bindparam("starts", type_=ARRAY(Date)),
)  # fmt: skip


async def write(session: AsyncSession, metric: Metric, periods: Iterable[Period], figures: list[dict[str, Any]]) -> int:
    """Puts the figures in the place of those of the same periods; rows that stay the same are left alone."""
    row = MetricValueRow
    places = [(period.grain.value, period.start) for period in periods]
    of_periods = row.metric == metric.id, tuple_(row.grain, row.start).in_(places)
    columns = [getattr(row, name) for name in _NAMES]
    found = {_key(one._mapping): tuple(one) for one in await session.execute(select(*columns).where(*of_periods))}
    fresh = {_key(figure): figure for figure in figures}
    changed = [figure for key, figure in fresh.items() if found.get(key) != tuple(figure[name] for name in _NAMES)]
    if gone := [key for key in found if key not in fresh]:
        _, departments, kinds, grains, starts = (list(part) for part in zip(*gone, strict=True))
        keys = {"departments": departments, "kinds": kinds, "grains": grains, "starts": starts}
        await session.execute(_REMOVE, {"metric": metric.id, **keys})
    if changed:
        await session.execute(_PUT, changed)
    return len(gone) + len(changed)


def _key(figure: Mapping[Any, Any]) -> tuple[Any, ...]:
    return tuple(figure[name] for name in _KEY)
