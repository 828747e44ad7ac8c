"""Computing the flow of knowledge of a quarter: between the departments next below each department, and the company.

Each use of an item of one department by somebody of another belongs to one cell of one matrix: that of the department
in which the two first come together, from the part of it that wrote to the part that reads; who is in none of its parts
makes one more. Use within a department is in the matrices below it. So no cell is a sum of others, no total is told,
and nothing can be subtracted: it is enough that five people stand behind each.
"""

from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.metrics.counting import AsOf, bound, typed
from kshare.metrics.definitions.people import ELIGIBLE
from kshare.metrics.figures.publishing import FEWEST
from kshare.metrics.models import COMPANY, MetricFlowRow
from kshare.metrics.periods import Period
from kshare.metrics.shapes import Untold
from kshare.people.commands.departments import DEEPEST

_TOGETHER = " ".join(
    f"WHEN s.path[{level}] IS DISTINCT FROM t.path[{level}] THEN {level - 1}" for level in range(1, DEEPEST + 1)
)
"""How many departments, from the root down, two paths have in common."""
_USED = f"""WITH {ELIGIBLE}, used AS (
  SELECT content_id, person_id FROM viewing WHERE at >= :since_at AND at < :until_at
  UNION SELECT content_id, person_id FROM reaction
    WHERE kind IN ('thank', 'favourite') AND created_at >= :since_at AND created_at < :until_at
  UNION SELECT content_id, author_id FROM comment
    WHERE NOT deleted AND created_at >= :since_at AND created_at < :until_at
), parted AS (
  SELECT s.path AS source, t.path AS target, e.person, CASE {_TOGETHER} END AS together
  FROM used u JOIN content c ON c.id = u.content_id JOIN department s ON s.id = c.department_id
    JOIN eligible e ON e.person = u.person_id JOIN department t ON t.id = e.department
  WHERE c.kind = 'knowledge_item' AND c.owner_id <> u.person_id AND s.id <> t.id
), of_each AS (
  SELECT coalesce(source[together], '{COMPANY}') AS within_id,
    coalesce(source[together + 1], source[together]) AS from_id,
    coalesce(target[together + 1], target[together]) AS to_id, person, count(*) AS pairs
  FROM parted GROUP BY 1, 2, 3, 4
)
SELECT within_id, from_id, to_id, sum(pairs)::int AS pairs, count(*)::int AS people FROM of_each GROUP BY 1, 2, 3"""


async def computed_flow(session: AsyncSession, quarter: Period, as_of: AsOf) -> list[dict[str, Any]]:
    """The rows of a quarter, without the numbers of cells that too few people stand behind."""
    found = await session.execute(typed(_USED), bound(_USED, as_of.values(quarter)))
    return [_row(quarter, dict(cell)) for cell in found.mappings()]


def _row(quarter: Period, cell: dict[str, Any]) -> dict[str, Any]:
    if cell["people"] < FEWEST:
        cell |= {"pairs": None, "people": None, "reason": Untold.too_few_people.value}
    return {"quarter": quarter.start, "reason": None, **cell}


async def write_flow(session: AsyncSession, quarter: Period, rows: list[dict[str, Any]]) -> int:
    """Puts the rows in the place of those of the quarter, if they differ; how many did."""
    of_quarter = MetricFlowRow.quarter == quarter.start
    columns = MetricFlowRow.__table__.columns
    known = {tuple(row) for row in await session.execute(select(*columns).where(of_quarter))}
    fresh = {tuple(row[column.name] for column in columns) for row in rows}
    if known == fresh:
        return 0
    await session.execute(delete(MetricFlowRow).where(of_quarter))
    if rows:
        await session.execute(insert(MetricFlowRow), rows)
    return len(known ^ fresh)
