"""A new text of something published waits for its review: who sees it, and what it changes for others: nothing."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.access.world import fingerprint
from tests.conftest import Actor, Company
from tests.events.following import heard
from tests.reviews.reviewing import category, change, done, group, judge, owed, policy, submit

from kshare.core.database import Database
from kshare.core.settings import Settings
from kshare.importing.files import Document
from kshare.importing.items import Defaults, Importer, Outcome, Unreadable

SECRET = "还没有人审过的字"


@dataclass
class Held:
    """A published item under a policy, its reviewer, and a new text that waits."""

    company: Company
    author: Actor
    reviewer: Actor
    place: str
    item: dict[str, Any]

    @property
    def path(self) -> str:
        return f"/knowledge-items/{self.item['id']}"

    def hold(self, **fields: Any) -> dict[str, Any]:
        return done(change(self.author, self.item["id"], **(fields or {"body": f"{SECRET}\n第二行"})))

    def submit(self) -> dict[str, Any]:
        return submit(self.author, self.item["id"])


@pytest.fixture
def held(company: Company) -> Held:
    author, reviewer = company.hire("作者", "rd_pressure"), company.hire("评审员", "rd")
    place = category(company)
    item = author.item(category_id=place, title="校准规程", body="原文\n第二行")
    policy(company, place, groups=[group(company, reviewer)])
    return Held(company, author, reviewer, place, item)


def print_of(company: Company) -> Any:
    company.server.settle()
    return fingerprint(company.server)


def everything(actor: Actor, held: Held, *numbers: int) -> dict[str, Any]:
    """All that somebody is told of an item, through both doors, with the ETags."""
    actor.server.settle()
    get, id = actor.rest.get, held.item["id"]
    paths = [
        held.path, f"{held.path}?include=body_html", f"{held.path}/revisions", f"{held.path}/diff?from=1&to=2",
        f"/knowledge-items?category={held.place}", f"/knowledge-items?category={held.place}&order=recently_changed",
        f"/search?q={SECRET}", "/search?q=校准规程", f"/content/{id}/access", f"/reviews?content={id}",
        *(f"{held.path}/revisions/{number}" for number in numbers),
    ]  # fmt: skip
    told: dict[str, Any] = {}
    for path in paths:
        answer = get(path)
        told[path] = (answer.status_code, answer.headers.get("etag"), answer.json() if answer.content else None)
        if answer.status_code >= 400:
            told[path] = answer.status_code
        elif path.startswith("/search"):
            told[path] = [hit["content"]["id"] for hit in answer.json()["items"] if hit["content"]["id"] == id]
    query = """query($id: ID!) { knowledgeItem(id: $id) { version revision pendingRevision body updatedAt permissions }
      node(id: $id) { ... on KnowledgeItem { version title } }
      revisions(contentId: $id) { totalCount nodes { number title } } reviews(filter: { content: $id }) { totalCount } }
      """
    told["graphql"] = actor.data(query, id=id)
    two = "query($id: ID!) { difference(contentId: $id, before: 1, after: 2) { toTitle } }"
    told["difference"] = actor.graphql(two, id=id).get("data")
    told["events"] = events(actor, id)
    return told


TYPES = ["created", "published", "revised", "changed", "revision_held"]


def events(actor: Actor, id: str) -> list[dict[str, Any]]:
    """All that the feed tells somebody of an item."""
    types = [*(f"knowledge_item_{name}" for name in TYPES), "review_ended"]
    return [event for event in heard(actor, types) if id in str(event)]


def test_readers_keep_the_text_they_have_byte_for_byte(held: Held) -> None:
    company = held.company
    stranger, committee = company.colleague, company.committee
    before = everything(stranger, held, 1, 2, 3)
    first = held.hold(title="校准规程（新）", body=f"{SECRET}\n第二行", note="改了步骤")
    assert (first["pending_revision"], first["revision"], first["body"]) == (2, 1, "原文\n第二行")
    second = held.hold(summary="更短")
    assert (second["pending_revision"], second["summary"]) == (3, "")
    assert everything(stranger, held, 1, 2, 3) == before
    review = held.submit()
    assert review["subject"]["title"] == "校准规程（新）"
    assert (review["summary"], review["revision"]) == ("更短", 3), "goes on from the text that waited"
    assert everything(stranger, held, 1, 2, 3) == before
    assert held.reviewer.rest.get(f"{held.path}/revisions/2").status_code == 404, "what was never submitted"
    assert done(held.reviewer.rest.get(f"{held.path}/revisions/3"))["title"] == "校准规程（新）"
    done(judge(held.reviewer, review, "reject", comment="步骤三不对"), 201)
    assert everything(stranger, held, 1, 2, 3) == before, "nor what was rejected"
    assert committee.rest.get(f"{held.path}/revisions/3").status_code == 404
    for sees in (held.author, company.manager):
        assert done(sees.rest.get(f"{held.path}/revisions/3"))["summary"] == "更短"
        assert SECRET in str(done(sees.rest.get(f"{held.path}/diff", params={"from": 1, "to": 3})))
    held.hold(body="改好的正文")
    again = held.submit()
    assert everything(stranger, held, 1, 2, 3, 4) == before | {f"{held.path}/revisions/4": 404}
    done(judge(held.reviewer, again), 201)
    company.server.settle()
    shown = done(stranger.rest.get(held.path))
    assert (shown["body"], shown["title"], shown["revision"]) == ("改好的正文", "校准规程（新）", 4)
    assert (shown["pending_revision"], shown["updated_at"] > held.item["updated_at"]) == (None, True)
    numbers = [one["number"] for one in done(stranger.rest.get(f"{held.path}/revisions"))["items"]]
    assert numbers == [4, 1], "neither of those that did not pass"
    assert SECRET not in str(list(everything(stranger, held, 1, 2, 3, 4).values()))
    data = stranger.data("query($id: ID!) { revisions(contentId: $id) { nodes { number } } }", id=held.item["id"])
    assert [one["number"] for one in data["revisions"]["nodes"]] == [4, 1]
    told = [one["type"] for one in events(stranger, held.item["id"])]
    assert sorted(told) == ["knowledge_item_created", "knowledge_item_published", "knowledge_item_revised"]


def test_whoever_writes_at_it_learns_of_each_other(held: Held) -> None:
    """The version that writers see counts each text that is held back, and never goes back; readers see it without."""
    company, id = held.company, held.item["id"]
    seen: list[int] = []

    def tag() -> str | None:
        answer = held.author.rest.get(held.path)
        seen.append(answer.json()["version"])
        return str(answer.headers["etag"])

    old = tag()
    assert old
    first = held.author.rest.patch(held.path, json={"body": "甲"}, headers={"If-Match": old})
    assert first.status_code == 200
    late = company.manager.rest.patch(held.path, json={"body": "乙"}, headers={"If-Match": old})
    assert (late.status_code, late.json()["current_version"]) == (412, first.json()["version"])
    assert late.headers["etag"].split("-")[0] == first.headers["etag"].split("-")[0]
    update = """mutation($id: ID!, $v: Int!, $b: String!) {
      updateKnowledgeItem(id: $id, expectedVersion: $v, input: { body: $b }) { version pendingRevision } }"""
    stale = company.manager.graphql(update, id=id, v=seen[0], b="乙")
    assert stale["errors"][0]["extensions"]["current_version"] == first.json()["version"]
    second = company.manager.data(update, id=id, v=first.json()["version"], b="乙")["updateKnowledgeItem"]
    assert second["pendingRevision"] == 3
    tag()
    assert done(company.colleague.rest.get(held.path))["version"] == seen[0]
    done(change(held.author, id, tags=[f"签{uuid4().hex[:6]}"]))
    tag()
    done(judge(held.reviewer, held.submit()), 201)
    tag()
    done(change(held.author, id, language="en"))
    tag()
    assert seen == sorted(set(seen)), seen
    assert done(company.colleague.rest.get(held.path))["version"] == seen[-1]


def test_only_the_text_is_held_back(held: Held) -> None:
    tag = f"签{uuid4().hex[:6]}"
    answer = held.hold(title="新题", tags=[tag], language="en", audience=[str(held.company.colleague.id)])
    assert (answer["title"], answer["language"], answer["pending_revision"]) == ("校准规程", "en", 2)
    assert [one["name"] for one in answer["tags"]] == [tag]
    assert held.company.outsider.rest.get(held.path).status_code == 404
    held.company.server.settled()
    told = {one["type"]: one["payload"] for one in events(held.author, held.item["id"])}
    assert told["knowledge_item_changed"]["fields"] == ["audience", "language", "tags"]
    assert told["knowledge_item_revision_held"]["revision"] == 2
    assert "knowledge_item_revised" not in told
    same = held.hold(title="新题")
    assert (same["pending_revision"], same["version"]) == (2, answer["version"]), "the newest text already"


def test_an_earlier_text_is_held_back_as_well(held: Held) -> None:
    review_of = held.hold(body="第二版")
    done(judge(held.reviewer, held.submit()), 201)
    assert review_of["pending_revision"] == 2
    restore = "mutation($id: ID!) { restoreKnowledgeItemRevision(id: $id, input: { revision: 1 }) { body revision } }"
    restored = held.author.data(restore, id=held.item["id"])["restoreKnowledgeItemRevision"]
    assert restored == {"body": "第二版", "revision": 2}
    before = print_of(held.company)
    missing = held.company.rd_manager.rest.post(f"{held.path}/restore", json={"revision": 9})
    assert missing.status_code == 404
    assert held.company.colleague.rest.post(f"{held.path}/restore", json={"revision": 3}).status_code == 403
    assert fingerprint(held.company.server) == before
    done(judge(held.reviewer, held.submit()), 201)
    assert done(held.company.colleague.rest.get(held.path))["body"] == "原文\n第二行"


def test_without_the_policy_it_is_published_by_hand(held: Held) -> None:
    held.hold(body="等着的一版")
    path = f"{held.path}/publish"
    before = print_of(held.company)
    assert held.author.rest.post(path).json()["policy"]["needs"] == "one"
    assert fingerprint(held.company.server) == before
    review = held.submit()
    held.company.server.sql("DELETE FROM review_policy WHERE category_id = $1", UUID(held.place))
    before = print_of(held.company)
    during = held.author.rest.post(path)
    assert (during.status_code, during.json()["review_id"]) == (409, review["id"])
    assert fingerprint(held.company.server) == before
    # A review goes on under the rule that it began with: what is written meanwhile waits for it, too.
    assert held.hold(body="再改一版")["pending_revision"] == 3
    done(held.author.rest.post(f"/reviews/{review['id']}/withdraw", json={}))
    shown = done(held.author.rest.post(path))
    assert (shown["body"], shown["pending_revision"], shown["revision"]) == ("再改一版", None, 3)
    assert done(held.company.colleague.rest.get(held.path))["body"] == "再改一版"
    assert held.hold(body="直接改")["body"] == "直接改", "nothing is held back any more"


def test_archived_and_published_again(held: Held) -> None:
    done(held.author.rest.post(f"{held.path}/archive"))
    done(held.author.rest.post(f"{held.path}/publish"))
    done(held.author.rest.post(f"{held.path}/archive"))
    assert held.hold(body="归档时改的")["body"] == "原文\n第二行"
    before = print_of(held.company)
    assert held.author.rest.post(f"{held.path}/publish").status_code == 409
    assert fingerprint(held.company.server) == before
    review = held.submit()
    before = print_of(held.company)
    assert held.author.rest.post(f"{held.path}/archive").status_code == 409
    assert fingerprint(held.company.server) == before
    done(judge(held.reviewer, review), 201)
    shown = done(held.company.colleague.rest.get(held.path))
    assert (shown["state"], shown["body"]) == ("published", "归档时改的")
    done(held.author.rest.post(f"{held.path}/archive"))
    before = print_of(held.company)
    again = held.author.rest.post(f"/content/{held.item['id']}/reviews", json={})
    assert (again.status_code, "publish it again" in again.text) == (409, True)
    assert fingerprint(held.company.server) == before


@pytest.mark.parametrize("what", ["category_id", "kind"])
def test_moving_is_no_way_around(held: Held, what: str) -> None:
    """Neither out of a policy nor into one; nor while it is reviewed. Whoever manages what others wrote moves it."""
    company, free = held.company, category(held.company)
    out = {"category_id": free} if what == "category_id" else {"kind": "insight"}
    if what == "kind":
        company.server.sql("UPDATE review_policy SET variety = 'sop' WHERE category_id = $1", UUID(held.place))
    before = print_of(company)
    assert change(held.author, held.item["id"], **out).status_code == 403
    assert fingerprint(company.server) == before
    elsewhere = held.author.item(**{"category_id": held.place, "kind": "sop", **out})
    into = {"category_id": held.place} if what == "category_id" else {"kind": "sop"}
    before = print_of(company)
    assert change(held.author, elsewhere["id"], **into).status_code == 403
    assert fingerprint(company.server) == before
    draft = held.author.item(publish=False, category_id=held.place)
    done(change(held.author, draft["id"], **out))
    done(change(held.author, draft["id"], **into))
    submit(held.author, draft["id"])
    before = print_of(company)
    assert change(held.author, draft["id"], **out).status_code == 409
    assert fingerprint(company.server) == before
    own = company.manager.item(publish=False, category_id=held.place)
    done(judge(held.reviewer, submit(company.manager, own["id"])), 201)
    before = print_of(company)
    assert change(company.manager, own["id"], **out).status_code == 403, "not one's own, whoever one is"
    assert fingerprint(company.server) == before
    moved = done(change(company.manager, held.item["id"], **out))
    assert (moved["category"]["id"], moved["kind"]) in {(free, "sop"), (held.place, "insight")}
    done(change(company.manager, elsewhere["id"], **into))


# ---- other ways in --------------------------------------------------------------------------------------------------


def test_a_nightly_job_is_simply_run_again(held: Held) -> None:
    author, place = held.author, f"/knowledge-items/by-external-id/erp/{uuid4().hex}"
    ask = {"kind": "sop", "title": "来自 ERP", "category_id": held.place, "body": "一", "publish": True}
    before = print_of(held.company)
    refused = author.rest.put(place, json=ask)
    assert (refused.status_code, refused.json()["policy"]["needs"]) == (409, "one")
    assert fingerprint(held.company.server) == before
    made = done(author.rest.put(place, json=ask | {"publish": False}), 201)
    before = print_of(held.company)
    assert author.rest.put(place, json=ask).status_code == 409, "it waits for somebody to submit it"
    assert fingerprint(held.company.server) == before
    review = submit(author, made["id"])
    before = print_of(held.company)
    for _ in range(2):
        same = done(author.rest.put(place, json=ask))
        assert (same["state"], same["revision"]) == ("draft", 1)
    held.company.server.settle()
    assert fingerprint(held.company.server) == before, "what is equal stays as it is"
    assert done(author.rest.put(place, json=ask | {"body": "二"}))["revision"] == 2
    done(judge(held.reviewer, review), 201)
    for night in range(2):
        again = done(author.rest.put(place, json=ask | {"body": "三"}))
        assert (again["state"], again["body"], again["pending_revision"]) == ("published", "二", 3), night
    second = submit(author, made["id"])
    before = print_of(held.company)
    assert done(author.rest.put(place, json=ask | {"body": "三"}))["pending_revision"] == 3
    held.company.server.settle()
    assert fingerprint(held.company.server) == before
    done(judge(held.reviewer, second, "request_changes"), 201)
    assert done(author.rest.put(place, json=ask | {"body": "三"}))["body"] == "二"
    moved = author.rest.put(place, json=ask | {"category_id": category(held.company), "body": "四"})
    assert moved.status_code == 403
    assert done(author.rest.get(place))["pending_revision"] == 3


def test_a_batch_answers_each_for_itself(held: Held) -> None:
    author, name = held.author, uuid4().hex
    items = [
        {"kind": "sop", "title": "要审", "category_id": held.place, "publish": True},
        {"kind": "sop", "title": "草稿", "category_id": held.place},
        {"kind": "sop", "title": "不用审", "publish": True},
        {"kind": "sop", "title": "命名", "category_id": held.place, "external_source": "erp", "external_id": name},
        {"kind": "sop", "title": "又一个要审", "category_id": held.place, "publish": True},
    ]
    for _ in range(2):
        answer = author.rest.post("/knowledge-items:batch", json={"items": items})
        statuses = [one["status"] for one in answer.json()["items"]]
        assert statuses in ([409, 201, 201, 201, 409], [409, 201, 201, 200, 409])
        assert answer.json()["items"][0]["problem"]["policy"]["needs"] == "one"
    items[3] |= {"publish": True, "body": "改了"}
    id = done(author.rest.get(f"/knowledge-items/by-external-id/erp/{name}"))["id"]
    submit(author, id)
    answer = author.rest.post("/knowledge-items:batch", json={"items": items})
    assert [one["status"] for one in answer.json()["items"]] == [409, 201, 201, 200, 409]
    assert done(author.rest.get(f"/knowledge-items/{id}"))["revision"] == 2


def test_what_is_imported_waits_for_its_review(held: Held) -> None:
    name, source = f"{uuid4().hex}.md", f"files-{uuid4().hex[:6]}"

    def store(body: str, name: str = name, **front: Any) -> Outcome:
        async def run() -> Outcome:
            database = Database(held.company.server.database_url, Settings(_env_file=None))
            await database.open()
            try:
                found = await Importer(database, Defaults(source=source)).store(name, document(body, front))
            finally:
                await database.close()
            return found

        outcome: Outcome = held.company.server.loop.run(run())
        return outcome

    def document(body: str, front: Any) -> Document:
        named = done(held.author.rest.get(f"/categories/{held.place}"))["name"]
        about = {"category": named, "kind": "sop", "author": f"{held.author.id}@example.com", **front}
        return Document(front=about, title="导入的规程", body=body, language="zh", digest=body)

    assert store("一") is Outcome.waiting
    assert store("一") is Outcome.unchanged
    place = f"/knowledge-items/by-external-id/{source}/{name}"
    item = done(held.author.rest.get(place))
    assert (item["state"], item["published_at"]) == ("draft", None)
    done(judge(held.reviewer, submit(held.author, item["id"])), 201)
    assert store("二") is Outcome.waiting
    shown = done(held.author.rest.get(place))
    assert (shown["state"], shown["body"], shown["pending_revision"]) == ("published", "一", 2)
    before = print_of(held.company)
    with pytest.raises(Unreadable, match="reviewed"):
        store("三", f"another-{name}", author=None)
    assert fingerprint(held.company.server) == before


def test_the_desk_shows_the_text_that_waits(held: Held) -> None:
    held.hold(title="新题目")
    review = held.submit()
    (entry,) = [one for one in owed(held.reviewer) if one["review"]["id"] == review["id"]]
    assert entry["review"]["subject"]["title"] == "新题目"
    assert entry["review"]["subject"]["state"] == "published"
