"""Blindness in one world: what is read stays as it is, byte for byte, and what may be seen is seen just then."""

import base64
import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID

import orjson
import pytest
from tests.conftest import Company, Loop, cloned_database, found_company, live_server
from tests.events.following import server_sent
from tests.reviews.reviewing import done
from tests.reviews.scenes import COMPARED, SCORED, Scene
from tests.reviews.scripts import SAID
from tests.reviews.watching import everything, heard, seldom_collected, told

ALL = ("规范", "点子", *SCORED)


@pytest.fixture(scope="module")
def alone(postgres_url: str, loop: Loop) -> Iterator[Company]:
    """A company in which nobody else does anything."""
    with seldom_collected(), cloned_database(postgres_url, loop) as url, live_server(url, loop) as server:
        yield found_company(server)


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return itertools.count()


@pytest.fixture
def scene(alone: Company, numbers: Iterator[int]) -> Scene:
    scene = Scene(alone, next(numbers)).build()
    for content in ("规范", "点子"):
        assert scene.submit("", content).status_code == 201
    scene.open_panels()
    return scene


def gives(scene: Scene, name: str, content: str, said: int = 0) -> dict[str, Any]:
    return done(scene.judge("", name, content, SAID[said]), 201)


def refused(scene: Scene, name: str, path: str, **body: Any) -> int:
    return scene.people[name].rest.post(path, json=body).status_code


def judges_seen(scene: Scene, name: str, content: str) -> list[tuple[str | None, int, bool]]:
    """Whose judgements somebody sees, of which text, and whether it is the last one; the same through both doors."""
    actor, review = scene.people[name], scene.reviews[content]
    answer = actor.rest.get(f"/reviews/{review}/judgements")
    query = "query($r: ID!) { reviewJudgements(reviewId: $r) { totalCount nodes { revision current judge { id } } } }"
    data = actor.graphql(query, r=review)["data"]
    if answer.status_code == 404:
        assert data is None
        return []
    names = {str(one.id): called for called, one in scene.people.items()}
    items = answer.json()["items"]
    nodes = data["reviewJudgements"]["nodes"]
    assert [(one["revision"], one["current"], one["judge"] and one["judge"]["id"]) for one in nodes] == [
        (one["revision"], one["current"], one["judge"] and one["judge"]["id"]) for one in items
    ]
    assert data["reviewJudgements"]["totalCount"] == len(items)
    return sorted((one["judge"] and names[one["judge"]["id"]], one["revision"], one["current"]) for one in items)


def read(scene: Scene, name: str, content: str) -> dict[str, Any]:
    return done(scene.people[name].rest.get(f"/reviews/{scene.reviews[content]}"))


def test_nothing_moves_when_somebody_judges(scene: Scene) -> None:
    secrets = [("甲", 1, content) for content in ALL]
    near = everything(scene.things(secrets, ("乙", "庚")), scene.word, near=True)
    far = everything(scene.things(secrets), scene.word)
    readers = {"乙": near, "庚": near, "发明人": near, "读者": near, "旁观": far}
    with ExitStack() as streams:
        heard_by = {name: streams.enter_context(server_sent(scene.people[name])) for name in (*readers, "甲")}
        with scene.unheard(readers):
            for content in ALL:
                gives(scene, "甲", content)
            gives(scene, "甲", "点子", 1)
        heard_by["甲"].wait(lambda: len(heard_by["甲"].sent) >= 5)
        assert {one.event for one in heard_by["甲"].sent} == {"review_judged"}
        assert {name: heard_by[name].sent for name in readers} == {name: [] for name in readers}
    given = scene.company.server.sql(
        "SELECT readers, actor_id FROM journal WHERE happened = 'review_judged' AND actor_id = $1",
        scene.people["甲"].id,
    )
    assert [list(row["readers"]) for row in given] == [[scene.people["甲"].id]] * 5


def test_what_others_prefer_moves_nothing_not_even_the_next_pair(scene: Scene) -> None:
    """Which two were compared is known, as long as it is not by whom, and how (docs/adr/0008-reviews.md)."""
    first, second = COMPARED[:2]
    said = done(scene.compare("", "丁", first, second, "first"), 201)
    requests = everything(scene.things([("丁", 1, first)], ("乙",)), scene.word, near=True)
    assert any("next" in one.label for one in requests)
    comparison = f"/review-comparisons/{said['id']}"
    scene.company.server.settle()
    before = {name: told(scene.people[name], requests) for name in ("乙", "旁观", "庚")}
    for outcome in ("second", "tie"):
        assert scene.people["丁"].rest.delete(comparison).is_success
        again = done(scene.compare("", "丁", first, second, outcome), 201)
        comparison = f"/review-comparisons/{again['id']}"
        scene.company.server.settle()
        for name, answers in before.items():
            assert told(scene.people[name], requests) == answers, name


