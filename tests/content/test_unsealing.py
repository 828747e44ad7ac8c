"""Who wrote something anonymous is learnt by two people together, every time on record; and credit for it tells
nothing."""

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.access.world import fingerprint
from tests.conftest import Actor, Company, Server
from tests.events.following import heard

from kshare.content.anonymity import rotation
from kshare.content.anonymity.credits import write_batch
from kshare.core.database import Database
from kshare.core.ids import new_id
from kshare.core.settings import Settings

REASON = {"reason": "举报内容涉及人身安全，需要联系本人。"}


def anonymous_idea(author: Actor, **fields: Any) -> str:
    body = {"title": f"匿名 {uuid4().hex[:6]}", "anonymous": True, **fields}
    response = author.rest.post("/ideas", json=body)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


def requested(actor: Actor, idea: str) -> dict[str, Any]:
    response = actor.rest.post(f"/content/{idea}/unsealings", json=REASON)
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


def events(actor: Actor, *types: str, about: str) -> list[dict[str, Any]]:
    return [event for event in heard(actor, types) if event["content_id"] == about]


def printed(company: Company) -> Any:
    """The print of the database, once the reactors have written what they write."""
    company.server.settle()
    return fingerprint(company.server)


KINDS = ("unsealing_requested", "unsealing_approved", "author_unsealed")


def test_two_people_together_learn_it_and_the_author_hears_of_it(company: Company) -> None:
    author, hr, admin = company.employee, company.hr, company.admin
    idea = anonymous_idea(author)
    unsealing = requested(hr, idea)
    place = f"/unsealings/{unsealing['id']}"
    assert (unsealing["requested_by"]["id"], unsealing["approved_by"], unsealing["openings"]) == (str(hr.id), None, [])
    assert unsealing["permissions"] == []
    assert admin.rest.get(place).json()["permissions"] == ["approve"]
    approved = admin.rest.post(f"{place}/approve").json()
    assert approved["permissions"] == ["open"]
    until = datetime.fromisoformat(approved["open_until"]) - datetime.fromisoformat(approved["approved_at"])
    assert until == timedelta(hours=24)
    opened = hr.rest.post(f"{place}/open")
    assert opened.headers["cache-control"] == "no-store"
    told = {"content_id": idea, "author_id": str(author.id), "author_name": author.name}
    assert opened.json() == told
    assert admin.rest.post(f"{place}/open").json() == told
    assert [one["person"]["id"] for one in hr.rest.get(place).json()["openings"]] == [str(hr.id), str(admin.id)]
    company.server.settled()
    heard = {who: [e["type"] for e in events(actor, *KINDS, about=idea)] for who, actor in (
        ("hr", hr), ("admin", admin), ("author", author), ("reader", company.colleague),
    )}  # fmt: skip
    opening = "author_unsealed"
    assert heard == {
        "hr": [*KINDS, opening],
        "admin": [*KINDS[1:], opening],
        "author": [opening, opening],
        "reader": [],
    }
    # Readers go on seeing nobody.
    assert company.colleague.rest.get(f"/ideas/{idea}").json()["author"]["id"] != str(author.id)


