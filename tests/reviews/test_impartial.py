"""Nobody judges what is their own, whatever they are and however they came to it: neither when they are asked, nor
later."""

import itertools
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.conftest import Actor, Company
from tests.reviews.reviewing import assignment, category, done, form, group, policy

PEOPLE = 7
AUTHOR = 0
"""The first of the people wrote it."""
someone = st.integers(0, PEOPLE - 1)
few = st.sets(someone, max_size=2)


@dataclass
class World:
    """Who is what to a content, as numbers of people."""

    kind: str
    large: bool
    anonymous: bool
    secret: bool
    cleared: set[int] = field(default_factory=set)
    left: set[int] = field(default_factory=set)
    services: set[int] = field(default_factory=set)
    coauthors: set[int] = field(default_factory=set)
    writers: set[int] = field(default_factory=set)
    """Who wrote what readers have not seen."""
    earlier: set[int] = field(default_factory=set)
    """Who wrote a text that was approved since."""
    conflicts: set[int] = field(default_factory=set)
    above: dict[int, int] = field(default_factory=dict)
    """Who has whom above them."""

    def is_idea(self) -> bool:
        return self.kind == "idea"

    def known_to_be_barred(self) -> set[int]:
        """Who may not judge it, as everybody knows: not the author who is not shown, nor those above them."""
        authors = self.writers | (set() if self.anonymous else {AUTHOR})
        if self.is_idea():
            authors |= self.coauthors
        if self.kind != "pending":
            authors |= self.earlier
        line, above = authors, set[int]()
        while line and self.is_idea() and self.large:
            line = {self.above[one] for one in line if one in self.above} - above
            above |= line
        return authors | above | self.conflicts

    def barred(self) -> set[int]:
        """Who may not judge it."""
        return self.known_to_be_barred() | {AUTHOR}

    def asked(self) -> set[int]:
        """Who is asked where everybody suits. An author who is not shown is asked like everybody."""
        unable = self.left | self.services | (set(range(PEOPLE)) - self.cleared if self.secret else set())
        return set(range(PEOPLE)) - self.known_to_be_barred() - unable


@st.composite
def worlds(draw: st.DrawFn) -> World:
    kind = draw(st.sampled_from(["draft", "pending", "idea", "idea"]))
    anonymous = kind == "idea" and draw(st.booleans())
    return World(
        kind,
        draw(st.booleans()),
        anonymous,
        draw(st.booleans()),
        draw(st.sets(someone)) | {AUTHOR},
        draw(few) - {AUTHOR},
        draw(few) - {AUTHOR},
        set() if anonymous else draw(few) - {AUTHOR},
        draw(few) - {AUTHOR},
        draw(few) - {AUTHOR},
        draw(few) - {AUTHOR},
        draw(lines()),
    )


@st.composite
def lines(draw: st.DrawFn) -> dict[int, int]:
    """Who is above whom: a line of some of them, that may end in a circle, as a mistake in the HR system would."""
    people = draw(st.permutations(range(PEOPLE)).map(lambda order: order[: draw(st.integers(0, 5))]))
    return dict(itertools.pairwise([*people, *people[: draw(st.integers(0, 1))]]))


def idea(**fields: Any) -> World:
    everybody = set(range(PEOPLE))
    return World("idea", **{"large": False, "anonymous": False, "secret": False, "cleared": everybody, **fields})


@dataclass
class Made:
    """A world as it is in the company."""

    company: Company
    world: World
    people: list[Actor]
    id: UUID

    def store(self) -> None:
        """Makes the company what the world says now, without anybody hearing of it."""
        world, sql = self.world, self.company.server.sql
        for number, person in enumerate(self.people):
            above = world.above.get(number)
            sql(
                "UPDATE person SET clearance = $2, active = $3, kind = $4, manager_id = $5 WHERE id = $1",
                person.id,
                2 if number in world.cleared else 1,
                number not in world.left,
                "service" if number in world.services else "person",
                None if above is None else self.people[above].id,
            )
        sql("DELETE FROM idea_coauthor WHERE content_id = $1", self.id)
        for number in world.coauthors if world.is_idea() else ():
            sql("INSERT INTO idea_coauthor VALUES ($1, $2, 50)", self.id, self.people[number].id)
        sql(
            "UPDATE content SET classification = $2, variety = $3 WHERE id = $1",
            self.id, 2 if world.secret else 1, ("large" if world.large else "small") if world.is_idea() else "sop",
        )  # fmt: skip
        shown = sql("SELECT revision FROM content WHERE id = $1", self.id)[0][0]
        for number in sorted(world.earlier):
            self._write(self.people[number], shown > 1)
        for number in sorted(world.writers):
            self._write(self.people[number], False)
        self.company.server.application.sign_in.forget()

    def _write(self, person: Actor, before: bool) -> None:
        """A text by somebody, in the place of one that is there: the numbers of a content have no gaps here."""
        number = "1" if before else "(SELECT latest_revision + 1 FROM content WHERE id = $1)"
        sql = self.company.server.sql
        held = self.world.kind == "pending" and not before
        sql(
            "INSERT INTO content_revision (content_id, number, id, title, summary, body, held, author_id, created_at)"
            f" SELECT $1, {number}, uuidv7(), 'x', '', '', $3, $2, now()"
            " ON CONFLICT (content_id, number) DO UPDATE SET author_id = excluded.author_id",
            self.id, person.id, held,
        )  # fmt: skip
        if not before:
            shown = "" if held else ", revision = latest_revision + 1"
            sql(f"UPDATE content SET latest_revision = latest_revision + 1{shown} WHERE id = $1", self.id)

    def declared(self) -> None:
        """An earlier review in which some had a conflict."""
        sql, author = self.company.server.sql, self.people[AUTHOR].id
        (row,) = sql(
            "INSERT INTO review (id, content_id, sample, method, state, revision, submitted_by, submitted_at,"
            " closed_at, needs, required, roles, groups, departments, expertise, working_days)"
            " VALUES (uuidv7(), $1, false, 'verdict', 'withdrawn', 1, $2, now(), now(), 'one', 1, '{}', '{}', '{}',"
            " 0, 5) RETURNING id",
            self.id, author,
        )  # fmt: skip
        for number in self.world.conflicts:
            sql(
                "INSERT INTO review_assignment (id, review_id, content_id, person_id, state, open, due_at, step,"
                " created_at) VALUES (uuidv7(), $1, $2, $3, 'conflicted', false, now(), 0, now())",
                row["id"], self.id, self.people[number].id,
            )  # fmt: skip


