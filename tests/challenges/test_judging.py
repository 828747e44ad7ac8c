"""Judging: blind until the results are published, and published all at once."""

import re
from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.challenges.conftest import Contest, later
from tests.challenges.test_entries import alone, at_once, team_of
from tests.conftest import Actor, Company


def judged(contest: Contest, *entrants: Actor, **fields: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A challenge whose deadline has just passed, and its entries."""
    challenge = contest.create(**fields)
    entries = [contest.enter(challenge, entrant) for entrant in entrants]
    contest.shift(challenge, closes=-1)
    return challenge, entries


def publish(contest: Contest, challenge: dict[str, Any], **ask: Any) -> Any:
    return contest.sponsor.rest.post(f"/challenges/{challenge['id']}/results", json=ask)


def test_results_are_ranked_by_the_weighted_mean(contest: Contest, company: Company) -> None:
    challenge, entries = judged(contest, company.employee, company.colleague, company.outsider, company.hr)
    first, second = contest.judges
    cards = [((8, 6), (9, 7)), ((10, 10), (9, 10)), ((1, 2), (2, 1)), ((9, 7), (8, 6))]
    for entry, (one, other) in zip(entries, cards, strict=True):
        contest.score(challenge, entry, first, *one)
        contest.score(challenge, entry, second, *other)
    assert company.employee.rest.get(f"/challenges/{challenge['id']}/results").json()["items"] == []
    answer = publish(contest, challenge)
    assert answer.status_code == 200 and answer.json()["phase"] == "published", answer.text
    results = company.employee.rest.get(f"/challenges/{challenge['id']}/results").json()["items"]
    shown = [(r["rank"], r["score"], r["tied"], r["prize"] and r["prize"]["name"]) for r in results]
    # The two who share the second place both get its prize; the third place, which they fill too, is left out.
    assert shown == [(1, 9.7, 0, "一等奖"), (2, 7.7, 1, "二等奖"), (2, 7.7, 1, "二等奖"), (4, 1.5, 0, "三等奖")]
    assert results[0]["id"] == entries[1]["id"] and results[3]["id"] == entries[2]["id"]
    data = company.outsider.data(
        """query($c: ID!) { challengeResults(challengeId: $c) { nodes { rank score tied prize { name } } }
          awards(filter: { challenge: $c }) { totalCount }
          challengeScorecards(challengeId: $c) { totalCount nodes { judge { name } scores { score criterion { name } } }
          } }""",
        c=challenge["id"],
    )
    assert [r["rank"] for r in data["challengeResults"]["nodes"]] == [1, 2, 2, 4]
    assert data["awards"]["totalCount"] == 4 and data["challengeScorecards"]["totalCount"] == 8
    won = company.hr.rest.get("/awards", params={"idea": entries[3]["idea"]["id"]}).json()["items"]
    assert [award["prize"]["name"] for award in won] == ["二等奖"]
    of_first = {"judge": str(first.id), "entry": entries[0]["id"]}
    card = company.hr.rest.get(f"/challenges/{challenge['id']}/scorecards", params=of_first).json()["items"]
    assert [(s["criterion"]["name"], s["score"]) for s in card[0]["scores"]] == [("新颖", 8), ("可行", 6)]
    before = contest.rows(challenge)
    assert publish(contest, challenge).status_code == 409
    late = first.rest.put(f"/challenge-entries/{entries[0]['id']}/scorecard", json=contest.scores(challenge, 1, 1))
    assert (late.status_code, late.json()["phase"]) == (409, "published")
    assert company.employee.rest.post(f"/challenge-entries/{entries[0]['id']}/withdraw").status_code == 409
    assert contest.rows(challenge) == before


def answers_of(viewer: Actor, challenge: dict[str, Any], entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Everything that both doors tell somebody of a challenge, with the ETags."""
    get = viewer.rest.get
    one = f"/challenges/{challenge['id']}"
    paths = [
        one, f"{one}/entries", f"{one}/results", f"{one}/scorecards", f"/awards?challenge={challenge['id']}",
        f"/challenges?author={challenge['author']['id']}&limit=100", f"/content/{challenge['id']}/access",
    ]  # fmt: skip
    for entry in entries:
        paths += [f"/challenge-entries/{entry['id']}", f"{one}/scorecards?entry={entry['id']}"]
        paths += [f"/ideas/{entry['idea']['id']}"]
    told: dict[str, Any] = {path: (get(path).text, get(path).headers.get("etag")) for path in paths}
    query = """query($c: ID!) { challenge(id: $c) { version updatedAt permissions counters { comments views } }
      challengeEntries(challengeId: $c) { totalCount pageInfo { endCursor } nodes { id permissions rank score tied } }
      challengeScorecards(challengeId: $c) { totalCount nodes { id createdAt } }
      challengeResults(challengeId: $c) { totalCount } }"""
    told["graphql"] = re.sub(r'"endCursor": ?"[^"]*"', "", str(viewer.data(query, c=challenge["id"])))
    viewer.server.settled()
    events: list[Any] = []
    query_of: dict[str, Any] = {"limit": 100, "types": "challenge_entry_scored"}
    while page := get("/events", params=query_of).json()["items"]:
        events += page
        query_of["after"] = page[-1]["id"]
    told["events"] = events
    return told


def test_no_judge_learns_anything_of_another_before_publication(contest: Contest, company: Company) -> None:
    challenge, entries = judged(contest, company.employee, company.colleague)
    first, second = contest.judges
    manager = company.hire("另一位出题人", "root", roles=(("committee", None),))
    mine = contest.score(challenge, entries[0], second, 3, 4)
    viewers = [second, contest.sponsor, manager, company.admin, company.employee]
    before = [answers_of(viewer, challenge, entries) for viewer in viewers]
    for values in ((10, 0), (0, 10)):
        card = contest.score(challenge, entries[0], first, *values)
    contest.score(challenge, entries[1], first, 5, 5)
    abstained = first.rest.put(f"/challenge-entries/{entries[1]['id']}/scorecard", json={"abstain": True})
    assert abstained.json()["abstained"] and abstained.json()["scores"] == []
    for viewer, seen in zip(viewers, before, strict=True):
        assert answers_of(viewer, challenge, entries) == seen
        assert viewer.rest.get(f"/challenge-scorecards/{card['id']}").status_code == 404
        assert viewer.data("query($id: ID!) { node(id: $id) { id } }", id=card["id"])["node"] is None
        own = viewer.rest.get(f"/challenges/{challenge['id']}/scorecards").json()["items"]
        assert [one["id"] for one in own] == ([mine["id"]] if viewer is second else [])
    # Who asks for a judge's cards sees as much as who asks for nobody's.
    assert second.rest.get(
        f"/challenges/{challenge['id']}/scorecards", params={"judge": str(first.id)}
    ).json()["items"] == []  # fmt: skip
    assert len(first.rest.get(f"/challenges/{challenge['id']}/scorecards").json()["items"]) == 2
    told = answers_of(first, challenge, entries)["events"]
    assert {event["actor"]["id"] for event in told} == {str(first.id)}
    # A judge cannot find out by trying to publish, whatever else they may.
    both = company.hire("委员评委", "rd", roles=(("committee", None),))
    other, others = judged(contest, company.employee, judges=[str(both.id), str(first.id)])
    contest.score(other, others[0], first, 1, 1)
    refused = both.rest.post(f"/challenges/{other['id']}/results", json={})
    assert refused.status_code == 403 and "missing" not in refused.json()


def test_only_judges_score_and_only_while_judging(contest: Contest, company: Company) -> None:
    challenge = contest.create()
    entry = contest.enter(challenge, company.employee)
    path, body = f"/challenge-entries/{entry['id']}/scorecard", contest.scores(challenge, 5, 5)
    before = contest.rows(challenge)
    early = contest.judges[0].rest.put(path, json=body)
    assert (early.status_code, early.json()["phase"]) == (409, "open")
    assert contest.rows(challenge) == before
    contest.shift(challenge, closes=-1)
    before = contest.rows(challenge)
    for actor in (contest.sponsor, company.employee, company.outsider, company.admin):
        assert actor.rest.put(path, json=body).status_code == 403
    mutation = """mutation($id: ID!) { scoreChallengeEntry(id: $id, input: { abstain: true }) { id } }"""
    refused = company.admin.graphql(mutation, id=entry["id"])
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert contest.judges[0].rest.get(f"/challenge-entries/{entry['id']}").json()["permissions"] == ["abstain", "score"]
    assert contest.rows(challenge) == before
    contest.shift(challenge, closes=-10, until=-1)
    before = contest.rows(challenge)
    over = contest.judges[0].rest.put(path, json=body)
    assert (over.status_code, over.json()["phase"]) == (409, "judging")
    assert contest.rows(challenge) == before
    contest.shift(challenge, closes=-10)
    assert company.employee.rest.post(f"/challenge-entries/{entry['id']}/withdraw").status_code == 200
    assert contest.judges[0].rest.put(path, json=body).status_code == 409


def test_nobody_judges_what_they_take_part_in(contest: Contest, company: Company) -> None:
    challenge = contest.create()
    lead, judge = company.hire("后来的队长", "rd"), contest.judges[0]
    idea = contest.idea(lead)
    team = team_of(lead, idea_id=idea["id"])
    entry = contest.enter(challenge, lead, idea_id=idea["id"], team_id=team["id"])
    # Who joins after the entry was made could judge it, were they not asked again.
    invited = lead.rest.post(f"/teams/{team['id']}/invitations", json={"person_id": str(judge.id)}).json()
    assert judge.rest.post(f"/team-invitations/{invited['id']}/accept").status_code == 200
    contest.shift(challenge, closes=-1)
    before = contest.rows(challenge)
    path = f"/challenge-entries/{entry['id']}/scorecard"
    refused = judge.rest.put(path, json=contest.scores(challenge, 10, 10))
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert contest.rows(challenge) == before
    assert judge.rest.get(f"/challenge-entries/{entry['id']}").json()["permissions"] == ["abstain"]
    assert judge.rest.put(path, json={"abstain": True, "comment": "我在队里"}).json()["comment"] == "我在队里"
    contest.score(challenge, entry, contest.judges[1], 7, 7)
    assert publish(contest, challenge).status_code == 200
    result = lead.rest.get(f"/challenge-entries/{entry['id']}").json()
    assert (result["rank"], result["score"]) == (1, 7)


def test_an_anonymous_author_who_judges_abstains_like_anybody(contest: Contest, company: Company) -> None:
    judge, lead = contest.judges[0], company.committee
    idea = contest.idea(judge, anonymous=True)
    team = team_of(lead, idea_id=idea["id"])
    challenge = contest.create()
    entry = contest.enter(challenge, lead, idea_id=idea["id"], team_id=team["id"])
    contest.shift(challenge, closes=-1)
    path = f"/challenge-entries/{entry['id']}/scorecard"
    assert judge.rest.put(path, json=contest.scores(challenge, 10, 10)).status_code == 409
    assert judge.rest.put(path, json={"abstain": True}).status_code == 200
    contest.score(challenge, entry, contest.judges[1], 5, 5)
    assert publish(contest, challenge).status_code == 200
    # The sponsor is told what of any other judge would be told: a card without scores.
    cards = contest.sponsor.rest.get(f"/challenges/{challenge['id']}/scorecards").json()["items"]
    assert sorted(card["abstained"] for card in cards) == [False, True]


@pytest.mark.parametrize("case", ["one_missing", "unknown", "twice", "eleven", "negative", "half", "abstain_and_score"])
def test_wrong_scorecards(contest: Contest, company: Company, case: str) -> None:
    challenge, (entry,) = judged(contest, company.employee)
    body = contest.scores(challenge, 5, 5)
    pointer = "/scores"
    match case:
        case "one_missing":
            body["scores"].pop()
        case "unknown":
            body["scores"][1]["criterion_id"] = entry["id"]
            pointer = "/scores/1/criterion_id"
        case "twice":
            body["scores"][1] = body["scores"][0]
            pointer = "/scores/1/criterion_id"
        case "abstain_and_score":
            body["abstain"] = True
        case wrong:
            body["scores"][0]["score"] = {"eleven": 11, "negative": -1, "half": 5.5}[wrong]
            pointer = "/scores/0/score"
    before = contest.rows(challenge)
    answer = contest.judges[0].rest.put(f"/challenge-entries/{entry['id']}/scorecard", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer), answer.text
    assert contest.rows(challenge) == before


def test_results_wait_for_the_judges_unless_forced_with_a_reason(contest: Contest, company: Company) -> None:
    challenge = contest.create()
    entries = [contest.enter(challenge, company.employee), contest.enter(challenge, company.colleague)]
    early = publish(contest, challenge)
    assert (early.status_code, early.json()["phase"]) == (409, "open")
    contest.shift(challenge, closes=-1)
    first, second = contest.judges
    contest.score(challenge, entries[0], first, 6, 6)
    before = contest.rows(challenge)
    waiting = publish(contest, challenge)
    assert waiting.status_code == 409
    missing = {one["judge"]: one["entries"] for one in waiting.json()["missing"]}
    assert missing == {str(first.id): 1, str(second.id): 2}
    no_reason = publish(contest, challenge, force=True)
    assert (no_reason.status_code, no_reason.json()["errors"][0]["pointer"]) == (422, "/reason")
    assert contest.rows(challenge) == before
    forced = publish(contest, challenge, force=True, reason="评委乙住院")
    assert forced.json()["results_note"] == "评委乙住院"
    results = company.employee.rest.get(f"/challenges/{challenge['id']}/results").json()["items"]
    assert [(one["id"], one["rank"]) for one in results] == [(entries[0]["id"], 1)]
    unscored = company.employee.rest.get(f"/challenge-entries/{entries[1]['id']}").json()
    assert (unscored["rank"], unscored["score"], unscored["prize"]) == (None, None, None)


def test_results_appear_all_at_once(contest: Contest, company: Company) -> None:
    challenge, entries = judged(contest, company.employee, company.colleague, company.outsider)
    for entry in entries:
        for judge in contest.judges:
            contest.score(challenge, entry, judge, 5, 6)
    query = """query($c: ID!) { challenge(id: $c) { phase } challengeEntries(challengeId: $c) { nodes { rank } } }"""

    def look() -> list[Any]:
        page = alone(company.employee, "GET", f"/challenges/{challenge['id']}/entries").json()["items"]
        return [one["rank"] for one in page]

    answers = at_once(
        partial(alone, contest.sponsor, "POST", f"/challenges/{challenge['id']}/results", json={}),
        partial(alone, contest.sponsor, "POST", f"/challenges/{challenge['id']}/results", json={}),
        *[look] * 6,
    )
    assert sorted(answer.status_code for answer in answers[:2]) == [200, 409]
    assert all(ranks in ([1, 1, 1], [None, None, None]) for ranks in answers[2:])
    data = company.outsider.data(query, c=challenge["id"])
    assert data["challenge"]["phase"] == "published"
    idea = entries[0]["idea"]["id"]
    told = company.server.sql("SELECT happened FROM journal WHERE object_id = $1 AND happened LIKE 'idea_%'", idea)
    assert {"idea_entered", "idea_awarded"} <= {entry["happened"] for entry in told}


def test_a_score_and_the_results_at_once_never_miss_each_other(contest: Contest, company: Company) -> None:
    """Either the score is in the published mean, or it is refused."""
    for _ in range(4):
        challenge, (entry,) = judged(contest, company.employee, judges=[str(contest.judges[0].id)])
        judge = contest.judges[0]
        contest.score(challenge, entry, judge, 2, 2)
        path = f"/challenge-entries/{entry['id']}/scorecard"
        scored, published = at_once(
            partial(alone, judge, "PUT", path, json=contest.scores(challenge, 8, 8)),
            partial(alone, contest.sponsor, "POST", f"/challenges/{challenge['id']}/results", json={}),
        )
        assert published.status_code == 200 and scored.status_code in (200, 409)
        result = company.employee.rest.get(f"/challenge-entries/{entry['id']}").json()
        assert result["score"] == (8 if scored.status_code == 200 else 2)


CARDS = st.lists(st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10)), min_size=2, max_size=2),
                 min_size=1, max_size=4)  # fmt: skip


