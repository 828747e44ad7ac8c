"""Content without its author's name: its author goes on with it, and nobody learns whose it is."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import graphql
import orjson
import pytest
from tests.access.world import World, fingerprint
from tests.conftest import Actor, Company
from tests.sampling import operations, path_of, query_of, root_fields, snake

from kshare.core.principal import ANONYMOUS_ID

NOBODY = str(ANONYMOUS_ID)
IDEA = "/ideas/{id}"


def posted(actor: Actor, path: str, status: int = 201, headers: Any = None, **body: Any) -> dict[str, Any]:
    response = actor.rest.post(path, json=body, headers=headers)
    assert response.status_code == status, response.text
    answer: dict[str, Any] = response.json()
    return answer


def proposed(actor: Actor, **fields: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"title": f"匿名建议 {uuid4().hex[:8]}", "anonymous": True}
    return posted(actor, "/ideas", **body | fields)


def shared(actor: Actor, **fields: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "kind": "insight",
        "title": f"匿名条目 {uuid4().hex[:8]}",
        "anonymous": True,
        "publish": True,
    }
    return posted(actor, "/knowledge-items", **body | fields)


def got(actor: Actor, path: str, status: int = 200, **query: Any) -> Any:
    response = actor.rest.get(path, params=query)
    assert response.status_code == status, response.text
    return response.json()


def today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}T00:00:00"


# ---- the author -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make, path", [(proposed, "/ideas"), (shared, "/knowledge-items")])
def test_its_author_goes_on_with_it_and_is_not_shown(company: Company, make: Any, path: str) -> None:
    author, reader = company.employee, company.colleague
    made = make(author)
    place = f"{path}/{made['id']}"
    assert (made["author"]["id"], made["anonymous"], made["own"], made["department"]) == (NOBODY, True, True, None)
    assert {made[name][:19] for name in ("created_at", "updated_at", "published_at")} == {today()}
    seen = got(reader, place)
    assert (seen["author"]["id"], seen["anonymous"], seen["own"]) == (NOBODY, True, False)
    assert {"edit", "rate", "react", "withdraw"} & set(seen["permissions"]) == {"rate", "react"}
    assert {"edit", "rate", "react"} & set(made["permissions"]) == {"edit"}
    revised = author.rest.patch(place, json={"summary": "算过一遍", "note": "补充"}, headers={"If-Match": "*"})
    assert revised.status_code == 200, revised.text
    assert revised.json()["updated_at"][:19] == today()
    assert reader.rest.patch(place, json={"summary": "别人改"}, headers={"If-Match": "*"}).status_code == 403
    revisions = got(reader, f"{place}/revisions")["items"]
    assert [(one["number"], one["author"]["id"], one["created_at"][:19]) for one in revisions] == [
        (2, NOBODY, today()),
        (1, NOBODY, today()),
    ]
    question = posted(reader, f"/content/{made['id']}/comments", body="多少钱？")
    answer = posted(author, f"/content/{made['id']}/comments", body="两千元。", parent_id=question["id"])
    assert (question["by_author"], answer["by_author"], answer["author"]["id"]) == (False, True, NOBODY)
    comments = got(reader, f"/content/{made['id']}/comments")["items"]
    assert [one["id"] for one in comments] == [question["id"], answer["id"]]
    edited = author.rest.patch(f"/comments/{answer['id']}", json={"body": "两千五。"}, headers={"If-Match": "*"})
    assert edited.status_code == 200, edited.text
    assert "edit" not in got(reader, f"/comments/{answer['id']}")["permissions"]
    for kind in ("like", "thank", "favourite"):
        assert author.rest.put(f"/content/{made['id']}/reactions/{kind}").status_code == 403
    assert author.rest.put(f"/content/{made['id']}/follow").status_code == 403
    assert author.rest.post(f"/content/{made['id']}/views", json={}).status_code == 204
    assert got(reader, place)["counters"]["views"] == 0
    mine = [one["id"] for one in got(author, path, own_anonymous=True, limit=100)["items"]]
    assert made["id"] in mine
    assert made["id"] not in [one["id"] for one in got(reader, path, own_anonymous=True, limit=100)["items"]]
    assert made["id"] not in [one["id"] for one in got(author, path, author=str(author.id), limit=100)["items"]]


def test_through_graphql_it_is_the_same(company: Company) -> None:
    author, reader = company.employee, company.colleague
    fields = "id anonymous own author { id } permissions"
    idea = author.data(f'mutation {{ proposeIdea(input: {{title: "匿名", anonymous: true}}) {{ {fields} }} }}')
    made = idea["proposeIdea"]
    assert (made["anonymous"], made["own"], made["author"]["id"]) == (True, True, NOBODY)
    item = author.data(
        'mutation { createKnowledgeItem(input: {kind: insight, title: "匿名", anonymous: true, publish: true})'
        f" {{ {fields} }} }}"
    )["createKnowledgeItem"]
    assert (item["anonymous"], item["own"], item["author"]["id"]) == (True, True, NOBODY)
    comment = 'mutation($id: ID!) { writeComment(contentId: $id, input: {body: "答"}) { byAuthor author { id } } }'
    assert author.data(comment, id=made["id"])["writeComment"] == {"byAuthor": True, "author": {"id": NOBODY}}
    assert reader.data(comment, id=made["id"])["writeComment"]["byAuthor"] is False
    listed = author.data("{ ideas(filter: {ownAnonymous: true}, first: 100) { nodes { id } } }")["ideas"]["nodes"]
    assert {"id": made["id"]} in listed


def test_a_named_author_answers_as_the_author_too(company: Company) -> None:
    item = company.employee.item()
    assert posted(company.employee, f"/content/{item['id']}/comments", body="补充")["by_author"] is True


def test_its_name_in_another_system_leads_nobody_else_to_it(company: Company) -> None:
    author, name = company.employee, uuid4().hex
    for path, fields in (("/ideas", {}), ("/knowledge-items", {"kind": "sop", "publish": True})):
        place = f"{path}/by-external-id/zhixia-box/{name}"
        body = {"title": "夜里的任务", "anonymous": True, **fields}
        first = author.rest.put(place, json=body)
        assert (first.status_code, first.json()["external_id"]) == (201, name)
        again = author.rest.put(place, json=body | {"title": "夜里的任务，第二次"})
        assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
        assert got(author, place)["own"] is True
        for other in (company.colleague, company.admin):
            got(other, place, 404)
            seen = got(other, f"{path}/{first.json()['id']}")
            assert (seen["external_source"], seen["external_id"]) == (None, None)
        named = f"{path}/by-external-id/zhixia-box/{uuid4().hex}"
        assert author.rest.put(named, json=body | {"anonymous": False}).status_code == 201
        late = author.rest.put(named, json=body)
        assert (late.status_code, late.json()["errors"][0]["pointer"]) == (422, "/anonymous")
        assert got(author, named)["anonymous"] is False


def test_what_cannot_be_anonymous_is_refused_and_leaves_nothing(company: Company) -> None:
    author = company.employee
    half = {"person_id": str(author.id), "share": 50}
    other = {"person_id": str(company.colleague.id), "share": 50}
    idea = proposed(author)
    company.server.settle()
    before = fingerprint(company.server)
    for path, body, pointer in (
        ("/ideas", {"title": "x", "anonymous": True, "draft": True}, "/anonymous"),
        ("/ideas", {"title": "x", "anonymous": True, "coauthors": [half, other]}, "/coauthors"),
        ("/knowledge-items", {"kind": "sop", "title": "x", "anonymous": True}, "/anonymous"),
    ):
        response = author.rest.post(path, json=body)
        assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, pointer), response.text
    shares = author.rest.patch(f"/ideas/{idea['id']}", json={"coauthors": [half, other]}, headers={"If-Match": "*"})
    assert (shares.status_code, shares.json()["errors"][0]["pointer"]) == (422, "/coauthors")
    assert fingerprint(company.server) == before


def test_a_name_and_none_do_not_share_a_request(company: Company) -> None:
    """Their entries would stand side by side in the journal."""
    author = company.employee
    items = [{"title": "署名"}, {"title": "不署名", "anonymous": True}, {"title": "又署名"}]
    answer = author.rest.post("/ideas:batch", json={"items": items}).json()["items"]
    assert [one["status"] for one in answer] == [201, 409, 201]
    mixed = author.graphql(
        'mutation { a: proposeIdea(input: {title: "不署名", anonymous: true}) { id }'
        ' b: proposeIdea(input: {title: "署名"}) { id } }'
    )
    assert mixed["data"]["a"] is not None and mixed["data"]["b"] is None
    assert mixed["errors"][0]["extensions"]["code"] == "CONFLICT"


# ---- nobody learns whose it is --------------------------------------------------------------------------------------


@dataclass
class Secret:
    """An author who acted anonymously and did nothing else, what came of it, and when they were at it."""

    company: Company
    author: Actor
    pseudonym: str
    things: dict[str, str] = field(default_factory=dict)
    windows: list[tuple[datetime, datetime]] = field(default_factory=list)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """The author is at work; nobody else is, nor is what follows from others' doings still on its way. What follows
        from the author's comes in the same time."""
        self.company.server.settle()
        began = datetime.now(UTC)
        yield
        self.company.server.settle()
        self.windows.append((began, datetime.now(UTC)))
        time.sleep(0.05)  # what others do next lies outside of it

    def within(self, moment: datetime) -> bool:
        return any(began <= moment <= ended for began, ended in self.windows)

    def tells(self, answer: Any) -> list[str]:
        """What an answer says that could tell who it was: who, or when in the day they were at work."""
        text = orjson.dumps(answer).decode()
        told = [mark for mark in (str(self.author.id), self.author.name, self.pseudonym) if mark in text]
        moments = {datetime.fromisoformat(one) for one in re.findall(r'"(\d{4}-\d\d-\d\dT[^"]+)"', text)}
        for id in re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", text):
            milliseconds = UUID(id).int >> 80
            moments.add(datetime.fromtimestamp(milliseconds / 1000, UTC))
        return told + [f"at {moment}" for moment in moments if self.within(moment)]


