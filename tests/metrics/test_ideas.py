"""Metrics of ideas, of ideas that went through the doors: what they say."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.benefits.test_benefits import claimed
from tests.conftest import Company
from tests.ideas.test_stages import LATER, NO, YES, propose
from tests.metrics.helpers import crowd, rebuilt, rolled_up, today
from tests.metrics.lives import decide, grown_old, numbers, quarter, told, within
from tests.resources.helpers import made, request


def test_what_becomes_of_ideas(fresh: Company) -> None:
    people = crowd(fresh, "rd", 8)
    ideas = [propose(person)["id"] for person in people[:7]]
    shares = [{"person_id": str(one.id), "share": 50} for one in people[6:]]
    ideas.append(propose(people[6], size="large", coauthors=shares)["id"])
    outcomes: list[dict[str, Any]] = [YES, YES, NO, LATER, {**YES, "private": True}]
    for idea, outcome in zip(ideas, outcomes, strict=False):
        decide(fresh, idea, outcome)
    gone = propose(fresh.outsider)["id"]
    made(fresh.outsider, f"/ideas/{gone}/withdraw")
    rolled_up(fresh.server)
    one = fresh.employee
    assert numbers(told(one, "idea_participation")) == (8, 18, None)
    assert numbers(told(one, "ideas_per_person")) == (8, 18, None)
    assert numbers(told(one, "ideas_per_person", kind="large")) == (1, 18, None)
    assert numbers(told(one, "adoption_of_submitted")) == (2, 8, None)
    assert numbers(told(one, "adoption_of_decided")) == (None, None, "too_few_people")
    assert numbers(told(one, "implemented_within_6_months")) == (None, None, "too_young")
    assert numbers(told(one, "implemented_within_12_months")) == (None, None, "too_young")
    assert numbers(told(one, "time_to_decision_median")) == (0, 9, "nothing"), "today's decisions are known tomorrow"
    rd = str(fresh.departments["rd"])
    assert numbers(told(fresh.colleague, "idea_participation", department=rd)) == (8, 11, None)
    assert numbers(told(fresh.colleague, "adoption_of_submitted", department=rd)) == (2, 8, None)
    for idea in ideas[4:]:
        if idea == ideas[4]:
            decision = fresh.server.sql("SELECT id FROM idea_decision WHERE published_at IS NULL")[0]["id"]
            made(fresh.committee, "/idea-decisions:publish", ids=[str(decision)])
        else:
            decide(fresh, idea, NO)
    rolled_up(fresh.server)
    assert numbers(told(one, "adoption_of_decided")) == (3, 7, None)
    small = told(one, "adoption_of_decided", kind="small")
    assert numbers(small) == (None, None, "protects_others"), "what is left is one large idea"
    assert numbers(told(one, "adoption_of_submitted")) == (3, 8, None)


def test_what_is_undecided_has_lasted_at_least_until_today(fresh: Company) -> None:
    people, one = crowd(fresh, "rd", 8), fresh.employee
    ideas = [propose(person)["id"] for person in people]
    ideas.append(propose(fresh.outsider)["id"])
    for idea, outcome in zip(ideas, [YES, YES, NO, LATER, {**YES, "private": True}], strict=False):
        decide(fresh, idea, outcome)
    made(fresh.outsider, f"/ideas/{ideas[-1]}/withdraw")
    grown_old(fresh.server, ideas, 1)
    rebuilt(fresh.server)
    median = told(one, "time_to_decision_median", 1)
    # Three in nine, and the withdrawn one was waiting, too.
    assert numbers(median) == (3, 9, "nothing")
    for idea in ideas[5:8]:
        decide(fresh, idea, NO)
    rebuilt(fresh.server)
    assert numbers(told(one, "time_to_decision_median", 1)) == (3, 9, "nothing"), "what happens today is known tomorrow"
    fresh.server.sql(
        "UPDATE idea_decision SET published_at = now() - interval '1 day' WHERE published_at > now() - interval '1 day'"
    )
    rebuilt(fresh.server)
    lasted = (today() - date.fromisoformat(within(1))).days
    median = told(one, "time_to_decision_median", 1)
    assert numbers(median) == (6, 9, None) and median["value"] == pytest.approx(lasted - 1, abs=0.1)
    assert told(one, "time_to_decision_p90", 1)["reason"] == "nothing"


def test_what_is_old_enough_tells_how_much_was_put_into_practice(fresh: Company) -> None:
    people = crowd(fresh, "rd", 6)
    ideas = [propose(person)["id"] for person in people]
    for person, idea in zip(people[:3], ideas, strict=False):
        decide(fresh, idea, YES)
        made(person, f"/ideas/{idea}/implementation")
    grown_old(fresh.server, ideas, 3)
    late = "UPDATE journal SET at = now() WHERE content_id = $1::uuid AND payload ->> 'to_stage' = 'implemented'"
    fresh.server.sql(late, ideas[2])
    propose(people[0])
    made(fresh.hr, f"/people/{people[5].id}/move", department_id=str(fresh.departments["sales"]), since="2025-01-01")
    rolled_up(fresh.server)
    assert numbers(told(fresh.employee, "implemented_within_6_months", 3)) == (2, 6, None)
    assert told(fresh.employee, "implemented_within_12_months", 3)["reason"] == "too_young"


def test_waiting_for_the_author_is_apart(fresh: Company) -> None:
    people = crowd(fresh, "rd", 6)
    ideas = [propose(person)["id"] for person in people]
    for person, idea in zip(people, ideas, strict=True):
        made(fresh.committee, f"/ideas/{idea}/questions", text="多少台？")
        made(person, f"/ideas/{idea}/answers", text="三台。")
        decide(fresh, idea, YES)
    # Ten days until yesterday, of which four were waited.
    moved = """UPDATE journal SET at = CASE happened WHEN 'idea_question_asked' THEN now() - interval '9 days'
      WHEN 'idea_question_answered' THEN now() - interval '5 days' ELSE at END WHERE content_id = ANY($1::uuid[])"""
    fresh.server.sql(moved, ideas)
    fresh.server.sql("UPDATE idea_decision SET published_at = now() - interval '1 day'")
    fresh.server.sql(
        "UPDATE content SET published_at = d.published_at - interval '10 days', listed_at = d.published_at - interval"
        " '10 days' FROM idea_decision d WHERE d.content_id = content.id"
    )
    propose(people[0])
    made(fresh.hr, f"/people/{people[5].id}/move", department_id=str(fresh.departments["sales"]), since="2025-01-01")
    rolled_up(fresh.server)
    waited = told(fresh.employee, "time_waiting_for_author", int(quarter(0).start > today() - timedelta(1)))
    assert waited["value"] == pytest.approx(4) and waited["denominator"] == 6 and waited["low"] == pytest.approx(4)
    submitted = quarter(0).start > today() - timedelta(11)
    median = told(fresh.employee, "time_to_decision_median", int(submitted))
    assert median["value"] == pytest.approx(6, abs=0.1)


def test_money_of_several_currencies(fresh: Company) -> None:
    people = crowd(fresh, "rd", 7)
    ideas = [propose(person)["id"] for person in people]
    ago, later = within(5), within(1)
    for person, idea in zip(people, ideas, strict=True):
        decide(fresh, idea, YES)
        made(person, f"/ideas/{idea}/implementation")
        benefit = claimed(person, idea, "1000.00", starts_on=ago, cost="200.00")
        made(fresh.finance, f"/benefits/{benefit['id']}/verify", first_year="900.10")
    claimed(people[0], ideas[0], "50.00", starts_on=later, currency="EUR", cost="10.00", cost_currency="CNY")
    claimed(people[1], ideas[1], "40.00", starts_on=later, type="time", currency=None)
    budget = made(fresh.finance, "/budgets", name="基金", kind="money", amount="9000", currency="CNY")
    asked = request(people[0], ideas[0], "500.00")
    grant = made(fresh.finance, f"/resource-requests/{asked['id']}/grant", budget_id=budget["id"])["grant"]["id"]
    made(people[0], f"/resource-grants/{grant}/use", amount="350", note="夹具")
    made(fresh.hr, f"/people/{people[6].id}/move", department_id=str(fresh.departments["sales"]), since="2025-01-01")
    rolled_up(fresh.server)
    one = fresh.employee
    per_head = told(one, "benefit_claimed_per_head", 5)
    assert numbers(per_head) == (5600, 17, None) and per_head["low"] < per_head["value"] * 1.01
    assert per_head == told(one, "benefit_claimed_per_head", 5, kind="CNY")
    assert numbers(told(one, "benefit_verified_per_head", 5)) == (4900.7, 17, None)
    assert numbers(told(one, "benefit_committed_per_head", 5)) == (None, None, "nothing")
    assert numbers(told(one, "benefit_claimed_per_head", 1)) == (None, None, "several_currencies")
    assert numbers(told(one, "benefit_claimed_per_head", 1, kind="EUR")) == (50, 17, None)
    assert numbers(told(one, "benefit_claimed_per_head", 1, kind="CNY")) == (-10, 17, None)
    assert told(one, "realisation_median", 1)["value"] == 0.9001
    assert told(one, "realisation_top_share", 1)["value"] == pytest.approx(1 / 7)
    assert numbers(told(one, "programme_return", 1)) == (6300.7, 1750, None)
    stored = fresh.server.sql("SELECT numerator FROM metric_value WHERE metric = 'programme_return' AND value > 0")
    assert {row["numerator"] for row in stored} == {Decimal("6300.70")}


def test_the_rows_of_an_idea_with_two_currencies_are_on_pages_one_after_the_other(fresh: Company) -> None:
    person = crowd(fresh, "rd", 1)[0]
    for _ in range(2):
        idea = propose(person)["id"]
        decide(fresh, idea, YES)
        claimed(person, idea, "50.00", starts_on=today().isoformat(), currency="EUR", cost="10.00", cost_currency="CNY")
    query: dict[str, Any] = {"period": quarter(0).label, "limit": 1}
    rows: list[tuple[Any, ...]] = []
    while True:
        page = fresh.employee.rest.get("/metrics/benefit_claimed_per_head/rows", params=query).json()
        rows += [(row["content"]["id"], row["kind"], row["numerator"]) for row in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert len(set(rows)) == len(rows) == 4 and [row[1:] for row in rows] == [("CNY", -10), ("EUR", 50)] * 2


def test_anonymous_ideas_count_for_the_company_as_one_persons(fresh: Company) -> None:
    people = crowd(fresh, "rd", 9)
    for person in people[:4]:
        propose(person)
    for person in people[4:]:
        propose(person, anonymous=True)
    rolled_up(fresh.server)
    adopted = told(fresh.employee, "adoption_of_submitted")
    assert (adopted["denominator"], adopted["people"]) == (9, 5)
    rd = str(fresh.departments["rd"])
    assert told(fresh.colleague, "adoption_of_submitted", department=rd)["reason"] == "too_few_people"
    assert numbers(told(fresh.employee, "ideas_per_person")) == (9, 19, None)
    assert numbers(told(fresh.colleague, "ideas_per_person", department=rd)) == (4, 12, None)
    assert numbers(told(fresh.employee, "idea_participation")) == (4, 19, None), "they are nobody's"
    assert told(fresh.employee, "idea_participation")["numerator"] == 4
