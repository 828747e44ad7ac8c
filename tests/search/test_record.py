"""Every search is recorded, and what found nothing is shown to those who can write what is missing."""

import time
from typing import Any
from uuid import UUID

from tests.conftest import Company, live_server
from tests.search.asking import GRAPHQL, marker, search


def recorded(company: Company, query: str, number: int = 1) -> list[Any]:
    deadline = time.monotonic() + 10
    while True:
        rows = company.server.sql("SELECT * FROM search_query WHERE query = $1 ORDER BY at", query)
        if len(rows) >= number or time.monotonic() > deadline:
            return rows
        time.sleep(0.05)


def test_a_search_is_recorded_with_its_number_of_hits(company: Company) -> None:
    word = marker()
    for n in range(3):
        company.employee.item(title=f"{word} {n}")
    company.server.settle()
    page = search(company.colleague, word, kind="sop", limit=2)
    search(company.colleague, word, kind="sop", limit=2, cursor=page["next_cursor"])
    company.outsider.data(GRAPHQL, q=word)
    company.outsider.data(GRAPHQL, q=f"{word} 没有")
    rows = recorded(company, word, 2)
    assert [(row["hits"], row["exact"]) for row in rows] == [(3, True), (3, True)]
    # Told from each other, but not whose they are.
    assert len({rows[0]["person_id"], rows[1]["person_id"], company.colleague.id, company.outsider.id}) == 4
    assert rows[0]["filters"] == '{"kind": "sop"}'
    assert recorded(company, f"{word} 没有")[0]["hits"] == 0
    time.sleep(0.7)
    assert len(recorded(company, word, 2)) == 2  # the second page was no second search


def test_searches_without_hits_are_listed_by_text(company: Company) -> None:
    word = marker()
    for actor in (company.colleague, company.outsider, company.employee):
        search(actor, f" {word.upper()}   缺失 ")
    search(company.colleague, f"{word} 别的")
    recorded(company, f"{word.upper()}   缺失", 3)
    recorded(company, f"{word} 别的")

    def listed(**parameters: Any) -> list[dict[str, Any]]:
        answer = company.manager.rest.get("/search/queries", params={"limit": 100, **parameters})
        assert answer.status_code == 200, answer.text
        return [entry for entry in answer.json()["items"] if word in entry["text"]]

    missing = listed(without_hits="true")
    assert [(e["text"], e["searches"], e["misses"], e["last_hits"]) for e in missing] == [
        (f"{word} 缺失", 3, 3, 0),
        (f"{word} 别的", 1, 1, 0),
    ]
    assert [e["text"] for e in listed(without_hits="true", order="newest")] == [f"{word} 别的", f"{word} 缺失"]
    query = (
        "query($filter: SearchedTextFilter) { searchQueries(filter: $filter, first: 100) { nodes { text misses } } }"
    )
    shown = company.manager.data(query, filter={"withoutHits": True})["searchQueries"]["nodes"]
    assert {"text": f"{word} 缺失", "misses": 3} in shown

    company.employee.item(title=f"{word} 缺失的知识")
    company.server.settle()
    assert search(company.outsider, f"{word} 缺失")["total"]["value"] == 1
    recorded(company, f"{word} 缺失")
    assert [e["text"] for e in listed(without_hits="true")] == [f"{word} 别的"]
    assert [(e["text"], e["searches"], e["misses"]) for e in listed(without_hits="false")] == [(f"{word} 缺失", 4, 3)]


def test_what_others_searched_for_needs_a_permission(company: Company) -> None:
    for actor in (company.employee, company.reviewer, company.hr, company.rd_manager):
        answer = actor.rest.get("/search/queries")
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        response = actor.graphql("{ searchQueries { nodes { text } } }")
        assert response["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    text_id = str(company.server.sql("SELECT id FROM searched_text LIMIT 1")[0]["id"])
    node = "query($id: ID!) { node(id: $id) { id ... on SearchedText { text } } }"
    assert company.employee.data(node, id=text_id) == {"node": None}
    assert UUID(company.manager.data(node, id=text_id)["node"]["id"])


def test_what_waits_is_written_when_the_server_stops(company: Company, loop: Any) -> None:
    word = marker()
    with live_server(company.server.database_url, loop) as other:
        answer = company.colleague.rest.get(f"{other.url}/v1/search", params={"q": word})
        assert answer.status_code == 200
    rows = company.server.sql("SELECT hits FROM search_query WHERE query = $1", word)
    assert [row["hits"] for row in rows] == [0]


def test_searches_are_recorded_after_the_database_was_away(company: Company) -> None:
    """Notes wait for a database that refuses to be written to."""
    word = marker()
    server = company.server
    server.sql("ALTER TABLE search_query RENAME TO search_query_away")
    try:
        assert search(company.colleague, word)["total"]["value"] == 0
        time.sleep(0.8)
    finally:
        server.sql("ALTER TABLE search_query_away RENAME TO search_query")
    # A refusal that is no absence lets go of the note, so that those behind it are written.
    after = marker()
    search(company.colleague, after)
    assert len(recorded(company, after)) == 1
