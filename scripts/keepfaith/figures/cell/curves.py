"""Faithfulness per fraction, of each method, its reversed ranking and the controls."""

from typing import TYPE_CHECKING

import polars as pl

from keepfaith.artifacts.schemas import CONTROL, METHOD
from keepfaith.figures.cell_tables import OWN, CellTables, of_role
from keepfaith.figures.labels import control_name, method_name, operator_name, quantity
from keepfaith.figures.style import (
    GREY,
    Stroke,
    canvas,
    control_strokes,
    legend,
    method_strokes,
    note,
)
from keepfaith.plugins.cell_figure import CellFigure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_EXPLANATION = (
    "Mean comprehensiveness and sufficiency by the share of tokens that is removed, or alone kept. An informative "
    "explanation has a solid line away from the dotted ones (its ranking reversed) and from the grey ones (controls)."
)
_DETAIL = (
    "At a few levels on equal scales. Controls have no information about the model. Bands: one standard deviation "
    "over attribution seeds."
)
_KINDS = ("comprehensiveness", "sufficiency")


def _draw(tables: CellTables) -> "Figure":
    """Rows: kinds; columns: levels; one line per method and ranking."""
    methods, controls = (of_role(tables.curves, role) for role in (METHOD, CONTROL))
    if not methods:
        return note("no attribution method in this study")
    levels = tables.shown_levels()
    figure, grid = canvas(
        2, len(levels), (1.2 + 2.4 * len(levels), 5.0), share_x=True, share_y=True
    )
    strokes, grey = method_strokes(methods), control_strokes(controls)
    for row, kind in zip(grid, _KINDS, strict=True):
        for panel, level in zip(row, levels, strict=True):
            panel.axhline(0, color=GREY, linewidth=0.7, zorder=1.4)
            for method in methods:
                _line(
                    panel,
                    _rows(tables, level, kind, method, OWN),
                    strokes[method],
                    method_name(method),
                )
                label = f"{method_name(method)}, reversed"
                _line(
                    panel,
                    _rows(tables, level, kind, method, "reversed"),
                    strokes[method],
                    label,
                    True,
                )
            for control in controls:
                rows = _rows(tables, level, kind, control, OWN)
                _line(panel, rows, grey[control], control_name(control))
        row[0].set_ylabel(quantity(kind).axis)
    for panel, level in zip(grid[0], levels, strict=True):
        panel.set_title("dense model" if level == 0 else f"level {level}")
    for panel in grid[1]:
        panel.set_xlabel("fraction of tokens (share)")
    legend(figure, grid[0][0], columns=min(4, 2 * len(methods) + len(controls)))
    return figure


def _rows(tables: CellTables, level: int, kind: str, method: str, ranking: str) -> pl.DataFrame:
    return tables.curves.filter(
        pl.col("level") == level,
        pl.col("kind") == kind,
        pl.col("method") == method,
        pl.col("ranking") == ranking,
        pl.col("operator") == (tables.operator or ""),
    ).sort("fraction")


def _line(
    panel: "Axes", rows: pl.DataFrame, stroke: Stroke, label: str, faint: bool = False
) -> None:
    rows = rows.drop_nulls("value")
    if not rows.height:
        return
    fraction = rows["fraction"].to_list()
    band = rows.drop_nulls("seed_sd")
    panel.fill_between(
        band["fraction"].to_list(),
        (band["value"] - band["seed_sd"]).to_list(),
        (band["value"] + band["seed_sd"]).to_list(),
        color=stroke.colour,
        alpha=0.15,
        linewidth=0,
    )
    panel.plot(
        fraction,
        rows["value"].to_list(),
        color=stroke.colour,
        marker=stroke.marker,
        markerfacecolor="white" if faint else stroke.colour,
        linestyle=(0, (1, 1.2)) if faint else "-",
        linewidth=1.1 if faint else 1.5,
        markersize=4,
        label=label,
    )


def _caption(tables: CellTables) -> str:
    """The explanation with the operator."""
    if not tables.curves.height:
        return "This study runs no attribution method, so there are no curves."
    return f"{_EXPLANATION} Operator: {operator_name(tables.operator)}."


FIGURE = CellFigure(
    title="Faithfulness per fraction",
    explanation=_EXPLANATION,
    detail=_DETAIL,
    position=100,
    needs=("curves",),
    draw=_draw,
    caption=_caption,
)
