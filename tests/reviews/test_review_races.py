"""Several at the same moment: one review, one end, and no text that nobody approved enough."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import Actor, Company
from tests.reviews.reviewing import assignment, category, change, done, form, group, judge, policy, submit

ROUNDS = 6


def at_once(*acts: Callable[[], Any]) -> Sequence[Any]:
    """What is answered to those who act at the same moment, and come back when somebody else is at it."""

    def patient(act: Callable[[], Any]) -> Any:
        while (answer := act()).status_code == 503:
            time.sleep(0.1)
        return answer

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result() for future in [pool.submit(patient, act) for act in acts]]


def judging(actor: Actor, review: dict[str, Any], **said: Any) -> Callable[[], Any]:
    """What judges with one request, once it is called."""
    path = f"/review-assignments/{assignment(actor, review)}/judgements"
    return lambda: actor.rest.post(path, json={"verdict": "approve", **said})


def ends(company: Company, review: dict[str, Any]) -> int:
    """How often it was said that a review is over."""
    return int(
        company.server.sql(
            "SELECT count(*) FROM journal WHERE happened = 'review_ended' AND payload ->> 'review_id' = $1",
            review["id"],
        )[0][0]
    )


@pytest.fixture(scope="module")
def board(company: Company) -> tuple[Actor, list[Actor], str]:
    """An author, two who both must approve, and their category."""
    people = [company.hire("评审甲", "rd"), company.hire("评审乙", "rd")]
    place = category(company)
    policy(company, place, needs="quorum", quorum=2, groups=[group(company, *people)])
    return company.hire("作者", "rd"), people, place


def test_two_last_approvals(company: Company, board: Any) -> None:
    author, (one, other), place = board
    for _ in range(ROUNDS):
        item = author.item(publish=False, category_id=place)
        review = submit(author, item["id"])
        answers = at_once(judging(one, review, revision=1), judging(other, review, revision=1))
        assert [answer.status_code for answer in answers] == [201, 201]
        assert done(author.rest.get(f"/reviews/{review['id']}"))["state"] == "approved"
        assert ends(company, review) == 1
        published = company.server.sql(
            "SELECT count(*) FROM journal WHERE happened = 'knowledge_item_published' AND content_id = $1",
            UUID(item["id"]),
        )
        assert published[0][0] == 1


def test_an_approval_and_an_edit(company: Company, board: Any) -> None:
    author, (one, other), place = board
    outcomes = set()
    for number in range(2 * ROUNDS):
        item = author.item(publish=False, category_id=place, body="第一版")
        review = submit(author, item["id"])
        done(judge(one, review), 201)
        approve, edit = judging(other, review, revision=1), lambda id=item["id"]: change(author, id, body="第二版")
        said, edited = at_once(*((approve, edit) if number % 2 else (edit, approve)))[:: 1 if number % 2 else -1]
        assert edited.status_code == 200, edited.text
        shown = done(author.rest.get(f"/knowledge-items/{item['id']}"))
        if said.status_code == 201:
            # The approval came first; what was written then waits for its own.
            assert (shown["state"], shown["body"], shown["pending_revision"]) == ("published", "第一版", 2)
        else:
            assert (said.status_code, shown["state"]) == (409, "draft")
        outcomes.add(said.status_code)
    assert outcomes <= {201, 409}


def test_submitted_twice(company: Company, board: Any) -> None:
    author, _, place = board
    for _ in range(ROUNDS):
        item = author.item(publish=False, category_id=place)
        send = lambda id=item["id"]: author.rest.post(f"/content/{id}/reviews", json={})  # noqa: E731
        assert sorted(answer.status_code for answer in at_once(send, send)) == [201, 409]
        rows = company.server.sql("SELECT count(*) FROM review WHERE content_id = $1", UUID(item["id"]))
        assert rows[0][0] == 1


def test_declined_and_judged(company: Company, board: Any) -> None:
    """The same person from two windows: either they judged, or they declined."""
    author, (one, _), place = board
    for _ in range(ROUNDS):
        review = submit(author, author.item(publish=False, category_id=place)["id"])
        path = f"/review-assignments/{assignment(one, review)}"
        said, declined = at_once(
            judging(one, review, revision=1), lambda path=path: one.rest.post(f"{path}/decline", json={"reason": "忙"})
        )
        # Who has declined is no longer a reader, and so is not asked about the state.
        assert (said.status_code, declined.status_code) in ((201, 409), (403, 200)), (said.text, declined.text)
        state = done(one.rest.get(path))["state"]
        assert state == ("given" if said.status_code == 201 else "declined")
        row = company.server.sql("SELECT count(*) FROM review_judgement WHERE review_id = $1", UUID(review["id"]))
        assert row[0][0] == (1 if said.status_code == 201 else 0)


def test_decided_as_it_closes(company: Company) -> None:
    """One decides while the last judge judges: not before it is over, and then on its advice, and once."""
    place, scored, judge_ = category(company), form(company), company.hire("评委", "rd")
    policy(company, place, kind="idea", groups=[group(company, judge_)], form_id=scored["id"])
    author, committee, second = company.hire("作者", "rd"), company.committee, company.admin
    scores = [{"criterion_id": one["id"], "score": 5, "comment": "好"} for one in scored["current"]["criteria"]]
    for _ in range(ROUNDS):
        idea = done(author.rest.post("/ideas", json={"title": "谁先", "category_id": place}), 201)
        review = submit(committee, idea["id"])
        path = f"/review-assignments/{assignment(judge_, review)}/judgements"
        deciding = [
            lambda who=who, id=idea["id"]: who.rest.post(f"/ideas/{id}/decision", json={"outcome": "approved"})
            for who in (committee, second)
        ]
        said, *decided = at_once(
            lambda path=path: judge_.rest.post(path, json={"revision": 1, "scores": scores}), *deciding
        )
        assert said.status_code == 201, said.text
        assert sorted(one.status_code for one in decided) in ([200, 409], [409, 409]), [one.text for one in decided]
        rows = company.server.sql("SELECT advice FROM idea_decision WHERE content_id = $1", UUID(idea["id"]))
        assert [row["advice"] for row in rows] == ["approve"] * sum(one.status_code == 200 for one in decided)
        assert company.server.sql("SELECT judged_by FROM idea WHERE content_id = $1", UUID(idea["id"]))[0][0] == 0


steps = st.lists(st.sampled_from(["edit", "甲", "乙", "丙", "stale", "same"]), min_size=3, max_size=12)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps, st.booleans())
def test_an_edit_voids_whatever_was_said_before(company: Company, trio: Any, script: list[str], shown: bool) -> None:
    """Whatever the order of edits and approvals: what readers get has two approvals of exactly that text."""
    author, people, free, place = trio
    item = author.item(publish=shown, category_id=free, body="0")
    # Into the policy: what is published by somebody else, who manages it.
    done(change(company.manager if shown else author, item["id"], category_id=place))
    if shown:
        done(change(author, item["id"], body="1"))
    review = submit(author, item["id"])
    listed = done(author.rest.get(f"/reviews/{review['id']}/assignments"))["items"]
    (third,) = {str(person.id) for person in people.values()} - {one["person"]["id"] for one in listed}
    done(company.manager.rest.post(f"/reviews/{review['id']}/assign", json={"person_id": third}))
    latest, approvals, bodies = (2 if shown else 1), set[str](), {1: "0", 2: "1"}
    visible = 1 if shown else 0
    for number, step in enumerate(script):
        if step == "edit":
            latest += 1
            bodies[latest] = f"第 {number} 步"
            done(change(author, item["id"], body=bodies[latest]))
            approvals = set()
        elif step == "same":
            done(change(author, item["id"], body=bodies[latest]))
        else:
            who = people.get(step) or people["甲"]
            revision = latest - 1 if step == "stale" else latest
            path = f"/review-assignments/{assignment(who, review)}/judgements"
            answer = who.rest.post(path, json={"revision": max(revision, 1), "verdict": "approve"})
            if max(revision, 1) != latest:
                assert answer.status_code == 409
                continue
            done(answer, 201)
            approvals.add(who.name)
        if len(approvals) == 2:
            visible = latest
            break
    reader = done(company.colleague.rest.get(f"/knowledge-items/{item['id']}")) if visible else None
    assert visible or company.colleague.rest.get(f"/knowledge-items/{item['id']}").status_code == 404
    state = done(author.rest.get(f"/reviews/{review['id']}"))
    assert state["state"] == ("approved" if len(approvals) == 2 else "open")
    if reader:
        assert (reader["revision"], reader["body"]) == (visible, bodies[visible])
    if state["state"] == "open":
        assert state["progress"]["approvals"] == len(approvals)


@pytest.fixture(scope="module")
def trio(company: Company) -> tuple[Actor, dict[str, Actor], str, str]:
    """An author, three of whom two must approve, a category without a policy and one with."""
    people = {name: company.hire(name, "rd") for name in "甲乙丙"}
    place = category(company)
    policy(company, place, needs="quorum", quorum=2, groups=[group(company, *people.values())])
    return company.hire("作者", "rd_pressure"), people, category(company), place
