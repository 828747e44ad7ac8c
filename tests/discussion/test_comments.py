"""Comments: threads, mentions, edits, tombstones, through both doors."""

from typing import Any
from uuid import uuid4

import pytest
from tests.conftest import Actor, Company

WRITE = """mutation($content: ID!, $input: WriteCommentInput!) { writeComment(contentId: $content, input: $input) {
  id body version parentId author { name } mentions { name } permissions } }"""
EDIT = """mutation($id: ID!, $version: Int!, $input: EditCommentInput!) {
  editComment(id: $id, expectedVersion: $version, input: $input) { body editedAt version } }"""
DELETE = """mutation($id: ID!, $version: Int!) { deleteComment(id: $id, expectedVersion: $version) {
  deleted body author { name } permissions } }"""
THREAD = """query($id: ID!) { knowledgeItem(id: $id) { counters { comments } comments(first: 2) {
  body author { name department { name } } replies(first: 5) { body replies(first: 1) { body } } } } }"""


def write(actor: Actor, item: dict[str, Any], body: str = "写得好", **fields: Any) -> dict[str, Any]:
    response = actor.rest.post(f"/content/{item['id']}/comments", json={"body": body} | fields)
    assert response.status_code == 201, response.text
    comment: dict[str, Any] = response.json()
    return comment


def bodies(response: Any) -> list[str | None]:
    assert response.status_code == 200, response.text
    return [comment["body"] for comment in response.json()["items"]]


