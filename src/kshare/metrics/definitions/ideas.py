"""Metrics of who proposes ideas and what becomes of them (G5)."""

from types import MappingProxyType

from kshare.core.principal import ANONYMOUS_ID
from kshare.metrics.contracts import Behind, Kinds, Metric, MetricTopic, MetricUnit, Row, Words
from kshare.metrics.definitions.people import ELIGIBLE
from kshare.metrics.statistics import PerHead, Share

SUBMITTED = """
submitted AS (
  SELECT c.id, c.author_id, c.department_id, c.variety AS size, c.state, c.published_at, c.updated_at, i.votes,
    c.state = 'archived' AND i.merged_into IS NULL AS withdrawn
  FROM content c JOIN idea i ON i.content_id = c.id
  WHERE c.kind = 'idea' AND c.state IN ('published', 'archived')
    AND c.listed_at >= :since_at AND c.listed_at < :until_at
)"""
"""Ideas submitted in the period. What was submitted is listed by when it was, which has the index."""

OF_IDEA = "s.id AS unit, s.author_id AS person, s.department_id AS department, s.size AS kind"
"""The first columns of an idea `s` that was submitted in the period."""

SIZES = Kinds(
    Words("规模", "Size"),
    MappingProxyType({"small": Words("小型", "Small"), "large": Words("大型", "Large")}),
)
BY_SUBMISSION = Words(
    "自然月或自然季度；按公司时区的提交时间归期。",
    "Calendar months or quarters, by when the idea was submitted, in the company's time zone.",
)
WHOSE = Words(
    "建议归入写作时作者所在部门；匿名建议只计入公司。",
    "An idea counts for its author's department when it was written; an anonymous one for the company only.",
)
BEHIND = Words(
    "背后的人指作者本人，不含共同作者；所有匿名建议合算一人。",
    "Who stands behind it are the authors, without co-authors; all anonymous ideas together count as one person's.",
)
STANDING = Words(
    "已撤回的建议不计；已合并的由所并入的建议代表。恢复或取消合并后重新计入。",
    "Withdrawn ideas do not count; merged ones are represented by the idea they went into. Both count again once they "
    "are back.",
)

IDEA_PARTICIPATION = Metric(
    id="idea_participation",
    version=1,
    topic=MetricTopic.ideas,
    name=Words("建议参与率", "Participation in ideas"),
    definition=Words(
        "期间内提交过建议（作者或共同作者）的人占应参与人数的比例。",
        "The share of eligible people who submitted an idea in the period, as author or co-author.",
    ),
    unit=MetricUnit.share,
    numerator=Words("期间内有建议提交的作者与共同作者", "Authors and co-authors of ideas submitted in the period"),
    denominator=Words("应参与人数", "Eligible people"),
    period=BY_SUBMISSION,
    edge_cases=(
        Words(
            "期间内至少一天属于某部门的人都计入，每人只计一次，归入期间内最后所在的部门；服务账号不计。",
            "Everybody who belonged to a department for a day or more is eligible, once, in the last department of the "
            "period; service accounts are not.",
        ),
        Words(
            "匿名建议不计入任何人；只提匿名建议的人不算参与。",
            "An anonymous idea is nobody's: whoever proposed only such ones does not count.",
        ),
        Words(
            "已撤回的建议不计，恢复后重新计入；已合并到其他建议的照常计入。",
            "Withdrawn ideas do not count until they are back; those merged into another do.",
        ),
        Words("共同作者以现在的名单为准。", "Co-authors are those who are named now."),
    ),
    source=Words("建议及其共同作者、部门成员关系", "Ideas with their co-authors, memberships"),
    behind=Behind.eligible,
    statistic=Share(),
    units=f"""WITH {ELIGIBLE}, {SUBMITTED}, proposers AS (
  SELECT s.author_id AS person FROM submitted s WHERE NOT s.withdrawn AND s.author_id <> '{ANONYMOUS_ID}'
  UNION SELECT a.person_id FROM submitted s JOIN idea_coauthor a ON a.content_id = s.id WHERE NOT s.withdrawn
)
SELECT e.person AS unit, e.person, e.department, NULL::text AS kind, (p.person IS NOT NULL)::int AS x, 1 AS y
FROM eligible e LEFT JOIN proposers p USING (person)""",
    rows=Row.person,
    better="higher",
)

IDEAS_PER_PERSON = Metric(
    id="ideas_per_person",
    version=1,
    topic=MetricTopic.ideas,
    name=Words("人均建议", "Ideas for each person"),
    definition=Words(
        "期间内提交的建议数，除以应参与人数。", "Ideas submitted in the period, for each eligible person."
    ),
    unit=MetricUnit.per_person,
    numerator=Words("期间内提交的建议", "Ideas submitted in the period"),
    denominator=Words("应参与人数", "Eligible people"),
    period=BY_SUBMISSION,
    edge_cases=(
        Words(
            "已撤回的建议不计，恢复后重新计入；已合并到其他建议的照常计入。",
            "Withdrawn ideas do not count until they are back; those merged into another do.",
        ),
        Words("共同提出的建议计为一条。", "What several people proposed together is one idea."),
        WHOSE,
        Words("规模以现在的为准。", "Sizes are those of now."),
    ),
    source=Words("建议、部门成员关系", "Ideas, memberships"),
    behind=Behind.eligible,
    statistic=PerHead(),
    units=f"""WITH {SUBMITTED}
SELECT {OF_IDEA}, 1 AS x, 0 AS y FROM submitted s WHERE NOT s.withdrawn""",
    rows=Row.content,
    kinds=Kinds(SIZES.name, SIZES.values, divides=False),
    better="higher",
)

CROWD_HEARD = Metric(
    id="crowd_heard",
    version=1,
    topic=MetricTopic.ideas,
    name=Words("众声得到回应", "Crowd heard"),
    definition=Words(
        "期间内提交、得到五票或以上的建议中，至今已有公布的决定的比例。",
        "Of the ideas submitted in the period that reached five votes or more, the share that has got a published "
        "decision by now.",
    ),
    unit=MetricUnit.share,
    numerator=Words("其中已有公布的决定的建议", "Those of them with a published decision"),
    denominator=Words("期间内提交、现有五票或以上的建议", "Ideas submitted in the period with five votes or more now"),
    period=BY_SUBMISSION,
    edge_cases=(
        Words(
            "通过、不采纳、暂缓都算回应，以前各轮的决定也算；未公布的决定不算。",
            "Yes, no and not now are all an answer, those of earlier rounds too; a private decision is none yet.",
        ),
        Words(
            "票数含投给已合并进来的建议的票，每人一票；决定之后不再投票。",
            "Votes for ideas merged into it count, one for each person; nobody votes after the decision.",
        ),
        Words(
            "越新的建议越少得到决定，数值会继续上升。",
            "It goes on rising, since the newest ideas wait for their answers.",
        ),
        STANDING,
        WHOSE,
        BEHIND,
    ),
    source=Words("建议及其票数、决定", "Ideas with their votes and decisions"),
    behind=Behind.authors,
    statistic=Share(),
    units=f"""WITH {SUBMITTED}
SELECT s.id AS unit, s.author_id AS person, s.department_id AS department, NULL::text AS kind,
  EXISTS (SELECT FROM idea_decision d WHERE d.content_id = s.id AND d.published_at IS NOT NULL)::int AS x, 1 AS y
FROM submitted s WHERE s.state = 'published' AND s.votes >= 5""",
    rows=Row.content,
    within="adoption_of_submitted",
    better="higher",
)

IDEAS = (IDEA_PARTICIPATION, IDEAS_PER_PERSON, CROWD_HEARD)