def test_through_graphql_it_is_the_same(company: Company) -> None:
    author, hr, admin = company.employee, company.hr, company.admin
    idea = anonymous_idea(author)
    ask = 'mutation($id: ID!) { requestUnsealing(contentId: $id, input: {reason: "要找到本人"}) { id permissions } }'
    made = hr.data(ask, id=idea)["requestUnsealing"]
    agree = "mutation($id: ID!) { approveUnsealing(id: $id) { approvedBy { id } permissions } }"
    assert hr.graphql(agree, id=made["id"])["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    approved = admin.data(agree, id=made["id"])["approveUnsealing"]
    assert approved == {"approvedBy": {"id": str(admin.id)}, "permissions": ["open"]}
    learn = "mutation($id: ID!) { openUnsealing(id: $id) { contentId authorId authorName } }"
    body = {"query": learn, "variables": {"id": made["id"]}}
    key = {"Idempotency-Key": uuid4().hex}
    first = hr.rest.post(f"{company.server.url}/graphql", json=body, headers=key).json()
    told = {"contentId": idea, "authorId": str(author.id), "authorName": author.name}
    assert first["data"]["openUnsealing"] == told
    again = hr.rest.post(f"{company.server.url}/graphql", json=body, headers=key).json()
    assert again["data"]["openUnsealing"] == {"contentId": idea, "authorId": None, "authorName": None}
    listed = "query($id: ID!) { unsealings(filter: {content: $id}) { nodes { id openings { person { id } } } } }"
    openings = [{"person": {"id": str(hr.id)}}]
    assert hr.data(listed, id=idea)["unsealings"]["nodes"] == [{"id": made["id"], "openings": openings}]
    one = "query($id: ID!) { unsealing(id: $id) { reason } node(id: $id) { id } }"
    assert hr.data(one, id=made["id"])["unsealing"] == {"reason": "要找到本人"}


def test_a_repeated_request_tells_nothing_and_keeps_nothing(company: Company) -> None:
    author, hr, admin = company.employee, company.hr, company.admin
    place = f"/unsealings/{requested(hr, anonymous_idea(author))['id']}"
    assert admin.rest.post(f"{place}/approve").status_code == 200
    key = {"Idempotency-Key": uuid4().hex}
    assert hr.rest.post(f"{place}/open", headers=key).json()["author_id"] == str(author.id)
    again = hr.rest.post(f"{place}/open", headers=key)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (again.json()["author_id"], again.json()["author_name"]) == (None, None)
    assert len(hr.rest.get(place).json()["openings"]) == 1
    kept = company.server.sql(
        "SELECT convert_from(body, 'UTF8') AS body FROM idempotency WHERE key = $1", *key.values()
    )
    assert len(kept) == 1 and str(author.id) not in kept[0]["body"] and author.name not in kept[0]["body"]


def refused(company: Company, answer: Any, status: int) -> None:
    assert answer.status_code == status, answer.text
    assert str(company.employee.id) not in answer.text


def test_nobody_learns_it_alone(company: Company) -> None:
    author, hr, admin = company.employee, company.hr, company.admin
    third = company.hire("第三人", "root", roles=(("hr", None),))
    robot = company.hire("机器人", "root", roles=(("hr", None),), kind="service")
    idea, named = anonymous_idea(author), company.colleague.item()["id"]
    narrow = anonymous_idea(author, audience=[str(company.colleague.id)])
    before = printed(company)
    others = (author, company.colleague, company.committee, company.finance, company.manager, company.reviewer)
    for actor in others:
        refused(company, actor.rest.post(f"/content/{idea}/unsealings", json=REASON), 403)
        refused(company, actor.rest.get("/unsealings"), 403)
    refused(company, robot.rest.post(f"/content/{idea}/unsealings", json=REASON), 403)
    refused(company, hr.rest.post(f"/content/{idea}/unsealings", json={}), 422)
    refused(company, hr.rest.post(f"/content/{named}/unsealings", json=REASON), 409)  # its author is shown
    refused(company, hr.rest.post(f"/content/{narrow}/unsealings", json=REASON), 404)  # not to be seen
    refused(company, hr.rest.post(f"/content/{new_id()}/unsealings", json=REASON), 404)
    assert fingerprint(company.server) == before
    place = f"/unsealings/{requested(hr, idea)['id']}"
    before = printed(company)
    refused(company, admin.rest.post(f"/content/{idea}/unsealings", json=REASON), 409)  # one at a time
    refused(company, hr.rest.post(f"{place}/approve"), 403)  # one's own
    refused(company, hr.rest.post(f"{place}/open"), 409)  # nobody has agreed
    refused(company, admin.rest.post(f"{place}/open"), 403)  # has not agreed
    refused(company, robot.rest.post(f"{place}/approve"), 403)
    for actor in others:
        refused(company, actor.rest.post(f"{place}/approve"), 403)
        refused(company, actor.rest.post(f"{place}/open"), 403)
    assert fingerprint(company.server) == before
    assert admin.rest.post(f"{place}/approve").status_code == 200
    before = printed(company)
    refused(company, third.rest.post(f"{place}/approve"), 409)
    refused(company, third.rest.post(f"{place}/open"), 403)  # may unseal, but is neither of the two
    assert fingerprint(company.server) == before
    company.server.sql(
        "UPDATE unsealing SET approved_at = now() - interval '24 hours' WHERE id = $1", UUID(place.split("/")[-1])
    )
    before = printed(company)
    refused(company, hr.rest.post(f"{place}/open"), 409)
    assert hr.rest.get(place).json()["permissions"] == []
    assert fingerprint(company.server) == before
    assert requested(third, idea)["requested_by"]["id"] == str(third.id)


def test_of_two_who_agree_at_once_one_does(company: Company) -> None:
    place = f"/unsealings/{requested(company.hr, anonymous_idea(company.employee))['id']}"
    others = [company.admin, company.hire("另一位", "root", roles=(("hr", None),))]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda actor: actor.rest.post(f"{place}/approve").status_code, others))
    assert sorted(answers) == [200, 409]


