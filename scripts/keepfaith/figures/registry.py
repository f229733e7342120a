"""All figures of one unit by name.

A new figure is a file with TITLE, EXPLANATION, draw and caption, and a line here.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import polars as pl
from matplotlib.figure import Figure

from keepfaith.figures import (
    accuracy,
    change,
    confidence,
    curves,
    drift,
    ece,
    faithfulness,
    layers,
    overlap,
    reliability,
    verdict,
)
from keepfaith.figures.style import FORMATS, applied, save
from keepfaith.figures.unit import UnitTables


class UnitFigure(Protocol):
    """What a figure's file offers."""

    TITLE: str
    EXPLANATION: str

    def draw(self, tables: UnitTables) -> Figure:
        """The figure, under the style of `style.applied`."""

    def caption(self, tables: UnitTables) -> str:
        """What the figure shows and how to read it, as plain text."""


# In the order in which the report shows them: the answer first, then what it rests on.
REGISTRY: dict[str, UnitFigure] = {
    "verdict": verdict,
    "accuracy": accuracy,
    "faithfulness": faithfulness,
    "change": change,
    "confidence": confidence,
    "ece": ece,
    "reliability": reliability,
    "drift": drift,
    "overlap": overlap,
    "curves": curves,
    "layers": layers,
}
FIGURES = tuple(REGISTRY)


def draw(name: str, tables: UnitTables) -> Figure:
    """Draw one figure in the common style."""
    with applied():
        return REGISTRY[name].draw(tables)


def draw_all(
    tables: UnitTables,
    folder: Path,
    published: pl.DataFrame | None = None,
    formats: Sequence[str] = FORMATS,
    names: Sequence[str] = FIGURES,
) -> list[Path]:
    """Draw figures of one unit into `folder` as `<name>.<format>`, name by name.

    Args:
        tables: the unit's tables.
        folder: made if missing.
        published: rows of `match_published` for this model and dataset; None keeps what `tables` has.
        formats: of svg, pdf and png.
        names: of FIGURES; all of them unless said otherwise.

    Returns:
        The files written.
    """
    if published is not None:
        tables = replace(tables, published=published)
    paths = []
    for name in names:
        with applied():
            paths += save(REGISTRY[name].draw(tables), folder, name, formats)
    return paths