@pytest.fixture
def secret(fresh: Company) -> Secret:
    """Ideas and items of one author, with everything that can be done to them, and what others do to them meanwhile."""
    author = fresh.hire("容易认出", "rd_pressure")
    reader, admin = fresh.colleague, fresh.admin
    narrow = [str(admin.id), str(reader.id)]
    secret = Secret(fresh, author, "")
    with secret.at_work():
        idea = proposed(author, tags=[f"新签{uuid4().hex[:6]}"], body="只有我知道的事")
        hidden = proposed(author, audience=narrow)
        item = shared(author, tags=[f"新签{uuid4().hex[:6]}"])
        key = {"Idempotency-Key": "import-1"}
        batch = {"items": [{"title": "成批之一", "anonymous": True}, {"title": "成批之二", "anonymous": True}]}
        answer = author.rest.post("/ideas:batch", json=batch, headers=key)
        assert answer.status_code == 207, answer.text
        again = author.rest.post("/ideas:batch", json=batch, headers=key)
        assert again.headers["Idempotent-Replayed"] == "true" and again.json() == answer.json()
        named = {"title": "夜里的任务", "anonymous": True}
        assert author.rest.put("/ideas/by-external-id/box/1", json=named).status_code == 201
        assert author.rest.put("/ideas/by-external-id/box/1", json=named | {"title": "改过"}).status_code == 200
    secret.pseudonym = str(fresh.server.sql("SELECT owner_id FROM content WHERE id = $1", UUID(idea["id"]))[0][0])
    assert secret.pseudonym != str(author.id)
    question = posted(reader, f"/content/{idea['id']}/comments", body="谁写的？")
    with secret.at_work():
        for place in (f"/ideas/{idea['id']}", f"/knowledge-items/{item['id']}"):
            changed = {"body": "想得更清楚了", "tags": [f"新签{uuid4().hex[:6]}"], "note": "补充"}
            assert author.rest.patch(place, json=changed, headers={"If-Match": "*"}).status_code == 200
        answered = posted(author, f"/content/{idea['id']}/comments", body="我。", parent_id=question["id"])
        own = posted(author, f"/content/{item['id']}/comments", body="再补一句", mentions=[str(reader.id)])
        place = f"/comments/{answered['id']}"
        assert author.rest.patch(place, json={"body": "不说。"}, headers={"If-Match": "*"}).status_code == 200
        assert author.rest.delete(f"/comments/{own['id']}", headers={"If-Match": "*"}).status_code == 204
        assert author.rest.post(f"/content/{idea['id']}/views", json={"dwell_ms": 10}).status_code == 204
        assert author.rest.put(f"/content/{idea['id']}/reactions/like").status_code == 403
        assert author.rest.post(f"/ideas/{hidden['id']}/withdraw").status_code == 200
        assert author.rest.post(f"/ideas/{hidden['id']}/reinstate").status_code == 200
        restored = author.rest.post(f"/knowledge-items/{item['id']}/restore", json={"revision": 1})
        assert restored.status_code == 200, restored.text
        comment = 'mutation($id: ID!) { writeComment(contentId: $id, input: {body: "经 GraphQL"}) { id } }'
        author.data(comment, id=idea["id"])
    assert reader.rest.put(f"/content/{idea['id']}/reactions/like").status_code == 204
    assert reader.rest.put(f"/ideas/{idea['id']}/vote").status_code == 200
    assert admin.rest.patch(f"/ideas/{idea['id']}", json={"size": "large"}, headers={"If-Match": "*"}).is_success
    secret.things = {
        "idea": idea["id"], "item": item["id"], "comment": answered["id"], "external": "1",
        "revision": str(
            fresh.server.sql("SELECT id FROM content_revision WHERE content_id = $1", UUID(idea["id"]))[0][0]
        ),
        "other_idea": hidden["id"],
    }  # fmt: skip
    # What the process would write down within half a minute.
    for key_id, at in list(fresh.server.application.sign_in._used_keys.items()):
        fresh.server.sql("UPDATE api_key SET last_used_at = $2 WHERE id = $1", key_id, at)
    fresh.server.settle()
    return secret