def test_nobody_makes_the_key_of_a_second_one(company: Company) -> None:
    """Who manages keys could otherwise be both of the two."""
    admin, hr = company.admin, company.hr
    before = printed(company)
    ask = {"name": "借用", "scopes": ["content_read", "unseal"], "person_id": str(hr.id)}
    refusal = admin.rest.post("/keys", json=ask)
    assert (refusal.status_code, refusal.json()["errors"][0]["pointer"]) == (422, "/scopes/1")
    assert fingerprint(company.server) == before
    assert admin.rest.post("/keys", json={**ask, "scopes": ["content_read"]}).status_code == 201
    assert hr.rest.post("/keys", json={"name": "自己的", "scopes": ["unseal"]}).status_code == 201


def test_a_seal_of_another_content_does_not_open(company: Company) -> None:
    author, hr, admin = company.employee, company.hr, company.admin
    one, other = anonymous_idea(author), anonymous_idea(company.colleague)
    place = f"/unsealings/{requested(hr, one)['id']}"
    assert admin.rest.post(f"{place}/approve").status_code == 200
    company.server.sql(
        "UPDATE seal SET data_key = o.data_key, author = o.author FROM seal o"
        " WHERE seal.content_id = $1 AND o.content_id = $2", UUID(one), UUID(other),
    )  # fmt: skip
    before = printed(company)
    answer = hr.rest.post(f"{place}/open")
    assert answer.status_code == 409 and str(company.colleague.id) not in answer.text
    assert fingerprint(company.server) == before


# ---- another key ----------------------------------------------------------------------------------------------------


def test_another_key_seals_everything_anew_and_nothing_is_lost(fresh: Company, monkeypatch: Any) -> None:
    author, hr, admin, server = fresh.employee, fresh.hr, fresh.admin, fresh.server
    ideas = [anonymous_idea(author) for _ in range(5)]
    monkeypatch.setattr(rotation, "BATCH", 2)

    class Interrupted(Exception):
        pass

    def interrupt(_: int) -> None:
        raise Interrupted

    async def rotate() -> tuple[int, int, int, list[rotation.KeyUse]]:
        database = Database(server.database_url, Settings(_env_file=None, **_keys(server)))
        before = database.keyring.newest
        assert database.keyring.add_key() != before
        waiting = await rotation.unfinished(database)
        with contextlib.suppress(Interrupted):
            await rotation.rewrap_all(database, interrupt)
        left = await rotation.unfinished(database)
        done = await rotation.rewrap_all(database, lambda _: None)
        uses = await rotation.use_of_keys(database)
        await database.engine.dispose()
        return waiting, left, done, uses

    waiting, left, done, uses = server.loop.run(rotate())
    assert (waiting, left, done) == (5, 3, 3)
    assert [use.seals for use in uses] == [0] * (len(uses) - 1) + [5] and all(use.found for use in uses)
    # The server goes on with the new key, without a restart; the author is who they were.
    more = anonymous_idea(author)
    keys = {row["key_id"] for row in server.sql("SELECT key_id FROM seal")}
    assert keys == {uses[-1].key_id}
    assert all(author.rest.get(f"/ideas/{id}").json()["own"] for id in (*ideas, more))
    place = f"/unsealings/{requested(hr, ideas[0])['id']}"
    assert admin.rest.post(f"{place}/approve").status_code == 200
    assert hr.rest.post(f"{place}/open").json()["author_id"] == str(author.id)


# ---- credits --------------------------------------------------------------------------------------------------------


