"""How incubation is read, and who may carry an idea out. All of it is seen exactly when its idea is seen."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, and_, case, func, literal_column, not_, or_, select
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
    View,
    Viewer,
    Walk,
    allowed_list,
    constant,
    rule_filter,
)
from kshare.core.writing import Guard, Rule
from kshare.ideas.reads.idea import (
    IDEA,
    idea_title,
    is_idea,
    is_own,
    is_underway,
    may_carry_out,
    may_decide,
    may_manage,
    of_idea,
    published_in,
)
from kshare.incubation.models import GateRow, MilestoneRow, PilotRow, RolloutRow
from kshare.incubation.shapes import Gate, Incubation, Milestone, Pilot, RolloutSite
from kshare.people.reads import DEPARTMENT, PERSON

PILOTED = ("approved", "in_pilot")
"""The stages in which gates lie."""

# ---- who may ---------------------------------------------------------------------------------------------------------


def _decides(row: Alias) -> ColumnElement[bool]:
    """Those who decide on ideas or manage them; never the authors."""
    return and_(or_(may_decide(row), may_manage(row)), not_(is_own(row)))


INCUBATION_GUARD = Guard(
    "idea",
    ContentRow,
    visible_content,
    {"implement": may_carry_out, "ask_for_decision": lambda row: or_(may_carry_out(row), _decides(row))},
    is_idea,
)
"""Who may, whatever the stage: a wrong stage is a conflict and no lack of rights."""

_OFFERED: dict[str, Rule] = {
    "carry_out": lambda row: and_(is_underway(row), may_carry_out(row)),
    "decide_gate": lambda row: and_(published_in(*PILOTED)(row), _decides(row)),
}


_carried_out = of_idea(may_carry_out)
_underway = of_idea(is_underway)
_piloted = of_idea(published_in(*PILOTED))


def _sees_to_it(row: Alias) -> ColumnElement[bool]:
    mine = and_(row.person_id == Viewer.id, Viewer.holds(Permission.idea_propose))
    return or_(_carried_out(row), mine)


def _in(*states: str) -> Rule:
    return lambda row: row.state.in_([constant(state) for state in states])


def _underway_and(*states: str) -> Rule:
    """The idea is being carried out, and the row in one of these states."""
    return lambda row: and_(_in(*states)(row), _underway(row))


MILESTONE_GUARD = Guard(
    "milestone",
    MilestoneRow,
    visible_through_content,
    {"edit": _carried_out, "finish": _sees_to_it, "remove": _carried_out},
    states={"edit": _underway, "finish": _underway, "remove": _underway},
)
PILOT_GUARD = Guard(
    "pilot",
    PilotRow,
    visible_through_content,
    {"edit": _carried_out, "start": _carried_out, "conclude": _carried_out, "remove": _carried_out},
    states={
        "edit": _underway_and("planned", "running"),
        "start": _underway_and("planned"),
        "conclude": _underway_and("running"),
        "remove": _underway_and("planned"),
    },
)
ROLLOUT_GUARD = Guard(
    "rollout site",
    RolloutRow,
    visible_through_content,
    {"edit": _carried_out, "finish": _carried_out, "remove": _carried_out},
    states={
        "edit": _underway,
        "finish": _underway,
        "remove": lambda row: and_(row.done_on.is_(None), _underway(row)),
    },
)
GATE_GUARD = Guard(
    "gate",
    GateRow,
    visible_through_content,
    {"decide": of_idea(_decides)},
    states={"decide": lambda row: and_(row.decision.is_(None), _piloted(row))},
)


# ---- views -----------------------------------------------------------------------------------------------------------


def _idea_id(row: Alias) -> ColumnElement[Any]:
    id: ColumnElement[Any] = row.content_id
    return id


_DEPARTMENT = One(DEPARTMENT, on=lambda row, department: department.id == row.department_id)


MILESTONE = View(
    "milestone",
    Milestone,
    MilestoneRow,
    visible_through_content,
    {
        "idea_id": _idea_id,
        "idea_title": idea_title,
        "person": One(PERSON, on=lambda row, person: person.id == row.person_id),
        "overdue": lambda row: and_(row.done_at.is_(None), row.due_on < TODAY),
        "permissions": lambda row: allowed_list(MILESTONE_GUARD.rules_for(row)),
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
        "permissions": lambda row: allowed_list(PILOT_GUARD.rules_for(row)),
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
        "permissions": lambda row: allowed_list(ROLLOUT_GUARD.rules_for(row)),
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
        "permissions": lambda row: allowed_list(GATE_GUARD.rules_for(row)),
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

_STATES: dict[str, Rule] = {
    "open": lambda row: and_(row.done_at.is_(None), _underway(row)),
    "overdue": lambda row: and_(row.done_at.is_(None), row.due_on < TODAY, _underway(row)),
    "done": lambda row: row.done_at.is_not(None),
}
MY_MILESTONES = Listing(
    "my_milestones",
    MILESTONE,
    filters={"state": rule_filter(_STATES)},
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