@given(weight=st.integers(1, 99), cards=CARDS, places=st.lists(st.integers(1, 3), max_size=3))
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_results_are_a_right_ranking(
    contest: Contest, company: Company, weight: int, cards: list[list[tuple[int, int]]], places: list[int]
) -> None:
    criteria = [{"name": "甲", "weight": weight}, {"name": "乙", "weight": 100 - weight}]
    prizes = [{"name": f"{n}", "places": amount} for n, amount in enumerate(places)]
    challenge = contest.create(criteria=criteria, prizes=prizes, closes_at=later(days=1))
    entries = [contest.enter(challenge, company.employee) for _ in cards]
    contest.shift(challenge, closes=-1)
    expected = []
    for entry, of_entry in zip(entries, cards, strict=True):
        for judge, (one, other) in zip(contest.judges, of_entry, strict=True):
            contest.score(challenge, entry, judge, one, other)
        points = sum(Fraction(weight * one + (100 - weight) * other, 100) for one, other in of_entry)
        expected.append(points / len(of_entry))
    assert publish(contest, challenge).status_code == 200
    by_place = [str(n) for n, amount in enumerate(places) for _ in range(amount)]
    for entry, score in zip(entries, expected, strict=True):
        shown = company.employee.rest.get(f"/challenge-entries/{entry['id']}").json()
        better, same = sum(other > score for other in expected), expected.count(score)
        assert (shown["rank"], shown["tied"]) == (better + 1, same - 1)
        assert abs(Fraction(str(shown["score"])) - score) < Fraction(1, 10_000)
        assert (shown["prize"] or {}).get("name") == (by_place[better] if better < len(by_place) else None)
