"""Comparing two ideas at a time: what is asked next, who learns what, and the ranking that comes of it."""

import json
import math
import re
from functools import partial
from itertools import combinations
from random import Random
from typing import Any
from uuid import uuid4

import httpx
from tests.access.world import fingerprint
from tests.challenges.test_entries import alone, at_once
from tests.conftest import Actor, Company, held
from tests.events.following import heard
from tests.reviews.comparing import Round, a_round, propose
from tests.reviews.reviewing import done, owed

from kshare.reviews.figures.ranking import Comparison, rank


def spearman(one: list[float], other: list[float]) -> float:
    def places(values: list[float]) -> list[int]:
        return [sorted(values).index(value) for value in values]

    n = len(one)
    return 1 - 6 * sum((a - b) ** 2 for a, b in zip(places(one), places(other), strict=True)) / (n * (n * n - 1))


def test_thirty_entries_are_ranked_with_their_certainty(company: Company) -> None:
    panel = a_round(company, 30, 5)
    chance = Random(4)
    # As in the ranking, 0 is the mean of all.
    drawn = [chance.gauss(0, 2.5) for _ in panel.reviews]
    true = {review: one - sum(drawn) / 30 for review, one in zip(panel.reviews, drawn, strict=True)}

    def answer(judge: Any) -> None:
        pair = panel.next(judge)
        one, other = pair["first"]["id"], pair["second"]["id"]
        better = chance.random() < 1 / (1 + math.exp(true[other] - true[one]))
        done(panel.compare(judge, one, other, "first" if better else "second"), 201)

    for _ in range(20):
        answer(panel.members[0])
    before = panel.rows()
    refused = done(panel.close(), 409)
    assert refused["groups"] == 10, "20 linking pairs of 30 leave 10 groups"
    assert sum(group["ideas"] for group in refused["missing"]) == 30
    assert {group["idea_id"] for group in refused["missing"]} < {idea["id"] for idea in panel.ideas}
    assert all(group["title"] for group in refused["missing"])
    assert panel.rows() == before
    early = done(panel.chair.rest.get(f"{panel.path}/standing"))
    assert (early["comparisons"], early["connected"], early["ranking"]) == (20, False, [])
    assert early["missing"] == refused["missing"]

    for _ in range(36):
        for judge in panel.members:
            answer(judge)
    standing = done(alone(panel.chair, "GET", f"{panel.path}/standing"))
    assert (standing["comparisons"], standing["connected"], standing["missing"]) == (200, True, [])
    done(panel.close())
    found = company.server.sql("SELECT * FROM review WHERE panel_id = $1 ORDER BY rank, id", panel.id)
    assert [row["state"] for row in found] == ["closed"] * 30
    assert [place["review_id"] for place in standing["ranking"]] == [str(row["id"]) for row in found]
    assert spearman([float(row["strength"]) for row in found], [true[str(row["id"])] for row in found]) > 0.8
    assert all(row["low"] < row["strength"] < row["high"] for row in found)
    held = sum(row["low"] <= true[str(row["id"])] <= row["high"] for row in found)
    assert held >= 24, "intervals of 95 % hold the truth in most cases"
    assert all(row["certainty"] >= 0.5 for row in found[:-1]) and found[-1]["certainty"] is None

    stored = company.server.sql("SELECT * FROM review_comparison WHERE panel_id = $1 ORDER BY id", panel.id)
    worth = {"first": 1.0, "second": 0.0, "tie": 0.5}
    number = {review: place for place, review in enumerate(panel.reviews)}
    expected = rank(
        30,
        [Comparison(number[str(r["first_id"])], number[str(r["second_id"])], worth[r["outcome"]]) for r in stored],
    )
    for place, row in zip(expected, found, strict=True):
        assert (panel.reviews[place.entry], place.rank) == (str(row["id"]), row["rank"])
        assert abs(place.strength - float(row["strength"])) < 1e-6
        assert abs(place.low - float(row["low"])) < 1e-6 and abs(place.high - float(row["high"])) < 1e-6
        assert place.certainty is None or abs(place.certainty - float(row["certainty"])) < 1e-6
    result = done(panel.members[0].rest.get(f"/reviews/{found[0]['id']}"))["result"]
    assert (result["rank"], result["certainty"]) == (1, float(found[0]["certainty"]))


