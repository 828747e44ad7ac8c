"""Writes series of outcomes, as finance keeps them."""

from uuid import UUID

from kshare.core.ids import new_id
from kshare.core.principal import EVERYONE
from kshare.demo.history.records import Measured, Outcome
from kshare.demo.history.source import HistorySource
from kshare.demo.history.writing.desk import Desk
from kshare.outcomes.models import SeriesRow, ValueRow
from kshare.outcomes.shapes import OutcomeSeriesCreated, OutcomeValuesPut

_KEEPER = "jin-haiyan"


def write_outcome(desk: Desk, source: HistorySource, outcome: Outcome) -> None:
    """A series with its values."""
    told, since = source.story["outcomes"][outcome.place], outcome.values[0].at
    id = new_id(since)
    desk.append(
        SeriesRow,
        id=id,
        name=told["name"],
        name_en=told["name_en"],
        description=told["description"],
        unit=told["unit"],
        better="lower",
        archived=False,
        external_source=told["source"],
        external_id=told["name_en"].lower().replace(" ", "-"),
        version=1,
        created_at=since,
        updated_at=since,
    )
    desk.tell_of(OutcomeSeriesCreated(series_id=id), id, _KEEPER, since, [EVERYONE])
    for value in outcome.values:
        desk.append(
            ValueRow,
            id=new_id(value.at),
            series_id=id,
            department_id=_department(desk, value),
            month=value.month,
            value=value.value,
            number=1,
            current=True,
            person_id=desk.person(_KEEPER),
            recorded_at=value.at,
        )
        _tell(desk, id, value)


def _department(desk: Desk, value: Measured) -> UUID | None:
    return None if value.department is None else desk.places.departments[value.department]


def _tell(desk: Desk, id: UUID, value: Measured) -> None:
    """One entry for the company and one for each department, so that each is read by those who see its values."""
    department, month = _department(desk, value), f"{value.month:%Y-%m}"
    readers = [EVERYONE] if department is None else [department, *desk.places.overseers]
    event = OutcomeValuesPut.model_validate(
        {
            "series_id": id,
            "department_id": department,
            "new": 1,
            "corrected": 0,
            "first_month": month,
            "last_month": month,
        }
    )
    desk.tell_of(event, id, _KEEPER, value.at, readers)
