"""The only code that changes who has which role."""

from uuid import UUID

from sqlalchemy import func, select, text

from kshare.core.access import Permission, Role
from kshare.core.errors import DomainError, invalid, not_found
from kshare.core.ids import new_id
from kshare.core.writing import Work, command
from kshare.people.asks import AssignRole
from kshare.people.events import RoleAssigned, RoleRemoved
from kshare.people.models import DepartmentRow, PersonRow, RoleAssignmentRow
from kshare.people.reads import PERSON_GUARD, ROLE_GUARD
from kshare.people.signin import principals_changed

ADMINISTRATORS = "people/administrators"
"""Held while there may be one administrator fewer: two who remove each other at once must not both succeed."""

# Categories belong to a floor above (content/), so they are named here as a table only.
_CATEGORY = text("SELECT EXISTS (SELECT FROM category WHERE id = :id)")


@command(Permission.roles_manage)
async def assign_role(work: Work, person_id: UUID, ask: AssignRole) -> UUID:
    """Gives a role, company-wide or within a department or a category; it holds at once."""
    await work.facts(PERSON_GUARD, person_id, "assign_roles", PersonRow.id)
    if ask.department_id is not None and ask.category_id is not None:
        raise invalid("/category_id", "one_scope", "A role holds in a department or in a category, not in both.")
    if ask.department_id is not None and await work.session.get(DepartmentRow, ask.department_id) is None:
        raise invalid("/department_id", "unknown_reference", "There is no such department.")
    if ask.category_id is not None and not await work.session.scalar(_CATEGORY, {"id": ask.category_id}):
        raise invalid("/category_id", "unknown_reference", "There is no such category.")
    place = {"department_id": ask.department_id, "category_id": ask.category_id}
    row = RoleAssignmentRow(id=new_id(), person_id=person_id, role=ask.role.value, created_at=work.now, **place)
    work.add(row)
    await work.flush()
    work.record(RoleAssigned(person_id=person_id, role=row.role, **place), person_id, [person_id])
    await principals_changed(work)
    return row.id


@command(Permission.roles_manage)
async def remove_role(work: Work, person_id: UUID, role_id: UUID) -> UUID:
    """Takes a role away, at once; its id. The last administrator keeps that role."""
    await work.lock_name(ADMINISTRATORS)
    row = await work.load(ROLE_GUARD, role_id, "remove")
    if row.person_id != person_id:
        raise not_found("role")
    if row.role == Role.administrator and row.department_id is None and row.category_id is None:
        await check_administrator_remains(work, beside=person_id)
    place = {"department_id": row.department_id, "category_id": row.category_id}
    work.record(RoleRemoved(person_id=person_id, role=row.role, **place), person_id, [person_id])
    await work.session.delete(row)
    await principals_changed(work)
    return role_id


async def check_administrator_remains(work: Work, *, beside: UUID) -> None:
    """Raises 409 if this person is the only active company-wide administrator. Needs the lock `ADMINISTRATORS`."""
    query = (
        select(func.bool_or(PersonRow.id == beside), func.bool_or(PersonRow.id != beside))
        .join(RoleAssignmentRow, RoleAssignmentRow.person_id == PersonRow.id)
        .where(
            RoleAssignmentRow.role == Role.administrator.value,
            RoleAssignmentRow.department_id.is_(None),
            RoleAssignmentRow.category_id.is_(None),
            PersonRow.active,
        )
    )
    this_one, others = (await work.session.execute(query)).one()
    if this_one and not others:
        raise DomainError("conflict", "This is the last administrator; make somebody else one first.")
