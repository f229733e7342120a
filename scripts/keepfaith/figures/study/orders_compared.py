"""Comparison of orders by accuracy, calibration and faithfulness: one panel per concern, one row per order."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from keepfaith.figures.axes import level_axis
from keepfaith.figures.levels import without_checkpoints
from keepfaith.figures.study.how_far import reach_bars, reach_keys, rows_without_axis
from keepfaith.figures.style import BLACK, canvas, note
from keepfaith.plugins.study_figure import StudyFigure
from keepfaith.statistics.order_comparison import (
    compare_orders,
    of_models_with_several_orders,
    reach_by_concern,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_EXPLANATION = (
    "Level up to which each pruning order preserves accuracy, calibration and faithfulness: the mean over tasks of "
    "the level that each reaches. Thick bar: shown to be kept; thin bar: no degradation shown; circles: the ends of "
    "the thin bar of single tasks."
)
_DETAIL = (
    "Every judged quantity of each counts, and every method for faithfulness. Bars cover consecutive levels from the "
    "dense model. The order that keeps furthest over all three is on top. Orders less than a level apart (if levels "
    "were left out, less than one step between those that were run) are not distinguished by this, and the best of "
    "many orders is partly the best by chance. Checkpoints are no order of levels and are left out."
)


def _draw(tables: Mapping[str, pl.DataFrame]) -> "Figure":
    """A row of panels per model that has several orders."""
    verdicts = of_models_with_several_orders(
        without_checkpoints(tables["verdict"]).filter(pl.col("level") > 0)
    )
    compared, reach = compare_orders(verdicts), reach_by_concern(verdicts)
    if compared.is_empty():
        return note("One order per model: name several under orders to compare them.")
    models = compared["model"].unique(maintain_order=True).to_list()
    concerns = compared["concern"].unique(maintain_order=True).to_list()
    levels = [0, *verdicts["level"].unique().sort().to_list()]
    of_model = [compared.filter(model=model) for model in models]
    orders = [rows["order"].unique(maintain_order=True).to_list() for rows in of_model]
    heights = [0.75 + 0.26 * len(names) for names in orders]
    figure, grid = canvas(
        len(models), len(concerns), (9.6, 0.5 + sum(heights)), share_x=True, heights=heights
    )
    for row, model, rows, names in zip(grid, models, of_model, orders, strict=True):
        for panel, concern in zip(row, concerns, strict=True):
            _panel(
                panel,
                rows.filter(concern=concern),
                reach.filter(model=model, concern=concern),
                names,
            )
            panel.set_title(concern if len(models) == 1 else f"{model}: {concern}")
            level_axis(panel, levels, label=row is grid[-1])
            panel.set_yticks(range(len(names)), names if panel is row[0] else [])
            panel.set_ylim(len(names) - 0.4, -0.6)
    figure.legend(handles=reach_keys()[:2], loc="outside upper left", ncols=2)
    return figure


def _panel(panel: "Axes", means: pl.DataFrame, reach: pl.DataFrame, orders: list[str]) -> None:
    for order, kept, clear in means.select("order", "kept", "clear").rows():
        row = orders.index(order)
        reach_bars(panel, row, kept, clear)
        ends = reach.filter(order=order)["clear"].to_list()
        panel.plot(
            ends, [row] * len(ends), linestyle="none", marker="o", markersize=4.5,
            markerfacecolor="white", color=BLACK, markeredgewidth=0.9,
        )  # fmt: skip
    rows_without_axis(panel)


FIGURE = StudyFigure(
    title="Orders compared",
    explanation=_EXPLANATION,
    detail=_DETAIL,
    position=20,
    tables=("verdict",),
    draw=_draw,
)
