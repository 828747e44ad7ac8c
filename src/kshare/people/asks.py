"""What callers ask of people, departments, groups, roles and keys."""

import re
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AfterValidator, Field, StrictBool, WithJsonSchema
from pydantic_core import PydanticCustomError

from kshare.core.access import Classification, Permission, Role
from kshare.core.moments import Day, Moment
from kshare.core.reading import Ask, Patch
from kshare.core.text import line, prose
from kshare.core.words import fold
from kshare.people.shapes import Language, PersonKind

_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")


def _email(value: str) -> str:
    value = value.lower()
    if not _EMAIL.fullmatch(value):
        raise PydanticCustomError("email", "This is no e-mail address")
    return value


def _search_words(value: str) -> str:
    """As many words as are searched for, folded; they end up within quotes in a `tsquery`."""
    words = fold(value)[:100].split()
    if not words:
        raise PydanticCustomError("string_too_short", "There is nothing to search for")
    return " ".join(words)


_EMAIL_SCHEMA = {"type": "string", "format": "email", "minLength": 3, "maxLength": 254}
Name = Annotated[str, line(1, 100)]
Email = Annotated[
    str,
    line(3, 254),
    AfterValidator(_email),
    WithJsonSchema({**_EMAIL_SCHEMA, "pattern": f"^{_EMAIL.pattern.replace('a-z', 'A-Za-z')}$"}),
]
JobTitle = Annotated[str, line(1, 200)]
Description = Annotated[str, prose(1, 1000)]
Scopes = Annotated[list[Permission], Field(min_length=1, max_length=100)]
PersonWords = Annotated[str, line(1, 100), AfterValidator(_search_words)]
Words = Annotated[str, line(1, 100)]


class CreatePerson(Ask):
    """A new person or service account."""

    kind: PersonKind = PersonKind.person
    """A person, or a service account; the latter needs the permission `keys_manage` as well."""
    name: Name
    """The name."""
    email: Email | None = None
    """The work address, by which the person signs in through the identity provider; service accounts have none."""
    title: JobTitle | None = None
    """The job title."""
    language: Language = Language.zh
    """Preferred language."""
    department_id: UUID | None = None
    """Where the person works."""
    since: Day | None = None
    """Since when there; by default today."""
    manager_id: UUID | None = None
    """The direct superior."""
    clearance: Classification = Classification.internal
    """How secret a content the person may read; not above your own clearance."""


class UpdatePerson(Patch):
    """Changes to a person; what is left out stays as it is. `movePerson` changes the department."""

    nullable: ClassVar[frozenset[str]] = frozenset({"email", "title", "manager_id"})

    name: Name | None = None
    """The name."""
    email: Email | None = None
    """The work address."""
    title: JobTitle | None = None
    """The job title."""
    language: Language | None = None
    """Preferred language."""
    manager_id: UUID | None = None
    """The direct superior."""
    clearance: Classification | None = None
    """How secret a content the person may read; not above your own clearance."""
    active: StrictBool | None = None
    """False when the person leaves: keys and sign-in stop working at once."""


class PutPerson(Patch):
    """A person as another system knows them. Of one known already, what is left out stays as it is."""

    nullable: ClassVar[frozenset[str]] = frozenset({"email", "title", "manager_id", "department_id"})

    name: Name
    """The name."""
    email: Email | None = None
    """The work address; one that nobody's system claims yet makes that person this one."""
    title: JobTitle | None = None
    """The job title."""
    language: Language | None = None
    """Preferred language."""
    department_id: UUID | None = None
    """Where the person works; a change is a move."""
    since: Day | None = None
    """Since when there; by default today."""
    manager_id: UUID | None = None
    """The direct superior."""
    clearance: Classification | None = None
    """How secret a content the person may read; not above your own clearance."""
    active: StrictBool | None = None
    """False when the person has left."""


class MovePerson(Ask):
    """A change of department."""

    department_id: UUID | None
    """Where the person works from now on; null for no department."""
    since: Day | None = None
    """The first day there, by default today: not before the present department's first day, nor more than a year
    ahead. What the person may see changes at once in any case."""


class PersonFilter(Ask):
    """Which people; all conditions must hold."""

    q: PersonWords | None = None
    """Name, pinyin, initials or e-mail beginning with these words."""
    department: UUID | None = None
    """In this department or one below it."""
    manager: UUID | None = None
    """With this direct superior."""
    kind: PersonKind | None = None
    """People only, or service accounts only."""
    active: bool | None = None
    """True: only those at work. False: only those who have left."""
    group: UUID | None = None
    """In this group."""


class CreateDepartment(Ask):
    """A new department."""

    name: Name
    """Its name."""
    name_en: Name | None = None
    """Its English name."""
    parent_id: UUID | None = None
    """The department above it; without one it is a root."""


class UpdateDepartment(Patch):
    """Changes to a department; what is left out stays as it is."""

    nullable: ClassVar[frozenset[str]] = frozenset({"name_en", "parent_id"})

    name: Name | None = None
    """Its name."""
    name_en: Name | None = None
    """Its English name."""
    parent_id: UUID | None = None
    """The department above it, from now on; null makes it a root. Everything below moves with it."""


class PutDepartment(Patch):
    """A department as another system knows it. Of one known already, what is left out stays as it is."""

    nullable: ClassVar[frozenset[str]] = frozenset({"name_en", "parent_id"})

    name: Name
    """Its name."""
    name_en: Name | None = None
    """Its English name."""
    parent_id: UUID | None = None
    """The department above it; null or nothing makes a new one a root."""


class DepartmentFilter(Ask):
    """Which departments; all conditions must hold."""

    q: Words | None = None
    """With this in one of its names."""
    parent: UUID | None = None
    """Directly below this one."""


class CreateGroup(Ask):
    """A new group."""

    name: Name
    """Its name, which no other group has."""
    description: Description | None = None
    """What it is for."""


class UpdateGroup(Patch):
    """Changes to a group; what is left out stays as it is."""

    nullable: ClassVar[frozenset[str]] = frozenset({"description"})

    name: Name | None = None
    """Its name, which no other group has."""
    description: Description | None = None
    """What it is for."""


class GroupFilter(Ask):
    """Which groups; all conditions must hold."""

    q: Words | None = None
    """With this in its name."""
    member: UUID | None = None
    """With this person in it."""


class AssignRole(Ask):
    """A role to give: company-wide, or within one department or one category and everything below it."""

    role: Role
    """The role."""
    department_id: UUID | None = None
    """The department it is to hold in."""
    category_id: UUID | None = None
    """The category it is to hold in."""


class CreateKey(Ask):
    """A new API key."""

    name: Name
    """What it is for."""
    scopes: Scopes
    """What it may be used for; nothing that you may not do with the credentials you are using."""
    expires_at: Moment | None = None
    """When it is to stop working; without it, never. Not after the key you are using stops."""
    person_id: UUID | None = None
    """Whom it is to act for, by default you; others, like service accounts, need the permission `keys_manage`."""


class KeyFilter(Ask):
    """Whose keys."""

    person: UUID | None = None
    """This person's, by default your own; other people's need the permission `keys_manage`."""
