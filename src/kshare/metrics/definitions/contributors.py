"""Metrics of how contributions are spread over people (G1, G4)."""

from types import MappingProxyType

from kshare.metrics.contracts import Behind, Kinds, Metric, MetricTopic, MetricUnit, Row, Words
from kshare.metrics.definitions.people import ACTIVE, ELIGIBLE
from kshare.metrics.definitions.sharing import ACCOUNT, BY_DAY, NOBODYS, ONCE
from kshare.metrics.statistics import Share, ShareOfHeads

BANDS = Kinds(
    Words("净贡献权重", "Net weight of contributions"),
    MappingProxyType(
        {
            "none": Words("0", "0"),
            "up_to_3": Words("3 及以下", "Up to 3"),
            "up_to_10": Words("3 至 10", "More than 3, up to 10"),
            "more": Words("10 以上", "More than 10"),
        }
    ),
)

CONTRIBUTORS = Metric(
    id="contributors",
    version=1,
    topic=MetricTopic.sharing,
    name=Words("贡献分布", "Spread of contributions"),
    definition=Words(
        "期间内净贡献权重落在各区间的人占应参与人数的比例。",
        "The share of eligible people whose net weight of contributions in the period lies in a band.",
    ),
    unit=MetricUnit.share,
    numerator=Words("净贡献权重落在该区间的人数", "People whose net weight lies in the band"),
    denominator=Words("应参与人数", "Eligible people"),
    period=BY_DAY,
    edge_cases=(
        Words("区间的上限包含在内；净额为负的归入 0。", "A band holds its upper end; less than nothing belongs to 0."),
        Words("不分区间时为全部应参与人员，数值为 1。", "Without a band it is everybody eligible, and the value is 1."),
        ONCE,
        NOBODYS,
    ),
    source=ACCOUNT,
    behind=Behind.eligible,
    statistic=ShareOfHeads(),
    units=f"""WITH {ELIGIBLE}, {ACTIVE}
SELECT e.person AS unit, e.person, e.department,
  CASE WHEN a.weight IS NULL THEN 'none' WHEN a.weight <= 3 THEN 'up_to_3' WHEN a.weight <= 10 THEN 'up_to_10'
    ELSE 'more' END AS kind,
  1 AS x, 1 AS y
FROM eligible e LEFT JOIN active a USING (person)""",
    rows=Row.person,
    kinds=BANDS,
    beside="active_sharers",
)

NEW_CONTRIBUTORS = Metric(
    id="new_contributors",
    version=1,
    topic=MetricTopic.sharing,
    name=Words("首次贡献者比例", "New contributors"),
    definition=Words(
        "期间内第一次有净贡献的人占应参与人数的比例。",
        "The share of eligible people who contributed in the period and never before.",
    ),
    unit=MetricUnit.share,
    numerator=Words(
        "期间内净贡献为正、此前全部净贡献不为正的人数",
        "People whose account of the period is above zero, and that of all time before is not",
    ),
    denominator=Words("应参与人数", "Eligible people"),
    period=BY_DAY,
    edge_cases=(
        Words(
            "此前的贡献若全部被冲销，则视同从未贡献。",
            "Whose earlier contributions were all taken back counts as never having contributed.",
        ),
        Words("调岗、离职后返回的人不是首次。", "Who moved, or left and came back, is not new by that."),
        ONCE,
        NOBODYS,
    ),
    source=ACCOUNT,
    behind=Behind.eligible,
    statistic=Share(),
    units=f"""WITH {ELIGIBLE}, {ACTIVE}, earlier AS (
  SELECT c.person_id AS person FROM active a JOIN contribution c ON c.person_id = a.person AND c.month < :since
  GROUP BY c.person_id HAVING sum(c.weight) > 0
)
SELECT e.person AS unit, e.person, e.department, NULL::text AS kind,
  (a.person IS NOT NULL AND b.person IS NULL)::int AS x, 1 AS y
FROM eligible e LEFT JOIN active a USING (person) LEFT JOIN earlier b USING (person)""",
    rows=Row.person,
    better="higher",
)

SPREAD = (CONTRIBUTORS, NEW_CONTRIBUTORS)
