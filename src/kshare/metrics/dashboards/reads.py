"""Reading dashboards: which there are, what is asked for, and whether the caller may."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from kshare.core.errors import invalid, not_found
from kshare.core.principal import Principal
from kshare.core.writing import require
from kshare.edge.kernel import Kernel
from kshare.metrics.contracts import Words
from kshare.metrics.dashboards.contracts import Asked, Dashboard, Parameter
from kshare.metrics.dashboards.every import DASHBOARDS
from kshare.metrics.dashboards.shapes import DashboardAsk
from kshare.metrics.periods import Grain, Period
from kshare.metrics.reads import checked_department, checked_periods

_CATEGORY = "SELECT id, name, name_en FROM category WHERE id = $1"


def dashboard_of(id: str) -> Dashboard:
    """The dashboard; 404 if there is none of that name."""
    if id not in DASHBOARDS:
        raise not_found("dashboard")
    return DASHBOARDS[id]


async def shown(kernel: Kernel, principal: Principal, id: str, ask: DashboardAsk) -> dict[str, Any]:
    """A dashboard as `Dashboard` shows it.

    Raises 404 for one that there is not; 422 for parameters that it does not take, or that are missing or wrong; 403
    for a department that the caller may not see.
    """
    dashboard = dashboard_of(id)
    for permission in dashboard.permissions:
        require(principal, permission)
    asked = await _checked(kernel, principal, dashboard, ask)
    made = await dashboard.make(kernel, principal, asked)
    return {
        "id": dashboard.id,
        "name": dashboard.name.zh,
        "name_en": dashboard.name.en,
        "as_of": made.as_of,
        "by": None if asked.grain is None else asked.grain.value,
        "department": asked.department,
        "category": asked.category,
        "headlines": list(made.headlines),
        "charts": list(made.charts),
    }


def chart_of(dashboard: Mapping[str, Any], id: str) -> Mapping[str, Any]:
    """A chart of a dashboard; 404 if it has none of that name."""
    for chart in dashboard["charts"]:
        if chart["id"] == id:
            return chart  # type: ignore[no-any-return]
    raise not_found("chart")


async def _checked(kernel: Kernel, principal: Principal, dashboard: Dashboard, ask: DashboardAsk) -> Asked:
    given: dict[Parameter, Any] = {
        "from": ask.from_,
        "to": ask.to,
        "by": ask.by,
        "department": ask.department,
        "category": ask.category,
    }
    for name, value in given.items():
        if value is not None and name not in dashboard.takes:
            raise invalid(f"?{name}", "unknown_parameter", f"the dashboard {dashboard.id} does not take {name}")
        if value is None and dashboard.takes.get(name):
            raise invalid(f"?{name}", "missing", f"the dashboard {dashboard.id} needs {name}")
    periods: Sequence[Period] = ()
    if "from" in dashboard.takes:
        periods = checked_periods(kernel, ask.by or Grain.month, ask.from_, ask.to)
    department = category = None
    if ask.department is not None:
        department = await checked_department(kernel, principal, ask.department, "?department")
    if ask.category is not None:
        category = await _checked_category(kernel, ask.category)
    return Asked(periods, department, category)


async def _checked_category(kernel: Kernel, id: UUID) -> Mapping[str, Any]:
    row = await kernel.database.fetch_row(_CATEGORY, (id,))
    if row is None:
        raise invalid("?category", "unknown_reference", "There is no such category.")
    return {**row, "id": str(row["id"])}


def summaries() -> list[dict[str, Any]]:
    """Every dashboard as `DashboardSummary`."""
    return [
        {
            "id": dashboard.id,
            **_both("name", dashboard.name),
            **_both("description", dashboard.description),
            "parameters": [{"name": name, "required": required} for name, required in dashboard.takes.items()],
        }
        for dashboard in DASHBOARDS.values()
    ]


def _both(name: str, words: Words) -> dict[str, str]:
    return {name: words.zh, f"{name}_en": words.en}
