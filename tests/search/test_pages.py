"""Orders, pages and cursors of a search, through both doors."""

from typing import Any

import pytest
from tests.conftest import Actor, Company
from tests.search.asking import GRAPHQL, found, ids, marker, search

from kshare.core.database import Database
from kshare.core.settings import Settings
from kshare.search.reindex import reindex


@pytest.fixture(scope="module", autouse=True)
def few(company: Company) -> None:
    """No more documents than a search looks at at once: other tests publish by the thousand."""
    company.server.settle()
    company.server.sql("DELETE FROM search_document")
    company.server.sql("DELETE FROM search_era")


@pytest.fixture(scope="module")
def many(company: Company) -> dict[str, Any]:
    """Seven items with one word, more of it in each."""
    word = marker()
    items = [
        company.employee.item(title=f"第 {n} 篇", summary=f"{word} " * n, kind="sop" if n % 2 else "case")
        for n in range(1, 8)
    ]
    company.server.settle()
    return {"word": word, "ids": [item["id"] for item in items]}


def pages(actor: Actor, q: str, **parameters: Any) -> list[list[str]]:
    """All pages, following `next_cursor`."""
    read: list[list[str]] = []
    cursor = None
    while True:
        extra = {} if cursor is None else {"cursor": cursor}
        page = search(actor, q, limit=2, facets=False, **parameters, **extra)
        read.append(ids(page))
        cursor = page["next_cursor"]
        if cursor is None:
            return read
        assert len(read) < 20


@pytest.mark.parametrize("order", ["relevance", "newest", "best"])
def test_pages_lose_and_repeat_nothing(many: dict[str, Any], company: Company, order: str) -> None:
    read = pages(company.colleague, many["word"], order=order)
    assert [len(page) for page in read] == [2, 2, 2, 1]
    together = [id for page in read for id in page]
    assert sorted(together) == sorted(many["ids"])
    assert together == found(company.colleague, many["word"], order=order)


def test_newest_first(many: dict[str, Any], company: Company) -> None:
    assert found(company.colleague, many["word"], order="newest") == many["ids"][::-1]


