"""TRIZ: Altshuller's 39 parameters, 40 principles and the table that says which of these resolve which contradiction.

The table is that of 1971 in the numbering of 39 parameters by which it has been taught since (G. S. Altshuller,
"Creativity as an Exact Science"), not one of the later matrices of others. It has 1,248 cells, none on the diagonal.
Its numbers are those of a transcription that circulates in public and was itself compiled from four others; a second
one, which leaves out the 58 cells of a single principle, has as many cells. Only (19, 9) is not: a spreadsheet of
1997, from which many copies descend, has "8 35 35" there; it stands here as 8, 15, 35, as in other copies and in
agreement with (9, 19).
"""

import csv
from collections.abc import Mapping, Sequence
from importlib import resources
from types import MappingProxyType

from kshare.ideas.shapes.templates import TrizContradiction, TrizParameter, TrizPrinciple
from kshare.ideas.templates import load_yaml

_WRITTEN = load_yaml("triz.yaml")

PARAMETERS: Sequence[TrizParameter] = tuple(
    TrizParameter(number=number, name=name, name_en=name_en)
    for number, (name, name_en) in enumerate(_WRITTEN["parameters"], 1)
)
"""By number, from 1."""

PRINCIPLES: Sequence[TrizPrinciple] = tuple(
    TrizPrinciple(number=number, **written) for number, written in enumerate(_WRITTEN["principles"], 1)
)
"""By number, from 1."""


def _table() -> dict[tuple[int, int], tuple[int, ...]]:
    text = resources.files(__package__).joinpath("contradictions.csv").read_text("utf-8")
    return {
        (int(row["improving"]), int(row["worsening"])): tuple(map(int, row["principles"].split()))
        for row in csv.DictReader(text.splitlines())
    }


CONTRADICTIONS: Mapping[tuple[int, int], tuple[int, ...]] = MappingProxyType(_table())
"""The numbers of the principles, in order, by improving and worsening parameter; what is empty is absent."""


def contradiction(improving: int, worsening: int) -> TrizContradiction:
    """What the table says of two parameters, each 1 to 39."""
    found = CONTRADICTIONS.get((improving, worsening), ())
    return TrizContradiction(
        improving=PARAMETERS[improving - 1],
        worsening=PARAMETERS[worsening - 1],
        principles=[PRINCIPLES[number - 1] for number in found],
    )
