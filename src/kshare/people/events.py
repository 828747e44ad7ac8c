"""What the journal records of people, departments, groups, roles and keys."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from kshare.core.journal import Happened


class PersonHappened(Happened):
    """Something that happened to a person."""

    about: ClassVar[str] = "person"
    person_id: UUID


class PersonJoined(PersonHappened):
    kind: str
    department_id: UUID | None


class PersonChanged(PersonHappened):
    fields: list[str]


class PersonMoved(PersonHappened):
    from_department_id: UUID | None
    to_department_id: UUID | None
    since: date


class PersonLeft(PersonHappened):
    pass


class PersonReturned(PersonHappened):
    pass


class ClearanceChanged(PersonHappened):
    clearance: str


class SignInLinked(PersonHappened):
    pass


class RoleAssigned(PersonHappened):
    role: str
    department_id: UUID | None
    category_id: UUID | None


class RoleRemoved(RoleAssigned):
    pass


class KeyHappened(Happened):
    """Something that happened to a key."""

    about: ClassVar[str] = "key"
    key_id: UUID
    person_id: UUID


class KeyCreated(KeyHappened):
    scopes: list[str]


class KeyRevoked(KeyHappened):
    pass


class DepartmentHappened(Happened):
    """Something that happened to a department."""

    about: ClassVar[str] = "department"
    department_id: UUID


class DepartmentCreated(DepartmentHappened):
    parent_id: UUID | None


class DepartmentChanged(DepartmentHappened):
    fields: list[str]


class DepartmentDeleted(DepartmentHappened):
    pass


class GroupHappened(Happened):
    """Something that happened to a group."""

    about: ClassVar[str] = "group"
    group_id: UUID


class GroupCreated(GroupHappened):
    pass


class GroupChanged(GroupHappened):
    fields: list[str]


class GroupDeleted(GroupHappened):
    pass


class GroupJoined(GroupHappened):
    person_id: UUID


class GroupLeft(GroupHappened):
    person_id: UUID
