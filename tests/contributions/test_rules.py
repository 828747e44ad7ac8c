"""Each rule gives what it says, and takes it back."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from tests.conftest import Actor, Company
from tests.contributions.accounts import account, in_session, own, with_database
from tests.resources.helpers import made
from tests.reviews.panelling import panel
from tests.reviews.reviewing import assignment, change, done, group, judge, policy, submit

from kshare.contributions.ledger import complete
from kshare.contributions.reactor import ContributionsKeeper

GIVEN: dict[str, Any] = {"outcome": "approved"}


def idea(author: Actor, **fields: Any) -> str:
    return str(made(author, "/ideas", title=f"建议 {uuid4().hex[:6]}", **fields)["id"])


def shares(*parts: tuple[Actor, int]) -> list[dict[str, Any]]:
    return [{"person_id": str(person.id), "share": share} for person, share in parts]


def older(company: Company, content: str, days: int) -> None:
    """A content that was published some days earlier, as if it had always been so."""
    company.server.sql(
        "UPDATE content SET created_at = created_at - $2 * interval '1 day',"
        " published_at = published_at - $2 * interval '1 day' WHERE id = $1::uuid",
        content,
        days,
    )


def test_an_item_counts_once_from_its_publication_on(company: Company) -> None:
    author = company.hire("作者", "rd")
    item = author.item(publish=False)
    assert own(author) == []
    made(author, f"/knowledge-items/{item['id']}/publish")
    assert own(author) == [("item_published", "3.00")]
    made(author, f"/knowledge-items/{item['id']}/archive")
    made(author, f"/knowledge-items/{item['id']}/publish")
    change(author, item["id"], title="换个标题")
    assert own(author) == [("item_published", "3.00")]


def test_an_improvement_counts_once_a_day_and_not_while_it_is_being_written(company: Company) -> None:
    author, editor = company.hire("作者", "rd"), company.hire("编辑", "rd", roles=(("knowledge_manager", None),))
    item = author.item()["id"]
    for text in ("一", "二"):
        assert change(author, item, body=text).status_code == 200
    assert own(author, "item_improved") == []
    for text in ("三", "四"):
        assert change(editor, item, body=text).status_code == 200
    assert own(editor) == [("item_improved", "1.00")]
    older(company, item, 6)
    assert change(author, item, body="五").status_code == 200
    assert own(author, "item_improved") == []
    older(company, item, 1)
    for text in ("六", "七"):
        assert change(author, item, body=text).status_code == 200
    assert own(author, "item_improved") == [("item_improved", "1.00")]
    (entry,) = [one for one in account(author) if one["rule"] == "item_improved"]
    assert entry["object"] == {
        "kind": "revision",
        "id": entry["object"]["id"],
        "content_id": item,
        "title": entry["object"]["title"],
    }
    revision = company.server.sql("SELECT number FROM content_revision WHERE id = $1::uuid", entry["object"]["id"])
    assert revision[0]["number"] == 2, "the first of the day, which is of the day on which it was written"


def test_a_text_that_is_held_back_counts_when_readers_see_it(company: Company) -> None:
    author, editor, reviewer = (company.hire(n, "rd", roles=r) for n, r in (
        ("作者", ()), ("编辑", (("knowledge_manager", None),)), ("评审", (("reviewer", None),))
    ))  # fmt: skip
    item = author.item()["id"]
    place = made(company.manager, "/categories", name=f"工艺 {uuid4().hex[:8]}")["id"]
    company.server.sql("UPDATE content SET category_id = $2::uuid WHERE id = $1::uuid", item, place)
    policy(company, place, groups=[group(company, reviewer)])
    assert change(editor, item, body="等评审的正文").status_code == 200
    review = submit(editor, item)
    assert own(editor) == own(reviewer) == []
    done(judge(reviewer, review), 201)
    assert own(editor) == [("item_improved", "1.00")]
    assert own(reviewer) == [("review_given", "1.00")]


def test_an_idea_counts_for_those_who_share_it(company: Company) -> None:
    author, second, third = (company.hire(f"作者{n}", "rd") for n in range(3))
    id = idea(author, coauthors=shares((author, 33), (second, 33), (third, 34)))
    made(company.committee, f"/ideas/{id}/decision", **GIVEN)
    made(author, f"/ideas/{id}/implementation")
    for person, weights in (
        (author, ("0.66", "0.99", "1.65")),
        (second, ("0.66", "0.99", "1.65")),
        (third, ("0.68", "1.02", "1.70")),
    ):
        rules = ("idea_proposed", "idea_adopted", "idea_implemented")
        assert sorted(own(person)) == sorted(zip(rules, weights, strict=True))


def test_other_shares_are_corrections_and_new_entries(company: Company) -> None:
    author, second = company.hire("作者", "rd"), company.hire("合作者", "rd")
    id = idea(author)
    assert own(author) == [("idea_proposed", "2.00")]
    asked = {"coauthors": shares((author, 75), (second, 25))}
    assert author.rest.patch(f"/ideas/{id}", json=asked, headers={"If-Match": "*"}).status_code == 200
    assert own(author) == [("idea_proposed", weight) for weight in ("2.00", "-2.00", "1.50")]
    assert own(second) == [("idea_proposed", "0.50")]
    first, correction, new = account(author)
    assert (first["corrects"], correction["corrects"], new["corrects"]) == (None, first["id"], None)
    told = ("person", "department", "rule", "rule_version", "occurred_on", "object")
    assert {name: correction[name] for name in told} == {name: first[name] for name in told}
    assert author.rest.patch(f"/ideas/{id}", json={"coauthors": []}, headers={"If-Match": "*"}).status_code == 200
    assert own(second) == [("idea_proposed", "0.50"), ("idea_proposed", "-0.50")]


def test_drafts_never_and_withdrawn_ideas_no_more(company: Company) -> None:
    author = company.hire("作者", "rd")
    id = idea(author, draft=True)
    assert own(author) == []
    made(author, f"/ideas/{id}/submit")
    made(company.committee, f"/ideas/{id}/decision", **GIVEN)
    assert sorted(own(author)) == [("idea_adopted", "3.00"), ("idea_proposed", "2.00")]
    made(author, f"/ideas/{id}/withdraw")
    assert sorted(own(author)) == [
        (r, w) for r, s in (("idea_adopted", "3.00"), ("idea_proposed", "2.00")) for w in (f"-{s}", s)
    ]
    made(author, f"/ideas/{id}/reinstate")
    sums = [float(weight) for _, weight in own(author)]
    assert (sum(sums), len(sums)) == (5.0, 6)


def test_a_merged_idea_still_counts(company: Company) -> None:
    author, other = company.hire("作者", "rd"), company.hire("他人", "rd")
    merged, target = idea(author), idea(other)
    made(company.committee, f"/ideas/{merged}/merge", into_id=target)
    assert own(author) == own(other) == [("idea_proposed", "2.00")]


def test_a_private_decision_tells_nothing_until_it_is_published(company: Company) -> None:
    author = company.hire("作者", "rd")
    id = idea(author)
    made(company.committee, f"/ideas/{id}/decision", **GIVEN, private=True)
    company.server.sql(
        "UPDATE idea_decision SET decided_at = decided_at - interval '3 days' WHERE content_id = $1::uuid", id
    )
    assert own(author) == [("idea_proposed", "2.00")]
    (private,) = company.server.sql("SELECT id, decided_at FROM idea_decision WHERE content_id = $1::uuid", id)
    made(company.committee, "/idea-decisions:publish", ids=[str(private["id"])])
    assert own(author) == [("idea_proposed", "2.00"), ("idea_adopted", "3.00")]
    told = account(author)
    assert date.fromisoformat(told[0]["occurred_on"]) - date.fromisoformat(told[1]["occurred_on"]) == timedelta(days=3)


def test_what_goes_back_to_a_pilot_is_not_implemented(company: Company) -> None:
    author = company.hire("作者", "rd")
    id = idea(author)
    made(company.committee, f"/ideas/{id}/decision", **GIVEN)
    made(author, f"/ideas/{id}/implementation")
    assert own(author, "idea_implemented") == [("idea_implemented", "5.00")]
    pilot = made(
        author, f"/ideas/{id}/pilots", site="二号仓", from_on="2026-01-01", until_on="2099-01-01", measure="电量"
    )
    made(author, f"/pilots/{pilot['id']}/start")
    assert own(author, "idea_implemented") == [("idea_implemented", "5.00"), ("idea_implemented", "-5.00")]


def test_comments_on_what_others_wrote(company: Company) -> None:
    author, second, reader = (company.hire(n, "rd") for n in ("作者", "合作者", "读者"))
    id = idea(author, coauthors=shares((author, 50), (second, 50)))
    comments = [made(person, f"/content/{id}/comments", body="说一句") for person in (author, second, reader, reader)]
    made(author, f"/content/{author.item()['id']}/comments", body="补充一句")
    assert own(author, "comment_written") == own(second, "comment_written") == []
    assert own(reader) == [("comment_written", "0.50")] * 2
    gone = reader.rest.delete(f"/comments/{comments[2]['id']}", headers={"If-Match": "*"})
    assert gone.status_code in (200, 204)
    assert own(reader) == [("comment_written", weight) for weight in ("0.50", "0.50", "-0.50")]
    asked = {"coauthors": shares((author, 50), (reader, 50))}
    assert author.rest.patch(f"/ideas/{id}", json=asked, headers={"If-Match": "*"}).status_code == 200
    assert own(reader, "comment_written")[3:] == [("comment_written", "-0.50")], "it is their own by now"
    assert own(second, "comment_written") == [("comment_written", "0.50")]


def test_views_likes_and_votes_never_count(company: Company) -> None:
    reader, item, id = company.hire("读者", "rd"), company.employee.item()["id"], idea(company.employee)
    reader.rest.post(f"/content/{item}/views", json={"dwell_ms": 60_000})
    for kind in ("like", "thank", "favourite"):
        reader.rest.put(f"/content/{item}/reactions/{kind}")
    reader.rest.put(f"/content/{item}/rating", json={"score": 5})
    reader.rest.put(f"/content/{item}/follow")
    reader.rest.put(f"/ideas/{id}/vote")
    assert own(reader) == []
    counted = company.server.sql("SELECT count(*) AS n FROM journal WHERE actor_id = $1", reader.id)[0]["n"]
    assert counted >= 5, "all of this did happen"


def test_a_judgement_is_told_of_when_its_review_is_over(company: Company) -> None:
    author, first, second = (company.hire(n, "rd") for n in ("作者", "评审一", "评审二"))
    place = made(company.manager, "/categories", name=f"工艺 {uuid4().hex[:8]}")["id"]
    policy(company, place, needs="quorum", quorum=2, groups=[group(company, first, second)])
    draft = author.item(publish=False, category_id=place)["id"]
    review = submit(author, draft)
    done(judge(first, review), 201)
    company.server.settle()
    with_database(company, complete)
    assert not company.server.sql("SELECT FROM contribution WHERE content_id = $1::uuid", draft)
    assert own(first) == []
    done(judge(second, review), 201)
    assert own(first) == own(second) == [("review_given", "1.00")]
    assert own(author) == [("item_published", "3.00")]
    (entry,) = account(first)
    assert entry["object"]["kind"] == "review" and entry["object"]["id"] == review["id"]


def test_when_an_unnamed_author_ends_a_review_is_told_by_the_day(company: Company) -> None:
    """The entry of whoever judged would say when the author was at work, had it been made then."""
    author, reviewer, other = (company.hire(n, "rd") for n in ("不署名的人", "评审一", "评审二"))
    place = made(company.manager, "/categories", name=f"工艺 {uuid4().hex[:8]}")["id"]
    item = made(author, "/knowledge-items", kind="sop", title="匿名做法", anonymous=True, publish=True)["id"]
    company.server.sql("UPDATE content SET category_id = $2::uuid WHERE id = $1::uuid", item, place)
    policy(company, place, needs="quorum", quorum=2, groups=[group(company, reviewer, other)])
    assert change(author, item, body="改了").status_code == 200
    review = submit(author, item)
    done(judge(reviewer, review), 201)
    done(author.rest.post(f"/reviews/{review['id']}/withdraw", json={}))
    company.server.settle()
    with_database(company, complete)
    assert own(reviewer) == []
    past = "UPDATE review SET submitted_at = submitted_at - interval '1 day', closed_at = closed_at - interval '1 day'"
    company.server.sql(f"{past} WHERE id = $1::uuid", review["id"])

    async def look(session: AsyncSession) -> tuple[bool, bool]:
        keeper = ContributionsKeeper()
        return await keeper.catch_up(session), await keeper.catch_up(session)

    assert in_session(company, look) == (True, False)
    assert own(reviewer) == [("review_given", "1.00")]
    assert in_session(company, look) == (False, False)


def test_who_declares_a_conflict_has_judged_nothing(company: Company) -> None:
    author, first, second, third = (company.hire(n, "rd") for n in ("作者", "评审一", "评审二", "评审三"))
    place = made(company.manager, "/categories", name=f"工艺 {uuid4().hex[:8]}")["id"]
    policy(company, place, needs="quorum", quorum=2, groups=[group(company, first, second, third)])
    review = submit(author, author.item(publish=False, category_id=place)["id"])
    asked = [one for one in (first, second, third) if one.rest.get("/me/reviews").json()["items"]]
    done(judge(asked[0], review), 201)
    own_assignment = assignment(asked[0], review)
    done(asked[0].rest.post(f"/review-assignments/{own_assignment}/conflict", json={"reason": "亲戚"}))
    for other in (first, second, third):
        if other is not asked[0]:
            done(judge(other, review), 201)
    assert own(asked[0]) == []
    assert company.server.sql("SELECT state FROM review WHERE id = $1::uuid", review["id"])[0]["state"] == "approved"


def test_a_panel_is_told_of_when_it_closes_and_once_for_each_idea(company: Company) -> None:
    judging = panel(company, ideas=2, members=3)
    judging.open()
    for judge_ in judging.members:
        for id in judging.ideas:
            done(judging.score(judge_, id, 3, 4), 201)
    again = judging.members[0]
    done(judging.score(again, judging.ideas[0], 5, 4), 201)
    assert own(again) == []
    judging.close()
    for judge_ in judging.members:
        assert own(judge_) == [("review_given", "1.00")] * 2


def test_services_contribute_nothing(company: Company) -> None:
    robot = company.hire("机器人", "rd", roles=(("reviewer", None),), kind="service")
    item = robot.item()["id"]
    made(robot, f"/content/{company.employee.item()['id']}/comments", body="自动评论")
    company.server.settle()
    assert account(robot) == []
    assert not company.server.sql("SELECT FROM contribution WHERE content_id = $1::uuid", item)


@pytest.mark.parametrize("kind", ["knowledge-items", "ideas"])
def test_what_is_anonymous_is_nobodys(company: Company, kind: str) -> None:
    author, reader = company.hire("匿名作者", "rd"), company.hire("读者", "rd")
    body = {"title": f"匿名 {uuid4().hex[:6]}", "anonymous": True}
    if kind == "knowledge-items":
        body |= {"kind": "sop", "publish": True}
    content = made(author, f"/{kind}", **body)["id"]
    made(author, f"/content/{content}/comments", body="我自己的补充")
    made(reader, f"/content/{content}/comments", body="好主意")
    older(company, content, 30)
    assert author.rest.patch(f"/{kind}/{content}", json={"body": "改了"}, headers={"If-Match": "*"}).status_code == 200
    if kind == "ideas":
        made(company.committee, f"/ideas/{content}/decision", **GIVEN)
        made(author, f"/ideas/{content}/implementation")
    assert own(author) == []
    assert own(reader) == [("comment_written", "0.50")]
    rows = company.server.sql("SELECT to_jsonb(c)::text AS row FROM contribution c")
    assert not any(str(author.id) in row["row"] for row in rows)
    nobody = "00000000-0000-7000-8000-000000000003"
    assert not any(nobody in row["row"] for row in rows)


def test_what_turned_anonymous_later_would_be_taken_back(company: Company) -> None:
    """No command does that; the account follows the tables all the same."""
    author = company.hire("作者", "rd")
    item = author.item()["id"]
    assert own(author) == [("item_published", "3.00")]
    nobody = "'00000000-0000-7000-8000-000000000003'"
    company.server.sql(f"UPDATE content SET author_id = {nobody} WHERE id = $1::uuid", item)
    company.server.sql(f"UPDATE content_revision SET author_id = {nobody} WHERE content_id = $1::uuid", item)
    with_database(company, complete)
    assert own(author) == [("item_published", "3.00"), ("item_published", "-3.00")]


def test_days_are_those_of_the_company(company: Company) -> None:
    """23:59 and 00:01 in Shanghai are of two days, and of two months, whatever day it is in Greenwich."""
    author = company.hire("作者", "rd")
    moments = {
        "2024-02-29T15:59:00Z": ("2024-02-29", "2024-02"),
        "2024-02-29T16:01:00Z": ("2024-03-01", "2024-03"),
        "2024-02-28T16:00:00Z": ("2024-02-29", "2024-02"),
        "2023-12-31T16:00:00Z": ("2024-01-01", "2024-01"),
    }
    items = {author.item()["id"]: moment for moment in moments}
    for item, moment in items.items():
        set_to = "UPDATE content SET published_at = $2::text::timestamptz WHERE id = $1::uuid"
        company.server.sql(set_to, item, moment)
    company.server.settle()
    with_database(company, complete)
    standing = {entry["object"]["id"]: entry["occurred_on"] for entry in account(author) if entry["corrects"] is None}
    assert standing == {item: moments[moment][0] for item, moment in items.items()}
    asked = {"from": "2024-01-01", "to": "2024-03-31"}
    totals = author.rest.get("/contribution-totals", params=asked).json()["items"]
    assert [(one["period"], one["entries"], one["weight"]) for one in totals] == [
        ("2024-01", 1, "3.00"), ("2024-02", 2, "6.00"), ("2024-03", 1, "3.00")
    ]  # fmt: skip
