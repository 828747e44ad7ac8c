"""Votes, followers and comments of ideas that are merged into one, and everything as it was when that is undone."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.access.world import fingerprint
from tests.conftest import Actor, Company
from tests.events.test_feed import everything, now


def propose(author: Actor, **fields: Any) -> str:
    response = author.rest.post("/ideas", json={"title": f"合并 {uuid4().hex[:6]}"} | fields)
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


def idea(reader: Actor, id: str) -> dict[str, Any]:
    response = reader.rest.get(f"/ideas/{id}")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def merge(actor: Actor, id: str, into: str) -> Any:
    return actor.rest.post(f"/ideas/{id}/merge", json={"into_id": into})


def listed(reader: Actor, id: str, what: str) -> list[dict[str, Any]]:
    """All pages of a list of an idea's."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        response = reader.rest.get(f"/ideas/{id}/{what}", params={"limit": 2} | cursor)
        assert response.status_code == 200, response.text
        page = response.json()
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = {"cursor": page["next_cursor"]}


def voters(reader: Actor, id: str) -> list[str]:
    return [voter["person"]["id"] for voter in listed(reader, id, "voters")]


def picture(reader: Actor, id: str) -> dict[str, Any]:
    """What an idea shows, apart from when and how often it was changed; and when an answer is due, since the clock
    stands still while it is merged."""
    shown = idea(reader, id)
    for name in ("version", "updated_at", "due_at"):
        del shown[name]
    lists = {what: listed(reader, id, what) for what in ("voters", "merged", "comments")}
    return shown | lists


def quiet(company: Company) -> dict[str, tuple[int, int]]:
    """A print of the database once every reactor has done what it does with what happened."""
    company.server.settle()
    return fingerprint(company.server)


@pytest.fixture
def pair(company: Company) -> tuple[str, str]:
    """Two ideas by two people, with two voters each, one of whom votes for both, and the same with followers."""
    first, second = propose(company.employee), propose(company.reviewer)
    for id, people in ((first, (company.colleague, company.outsider)), (second, (company.outsider, company.manager))):
        for person in people:
            assert person.rest.put(f"/ideas/{id}/vote").status_code == 200
            assert person.rest.put(f"/content/{id}/follow").status_code == 204
            assert person.rest.post(f"/content/{id}/comments", json={"body": f"同意 {id}"}).status_code == 201
    return first, second


def test_merged_ideas_show_unions_and_undoing_restores_everything(company: Company, pair: tuple[str, str]) -> None:
    first, second = pair
    reader, committee = company.colleague, company.committee
    before = picture(reader, first), picture(reader, second)
    assert "merge" in idea(committee, first)["permissions"] and "merge" not in before[0]["permissions"]
    response = merge(committee, first, second)
    assert response.status_code == 200, response.text
    both = response.json()
    assert (both["id"], both["votes"]) == (second, 3)
    assert (both["counters"]["followers"], both["counters"]["comments"]) == (3, 4)
    gone = idea(reader, first)
    assert (gone["state"], gone["stage"], gone["merged_into"], gone["votes"]) == ("archived", "submitted", second, 2)
    assert idea(reader, second)["voted"] is True
    assert first not in [one["id"] for one in reader.rest.get("/ideas", params={"limit": 100}).json()["items"]]
    voting = [str(person.id) for person in (company.colleague, company.outsider, company.manager)]
    assert voters(reader, second) == sorted(voting)
    assert [one["id"] for one in listed(reader, second, "merged")] == [first]
    comments = listed(reader, second, "comments")
    assert [one["content_id"] for one in comments] == [first, first, second, second]
    data = reader.data(
        """query($id: ID!) { idea(id: $id) { votes voted counters { followers comments } }
        ideaVoters(ideaId: $id) { totalCount nodes { person { id } } } mergedIdeas(ideaId: $id) { nodes { id } }
        ideaComments(ideaId: $id, orderBy: newest) { totalCount nodes { id } } }""",
        id=second,
    )
    assert data["idea"] == {"votes": 3, "voted": True, "counters": {"followers": 3, "comments": 4}}
    assert [one["person"]["id"] for one in data["ideaVoters"]["nodes"]] == sorted(voting)
    assert data["mergedIdeas"]["nodes"] == [{"id": first}]
    assert [one["id"] for one in data["ideaComments"]["nodes"]] == [one["id"] for one in reversed(comments)]
    assert data["ideaComments"]["totalCount"] == 4
    undone = committee.data("mutation($id: ID!) { unmergeIdea(id: $id) { id state mergedInto } }", id=first)
    assert undone["unmergeIdea"] == {"id": first, "state": "published", "mergedInto": None}
    assert (picture(reader, first), picture(reader, second)) == before


