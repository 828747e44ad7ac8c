"""Searching through both doors."""

from typing import Any
from uuid import uuid4

from tests.conftest import Actor

GRAPHQL = """query($q: String!, $first: Int! = 100, $after: String, $filter: SearchFilter,
  $orderBy: SearchOrder! = relevance) {
  search(query: $q, first: $first, after: $after, filter: $filter, orderBy: $orderBy) {
    nodes { title snippet score content { id title type kind author { id } tags { name } category { name } } }
    total { value exact } terms pageInfo { hasNextPage endCursor }
    facets { kind { value name count } category { value name count } tag { value name count }
      author { value name count } department { value name count } language { value name count } } } }
"""


def marker() -> str:
    """A word that no other test uses."""
    return f"zq{uuid4().hex[:12]}"


def search(actor: Actor, q: str, **parameters: Any) -> dict[str, Any]:
    """A page through REST, with everything."""
    answer = actor.rest.get("/search", params={"q": q, "limit": 100, "facets": True, **parameters})
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def ids(page: dict[str, Any]) -> list[str]:
    return [hit["content"]["id"] for hit in page["items"]]


def found(actor: Actor, q: str, **filters: Any) -> list[str]:
    """The ids found, which both doors agree on."""
    through_rest = ids(search(actor, q, **filters))
    order = filters.pop("order", "relevance")
    names = {"published_from": "publishedFrom", "published_before": "publishedBefore"}
    given = {names.get(name, name): value for name, value in filters.items()}
    data = actor.data(GRAPHQL, q=q, filter=given, orderBy=order)["search"]
    assert [hit["content"]["id"] for hit in data["nodes"]] == through_rest
    return through_rest
