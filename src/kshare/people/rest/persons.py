"""People, and who you are, through REST."""

from typing import Self
from uuid import UUID

from pydantic import model_validator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from kshare.core.access import Permission
from kshare.core.writing import Work
from kshare.edge.batch import BatchAnswer, BatchOptions, batch_of, run_batch
from kshare.edge.rest import Call, Door, Written
from kshare.people.asks import (
    AssignRole,
    CreatePerson,
    ExternalName,
    MovePerson,
    PersonFilter,
    PutPerson,
    UpdatePerson,
)
from kshare.people.commands import persons, roles
from kshare.people.reads import ASSIGNED_ROLE, ASSIGNED_ROLES, ME, MEMBERSHIPS, PEOPLE, PERSON
from kshare.people.shapes import AssignedRole, Me, Person

door = Door("People", "Who works here, where, for whom, and in which roles.")
READ, MANAGE = Permission.people_read, Permission.people_manage


class BatchedPerson(PutPerson):
    """A person of a batch: created, or updated when the external id is known."""

    external_source: ExternalName | None = None
    """The system the record comes from; together with `external_id`."""
    external_id: ExternalName | None = None
    """Its id there; a second batch with the same id updates the person."""

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.external_source is None) != (self.external_id is None):
            raise PydanticCustomError("external_pair", "external_source and external_id belong together")
        return self


@door.operation("GET", "/me", "getMe", "Get who you are", None, answer=Me)
async def me(call: Call) -> Response:
    """Your record, what you read content as, your roles, and what you may do with the credentials you are using."""
    return await call.one(ME, call.principal.id)


door.page("/people", PEOPLE, "listPeople", "List people", READ, PersonFilter)


@door.operation("POST", "/people", "createPerson", "Add a person", MANAGE, body=CreatePerson, answer=Person, status=201)
async def create(call: Call) -> Response:
    """A person, or with `kind: service` a service account, which needs the permission `keys_manage` as well."""
    ask = await call.body(CreatePerson)

    async def perform(work: Work) -> Written:
        return Written.created(await persons.create_person(work, ask), "/v1/people")

    return await call.write(perform, view=PERSON)


@door.operation(
    "POST",
    "/people:batch",
    "createPeople",
    "Add or update many people",
    MANAGE,
    query=BatchOptions,
    body=batch_of(BatchedPerson),
    answer=BatchAnswer,
    status=207,
)
async def batch(call: Call) -> Response:
    """Up to 500 people as JSON, more as NDJSON (`application/x-ndjson`, one a line). Each is answered for itself; a
    refused one holds up no other. With an external id a person is created or updated."""

    async def perform(work: Work, ask: BatchedPerson) -> tuple[UUID, bool]:
        fields = {name: value for name, value in ask.changes().items() if name in PutPerson.model_fields}
        if ask.external_source and ask.external_id:
            return await persons.put_person(
                work, ask.external_source, ask.external_id, PutPerson.model_construct(**fields)
            )
        active = fields.pop("active", True)
        given = {name: value for name, value in fields.items() if value is not None}
        id = await persons.create_person(work, CreatePerson(**given))
        if not active:
            await persons.update_person(work, id, UpdatePerson(active=False), None)
        return id, True

    return await run_batch(call, BatchedPerson, perform)


_EXTERNAL = "/people/by-external-id/{source}/{external_id}"
_EXTERNAL_TYPES = {"source": ExternalName, "external_id": ExternalName}


@door.operation(
    "GET",
    _EXTERNAL,
    "getPersonByExternalId",
    "Get a person by the id in another system",
    READ,
    path_types=_EXTERNAL_TYPES,
    answer=Person,
    other_statuses={304: "You have it already."},
)
async def get_external(call: Call) -> Response:
    source, external_id = call.path_text("source", ExternalName), call.path_text("external_id", ExternalName)
    return await call.one(PERSON, external_source=source, external_id=external_id)


@door.operation(
    "PUT",
    _EXTERNAL,
    "putPersonByExternalId",
    "Add or update a person by the id in another system",
    MANAGE,
    path_types=_EXTERNAL_TYPES,
    body=PutPerson,
    answer=Person,
    other_statuses={201: "The person was added."},
)
async def put_external(call: Call) -> Response:
    """A nightly job is simply re-run: the first time adds, later ones update, and what is left out or equal stays as
    it is. Somebody with this e-mail address whom no system claims yet becomes this person."""
    source, external_id = call.path_text("source", ExternalName), call.path_text("external_id", ExternalName)
    ask = await call.body(PutPerson)

    async def perform(work: Work) -> Written:
        id, created = await persons.put_person(work, source, external_id, ask)
        return Written.created(id, "/v1/people") if created else Written(id)

    return await call.write(perform, view=PERSON)


door.one("/people/{id}", PERSON, "getPerson", "Get a person", READ)


@door.operation(
    "PATCH",
    "/people/{id}",
    "updatePerson",
    "Change a person",
    MANAGE,
    body=UpdatePerson,
    answer=Person,
    if_match="required",
)
async def update(call: Call) -> Response:
    """What is left out stays as it is. With `active: false` keys and sign-in stop working at once."""
    id, version = call.path_id(), call.expected_version(required=True)
    ask = await call.body(UpdatePerson)

    async def perform(work: Work) -> Written:
        return Written(await persons.update_person(work, id, ask, version))

    return await call.write(perform, view=PERSON)


@door.operation(
    "POST",
    "/people/{id}/move",
    "movePerson",
    "Move a person to another department",
    MANAGE,
    body=MovePerson,
    answer=Person,
    if_match="optional",
)
async def move(call: Call) -> Response:
    """Ends the present membership and begins another, today or on the given day. What the person wrote before keeps
    the department it was written in."""
    id, version = call.path_id(), call.expected_version(required=False)
    ask = await call.body(MovePerson)

    async def perform(work: Work) -> Written:
        return Written(await persons.move_person(work, id, ask, version))

    return await call.write(perform, view=PERSON)


door.page(
    "/people/{id}/memberships",
    MEMBERSHIPS,
    "listMemberships",
    "List the departments a person was in, and when",
    READ,
    fixed={"person": "id"},
)
door.page(
    "/people/{id}/roles", ASSIGNED_ROLES, "listAssignedRoles", "List a person's roles", READ, fixed={"person": "id"}
)


@door.operation(
    "POST",
    "/people/{id}/roles",
    "assignRole",
    "Give a person a role",
    Permission.roles_manage,
    body=AssignRole,
    answer=AssignedRole,
    status=201,
    problems=("already_exists",),
)
async def assign_role(call: Call) -> Response:
    """Company-wide, or within a department or a category and everything below it."""
    id = call.path_id()
    ask = await call.body(AssignRole)

    async def perform(work: Work) -> Written:
        return Written.created(await roles.assign_role(work, id, ask), f"/v1/people/{id}/roles")

    return await call.write(perform, view=ASSIGNED_ROLE)


@door.operation(
    "DELETE",
    "/people/{id}/roles/{role_id}",
    "removeRole",
    "Take a role from a person",
    Permission.roles_manage,
    status=204,
)
async def remove_role(call: Call) -> Response:
    """The last company-wide administrator keeps that role."""
    id, role_id = call.path_id(), call.path_id("role_id")

    async def perform(work: Work) -> Written:
        await roles.remove_role(work, id, role_id)
        return Written()

    return await call.write(perform)
