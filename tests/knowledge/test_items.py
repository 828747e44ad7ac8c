"""Knowledge items from draft to archive, through both doors."""

from typing import Any
from uuid import uuid4

from tests.conftest import Actor, Company

READ = """query($id: ID!) { knowledgeItem(id: $id) {
  title kind state version revision body bodyHtml permissions
  tags { name } author { name } audience { kind name } } }"""


def etag(actor: Actor, id: str) -> str:
    return actor.rest.get(f"/knowledge-items/{id}").headers["etag"]


def change(actor: Actor, id: str, **fields: Any) -> dict[str, Any]:
    headers = {"If-Match": etag(actor, id)}
    response = actor.rest.patch(f"/knowledge-items/{id}", json=fields, headers=headers)
    assert response.status_code == 200, response.text
    item: dict[str, Any] = response.json()
    return item


def test_a_draft_is_published_and_found_by_others(company: Company) -> None:
    item = company.employee.item(publish=False, title="轴承失效复盘", tags=["失效分析"])
    assert company.colleague.rest.get(f"/knowledge-items/{item['id']}").status_code == 404
    published = company.employee.rest.post(f"/knowledge-items/{item['id']}/publish")
    assert published.json()["state"] == "published"
    seen = company.colleague.data("query($id: ID!) { knowledgeItem(id: $id) { title tags { name } } }", id=item["id"])
    assert seen["knowledgeItem"] == {"title": "轴承失效复盘", "tags": [{"name": "失效分析"}]}


def test_both_doors_show_the_same(company: Company) -> None:
    item = company.employee.item(body="# 结论\n\n**润滑**不足", kind="retrospective")
    shown = company.colleague.data(READ, id=item["id"])["knowledgeItem"]
    rest = company.colleague.rest.get(f"/knowledge-items/{item['id']}", params={"include": "body_html"}).json()
    assert shown["bodyHtml"] == rest["body_html"] == "<h1>结论</h1>\n<p><strong>润滑</strong>不足</p>\n"
    for name in ("title", "kind", "state", "version", "revision", "body", "permissions", "tags"):
        there = [{"name": tag["name"]} for tag in rest["tags"]] if name == "tags" else rest[name]
        assert shown[name] == there
    assert shown["permissions"] == ["comment", "react", "rate"], "a colleague may talk about it, not change it"
    assert shown["audience"] == [{"kind": "everyone", "name": "所有人 Everyone"}]


def test_the_same_life_through_graphql(company: Company) -> None:
    create = "mutation($i: CreateKnowledgeItemInput!) { createKnowledgeItem(input: $i) { id version state } }"
    made = company.employee.data(create, i={"kind": "case", "title": "换型案例"})["createKnowledgeItem"]
    assert made["state"] == "draft"
    update = """mutation($id: ID!, $v: Int!, $i: UpdateKnowledgeItemInput!) {
      updateKnowledgeItem(id: $id, expectedVersion: $v, input: $i) { version title body summary } }"""
    done = company.employee.data(update, id=made["id"], v=made["version"], i={"body": "步骤一"})["updateKnowledgeItem"]
    assert (done["title"], done["body"], done["version"]) == ("换型案例", "步骤一", made["version"] + 1)
    stale = company.employee.graphql(update, id=made["id"], v=made["version"], i={"body": "另一个"})
    assert stale["errors"][0]["extensions"]["code"] == "CONFLICT"
    publish = "mutation($id: ID!) { publishKnowledgeItem(id: $id) { state } }"
    assert company.employee.data(publish, id=made["id"])["publishKnowledgeItem"] == {"state": "published"}
    assert company.outsider.data(READ, id=made["id"])["knowledgeItem"]["body"] == "步骤一"


def test_what_a_change_leaves_out_stays(company: Company) -> None:
    item = company.employee.item(title="原题", summary="原摘要", body="原文", tags=["甲"])
    changed = change(company.employee, item["id"], summary="新摘要")
    assert (changed["title"], changed["body"], changed["summary"]) == ("原题", "原文", "新摘要")
    assert [tag["name"] for tag in changed["tags"]] == ["甲"]
    refused = company.employee.rest.patch(
        f"/knowledge-items/{item['id']}", json={"title": None}, headers={"If-Match": etag(company.employee, item["id"])}
    )
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/title"


