"""Who shares what, month by month: the items, and who is to have an idea or to say something.

First it is settled how many of the leaders and of the others share in a month (story.yaml), then who they are, then
what each of them does. So the story holds whatever chance says of a single person.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from kshare.demo.history.months import FULL, Months
from kshare.demo.history.people import Person, Staff, drawn
from kshare.demo.history.records import Item, seeded
from kshare.demo.history.source import Entry, HistorySource, composed, entries

_FIRST_YEAR = 12
_FRIDAY = 4
_ONCE_MORE = 0.85
"""The part of items that is somebody's first in a month; of the rest it is another one."""
_OWN_TRADE = 0.85
"""How often somebody writes about their own trade, if they have not yet written all there is to say."""


@dataclass
class Month:
    """Who shares in a month: items, and who has ideas and says something."""

    number: int
    days: Sequence[date]
    sharers: list[Person] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    ideas: list[Person] = field(default_factory=list)
    comments: list[Person] = field(default_factory=list)


class Sharing:
    """Works out the months."""

    def __init__(self, source: HistorySource, staff: Staff, months: Months) -> None:
        self.source, self.staff, self.months = source, staff, months
        self.random = seeded("sharing")
        self.unused = entries(source.themes)
        self.random.shuffle(self.unused)
        self.topics = {topic: self._take(topic) for topic in source.story["topics"]}
        self.hot = self._hot_days()
        self.written = 0

    def _take(self, topic: str) -> list[Entry]:
        """All there is to write about a topic."""
        taken = [entry for entry in self.unused if entry.theme["tags"][0] == topic]
        self.unused = [entry for entry in self.unused if entry not in taken]
        return taken

    def _hot_days(self) -> dict[int, list[tuple[Entry, date]]]:
        hot = self.source.story["hot"]
        days: dict[int, list[tuple[Entry, date]]] = defaultdict(list)
        for entry, before in zip(self._take(hot["tag"]), hot["days"], strict=True):
            day = self.months.last - timedelta(days=before)
            day -= timedelta(days=max(0, day.weekday() - _FRIDAY))
            days[self.months.of(day)].append((entry, day))
        return days

    def months_shared(self) -> Iterator[Month]:
        """All months, in order."""
        for number in range(1, FULL + 2):
            if days := self.months.working_days(number):
                yield self._month(Month(number, days))

    def _month(self, month: Month) -> Month:
        present = self.staff.present(month.days[-1])
        self._write_what_is_due(month, present)
        rates = self.source.story["sharing"]
        for group, leads in (("leaders", True), ("others", False)):
            people = [person for person in present if person.leads is leads]
            wanted = round(rates[group][month.number - 1] * len(people) * self.months.part(month.number))
            already = sum(person.leads is leads for person in month.sharers)
            others = [person for person in people if person not in month.sharers]
            month.sharers += drawn(others, wanted - already, self.random)
        self._share_out(month)
        return month

    def _write_what_is_due(self, month: Month, present: Sequence[Person]) -> None:
        """What is written about whoever else shares; its authors are the first who do."""
        due = list(self.hot.get(month.number, ()))
        for topic, left in self.topics.items():
            number = self.source.story["topics"][topic][month.number - 1]
            due += [(left.pop(), self.random.choice(month.days)) for _ in range(min(number, len(left)))]
        for entry, day in due:
            able = [person for person in present if self._suits(entry, person, day)]
            once = [person for person in able if person not in month.sharers] or able
            (author,) = drawn(once, 1, self.random)
            if author not in month.sharers:
                month.sharers.append(author)
            month.items.append(self._item(entry, author, day))

    def _share_out(self, month: Month) -> None:
        """What each of those does who share; some do more than one thing."""
        year = 0 if month.number <= _FIRST_YEAR else 1
        story, everybody = self.source.story, month.sharers
        free = [person for person in everybody if all(item.author != person.key for item in month.items)]
        self.random.shuffle(free)
        items = max(0, round(story["items"][year] * len(everybody)) - len(month.items))
        ideas = round(story["ideas"][year] * len(everybody))
        first = min(round(items * _ONCE_MORE), len(free))
        idle = [person for person in free[:first] if not self._write(month, person)]
        for person in drawn(everybody, items - first, self.random):
            self._write(month, person)
        month.ideas = free[first : first + ideas]
        month.comments = idle + free[first + ideas :]
        more = round(story["comments"][year] * len(everybody))
        month.comments += [one for _ in range(more) for one in drawn(everybody, 1, self.random)]

    def _write(self, month: Month, person: Person) -> bool:
        """Has somebody write an item in a month, if there is something they would write."""
        day = self.random.choice(month.days)
        suited = [entry for entry in self.unused if self._suits(entry, person, day)]
        trade = [entry for entry in suited if "for" in entry.theme or "lead" in entry.theme]
        general = [entry for entry in suited if entry not in trade]
        chosen = trade if trade and (self.random.random() < _OWN_TRADE or not general) else general
        if not chosen:
            return False
        entry = self.random.choice(chosen)
        self.unused.remove(entry)
        month.items.append(self._item(entry, person, day))
        return True

    def _suits(self, entry: Entry, person: Person, day: date) -> bool:
        """Whether somebody would write this on a day."""
        theme = entry.theme
        department = self.staff.department(person.key, day)
        begins, ends = theme.get("months", (1, FULL + 1))
        return (
            department is not None
            and entry.language == person.language
            and begins <= self.months.of(day) <= ends
            and (person.leads or not theme.get("lead"))
            and ("for" not in theme or self.staff.within(department, theme["for"]))
        )

    def _item(self, entry: Entry, author: Person, day: date) -> Item:
        self.written += 1
        department = self.staff.department(author.key, day)
        assert department is not None
        summary, body = composed(entry, self.source.words, seeded(f"text/{entry.title}"))
        return Item(
            key=f"item-{self.written}",
            author=author.key,
            department=department,
            at=self.months.moment(day, self.random),
            variety=entry.variety,
            title=entry.title,
            summary=summary,
            body=body,
            language=entry.language,
            category=entry.theme["category"],
            tags=tuple(entry.theme["tags"]),
            audience=entry.theme.get("audience"),
        )
