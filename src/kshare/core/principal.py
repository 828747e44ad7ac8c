"""Who asks: a person, a service, the system itself, or nobody; with everything a rule may need to know of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal
from uuid import UUID

from kshare.core.access import SCOPABLE, Permission
from kshare.core.sealing import derived

EVERYONE = UUID("00000000-0000-7000-8000-000000000001")
"""The subject that every signed-in person and service has."""

SYSTEM_ID = UUID("00000000-0000-7000-8000-000000000002")
"""The actor of what kshare does by itself (imports, reactors)."""

ANONYMOUS_ID = UUID("00000000-0000-7000-8000-000000000003")
"""The author shown for whatever was written without showing its author; nobody can sign in as it."""

NO_SCOPE: Mapping[Permission, tuple[UUID, ...]] = {}


@dataclass(frozen=True)
class Principal:
    """One caller, as of its sign-in; kept in memory only until something about it changes (people/signin.py).

    `subjects`: itself, its departments up to the root, its groups, `EVERYONE` and its pseudonym. `departments` and
    `categories` hold, for each scoped permission, every department (category) it holds in, subtrees expanded.
    `pseudonym` is what owns its anonymous content instead of its id (docs/adr/0007-anonymity.md).
    """

    id: UUID
    kind: Literal["person", "service", "system", "nobody"]
    name: str
    subjects: tuple[UUID, ...]
    clearance: int
    permissions: frozenset[Permission]
    departments: Mapping[Permission, tuple[UUID, ...]] = field(default_factory=lambda: NO_SCOPE)
    categories: Mapping[Permission, tuple[UUID, ...]] = field(default_factory=lambda: NO_SCOPE)
    department_id: UUID | None = None
    key_id: UUID | None = None
    pseudonym: UUID | None = None
    by_other: bool = False
    """It came with a key that somebody else made for it, and so without its pseudonym."""
    seed: bytes | None = field(default=None, repr=False)
    """What their pseudonym is derived from, with a key that is outside the database."""

    def alias(self, *purpose: str) -> UUID:
        """An id under which rows can be found again that must not tell whose they are; without keys their own."""
        return self.id if self.seed is None else derived(self.seed, *purpose)

    @cached_property
    def selves(self) -> tuple[UUID, ...]:
        """The ids it owns things by: its own, and its pseudonym."""
        return (self.id,) if self.pseudonym is None else (self.id, self.pseudonym)

    def may(self, permission: Permission) -> bool:
        """Whether it holds the permission anywhere; where exactly is for the row's own rule to say."""
        return permission in self.permissions or bool(
            self.departments.get(permission) or self.categories.get(permission)
        )

    @cached_property
    def binds(self) -> dict[str, Any]:
        """The values every statement may refer to as the viewer (core/reading.py, `Viewer`)."""
        values: dict[str, Any] = {
            "viewer_id": self.id,
            "viewer_selves": self.selves,
            "viewer_subjects": self.subjects,
            "viewer_clearance": self.clearance,
            "viewer_key_id": self.key_id,
            "viewer_permissions": [permission.value for permission in Permission if permission in self.permissions],
        }
        for permission in SCOPABLE:
            values[f"viewer_departments_{permission}"] = self.departments.get(permission, ())
            values[f"viewer_categories_{permission}"] = self.categories.get(permission, ())
        return values

    @property
    def label(self) -> str:
        """For log lines: kind and id, no name."""
        return f"{self.kind}:{self.id}"


SYSTEM = Principal(SYSTEM_ID, "system", "kshare", (EVERYONE,), 3, frozenset(Permission))
