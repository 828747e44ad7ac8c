"""What both doors need of the process they run in."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from kshare.core.database import Database
from kshare.core.journal import Watch
from kshare.core.notes import Notes
from kshare.core.principal import Principal
from kshare.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Kernel:
    """One process: its settings, its database, how to sign in, how to tell of a commit, how to hear of others', and
    what to write when there is time."""

    settings: Settings
    database: Database
    authenticate: Callable[[str | None], Awaitable[Principal]]
    principal_of: Callable[[UUID], Awaitable[Principal | None]]
    wake: Callable[[], None]
    changes: Watch
    notes: Notes