def test_from_the_desk_and_off_it(company: Company) -> None:
    panel = a_round(company, 3, 2, hide_author=True)
    judge, other = panel.members
    (entry,) = owed(judge)
    assert (entry["panel"]["id"], entry["review"]) == (panel.id, None)
    assert sorted(entry["permissions"]) == ["compare", "finish"]
    pair = panel.next(judge)
    assert (pair["compared"], pair["left"]) == (0, 3)
    assert pair["first"]["subject"]["author"] is None and pair["first"]["body"] == "先做一台。"
    assert pair["first"]["subject"]["title"] == panel.idea_of[pair["first"]["id"]]["title"]
    assert panel.next(judge) == pair, "the same until it is answered"
    nothing = judge.rest.post(f"{panel.path}/ready")
    assert nothing.status_code == 409

    first = done(panel.compare(judge, pair["first"]["id"], pair["second"]["id"], "tie", comment="差不多"), 201)
    assert (first["outcome"], first["comment"], first["permissions"]) == ("tie", "差不多", ["withdraw"])
    assert first["judge"]["id"] == str(judge.id)
    assert done(judge.rest.get(f"/review-comparisons/{first['id']}")) == first
    ready = done(judge.rest.post(f"{panel.path}/ready"))
    assert ready["state"] == "given" and owed(judge) == [] and len(owed(other)) == 1
    assert judge.rest.post(f"{panel.path}/ready").status_code == 409
    # A slip; and who has nothing left owes it again.
    assert judge.rest.delete(f"/review-comparisons/{first['id']}").status_code == 204
    assert panel.said(judge) == [] and len(owed(judge)) == 1
    assert panel.next(judge) == pair

    query = """query($p: ID!) { nextReviewPair(panelId: $p) { left compared
      one: first { id subject { title author { name } } } second { id body } } }"""
    seen = judge.data(query, p=panel.id)["nextReviewPair"]
    assert (seen["left"], seen["one"]["id"], seen["second"]["id"]) == (3, pair["first"]["id"], pair["second"]["id"])
    mutation = """mutation($p: ID!, $f: ID!, $s: ID!) { compareIdeas(id: $p, input: { firstId: $f, secondId: $s,
      outcome: second }) { id outcome judge { name } first { subject { title } } } }"""
    for _ in range(3):
        seen = judge.data(query, p=panel.id)["nextReviewPair"]
        said = judge.data(mutation, p=panel.id, f=seen["one"]["id"], s=seen["second"]["id"])["compareIdeas"]
        assert said["outcome"] == "second" and said["first"]["subject"]["title"] == seen["one"]["subject"]["title"]
    over = panel.next(judge)
    assert over == {"first": None, "second": None, "compared": 3, "left": 0}
    again = """mutation($id: ID!) { withdrawReviewComparison(id: $id) }"""
    assert judge.data(again, id=said["id"])["withdrawReviewComparison"] == said["id"]
    assert judge.data("mutation($p: ID!) { finishComparing(id: $p) { state } }", p=panel.id) == {
        "finishComparing": {"state": "given"}
    }
    standing = """query($p: ID!) { reviewPanelStanding(panelId: $p) { comparisons connected missing { ideas }
      ranking { place: rank title } } }"""
    told = panel.chair.data(standing, p=panel.id)["reviewPanelStanding"]
    assert (told["comparisons"], told["connected"], len(told["ranking"])) == (2, True, 3)
    assert {place["title"] for place in told["ranking"]} == {idea["title"] for idea in panel.ideas}

    done(panel.close())
    assert owed(other) == []
    states = company.server.sql(
        "SELECT person_id, state, open FROM review_assignment WHERE panel_id = $1 AND review_id IS NULL", panel.id
    )
    assert {row["person_id"]: (row["state"], row["open"]) for row in states} == {
        judge.id: ("given", False), other.id: ("released", False),
    }  # fmt: skip
    listed = """query($p: ID!) { reviewComparisons(panelId: $p) { totalCount nodes { id outcome judge { name }
      permissions } } }"""
    for viewer in (judge, other, panel.chair, company.admin):
        found = viewer.data(listed, p=panel.id)["reviewComparisons"]
        assert found["totalCount"] == 2, viewer.name
        assert {node["judge"]["name"] for node in found["nodes"]} == {judge.name}
        assert [node["permissions"] for node in found["nodes"]] == [[], []]
    assert company.admin.data("query($id: ID!) { node(id: $id) { id __typename } }", id=found["nodes"][0]["id"])[
        "node"
    ] == {"id": found["nodes"][0]["id"], "__typename": "ReviewComparison"}


