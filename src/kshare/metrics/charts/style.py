"""How pictures look: sizes, colours, axes, legends."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from kshare.metrics.charts.picture import Picture, width
from kshare.metrics.charts.words import rounded

INK, FAINT, GRID = "#1f2933", "#6b7684", "#e4e7eb"
SIZES = {"title": 28, "label": 15, "note": 13, "value": 14}

COLOURS = ("#0b6bcb", "#e07a1f", "#2a9d6f", "#b5377a", "#6c5fc7", "#c9a227", "#4aa8d8", "#8a5a44", "#7a8793")
"""To be told apart by those, too, who see few colours."""

_WIDE = 120
"""How much text, in narrow letters, fits from side to side."""
_MOST_LABELS = 13
"""Labels along an axis; of more, some are left out."""


def colour(index: int) -> str:
    """The colour of a series."""
    return COLOURS[index % len(COLOURS)]


def along_labels(axes: Axes, picture: Picture) -> None:
    """The labels along the lower axis, the last one always, and values beside the other."""
    count = len(picture.labels)
    step = -(-count // _MOST_LABELS)
    places = sorted(range(count - 1, -1, -step))
    axes.set_xticks(places, [picture.labels[place] for place in places], size=SIZES["label"])
    axes.set_xlim(-0.6, count - 0.4)
    unit = picture.unit or picture.series[0].unit
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: rounded(value, unit)))
    axes.grid(axis="y", color=GRID, linewidth=1)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GRID)
    axes.tick_params(length=0, pad=8)


def from_zero(axes: Axes) -> None:
    """Values begin at nothing, unless there are some below."""
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 0.0) if low < 0 else 0.0, high if high > 0 else 1.0)


def legend_columns(picture: Picture) -> int:
    """How many names of series fit beside one another."""
    widest = max((width(series.name) for series in picture.series), default=0)
    return max(1, min(len(picture.series), 6, _WIDE // (widest + 6)))


def legend_rows(picture: Picture) -> int:
    """The lines that the legend takes; none for a single series, which the title names."""
    count = len(picture.series)
    return 0 if count < 2 or picture.kind in ("table", "matrix", "funnel") else -(-count // legend_columns(picture))


def legend(axes: Axes, picture: Picture, handles: list[Any]) -> None:
    """What stands for which series, if there are several."""
    if not legend_rows(picture):
        return
    axes.legend(
        handles,
        [series.name for series in picture.series],
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=legend_columns(picture),
        frameon=False,
        fontsize=SIZES["label"],
        handlelength=1.4,
        columnspacing=1.6,
        borderaxespad=0.2,
    )
