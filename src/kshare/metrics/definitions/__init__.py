"""Every metric there is, by its id."""

from collections.abc import Mapping
from types import MappingProxyType

from kshare.metrics.contracts import Metric
from kshare.metrics.definitions.adopting import ADOPTING
from kshare.metrics.definitions.bringing import BRINGING
from kshare.metrics.definitions.contributors import SPREAD
from kshare.metrics.definitions.deciding import DECIDING
from kshare.metrics.definitions.ideas import IDEAS
from kshare.metrics.definitions.progress import PROGRESS
from kshare.metrics.definitions.realising import REALISING
from kshare.metrics.definitions.reuse import REUSE
from kshare.metrics.definitions.reviewing import REVIEWING
from kshare.metrics.definitions.searching import SEARCHING
from kshare.metrics.definitions.sharing import SHARING

_ALL = (
    *SHARING,
    *SPREAD,
    *REUSE,
    *REVIEWING,
    *SEARCHING,
    *IDEAS,
    *ADOPTING,
    *PROGRESS,
    *DECIDING,
    *BRINGING,
    *REALISING,
)
METRICS: Mapping[str, Metric] = MappingProxyType({metric.id: metric for metric in _ALL})
