"""What you may not see is in no result, no count, no facet, no snippet; changing that takes effect at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import pytest
from tests.conftest import Actor, Company
from tests.search.asking import GRAPHQL, found, ids, marker, search


@pytest.fixture
def secret(company: Company) -> dict[str, Any]:
    """An item for the author's own department alone, with a tag and a category of its own."""
    word = marker()
    category = company.manager.rest.post("/categories", json={"name": f"机密 {word}"}).json()["id"]
    item = company.employee.item(
        title=f"{word} 并购计划",
        body=f"细节 {word}",
        tags=[f"标签{word}"],
        category_id=category,
        audience=[str(company.departments["rd_pressure"])],
    )
    company.server.settle()
    return {"word": word, "item": item, "category": category}


def sees_nothing(actor: Actor, word: str, **filters: Any) -> None:
    for order in ("relevance", "newest", "best"):
        page = search(actor, word, order=order, **filters)
        assert page["items"] == []
        assert page["total"] == {"value": 0, "exact": True}
        assert page["next_cursor"] is None
        assert all(values == [] for values in page["facets"].values())
    given = {"filter": filters} if filters else {}
    answer = actor.data(GRAPHQL, q=word, **given)["search"]
    assert answer["nodes"] == []
    assert answer["total"] == {"value": 0, "exact": True}
    assert all(values == [] for values in answer["facets"].values())


def test_a_restricted_item_is_nowhere_for_others(secret: dict[str, Any], company: Company) -> None:
    assert found(company.employee, secret["word"]) == [secret["item"]["id"]]
    for other in (company.colleague, company.outsider, company.hr, company.manager, company.admin):
        sees_nothing(other, secret["word"])
        sees_nothing(other, secret["word"], category=secret["category"])
        sees_nothing(other, secret["word"], tag=f"标签{secret['word']}")
        sees_nothing(other, secret["word"], author=str(company.employee.id))


def test_it_is_not_counted_among_others(secret: dict[str, Any], company: Company) -> None:
    public = company.employee.item(title=f"{secret['word']} 公开")
    company.server.settle()
    for actor, number in ((company.outsider, 1), (company.employee, 2)):
        page = search(actor, secret["word"])
        assert page["total"] == {"value": number, "exact": True}
        assert [entry["count"] for entry in page["facets"]["author"]] == [number]
        assert len(page["facets"]["tag"]) == len(page["facets"]["category"]) == number - 1
    assert ids(search(company.outsider, secret["word"])) == [public["id"]]


@contextmanager
def no_indexing(company: Company) -> Iterator[None]:
    """Holds what indexers wait for."""
    name = "hashtextextended('kshare search documents', 0)"

    async def connect() -> asyncpg.Connection:
        connection = await asyncpg.connect(company.server.database_url)
        await connection.execute(f"SELECT pg_advisory_lock({name})")
        return connection

    connection = company.server.loop.run(connect())
    try:
        yield
    finally:
        company.server.loop.run(connection.close())


def change(actor: Actor, id: str, **fields: Any) -> None:
    etag = actor.rest.get(f"/knowledge-items/{id}").headers["etag"]
    changed = actor.rest.patch(f"/knowledge-items/{id}", json=fields, headers={"If-Match": etag})
    assert changed.status_code == 200, changed.text


def test_a_changed_audience_takes_effect_before_the_index_hears_of_it(secret: dict[str, Any], company: Company) -> None:
    id, word = secret["item"]["id"], secret["word"]
    with no_indexing(company):
        change(company.employee, id, audience=[str(company.departments["root"])])
        assert found(company.outsider, word) == [id]
        change(company.employee, id, audience=[str(company.departments["rd_pressure"])])
        sees_nothing(company.outsider, word)
    company.server.settle()
    sees_nothing(company.outsider, word)
    assert found(company.employee, word) == [id]


def test_a_changed_classification_takes_effect_at_once(company: Company) -> None:
    word = marker()
    item = company.manager.item(title=f"{word} 价格表")
    company.server.settle()
    assert found(company.outsider, word) == [item["id"]]
    change(company.manager, item["id"], classification="confidential")
    sees_nothing(company.outsider, word)
    assert found(company.admin, word) == [item["id"]]
    change(company.manager, item["id"], classification="internal")
    assert found(company.outsider, word) == [item["id"]]


def test_a_hidden_item_does_not_come_with_a_cursor_either(secret: dict[str, Any], company: Company) -> None:
    word = secret["word"]
    made = [company.outsider.item(title=f"{word} {n}")["id"] for n in range(3)]
    change(company.employee, secret["item"]["id"], audience=[str(company.departments["root"])])
    company.server.settle()
    first = search(company.outsider, word, limit=1, order="newest")
    assert first["total"]["value"] == 4
    change(company.employee, secret["item"]["id"], audience=[str(company.departments["rd_pressure"])])
    rest = search(company.outsider, word, order="newest", cursor=first["next_cursor"])
    assert ids(first) + ids(rest) == made[::-1]


def test_a_search_needs_its_permission(company: Company) -> None:
    blind = company.hire("只写", "rd", scopes=["content_read", "knowledge_write"])
    answer = blind.rest.get("/search", params={"q": "轴承"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert blind.graphql(GRAPHQL, q="轴承")["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert company.anonymous.get("/search", params={"q": "轴承"}).status_code == 401


def test_a_key_that_may_not_read_content_finds_none(company: Company) -> None:
    word = marker()
    company.employee.item(title=word)
    company.server.settle()
    searcher = company.hire("只搜", "rd", scopes=["search"])
    sees_nothing(searcher, word)
