"""What dashboards keep beside the figures, computed slowly: places of people, months of categories, hot topics."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.metrics.histories import ZONE, Table
from tests.metrics.reference.sharing import weights
from tests.metrics.reference.told import World

from kshare.core.principal import EVERYONE
from kshare.metrics.periods import Period

INTERNAL = 1


def places(world: World, quarter: Period) -> dict[tuple[UUID, str, Any], tuple[Any, ...]]:
    """Department, net weight and place of everybody above zero, in a quarter and each of its months."""
    found: dict[tuple[UUID, str, Any], tuple[Any, ...]] = {}
    people = {one["id"] for one in world.tables["person"] if one["kind"] == "person"}
    for period in (quarter, *quarter.months()):
        account = {person: weight for person, weight in weights(world, period).items() if weight > 0}
        eligible = world.eligible(period)
        for person, weight in account.items():
            place = 1 + sum(other > weight for other in account.values())
            if person in people:
                found[person, period.grain.value, period.start] = (eligible.get(person), weight, place)
    return found


def _shown(world: World) -> Iterator[Table]:
    """What everybody sees who is cleared for what is internal."""
    for one in world.tables["content"]:
        if one["state"] == "published" and EVERYONE in one["readers"] and one["classification"] <= INTERNAL:
            yield one


def category_months(world: World, quarter: Period) -> dict[tuple[UUID, Any, int], tuple[int, ...]]:
    """Items, ideas, views and thanks of each category and level of secrecy."""
    found: defaultdict[tuple[UUID, Any, int], Counter[str]] = defaultdict(Counter)
    for content in _shown(world):
        if content["category_id"] is None:
            continue
        for month in quarter.months():
            counted = found[content["category_id"], month.start, content["classification"]]
            counted[content["kind"]] += world.within(content["published_at"], month)
            for view in world.where("viewing", "content_id", content["id"]):
                counted["views"] += view["person_id"] != content["owner_id"] and world.within(view["at"], month)
            for one in world.where("reaction", "content_id", content["id"]):
                thanks = one["kind"] == "thank" and one["person_id"] != content["owner_id"]
                counted["thanks"] += thanks and world.within(one["created_at"], month)
    names = ("knowledge_item", "idea", "views", "thanks")
    return {key: tuple(counted[name] for name in names) for key, counted in found.items() if any(counted.values())}


def hot_categories(world: World) -> dict[tuple[int, UUID], tuple[int, int, int]]:
    """How often each category was met in the last 28 days and the 84 before, and by how many named people of late:
    those that are met more often than before, by five people or more."""
    met: defaultdict[tuple[int, UUID], list[tuple[int, UUID | None]]] = defaultdict(list)
    for level in range(INTERNAL + 1):
        readers: defaultdict[UUID, set[tuple[int, UUID]]] = defaultdict(set)
        for content in _shown(world):
            category = content["category_id"]
            if category is None or content["classification"] > level:
                continue
            unnamed = content["author_id"] != content["owner_id"]
            met[level, category].append(
                (_ago(world, content["published_at"]), None if unnamed else content["owner_id"])
            )
            for one in world.where("comment", "content_id", content["id"]):
                if not one["deleted"]:
                    met[level, category].append((_ago(world, one["created_at"]), one["owner_id"]))
            for one in world.where("reaction", "content_id", content["id"]):
                met[level, category].append((_ago(world, one["created_at"]), one["person_id"]))
            for one in world.where("viewing", "content_id", content["id"]):
                ago = _ago(world, one["at"])
                if ago > 0 and one["person_id"] != content["owner_id"]:
                    readers[category].add(((ago - 1) // 7, one["person_id"]))
        for category, weeks in readers.items():
            met[level, category] += [(week * 7 + 1, person) for week, person in weeks]
    found = {}
    for key, times in met.items():
        recent = [person for ago, person in times if 0 < ago <= 28]
        before = sum(28 < ago <= 112 for ago, _ in times)
        people = len({person for person in recent if person is not None})
        if len(recent) * 84 > before * 28 and people >= 5:
            found[key] = (len(recent), before, people)
    return found


def _ago(world: World, moment: Any) -> int:
    """So many days before today."""
    return (world.today - moment.astimezone(ZONE).date()) // timedelta(days=1)
