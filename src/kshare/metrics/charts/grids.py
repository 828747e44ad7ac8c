"""Tables, matrices and funnels: pictures without axes."""

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from kshare.metrics.charts.picture import Picture
from kshare.metrics.charts.style import FAINT, GRID, INK, SIZES, colour
from kshare.metrics.charts.words import NOTHING, number, with_interval

_ROWS = 15
"""Rows of a table that fit into a picture."""
_CELLS = 16
"""Rows and columns of a matrix whose cells can have a number."""
_SHADES = LinearSegmentedColormap.from_list("shades", ["#f4f8fd", colour(0)])


def table(axes: Axes, picture: Picture) -> None:
    """Rows of labels, the values of all series beside them."""
    axes.axis("off")
    rows = picture.labels[:_ROWS]
    columns = len(picture.series)
    first = 0.34
    ends = [first + (1 - first) * (column + 1) / columns for column in range(columns)]
    height = 1 / (_ROWS + 1)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    for end, series in zip(ends, picture.series, strict=True):
        axes.text(end - 0.01, 1 - height / 2, series.name, ha="right", va="center", color=FAINT, size=SIZES["label"])
    for row, label in enumerate(rows):
        middle = 1 - height * (row + 1.5)
        if row % 2 == 0:
            axes.add_patch(Rectangle((0, middle - height / 2), 1, height, color="#f5f7fa", linewidth=0))
        axes.text(0.01, middle, label, va="center", size=SIZES["label"])
        for end, series in zip(ends, picture.series, strict=True):
            shown = with_interval(series.marks[row], series.unit)
            axes.text(end - 0.01, middle, shown, ha="right", va="center", size=SIZES["label"])
    if len(picture.labels) > _ROWS:
        left = len(picture.labels) - _ROWS
        more = picture.words(f"另有 {left} 行", f"{left} more")
        axes.text(0.01, -height / 2, more, va="center", color=FAINT, size=SIZES["note"])


def matrix(axes: Axes, picture: Picture) -> None:
    """A cell for each series and label, the darker the larger; what is missing is white."""
    values = [[mark.value for mark in series.marks] for series in picture.series]
    most = max((value for row in values for value in row if value is not None), default=0.0) or 1.0
    rows, columns = len(values), len(picture.labels)
    numbered = max(rows, columns) <= _CELLS
    for row, cells in enumerate(values):
        for column, value in enumerate(cells):
            shade = "white" if value is None else _SHADES(value / most)
            axes.add_patch(Rectangle((column, row), 1, 1, facecolor=shade, edgecolor=GRID))
            if numbered:
                dark = value is not None and value > most * 0.6
                text = number(value, picture.series[row].unit)
                place = (column + 0.5, row + 0.5)
                axes.text(*place, text, ha="center", va="center", color="white" if dark else INK, size=SIZES["note"])
    axes.set_xlim(0, columns)
    axes.set_ylim(rows, 0)
    lean = 30 if columns > 6 else 0
    axes.set_xticks([at + 0.5 for at in range(columns)], list(picture.labels), size=SIZES["note"], rotation=lean)
    axes.set_yticks([at + 0.5 for at in range(rows)], [series.name for series in picture.series], size=SIZES["note"])
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def funnel(axes: Axes, picture: Picture) -> None:
    """Steps from the widest to the narrowest by the first series; the values of all stand upon them."""
    axes.axis("off")
    widths = [mark.value or 0.0 for mark in picture.series[0].marks]
    widest = max(widths, default=0.0) or 1.0
    count = len(picture.labels)
    axes.set_xlim(-1.5, 1)
    axes.set_ylim(count, 0)
    for step, (label, width) in enumerate(zip(picture.labels, widths, strict=True)):
        half, middle = width / widest, step + 0.5
        axes.add_patch(Rectangle((-half, step + 0.1), 2 * half, 0.8, color=colour(0), alpha=1 - 0.11 * min(step, 7)))
        axes.text(-1.48, middle, label, va="center", size=SIZES["label"] + 2)
        told = [number(series.marks[step].value, series.unit) for series in picture.series]
        shown = "  ·  ".join(one for one in told if one != NOTHING) or NOTHING
        inside = half > 0.25
        place = 0.0 if inside else half + 0.03
        tint = "white" if inside and step < 5 else INK
        where = "center" if inside else "left"
        axes.text(place, middle, shown, ha=where, va="center", color=tint, size=SIZES["label"] + 2)
