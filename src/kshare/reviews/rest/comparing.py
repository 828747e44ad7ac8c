"""Comparing two ideas at a time, through REST."""

from starlette.responses import Response

from kshare.core.access import Permission
from kshare.edge.door import Door
from kshare.edge.rest import Call
from kshare.reviews.commands import comparing
from kshare.reviews.reads.comparing import COMPARISON, COMPARISONS
from kshare.reviews.reads.pairs import next_pair, standing
from kshare.reviews.reads.reviews import ASSIGNMENT
from kshare.reviews.shapes.comparing import NextPair, PanelStanding

door = Door("Comparisons", "Panels that compare two ideas at a time: the next pair, what judges prefer, how far it is.")
READ = Permission.content_read
PANEL, SAID = "/panels/{id}", "/review-comparisons"


@door.operation(
    "GET", PANEL + "/next-pair", "getNextPair", "Get the two ideas to compare next", Permission.review, answer=NextPair
)
async def get_next_pair(call: Call) -> Response:
    """The two that tell most, for a member of a panel that is open. They are chosen by what was compared with what and
    by your own answers, never by those of others, and stay the same until you answer. You never get what is your own,
    nor what you have a conflict of interest with."""
    return Response(await next_pair(call.kernel, call.principal, call.path_id()), media_type="application/json")


door.command(
    "POST", PANEL + "/comparisons", comparing.compare_ideas, "compareIdeas", "Say which of two ideas is better",
    "Of any two ideas of the panel, each pair once. Nobody else sees it before the panel is closed.",
    view=COMPARISON, created_at=SAID,
)  # fmt: skip
door.page(
    PANEL + "/comparisons", COMPARISONS, "listComparisons", "List what was compared in a panel", READ,
    fixed={"panel": "id"},
)  # fmt: skip
door.command(
    "POST", PANEL + "/ideas/{idea_id}/conflict", comparing.declare_panel_conflict, "declarePanelConflict",
    "Declare a conflict of interest with an idea",
    "You compare it no more, what you said of it does not count, and you see nothing of its review until it is over.",
    view=ASSIGNMENT,
)  # fmt: skip
door.command(
    "POST", PANEL + "/ready", comparing.finish_comparing, "finishComparing", "Say that you have compared enough",
    "The panel leaves your desk. You may still go on until it is closed.",
    view=ASSIGNMENT,
)  # fmt: skip


@door.operation(
    "GET", PANEL + "/standing", "getPanelStanding", "Get how far a panel is that compares", READ, answer=PanelStanding
)
async def get_standing(call: Call) -> Response:
    """For its chair while it is open, unless they judge in it as well: how much was compared, what is missing for an
    order of all ideas, and the order so far."""
    return Response(await standing(call.kernel, call.principal, call.path_id()), media_type="application/json")


door.one(SAID + "/{id}", COMPARISON, "getComparison", "Get a comparison", READ)
door.command(
    "DELETE", SAID + "/{id}", comparing.withdraw_comparison, "withdrawComparison", "Take back a comparison",
    "Your own, while the panel is open: slips happen.",
)  # fmt: skip
