"""Lines along periods, each with the band of its interval. What is missing is a gap."""

from collections.abc import Sequence
from math import nan

from matplotlib.axes import Axes

from kshare.metrics.charts.picture import Mark, Picture
from kshare.metrics.charts.style import SIZES, along_labels, colour, from_zero, legend
from kshare.metrics.charts.words import number

_BANDS = 3
"""With more lines than these, bands would only hide one another."""


def lines(axes: Axes, picture: Picture) -> None:
    """A line for each series."""
    handles = []
    for index, series in enumerate(picture.series):
        marks, place = series.marks, range(len(series.marks))
        firm = [nan if mark.value is None or mark.provisional else mark.value for mark in marks]
        [line] = axes.plot(place, firm, color=colour(index), linewidth=3, marker="o", markersize=7, zorder=3)
        handles.append(line)
        if len(picture.series) <= _BANDS:
            low, high = (
                [nan if m.low is None else m.low for m in marks],
                [nan if m.high is None else m.high for m in marks],
            )
            axes.fill_between(place, low, high, color=colour(index), alpha=0.14, linewidth=0, zorder=1)
        _provisional(axes, marks, colour(index))
    _last_values(axes, picture)
    along_labels(axes, picture)
    from_zero(axes)
    legend(axes, picture, handles)


def _provisional(axes: Axes, marks: Sequence[Mark], tint: str) -> None:
    """What may still change is a hollow mark at the end of a dashed line."""
    for at, mark in enumerate(marks):
        if not mark.provisional or mark.value is None:
            continue
        before = marks[at - 1].value if at else None
        if before is not None:
            axes.plot([at - 1, at], [before, mark.value], color=tint, linewidth=2.5, linestyle=(0, (2, 1.6)), zorder=2)
        axes.plot([at], [mark.value], color=tint, marker="o", markersize=8, markerfacecolor="white", zorder=4)


def _last_values(axes: Axes, picture: Picture) -> None:
    """The last value of each line, as far as they do not lie upon one another."""
    low, high = axes.get_ylim()
    taken: list[float] = []
    for index, series in enumerate(picture.series):
        known = [(at, mark) for at, mark in enumerate(series.marks) if mark.value is not None]
        if not known:
            continue
        at, mark = known[-1]
        assert mark.value is not None
        if all(abs(mark.value - other) > (high - low) * 0.05 for other in taken):
            taken.append(mark.value)
            text = number(mark.value, series.unit)
            axes.annotate(
                text, (at, mark.value), (0, 12), textcoords="offset points", color=colour(index), size=SIZES["value"],
                ha="center", zorder=5,
            )  # fmt: skip
