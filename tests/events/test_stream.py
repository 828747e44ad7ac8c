"""Following the journal: what arrives, who is asked again whether they may, and how a stream ends."""

import json
import threading
import time
from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.conftest import Actor, Company, Loop, cloned_database, found_company, live_server
from tests.events.following import server_sent, subscribed
from tests.events.test_feed import about, everything, now, patch, record

from kshare.core.ids import new_id
from kshare.events import rest, stream
from kshare.events.reads import Batch, read_events


def test_what_happens_arrives_soon_with_the_ids_of_the_feed(company: Company) -> None:
    start = now(company.colleague)
    with server_sent(company.colleague) as following:
        began = time.monotonic()
        item = company.employee.item()
        following.wait(lambda: len(following.sent) == 2)
        assert time.monotonic() - began < 3
    events = everything(company.colleague, start)
    assert [one.data for one in following.sent] == events
    assert [(one.id, one.event) for one in following.sent] == [(event["id"], event["type"]) for event in events]
    assert about(events, item) == ["knowledge_item_created", "knowledge_item_published"]
    assert following.response is not None
    assert following.response.headers["content-type"].startswith("text/event-stream")


def test_what_another_process_does_arrives_too(company: Company) -> None:
    with server_sent(company.colleague) as following:
        (id,) = record(company)
        following.wait(lambda: following.ids() == [str(id)], 5)


def test_it_resumes_behind_an_event_or_a_place(company: Company) -> None:
    start = now(company.colleague)
    ids = [str(id) for id in record(company, count=120)]
    with server_sent(company.colleague, after=start) as following:
        following.wait(lambda: following.ids() == ids)
    with server_sent(company.colleague, last=ids[100], after=start) as following:
        following.wait(lambda: following.ids() == ids[101:])
    with server_sent(company.colleague) as following:
        time.sleep(0.3)
        assert following.ids() == []


def test_types_choose(company: Company) -> None:
    with server_sent(company.colleague, types="knowledge_item_published") as following:
        company.employee.item()
        following.wait(lambda: bool(following.sent))
        time.sleep(0.3)
    assert [one.event for one in following.sent] == ["knowledge_item_published"]
    assert company.colleague.rest.get("/events/stream", params={"types": "nonsense"}).status_code == 422


def test_outsiders_hear_nothing(company: Company) -> None:
    with server_sent(company.outsider) as outside, subscribed(company.outsider) as outside_too:
        with server_sent(company.colleague) as inside:
            company.employee.item(audience=[str(company.departments["rd"])])
            inside.wait(lambda: len(inside.sent) == 2)
        (id,) = record(company, readers=[company.outsider.id])
        outside.wait(lambda: outside.ids() == [str(id)])
        outside_too.wait(lambda: bool(outside_too.sent))
    assert [one.data["data"]["events"]["id"] for one in outside_too.sent] == [str(id)]


def test_a_smaller_audience_counts_when_it_is_sent(company: Company) -> None:
    start = now(company.outsider)
    item = company.employee.item()
    assert len(about(everything(company.outsider, start), item)) == 2
    patch(company.employee, item, audience=[str(company.departments["rd"])])
    (id,) = record(company)
    with server_sent(company.outsider, after=start) as following, subscribed(company.outsider, after=start) as too:
        following.wait(lambda: following.ids() == [str(id)])
        too.wait(lambda: [one.data["data"]["events"]["id"] for one in too.sent] == [str(id)])


def test_a_subscription_has_what_it_selects(company: Company) -> None:
    selection = "kind: type actor { name } objectId payload"
    with subscribed(company.colleague, selection, types=["knowledge_item_published"]) as following:
        item = company.employee.item()
        following.wait(lambda: bool(following.sent))
    assert following.sent[0].event == "next"
    assert following.sent[0].data["data"]["events"] == {
        "kind": "knowledge_item_published",
        "actor": {"name": "林知夏"},
        "objectId": item["id"],
        "payload": {"kind": "sop", "content_id": item["id"]},
    }


