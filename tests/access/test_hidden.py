"""What somebody may not see does not exist: through every path that could show it, the answer is that of a made-up id,
it is in no list, count, search or event, and nothing changes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import graphql
import httpx
import pytest
from tests.access.world import World, fingerprint
from tests.conftest import Actor, Company
from tests.sampling import graphql_request, operations, path_of, request_of, root_fields, sample, snake

from kshare import api
from kshare.core.ids import new_id
from kshare.edge.door import Operation


@dataclass
class Hidden:
    """An item, its comment and its external id, and somebody who may not see them."""

    item: dict[str, Any]
    comment: str
    revision: str
    external_id: str
    word: str
    tag: str
    viewer: Actor
    company: Company


Make = Callable[[Company], tuple[Actor, Actor, dict[str, Any]]]


def restricted_to_a_department(company: Company) -> tuple[Actor, Actor, dict[str, Any]]:
    return company.colleague, company.outsider, {"audience": [str(company.departments["rd"])], "publish": True}


def somebody_elses_draft(company: Company) -> tuple[Actor, Actor, dict[str, Any]]:
    return company.colleague, company.manager, {}


def above_clearance(company: Company) -> tuple[Actor, Actor, dict[str, Any]]:
    return company.admin, company.outsider, {"classification": "restricted", "publish": True}


def restricted_and_archived(company: Company) -> tuple[Actor, Actor, dict[str, Any]]:
    return company.colleague, company.outsider, {"audience": [str(company.departments["rd"])], "publish": True}


@pytest.fixture(scope="module", params=[
    restricted_to_a_department, somebody_elses_draft, above_clearance, restricted_and_archived,
], ids=lambda make: make.__name__)  # fmt: skip
def hidden(request: pytest.FixtureRequest, company: Company) -> Hidden:
    author, viewer, fields = request.param(company)
    word, external_id, tag = f"机密{uuid4().hex[:10]}", uuid4().hex, f"签{uuid4().hex[:10]}"
    body: dict[str, Any] = {"kind": "sop", "title": f"{word} 工艺", "body": word, "summary": word, "tags": [tag]}
    category = company.manager.rest.post("/categories", json={"name": f"工艺 {uuid4().hex[:8]}"}).json()["id"]
    body["category_id"] = category
    # Published to everyone first, so that a draft's author could comment on it too.
    draft = not fields.get("publish")
    response = author.rest.put(
        f"/knowledge-items/by-external-id/vault/{external_id}", json=body | fields | {"publish": True}
    )
    assert response.status_code == 201, response.text
    item = response.json()
    comment = author.rest.post(f"/content/{item['id']}/comments", json={"body": word}).json()["id"]
    assert author.rest.put(f"/content/{item['id']}/reactions/like").status_code == 204
    if request.param is restricted_and_archived:
        assert author.rest.post(f"/knowledge-items/{item['id']}/archive").status_code == 200
    sql = company.server.sql
    if draft:
        # No door makes a draft of what was published; that of a draft which has comments hides them as well.
        sql(
            "UPDATE content SET state = 'draft', published_at = NULL, readers = ARRAY[author_id] WHERE id = $1",
            item["id"],
        )
        sql("UPDATE journal SET readers = ARRAY[$2::uuid] WHERE content_id = $1", item["id"], author.id)
    # From now on changes are reviewed, so that which policy holds has an answer.
    rule = {"kind": "knowledge_item", "category_id": category, "needs": "one"}
    assert company.manager.rest.post("/review-policies", json=rule).status_code == 201
    revision = str(sql("SELECT id FROM content_revision WHERE content_id = $1", item["id"])[0]["id"])
    company.server.settle()
    item = author.rest.get(f"/knowledge-items/{item['id']}").json()
    return Hidden(item, comment, revision, external_id, word, tag, viewer, company)


def names(hidden: Hidden) -> Callable[[str], str]:
    """The ids of what is hidden, by what a path or an argument calls it; made-up ones for the rest."""
    world = World.__new__(World)
    things = {
        "item": hidden.item["id"], "comment": hidden.comment, "revision": hidden.revision,
        "external": hidden.external_id,
    }  # fmt: skip
    return lambda called: things.get(world.sort_of(called), str(new_id()))


def made_up(_: str) -> str:
    return str(new_id())


def without_traces(problem: Any) -> Any:
    """A problem without what differs between any two requests."""
    assert isinstance(problem, dict), problem
    return {key: value for key, value in problem.items() if key not in ("request_id", "instance")}


def about_one(operation: Operation) -> bool:
    """Whether the path names an item, or something that belongs to one."""
    parts = ("/knowledge-items/{", "/knowledge-items/by-external-id", "/content/{", "/comments/{")
    return any(part in operation.path for part in parts)


PUTS_OWN = ("putKnowledgeItemByExternalId", "putKnowledgeItem", "putIdeaByExternalId", "putIdea")
"""Names from outside are each author's own: see `test_its_name_is_free_for_others`."""
TAKES_A_ROLE = ("requestUnsealing",)
"""What is refused to these viewers whatever it is done to."""
ABOUT_ONE = [
    o
    for o in operations()
    if about_one(o)
    and "/people" not in o.path
    and "/departments" not in o.path
    and o.name not in (*PUTS_OWN, *TAKES_A_ROLE)
]


