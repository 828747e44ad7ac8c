"""Metrics as readers see them and as callers ask for them."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from kshare.content.shapes import ContentType
from kshare.core.choices import Choice
from kshare.core.moments import Day
from kshare.core.reading import Ask, Shape
from kshare.core.text import line
from kshare.metrics.contracts import Behind, MetricTopic, MetricUnit, Row
from kshare.metrics.periods import Grain
from kshare.metrics.statistics import IntervalKind


class Untold(Choice):
    """Why there is no value."""

    too_few_people = "too_few_people", "Fewer than five people stand behind it."
    protects_others = "protects_others", "Together with other values it would tell of fewer than five people."
    too_young = "too_young", "Not everything in the period is as old yet as the metric asks."
    several_currencies = "several_currencies", "There are amounts in several currencies; each is told with its `kind`."
    nothing = "nothing", "There was nothing to count, or what was counted has no such value."
    not_begun = "not_begun", "The period has not begun."


class MetricKind(Shape):
    """One of the kinds by which a metric can be divided."""

    id: str
    """What `kind` takes."""
    name: str
    """Its name."""
    name_en: str
    """Its English name."""


class MetricEdgeCase(Shape):
    """How a case is counted that one could argue about."""

    text: str
    """In Chinese."""
    text_en: str
    """In English."""


class MetricSummary(Shape):
    """A metric, in short."""

    id: str
    """Its name for programs, which stays."""
    version: int
    """Grows when it is counted in another way; every value says of which version it is."""
    topic: MetricTopic
    """What it is about."""
    name: str
    """Its name."""
    name_en: str
    """Its English name."""
    unit: MetricUnit
    """What its values are in."""
    better: str | None
    """`higher` or `lower`, where one is better."""


class Metric(MetricSummary):
    """A metric as a contract: what exactly is counted."""

    definition: str
    """What it says, in Chinese."""
    definition_en: str
    """What it says, in English."""
    numerator: str
    """What is counted above the line."""
    numerator_en: str
    """What is counted above the line, in English."""
    denominator: str | None
    """What it is divided by."""
    denominator_en: str | None
    """What it is divided by, in English."""
    period: str
    """What belongs to which period."""
    period_en: str
    """What belongs to which period, in English."""
    edge_cases: list[MetricEdgeCase]
    """How cases are counted that one could argue about."""
    source: str
    """What it is made of."""
    source_en: str
    """What it is made of, in English."""
    interval: IntervalKind | None
    """Which 95 % interval `low` and `high` are; null where there is none."""
    behind: Behind
    """Who stands behind a value; there is none of fewer than five."""
    rows: Row
    """What the rows behind a value are."""
    kinds: list[MetricKind]
    """By what it can be divided; empty, too, where the kinds are found among the data, such as currencies."""
    department_periods: list[Grain]
    """The periods for which it is told of departments."""


class MetricPage(Shape):
    """Every metric."""

    items: list[Metric]
    """The metrics, by topic."""


class MetricValue(Shape):
    """A value for a period, or why there is none."""

    period: str
    """The period: `2026-05`, `2026-Q2`."""
    start: date
    """Its first day."""
    end: date
    """Its last day."""
    value: float | None
    """The value, in the unit of the metric."""
    numerator: float | None
    """What was counted above the line."""
    denominator: float | None
    """What it was divided by."""
    low: float | None
    """The lower end of the 95 % interval."""
    high: float | None
    """The upper end of the 95 % interval."""
    people: int | None
    """How many people stand behind it."""
    reason: Untold | None
    """Why there is no value."""
    provisional: bool
    """The period is not over."""


class FigureDepartment(Shape):
    """The department that figures are of, with all below it."""

    id: UUID
    """Its id."""
    name: str
    """Its name."""
    name_en: str | None
    """Its English name."""


class MetricSeries(Shape):
    """The values of a metric, one for each period."""

    metric: MetricSummary
    """The metric."""
    by: Grain
    """How long the periods are."""
    department: FigureDepartment | None
    """The department with all below it; null for the company."""
    kind: str | None
    """The kind; null for all."""
    items: list[MetricValue]
    """The values, the oldest first."""
    as_of: datetime | None
    """When figures were brought up to date last; null before the first time."""


class RowPerson(Shape):
    """A person among the rows behind a value."""

    id: UUID
    """Their id."""
    name: str
    """Their name."""


class RowContent(Shape):
    """A content among the rows behind a value."""

    id: UUID
    """Its id."""
    type: ContentType
    """What it is."""
    title: str
    """Its title."""


class MetricRow(Shape):
    """A row behind a value."""

    person: RowPerson | None
    """The person, if people are counted."""
    content: RowContent | None
    """The content, if contents are counted."""
    department: FigureDepartment | None
    """The department it counts for; null: for the company only."""
    kind: str | None
    """Its kind."""
    numerator: float
    """What it adds above the line."""
    denominator: float
    """What it adds below the line, where rows do."""


class MetricRowPage(Shape):
    """A page of the rows behind a value."""

    items: list[MetricRow]
    """The rows."""
    next_cursor: str | None
    """The cursor of the next page; null on the last one."""


MetricId = Annotated[str, line(1, 60)]
KindName = Annotated[str, line(1, 60)]
Cursor = Annotated[str, line(1, 1000)]
PeriodName = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2]|Q[1-4])$", json_schema_extra={"format": "period"})]


class Periods(Ask):
    """From when to when."""

    from_: Annotated[Day | None, Field(alias="from")] = None
    """A day in the first period; by default eleven periods before the last."""
    to: Day | None = None
    """A day in the last period; by default today."""
    by: Grain = Grain.month
    """How long the periods are."""


class MetricValuesQuery(Periods):
    """Which values."""

    department: UUID | None = None
    """Of this department with all below it; otherwise of the company."""
    kind: KindName | None = None
    """Of this kind; otherwise of all."""


class MetricRowsQuery(Ask):
    """The rows behind which value."""

    period: PeriodName
    """The period: `2026-05`, `2026-Q2`."""
    department: UUID | None = None
    """Of this department with all below it; otherwise of the company."""
    kind: KindName | None = None
    """Of this kind; otherwise of all."""
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    """Rows on a page."""
    cursor: Cursor | None = None
    """`next_cursor` of the page before."""
