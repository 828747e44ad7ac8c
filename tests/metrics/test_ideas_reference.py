"""Every figure of ideas equals what its contract says, computed slowly, on random histories."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.conftest import Loop
from tests.metrics.histories import Stage, stage
from tests.metrics.histories_ideas import Ideas
from tests.metrics.reference.ideas import REFERENCES
from tests.metrics.reference.told import Number, Reference, Unit, World, compare

from kshare.metrics.contracts import Behind, Metric, MetricTopic
from kshare.metrics.definitions import METRICS
from kshare.metrics.statistics import Counted, Figure, Statistic

IDEAS = {id: metric for id, metric in METRICS.items() if metric.topic is MetricTopic.ideas}

SEEDS = st.integers(0, 2**32)
# A smaller seed is no simpler history.
RANDOM = settings(max_examples=6, phases=[Phase.generate])


@pytest.fixture(scope="module")
def played(postgres_url: str, loop: Loop) -> Iterator[Stage]:
    with stage(postgres_url, loop) as one:
        yield one


def test_every_metric_has_a_reference() -> None:
    assert IDEAS.keys() == REFERENCES.keys()


@RANDOM
@given(seed=SEEDS)
def test_figures_of_ideas_are_what_their_contracts_say(played: Stage, seed: int) -> None:
    check(played, Ideas(seed), IDEAS, REFERENCES)


@RANDOM
@given(seed=SEEDS)
def test_so_are_those_that_too_few_people_stand_behind(played: Stage, seed: int) -> None:
    """Few of the figures of things are told of companies as small as these, and medians hide mistakes. Here everybody
    stands behind, so that far more is told of months, departments and kinds, and with it go the sums of x and y."""
    metrics = {id: openly(metric) for id, metric in IDEAS.items()}
    check(played, Ideas(seed), metrics, {id: opened(metrics[id], one) for id, one in REFERENCES.items()})


@dataclass(frozen=True)
class WithSums(Statistic):
    """The same value, with the sums of x and y."""

    statistic: Statistic

    def figure(self, counted: Iterable[Counted], heads: int, seed: str) -> Figure:
        units = list(counted)
        x = sum((one.x * one.units for one in units), Decimal(0))
        y = sum((one.y * one.units for one in units), Decimal(0))
        return replace(self.statistic.figure(units, heads, seed), numerator=x, denominator=y)


def openly(metric: Metric) -> Metric:
    kinds = None if metric.kinds is None else replace(metric.kinds, divides=False)
    statistic = WithSums(metric.statistic) if metric.statistic.each else metric.statistic
    return replace(metric, behind=Behind.eligible, kinds=kinds, statistic=statistic, within=None)


def opened(metric: Metric, reference: Reference) -> Reference:
    def figure(units: Sequence[Unit], heads: int) -> tuple[float | None, Number, Number]:
        value, numerator, denominator = reference.figure(units, heads)
        if isinstance(metric.statistic, WithSums):
            numerator, denominator = sum(unit.x for unit in units), sum(unit.y for unit in units)
        return value, numerator, denominator

    kinds = () if metric.kinds is None else tuple(metric.kinds.values)
    return replace(reference, of_people=True, kinds=kinds, figure=figure, within=None)


def check(played: Stage, history: Ideas, metrics: Mapping[str, Metric], references: Mapping[str, Reference]) -> None:
    found = played.play(history, metrics)
    world = World(found.tables, history.today)
    for quarter in history.quarters:
        for metric, reference in references.items():
            compare(metric, reference, world, quarter, found.figures)
