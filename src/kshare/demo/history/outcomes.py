"""What other systems measured meanwhile: it gets better some months after people have begun to share."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from kshare.demo.history.months import FULL, Months
from kshare.demo.history.records import Measured, Outcome, seeded
from kshare.demo.history.source import HistorySource

_FALLING = 6
"""Months in which a figure falls, before it stays where it is."""
_NOISE = 0.02
_ARRIVES = timedelta(days=4)
"""After the end of a month, when its figures come."""


def outcomes(source: HistorySource, months: Months) -> Iterator[Outcome]:
    """All series, each month of which came in the days after it."""
    for place, series in enumerate(source.story["outcomes"]):
        random, values = seeded(f"outcomes/{series['name']}"), []
        for number in range(1, FULL + 1):
            day = months.first(number + 1) + _ARRIVES
            fallen = min(max(number - series["from"] + 1, 0) / _FALLING, 1) * series["falls"]
            at = months.moment(day, random)
            for department, base in {None: series["company"], **series["departments"]}.items():
                value = base * (1 - fallen) * (1 + random.gauss(0, _NOISE))
                if day <= months.last:
                    values.append(Measured(department, months.first(number), Decimal(str(round(value, 1))), at))
        yield Outcome(place, values)
