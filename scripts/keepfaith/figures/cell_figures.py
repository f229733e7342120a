"""Drawing the figures of one cell (model, order and task), in the order of the report."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.levels import LevelStyle, drawn_as
from keepfaith.figures.paper import Paper
from keepfaith.figures.style import applied, by_stem, draw_files
from keepfaith.plugins.cell_figure import CELL_FIGURES, CellFigure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def cell_figures() -> dict[str, CellFigure]:
    """All figures of a cell by name, in the order of the report."""
    figures = CELL_FIGURES.all()
    return {name: figures[name] for name in sorted(figures, key=lambda n: figures[n].position)}


def draw(name: str, tables: CellTables) -> "Figure":
    """Draw one figure in the common style."""
    with applied(), drawn_as(LevelStyle(tables.names)):
        return CELL_FIGURES.load(name).draw(tables)


def draw_all(tables: CellTables, paths: Iterable[Path], paper: Paper) -> None:
    """Draw the figures that `paths` name: the stem is the figure, the suffix its format.

    Args:
        tables: the cell's tables.
        paths: of svg, pdf and png; missing folders are created.
        paper: widths of the pdf.
    """
    for name, files in by_stem(paths).items():
        draw_files(partial(draw, name, tables), files, paper)
