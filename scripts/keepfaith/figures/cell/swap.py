"""Heat maps of every level's explanation judged by every level's model."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from keepfaith.artifacts.schemas import METHOD
from keepfaith.figures.axes import field_values, place_ticks
from keepfaith.figures.cell_tables import CellTables, of_role
from keepfaith.figures.grid import small_multiples
from keepfaith.figures.labels import method_name, wrapped
from keepfaith.figures.levels import level_label
from keepfaith.figures.style import note, sequential
from keepfaith.plugins.cell_figure import CellFigure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

_EXPLANATION = (
    "Mean faithfulness of the explanation of one level (row) under the values of another (column). A row that pales "
    "has worse explanations, a column that pales has a model that is harder to explain."
)
_DETAIL = (
    "On the diagonal each level judges its own explanation. Only examples for which both levels predict the same "
    "choice. Values below 0 have the colour of 0."
)
_COLUMNS = 3
_ANNOTATED_LEVELS = 7


def _draw(tables: CellTables) -> "Figure":
    """One panel per method; one colour scale from chance (0) to the best order (1)."""
    rows = tables.swap.filter(~pl.col("flipped"))
    methods = of_role(rows, METHOD)
    if not methods:
        return note("no segments in this study")
    figure, panels = small_multiples(
        [wrapped(method_name(method)) for method in methods],
        _COLUMNS,
        f"explaining level\n{_of_levels()}",
        each=(2.15, 2.35),
        around=(1.5, 0.6),
    )
    image = None
    for method, (panel, lowest) in zip(methods, panels, strict=True):
        image = _map(panel, mean_by_pair(rows.filter(method=method), tables.levels), tables.levels)
        panel.title.set_fontsize("medium")
        if lowest:
            panel.set_xlabel(f"judging level {_of_levels()}")
    if image is not None:
        one_row = len(panels) <= _COLUMNS
        drawn = [panel.axes for panel in panels]
        bar = figure.colorbar(image, ax=drawn, shrink=0.9 if one_row else 0.5)
        bar.set_label("faithfulness (chance 0, best order 1)")
        bar.outline.set_visible(False)
    return figure


def _of_levels() -> str:
    """What a level is, in brackets."""
    return f"({level_label().replace(' (level)', '')})"


def mean_by_pair(rows: pl.DataFrame, levels: tuple[int, ...]) -> np.ndarray:
    """Mean over examples and seeds, NaN without any; [levels explaining, levels judging]."""
    place = {level: index for index, level in enumerate(levels)}
    values = np.full((len(levels), len(levels)), np.nan)
    of_pairs = rows.group_by("explaining", "judging").agg(pl.col("faithfulness").mean())
    for explaining, judging, value in of_pairs.drop_nulls().iter_rows():
        values[place[explaining], place[judging]] = value
    return values


def _map(panel: "Axes", values: np.ndarray, levels: tuple[int, ...]) -> "AxesImage":
    image = panel.imshow(values, cmap=sequential(), vmin=0, vmax=1, interpolation="none")
    panel.grid(False)
    for axis in (panel.xaxis, panel.yaxis):
        place_ticks(axis, levels, nbins=6)
    if len(levels) <= _ANNOTATED_LEVELS:
        field_values(panel, values, fontsize="x-small")
    return image


FIGURE = CellFigure(
    title="Every level's explanation, judged by every level",
    explanation=_EXPLANATION,
    detail=_DETAIL,
    position=37,
    needs=("swap",),
    draw=_draw,
)
