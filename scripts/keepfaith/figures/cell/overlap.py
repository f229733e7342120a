"""Heat maps of the top-token overlap between all pairs of levels, with the seed floor in the other triangle."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from keepfaith.artifacts.schemas import METHOD
from keepfaith.figures.axes import field_values, place_ticks
from keepfaith.figures.cell_tables import CellTables, of_role
from keepfaith.figures.labels import method_name
from keepfaith.figures.levels import level_label
from keepfaith.figures.style import GREY, canvas, note, sequential
from keepfaith.plugins.cell_figure import CellFigure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

_EXPLANATION = (
    "Share of the top tokens that two levels have in common (below the diagonal), and the floor, that of two seeds of"
    " one level (above it and on it). Overlap below the floor is less than seeds have; overlap above it does not "
    "exclude drift."
)
_DETAIL = (
    "Below the diagonal scores are summed over seeds. Above it is the floor averaged over the two levels. Examples "
    "whose prediction changed count. Sums over seeds are less noisy than single seeds, and all levels share the "
    "method's random masks."
)
_ANNOTATED_LEVELS = 6


def _draw(tables: CellTables) -> "Figure":
    """Rows: methods; columns: numbers of top tokens; one colour scale from 0 to 1."""
    methods = of_role(tables.overlap, METHOD)
    tops = tables.overlap["top"].unique().sort().to_list()
    if not methods:
        return note("no attribution method in this study")
    size = (1.5 + 2.05 * len(tops), 0.6 + 2.3 * len(methods))
    figure, grid = canvas(len(methods), len(tops), size, share_x=True, share_y=True)
    image = None
    for row, method in zip(grid, methods, strict=True):
        for panel, top in zip(row, tops, strict=True):
            image = _map(panel, tables, method, top)
            chance = _chance(tables, method, top)
            panel.set_title(
                f"{method_name(method)}, top {top}\nchance {chance:.2f}", fontsize="medium"
            )
        row[0].set_ylabel(level_label())
    for panel in grid[-1]:
        panel.set_xlabel(level_label())
    if image is not None:
        panels = [panel for row in grid for panel in row]
        bar = figure.colorbar(image, ax=panels, shrink=min(1.0, 0.9 if len(methods) == 1 else 0.5))
        bar.set_label("overlap (share of top tokens)\nbelow diagonal: levels, above: seed floor")
        bar.outline.set_visible(False)
    return figure


def matrix(overlap: pl.DataFrame, levels: tuple[int, ...]) -> np.ndarray:
    """Overlap below the diagonal, floor on and above it, NaN if unknown; [levels, levels]."""
    place = {level: index for index, level in enumerate(levels)}
    values = np.full((len(levels), len(levels)), np.nan)
    for row in overlap.iter_rows(named=True):
        a, b = sorted((place[row["level_a"]], place[row["level_b"]]))
        if a != b and row["overlap"] is not None:
            values[b, a] = row["overlap"]
        if row["floor"] is not None:
            values[a, b] = row["floor"]
    return values


def _map(panel: "Axes", tables: CellTables, method: str, top: int) -> "AxesImage":
    rows = tables.overlap.filter(pl.col("method") == method, pl.col("top") == top)
    levels = tuple(sorted({*rows["level_a"].to_list(), *rows["level_b"].to_list()}))
    values = matrix(rows, levels)
    # Fields of the map are adjacent, also if levels between them were left out.
    edge = (-0.5, len(levels) - 0.5)
    image = panel.imshow(
        values,
        cmap=sequential(),
        vmin=0,
        vmax=1,
        interpolation="none",
        extent=(*edge, edge[1], edge[0]),
    )
    # The step line between the two triangles; the diagonal belongs to the upper one.
    stairs = [(place - 0.5, place + side) for place in range(len(levels)) for side in (-0.5, 0.5)]
    panel.plot(
        *zip(*stairs, strict=True), color="white", linewidth=2.5 if len(levels) <= 9 else 1.2
    )
    if rows["floor"].null_count() == rows.height:
        panel.text(
            0.66, 0.72, "no seeds,\nno floor", transform=panel.transAxes, color=GREY, ha="center",
            va="center", fontsize="small", style="italic",
        )  # fmt: skip
    panel.set_xlim(*edge)
    panel.set_ylim(edge[1], edge[0])
    panel.grid(False)
    for axis in (panel.xaxis, panel.yaxis):
        place_ticks(axis, levels, nbins=6)
    if len(levels) <= _ANNOTATED_LEVELS:
        field_values(panel, values, fontsize="small")
    return image


def _chance(tables: CellTables, method: str, top: int) -> float:
    rows = tables.overlap.filter(pl.col("method") == method, pl.col("top") == top)
    return float(rows["chance"].to_numpy().mean())


def _caption(tables: CellTables) -> str:
    """The explanation with the number of examples."""
    if not tables.overlap.height:
        return "This study runs no attribution method, so there is no overlap."
    return f"{_EXPLANATION} {tables.overlap['examples'].to_list()[0]} examples."


FIGURE = CellFigure(
    title="Overlap between levels",
    explanation=_EXPLANATION,
    detail=_DETAIL,
    position=90,
    needs=("overlap",),
    draw=_draw,
    caption=_caption,
)
