"""The clock through GraphQL: what is overdue, service levels, the calendar."""

from datetime import date

from kshare.content.graphql import ContentCard
from kshare.edge.graphql import (
    VIEWS,
    command_field,
    connection_type,
    enum_type,
    input_type,
    list_field,
    object_type,
)
from kshare.ideas.commands import working_time
from kshare.ideas.graphql.idea import READ
from kshare.ideas.reads.clock import CALENDAR_DAY, CALENDAR_DAYS, MY_DESK, OVERDUE, SERVICE_LEVEL, SERVICE_LEVELS
from kshare.ideas.shapes import clock as shapes
from kshare.people.graphql import Person

enum_type(shapes.ClockedStage)
ServiceLevel = object_type(shapes.ServiceLevel)
CalendarDay = object_type(shapes.CalendarDay)


@object_type
class Escalation(shapes.Escalation):
    __doc__ = shapes.Escalation.__doc__
    from_person: Person | None
    """On whose desk it was; null: the committee's."""
    to_person: Person | None
    """On whose desk it came; null: the committee's."""


@object_type
class IdeaOnDesk(shapes.IdeaOnDesk):
    __doc__ = shapes.IdeaOnDesk.__doc__
    idea: ContentCard
    """The idea."""
    desk: Person | None
    """On whose desk it lies; null: the committee's."""
    escalations: list[Escalation]  # type: ignore[assignment]  # a field is read, never assigned
    """Its steps up the line in this stage, the first one first."""


VIEWS["ServiceLevel"] = (SERVICE_LEVEL, READ)
ServiceLevelConnection = connection_type(ServiceLevel, "ServiceLevel")
CalendarDayConnection = connection_type(CalendarDay, "CalendarDay")
OverdueIdeaConnection = connection_type(IdeaOnDesk, "OverdueIdea")
DeskIdeaConnection = connection_type(IdeaOnDesk, "DeskIdea")
input_type(shapes.CalendarFilter, name="CalendarFilter")
input_type(shapes.OverdueFilter, name="OverdueFilter")


class Query:
    overdue_ideas = list_field(
        OVERDUE, OverdueIdeaConnection, shapes.OverdueFilter, READ, "Ideas whose answer is late, and on whose desk."
    )
    my_desk = list_field(MY_DESK, DeskIdeaConnection, None, READ, "Ideas on your desk, late or not.")
    service_levels = list_field(
        SERVICE_LEVELS, ServiceLevelConnection, None, READ, "How long ideas may stay in their stages."
    )
    calendar_days = list_field(
        CALENDAR_DAYS, CalendarDayConnection, shapes.CalendarFilter, READ, "Days that are not what their weekday says."
    )


class Mutation:
    put_service_level = command_field(
        working_time.put_service_level, ServiceLevel, SERVICE_LEVEL, "Set how long a stage may take."
    )
    put_calendar_day = command_field(
        working_time.put_calendar_day, CalendarDay, CALENDAR_DAY, "Make a day a holiday or a working day."
    )
    delete_calendar_day = command_field(
        working_time.delete_calendar_day, date, None, "Make a day again what its weekday says; answers it."
    )