PEOPLE = ("/people", "/departments", "/groups", "/keys", "/me")
"""What shows people as such: there the author is, like everybody else."""


def pages(actor: Actor, url: str, query: dict[str, Any]) -> Iterator[Any]:
    """Every page of an answer, if it has more than one."""
    response = actor.rest.get(url, params=query)
    while response.status_code == 200:
        answer = response.json()
        yield answer
        cursor = answer.get("next_cursor") if isinstance(answer, dict) else None
        if not cursor:
            return
        response = actor.rest.get(url, params=query | {("after" if "latest" in answer else "cursor"): cursor})


def all_reads(secret: Secret, actor: Actor) -> Iterator[tuple[str, Any]]:
    """What somebody reads who asks every GET operation about every anonymous thing and everybody in the company."""
    company = secret.company
    people = [str(row["id"]) for row in company.server.sql("SELECT id FROM person")]
    sorts = World.__new__(World)
    for operation in operations():
        if operation.method != "GET":
            continue
        for about in (secret.things, {**secret.things, "idea": secret.things["other_idea"]}):
            for person in people if "/people/{" in operation.path else people[:1]:
                ids = _ids(sorts, {**about, "person": person})
                url, query = path_of(operation, ids), query_of(operation, ids)
                for name, value in _queries(operation, secret):
                    for answer in pages(actor, url, query | ({name: value} if name else {})):
                        yield f"GET {url} {name}={value}", answer


