"""Accuracy against level, with the dense line and chance."""

from matplotlib.figure import Figure

from keepfaith.figures.axes import (
    ceiling_line,
    chance_line,
    dense_line,
    level_axis,
    line,
    published_line,
)
from keepfaith.figures.labels import quantity
from keepfaith.figures.style import BLUE, Stroke, canvas, legend
from keepfaith.figures.unit import UnitTables

TITLE = "Accuracy"
EXPLANATION = (
    "Share of examples whose most probable option is the label, by number of layers dropped. "
    "The shaded band is the confidence interval over examples; the dashed line is the dense model, the dotted line is "
    "guessing."
)


def draw(tables: UnitTables) -> Figure:
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


def caption(tables: UnitTables) -> str:
    """The explanation with the number of examples."""
    count = tables.counted("accuracy")
    if tables.series("bayes_accuracy").height:
        text = (
            f"{EXPLANATION} Best possible: the accuracy of a model that knows the exact posterior."
        )
    else:
        text = EXPLANATION
    return text + (f" {count}." if count else "")
