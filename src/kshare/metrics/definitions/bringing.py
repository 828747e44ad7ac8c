"""Metrics of what ideas bring, in money (G5). Currencies are never added or converted."""

from kshare.metrics.contracts import Behind, Kinds, Metric, MetricTopic, MetricUnit, Row, Words
from kshare.metrics.definitions.ideas import WHOSE
from kshare.metrics.statistics import AmountPerHead

COUNTS = """b.type IN ('saving', 'avoided_cost', 'revenue')
  AND b.stage IN ('approved', 'in_pilot', 'implemented', 'verified')"""
"""Benefits `b` in money, of ideas under way."""

CURRENCY = Words("币种", "Currency")
_CURRENCIES = Kinds(CURRENCY, divides=False, addable=False)
MONEY_ONLY = Words(
    "只计以金额表示的收益（节约、避免的成本、收入），且建议处于已通过、试点、已实施或已核实阶段；撤回或合并的建议不计。",
    "Only benefits in money count (savings, avoided costs, revenue), of ideas that are approved, in pilot, implemented "
    "or verified; not those of ideas that were withdrawn or merged.",
)
PRESENT = Words(
    "更正过的数字以最新的为准，并更正原来的期间。", "Of corrected figures the newest counts, in the period of old."
)
APART = Words(
    "各币种分开计算，不相加、不折算；有多个币种时，不带币种的数值为空（several_currencies）。",
    "Currencies are neither added nor converted; where there are several there is no value without a currency "
    "(`several_currencies`).",
)


def present(level: str) -> str:
    return f"""(SELECT e.first_year FROM benefit_entry e WHERE e.benefit_id = b.id AND e.level = '{level}'
    ORDER BY e.number DESC LIMIT 1)"""


def _benefit_per_head(level: str, zh: str, who: Words, within: str | None = None) -> Metric:
    return Metric(
        id=f"benefit_{level}_per_head",
        version=1,
        topic=MetricTopic.ideas,
        name=Words(f"人均首年净收益（{zh}）", f"First-year net benefit for each person ({level})"),
        definition=Words(
            f"期间内开始的收益，其首年{zh}金额减去实现成本，除以应参与人数。{who.zh}",
            f"What the benefits that begin in the period bring in their first year, as {level}, less the cost to "
            f"realise them, for each eligible person. {who.en}",
        ),
        unit=MetricUnit.money_per_person,
        numerator=Words(
            f"首年{zh}金额减去实现成本的合计",
            f"The sum of the first-year figures, as {level}, less the costs to realise them",
        ),
        denominator=Words("应参与人数", "Eligible people"),
        period=Words(
            "自然月或自然季度；按收益的开始日（starts_on）归期，到今天为止。",
            "Calendar months or quarters, by the day on which the benefit begins (`starts_on`), until today.",
        ),
        edge_cases=(
            MONEY_ONLY,
            Words(
                f"没有{zh}数字的收益不计，其成本也不计；三级数字互不替代。",
                f"A benefit that is not {level} does not count, nor does its cost; no level stands in for another.",
            ),
            PRESENT,
            APART,
            Words(
                "成本与收益币种不同时，成本从其自身币种中扣除。",
                "A cost in another currency than the benefit is taken off the amounts in its own.",
            ),
            Words("一次性收益按全额计入首年。", "A one-off benefit is wholly one of its first year."),
            WHOSE,
        ),
        source=Words("收益及其各级数字、部门成员关系", "Benefits and their figures, memberships"),
        behind=Behind.eligible,
        statistic=AmountPerHead(),
        units=f"""SELECT c.id AS unit, c.author_id AS person, c.department_id AS department, a.currency AS kind,
  sum(a.amount) AS x, 0 AS y
FROM benefit b JOIN content c ON c.id = b.content_id
  CROSS JOIN LATERAL (SELECT {present(level)} AS first_year) f
  CROSS JOIN LATERAL (VALUES (b.unit, f.first_year), (b.cost_currency, -nullif(b.cost, 0))) AS a(currency, amount)
WHERE {COUNTS} AND b.starts_on >= :since AND b.starts_on < :until
  AND f.first_year IS NOT NULL AND a.amount IS NOT NULL
GROUP BY c.id, a.currency""",
        rows=Row.content,
        kinds=_CURRENCIES,
        within=within,
        better="higher",
    )


BENEFIT_CLAIMED_PER_HEAD = _benefit_per_head(
    "claimed", "申报", Words("申报数由实施人提出。", "Those who carry the idea out expect it.")
)
BENEFIT_COMMITTED_PER_HEAD = _benefit_per_head(
    "committed",
    "承诺",
    Words("承诺数由建议管理者确认。", "Whoever manages the idea promises it."),
    within="benefit_claimed_per_head",
)
BENEFIT_VERIFIED_PER_HEAD = _benefit_per_head(
    "verified",
    "核实",
    Words("核实数由财务确认。", "Finance has found it in the books."),
    within="benefit_committed_per_head",
)

BRINGING = (
    BENEFIT_CLAIMED_PER_HEAD,
    BENEFIT_COMMITTED_PER_HEAD,
    BENEFIT_VERIFIED_PER_HEAD,
)
