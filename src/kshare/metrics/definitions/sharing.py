"""Metrics of who shares, and how much (G1)."""

from types import MappingProxyType

from kshare.knowledge.shapes import KnowledgeKind
from kshare.metrics.contracts import Behind, Kinds, Metric, MetricTopic, MetricUnit, Row, Words
from kshare.metrics.definitions.people import ACTIVE, ELIGIBLE, LEVEL
from kshare.metrics.statistics import Gini, PerHead, Share

LEVELS = Kinds(
    Words("层级", "Level"),
    MappingProxyType(
        {
            "senior_leader": Words("带领管理者的领导", "Leads people who lead"),
            "leader": Words("带领员工的领导", "Leads people"),
            "staff": Words("员工", "Leads nobody"),
        }
    ),
)
ITEM_KINDS = Kinds(
    Words("知识类型", "Kind of item"),
    MappingProxyType(
        {
            kind.value: Words(zh, kind.value.replace("_", " ").capitalize())
            for kind, zh in zip(
                KnowledgeKind,
                ("复盘", "方法", "洞察", "客户声音", "标准作业", "案例", "解决方案", "决策背景", "入职须知"),
                strict=True,
            )
        }
    ),
    divides=False,
)

ONCE = Words(
    "期间内至少一天属于某部门的人都计入，每人只计一次，归入期间内最后所在的部门；服务账号不计。",
    "Everybody who belonged to a department for a day or more is eligible, once, in the last department of the period; "
    "service accounts are not.",
)
NOBODYS = Words(
    "匿名内容不计入任何人；日后的贡献积分在发放当日计入。",
    "What is anonymous is nobody's; credit for it counts on the day it is given.",
)
BY_DAY = Words(
    "自然月或自然季度；贡献按公司时区的发生日归期。",
    "Calendar months or quarters; a contribution belongs to the day it was made, in the company's time zone.",
)
ACCOUNT = Words("贡献账户、部门成员关系", "Account of contributions, memberships")

ACTIVE_SHARERS = Metric(
    id="active_sharers",
    version=1,
    topic=MetricTopic.sharing,
    name=Words("活跃分享者比例", "Active sharers"),
    definition=Words(
        "期间内至少有一项有效贡献的人占应参与人数的比例。只看不分享不算贡献。按层级查看即领导示范。",
        "The share of eligible people with at least one qualifying contribution in the period. A view never qualifies. "
        "By level it tells how far leaders set an example.",
    ),
    unit=MetricUnit.share,
    numerator=Words("贡献账户净额为正的人数", "People whose account of contributions is above zero"),
    denominator=Words("应参与人数", "Eligible people"),
    period=BY_DAY,
    edge_cases=(
        ONCE,
        NOBODYS,
        Words(
            "更正抵消原来的贡献：期间内净额为零的人不算活跃。",
            "A correction takes back what it corrects: nobody is active whose account adds up to zero.",
        ),
        Words("层级以今天的汇报关系为准。", "Levels are by who leads whom today."),
    ),
    source=ACCOUNT,
    behind=Behind.eligible,
    statistic=Share(),
    units=f"""WITH {ELIGIBLE}, {ACTIVE}, {LEVEL}
SELECT e.person AS unit, e.person, e.department, level.level AS kind, (a.person IS NOT NULL)::int AS x, 1 AS y
FROM eligible e JOIN level USING (person) LEFT JOIN active a USING (person)""",
    rows=Row.person,
    kinds=LEVELS,
    better="higher",
)

NEW_ITEMS = Metric(
    id="new_items",
    version=1,
    topic=MetricTopic.sharing,
    name=Words("人均新增知识", "New items for each person"),
    definition=Words(
        "期间内首次发布的知识条目数，除以应参与人数。",
        "Knowledge items published for the first time in the period, for each eligible person.",
    ),
    unit=MetricUnit.per_person,
    numerator=Words("首次发布的知识条目", "Knowledge items published for the first time"),
    denominator=Words("应参与人数", "Eligible people"),
    period=Words(
        "自然月或自然季度；以首次发布时间归期。", "Calendar months or quarters, by the time of first publication."
    ),
    edge_cases=(
        Words("归档的条目仍然计入。", "An item that was archived later still counts."),
        Words(
            "条目归入写作时作者所在部门；匿名条目只计入公司。",
            "An item counts for its author's department when it was written; an anonymous one for the company only.",
        ),
        ONCE,
    ),
    source=Words("知识条目、部门成员关系", "Knowledge items, memberships"),
    behind=Behind.eligible,
    statistic=PerHead(),
    units="""SELECT c.id AS unit, c.owner_id AS person, c.department_id AS department, c.variety AS kind, 1 AS x, 0 AS y
FROM content c WHERE c.kind = 'knowledge_item' AND c.state <> 'draft'
  AND c.published_at >= :since_at AND c.published_at < :until_at""",
    rows=Row.content,
    kinds=ITEM_KINDS,
    better="higher",
)

CONTRIBUTION_GINI = Metric(
    id="contribution_gini",
    version=1,
    topic=MetricTopic.sharing,
    name=Words("贡献集中度", "Concentration of contributions"),
    definition=Words(
        "应参与人员净贡献权重的基尼系数：0 表示人人相同，越接近 1 表示越集中在少数人。",
        "Gini's coefficient of the net weight of contributions over all eligible people: 0 if all have the same, and "
        "the nearer to 1 the fewer have it.",
    ),
    unit=MetricUnit.coefficient,
    numerator=Words("每人的净贡献权重", "The net weight of each"),
    denominator=Words("应参与人数", "Eligible people"),
    period=BY_DAY,
    edge_cases=(
        Words(
            "没有贡献的人按零计入；净额为负的按零计入。", "Who contributed nothing, or less than nothing, counts as 0."
        ),
        Words("全部为零时没有数值。", "If all have nothing there is no value."),
        Words("人数见分母；没有分子。", "The denominator says how many they are; there is no numerator."),
        ONCE,
        NOBODYS,
    ),
    source=ACCOUNT,
    behind=Behind.eligible,
    statistic=Gini(),
    units=f"""WITH {ELIGIBLE}, {ACTIVE}
SELECT e.person AS unit, e.person, e.department, NULL::text AS kind, coalesce(a.weight, 0) AS x, 1 AS y
FROM eligible e LEFT JOIN active a USING (person)""",
    rows=Row.person,
    better="lower",
)

SHARING = (ACTIVE_SHARERS, NEW_ITEMS, CONTRIBUTION_GINI)
