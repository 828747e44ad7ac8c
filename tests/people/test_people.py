"""People through both doors: found, added, changed, moved, gone."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from tests.conftest import Actor, Company

from kshare.core.ids import new_id

TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()


def add(actor: Actor, **fields: Any) -> dict[str, Any]:
    response = actor.rest.post("/people", json={"name": "周测试"} | fields)
    assert response.status_code == 201, response.text
    person: dict[str, Any] = response.json()
    return person


def change(actor: Actor, person: dict[str, Any], **fields: Any) -> Any:
    current = actor.rest.get(f"/people/{person['id']}")
    return actor.rest.patch(f"/people/{person['id']}", json=fields, headers={"If-Match": current.headers["etag"]})


def everything(company: Company) -> list[Any]:
    """All that a refused request about people could have changed."""
    tables = ("person", "membership", "department", "people_group", "group_member", "role_assignment", "journal")
    digest = "SELECT '{0}' AS t, md5(coalesce(string_agg(r::text, ',' ORDER BY r::text), '')) AS d FROM {0} r"
    found = [row for table in tables for row in company.server.sql(digest.format(table))]
    return [*found, *company.server.sql("SELECT id, version, revoked_at FROM api_key ORDER BY id")]


def names(actor: Actor, **parameters: Any) -> list[str]:
    response = actor.rest.get("/people", params={"limit": 100} | parameters)
    assert response.status_code == 200, response.text
    return [person["name"] for person in response.json()["items"]]


# ---- finding --------------------------------------------------------------------------------------------------------


def test_names_sort_by_pinyin(fresh: Company) -> None:
    for name in ("曾国华", "Anna Zhu", "欧阳锋", "包青", "单雄信"):
        add(fresh.hr, name=name, title="排序")
    ours = [n for n in names(fresh.employee) if n in ("曾国华", "Anna Zhu", "欧阳锋", "包青", "单雄信")]
    assert ours == ["Anna Zhu", "包青", "欧阳锋", "单雄信", "曾国华"]


@pytest.mark.parametrize(
    "q",
    [
        "单小满",
        "单",
        "小满",
        "满",
        "shanxiaoman",
        "shanx",
        "sxm",
        "SXM",
        "xiaoman",
        "xm",
        "Ｘiaom",
        "sx.man@CLEAR",
        "man",
        "单  sxm",
    ],
)
def test_people_are_found_by_name_pinyin_initials_and_email(company: Company, q: str) -> None:
    if not company.server.sql("SELECT FROM person WHERE name = '单小满'"):
        add(company.hr, name="单小满", email="Sx.Man@clearsea.example")
    assert "单小满" in names(company.employee, q=q)
    query = "query($q: String!) { people(first: 100, filter: {q: $q}) { nodes { name } } }"
    assert {"name": "单小满"} in company.employee.data(query, q=q)["people"]["nodes"]


@pytest.mark.parametrize("q", ["danxiaoman2", "雄", "'", "\\", "':*", "a & b", "!sxm", "%", "单:*", "<->", "x" * 800])
def test_a_search_is_text_and_no_query_language(company: Company, q: str) -> None:
    response = company.employee.rest.get("/people", params={"q": q})
    assert response.status_code in (200, 422), response.text
    assert "单小满" not in response.text


def test_lists_are_narrowed_by_each_filter(fresh: Company) -> None:
    boss = add(fresh.hr, name="老板", department_id=str(fresh.departments["rd"]))
    below = add(fresh.hr, name="下属", department_id=str(fresh.departments["rd_pressure"]), manager_id=boss["id"])
    service = add(fresh.admin, name="Nightly import", kind="service")
    group = fresh.hr.rest.post("/groups", json={"name": "导师团"}).json()
    fresh.hr.rest.put(f"/groups/{group['id']}/members/{below['id']}")
    assert change(fresh.hr, below, active=False).status_code == 200

    reader = fresh.employee
    assert {"老板", "下属", "林知夏"} <= set(names(reader, department=fresh.departments["rd"]))
    assert "老板" not in names(reader, department=fresh.departments["rd_pressure"])
    assert names(reader, manager=boss["id"]) == ["下属"]
    assert names(reader, kind="service") == [service["name"]]
    assert names(reader, active="false") == ["下属"]
    assert names(reader, group=group["id"]) == ["下属"]
    assert names(reader, group=group["id"], active="true") == []
    assert names(reader, order="newest")[:3] == ["Nightly import", "下属", "老板"]
    assert names(reader, department=fresh.departments["rd"], order="newest")[:2] == ["下属", "老板"]
    assert "kshare" not in names(reader), "the system is nobody to work with"


@pytest.mark.parametrize("parameters", [{}, {"order": "newest"}, {"department": "root"}, {"kind": "person"}])
def test_pages_follow_each_other_without_gap(company: Company, parameters: dict[str, str]) -> None:
    if "department" in parameters:
        parameters = {"department": str(company.departments["root"])}
    whole = [p["id"] for p in company.employee.rest.get("/people", params={"limit": 100, **parameters}).json()["items"]]
    pages: list[str] = []
    cursor = None
    while True:
        page = company.employee.rest.get(
            "/people", params={"limit": 2, **parameters, **({"cursor": cursor} if cursor else {})}
        ).json()
        pages += [person["id"] for person in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    # Other tests hire, too: there may be more than the hundred of the largest page.
    assert pages[: len(whole)] == whole
    assert len(set(pages)) == len(pages)


@pytest.mark.parametrize(
    "query",
    ["?colour=red", "?kind=system", "?active=perhaps", "?department=x", "?q=", "?q=%00", "?limit=0", "?order=age"],
)
def test_wrong_filters_are_refused(company: Company, query: str) -> None:
    assert company.employee.rest.get(f"/people{query}").status_code == 422


def test_a_person_looks_the_same_through_both_doors(company: Company) -> None:
    person = add(
        company.hr, name="于两面", email="both@clearsea.example", title="工程师", manager_id=str(company.hr.id)
    )
    query = """query($id: ID!) { person(id: $id) { id name title kind email language active version
      clearance permissions department { id name nameEn } manager { id name title }
      externalSource externalId createdAt updatedAt }
      node(id: $id) { id ... on Person { name } } }"""
    seen = company.hr.data(query, id=person["id"])
    rest = company.hr.rest.get(f"/people/{person['id']}").json()
    camel = {
        "externalSource": "external_source",
        "externalId": "external_id",
        "createdAt": "created_at",
        "updatedAt": "updated_at",
    }
    assert {camel.get(k, k): v for k, v in seen["person"].items()} == rest
    assert seen["node"] == {"id": person["id"], "name": "于两面"}


def test_clearance_is_seen_by_oneself_and_by_those_who_manage_people(company: Company) -> None:
    path = f"/people/{company.employee.id}"
    assert company.employee.rest.get(path).json()["clearance"] == "internal"
    assert company.hr.rest.get(path).json()["clearance"] == "internal"
    assert company.outsider.rest.get(path).json()["clearance"] is None
    query = "query($id: ID!) { person(id: $id) { clearance } }"
    assert company.outsider.data(query, id=str(company.employee.id))["person"]["clearance"] is None


def test_what_one_may_do_with_a_person_is_said(company: Company) -> None:
    path = f"/people/{company.employee.id}"
    assert company.outsider.rest.get(path).json()["permissions"] == []
    assert company.employee.rest.get(path).json()["permissions"] == ["create_keys"]
    assert company.hr.rest.get(path).json()["permissions"] == ["edit", "edit_sign_in", "activate", "move"]
    assert "edit_sign_in" not in company.hr.rest.get(f"/people/{company.admin.id}").json()["permissions"]


# ---- adding and changing --------------------------------------------------------------------------------------------


def test_a_new_person_belongs_to_the_department_from_today(company: Company) -> None:
    person = add(company.hr, email="New.One@Clearsea.example", department_id=str(company.departments["rd"]))
    assert person["email"] == "new.one@clearsea.example"
    assert person["department"]["name"] == "rd"
    assert person["clearance"] == "internal"
    assert person["permissions"] == ["edit", "edit_sign_in", "activate", "move"]
    memberships = company.employee.rest.get(f"/people/{person['id']}/memberships").json()["items"]
    assert [(m["department"]["name"], m["since"], m["until"]) for m in memberships] == [("rd", str(TODAY), None)]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "a\x00b"}, "/name"),
        ({"name": "\ud800"}, "/name"),
        ({"name": "x" * 101}, "/name"),
        ({"email": "nobody"}, "/email"),
        ({"email": "a b@x.example"}, "/email"),
        ({"email": "ü@x.example"}, "/email"),
        ({"clearance": "secret"}, "/clearance"),
        ({"clearance": "confidential"}, "/clearance"),
        ({"department_id": str(uuid4())}, "/department_id"),
        ({"department_id": "rd"}, "/department_id"),
        ({"manager_id": str(uuid4())}, "/manager_id"),
        ({"manager_id": "00000000-0000-7000-8000-000000000002"}, "/manager_id"),
        ({"kind": "system"}, "/kind"),
        ({"language": "fr"}, "/language"),
        ({"since": 0, "department_id": None}, "/since"),
        ({"since": "0000-01-01"}, "/since"),
        ({"colour": "red"}, "/colour"),
        ({"active": True}, "/active"),
        ({"id": str(uuid4())}, "/id"),
    ],
)
def test_wrong_people_are_refused(company: Company, fields: dict[str, Any], pointer: str) -> None:
    before = everything(company)
    body = json.dumps({"name": "某人"} | fields).encode()
    response = company.hr.rest.post("/people", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 422, response.text
    assert response.json()["errors"][0]["pointer"] == pointer
    assert everything(company) == before


def test_only_those_who_manage_people_change_them(company: Company) -> None:
    someone = add(company.hr)
    path, etag = f"/people/{someone['id']}", {"If-Match": '"1"'}
    before = everything(company)
    for actor in (company.employee, company.reviewer, company.manager, company.rd_manager):
        assert actor.rest.post("/people", json={"name": "不该有"}).status_code == 403
        assert actor.rest.patch(path, json={"name": "不该改"}, headers=etag).status_code == 403
        assert actor.rest.post(f"{path}/move", json={"department_id": None}).status_code == 403
        assert actor.rest.put("/people/by-external-id/hr/1", json={"name": "不该有"}).status_code == 403
        assert actor.rest.post("/people:batch", json={"items": [{"name": "不该有"}]}).status_code == 403
        refused = actor.graphql('mutation { createPerson(input: {name: "不该有"}) { id } }')
        assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert company.anonymous.post("/people", json={"name": "不该有"}).status_code == 401
    weak = company.hire("弱钥匙", "root", roles=(("hr", None),), scopes=["people_read"])
    before = everything(company)
    assert weak.rest.post("/people", json={"name": "不该有"}).status_code == 403
    assert everything(company) == before


def test_a_person_is_changed_in_the_version_that_was_read(company: Company) -> None:
    person = add(company.hr)
    path = f"/people/{person['id']}"
    assert company.hr.rest.patch(path, json={"title": "经理"}).status_code == 428
    first = change(company.hr, person, title="经理", language="en", clearance="public")
    assert (first.status_code, first.json()["title"], first.json()["clearance"]) == (200, "经理", "public")
    before = everything(company)
    stale = company.hr.rest.patch(path, json={"title": "总监"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert stale.headers["etag"] == company.hr.rest.get(path).headers["etag"]
    mutation = 'mutation($id: ID!) { updatePerson(id: $id, expectedVersion: 1, input: {title: "总监"}) { id } }'
    assert company.hr.graphql(mutation, id=person["id"])["errors"][0]["extensions"]["code"] == "CONFLICT"
    assert everything(company) == before
    assert change(company.hr, person, title=None).json()["title"] is None
    assert change(company.hr, person, name=None).status_code == 422


def test_a_patch_through_graphql_erases_nothing(company: Company) -> None:
    person = add(company.hr, title="工程师", email=f"{uuid4()}@clearsea.example", manager_id=str(company.hr.id))
    mutation = """mutation($id: ID!) { updatePerson(id: $id, expectedVersion: 1, input: {name: "新名"}) {
        name title email manager { id } version } }"""
    changed = company.hr.data(mutation, id=person["id"])["updatePerson"]
    assert changed == {
        "name": "新名",
        "title": "工程师",
        "email": person["email"],
        "manager": {"id": str(company.hr.id)},
        "version": 2,
    }
    assert "新名" in names(company.employee, q="xinming")


def test_an_unchanged_patch_is_no_change(company: Company) -> None:
    person = add(company.hr, title="工程师")
    before = everything(company)
    assert change(company.hr, person, title="工程师", active=True).json()["version"] == 1
    assert everything(company) == before


def test_an_email_address_belongs_to_one_person(company: Company) -> None:
    email = f"{uuid4()}@clearsea.example"
    add(company.hr, email=email)
    other = add(company.hr)
    before = everything(company)
    assert company.hr.rest.post("/people", json={"name": "重复", "email": email.upper()}).status_code == 409
    assert change(company.hr, other, email=email).status_code == 409
    assert everything(company) == before


def test_nobody_clears_others_above_themselves(company: Company) -> None:
    person = add(company.hr)
    before = everything(company)
    refused = change(company.hr, person, clearance="confidential")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/clearance")
    assert everything(company) == before
    assert change(company.admin, person, clearance="restricted").json()["clearance"] == "restricted"


def test_clearance_counts_at_once(fresh: Company) -> None:
    item = fresh.admin.item(classification="confidential")
    assert fresh.employee.rest.get(f"/knowledge-items/{item['id']}").status_code == 404
    assert change(fresh.admin, {"id": fresh.employee.id}, clearance="confidential").status_code == 200
    assert fresh.employee.rest.get(f"/knowledge-items/{item['id']}").status_code == 200
    assert change(fresh.admin, {"id": fresh.employee.id}, clearance="internal").status_code == 200
    assert fresh.employee.rest.get(f"/knowledge-items/{item['id']}").status_code == 404


# ---- managers -------------------------------------------------------------------------------------------------------


def test_nobody_reports_to_themselves_even_through_others(company: Company) -> None:
    top = add(company.hr)
    middle = add(company.hr, manager_id=top["id"])
    low = add(company.hr, manager_id=middle["id"])
    before = everything(company)
    for person in (top, middle, low):
        assert change(company.hr, top, manager_id=person["id"]).status_code == 409
    assert everything(company) == before
    assert change(company.hr, low, manager_id=top["id"]).json()["manager"]["id"] == top["id"]
    assert change(company.hr, low, manager_id=None).json()["manager"] is None


def test_two_changes_at_once_close_no_circle(company: Company) -> None:
    for _ in range(5):
        one, two = add(company.hr), add(company.hr)
        with ThreadPoolExecutor(2) as pool:
            asked = ((one, two), (two, one))
            statuses = sorted(pool.map(lambda p: change(company.hr, p[0], manager_id=p[1]["id"]).status_code, asked))
        assert statuses == [200, 409]


# ---- leaving --------------------------------------------------------------------------------------------------------


def test_whoever_leaves_is_out_at_once_and_comes_back_whole(fresh: Company) -> None:
    path = f"/people/{fresh.employee.id}"
    assert fresh.employee.rest.get("/me").status_code == 200
    left = change(fresh.hr, {"id": fresh.employee.id}, active=False)
    assert (left.json()["active"], left.json()["department"]["name"]) == (False, "rd_pressure")
    assert fresh.employee.rest.get("/me").status_code == 401
    assert fresh.employee.graphql("{ me { id } }")["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    [membership] = fresh.hr.rest.get(f"{path}/memberships").json()["items"]
    assert membership["until"] == str(TODAY)
    assert change(fresh.hr, {"id": fresh.employee.id}, active=True).status_code == 200
    assert fresh.employee.rest.get("/me").status_code == 200
    [membership] = fresh.hr.rest.get(f"{path}/memberships").json()["items"]
    assert membership["until"] is None


def test_how_administrators_sign_in_is_for_administrators(fresh: Company) -> None:
    before = everything(fresh)
    for fields in ({"active": False}, {"email": "hr-takes-over@clearsea.example"}):
        assert change(fresh.hr, {"id": fresh.admin.id}, **fields).status_code == 403
    assert everything(fresh) == before
    assert change(fresh.hr, {"id": fresh.admin.id}, title="IT 经理").status_code == 200


def test_nobody_decides_how_those_sign_in_who_are_cleared_higher(fresh: Company) -> None:
    high = fresh.hire("总经理", "root", clearance=3)
    seen = fresh.hr.rest.get(f"/people/{high.id}").json()
    assert seen["permissions"] == ["edit", "activate", "move"]
    before = everything(fresh)
    assert change(fresh.hr, seen, email="hr-reads-all@clearsea.example").status_code == 403
    assert change(fresh.hr, seen, email=None).status_code == 403
    update = (
        "mutation($id: ID!, $i: UpdatePersonInput!) { updatePerson(id: $id, expectedVersion: 1, input: $i) { id } }"
    )
    refused = fresh.hr.graphql(update, id=str(high.id), i={"email": "x@clearsea.example"})
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert everything(fresh) == before
    assert change(fresh.admin, seen, email="gm@clearsea.example").status_code == 200
    assert change(fresh.hr, seen, active=False).status_code == 200


def test_the_last_administrator_cannot_leave(fresh: Company) -> None:
    before = everything(fresh)
    assert change(fresh.admin, {"id": fresh.admin.id}, active=False).status_code == 409
    assert everything(fresh) == before
    assert fresh.admin.rest.get("/me").status_code == 200
    second = fresh.hire("第二位", "root", roles=(("administrator", None),), clearance=3)
    assert change(second, {"id": fresh.admin.id}, active=False).status_code == 200
    assert change(second, {"id": second.id}, active=False).status_code == 409


def test_two_administrators_cannot_remove_each_other(fresh: Company) -> None:
    for _ in range(5):
        one = fresh.hire("甲", "root", roles=(("administrator", None),), clearance=3)
        fresh.server.sql("DELETE FROM role_assignment WHERE role = 'administrator' AND person_id <> $1", one.id)
        two = fresh.hire("乙", "root", roles=(("administrator", None),), clearance=3)
        tags = {actor.id: actor.rest.get(f"/people/{actor.id}").headers["etag"] for actor in (one, two)}

        def dismiss(pair: tuple[Actor, Actor]) -> int:
            actor, other = pair
            path, headers = f"/people/{other.id}", {"If-Match": tags[other.id]}  # noqa: B023
            return actor.rest.patch(path, json={"active": False}, headers=headers).status_code

        with ThreadPoolExecutor(2) as pool:
            statuses = sorted(pool.map(dismiss, ((one, two), (two, one))))
        # The slower one is refused: dismissed already, or as the last one.
        assert statuses[0] == 200
        assert statuses[1] in (401, 403, 409)
        left = fresh.server.sql(
            "SELECT FROM person p JOIN role_assignment r ON r.person_id = p.id"
            " WHERE r.role = 'administrator' AND p.active"
        )
        assert len(left) == 1


# ---- moving ---------------------------------------------------------------------------------------------------------


def memberships(company: Company, person: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    items = company.employee.rest.get(f"/people/{person['id']}/memberships").json()["items"]
    return [(m["department"]["name"], m["since"], m["until"]) for m in items]


def test_a_move_is_dated_and_counts_at_once(fresh: Company) -> None:
    item = fresh.outsider.item(audience=[str(fresh.departments["sales"])])
    own = fresh.employee.item()
    person = {"id": fresh.employee.id}
    assert fresh.employee.rest.get(f"/knowledge-items/{item['id']}").status_code == 404
    move = {"department_id": str(fresh.departments["sales"]), "since": "2026-03-01"}
    moved = fresh.hr.rest.post(f"/people/{person['id']}/move", json=move)
    assert moved.json()["department"]["name"] == "sales"
    assert fresh.employee.rest.get(f"/knowledge-items/{item['id']}").status_code == 200
    assert memberships(fresh, person) == [("sales", "2026-03-01", None), ("rd_pressure", "2024-01-01", "2026-03-01")]
    assert fresh.colleague.rest.get(f"/knowledge-items/{own['id']}").json()["department"]["name"] == "rd_pressure"
    again = fresh.hr.rest.post(f"/people/{person['id']}/move", json=move)
    assert again.json()["version"] == moved.json()["version"], "a repeated move is none"
    mutation = "mutation($id: ID!) { movePerson(id: $id, input: {departmentId: null}) { department { id } } }"
    assert fresh.hr.data(mutation, id=str(person["id"])) == {"movePerson": {"department": None}}
    assert memberships(fresh, person)[0] == ("sales", "2026-03-01", str(TODAY))
    query = "query($id: ID!) { memberships(personId: $id) { nodes { department { name } until } } }"
    assert len(fresh.employee.data(query, id=str(person["id"]))["memberships"]["nodes"]) == 2


def test_a_move_cannot_be_dated_before_the_present_membership_or_far_ahead(company: Company) -> None:
    person = add(company.hr, department_id=str(company.departments["rd"]), since=str(TODAY))
    path, sales = f"/people/{person['id']}/move", str(company.departments["sales"])
    before = everything(company)
    for since in (TODAY - timedelta(1), TODAY + timedelta(400), date(1, 1, 1), date(9999, 12, 31)):
        response = company.hr.rest.post(path, json={"department_id": sales, "since": str(since)})
        assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/since")
    assert company.hr.rest.post(path, json={"department_id": str(uuid4())}).status_code == 422
    assert company.hr.rest.post(path, json={}).status_code == 422
    stale = company.hr.rest.post(path, json={"department_id": sales}, headers={"If-Match": '"9"'})
    assert stale.status_code == 412
    assert everything(company) == before
    assert company.hr.rest.post(path, json={"department_id": sales}).status_code == 200
    assert memberships(company, person) == [("sales", str(TODAY), None)], "on the first day it is a correction"


def test_memberships_of_nobody_are_not_found(company: Company) -> None:
    assert company.employee.rest.get(f"/people/{new_id()}/memberships").status_code == 404
    assert company.admin.rest.get(f"/people/{new_id()}/roles").status_code == 404


# ---- by external id, and in batches ---------------------------------------------------------------------------------


def test_a_nightly_job_is_simply_run_again(company: Company) -> None:
    path = f"/people/by-external-id/hr/{uuid4()}"
    body = {"name": "罗夜班", "department_id": str(company.departments["rd"]), "clearance": "public", "title": "工人"}
    first = company.hr.rest.put(path, json=body)
    assert first.status_code == 201
    assert first.headers["location"] == f"/v1/people/{first.json()['id']}"
    second = company.hr.rest.put(path, json=body)
    assert (second.status_code, second.json()) == (200, first.json())
    third = company.hr.rest.put(
        path, json={"name": "罗夜班", "title": None, "department_id": str(company.departments["sales"])}
    )
    assert third.json()["clearance"] == "public", "what is left out stays"
    assert (third.json()["title"], third.json()["department"]["name"]) == (None, "sales")
    gone = company.hr.rest.put(path, json={"name": "罗夜班", "active": False})
    assert gone.json()["active"] is False
    assert company.employee.rest.get(path).json()["id"] == first.json()["id"]
    assert company.employee.rest.get("/people/by-external-id/hr/none").status_code == 404


def test_somebody_known_by_email_is_taken_over_once(company: Company) -> None:
    email = f"{uuid4()}@clearsea.example"
    person = add(company.hr, email=email)
    one, two = f"/people/by-external-id/hr/{uuid4()}", f"/people/by-external-id/hr/{uuid4()}"
    taken = company.hr.rest.put(one, json={"name": "周测试", "email": email})
    assert (taken.status_code, taken.json()["id"]) == (200, person["id"])
    before = everything(company)
    assert company.hr.rest.put(two, json={"name": "另一个", "email": email}).status_code == 409
    assert everything(company) == before
    mutation = (
        'mutation($e: String!) { putPerson(source: "hr", externalId: $e, input: {name: "图"}) { externalSource } }'
    )
    assert company.hr.data(mutation, e=str(uuid4())) == {"putPerson": {"externalSource": "hr"}}


def test_a_batch_answers_for_each_person(company: Company) -> None:
    external = {"external_source": "hr", "external_id": str(uuid4())}
    items = [
        {"name": "批一"},
        {"name": ""},
        {"name": "批二", **external},
        {"name": "批二改", **external},
        {"name": "x", "external_id": "1"},
    ]
    answer = company.hr.rest.post("/people:batch", json={"items": items})
    assert answer.status_code == 207
    assert [item["status"] for item in answer.json()["items"]] == [201, 422, 201, 200, 422]
    assert company.employee.rest.get(f"/people/{answer.json()['items'][2]['id']}").json()["name"] == "批二改"


# ---- what happened --------------------------------------------------------------------------------------------------


def test_everybody_hears_of_public_facts_and_only_the_person_of_the_clearance(company: Company) -> None:
    person = add(company.hr, department_id=str(company.departments["rd"]))
    change(company.hr, person, title="新头衔", clearance="public")
    company.hr.rest.post(f"/people/{person['id']}/move", json={"department_id": str(company.departments["sales"])})
    change(company.hr, person, active=False)
    told = company.server.sql(
        "SELECT happened, readers, payload FROM journal WHERE object_id = $1 ORDER BY number", UUID(person["id"])
    )
    private = [row["happened"] for row in told if row["readers"] == [UUID(person["id"])]]
    assert private == ["clearance_changed"]
    assert [row["happened"] for row in told if row["happened"] not in private] == [
        "person_joined",
        "person_changed",
        "person_moved",
        "person_left",
    ]
    assert "public" not in str([row["payload"] for row in told if row["happened"] not in private])


# ---- service accounts -----------------------------------------------------------------------------------------------


def test_service_accounts_are_for_those_who_manage_keys(company: Company) -> None:
    before = everything(company)
    assert company.hr.rest.post("/people", json={"name": "bot", "kind": "service"}).status_code == 403
    refused = company.admin.rest.post("/people", json={"name": "bot", "kind": "service", "email": "bot@x.example"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/email")
    assert everything(company) == before
    service = add(company.admin, name="bot", kind="service")
    before = everything(company)
    assert change(company.hr, service, name="renamed").status_code == 403
    assert change(company.admin, service, email="bot@x.example").status_code == 422
    assert everything(company) == before


def test_the_system_is_nobodys_to_change(company: Company) -> None:
    system = {"id": "00000000-0000-7000-8000-000000000002"}
    before = everything(company)
    assert change(company.admin, system, active=True).status_code == 403
    assert company.admin.rest.post(f"/people/{system['id']}/move", json={"department_id": None}).status_code == 403
    assert company.admin.rest.post(f"/people/{system['id']}/roles", json={"role": "hr"}).status_code == 403
    assert everything(company) == before
