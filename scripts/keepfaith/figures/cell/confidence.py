"""Mean confidence and accuracy on one axis, as both have the same unit."""

from typing import TYPE_CHECKING

from keepfaith.figures.axes import chance_line, level_axis, line
from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.style import BLUE, VERMILLION, Stroke, canvas, legend
from keepfaith.plugins.cell_figure import CellFigure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_EXPLANATION = (
    "Mean probability of the predicted choice (confidence) and accuracy, with confidence intervals over examples. "
    "Where confidence is above accuracy the model is over-confident, where it is below it is under-confident."
)
_DETAIL = "Both are shares between 0 and 1, hence one axis."


def _draw(tables: CellTables) -> "Figure":
    """One panel with both lines."""
    figure, ((panel,),) = canvas()
    line(panel, tables.series("accuracy"), Stroke(BLUE, "o"), "accuracy")
    line(panel, tables.series("mean_confidence"), Stroke(VERMILLION, "s"), "mean confidence")
    chance_line(panel, tables.guessing(), "guessing")
    panel.set_ylabel("share of examples / probability")
    level_axis(panel, tables.levels)
    legend(figure, panel, columns=3)
    return figure


def _caption(tables: CellTables) -> str:
    """The explanation with the number of examples."""
    count = tables.counted("accuracy")
    return _EXPLANATION + (f" {count}." if count else "")


FIGURE = CellFigure(
    title="Confidence beside accuracy",
    explanation=_EXPLANATION,
    detail=_DETAIL,
    position=50,
    needs=("metrics",),
    draw=_draw,
    caption=_caption,
)
