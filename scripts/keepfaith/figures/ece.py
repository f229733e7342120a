"""ECE with the null band of a calibrated model, and the Brier score, which a collapse cannot improve."""

from matplotlib.figure import Figure

from keepfaith.figures.axes import dense_line, level_axis, line, published_line, reference_band
from keepfaith.figures.labels import quantity
from keepfaith.figures.style import BLUE, GREEN, Stroke, canvas, legend
from keepfaith.figures.unit import UnitTables

TITLE = "Calibration error"
EXPLANATION = (
    "Left: expected calibration error (ECE, 10 equal-width bins); the grey band is what a perfectly calibrated "
    "model with the same confidences would score on as many examples (95 %), so values inside it show no "
    "miscalibration. Right: the Brier score, because ECE alone can improve while a model collapses. Lower is better "
    "in both; blue and green bands are 95 % intervals, dashed lines are the dense model."
)


def draw(tables: UnitTables) -> Figure:
    """Two panels over levels: ECE and Brier score."""
    figure, ((left, right),) = canvas(columns=2, size=(7.6, 3.4))
    rows = tables.series("ece")
    reference_band(left, rows, "calibrated model (95 %)")
    line(left, rows, Stroke(BLUE, "o"), "ECE")
    dense_line(left, rows)
    published_line(left, tables.published, "ece", tables.deepest)
    brier = tables.series("brier")
    line(right, brier, Stroke(GREEN, "^"), "Brier score")
    dense_line(right, brier)
    for panel, metric in ((left, "ece"), (right, "brier")):
        panel.set_ylabel(quantity(metric).axis)
        panel.set_ylim(bottom=0)
        level_axis(panel, tables.levels)
    legend(figure, left)
    return figure


def caption(tables: UnitTables) -> str:
    """The explanation with the number of examples."""
    count = tables.examples("ece")
    return EXPLANATION + (f" {count} examples." if count else "")
