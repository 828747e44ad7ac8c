"""What speed is measured against still answers and stores what kshare does; else its ratios would say nothing."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from bench import ideas, ratios, servers
from bench.documents import Terms
from bench.seed import Seeded
from tests.conftest import Company

Pair = tuple[servers.Server, servers.Server]


@pytest.fixture(scope="module")
def pair(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """kshare and the bare application on the same data."""
    with servers.bare(company.server.database_url, tmp_path_factory.mktemp("bare")) as bare:
        yield replace(bare, name="kshare", port=urlsplit(company.server.url).port or 0), bare


@pytest.fixture(scope="module")
def facts(company: Company) -> Seeded:
    """A little of everything that the answers show."""
    category = company.manager.rest.post("/categories", json={"name": "现场经验"}).json()["id"]
    for number in range(25):
        author = (company.employee, company.colleague, company.outsider)[number % 3]
        item = author.item(title=f"零点漂移 {number}", category_id=category, tags=["压传", f"第 {number}"])
        for text in ("高原上呢？", "等一刻钟。")[: number % 3]:
            company.colleague.rest.post(f"/content/{item['id']}/comments", json={"body": text}).raise_for_status()
        if number % 4 == 0:
            company.outsider.rest.put(f"/content/{item['id']}/reactions/like")
        idea = author.rest.post("/ideas", json={"title": f"温度显示屏 {number}", "tags": ["老化房"]}).json()["id"]
        if number % 2:
            company.hr.rest.put(f"/ideas/{idea}/vote").raise_for_status()
        if number % 5 == 0:
            outcome = {"outcome": "approved", "explanation": "先在一条线上试。"}
            company.committee.rest.post(f"/ideas/{idea}/decision", json=outcome).raise_for_status()
    company.server.settle()
    people = (company.employee, company.colleague, company.outsider)
    return Seeded(25, [(person.key, person.id) for person in people], Terms([], [], []))


def test_both_answer_the_same(company: Company, pair: Pair, facts: Seeded) -> None:
    async def run() -> list[ratios.Case]:
        async with servers.connected(company.server.database_url) as connection:
            return await ratios.read_cases(connection, facts)

    for case in [*company.server.loop.run(run()), ideas.page_case(facts)]:
        assert case.requests
        ratios.compare_reads(case, *pair)


def test_both_store_the_same(company: Company, pair: Pair, facts: Seeded) -> None:
    async def run() -> None:
        async with servers.connected(company.server.database_url) as connection:
            await ratios.compare_writes(await ratios.write_case(connection, facts), *pair, connection)

    company.server.loop.run(run())
