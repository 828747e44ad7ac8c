"""Ideas that went through the doors and have grown old, and what metrics say of them."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from tests.benefits.test_benefits import claimed
from tests.conftest import Actor, Company, Server
from tests.contributions.accounts import with_database
from tests.ideas.test_stages import NO, YES, propose
from tests.metrics.helpers import crowd, rolled_up, today, values
from tests.resources.helpers import made

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
    return Period.of(Grain.quarter, today()).later(-ago)


def within(ago: int, months: int = 0) -> str:
    """A day in the middle of the quarter so many quarters ago."""
    return (quarter(ago).start + timedelta(40 + 30 * months)).isoformat()


def grown_old(server: Server, ideas: Sequence[str], ago: int) -> None:
    """All that happened to ideas happens so many quarters earlier, as if somebody had waited."""
    back = (today() - date.fromisoformat(within(ago))).days
    for table, columns, key in (
        ("content", ("created_at", "published_at", "listed_at"), "id"),
        ("idea_decision", ("decided_at", "published_at"), "content_id"),
        ("journal", ("at",), "content_id"),
    ):
        changes = ", ".join(f"{column} = {column} - make_interval(days => {back})" for column in columns)
        server.sql(f"UPDATE {table} SET {changes} WHERE {key} = ANY($1::uuid[])", ideas)


def decide(company: Company, idea: str, body: dict[str, Any]) -> None:
    made(company.committee, f"/ideas/{idea}/decision", **body)


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