def test_what_a_draft_once_said_stays_its_authors(company: Company) -> None:
    draft = company.employee.item(publish=False, title="未定", body="薪酬 9999")
    path = f"/knowledge-items/{draft['id']}"
    for body in ("一", "一\n二"):
        assert company.employee.rest.patch(path, json={"body": body}, headers={"If-Match": "*"}).status_code == 200
    assert company.employee.rest.post(f"{path}/publish").status_code == 200
    changed = company.employee.rest.patch(path, json={"body": "一\n二\n三"}, headers={"If-Match": "*"})
    assert changed.json()["revision"] == 4
    query = """query($id: ID!) { revisions(contentId: $id) { totalCount nodes { id number body } }
      difference(contentId: $id, before: 1, after: 4) { hunks { lines { text } } } }"""
    mine = company.employee.data(query, id=draft["id"])["revisions"]
    assert [node["number"] for node in mine["nodes"]] == [4, 3, 2, 1]
    for reader in (company.colleague, company.manager):
        assert [one["number"] for one in reader.rest.get(f"{path}/revisions").json()["items"]] == [4, 3]
        seen = reader.graphql(query, id=draft["id"])
        assert (seen["data"]["revisions"]["totalCount"], seen["data"]["difference"]) == (2, None)
        for number, status in ((1, 404), (2, 404), (3, 200), (4, 200)):
            assert reader.rest.get(f"{path}/revisions/{number}").status_code == status
        assert reader.rest.get(f"{path}/diff?from=3&to=4").status_code == 200
        assert reader.rest.get(f"{path}/diff?from=2&to=4").status_code == 404
        node = "query($id: ID!) { node(id: $id) { id } }"
        assert reader.data(node, id=mine["nodes"][3]["id"]) == {"node": None}
    assert company.manager.rest.post(f"{path}/restore", json={"revision": 1}).status_code == 404
    assert company.manager.rest.get(path).json()["body"] == "一\n二\n三"
    assert company.manager.rest.post(f"{path}/restore", json={"revision": 3}).json()["body"] == "一\n二"
    assert company.employee.rest.post(f"{path}/restore", json={"revision": 1}).json()["body"] == "薪酬 9999"


def test_a_change_that_changes_nothing_is_no_revision(company: Company) -> None:
    item = company.employee.item(title="不变", body="不变")
    again = change(company.employee, item["id"], title="不变", body="不变")
    assert (again["version"], again["revision"]) == (item["version"], item["revision"])


def test_every_text_is_kept_compared_and_brought_back(company: Company) -> None:
    item = company.employee.item(title="第一版", body="一\n二\n三")
    change(company.employee, item["id"], body="一\n贰\n三", note="改数字")
    path = f"/knowledge-items/{item['id']}"
    listed = company.colleague.rest.get(f"{path}/revisions").json()["items"]
    assert [(entry["number"], entry["note"]) for entry in listed] == [(2, "改数字"), (1, None)]
    assert company.colleague.rest.get(f"{path}/revisions/1").json()["body"] == "一\n二\n三"
    assert company.colleague.rest.get(f"{path}/revisions/3").status_code == 404
    hunks = company.colleague.rest.get(f"{path}/diff", params={"from": 1, "to": 2}).json()["hunks"]
    lines = [(line["op"], line["text"]) for line in hunks[0]["lines"]]
    assert lines == [("kept", "一"), ("removed", "二"), ("added", "贰"), ("kept", "三")]
    query = """query($id: ID!) { difference(contentId: $id, before: 1, after: 2) { hunks { lines { op text } } }
      revisions(contentId: $id, first: 5) { nodes { number author { name } } } }"""
    both = company.colleague.data(query, id=item["id"])
    assert both["difference"]["hunks"][0]["lines"] == hunks[0]["lines"]
    assert [node["number"] for node in both["revisions"]["nodes"]] == [2, 1]
    restored = company.employee.rest.post(f"{path}/restore", json={"revision": 1})
    assert (restored.json()["body"], restored.json()["revision"]) == ("一\n二\n三", 3)


def test_lists_filter_by_everything_they_say(company: Company) -> None:
    author = company.hire(f"作者 {uuid4().hex[:6]}", "rd_pressure")
    tag = f"标签{uuid4().hex[:6]}"
    sop = author.item(kind="sop", tags=[tag], language="en")
    case = author.item(kind="case")
    draft = author.item(kind="case", publish=False)

    def ids(actor: Actor, **filters: str) -> list[str]:
        response = actor.rest.get("/knowledge-items", params={"author": str(author.id), **filters})
        assert response.status_code == 200, response.text
        return [item["id"] for item in response.json()["items"]]

    assert ids(company.outsider) == [case["id"], sop["id"]], "newest first"
    assert ids(company.outsider, kind="sop") == [sop["id"]]
    assert ids(company.outsider, tag=tag.upper()) == [sop["id"]], "tags are found whatever their case"
    assert ids(company.outsider, language="en") == [sop["id"]]
    assert ids(company.outsider, department=str(company.departments["rd"])) == [case["id"], sop["id"]], "the subtree"
    assert ids(company.outsider, department=str(company.departments["sales"])) == []
    assert ids(author, state="draft") == [draft["id"]]
    assert ids(company.outsider, state="draft") == []
    assert ids(company.outsider, published_from=case["published_at"]) == [case["id"]]
    assert ids(company.outsider, published_before=case["published_at"]) == [sop["id"]]
    change(author, sop["id"], summary="改过")
    assert ids(company.outsider, order="recently_changed") == [sop["id"], case["id"]]
    query = """query($f: KnowledgeItemFilter) { knowledgeItems(filter: $f) { totalCount nodes { id } } }"""
    page = company.outsider.data(query, f={"author": str(author.id), "kind": "case"})["knowledgeItems"]
    assert page == {"totalCount": 1, "nodes": [{"id": case["id"]}]}