def batch(server: Server) -> int:
    """The batch that is due, as the worker writes it."""

    async def write() -> int:
        database = Database(server.database_url, Settings(_env_file=None, **_keys(server)))
        async with database.sessions() as session, session.begin():
            written = await write_batch(session)
        await database.engine.dispose()
        return written

    written: int = server.loop.run(write())
    return written


def _keys(server: Server) -> dict[str, Any]:
    return {"seal_keys": server.application.database.keyring.path}


def credited(actor: Actor) -> list[tuple[str, int]]:
    answer = actor.rest.get("/me/credits")
    assert answer.status_code == 200, answer.text
    return [(one["reason"], one["amount"]) for one in answer.json()["items"]]


YESTERDAY = "UPDATE content SET created_at = created_at - interval '1 day' WHERE id = ANY($1)"


def test_credit_comes_in_batches_and_leads_to_no_content(fresh: Company) -> None:
    people = [fresh.hire(f"作者{n}", "rd") for n in range(6)]
    first = [anonymous_idea(person) for person in people[:4]] + [anonymous_idea(people[0])]
    withdrawn = anonymous_idea(people[5])
    assert people[5].rest.post(f"/ideas/{withdrawn}/withdraw").status_code == 200
    ids = [UUID(id) for id in (*first, withdrawn)]
    assert batch(fresh.server) == 0  # of today
    fresh.server.sql(YESTERDAY, ids)
    assert batch(fresh.server) == 0  # four people: they would be too easy to tell apart
    assert fresh.server.sql("SELECT count(*) FROM seal WHERE credited")[0][0] == 0
    assert [credited(person) for person in people] == [[]] * 6
    fifth = UUID(anonymous_idea(people[4]))
    fresh.server.sql(YESTERDAY, [fifth])
    assert batch(fresh.server) == 5
    assert [credited(person) for person in people] == [[("contribution", 2)], *[[("contribution", 1)]] * 4, []]
    data = people[0].data("{ myCredits { nodes { reason amount day } } }")["myCredits"]["nodes"]
    assert data == [{"reason": "contribution", "amount": 2, "day": f"{datetime.now(UTC):%Y-%m-%d}"}]
    # Nothing in them is of any content, nor of when they were earned.
    rows = fresh.server.sql("SELECT to_jsonb(c)::text AS row FROM credit c")
    assert not any(str(id) in row["row"] for id in ids for row in rows)
    for person in people:
        fresh.server.sql(YESTERDAY, [UUID(anonymous_idea(person))])
    assert batch(fresh.server) == 0  # too soon
    fresh.server.sql("UPDATE credit SET day = day - 28")
    assert people[5].rest.post(f"/ideas/{withdrawn}/reinstate").status_code == 200
    assert batch(fresh.server) == 6  # nothing twice, and what came back
    assert credited(people[0]) == [("contribution", 1), ("contribution", 2)]
    assert credited(people[5]) == [("contribution", 2)]
    assert credited(fresh.admin) == []


# ---- what is not set up ---------------------------------------------------------------------------------------------


def test_without_keys_all_but_anonymity_works(server_with: Callable[..., Company], tmp_path: Any) -> None:
    company = server_with(environment="production", seal_keys=None, data_dir=tmp_path)
    before = printed(company)
    for path, body in (
        ("/ideas", {"title": "x", "anonymous": True}),
        ("/knowledge-items", {"kind": "sop", "title": "x", "anonymous": True, "publish": True}),
    ):
        answer = company.employee.rest.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "anonymity_not_set_up")
        zh = company.employee.rest.post(path, json=body, headers={"Accept-Language": "zh"}).json()
        assert zh["title"] == "未配置匿名功能"
    assert fingerprint(company.server) == before
    key = {"Idempotency-Key": "1"}
    first = company.employee.rest.post("/ideas", json={"title": "署名"}, headers=key)
    again = company.employee.rest.post("/ideas", json={"title": "署名"}, headers=key)
    assert (first.status_code, again.json()) == (201, first.json())
    assert not list(tmp_path.iterdir())


@pytest.fixture
def server_with(postgres_url: str, loop: Any) -> Any:
    from contextlib import ExitStack

    from tests.conftest import cloned_database, found_company, live_server

    with ExitStack() as stack:

        def build(**options: Any) -> Company:
            url = stack.enter_context(cloned_database(postgres_url, loop))
            return found_company(stack.enter_context(live_server(url, loop, **options)))

        yield build
