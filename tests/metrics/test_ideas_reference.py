"""Every figure of ideas equals what its contract says, computed slowly, on random histories."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.conftest import Loop
from tests.metrics.histories import Stage, stage
from tests.metrics.histories_ideas import Ideas
from tests.metrics.reference.ideas import REFERENCES
from tests.metrics.reference.told import Reference, World, compare

from kshare.metrics.contracts import Behind, Metric, MetricTopic
from kshare.metrics.definitions import METRICS

IDEAS = {id: metric for id, metric in METRICS.items() if metric.topic is MetricTopic.ideas}

SEEDS = st.integers(0, 2**32)
# A smaller seed is no simpler history.
RANDOM = settings(max_examples=8, phases=[Phase.generate])


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
    """Few of the figures of things are told of companies as small as these. Here everybody stands behind them, so that
    far more are, of months and departments and kinds."""
    metrics = {id: with_everybody_behind(metric) for id, metric in IDEAS.items()}
    check(played, Ideas(seed), metrics, {id: openly(metrics[id], one) for id, one in REFERENCES.items()})


def with_everybody_behind(metric: Metric) -> Metric:
    kinds = None if metric.kinds is None else replace(metric.kinds, divides=False)
    return replace(metric, behind=Behind.eligible, kinds=kinds)


def openly(metric: Metric, reference: Reference) -> Reference:
    kinds = () if metric.kinds is None else tuple(metric.kinds.values)
    return replace(reference, of_people=True, kinds=kinds)


def check(played: Stage, history: Ideas, metrics: Mapping[str, Metric], references: Mapping[str, Reference]) -> None:
    found = played.play(history, metrics)
    world = World(found.tables, history.today)
    for quarter in history.quarters:
        for metric, reference in references.items():
            compare(metric, reference, world, quarter, found.figures)
