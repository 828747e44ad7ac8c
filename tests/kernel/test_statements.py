"""One statement a read, whatever is asked; and a plan for each list that does not grow with its table."""

import asyncio
import json
import sys
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import aliased
from tests.access.world import World
from tests.conftest import Loop, cloned_database, found_company, live_server
from tests.sampling import operations, request_of

from kshare import tables  # noqa: F401  (imports all slices)
from kshare.benefits.reads import BENEFITS
from kshare.content.models import ContentRow, RevisionRow
from kshare.core.principal import EVERYONE
from kshare.core.reading import Listing, PageForm, page_statement
from kshare.core.reading import statements as reading
from kshare.edge.door import Operation
from kshare.knowledge.reads import KNOWLEDGE_ITEMS

READS = [operation for operation in operations() if operation.method == "GET"]

SEVERAL = {
    "listEvents",
    "listEventTypes",
    "listIdeaStages",
    "listIdeaTemplates",
    "getIdeaTemplate",
    "listTrizParameters",
    "listTrizPrinciples",
    "getTrizContradiction",
    "listSimilarIdeas",
    "getNextPair",
    "search",
    "explainAccess",
    "listContributionRules",
    "listMetrics",
    "getMetric",
    "getMetricValues",
    "listMetricRows",
    "listDashboards",
    "getDashboard",
    "drawChart",
    "getKnowledgeFlow",
}
"""Reads that are no single view of anything: they may take as many statements as `most` says."""


@pytest.fixture(scope="module")
def world(postgres_url: str, loop: Loop) -> Iterator[World]:
    with cloned_database(postgres_url, loop) as url, live_server(url, loop) as server:
        yield World(found_company(server))


_OWN = ("Watch.", "Worker.", "SignIn.", "Notes.", "Pool")
"""Whose tasks are the process's own and no request's."""


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that requests send, on whatever connection; not those of the process's own tasks."""
    sent: list[str] = []

    def noting(method: Any) -> Any:
        async def note(self: Any, query: Any, *arguments: Any, **options: Any) -> Any:
            task = asyncio.current_task()
            if task is None or not task.get_coro().__qualname__.startswith(_OWN):  # type: ignore[union-attr]
                sent.append(str(query))
            return await method(self, query, *arguments, **options)

        return note

    for name in ("fetch", "fetchrow", "fetchval", "execute", "executemany", "prepare"):
        monkeypatch.setattr(asyncpg.Connection, name, noting(getattr(asyncpg.Connection, name)))
    return sent


@pytest.mark.parametrize("operation", READS, ids=lambda operation: operation.name)
def test_a_read_is_one_statement(world: World, operation: Operation, statements: list[str]) -> None:
    admin = world.company.admin.rest
    request = request_of(operation, world.one)
    world.await_what(operation.name)
    admin.get("/knowledge-items")  # the principal is remembered
    statements.clear()
    response = admin.request(**request)
    if response.status_code in (403, 404):
        world.owner.rest.get("/knowledge-items")
        statements.clear()
        response = world.owner.rest.request(**request)
    assert response.status_code == 200, response.text
    if operation.name not in SEVERAL:
        assert len(statements) == 1, statements
    assert len(statements) <= 3, statements


def test_a_graphql_query_is_one_statement_a_root_field(world: World, statements: list[str]) -> None:
    for _ in range(3):
        item = world.another("item")
        for _ in range(2):
            world.company.employee.rest.post(f"/content/{item}/comments", json={"body": "一条"})
    query = """query($n: Int!) { knowledgeItems(first: $n) { totalCount pageInfo { endCursor hasNextPage } nodes {
      title author { name manager { name } department { name parent { name parent { name } } } } tags { name }
      category { name parent { name } } audience { name } counters { likes } permissions
      comments(first: 3) { body author { name } replies(first: 2) { body author { name } replies { body } } } } } }"""
    world.company.employee.data(query, n=1)
    counts = []
    for size in (1, 2, 20, 100):
        statements.clear()
        nodes = world.company.employee.data(query, n=size)["knowledgeItems"]["nodes"]
        assert len(nodes) >= min(size, 3)
        counts.append(len(statements))
    assert counts == [1, 1, 1, 1]
    statements.clear()
    world.company.employee.data("{ a: knowledgeItems { nodes { id } } b: tags { nodes { name } } me { id } }")
    assert len(statements) == 3


