"""Panels through REST."""

from kshare.core.access import Permission
from kshare.edge.door import Door
from kshare.reviews.commands import calibration, panels, running
from kshare.reviews.reads.panels import AGREEMENTS, CALIBRATIONS, DEVIATIONS, PANEL, PANELS, RESULTS
from kshare.reviews.shapes.panels import PanelFilter

door = Door("Review panels", "People who judge many ideas under one rule: blind, calibrated, with their agreement.")
READ = Permission.content_read
MANY, ONE = "/panels", "/panels/{id}"
_OF = {"panel": "id"}

door.page(MANY, PANELS, "listPanels", "List panels", READ, PanelFilter)
door.command(
    "POST", MANY, panels.create_panel, "createPanel", "Create a panel",
    "For whoever manages reviews of the whole company. Nobody is asked anything before it opens, and the authors of "
    "its ideas learn nothing of it.",
    view=PANEL, created_at=MANY,
)  # fmt: skip
door.one(ONE, PANEL, "getPanel", "Get a panel", READ)
door.command(
    "PATCH", ONE, panels.update_panel, "updatePanel", "Update a panel",
    "Until it opens; what is left out stays as it is.",
    view=PANEL,
)  # fmt: skip
door.command(
    "DELETE", ONE, panels.delete_panel, "deletePanel", "Delete a panel",
    "Before it has begun; afterwards it can be cancelled.",
    view=PANEL,
)  # fmt: skip
door.command(
    "POST", ONE + "/ideas", panels.add_panel_ideas, "addPanelIdeas", "Add ideas to a panel",
    "Until it opens: ideas that you see and on which a decision is owed, none of which is judged elsewhere.",
    view=PANEL,
)  # fmt: skip
door.command(
    "DELETE", ONE + "/ideas/{idea_id}", panels.remove_panel_idea, "removePanelIdea", "Take an idea out of a panel",
    "Or a sample, until it opens.",
)  # fmt: skip
door.command(
    "POST", ONE + "/samples", calibration.add_panel_sample, "addPanelSample", "Add a sample to a panel",
    "An idea that all members judge before the others, and what it is worth. Three samples calibrate a panel.",
    view=PANEL,
)  # fmt: skip
door.command(
    "POST", ONE + "/calibrate", calibration.calibrate_panel, "calibratePanel", "Have the samples judged",
    "Every member is asked to judge the three samples. Each sees the reference of a sample once they have judged it.",
    view=PANEL,
)  # fmt: skip
door.command(
    "POST", ONE + "/open", running.open_panel, "openPanel", "Open a panel",
    "Every member who may is asked to judge each idea, or as many of them as the panel says, spread evenly. Nobody "
    "judges what is their own, and while it is open nobody decides on these ideas.",
    view=PANEL,
)  # fmt: skip
door.command(
    "POST", ONE + "/close", running.close_panel, "closePanel", "Close a panel",
    "The results are worked out, and each idea gets its advice. While judgements are missing 409 says which, unless a "
    "reason is given.",
    view=PANEL,
)  # fmt: skip
door.command(
    "POST", ONE + "/cancel", running.cancel_panel, "cancelPanel", "Cancel a panel",
    "It ends without results; what was said stays on record.",
    view=PANEL,
)  # fmt: skip
door.page(ONE + "/results", RESULTS, "listPanelResults", "List the results of a panel", READ, fixed=_OF)
door.page(ONE + "/agreement", AGREEMENTS, "listPanelAgreement", "List how far a panel agrees", READ, fixed=_OF)
door.page(
    ONE + "/deviations", DEVIATIONS, "listPanelDeviations", "List how far members are from the others", READ, fixed=_OF
)  # fmt: skip
door.page(
    ONE + "/calibration", CALIBRATIONS, "listPanelCalibration", "List how members judged the samples", READ, fixed=_OF
)  # fmt: skip
