"""Departments through REST."""

from kshare.core.access import Permission
from kshare.edge.door import Door
from kshare.people.asks import DepartmentFilter
from kshare.people.commands import departments
from kshare.people.reads import DEPARTMENT, DEPARTMENTS

door = Door("Departments", "The tree of departments.")
READ = Permission.people_read

door.page("/departments", DEPARTMENTS, "listDepartments", "List departments", READ, DepartmentFilter)
door.command(
    "POST", "/departments", departments.create_department, "createDepartment", "Create a department",
    "At the root, or below another department.",
    view=DEPARTMENT, created_at="/departments",
)  # fmt: skip
door.by_external_id(
    "/departments", DEPARTMENT, departments.put_department, "a department", READ,
    "A nightly job is simply re-run: the first time creates, later ones update, and what is left out or equal stays "
    "as it is.",
)  # fmt: skip
door.one("/departments/{id}", DEPARTMENT, "getDepartment", "Get a department", READ)
door.command(
    "PATCH", "/departments/{id}", departments.update_department, "updateDepartment", "Change a department",
    "What is left out stays as it is. A new `parent_id` moves it with everything below it.",
    view=DEPARTMENT,
)  # fmt: skip
door.command(
    "DELETE", "/departments/{id}", departments.delete_department, "deleteDepartment", "Delete an unused department",
    "Only one that nothing refers to: no department below it, nobody in it now or before, no content of it or for it, "
    "no figures from outside about it, no review policy that names it.",
    view=DEPARTMENT,
)  # fmt: skip
