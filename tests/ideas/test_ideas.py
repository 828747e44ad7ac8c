"""Ideas through both doors: proposing, what is refused, batches, and jobs that are run again."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.access.world import fingerprint
from tests.conftest import Actor, Company

PROPOSE = "mutation($input: ProposeIdeaInput!) { proposeIdea(input: $input) { id } }"


def propose(author: Actor, **fields: Any) -> dict[str, Any]:
    response = author.rest.post("/ideas", json={"title": f"改进 {uuid4().hex[:6]}"} | fields)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def quiet(company: Company) -> dict[str, tuple[int, int]]:
    """A print of the database once every reactor has done what it does with what happened."""
    company.server.settle()
    return fingerprint(company.server)


def test_a_title_is_enough(company: Company) -> None:
    title = f"车间门口装感应灯 {uuid4().hex[:6]}"
    idea = propose(company.employee, title=title)
    assert (idea["stage"], idea["state"], idea["size"], idea["votes"]) == ("submitted", "published", "small", 0)
    assert "vote" not in idea["permissions"]
    seen = company.colleague.rest.get(f"/ideas/{idea['id']}").json()
    assert seen["author"]["id"] == str(company.employee.id)
    assert "vote" in seen["permissions"]
    assert company.colleague.rest.put(f"/ideas/{idea['id']}/vote").json()["votes"] == 1
    assert company.colleague.rest.put(f"/ideas/{idea['id']}/vote").json()["voted"] is True
    data = company.colleague.data(
        "query($id: ID!) { idea(id: $id) { title votes voted stage author { name } permissions } }", id=idea["id"]
    )
    assert data["idea"]["votes"] == 1
    assert data["idea"]["stage"] == "submitted"
    titles = [
        one["title"] for one in company.colleague.rest.get("/ideas", params={"stage": "submitted"}).json()["items"]
    ]
    assert title in titles


# ---- what is refused ------------------------------------------------------------------------------------------------


def refused(company: Company, author: Actor, fields: dict[str, Any], pointer: str, graphql: dict[str, Any]) -> str:
    """Proposing this is refused through both doors at that place, and leaves nothing; the code."""
    before = quiet(company)
    response = author.rest.post("/ideas", json={"title": "不成立"} | fields)
    assert response.status_code == 422, response.text
    [error] = response.json()["errors"]
    assert error["pointer"] == pointer
    [problem] = author.graphql(PROPOSE, input={"title": "不成立"} | graphql)["errors"]
    assert problem["extensions"]["code"] == "INVALID"
    assert fingerprint(company.server) == before
    return str(error["code"])


def test_shares_that_cannot_be(company: Company) -> None:
    me, other, stranger = str(company.employee.id), str(company.colleague.id), str(uuid4())

    def shares(**given: int) -> tuple[dict[str, Any], dict[str, Any]]:
        people = {"me": me, "other": other, "stranger": stranger}
        rest = [{"person_id": people[name], "share": share} for name, share in given.items()]
        graphql = [{"personId": one["person_id"], "share": one["share"]} for one in rest]
        return {"coauthors": rest}, {"coauthors": graphql}

    def code(pointer: str, **given: int) -> str:
        rest, graphql = shares(**given)
        return refused(company, company.employee, rest, pointer, graphql)

    assert code("/coauthors", me=50, other=40) == "shares_sum"
    assert code("/coauthors", me=60, other=60) == "shares_sum"
    assert code("/coauthors", other=100) == "author_missing"
    assert code("/coauthors/1/person_id", me=50, stranger=50) == "unknown_reference"
    assert code("/coauthors/1/share", me=100, other=0) == "greater_than_equal"
    twice = [{"person_id": me, "share": 50}, {"person_id": me, "share": 50}]
    camel = [{"personId": me, "share": 50}, {"personId": me, "share": 50}]
    assert refused(company, company.employee, {"coauthors": twice}, "/coauthors", {"coauthors": camel}) == "duplicate"
    left = company.hire("离职", "rd")
    company.server.sql("UPDATE person SET active = false WHERE id = $1", left.id)
    gone = [{"person_id": me, "share": 50}, {"person_id": str(left.id), "share": 50}]
    camel = [{"personId": me, "share": 50}, {"personId": str(left.id), "share": 50}]
    place = "/coauthors/1/person_id"
    assert refused(company, company.employee, {"coauthors": gone}, place, {"coauthors": camel}) == "unknown_reference"


def test_shares_that_can_be(company: Company) -> None:
    both = [{"person_id": str(company.employee.id), "share": 70}, {"person_id": str(company.colleague.id), "share": 30}]
    idea = propose(company.employee, coauthors=both)
    assert [(one["person"]["id"], one["share"]) for one in idea["coauthors"]] == [
        (one["person_id"], one["share"]) for one in both
    ]
    assert "edit" in company.colleague.rest.get(f"/ideas/{idea['id']}").json()["permissions"]
    assert company.colleague.rest.put(f"/ideas/{idea['id']}/vote").status_code == 403, "a co-author has no vote"


def test_places_that_are_none(company: Company) -> None:
    nowhere = str(uuid4())
    for field, camel, value in (
        ("category_id", "categoryId", nowhere),
        ("audience", "audience", [nowhere]),
    ):
        pointer = f"/{field}" if field != "audience" else "/audience/0"
        assert refused(company, company.employee, {field: value}, pointer, {camel: value}) == "unknown_reference"
    secret = {"classification": "restricted"}
    assert refused(company, company.employee, secret, "/classification", secret) == "above_clearance"


def no_vote(company: Company, actor: Actor, id: str, status: int) -> None:
    before = quiet(company)
    for response in (actor.rest.put(f"/ideas/{id}/vote"),):
        assert response.status_code == status, response.text
    [error] = actor.graphql("mutation($id: ID!) { voteForIdea(id: $id) { id } }", id=id)["errors"]
    assert error["extensions"]["code"] == {403: "FORBIDDEN", 404: "NOT_FOUND", 409: "CONFLICT"}[status]
    assert fingerprint(company.server) == before


@pytest.mark.parametrize("stage", ["approved", "declined", "in_pilot", "implemented", "verified"])
def test_no_votes_once_it_is_decided(company: Company, stage: str) -> None:
    idea = propose(company.employee)["id"]
    assert company.outsider.rest.put(f"/ideas/{idea}/vote").status_code == 200
    company.server.sql("UPDATE content SET stage = $1 WHERE id = $2", stage, UUID(idea))
    no_vote(company, company.colleague, idea, 409)
    assert company.outsider.rest.delete(f"/ideas/{idea}/vote").status_code == 409
    seen = company.outsider.rest.get(f"/ideas/{idea}").json()
    assert seen["votes"] == 1 and "vote" not in seen["permissions"]


def test_no_votes_for_ones_own_for_drafts_and_for_what_is_hidden_or_gone(company: Company) -> None:
    idea = propose(company.employee)["id"]
    no_vote(company, company.employee, idea, 403)
    assert company.employee.rest.post(f"/ideas/{idea}/withdraw").status_code == 200
    no_vote(company, company.colleague, idea, 409)
    no_vote(company, company.employee, propose(company.employee, draft=True)["id"], 403)
    no_vote(company, company.colleague, propose(company.employee, draft=True)["id"], 404)
    hidden = propose(company.employee, audience=[str(company.employee.id)])["id"]
    no_vote(company, company.outsider, hidden, 404)
    assert company.outsider.rest.delete(f"/ideas/{hidden}/vote").status_code == 404


def test_what_is_not_theirs_others_leave_alone(company: Company) -> None:
    idea, draft = propose(company.employee), propose(company.employee, draft=True)
    before = quiet(company)
    stranger, match = company.outsider.rest, {"If-Match": "*"}
    assert stranger.patch(f"/ideas/{idea['id']}", json={"title": "我的了"}, headers=match).status_code == 403
    for act in ("withdraw", "reinstate"):
        assert stranger.post(f"/ideas/{idea['id']}/{act}").status_code == 403
    assert stranger.post(f"/ideas/{draft['id']}/submit").status_code == 404
    assert stranger.delete(f"/ideas/{draft['id']}", headers=match).status_code == 404
    assert stranger.delete(f"/ideas/{idea['id']}", headers=match).status_code == 403
    assert company.employee.rest.delete(f"/ideas/{idea['id']}", headers=match).status_code == 409
    stale = {"If-Match": '"99"'}
    assert company.employee.rest.patch(f"/ideas/{idea['id']}", json={"title": "旧"}, headers=stale).status_code == 412
    assert fingerprint(company.server) == before


# ---- batches --------------------------------------------------------------------------------------------------------


def batch(author: Actor, items: list[Any], **query: Any) -> list[dict[str, Any]]:
    response = author.rest.post("/ideas:batch", json={"items": items}, params=query)
    assert response.status_code == 207, response.text
    results: list[dict[str, Any]] = response.json()["items"]
    assert [one["index"] for one in results] == list(range(len(items)))
    return results


def titles(company: Company, mark: str) -> list[str]:
    rows = company.server.sql("SELECT title FROM content WHERE title LIKE $1 ORDER BY title", f"{mark}%")
    return [row["title"] for row in rows]


@pytest.mark.parametrize(
    "bad",
    [
        {"title": ""},
        {"title": "坏", "category_id": str(UUID(int=5))},
        {"title": "坏", "audience": [str(UUID(int=5))], "tags": ["新标签"]},
        {"title": "坏", "coauthors": [{"person_id": str(UUID(int=5)), "share": 100}]},
        {"title": "坏", "unknown": 1},
    ],
    ids=["no title", "no such category", "no such audience", "wrong shares", "unknown field"],
)
def test_three_bad_ones_hold_up_no_other(company: Company, bad: dict[str, Any]) -> None:
    mark = uuid4().hex[:8]
    items = [{"title": f"{mark} {n:03}", "tags": [f"签 {mark} {n % 5}"]} for n in range(500)]
    for place in (0, 250, 499):
        items[place] = bad
    results = batch(company.employee, items)
    assert [one["index"] for one in results if one["status"] != 201] == [0, 250, 499]
    for place in (0, 250, 499):
        assert (results[place]["id"], results[place]["problem"]["code"]) == (None, "invalid")
    assert titles(company, mark) == [f"{mark} {n:03}" for n in range(500) if n not in (0, 250, 499)]
    assert titles(company, "坏") == []
    shown = company.colleague.rest.get(f"/ideas/{results[1]['id']}").json()
    assert [tag["name"] for tag in shown["tags"]] == [f"签 {mark} 1"]
    assert (shown["version"], shown["revision"], shown["author"]["id"]) == (1, 1, str(company.employee.id))


def test_one_that_was_refused_after_it_wrote_leaves_nothing(company: Company, monkeypatch: Any) -> None:
    """Whatever a command does before it is refused is taken back, and what the others did is not."""
    from kshare.core.errors import invalid
    from kshare.ideas.commands import idea as commands

    genuine = commands._set_shares

    async def late(work: Any, *arguments: Any) -> bool:
        done = await genuine(work, *arguments)
        await work.flush()
        raise invalid("/coauthors", "shares_sum", "Too late.") if done else AssertionError

    monkeypatch.setattr(commands, "_set_shares", late)
    mark, alone = uuid4().hex[:8], [{"person_id": str(company.employee.id), "share": 100}]
    items: list[dict[str, Any]] = [{"title": f"{mark} {n}", "tags": [f"晚 {mark}"]} for n in range(6)]
    items[3]["coauthors"] = alone
    results = batch(company.employee, items)
    assert [one["status"] for one in results] == [201, 201, 201, 422, 201, 201]
    assert titles(company, mark) == [f"{mark} {n}" for n in (0, 1, 2, 4, 5)]
    made = [UUID(one["id"]) for one in results if one["id"]]
    tagged = "SELECT content_id FROM content_tag p JOIN tag t ON t.id = p.tag_id WHERE t.name = $1"
    assert {row["content_id"] for row in company.server.sql(tagged, f"晚 {mark}")} == set(made)


def test_a_name_that_somebody_takes_meanwhile_is_one_idea(company: Company) -> None:
    source = f"box-{uuid4().hex[:6]}"
    items = [{"external_source": source, "external_id": str(n), "title": f"抢 {source} {n}"} for n in range(20)]

    def run(_: int) -> list[Any]:
        # Who has to wait for a name for too long is told to come back.
        for _ in range(30):
            response = company.employee.rest.post("/ideas:batch", json={"items": items})
            if response.status_code != 503:
                break
        assert response.status_code == 207, response.text
        answer: list[Any] = response.json()["items"]
        return answer

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(run, range(3)))
    assert len(titles(company, f"抢 {source}")) == 20
    assert sorted(one["status"] for answer in answers for one in answer) == [200] * 40 + [201] * 20
    assert len({tuple(one["id"] for one in answer) for answer in answers}) == 1


def test_a_dry_run_keeps_nothing(company: Company) -> None:
    before = quiet(company)
    items = [{"title": "试一试", "tags": [uuid4().hex]}, {"title": ""}]
    results = batch(company.employee, items, dry_run="true")
    assert [(one["status"], one["id"]) for one in results] == [(201, None), (422, None)]
    assert fingerprint(company.server) == before


def test_a_job_that_is_run_again_doubles_nothing(company: Company) -> None:
    source = f"csv-{uuid4().hex[:6]}"
    items = [
        {"external_source": source, "external_id": f"{n}", "title": f"{source} {n}", "tags": [source]} for n in range(3)
    ]
    first = batch(company.employee, items)
    before = quiet(company)
    again = batch(company.employee, items)
    assert [one["status"] for one in first] == [201] * 3 and [one["status"] for one in again] == [200] * 3
    assert [one["id"] for one in first] == [one["id"] for one in again]
    assert fingerprint(company.server) == before, "what is equal stays as it is, its version too"
    items[1]["title"] = f"{source} 改"
    batch(company.employee, items)
    versions = [company.employee.rest.get(f"/ideas/{one['id']}").json()["version"] for one in first]
    assert versions == [1, 2, 1]
    # What others call the same is theirs.
    assert [one["status"] for one in batch(company.colleague, items)] == [201] * 3


def test_the_same_name_twice_in_a_batch(company: Company) -> None:
    source = f"csv-{uuid4().hex[:6]}"
    name = {"external_source": source, "external_id": "7"}
    one, two, three = ({**name, "title": f"{source} {n}", "draft": n < 2} for n in range(3))
    results = batch(company.employee, [one, two, three, three])
    assert [result["status"] for result in results] == [201, 200, 200, 200]
    assert len({result["id"] for result in results}) == 1
    idea = company.employee.rest.get(f"/ideas/{results[0]['id']}").json()
    assert (idea["title"], idea["state"], idea["stage"]) == (f"{source} 2", "published", "submitted")
    assert titles(company, source) == [f"{source} 2"]


def test_putting_one_by_its_name(company: Company) -> None:
    place = f"/ideas/by-external-id/kaizen/{uuid4().hex}"
    author = company.employee.rest
    first = author.put(place, json={"title": "夜里关空压机"})
    assert first.status_code == 201, first.text
    again = author.put(place, json={"title": "夜里关空压机"})
    assert (again.status_code, again.json()["version"]) == (200, first.json()["version"])
    assert again.headers["etag"] == first.headers["etag"]
    revised = author.put(place, json={"title": "夜里关空压机", "summary": "每晚省 40 度电。"})
    assert (revised.json()["revision"], revised.json()["summary"]) == (2, "每晚省 40 度电。")
    mutation = """mutation($id: String!, $input: ProposeIdeaInput!) {
      putIdea(source: "kaizen", externalId: $id, input: $input) { id revision } }"""
    put = company.employee.data(mutation, id=place.rsplit("/", 1)[1], input={"title": "夜里关空压机"})["putIdea"]
    assert put == {"id": first.json()["id"], "revision": 3}
    # What was withdrawn stays so when the job comes again, and a new text is not lost without a word.
    assert author.post(f"/ideas/{put['id']}/withdraw").status_code == 200
    before = quiet(company)
    assert author.put(place, json={"title": "夜里关空压机"}).json()["state"] == "archived"
    assert author.put(place, json={"title": "白天也关"}).status_code == 409
    assert fingerprint(company.server) == before


def test_lines_beyond_one_bulk(company: Company) -> None:
    mark = uuid4().hex[:8]
    lines = "\n".join(["{"] + [f'{{"title": "{mark} {n:04}"}}' for n in range(620)])
    response = company.employee.rest.post(
        "/ideas:batch", content=lines, headers={"Content-Type": "application/x-ndjson"}
    )
    assert response.status_code == 207
    statuses = [line.split('"status":')[1][:3] for line in response.text.splitlines()]
    assert statuses == ["400"] + ["201"] * 620
    assert len(titles(company, mark)) == 620
