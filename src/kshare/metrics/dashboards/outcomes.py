"""What other systems measure (G2), as charts beside those of sharing. Nothing is added up: it is shown as it came."""

from datetime import date
from itertools import groupby
from typing import Any

from kshare.core.principal import Principal
from kshare.edge.kernel import Kernel
from kshare.edge.reads import binds
from kshare.metrics.contracts import Words
from kshare.metrics.dashboards.contracts import Asked
from kshare.metrics.dashboards.parts import chart, missing, point, series
from kshare.metrics.dashboards.shapes import ChartKind
from kshare.metrics.periods import Grain, Period, between
from kshare.metrics.reads import today
from kshare.outcomes.reads import current_values

LESS = Words("越低越好。", "Less is better.")
MORE = Words("越高越好。", "More is better.")

MOST = 20
"""Series that are shown, by name."""


async def outcome_charts(kernel: Kernel, principal: Principal, asked: Asked) -> list[dict[str, Any]]:
    """A chart for each series that has values in the periods, along their months; of the department or the company."""
    months = between(Grain.month, asked.periods[0].start, list(asked.periods[-1].months())[-1].start)
    statement = current_values(company=asked.department is None)
    values = {**binds(kernel, principal), "first": months[0].start, "last": months[-1].start}
    values["department"] = asked.department_id
    rows = await kernel.database.fetch(statement.sql, statement.bind(values))
    each = [list(of) for _, of in groupby(rows, lambda row: row["series_id"])]
    return [_chart(of, months, today(kernel)) for of in each[:MOST]]


def _chart(rows: list[Any], months: list[Period], day: date) -> dict[str, Any]:
    first = rows[0]
    name = Words(first["name"], first["name_en"] or first["name"])
    known = {row["month"]: float(row["value"]) for row in rows}
    points = [
        point(
            known.get(month.start),
            reason=None if month.start in known else missing(month, day),
            provisional=month.start <= day < month.end,
        )
        for month in months
    ]
    note = LESS if first["better"] == "lower" else MORE
    id = f"outcome-{first['series_id']}"
    return chart(id, name, ChartKind.line, months, [series(id, name, first["unit"], points)], note)
