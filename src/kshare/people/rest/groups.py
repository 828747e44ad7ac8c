"""Groups through REST."""

from starlette.responses import Response

from kshare.core.access import Permission
from kshare.core.writing import Work
from kshare.edge.rest import Call, Door, Written
from kshare.people.asks import CreateGroup, GroupFilter, UpdateGroup
from kshare.people.commands import groups
from kshare.people.reads import GROUP, GROUPS
from kshare.people.shapes import Group

door = Door("Groups", "Sets of people across departments, which content can be shared with.")
READ, MANAGE = Permission.people_read, Permission.people_manage

door.page("/groups", GROUPS, "listGroups", "List groups", READ, GroupFilter)


@door.operation(
    "POST",
    "/groups",
    "createGroup",
    "Create a group",
    MANAGE,
    body=CreateGroup,
    answer=Group,
    status=201,
    problems=("already_exists",),
)
async def create(call: Call) -> Response:
    """With nobody in it; its members are listed by `GET /v1/people?group=`."""
    ask = await call.body(CreateGroup)

    async def perform(work: Work) -> Written:
        return Written.created(await groups.create_group(work, ask), "/v1/groups")

    return await call.write(perform, view=GROUP)


door.one("/groups/{id}", GROUP, "getGroup", "Get a group", READ)


@door.operation(
    "PATCH",
    "/groups/{id}",
    "updateGroup",
    "Change a group",
    MANAGE,
    body=UpdateGroup,
    answer=Group,
    if_match="required",
    problems=("already_exists",),
)
async def update(call: Call) -> Response:
    """What is left out stays as it is."""
    id, version = call.path_id(), call.expected_version(required=True)
    ask = await call.body(UpdateGroup)

    async def perform(work: Work) -> Written:
        return Written(await groups.update_group(work, id, ask, version))

    return await call.write(perform, view=GROUP)


@door.operation("DELETE", "/groups/{id}", "deleteGroup", "Delete a group", MANAGE, status=204, if_match="required")
async def delete(call: Call) -> Response:
    """Only one that no content is shared with."""
    id, version = call.path_id(), call.expected_version(required=True)

    async def perform(work: Work) -> Written:
        await groups.delete_group(work, id, version)
        return Written()

    return await call.write(perform, view=GROUP)


@door.operation(
    "PUT",
    "/groups/{id}/members/{person_id}",
    "addGroupMember",
    "Put a person into a group",
    MANAGE,
    status=204,
)
async def add_member(call: Call) -> Response:
    """Nothing happens if they are in it already."""
    id, person_id = call.path_id(), call.path_id("person_id")

    async def perform(work: Work) -> Written:
        await groups.add_group_member(work, id, person_id)
        return Written()

    return await call.write(perform)


@door.operation(
    "DELETE",
    "/groups/{id}/members/{person_id}",
    "removeGroupMember",
    "Take a person out of a group",
    MANAGE,
    status=204,
)
async def remove_member(call: Call) -> Response:
    """Nothing happens if they are not in it."""
    id, person_id = call.path_id(), call.path_id("person_id")

    async def perform(work: Work) -> Written:
        await groups.remove_group_member(work, id, person_id)
        return Written()

    return await call.write(perform)
