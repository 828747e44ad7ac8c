"""The clock: when an answer is due, whose desk an idea lies on, and what happens when nobody does anything."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from tests.conftest import Actor, Company, held

from kshare.core.settings import Settings
from kshare.ideas.calendar import WorkingCalendar, add_working_days, working_days_between

SHANGHAI = WorkingCalendar(ZoneInfo("Asia/Shanghai"))
DAY = timedelta(days=1)


class Line:
    """An employee with two superiors."""

    def __init__(self, company: Company) -> None:
        self.company, self.server = company, company.server
        self.employee = company.hire("员工", "rd_pressure")
        self.manager = company.hire("经理", "rd")
        self.director = company.hire("总监", "root")
        manages = "UPDATE person SET manager_id = $1 WHERE id = $2"
        self.server.sql(manages, self.manager.id, self.employee.id)
        self.server.sql(manages, self.director.id, self.manager.id)

    def propose(self, **fields: Any) -> dict[str, Any]:
        response = self.employee.rest.post("/ideas", json={"title": f"建议 {uuid4().hex[:8]}", **fields})
        assert response.status_code == 201, response.text
        idea: dict[str, Any] = response.json()
        return idea

    def back(self, idea: str, days: int) -> None:
        """Lets the idea have been as it is for so many working days more."""
        rows = self.server.sql("SELECT clock_from, due_at, escalates_at FROM idea WHERE content_id = $1", idea)
        earlier = [one and add_working_days(SHANGHAI, one, -days) for one in rows[0]]
        set_back = "UPDATE idea SET clock_from = $2, due_at = $3, escalates_at = $4 WHERE content_id = $1"
        self.server.sql(set_back, UUID(idea), *earlier)

    def wait(self, done: Callable[[], Any]) -> Any:
        """Until the clock has done its work."""
        deadline = time.monotonic() + 20
        while not (result := done()):
            assert time.monotonic() < deadline, "the clock does nothing"
            self.server.application.worker.wake()
            time.sleep(0.05)
        return result

    def idle(self) -> None:
        """Until the clock had every occasion to do what it should not."""
        for _ in range(6):
            self.server.application.worker.wake()
            time.sleep(0.1)


@pytest.fixture(scope="module")
def line(company: Company) -> Line:
    return Line(company)


TIMES = {
    "small": {"submitted": 2, "screening": 3, "evaluation": 5},
    "large": {"submitted": 3, "screening": 5, "evaluation": 20},
}


@pytest.fixture(scope="module", autouse=True)
def ordinary_terms(company: Company) -> None:
    """Service levels and calendar as they are at first, whatever others did to them."""
    _set_ordinary_terms(company)


@pytest.fixture
def terms(company: Company) -> Iterator[None]:
    """Whatever the test does to service levels and calendar is undone."""
    yield
    _set_ordinary_terms(company)


def _set_ordinary_terms(company: Company) -> None:
    for level in company.committee.rest.get("/service-levels").json()["items"]:
        path, days = f"/service-levels/{level['size']}/{level['stage']}", TIMES[level["size"]].get(level["stage"])
        if level["working_days"] != days:
            assert company.committee.rest.put(path, json={"working_days": days}).status_code == 200
    for day in company.committee.rest.get("/calendar-days").json()["items"]:
        company.committee.rest.delete(f"/calendar-days/{day['day']}")


def seen(reader: Actor, id: str) -> dict[str, Any]:
    idea: dict[str, Any] = reader.rest.get(f"/ideas/{id}").json()
    return idea


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def near(one: datetime, other: datetime) -> bool:
    return abs(one - other) < timedelta(seconds=30)


# ---- when it is due -------------------------------------------------------------------------------------------------


def test_each_stage_has_its_time(line: Line, company: Company) -> None:
    for size, times in (("small", (2, 3, 5)), ("large", (3, 5, 20))):
        idea = line.propose(size=size)
        assert near(moment(idea["due_at"]), add_working_days(SHANGHAI, datetime.now(UTC), times[0]))
        for stage, days in zip(("screening", "evaluation"), times[1:], strict=True):
            idea = company.committee.rest.post(f"/ideas/{idea['id']}/advance", json={"to": stage}).json()
            assert near(moment(idea["due_at"]), add_working_days(SHANGHAI, datetime.now(UTC), days))
            assert near(moment(idea["stage_since"]), datetime.now(UTC))
        done = company.committee.rest.post(f"/ideas/{idea['id']}/decision", json={"outcome": "approved"}).json()
        assert (done["due_at"], done["desk"]) == (None, None)


def test_a_draft_is_due_once_it_is_submitted(line: Line) -> None:
    draft = line.propose(draft=True)
    assert (draft["due_at"], draft["desk"]) == (None, None)
    idea = line.employee.rest.post(f"/ideas/{draft['id']}/submit").json()
    assert near(moment(idea["due_at"]), add_working_days(SHANGHAI, datetime.now(UTC), 2))
    assert idea["desk"]["id"] == str(line.manager.id)


def test_the_authors_waiting_is_not_counted(line: Line) -> None:
    idea = line.propose()["id"]
    line.back(idea, 1)
    due = moment(seen(line.manager, idea)["due_at"])
    asked = line.manager.rest.post(f"/ideas/{idea}/questions", json={"text": "哪条线？"}).json()
    assert asked["due_at"] is None
    assert near(moment(asked["waiting_since"]), datetime.now(UTC))
    assert "answer" in seen(line.employee, idea)["permissions"]
    assert "answer" not in asked["permissions"]
    # Ten days later the author answers.
    line.server.sql("UPDATE idea SET waiting_since = waiting_since - interval '10 days' WHERE content_id = $1", idea)
    assert line.manager.rest.post(f"/ideas/{idea}/answers", json={"text": "三号"}).status_code == 403
    assert seen(line.manager, idea)["waiting_since"] is not None
    answered = line.employee.rest.post(f"/ideas/{idea}/answers", json={"text": "三号线。"}).json()
    assert answered["waiting_since"] is None
    # What was left when the question was asked is left now: one of two days.
    assert near(moment(answered["due_at"]), due)
    assert near(moment(answered["due_at"]), add_working_days(SHANGHAI, datetime.now(UTC), 1))
    comments = line.manager.rest.get(f"/content/{idea}/comments").json()["items"]
    assert [one["body"] for one in comments] == ["哪条线？", "三号线。"]
    assert comments[1]["parent_id"] == comments[0]["id"]
    assert line.employee.rest.post(f"/ideas/{idea}/answers", json={"text": "再说一遍"}).status_code == 409
    assert len(line.manager.rest.get(f"/content/{idea}/comments").json()["items"]) == 2


def test_questions_through_graphql(line: Line) -> None:
    idea = line.propose()["id"]
    ask = 'mutation($id: ID!) { askAuthor(id: $id, input: {text: "哪条线？"}) { waitingSince dueAt } }'
    assert line.manager.data(ask, id=idea)["askAuthor"]["dueAt"] is None
    answer = 'mutation($id: ID!) { answerQuestion(id: $id, input: {text: "三号"}) { waitingSince desk { id } } }'
    assert line.manager.graphql(answer, id=idea)["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    told = line.employee.data(answer, id=idea)["answerQuestion"]
    assert told == {"waitingSince": None, "desk": {"id": str(line.manager.id)}}


def test_a_coauthor_may_answer(line: Line, company: Company) -> None:
    half = [{"person_id": str(one.id), "share": 50} for one in (line.employee, company.colleague)]
    idea = line.propose(coauthors=half)["id"]
    line.manager.rest.post(f"/ideas/{idea}/questions", json={"text": "？"})
    assert company.outsider.rest.post(f"/ideas/{idea}/answers", json={"text": "!"}).status_code == 403
    assert company.colleague.rest.post(f"/ideas/{idea}/answers", json={"text": "!"}).status_code == 200


def test_while_it_is_withdrawn_the_clock_stands_still(line: Line) -> None:
    idea = line.propose()["id"]
    line.back(idea, 1)
    due = moment(seen(line.employee, idea)["due_at"])
    withdrawn = line.employee.rest.post(f"/ideas/{idea}/withdraw").json()
    assert withdrawn["due_at"] is None
    again = line.employee.rest.post(f"/ideas/{idea}/reinstate").json()
    assert near(moment(again["due_at"]), due)


def test_a_larger_idea_may_take_longer(line: Line) -> None:
    idea = line.propose()
    tag = line.employee.rest.get(f"/ideas/{idea['id']}").headers["ETag"]
    larger = line.employee.rest.patch(f"/ideas/{idea['id']}", json={"size": "large"}, headers={"If-Match": tag}).json()
    assert near(moment(larger["due_at"]), add_working_days(SHANGHAI, moment(larger["stage_since"]), 3))
    assert larger["desk"] is None


# ---- whose desk -----------------------------------------------------------------------------------------------------


def test_a_small_idea_lies_on_its_managers_desk(company: Company) -> None:
    line = Line(company)
    idea = line.propose()
    assert idea["desk"]["id"] == str(line.manager.id)
    assert "decide" in seen(line.manager, idea["id"])["permissions"]
    assert "decide" not in seen(line.director, idea["id"])["permissions"]
    mine = [one["idea"]["id"] for one in line.manager.rest.get("/me/desk", params={"limit": 100}).json()["items"]]
    assert idea["id"] in mine
    nodes = line.manager.data("{ myDesk(first: 100) { nodes { idea { id } secondsLate } } }")["myDesk"]["nodes"]
    assert {"idea": {"id": idea["id"]}, "secondsLate": 0} in nodes
    assert line.propose(size="large")["desk"] is None
    done = line.manager.rest.post(f"/ideas/{idea['id']}/decision", json={"outcome": "approved"})
    assert done.json()["stage"] == "approved"


def test_a_desk_is_passed_over_that_cannot_or_must_not_answer(company: Company) -> None:
    line = Line(company)
    shares = [{"person_id": str(one.id), "share": 50} for one in (line.employee, line.manager)]
    assert line.propose(coauthors=shares)["desk"]["id"] == str(line.director.id)
    # Who does not see it cannot answer it.
    assert line.propose(audience=[str(line.director.id)])["desk"]["id"] == str(line.director.id)
    assert line.propose(audience=[str(company.colleague.id)])["desk"] is None
    line.server.sql("UPDATE person SET active = false WHERE id = $1", line.manager.id)
    assert line.propose()["desk"]["id"] == str(line.director.id)
    line.server.sql("UPDATE person SET active = false WHERE id = $1", line.director.id)
    assert line.propose()["desk"] is None
    line.server.sql("UPDATE person SET active = true WHERE id = $1", line.director.id)
    idea = line.propose()
    tag = line.employee.rest.get(f"/ideas/{idea['id']}").headers["ETag"]
    body = {"coauthors": [{"person_id": str(one.id), "share": 50} for one in (line.employee, line.director)]}
    after = line.employee.rest.patch(f"/ideas/{idea['id']}", json=body, headers={"If-Match": tag})
    assert after.json()["desk"] is None


def test_whoever_leaves_leaves_no_idea_behind(company: Company) -> None:
    line = Line(company)
    idea, waiting = line.propose(), line.propose()
    line.manager.rest.post(f"/ideas/{waiting['id']}/questions", json={"text": "？"})
    tag = company.hr.rest.get(f"/people/{line.manager.id}").headers["ETag"]
    left = company.hr.rest.patch(f"/people/{line.manager.id}", json={"active": False}, headers={"If-Match": tag})
    assert left.status_code == 200, left.text
    director = str(line.director.id)
    for one in (idea, waiting):
        handed = line.wait(lambda one=one: (now := seen(line.employee, one["id"]))["desk"]["id"] == director and now)
        assert handed["escalations"] == 0
    assert seen(line.employee, idea["id"])["due_at"] == idea["due_at"]
    told = company.outsider.rest.get(f"/ideas/{idea['id']}/timeline").json()["items"]
    assert [one["type"] for one in told] == ["idea_submitted", "idea_handed_on"]
    answered = line.employee.rest.post(f"/ideas/{waiting['id']}/answers", json={"text": "！"}).json()
    assert answered["desk"]["id"] == director and answered["due_at"] is not None


@pytest.mark.parametrize("meanwhile", ["the terms change", "the author answers"])
def test_a_desk_is_left_while_the_clock_is_set(company: Company, terms: None, meanwhile: str) -> None:
    """Whoever leaves is noticed a moment later; a due time set before the idea is handed on does not keep it there."""
    line = Line(company)
    idea = line.propose()["id"]
    if meanwhile == "the author answers":
        line.manager.rest.post(f"/ideas/{idea}/questions", json={"text": "？"})
    noticed = "SELECT escalates_at <= now() AS yes FROM idea WHERE content_id = $1"
    # In this mode it takes no transaction id, which would keep the reactor from reading what happened since.
    with ThreadPoolExecutor(1) as thread, held(company.server, "LOCK TABLE content IN EXCLUSIVE MODE"):
        company.hr.rest.patch(f"/people/{line.manager.id}", json={"active": False}, headers={"If-Match": "*"})
        answer = partial(line.employee.rest.post, f"/ideas/{idea}/answers", json={"text": "！"})
        if meanwhile == "the author answers":
            answered = thread.submit(answer)
            line.wait(lambda: company.server.sql(noticed, UUID(idea))[0]["yes"])
        else:
            line.wait(lambda: company.server.sql(noticed, UUID(idea))[0]["yes"])
            changed = company.committee.rest.put("/service-levels/small/submitted", json={"working_days": 7})
            assert changed.is_success, changed.text
            line.wait(lambda: not company.server.sql("SELECT pending FROM working_time")[0]["pending"])
    if meanwhile == "the author answers" and answered.result().status_code == 503:
        answer()  # on a slow machine the table was locked for too long
    handed = line.wait(lambda: (now := seen(line.employee, idea))["desk"]["id"] == str(line.director.id) and now)
    days = 7 if meanwhile == "the terms change" else 2
    assert handed["escalations"] == 0
    assert near(moment(handed["due_at"]), add_working_days(SHANGHAI, datetime.now(UTC), days))


# ---- when nobody does anything --------------------------------------------------------------------------------------


def overdue(reader: Actor, **filters: Any) -> dict[str, dict[str, Any]]:
    items = reader.rest.get("/ideas/overdue", params={"limit": 100, **filters}).json()["items"]
    return {one["idea"]["id"]: one for one in items}


def test_an_overdue_idea_goes_up_the_line(line: Line, company: Company) -> None:
    idea = line.propose()["id"]
    assert idea not in overdue(company.committee)
    line.back(idea, 2)
    first = line.wait(lambda: seen(company.committee, idea)["escalations"] == 1 and seen(company.committee, idea))
    assert first["desk"]["id"] == str(line.director.id)
    assert (first["stage"], first["version"]) == ("submitted", 1)
    assert "decide" in seen(line.director, idea)["permissions"]
    assert "decide" not in seen(line.manager, idea)["permissions"]
    # The next step has a time of its own: two working days.
    line.idle()
    assert seen(company.committee, idea)["escalations"] == 1
    (row,) = line.server.sql("SELECT escalates_at FROM idea WHERE content_id = $1", idea)
    assert near(row["escalates_at"], add_working_days(SHANGHAI, datetime.now(UTC), 2))
    line.back(idea, 2)
    second = line.wait(lambda: seen(company.committee, idea)["escalations"] == 2 and seen(company.committee, idea))
    assert second["desk"] is None
    line.idle()
    late = overdue(company.committee, committee="true")[idea]
    assert [(one["from_person"] or {}).get("id") for one in late["escalations"]] == [
        str(line.manager.id),
        str(line.director.id),
    ]
    assert late["escalations"][1]["to_person"] is None
    assert late["seconds_late"] > 2 * 86_400 - 60
    entries = company.outsider.rest.get(f"/ideas/{idea}/timeline").json()["items"]
    told = [(one["type"], one["payload"].get("step")) for one in entries]
    assert told == [
        ("idea_submitted", None),
        ("idea_overdue", None),
        ("idea_escalated", 1),
        ("idea_escalated", 2),
    ]
    assert entries[2]["payload"]["to_person"] == str(line.director.id)
    after = company.committee.rest.post(f"/ideas/{idea}/decision", json={"outcome": "approved"}).json()
    assert (after["due_at"], after["escalations"]) == (None, 0)
    assert idea not in overdue(company.committee)


def test_what_is_overdue_is_listed_by_desk_and_department(line: Line, company: Company) -> None:
    idea, large = line.propose()["id"], line.propose(size="large")["id"]
    for one in (idea, large):
        line.back(one, 4)
    desks = line.wait(lambda: (found := overdue(company.committee)).keys() >= {idea, large} and found)
    assert desks[large]["desk"] is None
    line.wait(lambda: idea in overdue(line.director, desk=str(line.director.id)))
    assert large not in overdue(line.director, desk=str(line.director.id))
    assert large in overdue(line.director, committee="true")
    rd = overdue(line.director, department=str(company.departments["rd"]))
    assert rd.keys() >= {idea, large}
    assert not overdue(line.director, department=str(company.departments["sales"])).keys() & {idea, large}
    due = [moment(one["due_at"]) for one in overdue(company.committee).values()]
    assert due == sorted(due)
    query = """query($d: ID!) { overdueIdeas(first: 100, filter: {desk: $d}) {
      nodes { idea { id author { name } } stage size desk { id } escalations { step toPerson { id } } } } }"""
    nodes = line.director.data(query, d=str(line.director.id))["overdueIdeas"]["nodes"]
    (told,) = [one for one in nodes if one["idea"]["id"] == idea]
    assert told["escalations"] == [{"step": 1, "toPerson": {"id": str(line.director.id)}}]
    hidden = line.propose(audience=[str(company.colleague.id)], size="large")["id"]
    line.back(hidden, 4)
    assert hidden in overdue(company.colleague)
    assert hidden not in overdue(company.outsider)
    assert company.outsider.rest.get("/ideas/overdue", params={"desk": "me"}).status_code == 422


def test_what_waits_for_its_author_is_not_overdue(line: Line, company: Company) -> None:
    idea = line.propose()["id"]
    line.manager.rest.post(f"/ideas/{idea}/questions", json={"text": "？"})
    line.back(idea, 9)
    line.idle()
    assert idea not in overdue(company.committee)
    assert seen(line.employee, idea)["escalations"] == 0


def test_a_deferred_idea_comes_back_by_itself(line: Line, company: Company) -> None:
    idea, withdrawn = line.propose()["id"], line.propose()["id"]
    for one in (idea, withdrawn):
        body = {"outcome": "deferred", "until": "2099-01-05", "explanation": "等新厂房。"}
        deferred = company.committee.rest.post(f"/ideas/{one}/decision", json=body).json()
        assert (deferred["stage"], deferred["returns_on"], deferred["due_at"]) == ("deferred", "2099-01-05", None)
    line.idle()
    assert seen(line.employee, idea)["stage"] == "deferred"
    line.employee.rest.post(f"/ideas/{withdrawn}/withdraw")
    line.server.sql("UPDATE idea_decision SET until = '2020-01-05' WHERE content_id = $1", withdrawn)
    line.server.sql(
        "UPDATE idea SET returns_on = '2020-01-05' WHERE content_id = $1 AND returns_on > '2020-01-05'", idea
    )
    back = line.wait(lambda: (now := seen(line.employee, idea))["stage"] == "screening" and now)
    assert (back["returns_on"], back["decision"]) == (None, None)
    assert near(moment(back["due_at"]), add_working_days(SHANGHAI, datetime.now(UTC), 3))
    assert back["desk"]["id"] == str(line.manager.id)
    entries = company.outsider.rest.get(f"/ideas/{idea}/timeline").json()["items"]
    assert [one["type"] for one in entries][-2:] == ["idea_returned", "idea_stage_changed"]
    assert seen(line.employee, withdrawn)["stage"] == "deferred"
    line.employee.rest.post(f"/ideas/{withdrawn}/reinstate")
    line.wait(lambda: seen(line.employee, withdrawn)["stage"] == "screening")


# ---- service levels and the calendar --------------------------------------------------------------------------------


def test_a_changed_service_level_moves_what_is_open(line: Line, company: Company, terms: None) -> None:
    committee = company.committee.rest
    idea, waiting = line.propose()["id"], line.propose()["id"]
    line.manager.rest.post(f"/ideas/{waiting}/questions", json={"text": "？"})
    began = moment(seen(line.employee, idea)["stage_since"])
    put = committee.put("/service-levels/small/submitted", json={"working_days": 10})
    assert (put.status_code, put.json()["working_days"]) == (200, 10)
    ten = add_working_days(SHANGHAI, began, 10)
    line.wait(lambda: near(moment(seen(line.employee, idea)["due_at"]), ten))
    assert seen(line.employee, waiting)["due_at"] is None
    answered = line.employee.rest.post(f"/ideas/{waiting}/answers", json={"text": "！"}).json()
    assert near(moment(answered["due_at"]), ten)
    assert near(moment(line.propose()["due_at"]), add_working_days(SHANGHAI, datetime.now(UTC), 10))
    levels = {
        (one["size"], one["stage"]): one["working_days"] for one in committee.get("/service-levels").json()["items"]
    }
    assert len(levels) == 10 and levels["small", "submitted"] == 10
    mutation = """mutation { putServiceLevel(size: small, stage: submitted, input: {workingDays: null})
      { workingDays } }"""
    assert company.committee.data(mutation)["putServiceLevel"] == {"workingDays": None}
    line.wait(lambda: seen(line.employee, idea)["due_at"] is None)
    assert line.propose()["due_at"] is None


def test_a_holiday_moves_what_is_open(line: Line, company: Company, terms: None) -> None:
    idea = line.propose()
    due = moment(idea["due_at"]).astimezone(SHANGHAI.zone)
    holiday = (due - timedelta(seconds=1)).date()
    worked = next(day for day in (holiday + DAY * n for n in range(1, 9)) if not SHANGHAI.works(day))
    put = company.committee.rest.put(f"/calendar-days/{holiday}", json={"working": False, "name": "厂庆"})
    assert (put.status_code, put.json()["name"]) == (200, "厂庆")
    mutation = 'mutation($d: Date!) { putCalendarDay(day: $d, input: {working: true, name: "调休"}) { day working } }'
    told = company.committee.data(mutation, d=worked.isoformat())["putCalendarDay"]
    assert told == {"day": worked.isoformat(), "working": True}
    unusual = WorkingCalendar(SHANGHAI.zone, {holiday: False, worked: True})
    moved = add_working_days(unusual, moment(idea["stage_since"]), 2)
    assert not near(moved, due)
    line.wait(lambda: near(moment(seen(line.employee, idea["id"])["due_at"]), moved))
    listed = company.outsider.rest.get("/calendar-days", params={"day_from": str(holiday)}).json()["items"]
    assert [(one["day"], one["working"]) for one in listed] == [(str(holiday), False), (str(worked), True)]
    nodes = "query($d: Date!) { calendarDays(filter: {dayBefore: $d}) { nodes { day } } }"
    assert company.outsider.data(nodes, d=str(worked))["calendarDays"]["nodes"] == [{"day": str(holiday)}]
    for _ in range(2):
        assert company.committee.rest.delete(f"/calendar-days/{holiday}").status_code == 204
    gone = "mutation($d: Date!) { deleteCalendarDay(day: $d) }"
    assert company.committee.data(gone, d=str(worked))["deleteCalendarDay"] == str(worked)
    line.wait(lambda: near(moment(seen(line.employee, idea["id"])["due_at"]), due))


def test_many_open_ideas_follow_part_by_part(line: Line, company: Company, terms: None) -> None:
    items = [{"title": f"第 {n} 条 {uuid4().hex[:6]}"} for n in range(350)]
    results = line.employee.rest.post("/ideas:batch", json={"items": items}).json()["items"]
    ids = [one["id"] for one in results]
    company.committee.rest.put("/service-levels/small/submitted", json={"working_days": 7})
    soon = add_working_days(SHANGHAI, datetime.now(UTC), 6)
    query = "SELECT count(*) AS n FROM idea WHERE content_id = ANY($1::uuid[]) AND due_at < $2"
    line.wait(lambda: line.server.sql(query, ids, soon)[0]["n"] == 0)
    assert line.server.sql("SELECT pending FROM working_time")[0]["pending"] is False


def test_only_who_manages_ideas_sets_the_terms(line: Line, company: Company) -> None:
    scoped = company.hire("分委会", "rd", roles=(("committee", company.departments["rd"]),))
    before = company.committee.rest.get("/service-levels").json(), company.committee.rest.get("/calendar-days").json()
    for actor in (company.employee, company.finance, line.manager, scoped):
        for path, body in (
            ("/service-levels/small/submitted", {"working_days": 1}),
            ("/calendar-days/2027-01-01", {"working": False}),
        ):
            assert actor.rest.put(path, json=body).status_code == 403, (actor.name, path)
        assert actor.rest.delete("/calendar-days/2027-01-01").status_code == 403
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("/service-levels/small/submitted", {"working_days": 0}),
        ("/service-levels/small/submitted", {"working_days": 366}),
        ("/service-levels/small/submitted", {}),
        ("/service-levels/small/verified", {"working_days": 1}),
        ("/service-levels/huge/submitted", {"working_days": 1}),
        ("/calendar-days/2027-02-30", {"working": False}),
        ("/calendar-days/1", {"working": False}),
        ("/calendar-days/2027-01-01", {"working": False, "name": ""}),
        ("/calendar-days/2027-01-01", {}),
    ]
    for path, body in wrong:
        assert company.committee.rest.put(path, json=body).status_code == 422, (path, body)
    after = company.committee.rest.get("/service-levels").json(), company.committee.rest.get("/calendar-days").json()
    assert after == before


def test_a_time_zone_must_be_one() -> None:
    assert Settings(_env_file=None, time_zone="Europe/Berlin").time_zone == "Europe/Berlin"
    for wrong in ("Mars/Olympus", "../etc/passwd", ""):
        with pytest.raises(ValueError, match="time zone"):
            Settings(_env_file=None, time_zone=wrong)


def test_used_days_are_kept_to_the_second(line: Line) -> None:
    """Stopped and started again and again, a clock shows what it would have shown."""
    idea = line.propose()
    for _ in range(5):
        line.manager.rest.post(f"/ideas/{idea['id']}/questions", json={"text": "？"})
        idea = line.employee.rest.post(f"/ideas/{idea['id']}/answers", json={"text": "！"}).json()
    began, due = moment(idea["stage_since"]), moment(idea["due_at"])
    assert 2 <= working_days_between(SHANGHAI, began, due) < 2 + timedelta(seconds=60) / timedelta(days=1)
    assert date.today() <= due.date()


def test_the_ends_of_the_calendar_stop_no_clock(line: Line, company: Company, terms: None) -> None:
    for day in ("0001-01-01", "9999-12-31"):
        put = company.committee.rest.put(f"/calendar-days/{day}", json={"working": False})
        assert (put.status_code, put.json()["day"]) == (200, day)
        listed = company.committee.rest.get("/calendar-days", params={"day_from": day}).json()["items"]
        assert [one["day"] for one in listed] == [day]
        gone = company.committee.rest.get("/calendar-days", params={"day_before": day}).json()["items"]
        assert day not in [one["day"] for one in gone]
        idea = line.propose()
        assert near(moment(idea["due_at"]), add_working_days(SHANGHAI, datetime.now(UTC), 2))
        assert company.committee.rest.delete(f"/calendar-days/{day}").status_code == 204
        assert company.committee.rest.get("/calendar-days").json()["items"] == []
