"""What somebody keeps, follows and how they rate is their own affair; likes and thanks are said in public."""

from typing import Any

from tests.conftest import Actor, Company


def events_about(actor: Actor, content_id: str, after: str) -> list[str]:
    found: list[dict[str, Any]] = []
    place: str | None = after
    while place:
        page = actor.rest.get("/events", params={"after": place, "limit": 100}).json()
        found += page["items"]
        place = page["next_cursor"]
    return [
        event["type"]
        for event in found
        if event["content_id"] == content_id and event["type"] != "knowledge_item_created"
    ]


def test_others_hear_of_likes_but_not_of_favourites_follows_and_ratings(company: Company) -> None:
    start = company.colleague.rest.get("/events", params={"limit": 1}).json()["latest"]
    item = company.employee.item()
    path = f"/content/{item['id']}"
    for what in ("reactions/like", "reactions/favourite", "follow"):
        assert company.colleague.rest.put(f"{path}/{what}").is_success
    assert company.colleague.rest.put(f"{path}/rating", json={"score": 2}).is_success
    company.server.settle()
    mine, theirs = (events_about(actor, item["id"], start) for actor in (company.colleague, company.employee))
    assert theirs == ["knowledge_item_published", "reacted"]
    assert mine == ["knowledge_item_published", "reacted", "reacted", "followed", "rated"]
    for actor, kinds in ((company.colleague, {"like", "favourite"}), (company.employee, {"like"})):
        listed = actor.rest.get(f"{path}/reactions").json()["items"]
        assert {reaction["kind"] for reaction in listed} == kinds
    counters = company.employee.rest.get(f"/knowledge-items/{item['id']}").json()["counters"]
    assert (counters["favourites"], counters["followers"], counters["ratings"]) == (1, 1, 1)
