"""Reading the account: who sees which entries and what of them, page by page, through both doors."""

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from tests.conftest import Actor, Company
from tests.contributions.accounts import account
from tests.resources.helpers import made
from tests.reviews.reviewing import done, group, judge, policy, submit

from kshare.core.access import Permission

QUERY = """query($first: Int!, $after: String, $filter: ContributionFilter, $by: ContributionOrder!) {
  contributions(first: $first, after: $after, filter: $filter, orderBy: $by) { totalCount
    pageInfo { hasNextPage endCursor } nodes { id person { id name title } department { id name nameEn } rule
    ruleVersion occurredOn weight object { kind id contentId title } corrects recordedAt } } }"""


def snake(value: Any) -> Any:
    """An answer of GraphQL with the names that REST has."""
    if isinstance(value, dict):
        return {
            "".join(f"_{c.lower()}" if c.isupper() else c for c in name): snake(part) for name, part in value.items()
        }
    return [snake(part) for part in value] if isinstance(value, list) else value


def through_graphql(actor: Actor, order: str = "oldest", **asked: Any) -> list[dict[str, Any]]:
    """All entries that somebody sees, through the other door."""
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = actor.data(QUERY, first=7, after=after, filter=asked, by=order)["contributions"]
        found += snake(page["nodes"])
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] == len(found)
            return found
        after = page["pageInfo"]["endCursor"]


@pytest.fixture(scope="module")
def scene(company: Company) -> dict[str, Actor]:
    """People of some departments, each with an item and a comment on somebody else's."""
    people = {place: company.hire(f"{place} 的人", place) for place in ("rd", "rd_pressure", "sales")}
    items = {place: person.item(title=f"{place} 的条目")["id"] for place, person in people.items()}
    for place, other in (("rd", "sales"), ("rd_pressure", "rd"), ("sales", "rd")):
        made(people[place], f"/content/{items[other]}/comments", body="好")
    rd = company.departments["rd"]
    people["rd_hr"] = company.hire("研发人事", "sales", roles=(("hr", rd),))
    people["rd_hr"].item(title="人事自己的条目")
    company.server.settle()
    return people


def whose(entries: list[dict[str, Any]]) -> set[str]:
    return {entry["person"]["id"] for entry in entries}


def test_everybody_sees_their_own(scene: dict[str, Actor]) -> None:
    for place in ("rd", "rd_pressure", "sales"):
        person = scene[place]
        entries = account(person)
        assert sorted(entry["rule"] for entry in entries) == ["comment_written", "item_published"]
        assert whose(entries) == {str(person.id)}
        assert through_graphql(person) == entries
        first = entries[0]
        assert person.rest.get(f"/contributions/{first['id']}").json() == first
        assert set(first) == {
            "id", "person", "department", "rule", "rule_version", "occurred_on", "weight", "object", "corrects",
            "recorded_at",
        }  # fmt: skip
        assert first["department"]["name"] == place


def test_nobody_sees_what_others_contribute(company: Company, scene: dict[str, Actor]) -> None:
    person = scene["rd"]
    entry = account(person)[0]["id"]
    one = "query($id: ID!) { contribution(id: $id) { id } node(id: $id) { id } }"
    for curious in (scene["sales"], company.colleague, company.manager, company.committee, company.finance):
        assert account(curious, person=str(person.id)) == []
        assert str(person.id) not in whose(account(curious))
        assert through_graphql(curious, person=str(person.id)) == []
        assert curious.rest.get(f"/contributions/{entry}").status_code == 404
        assert curious.rest.get(f"/contributions/{uuid4()}").status_code == 404
        hidden = curious.graphql(one, id=entry)
        assert hidden["data"] is None or hidden["data"]["node"] is None
        totals = curious.rest.get("/contribution-totals", params={"person": str(person.id)})
        assert totals.json() == {"items": [], "next_cursor": None}
        department = {"department": str(company.departments["root"])}
        assert whose(account(curious, **department)) <= {str(curious.id)}
        for answer in (curious.rest.get("/contributions?format=csv"), curious.rest.get("/contributions?format=ndjson")):
            assert str(person.id) not in answer.text