def test_merging_through_graphql_and_in_chains(company: Company) -> None:
    one, two, three = (propose(company.employee) for _ in range(3))
    for id, person in ((one, company.colleague), (two, company.outsider), (three, company.outsider)):
        person.rest.put(f"/ideas/{id}/vote")
    mutation = "mutation($id: ID!, $into: ID!) { mergeIdea(id: $id, input: {intoId: $into}) { id votes } }"
    assert company.committee.data(mutation, id=one, into=two)["mergeIdea"] == {"id": two, "votes": 2}
    assert company.committee.data(mutation, id=two, into=three)["mergeIdea"] == {"id": three, "votes": 2}
    assert {entry["id"] for entry in listed(company.colleague, three, "merged")} == {one, two}
    assert idea(company.colleague, one)["merged_into"] == two
    # What was merged first comes out from under both.
    assert company.committee.rest.post(f"/ideas/{one}/unmerge").status_code == 200
    assert [idea(company.outsider, id)["votes"] for id in (one, two, three)] == [1, 1, 1]
    assert [entry["id"] for entry in listed(company.colleague, three, "merged")] == [two]
    assert company.committee.rest.post(f"/ideas/{two}/unmerge").status_code == 200
    assert [idea(company.outsider, id)["voted"] for id in (one, two, three)] == [False, True, True]


# ---- what is refused ------------------------------------------------------------------------------------------------


def refused(company: Company, status: int, actor: Actor, id: str, into: str) -> str:
    """A merging that is refused through both doors and changes nothing; the reason."""
    before = quiet(company)
    response = merge(actor, id, into)
    assert response.status_code == status, response.text
    mutation = "mutation($id: ID!, $into: ID!) { mergeIdea(id: $id, input: {intoId: $into}) { id } }"
    [error] = actor.graphql(mutation, id=id, into=into)["errors"]
    assert error["extensions"]["code"] == response.json()["code"].upper()
    assert fingerprint(company.server) == before
    return str(response.json()["detail"])


def test_what_does_not_stand_for_itself_is_not_merged(company: Company) -> None:
    committee = company.committee
    stands, other = propose(company.employee), propose(company.colleague)
    assert "itself" in refused(company, 409, committee, stands, stands)
    draft = propose(committee, draft=True)
    assert "draft" in refused(company, 409, committee, draft, stands)
    assert "draft" in refused(company, 409, committee, stands, draft)
    withdrawn = propose(company.employee)
    assert company.employee.rest.post(f"/ideas/{withdrawn}/withdraw").status_code == 200
    assert "withdrawn" in refused(company, 409, committee, withdrawn, stands)
    assert "withdrawn" in refused(company, 409, committee, stands, withdrawn)
    assert merge(committee, other, stands).status_code == 200
    third = propose(company.outsider)
    assert "merged" in refused(company, 409, committee, other, third)
    assert "merged" in refused(company, 409, committee, third, other)
    assert "merged" in refused(company, 409, committee, stands, other), "a circle"
    done = propose(company.outsider)
    company.server.sql("UPDATE content SET stage = 'in_pilot' WHERE id = $1", UUID(done))
    assert "carried out" in refused(company, 409, committee, done, stands)
    assert merge(committee, third, done).status_code == 200
    response = committee.rest.post(f"/ideas/{stands}/unmerge")
    assert (response.status_code, response.json()["code"]) == (409, "conflict")


