"""Incubation: as readers see it, as callers ask for it. What the journal records is in events.py."""

from datetime import date, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from kshare.core.choices import Choice
from kshare.core.moments import Day
from kshare.core.reading import Ask, Entity, Patch, Shape
from kshare.core.text import line, prose
from kshare.ideas.shapes.idea import IdeaStage
from kshare.people.shapes import DepartmentSummary, PersonSummary


class MilestoneState(Choice):
    """How a milestone stands."""

    open = "open", "It can still be reached: it is not, and its idea is underway."
    overdue = "overdue", "It is open, and was due before today."
    done = "done", "It was reached."


class PilotState(Choice):
    """How far a pilot has come."""

    planned = "planned", "It has not begun."
    running = "running", "It is going on."
    concluded = "concluded", "It is over, and its result is there."
    stopped = "stopped", "The idea was declined or sent back while it ran; it has no result."


class PilotOutcome(Choice):
    """What came of a pilot."""

    succeeded = "succeeded", "It reached what was expected."
    failed = "failed", "It did not."
    inconclusive = "inconclusive", "It cannot be said; the findings tell why."


class RolloutState(Choice):
    """How far the roll-out to a site has come."""

    planned = "planned", "It is still to be done."
    done = "done", "The idea is in practice there."


class GateDecision(Choice):
    """What is decided at a gate."""

    go = "go", "Go on: what was held goes on, and an idea in pilot is to be rolled out, so it is approved again."
    kill = "kill", "Give up: the idea is declined."
    hold = "hold", "Pause: it keeps its stage, but no pilot starts and it cannot be implemented until a later gate."
    recycle = "recycle", "Back to the evaluation, to be judged anew with what the pilot has shown."


class Milestone(Entity):
    """A step on the way of an idea."""

    idea_id: UUID
    """The idea."""
    idea_title: str
    """Its title."""
    title: str
    """What is to be reached."""
    person: PersonSummary
    """Who sees to it."""
    due_on: date
    """The day on which it is due."""
    position: int
    """Its place among the milestones of the idea."""
    done_at: datetime | None
    """When it was reached; null until then."""
    overdue: bool
    """It is due and not reached."""
    version: int
    """Grows with every change."""
    created_at: datetime
    """When it was planned."""
    updated_at: datetime
    """When it last changed."""
    permissions: list[str]
    """What you may do with it."""


class Pilot(Entity):
    """An idea tried out somewhere."""

    idea_id: UUID
    """The idea."""
    site: str | None
    """Where, in words."""
    department: DepartmentSummary | None
    """In which department."""
    from_on: date
    """The first day."""
    until_on: date
    """The last day."""
    measure: str
    """What is measured."""
    unit: str
    """In what unit."""
    baseline: float | None
    """How much it is without the idea."""
    target: float | None
    """How much it is to become."""
    state: PilotState
    """How far it has come."""
    overdue: bool
    """Its last day is over and it has no result."""
    outcome: PilotOutcome | None
    """What came of it; null until it is concluded."""
    value: float | None
    """What was measured in the end."""
    findings: str
    """What was learnt, in Markdown (CommonMark)."""
    started_at: datetime | None
    """When it was started."""
    ended_at: datetime | None
    """When it was concluded or stopped."""
    version: int
    """Grows with every change."""
    created_at: datetime
    """When it was planned."""
    updated_at: datetime
    """When it last changed."""
    permissions: list[str]
    """What you may do with it."""


class RolloutSite(Entity):
    """One of the places where an idea is put into practice."""

    idea_id: UUID
    """The idea."""
    site: str | None
    """The place, in words."""
    department: DepartmentSummary | None
    """The department."""
    planned_on: date
    """The day by which it is to be done."""
    done_on: date | None
    """The day on which it was done."""
    state: RolloutState
    """How far it has come."""
    overdue: bool
    """The day it was planned for is over and it is not done."""
    version: int
    """Grows with every change."""
    created_at: datetime
    """When it was planned."""
    updated_at: datetime
    """When it last changed."""
    permissions: list[str]
    """What you may do with it."""


class Gate(Entity):
    """A point at which somebody who is not its author says whether an idea goes on."""

    idea_id: UUID
    """The idea."""
    number: int
    """The first gate of an idea is 1."""
    title: str
    """What is to be decided."""
    opened_by: PersonSummary
    """Who asked for the decision."""
    decision: GateDecision | None
    """What was decided; null while it is awaited."""
    reason: str | None
    """Why."""
    decided_by: PersonSummary | None
    """Who decided."""
    decided_at: datetime | None
    """When it was decided."""
    version: int
    """Grows with every change."""
    created_at: datetime
    """When the decision was asked for."""
    permissions: list[str]
    """What you may do with it."""