def test_hr_sees_all_and_hr_of_a_department_that_department(company: Company, scene: dict[str, Actor]) -> None:
    everybody = whose(account(company.hr))
    assert everybody >= {str(person.id) for person in scene.values()}
    assert whose(account(company.admin)) == everybody
    mine = account(scene["rd_hr"])
    seen = whose(mine)
    assert {str(scene[place].id) for place in ("rd", "rd_pressure", "rd_hr")} <= seen
    assert str(scene["sales"].id) not in seen
    names = {entry["department"]["name"] for entry in mine if entry["person"]["id"] != str(scene["rd_hr"].id)}
    assert names == {"rd", "rd_pressure"}
    assert through_graphql(scene["rd_hr"]) == mine
    assert mine == sorted(mine, key=lambda entry: (entry["recorded_at"], entry["id"])), "each once, in order"
    expected = [entry for entry in account(company.hr) if entry["id"] in {one["id"] for one in mine}]
    assert [entry["id"] for entry in expected] == [entry["id"] for entry in mine]
    sales = str(company.departments["sales"])
    assert whose(account(scene["rd_hr"], department=sales)) == {str(scene["rd_hr"].id)}
    assert account(scene["rd_hr"], person=str(scene["sales"].id)) == []
    since = mine[3]["recorded_at"]
    assert account(scene["rd_hr"], updated_since=since) == [e for e in mine if e["recorded_at"] >= since]
    assert account(scene["rd_hr"], order="newest") == mine[::-1]