# ---- blind ----------------------------------------------------------------------------------------------------------

MIRRORED = {"first": "second", "second": "first", "tie": "first"}


def answers_of(panel: Round, viewer: Actor) -> str:
    """Everything that both doors tell somebody of a panel, without what differs between any two panels."""
    review = panel.reviews[0]
    paths = [
        f"{panel.path}/next-pair", f"{panel.path}/comparisons", f"{panel.path}/standing", f"/reviews/{review}",
        f"/reviews?panel={panel.id}&limit=100", f"/reviews/{review}/assignments", f"/reviews/{review}/judgements",
        "/me/reviews?limit=100", f"/ideas/{panel.idea_of[review]['id']}", panel.path, f"{panel.path}/results",
    ]  # fmt: skip
    told: list[Any] = []
    for path in paths:
        response = viewer.rest.get(path)
        tag = response.headers.get("etag")
        answer = response.json()
        if path.startswith("/me/"):
            answer = [entry for entry in answer["items"] if panel.id in str(entry)]
        told.append((path, response.status_code, answer, tag and tag.split("-")[0]))
    # One by one: of fields that fail together any may be the first.
    for query in (
        f"""{{ nextReviewPair(panelId: "{panel.id}") {{ compared left first {{ id }} second {{ id }} }} }}""",
        f"""{{ reviewComparisons(panelId: "{panel.id}") {{ totalCount nodes {{ id outcome permissions }} }} }}""",
        f"""{{ review(id: "{review}") {{ state progress {{ given }} result {{ rank strength }} permissions }} }}""",
        f"""{{ reviews(filter: {{ panel: "{panel.id}" }}) {{ totalCount nodes {{ id state closedAt result {{ rank }} }}
          }} }}""",
        f"""{{ reviewPanelStanding(panelId: "{panel.id}") {{ comparisons }} }}""",
    ):
        told.append(viewer.graphql(query))
    told.append([event for event in heard(viewer) if panel.id in str(event)])
    text = json.dumps(told, ensure_ascii=False)
    text = re.sub(r'"(endCursor|end_cursor|next_cursor|request_id)": ?"[^"]*"', "", text)
    names: dict[str, str] = {}
    for number, known in enumerate(panel.reviews):
        names[known], names[str(panel.idea_of[known]["id"])] = f"review{number}", f"idea{number}"
        text = text.replace(panel.idea_of[known]["title"], f"title{number}")
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", lambda id: names.setdefault(id.group(), f"id{len(names)}"), text)
    return re.sub(r"\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)", "time", text)


def test_what_a_judge_sees_does_not_depend_on_what_others_answer(company: Company) -> None:
    """The same pairs are compared in the same order in two panels; the judge who is watched answers the same in both,
    and the others answer the one as they like and the other the other way round."""
    watched, *others = [company.hire(f"盲评委{number}", "rd") for number in range(3)]
    chairman = company.hire("管着的", "root", roles=(("committee", None),))
    one, other = (a_round(company, 6, [watched, *others]) for _ in range(2))
    chance = Random(7)
    viewers = [watched, chairman, company.employee, company.admin]
    for step in range(14):
        mine = step % 3 == 0
        judge = watched if mine else others[step % 2]
        pair = one.next(judge)
        first, second = (one.reviews.index(pair[name]["id"]) for name in ("first", "second"))
        outcome = chance.choice(("first", "second", "tie"))
        for panel in (one, other):
            said = outcome if mine or panel is one else MIRRORED[outcome]
            done(panel.compare(judge, panel.reviews[first], panel.reviews[second], said), 201)
        if mine:
            seen = [json.dumps(answers_of(panel, watched)) for panel in (one, other)]
            assert seen[0] == seen[1]
    before = [answers_of(one, viewer) for viewer in viewers]
    for viewer, seen in zip(viewers, before, strict=True):
        assert answers_of(other, viewer) == seen, viewer.name
    # Nor does anything but the next pair depend on whether others compare at all.
    for judge in others:
        for first_id, second_id in combinations(one.reviews, 2):
            one.compare(judge, first_id, second_id, "second")
        done(judge.rest.post(f"{one.path}/ready"))
    for viewer, seen in zip(viewers[1:], before[1:], strict=True):
        assert answers_of(one, viewer) == seen, viewer.name
    assert len(one.said(watched)) == 5, "their own"
    for viewer in viewers[1:]:
        assert viewer.rest.get(f"{one.path}/standing").status_code in (403, 404)
    assert len(one.said(one.chair)) == 0, "the chair sees how far it is, not who said what"
    assert done(one.chair.rest.get(f"{one.path}/standing"))["comparisons"] == 35


