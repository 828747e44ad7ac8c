"""Whatever a caller can ask for, no sums and differences of it are about fewer than five people.

A caller collects every value there is, through both doors. What each of them is a sum over is known to the test alone:
exact linear algebra then looks for a combination in which all cancel but fewer than five. Without the rules that hide
what remains of a department, or where two divisions cross, the same attack succeeds.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import chain, combinations
from typing import Any
from uuid import UUID

import pytest
from tests.conftest import Actor, Company
from tests.metrics.helpers import crowd, rebuilt, with_session
from tests.metrics.histories import ZONE

from kshare.core.ids import new_id
from kshare.metrics import rollup
from kshare.metrics.contracts import Behind, Metric, Row
from kshare.metrics.counting import AsOf, bound, typed
from kshare.metrics.definitions import METRICS
from kshare.metrics.definitions.people import ELIGIBLE
from kshare.metrics.figures.publishing import FEWEST
from kshare.metrics.periods import Grain, Period
from kshare.metrics.statistics import PerHead, PerThing

Unknown = tuple[Any, ...]
"""What somebody did: whatever a published figure sums up, or makes something else of."""
Figures = dict[tuple[str, UUID | None, str, Period], tuple[float | None, int]]
"""What a caller has got: values and people behind, by metric, department (None: the company), kind and period."""

TODAY = datetime.now(ZONE).date()
LAST = Period.of(Grain.quarter, TODAY).later(-1)


# ---- the attack -----------------------------------------------------------------------------------------------------


def isolated(sums: Sequence[Set[Unknown]], person: Mapping[Unknown, UUID]) -> set[UUID] | None:
    """One to four people about whom alone something can be computed from sums over these; None if there are none."""
    groups: defaultdict[tuple[bool, ...], set[UUID]] = defaultdict(set)
    for unknown in set().union(*sums):
        groups[tuple(unknown in one for one in sums)].add(person[unknown])
    # Combinations in which all groups of five and more cancel.
    columns = sorted(groups, key=lambda column: len(groups[column]) < FEWEST)
    large = sum(len(groups[column]) >= FEWEST for column in columns)
    rows = [[Fraction(column[place]) for column in columns] for place in range(len(sums))]
    left = [row[large:] for row in _reduced(rows) if not any(row[:large])]
    for number in range(1, FEWEST) if left else ():
        for chosen in combinations(range(len(columns) - large), number):
            people = set().union(*(groups[columns[large + place]] for place in chosen))
            others = [[value for place, value in enumerate(row) if place not in chosen] for row in left]
            if len(people) < FEWEST and len(_reduced(others)) < len(left):
                return people
    return None


def _reduced(rows: Sequence[Sequence[Fraction]]) -> list[list[Fraction]]:
    """As many rows, in echelon form, as are independent."""
    left, done = [list(row) for row in rows], []
    for place in range(len(rows[0]) if rows else 0):
        pivot = next((row for row in left if row[place]), None)
        if pivot is not None:
            left.remove(pivot)
            for row in left:
                if factor := row[place] / pivot[place]:
                    row[place:] = [one - factor * other for one, other in zip(row[place:], pivot[place:], strict=True)]
            done.append(pivot)
    return done


def test_the_attack_finds_what_can_be_found() -> None:
    people = {(number,): UUID(int=number) for number in range(20)}
    unknowns = list(people)
    assert isolated([set(unknowns), set(unknowns[:10]), set(unknowns[8:])], people) == {UUID(int=8), UUID(int=9)}
    assert isolated([set(unknowns), set(unknowns[:10]), set(unknowns[:5])], people) is None
    assert isolated([set(unknowns[:10]), set(unknowns[1:11])], people) == {UUID(int=0), UUID(int=10)}


# ---- what is attacked -----------------------------------------------------------------------------------------------


@dataclass
class Target:
    """A company with two quarters behind it, and everything that was done in the first."""

    company: Company

    def __post_init__(self) -> None:
        sql = self.company.server.sql
        sql("UPDATE membership SET since = '2020-01-01'")
        for name, parent in (
            *(("sales_cn", "sales"), ("sales_eu", "sales"), ("ops", "root"), ("ops_old", "ops"), ("ops_new", "ops")),
            *(("ops_lab", "ops_new"), ("rd_optical", "rd"), ("it", "sales")),
        ):
            self._department(name, parent)
        self.people: dict[str, list[UUID]] = {}
        for name, number in {"sales_cn": 8, "sales_eu": 2, "ops_new": 6, "ops_lab": 6, "rd_pressure": 6}.items():
            self.people[name] = [self._hire(name) for _ in range(number)]
        self.people |= {"rd_optical": [self._hire("rd_optical") for _ in range(4)], "it": [self._hire("it")]}
        self.people["rd"] = [self._hire("rd") for _ in range(5)]
        # Its three people move within the first month, and leave nobody behind.
        self.people["ops_old"] = [self._hire("ops_old", [("ops_new", self.day(0, 20))]) for _ in range(3)]
        self.people["moved"] = [
            self._hire("sales_cn", [("rd_pressure", self.day(1, 10))]),
            self._hire("rd_optical", [("sales_eu", self.day(2, 1)), ("rd_optical", self.day(2, 15))]),
        ]
        leaders = [self.people["sales_eu"][0], self.people["rd_optical"][0], self.people["ops_lab"][0]]
        for number, person in enumerate(chain(*self.people.values())):
            if person not in leaders:
                sql("UPDATE person SET manager_id = $2 WHERE id = $1", person, leaders[number % 3])
            for month in range(3):
                if (number + month) % 3 == 0:
                    contributed(self.company, person, self.day(month, 5))
        sql("UPDATE person SET manager_id = $2 WHERE id = ANY($1)", leaders[1:], leaders[0])
        for number, name in enumerate(self.people):
            where = "sales_cn" if name == "moved" else name
            for count, person in enumerate(self.people[name]):
                self._publish(person, where, self.day((number + count) % 3, 8), ("sop", "case", "method")[count % 3])
                self._publish(person, where, self.day(0, 9), "sop")
        # What somebody wrote in a department that has moved since.
        department = self.company.departments["it"]
        path = f"/departments/{department}"
        etag = self.company.admin.rest.get(path).headers["ETag"]
        body = {"parent_id": str(self.company.departments["rd"])}
        assert self.company.admin.rest.patch(path, json=body, headers={"If-Match": etag}).status_code == 200
        rebuilt(self.company.server)

    def day(self, month: int, day: int) -> date:
        """A day of a month of the quarter, counted from 0."""
        return list(LAST.months())[month].start + timedelta(day - 1)

    def _department(self, name: str, parent: str) -> None:
        above = self.company.departments[parent]
        body = {"name": name, "parent_id": str(above)}
        made = self.company.admin.rest.post("/departments", json=body)
        assert made.status_code == 201, made.text
        self.company.departments[name] = UUID(made.json()["id"])

    def _hire(self, department: str, moves: Sequence[tuple[str, date]] = ()) -> UUID:
        last = moves[-1][0] if moves else department
        person = self.company.hire("同事", last).id
        sql = self.company.server.sql
        sql("DELETE FROM membership WHERE person_id = $1", person)
        stays = [(department, date(2020, 1, 1)), *moves]
        for (name, since), until in zip(stays, [*(day for _, day in moves), None], strict=True):
            values = new_id(), person, self.company.departments[name], since, until
            sql(
                "INSERT INTO membership (id, person_id, department_id, since, until) VALUES ($1, $2, $3, $4, $5)",
                *values,
            )
        return person

    def _publish(self, person: UUID, department: str, day: date, kind: str) -> None:
        self.company.server.sql(
            """INSERT INTO content (id, kind, variety, state, title, summary, body, language, author_id, owner_id,
              department_id, audience, readers, classification, revision, version, created_at, updated_at, published_at,
              listed_at)
            VALUES ($1, 'knowledge_item', $2, 'published', '条目', '', '', 'zh', $3, $3, $4, $5, $5, 1, 1, 1,
              $6, $6, $6, $6)""",
            *(new_id(), kind, person, self.company.departments[department], [self.company.departments["root"]]),
            datetime.combine(day, datetime.min.time(), ZONE) + timedelta(hours=9),
        )


def contributed(company: Company, person: UUID, day: date) -> None:
    """Somebody did something of weight 3."""
    company.server.sql(
        """INSERT INTO contribution (id, person_id, rule, rule_version, occurred_on, month, weight, object_kind,
          recorded_at)
        VALUES ($1, $2, 'comment_written', 1, $3, date_trunc('month', $3::date), 3, 'comment', now())""",
        *(new_id(), person, day),
    )


# ---- collecting -----------------------------------------------------------------------------------------------------

VALUES = """query($id: String!, $department: ID, $by: Grain!, $kind: String, $from: Date!, $to: Date!) {
  metricValues(id: $id, departmentId: $department, by: $by, kind: $kind, from: $from, to: $to) {
    items { period value numerator people } } }"""


def collected(actor: Actor, company: Company, metrics: Iterable[str] = METRICS) -> Figures:
    """Every value that somebody can get of two quarters, the same through both doors; what is refused is left out."""
    found: Figures = {}
    period = {"from": LAST.start.isoformat(), "to": TODAY.isoformat()}
    for metric in (one for one in actor.rest.get("/metrics").json()["items"] if one["id"] in metrics):
        for department in (None, *company.departments.values()):
            for kind in (None, *(kind["id"] for kind in metric["kinds"])):
                for by in ("month", "quarter"):
                    asked = period | {"by": by} | ({"kind": kind} if kind else {})
                    asked |= {"department": str(department)} if department else {}
                    answer = actor.rest.get(f"/metrics/{metric['id']}/values", params=asked)
                    other = actor.graphql(VALUES, id=metric["id"], **asked)
                    if answer.status_code != 200:
                        code = {"forbidden": "FORBIDDEN", "invalid": "INVALID"}[answer.json()["code"]]
                        assert other["errors"][0]["extensions"]["code"] == code, other
                        continue
                    items = answer.json()["items"]
                    told = ("period", "value", "numerator", "people")
                    shown = other["data"]["metricValues"]["items"]
                    assert [{name: item[name] for name in told} for item in items] == shown
                    for item in items:
                        assert item["reason"] is None or (item["value"] is None), item
                        if item["value"] is not None or item["numerator"] is not None:
                            place = metric["id"], department, kind or "", Period.named(item["period"])
                            found[place] = item["value"], item["people"]
    return found


# ---- what the figures are sums over ---------------------------------------------------------------------------------


def units_of(company: Company, metric: Metric, period: Period) -> list[Mapping[str, Any]]:
    """What a metric counts in a period."""
    return _rows(company, metric.units, period)


def _rows(company: Company, statement: str, period: Period) -> list[Mapping[str, Any]]:
    values = bound(statement, AsOf(ZONE, TODAY).values(period))

    async def read(session: Any) -> list[Mapping[str, Any]]:
        return [row._mapping for row in await session.execute(typed(statement), values)]

    rows: list[Mapping[str, Any]] = with_session(company.server, read)
    return rows


@dataclass
class Truth:
    """What a metric's figures of the last quarter and its months sum up."""

    company: Company
    metric: Metric

    def __post_init__(self) -> None:
        self.periods = [LAST, *LAST.months()]
        self.person: dict[Unknown, UUID] = {}
        self.found: dict[Period, list[tuple[Unknown, UUID | None, str]]] = {}
        parents = self.company.server.sql("SELECT id, path FROM department")
        self.path = {row["id"]: set(row["path"]) for row in parents}
        events = self.metric.behind is Behind.eligible and self.metric.rows is not Row.person
        for period in self.periods[1:]:
            self.found[period] = list(self._events(period) if events else self._things(period))
        # A sum of a quarter is one of its months, where something is summed up.
        adds_up = isinstance(self.metric.statistic, PerHead | PerThing)
        self.found[LAST] = list(chain(*self.found.values())) if adds_up else list(self._things(LAST))

    def _things(self, period: Period) -> Any:
        for unit in units_of(self.company, self.metric, period):
            unknown = (unit["unit"], unit["kind"], period)
            self.person[unknown] = unit["person"]
            yield unknown, unit["department"], unit["kind"] or ""

    def _events(self, period: Period) -> Any:
        """Who could have done something is behind it as much as who did."""
        kinds = ["", *(self.metric.kinds.values if self.metric.kinds else ())]
        there = {
            (row["person"], row["department"])
            for row in _rows(self.company, f"WITH {ELIGIBLE} SELECT * FROM eligible", period)
        }
        there |= {(unit["person"], unit["department"]) for unit in units_of(self.company, self.metric, period)}
        for person, department in there:
            for kind in kinds[1:] or kinds:
                unknown = (person, department, kind, period)
                self.person[unknown] = person
                yield unknown, department, kind

    def over(self, department: UUID | None, kind: str, period: Period) -> set[Unknown]:
        """What a figure sums up."""
        return {
            unknown
            for unknown, place, its_kind in self.found[period]
            if kind in ("", its_kind) and (department is None or department in self.path.get(place, ()))
        }


