"""Who sees a panel and who may do what with it, where its fields come from, and the lists of what it came to."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, func, not_, or_, select
from sqlalchemy.orm import aliased

from kshare.core.reading import (
    Alias,
    Filter,
    Listing,
    Many,
    One,
    Order,
    View,
    Viewer,
    allowed_list,
    constant,
    everyone_sees,
    rule_filter,
)
from kshare.core.writing import Guard, Rule
from kshare.people.reads import PERSON
from kshare.reviews.models import (
    AgreementRow,
    AssignmentRow,
    DeviationRow,
    PanelMemberRow,
    PanelRow,
    ReviewRow,
)
from kshare.reviews.reads.calibration import BY_PERSON, CALIBRATION, OF_PANEL, SAMPLE, leads_panel
from kshare.reviews.reads.comparing import PAIRS_GUARD, is_member, visible_panel
from kshare.reviews.reads.forms import FORM_CRITERION, FORM_VERSION
from kshare.reviews.reads.reviews import REVIEW
from kshare.reviews.reads.seeing import awaits, sees_results
from kshare.reviews.shapes.panels import Panel, PanelAgreement, PanelDeviation, PanelProgress, PanelSummary
from kshare.reviews.shapes.reviews import ReviewSummary

KEPT_OUT = ("declined", "delegated", "conflicted", "absent")
"""What became of an assignment whose person is to see nothing of the review before it is over."""

# ---- who sees and who may -------------------------------------------------------------------------------------------


def _in(*states: str) -> Rule:
    """The panel is so far."""
    return lambda row: row.state.in_([constant(state) for state in states])


PANEL_GUARD = Guard(
    "panel",
    PanelRow,
    visible_panel,
    {
        "edit": leads_panel,
        "delete": leads_panel,
        "calibrate": leads_panel,
        "open": leads_panel,
        "close": leads_panel,
        "cancel": leads_panel,
        **PAIRS_GUARD.rules,
    },
    states={
        "edit": _in("preparing"),
        "delete": _in("preparing"),
        "calibrate": lambda row: and_(_in("preparing")(row), row.method == constant("scores")),
        "open": _in("preparing", "calibrating"),
        "close": _in("open"),
        "cancel": _in("calibrating", "open"),
        **PAIRS_GUARD.states,
    },
)


def _visible_with_panel(row: Alias) -> ColumnElement[bool]:
    panel = aliased(PanelRow)
    return select(panel.id).where(panel.id == row.panel_id, visible_panel(panel)).correlate(row).exists()


def _visible_deviation(row: Alias) -> ColumnElement[bool]:
    """One's own; those of all for who leads the panel."""
    panel = aliased(PanelRow)
    leads = or_(panel.chair_id == Viewer.id, leads_panel(panel))
    led = select(panel.id).where(panel.id == row.panel_id, leads).correlate(row).exists()
    return or_(and_(row.person_id == Viewer.id, _visible_with_panel(row)), led)


# ---- panels ---------------------------------------------------------------------------------------------------------


def _sees_progress(row: Alias) -> ColumnElement[bool]:
    """It is over, or the viewer chairs it and has nothing to judge in it; who compares could always go on."""
    own = aliased(AssignmentRow)
    owes = select(own.id).where(own.panel_id == row.id, own.person_id == Viewer.id, awaits(own)).correlate(row)
    meanwhile = and_(_in("calibrating", "open")(row), row.chair_id == Viewer.id, not_(owes.exists()))
    seat = aliased(PanelMemberRow)
    judges = select(seat.panel_id).where(seat.panel_id == row.id, seat.person_id == Viewer.id).correlate(row).exists()
    compares = and_(row.method == constant("pairs"), judges)
    return or_(_in("closed", "cancelled")(row), and_(meanwhile, not_(compares)))