def test_chair_and_judge_in_one_sees_no_more_than_a_judge(company: Company) -> None:
    both = company.hire("主持兼评委", "root", roles=(("committee", None),))
    panel = a_round(company, 3, [both, company.hire("另一位", "rd")], chair=both)
    assert both.rest.get(f"{panel.path}/standing").status_code == 403
    shown = done(both.rest.get(panel.path))
    assert (shown["progress"], "compare" in shown["permissions"]) == (None, True)
    assert "see_standing" not in shown["permissions"]
    refused = both.graphql("query($p: ID!) { reviewPanelStanding(panelId: $p) { comparisons } }", p=panel.id)
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    first, second, _ = panel.reviews
    done(panel.compare(panel.members[1], first, second), 201)
    told = done(panel.close(), 409)
    assert not {"groups", "missing"} & set(told), "nor by trying to close it"
    done(panel.compare(both, first, second), 201)
    done(both.rest.post(f"{panel.path}/ready"))
    assert done(both.rest.get(panel.path))["progress"] is None, "who is ready may still go on"
    before = panel.rows()
    # Nor does whoever manages reviews, but has no part in this one.
    told = done(panel.close(company.committee, reason="等不及了"), 409)
    assert not {"groups", "missing"} & set(told)
    assert panel.rows() == before


def test_nobody_can_tell_whose_an_anonymous_idea_is(company: Company) -> None:
    unnamed, other = company.hire("匿名者", "rd"), company.hire("旁人", "rd")
    ideas = [propose(unnamed, anonymous=True), *(propose(company.employee) for _ in range(4))]
    panel = a_round(company, ideas, [unnamed, other])
    (own,) = [review for review in panel.reviews if panel.idea_of[review]["id"] == ideas[0]["id"]]
    before = panel.rows()
    refused = panel.compare(unnamed, own, panel.reviews[panel.reviews.index(own) - 1])
    assert refused.status_code == 409
    assert panel.rows() == before
    assert panel.next(other)["left"] == 10
    pair = panel.next(unnamed)
    assert pair["left"] == 6, "four of five"
    while pair["first"] is not None:
        assert own not in (pair["first"]["id"], pair["second"]["id"])
        done(panel.compare(unnamed, pair["first"]["id"], pair["second"]["id"]), 201)
        pair = panel.next(unnamed)
    while (pair := panel.next(other))["first"] is not None:
        done(panel.compare(other, pair["first"]["id"], pair["second"]["id"], "tie"), 201)
    assert done(panel.chair.rest.get(f"{panel.path}/standing"))["comparisons"] == 16
    done(panel.close())
    # Whoever compared everything but one would be known by a list of what was compared.
    query = "query($p: ID!) { reviewComparisons(panelId: $p) { totalCount nodes { judge { id } } } }"
    for viewer in (other, panel.chair, company.admin, company.manager):
        said = panel.said(viewer)
        assert {one["judge"]["id"] for one in said} == ({str(other.id)} if viewer is other else set()), viewer.name
        assert viewer.data(query, p=panel.id)["reviewComparisons"]["totalCount"] == len(said)
    assert len(panel.said(unnamed)) == 6
    result = done(other.rest.get(f"/reviews/{own}"))["result"]
    assert result["rank"] is not None
    # A chair can be the author, not shown, as well.
    chair = company.hire("匿名主持", "root", roles=(("committee", None),))
    ideas = [propose(chair, anonymous=True), *(propose(company.employee) for _ in range(2))]
    panel = a_round(company, ideas, 2, chair=chair)
    first, second, third = panel.reviews
    done(panel.compare(panel.members[0], first, second), 201)
    done(panel.compare(panel.members[0], second, third), 201)
    done(panel.close())
    times = company.server.sql("SELECT DISTINCT closed_at FROM review WHERE panel_id = $1", panel.id)
    assert len(times) == 1, "all of one panel end together, so that none stands out"


# ---- who may --------------------------------------------------------------------------------------------------------