def test_best_follows_what_readers_do(many: dict[str, Any], company: Company) -> None:
    praised, liked = many["ids"][2], many["ids"][4]
    for actor in (company.colleague, company.outsider, company.reviewer):
        assert actor.rest.put(f"/content/{praised}/rating", json={"score": 5}).status_code in (200, 204)
    assert company.outsider.rest.put(f"/content/{liked}/reactions/like").status_code in (200, 204)
    assert found(company.colleague, many["word"], order="best")[:2] == [praised, liked]
    hits = search(company.colleague, many["word"], order="best")["items"]
    scores = [hit["score"] for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[1] > scores[2]


@pytest.mark.parametrize("order", ["relevance", "newest", "best"])
def test_what_is_published_between_two_pages_changes_none(company: Company, order: str) -> None:
    word = marker()
    made = [company.employee.item(title=f"{word} {n}")["id"] for n in range(4)]
    company.server.settle()
    first = search(company.colleague, word, limit=2, order=order)
    company.employee.item(title=f"{word} {word} {word} 后来")
    company.server.settle()
    second = search(company.colleague, word, limit=2, order=order, cursor=first["next_cursor"])
    assert sorted(ids(first) + ids(second)) == sorted(made)
    assert second["next_cursor"] is None
    assert first["total"] == second["total"]
    assert first["total"]["value"] == 4
    # By date it looks no further back than for a page; a ranking looks at all that have so rare a word.
    assert first["total"]["exact"] or order == "newest"


def test_the_link_leads_to_the_next_page(many: dict[str, Any], company: Company) -> None:
    answer = company.colleague.rest.get("/search", params={"q": many["word"], "limit": 3, "kind": "sop"})
    link = answer.headers["link"]
    assert link.startswith("</v1/search?")
    assert link.endswith('>; rel="next"')
    following = company.colleague.rest.get(company.server.url + link[1 : link.index(">")])
    assert len(ids(answer.json())) == 3
    assert len(ids(following.json())) == 1
    assert not set(ids(answer.json())) & set(ids(following.json()))


def test_graphql_pages_and_edges(many: dict[str, Any], company: Company) -> None:
    read: list[str] = []
    after = None
    while True:
        page = company.colleague.data(GRAPHQL, q=many["word"], first=3, after=after, orderBy="newest")["search"]
        read += [node["content"]["id"] for node in page["nodes"]]
        assert page["total"]["value"] == 7
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert read == many["ids"][::-1]
    query = """query($q: String!, $after: String) { search(query: $q, after: $after, first: 2, orderBy: newest) {
      __typename edges { cursor node { __typename score content { __typename id author { name manager { name } } } } }
      nodes { content { title } } pageInfo { hasPreviousPage startCursor } } }"""
    first = company.colleague.data(query, q=many["word"])["search"]
    assert first["__typename"] == "SearchConnection"
    assert first["edges"][0]["node"]["content"]["__typename"] == "Content"
    assert first["nodes"] == [{"content": {"title": "第 7 篇"}}, {"content": {"title": "第 6 篇"}}]
    second = company.colleague.data(query, q=many["word"], after=first["edges"][0]["cursor"])["search"]
    assert second["edges"][0]["node"]["content"]["id"] == first["edges"][1]["node"]["content"]["id"]
    assert second["pageInfo"]["hasPreviousPage"] is True


def test_a_cursor_belongs_to_its_search(many: dict[str, Any], company: Company) -> None:
    word = many["word"]
    cursor = search(company.colleague, word, limit=2, order="newest")["next_cursor"]
    listed = company.colleague.rest.get("/knowledge-items", params={"limit": 1}).json()["next_cursor"]

    def refused(code: str, cursor: str, **parameters: Any) -> None:
        answer = company.colleague.rest.get("/search", params={"q": word, "limit": 2, "cursor": cursor, **parameters})
        assert (answer.status_code, answer.json()["code"]) == (400, code)

    refused("cursor_mismatch", cursor)
    refused("cursor_mismatch", cursor, order="newest", kind="sop")
    refused("cursor_mismatch", cursor, order="newest", q="轴承")
    refused("cursor_mismatch", listed, order="newest")
    middle = len(cursor) // 2
    refused(
        "invalid_cursor",
        cursor[:middle] + ("A" if cursor[middle] != "A" else "B") + cursor[middle + 1 :],
        order="newest",
    )
    refused("invalid_cursor", "x", order="newest")
    response = company.colleague.graphql(GRAPHQL, q=word, after=cursor)
    assert response["errors"][0]["extensions"]["code"] == "CURSOR_MISMATCH"


# ---- more documents than a search looks at at once ------------------------------------------------------------------


@pytest.fixture(scope="module")
def crowd(company: Company) -> dict[str, Any]:
    """Five thousand documents with one word, made behind the doors, in eras of their own; some are for others only."""
    word, rare = marker(), marker()
    server = company.server
    server.sql("DELETE FROM search_document")
    server.sql("DELETE FROM search_era")
    server.sql(
        """INSERT INTO content (id, kind, variety, state, title, summary, body, language, author_id, owner_id,
          department_id, audience, readers, classification, revision, version, created_at, updated_at, published_at,
          listed_at)
        SELECT gen_random_uuid(), 'knowledge_item', 'sop', 'published',
          CASE WHEN n % 1000 = 7 THEN $2 ELSE 'x' END || n,
          $1, '', 'zh', $3, $3, $4, r, r, 1, 1, 1, t, t, t, t FROM (
            SELECT n, timestamptz '2020-01-01' + n * interval '1 minute' AS t,
              CASE WHEN n % 5 = 0 THEN ARRAY[$3::uuid] ELSE ARRAY['00000000-0000-7000-8000-000000000001'::uuid] END AS r
            FROM generate_series(0, 4999) AS n) AS s""",
        word,
        f"{rare} ",
        company.employee.id,
        company.employee.department_id,
    )
    server.sql(
        """INSERT INTO content_counter (content_id, comments, likes, thanks, favourites, followers, views, ratings,
          rating_sum) SELECT id, 0, 0, 0, 0, 0, 0, 0, 0 FROM content WHERE summary = $1""",
        word,
    )

    async def build() -> None:
        database = Database(server.database_url, Settings(_env_file=None))
        await reindex(database)
        await database.engine.dispose()

    server.loop.run(build(), 300)
    return {"word": word, "rare": rare}


def test_a_common_word_is_not_counted_to_the_end(crowd: dict[str, Any], company: Company) -> None:
    page = search(company.colleague, crowd["word"])
    assert page["total"]["exact"] is False
    assert 100 <= page["total"]["value"] < 4000
    assert len(page["items"]) == 100
    assert sum(entry["count"] for entry in page["facets"]["kind"]) == page["total"]["value"]


def test_a_rare_word_is_found_everywhere(crowd: dict[str, Any], company: Company) -> None:
    page = search(company.colleague, f"{crowd['rare']} {crowd['word']}")
    assert page["total"] == {"value": 5, "exact": True}
    assert search(company.colleague, f"{crowd['rare']} -{crowd['word']}")["total"] == {"value": 0, "exact": True}


def test_newest_pages_on_to_the_end(crowd: dict[str, Any], company: Company) -> None:
    read: list[str] = []
    cursor = None
    while True:
        extra = {} if cursor is None else {"cursor": cursor}
        page = search(company.outsider, crowd["word"], order="newest", facets=False, **extra)
        read += [hit["content"]["title"] for hit in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    numbers = [int(title.split()[-1].removeprefix("x")) for title in read]
    assert numbers == [n for n in range(4999, -1, -1) if n % 5]


def test_a_ranking_ends_with_what_was_looked_at(crowd: dict[str, Any], company: Company) -> None:
    read: list[str] = []
    cursor = None
    while True:
        extra = {} if cursor is None else {"cursor": cursor}
        page = search(company.outsider, crowd["word"], facets=False, **extra)
        read += ids(page)
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(read) == len(set(read)) == page["total"]["value"]


def test_what_few_may_see_is_found_among_what_many_see(crowd: dict[str, Any], company: Company) -> None:
    hits = found(company.colleague, crowd["word"], order="newest", published_before="2020-01-01T00:06:00Z")
    assert len(hits) == 4  # 1 to 4; 0 and 5 are for their author alone
    assert len(found(company.employee, crowd["word"], published_before="2020-01-01T00:06:00Z")) == 6