def sent(hidden: Hidden, operation: Operation, ids: Callable[[str], str]) -> httpx.Response:
    request = request_of(operation, ids)
    request["url"] = request["url"].replace("by-external-id/x/", "by-external-id/vault/")
    if operation.if_match == "optional":
        request["headers"] = {"If-Match": '"1"'}
    return hidden.viewer.rest.request(**request)


@pytest.mark.parametrize("operation", ABOUT_ONE, ids=lambda operation: operation.name)
def test_an_operation_on_it_answers_as_for_a_made_up_id(hidden: Hidden, operation: Operation) -> None:
    hidden.company.server.settle()
    before = fingerprint(hidden.company.server)
    response = sent(hidden, operation, names(hidden))
    assert response.status_code == 404, response.text
    assert hidden.word not in response.text
    assert fingerprint(hidden.company.server) == before
    other = sent(hidden, operation, made_up)
    assert without_traces(response.json()) == without_traces(other.json())
    told = {"etag", "content-length", "ratelimit", "x-request-id", "date"}
    assert {k: v for k, v in response.headers.items() if k not in told} == {
        k: v for k, v in other.headers.items() if k not in told
    }


def test_a_change_without_if_match_tells_nothing(hidden: Hidden) -> None:
    hidden.company.server.settle()
    before = fingerprint(hidden.company.server)
    for method in ("PATCH", "DELETE"):
        answers = []
        for id in (hidden.item["id"], str(new_id())):
            response = hidden.viewer.rest.request(method, f"/knowledge-items/{id}", json={"title": "改"})
            answers.append((response.status_code, without_traces(response.json())))
        assert answers[0] == answers[1]
    for match in ('"1"', '"999"', "*", 'W/"1"'):
        response = hidden.viewer.rest.patch(
            f"/knowledge-items/{hidden.item['id']}", json={"title": "改"}, headers={"If-Match": match}
        )
        assert response.status_code == 404
    assert fingerprint(hidden.company.server) == before


OWN = {"id", "external_id", "created_at", "updated_at", "published_at", "listed_at"}


def put_by_name(hidden: Hidden, external_id: str) -> list[Any]:
    """What the viewer is told who gives the name to an item: tried, in a batch, alone, and through GraphQL."""
    item, rest = {"kind": "sop", "title": "改"}, hidden.viewer.rest
    batch = {"items": [item | {"external_source": "vault", "external_id": external_id}]}
    tried = rest.post("/knowledge-items:batch", json=batch, params={"dry_run": True}).json()
    stored = rest.post("/knowledge-items:batch", json=batch).json()["items"]
    alone = rest.put(f"/knowledge-items/by-external-id/vault/{external_id}", json=item)
    query = """mutation($name: String!, $input: CreateKnowledgeItemInput!) {
      putKnowledgeItem(source: "vault", externalId: $name, input: $input) { title version author { id } } }"""
    graphql = hidden.viewer.data(query, name=external_id, input={"kind": "sop", "title": "改"})
    found = rest.get(f"/knowledge-items/by-external-id/vault/{external_id}").json()
    assert stored[0]["id"] == alone.json()["id"] == found["id"] != hidden.item["id"]
    shown = [
        {name: value for name, value in one.items() if name not in OWN} for one in (stored[0], alone.json(), found)
    ]
    return [tried, *shown, alone.status_code, graphql]


