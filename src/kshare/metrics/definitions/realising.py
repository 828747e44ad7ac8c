"""Metrics of what became of the benefits that ideas promised, a year later (G5)."""

from kshare.metrics.contracts import Behind, Kinds, Metric, MetricTopic, MetricUnit, Row, Words
from kshare.metrics.definitions.bringing import APART, COUNTS, CURRENCY, MONEY_ONLY, PRESENT, present
from kshare.metrics.definitions.ideas import BEHIND, WHOSE
from kshare.metrics.statistics import AmountRatio, Median, TopTenth

_YEAR_ENDED = """b.starts_on BETWEEN :since - interval '12 months' AND :until - interval '12 months'
  AND b.starts_on + interval '12 months' < :until"""
"""Benefits `b` whose first twelve months ended in the period; the first condition serves the index, the second decides,
as what is twelve months before a 29th of February begins too early."""

_MATURED = Words(
    "自然月或自然季度；按收益的头十二个月届满之日（开始日加十二个月）归期，到今天为止。",
    "Calendar months or quarters, by the day on which the first twelve months of the benefit are over (twelve months "
    "after `starts_on`), until today.",
)
_SOURCE = Words("收益及其各级数字", "Benefits and their figures")


REALISATION_MEDIAN = Metric(
    id="realisation_median",
    version=1,
    topic=MetricTopic.ideas,
    name=Words("收益兑现率（中位数）", "Realisation of benefits (median)"),
    definition=Words(
        "头十二个月在期间内届满且已核实的收益：每条建议的核实金额除以承诺金额（没有承诺的按申报），取各建议的中位数。",
        "Of benefits that were verified and whose first twelve months ended in the period: what was verified of an "
        "idea's, divided by what was committed to for the same (claimed, where nothing was committed); the median over "
        "ideas.",
    ),
    unit=MetricUnit.ratio,
    numerator=Words("每条建议的核实金额", "Of each idea, what was verified"),
    denominator=Words(
        "每条建议对同一收益的承诺金额，否则申报金额", "Of each idea, what was committed to, else claimed, for it"
    ),
    period=_MATURED,
    edge_cases=(
        MONEY_ONLY,
        Words("尚未核实的收益不计。", "Benefits that are not verified yet do not count."),
        Words(
            "一条建议的多项收益先相加再相除；一条建议有两个币种时，各算一条。",
            "Several benefits of an idea are added before that; an idea with two currencies is one of each.",
        ),
        Words(
            "承诺（或申报）合计不为正的不计；核实为负的计入。",
            "Nothing is divided by zero, or less, committed or claimed; what was verified may be less than nothing.",
        ),
        Words(
            "每个比值取六位小数；建议条数见分母，没有分子。",
            "Each ratio is rounded to six decimals; the denominator says how many they are, there is no numerator.",
        ),
        PRESENT,
        WHOSE,
        BEHIND,
    ),
    source=_SOURCE,
    behind=Behind.authors,
    statistic=Median(),
    units=f"""SELECT c.id AS unit, c.author_id AS person, c.department_id AS department, b.unit AS kind,
  sum(f.verified) AS x, sum(coalesce(f.committed, f.claimed)) AS y
FROM benefit b JOIN content c ON c.id = b.content_id
  CROSS JOIN LATERAL (SELECT {present("verified")} AS verified, {present("committed")} AS committed,
    {present("claimed")} AS claimed) f
WHERE {COUNTS} AND {_YEAR_ENDED} AND f.verified IS NOT NULL
GROUP BY c.id, b.unit HAVING sum(coalesce(f.committed, f.claimed)) > 0""",
    rows=Row.content,
    kinds=Kinds(CURRENCY),
    better="higher",
)

