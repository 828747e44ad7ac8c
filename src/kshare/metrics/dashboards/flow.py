"""The flow of knowledge between departments (G1), as a matrix: from whose knowledge it is to who used it."""

from typing import Any

from kshare.edge.kernel import Kernel
from kshare.metrics.contracts import Words
from kshare.metrics.dashboards.parts import COUNT, chart, missing, point, series
from kshare.metrics.dashboards.shapes import ChartKind
from kshare.metrics.models import COMPANY
from kshare.metrics.periods import Period
from kshare.metrics.reads import today
from kshare.metrics.shapes import Untold

MOST = 30
"""Departments in a matrix, by name."""

_FLOW = """WITH top AS (
  SELECT CASE WHEN count(*) = 1 THEN min(id::text)::uuid END AS id FROM department WHERE parent_id IS NULL
),
part AS (
  SELECT d.id, d.name, d.name_en FROM department d, top
  WHERE d.id = top.id OR d.parent_id IS NOT DISTINCT FROM top.id ORDER BY d.id = top.id DESC, d.name, d.id LIMIT $3
)
SELECT f.id AS from_id, f.name AS from_name, f.name_en AS from_name_en, t.id AS to_id, c.pairs, c.reason
FROM top CROSS JOIN part f CROSS JOIN part t LEFT JOIN metric_flow c
  ON c.within_id = coalesce(top.id, $1) AND c.quarter = $2 AND c.from_id = f.id AND c.to_id = t.id
ORDER BY f.id = top.id DESC NULLS LAST, f.name, f.id, t.id = top.id DESC NULLS LAST, t.name, t.id"""
"""Where all hang below one department, those next below it; see `kshare.metrics.flows`."""


async def flow_chart(kernel: Kernel, quarter: Period) -> dict[str, Any]:
    """The matrix of a quarter."""
    rows = await kernel.database.fetch(_FLOW, (COMPANY, quarter.start, MOST))
    names = {row["from_id"]: Words(row["from_name"], row["from_name_en"] or row["from_name"]) for row in rows}
    cells = {(row["from_id"], row["to_id"]): _cell(row, missing(quarter, today(kernel))) for row in rows}
    return chart(
        "flow",
        Words(f"知识流向（{quarter.label}）", f"Flow of knowledge, {quarter.label}"),
        ChartKind.matrix,
        list(names.values()),
        [series(str(of), name, COUNT, [cells[of, to] for to in names]) for of, name in names.items()],
        Words(
            "行是知识所属部门，列是使用者所在部门；数值为人与知识条目的不同组合数。",
            "A row is the department whose knowledge it is, a column the one whose people used it: distinct pairs of a "
            "person and an item.",
        ),
    )


def _cell(row: Any, absent: Untold) -> dict[str, Any]:
    if row["pairs"] is not None:
        return point(float(row["pairs"]))
    return point(None, reason=Untold(row["reason"]) if row["reason"] else absent)
