"""The clock: service levels, the calendar, what is overdue and on whose desk."""

from datetime import date, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AfterValidator, Field, StrictBool

from kshare.content.shapes import ContentCard, ContentHappened
from kshare.core.choices import Choice
from kshare.core.journal import Happened
from kshare.core.moments import Day
from kshare.core.reading import Ask, Entity, Shape
from kshare.core.text import line
from kshare.ideas.shapes.idea import IdeaSize, IdeaStage
from kshare.people.shapes import PersonSummary


class ClockedStage(Choice):
    """A stage in which somebody owes something."""

    submitted = "submitted", "A first look is owed."
    screening = "screening", "It is to be judged, or decided on."
    evaluation = "evaluation", "A decision is owed."
    approved = "approved", "It is to be begun."
    in_pilot = "in_pilot", "The pilot is to be ended."


class ServiceLevel(Entity):
    """How long ideas of a size may stay in a stage."""

    size: IdeaSize
    """Ideas of this size."""
    stage: ClockedStage
    """In this stage."""
    working_days: int | None
    """Working days until an answer is due; null: as long as it takes."""
    updated_at: datetime
    """When it last changed."""


class PutServiceLevel(Ask):
    """How long ideas of a size may stay in a stage from now on; those that are open now included."""

    working_days: Annotated[int, Field(ge=1, le=365)] | None
    """Working days until an answer is due; null: as long as it takes."""


class CalendarDay(Shape):
    """A day that is not what its weekday says: a holiday, or a Saturday or Sunday that is worked."""

    day: date
    """The day."""
    working: bool
    """Whether it is worked."""
    name: str | None
    """What it is called."""
    updated_at: datetime
    """When it last changed."""


class PutCalendarDay(Ask):
    """What a day is; the due times of open ideas follow."""

    working: StrictBool
    """Whether it is worked."""
    name: Annotated[str, line(1, 100)] | None = None
    """What it is called."""


class CalendarFilter(Ask):
    """Which days."""

    day_from: Day | None = None
    """This day or later."""
    day_before: Day | None = None
    """Before this day."""


class Escalation(Shape):
    """A step up the line, because nobody had answered in time."""

    step: int
    """1 for the first step in this stage."""
    from_person: PersonSummary | None
    """On whose desk it was; null: the committee's."""
    to_person: PersonSummary | None
    """On whose desk it came; null: the committee's."""
    at: datetime
    """When."""


class IdeaOnDesk(Shape):
    """An idea that owes its author an answer, and on whose desk it lies."""

    idea: ContentCard
    """The idea."""
    size: IdeaSize
    """How far it reaches."""
    stage: IdeaStage
    """How far it has come."""
    stage_since: datetime
    """Since when it is in this stage."""
    due_at: datetime
    """When an answer is due, or was."""
    seconds_late: int
    """How late it is; 0 while it is in time."""
    desk: PersonSummary | None
    """On whose desk it lies; null: the committee's."""
    escalations: list[Escalation]
    """Its steps up the line in this stage, the first one first."""


class OverdueFilter(Ask):
    """Which overdue ideas; all conditions must hold."""

    desk: UUID | None = None
    """On the desk of this person."""
    committee: Annotated[bool | None, AfterValidator(lambda only: only or None)] = None
    """Only those on the committee's desk, if true."""
    department: UUID | None = None
    """Written in this department or one below it, and not anonymously."""


class IdeaOverdue(ContentHappened):
    """An idea was not answered in time."""

    due_at: datetime
    """When the answer was due."""


class IdeaEscalated(ContentHappened):
    """An overdue idea went one step up the line."""

    from_person: UUID | None
    """On whose desk it was; null: the committee's."""
    to_person: UUID | None
    """On whose desk it is now; null: the committee's."""
    step: int
    """1 for the first step in this stage."""


class IdeaHandedOn(ContentHappened):
    """An idea went to the next desk up the line, because whoever had it on theirs has left."""

    from_person: UUID
    """On whose desk it was."""
    to_person: UUID | None
    """On whose desk it is now; null: the committee's."""


class IdeaReturned(ContentHappened):
    """A deferred idea came back on its day."""


class ServiceLevelChanged(Happened):
    """Ideas of a size may take another time in a stage."""

    about: ClassVar[str] = "service_level"
    size: str
    """Ideas of this size."""
    stage: str
    """In this stage."""
    working_days: int | None
    """Working days; null: as long as it takes."""


class CalendarDayChanged(Happened):
    """A day became a holiday or a working day, or is again what its weekday says."""

    about: ClassVar[str] = "calendar_day"
    day: date
    """The day."""
    working: bool | None
    """Whether it is worked; null: what its weekday says."""
