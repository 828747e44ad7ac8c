"""The only code that changes how ideas are carried out.

An idea is locked before anything that belongs to it, always in this order, so that two callers never wait for each
other without end; and what is decided about the one holds while the other is changed.
"""

from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, select, update

from kshare.content.authorship import acting_at, acting_id, acting_person, owner_in, tell
from kshare.content.models import ContentRow
from kshare.core.access import Permission
from kshare.core.errors import DomainError, invalid
from kshare.core.writing import Expected, Guard, Work, apply, command
from kshare.ideas.commands.carrying import check_underway, load_carried_out, load_with_idea
from kshare.ideas.commands.stages import move_idea
from kshare.ideas.models import DecisionRow
from kshare.incubation import events
from kshare.incubation.models import GateRow, MilestoneRow, PilotRow, RolloutRow
from kshare.incubation.reads import (
    GATE_GUARD,
    INCUBATION_GUARD,
    MILESTONE_GUARD,
    PILOT_GUARD,
    PILOTED,
    ROLLOUT_GUARD,
)
from kshare.incubation.shapes import (
    ConcludePilot,
    DecideGate,
    FinishRollout,
    GateDecision,
    OpenGate,
    PlanMilestone,
    PlanPilot,
    PlanRollout,
    ReviseMilestone,
    RevisePilot,
    ReviseRollout,
)
from kshare.people.models import DepartmentRow, PersonRow

R = TypeVar("R", MilestoneRow, PilotRow, RolloutRow, GateRow)

# ---- what all of them do ---------------------------------------------------------------------------------------------


def _check_piloted(idea: ContentRow) -> None:
    """Raises 409 unless the idea is in a stage in which gates lie."""
    check_underway(idea)
    if idea.stage not in PILOTED:
        raise DomainError(
            "conflict", f"The idea is {idea.stage}; it has no gates any more.", extra={"stage": idea.stage}
        )


async def _load(work: Work, guard: Guard[R], id: UUID, action: str, version: Expected = None) -> tuple[ContentRow, R]:
    """Something of an idea that is being carried out, and the idea, both locked."""
    row, idea = await load_with_idea(work, guard, id, action, version=version)
    check_underway(idea)
    return idea, row


def _stamp(work: Work, idea: ContentRow) -> dict[str, Any]:
    """Id and times of a new row."""
    return {"id": acting_id(work, idea), "created_at": acting_at(work, idea)}


def _apply(work: Work, idea: ContentRow, row: Any, changes: dict[str, Any]) -> list[str]:
    """The names of what was really changed."""
    changed = apply(row, changes)
    if changed:
        _touch(work, idea, row)
    return changed


def _touch(work: Work, idea: ContentRow, row: Any) -> datetime:
    """Notes that the row was changed, and says when; an unnamed author tells the day, but nothing before the last
    change that is known."""
    at = acting_at(work, idea)
    row.updated_at = max(row.updated_at, at)
    return at


def _check_due(work: Work, day: date, pointer: str) -> None:
    if day < work.today:
        raise invalid(pointer, "in_the_past", "This is in the past.")


async def _check_place(work: Work, site: str | None, department_id: UUID | None) -> None:
    if site is None and department_id is None:
        raise invalid("/site", "missing", "A site or a department is needed.")
    if department_id is not None and await work.session.get(DepartmentRow, department_id) is None:
        raise invalid("/department_id", "unknown_reference", "There is no such department.")


async def _check_person(work: Work, id: UUID) -> None:
    query = select(PersonRow.id).where(PersonRow.id == id, PersonRow.kind == "person", PersonRow.active)
    if (await work.session.execute(query)).first() is None:
        raise invalid("/person_id", "unknown_reference", "There is no such person.")


# ---- milestones ------------------------------------------------------------------------------------------------------


@command(Permission.idea_propose)
async def plan_milestone(work: Work, idea_id: UUID, ask: PlanMilestone) -> UUID:
    """A new step on the way of an idea."""
    idea = await load_carried_out(work, idea_id)
    _check_due(work, ask.due_on, "/due_on")
    person, owner = acting_person(work, idea), owner_in(work, idea)
    if ask.person_id is not None:
        await _check_person(work, ask.person_id)
        person = owner = ask.person_id
    position = ask.position
    if position is None:
        last = select(func.max(MilestoneRow.position)).where(MilestoneRow.content_id == idea.id)
        position = ((await work.session.execute(last)).scalar() or 0) + 1
    stamp = _stamp(work, idea)
    milestone = MilestoneRow(
        **stamp,
        content_id=idea.id,
        title=ask.title,
        person_id=person,
        owner_id=owner,
        due_on=ask.due_on,
        position=position,
        updated_at=stamp["created_at"],
    )
    work.add(milestone)
    event = events.MilestonePlanned(
        content_id=idea.id, milestone_id=milestone.id, person_id=person, due_on=milestone.due_on
    )
    tell(work, idea, event, milestone.id)
    return milestone.id


