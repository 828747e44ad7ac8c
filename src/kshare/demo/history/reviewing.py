"""How procedures and some methods are judged before they are shown, since the second year."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from kshare.demo.history.months import Months
from kshare.demo.history.people import Staff, drawn
from kshare.demo.history.records import Item, Judgement, Review, seeded
from kshare.demo.history.source import HistorySource

FROM = 13
"""The month in which it began."""
JUDGES = 2
DAYS = 5
"""Working days that judges have."""
_OTHERS = {"method": 0.9, "solution": 0.7}
"""How often what is no procedure is judged as well, where care is needed."""
_AGAIN = 0.2
"""How often something goes back to its author first."""
_CAREFUL = {"calibration", "standards", "root-cause", "supplier-quality", "smt-process", "equipment"}
_TIMES = (0.35, 0.9)


class Reviewing:
    """Has items judged; they were published when that was over."""

    def __init__(self, source: HistorySource, staff: Staff, months: Months) -> None:
        self.words, self.staff, self.months = source.words["reviews"], staff, months
        self.random = seeded("reviewing")

    def review(self, items: Sequence[Item]) -> None:
        """Looks back from the publication of each."""
        for item in items:
            share = 1 if item.variety == "sop" else _OTHERS.get(item.variety, 0) if item.category in _CAREFUL else 0
            if self.months.at(item.at) >= FROM and self.random.random() < share:
                self._judge(item)

    def _judge(self, item: Item) -> None:
        began = self._before(item.at, self.random.uniform(1.5, 5))
        day = self.months.day(began)
        top = self.staff.paths[item.department][:2]
        able = [
            person
            for person in self.staff.present(day)
            if person.key != item.author
            and self.staff.paths[self.staff.department(person.key, day) or item.department][:2] == top
        ]
        judges = [person.key for person in drawn(able, JUDGES, self.random)]
        if len(judges) < JUDGES:
            return
        approved = [self._approval(item, judge, began, share) for judge, share in zip(judges, _TIMES, strict=True)]
        # With the last approval it is shown.
        approved[-1] = Judgement(judges[-1], item.at, "approve", approved[-1].comment)
        item.reviews.append(Review(began, judges, approved, "approved"))
        if self.random.random() < _AGAIN:
            self._send_back(item, judges, began)

    def _send_back(self, item: Item, judges: Sequence[str], began: datetime) -> None:
        """The round before, in which somebody asked for changes."""
        asked = self._before(began, self.random.uniform(0.5, 1.5))
        first = self._before(asked, self.random.uniform(1, 3))
        comment = self.random.choice(self.words["request_changes"][item.language])
        judgement = Judgement(judges[0], asked, "request_changes", comment)
        item.reviews.insert(0, Review(first, judges, [judgement], "changes_requested"))
        item.drafts.append("\n\n".join(item.body.split("\n\n")[:-1]) + "\n")

    def _approval(self, item: Item, judge: str, began: datetime, share: float) -> Judgement:
        comment = self.random.choice(self.words["approve"][item.language])
        return Judgement(judge, began + (item.at - began) * share, "approve", comment)

    def _before(self, moment: datetime, days: float) -> datetime:
        """So many days before, on a day that was worked."""
        before = moment - timedelta(days=days)
        return before - timedelta(days=max(0, before.astimezone(self.months.zone).weekday() - 4))