def test_a_refused_read_is_no_statement(world: World, statements: list[str]) -> None:
    world.company.employee.rest.get("/knowledge-items")
    statements.clear()
    world.company.employee.rest.get("/knowledge-items", params={"cursor": "x"})
    world.company.employee.rest.get("/knowledge-items", params={"limit": 1000})
    world.company.employee.rest.get("/knowledge-items/x")
    assert statements == []


# ---- the guard against subqueries that refer to nothing -------------------------------------------------------------


def test_a_subquery_that_is_not_correlated_is_refused() -> None:
    def statement(*, correlated: bool) -> Any:
        row, revision = aliased(ContentRow), aliased(RevisionRow)
        count = select(func.count()).where(revision.content_id == row.id).correlate(row if correlated else None)
        return select(row.id, count.scalar_subquery())

    assert reading.compiled("a test: correlated", lambda: statement(correlated=True)).sql
    with pytest.raises(AssertionError, match="not correlated"):
        reading.compiled("a test: uncorrelated", lambda: statement(correlated=False))
    assert reading._statements.get("a test: uncorrelated") is None


# ---- plans on 100,000 rows ------------------------------------------------------------------------------------------

ROWS = 100_000
SEED = f"""
INSERT INTO department (id, name, parent_id, path, version, created_at, updated_at)
SELECT i, 'd' || n, $1, ARRAY[$1, i], 1, now(), now() FROM (SELECT n, uuidv7() AS i FROM generate_series(1, 300) n) s;
INSERT INTO category (id, name, path, version, created_at, updated_at)
SELECT i, 'c' || n, ARRAY[i], 1, now(), now() FROM (SELECT n, uuidv7() AS i FROM generate_series(1, 300) n) s;
INSERT INTO tag (id, name, version, created_at, updated_at)
SELECT uuidv7(), 't' || n, 1, now(), now() FROM generate_series(1, 2000) n;
INSERT INTO tag_name (folded, tag_id, name, preferred) SELECT name, id, name, true FROM tag;
INSERT INTO people_group (id, name, version, created_at, updated_at)
SELECT uuidv7(), 'g' || n, 1, now(), now() FROM generate_series(1, 2000) n;
INSERT INTO person (id, kind, name, sort_name, search_name, language, department_id, clearance, active, version,
  created_at, updated_at)
SELECT uuidv7(), 'person', 'p' || n, 'p' || n, 'p' || n, 'zh',
  (SELECT array_agg(id) FROM department)[1 + n % 300], 1, n % 20 > 0, 1, now(), now()
FROM generate_series(1, 20000) n;
INSERT INTO membership (id, person_id, department_id, since)
SELECT uuidv7(), id, department_id, '2024-01-01' FROM person WHERE name LIKE 'p%';
INSERT INTO group_member (group_id, person_id)
SELECT g.id, p.id FROM (SELECT id, row_number() OVER () AS n FROM people_group) g
  JOIN (SELECT id, row_number() OVER () AS n FROM person WHERE name LIKE 'p%') p ON p.n % 2000 = g.n - 1;
INSERT INTO role_assignment (id, person_id, role, created_at) SELECT uuidv7(), id, 'reviewer', now() FROM person
  WHERE name LIKE 'p%';
INSERT INTO api_key (id, person_id, name, digest, hint, scopes, created_at, version)
SELECT uuidv7(), id, 'k', sha256(id::text::bytea), 'xxxx', '{{content_read}}', now(), 1
  FROM person WHERE name LIKE 'p%';
INSERT INTO content (id, kind, variety, state, title, summary, body, language, author_id, owner_id, department_id,
  category_id, audience, readers, classification, revision, version, created_at, updated_at, published_at, listed_at)
SELECT uuidv7(), 'knowledge_item', (ARRAY['sop', 'case', 'method'])[1 + n % 3],
  (ARRAY['published', 'published', 'published', 'draft', 'archived'])[1 + n % 5], 'x' || n, '', repeat('x', 200),
  CASE WHEN n % 4 = 0 THEN 'en' ELSE 'zh' END, p.ids[1 + n % 5000], p.ids[1 + n % 5000],
  d.ids[1 + n % 300], c.ids[1 + n % 300],
  ARRAY['{EVERYONE}'::uuid], ARRAY['{EVERYONE}'::uuid], n % 2, 1, 1, at, at, at, at
FROM (SELECT n, now() - n * interval '1 minute' AS at FROM generate_series(1, {ROWS}) n) s,
  (SELECT array_agg(id) AS ids FROM person WHERE name LIKE 'p%') p,
  (SELECT array_agg(id) AS ids FROM department) d, (SELECT array_agg(id) AS ids FROM category) c;
INSERT INTO content_counter (content_id, comments, likes, thanks, favourites, followers, views, ratings, rating_sum)
SELECT id, 0, 0, 0, 0, 0, 0, 0, 0 FROM content;
INSERT INTO content_revision (content_id, number, id, title, summary, body, author_id, created_at)
SELECT id, 1, uuidv7(), title, '', '', author_id, created_at FROM content;
INSERT INTO content_tag (content_id, tag_id, listed_at)
SELECT c.id, t.ids[1 + c.n % 2000], c.listed_at FROM (SELECT id, listed_at, row_number() OVER () AS n FROM content) c,
  (SELECT array_agg(id) AS ids FROM tag) t;
INSERT INTO comment (id, content_id, author_id, owner_id, body, mentions, deleted, version, created_at)
SELECT uuidv7(), id, author_id, author_id, 'x', '{{}}', false, 1, created_at FROM content;
INSERT INTO reaction (content_id, person_id, kind, created_at)
SELECT id, author_id, 'favourite', created_at FROM content;
INSERT INTO follow (content_id, person_id, created_at) SELECT id, author_id, created_at FROM content;
INSERT INTO unsealing (id, content_id, reason, requested_by_id, requested_at)
  SELECT uuidv7(), id, 'x', author_id, created_at FROM content WHERE kind = 'idea';
INSERT INTO credit (id, person_id, reason, amount, day)
  SELECT uuidv7(), author_id, 'contribution', 1, created_at::date FROM content;
INSERT INTO contribution (id, person_id, department_id, rule, rule_version, occurred_on, month, weight, object_kind,
  object_id, content_id, recorded_at)
SELECT uuidv7(), author_id, department_id, 'item_published', 1, created_at::date, date_trunc('month', created_at)::date,
  3, 'knowledge_item', id, id, created_at FROM content;
INSERT INTO milestone (id, content_id, version, created_at, updated_at, title, person_id, owner_id, due_on, position,
  done_at)
SELECT uuidv7(), id, 1, created_at, created_at, 'x', author_id, author_id, created_at::date, 1,
  CASE WHEN random() < 0.8 THEN created_at END FROM content;
INSERT INTO pilot (id, content_id, version, created_at, updated_at, site, from_on, until_on, measure, unit, state,
  findings)
SELECT uuidv7(), id, 1, created_at, created_at, 'x', '2026-01-01', '2026-02-01', 'x', '', 'planned', '' FROM content;
INSERT INTO rollout (id, content_id, version, created_at, updated_at, site, planned_on)
SELECT uuidv7(), id, 1, created_at, created_at, 'x', '2026-01-01' FROM content;
INSERT INTO gate (id, content_id, version, created_at, number, title, opened_by_id)
SELECT uuidv7(), id, 1, created_at, 1, 'x', author_id FROM content;
INSERT INTO idea (content_id, votes, members, stage_since, clock_from, due_at, desk_id, escalations)
SELECT id, 0, '{{}}', created_at, created_at, created_at, CASE WHEN random() < 0.5 THEN author_id END, 1 FROM content;
INSERT INTO idea_escalation (id, content_id, step, from_id, at) SELECT uuidv7(), id, 1, author_id, created_at
FROM content;
INSERT INTO idea_decision (id, content_id, outcome, decided_by, decided_at, published_at, current)
SELECT uuidv7(), id, 'approved', author_id, created_at, CASE WHEN random() < 0.9 THEN created_at END, true FROM content;
INSERT INTO budget (id, name, kind, unit, amount, balance, entries, owner_id, starts_on, version, created_at)
SELECT uuidv7(), 'b' || n, 'hours', 'hours', 100, 100, 0, p.ids[n], '2026-01-01', 1, now()
FROM generate_series(1, 300) n, (SELECT array_agg(id) AS ids FROM person WHERE name LIKE 'p%') p;
INSERT INTO resource_request (id, content_id, kind, unit, amount, purpose, state, person_id, version, created_at)
SELECT uuidv7(), id, (ARRAY['hours', 'money', 'equipment', 'expert_time'])[1 + n % 4], 'hours', 1, 'x',
  (ARRAY['requested', 'granted', 'declined', 'withdrawn', 'used_up', 'returned'])[1 + n % 6], author_id, 1, created_at
FROM (SELECT id, author_id, created_at, row_number() OVER () AS n FROM content) c;
INSERT INTO resource_grant (id, request_id, content_id, budget_id, amount, used, returned, entries, person_id, version,
  created_at)
SELECT uuidv7(), r.id, content_id, b.ids[1 + n % 300], 1, 1, 0, 1, person_id, 1, created_at
FROM (SELECT *, row_number() OVER () AS n FROM resource_request LIMIT 20000) r,
  (SELECT array_agg(id) AS ids FROM budget) b;
INSERT INTO resource_entry (id, grant_id, content_id, number, kind, amount, person_id, created_at)
SELECT uuidv7(), id, content_id, 1, 'used', 1, person_id, created_at FROM resource_grant;
INSERT INTO budget_entry (id, budget_id, number, kind, amount, balance, grant_id, person_id, created_at)
SELECT uuidv7(), budget_id, row_number() OVER (PARTITION BY budget_id), 'granted', -1, 1, id, person_id, created_at
FROM resource_grant;
INSERT INTO benefit (id, content_id, type, unit, recurrence, starts_on, basis, person_id, version, created_at,
  is_committed, is_verified)
SELECT uuidv7(), id, (ARRAY['time', 'saving', 'quality'])[1 + n % 3], 'hours', 'yearly', '2025-01-01', 'x', author_id,
  1, created_at, n % 10 > 0, n % 10 > 1
FROM (SELECT id, author_id, created_at, row_number() OVER () AS n FROM content LIMIT 20000) c;
UPDATE benefit SET stage = 'implemented';
INSERT INTO benefit_entry (id, benefit_id, content_id, level, number, first_year, person_id, created_at)
SELECT uuidv7(), id, content_id, level, 1, 1, person_id, created_at
FROM benefit, unnest(ARRAY['claimed', 'committed', 'verified']) AS level;
INSERT INTO team (id, content_id, name, purpose, open, version, created_at, updated_at)
SELECT uuidv7(), CASE WHEN random() < 0.8 THEN id END, 'x', '', true, 1, created_at, created_at
FROM content LIMIT 20000;
INSERT INTO team_member (team_id, person_id, role, lead, since)
SELECT t.id, p.ids[1 + (n * 7 + i) % 5000], '', i = 0, now() FROM (SELECT id, row_number() OVER () AS n FROM team) t,
  generate_series(0, 2) i, (SELECT array_agg(id) AS ids FROM person WHERE name LIKE 'p%') p;
INSERT INTO team_call (id, team_id, skills, text, seats, taken, closes_at, closed_at, version, created_at, updated_at)
SELECT uuidv7(), id, ARRAY['s' || n % 500], '', 2, n % 3, now() + (n % 100 - 50) * interval '1 day',
  CASE WHEN n % 4 = 0 THEN now() END, 1, created_at, created_at FROM (SELECT *, row_number() OVER () AS n FROM team) t;
INSERT INTO team_call_skill (call_id, skill, closes_at) SELECT id, skills[1], closes_at FROM team_call;
INSERT INTO team_application (id, team_id, call_id, person_id, skill, message, state, created_at)
SELECT uuidv7(), c.team_id, c.id, m.person_id, 'x', '', (ARRAY['pending', 'accepted', 'declined'])[1 + c.taken],
  created_at FROM team_call c JOIN team_member m ON m.team_id = c.team_id;
INSERT INTO team_invitation (id, team_id, person_id, invited_by, role, message, state, expires_at, created_at)
SELECT uuidv7(), team_id, person_id, person_id, '', '', 'pending', since, since FROM team_member;
INSERT INTO challenge (content_id, opens_at, closes_at, judging_until)
SELECT id, created_at, created_at + interval '9 days', created_at + interval '20 days' FROM content LIMIT 20000;
INSERT INTO challenge_prize (id, challenge_id, position, name, description, places)
SELECT uuidv7(), content_id, 1, 'x', '', 1 FROM challenge;
INSERT INTO challenge_entry (id, challenge_id, content_id, entered_by, created_at, rank, score, tied, prize_id,
  ranked_at)
SELECT uuidv7(), p.challenge_id, c.id, c.author_id, now(), i, 5, 0, CASE WHEN i = 1 THEN p.id END, now()
FROM (SELECT *, row_number() OVER () AS n FROM challenge_prize) p, generate_series(1, 3) i,
  LATERAL (SELECT id, author_id FROM content WHERE id = p.challenge_id) c WHERE i = 1 + p.n % 3;
INSERT INTO challenge_scorecard (id, challenge_id, entry_id, judge_id, abstained, comment, version, created_at,
  updated_at)
SELECT uuidv7(), challenge_id, id, entered_by, true, '', 1, now(), now() FROM challenge_entry;
INSERT INTO review_form (id, name, description, number, retired_at, version, created_at, updated_at)
SELECT uuidv7(), 'f' || n, '', 3, CASE WHEN n % 10 = 0 THEN now() END, 1, now(), now() FROM generate_series(1, 300) n;
INSERT INTO review_form_version (id, form_id, number, approve_at, decline_below, person_id, created_at)
SELECT uuidv7(), f.id, n, 3.5, 2.5, p.id, now()
FROM review_form f, generate_series(1, 30) n, (SELECT id FROM person LIMIT 1) p;
INSERT INTO review_form_criterion (id, form_version_id, position, name, description, weight, means_1, means_5, comment)
SELECT uuidv7(), v.id, n, 'k' || n, '', 20, 'x', 'x', 'optional' FROM review_form_version v, generate_series(1, 5) n;
INSERT INTO review_policy (id, kind, category_id, needs, roles, groups, departments, expertise, working_days, version,
  created_at, updated_at)
SELECT uuidv7(), k.kind, c.id, 'one', '{{}}', '{{}}', '{{}}', 0, 5, 1, now(), now()
FROM category c, (VALUES ('knowledge_item'), ('idea')) AS k (kind);
INSERT INTO review_panel (id, name, description, method, state, form_version_id, chair_id, hide_author, working_days,
  version, created_at, updated_at)
SELECT uuidv7(), 'x' || n, '', 'scores', (ARRAY['preparing', 'open', 'closed'])[1 + n % 3], f.id, p.ids[1 + n % 5000],
  false, 5, 1, now(), now()
FROM generate_series(1, 1000) n, (SELECT id FROM review_form_version LIMIT 1) f,
  (SELECT array_agg(id) AS ids FROM person WHERE name LIKE 'p%') p;
INSERT INTO review (id, content_id, panel_id, sample, method, state, revision, submitted_by, submitted_at, needs,
  required, roles, groups, departments, expertise, working_days)
SELECT uuidv7(), c.id, CASE WHEN n % 3 = 0 THEN l.ids[1 + n % 1000] END, false,
  CASE WHEN n % 3 = 0 THEN 'scores' ELSE 'verdict' END, (ARRAY['open', 'approved', 'withdrawn'])[1 + n % 5 % 3], 1,
  author_id, created_at, 'one', 2, '{{}}', '{{}}', '{{}}', 0, 5
FROM (SELECT id, author_id, created_at, row_number() OVER () AS n FROM content LIMIT 30000) c,
  (SELECT array_agg(id) AS ids FROM review_panel) l;
INSERT INTO review_assignment (id, review_id, content_id, panel_id, person_id, state, open, due_at, step, created_at)
SELECT uuidv7(), r.id, content_id, panel_id, p.ids[1 + (n * 3 + i) % 5000],
  (ARRAY['asked', 'given', 'declined'])[1 + i % 3], r.state = 'open', now() + (n % 900 - 450) * interval '1 hour', 0,
  now()
FROM (SELECT *, row_number() OVER () AS n FROM review) r, generate_series(0, 2) i,
  (SELECT array_agg(id) AS ids FROM person WHERE name LIKE 'p%') p;
INSERT INTO review_judgement (id, review_id, assignment_id, person_id, revision, number, current, comment, given_at)
SELECT uuidv7(), review_id, id, person_id, 1, 1, true, '', now() FROM review_assignment WHERE state = 'given';
INSERT INTO review_panel_member (panel_id, person_id)
SELECT l.id, p.ids[1 + (n * 7 + i) % 5000] FROM (SELECT id, row_number() OVER () AS n FROM review_panel) l,
  generate_series(1, 12) i, (SELECT array_agg(id) AS ids FROM person WHERE name LIKE 'p%') p;
INSERT INTO review_deviation (panel_id, person_id, subjects, deviation, flagged)
SELECT panel_id, person_id, 10, random() - 0.5, false FROM review_panel_member;
INSERT INTO review_agreement (id, panel_id, criterion_id, position, alpha, units, raters)
SELECT uuidv7(), l.id, c.id, c.position, 0.5, 10, 12 FROM review_panel l, (
  SELECT id, position FROM review_form_criterion WHERE form_version_id = (SELECT id FROM review_form_version LIMIT 1)
  UNION ALL SELECT NULL, 0) c;
UPDATE review SET score = 1 + 4 * random(), state = 'closed' WHERE method = 'scores' AND state = 'approved';
INSERT INTO review_judgement_score (judgement_id, criterion_id, score, comment)
SELECT j.id, c.id, 3, '' FROM review_judgement j,
  (SELECT id FROM review_form_criterion WHERE form_version_id = (SELECT id FROM review_form_version LIMIT 1)) c;
INSERT INTO review_comparison (id, panel_id, person_id, first_id, second_id, outcome, comment, created_at)
SELECT uuidv7(), a.panel_id, p.id, a.id, b.id, 'first', '', now() FROM review a
JOIN review b ON b.panel_id = a.panel_id AND b.id > a.id, (SELECT id FROM person WHERE name LIKE 'p%' LIMIT 2) p;
INSERT INTO outcome_series (id, name, unit, better, archived, version, created_at, updated_at)
SELECT uuidv7(), 's' || n, 'x', 'lower', n % 10 = 0, 1, now(), now() FROM generate_series(1, 300) n;
INSERT INTO outcome_value (id, series_id, department_id, month, value, number, current, person_id, recorded_at)
SELECT uuidv7(), s.id, d.id, date '2024-01-01' + m * interval '1 month', m, 1, true, p.id, now()
FROM (SELECT id FROM outcome_series LIMIT 10) s, generate_series(0, 23) m, (SELECT id FROM person LIMIT 1) p,
  (SELECT id FROM department UNION ALL SELECT NULL) d;
INSERT INTO journal (id, happened, actor_id, object_kind, object_id, content_id, readers, classification, payload, at)
SELECT uuidv7(), 'knowledge_item_created', author_id, 'content', id, id, readers, classification, '{{}}', created_at
FROM content;
"""
BIG = 5_000
"""Rows of a table whose whole reading is a fault. Tags, groups, departments and categories stay below it: people make
them, one by one."""
MOST_SORTED = 700
"""Rows that a plan may expect to sort."""


