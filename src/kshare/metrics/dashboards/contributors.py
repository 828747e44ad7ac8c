"""Contributors: how contributions are spread over people. Names are for those who read accounts, and one's own."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from kshare.core.access import Permission
from kshare.core.principal import Principal
from kshare.edge.kernel import Kernel
from kshare.metrics.contracts import Words
from kshare.metrics.dashboards.contracts import PERIODS, Asked, Dashboard, Made
from kshare.metrics.dashboards.parts import COUNT, chart, counted, missing, point, series
from kshare.metrics.dashboards.shapes import ChartKind
from kshare.metrics.dashboards.trends import Line, Trend, Trends, trends
from kshare.metrics.definitions.contributors import BANDS, CONTRIBUTORS
from kshare.metrics.periods import Period
from kshare.metrics.reads import today

MOST = 20
"""People who are named."""

POINTS = "points"
"""The unit of what contributions weigh."""

WEIGHT, PLACE = Words("净贡献权重", "Net weight"), Words("名次", "Place")
HEADLINES = [Line("active_sharers"), Line("new_contributors"), Line("contribution_gini")]
TRENDS = [
    Trend("spread", CONTRIBUTORS.name, ChartKind.stacked_bar, [Line("contributors", None)]),
    Trend("newcomers", Words("首次贡献者", "New contributors"), ChartKind.line, [Line("new_contributors")]),
    Trend("concentration", Words("贡献集中度", "Concentration"), ChartKind.line, [Line("contribution_gini")]),
]

_NAMED = """SELECT p.name, k.weight, k.place FROM contributor_place k JOIN person p ON p.id = k.person_id
WHERE k.grain = $1 AND k.start = $2 ORDER BY k.place, k.person_id LIMIT $3"""
_NAMED_WITHIN = """SELECT p.name, k.weight, k.place FROM unnest($4::uuid[]) AS d(id) CROSS JOIN LATERAL (
  SELECT * FROM contributor_place WHERE department_id = d.id AND grain = $1 AND start = $2
  ORDER BY place, person_id LIMIT $3
) AS k JOIN person p ON p.id = k.person_id ORDER BY k.place, k.person_id LIMIT $3"""
_OWN = (
    "SELECT start, weight, place FROM contributor_place WHERE person_id = $1 AND grain = $2 AND start BETWEEN $3 AND $4"
)


async def _make(kernel: Kernel, principal: Principal, asked: Asked) -> Made:
    assert asked.grain is not None
    made = trends(asked, kernel)
    stored = await made.load(kernel, TRENDS, HEADLINES, parts=True)
    period = made.last_over(asked.grain)
    charts = [_bands(made, period), *(made.chart(trend) for trend in TRENDS)]
    if (named := await _named(kernel, principal, period)) is not None:
        charts.append(named)
    charts.append(await _own(kernel, principal.id, asked.periods))
    return Made(stored.refreshed_at, list(made.headlines(HEADLINES)), charts)


def _bands(made: Trends, period: Period) -> dict[str, Any]:
    """How many people are in each band."""
    points = made.numerators(Line(CONTRIBUTORS.id, None), period)
    name = Words(f"各区间人数（{period.label}）", f"People by band, {period.label}")
    people = Words("人数", "People")
    return chart("bands", name, ChartKind.bar, list(BANDS.values.values()), [series("people", people, COUNT, points)])


async def _named(kernel: Kernel, principal: Principal, period: Period) -> dict[str, Any] | None:
    """Those with the most, for who may read their accounts: of all, or of some departments."""
    permission = Permission.contributions_read
    values: tuple[Any, ...] = (period.grain.value, period.start, MOST)
    if permission in principal.permissions:
        rows = await kernel.database.fetch(_NAMED, values)
    elif departments := principal.departments.get(permission):
        rows = await kernel.database.fetch(_NAMED_WITHIN, (*values, departments))
    else:
        return None
    return chart(
        "people",
        Words(f"贡献者（{period.label}）", f"People, {period.label}"),
        ChartKind.table,
        [Words(row["name"], row["name"]) for row in rows],
        [
            series("weight", WEIGHT, POINTS, [point(float(row["weight"])) for row in rows]),
            series("place", PLACE, COUNT, counted([row["place"] for row in rows])),
        ],
        Words("名次为全公司名次，并列同名次。", "The place is that in the whole company; equals share one."),
    )


async def _own(kernel: Kernel, person: UUID, periods: Sequence[Period]) -> dict[str, Any]:
    """What the viewer's own account comes to, and their place by that."""
    values = (person, periods[0].grain.value, periods[0].start, periods[-1].start)
    rows = {row["start"]: row for row in await kernel.database.fetch(_OWN, values)}
    day = today(kernel)

    def points(column: str) -> list[dict[str, Any]]:
        return [
            point(
                float(rows[period.start][column]) if period.start in rows else None,
                reason=None if period.start in rows else missing(period, day),
                provisional=period.start <= day < period.end,
            )
            for period in periods
        ]

    own = [series("weight", WEIGHT, POINTS, points("weight")), series("place", PLACE, COUNT, points("place"))]
    return chart("own", Words("本人", "Yourself"), ChartKind.table, periods, own)


SPREAD_OF_CONTRIBUTORS = Dashboard(
    "contributors",
    Words("贡献者", "Contributors"),
    Words(
        "贡献在人员中的分布：各区间人数、首次贡献者与集中度，以及本人的位置；姓名仅对有权查看贡献账户的人显示。",
        "How contributions are spread over people: by bands, newcomers, concentration, and your own place. Names are "
        "shown to those who may read the accounts.",
    ),
    PERIODS,
    _make,
)
