"""Dashboards through REST."""

from starlette.responses import Response

from kshare.core.access import Permission
from kshare.edge.csv import MEDIA_TYPE
from kshare.edge.door import Door
from kshare.edge.rest import Call
from kshare.metrics.charts import drawn
from kshare.metrics.charts.picture import picture
from kshare.metrics.dashboards.reads import chart_of, shown, summaries
from kshare.metrics.dashboards.shapes import (
    ChartFormat,
    ChartId,
    ChartQuery,
    Dashboard,
    DashboardFormat,
    DashboardId,
    DashboardPage,
    DashboardQuery,
)
from kshare.metrics.dashboards.table import table
from kshare.metrics.rest import answered

door = Door("Dashboards", "Figures ready to be drawn: each dashboard is one call.")
READ = Permission.metrics_read
_PICTURES = {ChartFormat.png: "image/png", ChartFormat.svg: "image/svg+xml"}


@door.operation("GET", "/dashboards", "listDashboards", "List the dashboards", READ, answer=DashboardPage)
async def list_dashboards(call: Call) -> Response:
    """All of them, each with the parameters that it takes. They are few, and come on one page."""
    return answered({"items": summaries()})


@door.operation(
    "GET", "/dashboards/{id}", "getDashboard", "Get a dashboard", READ, path_types={"id": DashboardId},
    query=DashboardQuery, answer=Dashboard, also=(MEDIA_TYPE,),
)  # fmt: skip
async def get_dashboard(call: Call) -> Response:
    """Its headlines and charts, all of one shape: labels, and series with a point for each label. What a dashboard does
    not take as a parameter is refused. Where fewer than five people stand behind a value, or it would tell of fewer
    than five together with others, it is null and `reason` says so.

    With `format=csv` the same is a table: a row for each headline and each point. Texts that a spreadsheet would
    compute begin with an apostrophe."""
    query = call.query(DashboardQuery)
    dashboard = await shown(call.kernel, call.principal, call.path("id", DashboardId), query)
    if query.format is DashboardFormat.json:
        return answered(dashboard)
    headers = {"Content-Disposition": f'attachment; filename="{dashboard["id"]}.csv"'}
    return Response(table(dashboard), 200, headers, MEDIA_TYPE)


@door.operation(
    "GET", "/dashboards/{id}/charts/{chart}", "drawChart", "Draw a chart of a dashboard", READ,
    path_types={"id": DashboardId, "chart": ChartId}, query=ChartQuery, media_type=_PICTURES[ChartFormat.png],
    also=(_PICTURES[ChartFormat.svg],), problems=("charts_not_installed",),
)  # fmt: skip
async def draw_chart(call: Call) -> Response:
    """As a picture for mails and slides: 16 to 9, with Chinese or English names. Bands are 95 % intervals, gaps are
    values that are not told, and what is dashed or pale is of a period that is not over. The same figures are the same
    bytes.

    The server needs the extra `kshare[charts]` for it; otherwise the answer is `charts_not_installed`."""
    query = call.query(ChartQuery)
    dashboard = await shown(call.kernel, call.principal, call.path("id", DashboardId), query)
    chart = chart_of(dashboard, call.path("chart", ChartId))
    body = await drawn(picture(dashboard, chart, query.language, query.format))
    return Response(body, 200, None, _PICTURES[query.format])