def test_what_is_hidden_between_finding_and_reading_is_not_sent(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    (hidden,) = record(company, readers=[company.employee.id])

    async def too_late(*arguments: Any) -> Batch:
        batch = await read_events(*arguments)
        return replace(batch, ids=[hidden, *batch.ids])

    with subscribed(company.outsider) as following:
        monkeypatch.setattr(stream, "read_events", too_late)
        (id,) = record(company)
        following.wait(lambda: bool(following.sent))
        time.sleep(0.2)
    assert following.sent[0].data["data"]["events"]["id"] == str(id)
    assert len(following.sent) == 1


def test_a_database_that_is_away_for_a_moment_ends_no_stream(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = 2

    async def away(*arguments: Any) -> Batch:
        nonlocal failures
        if failures:
            failures -= 1
            raise ConnectionResetError("gone")
        return await read_events(*arguments)

    with server_sent(company.colleague) as following:
        monkeypatch.setattr(stream, "read_events", away)
        (id,) = record(company)
        following.wait(lambda: following.ids() == [str(id)])
    assert failures == 0


@pytest.mark.parametrize("variables", [{"after": "x"}, {"after": str(new_id())}, {"types": ["nonsense"]}])
def test_a_subscription_refuses_what_the_stream_refuses(company: Company, variables: dict[str, object]) -> None:
    with subscribed(company.colleague, **variables) as following:
        following.wait(lambda: following.ended)
    assert following.sent[0].data["errors"][0]["extensions"]["code"] in ("INVALID_CURSOR", "INVALID")


# ---- who it still is ------------------------------------------------------------------------------------------------


def revoke(company: Company, actor: Actor) -> None:
    company.server.sql("UPDATE api_key SET revoked_at = now() WHERE person_id = $1", actor.id)
    company.server.sql("NOTIFY kshare_principals")


def test_a_revoked_key_ends_the_stream_within_seconds(company: Company) -> None:
    leaver = company.hire("离任", "rd")
    with server_sent(leaver) as following, subscribed(leaver) as too:
        company.employee.item()
        following.wait(lambda: len(following.sent) == 2)
        revoke(company, leaver)
        following.wait(lambda: following.ended, 4)
        too.wait(lambda: too.ended, 4)
        company.employee.item()
    assert (following.sent[-1].event, following.sent[-1].data["code"]) == ("problem", "unauthenticated")
    assert too.sent[-1].data["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert len(following.sent) == 3


def test_nothing_is_sent_after_a_key_was_revoked(company: Company) -> None:
    """Also when the next event comes before the next look at the key."""
    for _ in range(3):
        leaver = company.hire("离任", "rd")
        with server_sent(leaver) as following:
            revoke(company, leaver)
            time.sleep(0.05)
            company.employee.item()
            following.wait(lambda: following.ended, 4)
        assert [one.event for one in following.sent] == ["problem"]


def test_a_key_that_expires_ends_the_stream(company: Company) -> None:
    guest = company.hire("访客", "rd")
    company.server.sql("UPDATE api_key SET expires_at = now() + interval '2 seconds' WHERE person_id = $1", guest.id)
    with server_sent(guest) as following:
        following.wait(lambda: following.ended, 6)
    assert [one.data["code"] for one in following.sent] == ["unauthenticated"]


def test_a_move_to_another_department_counts_at_once(company: Company) -> None:
    mover = company.hire("调岗", "rd")
    with server_sent(mover) as following:
        item = company.employee.item(audience=[str(company.departments["rd"])])
        following.wait(lambda: len(following.sent) == 2)
        company.server.sql("UPDATE person SET department_id = $2 WHERE id = $1", mover.id, company.departments["sales"])
        company.server.sql("NOTIFY kshare_principals")
        following.wait(lambda: mover.rest.get(f"/knowledge-items/{item['id']}").status_code == 404, 5)
        company.employee.item(audience=[str(company.departments["rd"])])
        (id,) = record(company)
        following.wait(lambda: following.sent[-1].id == str(id))
    assert len(following.sent) == 3


# ---- keeping up and ending ------------------------------------------------------------------------------------------


def test_a_silent_stream_sends_comments(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "HEARTBEAT", 0.5)
    with server_sent(company.colleague) as following:
        following.wait(lambda: following.comments >= 3, 8)
    assert following.sent == []


def test_for_a_client_that_does_not_read_nothing_piles_up(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server reads no further than the network takes, and others go on."""
    reads = 0

    async def counted(*arguments: Any) -> Any:
        nonlocal reads
        reads += 1
        return await read_events(*arguments)

    start = now(company.colleague)
    record(company, count=3000, payload=json.dumps({"filler": "x" * 10_000}))
    monkeypatch.setattr(stream, "read_events", counted)
    headers = {"Authorization": f"Bearer {company.colleague.key}"}
    url = f"{company.server.url}/v1/events/stream"
    with (
        httpx.Client(timeout=30) as client,
        client.stream("GET", url, params={"after": start}, headers=headers) as slow,
    ):
        next(slow.iter_raw(100))
        before = -1
        while before != reads:
            before = reads
            time.sleep(1)
        assert reads < 3000 / stream.BATCH
        with server_sent(company.colleague) as quick:
            (id,) = record(company)
            quick.wait(lambda: quick.ids() == [str(id)])


def test_streams_that_are_left_are_forgotten(company: Company) -> None:
    watch = company.server.application.watch
    before = watch.listeners
    with server_sent(company.colleague) as one, subscribed(company.colleague):
        one.wait(lambda: watch.listeners == before + 2)
    deadline = time.monotonic() + 10
    while watch.listeners > before:
        assert time.monotonic() < deadline, "a stream that was left still listens"
        time.sleep(0.05)


def test_the_server_stops_although_streams_are_open(postgres_url: str, loop: Loop) -> None:
    with cloned_database(postgres_url, loop) as url:
        with live_server(url, loop) as server:
            company = found_company(server)
            streams = [server_sent(company.employee), subscribed(company.employee)]
            for one in streams:
                one.__enter__()
            began = time.monotonic()
        assert time.monotonic() - began < 5
        for one in streams:
            one.wait(lambda one=one: one.ended, 2)  # type: ignore[misc]
            one.__exit__()
        assert not any(thread.name.startswith("uvicorn") for thread in threading.enumerate())


def test_many_streams_leave_room_for_everybody_else(company: Company) -> None:
    streams = [server_sent(company.colleague) for _ in range(60)]
    for one in streams:
        one.__enter__()
    try:
        slowest = 0.0
        for _ in range(20):
            company.employee.item()
            began = time.monotonic()
            assert company.colleague.rest.get("/knowledge-items").status_code == 200
            slowest = max(slowest, time.monotonic() - began)
        for one in streams:
            one.wait(lambda one=one: len(one.sent) == 40, 30)  # type: ignore[misc]
        assert slowest < 1.5
    finally:
        for one in streams:
            one.__exit__()
