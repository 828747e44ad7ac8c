"""What is anonymous is reviewed like everything else, and that tells nobody whose it is."""

import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from tests.access.world import fingerprint
from tests.conftest import Actor, Company
from tests.reviews.reviewing import assignment, category, change, done, group, judge, owed, policy, submit

from kshare.core.principal import ANONYMOUS_ID

NOBODY = str(ANONYMOUS_ID)


def today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}T00:00:00"


@pytest.fixture
def scene(fresh: Company) -> tuple[Company, Actor, Actor, dict[str, Any]]:
    """An item of somebody who is not shown, from before there was a policy, and another who may be asked as well."""
    author, other = fresh.hire("不署名的人", "rd"), fresh.hire("另一位评审", "rd")
    place = category(fresh)
    ask = {"kind": "insight", "title": "匿名经验", "body": "原文", "category_id": place, "anonymous": True}
    item = done(author.rest.post("/knowledge-items", json=ask | {"publish": True}), 201)
    policy(fresh, place, needs="all", groups=[group(fresh, author, other)])
    return fresh, author, other, item


def test_a_category_that_is_reviewed_takes_nothing_anonymous(scene: Any) -> None:
    company, author, _, item = scene
    company.server.settle()
    before = fingerprint(company.server)
    ask = {"kind": "insight", "title": "又一条", "category_id": item["category"]["id"], "anonymous": True}
    refused = author.rest.post("/knowledge-items", json=ask | {"publish": True})
    assert (refused.status_code, "cannot be a draft" in refused.json()["detail"]) == (409, True)
    assert author.rest.post("/knowledge-items", json=ask).status_code == 422
    company.server.settle()
    assert fingerprint(company.server) == before


def test_its_author_submits_it_by_the_day(scene: Any) -> None:
    company, author, other, item = scene
    held = done(change(author, item["id"], body="新文", note="补充"))
    assert held["pending_revision"] == 2
    review = submit(author, item["id"])
    assert review["submitted_at"][:19] == today() and review["permissions"] == ["withdraw"]
    row = company.server.sql("SELECT * FROM review WHERE id = $1", UUID(review["id"]))[0]
    assert (row["submitted_by"], row["submitted_at"].isoformat()[:19]) == (ANONYMOUS_ID, today())
    seen = done(other.rest.get(f"/reviews/{review['id']}"))
    assert (seen["subject"]["author"]["id"], seen["body"]) == (NOBODY, "新文")
    company.server.settled()
    journal = company.server.sql("SELECT happened, actor_id, at FROM journal WHERE content_id = $1", UUID(item["id"]))
    by = {(row["happened"], str(row["actor_id"]), row["at"].isoformat()[11:19]) for row in journal}
    acts = ("created", "published", "revision_held")
    expected = {(f"knowledge_item_{act}", NOBODY, "00:00:00") for act in acts}
    assert by >= {*expected, ("review_submitted", NOBODY, "00:00:00"), ("review_assigned", NOBODY, "00:00:00")}
    assert {actor for _, actor, _ in by} == {NOBODY}
    taken = done(author.rest.post(f"/reviews/{review['id']}/withdraw", json={}))
    assert (taken["state"], taken["closed_at"][:19]) == ("withdrawn", today())
    rows = company.server.sql("SELECT state, closed_at FROM review_assignment")
    assert {(row["state"], row["closed_at"].isoformat()[:19]) for row in rows} == {("released", today())}


