"""The desk of overdue things: ideas that the viewer may see, and their own reviews.

Who is late with a review is known to few, since that one person is late tells something of the others
(docs/adr/0008-reviews.md): here nobody learns it of anybody but themselves.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Select, bindparam, cast, func, literal_column, select
from sqlalchemy.orm import aliased

from kshare.content.models import ContentRow
from kshare.core.access import Permission
from kshare.core.clock import now
from kshare.core.principal import Principal
from kshare.core.reading import Statement, compiled, visible_rows
from kshare.edge.kernel import Kernel
from kshare.edge.reads import binds
from kshare.ideas.reads.clock import OVERDUE as OVERDUE_IDEAS
from kshare.ideas.shapes.clock import ClockedStage
from kshare.metrics.contracts import Words
from kshare.metrics.dashboards.contracts import Asked, Dashboard, Made
from kshare.metrics.dashboards.parts import COUNT, chart, headline, point, series
from kshare.metrics.dashboards.shapes import ChartKind
from kshare.people.reads import PERSON
from kshare.reviews.reads.reviews import OWED

MOST_IDEAS = 1_000
"""Overdue ideas that are looked at, those first that are due for the longest time."""
MOST_DESKS = 20
"""Desks that are shown, those with the most first."""

DAY = 86_400
STAGES: Mapping[str, Words] = MappingProxyType(
    {
        ClockedStage.submitted: Words("已提交", "Submitted"),
        ClockedStage.screening: Words("筛选", "Screening"),
        ClockedStage.evaluation: Words("评估", "Evaluation"),
        ClockedStage.approved: Words("已通过", "Approved"),
        ClockedStage.in_pilot: Words("试点", "In pilot"),
    }
)
COMMITTEE = Words("委员会", "Committee")
LONGEST = Words("最长逾期", "Longest")
NUMBER = Words("逾期建议", "Overdue ideas")


def _ideas() -> Statement:
    def build() -> Select[Any]:
        late, content, person = visible_rows(OVERDUE_IDEAS.view), aliased(ContentRow), visible_rows(PERSON)
        first = (
            select(content.stage, late.desk_id, late.due_at)
            .join_from(late, content, content.id == late.id)
            .order_by(late.due_at)
            .limit(literal_column(str(MOST_IDEAS)))
            .subquery()
        )
        seconds = cast(func.extract("epoch", func.max(func.now() - first.c.due_at)), BigInteger)
        return (
            select(first.c.stage, first.c.desk_id, person.name, func.count().label("ideas"), seconds.label("late"))
            .join_from(first, person, person.id == first.c.desk_id, isouter=True)
            .group_by(first.c.stage, first.c.desk_id, person.name)
            .order_by(person.name, first.c.desk_id, first.c.stage)
        )

    return compiled("overdue ideas, counted", build)


def _reviews() -> Statement:
    def build() -> Select[Any]:
        mine = visible_rows(OWED)
        # `open` and whose it is, for the index of what is open.
        due = (mine.open, mine.person_id == bindparam("viewer_id"), mine.due_at < func.now())
        seconds = cast(func.extract("epoch", func.max(func.now() - mine.due_at)), BigInteger)
        counts: tuple[Any, ...] = (func.count().label("reviews"), seconds.label("late"))
        return select(*counts).select_from(mine).where(*due)

    return compiled("overdue reviews of one's own, counted", build)


@dataclass
class _Late:
    """How many are late, and by how many days at most."""

    number: int = 0
    days: float | None = None

    def add(self, number: int, seconds: int) -> None:
        self.number += number
        self.days = max(self.days or 0.0, round(seconds / DAY, 1))


async def _make(kernel: Kernel, principal: Principal, asked: Asked) -> Made:
    bound = binds(kernel, principal)
    ideas, reviews = _ideas(), _reviews()
    rows = await kernel.database.fetch(ideas.sql, ideas.bind(bound))
    own = await kernel.database.fetch_row(reviews.sql, reviews.bind(bound))
    assert own is not None
    all_, by_stage, by_desk = _Late(), defaultdict[str, _Late](_Late), defaultdict[UUID | None, _Late](_Late)
    names: dict[UUID | None, Words] = {None: COMMITTEE}
    for row in rows:
        for late in (all_, by_stage[row["stage"]], by_desk[row["desk_id"]]):
            late.add(row["ideas"], row["late"])
        if row["desk_id"] is not None:
            names[row["desk_id"]] = Words(row["name"], row["name"])
    desks = sorted(by_desk, key=lambda desk: (-by_desk[desk].number, names[desk].zh, str(desk)))[:MOST_DESKS]
    headlines = [
        headline("ideas", NUMBER, COUNT, point(float(all_.number)), better="lower"),
        headline(
            "own_ideas",
            Words("本人待办的逾期建议", "Overdue ideas on your desk"),
            COUNT,
            point(float(by_desk[principal.id].number)),
            better="lower",
        ),
        headline(
            "own_reviews",
            Words("本人逾期的评审", "Overdue reviews of yours"),
            COUNT,
            point(float(own["reviews"])),
            better="lower",
        ),
        headline("longest", LONGEST, "days", point(all_.days), better="lower"),
    ]
    return Made(
        now(),
        headlines,
        [
            _chart("stages", Words("按阶段", "By stage"), list(STAGES.values()), [by_stage[stage] for stage in STAGES]),
            _chart("desks", Words("按经办人", "By desk"), [names[desk] for desk in desks], [by_desk[d] for d in desks]),
        ],
    )


def _chart(id: str, name: Words, labels: Sequence[Words], late: Sequence[_Late]) -> dict[str, Any]:
    columns = [
        series("ideas", NUMBER, COUNT, [point(float(one.number)) for one in late]),
        series("longest", LONGEST, "days", [point(one.days) for one in late]),
    ]
    note = Words(
        f"您可以看到的逾期建议，最多计最早到期的 {MOST_IDEAS} 条。",
        f"Overdue ideas that you may see; of more than {MOST_IDEAS} those that were due first.",
    )
    return chart(id, name, ChartKind.table, labels, columns, note)


OVERDUE = Dashboard(
    "overdue",
    Words("逾期事项", "Overdue"),
    Words(
        "此刻逾期的建议（按阶段与经办人，仅限您可见的），以及本人逾期的评审。",
        "What is late now: ideas that you may see, by stage and by desk, and your own reviews.",
    ),
    {},
    _make,
    (Permission.content_read,),
)
