"""How contributions are spread, by the words of the contracts: slowly, in plain Python, over all rows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from tests.metrics.reference.told import Figure, Reference, Unit, World

from kshare.metrics.periods import Period

BANDS = ("none", "up_to_3", "up_to_10", "more")


def _weights(world: World, period: Period) -> tuple[Mapping[UUID, Decimal], Mapping[UUID, Decimal]]:
    """What everybody's account adds up to in a period, and in all time before."""
    now: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    before: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for entry in world.tables["contribution"]:
        if entry["occurred_on"] < period.end:
            (now if entry["occurred_on"] >= period.start else before)[entry["person_id"]] += entry["weight"]
    return now, before


def _band(weight: Decimal) -> str:
    if weight <= 0:
        return "none"
    return "up_to_3" if weight <= 3 else "up_to_10" if weight <= 10 else "more"


def contributors(world: World, period: Period) -> list[Unit]:
    now, _ = _weights(world, period)
    return [
        Unit(person, department, 1, 1, _band(now[person] if person in now else Decimal(0)))
        for person, department in world.eligible(period).items()
    ]


def new_contributors(world: World, period: Period) -> list[Unit]:
    now, before = _weights(world, period)
    return [
        Unit(person, department, int(now.get(person, 0) > 0 >= before.get(person, 0)), 1)
        for person, department in world.eligible(period).items()
    ]


def of_heads(units: Sequence[Unit], heads: int) -> Figure:
    """All x as a share of the people who were eligible."""
    above = sum(unit.x for unit in units)
    return (float(Fraction(above) / heads), above, heads) if heads else (None, None, None)


def quotient(units: Sequence[Unit], heads: int) -> Figure:
    above, below = sum(unit.x for unit in units), sum(unit.y for unit in units)
    return (float(Fraction(above) / below), above, below) if below else (None, None, None)


SPREAD = {
    "contributors": Reference(contributors, of_heads, True, kinds=BANDS, divides=True),
    "new_contributors": Reference(new_contributors, quotient, True),
}
