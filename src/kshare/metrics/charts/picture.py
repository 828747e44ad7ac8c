"""What is drawn: a chart in one language, as plain as what draws it needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import east_asian_width

from kshare.metrics.dashboards.shapes import ChartFormat, ChartLanguage

LONGEST = 40
"""Characters of a name that are drawn."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of a series."""

    value: float | None
    low: float | None
    high: float | None
    reason: str | None
    provisional: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    """A series."""

    name: str
    unit: str
    marks: Sequence[Mark]


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart to be drawn."""

    kind: str
    title: str
    subtitle: str
    unit: str | None
    labels: Sequence[str]
    series: Sequence[Drawn]
    note: str | None
    language: ChartLanguage
    format: ChartFormat

    def words(self, zh: str, en: str) -> str:
        """What is said in the language of the picture."""
        return zh if self.language is ChartLanguage.zh else en


def picture(
    dashboard: Mapping[str, Any], chart: Mapping[str, Any], language: ChartLanguage, format: ChartFormat
) -> Picture:
    """A chart of a dashboard, both as their shapes show them, to be drawn."""
    suffix = "" if language is ChartLanguage.zh else "_en"

    def named(what: Mapping[str, Any]) -> str:
        return what[f"name{suffix}"] or what["name"]  # type: ignore[no-any-return]

    of = [what for what in (dashboard, dashboard["department"], dashboard["category"]) if what is not None]
    return Picture(
        chart["kind"],
        named(chart),
        " · ".join(trimmed(named(what)) for what in of),
        chart["unit"],
        [trimmed(label) for label in chart[f"labels{suffix}"]],
        [_series(one, named(one)) for one in chart["series"]],
        chart[f"note{suffix}"],
        language,
        format,
    )


def _series(series: Mapping[str, Any], name: str) -> Drawn:
    return Drawn(trimmed(name), series["unit"], [Mark(**point) for point in series["points"]])


def trimmed(name: str) -> str:
    """A name that is not too long to be drawn."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def width(text: str) -> int:
    """How wide a text is, a narrow letter being 1 and a Chinese one 2."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