def test_only_members_compare_and_only_while_it_is_open(company: Company) -> None:
    panel = a_round(company, 3, 2)
    judge = panel.members[0]
    first, second, third = panel.reviews
    mine = done(panel.compare(judge, first, second), 201)
    path = panel.path
    requests: list[tuple[str, str, Any]] = [
        ("GET", f"{path}/next-pair", None),
        ("POST", f"{path}/comparisons", {"first_id": first, "second_id": third, "outcome": "tie"}),
        ("POST", f"{path}/ready", None),
        ("POST", f"{path}/ideas/{panel.idea_of[first]['id']}/conflict", {"reason": "亲戚"}),
        ("GET", f"{path}/standing", None),
    ]
    mutations = [
        f"""{{ nextReviewPair(panelId: "{panel.id}") {{ left }} }}""",
        f"""mutation {{ compareIdeas(id: "{panel.id}", input: {{ firstId: "{first}", secondId: "{third}",
          outcome: tie }}) {{ id }} }}""",
        f"""mutation {{ finishComparing(id: "{panel.id}") {{ id }} }}""",
        f"""mutation {{ declarePanelConflict(id: "{panel.id}", ideaId: "{panel.idea_of[first]["id"]}",
          input: {{ reason: "亲戚" }}) {{ id }} }}""",
        f"""{{ reviewPanelStanding(panelId: "{panel.id}") {{ comparisons }} }}""",
    ]

    def refused(viewer: Actor, status: int, code: str, which: slice = slice(None)) -> None:
        company.server.settle()
        before = fingerprint(company.server)
        for method, place, body in requests[which]:
            answer = viewer.rest.request(method, place, json=body)
            assert answer.status_code == status, (method, place, answer.text)
        for text in mutations[which]:
            (error,) = viewer.graphql(text)["errors"]
            assert error["extensions"]["code"] == code, text
        assert fingerprint(company.server) == before

    refused(panel.chair, 403, "FORBIDDEN", slice(4))
    refused(judge, 403, "FORBIDDEN", slice(4, 5))
    refused(company.admin, 403, "FORBIDDEN")
    refused(company.manager, 403, "FORBIDDEN")
    for viewer in (company.employee, company.outsider, company.reviewer):
        refused(viewer, 404, "NOT_FOUND")
    for viewer in (panel.chair, company.admin, company.employee):
        assert viewer.rest.get(f"/review-comparisons/{mine['id']}").status_code == 404
        assert viewer.rest.delete(f"/review-comparisons/{mine['id']}").status_code == 404
    assert company.employee.rest.get(f"{path}/comparisons").status_code == 404
    for client, status in ((company.anonymous, 401), (company.hire("没范围", "rd", scopes=["none"]).rest, 403)):
        for method, place, body in requests:
            assert client.request(method, place, json=body).status_code == status, place

    before = panel.rows()
    for ask, pointer in (
        ({"first_id": first, "second_id": first, "outcome": "tie"}, "/second_id"),
        ({"first_id": str(uuid4()), "second_id": first, "outcome": "tie"}, "/first_id"),
        ({"first_id": first, "second_id": a_round(company, 2, 2).reviews[0], "outcome": "tie"}, "/second_id"),
        ({"first_id": first, "second_id": third, "outcome": "best"}, "/outcome"),
    ):
        answer = judge.rest.post(f"{path}/comparisons", json=ask)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer), answer.text
    twice = panel.compare(judge, second, first, "first")
    assert (twice.status_code, twice.json()["comparison_id"]) == (409, mine["id"])
    unknown = judge.rest.post(f"{path}/ideas/{uuid4()}/conflict", json={"reason": "亲戚"})
    assert unknown.status_code == 404
    assert panel.rows() == before

    done(panel.compare(judge, second, third), 201)
    done(panel.close())
    refused(judge, 409, "CONFLICT", slice(4))
    refused(panel.chair, 409, "CONFLICT", slice(4, 5))
    before = panel.rows()
    for viewer, status in ((judge, 409), (panel.chair, 403), (company.admin, 403), (company.employee, 404)):
        assert viewer.rest.delete(f"/review-comparisons/{mine['id']}").status_code == status, viewer.name
    assert panel.rows() == before