def traces(company: Company, person: Actor) -> Counter[str]:
    """Every row that says something of a person; ids and times are left out, which differ for everybody."""
    found: Counter[str] = Counter()
    tables = company.server.sql(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    for (table,) in tables:
        if table in ("person", "api_key", "membership"):
            continue
        for (text,) in company.server.sql(f"SELECT to_jsonb(t)::text AS row FROM {table} t"):
            if str(person.id) in text:
                plain = text.replace(str(person.id), "WHO").replace(person.name, "WHO")
                plain = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", plain)
                plain = re.sub(r"\d{4}-\d\d-\d\dT[0-9:.]+\+00:00", "TIME", plain)
                found[f"{table}: " + re.sub(r"\d+", "0", plain)] += 1
    return found


@pytest.mark.parametrize("way", ["decline", "conflict", "delegate"])
def test_who_is_asked_and_steps_back_may_be_its_author_or_not(scene: Any, way: str) -> None:
    """Everything that the tables say of the author's stepping back, they say of the other's."""
    company, author, other, item = scene
    extra = [company.hire(f"候补{number}", "rd") for number in range(2)]
    for one in extra:
        path = f"/groups/{company.server.sql('SELECT groups[1] FROM review_policy')[0][0]}/members/{one.id}"
        assert company.hr.rest.put(path).status_code < 300
    company.server.sql("UPDATE review_policy SET needs = 'quorum', quorum = 2, expertise = 0")
    done(change(author, item["id"], body="新文"))
    # Those two and nobody else: as much lies on the desks of the others as it takes.
    company.server.sql("UPDATE person SET active = false WHERE id = ANY($1)", [one.id for one in extra])
    review = submit(author, item["id"])
    company.server.sql("UPDATE person SET active = true WHERE id = ANY($1)", [one.id for one in extra])
    company.server.application.sign_in.forget()
    for person, stand_in in ((author, extra[0]), (other, extra[1])):
        (owes,) = owed(person)
        assert {"decline", "delegate", "declare_conflict"} <= set(owes["permissions"])
        body = {"reason": "这次不合适"} | ({"person_id": str(stand_in.id)} if way == "delegate" else {})
        done(person.rest.post(f"/review-assignments/{owes['id']}/{way}", json=body))
    company.server.settle()
    assert traces(company, author) == traces(company, other)
    assert sum(traces(company, author).values()) > 3
    seen = done(author.rest.get(f"/reviews/{review['id']}"))
    assert (seen["state"], seen["asked"]) == ("open", 2)


def test_its_author_may_not_judge_it_and_says_nothing_by_stepping_back(scene: Any) -> None:
    """Here the author's stepping back is what completes the review: kshare shows the text, and nobody by name."""
    company, author, other, item = scene
    done(change(author, item["id"], body="新文"))
    review = submit(author, item["id"])
    assert review["required"] == 2, "or who is left out would be known"
    own = f"/review-assignments/{assignment(author, review)}"
    company.server.settle()
    before = fingerprint(company.server)
    refused = author.rest.post(f"{own}/judgements", json={"revision": 2, "verdict": "approve"})
    assert refused.status_code == 403
    ask = "mutation($id: ID!) { giveReviewJudgement(id: $id, input: { revision: 2, verdict: approve }) { id } }"
    assert author.graphql(ask, id=own.split("/")[2])["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert "judge" not in done(author.rest.get(own))["permissions"]
    company.server.settle()
    assert fingerprint(company.server) == before
    done(judge(other, review), 201)
    done(author.rest.post(f"{own}/decline", json={"reason": "这次不合适"}))
    shown = done(company.colleague.rest.get(f"/knowledge-items/{item['id']}"))
    assert (shown["body"], shown["author"]["id"]) == ("新文", NOBODY)
    said = done(author.rest.get(f"/reviews/{review['id']}/judgements"))["items"]
    assert [one["verdict"] for one in said] == ["approve"], "it is still its author's, who reads what was said"
    company.server.settle()
    ended = company.server.sql(
        "SELECT happened, actor_id FROM journal WHERE content_id = $1 AND happened = ANY($2)",
        UUID(item["id"]), ["review_ended", "knowledge_item_revised"],
    )  # fmt: skip
    system = "00000000-0000-7000-8000-000000000002"
    assert {str(row["actor_id"]) for row in ended} == {system} and len(ended) == 2


def test_who_comes_with_a_key_of_somebody_elses_making_judges_nothing_anonymous(scene: Any) -> None:
    """Such a key does not tell who wrote it: its author could otherwise approve it."""
    company, author, other, item = scene
    done(change(author, item["id"], body="新文"))
    review = submit(author, item["id"])
    scopes = ["content_read", "review", "knowledge_write"]
    for person in (author, other):
        asked = {"name": "借来的", "scopes": scopes, "person_id": str(person.id)}
        key = done(company.admin.rest.post("/keys", json=asked), 201)["key"]
        borrowed = Actor(company.server, person.id, person.name, key, person.department_id)
        path = f"/review-assignments/{assignment(person, review)}/judgements"
        company.server.settle()
        before = fingerprint(company.server)
        answer = borrowed.rest.post(path, json={"revision": 2, "verdict": "approve"})
        assert (answer.status_code, "of your own" in answer.json()["detail"]) == (403, True), person.name
        company.server.settle()
        assert fingerprint(company.server) == before
    done(judge(other, review), 201)
