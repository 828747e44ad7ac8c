"""Departments through REST."""

from starlette.responses import Response

from kshare.core.access import Permission
from kshare.core.writing import Work
from kshare.edge.rest import Call, Door, Written
from kshare.people.asks import (
    CreateDepartment,
    DepartmentFilter,
    ExternalName,
    PutDepartment,
    UpdateDepartment,
)
from kshare.people.commands import departments
from kshare.people.reads import DEPARTMENT, DEPARTMENTS
from kshare.people.shapes import Department

door = Door("Departments", "The tree of departments.")
READ, MANAGE = Permission.people_read, Permission.people_manage

door.page("/departments", DEPARTMENTS, "listDepartments", "List departments", READ, DepartmentFilter)


@door.operation(
    "POST",
    "/departments",
    "createDepartment",
    "Create a department",
    MANAGE,
    body=CreateDepartment,
    answer=Department,
    status=201,
)
async def create(call: Call) -> Response:
    """At the root, or below another department."""
    ask = await call.body(CreateDepartment)

    async def perform(work: Work) -> Written:
        return Written.created(await departments.create_department(work, ask), "/v1/departments")

    return await call.write(perform, view=DEPARTMENT)


_EXTERNAL = "/departments/by-external-id/{source}/{external_id}"
_EXTERNAL_TYPES = {"source": ExternalName, "external_id": ExternalName}


@door.operation(
    "GET",
    _EXTERNAL,
    "getDepartmentByExternalId",
    "Get a department by its id in another system",
    READ,
    path_types=_EXTERNAL_TYPES,
    answer=Department,
    other_statuses={304: "You have it already."},
)
async def get_external(call: Call) -> Response:
    source, external_id = call.path_text("source", ExternalName), call.path_text("external_id", ExternalName)
    return await call.one(DEPARTMENT, external_source=source, external_id=external_id)


@door.operation(
    "PUT",
    _EXTERNAL,
    "putDepartmentByExternalId",
    "Create or update a department by its id in another system",
    MANAGE,
    path_types=_EXTERNAL_TYPES,
    body=PutDepartment,
    answer=Department,
    other_statuses={201: "It was created."},
)
async def put_external(call: Call) -> Response:
    """A nightly job is simply re-run: the first time creates, later ones update, and what is left out or equal stays
    as it is."""
    source, external_id = call.path_text("source", ExternalName), call.path_text("external_id", ExternalName)
    ask = await call.body(PutDepartment)

    async def perform(work: Work) -> Written:
        id, created = await departments.put_department(work, source, external_id, ask)
        return Written.created(id, "/v1/departments") if created else Written(id)

    return await call.write(perform, view=DEPARTMENT)


door.one("/departments/{id}", DEPARTMENT, "getDepartment", "Get a department", READ)


@door.operation(
    "PATCH",
    "/departments/{id}",
    "updateDepartment",
    "Change a department",
    MANAGE,
    body=UpdateDepartment,
    answer=Department,
    if_match="required",
)
async def update(call: Call) -> Response:
    """What is left out stays as it is. A new `parent_id` moves it with everything below it."""
    id, version = call.path_id(), call.expected_version(required=True)
    ask = await call.body(UpdateDepartment)

    async def perform(work: Work) -> Written:
        return Written(await departments.update_department(work, id, ask, version))

    return await call.write(perform, view=DEPARTMENT)


@door.operation(
    "DELETE",
    "/departments/{id}",
    "deleteDepartment",
    "Delete an unused department",
    MANAGE,
    status=204,
    if_match="required",
)
async def delete(call: Call) -> Response:
    """Only one that nothing refers to: no department below it, nobody in it now or before, no content of it or for
    it."""
    id, version = call.path_id(), call.expected_version(required=True)

    async def perform(work: Work) -> Written:
        await departments.delete_department(work, id, version)
        return Written()

    return await call.write(perform, view=DEPARTMENT)
