"""How incubation is read, and who may carry an idea out. All of it is seen exactly when its idea is seen."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, and_, case, func, literal_column, not_, or_, select
from sqlalchemy.orm import aliased

from kshare.content.models import ContentRow
from kshare.content.visibility import visible_content, visible_through_content
from kshare.core.access import Permission
from kshare.core.reading import (
    TODAY,
    Alias,
    Filter,
    Listing,
    Many,
    One,
    Order,
    Source,
    View,
    Viewer,
    Walk,
    allowed_list,
    constant,
)
from kshare.core.writing import Guard, Rule
from kshare.ideas.reads.idea import IDEA, in_stage, in_state, is_idea, is_own, may_carry_out, may_decide, may_manage
from kshare.ideas.stages import UNDERWAY
from kshare.incubation.models import GateRow, MilestoneRow, PilotRow, RolloutRow
from kshare.incubation.shapes import Gate, Incubation, Milestone, Pilot, RolloutSite
from kshare.people.reads import DEPARTMENT, PERSON

PILOTED = ("approved", "in_pilot")
"""The stages in which gates lie."""

# ---- who may ---------------------------------------------------------------------------------------------------------


def _decides(row: Alias) -> ColumnElement[bool]:
    """Those who decide on ideas or manage them; never the authors."""
    return and_(or_(may_decide(row), may_manage(row)), not_(is_own(row)))


def _open(*stages: str) -> Rule:
    return lambda row: and_(in_state("published")(row), in_stage(*stages)(row))


INCUBATION_GUARD = Guard(
    "idea",
    ContentRow,
    visible_content,
    {"implement": may_carry_out, "ask_for_decision": lambda row: or_(may_carry_out(row), _decides(row))},
    is_idea,
)
"""Who may, whatever the stage: a wrong stage is a conflict and no lack of rights."""

_OFFERED: dict[str, Rule] = {
    "carry_out": lambda row: and_(_open(*UNDERWAY)(row), may_carry_out(row)),
    "decide_gate": lambda row: and_(_open(*PILOTED)(row), _decides(row)),
}


def _of_idea(rule: Rule) -> Rule:
    """A rule for the idea, as a rule for what belongs to it."""

    def condition(row: Alias) -> ColumnElement[bool]:
        idea: Alias = aliased(ContentRow)
        return select(idea.id).where(idea.id == row.content_id, rule(idea)).exists()

    return condition


def _sees_to_it(row: Alias) -> ColumnElement[bool]:
    mine = and_(row.person_id == Viewer.id, Viewer.holds(Permission.idea_propose))
    return or_(_of_idea(may_carry_out)(row), mine)


_carried_out = _of_idea(may_carry_out)

MILESTONE_GUARD = Guard(
    "milestone",
    MilestoneRow,
    visible_through_content,
    {"edit": _carried_out, "finish": _sees_to_it, "remove": _carried_out},
)
PILOT_GUARD = Guard(
    "pilot",
    PilotRow,
    visible_through_content,
    {"edit": _carried_out, "start": _carried_out, "conclude": _carried_out, "remove": _carried_out},
)
ROLLOUT_GUARD = Guard(
    "rollout site",
    RolloutRow,
    visible_through_content,
    {"edit": _carried_out, "finish": _carried_out, "remove": _carried_out},
)
GATE_GUARD = Guard("gate", GateRow, visible_through_content, {"decide": _of_idea(_decides)})


def _offered(guard: Guard[Any], stages: tuple[str, ...], **states: Callable[[Alias], ColumnElement[bool]]) -> Source:
    """`permissions`: what the rules allow, in a state of the idea and of the row in which it can be done."""

    def permissions(row: Alias) -> ColumnElement[Any]:
        underway = _of_idea(_open(*stages))
        rules = {name: and_(rule, underway(row)) for name, rule in guard.rules_for(row).items()}
        return allowed_list(rules | {name: and_(rules[name], state(row)) for name, state in states.items()})

    return permissions


# ---- views -----------------------------------------------------------------------------------------------------------


def _idea_id(row: Alias) -> ColumnElement[Any]:
    id: ColumnElement[Any] = row.content_id
    return id


def _idea_title(row: Alias) -> ColumnElement[Any]:
    idea: Alias = aliased(ContentRow)
    return select(idea.title).where(idea.id == row.content_id).scalar_subquery()


_DEPARTMENT = One(DEPARTMENT, on=lambda row, department: department.id == row.department_id)


def _in(*states: str) -> Callable[[Alias], ColumnElement[bool]]:
    return lambda row: row.state.in_([constant(state) for state in states])


MILESTONE = View(
    "milestone",
    Milestone,
    MilestoneRow,
    visible_through_content,
    {
        "idea_id": _idea_id,
        "idea_title": _idea_title,
        "person": One(PERSON, on=lambda row, person: person.id == row.person_id),
        "overdue": lambda row: and_(row.done_at.is_(None), row.due_on < TODAY),
        "permissions": _offered(MILESTONE_GUARD, UNDERWAY),
    },
)
PILOT = View(
    "pilot",
    Pilot,
    PilotRow,
    visible_through_content,
    {
        "idea_id": _idea_id,
        "department": _DEPARTMENT,
        "overdue": lambda row: and_(_in("planned", "running")(row), row.until_on < TODAY),
        "permissions": _offered(
            PILOT_GUARD,
            UNDERWAY,
            edit=_in("planned", "running"),
            start=_in("planned"),
            conclude=_in("running"),
            remove=_in("planned"),
        ),
    },
)
ROLLOUT = View(
    "rollout_site",
    RolloutSite,
    RolloutRow,
    visible_through_content,
    {
        "idea_id": _idea_id,
        "department": _DEPARTMENT,
        "state": lambda row: case((row.done_on.is_(None), constant("planned")), else_=constant("done")),
        "overdue": lambda row: and_(row.done_on.is_(None), row.planned_on < TODAY),
        "permissions": _offered(ROLLOUT_GUARD, UNDERWAY, remove=lambda row: row.done_on.is_(None)),
    },
)
GATE = View(
    "gate",
    Gate,
    GateRow,
    visible_through_content,
    {
        "idea_id": _idea_id,
        "opened_by": One(PERSON, on=lambda row, person: person.id == row.opened_by_id),
        "decided_by": One(PERSON, on=lambda row, person: person.id == row.decided_by_id),
        "permissions": _offered(GATE_GUARD, PILOTED, decide=lambda row: row.decision.is_(None)),
    },
)


def is_held(row: Alias) -> ColumnElement[bool]:
    """The newest decision at a gate of the idea holds it."""
    gate = aliased(GateRow)
    newest = select(gate.decision).where(gate.content_id == row.id, gate.decision.is_not(None))
    newest = newest.order_by(gate.number.desc()).limit(literal_column("1"))
    return func.coalesce(newest.scalar_subquery() == constant("hold"), literal_column("false"))


def _all(view: View[Any], *order: str, first: int = 50, descending: bool = False) -> Many:
    def sorted_by(row: Alias) -> list[ColumnElement[Any]]:
        return [getattr(row, name).desc() if descending else getattr(row, name).asc() for name in order]

    def of_it(idea: Alias, row: Alias) -> ColumnElement[bool]:
        same: ColumnElement[bool] = row.content_id == idea.id
        return same

    return Many(view, of_it, sorted_by, first, seen_with_parent=True)


INCUBATION = View(
    "idea",
    Incubation,
    ContentRow,
    visible_content,
    {
        "idea_id": lambda row: row.id,
        "held": is_held,
        "milestones": _all(MILESTONE, "position", "id"),
        "pilots": _all(PILOT, "created_at", "id"),
        "rollout": _all(ROLLOUT, "created_at", "id", first=100),
        "gates": _all(GATE, "number", descending=True),
        "permissions": lambda row: allowed_list({name: rule(row) for name, rule in _OFFERED.items()}),
    },
    is_idea,
)

# ---- lists -----------------------------------------------------------------------------------------------------------


def _list_of(name: str, view: View[Any], orders: dict[str, Order]) -> Listing[Any]:
    of_idea = Filter(Uuid, lambda row, value: row.content_id == value)
    return Listing(name, view, {"idea": of_idea}, orders, next(iter(orders)), of=("idea", IDEA))


_OLDEST = Order((("created_at", datetime), ("id", UUID)), "Oldest first.", descending=False)
_NEWEST = Order((("created_at", datetime), ("id", UUID)), "Newest first.")
_BY_DATE = {"oldest": _OLDEST, "newest": _NEWEST}

MILESTONES = _list_of(
    "milestones",
    MILESTONE,
    {"position": Order((("position", int), ("id", UUID)), "In their order.", descending=False)},
)

_underway = _of_idea(_open(*UNDERWAY))

_STATES: dict[str, Rule] = {
    "open": lambda row: and_(row.done_at.is_(None), _underway(row)),
    "overdue": lambda row: and_(row.done_at.is_(None), row.due_on < TODAY, _underway(row)),
    "done": lambda row: row.done_at.is_not(None),
}


def _in_state(row: Alias, value: ColumnElement[Any]) -> ColumnElement[bool]:
    return or_(*(and_(value == constant(name), rule(row)) for name, rule in _STATES.items()))


MY_MILESTONES = Listing(
    "my_milestones",
    MILESTONE,
    filters={"state": Filter(Text, _in_state, special=_STATES)},
    orders={"due": Order((("due_on", date), ("id", UUID)), "The next that is due first.", descending=False)},
    default_order="due",
    implied=lambda row, _: Viewer.owns(row.owner_id),
    walk=Walk(
        values=lambda _: select(func.unnest(Viewer.selves)),
        where=lambda row, owner: row.owner_id == owner,
    ),
)
PILOTS = _list_of("pilots", PILOT, _BY_DATE)
ROLLOUTS = _list_of("rollout", ROLLOUT, _BY_DATE)
GATES = _list_of("gates", GATE, {"newest": Order((("number", int), ("id", UUID)), "Newest first.")})
