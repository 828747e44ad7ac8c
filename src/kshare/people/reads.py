"""How people are read. Everybody signed in with the scope may see who is who; roles and keys are seen by those they
belong to and by those who manage them."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, Text, Uuid, and_, case, cast, func, literal_column, null, or_, select
from sqlalchemy.dialects.postgresql import TSQUERY, array
from sqlalchemy.orm import aliased

from kshare.core.access import Classification, Permission, Role
from kshare.core.reading import (
    Alias,
    Filter,
    Listing,
    Many,
    One,
    Order,
    Source,
    View,
    Viewer,
    Walk,
    allowed_list,
    constant,
    everyone_sees,
)
from kshare.core.writing import Guard
from kshare.people.models import (
    DepartmentRow,
    GroupMemberRow,
    GroupRow,
    KeyRow,
    MembershipRow,
    PersonRow,
    RoleAssignmentRow,
    SubjectRow,
)
from kshare.people.shapes import (
    AssignedRole,
    Department,
    Group,
    Key,
    Me,
    Membership,
    NewKey,
    Person,
    Subject,
)


def _manages_people(_: Alias) -> ColumnElement[bool]:
    return Viewer.holds(Permission.people_manage)


def _edits(row: Alias) -> ColumnElement[bool]:
    """People by those who manage people; service accounts only if they manage keys as well; the system by nobody."""
    service = and_(row.kind == constant("service"), Viewer.holds(Permission.keys_manage))
    return and_(Viewer.holds(Permission.people_manage), or_(row.kind == constant("person"), service))


def _administrates(row: Alias) -> ColumnElement[bool]:
    assignment = aliased(RoleAssignmentRow)
    return (
        select(assignment.id)
        .where(
            assignment.person_id == row.id,
            assignment.role == constant(Role.administrator.value),
            assignment.department_id.is_(None),
            assignment.category_id.is_(None),
        )
        .exists()
    )


def _activates(row: Alias) -> ColumnElement[bool]:
    """Whether an administrator may sign in is decided by administrators."""
    return and_(_edits(row), or_(Viewer.holds(Permission.roles_manage), ~_administrates(row)))


def _edits_sign_in(row: Alias) -> ColumnElement[bool]:
    """Whoever decides how somebody signs in could sign in as that person: so not for administrators, nor for those who
    may read more than oneself, unless one is an administrator anyway."""
    return and_(_activates(row), or_(Viewer.holds(Permission.roles_manage), row.clearance <= Viewer.clearance))


def _creates_keys(row: Alias) -> ColumnElement[bool]:
    own = and_(row.id == Viewer.id, Viewer.holds(Permission.keys_own))
    # A key for somebody else must not read what its maker may not.
    others = and_(row.clearance <= Viewer.clearance, Viewer.holds(Permission.keys_manage))
    return and_(row.active, or_(own, others))


def _holds_roles(row: Alias) -> ColumnElement[bool]:
    return and_(row.kind != constant("system"), Viewer.holds(Permission.roles_manage))


def _own_or_managed_role(row: Alias) -> ColumnElement[bool]:
    return or_(row.person_id == Viewer.id, Viewer.holds(Permission.roles_manage))


def _own_or_managed_key(row: Alias) -> ColumnElement[bool]:
    own = and_(row.person_id == Viewer.id, Viewer.holds(Permission.keys_own))
    return or_(own, Viewer.holds(Permission.keys_manage))


DEPARTMENT_GUARD = Guard("department", DepartmentRow, everyone_sees, {"edit": _manages_people})
GROUP_GUARD = Guard("group", GroupRow, everyone_sees, {"edit": _manages_people})
PERSON_GUARD = Guard(
    "person",
    PersonRow,
    everyone_sees,
    {
        "edit": _edits,
        "edit_sign_in": _edits_sign_in,
        "activate": _activates,
        "move": _edits,
        "assign_roles": _holds_roles,
        "create_keys": _creates_keys,
    },
)
ROLE_GUARD = Guard(
    "role", RoleAssignmentRow, _own_or_managed_role, {"remove": lambda row: Viewer.holds(Permission.roles_manage)}
)
KEY_GUARD = Guard(
    "key", KeyRow, _own_or_managed_key, {"revoke": lambda row: and_(row.revoked_at.is_(None), _own_or_managed_key(row))}
)


def _level_name(level: ColumnElement[Any]) -> ColumnElement[str]:
    names: Any = array([constant(name.value) for name in Classification], type_=Text)
    name: ColumnElement[str] = names[level + literal_column("1")]
    return name


def _knows(row: Alias) -> ColumnElement[bool]:
    """Without a scope for people, a key that reads other things sees no more of their people than name and title."""
    return or_(row.id == Viewer.id, Viewer.holds(Permission.people_read), Viewer.holds(Permission.people_manage))


def _known(column: str) -> Source:
    return lambda row: case((_knows(row), getattr(row, column)), else_=null())


def _clearance(row: Alias) -> ColumnElement[Any]:
    seen = or_(row.id == Viewer.id, Viewer.holds(Permission.people_manage))
    return case((seen, _level_name(row.clearance)), else_=null())


DEPARTMENT = View(
    "department",
    Department,
    DepartmentRow,
    everyone_sees,
    {"permissions": lambda row: allowed_list(DEPARTMENT_GUARD.rules_for(row))},
)
DEPARTMENT.fields["parent"] = One(DEPARTMENT, on=lambda row, parent: parent.id == row.parent_id)

PERSON = View(
    "person",
    Person,
    PersonRow,
    everyone_sees,
    {
        **{name: _known(name) for name in ("email", "external_source", "external_id")},
        "department": One(DEPARTMENT, on=lambda row, department: and_(department.id == row.department_id, _knows(row))),
        "clearance": _clearance,
        "permissions": lambda row: allowed_list(PERSON_GUARD.rules_for(row)),
    },
)
PERSON.fields["manager"] = One(PERSON, on=lambda row, manager: and_(manager.id == row.manager_id, _knows(row)))

MEMBERSHIP = View(
    "membership",
    Membership,
    MembershipRow,
    everyone_sees,
    {"department": One(DEPARTMENT, on=lambda row, department: department.id == row.department_id)},
)


def _member_count(row: Alias) -> ColumnElement[Any]:
    member = aliased(GroupMemberRow)
    return select(func.count()).where(member.group_id == row.id).scalar_subquery()


GROUP = View(
    "group",
    Group,
    GroupRow,
    everyone_sees,
    {"member_count": _member_count, "permissions": lambda row: allowed_list(GROUP_GUARD.rules_for(row))},
)

ASSIGNED_ROLE = View(
    "role",
    AssignedRole,
    RoleAssignmentRow,
    _own_or_managed_role,
    {
        "department": One(DEPARTMENT, on=lambda row, department: department.id == row.department_id),
        "permissions": lambda row: allowed_list(ROLE_GUARD.rules_for(row)),
    },
)

KEY = View(
    "key",
    Key,
    KeyRow,
    _own_or_managed_key,
    {
        "person": One(PERSON, on=lambda row, person: person.id == row.person_id),
        "permissions": lambda row: allowed_list(KEY_GUARD.rules_for(row)),
    },
)
NEW_KEY = View("key", NewKey, KeyRow, _own_or_managed_key, {**KEY.fields, "key": lambda row: null()})

SUBJECT = View("subject", Subject, SubjectRow, everyone_sees)

ME = View(
    "person",
    Me,
    PersonRow,
    lambda row: row.id == Viewer.id,
    {
        "person": One(PERSON, on=lambda row, person: person.id == row.id),
        "subjects": Many(
            SUBJECT,
            on=lambda row, subject: and_(row.id == Viewer.id, subject.id == func.any(Viewer.subjects)),
            order=lambda subject: (subject.kind, subject.name, subject.id),
            first=100,
        ),
        "clearance": lambda row: _level_name(Viewer.clearance),
        "roles": Many(
            ASSIGNED_ROLE,
            on=lambda row, role: role.person_id == row.id,
            order=lambda role: (role.id,),
            first=100,
        ),
        "permissions": lambda row: func.to_json(Viewer.permissions),
        "key": One(
            KEY, on=lambda row, key: and_(key.person_id == row.id, key.id == Viewer.key_id), seen_with_parent=True
        ),
    },
)

# ---- lists ----------------------------------------------------------------------------------------------------------


def below(value: ColumnElement[Any]) -> Any:
    """The ids of a department and of all below it."""
    return select(DepartmentRow.id).where(DepartmentRow.path.bool_op("@>")(array([value])))


def _members(value: ColumnElement[Any]) -> Any:
    return select(GroupMemberRow.person_id).where(GroupMemberRow.group_id == value)


def _found_by(row: Alias, value: ColumnElement[Any]) -> ColumnElement[bool]:
    """Each of the words, which shapes.py has folded and parted by one space, is the beginning of a word of the person.

    As a `tsquery`, where quotes and backslashes within the quotes are doubled.
    """
    quoted = func.replace(func.replace(value, literal_column(r"'\'"), literal_column(r"'\\'")), *_doubled_quote)
    words = func.replace(quoted, literal_column("' '"), literal_column("''':* & '''"))
    query = literal_column("''''").op("||")(words).op("||")(literal_column("''':*'"))
    # The very expression of the index (models.py, SEARCH_WORDS).
    vector = func.array_to_tsvector(
        func.array_remove(func.string_to_array(row.search_name, literal_column("' '")), literal_column("''"))
    )
    matches: ColumnElement[bool] = vector.bool_op("@@")(cast(query, TSQUERY))
    return matches


_doubled_quote: tuple[ColumnElement[Any], ColumnElement[Any]] = (literal_column("''''"), literal_column("''''''"))


def _contains(column: Any, value: ColumnElement[Any]) -> ColumnElement[bool]:
    return func.strpos(func.lower(column), func.lower(value)) > literal_column("0")


_BY_NAME = Order((("name", str), ("id", UUID)), "By name.", descending=False)

PEOPLE = Listing(
    "people",
    PERSON,
    filters={
        "q": Filter(Text, _found_by),
        "department": Filter(
            Uuid,
            lambda row, value: row.department_id.in_(below(value)),
            Walk(below, lambda row, value: row.department_id == value),
        ),
        "group": Filter(
            Uuid, lambda row, value: row.id.in_(_members(value)), Walk(_members, lambda row, value: row.id == value)
        ),
        "manager": Filter(Uuid, lambda row, value: row.manager_id == value),
        "kind": Filter(Text, lambda row, value: row.kind == value),
        "active": Filter(Boolean, lambda row, value: row.active == value),
    },
    orders={
        "name": Order((("sort_name", str), ("id", UUID)), "By name, Chinese ones by pinyin.", descending=False),
        # Ids are made in the order of time.
        "newest": Order((("id", UUID),), "Last added first."),
    },
    default_order="name",
    implied=lambda row, filters: row.kind != constant("system"),
)

DEPARTMENTS = Listing(
    "departments",
    DEPARTMENT,
    filters={
        "q": Filter(Text, lambda row, value: or_(_contains(row.name, value), _contains(row.name_en, value))),
        "parent": Filter(Uuid, lambda row, value: row.parent_id == value),
    },
    orders={"tree": Order((("path", list),), "Each before those below it.", descending=False), "name": _BY_NAME},
    default_order="tree",
)

GROUPS = Listing(
    "groups",
    GROUP,
    filters={
        "q": Filter(Text, lambda row, value: _contains(row.name, value)),
        "member": Filter(
            Uuid,
            lambda row, value: row.id.in_(select(GroupMemberRow.group_id).where(GroupMemberRow.person_id == value)),
        ),
    },
    orders={"name": _BY_NAME},
    default_order="name",
)

MEMBERSHIPS = Listing(
    "memberships",
    MEMBERSHIP,
    filters={"person": Filter(Uuid, lambda row, value: row.person_id == value)},
    orders={"newest": Order((("since", date), ("id", UUID)), "Newest first.")},
    default_order="newest",
    of=("person", PERSON),
)

ASSIGNED_ROLES = Listing(
    "assigned_roles",
    ASSIGNED_ROLE,
    filters={"person": Filter(Uuid, lambda row, value: row.person_id == value)},
    orders={"newest": Order((("id", UUID),), "Newest first.")},
    default_order="newest",
    of=("person", PERSON),
)

KEYS = Listing(
    "keys",
    KEY,
    filters={"person": Filter(Uuid, lambda row, value: row.person_id == value)},
    orders={"newest": Order((("id", UUID),), "Newest first.")},
    default_order="newest",
    implied=lambda row, filters: None if "person" in filters else row.person_id == Viewer.id,
)
