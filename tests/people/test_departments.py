"""The tree of departments and the groups across it, through both doors."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import Actor, Company
from tests.people.test_people import add, change, everything

from kshare.core.ids import new_id


def found(actor: Actor, name: str = "", parent: Any = None) -> dict[str, Any]:
    body = {"name": name or f"部门 {uuid4().hex[:6]}", "parent_id": None if parent is None else str(parent)}
    response = actor.rest.post("/departments", json=body)
    assert response.status_code == 201, response.text
    department: dict[str, Any] = response.json()
    return department


def edit(actor: Actor, kind: str, thing: dict[str, Any], **fields: Any) -> Any:
    path = f"/{kind}/{thing['id']}"
    return actor.rest.patch(path, json=fields, headers={"If-Match": actor.rest.get(path).headers["etag"]})


def remove(actor: Actor, kind: str, thing: dict[str, Any]) -> Any:
    path = f"/{kind}/{thing['id']}"
    return actor.rest.delete(path, headers={"If-Match": actor.rest.get(path).headers.get("etag", '"1"')})


# ---- departments ----------------------------------------------------------------------------------------------------


def test_a_tree_is_listed_parents_first(fresh: Company) -> None:
    root = found(fresh.hr, "研发")
    pressure = found(fresh.hr, "压力", root["id"])
    other = found(fresh.hr, "销售")
    optical = found(fresh.hr, "光电", root["id"])
    deep = found(fresh.hr, "标定", pressure["id"])
    listed = [d["id"] for d in fresh.employee.rest.get("/departments?limit=100").json()["items"]]
    ours = [id for id in listed if id in {d["id"] for d in (root, pressure, other, optical, deep)}]
    assert ours == [d["id"] for d in (root, pressure, deep, optical, other)]
    assert deep["path"] == [root["id"], pressure["id"], deep["id"]]
    assert deep["parent"]["name"] == "压力"
    first = fresh.employee.rest.get("/departments?limit=3").json()
    rest = fresh.employee.rest.get("/departments", params={"limit": 100, "cursor": first["next_cursor"]}).json()
    assert [d["id"] for d in (*first["items"], *rest["items"])] == listed
    children = fresh.employee.rest.get("/departments", params={"parent": root["id"], "order": "name"}).json()["items"]
    assert {d["name"] for d in children} == {"压力", "光电"}
    assert [d["name"] for d in fresh.employee.rest.get("/departments?q=标").json()["items"]] == ["标定"]
    query = """query($q: ID) {
      departments(filter: {parent: $q}, orderBy: name) { nodes { name parent { parent { name } } } } }"""
    nodes = fresh.employee.data(query, q=pressure["id"])["departments"]["nodes"]
    assert nodes == [{"name": "标定", "parent": {"parent": {"name": "研发"}}}]


def test_a_subtree_moves_as_a_whole_and_counts_at_once(fresh: Company) -> None:
    item = fresh.outsider.item(audience=[str(fresh.departments["sales"])])
    assert fresh.employee.rest.get(f"/knowledge-items/{item['id']}").status_code == 404
    moved = edit(fresh.hr, "departments", {"id": fresh.departments["rd"]}, parent_id=str(fresh.departments["sales"]))
    assert moved.status_code == 200
    below = fresh.employee.rest.get(f"/departments/{fresh.departments['rd_pressure']}").json()
    assert below["path"] == [str(fresh.departments[name]) for name in ("root", "sales", "rd", "rd_pressure")]
    assert fresh.employee.rest.get(f"/knowledge-items/{item['id']}").status_code == 200
    freed = edit(fresh.hr, "departments", {"id": fresh.departments["rd"]}, parent_id=None)
    assert freed.json()["path"] == [str(fresh.departments["rd"])]
    assert fresh.employee.rest.get(f"/knowledge-items/{item['id']}").status_code == 404


def test_a_scoped_role_follows_the_tree(fresh: Company) -> None:
    item = fresh.outsider.item()
    path = f"/knowledge-items/{item['id']}"
    assert "edit" not in fresh.rd_manager.rest.get(path).json()["permissions"]
    edit(fresh.hr, "departments", {"id": fresh.departments["sales"]}, parent_id=str(fresh.departments["rd"]))
    assert "edit" in fresh.rd_manager.rest.get(path).json()["permissions"]


def test_nothing_stands_below_itself(company: Company) -> None:
    top = found(company.hr)
    middle = found(company.hr, parent=top["id"])
    low = found(company.hr, parent=middle["id"])
    before = everything(company)
    for parent in (top, middle, low):
        assert edit(company.hr, "departments", top, parent_id=parent["id"]).status_code == 409
    assert edit(company.hr, "departments", low, parent_id=str(uuid4())).status_code == 422
    assert company.hr.rest.post("/departments", json={"name": "x", "parent_id": str(uuid4())}).status_code == 422
    assert everything(company) == before


def test_two_moves_at_once_close_no_circle(company: Company) -> None:
    for _ in range(5):
        one, two = found(company.hr), found(company.hr)
        with ThreadPoolExecutor(2) as pool:
            asked = ((one, two), (two, one))
            moved = pool.map(lambda p: edit(company.hr, "departments", p[0], parent_id=p[1]["id"]).status_code, asked)
            assert sorted(moved) == [200, 409]


def test_a_tree_has_its_limit(fresh: Company) -> None:
    here = None
    for _ in range(32):
        here = found(fresh.hr, parent=here)["id"]
    before = everything(fresh)
    assert fresh.hr.rest.post("/departments", json={"name": "深", "parent_id": here}).status_code == 409
    assert edit(fresh.hr, "departments", {"id": fresh.departments["root"]}, parent_id=here).status_code == 409
    assert everything(fresh) == before


def test_only_an_unused_department_can_be_deleted(company: Company) -> None:
    unused, parent = found(company.hr), found(company.hr)
    peopled, left, shared = found(company.hr), found(company.hr), found(company.hr)
    found(company.hr, parent=parent["id"])
    add(company.hr, department_id=peopled["id"])
    gone = add(company.hr, department_id=left["id"], since="2025-01-01")
    company.hr.rest.post(f"/people/{gone['id']}/move", json={"department_id": None})
    company.employee.item(audience=[shared["id"]])
    written = found(company.hr)
    author = company.hr.rest.post(f"/people/{company.colleague.id}/move", json={"department_id": written["id"]})
    assert author.status_code == 200
    company.colleague.item()
    back = {"department_id": str(company.departments["rd"])}
    company.hr.rest.post(f"/people/{company.colleague.id}/move", json=back)
    before = everything(company)
    for used in (parent, peopled, left, shared, written):
        refused = remove(company.hr, "departments", used)
        assert refused.status_code == 409, refused.text
    assert company.hr.rest.delete(f"/departments/{unused['id']}").status_code == 428
    assert company.hr.rest.delete(f"/departments/{unused['id']}", headers={"If-Match": '"7"'}).status_code == 412
    assert everything(company) == before
    assert remove(company.hr, "departments", unused).status_code == 204
    assert company.hr.rest.get(f"/departments/{unused['id']}").status_code == 404
    assert remove(company.hr, "departments", unused).status_code == 404


def test_departments_are_put_by_their_id_elsewhere(company: Company) -> None:
    path = f"/departments/by-external-id/sap/{uuid4()}"
    first = company.hr.rest.put(path, json={"name": "仓储", "name_en": "Storage"})
    second = company.hr.rest.put(path, json={"name": "仓储", "parent_id": str(company.departments["sales"])})
    assert (first.status_code, second.status_code) == (201, 200)
    assert (second.json()["name_en"], second.json()["parent"]["name"]) == ("Storage", "sales")
    assert company.employee.rest.get(path).json() | {"permissions": ["edit"]} == second.json()
    mutation = (
        """mutation($e: String!) { putDepartment(source: "sap", externalId: $e, input: {name: "新"}) { path id } }"""
    )
    made = company.hr.data(mutation, e=str(uuid4()))["putDepartment"]
    assert made["path"] == [made["id"]]


def test_only_those_who_manage_people_change_the_tree_and_the_groups(company: Company) -> None:
    department, group = found(company.hr), company.hr.rest.post("/groups", json={"name": str(uuid4())}).json()
    before = everything(company)
    for actor in (company.employee, company.reviewer, company.manager):
        assert actor.rest.post("/departments", json={"name": "x"}).status_code == 403
        assert actor.rest.post("/groups", json={"name": "x"}).status_code == 403
        assert actor.rest.put("/departments/by-external-id/a/b", json={"name": "x"}).status_code == 403
        for kind, thing in (("departments", department), ("groups", group)):
            assert actor.rest.get(f"/{kind}/{thing['id']}").json()["permissions"] == []
            assert edit(actor, kind, thing, name="x").status_code == 403
            assert remove(actor, kind, thing).status_code == 403
        member = f"/groups/{group['id']}/members/{actor.id}"
        assert actor.rest.put(member).status_code == 403
        assert actor.rest.delete(member).status_code == 403
    assert everything(company) == before


MOVES = st.lists(st.tuples(st.integers(0, 7), st.one_of(st.none(), st.integers(0, 7))), max_size=12)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
def test_paths_always_tell_the_truth(company: Company, moves: list[tuple[int, int | None]]) -> None:
    nodes = [found(company.hr) for _ in range(8)]
    for moved, parent in moves:
        target = None if parent is None else nodes[parent]["id"]
        assert edit(company.hr, "departments", nodes[moved], parent_id=target).status_code in (200, 409)
    rows = {
        row["id"]: (row["parent_id"], row["path"])
        for row in company.server.sql("SELECT id, parent_id, path FROM department")
    }
    for id, (above, path) in rows.items():
        true_path: list[UUID] = []
        here: UUID | None = id
        while here is not None:
            assert here not in true_path
            true_path.insert(0, here)
            here = rows[here][0]
        assert path == true_path, above


# ---- groups ---------------------------------------------------------------------------------------------------------


def test_a_group_opens_what_is_shared_with_it(fresh: Company) -> None:
    group = fresh.hr.rest.post("/groups", json={"name": "标定社群", "description": "跨工厂"}).json()
    item = fresh.outsider.item(audience=[group["id"]])
    member = f"/groups/{group['id']}/members/{fresh.employee.id}"
    assert fresh.employee.rest.get(f"/knowledge-items/{item['id']}").status_code == 404
    assert [fresh.hr.rest.put(member).status_code for _ in range(2)] == [204, 204]
    assert fresh.employee.rest.get(f"/knowledge-items/{item['id']}").status_code == 200
    assert fresh.employee.rest.get(f"/groups/{group['id']}").json()["member_count"] == 1
    listed = fresh.employee.rest.get("/groups", params={"member": str(fresh.employee.id), "q": "标定"}).json()["items"]
    assert [g["name"] for g in listed] == ["标定社群"]
    assert remove(fresh.hr, "groups", group).status_code == 409, "its members would lose sight of the item"
    assert [fresh.hr.rest.delete(member).status_code for _ in range(2)] == [204, 204]
    assert fresh.employee.rest.get(f"/knowledge-items/{item['id']}").status_code == 404
    events = fresh.server.sql("SELECT happened FROM journal WHERE object_id = $1 ORDER BY number", UUID(group["id"]))
    assert [row["happened"] for row in events] == ["group_created", "group_joined", "group_left"]


def test_groups_are_changed_and_removed_through_graphql(company: Company) -> None:
    create = 'mutation($n: String!) { createGroup(input: {name: $n, description: "多行\\n说明"}) { id version } }'
    group = company.hr.data(create, n=f"组 {uuid4()}")["createGroup"]
    both = """mutation($id: ID!, $p: ID!) {
      updateGroup(id: $id, expectedVersion: 1, input: {description: null}) { description version }
      addGroupMember(groupId: $id, personId: $p) { memberCount } }"""
    done = company.hr.data(both, id=group["id"], p=str(company.employee.id))
    assert done == {"updateGroup": {"description": None, "version": 2}, "addGroupMember": {"memberCount": 1}}
    query = (
        "query($id: ID!) { group(id: $id) { memberCount } people(filter: {group: $id}) { nodes { id } totalCount } }"
    )
    seen = company.employee.data(query, id=group["id"])
    assert seen["group"]["memberCount"] == 1
    assert seen["people"] == {"nodes": [{"id": str(company.employee.id)}], "totalCount": 1}
    delete = "mutation($id: ID!) { deleteGroup(id: $id, expectedVersion: 2) }"
    assert company.hr.data(delete, id=group["id"]) == {"deleteGroup": group["id"]}
    assert company.employee.data("query($id: ID!) { node(id: $id) { id } }", id=group["id"]) == {"node": None}


def test_a_groups_name_is_its_own(company: Company) -> None:
    name = str(uuid4())
    company.hr.rest.post("/groups", json={"name": name})
    other = company.hr.rest.post("/groups", json={"name": str(uuid4())}).json()
    before = everything(company)
    assert company.hr.rest.post("/groups", json={"name": name}).status_code == 409
    assert edit(company.hr, "groups", other, name=name).status_code == 409
    assert company.hr.graphql(f'mutation {{ createGroup(input: {{name: "{name}"}}) {{ id }} }}')["errors"]
    assert everything(company) == before


@pytest.mark.parametrize("who", [new_id(), "00000000-0000-7000-8000-000000000002"])
def test_nobody_is_put_into_no_group(company: Company, who: Any) -> None:
    group = company.hr.rest.post("/groups", json={"name": str(uuid4())}).json()
    before = everything(company)
    assert company.hr.rest.put(f"/groups/{group['id']}/members/{who}").status_code == 404
    assert company.hr.rest.put(f"/groups/{new_id()}/members/{company.employee.id}").status_code == 404
    assert company.hr.rest.put(f"/groups/{group['id']}/members/me").status_code == 422
    assert everything(company) == before


def test_those_who_left_stay_in_no_way(company: Company) -> None:
    person = add(company.hr, department_id=str(company.departments["rd"]))
    change(company.hr, person, active=False)
    moved = company.hr.rest.post(
        f"/people/{person['id']}/move", json={"department_id": str(company.departments["sales"])}
    )
    assert moved.json()["department"]["name"] == "sales"
    periods = company.employee.rest.get(f"/people/{person['id']}/memberships").json()["items"]
    assert [p["until"] is None for p in periods] == [False]
