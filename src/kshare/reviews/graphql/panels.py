"""Panels through GraphQL."""

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
from kshare.people.graphql import Person
from kshare.reviews.commands import calibration as calibrating
from kshare.reviews.commands import panels as preparing
from kshare.reviews.commands import running
from kshare.reviews.graphql.reviews import Review, ReviewFormVersion, ReviewSubject
from kshare.reviews.reads.panels import AGREEMENT, AGREEMENTS, CALIBRATIONS, DEVIATIONS, PANEL, PANELS, RESULTS
from kshare.reviews.shapes import calibration, panels

READ = Permission.content_read

for enum in (panels.PanelMethod, panels.PanelState, panels.PanelRole, panels.PanelAgreementNote):
    enum_type(enum)
PanelProgress = object_type(panels.PanelProgress)
PanelAgreement = object_type(panels.PanelAgreement)
SampleReference = object_type(calibration.SampleReference, name="PanelSampleReference")
CalibratedScore = object_type(calibration.CalibratedScore, name="PanelCalibratedScore")
CalibratedCriterion = object_type(calibration.CalibratedCriterion, name="PanelCalibratedCriterion")


@object_type
class PanelSample(calibration.PanelSample):
    __doc__ = calibration.PanelSample.__doc__
    subject: ReviewSubject
    """What is judged."""


@object_type
class Panel(panels.Panel):
    __doc__ = panels.Panel.__doc__
    chair: Person
    """Who leads it."""
    form: ReviewFormVersion | None
    """What is scored; null where two are compared. A newer version of the form changes nothing here."""
    members: list[Person]  # type: ignore[assignment]  # a field is read, never assigned
    """Who judges."""
    samples: list[PanelSample]  # type: ignore[assignment]
    """What calibrates it: judged by all members before the rest, and compared with a reference."""


@object_type
class PanelDeviation(panels.PanelDeviation):
    __doc__ = panels.PanelDeviation.__doc__
    person: Person
    """The member."""


@object_type
class PanelCalibration(calibration.PanelCalibration):
    __doc__ = calibration.PanelCalibration.__doc__
    person: Person
    """The member."""


VIEWS |= {"Panel": (PANEL, READ), "PanelAgreement": (AGREEMENT, READ)}
PanelConnection = connection_type(Panel, "Panel")
PanelResultConnection = connection_type(Review, "PanelResult")
PanelAgreementConnection = connection_type(PanelAgreement, "PanelAgreement")
PanelDeviationConnection = connection_type(PanelDeviation, "PanelDeviation")
PanelCalibrationConnection = connection_type(PanelCalibration, "PanelCalibration")
input_type(panels.PanelFilter, name="PanelFilter")
input_type(calibration.ReferenceGiven, name="PanelReferenceInput")
_OF = {"panel_id": "panel"}


class Query:
    panels = list_field(PANELS, PanelConnection, panels.PanelFilter, READ, "Panels that you lead, judge in or manage.")
    panel = one_field(PANEL, Panel, READ, "One panel.")
    panel_results = list_field(
        RESULTS, PanelResultConnection, None, READ, "What a closed panel judged, the best first.", fixed=_OF
    )
    panel_agreement = list_field(
        AGREEMENTS, PanelAgreementConnection, None, READ, "How far the members of a closed panel agree.", fixed=_OF
    )
    panel_deviations = list_field(
        DEVIATIONS,
        PanelDeviationConnection,
        None,
        READ,
        "How far you are from the other members of a closed panel; for who leads it, how far each is.",
        fixed=_OF,
    )
    panel_calibration = list_field(
        CALIBRATIONS,
        PanelCalibrationConnection,
        None,
        READ,
        "How you judged the samples of a panel; for the chair, how everybody did.",
        fixed=_OF,
    )


class Mutation:
    create_panel = command_field(preparing.create_panel, Panel, PANEL, "Create a panel.")
    update_panel = command_field(preparing.update_panel, Panel, PANEL, "Update a panel before it opens.")
    delete_panel = command_field(
        preparing.delete_panel, UUID, None, "Delete a panel before it has begun; answers its id."
    )
    add_panel_ideas = command_field(preparing.add_panel_ideas, Panel, PANEL, "Add ideas to a panel before it opens.")
    remove_panel_idea = command_field(
        preparing.remove_panel_idea, Panel, PANEL, "Take an idea, or a sample, out of a panel before it opens."
    )
    add_panel_sample = command_field(calibrating.add_panel_sample, Panel, PANEL, "Add a sample to a panel.")
    calibrate_panel = command_field(
        calibrating.calibrate_panel, Panel, PANEL, "Have the members of a panel judge its samples."
    )
    open_panel = command_field(running.open_panel, Panel, PANEL, "Have the members of a panel judge its ideas.")
    close_panel = command_field(running.close_panel, Panel, PANEL, "End the judging, and work out the results.")
    cancel_panel = command_field(running.cancel_panel, Panel, PANEL, "Give up a panel that is under way.")
