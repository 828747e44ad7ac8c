"""What became of each idea of the history: who asked, decided, carried it out and found what it brought, and when."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import log
from typing import Any

from kshare.demo.history.months import Months
from kshare.demo.history.people import Person, Staff
from kshare.demo.history.records import Asked, Decided, Figure, Gain, Idea, Move, Said, seeded
from kshare.demo.history.sharing import Month
from kshare.demo.history.source import HistorySource

_COMMITTEE = {"rd": "gu-mingzhe", "ops": "ma-lizhong"}
_REST_OF_COMMITTEE = "peng-shuyi"
_FINANCE = "jin-haiyan"
_YEAR = timedelta(days=365)

_SETTLED = 12
"""Days before the end of the history from which on nobody proposes anything: what is open now is told by the demo's own
ideas."""
_LARGE, _SHARED, _ASKED = 0.4, 0.12, 0.25
"""How often an idea reaches far, has two authors, is asked about."""
_WITHDRAWN, _DECLINED = 0.045, 0.3
_DONE, _CLAIMED, _COMMITTED, _COST = 0.88, 0.85, 0.9, 0.75
"""How often what is approved is done; then, how often it brings something that is claimed, that somebody commits to,
and that costs something first."""
_STAR, _FLOP = 0.1, 0.08
"""How often much more comes true than was promised, and hardly anything."""
_WAITING, _DEFERRED = 4, 3
"""Ideas that wait for their author in the end, and that come back after it."""
_GAINS: Sequence[tuple[str, str, float, float]] = (
    ("saving", "CNY", 48_000, 0.55),
    ("time", "hours", 180, 0.2),
    ("avoided_cost", "CNY", 62_000, 0.15),
    ("quality", "", 40, 0.1),
)
"""Sorts of benefits: type, unit, the median claim of a year, and how often."""


class Ideas:
    """Works out the ideas."""

    def __init__(self, source: HistorySource, staff: Staff, months: Months) -> None:
        self.source, self.staff, self.months = source, staff, months
        self.words = source.words["ideas"]
        self.random = seeded("ideas")
        self.unused = [(area, title, sentence) for area in source.ideas["areas"] for title, sentence in area["ideas"]]
        self.random.shuffle(self.unused)
        self.ideas: list[Idea] = []

    def propose(self, month: Month) -> None:
        """The ideas of those who have some in a month; who has nothing left to propose says something instead."""
        days = [day for day in month.days if (self.months.last - day).days >= _SETTLED]
        for person in month.ideas:
            chosen = self._chosen(person, self.random.choice(days)) if days else None
            if chosen is None:
                month.comments.append(person)
            else:
                self.ideas.append(self._idea(month, person, *chosen))

    def _chosen(self, person: Person, day: date) -> tuple[date, Mapping[str, Any], str, str] | None:
        department = self.staff.department(person.key, day)
        assert department is not None
        mine = [
            one
            for one in self.unused
            if one[0].get("language", "zh") == person.language
            and ("for" not in one[0] or self.staff.within(department, one[0]["for"]))
        ]
        if not mine:
            return None
        own_trade = [one for one in mine if "for" in one[0]]
        chosen = self.random.choice(own_trade or mine)
        self.unused.remove(chosen)
        return (day, *chosen)

    def _idea(
        self, month: Month, person: Person, day: date, area: Mapping[str, Any], title: str, sentence: str
    ) -> Idea:
        department, language = self.staff.department(person.key, day), person.language
        assert department is not None
        name = self.staff.names[department][0 if language == "zh" else 1]
        body = self.random.choice(self.words["bodies"][language])
        size = "large" if self.random.random() < _LARGE or self.staff.manager(person.key, day) is None else "small"
        idea = Idea(
            key=f"idea-{len(self.ideas) + 1}",
            author=person.key,
            department=department,
            at=self.months.moment(day, self.random),
            variety=size,
            title=title,
            summary=sentence,
            body=body.format(title=title, sentence=sentence, department=name) + "\n" if size == "large" else "",
            language=language,
            category=area["category"],
            tags=(),
        )
        partners = [
            one for one in month.sharers if one is not person and self.staff.department(one.key, day) == department
        ]
        if partners and self.random.random() < _SHARED:
            idea.shares = ((person.key, 60), (self.random.choice(partners).key, 40))
        idea.desk = self.staff.manager(person.key, day) if size == "small" else None
        return idea

    # ---- what became of them

    def settle(self) -> None:
        """Everything that followed, once all are proposed."""
        self._merge()
        standing = sorted((idea for idea in self.ideas if idea.merged is None), key=lambda idea: (idea.at, idea.key))
        waiting = [idea.key for idea in standing[-4 * _WAITING :] if idea.variety == "large"][:_WAITING]
        for idea in standing:
            if idea.key in waiting:
                self._ask(idea, 3, answered=False)
                continue
            if not idea.members and self.random.random() < _WITHDRAWN:
                at = self.months.later(idea.at, self.random.randint(2, 9), self.random)
                idea.withdrawn = self._with_author(idea, at)
            if idea.withdrawn is None:
                self._decide(idea)
        self._defer()

    def _merge(self) -> None:
        """What somebody proposed again in other words became one with what it is the same as."""
        by_title = {idea.title: idea for idea in self.ideas}
        for title, again, sentence in self.source.ideas["same"]:
            target = by_title.get(title)
            other = next((one for one in reversed(self.ideas) if target and self._could_be_same(one, target)), None)
            if target is None or other is None:
                continue
            other.title, other.summary, other.body, other.category = again, sentence, "", target.category
            at = self.months.later(other.at, self.random.randint(2, 8), self.random)
            assert at is not None
            other.merged = (target.key, at, self._committee(target))
            target.members.append(other.key)

    def _could_be_same(self, idea: Idea, target: Idea) -> bool:
        """Whether an idea could have been the same: proposed later, in its language, by somebody else."""
        later = timedelta(days=5) < idea.at - target.at < timedelta(days=150)
        stands = idea.merged is None and not idea.members and not idea.shares
        beside = self.staff.paths[idea.department][:2] == self.staff.paths[target.department][:2]
        return later and stands and beside and idea.language == target.language and idea.author != target.author

    def _decide(self, idea: Idea) -> None:
        days, actor = self._days_to_decide(idea), idea.desk or self._committee(idea)
        if self.random.random() < _ASKED and days > 5:
            self._ask(idea, days * 0.3, answered=True)
        steps = (0.15, 0.6, 1) if idea.variety == "large" else (0.15, 1)
        times = [time for step in steps if (time := self.months.later(idea.at, days * step, self.random))]
        replied = None if idea.asked is None else idea.asked.answered
        *before, at = sorted(times)
        at = at if replied is None else max(at, replied + timedelta(minutes=40))
        for time, stage in zip(before, ("screening", "evaluation"), strict=False):
            idea.moves.append(Move(time, actor, stage))
        declined = self.random.random() < _DECLINED or not self._there(idea, at)
        said = self.words["declined" if declined else "approved"][idea.language]
        reason = self.random.choice(list(said)) if declined else None
        explanation = self.random.choice(said[reason] if reason else said)
        outcome = "declined" if declined else "approved"
        idea.decided = Decided(at, actor, outcome, reason, explanation, None)
        idea.moves.append(Move(at, actor, outcome))
        if not declined:
            self._carry_out(idea, at)

    def _days_to_decide(self, idea: Idea) -> float:
        """About a month before ideas had a clock, and then hardly two weeks; never beyond the end of the history."""
        clock = self.source.story["clock"]
        timed = self.months.at(idea.at) >= clock["from"]
        days = self.random.lognormvariate(log(clock["after" if timed else "before"]), 0.4)
        most = (self.months.last - self.months.day(idea.at)).days
        return min(max(days, 2.0), most * self.random.uniform(0.5, 0.75))

    def _ask(self, idea: Idea, days: float, *, answered: bool) -> None:
        at = self.months.later(idea.at, days, self.random)
        replied = self.months.later(at, self.random.randint(1, 4), self.random) if at and answered else None
        if at is None or (answered and self._with_author(idea, replied) is None):
            return
        words = self.words
        text = self.random.choice(words["questions"][idea.language])
        answer = self.random.choice(words["answers"][idea.language])
        idea.asked = Asked(at, idea.desk or self._committee(idea), replied)
        idea.said.append(Said(idea.asked.actor, at, text))
        if replied is not None:
            idea.said.append(Said(idea.author, replied, answer, answers=0))

    def _carry_out(self, idea: Idea, decided: datetime) -> None:
        """It is done some weeks later, and what it brings is claimed, committed to, and verified in a year."""
        if self.random.random() > _DONE:
            return
        done = self.months.later(decided, self.random.lognormvariate(log(45), 0.45), self.random)
        done = self._with_author(idea, done)
        if done is None:
            return
        if idea.variety == "large":
            idea.done_at = done - timedelta(minutes=10)
        idea.moves.append(Move(done, idea.author, "implemented"))
        if self.random.random() < _CLAIMED:
            idea.gain = self._gain(idea, decided, done)
            if idea.gain is not None and idea.gain.verified is not None:
                idea.moves.append(Move(idea.gain.verified.at, _FINANCE, "verified"))

    def _gain(self, idea: Idea, decided: datetime, done: datetime) -> Gain | None:
        later, random = self.months.later, self.random
        (found,) = random.choices(_GAINS, [share for *_, share in _GAINS])
        type_, unit, median, _ = found
        claimed_at = self._with_author(idea, later(decided, random.randint(3, 12), random))
        if claimed_at is None:
            return None
        claim = random.lognormvariate(log(median), 0.7)
        claimed = Figure(claimed_at, idea.author, _rounded(claim))
        committed_at = later(claimed_at, random.randint(4, 20), random)
        committed = None
        if committed_at is not None and random.random() < _COMMITTED:
            committed = Figure(committed_at, self._committee(idea), _rounded(claim * random.uniform(0.8, 1)))
        # Finance looks when a year is over; where the trend is clear, at half-time already.
        looks = _YEAR if random.random() < 0.6 else _YEAR / 2
        verified_at = later(done, looks.days + random.randint(4, 20), random)
        verified = None
        if verified_at is not None:
            promised = float((committed or claimed).amount)
            verified = Figure(verified_at, _FINANCE, _rounded(promised * self._realised(), exact=True))
        return Gain(
            type=type_,
            unit=unit or self.words["units"][type_],
            starts_on=self.months.day(done) + timedelta(days=1),
            basis=self.words["basis"][type_],
            cost=_rounded(claim * random.uniform(0.1, 0.6)) if unit == "CNY" and random.random() < _COST else None,
            claimed=claimed,
            committed=committed,
            verified=verified,
        )

    def _realised(self) -> float:
        """What part of a claim came true: most of it mostly, much more of a few, and hardly anything of a few."""
        chance = self.random.random()
        if chance < _STAR:
            return self.random.uniform(1.5, 2.4)
        if chance < _STAR + _FLOP:
            return self.random.uniform(0.1, 0.4)
        return min(self.random.lognormvariate(log(0.8), 0.2), 1.4)

    def _defer(self) -> None:
        """Some of what was declined lately was put off instead, and comes back by itself."""
        lately = [idea for idea in self.ideas if idea.stage == "declined" and not idea.members]
        for idea in sorted(lately, key=lambda idea: idea.at)[-_DEFERRED:]:
            decided = idea.decided
            assert decided is not None
            words = self.random.choice(self.words["deferred"][idea.language])
            until = self.months.today + timedelta(days=self.random.randint(30, 120))
            idea.decided = Decided(decided.at, decided.actor, "deferred", None, words, until)
            idea.moves[-1] = Move(decided.at, decided.actor, "deferred")

    # ---- people

    def _committee(self, idea: Idea) -> str:
        top = self.staff.paths[idea.department][1:2]
        member = _COMMITTEE.get(top[0], _REST_OF_COMMITTEE) if top else _REST_OF_COMMITTEE
        return member if member != idea.author else next(one for one in _COMMITTEE.values() if one != idea.author)

    def _there(self, idea: Idea, at: datetime) -> bool:
        """Whether those who share it are still there."""
        people: Iterable[str] = [person for person, _ in idea.shares] or [idea.author]
        return all(self.staff.department(person, self.months.day(at)) for person in people)

    def _with_author(self, idea: Idea, at: datetime | None) -> datetime | None:
        return at if at is not None and self._there(idea, at) else None


def _rounded(amount: float, *, exact: bool = False) -> Decimal:
    """As people guess, or as books have it."""
    if exact:
        return Decimal(str(round(amount, 1)))
    step = 1000 if amount >= 10_000 else 10 if amount >= 100 else 1
    return Decimal(max(round(amount / step), 1) * step)
