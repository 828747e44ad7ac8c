"""The metrics of sharing, by the words of their contracts: slowly, in plain Python, over all rows."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import product
from uuid import UUID

from tests.metrics.histories import Table
from tests.metrics.reference.spread import SPREAD
from tests.metrics.reference.told import Figure, Reference, Unit, World, nested

from kshare.core.principal import EVERYONE
from kshare.knowledge.shapes import KnowledgeKind
from kshare.metrics.periods import Grain, Period

# ---- figures --------------------------------------------------------------------------------------------------------


def quotient(units: Sequence[Unit], heads: int) -> Figure:
    """Above the line all x, below it all y."""
    above, below = sum(unit.x for unit in units), sum(unit.y for unit in units)
    return (float(Fraction(above) / below), above, below) if below else (None, None, None)


def per_head(units: Sequence[Unit], heads: int) -> Figure:
    """All x for each person who was eligible."""
    above = sum(unit.x for unit in units)
    return float(Fraction(above) / heads), above, heads


def gini(units: Sequence[Unit], heads: int) -> Figure:
    """Half the mean difference of any two, divided by the mean."""
    values = [Fraction(unit.x) for unit in units]
    if not sum(values):
        return None, None, None
    differences = sum(abs(one - other) for one, other in product(values, values))
    return float(differences / (2 * len(values) * sum(values))), None, len(values)


def median_time(units: Sequence[Unit], heads: int) -> Figure:
    """The first time by which the product of the shares that outlast each event has fallen to one half."""
    if not units:
        return None, None, None
    left = Fraction(1)
    median = None
    for time in sorted({unit.x for unit in units if unit.y}):
        at_risk = sum(unit.x >= time for unit in units)
        left *= 1 - Fraction(sum(unit.x == time for unit in units if unit.y), at_risk)
        if left <= Fraction(1, 2):
            median = float(time)
            break
    return median, sum(unit.y for unit in units), len(units)


# ---- what is counted ------------------------------------------------------------------------------------------------


def weights(world: World, period: Period) -> Mapping[UUID, Decimal]:
    """What everybody's account adds up to in a period."""
    found: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for entry in world.tables["contribution"]:
        if period.start <= entry["occurred_on"] < period.end:
            found[entry["person_id"]] += entry["weight"]
    return found


def active_sharers(world: World, period: Period) -> list[Unit]:
    account = weights(world, period)
    return [
        Unit(person, department, int(account.get(person, 0) > 0), 1, world.level(person))
        for person, department in world.eligible(period).items()
    ]


def contribution_gini(world: World, period: Period) -> list[Unit]:
    account = weights(world, period)
    return [
        Unit(person, department, max(account.get(person, Decimal(0)), Decimal(0)), 1)
        for person, department in world.eligible(period).items()
    ]


def _items(world: World) -> list[Table]:
    return [one for one in world.tables["content"] if one["kind"] == "knowledge_item" and one["state"] != "draft"]


def new_items(world: World, period: Period) -> list[Unit]:
    return [
        Unit(item["owner_id"], item["department_id"], 1, 0, item["variety"])
        for item in _items(world)
        if world.within(item["published_at"], period)
    ]


def _of_items(world: World, period: Period, used: Callable[[Table], int]) -> list[Unit]:
    """Each item there is by the end of a period, with how often it was used."""
    return [
        Unit(item["owner_id"], item["department_id"], used(item), 1, item["variety"])
        for item in _items(world)
        if world.before_end(item["published_at"], period)
    ]


def item_views(world: World, period: Period) -> list[Unit]:
    views = defaultdict(list)
    for view in world.tables["viewing"]:
        if world.within(view["at"], period):
            views[view["content_id"]].append(view["person_id"])
    return _of_items(world, period, lambda item: sum(reader != item["owner_id"] for reader in views[item["id"]]))


def item_thanks(world: World, period: Period) -> list[Unit]:
    def thanks(item: Table) -> int:
        return sum(
            one["content_id"] == item["id"] and one["kind"] == "thank" and one["person_id"] != item["owner_id"]
            for one in world.tables["reaction"]
            if world.within(one["created_at"], period)
        )

    return _of_items(world, period, thanks)


def item_links(world: World, period: Period) -> list[Unit]:
    def links(item: Table) -> int:
        return sum(
            str(item["id"]) in source["body"].lower()
            for source in world.tables["content"]
            if source["state"] != "draft"
            and source["owner_id"] != item["owner_id"]
            and world.within(source["published_at"], period)
        )

    return _of_items(world, period, links)


