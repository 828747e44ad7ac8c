"""People as readers see them."""

from datetime import datetime
from uuid import UUID

from kshare.core.reading import Entity


class DepartmentSummary(Entity):
    """A department, as shown beside other things."""

    name: str
    """Its name."""
    name_en: str | None
    """Its English name."""


class Department(DepartmentSummary):
    """A department in the tree."""

    parent: DepartmentSummary | None
    """The department above it; null at the root."""
    path: list[UUID]
    """Ids from the root down to this one."""
    external_id: str | None
    """Its id in the system it came from."""
    version: int
    """Grows with every change."""
    created_at: datetime
    """When it was created."""
    updated_at: datetime
    """When it last changed."""
    permissions: list[str]
    """What you may do with it."""


class PersonSummary(Entity):
    """A person or service account, as shown beside other things."""

    name: str
    """The name."""
    title: str | None
    """The job title."""


class Person(PersonSummary):
    """A person or service account."""

    kind: str
    """`person`, `service` or `system`."""
    email: str | None
    """The work address."""
    language: str
    """Preferred language, `zh` or `en`."""
    department: DepartmentSummary | None
    """Where the person works at present."""
    manager: PersonSummary | None
    """The direct superior."""
    active: bool
    """False for those who have left."""
    external_id: str | None
    """The id in the HR system."""
    version: int
    """Grows with every change."""
    created_at: datetime
    """When the record was created."""
    updated_at: datetime
    """When it last changed."""
    permissions: list[str]
    """What you may do with it."""
