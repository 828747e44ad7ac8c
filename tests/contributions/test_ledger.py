"""The account comes to the same whatever the order of events, however late and however often they arrive; and what was
read of it once is found again."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from tests.conftest import Company, Loop, cloned_database, found_company, live_server
from tests.contributions.accounts import account, in_session, net, own, standing, with_database
from tests.contributions.reference import Reference
from tests.resources.helpers import made

from kshare.contributions import ledger, reactor
from kshare.contributions.expected import EXPECTED
from kshare.contributions.ledger import complete, reconcile
from kshare.contributions.reactor import ContributionsKeeper, enter_credits
from kshare.core.database import Database
from kshare.core.journal import Entry, Worker


def shares(*parts: tuple[Any, int]) -> list[dict[str, Any]]:
    return [{"person_id": str(person.id), "share": share} for person, share in parts]


def entries_of(company: Company) -> list[Entry]:
    """The journal, as a reactor gets it."""
    rows = company.server.sql(f"SELECT {', '.join(Entry.__slots__)} FROM journal ORDER BY xid, number")
    return [Entry(*(row[name] for name in Entry.__slots__)) for row in rows]


@pytest.fixture
def busy(fresh: Company) -> Company:
    """A company in which a few things happened, and were taken back."""
    author, second = fresh.hire("作者", "rd"), fresh.hire("合作者", "sales")
    ideas = [
        made(author, "/ideas", title=f"建议 {n}", coauthors=shares((author, 51), (second, 49)))["id"] for n in range(3)
    ]
    item = author.item()["id"]
    comment = made(second, f"/content/{item}/comments", body="好")["id"]
    made(second, f"/content/{ideas[0]}/comments", body="自己的")
    made(fresh.committee, f"/ideas/{ideas[0]}/decision", outcome="approved")
    made(author, f"/ideas/{ideas[0]}/implementation")
    made(author, f"/ideas/{ideas[1]}/withdraw")
    second.rest.delete(f"/comments/{comment}", headers={"If-Match": "*"})
    made(fresh.hr, f"/people/{second.id}/move", department_id=str(fresh.departments["rd"]), since="2024-02-01")
    fresh.server.settle()
    return fresh


def test_it_is_the_same_in_any_order_and_however_often(busy: Company) -> None:
    should = standing(busy)
    assert should == Reference(busy).standing() and should
    before = busy.server.sql("SELECT count(*) AS n FROM contribution")[0]["n"]
    happened = entries_of(busy)
    for seed in range(3):
        Random(seed).shuffle(happened)
        keeper = ContributionsKeeper()

        async def again(session: AsyncSession, keeper: ContributionsKeeper = keeper) -> None:
            for start in range(0, len(happened), 3):
                await keeper.react(session, happened[start : start + 3], 0)
            while await keeper.catch_up(session):
                pass

        in_session(busy, again)
        assert standing(busy) == should
    assert busy.server.sql("SELECT count(*) AS n FROM contribution")[0]["n"] == before, "nothing was said twice"


def test_from_nothing_the_account_is_completed(busy: Company) -> None:
    """A database that existed before there was an account, and whose journal may not reach back far enough."""
    should = standing(busy)
    busy.server.sql("DELETE FROM contribution")
    seen: list[tuple[int, int]] = []
    appended = with_database(busy, lambda db: complete(db, lambda done, of: seen.append((done, of))))
    assert standing(busy) == should
    assert appended == sum(should.values()), "and no corrections"
    contents = busy.server.sql("SELECT count(*) AS n FROM content")[0]["n"]
    assert seen == [(0, contents), (contents, contents)]
    assert with_database(busy, complete) == 0


def test_completing_waits_for_the_reactor(busy: Company) -> None:
    """Both at once would enter everything twice."""
    busy.server.sql("DELETE FROM contribution")
    should = Reference(busy).standing()

    async def both(database: Database) -> None:
        await asyncio.gather(*(complete(database) for _ in range(4)))

    with_database(busy, both)
    assert standing(busy) == should


def test_time_never_goes_back(busy: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    latest = busy.server.sql("SELECT max(recorded_at) AS at FROM contribution")[0]["at"]
    monkeypatch.setattr(ledger, "now", lambda: datetime(2001, 1, 1, tzinfo=UTC))
    busy.employee.item()
    busy.employee.item()
    busy.server.settle()
    new = busy.server.sql("SELECT recorded_at FROM contribution WHERE recorded_at > $1 ORDER BY number", latest)
    assert len(new) == 2
    standing(busy)  # checks the order of all


def test_a_commit_of_entries_waits_for_the_disk(busy: Company) -> None:
    """That of a reactor waits for nothing else, since what a crash takes away it does again; but not with the same ids,
    and somebody may have pulled them."""
    waits: list[str] = []
    own_session: list[Session] = []

    class Again(ContributionsKeeper):
        name = "contributions again"

        async def react(self, session: AsyncSession, *of: Any) -> None:
            own_session[:] = [session.sync_session]
            await super().react(session, *of)

    def look(session: Session) -> None:
        if session in own_session:  # the server's are at work, too
            waits.append(session.scalar(text("SHOW synchronous_commit")))

    async def steps(database: Database) -> None:
        worker = Worker(database, [Again()])
        event.listen(Session, "before_commit", look)
        try:
            while await worker.step(worker._reactors[0]):
                pass
        finally:
            event.remove(Session, "before_commit", look)

    (name,) = busy.server.sql("SELECT current_database()::text AS name")
    busy.server.sql(f"ALTER DATABASE {name['name']} SET synchronous_commit = on")
    with_database(busy, steps)
    assert waits[0] == "off", "there was nothing to enter"
    waits.clear()
    busy.server.sql("DELETE FROM contribution")
    busy.server.sql("DELETE FROM reactor WHERE name = 'contributions again'")
    with_database(busy, steps)
    assert waits[0] == "on"


# ---- where people were ----------------------------------------------------------------------------------------------


def test_who_moved_back_then_takes_their_entries_along(company: Company) -> None:
    person, item = company.hire("调动", "rd"), company.employee.item()["id"]
    for text_ in ("一", "二"):
        made(person, f"/content/{item}/comments", body=text_)
    company.server.settle()
    sales = company.departments["sales"]
    since = (date.today() - timedelta(days=3)).isoformat()
    made(company.hr, f"/people/{person.id}/move", department_id=str(sales), since=since)
    weights = [weight for _, weight in own(person)]
    assert sorted(weights) == ["-0.50", "-0.50", "0.50", "0.50", "0.50", "0.50"]
    places = [entry["department"]["name"] for entry in account(person)]
    assert places.count("rd") == 4 and places.count("sales") == 2
    assert [entry["department"]["name"] for entry in account(person)][:2] == ["rd", "rd"]


def test_a_move_ahead_or_away_changes_nothing_that_was(company: Company) -> None:
    person = company.hire("将要调动", "rd")
    person.item()
    assert own(person) == [("item_published", "3.00")]
    since = (date.today() + timedelta(days=30)).isoformat()
    made(company.hr, f"/people/{person.id}/move", department_id=str(company.departments["sales"]), since=since)
    assert own(person) == [("item_published", "3.00")]


def test_who_has_left_was_nowhere_after_that(company: Company) -> None:
    person = company.hire("离职", "rd")
    item = person.item()["id"]
    company.server.settle()
    gone = {"active": False}
    assert company.hr.rest.patch(f"/people/{person.id}", json=gone, headers={"If-Match": "*"}).status_code == 200
    company.server.settle()
    company.server.sql("UPDATE membership SET until = until - 30 WHERE person_id = $1", person.id)
    in_session(company, lambda session: reconcile(session, [UUID(item)]))
    rows = company.server.sql(
        "SELECT department_id, weight FROM contribution WHERE content_id = $1::uuid ORDER BY number", item
    )
    assert [str(row["weight"]) for row in rows] == ["3.00", "-3.00", "3.00"]
    assert rows[0]["department_id"] == company.departments["rd"] and rows[2]["department_id"] is None


def test_somebody_with_many_entries_is_moved_in_parts(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reactor, "BATCH", 3)
    monkeypatch.setattr(ledger, "_MISPLACED", text(str(ledger._MISPLACED).replace("LIMIT 200", "LIMIT 3")))
    person = company.hire("多产", "rd")
    for _ in range(8):
        person.item()
    company.server.sql(
        "INSERT INTO credit (id, person_id, reason, amount, day) VALUES (uuidv7(), $1, 'contribution', 2, $2)",
        person.id,
        date.today(),
    )
    company.server.settle()
    in_session(company, enter_credits)
    made(company.hr, f"/people/{person.id}/move", department_id=str(company.departments["sales"]), since="2024-03-01")
    company.server.settle()
    entries = account(company.hr, person=str(person.id), department=str(company.departments["sales"]))
    assert net(entries) == net(account(person)) and len(entries) == 9
    steps = {entry["recorded_at"] for entry in entries}
    assert len(steps) == 3
    assert not company.server.sql("SELECT FROM contribution_redated WHERE person_id = $1", person.id)


# ---- credits --------------------------------------------------------------------------------------------------------


def test_credits_are_entered_once_by_a_look_now_and_then(company: Company) -> None:
    person = company.hire("获记贡献", "rd")
    for amount, day in ((2, date(2024, 2, 29)), (1, date(2024, 3, 31))):
        company.server.sql(
            "INSERT INTO credit (id, person_id, reason, amount, day) VALUES (uuidv7(), $1, 'contribution', $2, $3)",
            person.id,
            amount,
            day,
        )
    for _ in range(2):
        in_session(company, enter_credits)
    assert own(person) == [("credited", "4.00"), ("credited", "2.00")]
    first, second = account(person)
    assert (first["occurred_on"], first["department"]["name"], first["object"]) == ("2024-02-29", "rd", None)
    assert second["occurred_on"] == "2024-03-31"


def test_the_reactor_looks_for_credits_by_itself(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    person = company.hire("获记贡献", "rd")
    company.server.sql(
        "INSERT INTO credit (id, person_id, reason, amount, day) VALUES (uuidv7(), $1, 'contribution', 1, $2)",
        person.id,
        date.today(),
    )

    async def run(session: AsyncSession) -> tuple[bool, bool, int]:
        keeper = ContributionsKeeper()
        more = True
        while more:
            more = await keeper.catch_up(session)
        looked = keeper._look_at
        again = await keeper.catch_up(session)
        return again, keeper._look_at == looked, int(looked > 0)

    assert in_session(company, run) == (False, True, 1)
    assert own(person) == [("credited", "2.00")]


# ---- shares ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sharing(postgres_url: str, loop: Loop) -> Iterator[tuple[Company, str, list[UUID]]]:
    """An idea and many people who may share it."""
    with cloned_database(postgres_url, loop) as url, live_server(url, loop) as server:
        company = found_company(server)
        people = [company.hire(f"合作者{n}", "rd").id for n in range(20)]
        idea = made(company.employee, "/ideas", title="大家的建议")["id"]
        server.settle()
        yield company, idea, people


@given(cuts=st.sets(st.integers(1, 99), min_size=1, max_size=19))
def test_shares_add_up_to_the_last_digit(sharing: tuple[Company, str, list[UUID]], cuts: set[int]) -> None:
    company, idea, people = sharing
    edges = [0, *sorted(cuts), 100]
    parts = [high - low for low, high in pairwise(edges)]
    company.server.sql("DELETE FROM idea_coauthor WHERE content_id = $1::uuid", idea)
    for person, part in zip(people, parts, strict=False):
        company.server.sql("INSERT INTO idea_coauthor VALUES ($1::uuid, $2, $3)", idea, person, part)
    # As if the weight could not be divided by a hundred.
    statement = EXPECTED.replace("('idea_proposed', 1, 2.00)", "('idea_proposed', 1, 0.37)")
    query = statement.replace(":contents", f"ARRAY['{idea}'::uuid]").replace(":credits", "'{}'::uuid[]")
    query = query.replace(":zone", "'Asia/Shanghai'").replace(":midnight", "now()")
    rows = company.server.sql(f"WITH {query} SELECT person_id, weight FROM expected WHERE rule = 'idea_proposed'")
    weights = {row["person_id"]: row["weight"] for row in rows}
    assert str(sum(weights.values())) == "0.37"
    exact = {person: 37 * part for person, part in zip(people, parts, strict=False)}
    assert all(abs(weights[person] * 10_000 - exact[person]) < 100 for person in weights), "nobody is off by a cent"
    in_session(company, lambda session: reconcile(session, [UUID(idea)]))
    held = company.server.sql("SELECT sum(weight) AS sum FROM contribution WHERE content_id = $1::uuid", idea)
    assert str(held[0]["sum"]) == "2.00"
