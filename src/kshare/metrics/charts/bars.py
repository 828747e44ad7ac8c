"""Bars, side by side or one upon another. Where a value is missing stands a dash; what may still change is pale."""

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from kshare.metrics.charts.picture import Mark, Picture
from kshare.metrics.charts.style import FAINT, INK, SIZES, along_labels, colour, from_zero, legend
from kshare.metrics.charts.words import NOTHING, number

_WIDE = 0.72
"""Of the room between two labels."""
_NUMBERED = 16
"""Bars that have their numbers above them; more would not be readable."""


def bars(axes: Axes, picture: Picture) -> None:
    """For each label the bars of all series, side by side."""
    width = _WIDE / len(picture.series)
    numbered = len(picture.labels) * len(picture.series) <= _NUMBERED
    for index, series in enumerate(picture.series):
        for at, mark in enumerate(series.marks):
            place = at - _WIDE / 2 + width * (index + 0.5)
            if mark.value is None:
                _missing(axes, place)
                continue
            _bar(axes, place, mark.value, width * 0.92, 0.0, index, mark)
            if mark.low is not None and mark.high is not None:
                axes.plot([place, place], [mark.low, mark.high], color=INK, linewidth=1.2, alpha=0.55, zorder=4)
            if numbered:
                top = mark.value if mark.high is None else mark.high
                axes.annotate(
                    number(mark.value, series.unit), (place, top), (0, 5), textcoords="offset points",
                    ha="center", size=SIZES["value"],
                )  # fmt: skip
    _finish(axes, picture)


def stacked_bars(axes: Axes, picture: Picture) -> None:
    """For each label one bar, made of those of all series."""
    for at in range(len(picture.labels)):
        top, marks = 0.0, [series.marks[at] for series in picture.series]
        if all(mark.value is None for mark in marks):
            _missing(axes, at)
        for index, mark in enumerate(marks):
            if mark.value is not None:
                _bar(axes, at, mark.value, _WIDE, top, index, mark)
                top += mark.value
    _finish(axes, picture)


def _bar(axes: Axes, place: float, height: float, width: float, bottom: float, index: int, mark: Mark) -> None:
    pale = 0.45 if mark.provisional else 1.0
    axes.bar(place, height, width, bottom, color=colour(index), alpha=pale, edgecolor="white", linewidth=0.8, zorder=3)


def _missing(axes: Axes, place: float) -> None:
    axes.annotate(
        NOTHING, (place, 0), (0, 3), textcoords="offset points", ha="center", color=FAINT, size=SIZES["value"]
    )


def _finish(axes: Axes, picture: Picture) -> None:
    along_labels(axes, picture)
    from_zero(axes)
    legend(axes, picture, [Patch(color=colour(index)) for index in range(len(picture.series))])
