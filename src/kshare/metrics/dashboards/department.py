"""A department: the figures of the overview for it with all below it, beside those of the company."""

from asyncio import gather
from collections.abc import Mapping
from types import MappingProxyType

from kshare.core.principal import Principal
from kshare.edge.kernel import Kernel
from kshare.metrics.contracts import Words
from kshare.metrics.dashboards.contracts import PERIODS, Asked, Dashboard, Made, Parameter
from kshare.metrics.dashboards.outcomes import outcome_charts
from kshare.metrics.dashboards.shapes import ChartKind
from kshare.metrics.dashboards.trends import Line, Trend, trends
from kshare.metrics.definitions import METRICS

COMPANY = Words("公司", "Company")

BESIDE = (
    "active_sharers",
    "new_items",
    "item_views",
    "item_thanks",
    "item_links",
    "contribution_gini",
    "review_time",
    "idea_participation",
    "ideas_per_person",
    "adoption_of_decided",
    "adoption_of_submitted",
    "implemented_within_6_months",
    "implemented_within_12_months",
    "time_to_decision_median",
    "time_to_decision_p90",
)
"""Metrics that have a chart each, of the department and the company."""

HEADLINES = [
    Line("active_sharers"),
    Line("active_sharers", name=Words("活跃分享者比例（公司）", "Active sharers, company"), company=True),
    Line("new_items"),
    Line("item_views"),
    Line("item_thanks"),
    Line("idea_participation"),
    Line("idea_participation", name=Words("建议参与率（公司）", "Participation in ideas, company"), company=True),
    Line("ideas_per_person"),
    Line("adoption_of_decided"),
    Line("time_to_decision_median"),
    Line("benefit_verified_per_head", None),
]

TAKES: Mapping[Parameter, bool] = MappingProxyType({**PERIODS, "department": True})


def _beside(metric: str, own: Words) -> Trend:
    lines = [Line(metric, name=own), Line(metric, name=COMPANY, company=True)]
    return Trend(metric, METRICS[metric].name, ChartKind.line, lines)


async def _make(kernel: Kernel, principal: Principal, asked: Asked) -> Made:
    assert asked.department is not None
    own = Words(asked.department["name"], asked.department["name_en"] or asked.department["name"])
    charts = [
        *(_beside(metric, own) for metric in BESIDE),
        Trend("new_items_by_kind", Words("新增知识类型", "New items by kind"), ChartKind.stacked_bar, [KINDS]),
        Trend("benefits", METRICS[BENEFIT].name, ChartKind.bar, [Line(BENEFIT, None)]),
    ]
    made = trends(asked, kernel)
    stored, outcomes = await gather(made.load(kernel, charts, HEADLINES), outcome_charts(kernel, principal, asked))
    return Made(
        stored.refreshed_at, list(made.headlines(HEADLINES)), [*(made.chart(trend) for trend in charts), *outcomes]
    )


KINDS, BENEFIT = Line("new_items", None), "benefit_verified_per_head"

DEPARTMENT = Dashboard(
    "department",
    Words("部门", "Department"),
    Words(
        "一个部门（含下级）的分享与建议，与全公司并列；依作者统计的指标按季度给出。",
        "Sharing and ideas of a department with all below it, beside those of the company. What authors stand behind "
        "is told by quarters.",
    ),
    TAKES,
    _make,
)