def test_who_may_judge_an_idea(company: Company) -> None:
    """Authors, co-authors, who is above the author of a large idea, and whoever may not read it, do not compare it;
    nor is it compared when it was withdrawn."""
    author, partner, judge = (company.hire(name, "rd") for name in ("作者", "合作者", "上级"))
    own = propose(author)
    shared = propose(company.employee)
    company.server.sql(
        "INSERT INTO idea_coauthor (content_id, person_id, share) VALUES ($1, $2, 50)",
        shared["id"], partner.id,
    )  # fmt: skip
    large = propose(author)
    company.server.sql("UPDATE content SET variety = 'large' WHERE id = $1", large["id"])
    secret = propose(company.admin, classification="restricted")
    rest = [propose(company.employee) for _ in range(2)]
    company.server.sql("UPDATE person SET manager_id = $1 WHERE id = $2", judge.id, author.id)
    chair = company.hire("全看得见的主持", "root", roles=(("committee", None),), clearance=3)
    ideas, judges = [own, shared, large, secret, *rest], [author, partner, judge, company.admin]
    # Its author may not judge what nobody else may read, so it could never be compared with anything.
    ask = {"name": "比不成", "method": "pairs", "members": [str(one.id) for one in judges]}
    vain = done(chair.rest.post("/panels", json=ask | {"ideas": [idea["id"] for idea in ideas]}), 201)
    company.server.settle()
    before = fingerprint(company.server)
    refused = done(chair.rest.post(f"/panels/{vain['id']}/open", json={}), 409)
    assert [secret["id"]] in refused["groups"] and len(refused["groups"]) == 2
    assert fingerprint(company.server) == before
    assert chair.rest.delete(f"/panels/{vain['id']}", headers={"If-Match": "*"}).status_code == 204
    panel = a_round(company, ideas, [*judges, company.hire("看得见的评委", "rd", clearance=3)], chair=chair)
    review = {panel.idea_of[id]["id"]: id for id in panel.reviews}
    plain = review[rest[0]["id"]]
    for actor, barred in ((author, [own, large, secret]), (partner, [shared, secret]), (judge, [large, secret])):
        allowed = 6 - len(barred)
        assert panel.next(actor)["left"] == allowed * (allowed - 1) // 2
        for idea in barred:
            before = panel.rows()
            assert panel.compare(actor, plain, review[idea["id"]]).status_code == 409
            assert panel.rows() == before
    done(panel.compare(judge, plain, review[own["id"]]), 201)
    assert panel.next(partner)["left"] == 6
    company.server.sql("UPDATE content SET state = 'archived' WHERE id = $1", own["id"])
    assert panel.next(partner)["left"] == 3
    assert panel.compare(partner, plain, review[own["id"]]).status_code == 409


def test_a_conflict_of_interest(company: Company) -> None:
    panel = a_round(company, 3, 2)
    judge, other = panel.members
    first, second, third = panel.reviews
    done(panel.compare(judge, first, second), 201)
    done(panel.compare(judge, second, third), 201)
    declared = done(panel.conflict(judge, first))
    assert (declared["state"], declared["review_id"], declared["reason"]) == ("conflicted", first, "是我表弟提的")
    before = panel.rows()
    assert panel.conflict(judge, first).status_code == 409
    assert panel.compare(judge, first, third).status_code == 409
    assert panel.rows() == before
    assert judge.rest.get(f"/reviews/{first}").status_code == 404, "whoever keeps out sees nothing until it is over"
    pair = panel.next(judge)
    assert (pair["first"], pair["left"], pair["compared"]) == (None, 0, 1)
    standing = done(panel.chair.rest.get(f"{panel.path}/standing"))
    assert (standing["comparisons"], standing["connected"], len(standing["missing"])) == (1, False, 2)
    readers = company.server.sql("SELECT readers, reviewers FROM content WHERE id = $1", panel.idea_of[first]["id"])
    assert judge.id not in readers[0]["reviewers"] and other.id in readers[0]["reviewers"]
    for viewer in (other, company.employee, company.admin):
        assert viewer.rest.get(f"/review-assignments/{declared['id']}").status_code == 404
    company.server.sql("UPDATE content SET classification = 3 WHERE id = $1", panel.idea_of[third]["id"])
    shown = {one["second_id"]: one["second"] for one in panel.said(judge)}
    assert shown[third] is None and shown[second] is not None
    company.server.sql("UPDATE content SET classification = 1 WHERE id = $1", panel.idea_of[third]["id"])

    done(panel.compare(other, first, second, "second"), 201)
    done(panel.close())
    found = company.server.sql("SELECT id, strength FROM review WHERE panel_id = $1 ORDER BY id", panel.id)
    expected = {place.entry: place for place in rank(3, [Comparison(1, 2, 1.0), Comparison(0, 1, 0.0)])}
    for number, row in enumerate(found):
        assert abs(float(row["strength"]) - expected[number].strength) < 1e-6
    mutation = """mutation($p: ID!, $i: ID!) { declarePanelConflict(id: $p, ideaId: $i, input: { reason: "同组" })
      { state reason person { name } } }"""
    again = a_round(company, 2, 2)
    told = again.members[0].data(mutation, p=again.id, i=again.ideas[0]["id"])["declarePanelConflict"]
    assert told == {"state": "conflicted", "reason": "同组", "person": {"name": "评委0"}}


