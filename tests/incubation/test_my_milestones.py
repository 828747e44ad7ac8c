"""One's own milestones of all ideas through both doors: in which order, which of them, and whose they are."""

from typing import Any

import pytest
from tests.conftest import Actor, Company
from tests.incubation.incubating import approved, day, made, refused

LIST = """query($f: MyMilestoneFilter, $n: Int! = 100, $a: String) { myMilestones(filter: $f, first: $n, after: $a) {
  totalCount pageInfo { endCursor hasNextPage } nodes { id ideaId ideaTitle title dueOn overdue } } }"""


def planned(author: Actor, idea: str, days: int, **fields: Any) -> str:
    """A milestone that is due in so many days."""
    body = {"title": f"第 {days} 天", "due_on": day(days)} | fields
    return str(made(author.rest.post(f"/ideas/{idea}/milestones", json=body))["id"])


def mine(actor: Actor, **filters: Any) -> list[str]:
    """The ids of somebody's milestones, if both doors say the same."""
    items = made(actor.rest.get("/me/milestones", params=filters | {"limit": 100}), 200)["items"]
    shown = actor.data(LIST, f=filters)["myMilestones"]
    ids = [one["id"] for one in items]
    assert [one["id"] for one in shown["nodes"]] == ids
    assert shown["totalCount"] == len(ids)
    return ids


def test_the_next_that_is_due_comes_first(company: Company) -> None:
    author, other = company.hire("推进人", "rd"), company.hire("帮手", "sales")
    one, two = approved(company, author), approved(company, other)
    late, soon = planned(author, one, 9), planned(author, one, 2)
    named = planned(other, two, 5, person_id=str(author.id))
    theirs = planned(other, two, 1)
    assert mine(author) == [soon, named, late]
    assert mine(other) == [theirs]
    assert mine(company.hire("旁人", "rd")) == []
    item = made(author.rest.get("/me/milestones", params={"limit": 2}), 200)["items"][1]
    assert (item["idea_id"], item["idea_title"]) == (two, made(author.rest.get(f"/ideas/{two}"), 200)["title"])
    assert item["person"]["id"] == str(author.id)
    assert item["permissions"] == ["finish"]
    shown = author.data(LIST)["myMilestones"]["nodes"][1]
    assert (shown["ideaId"], shown["ideaTitle"]) == (item["idea_id"], item["idea_title"])


def test_which_are_open_overdue_and_done(company: Company) -> None:
    author = company.hire("推进人", "rd")
    idea = approved(company, author)
    due, late, done, was_late = (planned(author, idea, days) for days in (0, 3, 4, 5))
    for one, days in ((late, 1), (was_late, 2)):
        company.server.sql(f"UPDATE milestone SET due_on = '{day(-days)}' WHERE id = $1::uuid", one)
    for one in (done, was_late):
        made(author.rest.put(f"/milestones/{one}/done"), 200)
    assert mine(author) == [was_late, late, due, done]
    assert mine(author, state="open") == [late, due]
    assert mine(author, state="overdue") == [late]
    assert mine(author, state="done") == [was_late, done]
    assert author.rest.delete(f"/milestones/{done}/done").status_code == 204
    assert mine(author, state="open") == [late, due, done]
    # Of an idea that rests nothing can be reached.
    made(author.rest.post(f"/ideas/{idea}/withdraw"), 200)
    assert (mine(author, state="open"), mine(author, state="overdue")) == ([], [])
    assert mine(author, state="done") == [was_late]
    assert mine(author) == [was_late, late, due, done]
    made(author.rest.post(f"/ideas/{idea}/reinstate"), 200)
    assert mine(author, state="overdue") == [late]


def test_pages_show_each_once(company: Company) -> None:
    author = company.hire("推进人", "rd")
    idea, unnamed = approved(company, author), approved(company, author, anonymous=True)
    wanted = [planned(author, unnamed if days % 2 else idea, days) for days in range(5)]
    # Of the same day, too.
    wanted += sorted(planned(author, idea, 9) for _ in range(2))
    for asked in ({}, {"state": "open"}):
        found, cursor = [], None
        while True:
            params = {**asked, "limit": 2} | ({"cursor": cursor} if cursor else {})
            page = made(author.rest.get("/me/milestones", params=params), 200)
            found += [one["id"] for one in page["items"]]
            if (cursor := page["next_cursor"]) is None:
                break
        assert found == wanted
    first = author.data(LIST, n=4)["myMilestones"]
    rest = author.data(LIST, n=4, a=first["pageInfo"]["endCursor"])["myMilestones"]
    assert [one["id"] for one in first["nodes"] + rest["nodes"]] == wanted
    assert (first["totalCount"], rest["pageInfo"]["hasNextPage"]) == (7, False)


