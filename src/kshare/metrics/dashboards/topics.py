"""Hot topics: what rises, and not what is large. Computed once a day, and again when contents have changed."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Text, bindparam, delete, insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from kshare.core.access import Classification
from kshare.core.clock import now
from kshare.core.principal import ANONYMOUS_ID
from kshare.metrics.counting import AsOf
from kshare.metrics.dashboards.keeping import SEEN_BY_ALL
from kshare.metrics.figures.publishing import FEWEST
from kshare.metrics.figures.rising import rising
from kshare.metrics.models import HotTopicRow
from kshare.metrics.periods import beginning

RECENT, BASELINE = 28, 84
"""Full days before today that are looked at, and those before them with which they are compared."""

MOST = 50
"""Topics that are kept, of each sort."""

_COUNTS = f"""WITH shown AS (
  SELECT c.id, c.category_id, c.classification, c.published_at, c.author_id, c.owner_id FROM content c
  WHERE {SEEN_BY_ALL}
),
happened AS (
  SELECT id AS content, (published_at AT TIME ZONE :zone)::date AS day,
    CASE WHEN author_id <> '{ANONYMOUS_ID}' THEN owner_id END AS person
  FROM shown WHERE published_at >= :from_at
  UNION ALL
  SELECT k.content_id, (k.created_at AT TIME ZONE :zone)::date,
    CASE WHEN k.author_id <> '{ANONYMOUS_ID}' THEN k.owner_id END
  FROM comment k WHERE NOT k.deleted AND k.created_at >= :from_at
  UNION ALL
  SELECT r.content_id, (r.created_at AT TIME ZONE :zone)::date, r.person_id FROM reaction r
  WHERE r.created_at >= :from_at
),
read AS (
  SELECT v.content_id AS content, (v.at AT TIME ZONE :zone)::date AS day, v.person_id AS person
  FROM viewing v JOIN shown s ON s.id = v.content_id WHERE v.at >= :from_at AND v.person_id <> s.owner_id
),
of_topic AS (
  SELECT id AS content, classification, 'category' AS sort, category_id AS topic
  FROM shown WHERE category_id IS NOT NULL
  UNION ALL
  SELECT s.id, s.classification, 'tag', t.tag_id FROM shown s JOIN content_tag t ON t.content_id = s.id
),
level AS (SELECT * FROM generate_series(0, {Classification.internal.level}) AS l(level)),
met AS (
  SELECT l.level, o.sort, o.topic, :today - h.day AS ago, h.person, 1 AS times
  FROM happened h JOIN of_topic o USING (content) JOIN level l ON o.classification <= l.level
  WHERE h.day < :today AND :today - h.day <= {RECENT + BASELINE}
  UNION ALL
  SELECT DISTINCT l.level, o.sort, o.topic, (:today - r.day - 1) / 7 * 7 + 1, r.person, 1
  FROM read r JOIN of_topic o USING (content) JOIN level l ON o.classification <= l.level
  WHERE r.day < :today AND :today - r.day <= {RECENT + BASELINE}
)
SELECT level, sort, topic, count(*) FILTER (WHERE ago <= {RECENT}) AS recent,
  count(*) FILTER (WHERE ago > {RECENT}) AS baseline, count(DISTINCT person) FILTER (WHERE ago <= {RECENT}) AS people
FROM met GROUP BY level, sort, topic
HAVING count(*) FILTER (WHERE ago <= {RECENT}) * {BASELINE} > count(*) FILTER (WHERE ago > {RECENT}) * {RECENT}
  AND count(DISTINCT person) FILTER (WHERE ago <= {RECENT}) >= {FEWEST}"""
"""How often each topic was met: new contents, comments, reactions, and readers, each of whom counts once a week for a
topic. Weeks are counted back from yesterday, so that four of them are recent and twelve the baseline; were readers
counted once for all of the days, the longer time would have fewer for each day. Who is not named is not among the
people, since somebody else there might be the same person. What does not rise is left out."""


@dataclass(frozen=True, slots=True)
class Met:
    """How often a topic was met, of late and before, and by how many people of late."""

    recent: int
    baseline: int
    people: int


async def keep_topics(session: AsyncSession, as_of: AsOf) -> None:
    """Computes the hot topics as of a day."""
    fresh = _ranked(await _counted(session, as_of))
    await session.execute(delete(HotTopicRow))
    if fresh:
        await session.execute(insert(HotTopicRow), fresh)
    await session.execute(_KNOWN, {"today": as_of.today, "at": now()})


async def outdate_topics(session: AsyncSession) -> None:
    """Contents have changed: what was counted may be otherwise."""
    await session.execute(_OUTDATED)


_KNOWN = text("UPDATE metric_state SET topics_on = :today, topics_at = :at, topics_outdated = false")
_OUTDATED = text("UPDATE metric_state SET topics_outdated = true WHERE NOT topics_outdated")

Place = tuple[int, str]
"""A level of secrecy, and whether topics are tags or categories."""


async def _counted(session: AsyncSession, as_of: AsOf) -> dict[Place, dict[UUID, Met]]:
    first = as_of.today - timedelta(days=RECENT + BASELINE)
    values = {"zone": as_of.zone.key, "today": as_of.today, "from_at": beginning(as_of.zone, first)}
    typed = text(_COUNTS).bindparams(bindparam("zone", type_=Text), bindparam("today", type_=Date))
    met: dict[Place, dict[UUID, Met]] = defaultdict(dict)
    for row in await session.execute(typed, values):
        met[row.level, row.sort][row.topic] = Met(row.recent, row.baseline, row.people)
    return met


def _ranked(met: dict[Place, dict[UUID, Met]]) -> list[dict[str, Any]]:
    rows = []
    for (level, sort), topics in met.items():
        counts = {topic: (one.recent, one.baseline) for topic, one in topics.items()}
        for place, one in enumerate(rising(counts, RECENT, BASELINE)[:MOST], 1):
            ratio = {"ratio": one.ratio.ratio, "low": one.ratio.low, "high": one.ratio.high}
            counted = {"recent": one.recent, "baseline": one.baseline, "people": topics[one.topic].people}
            topic = {"classification": level, "sort": sort, "place": place, "topic_id": one.topic}
            rows.append(topic | counted | ratio)
    return rows
