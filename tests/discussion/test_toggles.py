"""Reactions, ratings, follows and views: idempotent, counted exactly, refused without a trace."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.conftest import CERTIFICATES, Actor, Company
from tests.patience import patiently

STANDING = "{ counters { likes thanks favourites followers ratings rating views } mine { liked following rating } }"
REACT = f"mutation($id: ID!, $kind: ReactionKind!) {{ react(contentId: $id, kind: $kind) {STANDING} }}"
RATE = f"mutation($id: ID!, $input: RateContentInput!) {{ rateContent(contentId: $id, input: $input) {STANDING} }}"
VIEW = f"mutation($id: ID!, $input: RecordViewInput!) {{ recordView(contentId: $id, input: $input) {STANDING} }}"


def standing(actor: Actor, item: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    body = actor.rest.get(f"/knowledge-items/{item['id']}").json()
    return body["counters"], body["mine"]


def trace(company: Company, item: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Everything a refused toggle must leave as it is."""
    found = company.server.sql(
        "SELECT k.*, (SELECT count(*) FROM reaction r WHERE r.content_id = $1),"
        " (SELECT count(*) FROM rating r WHERE r.content_id = $1),"
        " (SELECT count(*) FROM follow f WHERE f.content_id = $1),"
        " (SELECT count(*) FROM viewing v WHERE v.content_id = $1),"
        " (SELECT count(*) FROM journal j WHERE j.content_id = $1)"
        " FROM content_counter k WHERE k.content_id = $1",
        item["id"],
    )
    return [tuple(row) for row in found]


def happened(company: Company, item: dict[str, Any]) -> list[str]:
    rows = company.server.sql("SELECT happened FROM journal WHERE content_id = $1 ORDER BY number", item["id"])
    return [row["happened"] for row in rows if not row["happened"].startswith("knowledge_item")]


def errors(response: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in response.get("errors", [])]


def test_reactions_are_toggles(company: Company) -> None:
    item = company.employee.item()
    path = f"/content/{item['id']}/reactions"
    for kind in ("like", "thank", "favourite"):
        for _ in range(2):
            assert company.colleague.rest.put(f"{path}/{kind}").status_code == 204
    company.outsider.rest.put(f"{path}/like")
    counters, mine = standing(company.colleague, item)
    assert (counters["likes"], counters["thanks"], counters["favourites"]) == (2, 1, 1)
    assert mine == {"liked": True, "thanked": True, "favourite": True, "following": False, "rating": None}
    assert standing(company.hr, item)[1] == dict.fromkeys(("liked", "thanked", "favourite", "following"), False) | {
        "rating": None
    }
    for _ in range(2):
        assert company.colleague.rest.delete(f"{path}/like").status_code == 204
    assert standing(company.colleague, item)[0]["likes"] == 1
    assert happened(company, item) == ["reacted"] * 4 + ["reaction_withdrawn"]


def test_who_reacted_is_listed(company: Company) -> None:
    item = company.employee.item()
    path = f"/content/{item['id']}/reactions"
    for actor in (company.colleague, company.outsider, company.hr):
        actor.rest.put(f"{path}/like")
    company.hr.rest.put(f"{path}/thank")
    likes = company.reviewer.rest.get(path, params={"kind": "like", "limit": 2}).json()
    assert [entry["person"]["name"] for entry in likes["items"]] == [company.colleague.name, company.outsider.name]
    following = company.reviewer.rest.get(
        path, params={"kind": "like", "limit": 2, "cursor": likes["next_cursor"]}
    ).json()
    assert [entry["person"]["name"] for entry in following["items"]] == [company.hr.name]
    assert len(company.reviewer.rest.get(path).json()["items"]) == 4
    query = """query($id: ID!) { reactions(contentId: $id, filter: {kind: thank}) {
      nodes { kind person { name department { name } } } } }"""
    thanks = company.reviewer.data(query, id=item["id"])["reactions"]["nodes"]
    assert thanks == [{"kind": "thank", "person": {"name": company.hr.name, "department": {"name": "root"}}}]


