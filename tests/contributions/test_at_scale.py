"""What a page of a large account costs: it walks an index, for everybody who may read it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import asyncpg
import pytest
from tests.conftest import Company, Loop, cloned_database, found_company, live_server

from kshare.contributions.reads import (
    CONTRIBUTION_TOTALS,
    CONTRIBUTIONS,
    CONTRIBUTIONS_WITHIN,
    own_unless_allowed,
    seen_along,
)
from kshare.core.access import Permission
from kshare.core.ids import new_id
from kshare.core.principal import EVERYONE, Principal
from kshare.core.reading import Listing, PageForm, page_statement

ENTRIES = 80_000
SEED = (
    """INSERT INTO department (id, name, parent_id, path, version, created_at, updated_at)
SELECT i, 'd' || n, $1, ARRAY[$1::uuid, i], 1, now(), now()
FROM (SELECT n, uuidv7() AS i FROM generate_series(1, 200) n) s""",
    """INSERT INTO person (id, kind, name, sort_name, search_name, language, department_id, clearance, active, version,
  created_at, updated_at)
SELECT uuidv7(), 'person', 'p' || n, 'p' || n, 'p' || n, 'zh', (SELECT array_agg(id) FROM department)[1 + n % 200], 1,
  true, 1, now(), now() FROM generate_series(1, 5000) n""",
    f"""INSERT INTO contribution (id, person_id, department_id, rule, rule_version, occurred_on, month, weight,
  object_kind, object_id, recorded_at)
SELECT uuidv7(), p.ids[1 + n % 5000], d.ids[1 + n % 200], 'comment_written', 1, at::date,
  date_trunc('month', at)::date, 0.5, 'comment', uuidv7(), at AT TIME ZONE 'UTC'
