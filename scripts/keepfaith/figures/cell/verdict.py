"""The verdict strip: kept, undecided, harmed or degraded, per judged quantity and level, in symbols and colours."""

from typing import TYPE_CHECKING

import polars as pl

from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.labels import quantity_name
from keepfaith.figures.reach import of_quantity, watched
from keepfaith.figures.statuses import grid_size, status_grid
from keepfaith.figures.style import canvas, note
from keepfaith.plugins.cell_figure import CellFigure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_EXPLANATION = (
    "Status of every judged quantity at every level, against the dense model on the same examples. Undecided says "
    "that nothing is shown, for lack of texts or because the dense model has too little to lose."
)
_DETAIL = (
    "Kept (non-inferior): the loss is shown to stay within the margin. Degraded (inferior): the loss is shown to "
    "exceed the margin. Harmed (worse than dense): a loss is shown, which may lie on either side of the margin. "
    "Undecided (inconclusive): none of these."
)


def _draw(tables: CellTables) -> "Figure":
    """Rows: quantities; columns: pruned levels."""
    verdict = tables.verdict.filter(pl.col("level") > 0)
    if not verdict.height:
        return note("no verdict: this run has no pruned level")
    rows = watched(verdict)
    figure, ((panel,),) = canvas(size=grid_size(len(rows), verdict["level"].n_unique()))
    status_grid(
        figure,
        panel,
        [quantity_name(name, method) for name, method in rows],
        [
            dict(of_quantity(verdict, name, method).select("level", "status").iter_rows())
            for name, method in rows
        ],
    )
    panel.set_ylabel("judged quantity", labelpad=10)
    return figure


def _caption(tables: CellTables) -> str:
    """The explanation with the margins."""
    margins = tables.verdict.select("quantity", "margin").unique(maintain_order=True).rows()
    listed = ", ".join(f"{quantity_name(name)} {margin:g}" for name, margin in margins)
    return _EXPLANATION + (f" Margins: {listed}." if listed else "")


FIGURE = CellFigure(
    title="Verdict",
    explanation=_EXPLANATION,
    detail=_DETAIL,
    position=10,
    main=True,
    needs=("verdict",),
    draw=_draw,
    caption=_caption,
)
