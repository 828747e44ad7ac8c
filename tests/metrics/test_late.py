"""What happens late corrects the quarter that it belongs to, and a rebuild changes nothing."""

from typing import Any

import pytest
from tests.conftest import Company
from tests.ideas.test_stages import YES
from tests.metrics.helpers import figures, rebuilt, rolled_up
from tests.metrics.lives import Lives, decide, numbers, quarter, told, within
from tests.resources.helpers import made


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
