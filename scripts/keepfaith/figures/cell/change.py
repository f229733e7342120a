"""Relative change of each quantity against the dense model."""

from typing import TYPE_CHECKING

import polars as pl

from keepfaith.figures.axes import level_axis, line
from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.grid import small_multiples
from keepfaith.figures.labels import method_name
from keepfaith.figures.style import BLACK, GREY, Stroke, legend, method_strokes
from keepfaith.plugins.cell_figure import CellFigure
from keepfaith.plugins.quantity import Quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_EXPLANATION = (
    "Change of each quantity in percent of its dense value, with confidence intervals of the paired change where there "
    "are any. 0 is no change; panels have separate scales."
)
_DETAIL = (
    "The line of ECE is the change of the measured value and its interval that of the true error. The correlation "
    "with the dense model is 1 at level 0, and is over the examples with the dense model's prediction. A quantity "
    "whose dense value is below 0.02 has no meaningful relative change and is left out, and its panel says so."
)
_SMALLEST_DENSE = 0.02


def _draw(tables: CellTables) -> "Figure":
    """One panel per quantity that has values, all over the same level axis."""
    of_model, of_explanations = (tables.quantities(explained=which) for which in (False, True))
    quantities = [*of_model.values(), *of_explanations.values()]
    figure, panels = small_multiples(
        [quantity.label for quantity in quantities],
        2 if len(quantities) <= 4 else 3,
        "change (% of dense value)",
        each=(2.75, 2.1),
        around=(0.0, 0.7),
        share_y=False,
    )
    for quantity, (panel, lowest) in zip(quantities, panels, strict=True):
        _panel(panel, tables, quantity)
        panel.axhline(0, color=BLACK, linewidth=0.9, linestyle=(0, (5, 3)), zorder=1.5)
        level_axis(panel, tables.levels, label=lowest)
    if tables.methods:
        legend(figure, *(panel.axes for panel in panels[len(of_model) :]))
    return figure


def _panel(panel: "Axes", tables: CellTables, quantity: Quantity) -> None:
    if not quantity.explained:
        series = [(Stroke(BLACK, "o"), "model", tables.series(quantity.metric))]
    else:
        strokes = method_strokes(tables.methods)
        series = [
            (strokes[method], method_name(method), tables.series(quantity.metric, method))
            for method in tables.methods
            if tables.series(quantity.metric, method).height
        ]
    left_out = []
    for stroke, name, rows in series:
        relative = relative_change(rows)
        if relative is None:
            left_out.append(name)
            panel.plot([], [], **stroke.line, label=name)
        else:
            line(panel, relative, stroke, name)
    if len(left_out) == len(series):
        panel.set_yticks([0])
    if left_out:
        names = "" if left_out == ["model"] else f"{', '.join(left_out)}:\n"
        panel.text(
            0.5, 0.94, f"{names}dense value too close to 0", transform=panel.transAxes, color=GREY,
            ha="center", va="top", fontsize="small", style="italic",
        )  # fmt: skip


def relative_change(rows: pl.DataFrame) -> pl.DataFrame | None:
    """`value`, `low` and `high` in percent of the size of the dense value, or None if that is too small."""
    dense = rows.filter(pl.col("level") == 0)["value"].drop_nulls().to_list()
    if not dense or abs(dense[0]) < _SMALLEST_DENSE:
        return None
    scale = 100 / abs(dense[0])
    return rows.select(
        "level",
        value=(pl.col("value") - dense[0]) * scale,
        low=pl.col("change_low") * scale,
        high=pl.col("change_high") * scale,
    )


FIGURE = CellFigure(
    title="Relative change against the dense model",
    explanation=_EXPLANATION,
    detail=_DETAIL,
    position=40,
    needs=("metrics",),
    draw=_draw,
)
