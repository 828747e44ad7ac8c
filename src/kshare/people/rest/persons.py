"""People, and who you are, through REST."""

from uuid import UUID

from starlette.responses import Response

from kshare.core.access import Permission
from kshare.core.writing import Work
from kshare.edge.batch import Batched
from kshare.edge.door import Door
from kshare.edge.rest import Call
from kshare.people.asks import CreatePerson, PersonFilter, PutPerson, UpdatePerson
from kshare.people.commands import persons, roles
from kshare.people.reads import ASSIGNED_ROLE, ASSIGNED_ROLES, ME, MEMBERSHIPS, PEOPLE, PERSON
from kshare.people.shapes import Me

door = Door("People", "Who works here, where, for whom, and in which roles.")
READ, MANAGE = Permission.people_read, Permission.people_manage


@door.operation("GET", "/me", "getMe", "Get who you are", None, answer=Me)
async def me(call: Call) -> Response:
    """Your record, what you read content as, your roles, and what you may do with the credentials you are using."""
    return await call.one(ME, call.principal.id)


door.page("/people", PEOPLE, "listPeople", "List people", READ, PersonFilter)
door.command(
    "POST", "/people", persons.create_person, "createPerson", "Add a person",
    "A person, or with `kind: service` a service account, which needs the permission `keys_manage` as well.",
    view=PERSON, created_at="/people",
)  # fmt: skip


class BatchedPerson(Batched, PutPerson):
    """A person of a batch: added, or updated when the external id is known."""


async def put_batched(work: Work, ask: BatchedPerson) -> tuple[UUID, bool]:
    fields = {name: value for name, value in ask.changes().items() if name in PutPerson.model_fields}
    if ask.external_source and ask.external_id:
        return await persons.put_person(work, ask.external_source, ask.external_id, PutPerson.model_construct(**fields))
    active = fields.pop("active", True)
    given = {name: value for name, value in fields.items() if value is not None}
    id = await persons.create_person(work, CreatePerson(**given))
    if not active:
        await persons.update_person(work, id, UpdatePerson(active=False), None)
    return id, True


door.batch("/people", BatchedPerson, put_batched, "createPeople", "Add or update many people", MANAGE)
door.by_external_id(
    "/people", PERSON, persons.put_person, "a person", READ,
    "A nightly job is simply re-run: the first time adds, later ones update, and what is left out or equal stays as it "
    "is. Somebody with this e-mail address whom no system claims yet becomes this person.",
)  # fmt: skip
door.one("/people/{id}", PERSON, "getPerson", "Get a person", READ)
door.command(
    "PATCH", "/people/{id}", persons.update_person, "updatePerson", "Change a person",
    "What is left out stays as it is. With `active: false` keys and sign-in stop working at once.",
    view=PERSON,
)  # fmt: skip
door.command(
    "POST", "/people/{id}/move", persons.move_person, "movePerson", "Move a person to another department",
    "Ends the present membership and begins another, today or on the given day. What the person wrote before keeps the "
    "department it was written in.",
    view=PERSON,
)  # fmt: skip
door.page(
    "/people/{id}/memberships", MEMBERSHIPS, "listMemberships", "List the departments a person was in, and when", READ,
    fixed={"person": "id"},
)  # fmt: skip

ROLES = "/people/{id}/roles"
door.page(ROLES, ASSIGNED_ROLES, "listAssignedRoles", "List a person's roles", READ, fixed={"person": "id"})
door.command(
    "POST", ROLES, roles.assign_role, "assignRole", "Give a person a role",
    "Company-wide, or within a department or a category and everything below it.",
    view=ASSIGNED_ROLE, created_at=ROLES, problems=("already_exists",),
)  # fmt: skip
door.command(
    "DELETE", ROLES + "/{role_id}", roles.remove_role, "removeRole", "Take a role from a person",
    "The last company-wide administrator keeps that role.",
)  # fmt: skip
