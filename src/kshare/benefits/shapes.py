"""Benefits: as readers see them, as callers ask for them, as the journal records them."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from kshare.content.shapes import ContentHappened
from kshare.core.amounts import Amount, AmountOrNothing, Currency, Exact, SignedAmount
from kshare.core.choices import Choice
from kshare.core.moments import Day
from kshare.core.reading import Ask, Entity, Patch, Shape
from kshare.core.text import line, prose
from kshare.people.shapes import PersonSummary


class BenefitType(Choice):
    """What sort of benefit."""

    time = "time", "Working time that is not needed any more, in hours."
    saving = "saving", "Money that is spent no longer."
    avoided_cost = "avoided_cost", "Money that would have been spent, and is not."
    revenue = "revenue", "Money that comes in additionally."
    quality = "quality", "Something counted that shows better quality, such as complaints that stay away."
    safety = "safety", "Something counted that shows more safety, such as accidents that stay away."

    @property
    def is_money(self) -> bool:
        return self in (BenefitType.saving, BenefitType.avoided_cost, BenefitType.revenue)


class BenefitRecurrence(Choice):
    """Whether a benefit comes again."""

    one_off = "one_off", "It comes once."
    yearly = "yearly", "It comes again every year."


class BenefitLevel(Choice):
    """Who stands for a figure. Figures of different levels are never added or put in each other's place."""

    claimed = "claimed", "Those who carry the idea out expect it."
    committed = "committed", "Whoever manages the idea promises it."
    verified = "verified", "Finance has found it in the books."


class BenefitAwaiting(Choice):
    """What a benefit waits for."""

    commitment = "commitment", "Somebody who manages ideas to commit to a figure: claimed only, of an idea underway."
    verification = "verification", "Finance to verify a figure: not verified, of an idea that is implemented."


class BenefitEntry(Entity):
    """A figure that somebody gave."""

    benefit_id: UUID
    """The benefit."""
    level: BenefitLevel
    """Who stands for it."""
    number: int
    """1 for the first of its level, then one more with each correction; the highest is the present one."""
    first_year: Exact
    """What the benefit brings within twelve months from `starts_on`, without the cost to realise it; negative when
    something has to be paid back."""
    months: list[Exact] | None
    """The same month by month: twelve amounts."""
    corrects: UUID | None
    """The figure that this one corrects."""
    note: str | None
    """How it was found; of a correction, why it was needed."""
    person: PersonSummary
    """Who gave it."""
    created_at: datetime
    """When."""
    permissions: list[str]
    """What you may do with it."""


class Benefit(Entity):
    """Something that an idea brings, with its present figures side by side."""

    idea_id: UUID
    """The idea."""
    idea_title: str
    """Its title."""
    type: BenefitType
    """What sort of benefit."""
    unit: str
    """What its figures count: a currency (ISO 4217), `hours`, or what was named."""
    recurrence: BenefitRecurrence
    """Once, or every year."""
    starts_on: date
    """The day from which the first twelve months are counted."""
    basis: str
    """How it comes about and how it is calculated."""
    cost: Exact | None
    """What it costs to realise it."""
    cost_currency: str | None
    """The currency of that cost (ISO 4217)."""
    person: PersonSummary
    """Who claimed it."""
    claimed: BenefitEntry | None
    """What those who carry the idea out expect."""
    committed: BenefitEntry | None
    """What whoever manages the idea promises."""
    verified: BenefitEntry | None
    """What finance has verified."""
    realised_of_claimed: float | None
    """`verified` divided by `claimed`; null until twelve months after `starts_on`, or without either figure."""
    realised_of_committed: float | None
    """`verified` divided by `committed`; null until twelve months after `starts_on`, or without either figure."""
    version: int
    """Grows with every change and every figure."""
    created_at: datetime
    """When it was claimed first."""
    permissions: list[str]
    """What you may do with it."""


class BenefitTotal(Shape):
    """What the benefits of an idea come to, of one type and in one unit."""

    type: BenefitType
    """What sort of benefit."""
    unit: str
    """What the figures count."""
    benefits: int
    """How many benefits there are of it."""
    claimed: Exact | None
    """The sum of what is claimed; null if nothing is."""
    committed: Exact | None
    """The sum of what is committed; null if nothing is."""
    verified: Exact | None
    """The sum of what is verified; null if nothing is."""
    realised_of_claimed: float | None
    """Verified divided by claimed, over the benefits that began twelve months ago and have both figures."""
    realised_of_committed: float | None
    """Verified divided by committed, over the benefits that began twelve months ago and have both figures."""


