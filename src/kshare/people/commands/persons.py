"""The only code that changes people and where they belong."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from kshare.core.access import Classification, Permission
from kshare.core.errors import DomainError, invalid
from kshare.core.ids import new_id
from kshare.core.principal import EVERYONE
from kshare.core.text import ExternalName
from kshare.core.writing import Expected, Work, command, require
from kshare.people.asks import CreatePerson, MovePerson, PutPerson, UpdatePerson
from kshare.people.commands.roles import ADMINISTRATORS, check_administrator_remains
from kshare.people.events import (
    ClearanceChanged,
    PersonChanged,
    PersonHappened,
    PersonJoined,
    PersonLeft,
    PersonMoved,
    PersonReturned,
)
from kshare.people.models import DepartmentRow, MembershipRow, PersonRow
from kshare.people.names import search_name, sort_name
from kshare.people.reads import PERSON_GUARD
from kshare.people.shapes import PersonKind
from kshare.people.signin import principals_changed

MANAGERS = "people/managers"
"""Held while somebody's manager changes: two changes at once could close a circle that neither of them sees."""

_FARTHEST_AHEAD = timedelta(days=366)

# Everybody above a person, the person included.
_SUPERIORS = text(
    "WITH RECURSIVE line(id) AS (SELECT CAST(:id AS uuid) UNION"
    " SELECT p.manager_id FROM person p JOIN line ON p.id = line.id WHERE p.manager_id IS NOT NULL)"
    " SELECT id FROM line"
)


def _tell(work: Work, happened: PersonHappened, *, private: bool = False) -> None:
    work.record(happened, happened.person_id, [happened.person_id if private else EVERYONE])


@command(Permission.people_manage)
async def create_person(work: Work, ask: CreatePerson, *, external: tuple[str, str] | None = None) -> UUID:
    """A new person or service account."""
    if ask.kind is PersonKind.service:
        require(work.principal, Permission.keys_manage)
    _check_clearance(work, ask.clearance)
    await _check_email(work, ask.email, ask.kind)
    await _check_department(work, ask.department_id)
    person = PersonRow(
        id=new_id(),
        kind=ask.kind.value,
        name=ask.name,
        sort_name=sort_name(ask.name),
        search_name=search_name(ask.name, ask.email),
        email=ask.email,
        title=ask.title,
        language=ask.language.value,
        department_id=ask.department_id,
        clearance=ask.clearance.level,
        active=True,
        external_source=external[0] if external else None,
        external_id=external[1] if external else None,
        created_at=work.now,
        updated_at=work.now,
    )
    await _check_manager(work, person.id, ask.manager_id)
    person.manager_id = ask.manager_id
    work.add(person)
    await work.flush()
    if ask.department_id is not None:
        since = _first_day(work, ask.since, None)
        work.add(MembershipRow(person_id=person.id, department_id=ask.department_id, since=since))
    _tell(work, PersonJoined(person_id=person.id, kind=person.kind, department_id=person.department_id))
    return person.id


@command(Permission.people_manage)
async def update_person(work: Work, id: UUID, ask: UpdatePerson, version: Expected) -> UUID:
    """Changes what was sent. Whoever leaves is signed out at once, and keys stop working."""
    changes = ask.changes()
    await _lock_for(work, changes)
    person = await work.load(PERSON_GUARD, id, "edit", version=version)
    await _change(work, person, changes)
    return person.id


@command(Permission.people_manage)
async def move_person(work: Work, id: UUID, ask: MovePerson, version: Expected = None) -> UUID:
    """Ends the present membership and begins another. What was written before keeps the department it has."""
    person = await work.load(PERSON_GUARD, id, "move", version=version)
    await _move(work, person, ask.department_id, ask.since)
    return person.id


@command(Permission.people_manage)
async def put_person(work: Work, source: ExternalName, external_id: ExternalName, ask: PutPerson) -> tuple[UUID, bool]:
    """Creates or updates the person of another system, so that a nightly job is simply re-run; (id, created).

    Somebody with this e-mail address who belongs to no system yet becomes that system's.
    """
    changes = ask.changes()
    await work.lock_name(f"person/{source}/{external_id}")
    await _lock_for(work, changes)
    known = await _person_of(work, source, external_id, ask.email)
    if known is None:
        fields = {name: v for name, v in changes.items() if v is not None and name in CreatePerson.model_fields}
        id = await create_person(work, CreatePerson(**fields), external=(source, external_id))
        if ask.active is False:
            await update_person(work, id, UpdatePerson(active=False), None)
        return id, True
    person = await work.load(PERSON_GUARD, known, "edit")
    if person.external_source is None:
        person.external_source, person.external_id = source, external_id
    since = changes.pop("since", None)
    if "department_id" in changes:
        await _move(work, person, changes.pop("department_id"), since)
    await _change(work, person, changes)
    return person.id, False


async def _person_of(work: Work, source: str, external_id: str, email: str | None) -> UUID | None:
    by_id = select(PersonRow.id).where(PersonRow.external_source == source, PersonRow.external_id == external_id)
    found = (await work.session.execute(by_id)).scalar_one_or_none()
    if found is None and email is not None:
        by_email = select(PersonRow.id).where(PersonRow.email == email, PersonRow.external_source.is_(None))
        found = (await work.session.execute(by_email)).scalar_one_or_none()
    return found


async def _lock_for(work: Work, changes: dict[str, Any]) -> None:
    if changes.get("manager_id") is not None:
        await work.lock_name(MANAGERS)
    if changes.get("active") is False:
        await work.lock_name(ADMINISTRATORS)