def test_an_archived_item_leaves_the_lists_and_stays_reachable(company: Company) -> None:
    item = company.employee.item()
    path = f"/knowledge-items/{item['id']}"
    assert company.employee.rest.post(f"{path}/archive").json()["state"] == "archived"
    again = company.employee.rest.post(f"{path}/archive")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    listed = company.outsider.rest.get("/knowledge-items", params={"author": str(company.employee.id), "limit": 100})
    assert item["id"] not in [entry["id"] for entry in listed.json()["items"]]
    assert company.outsider.rest.get(path).json()["state"] == "archived"
    back = company.employee.rest.post(f"{path}/publish").json()
    assert (back["state"], back["published_at"]) == ("published", item["published_at"])


def test_only_drafts_are_deleted(company: Company) -> None:
    draft, item = company.employee.item(publish=False), company.employee.item()
    for id, status in ((draft["id"], 204), (item["id"], 409)):
        headers = {"If-Match": etag(company.employee, id)}
        assert company.employee.rest.delete(f"/knowledge-items/{id}", headers=headers).status_code == status
    assert company.employee.rest.get(f"/knowledge-items/{draft['id']}").status_code == 404
    assert company.employee.rest.get(f"/knowledge-items/{item['id']}").status_code == 200


def test_a_knowledge_manager_of_a_department_manages_what_was_written_there(company: Company) -> None:
    inside, outside = company.employee.item(), company.outsider.item()
    assert change(company.rd_manager, inside["id"], summary="编辑过")["summary"] == "编辑过"
    headers = {"If-Match": etag(company.rd_manager, outside["id"])}
    refused = company.rd_manager.rest.patch(f"/knowledge-items/{outside['id']}", json={"summary": "x"}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert company.outsider.rest.get(f"/knowledge-items/{outside['id']}").json()["version"] == outside["version"]


def test_an_audience_decides_who_reads_and_can_change(company: Company) -> None:
    rd = str(company.departments["rd"])
    item = company.employee.item(audience=[rd], title="压力标定细节")
    path = f"/knowledge-items/{item['id']}"
    assert company.colleague.rest.get(path).status_code == 200
    assert company.outsider.rest.get(path).status_code == 404
    change(company.employee, item["id"], audience=[rd, str(company.outsider.id)])
    assert company.outsider.rest.get(path).status_code == 200
    change(company.employee, item["id"], audience=[rd])
    assert company.outsider.rest.get(path).status_code == 404
    unknown = company.employee.rest.post(
        "/knowledge-items", json={"kind": "sop", "title": "x", "audience": [str(uuid4())]}
    )
    assert unknown.json()["errors"][0] == unknown.json()["errors"][0] | {"pointer": "/audience/0"}


def test_nobody_classifies_above_their_own_clearance(company: Company) -> None:
    refused = company.employee.rest.post(
        "/knowledge-items", json={"kind": "sop", "title": "x", "classification": "restricted"}
    )
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "above_clearance")
    secret = company.admin.item(classification="restricted")
    assert company.manager.rest.get(f"/knowledge-items/{secret['id']}").status_code == 404


def test_a_nightly_job_is_simply_run_again(company: Company) -> None:
    source, path = f"wiki-{uuid4().hex[:6]}", "/knowledge-items/by-external-id"
    body = {"kind": "sop", "title": "夜间导入", "body": "一", "publish": True}
    first = company.employee.rest.put(f"{path}/{source}/页面%2F一", json=body)
    assert first.status_code == 201
    assert first.headers["location"] == f"/v1/knowledge-items/{first.json()['id']}"
    again = company.employee.rest.put(f"{path}/{source}/页面%2F一", json=body)
    assert (again.status_code, again.json()["version"]) == (200, first.json()["version"]), "equal, so unchanged"
    changed = company.employee.rest.put(f"{path}/{source}/页面%2F一", json=body | {"body": "二"})
    assert (changed.json()["id"], changed.json()["revision"]) == (first.json()["id"], 2)
    # Another script may use the same name and meets an item of its own.
    other = company.colleague.rest.put(f"{path}/{source}/页面%2F一", json=body | {"body": "三"})
    assert (other.status_code, other.json()["body"]) == (201, "三")
    assert company.colleague.rest.get(f"{path}/{source}/页面%2F一").json()["id"] == other.json()["id"]
    found = company.outsider.rest.get(f"{path}/{source}/页面%2F一").json()
    assert (found["body"], found["external_source"], found["external_id"]) == ("二", source, "页面/一")
    batch = {
        "items": [body | {"external_source": source, "external_id": "页面/一", "title": "批量"}, body, {"kind": "sop"}]
    }
    results = company.employee.rest.post("/knowledge-items:batch", json=batch)
    assert results.status_code == 207
    assert [result["status"] for result in results.json()["items"]] == [200, 201, 422]
    assert results.json()["items"][0]["id"] == first.json()["id"]
