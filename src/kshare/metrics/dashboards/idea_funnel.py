"""The funnel of ideas: of those submitted in the periods, how many have come how far by now."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from kshare.core.principal import Principal
from kshare.edge.kernel import Kernel
from kshare.metrics.contracts import Words
from kshare.metrics.dashboards.contracts import PERIODS, Asked, Dashboard, Made, Parameter
from kshare.metrics.dashboards.parts import COUNT, chart, point, series
from kshare.metrics.dashboards.shapes import ChartKind
from kshare.metrics.dashboards.trends import Line, Trend, Trends, trends
from kshare.metrics.figures.intervals import wilson
from kshare.metrics.shapes import Untold

SUBMITTED = Words("已提交", "Submitted")
STEPS: Mapping[str, Words] = MappingProxyType(
    {
        "ideas_decided": Words("已决定", "Decided"),
        "adoption_of_submitted": Words("已通过", "Approved"),
        "ideas_in_pilot": Words("试点及以后", "In pilot or further"),
        "ideas_implemented": Words("已实施", "Implemented"),
        "ideas_verified": Words("已核实", "Verified"),
    }
)
"""The steps after submission, by the metrics that tell what share has come so far."""

LINES = [Line(metric, name=name) for metric, name in STEPS.items()]
HEADLINES = [Line(metric) for metric in ("ideas_decided", "adoption_of_submitted", "ideas_implemented")]
SHARES = Trend("shares", Words("各步占已提交的比例", "Share of submitted ideas"), ChartKind.line, LINES)
TAKES: Mapping[Parameter, bool] = MappingProxyType({**PERIODS, "department": False})


async def _make(kernel: Kernel, principal: Principal, asked: Asked) -> Made:
    made = trends(asked, kernel)
    stored = await made.load(kernel, [SHARES], HEADLINES, parts=True)
    return Made(stored.refreshed_at, list(made.headlines(HEADLINES)), [_funnel(made), made.chart(SHARES)])


def _funnel(made: Trends) -> dict[str, Any]:
    """All periods together, as far as there is something told of them."""
    sums = {line.metric: list(made.sums(line)) for line in LINES}
    told = set.intersection(*({period for period, _, _ in found} for found in sums.values()))
    reached = {metric: _summed(found, told) for metric, found in sums.items()}
    submitted = next(iter(reached.values()))[1]
    steps = [(submitted, submitted), *reached.values()]
    return chart(
        "funnel",
        Words("建议漏斗", "Funnel of ideas"),
        ChartKind.funnel,
        [SUBMITTED, *STEPS.values()],
        [
            series("ideas", Words("建议数", "Ideas"), COUNT, [_count(x, bool(told)) for x, _ in steps]),
            series("share", Words("占已提交", "Of submitted"), "share", [_share(x, y) for x, y in steps]),
        ],
        Words(
            f"期间内提交的建议到今天为止走到哪一步；合计 {len(told)} 个有数值的期间，人数过少的期间不计入。",
            f"How far the ideas submitted in the periods have come by now: {len(told)} periods together, without those "
            "behind which too few people stand.",
        ),
    )


def _summed(found: Any, told: set[str]) -> tuple[Decimal, Decimal]:
    kept = [(x, y) for period, x, y in found if period in told]
    return sum((x for x, _ in kept), Decimal(0)), sum((y for _, y in kept), Decimal(0))


def _count(value: Decimal, known: bool) -> dict[str, Any]:
    return point(float(value)) if known else point(None, reason=Untold.nothing)


def _share(x: Decimal, y: Decimal) -> dict[str, Any]:
    if y == 0:
        return point(None, reason=Untold.nothing)
    return point(float(x / y), *wilson(int(x), int(y)))


IDEA_FUNNEL = Dashboard(
    "idea_funnel",
    Words("建议漏斗", "Funnel of ideas"),
    Words(
        "期间内提交的建议中，已决定、已通过、到试点、已实施、已核实的数量与比例。",
        "Of the ideas submitted in the periods: how many are decided, approved, in pilot, implemented or verified now.",
    ),
    TAKES,
    _make,
)
