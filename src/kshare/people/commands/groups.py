"""The only code that changes groups and who is in them."""

from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert as pg_insert

from kshare.core.access import Permission
from kshare.core.errors import DomainError, not_found
from kshare.core.ids import new_id
from kshare.core.principal import EVERYONE
from kshare.core.writing import Expected, Work, apply, command
from kshare.people.asks import CreateGroup, UpdateGroup
from kshare.people.events import GroupChanged, GroupCreated, GroupDeleted, GroupJoined, GroupLeft
from kshare.people.models import GroupMemberRow, GroupRow, PersonRow
from kshare.people.reads import GROUP_GUARD
from kshare.people.signin import principals_changed

# Content and its policies belong to a floor above, so they are named here as tables only.
_SHARED_WITH = text("SELECT EXISTS (SELECT FROM content WHERE audience @> ARRAY[CAST(:id AS uuid)])")
_REVIEWS = text("SELECT EXISTS (SELECT FROM review_policy WHERE groups @> ARRAY[CAST(:id AS uuid)])")


@command(Permission.people_manage)
async def create_group(work: Work, ask: CreateGroup) -> UUID:
    """A new group with nobody in it."""
    group = GroupRow(id=new_id(), name=ask.name, description=ask.description, created_at=work.now, updated_at=work.now)
    work.add(group)
    await work.flush()
    work.record(GroupCreated(group_id=group.id), group.id, [EVERYONE])
    return group.id


@command(Permission.people_manage)
async def update_group(work: Work, id: UUID, ask: UpdateGroup, version: Expected) -> UUID:
    """Renames or describes it."""
    group = await work.load(GROUP_GUARD, id, "edit", version=version)
    if changed := apply(group, ask.changes()):
        work.record(GroupChanged(group_id=id, fields=changed), id, [EVERYONE])
    return id


@command(Permission.people_manage)
async def delete_group(work: Work, id: UUID, version: Expected) -> None:
    """Removes a group that no content is shared with, or its members would lose sight of that content; and that no
    policy names as those who review, or nobody could."""
    group = await work.load(GROUP_GUARD, id, "edit", version=version)
    if await work.session.scalar(_SHARED_WITH, {"id": id}):
        raise DomainError("conflict", "There is content shared with it.")
    if await work.session.scalar(_REVIEWS, {"id": id}):
        raise DomainError("conflict", "There is a review policy that names it.")
    work.record(GroupDeleted(group_id=id), id, [EVERYONE])
    await work.session.delete(group)
    await work.flush()
    await principals_changed(work)


@command(Permission.people_manage)
async def add_group_member(work: Work, group_id: UUID, person_id: UUID) -> None:
    """Puts a person into the group, who then sees what is shared with it; nothing happens if they are in it."""
    await work.facts(GROUP_GUARD, group_id, "edit", GroupRow.id)
    query = select(PersonRow.id).where(PersonRow.id == person_id, PersonRow.kind != "system")
    if (await work.session.execute(query)).first() is None:
        raise not_found("person")
    added = pg_insert(GroupMemberRow).values(group_id=group_id, person_id=person_id).on_conflict_do_nothing()
    if (await work.session.execute(added.returning(GroupMemberRow.person_id))).first() is not None:
        work.record(GroupJoined(group_id=group_id, person_id=person_id), group_id, [EVERYONE])
        await principals_changed(work)


@command(Permission.people_manage)
async def remove_group_member(work: Work, group_id: UUID, person_id: UUID) -> None:
    """Takes a person out of the group; nothing happens if they are not in it."""
    await work.facts(GROUP_GUARD, group_id, "edit", GroupRow.id)
    removed = (
        delete(GroupMemberRow)
        .where(GroupMemberRow.group_id == group_id, GroupMemberRow.person_id == person_id)
        .returning(GroupMemberRow.person_id)
    )
    if (await work.session.execute(removed)).first() is not None:
        work.record(GroupLeft(group_id=group_id, person_id=person_id), group_id, [EVERYONE])
        await principals_changed(work)
