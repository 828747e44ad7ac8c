"""Incubation through GraphQL."""

from uuid import UUID

from kshare.core.access import Permission
from kshare.edge.graphql import (
    VIEWS,
    command_field,
    connection_type,
    enum_type,
    input_type,
    list_field,
    object_type,
    one_field,
)
from kshare.ideas.graphql.idea import Idea
from kshare.ideas.reads.idea import IDEA
from kshare.incubation import commands, shapes
from kshare.incubation.reads import (
    GATE,
    GATES,
    INCUBATION,
    MILESTONE,
    MILESTONES,
    MY_MILESTONES,
    PILOT,
    PILOTS,
    ROLLOUT,
    ROLLOUTS,
)
from kshare.people.graphql import Department, Person

READ = Permission.content_read

for enum in (shapes.MilestoneState, shapes.PilotState, shapes.PilotOutcome, shapes.RolloutState, shapes.GateDecision):
    enum_type(enum)


@object_type
class Milestone(shapes.Milestone):
    __doc__ = shapes.Milestone.__doc__
    person: Person
    """Who sees to it."""


@object_type
class Pilot(shapes.Pilot):
    __doc__ = shapes.Pilot.__doc__
    department: Department | None
    """In which department."""


@object_type
class RolloutSite(shapes.RolloutSite):
    __doc__ = shapes.RolloutSite.__doc__
    department: Department | None
    """The department."""


@object_type
class Gate(shapes.Gate):
    __doc__ = shapes.Gate.__doc__
    opened_by: Person
    """Who asked for the decision."""
    decided_by: Person | None
    """Who decided."""


@object_type
class Incubation(shapes.Incubation):
    __doc__ = shapes.Incubation.__doc__
    milestones: list[Milestone]  # type: ignore[assignment]  # a field is read, never assigned
    """Its milestones, in their order; the first 50."""
    pilots: list[Pilot]  # type: ignore[assignment]
    """Its pilots, the oldest first."""
    rollout: list[RolloutSite]  # type: ignore[assignment]
    """The places where it is put into practice, in the order in which they were planned; the first 100."""
    gates: list[Gate]  # type: ignore[assignment]
    """Its gates, the newest first."""


VIEWS["Milestone"] = (MILESTONE, READ)
VIEWS["Pilot"] = (PILOT, READ)
VIEWS["RolloutSite"] = (ROLLOUT, READ)
VIEWS["Gate"] = (GATE, READ)
MilestoneConnection = connection_type(Milestone, "Milestone")
MyMilestoneConnection = connection_type(Milestone, "MyMilestone")
PilotConnection = connection_type(Pilot, "Pilot")
RolloutSiteConnection = connection_type(RolloutSite, "RolloutSite")
GateConnection = connection_type(Gate, "Gate")
input_type(shapes.MyMilestoneFilter, name="MyMilestoneFilter")
_OF = {"idea_id": "idea"}


class Query:
    incubation = one_field(INCUBATION, Incubation, READ, "How an idea, named by its id, is put into practice.")
    milestones = list_field(MILESTONES, MilestoneConnection, None, READ, "The milestones of an idea.", _OF)
    my_milestones = list_field(
        MY_MILESTONES,
        MyMilestoneConnection,
        shapes.MyMilestoneFilter,
        READ,
        "Milestones that you see to, of all ideas.",
    )
    milestone = one_field(MILESTONE, Milestone, READ, "One milestone.")
    pilots = list_field(PILOTS, PilotConnection, None, READ, "The pilots of an idea.", _OF)
    pilot = one_field(PILOT, Pilot, READ, "One pilot.")
    rollout_sites = list_field(
        ROLLOUTS, RolloutSiteConnection, None, READ, "The places where an idea is rolled out.", _OF
    )
    rollout_site = one_field(ROLLOUT, RolloutSite, READ, "One place of a roll-out.")
    gates = list_field(GATES, GateConnection, None, READ, "The gates of an idea.", _OF)
    gate = one_field(GATE, Gate, READ, "One gate.")


class Mutation:
    implement_idea = command_field(commands.implement_idea, Idea, IDEA, "Say that an idea is implemented.")
    plan_milestone = command_field(commands.plan_milestone, Milestone, MILESTONE, "Plan a milestone.")
    revise_milestone = command_field(
        commands.revise_milestone, Milestone, MILESTONE, "Change a milestone; what is left out stays as it is."
    )
    finish_milestone = command_field(
        commands.finish_milestone, Milestone, MILESTONE, "Say that a milestone is reached; again changes nothing."
    )
    reopen_milestone = command_field(
        commands.reopen_milestone, Milestone, MILESTONE, "Say that a milestone is not reached; again changes nothing."
    )
    remove_milestone = command_field(commands.remove_milestone, UUID, None, "Remove a milestone; answers its id.")
    plan_pilot = command_field(commands.plan_pilot, Pilot, PILOT, "Plan a pilot.")
    revise_pilot = command_field(
        commands.revise_pilot, Pilot, PILOT, "Change a pilot that is not over; what is left out stays as it is."
    )
    start_pilot = command_field(commands.start_pilot, Pilot, PILOT, "Start a pilot; its idea is in pilot from then on.")
    conclude_pilot = command_field(commands.conclude_pilot, Pilot, PILOT, "Conclude a pilot with its result.")
    remove_pilot = command_field(
        commands.remove_pilot, UUID, None, "Remove a pilot that has not begun; answers its id."
    )
    plan_rollout = command_field(commands.plan_rollout, RolloutSite, ROLLOUT, "Add a place to the roll-out.")
    revise_rollout = command_field(
        commands.revise_rollout, RolloutSite, ROLLOUT, "Change a place of a roll-out; what is left out stays as it is."
    )
    finish_rollout = command_field(commands.finish_rollout, RolloutSite, ROLLOUT, "Say that a place is done.")
    reopen_rollout = command_field(commands.reopen_rollout, RolloutSite, ROLLOUT, "Say that a place is not done.")
    remove_rollout = command_field(
        commands.remove_rollout, UUID, None, "Remove a place where it is not done from a roll-out; answers its id."
    )
    open_gate = command_field(commands.open_gate, Gate, GATE, "Ask for a decision at a gate.")
    decide_gate = command_field(commands.decide_gate, Gate, GATE, "Decide at a gate: go, kill, hold or recycle.")
