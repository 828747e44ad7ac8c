"""docs/metrics.md: a guide, and every metric as its contract says it. `python -m tests.docs.metrics_page` writes it."""

from collections.abc import Iterable
from pathlib import Path

from kshare.metrics.contracts import Metric, MetricTopic, Words
from kshare.metrics.definitions import METRICS
from kshare.metrics.figures.publishing import FEWEST

HERE = Path(__file__)
PAGE = HERE.parents[2] / "docs" / "metrics.md"
GUIDE = HERE.with_name("metrics_guide.md")

_INTERVALS = {
    "wilson": "Wilson score, 95 %",
    "poisson": "exact Poisson (Garwood), 95 %",
    "bootstrap": "percentile bootstrap over units, 2,000 rounds, 95 %",
    "kaplan_meier": "Brookmeyer and Crowley, 95 %",
    None: "none",
}
_BEHIND = {
    "eligible": "everybody who was eligible",
    "authors": "the distinct authors, or those who did it",
}


def page() -> str:
    """The whole page."""
    parts = [GUIDE.read_text(encoding="utf-8").replace("{FEWEST}", str(FEWEST))]
    for topic in MetricTopic:
        parts.append(f"\n## {topic.value.capitalize()}\n")
        parts += [_section(metric) for metric in METRICS.values() if metric.topic is topic]
    return "\n".join(parts)


def _section(metric: Metric) -> str:
    lines = [
        f"### `{metric.id}`: {metric.name.en} · {metric.name.zh}",
        "",
        _both(metric.definition),
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {text} |" for name, text in _rows(metric)),
        "",
        *(f"- {_both(case)}" for case in metric.edge_cases),
        "",
    ]
    return "\n".join(lines)


def _rows(metric: Metric) -> Iterable[tuple[str, str]]:
    yield "Version", str(metric.version)
    yield "Unit", metric.unit.description.rstrip(".")
    yield "Above the line", _both(metric.numerator)
    if metric.denominator is not None:
        yield "Below the line", _both(metric.denominator)
    yield "Period", _both(metric.period)
    yield "Interval", _INTERVALS[metric.statistic.interval]
    yield "Behind a value stand", _BEHIND[metric.behind.value]
    yield "Of departments by", " and ".join(metric.by_department) or "–"
    if metric.kinds is not None:
        named = ", ".join(f"`{kind}` {words.zh}" for kind, words in metric.kinds.values.items())
        yield "Kinds", f"{metric.kinds.name.en}: {named or 'as found among the data'}"
    yield "Made of", _both(metric.source)


def _both(words: Words) -> str:
    return f"{words.en} {words.zh}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
