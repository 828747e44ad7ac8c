"""Hot topics as the viewer may see them: tags and categories that rise."""

from typing import Any

from sqlalchemy import Select, SmallInteger, and_, bindparam, func, or_, select
from sqlalchemy.orm import aliased

from kshare.content.models import CategoryRow
from kshare.content.taxonomy_reads import TAG
from kshare.core.access import Classification, Permission
from kshare.core.principal import Principal
from kshare.core.reading import Statement, compiled, constant, visible_rows
from kshare.edge.kernel import Kernel
from kshare.edge.reads import binds
from kshare.metrics.contracts import Words
from kshare.metrics.dashboards.contracts import Asked, Dashboard, Made
from kshare.metrics.dashboards.parts import COUNT, chart, counted, headline, point, series
from kshare.metrics.dashboards.shapes import ChartKind
from kshare.metrics.dashboards.topics import BASELINE, RECENT
from kshare.metrics.models import HotTopicRow, MetricStateRow
from kshare.metrics.shapes import Untold

MOST = 20
"""Topics that are shown, of each sort."""

NAMES = {"tag": Words("标签", "Tags"), "category": Words("分类", "Categories")}
CHARTS = {"tag": "tags", "category": "categories"}
RISING = Words("热度上升倍数", "Times as often as before")
SURE = {
    "tag": Words("明显上升的标签", "Tags that surely rise"),
    "category": Words("明显上升的分类", "Categories that surely rise"),
}
NOTE = Words(
    f"近 {RECENT} 天与此前 {BASELINE // 7} 周相比，按上升倍数 95 % 区间的下限排序；下限大于 1 为明显上升。"
    "计新内容、评论、互动与每周不同读者；只计全员可见的内容，且至少有五人参与。",
    f"The last {RECENT} days beside the {BASELINE // 7} weeks before, in the order of the lower ends of the 95 % "
    "intervals; where that is above 1 it surely rises. New contents, comments, reactions and the different readers of "
    "each week count, of contents that everybody sees, and only where five people or more stand behind them.",
)


def _statement() -> Statement:
    def build() -> Select[Any]:
        topic, category, state = aliased(HotTopicRow), aliased(CategoryRow), aliased(MetricStateRow)
        tag = visible_rows(TAG)
        named = and_(
            topic.classification == bindparam("level", type_=SmallInteger),
            or_(tag.id.isnot(None), category.id.isnot(None)),
        )
        return (
            select(
                state.topics_at,
                *(getattr(topic, name) for name in ("sort", "recent", "baseline", "people", "ratio", "low", "high")),
                func.coalesce(tag.name, category.name).label("name"),
                func.coalesce(tag.name, category.name_en, category.name).label("name_en"),
            )
            .select_from(state)
            .join(topic, topic.classification == bindparam("level", type_=SmallInteger), isouter=True)
            .join(tag, and_(topic.sort == constant("tag"), tag.id == topic.topic_id), isouter=True)
            .join(category, and_(topic.sort == constant("category"), category.id == topic.topic_id), isouter=True)
            .where(or_(topic.sort.is_(None), named))
            .order_by(topic.sort, topic.place)
        )

    return compiled("hot topics", build)


async def _make(kernel: Kernel, principal: Principal, asked: Asked) -> Made:
    # Who is not cleared for what is internal learns nothing of it: for them only public contents were counted.
    level = min(principal.clearance, Classification.internal.level)
    statement = _statement()
    rows = await kernel.database.fetch(statement.sql, statement.bind({**binds(kernel, principal), "level": level}))
    of_sort = {sort: [row for row in rows if row["sort"] == sort] for sort in NAMES}
    headlines = [
        headline(CHARTS[sort], SURE[sort], COUNT, point(float(sum(row["low"] > 1 for row in of_sort[sort]))))
        for sort in NAMES
    ]
    as_of = rows[0]["topics_at"] if rows else None
    return Made(as_of, headlines, [_chart(sort, topics[:MOST]) for sort, topics in of_sort.items()])


def _chart(sort: str, topics: list[Any]) -> dict[str, Any]:
    def ratio(row: Any) -> dict[str, Any]:
        absent = Untold.nothing if row["ratio"] is None else None
        return point(row["ratio"], row["low"], row["high"], absent)

    columns = [
        series("ratio", RISING, "ratio", [ratio(row) for row in topics]),
        series(
            "recent", Words(f"近 {RECENT} 天", f"Last {RECENT} days"), COUNT, counted([r["recent"] for r in topics])
        ),
        series(
            "baseline",
            Words(f"此前 {BASELINE // 7} 周", f"{BASELINE // 7} weeks before"),
            COUNT,
            counted([row["baseline"] for row in topics]),
        ),
        series("people", Words("近期参与人数", "People lately"), COUNT, counted([row["people"] for row in topics])),
    ]
    labels = [Words(row["name"], row["name_en"]) for row in topics]
    return chart(CHARTS[sort], NAMES[sort], ChartKind.table, labels, columns, NOTE)


HOT_TOPICS = Dashboard(
    "hot_topics",
    Words("热点话题", "Hot topics"),
    Words(
        "正在上升（而不只是量大）的标签与分类，附对比基线。",
        "Tags and categories that rise, and not only those that are large, with the baseline they are compared with.",
    ),
    {},
    _make,
    (Permission.content_read,),
)
