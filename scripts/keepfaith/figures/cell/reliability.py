"""Reliability diagrams at a few levels, each above the number of examples in its bins."""

from typing import TYPE_CHECKING

import polars as pl

from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.style import BLACK, BLUE, LIGHT_GREY, canvas, legend
from keepfaith.plugins.cell_figure import CellFigure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_EXPLANATION = (
    "Accuracy within each bin of confidence, dense model first, above the number of examples of the bin. Bars below "
    "the dashed diagonal are over-confident, bars above it under-confident."
)
_DETAIL = "On the diagonal confidence equals accuracy. A bin with few examples is uncertain."


def _draw(tables: CellTables) -> "Figure":
    """Per shown level one column: reliability above, bin counts below."""
    levels = [level for level in tables.shown_levels(4) if _bins(tables, level).height]
    figure, (upper, lower) = canvas(
        2, len(levels), (1.0 + 2.1 * len(levels), 3.7), share_x=True, heights=(3, 1)
    )
    highest = max(_bins(tables, level)["count"].to_list() for level in levels)
    for column, level in enumerate(levels):
        bins = _bins(tables, level)
        _diagram(upper[column], bins)
        widths = (bins["upper"] - bins["lower"]).to_list()
        lower[column].bar(
            bins["lower"].to_list(), bins["count"].to_list(), widths, align="edge", color=LIGHT_GREY,
            edgecolor="white",
        )  # fmt: skip
        upper[column].set_title("dense model" if level == 0 else f"level {level}")
        lower[column].set_xlabel("confidence (probability)")
        lower[column].set_ylim(0, 1.08 * max(highest))
        lower[column].set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        if column:
            upper[column].tick_params(labelleft=False)
            lower[column].tick_params(labelleft=False)
    upper[0].set_ylabel("accuracy\n(share of examples)")
    lower[0].set_ylabel("examples\n(count)")
    figure.align_ylabels([upper[0], lower[0]])
    legend(figure, upper[0])
    return figure


def _bins(tables: CellTables, level: int) -> pl.DataFrame:
    return tables.reliability.filter(pl.col("level") == level).sort("bin")


def _diagram(panel: "Axes", bins: pl.DataFrame) -> None:
    filled = bins.drop_nulls(["accuracy", "confidence"])
    lower, accuracy = filled["lower"].to_list(), filled["accuracy"].to_list()
    widths = (filled["upper"] - filled["lower"]).to_list()
    panel.bar(
        lower,
        accuracy,
        widths,
        align="edge",
        color=BLUE,
        alpha=0.35,
        edgecolor="white",
        label="accuracy",
    )
    panel.plot(
        filled["confidence"].to_list(), accuracy, linestyle="none", marker="o", color=BLUE, markersize=4, clip_on=False,
        label="at the bin's mean confidence",
    )  # fmt: skip
    panel.plot(
        [0, 1], [0, 1], color=BLACK, linewidth=0.9, linestyle=(0, (5, 3)), label="calibrated"
    )
    panel.set_xlim(0, 1)
    panel.set_ylim(0, 1.02)


def _caption(tables: CellTables) -> str:
    """The explanation with the levels shown."""
    levels = ", ".join(str(level) for level in tables.shown_levels(4))
    return f"{_EXPLANATION} Levels {levels}."


FIGURE = CellFigure(
    title="Reliability",
    explanation=_EXPLANATION,
    detail=_DETAIL,
    position=70,
    needs=("reliability",),
    draw=_draw,
    caption=_caption,
)
