"""ECE with the null band of a calibrated model, and the Brier score, which a collapse cannot improve."""

from typing import TYPE_CHECKING

import polars as pl

from keepfaith.figures.axes import dense_line, level_axis, line, published_line, reference_band
from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.labels import quantity
from keepfaith.figures.style import BLUE, GREEN, PURPLE, Stroke, canvas, legend
from keepfaith.plugins.cell_figure import CellFigure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_EXPLANATION = (
    "Expected calibration error (ECE, left) and Brier score (right), lower being better in both; dashed lines are the"
    " dense model. ECE inside the grey band is that of a perfectly calibrated model on this many examples."
)
_DETAIL = (
    "ECE has equal-width bins; the grey band is of a model with the same confidences. The Brier score stands beside "
    "it because ECE alone can improve while a model collapses. The blue band is the interval of the true error from "
    "the labels: ECE itself is biased upward and can lie above it. The green band is a confidence interval."
)


def _draw(tables: CellTables) -> "Figure":
    """Two panels over levels: ECE and Brier score."""
    figure, ((left, right),) = canvas(columns=2, size=(7.6, 3.4))
    rows = tables.series("ece")
    reference_band(left, rows, "calibrated model (null band)")
    line(left, rows, Stroke(BLUE, "o"), "ECE")
    exact = tables.series("exact_calibration_error")
    if exact.height:
        bare = exact.with_columns(low=pl.lit(None, pl.Float64), high=pl.lit(None, pl.Float64))
        line(left, bare, Stroke(PURPLE, "D"), "exact error", faint=True)
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


def _caption(tables: CellTables) -> str:
    """The explanation with the number of examples."""
    count = tables.counted("ece")
    if tables.series("exact_calibration_error").height:
        text = f"{_EXPLANATION} Exact error: from the posterior that this task knows, without label noise."
    else:
        text = _EXPLANATION
    return text + (f" {count}." if count else "")


FIGURE = CellFigure(
    title="Calibration error",
    explanation=_EXPLANATION,
    detail=_DETAIL,
    position=60,
    main=True,
    needs=("metrics",),
    draw=_draw,
    caption=_caption,
)
