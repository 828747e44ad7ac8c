"""Drawing a picture with Matplotlib: the frame that all have in common, and what draws each kind.

Called in one thread at a time (`core/aside.py`), since Matplotlib's settings are those of the process.
"""

import io
import logging
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from kshare.metrics.charts.bars import bars, stacked_bars
from kshare.metrics.charts.fonts import families
from kshare.metrics.charts.grids import funnel, matrix, table
from kshare.metrics.charts.lines import lines
from kshare.metrics.charts.picture import Picture, width
from kshare.metrics.charts.style import FAINT, INK, SIZES, legend_rows
from kshare.metrics.charts.words import unit_name

_WIDTH, _HEIGHT, _DPI = 16, 9, 100
_NOTE = 150
"""How much of the note fits into a line, in narrow letters."""

_SETTINGS: Any = {
    "text.parse_math": False,  # a dollar sign in a title is one
    "axes.unicode_minus": True,
    "svg.fonttype": "path",
    "svg.hashsalt": "kshare",
    "font.size": SIZES["label"],
    "text.color": INK,
    "axes.labelcolor": FAINT,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
}
_METADATA: Mapping[str, dict[str, str | None]] = {
    # Nothing of when and by what it was made, so that the same picture is the same bytes.
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
}
_KINDS: Mapping[str, Callable[[Axes, Picture], None]] = {
    "line": lines,
    "bar": bars,
    "stacked_bar": stacked_bars,
    "table": table,
    "matrix": matrix,
    "funnel": funnel,
}


def draw(picture: Picture) -> bytes:
    """The picture as a file."""
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    with mpl.rc_context({**_SETTINGS, "font.family": list(families())}), warnings.catch_warnings():
        # Of letters that no font here has, such as emoji: a box stands for each.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DPI, facecolor="white")
        FigureCanvasAgg(figure)
        axes = _framed(figure, picture)
        if picture.labels and picture.series:
            _KINDS[picture.kind](axes, picture)
        else:
            axes.axis("off")
            nothing = picture.words("暂无数据", "Nothing to show")
            axes.text(0.5, 0.5, nothing, color=FAINT, size=SIZES["title"], ha="center", va="center")
        out = io.BytesIO()
        figure.savefig(out, format=picture.format, metadata=_METADATA[picture.format])
        return out.getvalue()


def _framed(figure: Figure, picture: Picture) -> Axes:
    """What stands around the drawing: title, where it is from, what its numbers are in, and what has to be known."""
    figure.text(0.05, 0.935, picture.title, size=SIZES["title"], va="center")
    about = [picture.subtitle]
    if picture.unit is not None:
        about.append(unit_name(picture.unit, picture))
    figure.text(0.05, 0.88, "  |  ".join(about), size=SIZES["label"], color=FAINT, va="center")
    noted = "\n".join(_wrapped(picture))
    figure.text(0.05, 0.03, noted, size=SIZES["note"], color=FAINT, va="bottom", linespacing=1.4)
    bottom = 0.13 + 0.03 * noted.count("\n")
    top = 0.84 - 0.036 * legend_rows(picture)
    left = 0.07 if picture.kind != "matrix" else 0.19
    return figure.add_axes((left, bottom, 0.95 - left, top - bottom))


def _wrapped(picture: Picture) -> Iterator[str]:
    """The note, in lines that fit."""
    line = ""
    for word in re.findall(r"[!-~]+\s*|.", picture.note or ""):
        if width(line + word) > _NOTE:
            yield line
            line = ""
        line += word
    yield line
