"""The temperature of every level, and ECE as it is, with that temperature and with the dense model's."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from keepfaith.figures.axes import INTERVAL, dense_line, level_axis, line, reference_band
from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.labels import quantity
from keepfaith.figures.style import BLUE, GREEN, ORANGE, PURPLE, Stroke, canvas, legend, note
from keepfaith.plugins.cell_figure import CellFigure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_EXPLANATION = (
    "Left: the temperature with which a level fits the tuning examples best, above 1 where it is too sure. Right: ECE"
    " as it is, with that temperature, and with the dense model's; what stays above the grey band is not repairable."
)
_DETAIL = (
    "The temperature divides all log-likelihoods of a level so that its NLL on the tuning examples is lowest; its "
    "interval is over these examples, and the dashed line is the dense model's. ECE is that of the evaluation "
    "examples; the dense model's temperature is what a model has that was calibrated before it was pruned. The grey "
    "band is the range of a calibrated model with the confidences of the own temperature and the noise of its fit. "
    "The blue band is the interval of the true error of ECE as it is."
)
_ERRORS = {
    "ece": (Stroke(BLUE, "o"), "ECE as it is"),
    "ece_tempered_as_dense": (Stroke(ORANGE, "s"), "with the dense model's temperature"),
    "ece_tempered": (Stroke(GREEN, "^"), "with its own temperature"),
}

_APART = 20.0
"""Ratio of two temperatures beyond which one axis from 0 shows the smaller ones as none."""


def _draw(tables: CellTables) -> "Figure":
    """Two panels over levels: temperature, and three kinds of ECE."""
    temperatures = tables.series("temperature")
    if temperatures.is_empty():
        return note("no tuning examples in this study to fit a temperature on")
    figure, ((left, right),) = canvas(columns=2, size=(7.6, 3.4))
    line(left, temperatures, Stroke(PURPLE, "D"), "temperature (interval)")
    dense_line(left, temperatures)
    left.set_ylabel(quantity("temperature").axis)
    _scale(left, temperatures["value"].drop_nulls().to_list())
    reference_band(right, tables.series("ece_tempered"), "calibrated model (null band)")
    for metric, (stroke, label) in _ERRORS.items():
        rows = tables.series(metric)
        if metric != "ece":  # three bands on top of each other could not be told apart
            rows = rows.with_columns(pl.lit(None, pl.Float64).alias(end) for end in INTERVAL)
        line(right, rows, stroke, label)
    right.set_ylabel(quantity("ece").axis)
    right.set_ylim(bottom=0)
    for panel in (left, right):
        level_axis(panel, tables.levels)
    legend(figure, left, right, columns=3)
    return figure


def _scale(panel: "Axes", values: Sequence[float]) -> None:
    """From 0 on, or in powers of ten where temperatures lie so far apart."""
    if max(values, default=1.0) <= _APART * min(values, default=1.0):
        panel.set_ylim(bottom=0)
        return
    panel.set_yscale("log")
    panel.yaxis.set_major_formatter("{x:g}")


def _caption(tables: CellTables) -> str:
    """The explanation with the numbers of examples."""
    tuning, evaluated = tables.counted("temperature"), tables.counted("ece_tempered")
    counted = f" Fitted on {tuning}, applied to {evaluated}." if tuning and evaluated else ""
    return _EXPLANATION + counted


FIGURE = CellFigure(
    title="Is the calibration damage repairable by a temperature?",
    explanation=_EXPLANATION,
    detail=_DETAIL,
    position=65,
    needs=("metrics", "tuning_predictions"),
    draw=_draw,
    caption=_caption,
)