@command(Permission.idea_propose)
async def revise_milestone(work: Work, id: UUID, ask: ReviseMilestone, version: Expected) -> UUID:
    """Changes a step."""
    idea, milestone = await _load(work, MILESTONE_GUARD, id, "edit", version)
    changes = ask.changes()
    if "due_on" in changes and changes["due_on"] != milestone.due_on:
        _check_due(work, changes["due_on"], "/due_on")
    if "person_id" in changes:
        await _check_person(work, changes["person_id"])
        milestone.owner_id = changes["person_id"]
    if changed := _apply(work, idea, milestone, changes):
        tell(work, idea, events.MilestoneChanged(content_id=idea.id, milestone_id=id, fields=changed), id)
    return id


@command(Permission.idea_propose)
async def finish_milestone(work: Work, id: UUID) -> UUID:
    """Says that a step is done; again changes nothing."""
    idea, milestone = await _load(work, MILESTONE_GUARD, id, "finish")
    if milestone.done_at is None:
        milestone.done_at = _touch(work, idea, milestone)
        tell(work, idea, events.MilestoneReached(content_id=idea.id, milestone_id=id), id)
    return id


@command(Permission.idea_propose)
async def reopen_milestone(work: Work, id: UUID) -> UUID:
    """Says that a step is not done after all; again changes nothing."""
    idea, milestone = await _load(work, MILESTONE_GUARD, id, "finish")
    if milestone.done_at is not None:
        milestone.done_at = None
        _touch(work, idea, milestone)
        tell(work, idea, events.MilestoneReopened(content_id=idea.id, milestone_id=id), id)
    return id


@command(Permission.idea_propose)
async def remove_milestone(work: Work, id: UUID, version: Expected) -> None:
    """Takes a step off the plan."""
    idea, milestone = await _load(work, MILESTONE_GUARD, id, "remove", version)
    tell(work, idea, events.MilestoneRemoved(content_id=idea.id, milestone_id=id), id)
    await work.session.delete(milestone)


# ---- pilots ----------------------------------------------------------------------------------------------------------


@command(Permission.idea_propose)
async def plan_pilot(work: Work, idea_id: UUID, ask: PlanPilot) -> UUID:
    """Says where and how long an idea is to be tried out, and by what it is judged."""
    idea = await load_carried_out(work, idea_id)
    _check_period(ask.from_on, ask.until_on)
    _check_due(work, ask.until_on, "/until_on")
    await _check_place(work, ask.site, ask.department_id)
    stamp = _stamp(work, idea)
    pilot = PilotRow(**stamp, **ask.model_dump(), content_id=idea.id, updated_at=stamp["created_at"])
    work.add(pilot)
    tell(work, idea, events.PilotPlanned(content_id=idea.id, pilot_id=pilot.id), pilot.id)
    return pilot.id


def _check_period(first: date, last: date) -> None:
    if last < first:
        raise invalid("/until_on", "dates_backwards", "The last day lies before the first.")


@command(Permission.idea_propose)
async def revise_pilot(work: Work, id: UUID, ask: RevisePilot, version: Expected) -> UUID:
    """Changes a pilot that is not over."""
    idea, pilot = await _load(work, PILOT_GUARD, id, "edit", version)
    _check_pilot(pilot, "planned", "running")
    changes = ask.changes()
    _check_period(changes.get("from_on", pilot.from_on), changes.get("until_on", pilot.until_on))
    if "until_on" in changes and changes["until_on"] != pilot.until_on:
        _check_due(work, changes["until_on"], "/until_on")
    if changes.keys() & {"site", "department_id"}:
        site, department = changes.get("site", pilot.site), changes.get("department_id", pilot.department_id)
        await _check_place(work, site, department)
    if changed := _apply(work, idea, pilot, changes):
        tell(work, idea, events.PilotChanged(content_id=idea.id, pilot_id=id, fields=changed), id)
    return id


def _check_pilot(pilot: PilotRow, *states: str) -> None:
    if pilot.state not in states:
        raise DomainError("conflict", f"The pilot is {pilot.state}.", extra={"state": pilot.state})


@command(Permission.idea_propose)
async def start_pilot(work: Work, id: UUID, version: Expected = None) -> UUID:
    """Starts a pilot; its idea is in pilot from then on."""
    idea, pilot = await _load(work, PILOT_GUARD, id, "start", version)
    _check_pilot(pilot, "planned")
    await _check_held(work, idea)
    if idea.stage != "in_pilot":
        await move_idea(work, idea, "in_pilot")
    pilot.state, pilot.started_at = "running", _touch(work, idea, pilot)
    tell(work, idea, events.PilotStarted(content_id=idea.id, pilot_id=id), id)
    return id


