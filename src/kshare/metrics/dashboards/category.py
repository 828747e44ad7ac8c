"""A category with all below it: what is new there, and how it is used.

Only contents that everybody sees count. Of each of them everybody could count the same: it is in the lists, and shows
how often it was viewed and thanked for.
"""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from kshare.core.access import Classification, Permission
from kshare.core.principal import Principal
from kshare.edge.kernel import Kernel
from kshare.metrics.contracts import Words
from kshare.metrics.dashboards.contracts import PERIODS, Asked, Dashboard, Made, Parameter
from kshare.metrics.dashboards.parts import COUNT, chart, headline, missing, point, series
from kshare.metrics.dashboards.shapes import ChartKind
from kshare.metrics.periods import Period
from kshare.metrics.reads import today

COUNTS = {
    "items": Words("新增知识", "New items"),
    "ideas": Words("新增建议", "New ideas"),
    "views": Words("阅读次数", "Views"),
    "thanks": Words("“帮到我了”", "Thanks"),
}
NOTE = Words(
    "只计全员可见的内容，按其今天所在的分类；作者本人的阅读与感谢不计。",
    "Of contents that everybody sees, by the category they are in today; not what authors did with their own.",
)
TAKES: Mapping[Parameter, bool] = MappingProxyType({**PERIODS, "category": True})

_MONTHS = """SELECT s.refreshed_at, m.* FROM (SELECT max(refreshed_at) AS refreshed_at FROM metric_state) s LEFT JOIN (
  SELECT k.month, sum(k.items) AS items, sum(k.ideas) AS ideas, sum(k.views) AS views, sum(k.thanks) AS thanks
  FROM category c JOIN category_month k ON k.category_id = c.id
  WHERE c.path @> ARRAY[$1::uuid] AND k.classification <= $2 AND k.month >= $3 AND k.month < $4 GROUP BY k.month
) m ON true"""


class _Counts:
    """What happened in periods."""

    def __init__(self, rows: list[Any], day: date) -> None:
        self.refreshed_at: datetime | None = rows[0]["refreshed_at"]
        self._months = {row["month"]: row for row in rows if row["month"] is not None}
        self._day = day

    def point(self, name: str, period: Period) -> dict[str, Any]:
        if period.start > self._day or self.refreshed_at is None:
            return point(None, reason=missing(period, self._day))
        months = (self._months.get(month.start) for month in period.months())
        total = sum(month[name] for month in months if month is not None)
        return point(float(total), provisional=period.start <= self._day < period.end)


async def _make(kernel: Kernel, principal: Principal, asked: Asked) -> Made:
    assert asked.category is not None
    periods, level = asked.periods, min(principal.clearance, Classification.internal.level)
    values = (asked.category["id"], level, periods[0].later(-1).start, periods[-1].end)
    counts = _Counts(await kernel.database.fetch(_MONTHS, values), today(kernel))
    over = [period for period in periods if period.end <= today(kernel)] or [periods[0]]
    headlines = [
        headline(
            name, words, COUNT, counts.point(name, over[-1]), counts.point(name, over[-1].later(-1)), period=over[-1]
        )
        for name, words in COUNTS.items()
    ]

    def drawn(id: str, name: Words, kind: ChartKind, *parts: str) -> dict[str, Any]:
        lines = [series(part, COUNTS[part], COUNT, [counts.point(part, one) for one in periods]) for part in parts]
        return chart(id, name, kind, periods, lines, NOTE)

    charts = [
        drawn("new", Words("新增内容", "What is new"), ChartKind.stacked_bar, "items", "ideas"),
        drawn("views", COUNTS["views"], ChartKind.line, "views"),
        drawn("thanks", COUNTS["thanks"], ChartKind.bar, "thanks"),
    ]
    return Made(counts.refreshed_at, headlines, charts)


CATEGORY = Dashboard(
    "category",
    Words("分类", "Category"),
    Words(
        "一个分类（含下级）的新增知识、新增建议、阅读与感谢；只计全员可见的内容。",
        "New items, new ideas, views and thanks of a category with all below it, of contents that everybody sees.",
    ),
    TAKES,
    _make,
    (Permission.content_read,),
)
