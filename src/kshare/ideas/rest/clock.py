"""The clock through REST: what is overdue, service levels, the calendar."""

from kshare.core.access import Permission
from kshare.edge.door import Door
from kshare.ideas.commands import working_time
from kshare.ideas.reads.clock import CALENDAR_DAY, CALENDAR_DAYS, MY_DESK, OVERDUE, SERVICE_LEVEL, SERVICE_LEVELS
from kshare.ideas.shapes.clock import CalendarFilter, OverdueFilter

door = Door("Service levels", "How long an answer may take, which days are worked, and what is late.")
READ = Permission.content_read

door.page("/ideas/overdue", OVERDUE, "listOverdueIdeas", "List what is late", READ, OverdueFilter)
door.page("/me/desk", MY_DESK, "listMyDesk", "List what lies on your desk", READ)
door.page("/service-levels", SERVICE_LEVELS, "listServiceLevels", "List the service levels", READ)
door.command(
    "PUT", "/service-levels/{size}/{stage}", working_time.put_service_level, "putServiceLevel",
    "Set how long a stage may take",
    "For ideas of a size, in working days. The due times of ideas that are open now follow within moments.",
    view=SERVICE_LEVEL,
)  # fmt: skip
door.page("/calendar-days", CALENDAR_DAYS, "listCalendarDays", "List the unusual days", READ, CalendarFilter)
door.command(
    "PUT", "/calendar-days/{day}", working_time.put_calendar_day, "putCalendarDay",
    "Make a day a holiday or a working day",
    "Mondays to Fridays are worked unless it says otherwise. The due times of open ideas follow within moments.",
    view=CALENDAR_DAY,
)  # fmt: skip
door.command(
    "DELETE", "/calendar-days/{day}", working_time.delete_calendar_day, "deleteCalendarDay",
    "Make a day usual again",
    "It is again what its weekday says; if it is already, nothing changes.",
)  # fmt: skip
