"""People, departments, groups, roles and keys as readers see them. What callers ask for is in asks.py, what the journal
records in events.py."""

from datetime import date, datetime
from uuid import UUID

from kshare.core.access import Classification, Permission, Role
from kshare.core.choices import Choice
from kshare.core.reading import Entity


class Language(Choice):
    """A language people write in."""

    zh = "zh", "Chinese."
    en = "en", "English."


class PersonKind(Choice):
    """A person, or a service account, which belongs to a program."""

    person = "person", "A human being."
    service = "service", "A service account: a program, with keys of its own and only the roles it was given."


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
    external_source: str | None
    """The system it came from."""
    external_id: str | None
    """Its id there."""
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
    language: Language
    """Preferred language."""
    department: DepartmentSummary | None
    """Where the person works, or worked before leaving."""
    manager: PersonSummary | None
    """The direct superior."""
    clearance: Classification | None
    """How secret a content the person may read; null unless it is you, or you manage people."""
    active: bool
    """False for those who have left."""
    external_source: str | None
    """The system the record came from."""
    external_id: str | None
    """Its id there."""
    version: int
    """Grows with every change."""
    created_at: datetime
    """When the record was created."""
    updated_at: datetime
    """When it last changed."""
    permissions: list[str]
    """What you may do with it."""


class Membership(Entity):
    """A time that a person belonged to a department."""

    department: DepartmentSummary
    """The department."""
    since: date
    """The first day."""
    until: date | None
    """The day after the last one; null for the present department."""


class Group(Entity):
    """A named set of people across departments, which content can be shared with."""

    name: str
    """Its name, which no other group has."""
    description: str | None
    """What it is for."""
    member_count: int
    """How many people are in it."""
    version: int
    """Grows with every change of its name or description."""
    created_at: datetime
    """When it was created."""
    updated_at: datetime
    """When it last changed."""
    permissions: list[str]
    """What you may do with it."""


class AssignedRole(Entity):
    """A role somebody has: company-wide, or within a department or a category and everything below it."""

    role: Role
    """The role."""
    department: DepartmentSummary | None
    """The department it holds in, with those below it."""
    category_id: UUID | None
    """The category it holds in, with those below it."""
    created_at: datetime
    """When it was given."""
    permissions: list[str]
    """What you may do with it."""


class Key(Entity):
    """An API key, without the key itself, which is shown only once."""

    person: PersonSummary
    """Whom it acts for."""
    name: str
    """What it is for, in its owner's words."""
    hint: str
    """The last characters of the key, to recognise it by."""
    scopes: list[Permission]
    """What it may be used for, as far as its owner may do it."""
    expires_at: datetime | None
    """When it stops working; null for never."""
    revoked_at: datetime | None
    """When it was revoked."""
    last_used_at: datetime | None
    """The day, in UTC, on which it was last used; never the time."""
    created_at: datetime
    """When it was made."""
    version: int
    """Grows with every change."""
    permissions: list[str]
    """What you may do with it."""


class NewKey(Key):
    """An API key that has just been made."""

    key: str | None
    """The key itself. This is the only time it is shown: it is null in the answer to a repeated request."""


class Subject(Entity):
    """Something that content can be shared with."""

    kind: str
    """`everyone`, `department`, `group` or `person`."""
    name: str
    """Its name."""


class Me(Entity):
    """Who you are to kshare, and what you may see and do."""

    person: Person
    """Your record."""
    subjects: list[Subject]
    """What you read content as: yourself, your departments up to the root, your groups, everyone."""
    clearance: Classification
    """How secret a content you may read."""
    roles: list[AssignedRole]
    """The roles you were given, beside that of an employee."""
    permissions: list[Permission]
    """What you may do company-wide with these credentials; roles for a department or a category add to it there."""
    key: Key | None
    """The key you are using; null when you signed in through the identity provider."""