FROM (SELECT n, '2024-01-01'::timestamp + n * interval '5 minutes' AS at FROM generate_series(1, {ENTRIES}) n) s,
  (SELECT array_agg(id) AS ids FROM person WHERE name LIKE 'p%') p,
  (SELECT array_agg(id) AS ids FROM department WHERE name LIKE 'd%') d""",
)
READ = f"viewer_departments_{Permission.contributions_read}"


@pytest.fixture(scope="module")
def large(postgres_url: str, loop: Loop) -> Iterator[tuple[Company, Any]]:
    with cloned_database(postgres_url, loop) as url, live_server(url, loop) as server:
        company = found_company(server)

        async def seed() -> "asyncpg.Connection[Any]":
            connection = await asyncpg.connect(url, server_settings={"jit": "off", "random_page_cost": "1.1"})
            await connection.execute(SEED[0].replace("$1", f"'{company.departments['root']}'"))
            for statement in SEED[1:]:
                await connection.execute(statement)
            await connection.execute("VACUUM ANALYZE")
            await connection.execute("SET plan_cache_mode = force_generic_plan")
            return connection

        connection = loop.run(seed(), timeout=300)
        yield company, connection
        loop.run(connection.close())


def literal(value: Any) -> str:
    """A value as SQL, since a plan for all values is only made of what is prepared in SQL."""
    if isinstance(value, list | tuple):
        return "'{" + ",".join(map(str, value)) + "}'"
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'"
    return "NULL" if value is None else f"'{value}'"


def blocks(loop: Loop, connection: Any, listing: Listing[Any], asked: set[str], order: str, **values: Any) -> int:
    """Blocks that a page of 20 touches."""
    form = PageForm(rest=listing.selection)
    after = "key_0" in values
    statement = page_statement(listing, frozenset(asked), order, after=after, form=form, size=20)
    bound = {
        "viewer_id": EVERYONE, "viewer_selves": [EVERYONE], "viewer_subjects": [EVERYONE], "viewer_clearance": 1,
        "viewer_key_id": None, "viewer_permissions": ["metrics_read"], "limit": 20, "cursor_key": b"x" * 32,
    }  # fmt: skip
    bound |= {name: [] for name in statement.names if name.startswith(("viewer_departments", "viewer_categories"))}

    async def explain() -> int:
        await connection.execute(f"PREPARE page AS {statement.sql}")
        given = ", ".join(map(literal, statement.bind(bound | values)))
        plan = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE page({given})")
        await connection.execute("DEALLOCATE page")
        top = json.loads(plan)[0]["Plan"]
        assert top["Actual Rows"] == 1
        return int(top["Shared Hit Blocks"]) + int(top["Shared Read Blocks"])

    touched: int = loop.run(explain())
    return touched


ALL = {"viewer_permissions": ["metrics_read", "content_read", Permission.contributions_read.value]}
MIDDLE = ENTRIES // 2


@pytest.fixture(scope="module")
def places(large: tuple[Company, Any], loop: Loop) -> dict[str, Any]:
    """An entry in the middle of the account, and a department with many entries and one with none."""
    _, connection = large

    async def find() -> dict[str, Any]:
        entry = await connection.fetchrow("SELECT * FROM contribution WHERE number = $1", MIDDLE)
        busy = await connection.fetchval("SELECT id FROM department WHERE name = 'd7'")
        empty = await connection.fetchval("SELECT id FROM department WHERE name = 'sales'")
        return {"entry": entry, "busy": busy, "empty": empty}

    found: dict[str, Any] = loop.run(find())
    return found


def asked(places: dict[str, Any], who: str) -> tuple[Listing[Any], dict[str, Any]]:
    """Which list is read for whom, and with what."""
    entry = places["entry"]
    viewer = {"viewer_id": entry["person_id"]}
    return {
        "hr": (CONTRIBUTIONS, ALL),
        "hr for a department": (CONTRIBUTIONS, ALL | {"f_department": places["busy"]}),
        "somebody": (CONTRIBUTIONS, viewer | {"f_person": entry["person_id"]}),
        "hr of departments": (CONTRIBUTIONS_WITHIN, viewer | {READ: [places["busy"], places["empty"]]}),
        "hr of an empty department": (CONTRIBUTIONS_WITHIN, {READ: [places["empty"]]}),
    }[who]


READERS = ["hr", "hr for a department", "somebody", "hr of departments", "hr of an empty department"]


@pytest.mark.parametrize("who", READERS)
@pytest.mark.parametrize("order", ["oldest", "newest"])
def test_a_page_of_the_account(
    large: tuple[Company, Any], places: dict[str, Any], loop: Loop, who: str, order: str
) -> None:
    """A page of 20 reads some hundred blocks: its entries, and for each of them the person, the department and what it
    was for."""
    listing, values = asked(places, who)
    entry = places["entry"]
    filters = {name.removeprefix("f_") for name in values if name.startswith("f_")}
    behind = {"key_0": entry["recorded_at"], "key_1": entry["id"]}
    since = {"f_updated_since": entry["recorded_at"]}
    for more in ({}, behind, since, behind | since):
        given = filters | ({"updated_since"} if "f_updated_since" in more else set())
        assert blocks(loop, large[1], listing, given, order, **values, **more) < 500, more


@pytest.mark.parametrize("by", ["month", "quarter", "year"])
@pytest.mark.parametrize("after", [False, True])
def test_a_page_of_totals(large: tuple[Company, Any], places: dict[str, Any], loop: Loop, by: str, after: bool) -> None:
    entry = places["entry"]
    months: dict[str, Any] = {"f_since": date(2024, 6, 1), "f_until": date(2025, 12, 1)}
    behind = {"key_0": entry["person_id"], "key_1": date(2025, 1, 1)} if after else {}
    filters = {"since", "until", f"by={by}"}
    assert blocks(loop, large[1], CONTRIBUTION_TOTALS, filters, "person", **ALL, **months, **behind) < 100
    own = {"viewer_id": entry["person_id"], "f_person": entry["person_id"]}
    assert blocks(loop, large[1], CONTRIBUTION_TOTALS, filters | {"person"}, "person", **own, **months, **behind) < 100


def test_each_reader_is_led_along_an_index() -> None:
    """The door reads the lists above by the filters above."""
    person, rd, read = new_id(), new_id(), Permission.contributions_read
    employee = Principal(person, "person", "", (), 1, frozenset({Permission.metrics_read}))
    hr = replace(employee, permissions=frozenset({read}))
    rd_hr = replace(employee, departments={read: (rd,)})
    assert own_unless_allowed(employee, {}) == {"person": person}
    assert own_unless_allowed(employee, {"person": rd}) == {"person": rd}
    assert own_unless_allowed(hr, {}) == own_unless_allowed(rd_hr, {}) == {}
    assert seen_along(employee, {"person": person}) is seen_along(hr, {}) is CONTRIBUTIONS
    assert seen_along(rd_hr, {}) is seen_along(rd_hr, {"updated_since": None}) is CONTRIBUTIONS_WITHIN
    assert seen_along(rd_hr, {"department": rd}) is seen_along(rd_hr, {"person": person}) is CONTRIBUTIONS
