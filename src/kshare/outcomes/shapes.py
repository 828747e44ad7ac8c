"""Series of outcomes: as readers see them, as callers ask for them, as the journal records them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Self
from uuid import UUID

from pydantic import Field, ModelWrapValidatorHandler, StrictBool, ValidationError, WithJsonSchema, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from kshare.core.amounts import AmountRule
from kshare.core.choices import Choice
from kshare.core.journal import Happened
from kshare.core.moments import Month
from kshare.core.reading import Ask, Entity, Patch, Shape
from kshare.core.text import line, prose
from kshare.outcomes.models import PLACES
from kshare.people.shapes import DepartmentSummary, PersonSummary

# ---- as readers see them --------------------------------------------------------------------------------------------


class OutcomeDirection(Choice):
    """Which way a figure is better."""

    lower = "lower", "Less is better, as with times and complaints."  # type: ignore[assignment]  # hides str.lower
    higher = "higher", "More is better, as with yields."


class OutcomeLevel(Choice):
    """Of what a value is."""

    company = "company", "Of the whole company."
    department = "department", "Of one department."


ExactValue = Annotated[
    Decimal, WithJsonSchema({"type": "string", "format": "decimal", "pattern": rf"^-?[0-9]+(\.[0-9]{{1,{PLACES}}})?$"})
]
"""A value in an answer: text, with as many decimals as it needs."""


class OutcomeSeries(Entity):
    """A business figure that another system measures, month by month, such as the cycle time of development."""

    name: str
    """Its name."""
    name_en: str | None
    """Its English name."""
    description: str | None
    """What is measured, from where to where, and by whom."""
    unit: str
    """What its values count, such as `天` or `%`."""
    better: OutcomeDirection
    """Which way it is better."""
    archived: bool
    """It takes no values any more, and dashboards leave it out. What it had stays readable."""
    external_source: str | None
    """The system it comes from."""
    external_id: str | None
    """Its id there."""
    version: int
    """Grows with every change of the series itself; values do not change it."""
    created_at: datetime
    """When it was set up."""
    updated_at: datetime
    """When it last changed."""
    permissions: list[str]
    """What you may do with it."""


class OutcomeValue(Entity):
    """What a series was said to be in a month."""

    series_id: UUID
    """The series."""
    department: DepartmentSummary | None
    """The department it was measured in; null for the whole company. Nothing is added up: values are as they came."""
    month: Month
    """The month, as `2026-03`."""
    value: ExactValue | None
    """The value, in the unit of the series; null if what was said before was taken back."""
    number: int
    """1 for the first that was said of this month and department, then one more with each correction."""
    current: bool
    """It has not been corrected: the present value."""
    note: str | None
    """What was said about it, such as why it was corrected."""
    person: PersonSummary
    """Who sent it."""
    recorded_at: datetime
    """When it came. What was known at a time is, for each month and department, the last that had come by then."""


class OutcomeValuesCount(Shape):
    """What became of the values that were sent."""

    series_id: UUID
    """The series."""
    new: int
    """Months of which nothing had been said."""
    corrected: int
    """Months of which something else had been said; that stays readable."""
    unchanged: int
    """Months of which the same had been said."""


# ---- as callers ask for them ----------------------------------------------------------------------------------------

Name = Annotated[str, line(1, 100)]
Unit = Annotated[str, line(1, 60)]
Description = Annotated[str, prose(1, 4000)]
Note = Annotated[str, prose(1, 1000)]
GivenValue = Annotated[Decimal, AmountRule("any", PLACES)]


class CreateOutcomeSeries(Ask):
    """A new series."""

    name: Name
    """Its name."""
    name_en: Name | None = None
    """Its English name."""
    description: Description | None = None
    """What is measured, from where to where, and by whom."""
    unit: Unit
    """What its values count, such as `天` or `%`."""
    better: OutcomeDirection
    """Which way it is better."""


class UpdateOutcomeSeries(Patch):
    """Changes to a series; what is left out stays as it is."""

    nullable: ClassVar[frozenset[str]] = frozenset({"name_en", "description"})

    name: Name | None = None
    """Its name."""
    name_en: Name | None = None
    """Its English name."""
    description: Description | None = None
    """What is measured, from where to where, and by whom."""
    unit: Unit | None = None
    """What its values count. They stay as they are, so this is for a better word and not for another unit."""
    better: OutcomeDirection | None = None
    """Which way it is better."""
    archived: StrictBool | None = None
    """Whether it takes no values any more; it can be taken up again."""


class PutOutcomeSeries(Patch):
    """A series as another system knows it. Of one known already, what is left out stays as it is."""

    nullable: ClassVar[frozenset[str]] = frozenset({"name_en", "description"})

    name: Name
    """Its name."""
    name_en: Name | None = None
    """Its English name."""
    description: Description | None = None
    """What is measured, from where to where, and by whom."""
    unit: Unit
    """What its values count, such as `天` or `%`."""
    better: OutcomeDirection
    """Which way it is better."""


class GivenOutcome(Ask):
    """What a series is in a month."""

    department_id: UUID | None = None
    """The department it was measured in; null or nothing: the whole company."""
    month: Month
    """The month, as `2026-03`: from January 1990 to the present one."""
    value: GivenValue | None = None
    """The value, in the unit of the series: text with up to six decimals, or a whole number. Null or nothing takes back
    what was said before."""
    note: Note | None = None
    """What is to be said about it, such as why it is corrected. The same value with another note is a correction, too;
    without a note it is not."""


class PutOutcomeValues(Ask):
    """Values of a series. What is not named stays as it is."""

    values: Annotated[list[GivenOutcome], Field(min_length=1, max_length=1000)]
    """Up to 1,000, each month of a department once."""


class OutcomeSeriesFilter(Ask):
    """Which series."""

    archived: bool | None = None
    """Only those that take no values any more, or only those that do."""


class OutcomeValueFilter(Ask):
    """Which values; all conditions must hold."""

    from_: Annotated[Month | None, Field(alias="from")] = None
    """Of this month, as `2026-03`, and those after it."""
    to: Month | None = None
    """Of this month and those before it."""
    level: OutcomeLevel | None = None
    """Of the whole company only, or of departments only."""
    department: UUID | None = None
    """Of this department itself."""

    @model_validator(mode="wrap")
    @classmethod
    def _refuse_backwards(cls, data: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        asked = handler(data)
        if asked.from_ is not None and asked.to is not None and asked.to < asked.from_:
            problem = PydanticCustomError("dates_backwards", "The last month cannot lie before the first")
            details = [InitErrorDetails(type=problem, loc=("to",), input=asked.to)]
            raise ValidationError.from_exception_data(cls.__name__, details)
        return asked


# ---- as the journal records them ------------------------------------------------------------------------------------


class OutcomeSeriesHappened(Happened):
    """Something that happened to a series of outcomes."""

    about: ClassVar[str] = "outcome_series"
    series_id: UUID
    """The series."""


class OutcomeSeriesCreated(OutcomeSeriesHappened):
    """A series of figures from another system was set up."""


class OutcomeSeriesChanged(OutcomeSeriesHappened):
    """A series was changed; read it for the new values of its fields."""

    fields: list[str]
    """The names of the fields that changed."""


class OutcomeSeriesDeleted(OutcomeSeriesHappened):
    """A series that had no values was deleted."""


class OutcomeValuesPut(OutcomeSeriesHappened):
    """Values of a series came, or corrections, of one department or of the whole company. Those hear of it who may see
    them."""

    department_id: UUID | None
    """The department; null for the whole company."""
    new: int
    """Months of which nothing had been said."""
    corrected: int
    """Months of which something else had been said."""
    first_month: Month
    """The first of these months."""
    last_month: Month
    """The last of them."""
