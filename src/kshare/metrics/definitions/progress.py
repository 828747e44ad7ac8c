"""Metrics of how far ideas have come by now (G4): the steps of their funnel. That of approval is
`adoption_of_submitted`."""

from kshare.metrics.contracts import Behind, Metric, MetricTopic, MetricUnit, Row, Words
from kshare.metrics.definitions.ideas import BEHIND, BY_SUBMISSION, OF_IDEA, SIZES, STANDING, SUBMITTED, WHOSE
from kshare.metrics.statistics import Share

_NOW = Words(
    "以今天的状态为准，过去期间的数值会变化；退回的建议不再算已到达。",
    "It is how things stand today: figures of past periods change, and what went back has not come so far.",
)


def _has_come(id: str, name: Words, definition: Words, numerator: Words, reached: str, *cases: Words) -> Metric:
    return Metric(
        id=id,
        version=1,
        topic=MetricTopic.ideas,
        name=name,
        definition=definition,
        unit=MetricUnit.share,
        numerator=numerator,
        denominator=Words("期间内提交的建议", "Ideas submitted in the period"),
        period=BY_SUBMISSION,
        edge_cases=(_NOW, *cases, STANDING, WHOSE, BEHIND),
        source=Words("建议及其决定", "Ideas and their decisions"),
        behind=Behind.authors,
        statistic=Share(),
        units=f"""WITH {SUBMITTED}
SELECT {OF_IDEA}, ({reached})::int AS x, 1 AS y
FROM submitted s JOIN content c ON c.id = s.id WHERE s.state = 'published'""",
        rows=Row.content,
        kinds=SIZES,
        within="adoption_of_submitted",
    )


IDEAS_DECIDED = _has_come(
    "ideas_decided",
    Words("已决定（占已提交）", "Decided, of submitted ideas"),
    Words(
        "期间内提交的建议中，至今已有决定（通过或不采纳）的比例。",
        "Of the ideas submitted in the period, the share on which there is a decision by now, yes or no.",
    ),
    Words(
        "其中现行的、已公布的决定为通过或不采纳的建议", "Those of them with a present, published decision, yes or no"
    ),
    """EXISTS (SELECT FROM idea_decision d WHERE d.content_id = s.id AND d.current
    AND d.outcome IN ('approved', 'declined') AND d.published_at IS NOT NULL)""",
    Words("暂缓不是决定。", "Not now is no decision."),
)
IDEAS_IN_PILOT = _has_come(
    "ideas_in_pilot",
    Words("已到试点（占已提交）", "In pilot or further, of submitted ideas"),
    Words(
        "期间内提交的建议中，今天处于试点或更后阶段的比例。",
        "Of the ideas submitted in the period, the share that is in a pilot or further today.",
    ),
    Words(
        "其中处于“试点”“已实施”或“已核实”阶段的建议",
        "Those of them in the stages in_pilot, implemented or verified",
    ),
    "c.stage IN ('in_pilot', 'implemented', 'verified')",
    Words("不经试点直接实施的也算已到。", "What was implemented without a pilot has come as far."),
)
IDEAS_IMPLEMENTED = _has_come(
    "ideas_implemented",
    Words("已实施（占已提交）", "Implemented, of submitted ideas"),
    Words(
        "期间内提交的建议中，今天已实施的比例。",
        "Of the ideas submitted in the period, the share that is implemented today.",
    ),
    Words("其中处于“已实施”或“已核实”阶段的建议", "Those of them in the stages implemented or verified"),
    "c.stage IN ('implemented', 'verified')",
)
IDEAS_VERIFIED = _has_come(
    "ideas_verified",
    Words("已核实（占已提交）", "Verified, of submitted ideas"),
    Words(
        "期间内提交的建议中，今天收益已核实的比例。",
        "Of the ideas submitted in the period, the share whose benefit is verified today.",
    ),
    Words("其中处于“已核实”阶段的建议", "Those of them in the stage verified"),
    "c.stage = 'verified'",
)

PROGRESS = (IDEAS_DECIDED, IDEAS_IN_PILOT, IDEAS_IMPLEMENTED, IDEAS_VERIFIED)