def listings() -> list[Listing[Any]]:
    """Every named list of every slice."""
    found: dict[int, Listing[Any]] = {}
    for name, module in sorted(sys.modules.items()):
        if name.startswith("kshare."):
            found.update({id(v): v for v in vars(module).values() if isinstance(v, Listing)})
    return sorted(found.values(), key=lambda listing: listing.name)


@pytest.fixture(scope="module")
def hundred_thousand(postgres_url: str, loop: Loop) -> Iterator[Any]:
    """A connection like those that reads run on, to a database of 100,000 contents."""
    with cloned_database(postgres_url, loop) as url, live_server(url, loop) as server:
        root = found_company(server).departments["root"]

        async def seed() -> "asyncpg.Connection[Any]":
            connection = await asyncpg.connect(url, server_settings={"jit": "off"})
            for statement in SEED.replace("$1", f"'{root}'::uuid").split(";\n"):
                if statement.strip():
                    await connection.execute(statement)
            await connection.execute("VACUUM ANALYZE")
            await connection.execute("SET plan_cache_mode = force_generic_plan")
            return connection

        connection = loop.run(seed(), timeout=300)
        yield connection
        loop.run(connection.close())


def faults(plan: dict[str, Any], sizes: dict[str, int]) -> list[str]:
    """The parts of a plan whose cost grows with a big table."""
    found = []
    node, rows = plan["Node Type"], plan["Plan Rows"]
    if node == "Seq Scan" and sizes.get(plan["Relation Name"], 0) > BIG:
        found.append(f"Seq Scan on {plan['Relation Name']}")
    below = plan.get("Plans", [])
    if node == "Sort" and below[0]["Plan Rows"] > MOST_SORTED:
        found.append(f"Sort of {below[0]['Plan Rows']} rows by {plan['Sort Key']}")
    if node == "Bitmap Heap Scan" and rows > MOST_SORTED and sizes.get(plan["Relation Name"], 0) > BIG:
        found.append(f"Bitmap Heap Scan of {rows} rows of {plan['Relation Name']}")
    for part in below:
        found += faults(part, sizes)
    return found


