"""The account of contributions: as readers see it, and as callers ask for it."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from kshare.core.amounts import Exact
from kshare.core.choices import Choice
from kshare.core.moments import Day, Moment
from kshare.core.reading import Ask, Entity, Shape
from kshare.people.shapes import DepartmentSummary, PersonSummary


class ContributionRule(Shape):
    """A rule of the account: what counts as a contribution, and how much."""

    id: str
    """Its name for programs, which stays."""
    version: int
    """Grows when its weight or its meaning changes; every entry says by which version it was made."""
    weight: Exact
    """The weight of one contribution."""
    shared: bool
    """Whether several authors share the weight, each by their share."""
    name: str
    """Its name."""
    name_en: str
    """Its English name."""
    description: str
    """What counts and what does not, in Chinese."""
    description_en: str
    """What counts and what does not, in English."""


class ContributionRules(Shape):
    """Every rule of the account."""

    items: list[ContributionRule]
    """The rules."""


class ContributionObject(Shape):
    """What a contribution was: shown to those who may see it now."""

    kind: str
    """`knowledge_item`, `idea`, `revision`, `comment` or `review`. New kinds may appear."""
    id: UUID
    """Its id."""
    content_id: UUID
    """The content that it is, or belongs to."""
    title: str
    """The title of that content."""


class Contribution(Entity):
    """An entry of the account. Entries are never changed: what holds no more is corrected by another one."""

    person: PersonSummary
    """Who contributed."""
    department: DepartmentSummary | None
    """Where the person was on that day by their memberships; null if nowhere."""
    rule: str
    """By which rule it counts; `/v1/contribution-rules` lists them. New rules may appear."""
    rule_version: int
    """The version of the rule."""
    occurred_on: date
    """The day of the contribution, in the company's time zone."""
    weight: Exact
    """How much it counts; of a correction, the opposite of what it corrects."""
    object: ContributionObject | None
    """What it was; null if you may not see that now, and for what is credited without saying for what."""
    corrects: UUID | None
    """The entry that holds no more, of which this is the correction."""
    recorded_at: datetime
    """When it came into the account. Later entries never have an earlier time."""


class ContributionPeriod(Choice):
    """How long the periods of totals are."""

    month = "month", "Calendar months."
    quarter = "quarter", "Calendar quarters."
    year = "year", "Calendar years."

    @property
    def months(self) -> int:
        """How many months a period has."""
        return {"month": 1, "quarter": 3, "year": 12}[self.value]

    def first_month(self, day: date) -> date:
        """The first month, by its first day, of the period of a day."""
        return date(day.year, day.month - (day.month - 1) % self.months, 1)

    def last_month(self, day: date) -> date:
        """The last month, by its first day, of the period of a day."""
        first = self.first_month(day)
        return first.replace(month=first.month + self.months - 1)


class ContributionTotal(Shape):
    """What the entries of a person in a period add up to, as far as you see them."""

    person: PersonSummary
    """Who contributed."""
    period: str
    """The period: `2026-05`, `2026-Q2`, `2026`."""
    start: date
    """Its first day."""
    end: date
    """Its last day."""
    entries: int
    """How many entries there are, corrections among them."""
    weight: Exact
    """The sum of their weights."""


class ContributionFormat(Choice):
    """How the account is answered."""

    json = "json", "A page as JSON."
    ndjson = "ndjson", "Every entry as JSON on a line of its own."
    csv = "csv", "A table for spreadsheets: RFC 4180 in UTF-8 with a byte order mark."


class ContributionOrder(Choice):
    """The order of the account."""

    oldest = "oldest", "What was recorded first comes first."
    newest = "newest", "What was recorded last comes first."


class ContributionFilter(Ask):
    """Which entries; all conditions must hold."""

    updated_since: Moment | None = None
    """Recorded at this time or later."""
    person: UUID | None = None
    """Of this person."""
    department: UUID | None = None
    """Of people who were in this department, or in one below it, on the day of their contribution."""


class ContributionExport(ContributionFilter):
    """Which entries, and how they are answered."""

    format: ContributionFormat = ContributionFormat.json
    """A page as JSON, or everything from there on as NDJSON or CSV, for which `limit` does not matter."""


class ContributionPeriods(Ask):
    """Which totals."""

    from_: Annotated[Day | None, Field(alias="from")] = None
    """A day in the first period; by default the first day of the year of `to`."""
    to: Day | None = None
    """A day in the last period; by default today."""
    by: ContributionPeriod = ContributionPeriod.month
    """How long the periods are."""
    person: UUID | None = None
    """Of this person."""
    department: UUID | None = None
    """Of what people did while they were in this department, or in one below it."""
