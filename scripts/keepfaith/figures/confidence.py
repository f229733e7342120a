"""Mean confidence beside accuracy: the two share a unit, so they share an axis."""

from matplotlib.figure import Figure

from keepfaith.figures.axes import chance_line, level_axis, line
from keepfaith.figures.style import BLUE, VERMILLION, Stroke, canvas, legend
from keepfaith.figures.unit import UnitTables

TITLE = "Confidence beside accuracy"
EXPLANATION = (
    "Mean probability of the predicted option (confidence) and accuracy, on one axis because both are shares between "
    "0 and 1. Where confidence lies above accuracy the model is over-confident, where it lies below it is "
    "under-confident. Bands are confidence intervals over examples."
)


def draw(tables: UnitTables) -> Figure:
    """One panel with both lines."""
    figure, ((panel,),) = canvas()
    line(panel, tables.series("accuracy"), Stroke(BLUE, "o"), "accuracy")
    line(panel, tables.series("mean_confidence"), Stroke(VERMILLION, "s"), "mean confidence")
    chance_line(panel, tables.guessing(), "guessing")
    panel.set_ylabel("share of examples / probability")
    level_axis(panel, tables.levels)
    legend(figure, panel, columns=3)
    return figure


def caption(tables: UnitTables) -> str:
    """The explanation with the number of examples."""
    count = tables.counted("accuracy")
    return EXPLANATION + (f" {count}." if count else "")