@pytest.mark.parametrize("listing", listings(), ids=lambda listing: listing.name)
def test_every_list_by_every_filter_and_order_walks_an_index(
    listing: Listing[Any], hundred_thousand: Any, loop: Loop
) -> None:
    always = {listing.of[0]} if listing.of else set()
    wrong = []

    async def explain() -> None:
        sizes = {
            row["relname"]: int(row["reltuples"])
            for row in await hundred_thousand.fetch("SELECT relname, reltuples FROM pg_class WHERE relkind = 'r'")
        }
        for order in listing.orders:
            special = [f"{name}={value}" for name, given in listing.filters.items() for value in given.special]
            for name in (None, *listing.filters, *special):
                for after in (False, True):
                    filters = frozenset(always | ({name} if name else set()))
                    form = PageForm(rest=listing.selection)
                    statement = page_statement(listing, filters, order, after=after, form=form)
                    await hundred_thousand.execute(f"PREPARE listed AS {statement.sql}")
                    values = ", ".join(["NULL"] * len(statement.names))
                    plan = json.loads(
                        await hundred_thousand.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE listed({values})")
                    )
                    await hundred_thousand.execute("DEALLOCATE listed")
                    if found := faults(plan[0]["Plan"], sizes):
                        wrong.append((order, name, "next" if after else "first", found))

    loop.run(explain())
    assert not wrong, "\n".join(map(str, wrong))


