"""The overview: how sharing and ideas go in the whole company, and what other systems measure beside it."""

from asyncio import gather

from kshare.core.principal import Principal
from kshare.edge.kernel import Kernel
from kshare.metrics.contracts import Words
from kshare.metrics.dashboards.contracts import PERIODS, Asked, Dashboard, Made
from kshare.metrics.dashboards.flow import flow_chart
from kshare.metrics.dashboards.outcomes import outcome_charts
from kshare.metrics.dashboards.shapes import ChartKind
from kshare.metrics.dashboards.trends import Line, Trend, trends
from kshare.metrics.periods import Grain

LEADERS = Trend(
    "leaders",
    Words("领导示范", "Leading by example"),
    ChartKind.line,
    [
        Line("active_sharers", "senior_leader"),
        Line("active_sharers", "leader"),
        Line("active_sharers", "staff"),
        Line("active_sharers", name=Words("全体", "Everybody")),
    ],
    Words(
        "活跃分享者占各层级应参与人数的比例。", "The share of active sharers among the eligible people of each level."
    ),
)

HEADLINES = [
    Line("active_sharers"),
    Line("new_items"),
    Line("item_views"),
    Line("item_thanks"),
    Line("searches_without_hit"),
    Line("idea_participation"),
    Line("ideas_per_person"),
    Line("adoption_of_decided"),
    Line("time_to_decision_median"),
    Line("crowd_heard"),
    Line("benefit_verified_per_head", None),
]

TRENDS = [
    Trend("sharing", Words("活跃分享者", "Active sharers"), ChartKind.line, [Line("active_sharers")]),
    LEADERS,
    Trend("new_items", Words("人均新增知识", "New items"), ChartKind.stacked_bar, [Line("new_items", None)]),
    Trend(
        "reuse",
        Words("知识复用", "Reuse"),
        ChartKind.line,
        [Line("item_views"), Line("item_thanks"), Line("item_links")],
    ),
    Trend("searching", Words("搜索未命中", "Searches without a hit"), ChartKind.line, [Line("searches_without_hit")]),
    Trend("concentration", Words("贡献集中度", "Concentration"), ChartKind.line, [Line("contribution_gini")]),
    Trend("reviewing", Words("评审用时", "Time of reviews"), ChartKind.line, [Line("review_time")]),
    Trend("participation", Words("建议参与", "Participation"), ChartKind.line, [Line("idea_participation")]),
    Trend("ideas", Words("人均建议", "Ideas for each person"), ChartKind.bar, [Line("ideas_per_person")]),
    Trend(
        "adoption",
        Words("采纳率", "Adoption"),
        ChartKind.line,
        [Line("adoption_of_decided"), Line("adoption_of_submitted")],
    ),
    Trend(
        "implementation",
        Words("落地率", "Implementation"),
        ChartKind.line,
        [Line("implemented_within_6_months"), Line("implemented_within_12_months")],
    ),
    Trend(
        "deciding",
        Words("决策用时", "Time to decision"),
        ChartKind.line,
        [Line("time_to_decision_median"), Line("time_to_decision_p90"), Line("time_waiting_for_author")],
    ),
    Trend(
        "benefits",
        Words("人均首年净收益", "Net benefit of the first year for each person"),
        ChartKind.bar,
        [
            Line("benefit_claimed_per_head", None),
            Line("benefit_committed_per_head", None),
            Line("benefit_verified_per_head", None),
        ],
    ),
]


async def _make(kernel: Kernel, principal: Principal, asked: Asked) -> Made:
    made = trends(asked, kernel)
    stored, flow, outcomes = await gather(
        made.load(kernel, TRENDS, HEADLINES),
        flow_chart(kernel, made.last_over(Grain.quarter)),
        outcome_charts(kernel, principal, asked),
    )
    charts = [*(made.chart(trend) for trend in TRENDS), flow, *outcomes]
    return Made(stored.refreshed_at, list(made.headlines(HEADLINES)), charts)


OVERVIEW = Dashboard(
    "overview",
    Words("总览", "Overview"),
    Words(
        "全公司的分享与建议：主要数字与上一期对比、走势、领导示范、知识流向，以及外部系统的业务指标。",
        "Sharing and ideas of the whole company: the main figures beside those of the period before, how they went, "
        "how leaders take part, where knowledge flows, and business figures of other systems beside them.",
    ),
    PERIODS,
    _make,
)