def attack(company: Company, figures: Figures) -> dict[str, set[UUID]]:
    """Whom a caller can isolate with these figures, by metric."""
    victims = {}
    for id, metric in METRICS.items():
        truth = Truth(company, metric)
        asked = [place[1:] for place in figures if place[0] == id and place[3] in truth.periods]
        sums = {frozenset(truth.over(*place)) for place in asked}
        if people := isolated([one for one in sums if one], truth.person):
            victims[id] = people
    return victims


def attack_levels_and_bands(company: Company, figures: Figures) -> set[UUID] | None:
    """Whom a caller can isolate with everything that is told of the same people, by levels and by bands."""
    sums, person = set(), {}
    for id in ("active_sharers", "contributors"):
        truth = Truth(company, METRICS[id])
        person |= {(unit, period): one for (unit, _, period), one in truth.person.items()}
        for place in (place[1:] for place in figures if place[0] == id and place[3] in truth.periods):
            sums.add(frozenset((unit, period) for unit, _, period in truth.over(*place)))
    return isolated([one for one in sums if one], person)


@pytest.fixture
def target(fresh: Company) -> Target:
    return Target(fresh)


def test_nobody_is_isolated(target: Target) -> None:
    company = target.company
    everything = collected(company.hr, company)
    assert not [place for place, (_, people) in everything.items() if 0 < people < FEWEST]
    departments = {place[1] for place in everything if place[0] == "active_sharers"}
    assert company.departments["ops_new"] in departments and None in departments
    assert any(kind and place for _, place, kind, _ in everything) and any(
        p.grain is Grain.month for *_, p in everything
    )
    assert attack(company, everything) == {}
    own = collected(company.employee, company)
    assert own.items() <= everything.items()
    mine = {company.departments[name] for name in ("root", "rd", "rd_pressure")}
    assert {place[1] for place in own} <= {None, *mine}
    assert attack(company, own) == {}


