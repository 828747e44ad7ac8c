"""Groups through REST."""

from kshare.core.access import Permission
from kshare.edge.door import Door
from kshare.people.asks import GroupFilter
from kshare.people.commands import groups
from kshare.people.reads import GROUP, GROUPS

door = Door("Groups", "Sets of people across departments, which content can be shared with.")
READ = Permission.people_read

door.page("/groups", GROUPS, "listGroups", "List groups", READ, GroupFilter)
door.command(
    "POST", "/groups", groups.create_group, "createGroup", "Create a group",
    "With nobody in it; its members are listed by `GET /v1/people?group=`.",
    view=GROUP, created_at="/groups", problems=("already_exists",),
)  # fmt: skip
door.one("/groups/{id}", GROUP, "getGroup", "Get a group", READ)
door.command(
    "PATCH", "/groups/{id}", groups.update_group, "updateGroup", "Change a group",
    "What is left out stays as it is.",
    view=GROUP, problems=("already_exists",),
)  # fmt: skip
door.command(
    "DELETE", "/groups/{id}", groups.delete_group, "deleteGroup", "Delete a group",
    "Only one that no content is shared with and no review policy names.",
    view=GROUP,
)  # fmt: skip

MEMBER = "/groups/{id}/members/{person_id}"
door.command(
    "PUT", MEMBER, groups.add_group_member, "addGroupMember", "Put a person into a group",
    "Nothing happens if they are in it already.",
)  # fmt: skip
door.command(
    "DELETE", MEMBER, groups.remove_group_member, "removeGroupMember", "Take a person out of a group",
    "Nothing happens if they are not in it.",
)  # fmt: skip
