"""What happens to reviews when nobody does anything: reminders, stand-ins, who left, texts that change meanwhile."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import Actor, Company, held
from tests.events.following import heard
from tests.reviews.panelling import Panel, chair_of
from tests.reviews.panelling import panel as new_panel
from tests.reviews.reviewing import assignment, category, done, form, group, judge, owed, policy, submit

from kshare.ideas.calendar import WorkingCalendar, add_working_days

SHANGHAI = WorkingCalendar(ZoneInfo("Asia/Shanghai"))


class Desk:
    """Reviewers of a category, and a text they review."""

    def __init__(
        self, company: Company, reviewers: int = 2, author: Actor | None = None, *others: Actor, **fields: Any
    ) -> None:
        self.company, self.server = company, company.server
        self.reviewers = [company.hire(f"评审{number}", "rd") for number in range(1, reviewers + 1)]
        self.author = author or company.hire("作者", "rd")
        self.category = category(company)
        self.shown = self.author.item(category_id=self.category, body="一")["id"]
        groups = [group(company, *self.reviewers, *others)]
        policy(company, self.category, **{"groups": groups, "working_days": 5, **fields})

    def item(self, **fields: Any) -> dict[str, Any]:
        """A draft that is submitted for review: the review."""
        item = self.author.item(publish=False, category_id=self.category, body="一\n二", **fields)
        return submit(self.author, item["id"])

    def pending(self) -> dict[str, Any]:
        """A new text of something published, which is submitted for review."""
        edited = self.author.rest.patch(
            f"/knowledge-items/{self.shown}", json={"body": "二"}, headers={"If-Match": "*"}
        )
        assert edited.status_code == 200, edited.text
        return submit(self.author, self.shown)

    def edit(self, review: dict[str, Any], body: str) -> None:
        path = f"/knowledge-items/{review['subject']['id']}"
        done(self.author.rest.patch(path, json={"body": body}, headers={"If-Match": "*"}))

    def asked(self, review: dict[str, Any]) -> list[Actor]:
        """Those of the reviewers, who are still here, on whose desk it lies."""
        here = [one for one in self.reviewers if one.rest.get("/me").status_code != 401]
        return [one for one in here if review["id"] in _owed(one)]


def _owed(actor: Actor) -> dict[str, dict[str, Any]]:
    return {entry["review"]["id"]: entry for entry in owed(actor) if entry["review"] is not None}


def back(company: Company, review: dict[str, Any], actor: Actor, *, late: bool = False) -> None:
    """Lets what somebody is asked have waited until the clock should remind them of it, or until after it was due."""
    assert moved_back(company, review, actor, late=late) == 1


def moved_back(company: Company, review: dict[str, Any], actor: Actor, *, late: bool) -> int:
    """The same where the clock may have come by just now; returns of how many it has still something to tell."""
    until = "due_at" if late else "acts_at"
    rows = company.server.sql(
        f"""UPDATE review_assignment SET due_at = due_at - ago, acts_at = acts_at - ago FROM (
          SELECT id AS of_id, {until} - now() + interval '1 minute' AS ago FROM review_assignment
          WHERE review_id = $1 AND person_id = $2 AND acts_at IS NOT NULL FOR UPDATE) s
        WHERE id = of_id RETURNING acts_at""",
        UUID(review["id"]),
        actor.id,
    )
    assert all(row["acts_at"] <= datetime.now(UTC) for row in rows)
    return len(rows)


def settle(company: Company) -> None:
    """Until the clock has come by, after all that was done to its rows: it looks whenever something happened."""
    company.server.sql(
        """INSERT INTO journal (id, happened, actor_id, object_kind, object_id, readers, classification, payload, at)
        VALUES (uuidv7(), 'nothing', $1, 'nothing', $1, '{}', 0, '{}', now())""",
        company.hr.id,
    )
    company.server.settle()


def events(actor: Actor, review: dict[str, Any], *types: str) -> list[dict[str, Any]]:
    """What somebody hears of a review."""
    return [one for one in heard(actor, list(types)) if one["payload"].get("review_id") == review["id"]]


REMINDED = ("review_due_soon", "review_overdue")


def told(actor: Actor, review: dict[str, Any], *types: str) -> list[str]:
    return [one["type"] for one in events(actor, review, *(types or REMINDED))]


def leave(company: Company, actor: Actor, active: bool = False) -> None:
    path = f"/people/{actor.id}"
    done(company.hr.rest.patch(path, json={"active": active}, headers={"If-Match": "*"}))


def states(company: Company, review: dict[str, Any]) -> dict[UUID, str]:
    rows = company.server.sql("SELECT person_id, state FROM review_assignment WHERE review_id = $1", UUID(review["id"]))
    return {row["person_id"]: row["state"] for row in rows}


def near(one: str, other: datetime) -> bool:
    return abs(datetime.fromisoformat(one) - other) < timedelta(seconds=60)


def overdue(actor: Actor, **filters: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = done(actor.rest.get("/reviews/overdue", params={"limit": 100, **filters}))["items"]
    return items


# ---- reminders ------------------------------------------------------------------------------------------------------


def test_who_owes_a_judgement_is_reminded_once_and_is_late_once(company: Company) -> None:
    desk = Desk(company, 1)
    (judge_,) = desk.reviewers
    review = desk.item()
    settle(company)
    assert told(judge_, review) == []
    back(company, review, judge_)
    settle(company)
    assert told(judge_, review) == ["review_due_soon"]
    assert told(desk.author, review) == [], "it is not late yet, and nobody else's business"
    assert [entry["overdue"] for entry in owed(judge_)] == [False]
    back(company, review, judge_)
    assert [entry["overdue"] for entry in owed(judge_)] == [True], "also before the clock has come by"
    assert [entry["person"]["id"] for entry in overdue(desk.author, review=review["id"])] == [str(judge_.id)]
    for _ in range(2):
        settle(company)
    assert told(judge_, review) == ["review_due_soon", "review_overdue"]
    assert told(desk.author, review) == ["review_overdue"]
    assert not any(one["payload"].get("steps_in") for one in events(judge_, review, "review_overdue"))
    assert told(company.outsider, review) == []
    done(judge(judge_, review), 201)
    assert done(desk.author.rest.get(f"/reviews/{review['id']}"))["state"] == "approved", "late, and it counts"
    assert overdue(desk.author, review=review["id"]) == []


def test_who_has_judged_is_not_reminded(company: Company) -> None:
    desk = Desk(company, needs="quorum", quorum=2)
    review = desk.item()
    first, second = desk.reviewers
    done(judge(first, review), 201)
    back(company, review, second)
    settle(company)
    assert (told(first, review), told(second, review)) == ([], ["review_due_soon"])


def test_a_reminder_that_came_too_late_is_left_out(company: Company) -> None:
    """Where the clock stood still for long, as with a server that was off."""
    desk = Desk(company, 1)
    review = desk.item()
    back(company, review, desk.reviewers[0], late=True)
    settle(company)
    assert told(desk.reviewers[0], review) == ["review_overdue"]


def test_what_somebody_is_at_work_on_is_left_for_later(company: Company) -> None:
    desk = Desk(company, 1)
    review, other = desk.item(), desk.item()
    content = review["subject"]["id"]
    with held(company.server, f"SELECT FROM content WHERE id = '{content}' FOR UPDATE"):
        for one in (review, other):
            back(company, one, desk.reviewers[0])
        waited = _wait(company, lambda: _acts(company, other) > datetime.now(UTC))
        assert waited, "what nobody is at work on does not wait"
        assert _acts(company, review) <= datetime.now(UTC)
    settle(company)
    _wait(company, lambda: _acts(company, review) > datetime.now(UTC))
    assert told(desk.reviewers[0], review) == ["review_due_soon"]


def _acts(company: Company, review: dict[str, Any]) -> datetime:
    (row,) = company.server.sql("SELECT acts_at FROM review_assignment WHERE review_id = $1", UUID(review["id"]))
    acts_at: datetime = row["acts_at"]
    return acts_at


def _wait(company: Company, finished: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 20
    while not (result := finished()):
        assert time.monotonic() < deadline, "the clock does nothing"
        company.server.application.worker.wake()
        time.sleep(0.05)
    return result


# ---- stand-ins ------------------------------------------------------------------------------------------------------


def test_a_stand_in_steps_in_for_who_is_late(company: Company) -> None:
    stand_in = company.hire("替补", "sales")
    desk = Desk(company, needs="quorum", quorum=2, steps_in_id=str(stand_in.id))
    review = desk.pending()
    first, second = desk.reviewers
    assert owed(stand_in) == []
    for one in (first, second):
        back(company, review, one, late=True)
    settle(company)
    (entry,) = owed(stand_in)
    assert near(entry["due_at"], add_working_days(SHANGHAI, datetime.now(UTC), 5)), "with time of their own"
    became = states(company, review)
    late, excused = (first, second) if became[first.id] == "asked" else (second, first)
    assert became == {late.id: "asked", excused.id: "absent", stand_in.id: "asked"}, "one can stand in for one"
    assert owed(excused) == []
    assert [one["payload"]["steps_in"] for one in events(excused, review, "review_overdue")] == [True]
    assert [one["payload"]["steps_in"] for one in events(late, review, "review_overdue")] == [False]
    ended = events(excused, review, "review_assignment_ended")
    assert [one["payload"]["state"] for one in ended] == ["absent"]
    assert events(stand_in, review, "review_assigned") != []
    done(judge(late, review), 201)
    done(judge(stand_in, review), 201)
    assert done(company.outsider.rest.get(f"/knowledge-items/{desk.shown}"))["body"] == "二"


@pytest.mark.parametrize("why", ["left", "is the author", "was asked before"])
def test_nobody_steps_in_who_cannot(company: Company, why: str) -> None:
    stand_in = company.hire("替补", "sales")
    author = stand_in if why == "is the author" else None
    fields: dict[str, Any] = {"steps_in_id": str(stand_in.id)}
    if why == "was asked before":
        fields |= {"needs": "quorum", "quorum": 2}
    desk = Desk(company, 1, author, *([stand_in] if why == "was asked before" else []), **fields)
    review = desk.pending()
    if why == "left":
        leave(company, stand_in)
    if why == "was asked before":
        path = f"/review-assignments/{assignment(stand_in, review)}/decline"
        done(stand_in.rest.post(path, json={"reason": "出差"}))
    back(company, review, desk.reviewers[0], late=True)
    settle(company)
    assert states(company, review)[desk.reviewers[0].id] == "asked"
    assert told(desk.reviewers[0], review) == ["review_overdue"]
    assert [entry["overdue"] for entry in owed(desk.reviewers[0])] == [True]


# ---- who leaves -----------------------------------------------------------------------------------------------------


def test_who_leaves_is_replaced_by_the_next_best(company: Company) -> None:
    desk = Desk(company, 3)
    review = desk.item()
    (first,) = desk.asked(review)
    leave(company, first)
    settle(company)
    (second,) = desk.asked(review)
    assert second is not first
    assert states(company, review) == {first.id: "absent", second.id: "asked"}
    leave(company, first, active=True)
    settle(company)
    assert desk.asked(review) == [second], "who comes back is not asked again"
    done(judge(second, review), 201)
    assert done(desk.author.rest.get(f"/reviews/{review['id']}"))["state"] == "approved"


def test_what_was_said_by_somebody_who_left_stays(company: Company) -> None:
    desk = Desk(company, 3, needs="quorum", quorum=2)
    review = desk.item()
    first, second = desk.asked(review)
    done(judge(first, review), 201)
    leave(company, first)
    settle(company)
    assert desk.asked(review) == [second]
    done(judge(second, review), 201)
    assert done(desk.author.rest.get(f"/reviews/{review['id']}"))["state"] == "approved"


def test_who_left_is_not_asked_about_a_newer_text(company: Company) -> None:
    desk = Desk(company, 3, needs="quorum", quorum=2)
    review = desk.item()
    first, second = desk.asked(review)
    done(judge(first, review), 201)
    leave(company, first)
    settle(company)
    desk.edit(review, "一\n二\n三")
    settle(company)
    assert states(company, review)[first.id] == "absent"
    assert len(desk.asked(review)) == 2 and second in desk.asked(review)


def test_if_all_are_asked_and_one_leaves_the_others_are_enough(company: Company) -> None:
    desk = Desk(company, 3, needs="all")
    review = desk.item()
    assert review["required"] == 3
    for one in desk.reviewers[:2]:
        done(judge(one, review), 201)
    leave(company, desk.reviewers[2])
    settle(company)
    assert done(desk.author.rest.get(f"/reviews/{review['id']}"))["state"] == "approved"
    shown = done(company.outsider.rest.get(f"/knowledge-items/{review['subject']['id']}"))
    assert shown["state"] == "published"


def test_a_long_desk_is_handed_on_part_by_part(company: Company) -> None:
    desk = Desk(company, 1, steps_in_id=str((heir := company.hire("接手", "rd")).id))
    reviews = [desk.item()["id"] for _ in range(105)]
    leave(company, desk.reviewers[0])
    settle(company)
    query = "SELECT count(*) AS n FROM review_assignment WHERE review_id = ANY($1::uuid[]) AND person_id = $2"
    assert desk.server.sql(query, reviews, heir.id)[0]["n"] == 105


# ---- texts that change ----------------------------------------------------------------------------------------------


def test_who_judged_an_earlier_text_is_asked_again(company: Company) -> None:
    desk = Desk(company, needs="quorum", quorum=2)
    review = desk.item()
    first, second = desk.reviewers
    done(judge(first, review), 201)
    first_due = desk.server.sql(
        """UPDATE review_assignment SET due_at = due_at - interval '3 days'
        WHERE review_id = $1 AND person_id = $2 RETURNING due_at""",
        UUID(review["id"]),
        first.id,
    )[0]["due_at"]
    untouched = _owed(second)[review["id"]]["due_at"]
    desk.edit(review, "一\n二\n三")
    assert _owed(first)[review["id"]]["state"] == "given", "also before the clock has come by"
    settle(company)
    entry = _owed(first)[review["id"]]
    assert near(entry["due_at"], add_working_days(SHANGHAI, datetime.now(UTC), 5))
    assert datetime.fromisoformat(entry["due_at"]) > first_due
    (again,) = events(first, review, "review_asked_again")
    assert (again["payload"]["revision"], again["payload"]["due_at"][:16]) == (2, entry["due_at"][:16])
    for nobody in (second, desk.author, company.manager):
        assert events(nobody, review, "review_asked_again") == []
    assert _owed(second)[review["id"]]["due_at"] == untouched, "who had not judged yet reads the newest text anyway"
    desk.edit(review, "一\n二\n三\n四")
    settle(company)
    assert len(events(first, review, "review_asked_again")) == 1, "once, until they judge again"
    done(judge(first, review), 201)
    desk.edit(review, "五")
    settle(company)
    assert len(events(first, review, "review_asked_again")) == 2
    back(company, review, first)
    settle(company)
    assert told(first, review) == ["review_due_soon"]
    back(company, review, first)
    settle(company)
    assert told(first, review) == ["review_due_soon", "review_overdue"]


def test_a_text_held_back_asks_again_as_well(company: Company) -> None:
    desk = Desk(company, needs="quorum", quorum=2)
    review = desk.item()
    for one in desk.reviewers:
        done(judge(one, review), 201)
    desk.edit(review, "新")
    again = submit(desk.author, review["subject"]["id"])
    done(judge(desk.reviewers[0], again), 201)
    desk.edit(review, "更新")
    settle(company)
    assert len(events(desk.reviewers[0], again, "review_asked_again")) == 1
    assert desk.asked(again) == desk.reviewers


def test_a_due_time_is_never_put_forward(company: Company) -> None:
    desk = Desk(company, needs="quorum", quorum=2)
    review = desk.item()
    first = desk.reviewers[0]
    done(judge(first, review), 201)
    far = "UPDATE review_assignment SET due_at = due_at + interval '90 days' WHERE review_id = $1 RETURNING due_at"
    due = desk.server.sql(far, UUID(review["id"]))[0]["due_at"]
    desk.edit(review, "改")
    settle(company)
    assert near(_owed(first)[review["id"]]["due_at"], due)


def test_a_changed_calendar_moves_nothing_that_was_told(company: Company) -> None:
    desk = Desk(company, 1)
    review = desk.item()
    before = owed(desk.reviewers[0])[0]["due_at"]
    day = (datetime.fromisoformat(before) - timedelta(days=1)).astimezone(SHANGHAI.zone).date()
    put = company.committee.rest.put(f"/calendar-days/{day}", json={"working": not SHANGHAI.works(day)})
    assert put.status_code == 200
    settle(company)
    assert [entry["due_at"] for entry in owed(desk.reviewers[0])] == [before]
    assert done(desk.author.rest.get(f"/reviews/{review['id']}"))["due_at"] == review["due_at"]
    assert company.committee.rest.delete(f"/calendar-days/{day}").status_code == 204


# ---- what is gone, and what is back ---------------------------------------------------------------------------------


class Ideas:
    """Ideas that need a review of their own, and one who judges them."""

    def __init__(self, company: Company, **fields: Any) -> None:
        self.company, self.server = company, company.server
        self.author = company.hire("提案人", "rd")
        self.judge = company.hire("评委", "rd")
        self.category = category(company)
        groups = [group(company, self.judge)]
        policy(company, self.category, kind="idea", groups=groups, form_id=form(company)["id"], **fields)

    def propose(self, **fields: Any) -> str:
        ask = {"title": f"建议 {uuid4().hex[:8]}", "category_id": self.category, **fields}
        return str(done(self.author.rest.post("/ideas", json=ask), 201)["id"])


@pytest.mark.parametrize("anonymous", [False, True])
def test_what_is_withdrawn_is_judged_no_more(company: Company, anonymous: bool) -> None:
    ideas = Ideas(company)
    idea = ideas.propose(anonymous=anonymous)
    review = submit(company.committee, idea)
    assert review["id"] in _owed(ideas.judge)
    done(ideas.author.rest.post(f"/ideas/{idea}/withdraw"))
    assert review["id"] not in _owed(ideas.judge)
    settle(company)
    ended = done(company.committee.rest.get(f"/reviews/{review['id']}"))
    assert (ended["state"], states(company, review)) == ("withdrawn", {ideas.judge.id: "released"})
    (event,) = events(ideas.judge, review, "review_ended")
    day = datetime.fromisoformat(event["at"])
    assert (day == day.replace(hour=0, minute=0, second=0, microsecond=0)) is anonymous, "tells the day only"
    assert (ended["closed_at"] == ended["submitted_at"]) is anonymous, "or what is known anyway"
    done(ideas.author.rest.post(f"/ideas/{idea}/reinstate"))
    settle(company)
    assert submit(company.committee, idea)["state"] == "open"


def test_what_comes_back_before_anybody_noticed_goes_on(company: Company) -> None:
    ideas = Ideas(company)
    idea = ideas.propose()
    review = submit(company.committee, idea)
    with held(company.server, f"SELECT FROM review WHERE id = '{review['id']}' FOR UPDATE"):
        done(ideas.author.rest.post(f"/ideas/{idea}/withdraw"))
        assert _owed(ideas.judge) == {}
        done(ideas.author.rest.post(f"/ideas/{idea}/reinstate"))
    settle(company)
    assert review["id"] in _owed(ideas.judge)
    assert done(company.committee.rest.get(f"/reviews/{review['id']}"))["state"] == "open"


def test_what_is_merged_is_judged_no_more(company: Company) -> None:
    ideas = Ideas(company)
    idea, other = ideas.propose(), ideas.propose()
    reviews = [submit(company.committee, one) for one in (idea, other)]
    done(company.committee.rest.post(f"/ideas/{idea}/merge", json={"into_id": other}))
    assert _owed(ideas.judge).keys() == {reviews[1]["id"]}
    settle(company)
    now = [done(company.committee.rest.get(f"/reviews/{one['id']}"))["state"] for one in reviews]
    assert now == ["withdrawn", "open"]


# ---- whatever comes in whatever order -------------------------------------------------------------------------------

WHO = st.integers(0, 3)
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("judge"), WHO),
        st.tuples(st.just("decline"), WHO),
        st.tuples(st.just("leave"), WHO),
        st.tuples(st.just("return"), WHO),
        st.tuples(st.sampled_from(("soon", "late")), WHO),
        st.tuples(st.sampled_from(("edit", "clock")), st.just(0)),
    ),
    min_size=4,
    max_size=14,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES, stands_in=st.booleans())
def test_whatever_happens_everybody_is_asked_once(company: Company, moves: list[Any], stands_in: bool) -> None:
    people = [company.hire(f"评审{number}", "rd") for number in range(4)]
    fields: dict[str, Any] = {"steps_in_id": str(people[3].id)} if stands_in else {}
    desk = Desk(company, 0, None, *people[:3], needs="quorum", quorum=2, **fields)
    review = desk.item()
    of_review = UUID(review["id"])
    here = set(range(4))
    for number, (move, who) in enumerate(moves):
        actor = people[who]
        own = company.server.sql(
            "SELECT id, open, acts_at FROM review_assignment WHERE review_id = $1 AND person_id = $2",
            of_review,
            actor.id,
        )
        if move in ("leave", "return"):
            leave(company, actor, active=move == "return")
            (here.discard if move == "leave" else here.add)(who)
        elif move == "edit":
            desk.author.rest.patch(
                f"/knowledge-items/{review['subject']['id']}", json={"body": f"{number}"}, headers={"If-Match": "*"}
            )
        elif move == "clock":
            settle(company)
        elif own and who in here and move == "decline":
            actor.rest.post(f"/review-assignments/{own[0]['id']}/decline", json={"reason": "忙"})
        elif own and who in here and move == "judge":
            newest = done(desk.author.rest.get(f"/reviews/{review['id']}"))["latest_revision"]
            ask = {"revision": newest, "verdict": "approve"}
            actor.rest.post(f"/review-assignments/{own[0]['id']}/judgements", json=ask)
        elif own and own[0]["acts_at"] is not None:
            moved_back(company, review, actor, late=move == "late")
        _check(company, of_review)
    settle(company)
    _check(company, of_review)
    left = [people[who].id for who in set(range(4)) - here]
    query = """SELECT FROM review_assignment
      WHERE review_id = $1 AND open AND state = 'asked' AND (person_id = ANY($2::uuid[]) OR acts_at <= now())"""
    assert not company.server.sql(query, of_review, left), "what lies with who has left, and what should have been told"
    assert {(one["state"], one["open"]) for one in _reviewed(company, of_review)} <= {
        ("open", True),
        ("approved", False),
    }


def _reviewed(company: Company, review: UUID) -> list[Any]:
    query = """SELECT r.state, a.open FROM review r JOIN review_assignment a ON a.review_id = r.id WHERE r.id = $1"""
    return company.server.sql(query, review)


def _check(company: Company, review: UUID) -> None:
    """What holds at any moment."""
    active = """SELECT count(*) AS n, count(DISTINCT person_id) AS people FROM review_assignment
      WHERE review_id = $1 AND state IN ('asked', 'given')"""
    (row,) = company.server.sql(active, review)
    assert row["n"] == row["people"] <= 2
    twice = """SELECT happened, payload->>'assignment_id' AS id FROM journal
      WHERE payload->>'review_id' = $1 AND happened IN ('review_due_soon', 'review_overdue')
      GROUP BY happened, payload->>'assignment_id', payload->>'due_at' HAVING count(*) > 1"""
    assert not company.server.sql(twice, str(review)), "told twice"
    again = """SELECT a.id FROM review_assignment a
      WHERE review_id = $1 AND (SELECT count(*) FROM journal j
        WHERE happened = 'review_asked_again' AND payload->>'assignment_id' = a.id::text)
      > (SELECT count(*) FROM review_judgement g WHERE g.assignment_id = a.id)"""
    assert not company.server.sql(again, review), "asked again more often than they had judged"


# ---- panels ---------------------------------------------------------------------------------------------------------


def panel_back(panel: Panel, *, late: bool = False) -> None:
    """Lets what a panel asks have waited until its members should be reminded, or until after it was due."""
    until = "due_at" if late else "acts_at"
    panel.company.server.sql(
        f"""UPDATE review_assignment SET due_at = due_at - ago, acts_at = acts_at - ago FROM (
          SELECT min({until}) - now() + interval '1 minute' AS ago FROM review_assignment WHERE panel_id = $1) s
        WHERE panel_id = $1""",
        UUID(panel.id),
    )


def panel_told(actor: Actor, panel: Panel) -> list[tuple[str, str, int]]:
    """What somebody hears of who is awaited in a panel."""
    types = ["panel_due_soon", "panel_overdue"]
    return [
        (one["type"], one["payload"]["person_id"], one["payload"]["awaited"])
        for one in heard(actor, types)
        if one["payload"]["panel_id"] == panel.id
    ]


def test_a_panel_reminds_each_member_once_of_all_they_owe(company: Company) -> None:
    panel = new_panel(company, ideas=3, members=2)
    panel.open()
    first, second = panel.members
    done(panel.score(first, panel.ideas[0], 3, 4), 201)
    panel_back(panel)
    settle(company)
    settle(company)
    assert panel_told(first, panel) == [("panel_due_soon", str(first.id), 2)]
    assert panel_told(second, panel) == [("panel_due_soon", str(second.id), 3)]
    assert panel_told(panel.chair, panel) == []
    for one in panel.ideas[1:]:
        done(panel.score(first, one, 2, 2), 201)
    panel_back(panel, late=True)
    late = overdue(panel.chair, panel=panel.id)
    assert {entry["person"]["id"] for entry in late} == {str(second.id)} and len(late) == 3
    settle(company)
    settle(company)
    assert panel_told(first, panel) == [("panel_due_soon", str(first.id), 2)]
    told_second = [("panel_due_soon", str(second.id), 3), ("panel_overdue", str(second.id), 3)]
    assert panel_told(second, panel) == told_second
    assert panel_told(panel.chair, panel) == told_second[1:]
    assert len(owed(second)) == 3 and all(entry["overdue"] for entry in owed(second))
    for nobody in (first, second, panel.author, company.outsider):
        assert overdue(nobody, panel=panel.id) == []
    nodes = "query($p: ID!) { overdueReviews(filter: {panel: $p}) { nodes { person { id } panel { id } state } } }"
    nodes_seen = company.admin.data(nodes, p=panel.id)["overdueReviews"]["nodes"]
    assert nodes_seen == [{"person": {"id": str(second.id)}, "panel": {"id": panel.id}, "state": "asked"}] * 3


def test_a_chair_who_judges_learns_of_no_other_who_is_late(company: Company) -> None:
    chair = chair_of(company)
    other = company.hire("评委", "rd")
    panel = new_panel(company, members=[chair, other], chair=chair)
    panel.open()
    panel_back(panel, late=True)
    settle(company)
    mine = [("panel_overdue", str(chair.id), 2)]
    assert panel_told(chair, panel) == mine, "who else is late tells who is not"
    assert overdue(chair, panel=panel.id) == []
    done(panel.score(chair, panel.ideas[0], 3, 4), 201)
    seen = overdue(chair, panel=panel.id)
    assert [entry["review"]["subject"]["id"] for entry in seen] == [panel.ideas[0]], "of what they have judged"
    done(panel.score(chair, panel.ideas[1], 3, 4), 201)
    assert {entry["person"]["id"] for entry in overdue(chair, panel=panel.id)} == {str(other.id)}


def test_an_idea_of_a_panel_that_changes_is_owed_again_in_the_same_time(company: Company) -> None:
    panel = new_panel(company, ideas=2, members=2)
    panel.open()
    first = panel.members[0]
    for one in panel.ideas:
        done(panel.score(first, one, 3, 4), 201)
    due = panel.read()["due_at"]
    changed = panel.ideas[0]
    done(panel.author.rest.patch(f"/ideas/{changed}", json={"body": "改"}, headers={"If-Match": "*"}))
    settle(company)
    review = panel.review(changed, first)
    assert [(entry["review"]["id"], entry["state"], entry["due_at"]) for entry in owed(first)] == [
        (review["id"], "given", due)
    ]
    assert len(events(first, review, "review_asked_again")) == 1
    assert events(panel.members[1], review, "review_asked_again") == []
    panel_back(panel)
    settle(company)
    assert panel_told(first, panel) == [("panel_due_soon", str(first.id), 1)]


def test_what_is_withdrawn_leaves_the_desks_of_a_panel_and_comes_back(company: Company) -> None:
    panel = new_panel(company, ideas=2, members=2)
    panel.open()
    judge_ = panel.members[0]
    gone, other = panel.ideas
    done(panel.author.rest.post(f"/ideas/{gone}/withdraw"))
    assert [entry["review"]["subject"]["id"] for entry in owed(judge_)] == [other]
    panel_back(panel)
    settle(company)
    assert panel_told(judge_, panel) == [("panel_due_soon", str(judge_.id), 1)]
    done(panel.author.rest.post(f"/ideas/{gone}/reinstate"))
    assert len(owed(judge_)) == 2
    settle(company)
    panel_back(panel, late=True)
    settle(company)
    assert panel_told(judge_, panel)[-1] == ("panel_overdue", str(judge_.id), 2)


def test_who_leaves_a_panel_is_replaced_where_others_are_left(company: Company) -> None:
    panel = new_panel(company, ideas=3, members=3, each=2)
    panel.open()
    leaver = panel.members[0]
    mine = [key for key, state in panel.asked().items() if key[1] == str(leaver.id)]
    done(panel.score(leaver, mine[0][0], 4, 4), 201)
    done(panel.author.rest.patch(f"/ideas/{mine[0][0]}", json={"body": "改"}, headers={"If-Match": "*"}))
    leave(company, leaver)
    settle(company)
    became = panel.asked()
    assert became[mine[0]] == "given", "what they said counts"
    assert {became[key] for key in mine[1:]} <= {"absent"}
    for one in panel.ideas:
        active = [state for (about, _), state in became.items() if about == one and state in ("asked", "given")]
        assert len(active) == 2
    left = [one["payload"] for one in heard(panel.chair, ["panel_member_left"])]
    assert left == [{"panel_id": panel.id, "person_id": str(leaver.id)}]


def test_who_manages_reviews_hears_that_a_panel_has_no_chair(company: Company) -> None:
    panel = new_panel(company)
    panel.open()
    leave(company, panel.chair)
    settle(company)
    for manager in (company.committee, company.admin):
        left = [
            one["payload"] for one in heard(manager, ["panel_chair_left"]) if one["payload"]["panel_id"] == panel.id
        ]
        assert left == [{"panel_id": panel.id, "person_id": str(panel.chair.id)}]
    assert not [one for one in heard(company.employee, ["panel_chair_left"]) if one["payload"]["panel_id"] == panel.id]