def _ids(sorts: World, things: dict[str, str]) -> Callable[[str], str]:
    return lambda called: things.get(sorts.sort_of(called)) or things["idea"]


def _queries(operation: Any, secret: Secret) -> list[tuple[str, Any]]:
    """The query as it is, and once with each parameter that could tell the author from others."""
    fields = {} if operation.query is None else operation.query.model_fields
    queries: list[tuple[str, Any]] = [("limit", 100) if "limit" in fields else ("", None)]
    for name in fields:
        if name in ("author", "person", "member", "participant"):
            queries.append((name, str(secret.author.id)))
        if name == "q":
            queries.append((name, "匿名建议"))
    return queries


def selection(type_: Any, depth: int) -> str:
    """Every field of a type that takes no argument it cannot do without, to a depth."""
    named = graphql.get_named_type(type_)
    if graphql.is_leaf_type(named):
        return ""
    if graphql.is_abstract_type(named) or not depth:
        return " { __typename }"
    parts = ["__typename"]
    for name, sub in named.fields.items():
        if not any(graphql.is_required_argument(argument) for argument in sub.args.values()):
            parts.append(name + selection(sub.type, depth - 1))
    return " { " + " ".join(parts) + " }"


def all_graphql(secret: Secret, actor: Actor) -> Iterator[tuple[str, Any]]:
    sorts = World.__new__(World)
    for kind, name, root in root_fields():
        if kind != "query":
            continue
        required = {n: a for n, a in root.args.items() if graphql.is_required_argument(a)}
        declared = ", ".join(f"${n}: {a.type}" for n, a in required.items())
        given = ", ".join(f"{n}: ${n}" for n in required)
        ids = _ids(sorts, {**secret.things, "person": str(secret.author.id)})
        variables: dict[str, Any] = {}
        for argument, about in required.items():
            leaf = graphql.get_named_type(about.type).name
            wanted = name if argument == "id" else snake(argument)
            variables[argument] = ids(wanted) if leaf == "ID" else 1 if leaf == "Int" else "匿名建议"
        document = "query" + (f"({declared})" if declared else "") + " { " + name + (f"({given})" if given else "")
        answer: dict[str, Any] = {}
        for depth in (4, 3, 2):
            body = {"query": document + selection(root.type, depth) + " }", "variables": variables}
            answer = actor.rest.post(f"{actor.server.url}/graphql", json=body).json()
            if not any(e["extensions"]["code"] == "TOO_COMPLEX" for e in answer.get("errors", ())):
                break
        yield f"{name} {variables}", answer.get("data")