def _judgements(*states: str) -> Any:
    """How many of what the members are asked now, or were in the end, are in these states; while it runs, without what
    the viewer keeps out of."""

    def count(row: Alias) -> ColumnElement[Any]:
        asked, review, own = aliased(AssignmentRow), aliased(ReviewRow), aliased(AssignmentRow)
        samples = row.state == constant("calibrating")
        keeps_out = (
            select(own.id)
            .where(
                own.review_id == review.id,
                own.person_id == Viewer.id,
                own.state.in_([constant(state) for state in KEPT_OUT]),
                not_(_in("closed", "cancelled")(row)),
            )
            .correlate(review, row)
        )
        return (
            select(func.count(asked.id))
            .select_from(asked)
            .outerjoin(review, review.id == asked.review_id)
            .where(
                asked.panel_id == row.id,
                asked.state.in_([constant(state) for state in states]),
                or_(asked.review_id.is_(None), review.sample == samples),
                not_(keeps_out.exists()),
            )
            .correlate(row)
            .scalar_subquery()
        )

    return count


_PROGRESS = View(
    "panel progress",
    PanelProgress,
    PanelRow,
    everyone_sees,
    {"asked": _judgements("asked", "given", "released"), "given": _judgements("given")},
)


def _ideas(row: Alias) -> ColumnElement[Any]:
    review = aliased(ReviewRow)
    count = select(func.count(review.id)).where(review.panel_id == row.id, not_(review.sample))
    return count.correlate(row).scalar_subquery()


PANEL = View(
    "panel",
    Panel,
    PanelRow,
    visible_panel,
    {
        "chair": One(PERSON, on=lambda row, person: person.id == row.chair_id),
        "ideas": _ideas,
        "form": One(FORM_VERSION, on=lambda row, form: form.id == row.form_version_id),
        "members": Many(
            PERSON,
            on=lambda row, member: member.panel_id == row.id,
            through=PanelMemberRow,
            link=lambda member, person: person.id == member.person_id,
            order=lambda person: (person.sort_name, person.id),
            first=50,
        ),
        "samples": Many(
            SAMPLE,
            on=lambda row, sample: sample.panel_id == row.id,
            order=lambda sample: (sample.id,),
            first=3,
        ),
        "progress": One(
            _PROGRESS, on=lambda row, progress: and_(progress.id == row.id, _sees_progress(row)), seen_with_parent=True
        ),
        "permissions": lambda row: allowed_list(PANEL_GUARD.rules_for(row)),
    },
)

PANELS = Listing(
    "review_panels",
    PANEL,
    filters={
        "state": Filter(Text, lambda row, value: row.state == value),
        "method": Filter(Text, lambda row, value: row.method == value),
        "mine": rule_filter({"chair": lambda row: row.chair_id == Viewer.id, "member": lambda row: is_member(row.id)}),
    },
    orders={"newest": Order((("created_at", datetime), ("id", UUID)), "Newest first.")},
    default_order="newest",
    summary=PanelSummary,
)

# ---- what a panel came to -------------------------------------------------------------------------------------------

_OF = ("panel", PANEL)

RESULTS = Listing(
    "panel_results",
    REVIEW,
    of=_OF,
    filters={"panel": OF_PANEL},
    orders={"best": Order((("merit", Decimal), ("id", UUID)), "The best first: by score, or by strength in pairs.")},
    default_order="best",
    summary=ReviewSummary,
    # A place in this order is a result: who is not to see that finds nothing.
    implied=lambda row, _: and_(row.merit.is_not(None), sees_results(row)),
)

AGREEMENT = View(
    "agreement",
    PanelAgreement,
    AgreementRow,
    _visible_with_panel,
    {"criterion": One(FORM_CRITERION, on=lambda row, criterion: criterion.id == row.criterion_id)},
)
AGREEMENTS = Listing(
    "panel_agreement",
    AGREEMENT,
    of=_OF,
    filters={"panel": OF_PANEL},
    orders={
        "form": Order(
            (("position", int), ("id", UUID)), "The weighted scores, then the criteria by the form.", descending=False
        )
    },
    default_order="form",
)

DEVIATION = View(
    "deviation",
    PanelDeviation,
    DeviationRow,
    _visible_deviation,
    {"person": One(PERSON, on=lambda row, person: person.id == row.person_id)},
)
DEVIATIONS = Listing(
    "panel_deviations",
    DEVIATION,
    of=_OF,
    filters={"panel": OF_PANEL},
    orders={"highest": Order((("deviation", Decimal), ("person_id", UUID)), "Who scored highest first.")},
    default_order="highest",
)

CALIBRATIONS = Listing(
    "panel_calibration",
    CALIBRATION,
    of=_OF,
    filters={"panel": OF_PANEL},
    orders={"person": BY_PERSON},
    default_order="person",
)
