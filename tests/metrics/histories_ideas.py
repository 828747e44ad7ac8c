"""Random histories of ideas: from a sentence to a verified benefit, with everything that comes between."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.metrics.histories import FIRST, ZONE, History, Table
from tests.metrics.reference.ideas import months_after

from kshare.benefits.models import BenefitEntryRow, BenefitRow
from kshare.content.models import ContentRow
from kshare.core.journal import JournalRow
from kshare.core.principal import ANONYMOUS_ID
from kshare.ideas.models import CoauthorRow, DecisionRow, IdeaRow, VoteRow
from kshare.ideas.stages import OPEN, UNDERWAY
from kshare.metrics.periods import Grain, Period
from kshare.people.models import PersonRow
from kshare.resources.models import BudgetRow, ResourceEntryRow, ResourceGrantRow, ResourceRequestRow

EARLIEST = date(2022, 10, 1)
"""From when on ideas are submitted: early enough for a year to have gone by."""


class Ideas(History):
    """A history of ideas. What they went through happens in order; one that is merged goes into an older one."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.persons = [one["id"] for one in self.rows[PersonRow] if one["kind"] == "person"]
        self.currencies = ["CNY"] * 6 + ["EUR"] * self.random.choice([0, 1, 4])
        self.ideas: list[_Life] = []
        for _ in range(self.random.choice([0, 10, 60, 150, 250])):
            self.ideas.append(_Life(self))
        for idea in self.ideas:
            idea.gather()
        self.ago = [self.random.choice(quarters) for quarters in ([0, 1], [2, 3], [4, 5])]

    @property
    def quarters(self) -> list[Period]:
        """This quarter or the one before, and two of those whose ideas may be half a year old, or a year."""
        return [Period.of(Grain.quarter, self.today).later(-ago) for ago in self.ago]