def test_whoever_has_judged_sees_what_was_said_of_texts_as_old(scene: Scene) -> None:
    gives(scene, "甲", "点子")
    assert judges_seen(scene, "甲", "点子") == [("甲", 1, True)]
    assert judges_seen(scene, "乙", "点子") == []
    assert read(scene, "乙", "点子")["progress"] is None
    assert read(scene, "甲", "点子")["progress"]["given"] == 1
    gives(scene, "乙", "点子", 1)
    assert judges_seen(scene, "乙", "点子") == judges_seen(scene, "甲", "点子") == [("乙", 1, True), ("甲", 1, True)]

    assert scene.edit("", "点子").status_code == 200
    assert read(scene, "乙", "点子")["progress"] is None, "blind again for the newer text"
    gives(scene, "甲", "点子", 2)
    assert judges_seen(scene, "乙", "点子") == [("乙", 1, True), ("甲", 1, True)]
    assert judges_seen(scene, "甲", "点子") == [("乙", 1, True), ("甲", 1, False), ("甲", 2, True)]
    gives(scene, "乙", "点子", 2)
    everything_said = [("乙", 1, False), ("乙", 2, True), ("甲", 1, False), ("甲", 2, True)]
    assert judges_seen(scene, "乙", "点子") == judges_seen(scene, "甲", "点子") == everything_said
    # Who submitted an idea for review sees into it; who manages it does not.
    assert judges_seen(scene, "主持", "点子") == everything_said
    assert (judges_seen(scene, "旁观", "点子"), judges_seen(scene, "发明人", "点子")) == ([], [])


def test_whoever_keeps_out_sees_nothing_before_it_is_over(scene: Scene) -> None:
    own = {name: scene.assignment(name, "点子") for name in scene.asked("点子")}
    third = next(name for name in own if name not in ("甲", "乙"))
    gives(scene, "甲", "点子")
    gives(scene, "乙", "点子")
    assert refused(scene, third, f"/review-assignments/{own[third]}/decline", reason="没有时间") == 200
    assert refused(scene, "乙", f"/review-assignments/{own['乙']}/conflict", reason="一起做过") == 200
    for name in (third, "乙"):
        assert judges_seen(scene, name, "点子") == []
        assert scene.people[name].rest.get(f"/reviews/{scene.reviews['点子']}").status_code == 404
    assert judges_seen(scene, "甲", "点子") == [("乙", 1, True), ("甲", 1, True)]
    # One more is asked for each of the two, and the last of them ends it.
    for name in [one for one, state in scene.asked("点子").items() if state == "asked"]:
        gives(scene, name, "点子")
    assert scene.states()["点子"] == "closed"
    assert judges_seen(scene, third, "点子") == [], "who declined has no part in what it came to"
    assert read(scene, "乙", "点子")["result"] is None, "with a conflict not before it is decided"
    assert judges_seen(scene, "乙", "点子") == [("乙", 1, True)]
    decision = {"outcome": read(scene, "甲", "点子")["result"]["advice"], "explanation": "照评审的意见"}
    decision["outcome"] = {"approve": "approved"}.get(decision["outcome"], "approved")
    assert refused(scene, "旁观", f"/ideas/{scene.contents['点子']}/decision", **decision) == 200
    assert len(judges_seen(scene, "乙", "点子")) == 4
    assert read(scene, "乙", "点子")["result"] is not None


