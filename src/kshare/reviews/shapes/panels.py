"""Panels: as readers see them, as callers ask for them, as the journal records them."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field, StrictBool

from kshare.core.choices import Choice
from kshare.core.moments import Moment
from kshare.core.reading import Ask, Entity, Patch, Shape
from kshare.core.text import line, prose
from kshare.people.shapes import PersonSummary
from kshare.reviews.shapes.asks import Reason
from kshare.reviews.shapes.calibration import PanelSample
from kshare.reviews.shapes.events import PanelHappened
from kshare.reviews.shapes.reviews import FormCriterion, FormVersion

MOST_IDEAS = 500
"""Ideas that one panel judges."""
FEWEST_MEMBERS = 2
"""Members without whom a panel does not begin."""
WORKING_DAYS = 10
"""How many working days the members of a panel have unless something else is said."""

# ---- as readers see them --------------------------------------------------------------------------------------------


class PanelMethod(Choice):
    """How the members of a panel judge."""

    pairs = "pairs", "By comparing two at a time."
    scores = "scores", "By scores on a form."


class PanelState(Choice):
    """How far a panel is."""

    preparing = "preparing", "Its members and ideas are being chosen; nobody is asked anything yet."
    calibrating = "calibrating", "Its members judge the samples."
    open = "open", "Its members judge the ideas."
    closed = "closed", "The results are there."
    cancelled = "cancelled", "It was given up, without results."


class PanelRole(Choice):
    """What somebody is in a panel."""

    chair = "chair", "Leads it."
    member = "member", "Judges in it."


class PanelAgreementNote(Choice):
    """Why there is no figure of agreement."""

    no_variance = "no_variance", "All scores are the same, which shows neither agreement nor its absence."
    too_few = "too_few", "Fewer than two ideas were judged by at least two members."


class PanelProgress(Shape):
    """How far the judging of a panel is; of one that compares, how many of its members say that they have done so."""

    asked: int
    """How many judgements were asked for."""
    given: int
    """How many of them were given."""


class PanelSummary(Entity):
    """A panel, as lists show it. Nothing in it tells whether anybody has judged yet."""

    name: str
    """Its name."""
    method: PanelMethod
    """How its members judge."""
    state: PanelState
    """How far it is."""
    chair: PersonSummary
    """Who leads it."""
    challenge_id: UUID | None
    """The challenge whose entries it judges."""
    ideas: int
    """How many ideas it judges; samples are not counted."""
    hide_author: bool
    """Its members are not shown who wrote what they judge."""
    each: int | None
    """How many members judge each idea; null: all who may."""
    working_days: int
    """How many working days the members have, where no day is fixed by `due_at`."""
    due_at: datetime | None
    """Until when is judged; null: so many working days after it opens."""
    opened_at: datetime | None
    """When it opened."""
    closed_at: datetime | None
    """When it was closed or cancelled."""
    version: int
    """One more with each change of it; judgements are none."""
    created_at: datetime
    """When it was made."""
    updated_at: datetime
    """When it was last changed."""
    permissions: list[str]
    """What you may do with it now."""


class Panel(PanelSummary):
    """People who judge many ideas under one rule: each by scores on a form, or two at a time."""

    description: str
    """What it is about."""
    form: FormVersion | None
    """What is scored; null where two are compared. A newer version of the form changes nothing here."""
    members: list[PersonSummary]
    """Who judges."""
    samples: list[PanelSample]
    """What calibrates it: judged by all members before the rest, and compared with a reference."""
    progress: PanelProgress | None
    """How far it is. Null while it runs for everybody but the chair, and for a chair who still has something to judge
    in it; what a chair keeps out of is not counted."""
    opening_note: str | None
    """Why it opened before all samples were judged."""
    closing_note: str | None
    """Why it was closed although judgements were missing, or why it was cancelled."""


class PanelAgreement(Entity):
    """How far the members of a closed panel agree, by what they said first."""

    criterion: FormCriterion | None
    """The criterion; null for their weighted scores."""
    alpha: float | None
    """Krippendorff's alpha for an ordinal scale: 1 when all agree, 0 when they agree as much as chance would. To four
    places."""
    low: float | None
    """The lower end of its 95 % interval."""
    high: float | None
    """The upper end. Few ideas make it wide, or impossible to tell."""
    units: int
    """How many ideas at least two members judged."""
    raters: int
    """How many members judged any of them."""
    note: PanelAgreementNote | None
    """Why there is no alpha."""


class PanelDeviation(Shape):
    """How far a member of a closed panel lies from the others: for a talk, nothing is corrected by it."""

    person: PersonSummary
    """The member."""
    subjects: int
    """How many ideas they judged that somebody else judged as well."""
    deviation: float
    """By how much they scored those higher than the others did on average, in points; lower if negative."""
    flagged: bool
    """It is more than one point over at least three ideas."""


# ---- as callers ask for them ----------------------------------------------------------------------------------------

Name = Annotated[str, line(1, 100)]
About = Annotated[str, prose(0, 2000)]
Members = Annotated[list[UUID], Field(max_length=50)]
Each = Annotated[int, Field(ge=1, le=50)]
Days = Annotated[int, Field(ge=1, le=250)]
Ideas = Annotated[list[UUID], Field(max_length=MOST_IDEAS)]


class CreatePanel(Ask):
    """A new panel. Nobody is asked anything before it opens."""

    name: Name
    """Its name."""
    description: About = ""
    """What it is about."""
    method: PanelMethod
    """How its members judge."""
    form_id: UUID | None = None
    """The form they score on, of which the newest version is taken; needed for scores, and for nothing else."""
    chair_id: UUID | None = None
    """Who leads it, and manages reviews of the whole company; by default you. The chair sees what members say, unless
    they are to judge it themselves."""
    members: Members = []  # noqa: RUF012
    """Ids of the people who judge, at least two when it opens."""
    ideas: Ideas = []  # noqa: RUF012
    """Ids of the ideas to judge, on which a decision is owed; more can be added later."""
    challenge_id: UUID | None = None
    """A challenge whose entries are judged: those that you see and on which a decision is owed."""
    hide_author: StrictBool = False
    """Do not show the members who wrote what they judge. The ideas themselves still show it."""
    each: Each | None = None
    """How many members judge each idea, spread evenly; by default all who may. Not where two are compared."""
    working_days: Days | None = None
    """How many working days the members have from the opening on; 10 unless you say something else."""
    due_at: Moment | None = None
    """Until when is judged, in place of working days; a time to come."""


class UpdatePanel(Patch):
    """Changes to a panel before it opens; what is left out stays as it is."""

    nullable: ClassVar[frozenset[str]] = frozenset({"each", "due_at"})

    name: Name | None = None
    """Its name."""
    description: About | None = None
    """What it is about."""
    form_id: UUID | None = None
    """Another form to score on, or the same for its newest version; not while there are samples."""
    chair_id: UUID | None = None
    """Who leads it from now on."""
    members: Members | None = None
    """All who judge from now on."""
    hide_author: StrictBool | None = None
    """Whether members are not shown who wrote what they judge."""
    each: Each | None = None
    """How many members judge each idea; null: all who may."""
    working_days: Days | None = None
    """How many working days the members have, in place of a fixed day."""
    due_at: Moment | None = None
    """Until when is judged, in place of working days; null: working days count."""


class AddPanelIdeas(Ask):
    """More ideas for a panel that has not opened."""

    ideas: Annotated[list[UUID], Field(min_length=1, max_length=MOST_IDEAS)]
    """Ids of ideas on which a decision is owed."""


class OpenPanel(Ask):
    """Have the members of a panel judge."""

    reason: Reason | None = None
    """Why it opens although not every member has judged the samples; needed in that case, and by whoever is not to know
    whether it is one: a manager who is not the chair, and a chair who keeps out of a sample."""


class ClosePanel(Ask):
    """End the judging, and have the results worked out."""

    reason: Reason | None = None
    """Why it is closed although judgements are missing; needed in that case, and by whoever is not to know whether it
    is one: a manager who is not the chair, and a chair who keeps out of an idea."""


class CancelPanel(Ask):
    """Give a panel up that is under way; there will be no results."""

    reason: Reason
    """Why, for those who judged."""


class PanelFilter(Ask):
    """Which panels; all conditions must hold."""

    state: PanelState | None = None
    """So far."""
    method: PanelMethod | None = None
    """That judge in this way."""
    mine: PanelRole | None = None
    """In which you are this."""


# ---- as the journal records them ------------------------------------------------------------------------------------


class PanelCreated(PanelHappened):
    """A panel was made; its chair hears of this, and who made it."""


class PanelChanged(PanelHappened):
    """A panel was changed before it opened; its chair hears of this, and who changed it."""

    fields: list[str]
    """The names of what changed."""


class PanelDeleted(PanelHappened):
    """A panel was deleted before it opened; its chair hears of this, and who deleted it."""


class PanelCalibrationBegan(PanelHappened):
    """The members of a panel are asked to judge its samples; they and the chair hear of this."""

    due_at: datetime
    """Until when."""


class PanelOpened(PanelHappened):
    """The members of a panel are asked to judge its ideas; they and the chair hear of this."""

    due_at: datetime
    """Until when."""
    ideas: int
    """How many ideas there are."""


class PanelClosed(PanelHappened):
    """A panel was closed, and the results are there; its members and the chair hear of this."""


class PanelCancelled(PanelHappened):
    """A panel was given up; its members and the chair hear of this."""
