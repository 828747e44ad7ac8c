"""Every dashboard there is, by its id."""

from collections.abc import Mapping
from types import MappingProxyType

from kshare.metrics.dashboards.category import CATEGORY
from kshare.metrics.dashboards.contracts import Dashboard
from kshare.metrics.dashboards.contributors import SPREAD_OF_CONTRIBUTORS
from kshare.metrics.dashboards.department import DEPARTMENT
from kshare.metrics.dashboards.hot_topics import HOT_TOPICS
from kshare.metrics.dashboards.idea_funnel import IDEA_FUNNEL
from kshare.metrics.dashboards.overdue import OVERDUE
from kshare.metrics.dashboards.overview import OVERVIEW

_ALL = (OVERVIEW, HOT_TOPICS, SPREAD_OF_CONTRIBUTORS, DEPARTMENT, CATEGORY, IDEA_FUNNEL, OVERDUE)
DASHBOARDS: Mapping[str, Dashboard] = MappingProxyType({dashboard.id: dashboard for dashboard in _ALL})