class Incubation(Shape):
    """How an idea is put into practice, on one page."""

    idea_id: UUID
    """The idea."""
    stage: IdeaStage | None
    """How far it has come."""
    held: bool
    """The newest decision at a gate holds it."""
    milestones: list[Milestone]
    """Its milestones, in their order; the first 50."""
    pilots: list[Pilot]
    """Its pilots, the oldest first."""
    rollout: list[RolloutSite]
    """The places where it is put into practice, in the order in which they were planned; the first 100."""
    gates: list[Gate]
    """Its gates, the newest first."""
    permissions: list[str]
    """What you may do: `carry_out` plans milestones, pilots and roll-out, `decide_gate` decides at its gates."""


Line = Annotated[str, line(1, 200)]
Unit = Annotated[str, line(0, 50)]
Figure = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]
Position = Annotated[int, Field(ge=0, le=9999)]
Findings = Annotated[str, prose(0, 20_000)]


class PlanMilestone(Ask):
    """A new milestone."""

    title: Line
    """What is to be reached."""
    due_on: Day
    """The day on which it is due, today or later."""
    person_id: UUID | None = None
    """Who sees to it; you, if nobody is named."""
    position: Position | None = None
    """Its place among the milestones; by default behind them."""


class ReviseMilestone(Patch):
    """Changes to a milestone; what is left out stays as it is."""

    title: Line | None = None
    """What is to be reached."""
    due_on: Day | None = None
    """The day on which it is due, today or later."""
    person_id: UUID | None = None
    """Who sees to it."""
    position: Position | None = None
    """Its place among the milestones."""


class MyMilestoneFilter(Ask):
    """Which of your milestones."""

    state: MilestoneState | None = None
    """Those that stand so."""


class PlanPilot(Ask):
    """A new pilot: where, for how long, and by what it is judged. A site or a department is needed."""

    site: Line | None = None
    """Where, in words."""
    department_id: UUID | None = None
    """In which department."""
    from_on: Day
    """The first day; it may have begun already."""
    until_on: Day
    """The last day, today or later."""
    measure: Line
    """What is measured."""
    unit: Unit = ""
    """In what unit."""
    baseline: Figure | None = None
    """How much it is without the idea."""
    target: Figure | None = None
    """How much it is to become."""


class RevisePilot(Patch):
    """Changes to a pilot that is not over; what is left out stays as it is."""

    nullable: ClassVar[frozenset[str]] = frozenset({"site", "department_id", "baseline", "target"})

    site: Line | None = None
    """Where, in words."""
    department_id: UUID | None = None
    """In which department."""
    from_on: Day | None = None
    """The first day."""
    until_on: Day | None = None
    """The last day, today or later."""
    measure: Line | None = None
    """What is measured."""
    unit: Unit | None = None
    """In what unit."""
    baseline: Figure | None = None
    """How much it is without the idea."""
    target: Figure | None = None
    """How much it is to become."""


class ConcludePilot(Ask):
    """The result of a pilot."""

    outcome: PilotOutcome
    """What came of it."""
    value: Figure | None = None
    """What was measured in the end."""
    findings: Findings = ""
    """What was learnt, in Markdown (CommonMark)."""


class PlanRollout(Ask):
    """A place where an idea is to be put into practice. A site or a department is needed."""

    site: Line | None = None
    """The place, in words."""
    department_id: UUID | None = None
    """The department."""
    planned_on: Day
    """The day by which it is to be done, today or later."""


class ReviseRollout(Patch):
    """Changes to a place of the roll-out; what is left out stays as it is."""

    nullable: ClassVar[frozenset[str]] = frozenset({"site", "department_id"})

    site: Line | None = None
    """The place, in words."""
    department_id: UUID | None = None
    """The department."""
    planned_on: Day | None = None
    """The day by which it is to be done, today or later."""


class FinishRollout(Ask):
    """That an idea is in practice at a place."""

    done_on: Day | None = None
    """Since which day; by default today. Not in the future."""


class OpenGate(Ask):
    """A request to decide whether an idea goes on."""

    title: Line
    """What is to be decided."""


class DecideGate(Ask):
    """The decision at a gate, with its reason."""

    decision: GateDecision
    """What is decided."""
    reason: Annotated[str, prose(1, 2000)]
    """Why, in a sentence at least; everybody who sees the idea reads it."""