def test_who_became_an_author_and_what_was_withdrawn_does_not_count(company: Company) -> None:
    panel = a_round(company, 4, 2)
    judge, other = panel.members
    first, second, third, gone = panel.reviews
    done(panel.compare(judge, first, second), 201)
    done(panel.compare(judge, second, third), 201)
    done(panel.compare(judge, third, gone), 201)
    company.server.sql(
        "INSERT INTO idea_coauthor (content_id, person_id, share) VALUES ($1, $2, 50)",
        panel.idea_of[first]["id"], judge.id,
    )  # fmt: skip
    assert done(panel.close(), 409)["groups"] == 2
    done(panel.compare(other, first, third, "tie"), 201)
    company.server.sql("UPDATE content SET state = 'archived' WHERE id = $1", panel.idea_of[gone]["id"])
    done(panel.close())
    found = company.server.sql("SELECT state, rank, strength FROM review WHERE panel_id = $1 ORDER BY id", panel.id)
    assert [(row["state"], row["rank"] is None) for row in found] == [("closed", False)] * 3 + [("withdrawn", True)]
    expected = {place.entry: place for place in rank(3, [Comparison(1, 2, 1.0), Comparison(0, 2, 0.5)])}
    for number, row in enumerate(found[:3]):
        assert abs(float(row["strength"]) - expected[number].strength) < 1e-6


# ---- at the same time -----------------------------------------------------------------------------------------------


def test_judges_never_wait_for_each_other(company: Company) -> None:
    panel = a_round(company, 4, 2)
    one, other = panel.members
    first, second, *_ = panel.reviews
    # Somebody else is in the middle of comparing, and of taking something back.
    held_by_other = f"""SELECT 1 FROM review_panel p, review_assignment a WHERE p.id = '{panel.id}'
      AND a.panel_id = p.id AND a.person_id = '{other.id}' FOR NO KEY UPDATE OF a FOR SHARE OF p"""
    with held(company.server, held_by_other):
        done(panel.compare(one, first, second), 201)
        assert panel.next(one)["compared"] == 1
    # The chair is about to close it: who compares waits, and is told.
    with held(company.server, f"SELECT 1 FROM review_panel WHERE id = '{panel.id}' FOR NO KEY UPDATE"):
        assert panel.compare(other, first, second).status_code == 503


def insisting(judge: Actor, path: str, ask: dict[str, Any]) -> httpx.Response:
    """Who waited too long, on a machine that is busy, is told to come back, and does."""
    while (answer := alone(judge, "POST", path, json=ask)).status_code == 503:
        pass
    return answer


def test_the_same_pair_twice_at_once(company: Company) -> None:
    panel = a_round(company, 5, 3)
    warm, *pairs = list(combinations(panel.reviews, 2))[:5]
    done(panel.compare(panel.members[0], *warm), 201)
    for first, second in pairs:
        asks = [
            {"first_id": first, "second_id": second, "outcome": "first"},
            {"first_id": second, "second_id": first, "outcome": "first"},
        ]
        answers = at_once(
            *(partial(insisting, judge, f"{panel.path}/comparisons", ask) for judge in panel.members for ask in asks)
        )
        codes = [answer.status_code for answer in answers]
        assert sorted(codes) == [201] * 3 + [409] * 3
        assert all(sorted(codes[place : place + 2]) == [201, 409] for place in (0, 2, 4)), "one of each judge's"
    stored = company.server.sql("SELECT count(*) AS n FROM review_comparison WHERE panel_id = $1", panel.id)
    assert stored[0]["n"] == 13


def test_judges_who_ask_at_the_same_time_get_different_pairs(company: Company) -> None:
    panel = a_round(company, 12, 6)
    pairs = {frozenset((pair["first"]["id"], pair["second"]["id"])) for pair in map(panel.next, panel.members)}
    assert len(pairs) >= 4
