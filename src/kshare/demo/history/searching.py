"""What people look for, and what they find: more and more."""

from collections.abc import Iterator

from kshare.demo.history.months import FULL, Months
from kshare.demo.history.people import Staff
from kshare.demo.history.records import Search, seeded
from kshare.demo.history.source import HistorySource

_NEVER = 0.35
"""The part of what is looked for in vain that nobody writes about to this day."""
_MOST_HITS = 40


def searches(source: HistorySource, staff: Staff, months: Months) -> Iterator[Search]:
    """All searches, month by month."""
    random, story, words = seeded("searching"), source.story, source.words["searches"]
    for number in range(1, FULL + 2):
        days = months.working_days(number)
        if not days:
            continue
        people = [person.key for person in staff.present(days[-1])]
        count = round(story["searches"][number - 1] * len(people) * months.part(number))
        misses = round(story["misses"][number - 1] * count)
        found = [*words["found"], *(text for text, month in words["later"].items() if month <= number)]
        sought = [text for text, month in words["later"].items() if month > number]
        for place in range(count):
            hits = 0 if place < misses else 1 + min(int(random.expovariate(1 / 8)), _MOST_HITS)
            gaps = sought if sought and random.random() >= _NEVER else words["never"]
            text = random.choice(found if hits else gaps)
            yield Search(random.choice(people), months.moment(random.choice(days), random), text, hits)