def test_an_administrator_who_reads_everything_cannot_tell_whose_it_is(secret: Secret) -> None:
    company, admin = secret.company, secret.company.admin
    seen, told = set(), []
    for asked, answer in all_reads(secret, admin):
        text = orjson.dumps(answer).decode()
        seen |= {thing for thing in secret.things.values() if thing in text}
        of_people = asked.startswith(tuple(f"GET {path}" for path in PEOPLE))
        marks = secret.tells(answer)
        if of_people:
            assert not any(thing in text for thing in secret.things.values() if len(thing) == 36), asked
            marks = [mark for mark in marks if mark.startswith("at ") or mark == secret.pseudonym]
        told += [f"{asked}: {mark}" for mark in marks]
    assert told == []
    # All of them were there to be read.
    assert seen >= {secret.things[name] for name in ("idea", "item", "comment", "other_idea")}
    seen_there: set[str] = set()
    for asked, answer in all_graphql(secret, admin):
        text = orjson.dumps(answer).decode()
        mentioned = {thing for thing in secret.things.values() if len(thing) == 36 and thing in text}
        seen_there |= mentioned
        marks = secret.tells(answer)
        if not mentioned:
            marks = [mark for mark in marks if mark.startswith("at ") or mark == secret.pseudonym]
        told += [f"{asked}: {mark}" for mark in marks]
    assert told == []
    assert seen_there >= {secret.things[name] for name in ("idea", "item", "comment", "other_idea")}
    # One person after the other: whom the narrow one is for, and nobody else.
    idea, answers = secret.things["other_idea"], {}
    for row in company.server.sql("SELECT id FROM person WHERE active"):
        access = got(admin, f"/content/{idea}/access", person=str(row["id"]))
        answers[str(row["id"])] = access["visible"]
    assert {person for person, visible in answers.items() if visible} == {str(admin.id), str(company.colleague.id)}
    assert got(secret.author, f"/ideas/{idea}")["own"] is True
    assert got(admin, "/search", q=secret.author.name, facets=True)["items"] == []


OWN_TABLES = {"person", "api_key", "membership", "credit"}


def test_the_database_does_not_tell_it_either(secret: Secret) -> None:
    server = secret.company.server
    keys = orjson.loads(server.application.database.keyring.path.read_bytes())  # type: ignore[union-attr]
    marks = [str(secret.author.id), secret.author.name, keys["pseudonym_key"], *(key["key"] for key in keys["keys"])]
    tables = [row["relname"] for row in server.sql(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )]  # fmt: skip
    found = []
    for table in tables:
        for row in server.sql(f"SELECT to_jsonb(t)::text AS row FROM {table} t"):
            allowed = marks[2:] if table in OWN_TABLES else marks
            found += [f"{table}: {row['row'][:300]}" for mark in allowed if mark in row["row"]]
    assert found == []
    used = server.sql("SELECT last_used_at FROM api_key WHERE person_id = $1", secret.author.id)[0][0]
    assert used is not None and used.isoformat()[:19] == today()


def test_a_key_that_somebody_else_made_does_not_open_it(company: Company) -> None:
    """Or whoever manages keys would make one for each person, and see whose it is."""
    author = company.hire("写匿名的人", "rd")
    made = proposed(author)
    scopes = ["content_read", "idea_propose", "keys_own"]
    asked = {"name": "看看", "scopes": scopes, "person_id": str(author.id)}
    foreign = posted(company.admin, "/keys", **asked)["key"]
    borrowed = Actor(company.server, author.id, author.name, foreign, author.department_id)
    handed_on = posted(borrowed, "/keys", name="再造一把", scopes=scopes)["key"]
    for key in (foreign, handed_on):
        other = Actor(company.server, author.id, author.name, key, author.department_id)
        seen = got(other, f"/ideas/{made['id']}")
        assert (seen["own"], "edit" in seen["permissions"]) == (False, False)
        assert got(other, "/ideas", own_anonymous=True)["items"] == []
        refused = other.rest.post("/ideas", json={"title": "用别人造的密钥", "anonymous": True})
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    own = posted(author, "/keys", name="自己的", scopes=scopes)["key"]
    assert got(Actor(company.server, author.id, author.name, own, author.department_id), f"/ideas/{made['id']}")["own"]
