"""Numbers and units as they stand in a picture."""

from kshare.metrics.charts.picture import Mark, Picture

_UNITS = {
    "share": ("占比", "Share"),
    "per_person": ("人均", "For each person"),
    "per_item": ("每条", "For each item"),
    "days": ("天", "Days"),
    "coefficient": ("系数", "Coefficient"),
    "ratio": ("倍数", "Ratio"),
    "money_per_person": ("人均金额", "Amount for each person"),
    "count": ("数量", "Number"),
    "points": ("贡献值", "Points"),
}

NOTHING = "–"
"""Stands where there is no value."""


def unit_name(unit: str, picture: Picture) -> str:
    """A unit as people call it."""
    zh, en = _UNITS.get(unit, (unit, unit))
    return picture.words(zh, en)


def number(value: float | None, unit: str) -> str:
    """A value with as many digits as say something."""
    if value is None:
        return NOTHING
    if unit == "share":
        return f"{value:.1%}"
    if value == int(value) and abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:,.2f}" if abs(value) >= 1 else f"{value:.3g}"


def with_interval(mark: Mark, unit: str) -> str:
    """A value and, if there is one, the interval around it."""
    if mark.low is None:
        return number(mark.value, unit)
    high = "∞" if mark.high is None else number(mark.high, unit)
    return f"{number(mark.value, unit)}  ({number(mark.low, unit)} – {high})"


def rounded(value: float, unit: str) -> str:
    """A value beside an axis, where they are round."""
    value = round(value, 12)
    return f"{round(value * 100, 10):g}%" if unit == "share" else number(value, unit)
