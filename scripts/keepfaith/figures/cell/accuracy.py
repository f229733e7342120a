"""Accuracy against level, with the dense line and chance."""

from typing import TYPE_CHECKING

from keepfaith.figures.axes import (
    ceiling_line,
    chance_line,
    dense_line,
    level_axis,
    line,
    published_line,
)
from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.labels import quantity
from keepfaith.figures.style import BLUE, Stroke, canvas, legend
from keepfaith.plugins.cell_figure import CellFigure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_EXPLANATION = (
    "Share of examples whose most probable choice is the label, by level. "
    "The shaded band is the confidence interval over examples; the dashed line is the dense model, the dotted line is "
    "guessing."
)


def _draw(tables: CellTables) -> "Figure":
    """One panel: accuracy with its interval."""
    figure, ((panel,),) = canvas()
    rows = tables.series("accuracy")
    line(panel, rows, Stroke(BLUE, "o"), "accuracy (interval)")
    dense_line(panel, rows)
    best = tables.series("bayes_accuracy").drop_nulls("value")
    if best.height:
        ceiling_line(panel, float(best["value"].to_list()[0]), "best possible")
    chance_line(panel, tables.guessing(), "guessing")
    published_line(panel, tables.published, "accuracy", tables.deepest)
    panel.set_ylabel(quantity("accuracy").axis)
    level_axis(panel, tables.levels)
    legend(figure, panel, columns=2)
    return figure


def _caption(tables: CellTables) -> str:
    """The explanation with the number of examples."""
    count = tables.counted("accuracy")
    if tables.series("bayes_accuracy").height:
        text = (
            f"{_EXPLANATION} Best possible: the accuracy of a model that knows the exact posterior."
        )
    else:
        text = _EXPLANATION
    return text + (f" {count}." if count else "")


FIGURE = CellFigure(
    title="Accuracy",
    explanation=_EXPLANATION,
    position=20,
    main=True,
    needs=("metrics",),
    draw=_draw,
    caption=_caption,
)
