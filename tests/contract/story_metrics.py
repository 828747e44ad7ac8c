"""Figures in the day at a small company: what they say, and what stands behind them."""

from typing import Any

from tests.conftest import Company
from tests.metrics.helpers import rolled_up

Do = Any
SEASON = {"from": "2026-01-01", "to": "2026-03-31"}


def tell(do: Do, company: Company) -> None:
    """Every operation of metrics once, on months that are over, so that they come to the same each time."""
    reader, manager = company.employee, company.manager
    item = company.colleague.item(title="零点漂移的三步排查")
    company.server.sql("UPDATE content SET published_at = '2026-03-10 02:00:00+00' WHERE id = $1", item["id"])
    company.server.sql(
        """INSERT INTO contribution (id, person_id, department_id, rule, rule_version, occurred_on, month, weight,
          object_kind, recorded_at)
        SELECT uuidv7(), id, department_id, 'item_published', 1, '2026-03-10', '2026-03-01', 3, 'knowledge_item', now()
        FROM person WHERE id = ANY($1)""",
        [actor.id for actor in (company.employee, company.colleague, company.reviewer)],
    )
    company.server.sql("INSERT INTO metric_stale (quarter, since) VALUES ('2026-01-01', now()) ON CONFLICT DO NOTHING")
    rolled_up(company.server)
    do("listMetrics", reader)
    do("getMetric", reader, "active_sharers")
    do("getMetricValues", reader, "active_sharers", **SEASON)
    do("listMetricRows", manager, "new_items", period="2026-03")
    do("getKnowledgeFlow", reader, **SEASON)
    do("listDashboards", reader)
    do("getDashboard", reader, "overview", **SEASON)
    do("drawChart", reader, "overview", "sharing", **SEASON)
