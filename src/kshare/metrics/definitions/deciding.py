"""Metrics of how long an answer takes (G5), after Kaplan and Meier: what is undecided lasts at least until today."""

from decimal import Decimal

from kshare.metrics.contracts import Behind, Metric, MetricTopic, MetricUnit, Row, Words
from kshare.metrics.definitions.ideas import BEHIND, BY_SUBMISSION, SIZES, SUBMITTED, WHOSE
from kshare.metrics.statistics import Lasting, Median

YES_OR_NO = "outcome IN ('approved', 'declined')"
"""A decision that answers an idea: being deferred does not."""


def _waited(idea: str, until: str) -> str:
    """How long an idea waited for its author until a moment, in seconds: from each question to the answer, the next
    question or the next stage. Entries are taken in their order, not by their time, since of what an unnamed author did
    only the day is told."""
    return f"""(SELECT coalesce(sum(greatest(extract(epoch FROM least(e.ended, {until}) - e.at), 0)), 0)
    FROM (SELECT j.happened, j.at, lead(j.at) OVER (ORDER BY j.number) AS ended FROM journal j
      WHERE j.content_id = {idea}
        AND j.happened IN ('idea_question_asked', 'idea_question_answered', 'idea_stage_changed')) e
    WHERE e.happened = 'idea_question_asked')"""


_LEFT = """(SELECT j.at FROM journal j WHERE j.content_id = s.id AND (j.happened = 'idea_withdrawn'
    OR (j.happened = 'idea_merged' AND j.payload ->> 'idea_id' = CAST(s.id AS text))) ORDER BY j.number DESC LIMIT 1)"""
"""When an idea `s` that is archived was withdrawn or merged."""

_TIMES = f"""WITH {SUBMITTED}
SELECT s.id AS unit, s.author_id AS person, s.department_id AS department, s.size AS kind,
  round(greatest(extract(epoch FROM t.until - s.published_at) - {_waited("s.id", "t.until")}, 0) / 86400, 6) AS x,
  coalesce(d.published_at < :today_at, false)::int AS y
FROM submitted s
  CROSS JOIN LATERAL (SELECT min(published_at) AS published_at FROM idea_decision
    WHERE content_id = s.id AND {YES_OR_NO}) d
  CROSS JOIN LATERAL (SELECT least(coalesce(d.published_at,
    CASE WHEN s.state = 'archived' THEN coalesce({_LEFT}, s.updated_at) END), :today_at) AS until) t"""
# Whatever happens today is known tomorrow: decisions of today beside what is censored when it began would look fast.


def _time_to_decision(part: str, share: Decimal, name: Words, definition: Words, beyond: Words) -> Metric:
    return Metric(
        id=f"time_to_decision_{part}",
        version=1,
        topic=MetricTopic.ideas,
        name=name,
        definition=definition,
        unit=MetricUnit.days,
        numerator=Words(
            "今天以前已有首个公布的决定（通过或不采纳）的建议",
            "Ideas with a first decision, yes or no, that was published before today",
        ),
        denominator=Words("期间内提交的全部建议", "All ideas submitted in the period"),
        period=BY_SUBMISSION,
        edge_cases=(
            Words(
                "尚未决定的建议截尾于今天开始之时；今天作出的决定明天计入。",
                "What is undecided is censored when this day began: it lasts at least so long. What is decided today "
                "counts as decided from tomorrow on.",
            ),
            Words(
                "等待作者答复的时间（从提问到答复或进入下一阶段）扣除，另见 time_waiting_for_author。",
                "The time that the idea waited for its author, from a question to the answer or the next stage, is "
                "taken out; `time_waiting_for_author` tells it.",
            ),
            Words(
                "暂缓不是决定，暂缓的时间照常计算；重新审理不改变首个决定。",
                "Not now is no decision, and time goes on; what is decided anew later keeps its first decision.",
            ),
            Words("决定以公布之时为准，不以作出之时为准。", "A decision counts from when it was published, not made."),
            Words(
                "未决定就撤回或合并的，截尾于撤回或合并之时；之后恢复的，视同从未离开。",
                "What was withdrawn or merged before a decision is censored at that time; if it came back it counts as "
                "if it had never been away.",
            ),
            beyond,
            Words(
                "天数按 24 小时计，含周末与节假日；匿名作者自己的操作只记录日期。",
                "Days are of 24 hours, weekends and holidays among them; of what an unnamed author does only the day "
                "is known.",
            ),
            Words(
                "明细行中，分子为天数，分母为 1 表示已决定、0 表示截尾。",
                "In the rows behind it the numerator is the days, and the denominator 1 if it was decided and 0 if "
                "censored.",
            ),
            WHOSE,
            BEHIND,
        ),
        source=Words(
            "建议及其决定、日志中的提问与答复", "Ideas and their decisions, questions and answers in the journal"
        ),
        behind=Behind.authors,
        statistic=Lasting(share),
        units=_TIMES,
        rows=Row.content,
        kinds=SIZES,
        within="adoption_of_submitted",
        better="lower",
    )