def make(company: Company, world: World) -> tuple[Made, str, str]:
    people = [company.hire(f"人{number}", "rd", clearance=2) for number in range(PEOPLE)]
    place, everybody = category(company), group(company, *people)
    author = people[AUTHOR]
    if world.is_idea():
        ask = {"title": "谁能评", "category_id": place, "anonymous": world.anonymous}
        id = done(author.rest.post("/ideas", json=ask), 201)["id"]
    else:
        id = author.item(publish=world.kind == "pending", category_id=place)["id"]
        if world.kind == "pending":
            # The first text is the one readers see; by others, it does not count.
            company.server.sql("UPDATE content SET revision = 2, latest_revision = 2 WHERE id = $1", UUID(id))
            company.server.sql(
                "INSERT INTO content_revision (content_id, number, id, title, summary, body, held, author_id,"
                " created_at) SELECT content_id, 2, uuidv7(), title, summary, body, false, author_id, created_at"
                " FROM content_revision WHERE content_id = $1 AND number = 1",
                UUID(id),
            )
    return Made(company, world, people, UUID(id)), place, everybody


# Written down for those that no door can make at once, such as who left and yet wrote.
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@example(idea(large=True, above={AUTHOR: 1, 1: 2, 2: 3}), idea())
@example(idea(coauthors={4}, above={4: 5, 5: 6}), idea(large=True))
@example(idea(large=True, anonymous=True, above={AUTHOR: 1}), idea())
@given(worlds(), worlds())
def test_who_is_asked_and_whose_word_counts(company: Company, world: World, later: World) -> None:
    made, place, everybody = make(company, world)
    made.store()
    made.declared()
    if world.kind == "pending":
        # Something has to wait.
        made._write(made.people[AUTHOR], False)
    scored = form(company) if world.is_idea() else None
    kind = "idea" if world.is_idea() else "knowledge_item"
    policy(company, place, kind=kind, needs="all", groups=[everybody], form_id=scored and scored["id"])
    submits = company.admin if world.is_idea() else made.people[AUTHOR]
    response = submits.rest.post(f"/content/{made.id}/reviews", json={})
    expected = world.asked()
    asked = company.server.sql(
        "SELECT a.person_id FROM review_assignment a JOIN review r ON r.id = a.review_id"
        " WHERE r.content_id = $1 AND r.state <> 'withdrawn'", made.id
    )  # fmt: skip
    numbers = {person.id: number for number, person in enumerate(made.people)}
    assert {numbers[row["person_id"]] for row in asked} == expected, world
    if not expected:
        assert response.status_code == 409, response.text
        return
    review = done(response, 201)
    own = {number: assignment(made.people[number], review) for number in expected if number not in world.left}

    # Things change: whoever has become a part of it since is not heard.
    world.coauthors |= set() if world.anonymous else later.coauthors
    world.large, world.above = world.large or later.large, {**later.above, **world.above}
    world.writers |= later.writers
    world.earlier = set()
    kept, world.writers = world.writers, later.writers
    made.store()
    world.writers = kept
    latest = company.server.sql("SELECT latest_revision FROM content WHERE id = $1", made.id)[0][0]
    said: dict[str, Any] = {"revision": latest}
    if scored is None:
        said["verdict"] = "approve"
    else:
        said["scores"] = [
            {"criterion_id": one["id"], "score": 4, "comment": "可以"} for one in scored["current"]["criteria"]
        ]
    barred = barred_since(world, made)
    for number, id in own.items():
        answer = made.people[number].rest.post(f"/review-assignments/{id}/judgements", json=said)
        if number in barred:
            assert answer.status_code == 403, (number, world, answer.text)
        else:
            assert answer.status_code in (201, 409), (number, world, answer.text)
    counted = company.server.sql("SELECT person_id FROM review_judgement WHERE review_id = $1", UUID(review["id"]))
    assert {numbers[row["person_id"]] for row in counted}.isdisjoint(barred)


def barred_since(world: World, made: Made) -> set[int]:
    """Who may not judge it by now, those included who wrote before."""
    rows = made.company.server.sql(
        "SELECT r.author_id FROM content_revision r JOIN content c ON c.id = r.content_id WHERE c.id = $1"
        " AND (c.kind = 'idea' OR c.state = 'draft' OR r.number > c.revision)", made.id
    )  # fmt: skip
    numbers = {person.id: number for number, person in enumerate(made.people)}
    world.writers = {numbers[row["author_id"]] for row in rows if row["author_id"] in numbers}
    return world.barred()
