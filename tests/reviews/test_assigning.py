"""Who is asked to judge: those who may and fit best and have least to do; and others in their place."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from tests.access.world import fingerprint
from tests.conftest import Actor, Company
from tests.events.following import heard
from tests.reviews.reviewing import assignment, category, change, done, group, judge, owed, policy, submit


@dataclass
class Board:
    """An author, a category of their own, and those whom its policy names."""

    company: Company
    author: Actor
    place: str
    group: str
    people: list[Actor] = field(default_factory=list)

    def begin(self, **fields: Any) -> dict[str, Any]:
        item = self.author.item(**{"publish": False, "category_id": self.place, **fields})
        return submit(self.author, item["id"])

    def asked(self, review: dict[str, Any]) -> list[str]:
        """The names of those who are asked, as its author sees them."""
        listed = done(self.author.rest.get(f"/reviews/{review['id']}/assignments"))["items"]
        return sorted(one["person"]["name"] for one in listed if one["state"] == "asked")


@pytest.fixture
def board(company: Company) -> Board:
    author, place = company.hire("作者", "rd_pressure"), category(company)
    people = [company.hire(f"评审{number}", "rd") for number in "甲乙丙"]
    return Board(company, author, place, group(company, *people), people)


def print_of(company: Company) -> Any:
    company.server.settle()
    return fingerprint(company.server)


def own(actor: Actor, review: dict[str, Any]) -> str:
    return f"/review-assignments/{assignment(actor, review)}"


def who(board: Board, review: dict[str, Any]) -> Actor:
    """The one who is asked."""
    (name,) = board.asked(review)
    return next(person for person in board.people if person.name == name)


# ---- choosing -------------------------------------------------------------------------------------------------------


def test_work_is_shared_out(board: Board) -> None:
    policy(board.company, board.place, groups=[board.group])
    asked = [board.asked(board.begin())[0] for _ in range(6)]
    assert sorted(asked) == ["评审丙", "评审丙", "评审乙", "评审乙", "评审甲", "评审甲"]
    assert len(set(asked[:3])) == 3, "nobody twice before everybody once"


def test_who_knows_the_field_is_asked_until_they_have_much_to_do(board: Board) -> None:
    """Each published item of the category counts as much as one judgement that is awaited, up to three of them."""
    expert, below = board.people[1], category(board.company, board.place)
    for place in (board.place, below, below, below, board.place):
        expert.item(category_id=place)
    expert.item(publish=False, category_id=board.place)
    policy(board.company, board.place, groups=[board.group])
    assert [board.asked(board.begin())[0] for _ in range(3)] == ["评审乙"] * 3
    # Now three are awaited of the expert, and none of the others: they take turns until it is even.
    others = [board.asked(board.begin())[0] for _ in range(2)]
    assert sorted(others) == ["评审丙", "评审甲"]


def test_a_role_for_just_this_field_counts_as_two_items(board: Board) -> None:
    sql, ours = board.company.server.sql, board.people[2]
    sql(
        "INSERT INTO role_assignment (id, person_id, role, category_id, created_at)"
        " VALUES (uuidv7(), $1, 'reviewer', $2, now())",
        ours.id, UUID(board.place),
    )  # fmt: skip
    general = board.company.hire("公司评审", "sales", roles=(("reviewer", None),))
    elsewhere = board.company.hire("销售评审", "rd", roles=(("reviewer", board.company.departments["sales"]),))
    people = group(board.company, ours, general, elsewhere, board.people[0])
    policy(board.company, board.place, groups=[people], roles=["reviewer"])
    board.people += [general, elsewhere]
    assert [board.asked(board.begin())[0] for _ in range(2)] == ["评审丙"] * 2
    later = {name for _ in range(3) for name in board.asked(board.begin())}
    assert later == {"评审丙", "公司评审"}, "who is a reviewer of another department is none of this"


def test_expertise_and_department_bind(board: Board) -> None:
    author, company = board.author, board.company
    expert, novice = company.hire("有作品", "rd_pressure"), company.hire("没作品", "rd")
    expert.item(category_id=board.place)
    outside = company.hire("外部门", "sales")
    outside.item(category_id=board.place)
    board.people = [expert, novice, outside]
    policy(company, board.place, departments=[company.departments["rd"]], expertise=1)
    review = board.begin()
    assert board.asked(review) == ["有作品"], "in the department or below it, and with an item of their own"
    before = print_of(company)
    path = own(expert, review)
    delegated = expert.rest.post(f"{path}/delegate", json={"person_id": str(novice.id)})
    assert delegated.status_code == 409, "nor does it reach whom the policy does not suit by way of others"
    assert fingerprint(company.server) == before
    two = author.item(publish=False, category_id=board.place)
    company.server.sql("UPDATE review_policy SET expertise = 2 WHERE category_id = $1", UUID(board.place))
    before = print_of(company)
    assert author.rest.post(f"/content/{two['id']}/reviews", json={}).json()["found"] == 0
    assert fingerprint(company.server) == before


def test_who_is_never_asked(company: Company) -> None:
    sql, author, place = company.server.sql, company.hire("作者", "rd", clearance=3), category(company)
    left, service = company.hire("离职", "rd"), company.hire("机器", "rd", kind="service")
    uncleared, wrote = company.hire("不可看", "rd", clearance=1), company.hire("代笔", "rd", clearance=2)
    fit = company.hire("合适", "rd", clearance=2)
    people = [left, uncleared, wrote, fit, author]
    made = group(company, *people)
    sql("INSERT INTO group_member (group_id, person_id) VALUES ($1, $2)", UUID(made), service.id)
    sql("UPDATE person SET active = false WHERE id = $1", left.id)
    item = author.item(publish=False, category_id=place, classification="confidential")
    sql("UPDATE content_revision SET author_id = $2 WHERE content_id = $1", UUID(item["id"]), wrote.id)
    policy(company, place, needs="all", groups=[made])
    review = submit(author, item["id"])
    listed = done(author.rest.get(f"/reviews/{review['id']}/assignments"))["items"]
    assert ([one["person"]["name"] for one in listed], review["required"]) == (["合适"], 1)


# ---- in their place -------------------------------------------------------------------------------------------------


def test_the_next_best_is_asked_in_the_place_of_who_declines(board: Board) -> None:
    policy(board.company, board.place, groups=[board.group])
    review = board.begin()
    first = who(board, review)
    path = own(first, review)
    before = print_of(board.company)
    assert first.rest.post(f"{path}/decline", json={}).status_code == 422
    assert first.rest.post(f"{path}/decline", json={"reason": " "}).status_code == 422
    assert board.author.rest.post(f"{path}/decline", json={"reason": "不"}).status_code == 403
    assert fingerprint(board.company.server) == before
    declined = done(first.rest.post(f"{path}/decline", json={"reason": "这周出差"}))
    assert (declined["state"], declined["reason"], declined["permissions"]) == ("declined", "这周出差", [])
    assert owed(first) == []
    assert first.rest.get(f"/reviews/{review['id']}").status_code == 404
    second = who(board, review)
    assert second is not first
    decline = 'mutation($id: ID!) { declineReviewAssignment(id: $id, input: { reason: "忙" }) { state } }'
    data = second.data(decline, id=assignment(second, review))
    assert data["declineReviewAssignment"] == {"state": "declined"}
    third = who(board, review)
    assert third not in (first, second)
    before = print_of(board.company)
    again = first.rest.post(f"{path}/decline", json={"reason": "还是出差"})
    assert (again.status_code, "declined" in again.text) == (409, True)
    for action in ("conflict", "delegate"):
        body = {"reason": "再", **({"person_id": str(third.id)} if action == "delegate" else {})}
        assert first.rest.post(f"{path}/{action}", json=body).status_code == 409
    late = first.rest.post(f"{path}/judgements", json={"revision": 1, "verdict": "approve"})
    assert late.status_code == 403
    assert fingerprint(board.company.server) == before
    done(judge(third, review), 201)
    assert done(board.author.rest.get(f"/reviews/{review['id']}"))["state"] == "approved"


def test_nobody_is_left_and_a_manager_names_somebody(board: Board) -> None:
    """A draft that only its author and its reviewers may read does not hang: who manages reviews sees it is stuck."""
    company = board.company
    only = board.people[0]
    policy(company, board.place, groups=[group(company, only)])
    review = board.begin()
    done(only.rest.post(f"{own(only, review)}/conflict", json={"reason": "和作者合写过"}))
    seen = done(board.author.rest.get(f"/reviews/{review['id']}"))
    assert (seen["state"], board.asked(review)) == ("open", [])
    missing = heard(board.author, ["reviewer_missing"])
    told = [event for event in missing if event["payload"]["review_id"] == review["id"]]
    assert [(one["payload"]["required"], one["payload"]["asked"], one["actor"]["name"]) for one in told] == [
        (1, 0, "kshare")
    ]
    ask = {"person_id": str(board.people[1].id)}
    path = f"/reviews/{review['id']}/assign"
    before = print_of(company)
    assert board.author.rest.post(path, json=ask).status_code == 403, "authors do not choose who judges them"
    assert only.rest.post(path, json=ask).status_code == 404
    assert company.outsider.rest.post(path, json=ask).status_code == 404
    for wrong in (board.author, only):
        named = company.manager.rest.post(path, json={"person_id": str(wrong.id)})
        assert named.status_code == 409, "neither the author nor whoever has a conflict"
    assert fingerprint(company.server) == before
    managed = done(company.manager.rest.get(f"/reviews/{review['id']}"))
    assert set(managed["permissions"]) == {"assign", "withdraw"} and managed["progress"] is None
    assert (managed["asked"], managed["required"]) == (0, 1)
    assert review["id"] in [
        one["id"]
        for one in done(company.manager.rest.get("/reviews", params={"state": "open", "limit": 100}))["items"]
        if one["asked"] < one["required"]
    ]
    name = """mutation($id: ID!, $p: ID!) { assignReviewer(id: $id, input: { personId: $p }) {
      asked required progress { given } } }"""
    asked = company.manager.data(name, id=review["id"], p=ask["person_id"])["assignReviewer"]
    assert asked == {"asked": 1, "required": 1, "progress": None}
    done(judge(board.people[1], review), 201)
    assert done(board.author.rest.get(f"/reviews/{review['id']}"))["state"] == "approved"
    item = review["subject"]["id"]
    again = board.author.rest.post(f"/content/{item}/reviews", json={})
    assert again.status_code == 409


def test_a_conflict_lasts_into_the_next_round(board: Board) -> None:
    policy(board.company, board.place, needs="all", groups=[board.group])
    review = board.begin()
    one, two, _ = board.people
    done(one.rest.post(f"{own(one, review)}/conflict", json={"reason": "竞争关系"}))
    done(judge(two, review, "request_changes"), 201)
    again = submit(board.author, review["subject"]["id"])
    assert (board.asked(again), again["required"]) == (["评审丙", "评审乙"], 2)


def test_all_means_all_who_are_left(board: Board) -> None:
    one, two, three = board.people
    policy(board.company, board.place, needs="all", groups=[board.group])
    review = board.begin()
    assert review["required"] == 3
    done(judge(one, review), 201)
    done(two.rest.post(f"{own(two, review)}/decline", json={"reason": "忙"}))
    assert done(board.author.rest.get(f"/reviews/{review['id']}"))["required"] == 2
    extra = board.company.hire("补一位", "sales")
    asked = board.company.manager.rest.post(f"/reviews/{review['id']}/assign", json={"person_id": str(extra.id)})
    done(asked)
    assert done(board.author.rest.get(f"/reviews/{review['id']}"))["required"] == 3
    done(judge(three, review), 201)
    assert done(board.author.rest.get(f"/reviews/{review['id']}"))["state"] == "open", "who was named counts too"
    done(extra.rest.post(f"{own(extra, review)}/conflict", json={"reason": "亲戚"}))
    assert done(board.author.rest.get(f"/reviews/{review['id']}"))["state"] == "approved"


def test_all_who_leave_approve_nothing(board: Board) -> None:
    policy(board.company, board.place, needs="all", groups=[board.group])
    review = board.begin()
    for person in board.people:
        done(person.rest.post(f"{own(person, review)}/decline", json={"reason": "忙"}))
    seen = done(board.author.rest.get(f"/reviews/{review['id']}"))
    assert (seen["state"], seen["required"]) == ("open", 0)
    extra = board.company.hire("后来的", "sales")
    asked = board.company.manager.rest.post(f"/reviews/{review['id']}/assign", json={"person_id": str(extra.id)})
    done(asked)
    done(judge(extra, review), 201)
    assert done(board.author.rest.get(f"/reviews/{review['id']}"))["state"] == "approved"


def test_who_steps_in(board: Board) -> None:
    """When too few suit at the beginning, and in the place of the last who did."""
    company, only, stands = board.company, board.people[0], board.company.hire("替补", "sales")
    policy(company, board.place, needs="quorum", quorum=2, groups=[group(company, only)], steps_in_id=stands.id)
    board.people.append(stands)
    assert board.asked(board.begin()) == ["替补", "评审甲"]
    other = category(company)
    policy(company, other, groups=[group(company, only)], steps_in_id=stands.id)
    review = board.begin(category_id=other)
    assert board.asked(review) == ["评审甲"]
    done(only.rest.post(f"{own(only, review)}/decline", json={"reason": "忙"}))
    assert board.asked(review) == ["替补"]


def test_delegating_to_somebody_who_could_have_been_asked(board: Board) -> None:
    company = board.company
    stands = company.hire("替补", "sales")
    policy(company, board.place, groups=[board.group], steps_in_id=stands.id)
    review = board.begin()
    first = who(board, review)
    second, third = (person for person in board.people if person is not first)
    path = own(first, review)
    before = print_of(company)
    for wrong in (first, board.author, company.outsider, company.hire("新人", "rd")):
        answer = first.rest.post(f"{path}/delegate", json={"person_id": str(wrong.id)})
        assert answer.status_code == 409, wrong.name
        before = print_of(company)
    assert first.rest.post(f"{path}/delegate", json={"reason": "没有人"}).status_code == 422
    assert fingerprint(company.server) == before
    delegate = "mutation($id: ID!, $p: ID!) { delegateReviewAssignment(id: $id, input: { personId: $p }) { state } }"
    data = first.data(delegate, id=path.split("/")[2], p=str(second.id))
    assert data["delegateReviewAssignment"] == {"state": "delegated"}
    assert board.asked(review) == [second.name]
    assert first.rest.get(f"/reviews/{review['id']}").status_code == 404
    back = second.rest.post(f"{own(second, review)}/delegate", json={"person_id": str(first.id)})
    assert back.status_code == 409, "not to somebody who was asked before"
    done(second.rest.post(f"{own(second, review)}/delegate", json={"person_id": str(stands.id), "reason": "他懂"}))
    assert board.asked(review) == ["替补"] and third.name not in board.asked(review)


def test_who_is_owed_a_judgement_again_may_still_decline(board: Board) -> None:
    """Somebody judged, the text was changed, and now they are away."""
    policy(board.company, board.place, needs="quorum", quorum=2, groups=[board.group])
    review = board.begin()
    names = board.asked(review)
    first = next(person for person in board.people if person.name == names[0])
    done(judge(first, review), 201)
    path = own(first, review)
    before = print_of(board.company)
    assert first.rest.post(f"{path}/decline", json={"reason": "想好了"}).status_code == 409, "it was given"
    assert fingerprint(board.company.server) == before
    done(change(board.author, review["subject"]["id"], body="换了"))
    assert "decline" in done(first.rest.get(path))["permissions"]
    done(first.rest.post(f"{path}/decline", json={"reason": "休假"}))
    assert len(board.asked(review)) == 2 and first.name not in board.asked(review)
    assert len(done(board.author.rest.get(f"/reviews/{review['id']}/judgements"))["items"]) == 1, "kept on record"


def test_who_wrote_at_it_names_nobody(company: Company) -> None:
    author, place = company.hire("作者", "rd"), category(company)
    judges = [company.hire("评审", "rd"), company.hire("外援", "rd")]
    item = author.item(category_id=place)
    policy(company, place, groups=[group(company, judges[0])])
    writer = company.hire("管理员", "rd", roles=(("knowledge_manager", None),))
    done(change(writer, item["id"], body="管理员改的"))
    review = submit(writer, item["id"])
    before = print_of(company)
    path, ask = f"/reviews/{review['id']}/assign", {"person_id": str(judges[1].id)}
    assert writer.rest.post(path, json=ask).status_code == 403
    assert fingerprint(company.server) == before
    assert done(company.manager.rest.post(path, json=ask))["asked"] == 2
