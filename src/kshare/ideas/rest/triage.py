"""Triage through REST."""

from kshare.core.access import Permission
from kshare.edge.door import Door
from kshare.ideas.commands import triage as commands
from kshare.ideas.reads.triage import TRIAGE

door = Door("Triage", "What is suggested for an idea before anybody has looked at it.")
READ = Permission.content_read
PLACE = "/ideas/{id}/triage"

door.one(PLACE, TRIAGE, "getIdeaTriage", "See what is suggested for an idea", READ)
door.command(
    "POST", PLACE + "/confirm", commands.confirm_triage, "confirmTriage", "Confirm the triage of an idea",
    "Who may decide on the idea, or manages it, says what holds: what is left out is taken as suggested. Only now the "
    "idea gets the category and the size; once confirmed, a suggestion is not made anew. 422 for a reviewer who may "
    "not read the idea or is one of its authors.",
    view=TRIAGE,
)  # fmt: skip
