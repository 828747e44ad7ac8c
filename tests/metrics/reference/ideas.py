"""The metrics of ideas, by the words of their contracts: slowly, in plain Python, over all rows."""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import partial
from math import ceil
from uuid import UUID

from tests.metrics.histories import ZONE, Table
from tests.metrics.reference.told import Figure, Reference, Unit, World, nested

from kshare.core.principal import ANONYMOUS_ID
from kshare.metrics.periods import Period

NOTHING: Figure = (None, None, None)

# ---- figures --------------------------------------------------------------------------------------------------------


def share(units: Sequence[Unit], heads: int) -> Figure:
    """Above the line all x, below it all y."""
    above, below = sum(unit.x for unit in units), sum(unit.y for unit in units)
    return (float(Fraction(above) / Fraction(below)), above, below) if below else NOTHING


def per_head(units: Sequence[Unit], heads: int) -> Figure:
    """All x for each person who was eligible."""
    above = sum(unit.x for unit in units)
    return float(Fraction(above) / heads), above, heads


def amount_per_head(units: Sequence[Unit], heads: int) -> Figure:
    """The same of an amount, of which nothing is said where there is none."""
    return per_head(units, heads) if units else NOTHING


def lasting(part: Fraction, units: Sequence[Unit], heads: int) -> Figure:
    """The first time at which the product of the shares that outlast each event leaves no more than 1 - part."""
    if not units:
        return NOTHING
    decided, left = sum(unit.y for unit in units), Fraction(1)
    for day in sorted({unit.x for unit in units if unit.y}):
        at_risk = sum(unit.x >= day for unit in units)
        left *= 1 - Fraction(sum(unit.x == day for unit in units if unit.y), at_risk)
        if left <= 1 - part:
            return float(day), decided, len(units)
    return None, decided, len(units)


