"""The two years before the demo's own stories hang together, and their story can be seen in the tables."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from statistics import mean, median
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.conftest import Loop, Server
from tests.demo.conftest import Demo

from kshare.console import Console
from kshare.core.clock import day_in, now
from kshare.core.database import Database
from kshare.core.settings import Settings
from kshare.demo.history.months import FULL, Months
from kshare.demo.history.plan import Plan, planned
from kshare.demo.history.records import Content
from kshare.demo.load import load_demo
from kshare.demo.source import Source, read_source

ZONE = ZoneInfo("Asia/Shanghai")
DAYS = [date(2026, 11, 22), date(2027, 3, 2), date(2027, 12, 31), date(2028, 2, 29)]
"""In the middle of a month, at its beginning and at its end."""


@cache
def source() -> Source:
    return read_source()


@cache
def plan(day: date) -> Plan:
    return planned(source().history, source().organisation, day, ZONE)


@pytest.fixture(scope="module")
def today(demo: Demo) -> date:
    """The day on which the demo was loaded, which may have been yesterday."""
    server, _ = demo
    (row,) = server.sql("SELECT max(created_at) AS at FROM api_key")
    return day_in(ZONE, row["at"])


@pytest.fixture(scope="module")
def months(today: date) -> Months:
    return Months(today, ZONE)


def start(months: Months, number: int) -> datetime:
    return datetime.combine(months.first(number), datetime.min.time(), ZONE)


# ---- worked out


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_it_depends_on_the_day_alone(day: date) -> None:
    again = planned(source().history, source().organisation, day, ZONE)
    assert (again.items, again.ideas, again.searches) == (plan(day).items, plan(day).ideas, plan(day).searches)
    assert again.items != plan(DAYS[DAYS.index(day) - 1]).items


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_its_story_holds_on_any_day(day: date) -> None:
    made, months = plan(day), plan(day).months
    assert 300 <= len(made.items) <= 400
    assert 120 <= len(made.ideas) <= 165
    assert len({item.variety for item in made.items}) == 9
    leaders, others = sharing(made, leads=True), sharing(made, leads=False)
    check_story(leaders, others)
    tags = Counter((months.at(item.at), tag) for item in made.items for tag in item.tags)
    steady = [tags[number, "传感器标定"] for number in range(1, FULL + 1)]
    assert set(steady) == {1, 2}
    lately = [item for item in made.items if months.last - months.day(item.at) <= timedelta(days=21)]
    assert sum("边缘AI质检" in item.tags for item in lately) == 15
    assert sum("边缘AI质检" in item.tags for item in made.items) == 17
    assert sum(tags[number, "缺料应对"] for number in range(1, 10)) > sum(
        tags[number, "缺料应对"] for number in range(10, FULL + 2)
    )


def sharing(made: Plan, *, leads: bool) -> list[float]:
    """Which part of a group shared something, month by month."""
    shares = []
    for number in range(1, FULL + 1):
        last = made.months.first(number + 1) - timedelta(days=1)
        group = {person.key for person in made.staff.present(last) if person.leads is leads}
        active = {one for content in made.contents for one, at in shared(content) if made.months.at(at) == number}
        shares.append(len(group & active) / len(group))
    return shares


def shared(content: Content) -> Iterator[tuple[str, datetime]]:
    """Who published it, and who said something of what is not theirs."""
    yield content.author, content.at
    yield from ((said.person, said.at) for said in content.said if said.person != content.author)


def check_story(leaders: list[float], others: list[float]) -> None:
    """Shares of 24 months: a campaign that falls back, then leaders, then the others two months later, and for good."""
    everybody = [(one + 3 * other) / 4 for one, other in zip(leaders, others, strict=True)]
    assert everybody[5] > 1.7 * max(*everybody[:4], *everybody[8:11]), "a campaign, and what was left of it"
    assert mean(leaders[12:14]) > 2 * mean(leaders[9:12]), "leaders begin in month 13"
    assert mean(others[12:14]) < 1.5 * mean(others[9:12]), "and the others not yet"
    assert mean(others[15:18]) > 1.5 * mean(others[12:14]), "but in month 15"
    assert min(everybody[16:]) > 0.25, "and they stay"


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_nobody_does_anything_before_they_come_and_after_they_go(day: date) -> None:
    made = plan(day)
    for content in made.contents:
        assert made.staff.department(content.author, made.months.day(content.at)) == content.department
        for person, at in done(content):
            assert made.staff.department(person, made.months.day(at)) is not None, (content.title, person, at)
            assert content.at <= at, (content.title, person, at)
            assert made.months.day(at) <= made.months.last, (content.title, person, at)


def done(content: Any) -> Iterator[tuple[str, datetime]]:
    """Everything that anybody did with a content since it was published."""
    yield from shared(content)
    for one in (*content.views, *content.responses):
        yield one.person, one.at
    if hasattr(content, "votes"):
        yield from content.votes
        yield from ((move.actor, move.at) for move in content.moves)
        for asked in filter(None, [content.asked]):
            yield from ((who, at) for who, at in ((asked.actor, asked.at), (content.author, asked.answered)) if at)
        for gain in filter(None, [content.gain]):
            figures = filter(None, (gain.claimed, gain.committed, gain.verified))
            yield from ((figure.actor, figure.at) for figure in figures)


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_answers_come_faster_since_there_is_a_clock(day: date) -> None:
    made = plan(day)
    took: dict[bool, list[float]] = {True: [], False: []}
    for idea in made.ideas:
        if idea.decided is not None:
            days = (idea.decided.at - idea.at) / timedelta(days=1)
            took[made.months.at(idea.at) >= 13].append(days)
    assert 24 < median(took[False]) < 36
    assert 8 < median(took[True]) < 16
    realised = [
        float(gain.verified.amount / (gain.committed or gain.claimed).amount)
        for idea in made.ideas
        if (gain := idea.gain) is not None and gain.verified is not None
    ]
    assert len(realised) > 20
    assert 0.7 < median(realised) < 0.9
    assert max(realised) > 1.5


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_stages_follow_each_other(day: date) -> None:
    for idea in plan(day).ideas:
        times = [idea.at, *(move.at for move in idea.moves)]
        assert times == sorted(times), idea.title
        if idea.asked is not None and idea.asked.answered is not None and idea.decided is not None:
            assert idea.asked.at < idea.asked.answered < idea.decided.at, idea.title
        waits = idea.asked is not None and idea.asked.answered is None
        assert (idea.decided is None) == (waits or idea.ended is not None), idea.title


# ---- written


def test_the_people_are_there_and_some_have_gone(demo: Demo, months: Months) -> None:
    server, _ = demo
    (people,) = server.sql("SELECT count(*) AS all, count(*) FILTER (WHERE active) AS present FROM person p"
                           " WHERE kind = 'person'")  # fmt: skip
    assert (people["all"], people["present"]) == (159, 147)

    def heads(department: str, day: date) -> int:
        (row,) = server.sql(
            """SELECT count(*) FROM membership m JOIN department d ON d.id = m.department_id
            WHERE d.external_id = $1 AND m.since <= $2 AND (m.until IS NULL OR m.until > $2)""",
            department,
            day,
        )
        return int(row["count"])

    for grown in ("rd-cloud", "ops-penang"):
        assert heads(grown, months.last) > 2 * heads(grown, months.first(1))
    assert heads("knowledge", months.last) == 3, "too few for a figure"
    assert heads("ops-smt", months.last) >= 5
    managed = "SELECT count(*) FROM person p JOIN person m ON m.id = p.manager_id WHERE p.active AND NOT m.active"
    assert server.sql(managed)[0]["count"] == 0


def test_leaders_shared_before_the_others(demo: Demo, months: Months, today: date) -> None:
    server, _ = demo
    rows = server.sql(
        """WITH leader AS (SELECT DISTINCT manager_id AS id FROM person WHERE active AND manager_id IS NOT NULL),
        history AS (SELECT id, author_id, published_at FROM content WHERE title = ANY($3)),
        shared AS (
          SELECT author_id AS id, published_at AS at FROM history
          UNION ALL SELECT m.author_id, m.created_at FROM comment m JOIN history h ON h.id = m.content_id
            WHERE m.author_id <> h.author_id),
        month AS (SELECT * FROM generate_series($1::timestamp, $2, '1 month') AS month(start)),
        there AS (
          SELECT DISTINCT start, person_id AS id FROM month JOIN membership
            ON since < start + interval '1 month' AND (until IS NULL OR until > start))
        SELECT start, id IN (TABLE leader) AS leads, count(*) AS people, count(*) FILTER (WHERE EXISTS (
          SELECT FROM shared s WHERE s.id = there.id AND s.at AT TIME ZONE 'Asia/Shanghai' >= start
            AND s.at AT TIME ZONE 'Asia/Shanghai' < start + interval '1 month')) AS active
        FROM there GROUP BY 1, 2 ORDER BY 1""",
        start(months, 1).replace(tzinfo=None),
        start(months, FULL).replace(tzinfo=None),
        [content.title for content in plan(today).contents],
    )
    shares = {
        leads: [row["active"] / row["people"] for row in rows if row["leads"] is leads] for leads in (True, False)
    }
    assert len(shares[True]) == len(shares[False]) == FULL
    check_story(leaders=shares[True], others=shares[False])


def test_fewer_and_fewer_searches_find_nothing(demo: Demo, months: Months) -> None:
    server, _ = demo
    rows = server.sql(
        """SELECT date_trunc('month', at AT TIME ZONE 'Asia/Shanghai') AS month, avg((hits = 0)::int)::float AS misses
        FROM search_query WHERE at < $1 GROUP BY 1 ORDER BY 1""",
        start(months, FULL + 1),
    )
    misses = [row["misses"] for row in rows]
    assert len(misses) == FULL
    assert misses[0] > 0.38 and misses[-1] < 0.16
    assert all(earlier + 0.02 > later for earlier, later in pairwise(misses))
    (together,) = server.sql("SELECT sum(searches) AS searches, sum(misses) AS misses FROM searched_text")
    each = "SELECT count(*) AS searches, count(*) FILTER (WHERE hits = 0) AS misses FROM search_query"
    assert together == server.sql(each)[0]
    assert together["searches"] > 3000


def test_every_stage_is_what_the_journal_and_the_decision_say(demo: Demo) -> None:
    server, _ = demo
    strange = server.sql(
        """SELECT c.title, c.stage, j.stage AS told, d.outcome FROM content c JOIN idea i ON i.content_id = c.id
        LEFT JOIN idea_decision d ON d.content_id = c.id AND d.current
        LEFT JOIN LATERAL (SELECT payload ->> 'to_stage' AS stage FROM journal
          WHERE content_id = c.id AND happened = 'idea_stage_changed' ORDER BY number DESC LIMIT 1) j ON true
        WHERE NOT EXISTS (SELECT FROM gate g WHERE g.content_id = c.id AND g.decision = 'kill') AND (
          c.stage <> coalesce(j.stage, 'submitted')
          OR coalesce(d.outcome, '-') <> CASE WHEN c.stage IN ('submitted', 'screening', 'evaluation') THEN '-'
            WHEN c.stage IN ('declined', 'deferred') THEN c.stage ELSE 'approved' END
          OR (c.stage = 'deferred') <> (i.returns_on IS NOT NULL)
          OR (i.merged_into IS NOT NULL AND c.state <> 'archived')
          OR (c.stage = 'verified') <> EXISTS (SELECT FROM benefit b WHERE b.content_id = c.id AND b.is_verified)
          OR i.votes <> (SELECT count(DISTINCT person_id) FROM idea_vote WHERE content_id = ANY(i.members || c.id)))"""
    )
    assert strange == []


def test_nothing_of_it_lies_on_a_desk(demo: Demo, today: date) -> None:
    server, clients = demo
    titles = {idea.title for idea in plan(today).ideas}
    late = clients["committee"].get("/ideas/overdue", params={"limit": 100}).json()["items"]
    assert late
    assert not titles & {one["idea"]["title"] for one in late}
    clocks = server.sql(
        "SELECT c.title FROM idea i JOIN content c ON c.id = i.content_id WHERE c.title = ANY($1)"
        " AND (i.due_at IS NOT NULL OR i.escalates_at IS NOT NULL OR i.clock_from IS NOT NULL)",
        sorted(titles),
    )
    assert clocks == []
    assert server.sql("SELECT FROM review_assignment a JOIN review r ON r.id = a.review_id"
                      " WHERE a.open AND r.state <> 'open'") == []  # fmt: skip


def test_counters_count_what_there_is(demo: Demo) -> None:
    server, _ = demo
    wrong = server.sql(
        """SELECT c.title FROM content c JOIN content_counter n ON n.content_id = c.id
        WHERE (n.comments, n.views, n.followers, n.ratings, n.rating_sum, n.likes, n.thanks, n.favourites) <> (
          (SELECT count(*) FROM comment x WHERE x.content_id = c.id AND NOT x.deleted),
          (SELECT count(*) FROM viewing x WHERE x.content_id = c.id),
          (SELECT count(*) FROM follow x WHERE x.content_id = c.id),
          (SELECT count(*) FROM rating x WHERE x.content_id = c.id),
          (SELECT coalesce(sum(score), 0) FROM rating x WHERE x.content_id = c.id),
          (SELECT count(*) FROM reaction x WHERE x.content_id = c.id AND x.kind = 'like'),
          (SELECT count(*) FROM reaction x WHERE x.content_id = c.id AND x.kind = 'thank'),
          (SELECT count(*) FROM reaction x WHERE x.content_id = c.id AND x.kind = 'favourite'))"""
    )
    assert wrong == []
    texts = "SELECT c.title FROM content c JOIN content_revision r ON r.content_id = c.id AND r.number = c.revision"
    assert server.sql(f"{texts} WHERE (r.title, r.body) <> (c.title, c.body)") == []


def test_everybody_was_a_member_when_they_contributed(demo: Demo) -> None:
    server, _ = demo
    strangers = server.sql(
        """SELECT p.name, x.at FROM (
          SELECT author_id AS id, published_at AS at FROM content WHERE published_at IS NOT NULL
          UNION ALL SELECT author_id, created_at FROM comment UNION ALL SELECT person_id, created_at FROM idea_vote
          UNION ALL SELECT person_id, at FROM viewing UNION ALL SELECT person_id, given_at FROM review_judgement) x
        JOIN person p ON p.id = x.id AND p.kind = 'person' WHERE NOT EXISTS (SELECT FROM membership m
          WHERE m.person_id = x.id AND m.since <= (x.at AT TIME ZONE 'Asia/Shanghai')::date
            AND (m.until IS NULL OR m.until > (x.at AT TIME ZONE 'Asia/Shanghai')::date))"""
    )
    assert strangers == []


def test_the_doors_show_it_as_if_people_had_done_it(demo: Demo, today: date) -> None:
    _, clients = demo
    employee = clients["employee"]
    hot = employee.get("/knowledge-items", params={"tag": "edge AI inspection", "limit": 100}).json()["items"]
    assert len(hot) == 17
    read = employee.get(f"/knowledge-items/{hot[0]['id']}").json()
    assert read["body"] and read["author"]["name"] and read["department"]["name"]
    judged = next(item for item in plan(today).items if item.reviews and item.variety == "sop" and not item.audience)
    listed = employee.get("/knowledge-items", params={"kind": judged.variety, "limit": 100}).json()["items"]
    id = next(item["id"] for item in listed if item["title"] == judged.title)
    reviews = clients["manager"].get("/reviews", params={"content": id}).json()["items"]
    assert reviews[0]["state"] == "approved"
    stages = employee.get("/ideas", params={"stage": "verified", "limit": 100}).json()["items"]
    whole = next(idea for idea in plan(today).ideas if idea.stage == "verified")
    id = next(idea["id"] for idea in stages if idea["title"] == whole.title)
    story = [one["type"] for one in employee.get(f"/ideas/{id}/timeline", params={"limit": 100}).json()["items"]]
    assert {"idea_submitted", "idea_decided", "benefit_claimed", "benefit_verified"} <= set(story)
    (benefit,) = employee.get(f"/ideas/{id}/benefits").json()["items"]
    assert benefit["verified"]["first_year"]


def test_what_others_measure_gets_better_after_people_share(demo: Demo, months: Months) -> None:
    _, clients = demo
    series = clients["finance"].get("/outcome-series").json()["items"]
    assert {one["name"] for one in series} == {"研发周期", "投诉处理时间", "新人上手时间"}
    for one in series:
        path = f"/outcome-series/{one['id']}/values"
        values = clients["finance"].get(path, params={"level": "company", "limit": 100}).json()["items"]
        assert len(values) == len({value["month"] for value in values}) in (FULL - 1, FULL)
        figures = [float(value["value"]) for value in sorted(values, key=lambda value: str(value["month"]))]
        assert mean(figures[-2:]) < 0.85 * mean(figures[:12])
        assert min(figures[:16]) > 0.88 * max(figures[:16]), "nothing has changed before"
        of_departments = clients["finance"].get(path, params={"level": "department", "limit": 100}).json()["items"]
        assert len({value["department"]["name"] for value in of_departments}) == 2


def test_a_second_time_nothing_is_loaded(demo: Demo, loop: Loop) -> None:
    server, _ = demo
    before = counts(server)
    with tempfile.TemporaryDirectory() as folder:

        async def again() -> None:
            database = Database(server.database_url, Settings(_env_file=None, data_dir=Path(folder)))
            await load_demo(database, Path(folder), Console())
            await database.engine.dispose()

        loop.run(again(), timeout=300)
    assert counts(server) == before


def counts(server: Server) -> list[int]:
    tables = ("person", "membership", "content", "viewing", "comment", "idea_vote", "benefit", "search_query")
    return [server.sql(f"SELECT count(*) FROM {table}")[0]["count"] for table in tables]


def test_it_does_not_take_words_from_the_readme() -> None:
    """Its example finds one hit, and would find more."""
    texts = [text for content in plan(now().date()).contents for text in (content.title, content.summary, content.body)]
    assert not any("校零" in text for text in texts)
