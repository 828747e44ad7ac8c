"""The letters of pictures: a font with Chinese ones, from the extra or from the system."""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from matplotlib import font_manager

_FILE = Path("fonts", "NotoSansSC-Regular.ttf")
"""Noto Sans SC (SIL Open Font License 1.1), as the package `zhplot` brings it. Only its file is used."""


@cache
def families() -> Sequence[str]:
    """The families to take letters from, one after the other."""
    package = find_spec("zhplot")
    assert package is not None
    assert package.origin is not None
    file = Path(package.origin).parent / _FILE
    font_manager.fontManager.addfont(file)
    return [font_manager.FontProperties(fname=file).get_name(), "DejaVu Sans"]
