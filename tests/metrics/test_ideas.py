"""Metrics of ideas, of ideas that went through the doors: what they say, and that what happens late corrects them."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.benefits.test_benefits import claimed
from tests.conftest import Actor, Company, Server
from tests.contributions.accounts import with_database
from tests.ideas.test_stages import LATER, NO, YES, propose
from tests.metrics.helpers import crowd, figures, rebuilt, rolled_up, values
from tests.resources.helpers import made, request

from kshare.contributions.ledger import complete
from kshare.metrics.periods import Grain, Period

VALUES = """query($id: String!, $kind: String, $by: Grain!) { metricValues(id: $id, kind: $kind, by: $by) {
  metric { unit } items { value numerator denominator low high people reason } } }"""
SHOWN = ("value", "numerator", "denominator", "low", "high", "people", "reason")


def told(actor: Actor, metric: str, ago: int = 0, **query: Any) -> dict[str, Any]:
    """What a metric says of the quarter so many quarters ago; both doors must say the same."""
    found = values(actor, metric, by="quarter", **query)
    if "department" not in query:
        shown = actor.data(VALUES, id=metric, kind=query.get("kind"), by="quarter")["metricValues"]["items"]
        assert shown == [{name: one[name] for name in SHOWN} for one in found]
    return found[-1 - ago]


def numbers(one: dict[str, Any]) -> tuple[Any, ...]:
    return one["numerator"], one["denominator"], one["reason"]


def quarter(ago: int) -> Period:
    return Period.of(Grain.quarter, date.today()).later(-ago)


def within(ago: int, months: int = 0) -> str:
    """A day in the middle of the quarter so many quarters ago."""
    return (quarter(ago).start + timedelta(40 + 30 * months)).isoformat()


def grown_old(server: Server, ideas: Sequence[str], ago: int) -> None:
    """All that happened to ideas happens so many quarters earlier, as if somebody had waited."""
    back = (date.today() - date.fromisoformat(within(ago))).days
    for table, columns, key in (
        ("content", ("created_at", "published_at", "listed_at"), "id"),
        ("idea_decision", ("decided_at", "published_at"), "content_id"),
        ("journal", ("at",), "content_id"),
    ):
        changes = ", ".join(f"{column} = {column} - make_interval(days => {back})" for column in columns)
        server.sql(f"UPDATE {table} SET {changes} WHERE {key} = ANY($1::uuid[])", ideas)


def decide(company: Company, idea: str, body: dict[str, Any]) -> None:
    made(company.committee, f"/ideas/{idea}/decision", **body)


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
    lasted = (date.today() - date.fromisoformat(within(1))).days
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
    waited = told(fresh.employee, "time_waiting_for_author", int(quarter(0).start > date.today() - timedelta(1)))
    assert waited["value"] == pytest.approx(4) and waited["denominator"] == 6 and waited["low"] == pytest.approx(4)
    submitted = quarter(0).start > date.today() - timedelta(11)
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
        claimed(
            person, idea, "50.00", starts_on=date.today().isoformat(), currency="EUR", cost="10.00", cost_currency="CNY"
        )
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


class Lives:
    """Seven people in research whose ideas were submitted in each of the last quarters."""

    def __init__(self, company: Company) -> None:
        self.company, self.people = company, crowd(company, "rd", 7)
        self.ideas = {ago: [propose(person)["id"] for person in self.people] for ago in range(1, 5)}
        for idea in self.ideas[1]:
            decide(company, idea, NO)
        self.merged = [propose(self.people[0])["id"] for _ in range(2)]
        for idea, into in zip(self.merged, [self.merged[1], self.ideas[4][0]], strict=True):
            made(company.committee, f"/ideas/{idea}/merge", into_id=into)
        self._vote()
        self.benefits = []
        for person, idea in zip(self.people, self.ideas[2], strict=True):
            decide(company, idea, YES)
            made(person, f"/ideas/{idea}/implementation")
            self.benefits.append(claimed(person, idea, starts_on=within(5), cost="10.00")["id"])
        for idea, benefit in zip(self.ideas[2], self.benefits, strict=True):
            made(company.finance, f"/benefits/{benefit}/verify", first_year="100.00")
            assert idea
        self.newest = claimed(self.people[0], self.ideas[2][0], starts_on=within(2))["id"]
        for ago, ideas in self.ideas.items():
            grown_old(company.server, ideas, ago)
        with_database(company, complete)
        # From here on every quarter since the first of them was here has its figures.
        self.move("sales", "2025-02-01")

    def move(self, department: str, since: str) -> None:
        path, to = f"/people/{self.people[6].id}/move", str(self.company.departments[department])
        made(self.company.hr, path, department_id=to, since=since)
        rolled_up(self.company.server)

    def _vote(self) -> None:
        """Five votes for each idea of a year ago, one of them only through what is merged into it by two steps."""
        vote = "INSERT INTO idea_vote (content_id, person_id, created_at) VALUES ($1, $2, now())"
        voters = [self.company.employee, self.company.colleague, self.company.outsider, self.company.finance]
        for idea in self.ideas[4]:
            for voter in voters:
                self.company.server.sql(vote, idea, voter.id)
        self.company.server.sql(vote, self.merged[0], self.company.hr.id)
        for idea in self.ideas[4][1:]:
            made_vote = self.company.manager.rest.put(f"/ideas/{idea}/vote")
            assert made_vote.status_code == 200, made_vote.text
        self.company.server.sql("UPDATE idea SET votes = 5 WHERE content_id = $1::uuid", self.ideas[4][0])


def test_what_happens_late_corrects_its_quarter(fresh: Company) -> None:
    lives = Lives(fresh)
    people, one = lives.people, fresh.employee

    def at(metric: str, ago: int) -> Any:
        return numbers(told(one, metric, ago))

    assert at("adoption_of_decided", 1) == (0, 7, None)
    assert at("benefit_verified_per_head", 5) == (630, 17, None)
    assert at("ideas_per_person", 3) == (7, 17, None)
    assert at("crowd_heard", 4) == (0, 7, None)
    assert at("realisation_median", 1) == (None, 7, None)
    made(fresh.committee, f"/ideas/{lives.ideas[1][0]}/advance", to="screening")
    verified = fresh.finance.rest.get(f"/benefits/{lives.benefits[0]}").json()["verified"]["id"]
    made(fresh.finance, f"/benefit-entries/{verified}/correct", first_year="-40.00", reason="退货")
    made(people[0], f"/ideas/{lives.ideas[3][0]}/withdraw")
    made(fresh.committee, f"/ideas/{lives.merged[0]}/unmerge")
    rolled_up(fresh.server)
    assert at("adoption_of_decided", 1) == (0, 6, None)
    assert at("benefit_verified_per_head", 5) == (490, 17, None)
    assert at("ideas_per_person", 3) == (6, 17, None)
    assert at("crowd_heard", 4) == (0, 6, None), "a vote went two steps down"
    assert told(one, "realisation_top_share", 1)["value"] == pytest.approx(1 / 6)
    before = figures(fresh.server)
    rebuilt(fresh.server)
    assert figures(fresh.server) == before


def test_a_decision_taken_back_was_never_made(fresh: Company) -> None:
    lives = Lives(fresh)
    before = figures(fresh.server)
    idea = lives.ideas[3][0]
    decide(fresh, idea, {**YES, "private": True})
    rolled_up(fresh.server)
    assert figures(fresh.server) == before, "nobody may know"
    decision = fresh.server.sql("SELECT id FROM idea_decision WHERE published_at IS NULL")[0]["id"]
    assert fresh.committee.rest.delete(f"/idea-decisions/{decision}").status_code == 204
    rolled_up(fresh.server)
    assert figures(fresh.server) == before
    decide(fresh, idea, YES)
    rolled_up(fresh.server)
    assert numbers(told(fresh.employee, "adoption_of_submitted", 3)) == (1, 7, None)
    before = figures(fresh.server)
    rebuilt(fresh.server)
    assert figures(fresh.server) == before


def test_a_benefit_that_begins_on_another_day_leaves_the_quarter_of_old(fresh: Company) -> None:
    lives = Lives(fresh)
    assert numbers(told(fresh.employee, "benefit_claimed_per_head", 2)) == (120000, 17, None)
    path = f"/benefits/{lives.newest}"
    changed = lives.people[0].rest.patch(path, json={"starts_on": within(3)}, headers={"If-Match": "*"})
    assert changed.status_code == 200, changed.text
    rolled_up(fresh.server)
    assert numbers(told(fresh.employee, "benefit_claimed_per_head", 2)) == (None, None, "nothing")
    assert numbers(told(fresh.employee, "benefit_claimed_per_head", 3)) == (120000, 17, None)
    before = figures(fresh.server)
    rebuilt(fresh.server)
    assert figures(fresh.server) == before


def test_a_membership_corrected_in_the_past_corrects_its_quarters(fresh: Company) -> None:
    lives = Lives(fresh)
    rd = str(fresh.departments["rd"])

    def there(ago: int) -> Any:
        return numbers(told(fresh.colleague, "idea_participation", ago, department=rd))

    assert (there(4), there(3)) == ((6, 9, None), (6, 9, None))
    lives.move("rd", quarter(3).start.isoformat())
    assert (there(4), there(3)) == ((6, 9, None), (7, 10, None))
    nowhere = {"department_id": None, "since": quarter(2).start.isoformat()}
    made(fresh.hr, f"/people/{lives.people[6].id}/move", **nowhere)
    rolled_up(fresh.server)
    assert (there(3), there(2)) == ((7, 10, None), (6, 9, None))
    before = figures(fresh.server)
    rebuilt(fresh.server)
    assert figures(fresh.server) == before
