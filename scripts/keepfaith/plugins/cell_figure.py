"""Figures of one cell (model, order and task).

Their modules are imported whenever the workflow is read, so Matplotlib, which takes longer to import than all of them
together, is imported in the functions that draw.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keepfaith.plugins.registry import Registry

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from keepfaith.figures.cell_tables import CellTables


@dataclass(frozen=True)
class CellFigure:
    """A figure that is drawn for every cell.

    Attributes:
        title: its heading in the report.
        explanation: one sentence on its contents and one on how to read it, in plain text; the caption.
        position: the report shows figures in ascending position; the numbers in use leave gaps for new ones.
        needs: names of the tables (`artifacts.schemas`) that it reads, or that the rows that it reads are made from. A
            cell that lacks one of them, such as a task imported from logs, does not have this figure.
        draw: draws the figure, under the style of `figures.style.applied`. With nothing to show, it says why.
        caption: the explanation with facts from the cell's tables; None where there are none to add.
        detail: what else there is to know about it, in plain text; folded in the report.
        main: whether the report shows it even where a study has so many cells that it shows few figures of each.
    """

    title: str
    explanation: str
    position: int
    needs: tuple[str, ...]
    draw: "Callable[[CellTables], Figure]"
    caption: "Callable[[CellTables], str] | None" = None
    detail: str = ""
    main: bool = False

    def caption_of(self, tables: "CellTables") -> str:
        """Contents of this cell's figure and how to read it, in plain text."""
        return self.caption(tables) if self.caption else self.explanation


CELL_FIGURES = Registry("keepfaith.figures.cell", "FIGURE", CellFigure, "figure")
