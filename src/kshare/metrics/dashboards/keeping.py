"""What dashboards need beside the figures of metrics, computed with them: of categories, and the places of people."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.core.access import Classification
from kshare.core.principal import EVERYONE
from kshare.metrics.counting import AsOf, bound, typed
from kshare.metrics.definitions.people import ACTIVE, ELIGIBLE
from kshare.metrics.periods import Grain, Period

SEEN_BY_ALL = f"""c.state = 'published' AND c.readers @> ARRAY['{EVERYONE}'::uuid]
  AND c.classification <= {Classification.internal.level}"""
"""That everybody sees a content `c`, but for those who are not cleared for what is internal. Only such contents may
feed what is not told by departments: a name or a number would tell others that there is something."""

_PLACES = f"""WITH {ELIGIBLE}, {ACTIVE},
fresh AS (
  SELECT a.person AS person_id, :grain AS grain, CAST(:since AS date) AS start, e.department AS department_id, a.weight,
    rank() OVER (ORDER BY a.weight DESC) AS place
  FROM active a JOIN person p ON p.id = a.person AND p.kind = 'person' LEFT JOIN eligible e USING (person)
),
gone AS (
  DELETE FROM contributor_place k WHERE k.grain = :grain AND k.start = :since
    AND NOT EXISTS (SELECT FROM fresh f WHERE f.person_id = k.person_id)
)
INSERT INTO contributor_place AS k (person_id, grain, start, department_id, weight, place)
SELECT person_id, grain, start, department_id, weight, place FROM fresh
ON CONFLICT (person_id, grain, start) DO UPDATE
  SET department_id = excluded.department_id, weight = excluded.weight, place = excluded.place
  WHERE (k.department_id, k.weight, k.place)
    IS DISTINCT FROM (excluded.department_id, excluded.weight, excluded.place)"""

_CATEGORIES = f"""WITH shown AS (
  SELECT c.id, c.category_id, c.classification, c.kind, c.published_at, c.owner_id FROM content c
  WHERE c.category_id IS NOT NULL AND c.kind IN ('knowledge_item', 'idea') AND {SEEN_BY_ALL}
),
happened AS (
  SELECT category_id, classification, (kind = 'knowledge_item')::int AS items, (kind = 'idea')::int AS ideas,
    0 AS views, 0 AS thanks
  FROM shown WHERE published_at >= :since_at AND published_at < :until_at
  UNION ALL
  SELECT s.category_id, s.classification, 0, 0, 1, 0 FROM viewing v JOIN shown s ON s.id = v.content_id
  WHERE v.at >= :since_at AND v.at < :until_at AND v.person_id <> s.owner_id
  UNION ALL
  SELECT s.category_id, s.classification, 0, 0, 0, 1 FROM reaction r JOIN shown s ON s.id = r.content_id
  WHERE r.kind = 'thank' AND r.created_at >= :since_at AND r.created_at < :until_at AND r.person_id <> s.owner_id
),
fresh AS (
  SELECT category_id, CAST(:since AS date) AS month, classification, sum(items) AS items, sum(ideas) AS ideas,
    sum(views) AS views, sum(thanks) AS thanks
  FROM happened GROUP BY category_id, classification
),
gone AS (
  DELETE FROM category_month k WHERE k.month = :since AND NOT EXISTS (
    SELECT FROM fresh f WHERE (f.category_id, f.classification) = (k.category_id, k.classification))
)
INSERT INTO category_month AS k (category_id, month, classification, items, ideas, views, thanks)
SELECT category_id, month, classification, items, ideas, views, thanks FROM fresh
ON CONFLICT (category_id, month, classification) DO UPDATE
  SET items = excluded.items, ideas = excluded.ideas, views = excluded.views, thanks = excluded.thanks
  WHERE (k.items, k.ideas, k.views, k.thanks)
    IS DISTINCT FROM (excluded.items, excluded.ideas, excluded.views, excluded.thanks)"""


async def keep(session: AsyncSession, period: Period, as_of: AsOf) -> None:
    """Brings up to date what is kept of a period; rows that stay the same are left alone."""
    values = as_of.values(period)
    await session.execute(typed(_PLACES), {**bound(_PLACES, values), "grain": period.grain.value})
    if period.grain is Grain.month:
        await session.execute(typed(_CATEGORIES), bound(_CATEGORIES, values))


async def forget(session: AsyncSession, first: Period, as_of: AsOf) -> None:
    """Removes what is kept of periods in which there can be nothing: before the first one, and of the future."""
    for table, column in (("contributor_place", "start"), ("category_month", "month")):
        outside = text(f"DELETE FROM {table} WHERE {column} < :first OR {column} > :today")
        await session.execute(outside, {"first": first.start, "today": as_of.today})
