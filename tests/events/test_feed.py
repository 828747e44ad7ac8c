"""The journal feed: what is replayed, in which order, where it goes on, and who sees what of it."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.conftest import Actor, Company

from kshare.core.ids import new_id
from kshare.core.journal import Happened
from kshare.core.principal import EVERYONE
from kshare.events import reads


def replay(actor: Actor, after: str | None = None, **query: Any) -> dict[str, Any]:
    response = actor.rest.get("/events", params={**query, **({"after": after} if after else {})})
    assert response.status_code == 200, response.text
    page: dict[str, Any] = response.json()
    return page


def everything(actor: Actor, after: str | None = None, **query: Any) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    actor.server.settled()
    while True:
        page = replay(actor, after, **query)
        events += page["items"]
        assert (page["next_cursor"] is None) or page["next_cursor"] == page["latest"]
        if page["next_cursor"] is None:
            return events
        after = page["next_cursor"]


def now(actor: Actor) -> str:
    """Where the feed ends at present."""
    actor.server.settled()
    page = replay(actor, limit=100)
    while page["next_cursor"]:
        page = replay(actor, page["next_cursor"], limit=100)
    latest: str = page["latest"]
    return latest


def record(company: Company, happened: str = "knowledge_item_archived", *, count: int = 1, **fields: Any) -> list[UUID]:
    """Entries written by hand, as a command of some other slice would."""
    ids = [new_id() for _ in range(count)]
    company.server.sql(
        "INSERT INTO journal (id, happened, actor_id, object_kind, object_id, content_id, readers, classification,"
        " payload, at) SELECT unnest($1::uuid[]), $2, $3, 'content', $4, $5, $6, $7, $8, now()",
        ids, happened, company.employee.id, fields.get("object_id", uuid4()), fields.get("content_id"),
        fields.get("readers", [EVERYONE]), fields.get("classification", 0), fields.get("payload", "{}"),
    )  # fmt: skip
    company.server.settled()
    return ids


def about(events: list[dict[str, Any]], item: dict[str, Any]) -> list[str]:
    return [event["type"] for event in events if event["object_id"] == item["id"]]


def test_what_happens_is_replayed_in_order_and_once(company: Company) -> None:
    start = now(company.colleague)
    item = company.employee.item(title="热处理规范")
    tag = company.employee.rest.get(f"/knowledge-items/{item['id']}").headers["etag"]
    changed = company.employee.rest.patch(
        f"/knowledge-items/{item['id']}",
        json={"title": "热处理规范（二）", "language": "en"},
        headers={"If-Match": tag},
    )
    assert changed.status_code == 200
    events = everything(company.colleague, start)
    assert about(events, item) == [
        "knowledge_item_created", "knowledge_item_published", "knowledge_item_revised", "knowledge_item_changed",
    ]  # fmt: skip
    first = next(event for event in events if event["object_id"] == item["id"])
    assert first["actor"]["name"] == "林知夏"
    assert first["content_id"] == item["id"]
    assert first["payload"] == {"kind": "sop", "content_id": item["id"]}
    assert first["at"].endswith("+00:00") or first["at"].endswith("Z")
    assert everything(company.colleague, events[-1]["id"]) == []


def test_pages_follow_each_other_by_id_link_and_latest(company: Company) -> None:
    start = now(company.employee)
    ids = [str(id) for id in record(company, count=7)]
    page = company.employee.rest.get("/events", params={"after": start, "limit": 3})
    assert [event["id"] for event in page.json()["items"]] == ids[:3]
    assert page.json()["next_cursor"] == page.json()["latest"] == ids[2]
    link = page.headers["link"]
    assert link.endswith('; rel="next"')
    following = company.employee.rest.get(f"{company.server.url}{link[1 : link.index('>')]}").json()
    assert [event["id"] for event in following["items"]] == ids[3:6]
    assert [event["id"] for event in replay(company.employee, ids[2], limit=100)["items"]] == ids[3:]
    last = replay(company.employee, ids[5], limit=1)
    assert [event["id"] for event in last["items"]] == ids[6:]
    assert last["next_cursor"] is None
    assert replay(company.employee, last["latest"])["items"] == []
    assert replay(company.employee, ids[6])["latest"]


def test_types_choose_and_unknown_ones_are_refused(company: Company) -> None:
    start = now(company.employee)
    item = company.employee.item()
    published = everything(company.employee, start, types="knowledge_item_published")
    assert about(published, item) == ["knowledge_item_published"]
    both = everything(company.employee, start, types=["knowledge_item_published", "knowledge_item_created"])
    assert about(both, item) == ["knowledge_item_created", "knowledge_item_published"]
    refused = company.employee.rest.get("/events", params={"types": "nonsense"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "?types"


@pytest.mark.parametrize(
    "after", ["x", "01a1ffb9-4749-77eb-b4ed-bab0036dc09e", "0" * 36, "\0" * 40, "é" * 36, "A" * 60, "-_" * 30, " "]
)
def test_a_place_that_nobody_gave_is_refused(company: Company, after: str) -> None:
    response = company.employee.rest.get("/events", params={"after": after})
    assert (response.status_code, response.json()["code"]) == (400, "invalid_cursor")
    response = company.employee.rest.get("/events/stream", params={"after": after})
    assert (response.status_code, response.json()["code"]) == (400, "invalid_cursor")
    answer = company.employee.graphql("query($after: String) { events(after: $after) { nodes { id } } }", after=after)
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_CURSOR"


def test_a_tampered_place_is_refused(company: Company) -> None:
    latest = now(company.employee)
    other = ("A" if latest[20] != "A" else "B").join((latest[:20], latest[21:]))
    assert company.employee.rest.get("/events", params={"after": other}).status_code == 400


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"limit": "x"}, {"cursor": "x"}, {"after": ""}])
def test_wrong_parameters_are_refused(company: Company, query: dict[str, Any]) -> None:
    assert company.employee.rest.get("/events", params=query).status_code == 422


# ---- who sees what --------------------------------------------------------------------------------------------------


def test_a_restricted_items_events_are_nothing_to_outsiders(company: Company) -> None:
    start = now(company.outsider)
    item = company.employee.item(audience=[str(company.departments["rd"])])
    assert about(everything(company.colleague, start), item) == ["knowledge_item_created", "knowledge_item_published"]
    assert everything(company.outsider, start) == []
    assert everything(company.admin, start) == []


def test_a_draft_is_its_authors_business_and_stays_so(company: Company) -> None:
    start = now(company.colleague)
    item = company.employee.item(publish=False)
    assert about(everything(company.employee, start), item) == ["knowledge_item_created"]
    assert everything(company.colleague, start) == []
    company.employee.rest.post(f"/knowledge-items/{item['id']}/publish")
    assert about(everything(company.colleague, start), item) == ["knowledge_item_published"]


def patch(actor: Actor, item: dict[str, Any], **changes: Any) -> None:
    tag = actor.rest.get(f"/knowledge-items/{item['id']}").headers["etag"]
    response = actor.rest.patch(f"/knowledge-items/{item['id']}", json=changes, headers={"If-Match": tag})
    assert response.status_code == 200, response.text


def test_a_smaller_audience_takes_past_events_back(company: Company) -> None:
    start = now(company.outsider)
    item = company.employee.item()
    seen = everything(company.outsider, start)
    assert len(about(seen, item)) == 2
    patch(company.employee, item, audience=[str(company.departments["rd"])])
    assert about(everything(company.outsider, start), item) == []
    # The id it knows still says where it was.
    assert about(everything(company.outsider, seen[0]["id"]), item) == []


def test_a_larger_audience_shows_what_happens_from_then_on(company: Company) -> None:
    start = now(company.outsider)
    item = company.employee.item(audience=[str(company.departments["rd"])])
    patch(company.employee, item, audience=[str(EVERYONE)])
    assert about(everything(company.outsider, start), item) == ["knowledge_item_changed"]


def test_a_higher_classification_takes_past_events_back(company: Company) -> None:
    start = now(company.manager)
    item = company.manager.item(classification="internal")
    assert len(about(everything(company.employee, start), item)) == 2
    patch(company.manager, item, classification="confidential")
    assert about(everything(company.employee, start), item) == []
    assert len(about(everything(company.manager, start), item)) == 3


def test_events_above_the_clearance_are_hidden(company: Company) -> None:
    start = now(company.admin)
    (id,) = record(company, classification=2)
    assert str(id) not in [event["id"] for event in everything(company.employee, start)]
    assert str(id) in [event["id"] for event in everything(company.manager, start)]


def test_events_of_a_deleted_draft_are_seen_by_its_author_alone(company: Company) -> None:
    start = now(company.employee)
    item = company.employee.item(publish=False)
    tag = company.employee.rest.get(f"/knowledge-items/{item['id']}").headers["etag"]
    assert company.employee.rest.delete(f"/knowledge-items/{item['id']}", headers={"If-Match": tag}).status_code == 204
    assert about(everything(company.employee, start), item) == ["knowledge_item_created", "knowledge_item_deleted"]
    assert everything(company.colleague, start) == []
    assert everything(company.admin, start) == []


def test_events_for_one_person_are_that_persons_alone(company: Company) -> None:
    start = now(company.employee)
    (id,) = record(company, readers=[company.employee.id])
    assert [event["id"] for event in everything(company.employee, start)] == [str(id)]
    for other in (company.colleague, company.admin, company.manager):
        assert everything(other, start) == []


def test_scopes_decide(company: Company) -> None:
    blind = company.hire("无权", "rd", scopes=["content_read"])
    assert blind.rest.get("/events").status_code == 403
    assert blind.rest.get("/events/stream").status_code == 403
    assert blind.rest.get("/event-types").status_code == 403
    assert blind.graphql("{ events { nodes { id } } }")["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    start = now(company.employee)
    item = company.employee.item()
    (other,) = record(company)
    partial = company.hire("半权", "rd", scopes=["events_read"])
    assert [event["id"] for event in everything(partial, start)] == [str(other)]
    assert len(about(everything(company.colleague, start), item)) == 2
    assert company.anonymous.get("/events").status_code == 401


# ---- cost -----------------------------------------------------------------------------------------------------------


def test_who_sees_little_gets_on_in_bounded_steps(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    start = now(company.outsider)
    record(company, count=reads.SCANNED + 10, readers=[company.employee.id])
    (mine,) = record(company, readers=[company.outsider.id])
    page = replay(company.outsider, start)
    assert page["items"] == []
    assert page["next_cursor"] == page["latest"] != start
    page = replay(company.outsider, page["latest"])
    assert [event["id"] for event in page["items"]] == [str(mine)]
    assert page["next_cursor"] is None


def test_a_place_tells_nothing_of_what_is_hidden(company: Company) -> None:
    """The same place is another text each time, so it does not even tell whether anything happened."""
    page = replay(company.outsider, now(company.outsider))
    again = replay(company.outsider, page["latest"])
    assert page["latest"] != again["latest"]
    assert len(page["latest"]) == len(again["latest"]) == 60


def test_a_page_of_a_long_journal_is_found_along_the_index(fresh: Company) -> None:
    record(fresh, count=100_000, readers=[fresh.employee.id])
    fresh.server.sql("ANALYZE journal")
    statement = reads._statement((), by_id=False, typed=False)
    # A plan for all values, as the read pool makes them: the scan is bounded by the index, never sorted.
    fresh.server.sql("SELECT 1")
    plan = "\n".join(row["QUERY PLAN"] for row in explained(fresh, statement))
    assert "Index Scan using ix_journal_xid_number" in plan
    assert "Seq Scan on journal" not in plan
    first = replay(fresh.employee, limit=100)
    assert len(first["items"]) == 100


def explained(company: Company, statement: Any) -> list[Any]:
    values = {"xid": 0, "number": 0, "limit": 20}
    binds = {
        "viewer_subjects": [company.employee.id], "viewer_clearance": 1, "viewer_permissions": ["events_read"],
    }  # fmt: skip
    rows: list[Any] = company.server.sql("EXPLAIN " + statement.sql, *statement.bind(values | binds))
    return rows


# ---- types ----------------------------------------------------------------------------------------------------------


def test_every_type_is_documented_in_both_doors(company: Company) -> None:
    types = company.employee.rest.get("/event-types").json()["items"]
    assert [kind["type"] for kind in types] == sorted(kind["type"] for kind in types)
    created = next(kind for kind in types if kind["type"] == "knowledge_item_created")
    assert created["about"] == "content"
    assert created["description"]
    assert set(created["payload"]["properties"]) == {"content_id", "kind"}
    told = company.employee.data("{ eventTypes { type about description payload } }")["eventTypes"]
    assert told == types


def test_every_class_that_is_recorded_is_a_type() -> None:
    assert len(reads.event_types()) == len(list(reads._recorded(Happened)))


# ---- GraphQL --------------------------------------------------------------------------------------------------------


def test_graphql_replays_the_same(company: Company) -> None:
    start = now(company.colleague)
    company.employee.item()
    company.employee.item(audience=[str(company.departments["rd_pressure"])])
    query = """query($after: String, $first: Int!) { events(after: $after, first: $first) {
      __typename nodes { id type at objectKind objectId contentId payload actor { id name department { name } } }
      edges { cursor n: node { __typename kind: type } m: node { id } } pageInfo { hasNextPage hasPreviousPage
      startCursor endCursor } } }"""
    company.server.settled()
    told = company.colleague.data(query, after=start, first=1)["events"]
    rest = replay(company.colleague, start, limit=1)["items"]
    node = told["nodes"][0]
    assert (node["id"], node["type"], node["payload"]) == (rest[0]["id"], rest[0]["type"], rest[0]["payload"])
    assert node["actor"]["department"] == {"name": "rd_pressure"}
    assert told["__typename"] == "EventConnection"
    assert told["edges"] == [
        {"cursor": node["id"], "n": {"__typename": "Event", "kind": node["type"]}, "m": {"id": node["id"]}}
    ]
    assert told["pageInfo"] == {
        "hasNextPage": True, "hasPreviousPage": True, "startCursor": node["id"], "endCursor": node["id"],
    }  # fmt: skip
    rest_of_it = company.colleague.data(query, after=told["pageInfo"]["endCursor"], first=100)["events"]
    assert len(rest_of_it["nodes"]) == 1
    assert rest_of_it["pageInfo"]["hasNextPage"] is False
    assert replay(company.colleague, rest_of_it["pageInfo"]["endCursor"])["items"] == []
    beginning = company.colleague.data("{ events(first: 1, types: []) { pageInfo { hasPreviousPage } } }")
    assert beginning["events"]["pageInfo"]["hasPreviousPage"] is False


@pytest.mark.parametrize(
    "arguments, code", [("first: 0", "INVALID"), ("first: 101", "INVALID"), ('types: ["nonsense"]', "INVALID")]
)
def test_graphql_refuses_wrong_arguments(company: Company, arguments: str, code: str) -> None:
    answer = company.employee.graphql(f"{{ events({arguments}) {{ nodes {{ id }} }} }}")
    assert answer["errors"][0]["extensions"]["code"] == code
