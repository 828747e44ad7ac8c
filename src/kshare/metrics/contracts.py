"""What a metric is: a contract in words, and the three parts that make its figures (docs/adr/0009-metrics.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from kshare.core.choices import Choice
from kshare.metrics.periods import Grain
from kshare.metrics.statistics import Statistic


@dataclass(frozen=True, slots=True)
class Words:
    """A text in both languages."""

    zh: str
    en: str


class MetricUnit(Choice):
    """What a value is in."""

    share = "share", "A share, 0 to 1."
    per_person = "per_person", "So many for each person."
    per_item = "per_item", "So many for each item."
    days = "days", "Days of 24 hours."
    coefficient = "coefficient", "A number between 0 and 1 without a unit."
    ratio = "ratio", "One amount divided by another."
    money_per_person = "money_per_person", "An amount of money for each person, in the currency that `kind` names."


class MetricTopic(Choice):
    """What a metric is about."""

    sharing = "sharing", "Sharing of knowledge."
    ideas = "ideas", "Ideas and what they bring."


class Behind(Choice):
    """Who stands behind a value: nothing is shown of fewer than five."""

    eligible = "eligible", "Everybody who was eligible in the period."
    authors = "authors", "The distinct authors of what is counted, or those who did it."


class Row(Choice):
    """What the rows behind a value are."""

    person = "person", "People."
    content = "content", "Knowledge items or ideas."
    link = "link", "Knowledge items, and the contents that link to them."
    assignment = "assignment", "Assignments to review, each by the content to be judged."
    none = "none", "There are none: what is behind it is not kept by name."


@dataclass(frozen=True, slots=True)
class Kinds:
    """How a metric can be divided. `divides` says whether each person, or each thing with its author, is of one kind;
    such kinds are shown for the company only. `values` is empty when the values are found among the data (currencies).
    What is of kinds that are not `addable` has a value without a kind only where there is no more than one.
    """

    name: Words
    values: Mapping[str, Words] = field(default_factory=lambda: MappingProxyType({}))
    divides: bool = True
    addable: bool = True


@dataclass(frozen=True, eq=False)
class Metric:
    """A metric. `units` is the statement that gives what is counted: columns `unit` (the id of the row behind it),
    `person` (who stands behind it), `department` (which it counts for, null: the company only), `kind`, `x` and `y`,
    which `statistic` makes a figure of; no two rows have the same unit and kind. It may refer to the values that
    `counting` names. Nothing is told of a period until `ripens` months after its end.

    `within` is a metric that counts the same things, perhaps some more or less: of what that does not tell, this does
    not either. `beside` is another that divides the same people by other kinds: its kinds are told first, and those of
    this one only if people who are of the same two kinds are enough.
    """

    id: str
    version: int
    topic: MetricTopic
    name: Words
    definition: Words
    unit: MetricUnit
    numerator: Words
    denominator: Words | None
    period: Words
    edge_cases: Sequence[Words]
    source: Words
    behind: Behind
    statistic: Statistic
    units: str
    rows: Row
    kinds: Kinds | None = None
    better: Literal["higher", "lower"] | None = None
    ripens: int = 0
    within: str | None = None
    beside: str | None = None

    @property
    def by_department(self) -> Sequence[Grain]:
        """The periods for which it is shown of departments: things with few authors only by quarters."""
        return tuple(Grain) if self.behind is Behind.eligible else (Grain.quarter,)