@command(Permission.idea_propose)
async def conclude_pilot(work: Work, id: UUID, ask: ConcludePilot, version: Expected = None) -> UUID:
    """Ends a pilot with its result; the idea stays in pilot until somebody decides how it goes on."""
    idea, pilot = await _load(work, PILOT_GUARD, id, "conclude", version)
    _check_pilot(pilot, "running")
    pilot.state, pilot.outcome, pilot.value, pilot.findings = "concluded", ask.outcome.value, ask.value, ask.findings
    pilot.ended_at = _touch(work, idea, pilot)
    tell(work, idea, events.PilotConcluded(content_id=idea.id, pilot_id=id, outcome=ask.outcome), id)
    return id


@command(Permission.idea_propose)
async def remove_pilot(work: Work, id: UUID, version: Expected) -> None:
    """Takes a pilot off the plan that has not begun."""
    idea, pilot = await _load(work, PILOT_GUARD, id, "remove", version)
    _check_pilot(pilot, "planned")
    tell(work, idea, events.PilotRemoved(content_id=idea.id, pilot_id=id), id)
    await work.session.delete(pilot)


# ---- roll-out --------------------------------------------------------------------------------------------------------


@command(Permission.idea_propose)
async def plan_rollout(work: Work, idea_id: UUID, ask: PlanRollout) -> UUID:
    """One more place where an idea is to be put into practice."""
    idea = await load_carried_out(work, idea_id)
    _check_due(work, ask.planned_on, "/planned_on")
    await _check_place(work, ask.site, ask.department_id)
    stamp = _stamp(work, idea)
    site = RolloutRow(**stamp, **ask.model_dump(), content_id=idea.id, updated_at=stamp["created_at"])
    work.add(site)
    tell(work, idea, events.RolloutPlanned(content_id=idea.id, rollout_site_id=site.id), site.id)
    return site.id


@command(Permission.idea_propose)
async def revise_rollout(work: Work, id: UUID, ask: ReviseRollout, version: Expected) -> UUID:
    """Changes a place of the roll-out."""
    idea, site = await _load(work, ROLLOUT_GUARD, id, "edit", version)
    changes = ask.changes()
    if "planned_on" in changes and changes["planned_on"] != site.planned_on:
        _check_due(work, changes["planned_on"], "/planned_on")
    if changes.keys() & {"site", "department_id"}:
        await _check_place(work, changes.get("site", site.site), changes.get("department_id", site.department_id))
    if changed := _apply(work, idea, site, changes):
        tell(work, idea, events.RolloutChanged(content_id=idea.id, rollout_site_id=id, fields=changed), id)
    return id


@command(Permission.idea_propose)
async def finish_rollout(work: Work, id: UUID, ask: FinishRollout) -> UUID:
    """Says since when an idea is in practice at a place; the same again changes nothing."""
    idea, site = await _load(work, ROLLOUT_GUARD, id, "finish")
    done = ask.done_on or site.done_on or work.today
    if done > work.today:
        raise invalid("/done_on", "in_the_future", "This is in the future.")
    if _apply(work, idea, site, {"done_on": done}):
        tell(work, idea, events.RolloutDone(content_id=idea.id, rollout_site_id=id), id)
    return id


@command(Permission.idea_propose)
async def reopen_rollout(work: Work, id: UUID) -> UUID:
    """Says that an idea is not in practice at a place after all; again changes nothing."""
    idea, site = await _load(work, ROLLOUT_GUARD, id, "finish")
    if _apply(work, idea, site, {"done_on": None}):
        tell(work, idea, events.RolloutReopened(content_id=idea.id, rollout_site_id=id), id)
    return id


@command(Permission.idea_propose)
async def remove_rollout(work: Work, id: UUID, version: Expected) -> None:
    """Takes a place off the roll-out where nothing was done yet."""
    idea, site = await _load(work, ROLLOUT_GUARD, id, "remove", version)
    if site.done_on is not None:
        raise DomainError("conflict", "The idea is in practice there.", extra={"done_on": site.done_on.isoformat()})
    tell(work, idea, events.RolloutRemoved(content_id=idea.id, rollout_site_id=id), id)
    await work.session.delete(site)