TIME_TO_DECISION_MEDIAN = _time_to_decision(
    "median",
    Decimal("0.5"),
    Words("决定用时（中位数）", "Time to decision (median)"),
    Words(
        "期间内提交的建议，从提交到首个公布的决定（通过或不采纳）的天数的中位数（Kaplan-Meier 估计）。",
        "Of the ideas submitted in the period, the median of the days from submission to the first published decision, "
        "yes or no, estimated after Kaplan and Meier.",
    ),
    Words("决定到不足一半时没有数值。", "There is no value before half of them are decided, by that estimate."),
)
TIME_TO_DECISION_P90 = _time_to_decision(
    "p90",
    Decimal("0.9"),
    Words("决定用时（九成）", "Time to decision (nine in ten)"),
    Words(
        "期间内提交的建议，九成得到首个公布的决定（通过或不采纳）所需的天数（Kaplan-Meier 估计）。",
        "Of the ideas submitted in the period, the days within which nine in ten get their first published decision, "
        "yes or no, estimated after Kaplan and Meier.",
    ),
    Words("决定到不足九成时没有数值。", "There is no value before nine in ten are decided, by that estimate."),
)

TIME_WAITING_FOR_AUTHOR = Metric(
    id="time_waiting_for_author",
    version=1,
    topic=MetricTopic.ideas,
    name=Words("等待作者用时", "Time waiting for the author"),
    definition=Words(
        "期间内得到首个决定、且曾向作者提问的建议，等待作者答复的天数的中位数。",
        "Of the ideas whose first decision was published in the period, and whose authors had been asked something, "
        "the median of the days that they waited for their author.",
    ),
    unit=MetricUnit.days,
    numerator=Words(
        "每条建议在决定前等待作者答复的天数合计", "Of each idea, the days it waited for its author before the decision"
    ),
    denominator=Words("这些建议的条数", "The number of these ideas"),
    period=Words(
        "自然月或自然季度；按公司时区的首个决定（通过或不采纳）公布时间归期。",
        "Calendar months or quarters, by when the first decision, yes or no, was published, in the company's time "
        "zone.",
    ),
    edge_cases=(
        Words(
            "从提问到答复或进入下一阶段；未答复就作出决定的，算到决定公布。",
            "From a question to the answer or the next stage; without either to the publication of the decision.",
        ),
        Words("从未被提问的建议不计。", "Ideas whose authors were never asked do not count."),
        Words(
            "匿名作者的答复只记录日期，视为当日零时（UTC），不早于提问。",
            "Of an unnamed author's answer only the day is known, and its beginning is taken (UTC), but not before the "
            "question.",
        ),
        Words("条数见分母；没有分子。", "The denominator says how many they are; there is no numerator."),
        WHOSE,
        BEHIND,
    ),
    source=Words("建议及其决定、日志中的提问与答复", "Ideas and their decisions, questions and answers in the journal"),
    behind=Behind.authors,
    statistic=Median(),
    units=f"""SELECT c.id AS unit, c.author_id AS person, c.department_id AS department, NULL::text AS kind,
  round({_waited("c.id", "d.published_at")} / 86400, 6) AS x, 1 AS y
FROM idea_decision d JOIN content c ON c.id = d.content_id
WHERE d.{YES_OR_NO} AND d.published_at >= :since_at AND d.published_at < :until_at
  AND NOT EXISTS (SELECT FROM idea_decision f WHERE f.content_id = d.content_id AND f.{YES_OR_NO}
    AND (f.published_at, f.id) < (d.published_at, d.id))
  AND EXISTS (SELECT FROM journal j WHERE j.content_id = d.content_id AND j.happened = 'idea_question_asked'
    AND j.at <= d.published_at)""",
    rows=Row.content,
    within="adoption_of_decided",
    better="lower",
)

DECIDING = (TIME_TO_DECISION_MEDIAN, TIME_TO_DECISION_P90, TIME_WAITING_FOR_AUTHOR)
