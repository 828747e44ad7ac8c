"""Reviews: a desk, and a panel of 200 ideas with 12 reviewers, relative to a page of knowledge items."""

from itertools import cycle
from pathlib import Path
from uuid import UUID

import asyncpg

from bench import servers
from bench.latency import one_by_one
from bench.load import Load
from bench.report import Report
from bench.seed import Seeded
from kshare.console import Console

Connection = asyncpg.Connection
IDEAS, JUDGES, PANELS = 200, 12, 20
"""Of each panel; every second one is closed, the others are being judged."""
MOST = 5.0
TABLE = f"Reviews: {PANELS} panels of {IDEAS} ideas x {JUDGES} reviewers; a page of as many items = 1"

_SEED = f"""
CREATE TEMP TABLE judged AS SELECT id, row_number() OVER (ORDER BY id)::int - 1 AS n FROM content
  WHERE kind = 'idea' AND state = 'published' AND classification <= 1
    AND audience = ARRAY['00000000-0000-7000-8000-000000000001'::uuid] LIMIT {IDEAS * 5};
CREATE TEMP TABLE judge AS SELECT id, (n - 1)::int AS n FROM unnest($1::uuid[]) WITH ORDINALITY AS p (id, n);
INSERT INTO review_form (id, name, description, number, version, created_at, updated_at)
  VALUES (uuidv7(), '改善评分表', '', 1, 1, now(), now());
INSERT INTO review_form_version (id, form_id, number, approve_at, decline_below, person_id, created_at)
  SELECT uuidv7(), f.id, 1, 3.5, 2.5, j.id, now() FROM review_form f, judge j WHERE j.n = 0;
INSERT INTO review_form_criterion (id, form_version_id, position, name, description, weight, means_1, means_5, comment)
  SELECT uuidv7(), v.id, k, '准则 ' || k, '', 20, '差', '好', 'optional'
  FROM review_form_version v, generate_series(1, 5) k;
CREATE TEMP TABLE panel AS SELECT uuidv7() AS id, k AS n, k % 2 = 0 AS closed FROM generate_series(0, {PANELS - 1}) k;
INSERT INTO review_panel (id, name, description, method, state, form_version_id, chair_id, hide_author, working_days,
  due_at, opened_at, closed_at, version, created_at, updated_at)
  SELECT p.id, '评审 ' || p.n, '', 'scores', CASE WHEN closed THEN 'closed' ELSE 'open' END, v.id, j.id, false, 10,
    now() + interval '10 days', now(), CASE WHEN closed THEN now() END, 1, now(), now()
  FROM panel p, review_form_version v, judge j WHERE j.n = p.n;
INSERT INTO review_panel_member (panel_id, person_id) SELECT p.id, j.id FROM panel p JOIN judge j
  ON j.n BETWEEN p.n + 1 AND p.n + {JUDGES};
CREATE TEMP TABLE reviewed AS SELECT uuidv7() AS id, p.id AS panel, p.n, p.closed, i.id AS idea
  FROM panel p JOIN judged i ON i.n BETWEEN (p.n % 5) * {IDEAS} AND (p.n % 5) * {IDEAS} + {IDEAS - 1};
INSERT INTO review (id, content_id, panel_id, sample, method, state, revision, submitted_by, submitted_at, due_at,
  closed_at, needs, required, roles, groups, departments, expertise, working_days, form_version_id, score, spread,
  judges, knocked_out, advice)
  SELECT r.id, idea, panel, false, 'scores', CASE WHEN closed THEN 'closed' ELSE 'open' END, 1, j.id, now(),
    now() + interval '10 days', CASE WHEN closed THEN now() END, 'all', {JUDGES}, '{{}}', '{{}}', '{{}}', 0, 10, v.id,
    CASE WHEN closed THEN 1 + 4 * random() END, CASE WHEN closed THEN random() END,
    CASE WHEN closed THEN {JUDGES} END, CASE WHEN closed THEN false END, CASE WHEN closed THEN 'undecided' END
  FROM reviewed r, review_form_version v, judge j WHERE j.n = r.n;
INSERT INTO review_result (review_id, criterion_id, mean, spread, judges, knocked_out)
  SELECT r.id, c.id, 1 + 4 * random(), random(), {JUDGES}, false
  FROM reviewed r, review_form_criterion c WHERE r.closed;
INSERT INTO review_assignment (id, review_id, content_id, panel_id, person_id, state, open, due_at, step, created_at)
  SELECT uuidv7(), r.id, idea, panel, m.person_id, CASE WHEN closed THEN 'given' ELSE 'asked' END, NOT closed,
    now() + interval '10 days' * random(), 0, now()
  FROM reviewed r JOIN review_panel_member m ON m.panel_id = r.panel;
INSERT INTO review_judgement (id, review_id, assignment_id, person_id, revision, number, current, comment, score,
  given_at)
  SELECT uuidv7(), review_id, id, person_id, 1, 1, true, '值得一试', 3.4, now() FROM review_assignment
  WHERE state = 'given';
INSERT INTO review_judgement_score (judgement_id, criterion_id, score, comment)
  SELECT g.id, c.id, 1 + (5 * random())::int % 5, '' FROM review_judgement g, review_form_criterion c;
INSERT INTO review_agreement (id, panel_id, criterion_id, position, alpha, low, high, units, raters)
  SELECT uuidv7(), p.id, c.id, c.position, 0.5, 0.4, 0.6, {IDEAS}, {JUDGES} FROM panel p, review_form_criterion c
  WHERE p.closed;
UPDATE content c SET reviewers = j.people, readers = c.readers || j.people FROM (
  SELECT content_id, array_agg(DISTINCT person_id) AS people FROM review_assignment GROUP BY 1) j
  WHERE j.content_id = c.id
"""


