"""What a dashboard is: its names, what it takes, and the function that makes it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal
from uuid import UUID

from kshare.core.access import Permission
from kshare.core.principal import Principal
from kshare.edge.kernel import Kernel
from kshare.metrics.contracts import Words
from kshare.metrics.periods import Grain, Period

Parameter = Literal["from", "to", "by", "department", "category"]

PERIODS: Mapping[Parameter, bool] = MappingProxyType({"from": False, "to": False, "by": False})
"""What a dashboard along periods takes, and whether it has to be given."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Of what a dashboard is to be; checked. Those that are not along periods have none."""

    periods: Sequence[Period] = ()
    department: Mapping[str, Any] | None = None
    """As `FigureDepartment` shows it."""
    category: Mapping[str, Any] | None = None
    """As `DashboardCategory` shows it."""

    @property
    def grain(self) -> Grain | None:
        """How long the periods are."""
        return self.periods[0].grain if self.periods else None

    @property
    def department_id(self) -> UUID | None:
        """The id of the department, if it is of one."""
        return None if self.department is None else UUID(self.department["id"])


@dataclass(frozen=True, slots=True)
class Made:
    """What is on a dashboard: headlines and charts as their shapes show them."""

    as_of: datetime | None
    headlines: Sequence[dict[str, Any]]
    charts: Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Dashboard:
    """A dashboard. `takes` says of each parameter that it takes whether it has to be given; `permissions` is what has
    to be held beside `metrics_read`."""

    id: str
    name: Words
    description: Words
    takes: Mapping[Parameter, bool]
    make: Callable[[Kernel, Principal, Asked], Awaitable[Made]]
    permissions: Sequence[Permission] = field(default=())
