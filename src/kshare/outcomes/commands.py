"""The only code that changes series of outcomes and adds to their values.

Whoever sends values holds the row of the series meanwhile: of two who speak of the same month at once, one corrects
the other.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Date, Uuid, and_, bindparam, column, func, or_, select, text, update

from kshare.core.access import ROLES, Permission
from kshare.core.clock import now
from kshare.core.errors import DomainError, FieldError
from kshare.core.ids import new_id
from kshare.core.moments import first_day
from kshare.core.principal import EVERYONE
from kshare.core.text import ExternalName
from kshare.core.writing import Expected, Work, apply, command
from kshare.outcomes.models import SeriesRow, ValueRow
from kshare.outcomes.reads import SERIES_GUARD, latest_value
from kshare.outcomes.shapes import (
    CreateOutcomeSeries,
    GivenOutcome,
    OutcomeSeriesChanged,
    OutcomeSeriesCreated,
    OutcomeSeriesDeleted,
    OutcomeValuesCount,
    OutcomeValuesPut,
    PutOutcomeSeries,
    PutOutcomeValues,
    UpdateOutcomeSeries,
)
from kshare.people.models import DepartmentRow


@command(Permission.outcomes_manage)
async def create_outcome_series(
    work: Work, ask: CreateOutcomeSeries, *, external: tuple[str, str] | None = None
) -> UUID:
    """A new series, without values."""
    series = SeriesRow(
        id=new_id(),
        name=ask.name,
        name_en=ask.name_en,
        description=ask.description,
        unit=ask.unit,
        better=ask.better.value,
        archived=False,
        external_source=external[0] if external else None,
        external_id=external[1] if external else None,
        created_at=work.now,
        updated_at=work.now,
    )
    work.add(series)
    work.record(OutcomeSeriesCreated(series_id=series.id), series.id, [EVERYONE])
    return series.id


@command(Permission.outcomes_manage)
async def update_outcome_series(work: Work, id: UUID, ask: UpdateOutcomeSeries, version: Expected) -> UUID:
    """Changes what was sent."""
    _change(work, await work.load(SERIES_GUARD, id, "edit", version=version), ask.changes())
    return id


@command(Permission.outcomes_manage)
async def put_outcome_series(
    work: Work, source: ExternalName, external_id: ExternalName, ask: PutOutcomeSeries
) -> tuple[UUID, bool]:
    """Creates or updates the series of another system, so that a nightly job is simply re-run; (id, created)."""
    await work.lock_name(f"outcome_series/{source}/{external_id}")
    query = select(SeriesRow.id).where(SeriesRow.external_source == source, SeriesRow.external_id == external_id)
    known = (await work.session.execute(query)).scalar_one_or_none()
    if known is None:
        fresh = CreateOutcomeSeries(**ask.changes())
        return await create_outcome_series(work, fresh, external=(source, external_id)), True
    _change(work, await work.load(SERIES_GUARD, known, "edit"), ask.changes())
    return known, False


@command(Permission.outcomes_manage)
async def delete_outcome_series(work: Work, id: UUID, version: Expected) -> None:
    """Removes a series that never had a value."""
    series = await work.load(SERIES_GUARD, id, "delete", version=version)
    if (await work.session.execute(latest_value(id))).first() is not None:
        raise DomainError("conflict", "It has values, which are kept; archive it instead.")
    await work.session.delete(series)
    work.record(OutcomeSeriesDeleted(series_id=id), id, [EVERYONE])


def _change(work: Work, series: SeriesRow, changes: dict[str, Any]) -> None:
    if changed := apply(series, changes):
        work.record(OutcomeSeriesChanged(series_id=series.id, fields=changed), series.id, [EVERYONE])


# ---- values ---------------------------------------------------------------------------------------------------------


class Place(NamedTuple):
    """What a value is of."""

    department_id: UUID | None
    month: date


@command(Permission.outcomes_manage)
async def put_outcome_values(work: Work, id: UUID, ask: PutOutcomeValues) -> OutcomeValuesCount:
    """Adds what differs from what is known, and counts. All of it or, when one is refused, nothing."""
    series = await work.load(SERIES_GUARD, id, "put_values")
    if series.archived:
        raise DomainError("conflict", "The series is archived and takes no values.")
    given = await _checked(work, ask.values)
    present = await _present(work, id, list(given))
    changed = {place: one for place, one in given.items() if _says_more(one, present.get(place))}
    corrected = {place: present[place] for place in changed if place in present}
    if corrected:
        # Before its successor is there: one of a month is the present one at any time.
        former = update(ValueRow).where(ValueRow.id.in_([value.id for value in corrected.values()]))
        await work.session.execute(former.values(current=False).execution_options(synchronize_session=False))
    # Told after the series was held, so that a correction is never earlier than what it corrects.
    at = now()
    for place, one in changed.items():
        work.append(
            ValueRow,
            id=new_id(),
            series_id=id,
            department_id=place.department_id,
            month=place.month,
            value=one.value,
            number=corrected[place].number + 1 if place in corrected else 1,
            current=True,
            note=one.note,
            person_id=work.principal.id,
            recorded_at=at,
        )
    await _tell(work, id, changed, corrected)
    new = len(changed) - len(corrected)
    return OutcomeValuesCount(series_id=id, new=new, corrected=len(corrected), unchanged=len(given) - len(changed))


def _says_more(given: GivenOutcome, present: Any) -> bool:
    """Whether it is another value than the present one, or has something else to say about it."""
    if present is None:
        return given.value is not None
    return bool(given.value != present.value) or given.note not in (None, present.note)


async def _checked(work: Work, values: Sequence[GivenOutcome]) -> dict[Place, GivenOutcome]:
    """The values by what they are of. Raises 422 that points at every one which is said twice, lies ahead, or is of no
    department there is."""
    known = await _departments(work, {value.department_id for value in values if value.department_id is not None})
    given: dict[Place, GivenOutcome] = {}
    broken: list[FieldError] = []
    for index, value in enumerate(values):
        place = Place(value.department_id, first_day(value.month))
        if place.month > work.today:
            broken.append(FieldError(f"/values/{index}/month", "in_the_future", "This month has not begun."))
        if place.department_id is not None and place.department_id not in known:
            pointer = f"/values/{index}/department_id"
            broken.append(FieldError(pointer, "unknown_reference", "There is no such department."))
        if place in given:
            broken.append(
                FieldError(f"/values/{index}", "duplicate", "This month of this department is there already.")
            )
        given[place] = value
    if broken:
        raise DomainError("invalid", f"{len(broken)} of the rules for values are broken; nothing was changed.", broken)
    return given


async def _departments(work: Work, ids: set[UUID]) -> set[UUID]:
    """Which of them there are, held so that nobody deletes one meanwhile."""
    held = select(DepartmentRow.id).where(DepartmentRow.id.in_(ids)).with_for_update(read=True, key_share=True)
    return set((await work.session.execute(held)).scalars()) if ids else set()


async def _present(work: Work, series_id: UUID, places: Sequence[Place]) -> dict[Place, Any]:
    """The present values of these months and departments."""
    departments = bindparam("departments", [place.department_id for place in places], type_=ARRAY(Uuid))
    months = bindparam("months", [place.month for place in places], type_=ARRAY(Date))
    columns = (column("department_id", Uuid), column("month", Date))
    asked = func.unnest(departments, months).table_valued(*columns).render_derived()
    same = or_(
        ValueRow.department_id == asked.c.department_id,
        and_(ValueRow.department_id.is_(None), asked.c.department_id.is_(None)),
    )
    query = (
        select(ValueRow.id, ValueRow.department_id, ValueRow.month, ValueRow.value, ValueRow.number, ValueRow.note)
        .join(asked, and_(ValueRow.month == asked.c.month, same))
        .where(ValueRow.series_id == series_id, ValueRow.current)
    )
    found = await work.session.execute(query)
    return {Place(value.department_id, value.month): value for value in found}


# ---- who hears of it ------------------------------------------------------------------------------------------------

_READ_ALL = [role.value for role, permissions in ROLES.items() if Permission.metrics_read_all in permissions]
_READERS = text(
    "SELECT d.id AS department_id, array_agg(DISTINCT a.person_id) AS people FROM department d"
    " JOIN role_assignment a ON a.department_id IS NULL OR a.department_id = ANY(d.path)"
    " JOIN person p ON p.id = a.person_id AND p.active"
    " WHERE d.id = ANY(CAST(:departments AS uuid[])) AND a.role = ANY(:roles) AND a.category_id IS NULL GROUP BY d.id"
)


async def _tell(
    work: Work, series_id: UUID, changed: Mapping[Place, GivenOutcome], corrected: Mapping[Place, Any]
) -> None:
    """One entry for the company and one for each department, so that each is read by those who see its values."""
    places: dict[UUID | None, list[Place]] = {}
    for place in changed:
        places.setdefault(place.department_id, []).append(place)
    readers = await _readers(work, [id for id in places if id is not None])
    for department_id, told in places.items():
        again = sum(place in corrected for place in told)
        months = sorted(f"{place.month:%Y-%m}" for place in told)
        event = OutcomeValuesPut(
            series_id=series_id,
            department_id=department_id,
            new=len(told) - again,
            corrected=again,
            first_month=months[0],
            last_month=months[-1],
        )
        work.record(event, series_id, [EVERYONE] if department_id is None else readers[department_id])


async def _readers(work: Work, departments: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """For each department itself, which stands for those on whose path it is, and those who read its figures anyway."""
    readers = {id: [id, work.principal.id] for id in departments}
    if readers:
        for row in await work.session.execute(_READERS, {"departments": departments, "roles": _READ_ALL}):
            readers[row.department_id] += [person for person in row.people if person != work.principal.id]
    return readers