@command(Permission.idea_propose)
async def implement_idea(work: Work, id: UUID, version: Expected = None) -> UUID:
    """Says that an idea is done: at every place of its roll-out, which only a small one can be without."""
    idea = await load_carried_out(work, id)
    await work.load(INCUBATION_GUARD, id, "implement", version=version)
    await _check_held(work, idea)
    await _check_no_pilot_runs(work, idea)
    query = select(RolloutRow.id, RolloutRow.done_on).where(RolloutRow.content_id == id).order_by(RolloutRow.created_at)
    sites = (await work.session.execute(query)).all()
    missing = [str(site.id) for site in sites if site.done_on is None]
    if missing:
        raise DomainError("conflict", "It is not yet done everywhere.", extra={"missing": missing})
    if not sites and idea.variety != "small":
        raise DomainError("conflict", "Say first where it is rolled out; only a small idea needs no list of places.")
    await move_idea(work, idea, "implemented")
    return id


# ---- gates -----------------------------------------------------------------------------------------------------------


@command(Permission.idea_propose)
async def open_gate(work: Work, idea_id: UUID, ask: OpenGate) -> UUID:
    """Asks for a decision whether an idea goes on."""
    idea = await work.load(INCUBATION_GUARD, idea_id, "ask_for_decision")
    _check_piloted(idea)
    query = select(GateRow.id, GateRow.number, GateRow.decision).where(GateRow.content_id == idea.id)
    newest = (await work.session.execute(query.order_by(GateRow.number.desc()).limit(1))).first()
    if newest is not None and newest.decision is None:
        raise DomainError("conflict", "A decision is awaited already.", extra={"gate_id": str(newest.id)})
    stamp = _stamp(work, idea)
    number = newest.number + 1 if newest else 1
    person = acting_person(work, idea)
    gate = GateRow(**stamp, content_id=idea.id, number=number, title=ask.title, opened_by_id=person)
    work.add(gate)
    tell(work, idea, events.GateOpened(content_id=idea.id, gate_id=gate.id), gate.id)
    return gate.id


@command(Permission.idea_decide)
async def decide_gate(work: Work, id: UUID, ask: DecideGate, version: Expected = None) -> UUID:
    """Decides at a gate. Of two who decide at once one wins, and the other is told the decision."""
    gate, idea = await load_with_idea(work, GATE_GUARD, id, "decide")
    if gate.decision is not None:
        raise DomainError(
            "conflict",
            f"It was decided: {gate.decision}.",
            extra={"decision": gate.decision, "reason": gate.reason, "decided_by_id": str(gate.decided_by_id)},
        )
    await work.load(GATE_GUARD, id, "decide", version=version)
    _check_piloted(idea)
    if ask.decision is GateDecision.go and idea.stage == "in_pilot":
        await _check_no_pilot_runs(work, idea)
        await move_idea(work, idea, "approved")
    elif ask.decision is GateDecision.kill:
        await move_idea(work, idea, "declined")
        await _end_decision(work, idea)
    elif ask.decision is GateDecision.recycle:
        await move_idea(work, idea, "evaluation")
    if ask.decision in (GateDecision.kill, GateDecision.recycle):
        await _stop_pilots(work, idea)
    gate.decision, gate.reason = ask.decision.value, ask.reason
    gate.decided_by_id, gate.decided_at = acting_person(work, idea), work.now
    tell(work, idea, events.GateDecided(content_id=idea.id, gate_id=id, decision=ask.decision), id)
    return id


async def _end_decision(work: Work, idea: ContentRow) -> None:
    """What was decided before the gate is history."""
    ended = update(DecisionRow).where(DecisionRow.content_id == idea.id, DecisionRow.current).values(current=False)
    await work.session.execute(ended.execution_options(synchronize_session=False))


async def _check_held(work: Work, idea: ContentRow) -> None:
    decided = select(GateRow.id, GateRow.decision, GateRow.reason)
    decided = decided.where(GateRow.content_id == idea.id, GateRow.decision.is_not(None))
    newest = (await work.session.execute(decided.order_by(GateRow.number.desc()).limit(1))).first()
    if newest is not None and newest.decision == "hold":
        extra = {"gate_id": str(newest.id), "reason": newest.reason}
        raise DomainError("conflict", "It was held at a gate; another gate must let it go on first.", extra=extra)


async def _check_no_pilot_runs(work: Work, idea: ContentRow) -> None:
    query = select(PilotRow.id).where(PilotRow.content_id == idea.id, PilotRow.state == "running")
    running = [str(id) for id in (await work.session.execute(query)).scalars()]
    if running:
        raise DomainError("conflict", "Conclude the pilot first.", extra={"pilots": running})


async def _stop_pilots(work: Work, idea: ContentRow) -> None:
    query = select(PilotRow).where(PilotRow.content_id == idea.id, PilotRow.state == "running").with_for_update()
    for pilot in (await work.session.execute(query)).scalars():
        pilot.state, pilot.ended_at = "stopped", _touch(work, idea, pilot)
        tell(work, idea, events.PilotStopped(content_id=idea.id, pilot_id=pilot.id), pilot.id)
