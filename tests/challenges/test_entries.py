"""Entering challenges: the deadline, who may enter what, teams of hackathons, anonymous ideas."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any

import asyncpg
import httpx
import pytest
from tests.challenges.conftest import Contest
from tests.conftest import CERTIFICATES, Actor, Company


def at_once(*tasks: Callable[[], Any]) -> list[Any]:
    """Runs the tasks as nearly at the same moment as threads can."""
    barrier = threading.Barrier(len(tasks))

    def run(task: Callable[[], Any]) -> Any:
        barrier.wait()
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def alone(actor: Actor, method: str, path: str, **request: Any) -> httpx.Response:
    """On a connection of its own."""
    headers = {"Authorization": f"Bearer {actor.key}"}
    return httpx.request(
        method, f"{actor.server.url}/v1{path}", headers=headers, timeout=30, verify=CERTIFICATES, **request
    )


def team_of(lead: Actor, *others: Actor, **fields: Any) -> dict[str, Any]:
    """A team, with everybody in it."""
    response = lead.rest.post("/teams", json={"name": "红队"} | fields)
    assert response.status_code == 201, response.text
    team: dict[str, Any] = response.json()
    for other in others:
        invited = lead.rest.post(f"/teams/{team['id']}/invitations", json={"person_id": str(other.id)}).json()
        assert other.rest.post(f"/team-invitations/{invited['id']}/accept").status_code == 200
    return team


def test_an_entry_reads_the_same_through_both_doors(contest: Contest, company: Company) -> None:
    challenge = contest.create()
    entry = contest.enter(challenge, company.employee)
    assert entry["entered_by"]["id"] == str(company.employee.id)
    assert (entry["rank"], entry["team"], entry["permissions"]) == (None, None, ["withdraw"])
    data = company.outsider.data(
        """query($c: ID!, $e: ID!) { challengeEntries(challengeId: $c) { totalCount nodes { id idea { title author {
          name } } challenge { phase judges { name } } team { name } rank score permissions } }
          challengeEntry(id: $e) { id } node(id: $e) { __typename } }""",
        c=challenge["id"],
        e=entry["id"],
    )
    assert data["challengeEntries"]["totalCount"] == 1
    assert data["challengeEntries"]["nodes"][0]["idea"]["author"]["name"] == company.employee.name
    assert data["challengeEntries"]["nodes"][0]["permissions"] == []
    assert data["node"] == {"__typename": "ChallengeEntry"}
    idea = contest.idea(company.colleague)
    done = company.colleague.data(
        """mutation($c: ID!, $i: ID!) { enterChallenge(id: $c, input: { ideaId: $i }) { id idea { id } } }""",
        c=challenge["id"],
        i=idea["id"],
    )["enterChallenge"]
    listed = company.outsider.rest.get(f"/challenges/{challenge['id']}/entries").json()["items"]
    assert [one["id"] for one in listed] == [done["id"], entry["id"]]


def test_the_deadline_is_to_the_second_by_the_databases_clock(contest: Contest, company: Company) -> None:
    challenge = contest.create()
    ideas = [contest.idea(company.employee)["id"] for _ in range(40)]
    # A whole second, as deadlines are.
    closing = company.server.sql(
        "UPDATE challenge SET opens_at = now() - interval '1 day', closes_at = date_trunc('second', clock_timestamp())"
        " + interval '3 s', judging_until = now() + interval '1 day' WHERE content_id = $1 RETURNING closes_at",
        challenge["id"],
    )[0]["closes_at"]
    answers = []
    for idea in ideas:
        sent = datetime.now(UTC)
        answer = alone(company.employee, "POST", f"/challenges/{challenge['id']}/entries", json={"idea_id": idea})
        answers.append((sent, datetime.now(UTC), answer))
        if (sent - closing).total_seconds() > 0.5:
            break
        time.sleep(0.1)
    accepted = [one for one in answers if one[2].status_code == 201]
    refused = [one for one in answers if one[2].status_code == 409]
    assert accepted and refused and len(accepted) + len(refused) == len(answers)
    # One machine, one clock: nobody who sent after the deadline is in, nobody who was answered before it is out.
    assert all(sent < closing for sent, _, _ in accepted)
    assert all(answered >= closing for _, answered, _ in refused)
    problem = refused[0][2].json()
    assert problem["code"] == "conflict" and problem["phase"] == "judging"
    assert datetime.fromisoformat(problem["closes_at"]) == closing
    stored = company.server.sql("SELECT max(created_at) AS m, count(*) AS n FROM challenge_entry WHERE challenge_id ="
                                " $1", challenge["id"])[0]  # fmt: skip
    assert stored["n"] == len(accepted) and stored["m"] < closing
    # At the deadline itself it is too late, and a second before it is not.
    contest.shift(challenge, opens=-5, closes=0)
    assert contest.rows(challenge)
    late = company.employee.graphql(
        "mutation($c: ID!, $i: ID!) { enterChallenge(id: $c, input: { ideaId: $i }) { id } }",
        c=challenge["id"],
        i=contest.idea(company.employee)["id"],
    )
    assert late["errors"][0]["extensions"]["status"] == 409
    assert late["errors"][0]["extensions"]["phase"] == "judging"


def test_who_waits_for_a_lock_past_the_deadline_is_too_late(contest: Contest, company: Company) -> None:
    challenge = contest.create()
    idea = contest.idea(company.employee)["id"]
    held = threading.Event()

    async def hold() -> None:
        connection = await asyncpg.connect(company.server.database_url)
        async with connection.transaction():
            await connection.execute("SELECT FROM content WHERE id = $1 FOR UPDATE", challenge["id"])
            held.set()
            await asyncio.sleep(0.7)
        await connection.close()

    holder = threading.Thread(target=lambda: company.server.loop.run(hold()))
    holder.start()
    assert held.wait(5)
    contest.shift(challenge, opens=-5, closes=0.4)
    answer = alone(company.employee, "POST", f"/challenges/{challenge['id']}/entries", json={"idea_id": idea})
    holder.join()
    assert (answer.status_code, answer.json().get("phase")) == (409, "judging"), answer.text
    assert company.server.sql("SELECT count(*) AS n FROM challenge_entry WHERE content_id = $1", idea)[0]["n"] == 0


def test_before_it_opens_nothing_is_taken(contest: Contest, company: Company) -> None:
    challenge = contest.create()
    contest.shift(challenge, opens=60, closes=120)
    before = contest.rows(challenge)
    body = {"idea_id": contest.idea(company.employee)["id"]}
    answer = company.employee.rest.post(f"/challenges/{challenge['id']}/entries", json=body)
    assert (answer.status_code, answer.json()["phase"]) == (409, "announced")
    assert contest.rows(challenge) == before


def test_one_enters_ones_own(contest: Contest, company: Company) -> None:
    challenge = contest.create()
    path = f"/challenges/{challenge['id']}/entries"
    idea = contest.idea(company.employee, coauthors=[
        {"person_id": str(company.employee.id), "share": 70}, {"person_id": str(company.colleague.id), "share": 30},
    ])  # fmt: skip
    before = contest.rows(challenge)
    assert company.outsider.rest.post(path, json={"idea_id": idea["id"]}).status_code == 403
    hidden = contest.idea(company.colleague, audience=[str(company.departments["rd"])])
    unknown = company.outsider.rest.post(path, json={"idea_id": hidden["id"]})
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/idea_id")
    judge, sponsor = contest.judges[0], contest.sponsor
    for insider in (judge, sponsor):
        assert insider.rest.post(path, json={"idea_id": contest.idea(insider)["id"]}).status_code == 403
        assert "enter" not in insider.rest.get(f"/challenges/{challenge['id']}").json()["permissions"]
    assert contest.rows(challenge) == before
    entry = contest.enter(challenge, company.colleague, idea_id=idea["id"])
    twice = company.employee.rest.post(path, json={"idea_id": idea["id"]})
    assert (twice.status_code, twice.json()["code"]) == (409, "already_exists")
    # An idea of which a judge has a share is not judged by that judge.
    shared = contest.idea(company.employee, coauthors=[
        {"person_id": str(company.employee.id), "share": 70}, {"person_id": str(judge.id), "share": 30},
    ])  # fmt: skip
    conflicted = company.employee.rest.post(path, json={"idea_id": shared["id"]})
    assert (conflicted.status_code, conflicted.json()["judges"]) == (409, [str(judge.id)])
    assert company.outsider.rest.post(f"/challenge-entries/{entry['id']}/withdraw").status_code == 403
    gone = company.employee.rest.post(f"/challenge-entries/{entry['id']}/withdraw").json()
    assert gone["withdrawn_at"] and gone["permissions"] == []
    assert company.employee.rest.post(f"/challenge-entries/{entry['id']}/withdraw").status_code == 409
    assert company.employee.rest.get(path).json()["items"] == []
    contest.enter(challenge, company.employee, idea_id=idea["id"])


def test_a_withdrawn_idea_or_a_draft_is_not_entered(contest: Contest, company: Company) -> None:
    challenge = contest.create()
    withdrawn, draft = contest.idea(company.employee), contest.idea(company.employee, draft=True)
    assert company.employee.rest.post(f"/ideas/{withdrawn['id']}/withdraw").status_code == 200
    before = contest.rows(challenge)
    for idea in (withdrawn, draft):
        body = {"idea_id": idea["id"]}
        answer = company.employee.rest.post(f"/challenges/{challenge['id']}/entries", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert contest.rows(challenge) == before


def test_judges_and_sponsor_must_see_the_idea(contest: Contest, company: Company) -> None:
    challenge = contest.create()
    idea = contest.idea(company.employee, audience=[str(company.departments["rd"])])
    path = f"/challenges/{challenge['id']}/entries"
    before = contest.rows(challenge)
    answer = company.employee.rest.post(path, json={"idea_id": idea["id"]})
    assert answer.status_code == 409
    assert set(answer.json()["people"]) == {str(contest.judges[1].id), str(contest.sponsor.id)}
    assert contest.rows(challenge) == before
    readers = [str(company.departments["rd"]), str(contest.judges[1].id), str(contest.sponsor.id)]
    shared = company.employee.rest.patch(f"/ideas/{idea['id']}", json={"audience": readers}, headers={"If-Match": "*"})
    assert shared.status_code == 200
    entry = contest.enter(challenge, company.employee, idea_id=idea["id"])
    # Whoever sees the challenge and not the idea, sees no entry.
    assert company.outsider.rest.get(path).json()["items"] == []
    assert company.outsider.rest.get(f"/challenge-entries/{entry['id']}").status_code == 404
    count = "query($c: ID!) { challengeEntries(challengeId: $c) { totalCount } }"
    assert company.outsider.data(count, c=challenge["id"])["challengeEntries"]["totalCount"] == 0
    assert company.outsider.rest.post(f"/challenge-entries/{entry['id']}/withdraw").status_code == 404


def test_a_hackathon_is_entered_as_a_team(contest: Contest, company: Company) -> None:
    hackathon = contest.create(format="hackathon", team_min=2, team_max=2)
    assert (hackathon["team_min"], hackathon["team_max"]) == (2, 2)
    path = f"/challenges/{hackathon['id']}/entries"
    lead, mate, third = company.hire("队长", "rd"), company.hire("队友", "sales"), company.hire("第三人", "sales")
    idea = contest.idea(lead)
    before = contest.rows(hackathon)
    missing = lead.rest.post(path, json={"idea_id": idea["id"]})
    assert (missing.status_code, missing.json()["errors"][0]["pointer"]) == (422, "/team_id")
    team = team_of(lead, idea_id=idea["id"])
    small = lead.rest.post(path, json={"idea_id": idea["id"], "team_id": team["id"]})
    assert (small.status_code, small.json()["size"], small.json()["team_min"]) == (409, 1, 2)
    foreign = team_of(mate, third)
    assert lead.rest.post(path, json={"idea_id": idea["id"], "team_id": foreign["id"]}).status_code == 403
    assert third.rest.post(path, json={"idea_id": idea["id"], "team_id": foreign["id"]}).status_code == 403
    judged = team_of(lead, contest.judges[0])
    conflicted = lead.rest.post(path, json={"idea_id": idea["id"], "team_id": judged["id"]})
    assert (conflicted.status_code, conflicted.json()["judges"]) == (409, [str(contest.judges[0].id)])
    assert contest.rows(hackathon) == before
    invited = lead.rest.post(f"/teams/{team['id']}/invitations", json={"person_id": str(mate.id)}).json()
    assert mate.rest.post(f"/team-invitations/{invited['id']}/accept").status_code == 200
    # The team's idea, by a member who did not write it.
    entry = contest.enter(hackathon, mate, idea_id=idea["id"], team_id=team["id"])
    assert entry["team"]["id"] == team["id"]
    again = lead.rest.post(path, json={"idea_id": contest.idea(lead)["id"], "team_id": team["id"]})
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    assert mate.rest.post(f"/challenge-entries/{entry['id']}/withdraw").status_code == 403
    assert lead.rest.post(f"/challenge-entries/{entry['id']}/withdraw").status_code == 200


def test_of_two_who_enter_one_idea_at_once_one_is_in(contest: Contest, company: Company) -> None:
    challenge = contest.create()
    for _ in range(3):
        idea = contest.idea(company.employee)["id"]
        path = f"/challenges/{challenge['id']}/entries"
        enter = partial(alone, company.employee, "POST", path, json={"idea_id": idea})
        answers = at_once(enter, enter, enter, enter)
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


@pytest.mark.parametrize("field, value", [("idea_id", "x"), ("team_id", "x"), ("note", "x")])
def test_wrong_input(contest: Contest, company: Company, field: str, value: str) -> None:
    challenge = contest.create()
    body = {"idea_id": contest.idea(company.employee)["id"], field: value}
    answer = company.employee.rest.post(f"/challenges/{challenge['id']}/entries", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{field}")


# ---- anonymous ideas ------------------------------------------------------------------------------------------------


def test_an_anonymous_author_enters_unnamed_and_without_a_team(contest: Contest, company: Company) -> None:
    author, lead = company.hire("匿名者", "rd"), company.hire("别队", "rd")
    idea = contest.idea(author, anonymous=True)
    challenge, hackathon = contest.create(), contest.create(format="hackathon", team_min=1)
    own_team = team_of(author, lead)
    before = contest.rows(hackathon)
    refused = author.rest.post(
        f"/challenges/{hackathon['id']}/entries", json={"idea_id": idea["id"], "team_id": own_team["id"]}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert "anonymous" in refused.json()["detail"]
    assert contest.rows(hackathon) == before
    entry = contest.enter(challenge, author, idea_id=idea["id"])
    assert entry["entered_by"]["id"] != str(author.id)
    assert entry["created_at"][11:19] == "00:00:00"
    everything = company.server.sql(
        "SELECT to_jsonb(e)::text AS r FROM challenge_entry e WHERE id = $1 UNION ALL"
        " SELECT to_jsonb(j)::text FROM journal j WHERE object_id = ANY(ARRAY[$2, $3]::uuid[])"
        " AND happened LIKE '%enter%'",
        entry["id"], challenge["id"], idea["id"],
    )  # fmt: skip
    assert len(everything) == 3 and not any(str(author.id) in row["r"] for row in everything)
    company.server.settled()
    for viewer in (company.admin, company.committee, contest.sponsor, contest.judges[0]):
        for path in (f"/challenges/{challenge['id']}/entries", f"/challenge-entries/{entry['id']}", "/events"):
            told = viewer.rest.get(path, params={"limit": 100} if path.endswith("entries") else {})
            about = [str(one) for one in told.json().get("items", [told.json()]) if entry["id"] in str(one)]
            assert told.status_code == 200 and not any(str(author.id) in one for one in about)
    assert author.rest.post(f"/challenge-entries/{entry['id']}/withdraw").status_code == 200