def rows(company: Company, item: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Everything about the comments of an item that a refused command must leave as it is."""
    found = company.server.sql(
        "SELECT c.id, c.body, c.mentions, c.deleted, c.version, k.comments,"
        " (SELECT count(*) FROM journal j WHERE j.content_id = $1) FROM content_counter k"
        " LEFT JOIN comment c ON c.content_id = k.content_id WHERE k.content_id = $1 ORDER BY c.id",
        item["id"],
    )
    return [tuple(row) for row in found]


def errors(response: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in response.get("errors", [])]


def test_a_comment_is_written_and_read(company: Company) -> None:
    item = company.employee.item()
    response = company.colleague.rest.post(
        f"/content/{item['id']}/comments", json={"body": "请 @林 看", "mentions": [str(company.employee.id)] * 2}
    )
    assert response.status_code == 201
    comment = response.json()
    assert response.headers["Location"] == f"/v1/comments/{comment['id']}"
    assert comment["author"]["name"] == company.colleague.name
    assert [person["name"] for person in comment["mentions"]] == [company.employee.name]
    assert comment["permissions"] == ["edit", "delete"]
    assert (comment["deleted"], comment["edited_at"], comment["parent_id"]) == (False, None, None)
    seen = company.outsider.rest.get(f"/comments/{comment['id']}")
    assert seen.json() | {"permissions": []} == comment | {"permissions": []}
    assert seen.json()["permissions"] == []
    again = company.outsider.rest.get(f"/comments/{comment['id']}", headers={"If-None-Match": seen.headers["ETag"]})
    assert again.status_code == 304
    assert company.employee.rest.get(f"/knowledge-items/{item['id']}").json()["counters"]["comments"] == 1
    node = company.outsider.data("query($id: ID!) { node(id: $id) { ... on Comment { body } } }", id=comment["id"])
    assert node["node"] == {"body": "请 @林 看"}
    one = company.outsider.data("query($id: ID!) { comment(id: $id) { body hasReplies } }", id=comment["id"])
    assert one["comment"] == {"body": "请 @林 看", "hasReplies": False}


def test_threads_are_walked_in_both_doors(company: Company) -> None:
    item = company.employee.item()
    first, *_ = (write(company.colleague, item, f"根 {n}") for n in range(3))
    answers = [write(company.outsider, item, f"答 {n}", parent_id=first["id"]) for n in range(2)]
    deep = write(company.employee, item, "再答", parent_id=answers[0]["id"])
    path, rest = f"/content/{item['id']}/comments", company.reviewer.rest
    assert bodies(rest.get(path)) == ["根 0", "根 1", "根 2", "答 0", "答 1", "再答"]
    assert bodies(rest.get(path, params={"order": "newest"})) == ["再答", "答 1", "答 0", "根 2", "根 1", "根 0"]
    assert bodies(rest.get(path, params={"roots": "true"})) == ["根 0", "根 1", "根 2"]
    assert len(bodies(rest.get(path, params={"roots": "false"}))) == 6
    assert bodies(rest.get(path, params={"parent": first["id"]})) == ["答 0", "答 1"]
    assert bodies(rest.get(path, params={"parent": deep["id"]})) == []
    page = rest.get(path, params={"limit": 2, "roots": "true"}).json()
    assert bodies(rest.get(path, params={"limit": 2, "roots": "true", "cursor": page["next_cursor"]})) == ["根 2"]
    foreign = rest.get(path, params={"limit": 2, "cursor": page["next_cursor"]})
    assert (foreign.status_code, foreign.json()["code"]) == (400, "cursor_mismatch")
    query = """query($id: ID!, $parent: ID) { comments(contentId: $id, filter: {parent: $parent}) {
      totalCount nodes { body hasReplies } } }"""
    found = company.reviewer.data(query, id=item["id"], parent=first["id"])["comments"]
    nodes = [{"body": "答 0", "hasReplies": True}, {"body": "答 1", "hasReplies": False}]
    assert found == {"totalCount": 2, "nodes": nodes}
    roots = "query($id: ID!, $roots: Boolean) { comments(contentId: $id, filter: {roots: $roots}) { totalCount } }"
    assert company.reviewer.data(roots, id=item["id"], roots=True)["comments"] == {"totalCount": 3}
    assert company.reviewer.data(roots, id=item["id"], roots=False)["comments"] == {"totalCount": 6}
    thread = company.reviewer.data(THREAD, id=item["id"])["knowledgeItem"]
    assert thread["counters"] == {"comments": 6}
    assert [comment["body"] for comment in thread["comments"]] == ["根 2", "根 1"]
    assert thread["comments"][0]["author"] == {"name": company.colleague.name, "department": {"name": "rd"}}


def test_a_thread_in_graphql_is_bounded_and_leaves_out_empty_tombstones(company: Company) -> None:
    item = company.employee.item()
    first, second = (write(company.colleague, item, f"根 {n}") for n in range(2))
    write(company.outsider, item, "答", parent_id=first["id"])
    for comment in (first, second):
        gone = company.colleague.rest.delete(f"/comments/{comment['id']}", headers={"If-Match": '"1"'})
        assert gone.status_code == 204
    thread = company.reviewer.data(THREAD, id=item["id"])["knowledgeItem"]
    assert thread["comments"] == [
        {
            "body": None,
            "author": {"name": company.colleague.name, "department": {"name": "rd"}},
            "replies": [{"body": "答", "replies": []}],
        }
    ]
    assert thread["counters"] == {"comments": 1}
    too_many = company.reviewer.graphql(
        "query($id: ID!) { knowledgeItem(id: $id) { comments(first: 101) { body } } }", id=item["id"]
    )
    assert errors(too_many) == ["INVALID"]


def test_editing_is_for_the_author_and_for_the_version_read(company: Company) -> None:
    item = company.employee.item()
    comment = write(company.colleague, item)
    path = f"/comments/{comment['id']}"
    before = rows(company, item)
    for other in (company.employee, company.manager, company.admin):
        refused = other.rest.patch(path, json={"body": "改"}, headers={"If-Match": '"1"'})
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert errors(other.graphql(EDIT, id=comment["id"], version=1, input={"body": "改"})) == ["FORBIDDEN"]
    assert company.colleague.rest.patch(path, json={"body": "改"}).status_code == 428
    stale = company.colleague.rest.patch(path, json={"body": "改"}, headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.headers["ETag"]) == (412, company.colleague.rest.get(path).headers["ETag"])
    assert errors(company.colleague.graphql(EDIT, id=comment["id"], version=7, input={"body": "改"})) == ["CONFLICT"]
    assert rows(company, item) == before

    changed = company.colleague.rest.patch(path, json={"body": "改过"}, headers={"If-Match": '"1"'})
    assert (changed.json()["body"], changed.json()["version"]) == ("改过", 2)
    assert changed.json()["edited_at"] is not None
    again = company.colleague.data(EDIT, id=comment["id"], version=2, input={"mentions": [str(company.hr.id)]})
    assert again["editComment"]["version"] == 3
    same = company.colleague.rest.patch(path, json={"body": "改过"}, headers={"If-Match": '"3"'})
    assert same.json()["version"] == 3
    recorded = company.server.sql(
        "SELECT payload FROM journal WHERE object_id = $1 AND happened = 'comment_edited' ORDER BY number",
        comment["id"],
    )
    assert len(recorded) == 2
    assert str(company.hr.id) in recorded[1]["payload"]


def test_deleting_leaves_a_tombstone(company: Company) -> None:
    item = company.employee.item()
    comment = write(company.colleague, item, "私房话", mentions=[str(company.hr.id)])
    reply = write(company.outsider, item, "答", parent_id=comment["id"])
    response = company.colleague.rest.delete(f"/comments/{comment['id']}", headers={"If-Match": '"1"'})
    assert response.status_code == 204
    tombstone = company.outsider.rest.get(f"/comments/{comment['id']}").json()
    assert (tombstone["body"], tombstone["mentions"], tombstone["deleted"]) == (None, [], True)
    assert tombstone["author"]["name"] == company.colleague.name
    assert company.colleague.rest.get(f"/comments/{comment['id']}").json()["permissions"] == []
    assert company.outsider.rest.get(f"/comments/{reply['id']}").json()["parent_id"] == comment["id"]
    assert company.server.sql("SELECT body FROM comment WHERE id = $1", comment["id"])[0]["body"] == ""
    before = rows(company, item)
    for actor in (company.colleague, company.admin):
        for attempt in (
            actor.rest.delete(f"/comments/{comment['id']}", headers={"If-Match": '"2"'}),
            actor.rest.patch(f"/comments/{comment['id']}", json={"body": "又"}, headers={"If-Match": '"2"'}),
        ):
            assert attempt.status_code == 403
    assert rows(company, item) == before


def test_moderators_delete_within_their_department_or_category(company: Company) -> None:
    category = company.admin.rest.post("/categories", json={"name": "安全"}).json()
    below = company.admin.rest.post("/categories", json={"name": "用电", "parent_id": category["id"]}).json()
    moderator = company.hire("类目版主", "sales")
    company.server.sql(
        "INSERT INTO role_assignment (id, person_id, role, category_id, created_at)"
        " VALUES ($1, $2, 'reviewer', $3, now())",
        uuid4(), moderator.id, category["id"],
    )  # fmt: skip
    inside = company.employee.item(category_id=below["id"])
    elsewhere = company.outsider.item()
    here, there = write(company.colleague, inside), write(company.colleague, elsewhere)
    before = rows(company, elsewhere)
    for actor in (moderator, company.rd_manager, company.employee):
        refused = actor.rest.delete(f"/comments/{there['id']}", headers={"If-Match": '"1"'})
        assert refused.status_code == 403
        assert errors(actor.graphql(DELETE, id=there["id"], version=1)) == ["FORBIDDEN"]
    assert rows(company, elsewhere) == before
    assert moderator.rest.get(f"/comments/{here['id']}").json()["permissions"] == ["delete"]
    done = moderator.data(DELETE, id=here["id"], version=1)["deleteComment"]
    assert done == {"deleted": True, "body": None, "author": {"name": company.colleague.name}, "permissions": []}
    second = write(company.colleague, inside)
    assert company.rd_manager.rest.delete(f"/comments/{second['id']}", headers={"If-Match": "*"}).status_code == 204
    third = write(company.colleague, elsewhere)
    assert company.reviewer.rest.delete(f"/comments/{third['id']}", headers={"If-Match": '"1"'}).status_code == 204
    assert company.employee.rest.get(f"/knowledge-items/{inside['id']}").json()["counters"]["comments"] == 0


def test_what_is_hidden_has_no_comments(company: Company) -> None:
    item = company.admin.item(classification="restricted", title="并购")
    comment = write(company.admin, item, "机密")
    before = rows(company, item)
    outsider = company.employee
    for response in (
        outsider.rest.get(f"/content/{item['id']}/comments"),
        outsider.rest.post(f"/content/{item['id']}/comments", json={"body": "?"}),
        outsider.rest.get(f"/comments/{comment['id']}"),
        outsider.rest.patch(f"/comments/{comment['id']}", json={"body": "?"}, headers={"If-Match": '"1"'}),
        outsider.rest.delete(f"/comments/{comment['id']}", headers={"If-Match": '"1"'}),
        outsider.rest.get(f"/content/{uuid4()}/comments"),
        outsider.rest.get(f"/comments/{uuid4()}"),
    ):
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
    hidden = "query($id: ID!) { comments(contentId: $id) { totalCount } }"
    assert errors(outsider.graphql(hidden, id=item["id"])) == ["NOT_FOUND"]
    node = "query($id: ID!) { node(id: $id) { id } }"
    assert outsider.data(node, id=comment["id"]) == {"node": None}
    assert errors(outsider.graphql(WRITE, content=item["id"], input={"body": "?"})) == ["NOT_FOUND"]
    assert errors(outsider.graphql(EDIT, id=comment["id"], version=1, input={"body": "?"})) == ["NOT_FOUND"]
    assert errors(outsider.graphql(DELETE, id=comment["id"], version=1)) == ["NOT_FOUND"]
    assert rows(company, item) == before


def test_a_reply_does_not_say_which_hidden_comments_exist(company: Company) -> None:
    hidden = write(company.admin, company.admin.item(classification="restricted"), "机密")
    item = company.employee.item()
    elsewhere = write(company.employee, company.employee.item())
    before = rows(company, item)
    answers = []
    for parent in (hidden["id"], elsewhere["id"], str(uuid4())):
        response = company.colleague.rest.post(
            f"/content/{item['id']}/comments", json={"body": "答", "parent_id": parent}
        )
        assert response.status_code == 422
        answers.append(response.json()["errors"])
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0]["pointer"] == "/parent_id"
    assert rows(company, item) == before


def test_drafts_are_not_discussed(company: Company) -> None:
    draft = company.employee.item(publish=False)
    before = rows(company, draft)
    response = company.employee.rest.post(f"/content/{draft['id']}/comments", json={"body": "自言自语"})
    assert response.status_code == 403
    assert company.colleague.rest.post(f"/content/{draft['id']}/comments", json={"body": "?"}).status_code == 404
    assert errors(company.employee.graphql(WRITE, content=draft["id"], input={"body": "?"})) == ["FORBIDDEN"]
    assert rows(company, draft) == before
    assert "comment" not in draft["permissions"]
    assert "comment" in company.employee.item()["permissions"]


def test_mentioning_who_cannot_see_it_tells_nothing(company: Company) -> None:
    item = company.admin.item(classification="restricted")
    comment = write(company.admin, item, "看不到的人", mentions=[str(company.employee.id)])
    assert [person["id"] for person in comment["mentions"]] == [str(company.employee.id)]
    before = rows(company, item)
    unknown = company.admin.rest.post(
        f"/content/{item['id']}/comments", json={"body": "?", "mentions": [str(company.admin.id), str(uuid4())]}
    )
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/mentions/1")
    assert rows(company, item) == before


def test_without_the_scope_nothing_is_written(company: Company) -> None:
    reader = company.hire("只读者", "rd", scopes=["content_read"])
    item = company.employee.item()
    own = write(company.employee, item)
    before = rows(company, item)
    post = reader.rest.post(f"/content/{item['id']}/comments", json={"body": "?"})
    assert (post.status_code, post.json()["code"]) == (403, "forbidden")
    patch = reader.rest.patch(f"/comments/{own['id']}", json={"body": "?"}, headers={"If-Match": '"1"'})
    delete = reader.rest.delete(f"/comments/{own['id']}", headers={"If-Match": '"1"'})
    assert (patch.status_code, delete.status_code) == (403, 403)
    blind = company.hire("无阅读权", "rd", scopes=["comment_write", "react"])
    assert blind.rest.get(f"/content/{item['id']}/comments").status_code == 403
    assert blind.rest.post(f"/content/{item['id']}/comments", json={"body": "?"}).status_code == 404
    assert company.anonymous.get(f"/content/{item['id']}/comments").status_code == 401
    assert company.anonymous.post(f"/content/{item['id']}/comments", json={"body": "?"}).status_code == 401
    assert rows(company, item) == before


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        ('{"body": "a\\u0000b"}', "/body"),
        ('{"body": "a\\ud800b"}', "/body"),
        ('{"body": "a\\u0007b"}', "/body"),
        ('{"body": " \\n "}', "/body"),
        ('{"body": ""}', "/body"),
        ('{"body": 5}', "/body"),
        ("{}", "/body"),
        ('{"body": "' + "长" * 10_001 + '"}', "/body"),
        ('{"body": "a", "score": 1}', "/score"),
        ('{"body": "a", "parent_id": "x"}', "/parent_id"),
        ('{"body": "a", "mentions": [99999999999999999999]}', "/mentions/0"),
        ('{"body": "a", "mentions": "x"}', "/mentions"),
        ('{"body": "a", "mentions": null}', "/mentions"),
    ],
)
def test_wrong_input_is_pointed_at(company: Company, raw: str, pointer: str) -> None:
    item = company.employee.item()
    before = rows(company, item)
    response = company.employee.rest.post(
        f"/content/{item['id']}/comments", content=raw, headers={"Content-Type": "application/json"}
    )
    assert response.status_code == 422, response.text
    assert response.json()["errors"][0]["pointer"] == pointer
    assert rows(company, item) == before


@pytest.mark.parametrize(
    "query", ["order=best", "limit=0", "limit=101", "mine=true", "parent=x", "roots=maybe", "roots=1&roots=1"]
)
def test_wrong_queries_are_refused(company: Company, query: str) -> None:
    item = company.employee.item()
    response = company.employee.rest.get(f"/content/{item['id']}/comments?{query}")
    assert (response.status_code, response.json()["code"]) == (422, "invalid")


def test_a_patch_does_not_erase(company: Company) -> None:
    item = company.employee.item()
    comment = write(company.colleague, item, mentions=[str(company.hr.id)])
    for body in ({"body": None}, {"mentions": None}, {"deleted": True}):
        response = company.colleague.rest.patch(f"/comments/{comment['id']}", json=body, headers={"If-Match": '"1"'})
        assert response.status_code == 422
    assert errors(company.colleague.graphql(EDIT, id=comment["id"], version=1, input={"body": None})) == ["INVALID"]
    kept = company.colleague.data(EDIT, id=comment["id"], version=1, input={"body": "新"})
    assert kept["editComment"]["body"] == "新"
    assert len(company.colleague.rest.get(f"/comments/{comment['id']}").json()["mentions"]) == 1


def test_a_repeated_post_writes_once(company: Company) -> None:
    item = company.employee.item()
    key = {"Idempotency-Key": uuid4().hex}
    path = f"/content/{item['id']}/comments"
    first = company.colleague.rest.post(path, json={"body": "一次"}, headers=key)
    again = company.colleague.rest.post(path, json={"body": "一次"}, headers=key)
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert company.colleague.rest.get(f"/knowledge-items/{item['id']}").json()["counters"]["comments"] == 1
    assert company.colleague.rest.post(path, json={"body": "两次"}, headers=key).status_code == 422


def test_the_journal_says_who_may_hear_of_it(company: Company) -> None:
    item = company.admin.item(classification="confidential", audience=[str(company.departments["rd"])])
    comment = write(company.admin, item, "记录", mentions=[str(company.manager.id)])
    row = company.server.sql("SELECT * FROM journal WHERE object_id = $1", comment["id"])[0]
    assert (row["happened"], row["object_kind"], row["actor_id"]) == ("comment_written", "comment", company.admin.id)
    assert (str(row["content_id"]), row["classification"]) == (item["id"], 2)
    assert set(row["readers"]) == {company.departments["rd"], company.admin.id}
    assert str(company.manager.id) in row["payload"]
    assert "记录" not in row["payload"]