def test_a_rating_replaces_the_one_before(company: Company) -> None:
    item = company.employee.item()
    path = f"/content/{item['id']}/rating"
    assert company.colleague.rest.put(path, json={"score": 2}).status_code == 204
    assert company.colleague.rest.put(path, json={"score": 5}).status_code == 204
    assert company.colleague.rest.put(path, json={"score": 5}).status_code == 204
    after = company.outsider.data(RATE, id=item["id"], input={"score": 4})["rateContent"]
    assert (after["counters"]["ratings"], after["counters"]["rating"], after["mine"]["rating"]) == (2, 4.5, 4)
    counters, mine = standing(company.colleague, item)
    assert (counters["rating"], mine["rating"]) == (4.5, 5)
    for _ in range(2):
        assert company.colleague.rest.delete(path).status_code == 204
    counters, mine = standing(company.colleague, item)
    assert (counters["ratings"], counters["rating"], mine["rating"]) == (1, 4.0, None)
    assert happened(company, item) == ["rated", "rated", "rated", "rating_withdrawn"]
    told = company.server.sql("SELECT payload FROM journal WHERE content_id = $1 AND happened = 'rated'", item["id"])
    assert all("score" not in row["payload"] for row in told)


def test_nobody_rates_what_they_wrote(company: Company) -> None:
    item = company.employee.item()
    before = trace(company, item)
    for refused in (
        company.employee.rest.put(f"/content/{item['id']}/rating", json={"score": 5}),
        company.employee.rest.delete(f"/content/{item['id']}/rating"),
    ):
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert errors(company.employee.graphql(RATE, id=item["id"], input={"score": 5})) == ["FORBIDDEN"]
    assert trace(company, item) == before
    assert "rate" not in item["permissions"]
    seen = company.colleague.rest.get(f"/knowledge-items/{item['id']}").json()
    assert {"comment", "react", "rate"} <= set(seen["permissions"])


def test_following_and_viewing(company: Company) -> None:
    item = company.employee.item()
    for _ in range(2):
        assert company.colleague.rest.put(f"/content/{item['id']}/follow").status_code == 204
        assert company.colleague.rest.post(f"/content/{item['id']}/views", json={"dwell_ms": 1500}).status_code == 204
    seen = company.outsider.data(VIEW, id=item["id"], input={"dwellMs": 86_400_000})["recordView"]
    assert (seen["counters"]["followers"], seen["counters"]["views"], seen["mine"]["following"]) == (1, 3, False)
    assert standing(company.colleague, item)[1]["following"] is True
    company.colleague.rest.delete(f"/content/{item['id']}/follow")
    assert standing(company.colleague, item)[0]["followers"] == 0
    assert happened(company, item) == ["followed", "unfollowed"]
    rows = company.server.sql("SELECT dwell_ms FROM viewing WHERE content_id = $1 ORDER BY at", item["id"])
    assert [row["dwell_ms"] for row in rows] == [1500, 1500, 86_400_000]


def test_every_toggle_has_its_mutation(company: Company) -> None:
    item = company.employee.item()
    query = f"""mutation($id: ID!) {{
      a: react(contentId: $id, kind: like) {STANDING}
      b: followContent(contentId: $id) {STANDING}
      c: rateContent(contentId: $id, input: {{score: 3}}) {STANDING}
      d: withdrawReaction(contentId: $id, kind: like) {STANDING}
      e: unfollowContent(contentId: $id) {STANDING}
      f: withdrawRating(contentId: $id) {STANDING}
    }}"""
    data = company.colleague.data(query, id=item["id"])
    assert (data["a"]["counters"]["likes"], data["a"]["mine"]["liked"]) == (1, True)
    assert data["c"]["mine"] == {"liked": True, "following": True, "rating": 3}
    assert data["f"]["mine"] == {"liked": False, "following": False, "rating": None}
    assert data["f"]["counters"] == dict.fromkeys(
        ("likes", "thanks", "favourites", "followers", "ratings", "views"), 0
    ) | {"rating": None}