def test_authors_of_ideas_never_see_who_judged(scene: Scene) -> None:
    judges = list(scene.asked("主意"))
    for content in SCORED:
        for number, name in enumerate(judges):
            gives(scene, name, content, number % 3)
    panel = scene.panels["评审会"]
    for name in scene.people:
        results = scene.people[name].rest.get(f"/panels/{panel}/results")
        assert results.status_code == 404 or results.json()["items"] == [], "results before it is closed"
    assert read(scene, "甲", "主意")["result"] is None
    assert refused(scene, "庚", f"/panels/{panel}/close") == 200
    assert read(scene, "发明人", "主意")["result"]["judges"] == len(judges)
    assert judges_seen(scene, "发明人", "主意") == [(None, 1, True)] * len(judges)
    secrets = [(name, 1, content) for name in judges for content in SCORED]
    scene.company.server.settle()
    for asked in everything(scene.things(secrets, ("发明人",)), scene.word, near=True):
        answer = heard(scene.people["发明人"], asked)
        # Who opened and closed the panel is no secret, whether or not they judged in it.
        others = [name for name in judges if name != "庚"]
        named = [name for name in others if str(scene.people[name].id) in answer or scene.people[name].name in answer]
        assert not named, f"{asked.label} tells {named}"


def test_a_panel_that_hides_authors_names_none(scene: Scene) -> None:
    author = scene.people["发明人"]
    gives(scene, "甲", "主意")
    scene.company.server.settle()
    requests = everything(scene.things([("甲", 1, "主意")], ("甲", "乙", "庚")), scene.word, near=True)
    of_reviews = [one for one in requests if "review" in one.label.lower() or "panel" in one.label.lower()]
    of_panel = [one for one in of_reviews if "主意" in one.label or "评审会" in one.label]
    assert len(of_panel) > 20
    for name in ("甲", "乙", "庚", "旁观"):
        for asked in of_panel:
            answer = heard(scene.people[name], asked)
            assert str(author.id) not in answer and author.name not in answer, f"{asked.label} tells {name}"
    assert read(scene, "甲", "点子")["subject"]["author"]["id"] == str(author.id), "where nothing is hidden"


def test_nobody_is_asked_who_could_already_see(scene: Scene) -> None:
    asked = {name: scene.assignment(name, "点子") for name in scene.asked("点子")}
    last = list(asked)[-1]
    assert refused(scene, "乙", f"/review-assignments/{asked['乙']}/conflict", reason="一起做过") == 200
    gives(scene, "甲", "点子")
    path = f"/review-assignments/{asked[last]}/delegate"
    for name in ("甲", "乙", "主持", "发明人"):
        person = {"person_id": str(scene.people[name].id)}
        assert refused(scene, last, path, **person) == 409, name
        assert refused(scene, "旁观", f"/reviews/{scene.reviews['点子']}/assign", **person) == 409, name
    seen = {"甲", "乙", "主持", "发明人"}
    for _ in range(3):
        waiting = [name for name, state in scene.asked("点子").items() if state == "asked"]
        before = set(scene.asked("点子"))
        place = f"/review-assignments/{scene.assignment(waiting[-1], '点子')}/decline"
        assert refused(scene, waiting[-1], place, reason="没有时间") == 200
        assert not seen & (set(scene.asked("点子")) - before)
    rows = scene.company.server.sql(
        "SELECT person_id FROM review_assignment WHERE review_id = $1 AND state IN ('asked', 'given')",
        UUID(scene.reviews["点子"]),
    )
    assert scene.people["主持"].id not in {row["person_id"] for row in rows}


def test_places_in_a_timeline_do_not_count_what_happened_elsewhere(scene: Scene) -> None:
    """Two cursors would tell how many entries were written between two changes of an idea, judgements among them."""
    author, query = scene.people["发明人"], "query($id: ID!) { ideaTimeline(ideaId: $id) { edges { cursor } } }"
    for judge in ("甲", "乙", "丙"):
        assert scene.edit("", "主意").status_code == 200
        gives(scene, judge, "想法")
    scene.company.server.settle()
    edges = author.data(query, id=scene.contents["主意"])["ideaTimeline"]["edges"]
    keys = [orjson.loads(base64.urlsafe_b64decode(edge["cursor"] + "==")[14:]) for edge in edges]
    assert len(keys) >= 4
    assert not any(isinstance(key, int | float) for of_entry in keys for key in of_entry)
    whole = author.rest.get(f"/ideas/{scene.contents['主意']}/timeline").json()["items"]
    assert following(scene, "发明人", "主意", "oldest") == whole
    assert following(scene, "发明人", "主意", "newest") == whole[::-1]


def following(scene: Scene, name: str, idea: str, order: str) -> list[dict[str, Any]]:
    """The timeline of an idea, one entry a page."""
    items, query = [], {"limit": 1, "order": order}
    while True:
        page = done(scene.people[name].rest.get(f"/ideas/{scene.contents[idea]}/timeline", params=query))
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        query = query | {"cursor": page["next_cursor"]}
