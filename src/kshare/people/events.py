"""What the journal records of people, departments, groups, roles and keys."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from kshare.core.journal import Happened


class PersonHappened(Happened):
    """Something that happened to a person."""

    about: ClassVar[str] = "person"
    person_id: UUID
    """The person."""


class PersonJoined(PersonHappened):
    """A person, or a service account, was added."""

    kind: str
    """`person` or `service`."""
    department_id: UUID | None
    """The department the person starts in; null if none."""


class PersonChanged(PersonHappened):
    """The record of a person was changed; read it for the new values."""

    fields: list[str]
    """The names of the fields that changed."""


class PersonMoved(PersonHappened):
    """A person was moved to another department, from a day on that may lie behind or ahead."""

    from_department_id: UUID | None
    """The department before."""
    to_department_id: UUID | None
    """The department now; null if none."""
    since: date
    """The first day in it."""


class PersonLeft(PersonHappened):
    """A person left the company, or a service account was switched off: it can sign in no longer."""


class PersonReturned(PersonHappened):
    """Somebody who had left is active again."""


class ClearanceChanged(PersonHappened):
    """How secret a content a person may see was changed. Only that person is told."""

    clearance: str
    """The highest classification the person may see from now on."""


class SignInLinked(PersonHappened):
    """A person signed in through the identity provider for the first time, known by the verified e-mail address until
    then and by the subject of the tokens from then on. Only that person is told."""


class RoleHappened(PersonHappened):
    """Something that happened to a role of a person."""

    role: str
    """The role."""
    department_id: UUID | None
    """The department it holds in, with those below it; null if it is not bound to one."""
    category_id: UUID | None
    """The category it holds in, with those below it; null if it is not bound to one."""


class RoleAssigned(RoleHappened):
    """A person was given a role. Only that person is told."""


class RoleRemoved(RoleHappened):
    """A role was taken from a person. Only that person is told."""


class KeyHappened(Happened):
    """Something that happened to a key."""

    about: ClassVar[str] = "key"
    key_id: UUID
    """The key, by its id."""
    person_id: UUID
    """Whom it acts for."""


class KeyCreated(KeyHappened):
    """An API key was created. Only the person it acts for is told."""

    scopes: list[str]
    """The permissions it was limited to."""


class KeyRevoked(KeyHappened):
    """An API key was revoked, at once and for good. Only the person it acted for is told."""


class DepartmentHappened(Happened):
    """Something that happened to a department."""

    about: ClassVar[str] = "department"
    department_id: UUID
    """The department."""


class DepartmentCreated(DepartmentHappened):
    """A department was created."""

    parent_id: UUID | None
    """The department above it; null at the root."""


class DepartmentChanged(DepartmentHappened):
    """A department was renamed or moved, with everything below it; read it for the new values."""

    fields: list[str]
    """The names of the fields that changed."""


class DepartmentDeleted(DepartmentHappened):
    """A department that nothing referred to was deleted."""


class GroupHappened(Happened):
    """Something that happened to a group."""

    about: ClassVar[str] = "group"
    group_id: UUID
    """The group."""


class GroupCreated(GroupHappened):
    """A group was created."""


class GroupChanged(GroupHappened):
    """A group was renamed or described anew; read it for the new values."""

    fields: list[str]
    """The names of the fields that changed."""


class GroupDeleted(GroupHappened):
    """A group that no content was shared with was deleted."""


class GroupJoined(GroupHappened):
    """A person came into a group, and sees what is shared with it."""

    person_id: UUID
    """The person who came."""


class GroupLeft(GroupHappened):
    """A person is in a group no longer."""

    person_id: UUID
    """The person who went."""