def test_who_sees_to_it_is_who_has_it(company: Company) -> None:
    author, other = company.hire("推进人", "rd"), company.hire("接手人", "rd")
    idea = approved(company, author)
    step = planned(author, idea, 3)
    handed = {"person_id": str(other.id)}
    made(author.rest.patch(f"/milestones/{step}", json=handed, headers={"If-Match": "*"}), 200)
    assert (mine(author), mine(other)) == ([], [step])
    back = "mutation($id: ID!, $p: ID!) { reviseMilestone(id: $id, expectedVersion: 2, input: {personId: $p}) { id } }"
    author.data(back, id=step, p=str(author.id))
    assert (mine(author), mine(other)) == ([step], [])
    assert author.rest.delete(f"/milestones/{step}", headers={"If-Match": "*"}).status_code == 204
    assert mine(author) == []


def test_of_a_hidden_idea_nothing_is_listed_or_counted(company: Company) -> None:
    """Not even to whoever is to see to it."""
    author, stranger = company.hire("推进人", "rd"), company.hire("看不见的人", "sales")
    idea = approved(company, author, audience=[str(company.departments["rd"])])
    step = planned(author, idea, 3, person_id=str(stranger.id))
    assert mine(stranger) == []
    for state in ("open", "overdue", "done"):
        assert mine(stranger, state=state) == []
    made(author.rest.patch(f"/milestones/{step}", json={"person_id": str(author.id)}, headers={"If-Match": "*"}), 200)
    assert mine(author) == [step]


def test_an_unnamed_author_has_theirs_and_nobody_learns_whose_they_are(company: Company) -> None:
    author, helper = company.hire("不愿署名", "rd"), company.hire("帮手", "rd")
    idea, open_ = approved(company, author, anonymous=True), approved(company, author)
    own, named = planned(author, idea, 2), planned(author, open_, 4)
    helpers = planned(author, idea, 6, person_id=str(helper.id))
    committees = planned(company.committee, idea, 1)
    assert mine(author) == [own, named]
    assert mine(author, state="open") == [own, named]
    assert mine(helper) == [helpers]
    for other in (company.committee, company.admin, company.colleague):
        assert own not in mine(other)
    assert committees in mine(company.committee)
    # Another unnamed author has only their own.
    second = company.hire("也不署名", "rd")
    theirs = planned(second, approved(company, second, anonymous=True), 1)
    assert (mine(second), mine(author)) == ([theirs], [own, named])
    # Not with a key that somebody else made for them, and nothing that is stored names them.
    key = made(company.admin.rest.post("/keys", json={"name": "代办", "person_id": str(author.id),
                                                      "scopes": ["content_read"]}))["key"]  # fmt: skip
    borrowed = Actor(company.server, author.id, author.name, key, author.department_id)
    assert mine(borrowed) == [named]
    row = company.server.sql("SELECT to_jsonb(m)::text AS row FROM milestone m WHERE id = $1::uuid", own)[0]["row"]
    assert str(author.id) not in row
    assert "owner" not in author.rest.get("/me/milestones").text
    # Handed on it is the other's; and whoever names themselves has it by name.
    if_match = {"If-Match": "*"}
    made(author.rest.patch(f"/milestones/{own}", json={"person_id": str(helper.id)}, headers=if_match), 200)
    assert (mine(author), mine(helper)) == ([named], [own, helpers])
    byname = planned(author, idea, 3, person_id=str(author.id))
    assert (mine(author), mine(borrowed)) == ([byname, named], [byname, named])


@pytest.mark.parametrize(
    "asked, pointer",
    [
        ({"state": "late"}, "?state"),
        ({"order": "newest"}, "?order"),
        ({"limit": 101}, "?limit"),
        ({"person": "x"}, "?person"),
    ],
)
def test_wrong_questions_are_pointed_at(company: Company, asked: dict[str, Any], pointer: str) -> None:
    errors = refused(company.employee.rest.get("/me/milestones", params=asked), 422, "invalid")["errors"]
    assert [error["pointer"] for error in errors] == [pointer]
    if pointer == "?state":
        answer = company.employee.graphql(LIST, f=asked)
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT", answer


def test_without_a_name_or_the_right_to_read_there_is_no_list(company: Company) -> None:
    refused(company.anonymous.get("/me/milestones"), 401)
    keyless = company.hire("不读内容", "rd", scopes=["people_read"])
    refused(keyless.rest.get("/me/milestones"), 403, "forbidden")
    assert keyless.graphql(LIST)["errors"][0]["extensions"]["code"] == "FORBIDDEN"