class BenefitTotals(Shape):
    """What an idea brings altogether. Different types and units are never added."""

    idea_id: UUID
    """The idea."""
    totals: list[BenefitTotal]
    """One for each type and unit."""


Basis = Annotated[str, prose(1, 4000)]
Note = Annotated[str, prose(1, 1000)]
Unit = Annotated[str, line(1, 60)]


class Figure(Ask):
    """A figure for a benefit."""

    first_year: Amount
    """What it brings within twelve months from `starts_on`, without the cost to realise it: all of a one-off benefit,
    the first year of a yearly one. Text with up to two decimals, or a whole number."""
    months: Annotated[list[AmountOrNothing], Field(min_length=12, max_length=12)] | None = None
    """The same month by month; the twelve add up to `first_year`."""


class ClaimBenefit(Figure):
    """Claim that an idea brings something."""

    type: BenefitType
    """What sort of benefit."""
    currency: Currency | None = None
    """The currency of a saving, an avoided cost or a revenue (ISO 4217); of nothing else."""
    unit: Unit | None = None
    """What is counted for quality and safety, such as `complaints`; time is always in hours."""
    recurrence: BenefitRecurrence = BenefitRecurrence.yearly
    """Once, or every year."""
    starts_on: Day
    """The day from which the first twelve months are counted."""
    basis: Basis
    """How it comes about and how it is calculated."""
    cost: AmountOrNothing | None = None
    """What it costs to realise it."""
    cost_currency: Currency | None = None
    """The currency of that cost (ISO 4217); by default that of the benefit."""


class ReviseBenefit(Patch):
    """Changes to a benefit for which nobody but its claimants stands yet; what is left out stays as it is."""

    starts_on: Day | None = None
    """The day from which the first twelve months are counted."""
    basis: Basis | None = None
    """How it comes about and how it is calculated."""


class GiveFigure(Figure):
    """Commit oneself to a figure, or verify it."""

    note: Note | None = None
    """How it was found."""


class CorrectFigure(Ask):
    """Put another figure in the place of one that was wrong. Both stay readable."""

    first_year: SignedAmount
    """The right figure, not the difference; negative when more was lost or has to be paid back than was gained."""
    months: Annotated[list[SignedAmount], Field(min_length=12, max_length=12)] | None = None
    """The same month by month; the twelve add up to `first_year`."""
    reason: Note
    """Why it was wrong."""


class BenefitFilter(Ask):
    """Which benefits; all conditions must hold."""

    awaiting: BenefitAwaiting | None = None
    """Those that wait for this."""
    type: BenefitType | None = None
    """Of this sort."""
    idea: UUID | None = None
    """Of this idea."""
    department: UUID | None = None
    """Of ideas written in this department or one below it, and not anonymously."""


class BenefitEntryFilter(Ask):
    """Which figures."""

    level: BenefitLevel | None = None
    """Of this level."""


class BenefitHappened(ContentHappened):
    """Something that happened to a benefit of an idea."""

    benefit_id: UUID
    """The benefit."""


class BenefitClaimed(BenefitHappened):
    """Those who carry an idea out claimed a benefit."""

    type: str
    """What sort of benefit."""
    unit: str
    """What the figure counts."""
    first_year: Exact
    """The figure."""


class BenefitRevised(BenefitHappened):
    """The basis or the start of a benefit was changed before anybody else stood for it."""

    fields: list[str]
    """The names of the fields that changed."""


class BenefitCommitted(BenefitHappened):
    """Whoever manages an idea committed to a benefit."""

    unit: str
    """What the figure counts."""
    first_year: Exact
    """The figure."""


class BenefitVerified(BenefitHappened):
    """Finance verified a benefit."""

    unit: str
    """What the figure counts."""
    first_year: Exact
    """The figure."""


class BenefitCorrected(BenefitHappened):
    """A figure of a benefit was corrected by another."""

    level: str
    """Who stands for it: claimed, committed or verified."""
    corrects: UUID
    """The entry that was wrong."""
    unit: str
    """What the figure counts."""
    first_year: Exact
    """The right figure."""