def middle(units: Sequence[Unit], heads: int) -> Figure:
    """The median of x / y, each to six decimals."""
    values = sorted(round(Fraction(unit.x) / Fraction(unit.y), 6) for unit in units)
    if not values:
        return NOTHING
    return float((values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2), None, len(values)


def top_tenth(units: Sequence[Unit], heads: int) -> Figure:
    """What part of the whole the largest tenth has, rounded up; less than nothing is nothing."""
    amounts = sorted((max(Fraction(unit.x), Fraction(0)) for unit in units), reverse=True)
    if not sum(amounts):
        return NOTHING
    return float(sum(amounts[: ceil(Fraction(len(amounts), 10))]) / sum(amounts)), None, None


# ---- what is counted ------------------------------------------------------------------------------------------------


def ideas(world: World) -> Iterator[Table]:
    """Ideas that were submitted, with what they have beside their content."""
    contents = {one["id"]: one for one in world.tables["content"] if one["kind"] == "idea" and one["state"] != "draft"}
    for one in world.tables["idea"]:
        if one["content_id"] in contents:
            yield contents[one["content_id"]] | one


def submitted(world: World, period: Period) -> list[Table]:
    """Those that were submitted in the period."""
    return [one for one in ideas(world) if world.within(one["published_at"], period)]


def withdrawn(idea: Table) -> bool:
    """Whether it is away, and not because it was merged."""
    return idea["state"] == "archived" and idea["merged_into"] is None


def of_idea(idea: Table, x: object, y: object = 1, kind: str | None = None) -> Unit:
    """Something counted of an idea: for its department, on behalf of its author, or of nobody in particular."""
    return Unit(idea["author_id"], idea["department_id"], x, y, kind)


def decisions(world: World, idea: Table) -> list[Table]:
    """What was decided on it and published, yes, no and not now, the first that was published first."""
    own = [one for one in world.where("idea_decision", "content_id", idea["id"]) if one["published_at"]]
    return sorted(own, key=lambda one: (one["published_at"], one["id"]))


def yes_or_no(world: World, idea: Table) -> list[Table]:
    """Those that are an answer."""
    return [one for one in decisions(world, idea) if one["outcome"] != "deferred"]


def approved(world: World, idea: Table) -> bool:
    """Whether the decision that stands, and is published, is a yes."""
    return any(one["current"] and one["outcome"] == "approved" for one in decisions(world, idea))


def story(world: World, idea: Table, *happened: str) -> list[Table]:
    """What happened to it, in the order in which it was written down."""
    own = [one for one in world.where("journal", "content_id", idea["id"]) if one["happened"] in happened]
    return sorted(own, key=lambda one: one["number"])


def months_after(day: date, months: int) -> date:
    """The same day so many months later, or the last of a month that has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def participation(world: World, period: Period) -> list[Unit]:
    proposers: set[UUID] = set()
    for idea in submitted(world, period):
        if not withdrawn(idea) and idea["author_id"] != ANONYMOUS_ID:
            shares = world.where("idea_coauthor", "content_id", idea["id"])
            proposers |= {idea["author_id"], *(one["person_id"] for one in shares)}
    return [
        Unit(person, department, int(person in proposers), 1) for person, department in world.eligible(period).items()
    ]


def proposed(world: World, period: Period) -> list[Unit]:
    return [of_idea(one, 1, kind=one["variety"]) for one in submitted(world, period) if not withdrawn(one)]


def crowd_heard(world: World, period: Period) -> list[Unit]:
    units = []
    for idea in submitted(world, period):
        group = (idea["id"], *idea["members"])
        voted = {one["person_id"] for id in group for one in world.where("idea_vote", "content_id", id)}
        if idea["state"] == "published" and len(voted) >= 5:
            units.append(of_idea(idea, int(bool(decisions(world, idea)))))
    return units


def decided(world: World, period: Period) -> list[Unit]:
    return [
        of_idea(idea, int(one["outcome"] == "approved"), kind=idea["variety"])
        for idea in ideas(world)
        for one in yes_or_no(world, idea)
        if one["current"] and world.within(one["published_at"], period)
    ]


def adopted(world: World, period: Period) -> list[Unit]:
    return [
        of_idea(idea, int(approved(world, idea)), kind=idea["variety"])
        for idea in submitted(world, period)
        if idea["state"] == "published"
    ]


def answered(world: World, period: Period) -> list[Unit]:
    return [
        of_idea(idea, int(any(one["current"] for one in yes_or_no(world, idea))), kind=idea["variety"])
        for idea in submitted(world, period)
        if idea["state"] == "published"
    ]


def has_come(stages: Sequence[str], world: World, period: Period) -> list[Unit]:
    return [
        of_idea(idea, int(idea["stage"] in stages), kind=idea["variety"])
        for idea in submitted(world, period)
        if idea["state"] == "published"
    ]


def implemented(months: int, world: World, period: Period) -> list[Unit]:
    units = []
    for idea in submitted(world, period):
        until = months_after(idea["published_at"].astimezone(ZONE).date(), months)
        moves = [
            one["payload"]["to_stage"]
            for one in story(world, idea, "idea_stage_changed")
            if one["at"].astimezone(ZONE).date() <= until
        ]
        if idea["state"] == "published":
            done = bool(moves) and moves[-1] in ("implemented", "verified")
            units.append(of_idea(idea, int(done), kind=idea["variety"]))
    return units


# ---- time -----------------------------------------------------------------------------------------------------------


def days(lasted: timedelta) -> Decimal:
    """In days of 24 hours, to six decimals."""
    exact = Decimal(lasted // timedelta(microseconds=1)) / Decimal(86_400_000_000)
    return exact.quantize(Decimal("0.000001"), ROUND_HALF_UP)


def waited(world: World, idea: Table, until: datetime) -> timedelta:
    """How long it waited for its author before a moment."""
    total, since = timedelta(0), None
    told = ("idea_question_asked", "idea_question_answered", "idea_stage_changed")
    ends = [(one["happened"], one["at"]) for one in story(world, idea, *told)]
    for happened, at in [*ends, ("the end", until)]:
        if since is not None:
            total += max(min(at, until) - since, timedelta(0))
            since = None
        if happened == "idea_question_asked":
            since = at
    return total


def until_decision(world: World, period: Period) -> list[Unit]:
    units, midnight = [], datetime.combine(world.today, time(), ZONE)
    for idea in submitted(world, period):
        answers = [one for one in yes_or_no(world, idea) if one["published_at"] < midnight]
        if answers:
            until = answers[0]["published_at"]
        elif idea["state"] == "archived":
            left = story(world, idea, "idea_withdrawn", "idea_merged")
            gone = [one for one in left if one["payload"].get("idea_id", str(idea["id"])) == str(idea["id"])][-1]["at"]
            until = min(gone, midnight)
        else:
            until = midnight
        lasted = until - idea["published_at"] - waited(world, idea, until)
        units.append(of_idea(idea, days(max(lasted, timedelta(0))), int(bool(answers)), kind=idea["variety"]))
    return units


def waiting(world: World, period: Period) -> list[Unit]:
    units = []
    for idea in ideas(world):
        first = next(iter(yes_or_no(world, idea)), None)
        if first is None or not world.within(first["published_at"], period):
            continue
        if any(one["at"] <= first["published_at"] for one in story(world, idea, "idea_question_asked")):
            units.append(of_idea(idea, days(waited(world, idea, first["published_at"]))))
    return units


# ---- money ----------------------------------------------------------------------------------------------------------


def benefits(world: World) -> Iterator[tuple[Table, Table]]:
    """Benefits in money of ideas under way, with their ideas."""
    underway = {
        one["id"]: one
        for one in ideas(world)
        if one["state"] == "published" and one["stage"] in ("approved", "in_pilot", "implemented", "verified")
    }
    for one in world.tables["benefit"]:
        if one["content_id"] in underway and one["type"] in ("saving", "avoided_cost", "revenue"):
            yield one, underway[one["content_id"]]


def present(world: World, benefit: Table, level: str) -> Decimal | None:
    """The newest figure of a level."""
    own = [one for one in world.where("benefit_entry", "benefit_id", benefit["id"]) if one["level"] == level]
    return max(own, key=lambda one: one["number"])["first_year"] if own else None


def begun(level: str, world: World, period: Period) -> list[Unit]:
    amounts: dict[tuple[UUID, str], Decimal] = defaultdict(Decimal)
    of: dict[UUID, Table] = {}
    for one, idea in benefits(world):
        figure = present(world, one, level)
        if figure is None or not period.start <= one["starts_on"] < period.end or one["starts_on"] > world.today:
            continue
        of[idea["id"]] = idea
        amounts[idea["id"], one["unit"]] += figure
        if one["cost"]:
            amounts[idea["id"], one["cost_currency"]] -= one["cost"]
    return [of_idea(of[id], amount, 0, currency) for (id, currency), amount in amounts.items()]


def year_ended(world: World, benefit: Table, period: Period) -> bool:
    """Whether its first twelve months were over in the period."""
    over = months_after(benefit["starts_on"], 12)
    return period.start <= over < period.end and over <= world.today


def verified(world: World, period: Period) -> dict[tuple[UUID, str], list[tuple[Table, Table, Decimal]]]:
    """The benefits that were verified and whose first year ended in the period, by idea and currency."""
    found: dict[tuple[UUID, str], list[tuple[Table, Table, Decimal]]] = defaultdict(list)
    for one, idea in benefits(world):
        amount = present(world, one, "verified")
        if amount is not None and year_ended(world, one, period):
            found[idea["id"], one["unit"]].append((idea, one, amount))
    return found


def realised(world: World, period: Period) -> list[Unit]:
    units = []
    for (_, currency), own in verified(world, period).items():
        promised = Decimal(0)
        for _, one, _ in own:
            committed = present(world, one, "committed")
            claimed = present(world, one, "claimed")
            promised += committed if committed is not None else claimed or 0
        if promised > 0:
            units.append(of_idea(own[0][0], sum(amount for *_, amount in own), promised, currency))
    return units


def brought(world: World, period: Period) -> list[Unit]:
    return [
        of_idea(own[0][0], sum(amount for *_, amount in own), 0, currency)
        for (_, currency), own in verified(world, period).items()
    ]


def returned(world: World, period: Period) -> list[Unit]:
    gain: dict[tuple[UUID, str], Decimal] = defaultdict(Decimal)
    cost: dict[tuple[UUID, str], Decimal] = defaultdict(Decimal)
    of: dict[UUID, Table] = {}
    for (id, currency), own in verified(world, period).items():
        for idea, one, amount in own:
            of[id] = idea
            gain[id, currency] += amount
            if one["cost"]:
                cost[id, one["cost_currency"]] += one["cost"]
    for id in of:
        first = min(
            one["starts_on"]
            for one, idea in benefits(world)
            if idea["id"] == id and present(world, one, "verified") is not None
        )
        if period.start <= months_after(first, 12) < period.end:
            for currency, used in spent(world, id).items():
                cost[id, currency] += used
    return [of_idea(of[id], gain[id, currency], cost[id, currency], currency) for id, currency in {*gain, *cost}]


def spent(world: World, id: UUID) -> dict[str, Decimal]:
    """The money that was used from budgets for an idea, by currency."""
    budgets = {one["id"]: one for one in world.tables["budget"]}
    of_grant = {one["id"]: budgets[one["budget_id"]] for one in world.tables["resource_grant"]}
    found: dict[str, Decimal] = defaultdict(Decimal)
    for one in world.where("resource_entry", "content_id", id):
        budget = of_grant[one["grant_id"]]
        if (one["kind"], budget["kind"]) == ("used", "money"):
            found[budget["unit"]] += one["amount"]
    return {currency: used for currency, used in found.items() if used}


def _of_things(
    units: Callable[[World, Period], list[Unit]],
    figure: Callable[[Sequence[Unit], int], Figure],
    *,
    addable: bool = True,
    ripens: int = 0,
) -> Reference:
    return Reference(units, figure, of_people=False, addable=addable, ripens=ripens)


_EACH = {
    "idea_participation": Reference(participation, share, of_people=True),
    "ideas_per_person": Reference(proposed, per_head, of_people=True, kinds=("small", "large")),
    "crowd_heard": _of_things(crowd_heard, share),
    "adoption_of_decided": _of_things(decided, share),
    "adoption_of_submitted": _of_things(adopted, share),
    "implemented_within_6_months": _of_things(partial(implemented, 6), share, ripens=6),
    "implemented_within_12_months": _of_things(partial(implemented, 12), share, ripens=12),
    "ideas_decided": _of_things(answered, share),
    "ideas_in_pilot": _of_things(partial(has_come, ["in_pilot", "implemented", "verified"]), share),
    "ideas_implemented": _of_things(partial(has_come, ["implemented", "verified"]), share),
    "ideas_verified": _of_things(partial(has_come, ["verified"]), share),
    "time_to_decision_median": _of_things(until_decision, partial(lasting, Fraction(1, 2))),
    "time_to_decision_p90": _of_things(until_decision, partial(lasting, Fraction(9, 10))),
    "time_waiting_for_author": _of_things(waiting, middle),
    **{
        f"benefit_{level}_per_head": Reference(partial(begun, level), amount_per_head, of_people=True, addable=False)
        for level in ("claimed", "committed", "verified")
    },
    "realisation_median": _of_things(realised, middle),
    "realisation_top_share": _of_things(brought, top_tenth, addable=False),
    "programme_return": _of_things(returned, share, addable=False),
}
REFERENCES = nested(
    _EACH,
    [
        ("adoption_of_submitted", "ideas_per_person"),
        ("time_to_decision_median", "adoption_of_submitted"),
        ("time_to_decision_p90", "adoption_of_submitted"),
        ("adoption_of_decided", "adoption_of_submitted"),
        ("time_waiting_for_author", "adoption_of_decided"),
        *((f"implemented_within_{months}_months", "adoption_of_submitted") for months in (6, 12)),
        *((f"ideas_{come}", "adoption_of_submitted") for come in ("decided", "in_pilot", "implemented", "verified")),
        ("crowd_heard", "adoption_of_submitted"),
        ("benefit_committed_per_head", "benefit_claimed_per_head"),
        ("benefit_verified_per_head", "benefit_committed_per_head"),
    ],
)