class _Life:
    """What happened to one idea."""

    def __init__(self, history: Ideas) -> None:
        self.history, self.random, self.chance = history, history.random, history.chance
        self.id, self.author = history.id(), self._author()
        self.anonymous, self.stage, self.state = self.chance(0.2), "submitted", "published"
        self.members: list[_Life] = []
        crowd = min(self.random.choice([0, 2, 4, 5, 6]), len(history.persons))
        self.voters = self.random.sample(history.persons, k=crowd)
        self.merged_into: _Life | None = None
        self.waits, self.decided = False, list[Table]()
        recent = self.chance(0.5)
        self.at = history.moment(FIRST if recent else EARLIEST)
        self.published = self._own_time()
        self.content = self._content()
        self.coauthors = self._share() if not self.anonymous and self.chance(0.3) else []
        if self.state != "draft" and self.content["kind"] == "idea":
            for _ in range(self.random.choice([0, 1, 2, 5, 9, 14])):
                self.at = self._later()
                if self.at.astimezone(ZONE).date() > history.today:
                    break
                self._go_on()

    # ---- what it is -------------------------------------------------------------------------------------------------

    def _author(self) -> UUID:
        some = self.history.persons[:2] if self.chance(0.2) else self.history.persons
        author: UUID = self.random.choice(some)
        return author

    def _content(self) -> Table:
        history, draft = self.history, self.chance(0.05)
        if draft:
            self.state = "draft"
        return history.add(
            ContentRow,
            id=self.id,
            kind="idea" if self.chance(0.97) else "knowledge_item",
            variety=self.random.choice(["small", "small", "large"]),
            title="建议",
            author_id=ANONYMOUS_ID if self.anonymous else self.author,
            owner_id=UUID(int=self.author.int ^ 1) if self.anonymous else self.author,
            department_id=None if self.anonymous or self.chance(0.02) else self._place(),
            category_id=None,
            audience=[],
            readers=[],
            created_at=self.published,
            updated_at=self.published,
            published_at=None if draft else self.published,
            listed_at=self.published,
        )

    def _place(self) -> UUID:
        """Where its author is now, or somewhere: where they were then does not matter."""
        of_author = next(one for one in self.history.rows[PersonRow] if one["id"] == self.author)["department_id"]
        return of_author if of_author and self.chance(0.7) else self.random.choice(self.history.departments)

    def _share(self) -> list[UUID]:
        others = [one for one in self.history.persons if one != self.author]
        people = [self.author, *self.random.sample(others, k=min(len(others), self.random.randint(1, 3)))]
        for person in people:
            self.history.add(CoauthorRow, content_id=self.id, person_id=person, share=100 // len(people))
        return people

    # ---- what happens -----------------------------------------------------------------------------------------------

    def _later(self) -> datetime:
        """A moment after the last one: at once, on the same day, soon; once it is approved often just when half a year
        or a year ends."""
        last = months_after(self.published.astimezone(ZONE).date(), self.random.choice([6, 12]))
        over = datetime.combine(last, time(), ZONE) + timedelta(1)
        soon = timedelta(days=self.random.choice([1, 5, 20, 60, 120])) * self.random.random()
        at = self.random.choice([self.at, self.at + timedelta(hours=12) * self.random.random(), *[self.at + soon] * 6])
        if self.chance(0.4 if self.stage in UNDERWAY else 0.1):
            at = over - timedelta(microseconds=self.random.choice([0, 1]))
        return max(at, self.at)

    def _own_time(self) -> datetime:
        """What is written down of what its author does: of an unnamed one only the day."""
        at = self.at.astimezone(UTC)
        return datetime.combine(at.date(), time(), UTC) if self.anonymous else at

    def _tell(self, happened: str, *, own: bool = False, of: UUID | None = None, **payload: str) -> None:
        content = of or self.id
        self.history.add(
            JournalRow,
            id=self.history.id(),
            happened=happened,
            actor_id=self.author,
            object_kind="idea",
            object_id=content,
            content_id=content,
            readers=[],
            payload={"content_id": str(content), **payload},
            at=self._own_time() if own else self.at,
        )

    def _go_on(self) -> None:
        if self.state == "archived":
            if self.chance(0.4):
                self._come_back()
        elif self.chance(0.03) and not self.members:
            self.state = "archived"
            self._tell("idea_withdrawn", own=True)
        elif self.chance(0.07) and self.stage not in UNDERWAY and self._into():
            self._merge()
        elif self.waits and self.chance(0.5):
            self.waits = False
            self._tell("idea_question_answered", own=True)
        elif self.stage in OPEN:
            self.random.choice([self._ask, self._ask, self._advance, self._decide, self._decide, self._decide])()
        elif self.stage in ("deferred", "declined"):
            if self.chance(0.4):
                self._reopen()
        else:
            self._carry_out()

    def _into(self) -> "_Life | None":
        older = [one for one in self.history.ideas if one.content["kind"] == "idea"]
        standing = [one for one in older if one.state == "published"]
        merged = [one for one in older if one.merged_into is not None]
        # One that was merged itself afterwards.
        some = merged if merged and self.chance(0.5) else standing or merged
        return self.random.choice(some) if some else None

    def _merge(self) -> None:
        target = self._into()
        assert target is not None
        self.state, self.merged_into = "archived", target
        target.members.append(self)
        for one in (self, target):
            self._tell("idea_merged", of=one.id, idea_id=str(self.id), into_id=str(target.id))

    def _come_back(self) -> None:
        self.state = "published"
        if self.merged_into is None:
            self._tell("idea_reinstated", own=True)
        else:
            self.merged_into.members.remove(self)
            self._tell("idea_unmerged", idea_id=str(self.id), from_id=str(self.merged_into.id))
            self.merged_into = None

    def _ask(self) -> None:
        self.waits = True
        self._tell("idea_question_asked", comment_id=str(self.id))

    def _move(self, stage: str, *, own: bool = False) -> None:
        before, self.stage, self.waits = self.stage, stage, False
        if stage in OPEN:
            self._end_decisions()
        self._tell("idea_stage_changed", own=own, from_stage=before, to_stage=stage)

    def _end_decisions(self) -> None:
        for one in self.decided:
            one["current"] = False

    def _advance(self) -> None:
        if not any(one["current"] for one in self.decided):
            self._move("evaluation" if self.stage == "screening" else "screening")

    def _decide(self) -> None:
        private = next((one for one in self.decided if one["current"]), None)
        if private is None:
            outcome = self.random.choice(["approved", "approved", "approved", "declined", "declined", "deferred"])
            private = self.history.add(
                DecisionRow,
                id=self.history.id(),
                content_id=self.id,
                outcome=outcome,
                reason=None,
                decided_by=self.random.choice(self.history.persons),
                decided_at=self.at,
                published_at=None,
                current=True,
            )
            self.decided.append(private)
            if self.chance(0.2):
                return
        elif self.chance(0.3):
            self.history.rows[DecisionRow].remove(private)
            self.decided.remove(private)
            return
        private["published_at"] = self.at
        self._move(private["outcome"])

    def _reopen(self) -> None:
        self._move("screening")

    def _carry_out(self) -> None:
        ways = {
            "approved": ["in_pilot", "implemented", "implemented", "declined"],
            "in_pilot": ["approved", "implemented", "evaluation", "declined"],
            "implemented": ["verified", "in_pilot", "implemented"],
            "verified": ["verified"],
        }
        stage = self.random.choice(ways[self.stage])
        if stage != self.stage:
            if stage == "declined":
                self._end_decisions()
            self._move(stage, own=stage in ("in_pilot", "implemented"))

    # ---- what it is in the end --------------------------------------------------------------------------------------

    def gather(self) -> None:
        """The rows that say what has become of it."""
        history = self.history
        self.content |= {"state": self.state, "stage": None if self.state == "draft" else self.stage}
        if self.content["kind"] != "idea":
            return
        for person in self.voters:
            history.add(VoteRow, content_id=self.id, person_id=person, created_at=self.published)
        history.add(
            IdeaRow,
            id=self.id,
            votes=len({person for one in self._group() for person in one.voters}),
            members=[one.id for one in self._group() if one is not self],
            merged_into=self.merged_into and self.merged_into.id,
            stage_since=self.published,
        )
        if self.decided and self.chance(0.8):
            for _ in range(self.random.choice([1, 1, 2, 3])):
                self._promise()
            for _ in range(self.random.choice([0, 1, 1, 2])):
                self._spend()

    def _group(self) -> "Iterator[_Life]":
        yield self
        for one in self.members:
            yield from one._group()

    def _amount(self, least: int = 0) -> Decimal:
        return Decimal(self.random.randint(least, 500_000)) / 100 if self.chance(0.9) else Decimal(least)

    def _begins(self) -> date:
        """A day in the past, or not yet; often the first or the last of a month, or a 29th of February."""
        today = self.history.today
        day = self.history.day(EARLIEST, today + timedelta(40))
        a_year_ago = self.history.day(today - timedelta(550), today - timedelta(350))
        edges = [day.replace(day=1), day.replace(day=1) - timedelta(1), date(2024, 2, 29), date(2023, 2, 28)]
        return self.random.choice([day, day, *[a_year_ago] * 8, today - timedelta(365), *edges])

    def _promise(self) -> None:
        type = self.random.choice(["saving", "avoided_cost", "revenue", "saving", "time", "quality"])
        money = type in ("saving", "avoided_cost", "revenue")
        unit = self.random.choice(self.history.currencies) if money else "hours"
        cost = self._amount() if self.chance(0.5) else None
        levels = [("claimed", 1.0), ("committed", 0.6), ("verified", 0.8)]
        given = {level for level, likely in levels if self.chance(likely)}
        benefit = self.history.add(
            BenefitRow,
            id=self.history.id(),
            content_id=self.id,
            type=type,
            unit=unit,
            recurrence="yearly",
            starts_on=self._begins(),
            basis="估计",
            cost=cost,
            cost_currency=None if cost is None else self.random.choice([unit if money else "CNY", "CNY", "CNY"]),
            is_committed="committed" in given,
            is_verified="verified" in given,
            person_id=self.author,
        )
        for level in given:
            self._enter(benefit, level)

    def _enter(self, benefit: Table, level: str) -> None:
        corrects = None
        for number in range(1, self.random.choice([1, 1, 1, 2, 3]) + 1):
            amount = self._amount() if number == 1 or self.chance(0.8) else -self._amount()
            values: dict[str, Any] = {"benefit_id": benefit["id"], "content_id": self.id, "level": level}
            values |= {"number": number, "first_year": amount, "corrects": corrects, "person_id": self.author}
            corrects = self.history.add(BenefitEntryRow, id=self.history.id(), **values)["id"]

    def _spend(self) -> None:
        history = self.history
        money = self.chance(0.8)
        unit = self.random.choice(history.currencies) if money else "hours"
        what: dict[str, Any] = {"kind": "money" if money else "hours", "unit": unit, "amount": Decimal(100_000)}
        owner, author = {"owner_id": self.author}, {"person_id": self.author}
        budget = history.add(
            BudgetRow, id=history.id(), name="改善基金", balance=Decimal(0), starts_on=EARLIEST, **what, **owner
        )
        idea = {"content_id": self.id, **author}
        request = history.add(ResourceRequestRow, id=history.id(), purpose="夹具", state="granted", **what, **idea)
        entries: list[tuple[str, Decimal, bool]] = []
        for _ in range(self.random.choice([0, 1, 2])):
            amount = self._amount(1)
            entries.append(("used", amount, False))
            if self.chance(0.3):
                entries.append(("used", -amount if self.chance(0.5) else self._amount(1), True))
        if self.chance(0.3):
            entries.append(("returned", self._amount(1), False))
        sums = {
            kind: sum((one for name, one, _ in entries if name == kind), Decimal(0)) for kind in ("used", "returned")
        }
        values = {"request_id": request["id"], "budget_id": budget["id"], "amount": Decimal(100_000), **sums}
        grant = history.add(ResourceGrantRow, id=history.id(), entries=len(entries), note=None, **values, **idea)
        before: UUID | None = None
        for number, (kind, amount, corrects) in enumerate(entries, 1):
            entry = {"grant_id": grant["id"], "number": number, "kind": kind, "amount": amount, **idea}
            row = history.add(ResourceEntryRow, id=history.id(), corrects=before if corrects else None, **entry)
            before = row["id"]
