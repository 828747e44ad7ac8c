"""Dashboards as readers see them and as callers ask for them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from kshare.core.choices import Choice
from kshare.core.moments import Day
from kshare.core.reading import Ask, Shape
from kshare.core.text import line
from kshare.metrics.periods import Grain
from kshare.metrics.shapes import FigureDepartment, Untold


class ChartKind(Choice):
    """How a chart is meant to be drawn."""

    line = "line", "A line for each series, along periods."
    bar = "bar", "A bar for each point, those of the series side by side."
    stacked_bar = "stacked_bar", "A bar for each label, made of the series one upon another."
    table = "table", "A row for each label, a column for each series."
    matrix = "matrix", "A row for each series, a column for each label."
    funnel = "funnel", "A step for each label, from the widest to the narrowest."


class DashboardParameter(Shape):
    """A parameter that a dashboard takes."""

    name: str
    """`from`, `to`, `by`, `department` or `category`; in GraphQL the last two are `departmentId` and `categoryId`."""
    required: bool
    """It has to be given."""


class DashboardSummary(Shape):
    """A dashboard, and what it can be asked for with."""

    id: str
    """Its name for programs, which stays."""
    name: str
    """Its name."""
    name_en: str
    """Its English name."""
    description: str
    """What it shows."""
    description_en: str
    """What it shows, in English."""
    parameters: list[DashboardParameter]
    """The parameters it takes; any other is refused."""


class DashboardPage(Shape):
    """Every dashboard."""

    items: list[DashboardSummary]
    """The dashboards."""


class Headline(Shape):
    """A figure of the last period that is over, and beside it that of the period before."""

    id: str
    """Its name for programs."""
    name: str
    """Its name."""
    name_en: str
    """Its English name."""
    unit: str
    """What it is in; see `unit` of a series."""
    period: str | None
    """The period: `2026-05`, `2026-Q2`; null for what is as it is now."""
    value: float | None
    """The value."""
    low: float | None
    """The lower end of the 95 % interval."""
    high: float | None
    """The upper end of the 95 % interval."""
    reason: Untold | None
    """Why there is no value."""
    before: float | None
    """The value of the period before."""
    before_reason: Untold | None
    """Why there is none of the period before; null, too, where nothing is compared."""
    better: str | None
    """`higher` or `lower`, where one is better."""
    metric: str | None
    """The metric that it is of: `/v1/metrics/{metric}` says what exactly is counted."""
    kind: str | None
    """The kind, if it is of one."""


class Point(Shape):
    """A value of a series, or why there is none."""

    value: float | None
    """The value."""
    low: float | None
    """The lower end of the 95 % interval."""
    high: float | None
    """The upper end of the 95 % interval."""
    reason: Untold | None
    """Why there is no value; null, too, where nothing is missed."""
    provisional: bool
    """The period is not over."""


class Series(Shape):
    """A line, a row of bars, or a column of a table."""

    id: str
    """Its name for programs, one of its kind in the chart."""
    name: str
    """Its name."""
    name_en: str
    """Its English name."""
    unit: str
    """What its values are in: a unit of metrics (`share`, `per_person`, `days`, …), `count`, `points` (the weight of
    contributions), or what a series from outside says its unit is, such as `天`."""
    metric: str | None
    """The metric that it is of: `/v1/metrics/{metric}/rows` gives the rows behind its values."""
    kind: str | None
    """The kind, if it is of one."""
    points: list[Point]
    """As many as the chart has labels, in their order."""


class Chart(Shape):
    """Series along the same labels, as libraries for charts take them."""

    id: str
    """Its name for programs, one of its kind in the dashboard."""
    name: str
    """Its name."""
    name_en: str
    """Its English name."""
    kind: ChartKind
    """How it is meant to be drawn."""
    unit: str | None
    """What its values are in; null if its series have different units."""
    labels: list[str]
    """What the points stand for: periods, steps, topics, people."""
    labels_en: list[str]
    """The same in English, as many."""
    series: list[Series]
    """The series."""
    note: str | None
    """What has to be known to read it."""
    note_en: str | None
    """The same in English."""


class DashboardCategory(Shape):
    """The category that a dashboard is of, with all below it."""

    id: UUID
    """Its id."""
    name: str
    """Its name."""
    name_en: str | None
    """Its English name."""


class Dashboard(Shape):
    """Figures ready to be drawn. In every chart each series has as many points as there are labels."""

    id: str
    """Its name for programs."""
    name: str
    """Its name."""
    name_en: str
    """Its English name."""
    as_of: datetime | None
    """When its figures were brought up to date last; null before the first time."""
    by: Grain | None
    """How long the periods are, if it is along periods."""
    department: FigureDepartment | None
    """The department with all below it, if it is of one."""
    category: DashboardCategory | None
    """The category with all below it, if it is of one."""
    headlines: list[Headline]
    """The figures that come first."""
    charts: list[Chart]
    """The charts."""


DashboardId = Annotated[str, line(1, 60)]
ChartId = Annotated[str, line(1, 100)]


class DashboardFormat(Choice):
    """How a dashboard is answered."""

    json = "json", "As JSON."
    csv = "csv", "A table for spreadsheets: RFC 4180 in UTF-8 with a byte order mark, a row for each point."


class ChartFormat(Choice):
    """How a chart is drawn."""

    png = "png", "1600 by 900 pixels."
    svg = "svg", "Shapes that scale; letters are outlines, so that no reader needs a font."


class ChartLanguage(Choice):
    """The language of names in a drawn chart."""

    zh = "zh", "Chinese."
    en = "en", "English, as far as things have English names."


class DashboardAsk(Ask):
    """Of what a dashboard is to be; `GET /v1/dashboards` says which of these it takes."""

    from_: Annotated[Day | None, Field(alias="from")] = None
    """A day in the first period; by default eleven periods before the last."""
    to: Day | None = None
    """A day in the last period; by default today."""
    by: Grain | None = None
    """How long the periods are; by default months."""
    department: UUID | None = None
    """Of this department with all below it."""
    category: UUID | None = None
    """Of this category with all below it."""


class DashboardQuery(DashboardAsk):
    """Of what a dashboard is to be, and how it is answered."""

    format: DashboardFormat = DashboardFormat.json
    """As JSON, or as a table for spreadsheets."""


class ChartQuery(DashboardAsk):
    """Of what a dashboard is to be, and how one of its charts is drawn."""

    format: ChartFormat = ChartFormat.png
    """As PNG or as SVG."""
    language: ChartLanguage = ChartLanguage.zh
    """The language of its names."""
