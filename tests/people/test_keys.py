"""Who am I, roles and keys, through both doors: what they open, and that they stop at once."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from tests.conftest import Actor, Company, Loop, cloned_database, found_company, live_server
from tests.people.test_people import add, everything

from kshare.core.access import Permission
from kshare.core.ids import new_id
from kshare.people import keys


def make_key(actor: Actor, *scopes: str, **fields: Any) -> dict[str, Any]:
    response = actor.rest.post("/keys", json={"name": "脚本", "scopes": scopes or ["people_read"], **fields})
    assert response.status_code == 201, response.text
    assert response.headers["cache-control"] == "no-store"
    key: dict[str, Any] = response.json()
    return key


def using(company: Company, key: dict[str, Any]) -> Actor:
    return Actor(company.server, UUID(key["person"]["id"]), key["name"], key["key"], None)


def revoke(actor: Actor, key: dict[str, Any]) -> int:
    return actor.rest.delete(f"/keys/{key['id']}", headers={"If-Match": f'"{key["version"]}"'}).status_code


# ---- who am I -------------------------------------------------------------------------------------------------------


def test_me_says_who_one_is_and_what_one_may_do(fresh: Company) -> None:
    group = fresh.hr.rest.post("/groups", json={"name": "导师团"}).json()
    fresh.hr.rest.put(f"/groups/{group['id']}/members/{fresh.rd_manager.id}")
    me = fresh.rd_manager.rest.get("/me").json()
    assert me["id"] == me["person"]["id"] == str(fresh.rd_manager.id)
    assert [(s["kind"], s["name"]) for s in me["subjects"]] == [
        ("department", "root"),
        ("department", "sales"),
        ("everyone", "所有人 Everyone"),
        ("group", "导师团"),
        ("person", "高明"),
    ]
    assert (me["clearance"], me["person"]["clearance"]) == ("internal", "internal")
    assert [(r["role"], r["department"]["name"]) for r in me["roles"]] == [("knowledge_manager", "rd")]
    assert "knowledge_manage" not in me["permissions"], "that one holds within rd only"
    assert "knowledge_write" in me["permissions"]
    assert me["key"]["scopes"] == [permission.value for permission in Permission]
    query = """{ me { id clearance permissions person { name department { parent { name } } }
      subjects { kind name } roles { role department { name } categoryId } key { name scopes } } }"""
    seen = fresh.rd_manager.data(query)["me"]
    assert seen["person"] == {"name": "高明", "department": {"parent": {"name": "root"}}}
    assert seen["permissions"] == me["permissions"]
    assert seen["subjects"] == [{"kind": s["kind"], "name": s["name"]} for s in me["subjects"]]


def test_me_of_a_weak_key_is_weak(company: Company) -> None:
    weak = using(company, make_key(company.employee, "search"))
    me = weak.rest.get("/me").json()
    assert (me["permissions"], me["key"]["scopes"]) == (["search"], ["search"])
    assert weak.rest.get("/people").status_code == 403
    assert company.anonymous.get("/me").status_code == 401


# ---- roles ----------------------------------------------------------------------------------------------------------


def test_a_role_counts_at_once_and_ends_at_once(company: Company) -> None:
    person = company.hire("新人", "rd")
    path = f"/people/{person.id}/roles"
    assert person.rest.post("/departments", json={"name": "x"}).status_code == 403
    given = company.admin.rest.post(path, json={"role": "hr"})
    assert (given.status_code, given.json()["role"], given.json()["permissions"]) == (201, "hr", ["remove"])
    assert person.rest.post("/departments", json={"name": f"{uuid4()}"}).status_code == 201
    assert [role["role"] for role in person.rest.get(path).json()["items"]] == ["hr"]
    assert company.outsider.rest.get(path).json()["items"] == [], "other people's roles are theirs"
    assert company.admin.rest.delete(f"{path}/{given.json()['id']}").status_code == 204
    assert person.rest.post("/departments", json={"name": "x"}).status_code == 403
    told = company.server.sql("SELECT happened, readers FROM journal WHERE object_id = $1 ORDER BY number", person.id)
    assert [(r["happened"], r["readers"]) for r in told] == [
        ("role_assigned", [person.id]),
        ("role_removed", [person.id]),
    ]


def test_a_role_can_hold_in_a_department_or_a_category_only(company: Company) -> None:
    category = new_id()
    company.server.sql(
        "INSERT INTO category (id, name, path, version, created_at, updated_at)"
        " VALUES ($1, 'c', ARRAY[$1::uuid], 1, now(), now())",
        category,
    )
    inside = company.employee.item(category_id=str(category))
    outside = company.outsider.item()
    person = company.hire("新人", "sales")
    assign = "mutation($p: ID!, $i: AssignRoleInput!) { assignRole(personId: $p, input: $i) { id role categoryId } }"
    made = company.admin.data(assign, p=str(person.id), i={"role": "knowledge_manager", "categoryId": str(category)})
    assert made["assignRole"]["categoryId"] == str(category)
    assert "edit" in person.rest.get(f"/knowledge-items/{inside['id']}").json()["permissions"]
    assert "edit" not in person.rest.get(f"/knowledge-items/{outside['id']}").json()["permissions"]
    before = everything(company)
    path = f"/people/{person.id}/roles"
    wrong = [
        ({"role": "king"}, 422),
        ({"role": "hr", "department_id": str(uuid4())}, 422),
        ({"role": "hr", "category_id": str(uuid4())}, 422),
        ({"role": "hr", "category_id": str(category), "department_id": str(company.departments["rd"])}, 422),
        ({"role": "knowledge_manager", "category_id": str(category)}, 409),
        ({}, 422),
    ]
    for body, status in wrong:
        assert company.admin.rest.post(path, json=body).status_code == status, body
    assert company.admin.rest.post(f"/people/{new_id()}/roles", json={"role": "hr"}).status_code == 404
    assert everything(company) == before
    remove = "mutation($p: ID!, $r: ID!) { removeRole(personId: $p, roleId: $r) }"
    other = company.admin.graphql(remove, p=str(company.hr.id), r=made["assignRole"]["id"])
    assert other["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert company.admin.data(remove, p=str(person.id), r=made["assignRole"]["id"])


def test_only_administrators_give_and_take_roles(company: Company) -> None:
    [role] = company.hr.rest.get(f"/people/{company.hr.id}/roles").json()["items"]
    assert role["permissions"] == []
    before = everything(company)
    for actor in (company.employee, company.manager, company.hr, company.rd_manager):
        assert actor.rest.post(f"/people/{actor.id}/roles", json={"role": "administrator"}).status_code == 403
        assert actor.rest.delete(f"/people/{company.hr.id}/roles/{role['id']}").status_code == 403
    scoped = company.hire("部门管理员", "rd", roles=(("administrator", company.departments["rd"]),))
    before = everything(company)
    assert scoped.rest.post(f"/people/{scoped.id}/roles", json={"role": "administrator"}).status_code == 403
    assert everything(company) == before


def test_the_last_administrator_keeps_the_role(fresh: Company) -> None:
    path = f"/people/{fresh.admin.id}/roles"
    [role] = fresh.admin.rest.get(path).json()["items"]
    fresh.hire("部门管理员", "rd", roles=(("administrator", fresh.departments["rd"]),))
    before = everything(fresh)
    assert fresh.admin.rest.delete(f"{path}/{role['id']}").status_code == 409
    assert everything(fresh) == before
    fresh.hire("第二位", "root", roles=(("administrator", None),))
    assert fresh.admin.rest.delete(f"{path}/{role['id']}").status_code == 204
    assert fresh.admin.rest.post(path, json={"role": "hr"}).status_code == 403


def test_two_administrators_give_up_at_once_and_one_remains(fresh: Company) -> None:
    for _ in range(5):
        fresh.server.sql("DELETE FROM role_assignment WHERE role = 'administrator'")
        pair = [fresh.hire(name, "root", roles=(("administrator", None),)) for name in ("甲", "乙")]
        roles = {actor.id: actor.rest.get(f"/people/{actor.id}/roles").json()["items"][0]["id"] for actor in pair}
        with ThreadPoolExecutor(2) as pool:
            given_up = pool.map(lambda a: a.rest.delete(f"/people/{a.id}/roles/{roles[a.id]}").status_code, pair)  # noqa: B023
            assert sorted(given_up) == [204, 409]


# ---- keys -----------------------------------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_works_within_its_scopes(company: Company) -> None:
    key = make_key(company.employee, "people_read", "content_read", expires_at="2999-01-01T00:00:00Z")
    assert key["key"].startswith("ksk_")
    assert key["hint"] == key["key"][-4:]
    reader = using(company, key)
    assert reader.rest.get("/people").status_code == 200
    assert reader.rest.post("/knowledge-items", json={"kind": "sop", "title": "x"}).status_code == 403
    again = company.employee.rest.get(f"/keys/{key['id']}").json()
    assert again == {name: value for name, value in key.items() if name != "key"}
    listed = company.employee.rest.get("/keys").json()["items"]
    assert listed[0] == again
    assert key["key"] not in str(company.server.sql("SELECT * FROM api_key")) + str(
        company.server.sql("SELECT * FROM journal")
    )
    create = (
        'mutation { createKey(input: {name: "图", scopes: [search]}) { key details { id name scopes person { id } } } }'
    )
    made = company.employee.data(create)["createKey"]
    assert made["key"].startswith("ksk_")
    assert made["details"]["person"] == {"id": str(company.employee.id)}
    query = "query($id: ID!) { key(id: $id) { scopes } node(id: $id) { id } keys { nodes { id } } }"
    seen = company.employee.data(query, id=made["details"]["id"])
    assert seen["key"] == {"scopes": ["search"]}
    assert seen["keys"]["nodes"][0] == {"id": made["details"]["id"]}


def test_a_revoked_key_is_refused_with_the_very_next_request(company: Company) -> None:
    key = make_key(company.employee)
    user = using(company, key)
    assert user.rest.get("/people").status_code == 200
    assert company.employee.rest.delete(f"/keys/{key['id']}").status_code == 428
    assert revoke(company.employee, key) == 204
    assert user.rest.get("/people").status_code == 401
    assert company.employee.rest.get(f"/keys/{key['id']}").json()["revoked_at"] is not None
    assert revoke(company.employee, key) == 412
    assert revoke(company.employee, key | {"version": 2}) == 409
    other = make_key(company.employee)
    mutation = "mutation($id: ID!) { revokeKey(id: $id, expectedVersion: 1) { revokedAt permissions } }"
    assert company.employee.data(mutation, id=other["id"])["revokeKey"]["permissions"] == []
    assert using(company, other).rest.get("/me").status_code == 401


def test_another_process_refuses_within_a_second(postgres_url: str, loop: Loop) -> None:
    with (
        cloned_database(postgres_url, loop) as url,
        live_server(url, loop) as one,
        live_server(url, loop) as two,
    ):
        company = found_company(one)
        key = make_key(company.employee)
        elsewhere = httpx.Client(base_url=f"{two.url}/v1", headers={"Authorization": f"Bearer {key['key']}"})
        assert [elsewhere.get("/people").status_code for _ in range(3)] == [200] * 3
        # Each server of this test is its own process as far as sign-in goes, but they share the memory of this one:
        # only the notification may reach the second.
        mine = two.application.sign_in
        type(mine)._open.discard(mine)
        assert mine._remembered.get(keys.digest(key["key"])) is not None
        revoke(company.employee, key)
        deadline = time.monotonic() + 1
        while elsewhere.get("/people").status_code != 401:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        type(mine)._open.add(mine)


def test_a_key_stops_when_it_expires(company: Company) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=1.2)).isoformat()
    user = using(company, make_key(company.employee, expires_at=soon))
    assert user.rest.get("/me").status_code == 200
    time.sleep(1.3)
    assert user.rest.get("/me").status_code == 401


def test_a_weak_key_makes_no_strong_one(company: Company) -> None:
    weak = using(company, make_key(company.admin, "keys_own", "people_read"))
    before = everything(company)
    refused = weak.rest.post("/keys", json={"name": "x", "scopes": ["people_read", "roles_manage"]})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/scopes/1")
    for scope in Permission:
        if scope not in (Permission.keys_own, Permission.people_read):
            assert weak.rest.post("/keys", json={"name": "x", "scopes": [scope]}).status_code == 422
    assert (
        weak.rest.post(
            "/keys", json={"name": "x", "scopes": ["people_read"], "person_id": str(company.hr.id)}
        ).status_code
        == 403
    )
    nokeys = company.hire("无钥匙", "rd", scopes=["people_read"])
    before = everything(company)
    assert nokeys.rest.post("/keys", json={"name": "x", "scopes": ["people_read"]}).status_code == 403
    assert nokeys.rest.get("/keys").status_code == 403
    assert company.employee.rest.post("/keys", json={"name": "x", "scopes": ["people_manage"]}).status_code == 422
    assert everything(company) == before
    assert make_key(weak, "people_read")["scopes"] == ["people_read"]


def test_a_key_that_ends_makes_none_that_lasts_longer(company: Company) -> None:
    ends = datetime.now(UTC) + timedelta(hours=1)
    short = using(company, make_key(company.employee, "keys_own", "people_read", expires_at=ends.isoformat()))
    before = everything(company)
    for later in (None, (ends + timedelta(seconds=1)).isoformat()):
        body = {"name": "x", "scopes": ["people_read"], "expires_at": later}
        refused = short.rest.post("/keys", json=body)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/expires_at")
    create = "mutation($i: CreateKeyInput!) { createKey(input: $i) { key } }"
    refused = short.graphql(create, i={"name": "x", "scopes": ["people_read"]})
    assert refused["errors"][0]["extensions"]["code"] == "INVALID"
    assert everything(company) == before
    assert make_key(short, "people_read", expires_at=ends.isoformat())["expires_at"]


def test_a_key_for_content_learns_no_more_of_people_than_their_names(company: Company) -> None:
    company.server.sql("UPDATE person SET manager_id = $1 WHERE id = $2", company.colleague.id, company.employee.id)
    item = company.employee.item()
    key = make_key(company.outsider, "content_read", "events_read")
    weak = using(company, key)
    of = "name title email externalId department { name } manager { name email }"
    query = f"query($id: ID!) {{ knowledgeItem(id: $id) {{ author {{ {of} }} }} me {{ person {{ email }} }} }}"
    seen = weak.data(query, id=item["id"])
    nothing = {"email": None, "externalId": None, "department": None, "manager": None}
    assert seen["knowledgeItem"]["author"] == {"name": company.employee.name, "title": None} | nothing
    assert seen["me"]["person"]["email"] == f"{company.outsider.id}@example.com"
    events = weak.data("{ events(first: 100) { nodes { actor { id email } } } }")["events"]["nodes"]
    assert {e["actor"]["email"] for e in events if e["actor"]["id"] != str(company.outsider.id)} <= {None}
    author = company.outsider.data(query, id=item["id"])["knowledgeItem"]["author"]
    assert (author["department"]["name"], author["manager"]["name"]) == ("rd_pressure", company.colleague.name)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["everything"]}, "/scopes/0"),
        ({"scopes": None}, "/scopes"),
        ({"name": " "}, "/name"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"expires_at": "2999-01-01T00:00:00"}, "/expires_at"),
        ({"expires_at": 99999999999}, "/expires_at"),
        ({"expires_at": "10000-01-01T00:00:00Z"}, "/expires_at"),
        ({"person_id": "me"}, "/person_id"),
        ({"key": "ksk_mine"}, "/key"),
    ],
)
def test_wrong_keys_are_refused(company: Company, fields: dict[str, Any], pointer: str) -> None:
    before = everything(company)
    response = company.employee.rest.post("/keys", json={"name": "x", "scopes": ["people_read"]} | fields)
    assert response.status_code == 422, response.text
    assert response.json()["errors"][0]["pointer"] == pointer
    assert everything(company) == before


def test_other_peoples_keys_do_not_exist(company: Company) -> None:
    key = make_key(company.employee)
    before = everything(company)
    for actor in (company.colleague, company.hr, company.manager):
        assert actor.rest.get(f"/keys/{key['id']}").status_code == 404
        assert actor.rest.get("/keys", params={"person": str(company.employee.id)}).json()["items"] == []
        assert revoke(actor, key) == 404
        query = "query($id: ID!, $p: ID) { node(id: $id) { id } keys(filter: {person: $p}) { totalCount } }"
        assert actor.data(query, id=key["id"], p=str(company.employee.id)) == {"node": None, "keys": {"totalCount": 0}}
        body = {"name": "x", "scopes": ["people_read"], "person_id": str(company.employee.id)}
        assert actor.rest.post("/keys", json=body).status_code == 403
    assert everything(company) == before
    managed = company.admin.rest.get("/keys", params={"person": str(company.employee.id)}).json()["items"]
    assert key["id"] in [entry["id"] for entry in managed]
    assert key["id"] not in [entry["id"] for entry in company.admin.rest.get("/keys").json()["items"]]
    assert revoke(company.admin, key) == 204


def test_a_service_account_has_only_the_roles_it_was_given(company: Company) -> None:
    service = add(company.admin, name="夜间导入", kind="service")
    key = make_key(company.admin, "people_read", "people_manage", person_id=service["id"])
    bot = using(company, key)
    assert bot.rest.get("/me").json()["permissions"] == []
    assert bot.rest.get("/people").status_code == 403
    company.admin.rest.post(f"/people/{service['id']}/roles", json={"role": "hr"})
    assert bot.rest.get("/me").json()["permissions"] == ["people_read", "people_manage"]
    assert bot.rest.put(f"/people/by-external-id/hr/{uuid4()}", json={"name": "新人"}).status_code == 201


def test_nobody_makes_keys_for_those_cleared_higher_or_gone(company: Company) -> None:
    low = company.hire("低密级管理员", "root", roles=(("administrator", None),), clearance=1)
    high = company.hire("总经理", "root", clearance=3)
    gone = add(company.hr)
    company.hr.rest.patch(f"/people/{gone['id']}", json={"active": False}, headers={"If-Match": '"1"'})
    before = everything(company)
    for id in (high.id, gone["id"], company.admin.id):
        body = {"name": "x", "scopes": ["content_read"], "person_id": str(id)}
        assert low.rest.post("/keys", json=body).status_code == 403
    assert everything(company) == before
    company.server.sql("DELETE FROM role_assignment WHERE person_id = $1", low.id)


def test_a_repeated_request_does_not_show_the_key_again(company: Company) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    body = {"name": "一次", "scopes": ["people_read"]}
    first = company.employee.rest.post("/keys", json=body, headers=headers)
    second = company.employee.rest.post("/keys", json=body, headers=headers)
    assert second.headers["idempotent-replayed"] == "true"
    assert second.json() == first.json() | {"key": None}
    kept = company.server.sql("SELECT convert_from(body, 'UTF8') AS body FROM idempotency")
    assert first.json()["key"] not in str(kept)
    mutation = 'mutation { createKey(input: {name: "x", scopes: [search]}) { shown: key details { id } } }'
    made = [
        company.employee.rest.post(f"{company.server.url}/graphql", json={"query": mutation}, headers=headers).json()
        for _ in range(2)
    ]
    assert made[0]["data"]["createKey"]["shown"].startswith("ksk_")
    assert made[1]["data"]["createKey"] == made[0]["data"]["createKey"] | {"shown": None}
    kept = company.server.sql("SELECT convert_from(body, 'UTF8') AS body FROM idempotency")
    assert made[0]["data"]["createKey"]["shown"] not in str(kept)


def test_the_last_use_of_a_key_is_noted(postgres_url: str, loop: Loop) -> None:
    with cloned_database(postgres_url, loop) as url, live_server(url, loop) as server:
        company = found_company(server)
        key = make_key(company.employee)
        assert key["last_used_at"] is None
        using(company, key).rest.get("/me")
        with live_server(url, loop) as second:
            Actor(second, company.employee.id, "", key["key"], None).rest.get("/me")
        used = company.employee.rest.get(f"/keys/{key['id']}").json()
        assert used["last_used_at"] is not None
        assert used["version"] == 1
