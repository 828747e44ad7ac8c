"""The whole history, worked out and not yet written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from kshare.demo.history.ideas import Ideas
from kshare.demo.history.months import Months
from kshare.demo.history.outcomes import outcomes
from kshare.demo.history.people import Staff
from kshare.demo.history.reading import Reading
from kshare.demo.history.records import Content, Idea, Item, Outcome, Search
from kshare.demo.history.reviewing import Reviewing
from kshare.demo.history.searching import searches
from kshare.demo.history.sharing import Sharing
from kshare.demo.history.source import HistorySource
from kshare.demo.history.talking import Talking


@dataclass(frozen=True)
class Plan:
    """Two years: who was there, what they wrote, what they looked for, and what was measured meanwhile."""

    staff: Staff
    months: Months
    items: Sequence[Item]
    ideas: Sequence[Idea]
    searches: Sequence[Search]
    outcomes: Sequence[Outcome]

    @property
    def contents(self) -> list[Content]:
        """Items and ideas, in the order of their publication."""
        return in_order((*self.items, *self.ideas))


def in_order(contents: Sequence[Content]) -> list[Content]:
    """The earlier published first."""
    return sorted(contents, key=lambda one: (one.at, one.key))


def planned(source: HistorySource, organisation: Mapping[str, Any], today: date, zone: ZoneInfo) -> Plan:
    """The two years before a day."""
    months = Months(today, zone)
    staff = Staff(organisation, source.people, source.story["keen"], months)
    ideas = Ideas(source, staff, months)
    shared = []
    for month in Sharing(source, staff, months).months_shared():
        ideas.propose(month)
        shared.append(month)
    ideas.settle()
    plan = Plan(
        staff,
        months,
        [item for month in shared for item in month.items],
        ideas.ideas,
        list(searches(source, staff, months)),
        list(outcomes(source, months)),
    )
    talking = Talking(source, staff, months, plan.contents)
    talking.refer()
    for month in shared:
        talking.speak(month)
    Reviewing(source, staff, months).review(plan.items)
    Reading(source, staff, months).read(plan.contents)
    return plan
