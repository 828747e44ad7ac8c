"""Whoever may not run, enter or judge a challenge is told so, and not in which phase somebody else could."""

from typing import Any

from tests.access.world import fingerprint
from tests.challenges.conftest import Contest, later
from tests.conftest import Actor, Company


def refused(company: Company, status: int, actor: Actor, method: str, path: str, body: Any = None) -> None:
    """Refused with this status, and nothing has changed."""
    company.server.settle()
    before = fingerprint(company.server)
    headers = {"If-Match": "*"} if method in ("PATCH", "DELETE") else {}
    response = actor.rest.request(method, path, json=body, headers=headers)
    assert response.status_code == status, (path, response.text)
    assert response.json()["code"] == {403: "forbidden", 409: "conflict"}[status]
    assert ("phase" in response.json()) is (status == 409 and method != "DELETE")
    assert fingerprint(company.server) == before


def test_a_challenge_in_the_wrong_phase_is_run_by_its_sponsors_alone(company: Company, contest: Contest) -> None:
    judging_sponsor = company.hire("评委兼出题人", "root", roles=(("committee", None),))
    challenge = contest.create(judges=[str(judging_sponsor.id)])
    path = f"/challenges/{challenge['id']}"
    running: list[tuple[str, str, Any]] = [
        ("PATCH", path, {"title": "改题"}),
        ("DELETE", path, None),
        ("POST", f"{path}/publish", None),
        ("POST", f"{path}/results", {}),
    ]
    for method, act, body in running:
        refused(company, 403, judging_sponsor, method, act, body)
        refused(company, 409, contest.sponsor, method, act, body)
    contest.shift(challenge, closes=-60)
    assert contest.sponsor.rest.post(f"{path}/results", json={"force": True, "reason": "没有参赛"}).status_code == 200
    extension = {"closes_at": later(days=9), "reason": "再等等"}
    refused(company, 403, judging_sponsor, "POST", f"{path}/extend", extension)
    refused(company, 409, contest.sponsor, "POST", f"{path}/extend", extension)


def test_entries_out_of_time_are_told_to_those_who_could_enter_and_judge(company: Company, contest: Contest) -> None:
    challenge = contest.create()
    entry = contest.enter(challenge, company.employee)
    scorecard, body = f"/challenge-entries/{entry['id']}/scorecard", contest.scores(challenge, 5, 5)
    for stranger in (company.outsider, company.employee, contest.sponsor):
        refused(company, 403, stranger, "PUT", scorecard, body)
    refused(company, 409, contest.judges[0], "PUT", scorecard, body)
    contest.shift(challenge, closes=-60)
    entries = f"/challenges/{challenge['id']}/entries"
    for insider in (contest.sponsor, contest.judges[0]):
        refused(company, 403, insider, "POST", entries, {"idea_id": contest.idea(insider)["id"]})
    refused(company, 409, company.outsider, "POST", entries, {"idea_id": contest.idea(company.outsider)["id"]})
    published = contest.sponsor.rest.post(
        f"/challenges/{challenge['id']}/results", json={"force": True, "reason": "评委生病"}
    )
    assert published.status_code == 200, published.text
    for stranger in (company.outsider, contest.judges[0]):
        refused(company, 403, stranger, "POST", f"/challenge-entries/{entry['id']}/withdraw")
    refused(company, 409, company.employee, "POST", f"/challenge-entries/{entry['id']}/withdraw")
    refused(company, 403, company.outsider, "PUT", scorecard, body)