def _without_residues(
    parents: Mapping[UUID, UUID | None], behind: Sequence[Any], among: object
) -> frozenset[UUID | None]:
    """Every department with five people or more, whatever remains of those above it."""
    found: set[UUID | None] = set()
    for node in [None, *parents]:
        for crowds in behind:
            below = [place for place in [None, *parents] if node is None or node in _above(parents, place)]
            if len(set().union(*(crowds.people(place) for place in below))) >= FEWEST:
                found.add(node)
    return frozenset(found)


def _above(parents: Mapping[UUID, UUID | None], place: UUID | None) -> list[UUID]:
    path = []
    while place is not None:
        path.append(place)
        place = parents[place]
    return path


def test_without_the_rule_of_what_remains_somebody_is(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollup, "published", _without_residues)
    rebuilt(target.company.server)
    metrics = {"active_sharers", "new_items"}
    assert attack(target.company, collected(target.company.hr, target.company, metrics)).keys() == metrics


def test_without_the_rule_of_crossing_somebody_is(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollup, "crossing_is_safe", lambda cells: True)
    rebuilt(target.company.server)
    assert attack(target.company, collected(target.company.hr, target.company, ["active_sharers"]))


def test_levels_and_bands_together_isolate_nobody(fresh: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five of six leaders are all there are in a band: levels and bands have five people each, but one less the other
    is the sixth leader."""
    sql = fresh.server.sql
    leaders, staff = ([one.id for one in crowd(fresh, "sales", number)] for number in (6, 12))
    sql("UPDATE membership SET since = '2020-01-01'")
    sql("UPDATE person SET manager_id = NULL")
    for number, person in enumerate(staff):
        sql("UPDATE person SET manager_id = $2 WHERE id = $1", person, leaders[number % 6])
    for person in [*leaders[:5] * 4, *staff[:6]]:
        contributed(fresh, person, LAST.start)
    rebuilt(fresh.server)
    metrics = ["active_sharers", "contributors"]
    both = collected(fresh.hr, fresh, metrics)
    assert {metric for metric, _, kind, period in both if kind and period == LAST} == {"active_sharers"}
    assert attack_levels_and_bands(fresh, both) is None
    # Bands alone are told: it is the two together that would say it.
    apart = {id: replace(metric, beside=None) for id, metric in METRICS.items()}
    monkeypatch.setattr(rollup, "METRICS", apart)
    rebuilt(fresh.server)
    assert attack_levels_and_bands(fresh, collected(fresh.hr, fresh, metrics)) == {leaders[5]}
