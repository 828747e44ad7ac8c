"""What people say of what others wrote, and how they go on writing what is their own."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from kshare.demo.history.months import Months
from kshare.demo.history.people import Person, Staff
from kshare.demo.history.records import Content, Idea, Item, Said, seeded
from kshare.demo.history.sharing import Month
from kshare.demo.history.source import HistorySource

_FRESH = timedelta(days=120)
"""How long something is spoken of."""
_ABOUT_IDEAS, _ANSWERS, _IMPROVES = 0.25, 0.25, 0.12
_REFERS = 0.018
"""How much likelier each month makes it that an item refers to another."""
_SETTLED = timedelta(days=8)
"""Before that a change belongs to the writing of it."""


class Talking:
    """Has those who share something say something."""

    def __init__(self, source: HistorySource, staff: Staff, months: Months, contents: Sequence[Content]) -> None:
        self.source, self.staff, self.months, self.contents = source, staff, months, contents
        self.random = seeded("talking")
        self.own: dict[str, list[Item]] = defaultdict(list)
        for content in contents:
            if isinstance(content, Item):
                self.own[content.author].append(content)

    def speak(self, month: Month) -> None:
        """What is said in a month, in the order in which it is said."""
        moments = [(self.months.moment(self.random.choice(month.days), self.random), one) for one in month.comments]
        for at, person in sorted(moments, key=lambda one: one[0]):
            if self.random.random() >= _IMPROVES or not self._improve(person, at):
                self._say(person, at)

    def refer(self) -> None:
        """Has items refer to earlier ones about the same, by somebody else: more and more of them."""
        items = [one for one in self.contents if isinstance(one, Item)]
        for place, item in enumerate(items):
            about = [one for one in items[:place] if not set(item.tags).isdisjoint(one.tags)]
            others = [one for one in about if one.author != item.author and one.audience is None]
            if others and self.random.random() < _REFERS * self.months.at(item.at):
                item.see = self.random.choice(others).key

    def _improve(self, person: Person, at: datetime) -> bool:
        """Whether somebody had something of their own to write more about."""
        mine = [item for item in self.own[person.key] if item.improved is None and item.at + _SETTLED < at]
        if not mine:
            return False
        item = self.random.choice(mine)
        note, addition = self.random.choice(self.source.words["additions"][item.language])
        item.improved = (at, note, f"{item.body}\n{addition}\n")
        return True

    def _say(self, person: Person, at: datetime) -> None:
        department = self.staff.department(person.key, self.months.day(at))
        assert department is not None
        about = Idea if self.random.random() < _ABOUT_IDEAS else Item
        all_of_it = (one for one in self.contents if isinstance(one, about))
        others = [one for one in all_of_it if self._concerns(one, person, department, at)]
        if not others:
            return
        # Of what is newer more is said.
        content = others[int(len(others) * self.random.random() ** 0.5)]
        kind = "idea" if isinstance(content, Idea) else "item"
        words = self.source.words["comments"][person.language][kind]
        name = self.staff.names[department][0 if person.language == "zh" else 1]
        body = self.random.choice(words).format(department=name, title=content.title)
        before = [(place, one) for place, one in enumerate(content.said) if one.at < at and one.answers is None]
        earlier = [place for place, one in before if one.person != person.key]
        answers = self.random.choice(earlier) if earlier and self.random.random() < _ANSWERS else None
        if all(one.body != body for one in content.said):
            content.said.append(Said(person.key, at, body, answers))

    def _concerns(self, content: Content, person: Person, department: str, at: datetime) -> bool:
        """Whether somebody could speak of it: they see it, it is not theirs, and it is not long ago."""
        seen = content.audience is None or self.staff.within(department, [content.audience])
        shared = isinstance(content, Idea) and any(one == person.key for one, _ in content.shares)
        stands = not isinstance(content, Idea) or content.ended is None or at < content.ended
        return content.at < at < content.at + _FRESH and seen and stands and not shared and content.author != person.key
