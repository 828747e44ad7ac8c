"""The only code that changes the tree of departments."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from kshare.core.access import Permission
from kshare.core.errors import DomainError, invalid
from kshare.core.ids import new_id
from kshare.core.principal import EVERYONE
from kshare.core.text import ExternalName
from kshare.core.writing import Expected, Work, command
from kshare.people.asks import CreateDepartment, PutDepartment, UpdateDepartment
from kshare.people.events import DepartmentChanged, DepartmentCreated, DepartmentDeleted
from kshare.people.models import DepartmentRow
from kshare.people.reads import DEPARTMENT_GUARD
from kshare.people.signin import principals_changed

TREE = "people/departments"
"""Held while the tree changes its form: two moves at once could close a circle that neither of them sees."""

DEEPEST = 32
"""Most levels of the tree."""

_REWRITE = text(
    "UPDATE department SET path = CAST(:path AS uuid[]) || path[array_position(path, CAST(:id AS uuid)) + 1 :]"
    " WHERE path @> ARRAY[CAST(:id AS uuid)] AND id <> :id RETURNING cardinality(path)"
)
# Content, its policies and outcomes belong to floors above, so they are named here as tables only.
_IN_USE = text(
    "SELECT CASE WHEN EXISTS (SELECT FROM department WHERE parent_id = :id) THEN 'departments below it'"
    " WHEN EXISTS (SELECT FROM person WHERE department_id = :id) THEN 'people in it'"
    " WHEN EXISTS (SELECT FROM membership WHERE department_id = :id) THEN 'people who were in it'"
    " WHEN EXISTS (SELECT FROM content WHERE department_id = :id) THEN 'content written in it'"
    " WHEN EXISTS (SELECT FROM outcome_value WHERE department_id = :id) THEN 'figures from outside about it'"
    " WHEN EXISTS (SELECT FROM content WHERE audience @> ARRAY[CAST(:id AS uuid)]) THEN 'content shared with it'"
    " WHEN EXISTS (SELECT FROM review_policy WHERE departments @> ARRAY[CAST(:id AS uuid)])"
    " THEN 'review policies that name it' END"
)


@command(Permission.people_manage)
async def create_department(work: Work, ask: CreateDepartment, *, external: tuple[str, str] | None = None) -> UUID:
    """A new department, at the root or below another one."""
    await work.lock_name(TREE)
    id = new_id()
    row = DepartmentRow(
        id=id,
        name=ask.name,
        name_en=ask.name_en,
        parent_id=ask.parent_id,
        path=[*await _path(work, ask.parent_id), id],
        external_source=external[0] if external else None,
        external_id=external[1] if external else None,
        created_at=work.now,
        updated_at=work.now,
    )
    _check_depth(len(row.path))
    work.add(row)
    await work.flush()
    work.record(DepartmentCreated(department_id=id, parent_id=ask.parent_id), id, [EVERYONE])
    return id


@command(Permission.people_manage)
async def update_department(work: Work, id: UUID, ask: UpdateDepartment, version: Expected) -> UUID:
    """Renames it, or moves it with everything below it."""
    changes = ask.changes()
    if "parent_id" in changes:
        await work.lock_name(TREE)
    department = await work.load(DEPARTMENT_GUARD, id, "edit", version=version)
    await _change(work, department, changes)
    return id


@command(Permission.people_manage)
async def put_department(
    work: Work, source: ExternalName, external_id: ExternalName, ask: PutDepartment
) -> tuple[UUID, bool]:
    """Creates or updates the department of another system; (id, created)."""
    await work.lock_name(TREE)
    query = select(DepartmentRow.id).where(
        DepartmentRow.external_source == source, DepartmentRow.external_id == external_id
    )
    known = (await work.session.execute(query)).scalar_one_or_none()
    if known is None:
        fresh = CreateDepartment(**ask.changes())
        return await create_department(work, fresh, external=(source, external_id)), True
    await _change(work, await work.load(DEPARTMENT_GUARD, known, "edit"), ask.changes())
    return known, False


@command(Permission.people_manage)
async def delete_department(work: Work, id: UUID, version: Expected) -> None:
    """Removes a department that nothing refers to: no department below it, nobody in it ever, no content, no figures
    from outside, no review policy."""
    await work.lock_name(TREE)
    department = await work.load(DEPARTMENT_GUARD, id, "edit", version=version)
    used = await work.session.scalar(_IN_USE, {"id": id})
    if used is not None:
        raise DomainError("conflict", f"There are {used}.")
    work.record(DepartmentDeleted(department_id=id), id, [EVERYONE])
    await work.session.delete(department)
    await work.flush()
    await principals_changed(work)


async def _change(work: Work, department: DepartmentRow, changes: dict[str, Any]) -> None:
    changed = sorted(name for name, value in changes.items() if getattr(department, name) != value)
    if not changed:
        return
    if "parent_id" in changed:
        await _hang(work, department, changes["parent_id"])
    for name in changed:
        setattr(department, name, changes[name])
    work.record(DepartmentChanged(department_id=department.id, fields=changed), department.id, [EVERYONE])


async def _hang(work: Work, department: DepartmentRow, parent_id: UUID | None) -> None:
    """Moves a subtree; everything below gets its new path in one statement."""
    above = await _path(work, parent_id)
    if department.id in above:
        raise DomainError("conflict", "The new parent is this department or below it.")
    department.path = [*above, department.id]
    below = await work.session.execute(_REWRITE, {"path": department.path, "id": department.id})
    _check_depth(max([len(department.path), *below.scalars()]))
    await principals_changed(work)


async def _path(work: Work, parent_id: UUID | None) -> list[UUID]:
    """The path of the parent; raises 422 if there is no such department."""
    if parent_id is None:
        return []
    query = select(DepartmentRow.path).where(DepartmentRow.id == parent_id)
    path: list[UUID] | None = (await work.session.execute(query)).scalar_one_or_none()
    if path is None:
        raise invalid("/parent_id", "unknown_reference", "There is no such department.")
    return path


def _check_depth(levels: int) -> None:
    if levels > DEEPEST:
        raise DomainError("conflict", f"The tree would have more than {DEEPEST} levels.")
