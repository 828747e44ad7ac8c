"""Metrics of what is searched for (G1)."""

from kshare.metrics.contracts import Behind, Metric, MetricTopic, MetricUnit, Row, Words
from kshare.metrics.statistics import Share

SEARCHES_WITHOUT_HIT = Metric(
    id="searches_without_hit",
    version=1,
    topic=MetricTopic.sharing,
    name=Words("无结果搜索比例", "Searches without a hit"),
    definition=Words(
        "期间内没有找到任何内容的搜索占全部搜索的比例。",
        "The share of all searches in the period that found nothing.",
    ),
    unit=MetricUnit.share,
    numerator=Words("没有结果的搜索", "Searches that found nothing"),
    denominator=Words("全部搜索", "All searches"),
    period=Words(
        "自然月或自然季度；按公司时区的搜索时间归期。",
        "Calendar months or quarters, by when it was searched, in the company's time zone.",
    ),
    edge_cases=(
        Words("翻页不算新的搜索。", "A further page is no search of its own."),
        Words(
            "以搜索者当时可见的内容为准；结果数只知下限时按下限判断。",
            "What the searcher could see at the time decides; where only a lower bound of the hits is known, that "
            "does.",
        ),
        Words(
            "搜索者只以别名记录，因此只按全公司公布，也没有明细。",
            "Searchers are kept by an alias only; so it is told of the whole company only, and has no rows.",
        ),
    ),
    source=Words("搜索记录", "Searches"),
    behind=Behind.authors,
    statistic=Share(),
    units="""SELECT s.id AS unit, s.person_id AS person, NULL::uuid AS department, NULL::text AS kind,
  (s.hits = 0)::int AS x, 1 AS y
FROM search_query s WHERE s.at >= :since_at AND s.at < :until_at""",
    rows=Row.none,
    better="lower",
)

SEARCHING = (SEARCHES_WITHOUT_HIT,)
