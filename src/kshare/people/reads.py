"""How people are read. Everybody signed in with the scope may see who is who; keys are seen by their owner."""

from kshare.core.access import Permission
from kshare.core.reading import One, View, Viewer, allowed_list, everyone_sees
from kshare.core.writing import Guard
from kshare.people.models import DepartmentRow, PersonRow
from kshare.people.shapes import Department, Person

DEPARTMENT_GUARD = Guard(
    "department",
    DepartmentRow,
    everyone_sees,
    {"edit": lambda row: Viewer.holds(Permission.people_manage)},
)
PERSON_GUARD = Guard(
    "person",
    PersonRow,
    everyone_sees,
    {
        "edit": lambda row: Viewer.holds(Permission.people_manage),
        "assign_roles": lambda row: Viewer.holds(Permission.roles_manage),
    },
)

DEPARTMENT = View(
    "department",
    Department,
    DepartmentRow,
    everyone_sees,
    {
        "permissions": lambda row: allowed_list(DEPARTMENT_GUARD.rules_for(row)),
    },
)
DEPARTMENT.fields["parent"] = One(DEPARTMENT, on=lambda row, parent: parent.id == row.parent_id)

PERSON = View(
    "person",
    Person,
    PersonRow,
    everyone_sees,
    {
        "department": One(DEPARTMENT, on=lambda row, department: department.id == row.department_id),
        "permissions": lambda row: allowed_list(PERSON_GUARD.rules_for(row)),
    },
)
PERSON.fields["manager"] = One(PERSON, on=lambda row, manager: manager.id == row.manager_id)