REALISATION_TOP_SHARE = Metric(
    id="realisation_top_share",
    version=1,
    topic=MetricTopic.ideas,
    name=Words("收益集中度（前十分之一）", "Verified benefits of the top tenth"),
    definition=Words(
        "头十二个月在期间内届满且已核实的收益中，金额最高的十分之一建议所占的份额。",
        "Of benefits that were verified and whose first twelve months ended in the period, the share that the tenth of "
        "ideas with the highest amounts has brought.",
    ),
    unit=MetricUnit.share,
    numerator=Words(
        "金额最高的十分之一建议（向上取整）的核实金额",
        "What was verified of the tenth of ideas, rounded up, that brought most",
    ),
    denominator=Words("全部建议的核实金额", "What was verified of all ideas"),
    period=_MATURED,
    edge_cases=(
        MONEY_ONLY,
        Words(
            "每条建议的多项收益相加；合计为负的按零计。",
            "Benefits of an idea are added; less than nothing counts as nothing.",
        ),
        Words(
            "金额本身不公布：建议不足五十条时，前十分之一可能只是一两个人的。",
            "The amounts themselves are not told: of fewer than fifty ideas the tenth may be one or two people's.",
        ),
        PRESENT,
        APART,
        WHOSE,
        BEHIND,
    ),
    source=_SOURCE,
    behind=Behind.authors,
    statistic=TopTenth(),
    units=f"""SELECT c.id AS unit, c.author_id AS person, c.department_id AS department, b.unit AS kind,
  sum(f.verified) AS x, 0 AS y
FROM benefit b JOIN content c ON c.id = b.content_id CROSS JOIN LATERAL (SELECT {present("verified")} AS verified) f
WHERE {COUNTS} AND {_YEAR_ENDED} AND f.verified IS NOT NULL
GROUP BY c.id, b.unit""",
    rows=Row.content,
    kinds=Kinds(CURRENCY, addable=False),
)

PROGRAMME_RETURN = Metric(
    id="programme_return",
    version=1,
    topic=MetricTopic.ideas,
    name=Words("建议投入产出比", "Return of verified ideas"),
    definition=Words(
        "头十二个月在期间内届满且已核实的收益：核实金额除以为其付出的金额（实现成本与从预算中使用的金额）。",
        "Of benefits that were verified and whose first twelve months ended in the period: what was verified, divided "
        "by what was spent for it, the costs to realise them and the money used from budgets.",
    ),
    unit=MetricUnit.ratio,
    numerator=Words("首年核实金额的合计", "The sum of the verified first-year figures"),
    denominator=Words(
        "这些收益的实现成本，加上为这些建议从预算中使用的金额",
        "The costs to realise these benefits, and the money used from budgets for their ideas",
    ),
    period=_MATURED,
    edge_cases=(
        MONEY_ONLY,
        Words(
            "未核实的收益及其成本不计，被放弃的建议的花费也不计：它说的是成功者的回报。",
            "Benefits that are not verified count neither with what they bring nor with what they cost, nor does what "
            "was spent on ideas that failed: it is the return of those that succeeded.",
        ),
        Words(
            "从预算使用的金额只计一次，计入该建议最早开始的已核实收益所在的期间；工时、设备等非金额资源不计。",
            "Money used from budgets counts once, with the verified benefit of the idea that began first; hours, "
            "equipment and whatever else is no money do not count.",
        ),
        Words("没有花费时没有数值。", "There is no value where nothing was spent."),
        PRESENT,
        APART,
        WHOSE,
        BEHIND,
    ),
    source=Words("收益及其核实数字、资源使用记录", "Benefits with their verified figures, use of resources"),
    behind=Behind.authors,
    statistic=AmountRatio(),
    units=f"""WITH ended AS (
  SELECT b.id, b.content_id, b.starts_on, b.unit, b.cost, b.cost_currency, {present("verified")} AS verified
  FROM benefit b WHERE {COUNTS} AND {_YEAR_ENDED} AND b.is_verified
), amounts AS (
  SELECT content_id, unit AS currency, verified AS x, 0 AS y FROM ended
  UNION ALL SELECT content_id, cost_currency, 0, cost FROM ended WHERE cost > 0
  UNION ALL SELECT e.content_id, r.unit, 0, g.used
  FROM ended e JOIN resource_request r ON r.content_id = e.content_id AND r.kind = 'money'
    JOIN resource_grant g ON g.request_id = r.id AND g.used > 0
  WHERE NOT EXISTS (SELECT FROM benefit b WHERE b.content_id = e.content_id AND b.is_verified AND {COUNTS}
    AND (b.starts_on, b.id) < (e.starts_on, e.id))
)
SELECT c.id AS unit, c.author_id AS person, c.department_id AS department, a.currency AS kind,
  sum(a.x) AS x, sum(a.y) AS y
FROM amounts a JOIN content c ON c.id = a.content_id
GROUP BY c.id, a.currency""",
    rows=Row.content,
    kinds=Kinds(CURRENCY, addable=False),
    better="higher",
)

REALISING = (REALISATION_MEDIAN, REALISATION_TOP_SHARE, PROGRAMME_RETURN)