def test_its_name_is_free_for_others(hidden: Hidden) -> None:
    def row() -> Any:
        return hidden.company.server.sql("SELECT to_jsonb(c) AS row FROM content c WHERE id = $1", hidden.item["id"])

    before = row()
    assert put_by_name(hidden, hidden.external_id) == put_by_name(hidden, uuid4().hex)
    assert row() == before


def _takes_one(field: graphql.GraphQLField, name: str) -> bool:
    world = World.__new__(World)
    sorts = {
        world.sort_of(name if argument == "id" else snake(argument))
        for argument, given in field.args.items()
        if graphql.get_named_type(given.type).name == "ID" or argument == "externalId"
    }
    return bool(sorts & {"item", "comment", "revision", "external"})


FIELDS = [
    f
    for f in root_fields()
    if _takes_one(f[2], f[1])
    and f[1] not in ("putPerson", "putDepartment", "putOutcomeSeries", *PUTS_OWN, *TAKES_A_ROLE)
]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field[1])
def test_a_graphql_field_on_it_answers_as_for_a_made_up_id(
    hidden: Hidden, field: tuple[str, str, graphql.GraphQLField]
) -> None:
    hidden.company.server.settle()
    before = fingerprint(hidden.company.server)
    answers = []
    for ids in (names(hidden), made_up):
        request = graphql_request(*field, ids)
        if "source" in request["variables"]:
            request["variables"]["source"] = "vault"
        answer = hidden.viewer.rest.post(f"{hidden.company.server.url}/graphql", json=request).json()
        assert hidden.word not in str(answer)
        answer.get("extensions", {}).pop("request_id", None)
        answers.append(answer)
    assert fingerprint(hidden.company.server) == before
    assert answers[0] == answers[1]
    if field[1] != "node":
        assert [error["extensions"]["code"] for error in answers[0]["errors"]] == ["NOT_FOUND"]
    else:
        assert answers[0]["data"] == {"node": None}


def test_node_finds_nothing_that_belongs_to_it(hidden: Hidden) -> None:
    found = [
        hidden.viewer.data("query($id: ID!) { node(id: $id) { id __typename } }", id=id)["node"]
        for id in (hidden.item["id"], hidden.comment, hidden.revision)
    ]
    assert found == [None, None, None]


# ---- lists, counts, search, events ----------------------------------------------------------------------------------


def values_of(hidden: Hidden, name: str, schema: dict[str, Any], defs: Any) -> list[Any]:
    """What one could ask a filter in order to find the item."""
    item = hidden.item
    known: dict[str, list[Any]] = {
        "author": [item["author"]["id"]],
        "actor": [item["author"]["id"]],
        "department": [item["department"]["id"], str(hidden.company.departments["root"])],
        "tag": [hidden.tag],
        "tags": [hidden.tag],
        "content": [item["id"]],
        "object": [item["id"]],
        "q": [hidden.word],
        "published_from": ["2020-01-01T00:00:00Z"],
        "published_before": ["2090-01-01T00:00:00Z"],
        "limit": [100],
    }
    for part in schema.get("anyOf", [schema]):
        part = defs[part["$ref"].rsplit("/", 1)[1]] if "$ref" in part else part
        if "enum" in part:
            return list(part["enum"])
    return known.get(name, [])


LISTS = [o for o in operations() if o.method == "GET" and o.query is not None and "{" not in o.path]


@pytest.mark.parametrize("operation", LISTS, ids=lambda operation: operation.name)
def test_it_is_in_no_list_by_any_filter_or_order(hidden: Hidden, operation: Operation) -> None:
    assert operation.query is not None
    schema = operation.query.model_json_schema()
    properties, defs = schema["properties"], schema.get("$defs", {})
    required = {name: sample(properties[name], made_up, name, defs) for name in schema.get("required", [])}
    if "q" in required:
        required["q"] = hidden.word
    asked: list[dict[str, Any]] = [required]
    for name, part in properties.items():
        asked += [{**required, name: value} for value in values_of(hidden, name, part, defs)]
    for query in asked:
        response = hidden.viewer.rest.get(path_of(operation, made_up), params=query)
        assert response.status_code in (200, 403), (query, response.text)
        # A search repeats what was asked for.
        text = response.text.replace(f'"q":"{hidden.word}"', "")
        assert not any(trace in text for trace in traces(hidden, operation.name)), query