def test_what_awaits_somebody_is_read_along_an_index_of_its_own(hundred_thousand: Any, loop: Loop) -> None:
    """The conditions of the list and of the index are written in two places."""

    async def plan(value: str) -> str:
        asked = frozenset({f"awaiting={value}"})
        statement = page_statement(BENEFITS, asked, "newest", after=False, form=PageForm(rest=BENEFITS.selection))
        await hundred_thousand.execute(f"PREPARE awaiting AS {statement.sql}")
        values = ", ".join(["NULL"] * len(statement.names))
        rows = await hundred_thousand.fetch(f"EXPLAIN EXECUTE awaiting({values})")
        await hundred_thousand.execute("DEALLOCATE awaiting")
        return "\n".join(row[0] for row in rows)

    assert "ix_benefit_uncommitted" in loop.run(plan("commitment"))
    assert "ix_benefit_unverified" in loop.run(plan("verification"))


def test_such_faults_are_found(hundred_thousand: Any, loop: Loop) -> None:
    """The test above does fail where an index is missing."""

    async def run() -> tuple[list[str], list[str]]:
        plans = []
        for sql in (
            "SELECT * FROM content WHERE title = 'x'",
            "SELECT * FROM content WHERE kind = 'knowledge_item' ORDER BY title LIMIT 10",
        ):
            plan = json.loads(await hundred_thousand.fetchval(f"EXPLAIN (FORMAT JSON) {sql}"))
            plans.append(faults(plan[0]["Plan"], {"content": ROWS}))
        return plans[0], plans[1]

    unindexed, sorted_ = loop.run(run())
    assert unindexed
    assert any("Sort" in fault or "Seq" in fault for fault in sorted_)


def test_a_page_of_a_hundred_thousand_reads_little(hundred_thousand: Any, loop: Loop) -> None:
    """What the plans promise, measured: a page touches hundreds of rows of storage and not the table."""

    async def run() -> int:
        statement = page_statement(
            KNOWLEDGE_ITEMS,
            frozenset({"category"}),
            "newest",
            after=False,
            form=PageForm(rest=KNOWLEDGE_ITEMS.selection),
        )
        category = await hundred_thousand.fetchval("SELECT id FROM category LIMIT 1")
        values = {
            "viewer_id": EVERYONE, "viewer_subjects": [EVERYONE], "viewer_clearance": 1, "viewer_key_id": None,
            "viewer_permissions": ["content_read"], "limit": 20, "cursor_key": b"x" * 32, "f_category": category,
        }  # fmt: skip
        values |= {name: [] for name in statement.names if name.startswith(("viewer_departments", "viewer_categories"))}
        plan = await hundred_thousand.fetchval(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.sql}", *statement.bind(values)
        )
        top = json.loads(plan)[0]["Plan"]
        return int(top["Shared Hit Blocks"]) + int(top["Shared Read Blocks"])

    assert loop.run(run()) < 3000