def test_favourites_and_follows_are_ones_own_and_stay_hidden_when_the_content_is(company: Company) -> None:
    reader = company.hire("藏书家", "rd")
    items = [company.employee.item(title=f"藏书 {n}") for n in range(3)]
    for item in items:
        reader.rest.put(f"/content/{item['id']}/reactions/favourite")
        reader.rest.put(f"/content/{item['id']}/follow")
    reader.rest.put(f"/content/{items[0]['id']}/reactions/like")
    page = reader.rest.get("/me/favourites", params={"limit": 2}).json()
    assert [entry["content"]["title"] for entry in page["items"]] == ["藏书 2", "藏书 1"]
    assert page["items"][0]["content"]["type"] == "knowledge_item"
    rest = reader.rest.get("/me/favourites", params={"limit": 2, "cursor": page["next_cursor"]}).json()
    assert [entry["content"]["title"] for entry in rest["items"]] == ["藏书 0"]
    etag = reader.rest.get(f"/knowledge-items/{items[2]['id']}").headers["ETag"]
    hidden = {"audience": [str(company.departments["sales"])]}
    path = f"/knowledge-items/{items[2]['id']}"
    assert company.employee.rest.patch(path, json=hidden, headers={"If-Match": etag}).status_code == 200
    query = """{ myFavourites { totalCount nodes { content { title author { name } } } }
      myFollows { nodes { content { title } } } }"""
    mine = reader.data(query)
    assert [node["content"]["title"] for node in mine["myFavourites"]["nodes"]] == ["藏书 1", "藏书 0"]
    assert mine["myFavourites"]["totalCount"] == 2
    assert mine["myFavourites"]["nodes"][0]["content"]["author"] == {"name": company.employee.name}
    assert len(mine["myFollows"]["nodes"]) == 2
    assert len(reader.rest.get("/me/follows").json()["items"]) == 2
    assert company.hire("他人", "rd").rest.get("/me/favourites").json()["items"] == []


TOGGLES = [
    ("PUT", "reactions/like", None),
    ("DELETE", "reactions/like", None),
    ("PUT", "rating", {"score": 3}),
    ("DELETE", "rating", None),
    ("PUT", "follow", None),
    ("DELETE", "follow", None),
    ("POST", "views", {}),
]


def attempt(client: httpx.Client, item: dict[str, Any], toggle: tuple[str, str, Any]) -> httpx.Response:
    method, path, body = toggle
    return client.request(method, f"/content/{item['id']}/{path}", json=body)


@pytest.mark.parametrize("toggle", TOGGLES, ids=lambda toggle: f"{toggle[0]} {toggle[1]}")
def test_denials_change_nothing(company: Company, toggle: tuple[str, str, Any]) -> None:
    hidden = company.admin.item(classification="restricted")
    before = trace(company, hidden)
    response = attempt(company.employee.rest, hidden, toggle)
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert response.json()["detail"] == attempt(company.employee.rest, {"id": uuid4()}, toggle).json()["detail"]
    assert attempt(company.anonymous, hidden, toggle).status_code == 401
    assert trace(company, hidden) == before
    item = company.employee.item()
    company.colleague.rest.put(f"/content/{item['id']}/reactions/like")
    before = trace(company, item)
    reader = company.hire("只读", "rd", scopes=["content_read"])
    if toggle[1] != "views":
        assert attempt(reader.rest, item, toggle).status_code == 403
        draft = company.employee.item(publish=False)
        empty = trace(company, draft)
        assert attempt(company.employee.rest, draft, toggle).status_code == 403
        assert trace(company, draft) == empty
    blind = company.hire("盲", "rd", scopes=["react"])
    assert attempt(blind.rest, item, toggle).status_code in (403, 404)
    assert trace(company, item) == before


