"""Who reads what, and how they respond to it: views, likes, thanks, favourites, ratings, follows and votes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from math import log

from kshare.demo.history.months import Months
from kshare.demo.history.people import Person, Staff
from kshare.demo.history.records import Content, Idea, Item, Response, View, seeded
from kshare.demo.history.source import HistorySource

_READERS = 15
"""How often an item is read in the middle of the history, if nothing speaks for it or against."""
_IDEA, _HOT = 0.6, 1.8
"""How much less an idea is read, and how much more what is hot."""
_LINGERS = 18
"""Days after which something has had the better part of its readers."""
_SOON = 4
"""The same of what is hot."""
_RESPONSES: Mapping[str, float] = {"like": 0.17, "thank": 0.07, "favourite": 0.05, "follow": 0.02, "rating": 0.06}
_SCORES = (5, 5, 5, 5, 5, 4, 4, 4, 4, 3, 3, 2)
_VOTES, _MOST_VOTES = 5.5, 22
_CHARACTERS_A_SECOND = 7


class Reading:
    """Has people read."""

    def __init__(self, source: HistorySource, staff: Staff, months: Months) -> None:
        self.source, self.staff, self.months = source, staff, months
        self.random = seeded("reading")
        self._places: dict[tuple[date, str | None], dict[str, list[Person]]] = {}

    def read(self, contents: Sequence[Content]) -> None:
        """Everything that is read, and responded to."""
        for content in contents:
            self._read(content)
            if isinstance(content, Idea):
                self._vote(content)

    def _read(self, content: Content) -> None:
        hot = self.source.story["hot"]["tag"] in content.tags
        likely = _READERS * (0.4 + 0.05 * self.months.at(content.at))
        likely *= (_IDEA if isinstance(content, Idea) else 1) * (_HOT if hot else 1)
        end = content.ended if isinstance(content, Idea) else None
        for _ in range(round(self.random.lognormvariate(log(likely), 0.5))):
            days = self.random.expovariate(1 / (_SOON if hot else _LINGERS))
            at = self.months.later(content.at, days, self.random)
            if at is not None and (end is None or at < end):
                reader = self._reader(content, at)
                if reader is not None:
                    self._respond(content, reader, at)
        for said in content.said:
            content.views.append(self._view(content, said.person, said.at))

    def _reader(self, content: Content, at: datetime) -> str | None:
        """Somebody of the author's department, or of another; more and more of another."""
        day = self.months.day(at)
        places = self._readers(day, content.audience)
        near = places.get(content.department, [])
        far = self.random.random() < self.source.story["across"][self.months.of(day) - 1]
        people = [one for place, there in places.items() if place != content.department for one in there]
        others = [one.key for one in (people if far else near) if one.key != content.author]
        return self.random.choice(others) if others else None

    def _readers(self, day: date, audience: str | None) -> dict[str, list[Person]]:
        """Who may read something, by department. Nobody comes, goes or moves within a month."""
        key = (day.replace(day=1), audience)
        if key not in self._places:
            places: dict[str, list[Person]] = defaultdict(list)
            for person in self.staff.present(day):
                department = self.staff.department(person.key, day)
                if department and (audience is None or self.staff.within(department, [audience])):
                    places[department].append(person)
            self._places[key] = dict(places)
        return self._places[key]

    def _respond(self, content: Content, reader: str, at: datetime) -> None:
        view = self._view(content, reader, at)
        content.views.append(view)
        done = {one.kind for one in content.responses if one.person == reader}
        for kind, share in _RESPONSES.items():
            fits = isinstance(content, Item) or kind in ("like", "follow")
            if fits and kind not in done and self.random.random() < share:
                score = self.random.choice(_SCORES) if kind == "rating" else 0
                content.responses.append(Response(reader, at, kind, score))

    def _view(self, content: Content, person: str, until: datetime) -> View:
        """A reading that ended then."""
        seconds = self.random.lognormvariate(log(15 + len(content.body) / _CHARACTERS_A_SECOND), 0.6)
        seconds = min(max(seconds, 3), 3600)
        return View(person, max(until - timedelta(seconds=seconds), content.at), round(seconds * 1000))

    def _vote(self, idea: Idea) -> None:
        """Votes until it is decided on, within days mostly."""
        end = idea.ended if idea.decided is None else idea.decided.at
        wanted = 1 + min(int(self.random.expovariate(1 / _VOTES)), _MOST_VOTES)
        voters = self._readers(self.months.day(idea.at), idea.audience)
        people = [person.key for there in voters.values() for person in there if person.key != idea.author]
        for person in self.random.sample(people, min(wanted, len(people))):
            at = self.months.later(idea.at, self.random.expovariate(1 / 5), self.random)
            if at is None or (end is not None and at >= end):
                at = idea.at + ((end or idea.at + timedelta(days=1)) - idea.at) * self.random.random()
            if self.staff.department(person, self.months.day(at)):
                idea.votes.append((person, at))