def test_merging_is_for_who_manages_or_decides(company: Company) -> None:
    mine, other = propose(company.employee), propose(company.colleague)
    for actor in (company.employee, company.outsider, company.manager):
        refused(company, 403, actor, mine, other)
    hidden = propose(company.colleague, audience=[str(company.colleague.id)])
    refused(company, 404, company.committee, mine, hidden)
    refused(company, 404, company.committee, hidden, mine)
    assert merge(company.committee, mine, other).status_code == 200
    before = quiet(company)
    assert company.employee.rest.post(f"/ideas/{mine}/unmerge").status_code == 403
    [error] = company.employee.graphql("mutation($id: ID!) { unmergeIdea(id: $id) { id } }", id=mine)["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert fingerprint(company.server) == before
    scoped = company.hire("研发评审", "sales", roles=(("committee", company.departments["rd"]),))
    elsewhere = propose(company.outsider)
    refused(company, 403, scoped, elsewhere, other)
    refused(company, 403, scoped, other, elsewhere)
    within = propose(company.reviewer)
    assert merge(scoped, within, other).status_code == 200


def test_ideas_are_merged_only_if_the_same_people_read_them(company: Company) -> None:
    server, places = company.server, {name: str(id) for name, id in company.departments.items()}
    decider = company.hire("范评", "rd", roles=(("committee", None),), clearance=2)
    people = [company.hire(f"组员{n}", "rd") for n in range(2)]
    group = uuid4()
    server.sql(
        "INSERT INTO people_group (id, name, version, created_at, updated_at) VALUES ($1, $2, 1, now(), now())",
        group,
        f"组 {group}",
    )
    for person in (*people, decider):
        server.sql("INSERT INTO group_member (group_id, person_id) VALUES ($1, $2)", group, person.id)
    named = [str(person.id) for person in (*people, decider)]

    def shared(*audience: str, **fields: Any) -> str:
        return propose(people[0], audience=list(audience), **fields)

    def alike(one: str, other: str) -> None:
        assert merge(decider, one, other).status_code == 200
        assert decider.rest.post(f"/ideas/{one}/unmerge").status_code == 200

    everyone, rd, group_idea, named_idea = propose(people[0]), shared(places["rd"]), shared(str(group)), shared(*named)
    for one, other in ((everyone, rd), (rd, everyone), (rd, group_idea), (group_idea, rd), (named_idea, everyone)):
        assert "may read" in refused(company, 409, decider, one, other)
    alike(everyone, shared(places["rd"], "00000000-0000-7000-8000-000000000001"))
    alike(rd, shared(places["rd"], places["rd_pressure"]))
    alike(rd, shared(places["rd"], str(group)))
    alike(group_idea, named_idea)
    assert "may read" in refused(company, 409, decider, shared(places["rd_pressure"], str(decider.id)), rd)
    # An author who is not among the audience would read a count of what they cannot read.
    outside = propose(company.outsider, audience=[places["rd"]])
    assert "may read" in refused(company, 409, decider, outside, rd)
    refused(company, 409, decider, shared(places["rd"], classification="public"), rd)
    # Members of a group come and go: who is in it at the moment counts.
    server.sql("DELETE FROM group_member WHERE group_id = $1 AND person_id = $2", group, people[1].id)
    refused(company, 409, decider, group_idea, named_idea)


def test_the_readers_of_merged_ideas_stay_the_same(company: Company) -> None:
    author, committee = company.employee, company.committee
    member, target = propose(company.colleague), propose(author)
    assert merge(committee, member, target).status_code == 200
    before = quiet(company)
    for change in ({"audience": [str(company.departments["root"])]}, {"classification": "public"}):
        response = author.rest.patch(f"/ideas/{target}", json=change, headers={"If-Match": "*"})
        assert (response.status_code, response.json()["code"]) == (409, "conflict")
    assert author.rest.post(f"/ideas/{target}/withdraw").status_code == 409
    assert company.colleague.rest.post(f"/ideas/{member}/withdraw").status_code == 409
    assert company.colleague.rest.post(f"/ideas/{member}/reinstate").status_code == 409
    assert fingerprint(company.server) == before
    assert author.rest.patch(f"/ideas/{target}", json={"title": "改名"}, headers={"If-Match": "*"}).status_code == 200


# ---- voting for what was merged -------------------------------------------------------------------------------------


def test_a_vote_is_for_the_whole(company: Company, pair: tuple[str, str]) -> None:
    first, second = pair
    assert merge(company.committee, first, second).status_code == 200
    # Having voted for the member, one votes for the target already.
    assert company.colleague.rest.put(f"/ideas/{second}/vote").json()["votes"] == 3
    given = company.server.sql("SELECT 1 FROM idea_vote WHERE person_id = $1 AND content_id = $2",
                               company.colleague.id, UUID(second))  # fmt: skip
    assert given == []
    assert company.finance.rest.put(f"/ideas/{second}/vote").json()["votes"] == 4
    before = quiet(company)
    assert "vote" not in idea(company.employee, second)["permissions"]
    assert company.employee.rest.put(f"/ideas/{second}/vote").status_code == 403, "their own idea was merged into it"
    assert company.finance.rest.put(f"/ideas/{first}/vote").status_code == 409
    assert company.colleague.rest.delete(f"/ideas/{first}/vote").status_code == 409
    [error] = company.employee.graphql("mutation($id: ID!) { voteForIdea(id: $id) { id } }", id=second)["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert fingerprint(company.server) == before
    # Taken back is taken back everywhere.
    assert company.outsider.rest.delete(f"/ideas/{second}/vote").status_code == 204
    assert idea(company.outsider, second)["votes"] == 3 and idea(company.outsider, second)["voted"] is False
    assert company.committee.rest.post(f"/ideas/{first}/unmerge").json()["votes"] == 1
    assert idea(company.outsider, second)["votes"] == 2


def test_an_author_who_voted_before_the_merging_stays_counted(company: Company) -> None:
    """A count that fell, or a voter who vanished, would tell who wrote the other idea."""
    mine, other = propose(company.employee), propose(company.colleague)
    company.employee.rest.put(f"/ideas/{other}/vote")
    assert merge(company.committee, mine, other).json()["votes"] == 1
    assert voters(company.outsider, other) == [str(company.employee.id)]
    assert company.employee.rest.delete(f"/ideas/{other}/vote").status_code == 204
    assert idea(company.outsider, other)["votes"] == 0


def test_everybody_concerned_can_hear_of_it(company: Company, pair: tuple[str, str]) -> None:
    first, second = pair
    start = now(company.committee)
    merge(company.committee, first, second)
    company.committee.rest.post(f"/ideas/{first}/unmerge")
    for person in (company.employee, company.reviewer, company.outsider, company.manager):
        told = [entry for entry in everything(person, start) if entry["content_id"] in pair]
        assert [(entry["type"], entry["payload"]) for entry in told] == [
            ("idea_merged", {"content_id": first, "idea_id": first, "into_id": second}),
            ("idea_merged", {"content_id": second, "idea_id": first, "into_id": second}),
            ("idea_unmerged", {"content_id": first, "idea_id": first, "from_id": second}),
            ("idea_unmerged", {"content_id": second, "idea_id": first, "from_id": second}),
        ]


def test_lists_of_a_hidden_idea_are_not_found(company: Company) -> None:
    hidden = propose(company.colleague, audience=[str(company.colleague.id)])
    for what in ("voters", "merged", "comments"):
        assert company.outsider.rest.get(f"/ideas/{hidden}/{what}").status_code == 404
    for field in ("ideaVoters", "mergedIdeas", "ideaComments"):
        query = f"query($id: ID!) {{ {field}(ideaId: $id) {{ totalCount }} }}"
        [error] = company.outsider.graphql(query, id=hidden)["errors"]
        assert error["extensions"]["code"] == "NOT_FOUND"


def test_votes_and_mergings_at_once_are_counted_right(company: Company) -> None:
    """Who has to wait too long is told to come back (503), and has changed nothing."""
    people = [company.hire(f"投票{n}", "rd") for n in range(6)]
    ideas = [propose(company.employee) for _ in range(4)]

    def voting(person: Actor) -> None:
        for turn in range(12):
            id = ideas[(turn + int(person.id) % 7) % 4]
            response = person.rest.put(f"/ideas/{id}/vote") if turn % 3 else person.rest.delete(f"/ideas/{id}/vote")
            assert response.status_code in (200, 204, 409, 503), response.text

    def merging(shift: int) -> None:
        for turn in range(8):
            one, other = ideas[(turn + shift) % 4], ideas[(turn + shift + 1 + turn % 2) % 4]
            response = merge(company.committee, one, other)
            assert response.status_code in (200, 409, 503), response.text
            response = company.committee.rest.post(f"/ideas/{ideas[(turn * 3 + shift) % 4]}/unmerge")
            assert response.status_code in (200, 409, 503), response.text

    with ThreadPoolExecutor(8) as pool:
        tasks = [pool.submit(voting, person) for person in people] + [pool.submit(merging, n) for n in range(2)]
        for task in tasks:
            task.result()
    rows = company.server.sql(
        """SELECT i.votes, count(DISTINCT v.person_id) AS counted, i.members FROM idea i
        LEFT JOIN idea_vote v ON v.content_id = ANY(array_append(i.members, i.content_id))
        WHERE i.content_id = ANY($1) GROUP BY i.content_id""",
        [UUID(id) for id in ideas],
    )
    assert [row["votes"] for row in rows] == [row["counted"] for row in rows]
    for id in ideas:
        company.committee.rest.post(f"/ideas/{id}/unmerge")
    assert all(idea(company.committee, id)["merged_into"] is None for id in ideas)
    assert all(listed(company.committee, id, "merged") == [] for id in ideas)