async def _change(work: Work, person: PersonRow, changes: dict[str, Any]) -> None:
    """Applies changes of the fields that a person's record has; what is equal already is no change."""
    values = dict(changes)
    if values.get("language") is not None:
        values["language"] = values["language"].value
    if values.get("clearance") is not None:
        values["clearance"] = values["clearance"].level
    changed = {name for name, value in values.items() if getattr(person, name) != value}
    if "clearance" in changed:
        _check_clearance(work, changes["clearance"])
    if "active" in changed:
        await work.facts(PERSON_GUARD, person.id, "activate", PersonRow.id)
    if "email" in changed:
        await work.facts(PERSON_GUARD, person.id, "edit_sign_in", PersonRow.id)
        await _check_email(work, values["email"], PersonKind(person.kind))
    if "manager_id" in changed:
        await _check_manager(work, person.id, values["manager_id"])
    for name in changed:
        setattr(person, name, values[name])
    if changed & {"name", "email"}:
        person.sort_name, person.search_name = sort_name(person.name), search_name(person.name, person.email)
    if "active" in changed:
        await (_return(work, person) if person.active else _leave(work, person))
    if "clearance" in changed:
        _tell(work, ClearanceChanged(person_id=person.id, clearance=changes["clearance"].value), private=True)
    if told := sorted(changed - {"active", "clearance"}):
        _tell(work, PersonChanged(person_id=person.id, fields=told))
    if changed & {"name", "active", "clearance"}:
        await principals_changed(work)


async def _leave(work: Work, person: PersonRow) -> None:
    await check_administrator_remains(work, beside=person.id)
    present = await _present(work, person.id)
    if present is not None:
        present.until = max(work.today, present.since)
    _tell(work, PersonLeft(person_id=person.id))


async def _return(work: Work, person: PersonRow) -> None:
    if person.department_id is not None:
        last = await _last(work, person.id)
        today = work.today
        if last is not None and last.until is not None and last.until >= today:
            # Left by mistake, or for less than a day.
            last.department_id, last.until = person.department_id, None
        else:
            work.add(MembershipRow(person_id=person.id, department_id=person.department_id, since=today))
    _tell(work, PersonReturned(person_id=person.id))


async def _move(work: Work, person: PersonRow, department_id: UUID | None, asked: date | None) -> None:
    if person.department_id == department_id:
        return
    await _check_department(work, department_id)
    last = await _last(work, person.id)
    since = _first_day(work, asked, last)
    # Those who have left belong nowhere; the department is the one they will return to.
    if person.active:
        if last is not None and last.until is None:
            if last.since == since:
                await work.session.delete(last)
            else:
                last.until = since
            await work.flush()
        if department_id is not None:
            work.add(MembershipRow(person_id=person.id, department_id=department_id, since=since))
    before, person.department_id = person.department_id, department_id
    _tell(
        work,
        PersonMoved(person_id=person.id, from_department_id=before, to_department_id=department_id, since=since),
    )
    await principals_changed(work)


def _first_day(work: Work, asked: date | None, last: MembershipRow | None) -> date:
    """The first day of a membership that follows `last`; raises 422 for one that cannot be."""
    today = work.today
    earliest = date(1900, 1, 1) if last is None else last.until or last.since
    since = max(today, earliest) if asked is None else asked
    if since < earliest:
        raise invalid("/since", "greater_than_equal", f"This is before {earliest}, when the membership before began.")
    if since > today + _FARTHEST_AHEAD and asked is not None:
        raise invalid("/since", "less_than_equal", "This is more than a year ahead.")
    return since


async def _present(work: Work, person_id: UUID) -> MembershipRow | None:
    query = select(MembershipRow).where(MembershipRow.person_id == person_id, MembershipRow.until.is_(None))
    return (await work.session.execute(query)).scalar_one_or_none()


async def _last(work: Work, person_id: UUID) -> MembershipRow | None:
    """The present membership, else the one that ended last."""
    query = select(MembershipRow).where(MembershipRow.person_id == person_id)
    newest = query.order_by(MembershipRow.until.desc().nulls_first(), MembershipRow.since.desc()).limit(1)
    return (await work.session.execute(newest)).scalar_one_or_none()


def _check_clearance(work: Work, clearance: Classification) -> None:
    if clearance.level > work.principal.clearance:
        raise invalid("/clearance", "above_clearance", "This is above your own clearance.")


async def _check_email(work: Work, email: str | None, kind: PersonKind) -> None:
    if email is None:
        return
    if kind is PersonKind.service:
        raise invalid("/email", "service_account", "A service account signs in by keys, and has no e-mail address.")
    if (await work.session.execute(select(PersonRow.id).where(PersonRow.email == email))).first() is not None:
        raise DomainError("already_exists", "Somebody else has this e-mail address.")


async def _check_department(work: Work, department_id: UUID | None) -> None:
    if department_id is not None and await work.session.get(DepartmentRow, department_id) is None:
        raise invalid("/department_id", "unknown_reference", "There is no such department.")


async def _check_manager(work: Work, person_id: UUID, manager_id: UUID | None) -> None:
    if manager_id is None:
        return
    query = select(PersonRow.kind).where(PersonRow.id == manager_id)
    if (await work.session.execute(query)).scalar_one_or_none() != PersonKind.person:
        raise invalid("/manager_id", "unknown_reference", "There is no such person.")
    if person_id in set((await work.session.execute(_SUPERIORS, {"id": manager_id})).scalars()):
        raise DomainError("conflict", "The new manager reports to this person, directly or through others.")
