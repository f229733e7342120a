"""Stability of each order over draws of calibration text."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from keepfaith.figures.labels import path_names, wrapped
from keepfaith.figures.levels import level_label
from keepfaith.figures.style import GREY, canvas, legend, note, series_strokes
from keepfaith.orders.agreement import agreement, size_agreement
from keepfaith.plugins.study_figure import StudyFigure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_EXPLANATION = (
    "Share of a level's dropped layers that two draws of calibration text have in common; dashed, that of two random "
    "orders. Where lines are low, the level depends on the draw as much as on the criterion."
)
_DETAIL = (
    "The criterion was run again on other draws. Mean over pairs of draws, one line per number of calibration "
    "samples; the band is from the least to the most similar pair. Dotted: the share that a smaller draw and the "
    "largest of the same seed (which begins with the same texts) have in common."
)
_COLUMNS = 4


def _draw(tables: Mapping[str, pl.DataFrame]) -> "Figure":
    """One panel per model and order."""
    from matplotlib.ticker import MaxNLocator

    if "stability" not in tables:
        return note("Order stability was not measured: set stability.seeds to 2 or more.")
    groups = list(tables["stability"].group_by("model", "order", maintain_order=True))
    names = path_names([path for path, _ in groups])
    rows = -(-len(groups) // _COLUMNS)
    columns = min(_COLUMNS, len(groups))
    figure, panels = canvas(rows, columns, size=(max(4.2, 2.9 * columns), 0.5 + 2.7 * rows))
    flat = [panel for row in panels for panel in row]
    for panel in flat[len(groups) :]:
        panel.set_visible(False)
    for panel, ((model, order), of_path) in zip(flat, groups, strict=False):
        found = agreement(of_path)
        sizes = found["samples"].unique().sort().to_list()
        strokes = dict(zip(sizes, series_strokes(len(sizes)), strict=True))
        for size, stroke in strokes.items():
            some = found.filter(samples=size).sort("level")
            levels = some["level"].to_list()
            panel.fill_between(
                levels, some["lowest"].to_list(), some["highest"].to_list(), color=stroke.colour,
                alpha=0.12, linewidth=0,
            )  # fmt: skip
            panel.plot(
                levels, some["mean"].to_list(), **stroke.line, label=f"{size} samples",
            )  # fmt: skip
            panel.plot(
                levels, some["chance"].to_list(), color=GREY, linestyle="--", label="random orders"
            )
        for (smaller,), shares in size_agreement(of_path).group_by("samples", maintain_order=True):
            panel.plot(
                shares["level"].to_list(), shares["mean"].to_list(), color=strokes[smaller].colour, linestyle=":",
                label=f"{smaller} and {sizes[-1]} samples",
            )  # fmt: skip
        panel.set_title(wrapped(names[model, order]))
        panel.set_xlabel(level_label())
        panel.set_ylabel("dropped in common\n(share)")
        panel.set_ylim(0, 1.05)
        panel.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    legend(figure, flat[0])
    return figure


FIGURE = StudyFigure(
    title="Order stability",
    explanation=_EXPLANATION,
    detail=_DETAIL,
    position=90,
    tables=("stability",),
    draw=_draw,
)
