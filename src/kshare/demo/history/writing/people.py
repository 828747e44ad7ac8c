"""Writes the people of the history: who they are, and where they were when."""

from datetime import UTC, date, datetime, time

from kshare.content.models import TagNameRow, TagRow
from kshare.content.taxonomy_shapes import folded
from kshare.core.ids import new_id
from kshare.core.principal import EVERYONE
from kshare.demo.history.months import Months
from kshare.demo.history.people import Person, Staff
from kshare.demo.history.source import HistorySource
from kshare.demo.history.writing.desk import Desk
from kshare.people.events import PersonJoined, PersonLeft, PersonMoved
from kshare.people.models import MembershipRow, PersonRow
from kshare.people.names import search_name, sort_name

_HR = "meng-xinlan"
_MORNING = time(1)
"""When people are entered, in UTC."""


def _morning(day: date) -> datetime:
    return datetime.combine(day, _MORNING, UTC)


async def write_people(desk: Desk, staff: Staff, months: Months) -> None:
    """Everybody who is not of the demo's own people; those who lead first, since the others refer to them."""
    fresh = sorted((one for one in staff.people.values() if one.fresh), key=lambda person: not person.leads)
    for person in fresh:
        desk.places.people[person.key] = new_id(_morning(person.spells[0].since))
    for person in fresh:
        desk.work.add(_row(desk, person))
    await desk.work.flush()
    for person in fresh:
        for spell in person.spells:
            desk.append(
                MembershipRow,
                id=new_id(_morning(spell.since)),
                person_id=desk.person(person.key),
                department_id=desk.places.departments[spell.department],
                since=spell.since,
                until=spell.until,
            )
        _tell(desk, person, months)


def _row(desk: Desk, person: Person) -> PersonRow:
    given, surname = person.key.split("-")[1], person.key.split("-")[0]
    email = f"{given}.{surname}@clearsea.example"
    first, last = person.spells[0], person.spells[-1]
    return PersonRow(
        id=desk.person(person.key),
        name=person.name,
        sort_name=sort_name(person.name),
        search_name=search_name(person.name, email),
        email=email,
        external_source="demo",
        external_id=person.key,
        title=person.title,
        language=person.language,
        department_id=desk.places.departments[last.department],
        manager_id=None if last.manager is None else desk.person(last.manager),
        clearance=1,
        active=person.left is None,
        created_at=_morning(first.since),
        updated_at=_morning(last.until or last.since),
    )


def _tell(desk: Desk, person: Person, months: Months) -> None:
    """Who joined, moved and left since the history began."""
    id, first = desk.person(person.key), person.spells[0]
    place = desk.places.departments
    if first.since >= months.first(1):
        joined = PersonJoined(person_id=id, kind="person", department_id=place[first.department])
        desk.tell_of(joined, id, _HR, _morning(first.since), [EVERYONE])
    for before, after in zip(person.spells, person.spells[1:], strict=False):
        moved = PersonMoved(
            person_id=id,
            from_department_id=place[before.department],
            to_department_id=place[after.department],
            since=after.since,
        )
        desk.tell_of(moved, id, _HR, _morning(after.since), [EVERYONE])
    if person.left is not None:
        desk.tell_of(PersonLeft(person_id=id), id, _HR, _morning(person.left), [EVERYONE])


async def write_tags(desk: Desk, source: HistorySource, months: Months) -> None:
    """The tags that only the history has."""
    since = _morning(months.first(1))
    for entry in source.story["tags"]:
        id = desk.places.tags[entry["name"]] = new_id(since)
        desk.work.add(TagRow(id=id, name=entry["name"], curated=True, created_at=since, updated_at=since))
    await desk.work.flush()
    for entry in source.story["tags"]:
        for name in (entry["name"], *entry["synonyms"]):
            desk.append(
                TagNameRow,
                folded=folded(name),
                tag_id=desk.places.tags[entry["name"]],
                name=name,
                preferred=name == entry["name"],
            )
