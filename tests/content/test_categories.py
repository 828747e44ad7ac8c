"""The category tree: naming, moving, emptying, through both doors."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import CERTIFICATES, Actor, Company
from tests.patience import patiently

CREATE = """mutation($input: CreateCategoryInput!) { createCategory(input: $input) {
  id name version path parent { name } permissions } }"""
UPDATE = """mutation($id: ID!, $version: Int!, $input: UpdateCategoryInput!) {
  updateCategory(id: $id, expectedVersion: $version, input: $input) { name nameEn version parent { name } } }"""
DELETE = "mutation($id: ID!, $version: Int!) { deleteCategory(id: $id, expectedVersion: $version) }"


def create(company: Company, name: str | None = None, parent: dict[str, Any] | None = None, **fields: Any) -> Any:
    body = {"name": name or f"类目 {uuid4().hex[:8]}", "parent_id": parent and parent["id"]} | fields
    response = company.manager.rest.post("/categories", json=body)
    assert response.status_code == 201, response.text
    return response.json()


def move(actor: Actor, category: dict[str, Any], under: dict[str, Any] | None) -> httpx.Response:
    body = {"parent_id": under and under["id"]}
    return actor.rest.patch(f"/categories/{category['id']}", json=body, headers={"If-Match": "*"})


def path(company: Company, category: dict[str, Any]) -> list[str]:
    found: list[str] = company.employee.rest.get(f"/categories/{category['id']}").json()["path"]
    return found


def everything(company: Company) -> list[tuple[Any, ...]]:
    rows = company.server.sql(
        "SELECT c.id, c.name, c.parent_id, c.path, c.version,"
        " (SELECT count(*) FROM journal WHERE object_kind = 'category') FROM category c ORDER BY c.id"
    )
    return [tuple(row) for row in rows]


def errors(response: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in response.get("errors", [])]


def test_a_category_is_made_renamed_and_removed(company: Company) -> None:
    response = company.manager.rest.post(
        "/categories", json={"name": "质量", "name_en": "Quality", "description": "一切与质量有关的"}
    )
    assert response.status_code == 201
    top = response.json()
    assert response.headers["Location"] == f"/v1/categories/{top['id']}"
    assert (top["path"], top["parent"], top["version"]) == ([top["id"]], None, 1)
    assert top["permissions"] == ["edit", "delete"]
    below = company.manager.data(CREATE, input={"name": "检验", "parentId": top["id"]})["createCategory"]
    assert (below["path"], below["parent"]) == ([top["id"], below["id"]], {"name": "质量"})
    seen = company.employee.rest.get(f"/categories/{top['id']}")
    assert seen.json()["permissions"] == []
    assert (
        company.employee.rest.get(
            f"/categories/{top['id']}", headers={"If-None-Match": seen.headers["ETag"]}
        ).status_code
        == 304
    )
    renamed = company.manager.rest.patch(
        f"/categories/{top['id']}",
        json={"name": "质量管理", "name_en": None},
        headers={"If-Match": seen.headers["ETag"]},
    )
    assert (renamed.json()["name"], renamed.json()["name_en"], renamed.json()["version"]) == ("质量管理", None, 2)
    assert renamed.json()["description"] == "一切与质量有关的"
    again = company.manager.data(UPDATE, id=below["id"], version=1, input={"nameEn": "Inspection"})["updateCategory"]
    assert again == {"name": "检验", "nameEn": "Inspection", "version": 2, "parent": {"name": "质量管理"}}
    assert company.manager.data(DELETE, id=below["id"], version=2) == {"deleteCategory": below["id"]}
    gone = company.manager.rest.delete(f"/categories/{top['id']}", headers={"If-Match": '"2"'})
    assert gone.status_code == 204
    assert company.employee.rest.get(f"/categories/{top['id']}").status_code == 404
    happened = company.server.sql("SELECT happened FROM journal WHERE object_id = $1 ORDER BY number", top["id"])
    assert [row["happened"] for row in happened] == ["category_created", "category_changed", "category_deleted"]


def test_lists_and_filters(company: Company) -> None:
    mark = uuid4().hex[:6]
    top = create(company, f"{mark} 甲", name_en=f"{mark} Alpha%_")
    for n in range(3):
        create(company, f"{mark} 乙{n}", top)
    rest = company.employee.rest
    found = rest.get("/categories", params={"q": mark.upper(), "limit": 2}).json()
    names = [entry["name"] for entry in found["items"]]
    more = rest.get("/categories", params={"q": mark.upper(), "limit": 2, "cursor": found["next_cursor"]}).json()
    names += [entry["name"] for entry in more["items"]]
    assert names == sorted(names)
    assert len(names) == 4
    assert [c["id"] for c in rest.get("/categories", params={"q": "alpha%_", "roots": "true"}).json()["items"]] == [
        top["id"]
    ]
    assert rest.get("/categories", params={"q": f"{mark} alphax"}).json()["items"] == []
    assert len(rest.get("/categories", params={"parent": top["id"]}).json()["items"]) == 3
    query = """query($q: String!) { categories(filter: {q: $q, roots: true}) {
      totalCount nodes { name parent { name } } } }"""
    assert company.employee.data(query, q=f"{mark} 甲")["categories"]["totalCount"] == 1
    for wrong in ({"q": ""}, {"q": "a\u0000"}, {"parent": "x"}, {"name": "x"}, {"order": "newest"}):
        assert rest.get("/categories", params=wrong).status_code in (400, 422)


def test_a_move_takes_everything_below_along(company: Company) -> None:
    a, b = create(company), create(company)
    a1 = create(company, parent=a)
    a2 = create(company, parent=a1)
    item = company.employee.item(category_id=a2["id"])
    assert move(company.manager, a1, b).status_code == 200
    assert path(company, a2) == [b["id"], a1["id"], a2["id"]]
    within = "/knowledge-items?category="
    assert [i["id"] for i in company.employee.rest.get(within + b["id"]).json()["items"]] == [item["id"]]
    assert company.employee.rest.get(within + a["id"]).json()["items"] == []
    assert move(company.manager, a1, None).json()["path"] == [a1["id"]]
    assert path(company, a2) == [a1["id"], a2["id"]]
    moved = company.server.sql(
        "SELECT happened FROM journal WHERE object_id = $1 AND happened = 'category_moved'", a1["id"]
    )
    assert len(moved) == 2
    deep = company.employee.data(
        "query($id: ID!) { category(id: $id) { name parent { name parent { name } } } }", id=a2["id"]
    )
    assert deep["category"]["parent"] == {"name": a1["name"], "parent": None}


def test_a_category_never_stands_under_itself(company: Company) -> None:
    top = create(company)
    middle = create(company, parent=top)
    bottom = create(company, parent=middle)
    before = everything(company)
    for under in (top, middle, bottom):
        refused = move(company.manager, top, under)
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
        # `CONFLICT` in GraphQL is a stale version as well; the detail tells them apart.
        refusal = company.manager.graphql(UPDATE, id=top["id"], version=1, input={"parentId": under["id"]})
        assert errors(refusal) == ["CONFLICT"]
    unknown = move(company.manager, top, {"id": str(uuid4())})
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/parent_id")
    assert everything(company) == before


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 5), st.one_of(st.none(), st.integers(0, 5))), min_size=4, max_size=16))
def test_moves_at_the_same_time_leave_a_tree(company: Company, moves: list[tuple[int, int | None]]) -> None:
    categories = [create(company) for _ in range(6)]

    def play(step: tuple[int, int | None]) -> int:
        with httpx.Client(base_url=f"{company.server.url}/v1", timeout=30, verify=CERTIFICATES) as client:
            body = {"parent_id": None if step[1] is None else categories[step[1]]["id"]}
            headers = {"Authorization": f"Bearer {company.manager.key}", "If-Match": "*"}
            path = f"/categories/{categories[step[0]]['id']}"
            return patiently(lambda: client.patch(path, json=body, headers=headers)).status_code

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(play, moves)) <= {200, 409}
    rows = {str(row["id"]): row for row in company.server.sql("SELECT id, parent_id, path FROM category")}
    for category in categories:
        walked, at = [], rows[category["id"]]
        while at is not None:
            walked.append(at["id"])
            assert len(walked) <= len(categories), "a circle"
            at = rows[str(at["parent_id"])] if at["parent_id"] else None
        assert rows[category["id"]]["path"] == walked[::-1]


def test_only_an_empty_category_is_deleted(company: Company) -> None:
    top = create(company)
    below = create(company, parent=top)
    hidden = company.admin.item(category_id=below["id"], classification="restricted", publish=False)
    before = everything(company)
    for category in (top, below):
        refused = company.manager.rest.delete(f"/categories/{category['id']}", headers={"If-Match": "*"})
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
        assert company.manager.rest.delete(f"/categories/{category['id']}").status_code == 428
        stale = company.manager.rest.delete(f"/categories/{category['id']}", headers={"If-Match": '"9"'})
        assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")
    assert everything(company) == before
    assert company.server.sql("SELECT category_id FROM content WHERE id = $1", hidden["id"])[0]["category_id"]


def test_only_who_manages_the_taxonomy_changes_it(company: Company) -> None:
    category = create(company)
    before = everything(company)
    body, version = {"name": "改"}, {"If-Match": '"1"'}
    unscoped = company.hire("无权", "root", roles=(("knowledge_manager", None),), scopes=["content_read"])
    for actor in (company.employee, company.reviewer, company.rd_manager, company.hr, unscoped):
        for response in (
            actor.rest.post("/categories", json=body),
            actor.rest.patch(f"/categories/{category['id']}", json=body, headers=version),
            actor.rest.delete(f"/categories/{category['id']}", headers=version),
        ):
            assert (response.status_code, response.json()["code"]) == (403, "forbidden")
        assert errors(actor.graphql(CREATE, input={"name": "改"})) == ["FORBIDDEN"]
        assert errors(actor.graphql(UPDATE, id=category["id"], version=1, input=body)) == ["FORBIDDEN"]
        assert errors(actor.graphql(DELETE, id=category["id"], version=1)) == ["FORBIDDEN"]
    for client in (company.anonymous,):
        assert client.get("/categories").status_code == 401
        assert client.post("/categories", json=body).status_code == 401
    assert everything(company) == before
    blind = company.hire("盲", "rd", scopes=["people_read"])
    assert blind.rest.get("/categories").status_code == 403
    assert blind.rest.get(f"/categories/{category['id']}").status_code == 403


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        ('{"name": "a\\u0000"}', "/name"),
        ('{"name": "\\udc00"}', "/name"),
        ('{"name": "a\\nb"}', "/name"),
        ('{"name": "  "}', "/name"),
        ('{"name": "' + "长" * 101 + '"}', "/name"),
        ('{"name": "a", "path": []}', "/path"),
        ('{"name": "a", "parent_id": 1e999}', "/parent_id"),
        ('{"name": "a", "parent_id": 99999999999999999999}', "/parent_id"),
        ("{}", "/name"),
    ],
)
def test_wrong_input_is_pointed_at(company: Company, raw: str, pointer: str) -> None:
    before = everything(company)
    response = company.manager.rest.post("/categories", content=raw, headers={"Content-Type": "application/json"})
    assert response.status_code == 422 or ("1e999" in raw and response.status_code == 400), response.text
    if response.status_code == 422:
        assert response.json()["errors"][0]["pointer"] == pointer
    assert everything(company) == before


def test_a_move_changes_what_roles_reach_at_once(company: Company) -> None:
    top, other = create(company), create(company)
    moderator = company.hire("类目管理", "sales")
    company.server.sql(
        "INSERT INTO role_assignment (id, person_id, role, category_id, created_at)"
        " VALUES ($1, $2, 'knowledge_manager', $3, now())",
        uuid4(), moderator.id, top["id"],
    )  # fmt: skip
    item = company.employee.item(category_id=other["id"])
    item_path = f"/knowledge-items/{item['id']}"
    assert "edit" not in moderator.rest.get(item_path).json()["permissions"]
    assert move(company.manager, other, top).status_code == 200
    assert "edit" in moderator.rest.get(item_path).json()["permissions"]
    new = create(company, parent=other)
    inside = company.employee.item(category_id=new["id"])
    assert "edit" in moderator.rest.get(f"/knowledge-items/{inside['id']}").json()["permissions"]
    assert move(company.manager, other, None).status_code == 200
    assert "edit" not in moderator.rest.get(item_path).json()["permissions"]
    assert company.manager.rest.delete(f"/categories/{top['id']}", headers={"If-Match": "*"}).status_code == 204
    left = company.server.sql("SELECT role FROM role_assignment WHERE person_id = $1", moderator.id)
    assert left == []
