"""People, departments, groups, roles and keys through GraphQL."""

from uuid import UUID

import strawberry

from kshare.core.access import Classification, Permission, Role
from kshare.edge.graphql import (
    VIEWS,
    Info,
    connection_type,
    enum_type,
    expect,
    field,
    input_type,
    list_field,
    mutation,
    object_type,
    one_field,
)
from kshare.edge.parsing import checked_value
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
for ask in (
    asks.CreatePerson,
    asks.UpdatePerson,
    asks.PutPerson,
    asks.MovePerson,
    asks.CreateDepartment,
    asks.UpdateDepartment,
    asks.PutDepartment,
    asks.CreateGroup,
    asks.UpdateGroup,
    asks.AssignRole,
    asks.CreateKey,
):
    input_type(ask)


def _external(source: str, external_id: str) -> tuple[str, str]:
    """The name of something in another system, by the rules of such names."""
    return (
        checked_value(asks.ExternalName, source, "/source"),
        checked_value(asks.ExternalName, external_id, "/externalId"),
    )


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
    @mutation("Add a person or a service account.")
    async def create_person(self, info: Info, input: asks.CreatePerson) -> Person | None:
        return OneRead(PERSON, await persons.create_person(info.context.work, input))  # type: ignore[return-value]

    @mutation("Change a person; what is left out stays as it is.")
    async def update_person(
        self, info: Info, id: UUID, expected_version: int, input: asks.UpdatePerson
    ) -> Person | None:
        done = await persons.update_person(info.context.work, id, input, expect(expected_version))
        return OneRead(PERSON, done)  # type: ignore[return-value]

    @mutation("Add or update a person by the id in another system.")
    async def put_person(self, info: Info, source: str, external_id: str, input: asks.PutPerson) -> Person | None:
        id, _ = await persons.put_person(info.context.work, *_external(source, external_id), input)
        return OneRead(PERSON, id)  # type: ignore[return-value]

    @mutation("Move a person to another department.")
    async def move_person(
        self, info: Info, id: UUID, input: asks.MovePerson, expected_version: int | None = None
    ) -> Person | None:
        return OneRead(PERSON, await persons.move_person(info.context.work, id, input, expected_version))  # type: ignore[return-value]

    @mutation("Create a department.")
    async def create_department(self, info: Info, input: asks.CreateDepartment) -> Department | None:
        return OneRead(DEPARTMENT, await departments.create_department(info.context.work, input))  # type: ignore[return-value]

    @mutation("Change a department; what is left out stays as it is.")
    async def update_department(
        self, info: Info, id: UUID, expected_version: int, input: asks.UpdateDepartment
    ) -> Department | None:
        done = await departments.update_department(info.context.work, id, input, expect(expected_version))
        return OneRead(DEPARTMENT, done)  # type: ignore[return-value]

    @mutation("Create or update a department by its id in another system.")
    async def put_department(
        self, info: Info, source: str, external_id: str, input: asks.PutDepartment
    ) -> Department | None:
        id, _ = await departments.put_department(info.context.work, *_external(source, external_id), input)
        return OneRead(DEPARTMENT, id)  # type: ignore[return-value]

    @mutation("Delete an unused department; answers its id.")
    async def delete_department(self, info: Info, id: UUID, expected_version: int) -> UUID | None:
        await departments.delete_department(info.context.work, id, expect(expected_version))
        return id

    @mutation("Create a group.")
    async def create_group(self, info: Info, input: asks.CreateGroup) -> Group | None:
        return OneRead(GROUP, await groups.create_group(info.context.work, input))  # type: ignore[return-value]

    @mutation("Change a group; what is left out stays as it is.")
    async def update_group(self, info: Info, id: UUID, expected_version: int, input: asks.UpdateGroup) -> Group | None:
        done = await groups.update_group(info.context.work, id, input, expect(expected_version))
        return OneRead(GROUP, done)  # type: ignore[return-value]

    @mutation("Delete a group that no content is shared with; answers its id.")
    async def delete_group(self, info: Info, id: UUID, expected_version: int) -> UUID | None:
        await groups.delete_group(info.context.work, id, expect(expected_version))
        return id

    @mutation("Put a person into a group.")
    async def add_group_member(self, info: Info, group_id: UUID, person_id: UUID) -> Group | None:
        await groups.add_group_member(info.context.work, group_id, person_id)
        return OneRead(GROUP, group_id)  # type: ignore[return-value]

    @mutation("Take a person out of a group.")
    async def remove_group_member(self, info: Info, group_id: UUID, person_id: UUID) -> Group | None:
        await groups.remove_group_member(info.context.work, group_id, person_id)
        return OneRead(GROUP, group_id)  # type: ignore[return-value]

    @mutation("Give a person a role.")
    async def assign_role(self, info: Info, person_id: UUID, input: asks.AssignRole) -> AssignedRole | None:
        return OneRead(ASSIGNED_ROLE, await roles.assign_role(info.context.work, person_id, input))  # type: ignore[return-value]

    @mutation("Take a role from a person; answers the role's id.")
    async def remove_role(self, info: Info, person_id: UUID, role_id: UUID) -> UUID | None:
        await roles.remove_role(info.context.work, person_id, role_id)
        return role_id

    @mutation("Create an API key.")
    async def create_key(self, info: Info, input: asks.CreateKey) -> NewKey | None:
        id, key = await keys.create_key(info.context.work, input)
        info.context.secrets.append(key)
        return NewKey(id=id, key=key)

    @mutation("Revoke an API key, at once and for good.")
    async def revoke_key(self, info: Info, id: UUID, expected_version: int) -> Key | None:
        return OneRead(KEY, await keys.revoke_key(info.context.work, id, expect(expected_version)))  # type: ignore[return-value]
