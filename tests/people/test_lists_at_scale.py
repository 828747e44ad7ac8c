"""Every list of people, in every order, walks an index: what it reads does not grow with the company."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tests.conftest import Company, Loop, cloned_database, found_company, live_server

from kshare.core.reading import PageForm, page_statement
from kshare.people.names import search_name, sort_name
from kshare.people.reads import PEOPLE

PEOPLE_IN_ALL = 20_000
SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许", "明德远航知夏清和书语心兰志强静雯雨辰若彤"


@pytest.fixture(scope="module")
def crowd(postgres_url: str, loop: Loop) -> Any:
    with cloned_database(postgres_url, loop) as url, live_server(url, loop) as server:
        company = found_company(server)
        rows = [(n, f"{SURNAMES[n % 20]}{GIVEN[n // 20 % 20]}{GIVEN[n // 400 % 20]}") for n in range(PEOPLE_IN_ALL)]
        server.sql(
            "INSERT INTO person (id, kind, name, sort_name, search_name, language, department_id, manager_id,"
            " clearance, active, version, created_at, updated_at)"
            " SELECT gen_random_uuid(), 'person', n, s, f, 'zh', $4, $5, 1, i % 50 > 0, 1, now(), now()"
            " FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY r(n, s, f, i)",
            [name for _, name in rows],
            [f"{sort_name(name)}{n:05}" for n, name in rows],
            [search_name(name, None) for _, name in rows],
            company.departments["sales"],
            company.hr.id,
        )
        server.sql("ANALYZE person")
        yield company


FILTERS: list[dict[str, Any]] = [
    {},
    {"department": "rd"},
    {"department": "sales"},
    {"manager": "hr"},
    {"manager": "admin"},
    {"kind": "service"},
    {"kind": "person"},
    {"active": False},
    {"q": "sunmingde"},
    {"q": "知夏"},
]


@pytest.mark.parametrize("order", list(PEOPLE.orders))
@pytest.mark.parametrize("asked", FILTERS, ids=str)
def test_a_page_reads_no_more_than_it_needs(crowd: Company, asked: dict[str, Any], order: str) -> None:
    filters = dict(asked)
    if "department" in filters:
        filters["department"] = crowd.departments[filters["department"]]
    if "manager" in filters:
        filters["manager"] = getattr(crowd, filters["manager"]).id
    form = PageForm(rest=PEOPLE.selection)
    statement = page_statement(PEOPLE, frozenset(filters), order, after=False, form=form)
    nobody = UUID(int=0)
    values = {"limit": 20, "cursor_key": b"k" * 32, **{f"f_{name}": value for name, value in filters.items()}}
    viewer = {"id": nobody, "subjects": [nobody], "clearance": 1, "permissions": ["people_read"], "key_id": None}
    values |= {f"viewer_{name}": value for name, value in viewer.items()}

    async def plan() -> str:
        connection = await asyncpg.connect(
            crowd.server.database_url, server_settings={"plan_cache_mode": "force_generic_plan", "jit": "off"}
        )
        try:
            rows = await connection.fetch("EXPLAIN (ANALYZE, TIMING OFF) " + statement.sql, *statement.bind(values))
            return "\n".join(row[0] for row in rows)
        finally:
            await connection.close()

    explained = crowd.server.loop.run(plan())
    scans = [line for line in explained.splitlines() if "Seq Scan on person" in line]
    assert not scans, explained
    removed = [int(line.split(":")[1]) for line in explained.splitlines() if "Rows Removed by Filter" in line]
    assert sum(removed) <= 10, explained