def test_mutations_on_what_is_hidden_change_nothing(company: Company) -> None:
    hidden = company.admin.item(classification="restricted")
    before = trace(company, hidden)
    calls = (
        "react(contentId: $id, kind: like)",
        "withdrawReaction(contentId: $id, kind: like)",
        "rateContent(contentId: $id, input: {score: 3})",
        "withdrawRating(contentId: $id)",
        "followContent(contentId: $id)",
        "unfollowContent(contentId: $id)",
        "recordView(contentId: $id, input: {})",
    )
    for call in calls:
        query = f"mutation($id: ID!) {{ {call} {{ mine {{ liked }} }} }}"
        assert errors(company.employee.graphql(query, id=hidden["id"])) == ["NOT_FOUND"], call
    reactions = "query($id: ID!) { reactions(contentId: $id) { totalCount } }"
    assert errors(company.employee.graphql(reactions, id=hidden["id"])) == ["NOT_FOUND"]
    assert company.employee.rest.get(f"/content/{hidden['id']}/reactions").status_code == 404
    assert trace(company, hidden) == before


@pytest.mark.parametrize(
    ("path", "raw"),
    [
        ("rating", '{"score": 0}'),
        ("rating", '{"score": 6}'),
        ("rating", '{"score": 99999999999999999999}'),
        ("rating", '{"score": 2.5}'),
        ("rating", '{"score": null}'),
        ("rating", '{"score": 3, "why": "x"}'),
        ("rating", "{}"),
        ("views", '{"dwell_ms": -1}'),
        ("views", '{"dwell_ms": 86400001}'),
        ("views", '{"dwell_ms": 9223372036854775808}'),
        ("views", '{"at": "2024-01-01"}'),
    ],
)
def test_wrong_input_is_refused(company: Company, path: str, raw: str) -> None:
    item = company.employee.item()
    before = trace(company, item)
    response = company.colleague.rest.request(
        "POST" if path == "views" else "PUT",
        f"/content/{item['id']}/{path}",
        content=raw,
        headers={"Content-Type": "application/json"},
    )
    assert (response.status_code, response.json()["code"]) == (422, "invalid"), response.text
    assert trace(company, item) == before


def test_wrong_paths_are_refused(company: Company) -> None:
    item = company.employee.item()
    for path in (f"{item['id']}/reactions/hate", f"{item['id']}/reactions/%F0%9F%91%8D", "nonsense/reactions/like"):
        assert company.colleague.rest.put(f"/content/{path}").status_code == 422
    assert company.colleague.rest.put(f"/content/{item['id']}/reactions/%00").status_code == 400
    assert company.colleague.rest.put(f"/content/{item['id']}/follow?x=1").status_code == 422
    assert errors(company.colleague.graphql(RATE, id=item["id"], input={"score": 6})) == ["INVALID"]
    assert company.colleague.graphql(RATE, id=item["id"], input={"score": 2**40})["errors"]
    assert company.colleague.graphql(REACT, id=item["id"], kind="hate")["errors"]


def test_one_like_from_many_threads_is_one_like(company: Company) -> None:
    item = company.employee.item()
    actors = [company.colleague, company.outsider, company.hr]

    def press(n: int) -> int:
        headers = {"Authorization": f"Bearer {actors[n % 3].key}"}
        with httpx.Client(
            base_url=f"{company.server.url}/v1", headers=headers, timeout=30, verify=CERTIFICATES
        ) as client:
            path = f"/content/{item['id']}"
            likes = patiently(lambda: client.put(f"{path}/reactions/like"))
            rates = patiently(lambda: client.put(f"{path}/rating", json={"score": n % 5 + 1}))
            views = patiently(lambda: client.post(f"{path}/views", json={}))
            return max(response.status_code for response in (likes, rates, views))

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(press, range(36))) == {204}
    counters, _ = standing(company.employee, item)
    assert (counters["likes"], counters["ratings"], counters["views"]) == (3, 3, 36)
    total = company.server.sql("SELECT sum(score)::int AS n FROM rating WHERE content_id = $1", item["id"])[0]["n"]
    held = company.server.sql("SELECT rating_sum FROM content_counter WHERE content_id = $1", item["id"])[0]
    assert held["rating_sum"] == total
    assert happened(company, item).count("reacted") == 3
