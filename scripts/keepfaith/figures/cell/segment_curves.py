"""What is lost while segments are removed, or alone kept: each method between chance and the best order there is."""

from typing import TYPE_CHECKING

import polars as pl

from keepfaith.artifacts.schemas import METHOD
from keepfaith.figures.cell_tables import CellTables, of_role
from keepfaith.figures.labels import method_name
from keepfaith.figures.style import BLACK, GREY, canvas, legend, method_strokes, note
from keepfaith.plugins.cell_figure import CellFigure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_EXPLANATION = (
    "Margin of the predicted choice that is lost while the segments that a method ranks first are removed (upper row:"
    " higher is better) or alone kept (lower row: lower is better). Dashed is the best order of segments, dotted is "
    "chance, both exactly."
)
_DETAIL = (
    "Means over examples and seeds, at a few levels. The best order is that with the best area; chance is the mean "
    "over all orders. Panels have scales of their own, since a flatter model has smaller margins."
)
_KINDS = {"removal": "margin lost, removed (nats)", "retention": "margin lost, kept (nats)"}
_LIMITS = {"best": (BLACK, (0, (5, 3))), "chance": (GREY, (0, (1, 2)))}


def _draw(tables: CellTables) -> "Figure":
    """Rows: kinds; columns: levels; one line per method, beside chance and the best order."""
    curves = tables.segment_curves
    methods = of_role(curves, METHOD)
    if not methods:
        return note("no segments in this study")
    levels, strokes = tables.shown_levels(), method_strokes(methods)
    size = (1.2 + 2.4 * len(levels), 5.2)
    figure, grid = canvas(len(_KINDS), len(levels), size, share_x=True)
    for row, (kind, axis) in zip(grid, _KINDS.items(), strict=True):
        for panel, level in zip(row, levels, strict=True):
            shown = curves.filter(level=level, kind=kind).sort("fraction")
            for name, (colour, style) in _LIMITS.items():
                _line(panel, shown, name, color=colour, linestyle=style, linewidth=1.2, label=name)
            for method in methods:
                stroke = strokes[method].line | {"label": method_name(method)}
                _line(panel, shown, method, markersize=4, linewidth=1.3, **stroke)
        row[0].set_ylabel(axis)
    for panel, level in zip(grid[0], levels, strict=True):
        panel.set_title("dense model" if level == 0 else f"level {level}")
    for panel in grid[-1]:
        panel.set_xlabel("segments (share)")
    legend(figure, grid[0][0], columns=4)
    return figure


def _line(panel: "Axes", shown: pl.DataFrame, name: str, **style: object) -> None:
    rows = shown.filter(method=name)
    panel.plot(rows["fraction"].to_list(), rows["value_lost"].to_list(), **style)  # type: ignore[arg-type]


def _caption(tables: CellTables) -> str:
    """The explanation with the number of examples."""
    if not tables.segment_curves.height:
        return _EXPLANATION
    return f"{_EXPLANATION} {tables.segment_curves['examples'].to_list()[0]} examples."


FIGURE = CellFigure(
    title="Removing and keeping segments",
    explanation=_EXPLANATION,
    detail=_DETAIL,
    position=95,
    needs=("segment_curves",),
    draw=_draw,
    caption=_caption,
)