def _ended(world: World, period: Period) -> set[UUID]:
    """The reviews that ended in a period."""
    return {
        one["id"]
        for one in world.tables["review"]
        if one["state"] not in ("preparing", "open") and world.within(one["closed_at"], period)
    }


def _placed(world: World, period: Period) -> Mapping[UUID, UUID]:
    """Where everybody was last in the quarter that a period lies in."""
    return world.eligible(Period.of(Grain.quarter, period.start))


def review_load(world: World, period: Period) -> list[Unit]:
    ended, placed = _ended(world, period), _placed(world, period)
    given = {
        (one["review_id"], one["person_id"]) for one in world.tables["review_judgement"] if one["review_id"] in ended
    }
    return [
        Unit(person, placed.get(person), judgements, 1)
        for person, judgements in Counter(person for _, person in given).items()
    ]


def review_time(world: World, period: Period) -> list[Unit]:
    placed = _placed(world, period)
    ended = {id: one for one in world.tables["review"] if (id := one["id"]) in _ended(world, period)}
    units = []
    for asked in world.tables["review_assignment"]:
        if (review := ended.get(asked["review_id"])) is None:
            continue
        given = [one["given_at"] for one in world.tables["review_judgement"] if one["assignment_id"] == asked["id"]]
        until = min(given) if given else min(filter(None, (asked["closed_at"], review["closed_at"])))
        days = max(until - asked["created_at"], timedelta(0)) / timedelta(microseconds=1)
        days_exactly = round(Fraction(int(days), 86_400_000_000), 6)
        units.append(Unit(asked["person_id"], placed.get(asked["person_id"]), days_exactly, int(bool(given))))
    return units


def searches_without_hit(world: World, period: Period) -> list[Unit]:
    return [
        Unit(one["person_id"], None, int(one["hits"] == 0), 1)
        for one in world.tables["search_query"]
        if world.within(one["at"], period)
    ]


ITEM_KINDS = [kind.value for kind in KnowledgeKind]

_EACH = SPREAD | {
    "active_sharers": Reference(
        active_sharers, quotient, True, kinds=("senior_leader", "leader", "staff"), divides=True
    ),
    "new_items": Reference(new_items, per_head, True, kinds=ITEM_KINDS),
    "contribution_gini": Reference(contribution_gini, gini, True),
    "item_views": Reference(item_views, quotient, False),
    "item_thanks": Reference(item_thanks, quotient, False),
    "item_links": Reference(item_links, quotient, False),
    "review_load": Reference(review_load, quotient, False),
    "review_time": Reference(review_time, median_time, False),
    "searches_without_hit": Reference(searches_without_hit, quotient, False),
}
REFERENCES = nested(
    _EACH,
    [*((reuse, "new_items") for reuse in ("item_views", "item_thanks", "item_links")), ("review_load", "review_time")],
    [("contributors", "active_sharers")],
)


# ---- the flow of knowledge ------------------------------------------------------------------------------------------

Flow = dict[tuple[UUID, UUID, UUID], tuple[int | None, int | None, str | None]]
"""Pairs, people and reason, by the department in question, whose knowledge it is, and who used it."""


def knowledge_flow(world: World, quarter: Period) -> Flow:
    """Who used knowledge of another department, in the matrix of the department in which the two come together."""
    used = {
        (one["content_id"], one["person_id"]) for one in world.tables["viewing"] if world.within(one["at"], quarter)
    }
    for one in world.tables["reaction"]:
        if one["kind"] in ("thank", "favourite") and world.within(one["created_at"], quarter):
            used.add((one["content_id"], one["person_id"]))
    for one in world.tables["comment"]:
        if not one["deleted"] and world.within(one["created_at"], quarter):
            used.add((one["content_id"], one["author_id"]))
    items = {one["id"]: one for one in world.tables["content"] if one["kind"] == "knowledge_item"}
    eligible = world.eligible(quarter)
    readers: defaultdict[tuple[UUID, UUID, UUID], list[UUID]] = defaultdict(list)
    for id, person in used:
        item = items.get(id)
        if item is not None and item["owner_id"] != person and person in eligible and item["department_id"] is not None:
            source = [one or EVERYONE for one in world.above(item["department_id"])]
            target = [one or EVERYONE for one in world.above(eligible[person])]
            if source[0] != target[0]:
                within = next(one for one in source if one in target)
                # The part next below it, or itself.
                part = source[max(source.index(within) - 1, 0)], target[max(target.index(within) - 1, 0)]
                readers[within, *part].append(person)
    return {
        place: (len(pairs), len(set(pairs)), None) if len(set(pairs)) >= 5 else (None, None, "too_few_people")
        for place, pairs in readers.items()
    }
