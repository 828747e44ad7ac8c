"""Incubation as the journal records it."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from kshare.content.shapes import ContentHappened
from kshare.incubation.shapes import GateDecision, PilotOutcome


class MilestoneHappened(ContentHappened):
    """Something that happened to a milestone."""

    about: ClassVar[str] = "milestone"
    milestone_id: UUID
    """The milestone."""


class MilestonePlanned(MilestoneHappened):
    """A milestone was planned."""

    person_id: UUID
    """Who sees to it."""
    due_on: date
    """The day on which it is due."""


class MilestoneChanged(MilestoneHappened):
    """A milestone was changed."""

    fields: list[str]
    """The names of the fields that were changed."""


class MilestoneReached(MilestoneHappened):
    """A milestone was reached."""


class MilestoneReopened(MilestoneHappened):
    """A milestone was not reached after all."""


class MilestoneRemoved(MilestoneHappened):
    """A milestone was taken off the plan."""


class PilotHappened(ContentHappened):
    """Something that happened to a pilot."""

    about: ClassVar[str] = "pilot"
    pilot_id: UUID
    """The pilot."""


class PilotPlanned(PilotHappened):
    """A pilot was planned."""


class PilotChanged(PilotHappened):
    """A pilot was changed."""

    fields: list[str]
    """The names of the fields that were changed."""


class PilotStarted(PilotHappened):
    """A pilot was started."""


class PilotConcluded(PilotHappened):
    """A pilot is over."""

    outcome: PilotOutcome
    """What came of it."""


class PilotStopped(PilotHappened):
    """A pilot was stopped by a decision at a gate."""


class PilotRemoved(PilotHappened):
    """A pilot that had not begun was taken off the plan."""


class RolloutHappened(ContentHappened):
    """Something that happened to the roll-out at a place."""

    about: ClassVar[str] = "rollout_site"
    rollout_site_id: UUID
    """The place."""


class RolloutPlanned(RolloutHappened):
    """A place was added to the roll-out."""


class RolloutChanged(RolloutHappened):
    """A place of the roll-out was changed."""

    fields: list[str]
    """The names of the fields that were changed."""


class RolloutDone(RolloutHappened):
    """The idea is in practice at a place."""


class RolloutReopened(RolloutHappened):
    """The idea is not in practice at a place after all."""


class RolloutRemoved(RolloutHappened):
    """A place was taken off the roll-out."""


class GateHappened(ContentHappened):
    """Something that happened at a gate."""

    about: ClassVar[str] = "gate"
    gate_id: UUID
    """The gate."""


class GateOpened(GateHappened):
    """A decision was asked for at a gate."""


class GateDecided(GateHappened):
    """It was decided at a gate whether an idea goes on."""

    decision: GateDecision
    """What was decided."""
