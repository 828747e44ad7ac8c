"""Metrics of what is adopted and put into practice (G5)."""

from kshare.metrics.contracts import Behind, Metric, MetricTopic, MetricUnit, Row, Words
from kshare.metrics.definitions.ideas import BEHIND, BY_SUBMISSION, OF_IDEA, SIZES, STANDING, SUBMITTED, WHOSE
from kshare.metrics.statistics import Share

_GATE = Words(
    "在关卡被叫停或退回评估的建议没有有效的决定，直到再次作出决定。",
    "An idea that was stopped at a gate, or sent back to be evaluated, has no decision that stands until there is "
    "another.",
)

ADOPTION_OF_DECIDED = Metric(
    id="adoption_of_decided",
    version=1,
    topic=MetricTopic.ideas,
    name=Words("采纳率（占已决定）", "Adoption, of decided ideas"),
    definition=Words(
        "期间内公布了决定的建议中，被通过的比例。",
        "Of the ideas on which a decision was published in the period, the share that was approved.",
    ),
    unit=MetricUnit.share,
    numerator=Words("其中决定为通过的建议", "Those of them that were approved"),
    denominator=Words(
        "现行决定为通过或不采纳、且在期间内公布的建议",
        "Ideas whose present decision, yes or no, was published in the period",
    ),
    period=Words(
        "自然月或自然季度；按公司时区的决定公布时间归期，与何时提交无关。",
        "Calendar months or quarters, by when the decision was published, in the company's time zone; it does not "
        "matter when the idea was submitted.",
    ),
    edge_cases=(
        Words(
            "只计现行的、已公布的决定；重新审理后，原来的决定不再计入。",
            "Only the decision counts that stands and is published; one of an earlier round does so no more.",
        ),
        Words("暂缓不是决定。", "Not now is no decision."),
        _GATE,
        Words(
            "决定后撤回或合并的建议仍然计入。",
            "An idea that was withdrawn or merged after its decision still counts.",
        ),
        WHOSE,
        BEHIND,
    ),
    source=Words("建议及其决定", "Ideas and their decisions"),
    behind=Behind.authors,
    statistic=Share(),
    units="""SELECT c.id AS unit, c.author_id AS person, c.department_id AS department, c.variety AS kind,
  (d.outcome = 'approved')::int AS x, 1 AS y
FROM idea_decision d JOIN content c ON c.id = d.content_id
WHERE d.current AND d.outcome IN ('approved', 'declined') AND d.published_at >= :since_at AND d.published_at < :until_at
""",
    rows=Row.content,
    kinds=SIZES,
    within="adoption_of_submitted",
)

ADOPTION_OF_SUBMITTED = Metric(
    id="adoption_of_submitted",
    version=1,
    topic=MetricTopic.ideas,
    name=Words("采纳率（占已提交）", "Adoption, of submitted ideas"),
    definition=Words(
        "期间内提交的建议中，至今已被通过的比例。",
        "Of the ideas submitted in the period, the share that has been approved by now.",
    ),
    unit=MetricUnit.share,
    numerator=Words("其中现行的、已公布的决定为通过的建议", "Those of them whose present, published decision is a yes"),
    denominator=Words("期间内提交的建议", "Ideas submitted in the period"),
    period=BY_SUBMISSION,
    edge_cases=(
        Words(
            "数值是暂时的：尚未决定的建议计入分母，过去期间的数值会随决定而变化。",
            "It is provisional: what is not decided yet counts below the line, and figures of past periods change with "
            "every decision.",
        ),
        _GATE,
        STANDING,
        WHOSE,
        BEHIND,
    ),
    source=Words("建议及其决定", "Ideas and their decisions"),
    behind=Behind.authors,
    statistic=Share(),
    units=f"""WITH {SUBMITTED}
SELECT {OF_IDEA},
  EXISTS (SELECT FROM idea_decision d WHERE d.content_id = s.id AND d.current AND d.outcome = 'approved'
    AND d.published_at IS NOT NULL)::int AS x,
  1 AS y
FROM submitted s WHERE s.state = 'published'""",
    rows=Row.content,
    kinds=SIZES,
    within="ideas_per_person",
)


def _implemented_within(months: int, zh: str, en: str) -> Metric:
    return Metric(
        id=f"implemented_within_{months}_months",
        version=1,
        topic=MetricTopic.ideas,
        name=Words(f"{zh}个月内落地率", f"Implemented within {en} months"),
        definition=Words(
            f"期间内提交的建议中，提交{zh}个月后处于“已实施”或“已核实”阶段的比例。",
            f"Of the ideas submitted in the period, the share that was implemented or verified {en} months after its "
            "submission.",
        ),
        unit=MetricUnit.share,
        numerator=Words(
            f"其中在提交{zh}个月后的那一天结束时为已实施或已核实的建议",
            f"Those of them that were implemented or verified at the end of the day {en} months after their submission",
        ),
        denominator=Words("期间内提交的建议", "Ideas submitted in the period"),
        period=BY_SUBMISSION,
        edge_cases=(
            Words(
                f"期间结束满{zh}个月之前没有数值（too_young）。",
                f"There is no value (`too_young`) until {en} months after the end of the period.",
            ),
            Words(
                "到期月份没有同一天的，以该月最后一天为准；8月31日加六个月为2月28日或29日。",
                "Where the month has no such day it is its last one: six months after 31 August is 28 or 29 February.",
            ),
            Words(
                "到期前已退回试点的不算落地；到期后才退回的仍算。",
                "What had gone back to a pilot by then was not implemented; what went back later was.",
            ),
            Words(
                "匿名作者自己的操作只记录日期，视为当日零时（UTC）。",
                "Of what an unnamed author does only the day is known, and its beginning is taken (UTC).",
            ),
            STANDING,
            WHOSE,
            BEHIND,
        ),
        source=Words("建议、日志中的阶段变化", "Ideas, and their changes of stage in the journal"),
        behind=Behind.authors,
        statistic=Share(),
        units=f"""WITH {SUBMITTED}
SELECT {OF_IDEA}, coalesce((SELECT j.payload ->> 'to_stage' IN ('implemented', 'verified') FROM journal j
    WHERE j.content_id = s.id AND j.happened = 'idea_stage_changed' AND j.at <
      (CAST(s.published_at AT TIME ZONE :zone AS date) + interval '{months} months' + interval '1 day')
      AT TIME ZONE :zone
    ORDER BY j.number DESC LIMIT 1), false)::int AS x,
  1 AS y
FROM submitted s WHERE s.state = 'published'""",
        rows=Row.content,
        kinds=SIZES,
        better="higher",
        ripens=months,
        within="adoption_of_submitted",
    )


IMPLEMENTED_WITHIN_6_MONTHS = _implemented_within(6, "六", "six")
IMPLEMENTED_WITHIN_12_MONTHS = _implemented_within(12, "十二", "twelve")

ADOPTING = (
    ADOPTION_OF_DECIDED,
    ADOPTION_OF_SUBMITTED,
    IMPLEMENTED_WITHIN_6_MONTHS,
    IMPLEMENTED_WITHIN_12_MONTHS,
)