def test_what_a_key_may_not_do_it_may_not_do_here(company: Company, scene: dict[str, Actor]) -> None:
    def hr_with(*scopes: Permission) -> Actor:
        return company.hire("人事", "root", roles=(("hr", None),), scopes=[scope.value for scope in scopes])

    paths = (
        "/contributions",
        "/contribution-totals",
        "/contribution-rules",
        f"/contributions/{account(scene['rd'])[0]['id']}",
    )
    without = hr_with(Permission.contributions_read, Permission.content_read)
    for path in paths:
        assert without.rest.get(path).status_code == 403
        assert company.anonymous.get(path).status_code == 401
    for query in (
        "{ contributions { nodes { id } } }",
        "{ contributionTotals { nodes { entries } } }",
        "{ contributionRules { id } }",
    ):
        assert without.graphql(query)["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    own_only = hr_with(Permission.metrics_read, Permission.content_read)
    assert account(own_only) == account(own_only, person=str(scene["rd"].id)) == []
    blind = hr_with(Permission.metrics_read, Permission.contributions_read)
    entries = account(blind)
    assert whose(entries) >= {str(scene["rd"].id)}
    assert all(entry["object"] is None for entry in entries), "it may not read content"


def test_an_entry_does_not_tell_of_a_content_that_one_does_not_see(company: Company) -> None:
    author = company.hire("研发作者", "rd")
    rd = str(company.departments["rd"])
    secret = author.item(title="保密标题", audience=[rd])["id"]
    company.server.settle()
    (entry,) = account(author)
    assert entry["object"] == {"kind": "knowledge_item", "id": secret, "content_id": secret, "title": "保密标题"}
    for answer in (account(company.hr, person=str(author.id)), through_graphql(company.hr, person=str(author.id))):
        assert [one["object"] for one in answer] == [None]
        assert answer[0] | {"object": None} == entry | {"object": None}
    for form in ("csv", "ndjson"):
        text = company.hr.rest.get("/contributions", params={"format": form, "person": str(author.id)}).text
        assert entry["id"] in text and secret not in text and "保密标题" not in text


def test_who_judged_what_is_told_to_those_who_may_know(company: Company) -> None:
    author, reviewer = company.hire("作者", "rd"), company.hire("评审人", "rd")
    place = made(company.manager, "/categories", name=f"工艺 {uuid4().hex[:8]}")["id"]
    policy(company, place, groups=[group(company, reviewer)])
    item = author.item(publish=False, category_id=place)["id"]
    review = submit(author, item)
    done(judge(reviewer, review), 201)
    company.server.settle()
    (own,) = account(reviewer)
    assert own["object"]["id"] == review["id"]
    assert company.hr.rest.get(f"/knowledge-items/{item}").status_code == 200
    assert company.hr.rest.get(f"/reviews/{review['id']}").status_code == 404
    (seen,) = account(company.hr, person=str(reviewer.id))
    assert (seen["id"], seen["weight"], seen["object"]) == (own["id"], "1.00", None)
    (managed,) = account(company.admin, person=str(reviewer.id))
    assert managed["object"] == own["object"], "who manages reviews sees it"


def test_filters(company: Company, scene: dict[str, Actor]) -> None:
    entries = account(company.hr)
    rd, pressure = (str(company.departments[name]) for name in ("rd", "rd_pressure"))
    within = [e for e in entries if e["department"] and e["department"]["id"] in (rd, pressure)]
    assert account(company.hr, department=rd) == within == through_graphql(company.hr, department=rd)
    both = {"department": pressure, "person": str(scene["rd_pressure"].id)}
    assert account(company.hr, **both) == account(scene["rd_pressure"]) == through_graphql(company.hr, **both)
    assert account(company.hr, person=str(uuid4())) == account(company.hr, department=str(uuid4())) == []
    moment = datetime.fromisoformat(entries[-1]["recorded_at"])
    later = (moment + timedelta(microseconds=1)).isoformat()
    assert entries[-1] in account(company.hr, updated_since=moment.isoformat())
    assert account(company.hr, updated_since=later) == through_graphql(company.hr, updatedSince=later) == []
    assert account(company.hr, order="newest") == entries[::-1] == through_graphql(company.hr, order="newest")
    assert account(company.hr, updated_since=moment.isoformat().replace("+00:00", "Z")) == account(
        company.hr, updated_since=(moment.isoformat().replace("+00:00", "") + "+00:00")
    )


def test_a_cursor_belongs_to_its_list_and_tells_nothing_else(company: Company, scene: dict[str, Actor]) -> None:
    page = company.hr.rest.get("/contributions", params={"limit": 2})
    cursor = page.json()["next_cursor"]
    assert page.links["next"]["url"].endswith(f"limit=2&cursor={cursor}")
    following = company.hr.rest.get(page.links["next"]["url"].removeprefix("/v1")).json()["items"]
    assert following == account(company.hr)[2:4]
    last = page.json()["items"][-1]
    sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    assert orjson.loads(sealed[14:]) == [last["recorded_at"], last["id"]]
    for other in ({"person": str(scene["rd"].id)}, {"order": "newest"}, {"updated_since": "2020-01-01T00:00:00Z"}):
        refused = company.hr.rest.get("/contributions", params={"cursor": cursor, **other})
        assert (refused.status_code, refused.json()["code"]) == (400, "cursor_mismatch")
    changed = cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")
    assert company.hr.rest.get("/contributions", params={"cursor": changed}).json()["code"] == "invalid_cursor"
    assert company.hr.rest.get("/contributions", params={"cursor": cursor, "format": "csv"}).status_code == 200


def test_a_pull_of_nothing_new_is_answered_304(company: Company) -> None:
    author = company.hire("作者", "rd")
    author.item(title="第一版标题")
    company.server.settle()
    since = account(author)[-1]["recorded_at"]
    asked = {"updated_since": since, "person": str(author.id)}
    page = company.hr.rest.get("/contributions", params=asked)
    tag = page.headers["etag"]
    assert not tag.startswith("W/") and len(page.json()["items"]) == 1
    again = company.hr.rest.get("/contributions", params=asked, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    several = company.hr.rest.get("/contributions", params=asked, headers={"If-None-Match": f'"x", W/{tag}'})
    assert several.status_code == 304
    assert author.rest.get("/contributions", headers={"If-None-Match": tag}).status_code in (200, 304)
    author.item()
    company.server.settle()
    new = company.hr.rest.get("/contributions", params=asked, headers={"If-None-Match": tag})
    assert new.status_code == 200 and len(new.json()["items"]) == 2 and new.headers["etag"] != tag


def test_nothing_is_missed_while_others_write(fresh: Company) -> None:
    """Whoever asks with the time of the last entry they have, again and again, has all of them in the end."""
    authors = [fresh.hire(f"作者{n}", "rd") for n in range(3)]
    pulled: dict[str, dict[str, Any]] = {}

    def write(author: Actor) -> None:
        for _ in range(15):
            author.item()

    def pull(since: str | None) -> str | None:
        for entry in account(fresh.hr, **({"updated_since": since} if since else {})):
            assert pulled.setdefault(entry["id"], entry) == entry, "what was read never changes"
            since = entry["recorded_at"]
        return since

    since = None
    with ThreadPoolExecutor(3) as pool:
        writing = [pool.submit(write, author) for author in authors]
        pulls = 0
        while not all(one.done() for one in writing):
            since, pulls = pull(since), pulls + 1
        for one in writing:
            one.result()
    fresh.server.settle()
    pull(since)
    assert pulls > 3
    assert [*pulled.values()] == account(fresh.hr) and len(pulled) == 45


WRONG = [
    ({"updated_since": "yesterday"}, "?updated_since", "datetime_parsing"),
    ({"updated_since": "2026-01-01T00:00:00"}, "?updated_since", "timezone_aware"),
    ({"updated_since": "2026-01-01"}, "?updated_since", "datetime_parsing"),
    ({"updated_since": "1767225600"}, "?updated_since", "datetime_parsing"),
    ({"person": "me"}, "?person", "uuid_parsing"),
    ({"department": "1"}, "?department", "uuid_parsing"),
    ({"limit": 0}, "?limit", "greater_than_equal"),
    ({"limit": 101}, "?limit", "less_than_equal"),
    ({"format": "xml"}, "?format", "enum"),
    ({"order": "random"}, "?order", "literal_error"),
    ({"rule": "credited"}, "?rule", "unknown_parameter"),
    ({"offset": 3}, "?offset", "unknown_parameter"),
]


@pytest.mark.parametrize(("query", "pointer", "code"), WRONG, ids=str)
def test_wrong_questions(company: Company, query: dict[str, Any], pointer: str, code: str) -> None:
    refused = company.hr.rest.get("/contributions", params=query)
    assert refused.status_code == 422, refused.text
    assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [(pointer, code)]


def test_the_account_cannot_be_written(company: Company, scene: dict[str, Actor]) -> None:
    entry = account(scene["rd"])[0]
    before = company.server.sql("SELECT count(*) AS n, sum(weight) AS sum FROM contribution")[0]
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for path in ("/contributions", f"/contributions/{entry['id']}"):
            answer = company.admin.rest.request(method, path, json={}, headers={"If-Match": "*"})
            assert answer.status_code == 405, (method, path)
    assert company.server.sql("SELECT count(*) AS n, sum(weight) AS sum FROM contribution")[0] == before


def test_the_rules_are_the_same_through_both_doors(company: Company) -> None:
    rules = company.employee.rest.get("/contribution-rules").json()["items"]
    query = "{ contributionRules { id version weight shared name nameEn description descriptionEn } }"
    assert snake(company.employee.data(query)["contributionRules"]) == rules
    weights = {rule["id"]: rule["weight"] for rule in rules}
    assert weights == {
        "item_published": "3.00", "item_improved": "1.00", "idea_proposed": "2.00", "idea_adopted": "3.00",
        "idea_implemented": "5.00", "comment_written": "0.50", "review_given": "1.00", "credited": "2.00",
    }  # fmt: skip
    assert {rule["id"] for rule in rules if rule["shared"]} == {"idea_proposed", "idea_adopted", "idea_implemented"}
    used = company.server.sql("SELECT DISTINCT rule, rule_version FROM contribution")
    assert {(row["rule"], row["rule_version"]) for row in used} <= {(rule["id"], rule["version"]) for rule in rules}


def test_a_person_is_shown_whole_in_graphql(company: Company, scene: dict[str, Actor]) -> None:
    query = """query($p: ID) { contributions(filter: {person: $p}, first: 1) { edges { cursor node { id
      person { department { name } manager { name } } } } }
      contributionTotals(personId: $p, by: year, first: 1) { edges { cursor node { weight person { id name } } } } }"""
    found = company.hr.data(query, p=str(scene["rd"].id))
    assert found["contributions"]["edges"][0]["node"]["person"] == {"department": {"name": "rd"}, "manager": None}
    assert found["contributionTotals"]["edges"][0]["node"]["person"]["id"] == str(scene["rd"].id)
    assert UUID(found["contributions"]["edges"][0]["node"]["id"])
    assert isinstance(company.anonymous, httpx.Client)
