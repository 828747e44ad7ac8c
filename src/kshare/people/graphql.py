"""People, departments, groups, roles and keys through GraphQL."""

from typing import Annotated
from uuid import UUID

import strawberry

from kshare.core.access import Classification, Permission, Role
from kshare.edge.graphql import (
    VIEWS,
    Info,
    command_field,
    connection_type,
    enum_type,
    field,
    input_type,
    list_field,
    mutation,
    object_type,
    one_field,
)
from kshare.edge.reads import OneRead
from kshare.people import asks, shapes
from kshare.people.commands import departments, groups, keys, persons, roles
from kshare.people.reads import (
    ASSIGNED_ROLE,
    ASSIGNED_ROLES,
    DEPARTMENT,
    DEPARTMENTS,
    GROUP,
    GROUPS,
    KEY,
    KEYS,
    ME,
    MEMBERSHIP,
    MEMBERSHIPS,
    PEOPLE,
    PERSON,
)

READ, OWN_KEYS = Permission.people_read, Permission.keys_own

for enum in (shapes.Language, shapes.PersonKind, Classification, Permission, Role):
    enum_type(enum)


@object_type
class Department(shapes.Department):
    __doc__ = shapes.Department.__doc__
    parent: "Department | None"
    """The department above it; null at the root."""


@object_type
class Person(shapes.Person):
    __doc__ = shapes.Person.__doc__
    department: Department | None
    """Where the person works, or worked before leaving."""
    manager: "Person | None"
    """The direct superior."""


@object_type
class Membership(shapes.Membership):
    __doc__ = shapes.Membership.__doc__
    department: Department
    """The department."""


@object_type
class AssignedRole(shapes.AssignedRole):
    __doc__ = shapes.AssignedRole.__doc__
    department: Department | None
    """The department it holds in, with those below it."""


@object_type
class Key(shapes.Key):
    __doc__ = shapes.Key.__doc__
    person: Person
    """Whom it acts for."""


@object_type
class Group(shapes.Group):
    __doc__ = shapes.Group.__doc__


@object_type
class Subject(shapes.Subject):
    __doc__ = shapes.Subject.__doc__


@object_type
class Me(shapes.Me):
    __doc__ = shapes.Me.__doc__
    person: Person
    """Your record."""
    subjects: list[Subject]  # type: ignore[assignment]
    """What you read content as: yourself, your departments up to the root, your groups, everyone."""
    roles: list[AssignedRole]  # type: ignore[assignment]
    """The roles you were given, beside that of an employee."""
    key: Key | None
    """The key you are using; null when you signed in through the identity provider."""


@strawberry.type(description="An API key that has just been made.")
class NewKey:
    id: strawberry.Private[UUID]
    key: str | None = strawberry.field(
        description="The key itself. This is the only time it is shown: it is null in the answer to a repeated request."
    )

    @field("Everything else about it.")
    def details(self) -> Key | None:
        return OneRead(KEY, self.id)  # type: ignore[return-value]


VIEWS |= {
    "Department": (DEPARTMENT, READ),
    "Person": (PERSON, READ),
    "Membership": (MEMBERSHIP, READ),
    "Group": (GROUP, READ),
    "AssignedRole": (ASSIGNED_ROLE, READ),
    "Key": (KEY, OWN_KEYS),
}
DepartmentConnection = connection_type(Department, "Department")
PersonConnection = connection_type(Person, "Person")
MembershipConnection = connection_type(Membership, "Membership")
GroupConnection = connection_type(Group, "Group")
AssignedRoleConnection = connection_type(AssignedRole, "AssignedRole")
KeyConnection = connection_type(Key, "Key")
for filters in (asks.PersonFilter, asks.DepartmentFilter, asks.GroupFilter, asks.KeyFilter):
    input_type(filters, name=filters.__name__)
input_type(asks.CreateKey)


class Query:
    people = list_field(PEOPLE, PersonConnection, asks.PersonFilter, READ, "People and service accounts.")
    person = one_field(PERSON, Person, READ, "One person or service account.")
    departments = list_field(DEPARTMENTS, DepartmentConnection, asks.DepartmentFilter, READ, "Departments.")
    department = one_field(DEPARTMENT, Department, READ, "One department.")
    groups = list_field(GROUPS, GroupConnection, asks.GroupFilter, READ, "Groups.")
    group = one_field(GROUP, Group, READ, "One group.")
    memberships = list_field(
        MEMBERSHIPS,
        MembershipConnection,
        None,
        READ,
        "The departments a person was in, and when.",
        fixed={"person_id": "person"},
    )
    assigned_roles = list_field(
        ASSIGNED_ROLES, AssignedRoleConnection, None, READ, "A person's roles.", fixed={"person_id": "person"}
    )
    keys = list_field(KEYS, KeyConnection, asks.KeyFilter, OWN_KEYS, "API keys, by default your own.")
    key = one_field(KEY, Key, OWN_KEYS, "One API key.")

    @field("Who you are, and what you may see and do.")
    def me(self, info: Info) -> Me:
        return OneRead(ME, info.context.principal.id)  # type: ignore[return-value]


class Mutation:
    create_person = command_field(persons.create_person, Person, PERSON, "Add a person or a service account.")
    update_person = command_field(
        persons.update_person, Person, PERSON, "Change a person; what is left out stays as it is."
    )
    put_person = command_field(
        persons.put_person, Person, PERSON, "Add or update a person by the id in another system."
    )
    move_person = command_field(persons.move_person, Person, PERSON, "Move a person to another department.")

    create_department = command_field(departments.create_department, Department, DEPARTMENT, "Create a department.")
    update_department = command_field(
        departments.update_department, Department, DEPARTMENT, "Change a department; what is left out stays as it is."
    )
    put_department = command_field(
        departments.put_department, Department, DEPARTMENT, "Create or update a department by its id in another system."
    )
    delete_department = command_field(
        departments.delete_department, UUID, None, "Delete an unused department; answers its id."
    )

    create_group = command_field(groups.create_group, Group, GROUP, "Create a group.")
    update_group = command_field(groups.update_group, Group, GROUP, "Change a group; what is left out stays as it is.")
    delete_group = command_field(
        groups.delete_group, UUID, None, "Delete a group that no content is shared with; answers its id."
    )
    add_group_member = command_field(groups.add_group_member, Group, GROUP, "Put a person into a group.")
    remove_group_member = command_field(groups.remove_group_member, Group, GROUP, "Take a person out of a group.")

    assign_role = command_field(roles.assign_role, AssignedRole, ASSIGNED_ROLE, "Give a person a role.")
    remove_role = command_field(roles.remove_role, UUID, None, "Take a role from a person; answers the role's id.")

    @mutation("Create an API key.")
    async def create_key(
        self, info: Info, input: Annotated[asks.CreateKey, strawberry.argument(description="What is asked for.")]
    ) -> NewKey | None:
        id, key = await keys.create_key(info.context.work, input)
        info.context.secrets.append(key)
        return NewKey(id=id, key=key)

    revoke_key = command_field(keys.revoke_key, Key, KEY, "Revoke an API key, at once and for good.")