def traces(hidden: Hidden, place: str) -> list[str]:
    """What would tell of it. That somebody looked for a word is told to those who may read what was searched for."""
    word = [] if "searchqueries" in place.lower() else [hidden.word]
    return [hidden.item["id"], hidden.comment, hidden.revision, *word]


def test_it_is_in_no_page_when_all_are_walked(hidden: Hidden) -> None:
    for order in ("newest", "recently_changed"):
        cursor = None
        for _ in range(200):
            query = {"limit": 100, "order": order} | ({"cursor": cursor} if cursor else {})
            page = hidden.viewer.rest.get("/knowledge-items", params=query).json()
            assert hidden.item["id"] not in [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert cursor is None


def test_it_is_in_no_graphql_connection_and_no_count(hidden: Hidden) -> None:
    filter = {"tag": hidden.tag}
    query = """query($filter: KnowledgeItemFilter) { knowledgeItems(filter: $filter) {
      totalCount nodes { id } edges { node { id } cursor } pageInfo { hasNextPage startCursor endCursor } } }"""
    for state in ({}, {"state": "draft"}, {"state": "published"}, {"state": "archived"}):
        found = hidden.viewer.data(query, filter=filter | state)["knowledgeItems"]
        nothing = {"hasNextPage": False, "startCursor": None, "endCursor": None}
        assert found == {"totalCount": 0, "nodes": [], "edges": [], "pageInfo": nothing}


CONNECTIONS = [
    (name, field)
    for kind, name, field in root_fields()
    if kind == "query"
    and graphql.get_named_type(field.type).name.endswith("Connection")
    and not any(graphql.is_required_argument(argument) for argument in field.args.values())
]


@pytest.mark.parametrize("name, field", CONNECTIONS, ids=[name for name, _ in CONNECTIONS])
def test_it_is_in_no_graphql_list(hidden: Hidden, name: str, field: graphql.GraphQLField) -> None:
    connection = api.schema().get_type(graphql.get_named_type(field.type).name)
    assert isinstance(connection, graphql.GraphQLObjectType)
    node = graphql.get_named_type(connection.fields["nodes"].type)
    assert isinstance(node, graphql.GraphQLObjectType)
    leaves = [n for n, f in node.fields.items() if graphql.is_leaf_type(graphql.get_named_type(f.type)) and not f.args]
    first = "(first: 100)" if "first" in field.args else ""
    answer = hidden.viewer.graphql(f"{{ {name}{first} {{ nodes {{ {' '.join(leaves)} }} }} }}")
    assert {error["extensions"]["code"] for error in answer.get("errors", ())} <= {"FORBIDDEN"}
    assert not any(trace in str(answer) for trace in traces(hidden, name))


def test_no_event_tells_of_it(hidden: Hidden) -> None:
    page = hidden.viewer.rest.get("/events", params={"limit": 100}).json()
    while True:
        assert hidden.item["id"] not in str(page["items"])
        assert hidden.comment not in str(page["items"])
        if page["next_cursor"] is None:
            break
        page = hidden.viewer.rest.get("/events", params={"limit": 100, "after": page["next_cursor"]}).json()


def test_its_author_sees_it(hidden: Hidden) -> None:
    """The same paths do find it for somebody who may see it, or the tests above would prove nothing."""
    company = hidden.company
    author = next(a for a in (company.colleague, company.admin) if str(a.id) == hidden.item["author"]["id"])
    ids = names(hidden)
    for operation in ABOUT_ONE:
        if operation.method == "GET":
            request = request_of(operation, ids)
            request["url"] = request["url"].replace("by-external-id/x/", "by-external-id/vault/")
            assert author.rest.request(**request).status_code == 200, operation.name
    found = author.data("query($id: ID!) { node(id: $id) { id } }", id=hidden.item["id"])
    assert found["node"] == {"id": hidden.item["id"]}
    query = "query($filter: KnowledgeItemFilter) { knowledgeItems(filter: $filter) { totalCount } }"
    seen = author.data(query, filter={"tag": hidden.tag, "state": hidden.item["state"]})
    assert seen["knowledgeItems"] == {"totalCount": 1}
