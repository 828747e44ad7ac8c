"""Random histories of a company, put straight into the tables, for metrics to be computed of and checked against.

A history is a seed's: `History(seed)` draws departments, people and where they were; a topic adds what happened.
`Stage` plays it: everything in one transaction that is rolled back, so that the next one finds the tables as empty as
before.
"""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from unittest.mock import patch
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Table as TableOfRows
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from tests.conftest import Loop, cloned_database

from kshare.core.database import Database, Row
from kshare.core.settings import Settings
from kshare.metrics import rollup
from kshare.metrics.contracts import Metric
from kshare.metrics.counting import AsOf
from kshare.metrics.dashboards.topics import keep_topics
from kshare.metrics.models import MetricValueRow
from kshare.metrics.periods import Grain, Period
from kshare.people.models import DepartmentRow, MembershipRow, PersonRow

ZONE = ZoneInfo("Asia/Shanghai")
FIRST, LAST = date(2023, 10, 1), date(2024, 6, 30)
"""The days that histories are about, a 29th of February among them."""

Table = dict[str, Any]
Tables = Mapping[str, Sequence[Table]]
"""The rows of every table by its name, as the reference implementations read them."""


class History:
    """What a company did until the end of `today`; `people` are persons and services, some of them gone."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.today = self.day(date(2024, 1, 1), LAST)
        self.rows: defaultdict[type[Row], list[Table]] = defaultdict(list)
        self.departments: list[UUID] = []
        self.people: list[UUID] = []
        self._found_departments()
        self._hire_people()

    @property
    def quarters(self) -> list[Period]:
        """The quarter of today, which may not be over, and the one before."""
        this = Period.of(Grain.quarter, self.today)
        return [this.later(-1), this]

    # ---- drawing ----------------------------------------------------------------------------------------------------

    def chance(self, probability: float) -> bool:
        """True as often as that."""
        return self.random.random() < probability

    def id(self) -> UUID:
        """A fresh id, the same for the same seed."""
        return UUID(int=self.random.getrandbits(128), version=4)

    def day(self, first: date = FIRST, last: date | None = None) -> date:
        """A day from the first to the last one; by default to today."""
        last = self.today if last is None else last
        return first + timedelta(self.random.randint(0, max((last - first).days, 0)))

    def moment(self, first: date = FIRST, last: date | None = None) -> datetime:
        """A moment of such a day in Shanghai, often one that decides on which day it is."""
        day = self.day(first, last)
        midnight = datetime.combine(day, time(), ZONE)
        late = timedelta(days=1, microseconds=-1)
        at = self.random.choice([timedelta(0), late, timedelta(hours=8), *[late * self.random.random()] * 3])
        return midnight + at

    def after(self, moment: datetime) -> datetime:
        """A moment after that, until the end of today; now and then the very same."""
        if self.chance(0.1):
            return moment
        return max(moment, self.moment(moment.astimezone(ZONE).date()))

    def add(self, row: type[Row], **values: Any) -> Table:
        """Adds a row; what is left out has the default of its column."""
        self.rows[row].append(values)
        return values

    # ---- departments and people -------------------------------------------------------------------------------------

    def _found_departments(self) -> None:
        paths: dict[UUID | None, list[UUID]] = {None: []}
        for number in range(self.random.randint(2, 8)):
            parent = self.random.choice([None, *self.departments, *self.departments[-2:]])
            id = self.id()
            paths[id] = [*paths[parent], id]
            self.add(DepartmentRow, id=id, name=f"部门{number}", name_en=None, parent_id=parent, path=paths[id])
            self.departments.append(id)

    def _hire_people(self) -> None:
        # Few departments are large: in the others are three or four, or nobody.
        popular = self.random.sample(self.departments, k=min(3, len(self.departments)))
        for number in range(self.random.randint(6, 45)):
            stays = list(self._stays([*self.departments, *popular * 4]))
            id = self.id()
            self.add(
                PersonRow,
                id=id,
                kind="service" if self.chance(0.05) else "person",
                name=f"同事{number}",
                sort_name=f"{number:03}",
                search_name=f"{number}",
                email=None,
                department_id=stays[-1][0] if stays else None,
                manager_id=self.random.choice(self.people[:8]) if self.people and self.chance(0.7) else None,
                active=self.chance(0.9) if stays and stays[-1][2] is None else False,
            )
            self.people.append(id)
            for department, since, until in stays:
                values = {"person_id": id, "department_id": department, "since": since, "until": until}
                self.add(MembershipRow, id=self.id(), **values)

    def _stays(self, departments: Sequence[UUID]) -> Iterator[tuple[UUID, date, date | None]]:
        """Where somebody was, one stay after the other: moved on, for a day or less, left and perhaps returned."""
        if self.chance(0.03):
            return
        since = self.day(date(2023, 7, 1)) if self.chance(0.4) else date(2022, 1, 1)
        while True:
            department = self.random.choice(departments)
            if self.chance(0.6) or since > self.today:
                yield department, since, None
                return
            brief = timedelta(self.random.choice([0, 0, 1, 2]))
            until = since + brief if self.chance(0.2) else self.day(max(since, FIRST))
            until = max(since, min(until, self.today))
            yield department, since, until
            if self.chance(0.3):
                return
            since = until if self.chance(0.7) else self.day(until)
            if self.chance(0.05):
                since = self.today + timedelta(self.random.randint(1, 60))


# ---- playing --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Played:
    """The tables of a history, and every figure that was rolled up of it: the columns of `metric_value`."""

    tables: Tables
    figures: Sequence[Table]


class Stage:
    """A database in which histories are played, one after the other."""

    def __init__(self, loop: Loop, database: Database) -> None:
        self._loop, self._database = loop, database

    def play(self, history: History, metrics: Mapping[str, Metric]) -> Played:
        """Puts a history into the tables, rolls up its quarters as of its last day, and forgets all of it."""
        played: Played = self._loop.run(self._play(history, metrics))
        return played

    async def _play(self, history: History, metrics: Mapping[str, Metric]) -> Played:
        async with self._database.sessions() as session:
            await session.begin()
            try:
                for table in Row.metadata.sorted_tables:
                    for row in (one for one in history.rows if one.__table__ is table):
                        # One statement takes only rows that name the same columns; the order stays.
                        for _, alike in groupby(history.rows[row], tuple):
                            await session.execute(insert(row), list(alike))
                with patch.object(rollup, "METRICS", metrics):
                    for quarter in history.quarters:
                        await rollup.roll_up(session, quarter, AsOf(ZONE, history.today))
                await keep_topics(session, AsOf(ZONE, history.today))
                stored = [table for table in Row.metadata.sorted_tables if not table.info.get("is_view")]
                found = {table.name: await _rows(session, table) for table in stored}
                return Played(found, found[MetricValueRow.__tablename__])
            finally:
                await session.rollback()


async def _rows(session: AsyncSession, stored: TableOfRows) -> list[Table]:
    return [dict(row._mapping) for row in await session.execute(select(*stored.columns))]


@contextmanager
def stage(postgres_url: str, loop: Loop) -> Iterator[Stage]:
    """A database of one's own to play in."""
    with cloned_database(postgres_url, loop) as url:
        database = Database(url, Settings(_env_file=None))
        yield Stage(loop, database)
        loop.run(database.close())
