"""Rows of metrics: the figures as they were computed last, and what is to be computed again."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, Float, Index, Numeric, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from kshare.core.database import Row
from kshare.core.principal import EVERYONE

COMPANY = EVERYONE
"""Stands for the whole company where others have the id of a department."""


class MetricValueRow(Row):
    """A figure of a metric for a period, a department with all below it (or `COMPANY`), and a kind (or '' for all).

    Without a value it has a `reason`. There is no row where nobody and nothing is.
    """

    __tablename__ = "metric_value"

    metric: Mapped[str] = mapped_column(primary_key=True)
    department_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    grain: Mapped[str] = mapped_column(primary_key=True)
    start: Mapped[date] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(SmallInteger)
    value: Mapped[float | None] = mapped_column(Float(53))
    numerator: Mapped[Decimal | None] = mapped_column(Numeric)
    denominator: Mapped[Decimal | None] = mapped_column(Numeric)
    low: Mapped[float | None] = mapped_column(Float(53))
    high: Mapped[float | None] = mapped_column(Float(53))
    people: Mapped[int | None]
    reason: Mapped[str | None]


class MetricFlowRow(Row):
    """How much knowledge flowed in a quarter from one part of a department (or of `COMPANY`) to another: to so many
    people, in so many pairs of a person and an item. Without numbers it has a `reason`; there is no row of nothing."""

    __tablename__ = "metric_flow"
    __table_args__ = (Index("ix_metric_flow_quarter", "quarter"),)

    within_id: Mapped[UUID] = mapped_column(primary_key=True)
    quarter: Mapped[date] = mapped_column(primary_key=True)
    from_id: Mapped[UUID] = mapped_column(primary_key=True)
    to_id: Mapped[UUID] = mapped_column(primary_key=True)
    pairs: Mapped[int | None]
    people: Mapped[int | None]
    reason: Mapped[str | None]


class StaleQuarterRow(Row):
    """A quarter whose figures are to be computed again; by its first day."""

    __tablename__ = "metric_stale"

    quarter: Mapped[date] = mapped_column(primary_key=True)
    since: Mapped[datetime]


class MetricStateRow(Row):
    """The one row that says how far the roll-up has come: the day it is computed as of, the first quarter that has
    figures, and the last entry of the account of contributions that it knows. Hot topics were computed as of
    `topics_on`, at `topics_at`; contents may have changed since."""

    __tablename__ = "metric_state"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, default=1)
    as_of: Mapped[date | None]
    first: Mapped[date | None]
    contribution: Mapped[int] = mapped_column(BigInteger, default=0)
    refreshed_at: Mapped[datetime | None]
    topics_on: Mapped[date | None]
    topics_at: Mapped[datetime | None]
    topics_outdated: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


class ContributorPlaceRow(Row):
    """What somebody's account comes to in a period, if it is above zero, and their place among all by that; equals
    share one. `department_id` is where the person counts in the period, if they were eligible."""

    __tablename__ = "contributor_place"
    __table_args__ = (
        Index("ix_contributor_place_place", "grain", "start", "place", "person_id"),
        Index("ix_contributor_place_department_id", "department_id", "grain", "start", "place", "person_id"),
    )

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    grain: Mapped[str] = mapped_column(primary_key=True)
    start: Mapped[date] = mapped_column(primary_key=True)
    department_id: Mapped[UUID | None]
    weight: Mapped[Decimal] = mapped_column(Numeric)
    place: Mapped[int]


class CategoryMonthRow(Row):
    """What happened in a month to the contents of a category that everybody sees, those of categories below it not
    among them; of each level of secrecy by itself."""

    __tablename__ = "category_month"

    category_id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    classification: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    items: Mapped[int]
    ideas: Mapped[int]
    views: Mapped[int]
    thanks: Mapped[int]


class HotTopicRow(Row):
    """A tag or a category that is met more often of late than before, among contents that everybody sees up to a level
    of secrecy. `place` 1 is what rises most surely."""

    __tablename__ = "hot_topic"

    classification: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    sort: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    topic_id: Mapped[UUID]
    recent: Mapped[int]
    baseline: Mapped[int]
    people: Mapped[int]
    ratio: Mapped[float | None] = mapped_column(Float(53))
    low: Mapped[float] = mapped_column(Float(53))
    high: Mapped[float | None] = mapped_column(Float(53))
