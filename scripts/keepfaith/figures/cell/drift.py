"""Top-token overlap of each level with the dense model, between its seed floor and chance."""

from typing import TYPE_CHECKING

import polars as pl

from keepfaith.artifacts.schemas import METHOD
from keepfaith.figures.axes import MANY_LEVELS, chance_line, level_axis
from keepfaith.figures.cell_tables import CellTables, of_role
from keepfaith.figures.labels import method_name
from keepfaith.figures.levels import is_joined
from keepfaith.figures.style import canvas, legend, method_strokes, note
from keepfaith.plugins.cell_figure import CellFigure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_EXPLANATION = (
    "Share of the dense model's top tokens that are also top tokens at the level (solid), and the floor (dotted), the "
    "same share of two seeds of one level. A solid line below its floor differs by more than seeds do; one above it "
    "does not exclude drift."
)
_DETAIL = (
    "Solid: scores summed over seeds. Dotted with hollow markers: two single seeds. Sums over seeds are less noisy "
    "and all levels share the method's random masks, hence the second half of the rule. The floor is the mean of that "
    "of the level and of the dense model, and examples whose prediction changed count: a line below it may also be "
    "noise of the level alone, or other predictions. Grey dotted line: the overlap of random rankings. Methods "
    "without seeds have no floor."
)


def _draw(tables: CellTables) -> "Figure":
    """One panel per number of top tokens."""
    with_dense = tables.overlap.filter(
        pl.min_horizontal("level_a", "level_b") == 0, pl.max_horizontal("level_a", "level_b") > 0
    ).with_columns(level=pl.max_horizontal("level_a", "level_b"))
    with_dense = with_dense.unique(["method", "top", "level"], maintain_order=True).sort("level")
    methods = of_role(with_dense, METHOD)
    if not methods:
        return note("no attribution method and pruned level in this study")
    tops = with_dense["top"].unique().sort().to_list()
    strokes = method_strokes(methods)
    figure, (panels,) = canvas(1, len(tops), (1.0 + 2.5 * len(tops), 3.5), share_y=True)
    size = 5 if len(tables.levels) <= MANY_LEVELS else 3.5
    for panel, top in zip(panels, tops, strict=True):
        for method in methods:
            rows = with_dense.filter(pl.col("method") == method, pl.col("top") == top)
            stroke, name = strokes[method], method_name(method)
            levels = rows["level"].to_list()
            panel.plot(
                levels,
                rows["overlap"].to_list(),
                color=stroke.colour,
                marker=stroke.marker,
                markersize=size,
                linestyle="-" if is_joined() else "none",
                label=name,
            )
            floor = rows.drop_nulls("floor")
            if floor.height:
                panel.plot(
                    floor["level"].to_list(), floor["floor"].to_list(), color=stroke.colour,
                    marker=stroke.marker, markersize=size, markerfacecolor="white",
                    linestyle=(0, (1, 1.2)) if is_joined() else "none",
                    linewidth=1.1, label=f"{name}, seed floor",
                )  # fmt: skip
        chance = with_dense.filter(pl.col("top") == top)["chance"].to_numpy().mean()
        chance_line(panel, float(chance), "chance")
        panel.set_title(f"top {top}")
        panel.set_ylim(0, 1.02)
        level_axis(panel, [level for level in tables.levels if level > 0])
    panels[0].set_ylabel("overlap with dense\n(share of top tokens)")
    legend(figure, panels[0], columns=3)
    return figure


FIGURE = CellFigure(
    title="Explanation drift from the dense model",
    explanation=_EXPLANATION,
    detail=_DETAIL,
    position=80,
    needs=("overlap",),
    draw=_draw,
)
