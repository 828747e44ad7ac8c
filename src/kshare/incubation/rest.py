"""Incubation through REST."""

from kshare.core.access import Permission
from kshare.edge.door import Door
from kshare.ideas.reads.idea import IDEA
from kshare.incubation import commands
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
from kshare.incubation.shapes import MyMilestoneFilter

door = Door("Incubation", "How an approved idea is put into practice: milestones, pilots, roll-out, gates.")
READ = Permission.content_read
IDEA_PATH = "/ideas/{id}"
_OF = {"idea": "id"}

door.one(IDEA_PATH + "/incubation", INCUBATION, "getIncubation", "See how an idea is put into practice", READ)
door.command(
    "POST", IDEA_PATH + "/implementation", commands.implement_idea, "implementIdea", "Say that an idea is implemented",
    "Its authors may, and who manages ideas. Every place of its roll-out must be done; only a small idea can "
    "be without such a list. No pilot may be running, and no gate may hold it: 409 otherwise.",
    view=IDEA,
)  # fmt: skip

# ---- milestones ------------------------------------------------------------------------------------------------------

ON_IDEA, ONE = IDEA_PATH + "/milestones", "/milestones/{id}"
door.page(ON_IDEA, MILESTONES, "listMilestones", "List the milestones of an idea", READ, fixed=_OF)
door.command(
    "POST", ON_IDEA, commands.plan_milestone, "planMilestone", "Plan a milestone",
    "Its authors may, and who manages ideas, once it is approved.",
    view=MILESTONE, created_at="/milestones",
)  # fmt: skip
door.page("/me/milestones", MY_MILESTONES, "listMyMilestones", "List your milestones", READ, MyMilestoneFilter)
door.one(ONE, MILESTONE, "getMilestone", "Get a milestone", READ)
door.command(
    "PATCH", ONE, commands.revise_milestone, "reviseMilestone", "Change a milestone",
    "What is left out stays as it is.",
    view=MILESTONE,
)  # fmt: skip
door.command(
    "DELETE", ONE, commands.remove_milestone, "removeMilestone", "Remove a milestone",
    "The journal keeps that it was there.",
    view=MILESTONE,
)  # fmt: skip
door.command(
    "PUT", ONE + "/done", commands.finish_milestone, "finishMilestone", "Say that a milestone is reached",
    "Whoever sees to it may, too. Again changes nothing.",
    view=MILESTONE,
)  # fmt: skip
door.command(
    "DELETE", ONE + "/done", commands.reopen_milestone, "reopenMilestone", "Say that a milestone is not reached",
    "Again changes nothing.",
)  # fmt: skip

# ---- pilots ----------------------------------------------------------------------------------------------------------

ON_IDEA, ONE = IDEA_PATH + "/pilots", "/pilots/{id}"
door.page(ON_IDEA, PILOTS, "listPilots", "List the pilots of an idea", READ, fixed=_OF)
door.command(
    "POST", ON_IDEA, commands.plan_pilot, "planPilot", "Plan a pilot",
    "Where and how long the idea is tried out, what is measured, and what it is and should become.",
    view=PILOT, created_at="/pilots",
)  # fmt: skip
door.one(ONE, PILOT, "getPilot", "Get a pilot", READ)
door.command(
    "PATCH", ONE, commands.revise_pilot, "revisePilot", "Change a pilot",
    "Until it is over. What is left out stays as it is.",
    view=PILOT,
)  # fmt: skip
door.command(
    "DELETE", ONE, commands.remove_pilot, "removePilot", "Remove a pilot",
    "Only one that has not begun.",
    view=PILOT,
)  # fmt: skip
door.command(
    "POST", ONE + "/start", commands.start_pilot, "startPilot", "Start a pilot",
    "Its idea is in pilot from then on.",
    view=PILOT,
)  # fmt: skip
door.command(
    "POST", ONE + "/result", commands.conclude_pilot, "concludePilot", "Conclude a pilot with its result",
    "The idea stays in pilot until a gate decides, or until it is implemented.",
    view=PILOT,
)  # fmt: skip

# ---- roll-out --------------------------------------------------------------------------------------------------------

ON_IDEA, ONE = IDEA_PATH + "/rollout-sites", "/rollout-sites/{id}"
door.page(ON_IDEA, ROLLOUTS, "listRolloutSites", "List the places where an idea is rolled out", READ, fixed=_OF)
door.command(
    "POST", ON_IDEA, commands.plan_rollout, "planRollout", "Add a place to the roll-out",
    "A site in words, a department, or both.",
    view=ROLLOUT, created_at="/rollout-sites",
)  # fmt: skip
door.one(ONE, ROLLOUT, "getRolloutSite", "Get a place of a roll-out", READ)
door.command(
    "PATCH", ONE, commands.revise_rollout, "reviseRollout", "Change a place of a roll-out",
    "What is left out stays as it is.",
    view=ROLLOUT,
)  # fmt: skip
door.command(
    "DELETE", ONE, commands.remove_rollout, "removeRollout", "Remove a place from a roll-out",
    "Only one where it is not done.",
    view=ROLLOUT,
)  # fmt: skip
door.command(
    "PUT", ONE + "/done", commands.finish_rollout, "finishRollout", "Say that a place is done",
    "The same again changes nothing.",
    view=ROLLOUT,
)  # fmt: skip
door.command(
    "DELETE", ONE + "/done", commands.reopen_rollout, "reopenRollout", "Say that a place is not done",
    "Again changes nothing.",
)  # fmt: skip

# ---- gates -----------------------------------------------------------------------------------------------------------

ON_IDEA, ONE = IDEA_PATH + "/gates", "/gates/{id}"
door.page(ON_IDEA, GATES, "listGates", "List the gates of an idea", READ, fixed=_OF)
door.command(
    "POST", ON_IDEA, commands.open_gate, "openGate", "Ask for a decision at a gate",
    "One at a time, while the idea is approved or in pilot. Its authors may, and who manages ideas or decides on them.",
    view=GATE, created_at="/gates",
)  # fmt: skip
door.one(ONE, GATE, "getGate", "Get a gate", READ)
door.command(
    "POST", ONE + "/decision", commands.decide_gate, "decideGate", "Decide at a gate",
    "Go, kill, hold or recycle, with the reason. Those who decide on ideas or manage them may, never the authors. Of "
    "two who decide at once one wins; the other gets 409 with the decision.",
    view=GATE,
)  # fmt: skip
