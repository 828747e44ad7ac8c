"""Building documents anew: progress, going on where it stopped, beside a serving system."""

from typing import Any

import asyncpg
import pytest
from tests.conftest import Company
from tests.search.asking import found, marker

from kshare.core.access import Permission
from kshare.core.clock import now
from kshare.core.database import Database
from kshare.core.principal import EVERYONE, Principal
from kshare.core.settings import Settings
from kshare.search.reindex import BATCH, reindex, stale_documents
from kshare.search.statements import find_statement


def with_database(company: Company, work: Any) -> Any:
    async def run() -> Any:
        database = Database(company.server.database_url, Settings(_env_file=None))
        try:
            return await work(database)
        finally:
            await database.engine.dispose()

    return company.server.loop.run(run(), 120)


@pytest.fixture
def library(fresh: Company) -> tuple[Company, str, list[str]]:
    word = marker()
    made = [fresh.employee.item(title=f"{word} {n}")["id"] for n in range(3)]
    fresh.server.settle()
    return fresh, word, made


def test_documents_of_another_cutter_are_found_and_built_anew(library: tuple[Company, str, list[str]]) -> None:
    company, word, made = library
    assert with_database(company, stale_documents) == 0
    company.server.sql("UPDATE search_document SET cutter = 'older'")
    company.server.sql("DELETE FROM search_document WHERE content_id = $1", made[0])
    assert set(found(company.colleague, word)) == set(made[1:])
    assert with_database(company, stale_documents) == 3
    seen: list[tuple[int, int]] = []
    assert with_database(company, lambda db: reindex(db, lambda done, of: seen.append((done, of)))) == 3
    assert seen == [(0, 3), (3, 3)]
    assert with_database(company, stale_documents) == 0
    assert set(found(company.colleague, word)) == set(made)
    assert with_database(company, reindex) == 0
    assert with_database(company, lambda db: reindex(db, force=True)) == 3


def test_it_goes_on_where_it_stopped(fresh: Company) -> None:
    word, number = marker(), BATCH * 2 + 50
    fresh.server.sql(
        """INSERT INTO content (id, kind, variety, state, title, summary, body, language, author_id, owner_id, audience,
          readers, classification, revision, version, created_at, updated_at, published_at, listed_at)
        SELECT gen_random_uuid(), 'knowledge_item', 'sop', CASE WHEN n = 0 THEN 'draft' ELSE 'published' END,
          $1 || ' ' || n,
          '', '', 'zh', $2, $2, r, r, 1, 1, 1, t, t, t, t FROM (
          SELECT n, now() - n * interval '1 hour' AS t, ARRAY['00000000-0000-7000-8000-000000000001'::uuid] AS r
          FROM generate_series(0, $3::int) AS n) AS s""",
        word,
        fresh.employee.id,
        number,
    )

    class Stopped(Exception):
        pass

    def stop(done: int, of: int) -> None:
        assert of == number
        if done:
            raise Stopped

    with pytest.raises(Stopped):
        with_database(fresh, lambda db: reindex(db, stop))
    written = fresh.server.sql("SELECT count(*) AS n FROM search_document")[0]["n"]
    assert written == BATCH
    assert with_database(fresh, stale_documents) == number - BATCH
    assert with_database(fresh, reindex) == number - BATCH
    assert fresh.server.sql("SELECT count(*) AS n FROM search_document")[0]["n"] == number
    assert len(found(fresh.colleague, word, order="newest")) == 100


def test_a_document_left_behind_goes(library: tuple[Company, str, list[str]]) -> None:
    company, _, made = library
    company.server.sql("UPDATE content SET state = 'archived' WHERE id = $1", made[0])
    with_database(company, reindex)
    left = company.server.sql("SELECT content_id FROM search_document")
    assert {str(row["content_id"]) for row in left} == set(made[1:])


def test_a_search_uses_the_index_and_reads_few_contents(library: tuple[Company, str, list[str]]) -> None:
    """Under generic plans, as the read pool runs them, and with statistics of a large table."""
    company, _, _ = library
    viewer = Principal(company.employee.id, "person", "x", (EVERYONE,), 1, frozenset(Permission))
    values = {"words": "'质量'", "head": "'质量'", "rank": "'质量'", "limit": 20, "deep": None}

    async def explain(database: Database) -> str:
        connection = await asyncpg.connect(database.dsn)
        try:
            await connection.execute("SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off")
            plans = []
            for order in ("relevance", "newest", "best"):
                statement = find_statement(order, frozenset({"kind"}), after=False)
                arguments = statement.bind({**viewer.binds, **values, "f_kind": "sop", "until": now()})
                rows = await connection.fetch(f"EXPLAIN {statement.sql}", *arguments)
                plans.append("\n".join(row[0] for row in rows))
            return "\n".join(plans)
        finally:
            await connection.close()

    plan = with_database(company, explain)
    assert "Bitmap Index Scan on ix_search_document_words" in plan
    assert "pk_content" in plan
    assert "Seq Scan" not in plan
