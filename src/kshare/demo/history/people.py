"""Who was there when, and where: the people of the demo and those of the history."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from kshare.demo.history.months import Months


@dataclass(frozen=True)
class Spell:
    """A time in one department; `until` is the day after its last."""

    department: str
    manager: str | None
    since: date
    until: date | None


@dataclass(frozen=True)
class Person:
    """Somebody, by key."""

    key: str
    name: str
    title: str
    language: str
    spells: tuple[Spell, ...]
    leads: bool
    keen: float
    """How much more than others they share."""
    fresh: bool
    """They are of the history, and not of the demo's own people."""

    def spell(self, day: date) -> Spell | None:
        """Where they were on a day; None before they joined, and after they left."""
        return next((one for one in self.spells if one.since <= day and (one.until is None or day < one.until)), None)

    @property
    def left(self) -> date | None:
        """The day from which on they are gone."""
        return self.spells[-1].until


class Staff:
    """Everybody, with the tree of departments."""

    def __init__(
        self, organisation: Mapping[str, Any], hired: Mapping[str, Any], keen: Mapping[str, float], months: Months
    ) -> None:
        self.paths: dict[str, tuple[str, ...]] = {}
        self.names = {entry["key"]: (entry["name"], entry["name_en"]) for entry in organisation["departments"]}
        for entry in organisation["departments"]:
            self.paths[entry["key"]] = (*self.paths.get(entry["parent"], ()), entry["key"])
        entries = [(entry, tuple(_spells(entry, organisation["moves"])), False) for entry in organisation["people"]]
        for department, people in hired.items():
            entries += [(entry, tuple(_dated(entry, department, months)), True) for entry in people]
        managers = {spells[-1].manager for _, spells, _ in entries if spells[-1].until is None}
        self.people = {
            entry["key"]: Person(
                entry["key"],
                entry["name"],
                entry["title"],
                entry.get("language", "zh"),
                spells,
                entry["key"] in managers,
                # The same for the same person, however many others there are.
                keen.get(entry["key"], 1.0) * Random(f"keen/{entry['key']}").lognormvariate(0, 0.7),  # noqa: S311
                fresh,
            )
            for entry, spells, fresh in entries
        }
        self._present: dict[date, list[Person]] = {}

    def present(self, day: date) -> Sequence[Person]:
        """Everybody who was there on a day."""
        if day not in self._present:
            self._present[day] = [person for person in self.people.values() if person.spell(day)]
        return self._present[day]

    def department(self, key: str, day: date) -> str | None:
        """Where somebody was on a day."""
        spell = self.people[key].spell(day)
        return None if spell is None else spell.department

    def manager(self, key: str, day: date) -> str | None:
        """Whose report somebody was on a day."""
        spell = self.people[key].spell(day)
        return None if spell is None else spell.manager

    def within(self, department: str, places: Collection[str]) -> bool:
        """Whether a department is one of these, or below one."""
        return not set(places).isdisjoint(self.paths[department])


def drawn(people: Iterable[Person], number: int, random: Random) -> list[Person]:
    """So many people, those who share more with a better chance (A-ES, Efraimidis and Spirakis 2006)."""
    ranked = sorted(people, key=lambda person: random.random() ** (1 / person.keen), reverse=True)
    return ranked[: max(number, 0)]


_FOUNDED = date(2024, 1, 1)


def _spells(entry: Mapping[str, Any], moves: Iterable[Mapping[str, Any]]) -> Iterator[Spell]:
    """Of the demo's own people, who have moved once at most."""
    since = _FOUNDED
    for move in moves:
        if move["person"] == entry["key"]:
            moved = move["until"] + timedelta(days=1)
            yield Spell(move["from_department"], entry["manager"], since, moved)
            since = moved
    yield Spell(entry["department"], entry["manager"], since, None)


def _dated(entry: Mapping[str, Any], department: str, months: Months) -> Iterator[Spell]:
    """Of the people of the history, whose file counts in months."""
    since = months.first(entry["from"]) if "from" in entry else _FOUNDED
    left = months.first(entry["until"] + 1) if "until" in entry else None
    manager = entry["manager"]
    if move := entry.get("moved"):
        moved = months.first(move["month"])
        yield Spell(department, manager, since, moved)
        department, manager, since = move["department"], move["manager"], moved
    yield Spell(department, manager, since, left)