async def measure(
    url: str, directory: Path, connection: Connection, facts: Seeded, load: Load, report: Report, console: Console,
    *, count: int,
) -> None:  # fmt: skip
    """Makes panels of the ideas of a database, and reads them as those do who judge in them."""
    people = facts.keys[: PANELS + JUDGES]
    with console.step("Making panels of ideas"):
        for statement in _SEED.split(";\n"):
            await connection.execute(statement, *([[id for _, id in people]] if "$1" in statement else []))
        await connection.execute("VACUUM ANALYZE")
    keys = {id: key for key, id in people}
    closed = await _ids(connection, "SELECT id FROM panel WHERE closed ORDER BY n")
    results = [
        (f"/v1/panels/{panel}", keys[member])
        for panel in closed
        for member in await _ids(connection, "SELECT person_id FROM review_panel_member WHERE panel_id = $1", panel)
    ]
    judged = await _ids(connection, "SELECT id FROM reviewed WHERE closed AND n = 0")
    of_first = [key for path, key in results if path == results[0][0]]
    cases = {
        "my desk, the first 20": ([("/v1/me/reviews", key) for key in keys.values()], 20),
        "results of a panel, the best 20": ([(f"{path}/results", key) for path, key in results], 20),
        "results of a panel, the best 100": ([(f"{path}/results?limit=100", key) for path, key in results], 100),
        "agreement of a panel": ([(f"{path}/agreement", key) for path, key in results], 20),
        "reviews of a panel, 20": (
            [(f"/v1/reviews?panel={path.rsplit('/', 1)[1]}", key) for path, key in results], 20,
        ),
        "judgements of one review": (
            list(zip((f"/v1/reviews/{id}/judgements" for id in judged), cycle(of_first), strict=False)), 20,
        ),
    }  # fmt: skip
    with servers.kshare(url, directory, "kshare-reviews") as kshare:
        pages = {
            size: one_by_one(
                load, kshare, f"items {size}", [(f"/v1/knowledge-items?limit={size}", key) for key, _ in people], count
            )
            for size in (20, 100)
        }
        for name, (asked, size) in cases.items():
            timing, page = one_by_one(load, kshare, name, asked, count), pages[size]
            detail = f"{timing.median * 1000:.2f} ms (p99 {timing.p99 * 1000:.2f}), a page {page.median * 1000:.2f} ms"
            report.add(TABLE, f"{name}: median", timing.median / page.median, most=MOST, detail=detail)


async def _ids(connection: Connection, sql: str, *values: object) -> list[UUID]:
    return [row[0] for row in await connection.fetch(sql, *values)]
