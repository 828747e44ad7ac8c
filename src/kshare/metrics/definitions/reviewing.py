"""Metrics of what reviewers are asked for (G1). Nothing here depends on a judgement of a review that has not ended."""

from decimal import Decimal

from kshare.metrics.contracts import Behind, Metric, MetricTopic, MetricUnit, Row, Words
from kshare.metrics.definitions.people import PLACED
from kshare.metrics.statistics import Lasting, PerThing

_ENDED = """r.state NOT IN ('preparing', 'open') AND r.closed_at >= :since_at AND r.closed_at < :until_at"""
"""Reviews (r) that ended in the period."""

_PERIOD = Words(
    "自然月或自然季度；按评审结束的时间归期，未结束的评审一概不计。",
    "Calendar months or quarters, by when the review ended; of reviews that have not ended nothing is counted.",
)
_WHERE = Words(
    "评审人归入该季度最后所在的部门；此时已不属于任何部门的只计入公司。部门数值只按季度公布。",
    "A reviewer counts for their last department of the quarter, or for the company only if there is none; of "
    "departments it is told by quarters only.",
)
_NO_PAIRS = Words(
    "两两比较的评审组没有逐份评分，不计入。",
    "Panels that compare ideas two at a time have no judgements, and are left out.",
)
_SOURCE = Words("评审、评审任务、评审意见", "Reviews, their assignments and judgements")

REVIEW_LOAD = Metric(
    id="review_load",
    version=1,
    topic=MetricTopic.sharing,
    name=Words("人均评审量", "Judgements of each reviewer"),
    definition=Words(
        "期间内结束的评审中，每位评审人给出的意见数。",
        "How many judgements each reviewer gave in the reviews that ended in the period.",
    ),
    unit=MetricUnit.per_person,
    numerator=Words("有效的评审意见", "Judgements that hold"),
    denominator=Words("给出意见的评审人", "Reviewers who gave any"),
    period=_PERIOD,
    edge_cases=(
        Words(
            "被同一人后来的意见取代的不计：每人每次评审计一条。",
            "One that its reviewer replaced does not count: of each review it is one for each reviewer.",
        ),
        Words("评审组的校准样本也计入。", "Samples that calibrate a panel count, too."),
        _NO_PAIRS,
        _WHERE,
    ),
    source=_SOURCE,
    behind=Behind.authors,
    statistic=PerThing(),
    units=f"""WITH {PLACED}
SELECT j.person_id AS unit, j.person_id AS person, p.department, NULL::text AS kind, count(*) AS x, 1 AS y
FROM review r JOIN review_judgement j ON j.review_id = r.id AND j.current LEFT JOIN placed p ON p.person = j.person_id
WHERE {_ENDED}
GROUP BY j.person_id, p.department""",
    rows=Row.person,
    within="review_time",
)

REVIEW_TIME = Metric(
    id="review_time",
    version=1,
    topic=MetricTopic.sharing,
    name=Words("评审用时", "Time to a judgement"),
    definition=Words(
        "从被请求评审到首次给出意见的天数的中位数（Kaplan-Meier 估计）。",
        "The median of the days from being asked to the first judgement, estimated after Kaplan and Meier.",
    ),
    unit=MetricUnit.days,
    numerator=Words("已给出意见的评审任务", "Assignments with a judgement"),
    denominator=Words("期间内结束的评审的全部评审任务", "All assignments of the reviews that ended in the period"),
    period=_PERIOD,
    edge_cases=(
        Words(
            "未给出意见的任务在其结束时（谢绝、转交、回避、缺席）或评审结束时截尾。",
            "An assignment without a judgement is censored when it ended (declined, delegated, conflicted, absent), or "
            "when the review did.",
        ),
        Words(
            "天数按 24 小时计，含周末与节假日；匿名内容只记录日期。",
            "Days are of 24 hours, weekends and holidays among them; of anonymous contents only the day is known.",
        ),
        Words("不到一半的人给出意见时没有数值。", "There is no value where less than half of them gave a judgement."),
        _NO_PAIRS,
        _WHERE,
    ),
    source=_SOURCE,
    behind=Behind.authors,
    statistic=Lasting(Decimal("0.5")),
    units=f"""WITH {PLACED}
SELECT a.id AS unit, r.content_id AS content, a.person_id AS person, p.department, NULL::text AS kind,
  round(greatest(
    extract(epoch FROM coalesce(j.given_at, least(a.closed_at, r.closed_at)) - a.created_at), 0
  ) / 86400, 6) AS x,
  (j.id IS NOT NULL)::int AS y
FROM review r JOIN review_assignment a ON a.review_id = r.id
  LEFT JOIN review_judgement j ON j.assignment_id = a.id AND j.number = 1
  LEFT JOIN placed p ON p.person = a.person_id
WHERE {_ENDED}""",
    rows=Row.assignment,
    better="lower",
)

REVIEWING = (REVIEW_LOAD, REVIEW_TIME)
