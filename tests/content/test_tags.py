"""Tags: names, synonyms, merging, through both doors."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.conftest import CERTIFICATES, Actor, Company
from tests.patience import patiently

CREATE = "mutation($input: CreateTagInput!) { createTag(input: $input) { id name synonyms version permissions } }"
UPDATE = """mutation($id: ID!, $version: Int!, $input: UpdateTagInput!) {
  updateTag(id: $id, expectedVersion: $version, input: $input) { name synonyms version } }"""
MERGE = "mutation($id: ID!, $into: ID!) { mergeTag(id: $id, input: {into: $into}) { id name synonyms } }"
DELETE = "mutation($id: ID!, $version: Int!) { deleteTag(id: $id, expectedVersion: $version) }"


def word() -> str:
    return f"词{uuid4().hex[:8]}"


def create(company: Company, name: str | None = None, *synonyms: str) -> Any:
    response = company.manager.rest.post("/tags", json={"name": name or word(), "synonyms": list(synonyms)})
    assert response.status_code == 201, response.text
    return response.json()


def tag(company: Company, tag: dict[str, Any]) -> Any:
    return company.employee.rest.get(f"/tags/{tag['id']}").json()


def tagged(company: Company, name: str) -> list[str]:
    response = company.employee.rest.get("/knowledge-items", params={"tag": name})
    assert response.status_code == 200, response.text
    return [item["id"] for item in response.json()["items"]]


def everything(company: Company) -> list[list[tuple[Any, ...]]]:
    tables = (
        "SELECT id, name, version FROM tag ORDER BY id",
        "SELECT folded, tag_id, name, preferred FROM tag_name ORDER BY folded",
        "SELECT content_id, tag_id FROM content_tag ORDER BY 1, 2",
        "SELECT count(*) FROM journal WHERE object_kind = 'tag'",
    )
    return [[tuple(row) for row in company.server.sql(table)] for table in tables]


def errors(response: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in response.get("errors", [])]


def test_names_lead_to_one_tag_however_they_are_spelled(company: Company) -> None:
    mark = uuid4().hex[:6]
    made = create(company, f"Ｋaizen-{mark}", f"持续改善{mark}")
    assert (made["name"], made["synonyms"], made["version"]) == (f"Ｋaizen-{mark}", [f"持续改善{mark}"], 1)
    item = company.employee.item(tags=[f"KAIZEN-{mark}"])
    assert [t["id"] for t in item["tags"]] == [made["id"]]
    for spelling in (f"kaizen-{mark}", f"ＫＡＩＺＥＮ－{mark}".replace("－", "-"), f"持续改善{mark}"):
        assert tagged(company, spelling) == [item["id"]]
    query = "query($tag: String!) { knowledgeItems(filter: {tag: $tag}) { nodes { tags { name synonyms } } } }"
    nodes = company.employee.data(query, tag=f"KaiZen-{mark}")["knowledgeItems"]["nodes"]
    assert nodes == [{"tags": [{"name": f"Ｋaizen-{mark}", "synonyms": [f"持续改善{mark}"]}]}]


def test_tags_are_found_by_the_beginning_of_any_name(company: Company) -> None:
    mark = uuid4().hex[:6]
    first, second = create(company, f"{mark}乙", f"X{mark}%_"), create(company, f"{mark}甲")
    rest = company.employee.rest
    found = rest.get("/tags", params={"q": mark.upper()}).json()["items"]
    assert [t["name"] for t in found] == sorted([first["name"], second["name"]])
    assert [t["id"] for t in rest.get("/tags", params={"q": f"x{mark}%"}).json()["items"]] == [first["id"]]
    assert rest.get("/tags", params={"q": f"x{mark}%%"}).json()["items"] == []
    page = rest.get("/tags", params={"q": mark, "limit": 1}).json()
    other = rest.get("/tags", params={"q": "other", "limit": 1, "cursor": page["next_cursor"]})
    assert (other.status_code, other.json()["code"]) == (400, "cursor_mismatch")
    listed = company.employee.data(
        "query($q: String!) { tags(filter: {q: $q}) { totalCount nodes { name } } }", q=f"x{mark}"
    )
    assert listed["tags"] == {"totalCount": 1, "nodes": [{"name": first["name"]}]}
    node = company.employee.data("query($id: ID!) { node(id: $id) { ... on Tag { synonyms } } }", id=first["id"])
    assert node["node"] == {"synonyms": [f"X{mark}%_"]}
    one = company.employee.data("query($id: ID!) { tag(id: $id) { name permissions } }", id=first["id"])
    assert one["tag"] == {"name": first["name"], "permissions": []}


def test_renaming_keeps_the_old_name_as_a_synonym(company: Company) -> None:
    old, new, extra = word(), word(), f"{word()}x"  # a letter, which can be written large
    made = create(company, old)
    item = company.employee.item(tags=[old])
    renamed = company.manager.rest.patch(f"/tags/{made['id']}", json={"name": new}, headers={"If-Match": '"1"'})
    assert (renamed.json()["name"], renamed.json()["synonyms"], renamed.json()["version"]) == (new, [old], 2)
    assert tagged(company, old) == tagged(company, new) == [item["id"]]
    after = company.manager.data(UPDATE, id=made["id"], version=2, input={"synonyms": [extra]})["updateTag"]
    assert after == {"name": new, "synonyms": [extra], "version": 3}
    assert tagged(company, old) == []
    swapped = company.manager.data(UPDATE, id=made["id"], version=3, input={"name": extra, "synonyms": [new, new]})
    assert swapped["updateTag"] == {"name": extra, "synonyms": [new], "version": 4}
    same = company.manager.data(UPDATE, id=made["id"], version=4, input={"name": extra})["updateTag"]
    assert same["version"] == 4
    upper = company.manager.data(UPDATE, id=made["id"], version=4, input={"name": extra.upper()})["updateTag"]
    assert upper == {"name": extra.upper(), "synonyms": [new], "version": 5}


def test_a_name_leads_to_one_tag_only(company: Company) -> None:
    mine, synonym, other = word(), word(), create(company)
    made = create(company, mine, synonym)
    before = everything(company)
    for name in (mine, synonym.upper()):
        refused = company.manager.rest.post("/tags", json={"name": name})
        assert (refused.status_code, refused.json()["code"]) == (409, "already_exists")
        assert errors(company.manager.graphql(CREATE, input={"name": word(), "synonyms": [name]})) == ["ALREADY_EXISTS"]
        taken = company.manager.rest.patch(f"/tags/{other['id']}", json={"name": name}, headers={"If-Match": '"1"'})
        assert (taken.status_code, taken.json()["code"]) == (409, "already_exists")
    stale = company.manager.rest.patch(f"/tags/{made['id']}", json={"name": word()}, headers={"If-Match": '"5"'})
    assert stale.status_code == 412
    assert everything(company) == before


def test_merging_moves_contents_and_names(company: Company) -> None:
    one, two, three = word(), word(), word()
    source, target = create(company, one, three), create(company, two)
    both, left, right = (company.employee.item(tags=tags) for tags in ([one, two], [one], [two]))
    merged = company.manager.rest.post(f"/tags/{source['id']}/merge", json={"into": target["id"]})
    assert merged.status_code == 200
    assert (merged.json()["name"], merged.json()["synonyms"]) == (two, sorted([one, three]))
    assert company.employee.rest.get(f"/tags/{source['id']}").status_code == 404
    for name in (one, two, three):
        assert set(tagged(company, name)) == {both["id"], left["id"], right["id"]}
    seen = company.employee.rest.get(f"/knowledge-items/{both['id']}").json()
    assert [t["name"] for t in seen["tags"]] == [two]
    again = company.manager.rest.post(f"/tags/{source['id']}/merge", json={"into": target["id"]})
    assert again.status_code == 404
    row = company.server.sql("SELECT happened, payload FROM journal WHERE object_id = $1 ORDER BY number", source["id"])
    assert [r["happened"] for r in row] == ["tag_created", "tag_merged"]
    assert target["id"] in row[1]["payload"]
    second = create(company)
    data = company.manager.data(MERGE, id=second["id"], into=target["id"])["mergeTag"]
    assert (data["id"], second["name"] in data["synonyms"]) == (target["id"], True)


def test_merging_what_is_not_there_or_into_itself_changes_nothing(company: Company) -> None:
    made = create(company)
    before = everything(company)
    itself = company.manager.rest.post(f"/tags/{made['id']}/merge", json={"into": made["id"]})
    assert (itself.status_code, itself.json()["errors"][0]["pointer"]) == (422, "/into")
    for source, into in ((made["id"], str(uuid4())), (str(uuid4()), made["id"])):
        assert company.manager.rest.post(f"/tags/{source}/merge", json={"into": into}).status_code == 404
        assert errors(company.manager.graphql(MERGE, id=source, into=into)) == ["NOT_FOUND"]
    assert everything(company) == before


@pytest.mark.parametrize("attempt", range(4))
def test_merges_in_a_circle_leave_one_tag(company: Company, attempt: int) -> None:
    tags = [create(company) for _ in range(3)]
    item = company.employee.item(tags=[t["name"] for t in tags])

    def merge(n: int) -> int:
        headers = {"Authorization": f"Bearer {company.manager.key}"}
        with httpx.Client(
            base_url=f"{company.server.url}/v1", headers=headers, timeout=30, verify=CERTIFICATES
        ) as client:
            body = {"into": tags[(n + 1) % 3]["id"]}
            return patiently(lambda: client.post(f"/tags/{tags[n]['id']}/merge", json=body)).status_code

    with ThreadPoolExecutor(3) as pool:
        statuses = sorted(pool.map(merge, range(3)))
    assert statuses == [200, 200, 404]
    left = company.employee.rest.get(f"/knowledge-items/{item['id']}").json()["tags"]
    assert len(left) == 1
    final = tag(company, left[0])
    assert {final["name"], *final["synonyms"]} == {t["name"] for t in tags}


def test_tagging_while_tags_are_merged_loses_nothing(company: Company) -> None:
    source, target = create(company), create(company)

    def write(n: int) -> int:
        headers = {"Authorization": f"Bearer {company.employee.key}"}
        with httpx.Client(
            base_url=f"{company.server.url}/v1", headers=headers, timeout=30, verify=CERTIFICATES
        ) as client:
            body = {"kind": "sop", "title": f"并发 {n}", "tags": [source["name"], target["name"]], "publish": True}
            return patiently(lambda: client.post("/knowledge-items", json=body)).status_code

    with ThreadPoolExecutor(5) as pool:
        writes = [pool.submit(write, n) for n in range(12)]
        into = {"into": target["id"]}
        merged = patiently(lambda: company.manager.rest.post(f"/tags/{source['id']}/merge", json=into))
        statuses = [write.result() for write in writes]
    assert merged.status_code == 200
    # Who named the tag in the very moment it went is told so, and may repeat it.
    assert set(statuses) <= {201, 409}
    assert len(tagged(company, source["name"])) == statuses.count(201)


def test_only_an_unused_tag_is_deleted(company: Company) -> None:
    used, unused = create(company), create(company)
    company.admin.item(tags=[used["name"]], classification="restricted", publish=False)
    before = everything(company)
    refused = company.manager.rest.delete(f"/tags/{used['id']}", headers={"If-Match": '"1"'})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert errors(company.manager.graphql(DELETE, id=used["id"], version=1)) == ["CONFLICT"]
    assert company.manager.rest.delete(f"/tags/{unused['id']}").status_code == 428
    assert company.manager.rest.delete(f"/tags/{unused['id']}", headers={"If-Match": '"3"'}).status_code == 412
    assert everything(company) == before
    assert company.manager.data(DELETE, id=unused["id"], version=1) == {"deleteTag": unused["id"]}
    assert company.manager.rest.get(f"/tags/{unused['id']}").status_code == 404
    assert company.manager.rest.post("/tags", json={"name": unused["name"]}).status_code == 201


def test_only_who_manages_the_taxonomy_changes_tags(company: Company) -> None:
    made, other = create(company), create(company)
    before = everything(company)
    body, version = {"name": "改"}, {"If-Match": '"1"'}
    for actor in (company.employee, company.reviewer, company.rd_manager, company.hr):
        for response in (
            actor.rest.post("/tags", json=body),
            actor.rest.patch(f"/tags/{made['id']}", json=body, headers=version),
            actor.rest.post(f"/tags/{made['id']}/merge", json={"into": other["id"]}),
            actor.rest.delete(f"/tags/{made['id']}", headers=version),
        ):
            assert (response.status_code, response.json()["code"]) == (403, "forbidden")
        assert errors(actor.graphql(CREATE, input=body)) == ["FORBIDDEN"]
        assert errors(actor.graphql(UPDATE, id=made["id"], version=1, input=body)) == ["FORBIDDEN"]
        assert errors(actor.graphql(MERGE, id=made["id"], into=other["id"])) == ["FORBIDDEN"]
        assert errors(actor.graphql(DELETE, id=made["id"], version=1)) == ["FORBIDDEN"]
    assert company.anonymous.get("/tags").status_code == 401
    assert company.anonymous.post(f"/tags/{made['id']}/merge", json={"into": other["id"]}).status_code == 401
    assert company.hire("盲", "rd", scopes=["people_read"]).rest.get("/tags").status_code == 403
    assert everything(company) == before


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        ('{"name": "a\\u0000"}', "/name"),
        ('{"name": "\\ud800"}', "/name"),
        ('{"name": "' + "长" * 61 + '"}', "/name"),
        ('{"name": "a", "synonyms": ["\\u0000"]}', "/synonyms/0"),
        ('{"name": "a", "synonyms": [5]}', "/synonyms/0"),
        ('{"name": "a", "synonyms": ' + str(["x"] * 51).replace("'", '"') + "}", "/synonyms"),
        ('{"name": "a", "color": "red"}', "/color"),
    ],
)
def test_wrong_input_is_pointed_at(company: Company, raw: str, pointer: str) -> None:
    before = everything(company)
    response = company.manager.rest.post("/tags", content=raw, headers={"Content-Type": "application/json"})
    assert response.status_code == 422, response.text
    assert response.json()["errors"][0]["pointer"] == pointer
    assert everything(company) == before


def test_wrong_merges_and_queries_are_refused(company: Company) -> None:
    made = create(company)
    for body in ({}, {"into": None}, {"into": 2**70}, {"into": made["id"], "force": True}):
        assert company.manager.rest.post(f"/tags/{made['id']}/merge", json=body).status_code == 422
    for query in ("q=", "q=%ED%A0%80", "q=a%00", "order=newest", "category=x", "limit=9999999999999999999999"):
        assert company.employee.rest.get(f"/tags?{query}").status_code in (400, 422), query


def test_a_tag_that_stands_only_on_what_is_hidden_is_hidden_too(company: Company) -> None:
    name = f"并购-{uuid4().hex[:8]}"
    item = company.employee.item(tags=[name], publish=False)
    tag = item["tags"][0]

    def seen(actor: Actor) -> tuple[int, list[str]]:
        listed = [entry["id"] for entry in actor.rest.get("/tags", params={"q": name}).json()["items"]]
        return actor.rest.get(f"/tags/{tag['id']}").status_code, listed

    assert seen(company.employee) == (200, [tag["id"]])
    assert seen(company.colleague) == seen(company.manager) == (404, [])
    node = "query($id: ID!) { node(id: $id) { id } }"
    assert company.colleague.data(node, id=tag["id"])["node"] is None
    made = company.manager.rest.post("/tags", json={"name": name.upper()})
    assert made.status_code == 201, "a name that nobody but the author knows of is free"
    assert made.json()["id"] == tag["id"], "and leads to one tag, not to two"
    assert seen(company.colleague) == (200, [tag["id"]])


def test_a_tag_is_seen_with_a_content_that_has_it(company: Company) -> None:
    name = f"标定-{uuid4().hex[:8]}"
    item = company.employee.item(tags=[name], audience=[str(company.departments["rd"])])
    path = f"/tags/{item['tags'][0]['id']}"
    assert company.colleague.rest.get(path).status_code == 200
    assert company.outsider.rest.get(path).status_code == 404


def test_the_list_of_a_tag_follows_its_contents(company: Company) -> None:
    name = f"顺序-{uuid4().hex[:8]}"
    first, second = (company.employee.item(tags=[name], publish=False) for _ in range(2))

    def listed(order: str) -> list[str]:
        found = company.colleague.rest.get("/knowledge-items", params={"tag": name, "order": order}).json()
        return [item["id"] for item in found["items"]]

    for item in (second, first):
        assert company.employee.rest.post(f"/knowledge-items/{item['id']}/publish").status_code == 200
    assert listed("newest") == listed("recently_changed") == [first["id"], second["id"]]
    path = f"/knowledge-items/{second['id']}"
    headers = {"If-Match": company.employee.rest.get(path).headers["etag"]}
    assert company.employee.rest.patch(path, json={"summary": "改过"}, headers=headers).status_code == 200
    assert listed("recently_changed") == [second["id"], first["id"]]
    assert listed("newest") == [first["id"], second["id"]]
