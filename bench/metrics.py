"""Figures for 100,000 people and 24 months: what dashboards take relative to a page, and what computing them takes."""

import time
from pathlib import Path

import asyncpg

from bench import servers
from bench.company import PEOPLE as ALREADY
from bench.latency import one_by_one
from bench.load import Load
from bench.report import Report
from bench.seed import Seeded
from kshare.console import Console
from kshare.core.clock import now
from kshare.core.database import Database
from kshare.core.settings import Settings
from kshare.metrics.definitions import METRICS
from kshare.metrics.periods import Grain, Period
from kshare.metrics.rebuild import rebuild

Connection = asyncpg.Connection
MONTHS, DEPARTMENTS = 24, 1_000
MOST = 5.0

_SEED = f"""
INSERT INTO department (id, name, parent_id, path, version, created_at, updated_at)
  SELECT id, '小组' || n, parent, path || id, 1, now(), now() FROM (
    SELECT uuidv7() AS id, n, above.id AS parent, above.path FROM generate_series(1, {DEPARTMENTS}) n
    JOIN (SELECT id, path, row_number() OVER (ORDER BY id) AS place, count(*) OVER () AS all_ FROM department
      WHERE cardinality(path) = 3) above ON above.place = 1 + n % above.all_) AS added;
CREATE TEMP TABLE place AS SELECT id, row_number() OVER (ORDER BY id)::int - 1 AS n FROM department
  WHERE cardinality(path) >= 3;
CREATE TEMP TABLE joined AS SELECT uuidv7() AS id, n, (SELECT id FROM place WHERE place.n = s.n % (
    SELECT count(*) FROM place)) AS department_id FROM generate_series(1, {{people}}) AS s (n);
INSERT INTO person (id, kind, name, sort_name, search_name, email, language, department_id, clearance, active, version,
  created_at, updated_at) SELECT id, 'person', '员工' || n, 'yuangong' || n, 'yuangong' || n, 'm' || n ||
  '@bench.example', 'zh', department_id, 1, true, 1, now(), now() FROM joined;
UPDATE person p SET manager_id = m.id FROM (SELECT DISTINCT ON (department_id) department_id, id FROM person
  ORDER BY department_id, id) m WHERE m.department_id = p.department_id AND m.id <> p.id;
INSERT INTO membership (id, person_id, department_id, since, until) SELECT uuidv7(), j.id,
  (SELECT id FROM place WHERE place.n = (j.n + 7) % (SELECT count(*) FROM place)),
  current_date - 900, current_date - (j.n % 700) FROM joined j WHERE j.n % 20 = 0;
INSERT INTO membership (id, person_id, department_id, since) SELECT uuidv7(), id, department_id,
  CASE WHEN n % 20 = 0 THEN current_date - n % 700 ELSE current_date - 900 + n % 600 END FROM joined;
INSERT INTO contribution (id, person_id, department_id, rule, rule_version, occurred_on, month, weight, object_kind,
  recorded_at) SELECT uuidv7(), p.id, p.department_id, 'comment_written', 1, day, date_trunc('month', day)::date,
  (ARRAY[0.5, 0.5, 1, 2, 3])[1 + (hashtext(p.id::text || month) & 7) % 5], 'comment', now()
  FROM person p, generate_series(0, {MONTHS} - 1) AS month,
  LATERAL (SELECT (date_trunc('month', current_date) - make_interval(months => month))::date AS day) AS d
  WHERE p.kind = 'person' AND (hashtext(p.id::text || month || 'x') & 15) < 5;
UPDATE content SET published_at = published_at + (greatest(current_date - 720, published_at::date) - published_at::date)
  * interval '1 day' WHERE published_at IS NOT NULL;
UPDATE content SET listed_at = published_at WHERE published_at IS NOT NULL;
INSERT INTO viewing (id, content_id, person_id, dwell_ms, at) SELECT uuidv7(), c.id, p.id, 20000,
  now() - random() * interval '720 days' FROM (SELECT id, row_number() OVER () AS n FROM content
    WHERE kind = 'knowledge_item' AND state = 'published' LIMIT 10000) c
  JOIN (SELECT id, row_number() OVER () AS n FROM person) p ON p.n % 1000 = c.n % 1000
"""


async def measure(
    url: str, directory: Path, connection: Connection, facts: Seeded, load: Load, report: Report, console: Console,
    *, count: int, people: int,
) -> None:  # fmt: skip
    """Seeds two years of a large company into a copy, computes its figures, and asks for every dashboard."""
    with console.step(f"Making {people:,} people and {MONTHS} months of contributions"):
        for statement in _SEED.format(people=people - ALREADY).split(";\n"):
            await connection.execute(statement)
        await connection.execute("VACUUM ANALYZE")
    table = f"Figures: {people:,} people, {MONTHS} months, {len(METRICS)} metrics"
    with console.step("Computing all figures"):
        took = await _rebuilt(url)
    rows = await connection.fetchval("SELECT count(*) FROM metric_value")
    report.add(table, "computing a quarter and its months, in seconds", took, most=30.0, detail=f"{rows:,} figures")
    dashboards = [
        ("overview", "/v1/dashboards/overview?from={from_}"),
        ("contributors", "/v1/dashboards/contributors?from={from_}"),
        ("hot topics", "/v1/dashboards/hot_topics"),
        ("funnel of ideas", "/v1/dashboards/idea_funnel?from={from_}&by=quarter"),
        ("overdue things", "/v1/dashboards/overdue"),
        ("a department", "/v1/dashboards/department?from={from_}&department={department}"),
        ("a category", "/v1/dashboards/category?from={from_}&category={category}"),
        ("values of one metric", "/v1/metrics/active_sharers/values?from={from_}"),
        ("totals of contributions, 20", "/v1/contribution-totals?from={from_}"),
        ("contributions, 20", "/v1/contributions"),
    ]
    month = Period.of(Grain.month, now().date()).later(1 - MONTHS)
    departments = dict(
        await connection.fetch("SELECT id, department_id FROM person WHERE id = ANY($1)", [id for _, id in facts.keys])
    )
    categories = [row[0] for row in await connection.fetch("SELECT id FROM category ORDER BY id LIMIT 20")]
    with servers.kshare(url, directory, "kshare-figures") as kshare:
        page = one_by_one(load, kshare, "page", [("/v1/knowledge-items", key) for key, _ in facts.keys], count)
        for name, path in dashboards:
            asked = [
                (
                    path.format(
                        from_=month.start, department=departments[id], category=categories[n % len(categories)]
                    ),
                    key,
                )
                for n, (key, id) in enumerate(facts.keys)
            ]
            timing = one_by_one(load, kshare, name, asked, count)
            detail = f"{timing.median * 1000:.2f} ms (p99 {timing.p99 * 1000:.2f}), a page {page.median * 1000:.2f} ms"
            report.add(f"{table}; a page = 1", f"{name}: median", timing.median / page.median, most=MOST, detail=detail)


async def _rebuilt(url: str) -> float:
    """Computes every figure from nothing; the seconds that a quarter takes."""
    database = Database(url, Settings(_env_file=None))
    quarters = 0

    def count(done: int, of: int) -> None:
        nonlocal quarters
        quarters = of

    began = time.perf_counter()
    try:
        await rebuild(database, count)
    finally:
        await database.close()
    return (time.perf_counter() - began) / quarters
